//! Symbols of modules that were loaded while the recording ran: what a sandbox asks for can make the kernel load some.

use std::collections::HashSet;

use hap_ftrace::{Modules, Texts};

use super::texts::hides_addresses;
use crate::host::Host;

/// Adds what `/proc/kallsyms` and `/proc/modules` have got since the texts were read. Modules that are gone since keep their
/// symbols, unless others lie where they were. Gives whether the symbols are others now.
pub fn add_late_symbols(host: &Host, texts: &mut Texts) -> bool {
    let (Ok(kallsyms), Ok(modules)) = (host.read("proc/kallsyms"), host.read("proc/modules")) else { return false };
    let Ok(loaded) = Modules::parse(&modules) else { return false };
    if kallsyms == texts.kallsyms || hides_addresses(&kallsyms) {
        return false;
    }
    texts.kallsyms = joined(kallsyms, &texts.kallsyms, |line| symbol_is_gone(line, &loaded));
    let before = texts.modules.take().unwrap_or_default();
    texts.modules = Some(joined(modules, &before, |line| module_is_gone(line, &loaded)));
    true
}

/// The text of now, and behind it the lines of before that are not in it and that are wanted.
fn joined(now: Vec<u8>, before: &[u8], is_wanted: impl Fn(&str) -> bool) -> Vec<u8> {
    let known: HashSet<&[u8]> = lines(&now).collect();
    let is_kept = |line: &&[u8]| !known.contains(line) && std::str::from_utf8(line).is_ok_and(&is_wanted);
    let kept: Vec<u8> = lines(before).filter(is_kept).flat_map(|line| [line, b"\n"].concat()).collect();
    let mut all = now;
    all.extend(kept);
    all
}

fn lines(text: &[u8]) -> impl Iterator<Item = &[u8]> {
    text.split(|&byte| byte == b'\n').filter(|line| !line.is_empty())
}

/// `ADDRESS TYPE NAME\t[MODULE]`: whether its module is gone, and its place is free.
fn symbol_is_gone(line: &str, loaded: &Modules) -> bool {
    let Some((symbol, module)) = line.split_once('\t') else { return false };
    let address = symbol.split(' ').next().and_then(|address| u64::from_str_radix(address, 16).ok());
    is_gone(module.trim_matches(['[', ']']), address, loaded)
}

/// A line of `/proc/modules`: the same of the module itself.
fn module_is_gone(line: &str, loaded: &Modules) -> bool {
    let Ok(modules) = Modules::parse(line.as_bytes()) else { return false };
    modules.iter().all(|module| is_gone(&module.name, module.address, loaded))
}

/// Whether the module of that name is gone, and no other lies at the address.
fn is_gone(name: &str, address: Option<u64>, loaded: &Modules) -> bool {
    let is_free = |address: u64| {
        loaded.iter().filter_map(hap_ftrace::Module::range).all(|(start, end)| !(start..end).contains(&address))
    };
    loaded.get(name).is_none() && address.is_some_and(is_free)
}

#[cfg(test)]
mod tests {
    use hap_ftrace::Texts;

    use super::add_late_symbols;
    use crate::process::fixture::Tree;

    const BEFORE: &str = "ffffffff81000000 T _text
ffffffffc0001000 t gone_function\t[gone]
ffffffffc0003000 t replaced_function\t[replaced]
ffffffffc0002000 t old_place\t[moved]
ffffffffc0000000 t kept_function\t[kept]
";
    const BEFORE_MODULES: &str = "gone 4096 0 - Live 0xffffffffc0001000
replaced 4096 0 - Live 0xffffffffc0003000
moved 4096 0 - Live 0xffffffffc0002000
kept 4096 0 - Live 0xffffffffc0000000
";
    const NOW: &str = "ffffffff81000000 T _text
ffffffffc0000000 t kept_function\t[kept]
ffffffffc0003000 t new_function\t[new]
ffffffffc0008000 t old_place\t[moved]
";
    const NOW_MODULES: &str = "new 4096 0 - Live 0xffffffffc0003000
moved 4096 0 - Live 0xffffffffc0008000
kept 4096 0 - Live 0xffffffffc0000000
";

    fn texts_of_before() -> Texts {
        Texts { kallsyms: BEFORE.into(), modules: Some(BEFORE_MODULES.into()), ..Texts::default() }
    }

    #[test]
    fn new_modules_are_added_and_those_that_are_gone_are_kept_where_nothing_is_in_their_place() {
        let tree = Tree::new();
        tree.write("proc/kallsyms", NOW);
        tree.write("proc/modules", NOW_MODULES);
        let mut texts = texts_of_before();
        assert!(add_late_symbols(&tree.host(), &mut texts));
        let kallsyms = format!("{NOW}ffffffffc0001000 t gone_function\t[gone]\n");
        assert_eq!(String::from_utf8(texts.kallsyms).unwrap(), kallsyms);
        let modules = format!("{NOW_MODULES}gone 4096 0 - Live 0xffffffffc0001000\n");
        assert_eq!(String::from_utf8(texts.modules.unwrap()).unwrap(), modules);
    }

    #[test]
    fn texts_stay_as_they_are_where_the_symbols_cannot_be_read_or_are_the_same() {
        let before = texts_of_before();
        let mut texts = before.clone();
        let tree = Tree::new();
        assert!(!add_late_symbols(&tree.host(), &mut texts));
        tree.write("proc/modules", NOW_MODULES);
        for hidden_or_the_same in ["0000000000000000 T _text\n", BEFORE] {
            tree.write("proc/kallsyms", hidden_or_the_same);
            assert!(!add_late_symbols(&tree.host(), &mut texts));
        }
        assert_eq!((texts.kallsyms, texts.modules), (before.kallsyms, before.modules));
    }
}
