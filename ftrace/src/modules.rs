//! The text of `/proc/modules`: where each module lies and how large it is.

use std::collections::BTreeMap;

use crate::error::{Error, Result};

/// The loaded modules.
#[derive(Clone, Debug, Default, PartialEq, Eq)]
pub struct Modules {
    by_name: BTreeMap<String, Module>,
}

/// One line of `/proc/modules`.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Module {
    /// Name.
    pub name: String,
    /// Bytes of code and data.
    pub size: u64,
    /// Where the code starts; `None` when the kernel hid it (all zero, see `kernel.kptr_restrict`).
    pub address: Option<u64>,
}

impl Module {
    /// First address and the address behind the last.
    pub fn range(&self) -> Option<(u64, u64)> {
        let start = self.address?;
        Some((start, start.checked_add(self.size)?))
    }
}

impl Modules {
    /// Reads the text.
    pub fn parse(text: &[u8]) -> Result<Self> {
        let mut by_name = BTreeMap::new();
        let mut offset = 0;
        for line in text.split_inclusive(|&byte| byte == b'\n') {
            let trimmed = line.trim_ascii();
            if !trimmed.is_empty() && trimmed != [0] {
                let module = parse_line(trimmed).ok_or_else(|| malformed(offset, trimmed))?;
                by_name.insert(module.name.clone(), module);
            }
            offset += line.len() as u64;
        }
        Ok(Self { by_name })
    }

    /// The module of that name.
    pub fn get(&self, name: &str) -> Option<&Module> {
        self.by_name.get(name)
    }

    /// All modules, sorted by name.
    pub fn iter(&self) -> impl ExactSizeIterator<Item = &Module> {
        self.by_name.values()
    }
}

/// `NAME SIZE USERS DEPENDENCIES STATE ADDRESS`, then perhaps taints.
fn parse_line(line: &[u8]) -> Option<Module> {
    let mut words = std::str::from_utf8(line).ok()?.trim_end_matches('\0').split_ascii_whitespace();
    let name = words.next()?.to_owned();
    let size = words.next()?.parse().ok()?;
    let address = words.find_map(|word| word.strip_prefix("0x"))?;
    let address = u64::from_str_radix(address, 16).ok()?;
    Some(Module { name, size, address: (address != 0).then_some(address) })
}

fn malformed(offset: u64, line: &[u8]) -> Error {
    let detail = format!("no line of /proc/modules: {:?}", String::from_utf8_lossy(line));
    Error::Malformed { what: "modules", offset, detail }
}
