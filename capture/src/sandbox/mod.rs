//! The sandbox: which threads work for it, and as what.

mod cgroup;
mod docker;
mod kernel_threads;
mod members;
mod pattern;
mod rules;
mod target;
#[cfg(test)]
mod trees;

pub use cgroup::{cgroup_of, own_cgroup_inside, version as cgroup_version};
pub use docker::{Container, inspect};
pub use members::{Member, Sandbox};
pub use rules::{Rule, ThreadFacts, role_of, rules};
pub use target::Target;
