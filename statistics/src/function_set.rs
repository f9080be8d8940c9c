//! A set of functions as bits.

/// Functions by number; sets that are compared have the same capacity.
#[derive(Clone, Debug, Default, PartialEq, Eq)]
pub struct FunctionSet {
    words: Vec<u64>,
}

impl FunctionSet {
    /// An empty set that can hold the functions below `capacity`.
    pub fn new(capacity: usize) -> Self {
        Self { words: vec![0; capacity.div_ceil(64)] }
    }

    /// A set of these functions; numbers at or above the capacity are left out.
    pub fn of(capacity: usize, functions: impl IntoIterator<Item = u32>) -> Self {
        let mut set = Self::new(capacity);
        functions.into_iter().for_each(|function| set.insert(function));
        set
    }

    /// Adds a function.
    pub fn insert(&mut self, function: u32) {
        if let Some(word) = self.words.get_mut(function as usize / 64) {
            *word |= 1 << (function % 64);
        }
    }

    /// Whether a function is in it.
    pub fn contains(&self, function: u32) -> bool {
        self.words.get(function as usize / 64).is_some_and(|word| word >> (function % 64) & 1 == 1)
    }

    /// Adds all functions of another set.
    pub fn unite(&mut self, other: &Self) {
        for (word, added) in self.words.iter_mut().zip(&other.words) {
            *word |= added;
        }
    }

    /// Takes all functions out.
    pub fn clear(&mut self) {
        self.words.fill(0);
    }

    /// How many there are.
    pub fn count(&self) -> usize {
        self.words.iter().map(|word| word.count_ones() as usize).sum()
    }

    /// How many both sets have.
    pub fn shared(&self, other: &Self) -> usize {
        self.words.iter().zip(&other.words).map(|(a, b)| (a & b).count_ones() as usize).sum()
    }

    /// How many this set has and the other has not.
    pub fn without(&self, other: &Self) -> usize {
        self.words.iter().zip(&other.words).map(|(a, b)| (a & !b).count_ones() as usize).sum()
    }

    /// The functions that both sets have, in order.
    pub fn common<'a>(&'a self, other: &'a Self) -> impl Iterator<Item = u32> + 'a {
        bits(self.words.iter().zip(&other.words).map(|(a, b)| a & b))
    }

    /// The functions, in order.
    pub fn functions(&self) -> impl Iterator<Item = u32> + '_ {
        bits(self.words.iter().copied())
    }
}

/// Numbers of the bits that are set.
fn bits(words: impl Iterator<Item = u64>) -> impl Iterator<Item = u32> {
    (0_u32..).zip(words).flat_map(|(index, word)| {
        let mut left = word;
        std::iter::from_fn(move || {
            let bit = (left != 0).then(|| left.trailing_zeros())?;
            left &= left - 1;
            Some(64 * index + bit)
        })
    })
}

#[cfg(test)]
mod tests {
    use super::FunctionSet;

    #[test]
    fn sets_count_what_they_share_and_what_they_do_not() {
        let (a, b) = (FunctionSet::of(200, [0, 63, 64, 130]), FunctionSet::of(200, [63, 130, 199]));
        assert_eq!((a.count(), b.count(), a.shared(&b), a.without(&b), b.without(&a)), (4, 3, 2, 2, 1));
        assert_eq!(a.common(&b).collect::<Vec<_>>(), [63, 130]);
        assert_eq!(a.functions().collect::<Vec<_>>(), [0, 63, 64, 130]);
        assert_eq!([63, 62, 500].map(|function| a.contains(function)), [true, false, false]);
    }

    #[test]
    fn a_union_has_the_functions_of_both_and_a_cleared_set_none() {
        let mut set = FunctionSet::of(70, [1]);
        set.unite(&FunctionSet::of(70, [69, 1]));
        assert_eq!(set, FunctionSet::of(70, [1, 69]));
        set.clear();
        assert_eq!(set.count(), 0);
        set.insert(400);
        assert_eq!(set.count(), 0);
    }
}
