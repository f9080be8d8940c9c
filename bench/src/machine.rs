//! The machine and what else it does.

use std::time::{Duration, Instant};

use anyhow::Context;

use crate::note;

/// Ticks of `/proc/stat` in a second.
const TICKS: f64 = 100.0;

/// Whether a program is installed.
pub(crate) fn has(program: &str) -> bool {
    let path = std::env::var_os("PATH").unwrap_or_default();
    std::env::split_paths(&path).any(|folder| folder.join(program).is_file())
}

/// The state of the machine at one time.
pub(crate) struct Machine {
    at: Instant,
    times: Times,
}

/// Ticks that all cores have spent.
#[derive(Clone, Copy)]
struct Times {
    busy: f64,
    stolen: f64,
}

impl Machine {
    pub(crate) fn look() -> anyhow::Result<Self> {
        let text = std::fs::read_to_string("/proc/stat").context("/proc/stat")?;
        let line = text.lines().next().unwrap_or_default();
        let ticks: Vec<f64> = line.split_whitespace().skip(1).filter_map(|number| number.parse().ok()).collect();
        // user, nice, system, idle, iowait, irq, softirq, steal
        let [user, nice, system, _, _, irq, softirq, steal, ..] = ticks.as_slice() else {
            anyhow::bail!("/proc/stat says {line:?}");
        };
        let times = Times { busy: user + nice + system + irq + softirq, stolen: *steal };
        Ok(Self { at: Instant::now(), times })
    }

    /// Tells what others have used of the machine while this benchmark used `own`.
    pub(crate) fn tell_noise(&self, own: Duration) -> anyhow::Result<()> {
        let now = Self::look()?;
        let cores = std::thread::available_parallelism()?.get() as f64;
        let all = now.at.duration_since(self.at).as_secs_f64() * cores;
        let busy = (now.times.busy - self.times.busy) / TICKS;
        let stolen = (now.times.stolen - self.times.stolen) / TICKS;
        let others = (busy - own.as_secs_f64()).max(0.0);
        let percent = |seconds: f64| 100.0 * seconds / all;
        note(format_args!(
            "{}, {cores} cores: the tools used {:.0} % of them, other processes {:.0} %, other virtual machines {:.0} %",
            model(),
            percent(own.as_secs_f64()),
            percent(others),
            percent(stolen),
        ));
        Ok(())
    }
}

fn model() -> String {
    let text = std::fs::read_to_string("/proc/cpuinfo").unwrap_or_default();
    let model = text.lines().find_map(|line| line.strip_prefix("model name")?.split_once(':'));
    model.map_or_else(|| "unknown processor".to_owned(), |(_, name)| name.trim().to_owned())
}
