//! System calls: where a capture tells of them, and their names.

use std::collections::HashMap;

use hap_ftrace::Kallsyms;

use super::name_pattern::NamePattern;
use super::timeline::{NO_SYSCALL, SyscallId};

/// What tells that a thread enters or leaves a system call.
#[derive(Clone, Debug)]
pub(crate) enum SyscallSource {
    /// The events `sys_enter` and `sys_exit`.
    RawSyscalls,
    /// The entry functions of system calls (`__x64_sys_read`), and the functions on the way back to user space.
    EntryFunctions(EntryFunctions),
}

/// Prefixes of system-call entry functions. An `ia32` entry is a call of a 32-bit program.
const ENTRY_PREFIXES: [&str; 7] = [
    "__x64_sys_",
    "__arm64_sys_",
    "__ia32_compat_sys_",
    "__ia32_sys_",
    "__arm64_compat_sys_",
    "__s390x_sys_",
    "__riscv_sys_",
];

/// Functions that every system call runs on its way out; an interrupt from user space runs the last one too, outside
/// of any system call.
const EXIT_FUNCTIONS: [&str; 5] = [
    "syscall_exit_to_user_mode_prepare",
    "syscall_exit_work",
    "syscall_return_slowpath",
    "prepare_exit_to_usermode",
    "exit_to_user_mode_prepare",
];

/// System calls whose entry function has another name.
const RENAMED: [(&str, &str); 6] = [
    ("newstat", "stat"),
    ("newfstat", "fstat"),
    ("newlstat", "lstat"),
    ("newuname", "uname"),
    ("umount", "umount2"),
    ("sendfile64", "sendfile"),
];

/// Addresses of the functions that tell of system calls.
#[derive(Clone, Debug, Default)]
pub(crate) struct EntryFunctions {
    states: HashMap<u64, SyscallId>,
    names: Vec<String>,
}

impl EntryFunctions {
    /// Finds them in kallsyms, under any of the names that share an address.
    pub(crate) fn find(kallsyms: &Kallsyms) -> Self {
        let exits = EXIT_FUNCTIONS.map(NamePattern::parse);
        let mut found = Self::default();
        for symbol in kallsyms.symbols().filter(|symbol| symbol.is_text() && symbol.module.is_none()) {
            if let Some(name) = entry_name(symbol.name) {
                found.insert(symbol.address, name);
            } else if exits.iter().any(|exit| exit.matches(symbol.name)) {
                found.states.insert(symbol.address, NO_SYSCALL);
            }
        }
        found
    }

    fn insert(&mut self, address: u64, name: &str) {
        let known = self.names.iter().position(|known| known == name).unwrap_or_else(|| {
            self.names.push(name.to_owned());
            self.names.len() - 1
        });
        if let Ok(id) = SyscallId::try_from(known) {
            self.states.entry(address).or_insert(id);
        }
    }

    /// The state that a function starting at `address` brings: a system call, [`NO_SYSCALL`], or none of both.
    pub(crate) fn state(&self, address: u64) -> Option<SyscallId> {
        self.states.get(&address).copied()
    }
}

/// Whether a function is the entry of a system call.
pub(crate) fn is_entry_function(function: &str) -> bool {
    entry_name(function).is_some()
}

fn entry_name(symbol: &str) -> Option<&str> {
    let name = ENTRY_PREFIXES.iter().find_map(|prefix| symbol.strip_prefix(prefix))?;
    Some(RENAMED.iter().find(|(function, _)| *function == name).map_or(name, |(_, call)| call))
}

/// Names of system calls by [`SyscallId`].
#[derive(Clone, Debug)]
pub(crate) enum SyscallNames {
    /// Ids are numbers of this machine's table.
    Numbers(Machine),
    /// Ids are indices.
    List(Vec<String>),
}

/// A machine whose table of system calls is known.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(crate) enum Machine {
    X86_64,
    Aarch64,
    Other,
}

impl Machine {
    /// The machine that uname calls so.
    pub(crate) fn from_uname(arch: Option<&str>) -> Self {
        match arch {
            Some("x86_64") => Self::X86_64,
            Some("aarch64") => Self::Aarch64,
            _ => Self::Other,
        }
    }
}

impl SyscallSource {
    /// The names of the ids that this source gives.
    pub(crate) fn names(&self, machine: Machine) -> SyscallNames {
        match self {
            Self::RawSyscalls => SyscallNames::Numbers(machine),
            Self::EntryFunctions(functions) => SyscallNames::List(functions.names.clone()),
        }
    }
}

impl SyscallNames {
    /// The name of a system call; `syscall_N` where the table has none.
    pub(crate) fn name(&self, id: SyscallId) -> Option<String> {
        if id == NO_SYSCALL {
            return None;
        }
        let number = usize::from(id);
        let known = match self {
            Self::List(names) => names.get(number).cloned(),
            Self::Numbers(Machine::X86_64) => ::syscalls::x86_64::Sysno::new(number).map(|call| call.name().to_owned()),
            Self::Numbers(Machine::Aarch64) => {
                ::syscalls::aarch64::Sysno::new(number).map(|call| call.name().to_owned())
            }
            Self::Numbers(Machine::Other) => None,
        };
        Some(known.unwrap_or_else(|| format!("syscall_{number}")))
    }
}

/// The id of a number from a `sys_enter` event; numbers beyond every table share the last id.
pub(crate) fn id_of_number(number: i64) -> SyscallId {
    SyscallId::try_from(number).unwrap_or(NO_SYSCALL).min(NO_SYSCALL - 1)
}

#[cfg(test)]
mod tests {
    use hap_ftrace::Kallsyms;

    use super::{EntryFunctions, Machine, SyscallNames, SyscallSource, id_of_number};
    use crate::runs::timeline::NO_SYSCALL;

    #[test]
    fn numbers_have_the_names_of_their_machine() {
        let name = |machine, id| SyscallNames::Numbers(machine).name(id);
        assert_eq!(name(Machine::X86_64, 232).as_deref(), Some("epoll_wait"));
        assert_eq!(name(Machine::Aarch64, 63).as_deref(), Some("read"));
        assert_eq!(name(Machine::X86_64, 5000).as_deref(), Some("syscall_5000"));
        assert_eq!(name(Machine::Other, 1).as_deref(), Some("syscall_1"));
        assert_eq!(name(Machine::X86_64, NO_SYSCALL), None);
    }

    #[test]
    fn numbers_beyond_every_table_share_an_id_that_is_a_system_call() {
        assert_eq!(
            [0, 65_533, 65_534, 65_535, i64::MAX, -1].map(id_of_number),
            [0, 65_533, 65_534, 65_534, 65_534, 65_534]
        );
    }

    #[test]
    fn entry_functions_are_found_under_every_alias_and_renamed_ones_have_the_name_of_the_call() {
        let text =
            b"0000000000001000 T __do_sys_getpid\n0000000000001000 T __x64_sys_getpid\n0000000000001000 T _text\n\
                     0000000000002000 T __x64_sys_newfstat\n0000000000003000 t syscall_exit_to_user_mode_prepare\n";
        let functions = EntryFunctions::find(&Kallsyms::parse(text).unwrap());
        let names = SyscallSource::EntryFunctions(functions.clone()).names(Machine::Other);
        let name = |address| functions.state(address).map(|id| names.name(id));
        assert_eq!(name(0x1000), Some(Some("getpid".to_owned())));
        assert_eq!(name(0x2000), Some(Some("fstat".to_owned())));
        assert_eq!((name(0x3000), name(0x4000)), (Some(None), None));
    }
}
