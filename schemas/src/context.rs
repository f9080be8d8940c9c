//! Execution context of a kernel function.

use std::fmt;

/// What the CPU was doing when the function was entered.
#[derive(Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord, Hash)]
pub enum Context {
    /// On behalf of a thread: a system call, a fault, or the body of a kernel thread.
    Task,
    /// A soft interrupt, which may serve another thread's packets or timers.
    Softirq,
    /// A hardware interrupt.
    Hardirq,
    /// A non-maskable interrupt.
    Nmi,
}

impl Context {
    /// Every context, in the order of the discriminants.
    pub const ALL: [Self; 4] = [Self::Task, Self::Softirq, Self::Hardirq, Self::Nmi];

    /// The name in tables and on the command line.
    pub const fn name(self) -> &'static str {
        match self {
            Self::Task => "task",
            Self::Softirq => "softirq",
            Self::Hardirq => "hardirq",
            Self::Nmi => "nmi",
        }
    }

    /// The context of that name.
    pub fn from_name(name: &str) -> Option<Self> {
        Self::ALL.into_iter().find(|context| context.name() == name)
    }
}

impl fmt::Display for Context {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str(self.name())
    }
}
