//! Commands that all programs of hap have, made from the program's own definition: completion scripts and manual pages.
//!
//! The crate prints nothing, and knows the programs by what they hand to it: it depends on no other crate of the workspace.

mod completions;
mod man;

pub use completions::{CompletionsArgs, completions_examples};
pub use man::{ManArgs, UnknownPage};
