//! The kernel tables of four boots.

#![cfg(test)]

mod common;

use std::collections::BTreeMap;

use hap_ftrace::{Kallsyms, Modules};

const BOOTS: [&str; 4] = ["7933da16", "9fa7d1c3", "dec1adcf", "ee5d3120"];

fn boot(name: &str) -> (Kallsyms, Modules) {
    let folder = common::captures().join("kernel");
    let kallsyms = common::read_zstd(&folder.join(format!("kallsyms.{name}.zst")));
    let modules = std::fs::read(folder.join(format!("modules.{name}"))).unwrap();
    (Kallsyms::parse(&kallsyms).unwrap(), Modules::parse(&modules).unwrap())
}

#[test]
fn the_lowest_text_symbol_of_a_module_floored_to_the_page_is_its_address_in_proc_modules() {
    for name in BOOTS {
        let (kallsyms, modules) = boot(name);
        let found: BTreeMap<_, _> = kallsyms
            .modules()
            .filter(|module| modules.get(module).is_some())
            .map(|module| (module.to_owned(), kallsyms.module_text_base(module)))
            .collect();
        let expected: BTreeMap<_, _> = modules.iter().map(|module| (module.name.clone(), module.address)).collect();
        assert!(expected.len() > 15);
        assert_eq!(found, expected, "boot {name}");
    }
}

#[test]
fn with_proc_modules_every_function_of_a_module_ends_inside_it() {
    for name in BOOTS {
        let folder = common::captures().join("kernel");
        let text = common::read_zstd(&folder.join(format!("kallsyms.{name}.zst")));
        let (plain, modules) = boot(name);
        let bounded = Kallsyms::parse_with(&text, &modules).unwrap();
        for module in modules.iter() {
            let (start, end) = module.range().unwrap();
            assert_eq!(bounded.module_text_base(&module.name), Some(start));
            assert_eq!(bounded.symbol_containing(end), plain.symbol_containing(end));
            assert!(bounded.symbol_containing(start).is_some());
        }
    }
}

#[test]
fn every_text_symbol_of_a_real_kernel_resolves_to_the_first_name_of_its_address() {
    for name in BOOTS {
        let (kallsyms, _) = boot(name);
        let mut first = BTreeMap::new();
        for (index, symbol) in kallsyms.symbols().enumerate().filter(|(_, symbol)| symbol.is_text()) {
            first.entry(symbol.address).or_insert((index as u32, symbol));
        }
        assert!(first.len() > 50_000);
        let is_end = |name| matches!(name, "_etext" | "_einittext");
        let ends: Vec<_> =
            kallsyms.symbols().filter(|symbol| is_end(symbol.name)).map(|symbol| symbol.address).collect();
        for (&address, (index, symbol)) in &first {
            if ends.contains(&address) {
                continue;
            }
            let found = kallsyms.symbol_containing(address).unwrap();
            assert_eq!(
                (found.address, found.name, found.module, found.index),
                (address, symbol.name, symbol.module, *index)
            );
        }
    }
}

#[test]
fn addresses_of_no_kernel_code_do_not_resolve() {
    for name in BOOTS {
        let (kallsyms, modules) = boot(name);
        let end = kallsyms.symbols().find(|symbol| symbol.name == "_etext").unwrap().address;
        let data = kallsyms.symbols().find(|symbol| symbol.name == "init_task").unwrap().address;
        let lowest = modules.iter().filter_map(|module| module.address).min().unwrap();
        let highest = modules.iter().filter_map(hap_ftrace::Module::range).map(|(_, end)| end).max().unwrap();
        let user = 0x7f12_3456_789a;
        for address in [0, user, u64::MAX, end, end + 0x1000, data, lowest - 1, highest + 0x10_0000] {
            assert_eq!(kallsyms.symbol_containing(address), None, "{address:#x} of boot {name}");
        }
        assert!(kallsyms.symbol_containing(end - 1).is_some());
        assert_eq!(
            kallsyms.text_base(),
            kallsyms.symbols().find(|symbol| symbol.name == "_text").map(|text| text.address)
        );
    }
}

#[test]
fn trace_cmds_name_of_an_alias_differs_between_boots_and_ours_does_not() {
    let [one, other] = ["9fa7d1c3", "ee5d3120"].map(|name| boot(name).0);
    let (mut ours, mut theirs) = (0, 0);
    let slide = one.text_base().unwrap().wrapping_sub(other.text_base().unwrap());
    for symbol in other.symbols().filter(|symbol| symbol.is_text() && symbol.module.is_none()) {
        let moved = symbol.address.wrapping_add(slide);
        let name = |table: &Kallsyms, address| table.symbol_containing(address).map(|found| found.name.to_owned());
        ours += usize::from(name(&one, moved) != name(&other, symbol.address));
        theirs += usize::from(one.trace_cmd_name(moved) != other.trace_cmd_name(symbol.address));
    }
    assert_eq!(ours, 0);
    assert!(theirs > 0);
}
