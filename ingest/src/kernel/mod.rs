//! Kernel tables.
