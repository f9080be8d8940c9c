//! Pseudo-random numbers from a fixed seed: the same data give the same result every time, to the byte.

/// Seed of every sequence.
pub const SEED: u64 = 0x4841_5020_6861_7021;
/// Step between the states of SplitMix64.
const STEP: u64 = 0x9e37_79b9_7f4a_7c15;

/// SplitMix64 (Steele, Lea and Flood, 2014).
#[derive(Clone, Debug)]
pub struct Random {
    state: u64,
}

impl Default for Random {
    fn default() -> Self {
        Self { state: SEED }
    }
}

impl Random {
    /// The sequence with a number of its own, so that what is drawn for one thing does not depend on others.
    pub fn stream(number: u64) -> Self {
        Self { state: Self { state: SEED ^ number.wrapping_mul(STEP) }.next_u64() }
    }

    /// The next 64 bits.
    pub fn next_u64(&mut self) -> u64 {
        self.state = self.state.wrapping_add(STEP);
        let mixed = (self.state ^ (self.state >> 30)).wrapping_mul(0xbf58_476d_1ce4_e5b9);
        let mixed = (mixed ^ (mixed >> 27)).wrapping_mul(0x94d0_49bb_1331_11eb);
        mixed ^ (mixed >> 31)
    }

    /// An index below `bound`; 0 for a bound of 0.
    pub fn below(&mut self, bound: usize) -> usize {
        ((u128::from(self.next_u64()) * bound as u128) >> 64) as usize
    }

    /// A number of [0, 1) with 53 random bits.
    pub fn unit(&mut self) -> f64 {
        (self.next_u64() >> 11) as f64 / (1_u64 << 53) as f64
    }

    /// Moves a random choice of `count` items to the front, in random order (Fisher and Yates).
    pub fn shuffle_front<T>(&mut self, items: &mut [T], count: usize) {
        for index in 0..count.min(items.len()) {
            let other = index + self.below(items.len() - index);
            items.swap(index, other);
        }
    }
}

#[cfg(test)]
mod tests {
    use super::{Random, SEED};

    // The reference implementation by Vigna (splitmix64.c), written down in Python: see tests/oracle/make.py.
    #[test]
    fn numbers_are_those_of_splitmix64() {
        let mut zero = Random { state: 0 };
        assert_eq!(
            [zero.next_u64(), zero.next_u64(), zero.next_u64()],
            [0xe220_a839_7b1d_cdaf, 0x6e78_9e6a_a1b9_65f4, 0x06c4_5d18_8009_454f]
        );
    }

    #[test]
    fn streams_differ_and_repeat() {
        assert_eq!(Random::stream(7).next_u64(), Random::stream(7).next_u64());
        assert_ne!(Random::stream(7).next_u64(), Random::stream(8).next_u64());
        assert_eq!(Random::default().state, SEED);
    }

    #[test]
    fn numbers_stay_below_their_bound_and_a_shuffle_keeps_the_items() {
        let mut random = Random::stream(1);
        assert!((0..1000).all(|_| random.below(3) < 3 && random.unit() < 1.0));
        assert_eq!(random.below(0), 0);
        let mut items = [1, 2, 3, 4, 5];
        random.shuffle_front(&mut items, 2);
        items.sort_unstable();
        assert_eq!(items, [1, 2, 3, 4, 5]);
    }
}
