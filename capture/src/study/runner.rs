//! All runs of a study, one after the other.

use std::collections::BTreeMap;
use std::fs;
use std::io::Write;
use std::path::{Path, PathBuf};
use std::time::{Duration, Instant};

use hap_schemas::RunJson;
use rustix::process::{Pid, Signal, kill_process};
use serde::{Deserialize, Serialize};

use super::attempt::Attempt;
use super::carry_out::AttemptEnd;
use super::definition::Need;
use super::order::{Pair, order};
use super::plan::Plan;
use super::script::{Ended, LIBRARY, Script};
use super::summary::{Outcome, PairOutcome};
use crate::error::{CaptureError, Result};
use crate::host::Host;
use crate::recording::StopFlag;
use crate::recover::{is_recorder, recover};
use crate::run_dir::{RecordingState, write_atomically};

/// What a study is, in its folder.
const STUDY_FILE: &str = "study.json";
/// Longest time for a recorder to end.
const RECORDER_PATIENCE: Duration = Duration::from_mins(5);
/// Longest time of a check of the host.
const CHECK_LIMIT: Duration = Duration::from_mins(1);

/// Where a study goes.
#[derive(Clone, Debug)]
pub struct StudyOptions {
    /// Folder of the runs.
    pub out: PathBuf,
    /// Folder for what snippets must remember while a run goes on.
    pub state: PathBuf,
    /// Seed of the order; that of the plan, or of the folder's study, where it is not given.
    pub seed: Option<u64>,
}

/// How a study ended.
#[derive(Clone, Debug)]
pub struct Conclusion {
    /// What became of each run, in the order of the study.
    pub outcomes: Vec<PairOutcome>,
    /// Whether it was stopped before its end.
    pub is_stopped: bool,
}

/// `study.json`: what a study was, for those who resume or read it.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
struct StudyFile {
    tool: String,
    plan_blake3: String,
    seed: u64,
    order: Vec<String>,
}

/// Carries a study out, or on. `tell` hears of every run.
pub fn run_study(
    host: &Host,
    plan: &Plan,
    options: &StudyOptions,
    stop: &StopFlag,
    tell: &dyn Fn(&str),
) -> Result<Conclusion> {
    fs::create_dir_all(&options.out).map_err(|source| CaptureError::io(&options.out, source))?;
    let out = fs::canonicalize(&options.out).map_err(|source| CaptureError::io(&options.out, source))?;
    let seed = seed(plan, options, &out)?;
    let pairs = order(plan, seed);
    let was_begun = out.join(STUDY_FILE).exists();
    save(plan, seed, &pairs, &out)?;
    tell(&format!("{} runs, seed {seed}", pairs.len()));
    let mut study = Study { host, plan, out, state: options.state.clone(), stop, tell, needs: BTreeMap::new() };
    if was_begun {
        study.take_all_away(&pairs)?;
    }
    let mut outcomes = Vec::new();
    for (place, pair) in pairs.iter().enumerate() {
        let Some(outcome) = study.pair(pair)? else {
            return Ok(Conclusion { outcomes, is_stopped: true });
        };
        tell(&format!("{} of {}: {}", place + 1, pairs.len(), told(&outcome)));
        outcomes.push(outcome);
    }
    Ok(Conclusion { outcomes, is_stopped: false })
}

/// All commands of a study, without carrying anything out.
pub fn dry_run(plan: &Plan, options: &StudyOptions) -> Result<String> {
    let seed = seed(plan, options, &options.out)?;
    let head = format!("# seed {seed}; every snippet runs in `sh -eu` behind these functions:\n\n{LIBRARY}\n");
    let mut parts = vec![head];
    for pair in order(plan, seed) {
        if let Some(attempt) = Attempt::new(plan, &pair, 1, &options.out, &options.state) {
            let needed = |need: &Need| format!("# needed: {}, else skipped: {}\n", need.check, need.reason);
            parts.extend(attempt.needs().map(needed));
            parts
                .push(attempt.is_excluded().map_or_else(|| attempt.shown(), |reason| format!("# skipped: {reason}\n")));
        }
    }
    Ok(parts.concat())
}

fn told(pair: &PairOutcome) -> String {
    let what = match &pair.outcome {
        Outcome::Done => "done".to_owned(),
        Outcome::Resumed => "was there".to_owned(),
        Outcome::Skipped(reason) => format!("skipped: {reason}"),
        Outcome::Failed(reason) => format!("failed: {reason}"),
    };
    format!("{} {} {}: {what}", pair.runtime, pair.workload, pair.repetition)
}

/// The seed: as given, that of the study in the folder, that of the plan, or a new one from the clock.
fn seed(plan: &Plan, options: &StudyOptions, out: &Path) -> Result<u64> {
    if let Some(seed) = options.seed {
        return Ok(seed);
    }
    let path = out.join(STUDY_FILE);
    match fs::read(&path) {
        Ok(text) => {
            let file: StudyFile =
                serde_json::from_slice(&text).map_err(|error| CaptureError::malformed(&path, error))?;
            Ok(file.seed)
        }
        Err(_) => Ok(plan.seed.unwrap_or_else(|| crate::clock::now_ns().unsigned_abs() % 1_000_000)),
    }
}

fn save(plan: &Plan, seed: u64, pairs: &[Pair], out: &Path) -> Result<()> {
    let name = |pair: &Pair| {
        let runtime = plan.runtimes.get(pair.runtime).map_or("", |runtime| runtime.name.as_str());
        let workload = plan.workloads.get(pair.workload).map_or("", |workload| workload.name.as_str());
        format!("{runtime}/{workload}/{}", pair.repetition)
    };
    let file = StudyFile {
        tool: crate::TOOL.to_owned(),
        plan_blake3: plan.hash.clone(),
        seed,
        order: pairs.iter().map(name).collect(),
    };
    write_atomically(&out.join(STUDY_FILE), |out| {
        serde_json::to_writer_pretty(&mut *out, &file)?;
        out.write_all(b"\n")
    })
}

/// Asks a recorder that outlived its study to end, and waits for it.
fn end_recorder(host: &Host, pid: i32) {
    let deadline = Instant::now() + RECORDER_PATIENCE;
    while is_recorder(host, pid) && Instant::now() < deadline {
        if let Some(pid) = Pid::from_raw(pid) {
            let _ = kill_process(pid, Signal::INT);
        }
        std::thread::sleep(Duration::from_secs(1));
    }
}

struct Study<'s> {
    host: &'s Host,
    plan: &'s Plan,
    out: PathBuf,
    state: PathBuf,
    stop: &'s StopFlag,
    tell: &'s dyn Fn(&str),
    /// Checks of the host that were made already.
    needs: BTreeMap<String, bool>,
}

/// What is in the directory of an attempt.
enum Found {
    Nothing,
    Good,
    Failed(String),
}

impl Study<'_> {
    /// One run with all its attempts; none when the study is being stopped.
    fn pair(&mut self, pair: &Pair) -> Result<Option<PairOutcome>> {
        let outcome = self.outcome(pair)?;
        let runtime = self.plan.runtimes.get(pair.runtime).map_or_else(String::new, |runtime| runtime.name.clone());
        let workload =
            self.plan.workloads.get(pair.workload).map_or_else(String::new, |workload| workload.name.clone());
        Ok(outcome.map(|outcome| PairOutcome { runtime, workload, repetition: pair.repetition, outcome }))
    }

    fn outcome(&mut self, pair: &Pair) -> Result<Option<Outcome>> {
        let mut last = String::new();
        for number in 1..=self.plan.attempts {
            let Some(attempt) = Attempt::new(self.plan, pair, number, &self.out, &self.state) else { continue };
            match self.look(&attempt)? {
                Found::Good => return Ok(Some(Outcome::Resumed)),
                Found::Failed(reason) => {
                    last = reason;
                    continue;
                }
                Found::Nothing => {}
            }
            if self.stop.is_raised() {
                return Ok(None);
            }
            if let Some(reason) = attempt.is_excluded().or_else(|| self.unmet(&attempt)) {
                return Ok(Some(Outcome::Skipped(reason)));
            }
            match attempt.carry_out(self.stop)? {
                AttemptEnd::Done => return Ok(Some(Outcome::Done)),
                AttemptEnd::Stopped => return Ok(None),
                AttemptEnd::Failed(reason) => {
                    (self.tell)(&format!("attempt {number} failed: {reason}"));
                    last = reason;
                }
            }
        }
        Ok(Some(Outcome::Failed(last)))
    }

    /// Takes away what a study that was killed may have left, so that no sandbox runs beside the next one.
    fn take_all_away(&self, pairs: &[Pair]) -> Result<()> {
        fs::create_dir_all(&self.state).map_err(|source| CaptureError::io(&self.state, source))?;
        let of_each_runtime: BTreeMap<usize, &Pair> = pairs.iter().map(|pair| (pair.runtime, pair)).collect();
        for pair in of_each_runtime.into_values() {
            if let Some(attempt) = Attempt::new(self.plan, pair, 1, &self.out, &self.state) {
                attempt.take_away();
            }
        }
        Ok(())
    }

    /// What an earlier study has left. A recording that was cut short is put in order, so that tracing is as it was,
    /// and made again.
    fn look(&self, attempt: &Attempt<'_>) -> Result<Found> {
        let dir = attempt.dir();
        if !dir.path().exists() {
            return Ok(Found::Nothing);
        }
        if let Some(state) = RecordingState::load(&dir)? {
            end_recorder(self.host, state.pid);
            (self.tell)(&format!("{}: was cut short and is made again", dir.path().display()));
            match recover(self.host, dir.path()) {
                // It may have come to its end meanwhile.
                Ok(_) | Err(CaptureError::NothingToRecover { .. }) => {}
                Err(error) => return Err(error),
            }
        } else if let Ok(text) = fs::read_to_string(dir.run_json()) {
            let run = RunJson::parse(&text).map_err(|error| CaptureError::malformed(&dir.run_json(), error))?;
            return Ok(run.failure().map_or(Found::Good, Found::Failed));
        }
        fs::remove_dir_all(dir.path()).map_err(|source| CaptureError::io(dir.path(), source))?;
        Ok(Found::Nothing)
    }

    /// Why this host cannot run it. Each check is made once.
    fn unmet(&mut self, attempt: &Attempt<'_>) -> Option<String> {
        let unmet = attempt.needs().find(|need| !self.is_met(attempt, need))?;
        Some(unmet.reason.clone())
    }

    fn is_met(&mut self, attempt: &Attempt<'_>, need: &Need) -> bool {
        let known = self.needs.get(&need.check).copied();
        known.unwrap_or_else(|| {
            let script: Script = attempt.script("check", &need.check, Duration::ZERO);
            let null = Path::new("/dev/null");
            let is_met = script.run(null, null, CHECK_LIMIT, None) == Ended::Well;
            self.needs.insert(need.check.clone(), is_met);
            is_met
        })
    }
}

#[cfg(test)]
mod tests {
    use super::super::plan::Plan;
    use super::{StudyOptions, dry_run, order};

    fn plan() -> Plan {
        let root = tempfile::tempdir().unwrap();
        let path = root.path().join("plan.toml");
        let text =
            "runtimes = [\"runc\", \"nabla\"]\nworkloads = [\"redis-bench-set\", \"node-express\"]\nrepetitions = 3\n";
        std::fs::write(&path, text).unwrap();
        Plan::read(&path).unwrap()
    }

    #[test]
    fn the_order_is_random_the_same_for_a_seed_and_another_for_another() {
        let plan = plan();
        let [first, again, other] = [7, 7, 8].map(|seed| order(&plan, seed));
        assert_eq!(first, again);
        assert_ne!(first, other);
        let blocks: Vec<u32> = first.iter().map(|pair| pair.repetition).collect();
        assert_eq!(blocks, [1, 1, 1, 1, 2, 2, 2, 2, 3, 3, 3, 3]);
        let mut sorted = first.clone();
        sorted.sort_by_key(|pair| (pair.runtime, pair.workload, pair.repetition));
        assert_ne!(first, sorted);
        assert_eq!(sorted.len(), 12);
        sorted.dedup();
        assert_eq!(sorted.len(), 12);
    }

    #[test]
    fn a_dry_run_prints_all_commands_and_what_cannot_run() {
        let options = StudyOptions { out: "/out".into(), state: "/run/hap".into(), seed: Some(1) };
        let text = dry_run(&plan(), &options).unwrap();
        for part in [
            "# seed 1;",
            "# needed: command -v runc, else skipped: runc is not installed: apt-get install runc",
            "export HAP_RUN_DIR='/out/runc/redis-bench-set/2'",
            "runc --root \"$HAP_STATE/runc\" run -d",
            "hap-capture 'record' '--out' '/out/runc/redis-bench-set/2' '--run' 'runc-redis-bench-set-2'",
            "hap_redis_load set",
            "# skipped: runtime nabla runs only redis-bench-set, redis-bench-get, idle",
        ] {
            assert!(text.contains(part), "{part}");
        }
        let named = dry_run(&Plan { name: Some("lab".into()), ..plan() }, &options).unwrap();
        assert!(named.contains("'--out' '/out/runc/redis-bench-set/2' '--run' 'lab-runc-redis-bench-set-2'"));
        assert_eq!(text.matches("## run ").count(), 9);
    }
}
