//! The text of `per_cpu/cpuN/stats`: the kernel's own account of what one ring buffer lost.

use crate::error::{Error, Result};

/// One CPU's ring buffer at the moment when the text was taken.
///
/// trace-cmd takes it before its recorders have drained the buffers, so `entries` and `read_events` say nothing about
/// the file; only the losses do.
#[derive(Clone, Debug, Default, PartialEq, Eq)]
pub struct CpuStats {
    /// The buffer, empty for the top level one.
    pub buffer: String,
    /// The CPU, where the text says so.
    pub cpu: Option<u32>,
    /// Events in the ring buffer, not yet read.
    pub entries: u64,
    /// Events overwritten before they were read.
    pub overrun: u64,
    /// Events dropped because an interrupt overran the writer.
    pub commit_overrun: u64,
    /// Bytes in the ring buffer, not yet read.
    pub bytes: u64,
    /// Events that found the ring buffer full with overwriting off.
    pub dropped_events: u64,
    /// Events read.
    pub read_events: u64,
}

impl CpuStats {
    /// Reads the text. Lines of unknown keys and lines without a key are skipped. The first line of a key counts:
    /// trace-cmd may leave the end of an older, longer text behind the current one.
    pub fn parse(text: &[u8]) -> Result<Self> {
        let mut stats = Self::default();
        let mut seen = [false; KEYS.len()];
        let mut offset = 0;
        for line in text.split_inclusive(|&byte| byte == b'\n') {
            let line_offset = offset;
            offset += line.len() as u64;
            let Some((place, value)) = known_line(line) else { continue };
            let first = seen.get_mut(place).is_some_and(|seen| !std::mem::replace(seen, true));
            if first {
                stats.set(place, parse_number(value).ok_or_else(|| malformed(line_offset, line))?);
            }
        }
        if seen == [false; KEYS.len()] {
            return Err(malformed(0, text.get(..text.len().min(MAX_SHOWN)).unwrap_or(text)));
        }
        Ok(stats)
    }

    /// Events that the ring buffer counted as lost.
    pub fn lost(&self) -> u64 {
        self.overrun.saturating_add(self.commit_overrun).saturating_add(self.dropped_events)
    }

    fn set(&mut self, place: usize, value: u64) {
        let field = match place {
            0 => return self.cpu = u32::try_from(value).ok(),
            1 => &mut self.entries,
            2 => &mut self.overrun,
            3 => &mut self.commit_overrun,
            4 => &mut self.bytes,
            5 => &mut self.dropped_events,
            _ => &mut self.read_events,
        };
        *field = value;
    }
}

/// The keys, in the order in which [`CpuStats::set`] numbers them.
const KEYS: [&str; 7] = ["CPU", "entries", "overrun", "commit overrun", "bytes", "dropped events", "read events"];

/// Bytes of a text that are shown in an error.
const MAX_SHOWN: usize = 80;

fn known_line(line: &[u8]) -> Option<(usize, &str)> {
    let (key, value) = std::str::from_utf8(line).ok()?.split_once(':')?;
    let place = KEYS.iter().position(|&known| known == key.trim())?;
    Some((place, value.trim_matches(|c: char| c.is_ascii_whitespace() || c == '\0')))
}

fn parse_number(value: &str) -> Option<u64> {
    value.parse().ok()
}

fn malformed(offset: u64, line: &[u8]) -> Error {
    let detail = format!("no line of per_cpu stats: {:?}", String::from_utf8_lossy(line).trim_end());
    Error::Malformed { what: "per_cpu stats", offset, detail }
}

#[cfg(test)]
mod tests {
    use super::*;

    const TEXT: &str = "CPU: 1\nentries: 106\noverrun: 28008\ncommit overrun: 2\nbytes: 2968\n\
        oldest event ts:   120.772476\nnow ts:   121.301812\ndropped events: 30\nread events: 63526\n";

    #[test]
    fn losses_are_overrun_commit_overrun_and_dropped() {
        let stats = CpuStats::parse(TEXT.as_bytes()).unwrap();
        assert_eq!(stats.lost(), 28_040);
        let expected = CpuStats {
            buffer: String::new(),
            cpu: Some(1),
            entries: 106,
            overrun: 28_008,
            commit_overrun: 2,
            bytes: 2968,
            dropped_events: 30,
            read_events: 63_526,
        };
        assert_eq!(stats, expected);
    }

    #[test]
    fn the_stray_end_of_an_older_text_does_not_count() {
        for stray in ["26\n", "ad events: 6\n", "read events: 1\n", "overrun: 7\nread events: 1\n\0"] {
            let text = format!("{TEXT}{stray}");
            assert_eq!(CpuStats::parse(text.as_bytes()), CpuStats::parse(TEXT.as_bytes()), "{stray}");
        }
    }

    #[test]
    fn a_text_of_the_file_itself_has_no_cpu_line() {
        let (_, text) = TEXT.split_once('\n').unwrap();
        assert_eq!(CpuStats::parse(text.as_bytes()).unwrap().cpu, None);
    }

    #[test]
    fn a_value_that_is_no_number_is_an_error_with_its_offset() {
        let error = CpuStats::parse(b"CPU: 0\noverrun: x\n").unwrap_err();
        assert!(matches!(error, Error::Malformed { offset: 7, .. }));
        assert!(CpuStats::parse(b"something else").is_err());
    }
}
