//! Kernel tables of small kernels and modules that gcc builds while the test runs, and the bundled tables.

mod filter_functions;
mod macro_made;
mod oracles;
mod support;
mod tables;
mod tree;
