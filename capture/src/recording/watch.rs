//! What is looked at while a recording runs.

use std::sync::atomic::Ordering;
use std::time::{Duration, Instant};

use super::command::StoppedCommand;
use super::cpu_time::CpuTime;
use super::deferral::Deferral;
use super::{EndReason, Progress, ReaderState, RecordOptions, Standing, StopFlag};
use crate::error::Result;
use crate::host::Host;
use crate::sandbox::Sandbox;
use crate::steady::SteadyState;
use crate::tracefs::{Instance, StatsText};

/// Pause between looks at what ends a recording.
const TICK: Duration = Duration::from_millis(100);
/// Pause between looks at the sandbox, the losses and the discovery of functions.
const SLOW_TICK: Duration = Duration::from_secs(1);

/// No CPU has time where less than this share of it is idle.
const CROWDED_SHARE: f64 = 0.05;

/// A recording that runs.
pub(super) struct Watch<'w> {
    pub(super) host: &'w Host,
    pub(super) options: &'w RecordOptions,
    pub(super) instance: &'w Instance,
    pub(super) cpus: &'w [u32],
    pub(super) sandbox: &'w mut Sandbox,
    pub(super) command: Option<&'w mut StoppedCommand>,
    pub(super) state: &'w ReaderState,
    pub(super) cpu_time: CpuTime,
    /// None where compression must not wait.
    pub(super) deferral: Option<Deferral>,
    pub(super) steady: Option<SteadyState>,
    pub(super) stop: &'w StopFlag,
    pub(super) progress: &'w Progress,
    pub(super) started: Instant,
    pub(super) last: Standing,
}

impl Watch<'_> {
    /// Waits for the end.
    pub(super) fn run(&mut self) -> Result<EndReason> {
        let mut next = self.started + SLOW_TICK;
        loop {
            if let Some(end) = self.quick_end() {
                return Ok(end);
            }
            if Instant::now() >= next {
                if let Some(end) = self.slow_end()? {
                    return Ok(end);
                }
                next = Instant::now() + SLOW_TICK;
            }
            std::thread::sleep(self.pause());
        }
    }

    /// To the next look, or the end of the recording's time.
    fn pause(&self) -> Duration {
        let left = |duration: Duration| duration.saturating_sub(self.started.elapsed());
        self.options.duration.map_or(TICK, |duration| left(duration).min(TICK))
    }

    fn quick_end(&mut self) -> Option<EndReason> {
        if self.stop.is_raised() {
            return Some(EndReason::Signal);
        }
        if self.command.as_mut().is_some_and(|command| command.status().is_some()) {
            return Some(EndReason::Command);
        }
        if self.state.has_failed.load(Ordering::Relaxed) {
            return Some(EndReason::Error);
        }
        let is_over = self.options.duration.is_some_and(|duration| self.started.elapsed() >= duration);
        is_over.then_some(EndReason::Duration)
    }

    fn slow_end(&mut self) -> Result<Option<EndReason>> {
        let new = self.sandbox.refresh(self.host);
        self.instance.follow(&new)?;
        self.update_standing()?;
        let shares = self.cpu_time.shares_since(self.host);
        self.state.is_crowded.store(shares.idle < CROWDED_SHARE, Ordering::Relaxed);
        if let Some(deferral) = &mut self.deferral {
            deferral.look(shares, self.state);
        }
        self.progress.show(&self.last);
        if self.command.is_none() && !self.sandbox.is_alive() {
            return Ok(Some(EndReason::Sandbox));
        }
        if self.options.max_size.is_some_and(|limit| self.last.stored_bytes >= limit) {
            return Ok(Some(EndReason::Size));
        }
        if self.options.max_loss.is_some_and(|limit| self.last.lost > limit) {
            return Ok(Some(EndReason::Loss));
        }
        let is_steady = self.steady.as_mut().is_some_and(SteadyState::look);
        Ok(is_steady.then_some(EndReason::Steady))
    }

    fn update_standing(&mut self) -> Result<()> {
        let mut now = Standing {
            elapsed: self.started.elapsed(),
            raw_bytes: self.state.raw_bytes.load(Ordering::Relaxed),
            stored_bytes: self.state.stored_bytes(),
            ..Standing::default()
        };
        for &cpu in self.cpus {
            let stats = StatsText::read(self.instance.files(), cpu)?.stats;
            now.lost += stats.lost();
            now.events += stats.lost() + stats.entries + stats.read_events;
        }
        let seconds = now.elapsed.saturating_sub(self.last.elapsed).as_secs_f64();
        now.rate = if seconds > 0.0 { now.events.saturating_sub(self.last.events) as f64 / seconds } else { 0.0 };
        self.last = now;
        Ok(())
    }
}
