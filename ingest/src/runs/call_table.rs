//! Counts calls by (call site, context): the hash table that every event of a capture goes through.
//!
//! Each thread in each system call has a table of its own, so that the functions that run one after the other lie side
//! by side in memory: what costs time here is waiting for memory.

/// Slots of a new table.
const FIRST_SLOTS: usize = 1 << 6;
/// Slots per entry at least: few keys then have to look further than their first slot.
const SLOTS_PER_ENTRY: usize = 4;
/// Entries of a table: their indices fit into 16 bits, so that the slots stay in the innermost cache. A kernel has some
/// 40,000 functions that can be traced; a thread in one system call reaches hundreds.
const MAX_ENTRIES: usize = u16::MAX as usize;
/// Multiplier of the hash: 2^64 divided by the golden ratio.
const HASH: u64 = 0x9e37_79b9_7f4a_7c15;

/// Calls of one key: the part that every event touches.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(crate) struct CallEntry {
    /// Call site.
    pub(crate) ip: u64,
    /// Time of the last call.
    pub(crate) last: u64,
    /// Calls since the last report.
    pending: u32,
    /// Context that the flags tell, as a discriminant of [`hap_schemas::Context`].
    pub(crate) context: u32,
}

/// The rest of it.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(crate) struct CallTotal {
    /// Calls reported so far.
    pub(crate) calls: u64,
    /// Time of the first call.
    pub(crate) first: u64,
    /// Index of the window series that the calls belong to; none until the first report.
    pub(crate) series: Option<u32>,
}

/// Open-addressing table whose entries lie side by side in the order of their first call.
#[derive(Debug)]
pub(crate) struct CallTable {
    /// Index of an entry plus one; zero is free.
    slots: Vec<u16>,
    entries: Vec<CallEntry>,
    totals: Vec<CallTotal>,
    /// Largest time of a first call: a call before it may come before the first call of its key. Streams are counted
    /// one after the other, a window at a time.
    newest_first: u64,
    /// Keys have been turned away.
    full: bool,
}

impl CallTable {
    pub(crate) fn new() -> Self {
        Self { slots: vec![0; FIRST_SLOTS], entries: Vec::new(), totals: Vec::new(), newest_first: 0, full: false }
    }

    /// Counts calls.
    #[inline]
    pub(crate) fn add(&mut self, ip: u64, context: u32, time: u64, calls: u64) {
        let mask = self.slots.len() - 1;
        let mut slot = hash(ip, context) & mask;
        loop {
            match self.slots.get(slot).copied() {
                Some(0) | None => return self.insert(slot, ip, context, time, calls),
                Some(index) => {
                    let index = usize::from(index) - 1;
                    if let Some(entry) = self.entries.get_mut(index)
                        && entry.ip == ip
                        && entry.context == context
                    {
                        entry.last = entry.last.max(time);
                        let sum = u64::from(entry.pending).checked_add(calls).and_then(|sum| u32::try_from(sum).ok());
                        entry.pending = sum.unwrap_or(entry.pending);
                        if sum.is_none() {
                            self.add_total(index, calls);
                        }
                        if time < self.newest_first {
                            self.note_first(index, time);
                        }
                        return;
                    }
                }
            }
            slot = (slot + 1) & mask;
        }
    }

    /// Reports the calls since the last report to `report`, entry by entry, and adds them to the totals.
    pub(crate) fn report(&mut self, mut report: impl FnMut(&CallEntry, &mut CallTotal, u64)) {
        for (entry, total) in self.entries.iter_mut().zip(&mut self.totals) {
            if entry.pending > 0 {
                let calls = u64::from(std::mem::take(&mut entry.pending));
                total.calls += calls;
                report(entry, total, calls);
            }
        }
    }

    /// The entries and their totals; what has not been reported is not in them.
    pub(crate) fn totals(&self) -> impl Iterator<Item = (&CallEntry, &CallTotal)> {
        self.entries.iter().zip(&self.totals)
    }

    /// Number of entries.
    pub(crate) fn len(&self) -> usize {
        self.entries.len()
    }

    /// Whether keys have been turned away: the counts are not whole.
    pub(crate) fn is_full(&self) -> bool {
        self.full
    }

    /// Calls beyond 32 bits since the last report go straight to the total: no window can show them.
    #[cold]
    fn add_total(&mut self, index: usize, calls: u64) {
        if let Some(total) = self.totals.get_mut(index) {
            total.calls = total.calls.saturating_add(calls);
        }
    }

    #[cold]
    fn note_first(&mut self, index: usize, time: u64) {
        if let Some(total) = self.totals.get_mut(index) {
            total.first = total.first.min(time);
        }
    }

    #[cold]
    fn insert(&mut self, slot: usize, ip: u64, context: u32, time: u64, calls: u64) {
        if self.entries.len() >= MAX_ENTRIES {
            self.full = true;
            return;
        }
        self.newest_first = self.newest_first.max(time);
        let index = self.entries.len() as u16 + 1;
        self.entries.push(CallEntry { ip, last: time, pending: 0, context });
        self.totals.push(CallTotal { calls: 0, first: time, series: None });
        if let Some(free) = self.slots.get_mut(slot) {
            *free = index;
        }
        if self.entries.len() * SLOTS_PER_ENTRY > self.slots.len() {
            self.grow();
        }
        self.add(ip, context, time, calls);
    }

    fn grow(&mut self) {
        let mut slots = vec![0; self.slots.len() * 2];
        let mask = slots.len() - 1;
        for (index, entry) in self.entries.iter().enumerate() {
            let mut slot = hash(entry.ip, entry.context) & mask;
            while slots.get(slot).is_some_and(|&taken: &u16| taken != 0) {
                slot = (slot + 1) & mask;
            }
            if let Some(free) = slots.get_mut(slot) {
                *free = index as u16 + 1;
            }
        }
        self.slots = slots;
    }
}

#[inline]
fn hash(ip: u64, context: u32) -> usize {
    let mixed = (ip ^ u64::from(context) << 61).wrapping_mul(HASH);
    (mixed >> 32) as usize
}

#[cfg(test)]
mod tests {
    use std::collections::HashMap;

    use super::CallTable;

    #[test]
    fn counts_equal_those_of_a_standard_map_while_the_table_grows_and_reports() {
        let mut table = CallTable::new();
        let mut expected: HashMap<(u64, u32), (u64, u64, u64)> = HashMap::new();
        let mut reported = 0;
        let mut random = 1u64;
        for time in 0..200_000 {
            random = random.wrapping_mul(6_364_136_223_846_793_005).wrapping_add(1);
            let (ip, context) = (0xffff_ffff_8100_0000 + (random >> 33) % 5000 * 16, (random >> 50) as u32 % 4);
            table.add(ip, context, time, 1 + time % 2);
            let entry = expected.entry((ip, context)).or_insert((0, time, time));
            *entry = (entry.0 + 1 + time % 2, entry.1, time);
            if time % 50_000 == 49_999 {
                table.report(|_, _, calls| reported += calls);
            }
        }
        let found: HashMap<_, _> = table
            .totals()
            .map(|(entry, total)| ((entry.ip, entry.context), (total.calls, total.first, entry.last)))
            .collect();
        assert_eq!((found.len(), reported), (table.len(), 300_000));
        assert_eq!(found, expected);
    }

    #[test]
    fn a_table_that_has_to_turn_keys_away_says_so() {
        let mut table = CallTable::new();
        (0..65_535).for_each(|ip| table.add(ip, 0, 1, 1));
        assert!(!table.is_full());
        table.add(65_535, 0, 1, 1);
        table.add(7, 0, 1, 1);
        assert!(table.is_full());
        let mut reported = 0;
        table.report(|_, _, calls| reported += calls);
        assert_eq!((table.len(), reported), (65_535, 65_536));
    }

    #[test]
    fn a_count_beyond_32_bits_is_not_lost() {
        let mut table = CallTable::new();
        for _ in 0..3 {
            table.add(16, 0, 1, u64::from(u32::MAX));
        }
        table.report(|_, _, _| ());
        let calls: Vec<u64> = table.totals().map(|(_, total)| total.calls).collect();
        assert_eq!(calls, [3 * u64::from(u32::MAX)]);
    }
}
