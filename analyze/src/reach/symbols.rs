//! Function symbols as numbers.

use std::sync::{Mutex, PoisonError};

use foldhash::{HashMap, HashMapExt};
use polars::prelude::*;

use crate::Result;

/// A function symbol.
#[derive(Clone, Debug, PartialEq, Eq, PartialOrd, Ord)]
pub struct Symbol {
    /// Its module.
    pub module: String,
    /// Its image-relative address.
    pub address: i64,
    /// Its name; none where no symbol contains the address.
    pub name: Option<String>,
}

/// The source function of each symbol of a kernel.
#[derive(Clone, Debug, Default)]
pub(crate) struct SourceAddresses {
    modules: HashMap<String, HashMap<i64, i64>>,
}

impl SourceAddresses {
    /// From a kernel's functions: module, address, source_address.
    pub(crate) fn new(kernel_functions: LazyFrame) -> Result<Self> {
        let frame = kernel_functions.select(["module", "address", "source_address"].map(col)).collect()?;
        let (modules, addresses) = (frame.column("module")?.str()?, frame.column("address")?.i64()?);
        let sources = frame.column("source_address")?.i64()?;
        let mut found = Self::default();
        for ((module, address), source) in modules.iter().zip(addresses.iter()).zip(sources.iter()) {
            if let (Some(module), Some(address), Some(source)) = (module, address, source) {
                if !found.modules.contains_key(module) {
                    found.modules.insert(module.to_owned(), HashMap::new());
                }
                found.modules.get_mut(module).and_then(|addresses| addresses.insert(address, source));
            }
        }
        Ok(found)
    }

    /// Address of the source function; that of the symbol where the kernel table does not have it.
    pub(crate) fn source(&self, module: &str, address: i64) -> i64 {
        self.modules.get(module).and_then(|addresses| addresses.get(&address)).copied().unwrap_or(address)
    }
}

/// Numbers for the symbols of one run, in the order of their first row.
#[derive(Debug, Default)]
pub(super) struct LocalSymbols {
    modules: HashMap<String, u32>,
    numbers: HashMap<(u32, i64), u32>,
    symbols: Vec<Symbol>,
}

impl LocalSymbols {
    /// The number of a symbol, given one if it is new.
    pub(super) fn number(&mut self, module: &str, address: i64, name: Option<&str>) -> u32 {
        let key = (self.module(module), address);
        if let Some(number) = self.numbers.get(&key) {
            let number = *number;
            self.rename(number, name);
            return number;
        }
        let number = self.symbols.len() as u32;
        self.numbers.insert(key, number);
        self.symbols.push(Symbol { module: module.to_owned(), address, name: name.map(str::to_owned) });
        number
    }

    /// The number of a symbol that has one.
    pub(super) fn find(&self, module: &str, address: i64) -> Option<u32> {
        self.numbers.get(&(*self.modules.get(module)?, address)).copied()
    }

    /// The symbols so far, by number.
    pub(super) fn all(&self) -> &[Symbol] {
        &self.symbols
    }

    /// The symbols by number.
    pub(super) fn symbols(self) -> Vec<Symbol> {
        self.symbols
    }

    /// One address has the least of its names, so that the order of the rows does not matter.
    fn rename(&mut self, number: u32, name: Option<&str>) {
        let Some(symbol) = self.symbols.get_mut(number as usize) else { return };
        if let Some(name) = name
            && symbol.name.as_deref().is_none_or(|known| name < known)
        {
            symbol.name = Some(name.to_owned());
        }
    }

    fn module(&mut self, module: &str) -> u32 {
        if let Some(number) = self.modules.get(module) {
            return *number;
        }
        let number = self.modules.len() as u32;
        self.modules.insert(module.to_owned(), number);
        number
    }
}

/// Numbers for the symbols of all runs, given while these are read side by side.
#[derive(Debug, Default)]
pub(super) struct SharedSymbols {
    all: Mutex<LocalSymbols>,
}

impl SharedSymbols {
    /// The shared number of each symbol of a run, by its own number.
    pub(super) fn numbers(&self, local: &[Symbol]) -> Vec<u32> {
        let mut all = self.all.lock().unwrap_or_else(PoisonError::into_inner);
        local.iter().map(|symbol| all.number(&symbol.module, symbol.address, symbol.name.as_deref())).collect()
    }

    /// The symbols in the order of module and address, and the place there of each shared number: that does not depend on
    /// which run came first.
    pub(super) fn sorted(self) -> (Vec<Symbol>, Vec<u32>) {
        let all = self.all.into_inner().unwrap_or_else(PoisonError::into_inner);
        let mut symbols: Vec<(Symbol, usize)> = all.symbols().into_iter().zip(0..).collect();
        symbols.sort_unstable();
        let mut places = vec![0; symbols.len()];
        for (place, (_, number)) in (0_u32..).zip(&symbols) {
            if let Some(found) = places.get_mut(*number) {
                *found = place;
            }
        }
        (symbols.into_iter().map(|(symbol, _)| symbol).collect(), places)
    }
}

#[cfg(test)]
mod tests {
    use super::{LocalSymbols, SharedSymbols, SourceAddresses, Symbol};
    use polars::prelude::*;

    fn symbol(module: &str, address: i64, name: Option<&str>) -> Symbol {
        Symbol { module: module.to_owned(), address, name: name.map(str::to_owned) }
    }

    #[test]
    fn an_address_with_two_names_is_one_symbol_with_the_least_name() {
        let mut local = LocalSymbols::default();
        let numbers = [("vmlinux", 5, Some("b")), ("kvm", 5, None), ("vmlinux", 5, Some("a"))];
        let numbers = numbers.map(|(module, address, name)| local.number(module, address, name));
        assert_eq!((numbers, local.find("kvm", 5), local.find("kvm", 6)), ([0, 1, 0], Some(1), None));
        assert_eq!(local.symbols(), [symbol("vmlinux", 5, Some("a")), symbol("kvm", 5, None)]);
    }

    #[test]
    fn runs_share_one_numbering_by_module_and_address() {
        let shared = SharedSymbols::default();
        let first = shared.numbers(&[symbol("vmlinux", 9, Some("z")), symbol("kvm", 1, Some("k"))]);
        let second = shared.numbers(&[symbol("vmlinux", 2, None), symbol("vmlinux", 9, Some("y"))]);
        let (symbols, places) = shared.sorted();
        let expected = [symbol("kvm", 1, Some("k")), symbol("vmlinux", 2, None), symbol("vmlinux", 9, Some("y"))];
        let place = |numbers: Vec<u32>| numbers.into_iter().map(|number| places[number as usize]).collect::<Vec<_>>();
        assert_eq!((symbols, place(first), place(second)), (expected.to_vec(), vec![2, 0], vec![1, 2]));
    }

    #[test]
    fn a_clone_has_the_address_of_its_source_function_in_its_own_module() {
        let functions = df!(
            "module" => ["vmlinux", "vmlinux"], "address" => [100_i64, 500], "source_address" => [100_i64, 100],
        );
        let sources = SourceAddresses::new(functions.unwrap().lazy()).unwrap();
        assert_eq!([("vmlinux", 500), ("vmlinux", 7), ("kvm", 500)].map(|(m, a)| sources.source(m, a)), [100, 7, 500]);
    }
}
