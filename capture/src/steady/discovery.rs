//! New functions, read off the recorder's own stream.

use std::collections::BTreeMap;
use std::sync::{Arc, Mutex};
use std::time::Duration;

use foldhash::{HashSet, HashSetExt};
use hap_ftrace::{
    Body, ByteOrder, EventDecoder, EventFormat, EventFormats, FLAG_HARDIRQ, FLAG_NMI, FLAG_SOFTIRQ, PageLayout,
    SubBuffer, Texts,
};

use super::SteadyRule;
use crate::error::Result;

/// Flags of events that are not in task context.
const INTERRUPTED: u8 = FLAG_HARDIRQ | FLAG_SOFTIRQ | FLAG_NMI;
/// Data is in the ring buffer, or waits for its chunk to fill, at most so long.
const LAG: Duration = Duration::from_secs(3);

/// Call sites with the time of their first call, as the readers find them.
#[derive(Clone, Debug, Default)]
pub struct SharedSites {
    found: Arc<Mutex<Vec<(u64, u64)>>>,
    /// Until when each CPU has been read, in ns of the trace clock.
    read_until: Arc<Mutex<BTreeMap<u32, u64>>>,
}

/// Finds the call sites of one CPU.
#[derive(Clone, Debug)]
pub struct Discovery {
    decoder: EventDecoder,
    layout: PageLayout,
    sub_buffer_size: usize,
    known: HashSet<u64>,
    cpu: u32,
    shared: SharedSites,
}

/// The series of discovery, and what follows from it.
#[derive(Debug)]
pub struct SteadyState {
    rule: SteadyRule,
    shared: SharedSites,
    /// First call of each site on any CPU.
    first: BTreeMap<u64, u64>,
    start: u64,
}

impl SharedSites {
    fn add(&self, sites: &[(u64, u64)]) {
        if let Ok(mut found) = self.found.lock() {
            found.extend_from_slice(sites);
        }
    }

    fn set_read_until(&self, cpu: u32, time: u64) {
        if let Ok(mut read_until) = self.read_until.lock() {
            read_until.insert(cpu, time);
        }
    }

    /// Until when all CPUs have been read: a reader that is behind must not make a window look as if it had brought nothing.
    fn read_until(&self) -> u64 {
        let of_cpus = self.read_until.lock();
        of_cpus.ok().and_then(|of_cpus| of_cpus.values().min().copied()).unwrap_or(0)
    }

    fn take(&self) -> Vec<(u64, u64)> {
        self.found.lock().map(|mut found| std::mem::take(&mut *found)).unwrap_or_default()
    }
}

impl Discovery {
    /// For a CPU whose sub-buffers have that size.
    pub fn new(texts: &Texts, sub_buffer_size: u32, cpu: u32, shared: SharedSites) -> Result<Self> {
        shared.set_read_until(cpu, 0);
        let mut formats = EventFormats::default();
        for format in texts.ftrace_formats.iter().filter_map(|text| EventFormat::parse(text).ok()) {
            formats.insert(format)?;
        }
        Ok(Self {
            decoder: EventDecoder::new(&formats, ByteOrder::Little)?,
            layout: PageLayout::parse(&texts.header_page)?,
            sub_buffer_size: sub_buffer_size.max(1) as usize,
            known: HashSet::new(),
            cpu,
            shared,
        })
    }

    /// Says that nothing of before that time is still to come, in ns of the trace clock.
    pub fn has_read_until(&self, time: u64) {
        self.shared.set_read_until(self.cpu, time);
    }

    /// Reads whole sub-buffers. Damaged ones are passed: the scan at the end of the recording tells them.
    pub fn read(&mut self, sub_buffers: &[u8]) {
        let mut new = Vec::new();
        for bytes in sub_buffers.chunks(self.sub_buffer_size) {
            let Ok(sub_buffer) = SubBuffer::parse(bytes, &self.layout, ByteOrder::Little) else { continue };
            for record in sub_buffer.records().map_while(std::result::Result::ok) {
                let Some(event) = self.decoder.decode(record.payload) else { continue };
                if let Body::Calls { ip, .. } = event.body
                    && event.common.flags & INTERRUPTED == 0
                    && self.known.insert(ip)
                {
                    new.push((ip, record.time));
                }
            }
        }
        if !new.is_empty() {
            self.shared.add(&new);
        }
    }
}

impl SteadyState {
    /// For a recording that started at `start`, in ns of the trace clock.
    pub fn new(rule: SteadyRule, shared: SharedSites, start: i64) -> Self {
        Self { rule, shared, first: BTreeMap::new(), start: start.max(0) as u64 }
    }

    /// Takes what the readers found and decides.
    pub fn look(&mut self) -> bool {
        let until = self.shared.read_until().saturating_sub(LAG.as_nanos() as u64);
        self.look_at(until)
    }

    fn look_at(&mut self, until: u64) -> bool {
        for (site, time) in self.shared.take() {
            let first = self.first.entry(site).or_insert(time);
            *first = (*first).min(time);
        }
        self.rule.is_steady(&self.series(until))
    }

    /// New functions in each window that is over.
    fn series(&self, until: u64) -> Vec<u32> {
        let window = (self.rule.window.as_nanos() as u64).max(1);
        let windows = until.saturating_sub(self.start) / window;
        let mut series = vec![0_u32; windows.min(MAX_WINDOWS) as usize];
        for time in self.first.values() {
            let place = time.saturating_sub(self.start) / window;
            if let Some(count) = series.get_mut(place as usize) {
                *count += 1;
            }
        }
        series
    }
}

/// Windows that are looked at: eleven days of seconds.
const MAX_WINDOWS: u64 = 1_000_000;

#[cfg(test)]
mod tests {
    use std::time::Duration;

    use super::{SharedSites, SteadyRule, SteadyState};

    #[test]
    fn a_site_counts_once_at_its_first_call_on_any_cpu() {
        let shared = SharedSites::default();
        let rule = SteadyRule { window: Duration::from_nanos(10), min_windows: 20, max_new_share: 0.01 };
        let mut state = SteadyState::new(rule, shared.clone(), 100);
        shared.add(&[(1, 125), (2, 101)]);
        shared.add(&[(1, 108), (3, 131), (4, 95)]);
        assert!(!state.look_at(149));
        assert_eq!(state.series(149), [3, 0, 0, 1]);
        // A CPU that has not been read holds the decision up.
        shared.set_read_until(0, 3_000_000_400);
        shared.set_read_until(1, 3_000_000_149);
        assert!(!state.look());
        shared.set_read_until(1, 3_000_000_350);
        assert!(state.look());
        // 25 windows: the new functions of the first four are warm-up.
        assert!(state.look_at(350));
    }
}
