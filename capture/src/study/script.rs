//! Shell snippets of a study.

use std::collections::BTreeMap;
use std::fs::File;
use std::os::unix::process::CommandExt;
use std::path::Path;
use std::process::{Child, Command, Stdio};
use std::time::{Duration, Instant};

use rustix::process::{Pid, Signal, kill_process_group};

use crate::recording::StopFlag;

/// What every snippet can use.
pub(super) const LIBRARY: &str = include_str!("../../data/study/lib.sh");
/// Pause between looks.
const PAUSE: Duration = Duration::from_millis(50);

/// A snippet with its variables.
#[derive(Clone, Debug, PartialEq, Eq)]
pub(super) struct Script {
    /// What it is for.
    pub(super) what: &'static str,
    /// The text, without the library.
    pub(super) text: String,
    /// Variables.
    pub(super) variables: BTreeMap<String, String>,
}

/// How a snippet ended.
#[derive(Clone, Debug, PartialEq, Eq)]
pub(super) enum Ended {
    /// Well.
    Well,
    /// With an error, in words.
    Badly(String),
    /// It took too long and was killed.
    Late,
    /// The study is being stopped.
    Stopped,
}

impl Script {
    /// Runs it to its end; what it prints goes to `out`, its errors to `log`.
    pub(super) fn run(&self, out: &Path, log: &Path, limit: Duration, stop: Option<&StopFlag>) -> Ended {
        match self.start(out, log) {
            Ok(child) => wait(child, limit, stop),
            Err(error) => Ended::Badly(format!("{}: {error}", self.what)),
        }
    }

    fn start(&self, out: &Path, log: &Path) -> std::io::Result<Child> {
        let append = |path: &Path| File::options().append(true).create(true).open(path);
        Command::new("sh")
            .args(["-eu", "-c", &format!("{LIBRARY}\n{}", self.text)])
            .envs(&self.variables)
            .stdin(Stdio::null())
            .stdout(append(out)?)
            .stderr(append(log)?)
            // A group of its own, so that everything that the snippet starts can be ended with it.
            .process_group(0)
            .spawn()
    }

    /// The snippet for somebody to read.
    pub(super) fn shown(&self) -> String {
        format!("# {}\n{}\n", self.what, self.text.trim())
    }
}

fn wait(mut child: Child, limit: Duration, stop: Option<&StopFlag>) -> Ended {
    let deadline = Instant::now() + limit;
    loop {
        match child.try_wait() {
            Ok(Some(status)) if status.success() => return Ended::Well,
            Ok(Some(status)) => return Ended::Badly(status.to_string()),
            Ok(None) => {}
            Err(error) => return Ended::Badly(error.to_string()),
        }
        let is_stopped = stop.is_some_and(StopFlag::is_raised);
        if is_stopped || Instant::now() >= deadline {
            let _ = kill_process_group(Pid::from_child(&child), Signal::KILL);
            let _ = child.wait();
            return if is_stopped { Ended::Stopped } else { Ended::Late };
        }
        std::thread::sleep(PAUSE);
    }
}

/// Words as a shell reads them back.
pub(super) fn quoted(words: &[String]) -> String {
    let quote = |word: &String| format!("'{}'", word.replace('\'', r"'\''"));
    words.iter().map(quote).collect::<Vec<_>>().join(" ")
}

#[cfg(test)]
mod tests {
    use std::collections::BTreeMap;
    use std::time::Duration;

    use super::{Ended, Script, quoted};

    fn run(text: &str, limit: Duration) -> (Ended, String, String) {
        let root = tempfile::tempdir().unwrap();
        let (out, log) = (root.path().join("out"), root.path().join("log"));
        let variables = BTreeMap::from([("HAP_X".to_owned(), "a b".to_owned())]);
        let ended = Script { what: "test", text: text.to_owned(), variables }.run(&out, &log, limit, None);
        (ended, std::fs::read_to_string(out).unwrap(), std::fs::read_to_string(log).unwrap())
    }

    #[test]
    fn a_snippet_has_its_variables_and_stops_at_the_first_error() {
        let (ended, out, _) = run("echo \"$HAP_X\"; false; echo never", Duration::from_secs(20));
        assert_eq!((ended, out.as_str()), (Ended::Badly("exit status: 1".to_owned()), "a b\n"));
        let (ended, _, log) = run("echo \"$HAP_MISSING\"", Duration::from_secs(20));
        assert!(matches!(ended, Ended::Badly(_)));
        assert!(log.contains("HAP_MISSING"));
    }

    #[test]
    fn a_snippet_that_takes_too_long_is_killed_with_what_it_started() {
        let (ended, ..) = run("sleep 100 & sleep 100", Duration::from_millis(200));
        assert_eq!(ended, Ended::Late);
    }

    #[test]
    fn words_survive_the_shell() {
        let words = ["it's", "", "$x", "a b"].map(str::to_owned);
        let (ended, out, _) = run(&format!("printf '%s|' {}", quoted(&words)), Duration::from_secs(20));
        assert_eq!((ended, out.as_str()), (Ended::Well, "it's||$x|a b|"));
    }
}
