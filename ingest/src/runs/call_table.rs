//! Counts calls by (call site, place): the hash table that every event of a capture goes through.

/// Distinct keys of one stream, beyond which a capture is refused: real ones have thousands.
const MAX_ENTRIES: usize = 1 << 24;
/// Slots of a new table.
const FIRST_SLOTS: usize = 1 << 12;
/// Multiplier of the hash: 2^64 divided by the golden ratio.
const HASH: u64 = 0x9e37_79b9_7f4a_7c15;

/// Calls of one key.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(crate) struct CallEntry {
    /// Call site.
    pub(crate) ip: u64,
    /// Thread, system call and context, see [`super::aggregate::Place`].
    pub(crate) place: u32,
    /// Index of the window series that the calls belong to; [`CallEntry::NO_SERIES`] until the first report.
    pub(crate) series: u32,
    /// Number of calls.
    pub(crate) calls: u64,
    /// Calls that windows reported so far hold.
    pub(crate) reported: u64,
    /// Time of the first call.
    pub(crate) first: u64,
    /// Time of the last call.
    pub(crate) last: u64,
}

impl CallEntry {
    /// The entry is in no series yet.
    pub(crate) const NO_SERIES: u32 = u32::MAX;
}

/// Open-addressing table whose entries lie side by side in the order of their first call.
#[derive(Debug)]
pub(crate) struct CallTable {
    /// Index of an entry plus one; zero is free.
    slots: Vec<u32>,
    entries: Vec<CallEntry>,
    full: bool,
}

impl CallTable {
    pub(crate) fn new() -> Self {
        Self { slots: vec![0; FIRST_SLOTS], entries: Vec::new(), full: false }
    }

    /// Counts calls.
    #[inline]
    pub(crate) fn add(&mut self, ip: u64, place: u32, time: u64, calls: u64) {
        let mask = self.slots.len() - 1;
        let mut slot = hash(ip, place) & mask;
        loop {
            match self.slots.get(slot).copied() {
                Some(0) | None => return self.insert(slot, CallEntry::new(ip, place, time, calls)),
                Some(index) => {
                    if let Some(entry) = self.entries.get_mut(index as usize - 1)
                        && entry.ip == ip
                        && entry.place == place
                    {
                        entry.calls += calls;
                        entry.last = time;
                        return;
                    }
                }
            }
            slot = (slot + 1) & mask;
        }
    }

    /// The entries, to be read and marked as reported.
    pub(crate) fn entries_mut(&mut self) -> &mut [CallEntry] {
        &mut self.entries
    }

    /// The entries.
    pub(crate) fn entries(&self) -> &[CallEntry] {
        &self.entries
    }

    /// Whether keys have been turned away.
    pub(crate) fn is_full(&self) -> bool {
        self.full
    }

    #[cold]
    fn insert(&mut self, slot: usize, entry: CallEntry) {
        if self.entries.len() >= MAX_ENTRIES {
            self.full = true;
            return;
        }
        self.entries.push(entry);
        if let Some(free) = self.slots.get_mut(slot) {
            *free = self.entries.len() as u32;
        }
        if self.entries.len() * 2 > self.slots.len() {
            self.grow();
        }
    }

    fn grow(&mut self) {
        let mut slots = vec![0; self.slots.len() * 4];
        let mask = slots.len() - 1;
        for (index, entry) in self.entries.iter().enumerate() {
            let mut slot = hash(entry.ip, entry.place) & mask;
            while slots.get(slot).is_some_and(|&taken: &u32| taken != 0) {
                slot = (slot + 1) & mask;
            }
            if let Some(free) = slots.get_mut(slot) {
                *free = index as u32 + 1;
            }
        }
        self.slots = slots;
    }
}

impl CallEntry {
    fn new(ip: u64, place: u32, time: u64, calls: u64) -> Self {
        Self { ip, place, series: Self::NO_SERIES, calls, reported: 0, first: time, last: time }
    }
}

#[inline]
fn hash(ip: u64, place: u32) -> usize {
    let mixed = (ip ^ u64::from(place).rotate_left(36)).wrapping_mul(HASH);
    (mixed ^ (mixed >> 32)) as usize
}

#[cfg(test)]
mod tests {
    use std::collections::HashMap;

    use super::CallTable;

    #[test]
    fn counts_equal_those_of_a_standard_map_while_the_table_grows() {
        let mut table = CallTable::new();
        let mut expected: HashMap<(u64, u32), (u64, u64, u64)> = HashMap::new();
        let mut random = 1u64;
        for time in 0..200_000 {
            random = random.wrapping_mul(6_364_136_223_846_793_005).wrapping_add(1);
            let (ip, place) = (0xffff_ffff_8100_0000 + (random >> 33) % 5000 * 16, (random >> 50) as u32 % 9);
            table.add(ip, place, time, 1 + time % 2);
            let entry = expected.entry((ip, place)).or_insert((0, time, time));
            *entry = (entry.0 + 1 + time % 2, entry.1, time);
        }
        let found: HashMap<_, _> =
            table.entries().iter().map(|e| ((e.ip, e.place), (e.calls, e.first, e.last))).collect();
        assert_eq!(found.len(), table.entries().len());
        assert_eq!(found, expected);
    }
}
