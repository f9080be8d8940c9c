//! What the operators within one pair of parentheses cost together.

use super::{NESTING, PARENTHESES};

/// How many there are of each kind.
#[derive(Clone, Copy, Debug, Default)]
pub(super) struct Operators {
    pub(super) and: u32,
    pub(super) or: u32,
    pub(super) assignments: u32,
    pub(super) relations: u32,
}

impl Operators {
    /// One kind alone is free, but for assignments; mixed kinds are read with trouble.
    pub(super) fn cost(self) -> f64 {
        let [and, or, assignments, relations] = [self.and, self.or, self.assignments, self.relations].map(f64::from);
        let mixed_logic = (and + 1.0) * or;
        let logic = and + or;
        match (self.assignments > 0, self.relations > 0, self.and > 0, self.or > 0) {
            (false, false, true, true) => NESTING * mixed_logic,
            (false, false, ..) | (false, true, false, false) => 0.0,
            (false, true, true, true) => PARENTHESES * relations * mixed_logic,
            (false, true, ..) => PARENTHESES * relations,
            (true, false, false, false) => NESTING * assignments,
            (true, false, true, true) => NESTING * (assignments + mixed_logic),
            (true, false, ..) => NESTING * assignments + logic,
            (true, true, false, false) => NESTING * assignments + PARENTHESES * relations,
            (true, true, true, true) => NESTING * (assignments + relations + mixed_logic),
            (true, true, ..) => NESTING * (assignments + relations + logic),
        }
    }
}
