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
    /// Reads the text. Lines of another shape are skipped (scripts leave such: a bundled one starts with a line `0`),
    /// but a text that has no line of the right shape is refused.
    pub fn parse(text: &[u8]) -> Result<Self> {
        let text = text.trim_ascii_end();
        let modules = text.split(|&byte| byte == b'\n').filter_map(parse_line);
        let all: Self = modules.collect();
        if all.by_name.is_empty() && !text.is_empty() {
            return Err(malformed(text));
        }
        Ok(all)
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

impl FromIterator<Module> for Modules {
    fn from_iter<I: IntoIterator<Item = Module>>(modules: I) -> Self {
        Self { by_name: modules.into_iter().map(|module| (module.name.clone(), module)).collect() }
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

fn malformed(text: &[u8]) -> Error {
    const SHOWN: usize = 80;
    let shown = text.get(..text.len().min(SHOWN)).unwrap_or(text);
    let detail = format!("no line of /proc/modules in {:?}", String::from_utf8_lossy(shown));
    Error::Malformed { what: "modules", offset: 0, detail }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_line_gives_name_size_and_address_with_or_without_taints() {
        let modules =
            Modules::parse(b"0\nkvm 1146880 1 kvm_amd, Live 0xffffffffc0583000 (OE)\nstp 16384 0 - Live 0x10\n");
        let modules = modules.unwrap();
        let kvm = modules.get("kvm").unwrap();
        assert_eq!((kvm.size, kvm.range()), (1_146_880, Some((0xffff_ffff_c058_3000, 0xffff_ffff_c069_b000))));
        assert_eq!(modules.iter().map(|module| module.name.as_str()).collect::<Vec<_>>(), ["kvm", "stp"]);
    }

    #[test]
    fn hidden_addresses_are_none_and_a_range_never_overflows() {
        let modules = Modules::parse(b"a 1 0 - Live 0x0000000000000000\nb 2 0 - Live 0xffffffffffffffff\n").unwrap();
        assert_eq!(modules.get("a").unwrap().address, None);
        assert_eq!(modules.get("b").unwrap().range(), None);
    }

    #[test]
    fn a_text_without_any_module_is_refused_but_an_empty_one_is_a_kernel_without_modules() {
        assert!(Modules::parse(b"not a module\n").is_err());
        assert_eq!(Modules::parse(b"\n").unwrap(), Modules::default());
    }
}
