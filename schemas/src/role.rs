//! What a thread does for the sandbox.

use std::fmt;

/// Role of a thread, as `run.json` gives it.
#[derive(Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord, Hash)]
pub enum Role {
    /// The sandboxed application itself.
    App,
    /// A helper of a container runtime.
    Runtime,
    /// A virtual machine monitor's thread other than a virtual CPU.
    Vmm,
    /// gVisor's user-space kernel.
    Sentry,
    /// gVisor's file proxy.
    Gofer,
    /// The file-system daemon of a virtual machine.
    Virtiofsd,
    /// A container manager's shim: not part of the sandbox by default.
    Shim,
    /// The kernel's network or block back end of a virtual machine.
    Vhost,
    /// A thread that runs a virtual CPU.
    Kvm,
    /// Another kernel thread that works for the sandbox.
    Kthread,
    /// Anything else, and every thread that `run.json` does not list.
    Other,
}

impl Role {
    /// Every role.
    pub const ALL: [Self; 11] = [
        Self::App,
        Self::Runtime,
        Self::Vmm,
        Self::Sentry,
        Self::Gofer,
        Self::Virtiofsd,
        Self::Shim,
        Self::Vhost,
        Self::Kvm,
        Self::Kthread,
        Self::Other,
    ];

    /// The name in `run.json`, in tables and on the command line.
    pub const fn name(self) -> &'static str {
        match self {
            Self::App => "app",
            Self::Runtime => "runtime",
            Self::Vmm => "vmm",
            Self::Sentry => "sentry",
            Self::Gofer => "gofer",
            Self::Virtiofsd => "virtiofsd",
            Self::Shim => "shim",
            Self::Vhost => "vhost",
            Self::Kvm => "kvm",
            Self::Kthread => "kthread",
            Self::Other => "other",
        }
    }

    /// The role of that name; an unknown name of a newer `run.json` is [`Role::Other`].
    pub fn from_name(name: &str) -> Self {
        Self::parse(name).unwrap_or(Self::Other)
    }

    /// The role of exactly that name.
    pub fn parse(name: &str) -> Option<Self> {
        Self::ALL.into_iter().find(|role| role.name() == name)
    }

    /// Whether the role counts as part of the sandbox by default: all but shim and other.
    pub fn counts_by_default(self) -> bool {
        !matches!(self, Self::Shim | Self::Other)
    }
}

impl fmt::Display for Role {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str(self.name())
    }
}
