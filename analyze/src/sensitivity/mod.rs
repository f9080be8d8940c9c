//! How far figures and the order of what is compared depend on choices that somebody has to make.

mod analysis;
mod choices;
mod figures;
mod frame;
mod orderings;
mod published;

pub use analysis::{Analysis, Question};
pub use choices::{Choice, Filter, Grid, Text};
pub use figures::figures;
pub use frame::frame;
pub use orderings::{ALL_BLOCKS, Cell, Compared, Ordering, Outcome, Survival, Verdict, compare, outcomes, verdicts};
pub use published::PUBLISHED_INTERRUPTS;
