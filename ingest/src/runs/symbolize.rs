//! Call sites to functions: (module, image-relative address), name, interrupt entry.

use std::collections::HashMap;

use hap_ftrace::Kallsyms;
use hap_schemas::Context;

use super::interrupt_entries::InterruptEntries;

/// Module of the kernel image.
pub(crate) const VMLINUX: &str = "vmlinux";
/// Module of a call site that no symbol contains.
pub(crate) const UNKNOWN: &str = "unknown";

/// A call site (`fentry`) is where a function starts, or a few bytes behind it (ENDBR, BTI).
const MAX_FENTRY_OFFSET: u64 = 32;

/// Index of a [`Site`].
pub(crate) type SiteId = u32;

/// A function of the measured kernel, or a call site outside of all of them.
#[derive(Clone, Debug, PartialEq, Eq)]
pub(crate) struct Site {
    /// `vmlinux`, a module, or `unknown`.
    pub(crate) module: String,
    /// Image-relative address of the symbol, or the call site itself.
    pub(crate) address: i64,
    /// Name, as `trace-cmd report` prints it.
    pub(crate) function: Option<String>,
    /// The context that the function enters, if it is an interrupt entry.
    pub(crate) enters: Option<Context>,
    /// The lowest call site seen: names of aliases depend on the call site.
    ip: u64,
}

impl Site {
    /// What identifies the function, over boots and hosts.
    pub(crate) fn key(&self) -> (&str, i64) {
        (&self.module, self.address)
    }
}

/// Finds and numbers functions.
#[derive(Debug)]
pub(crate) struct Symbolizer<'a> {
    kallsyms: &'a Kallsyms,
    interrupt_entries: InterruptEntries,
    bases: HashMap<String, u64>,
    by_ip: HashMap<u64, SiteId>,
    by_key: HashMap<(String, i64), SiteId>,
    sites: Vec<Site>,
    /// Call sites that lie at no function's start.
    off_start: usize,
}

impl<'a> Symbolizer<'a> {
    pub(crate) fn new(kallsyms: &'a Kallsyms) -> Self {
        let mut bases: HashMap<String, u64> = HashMap::new();
        for module in kallsyms.modules() {
            if let Some(base) = kallsyms.module_text_base(module) {
                bases.insert(module.to_owned(), base);
            }
        }
        bases.insert(VMLINUX.to_owned(), kallsyms.text_base().unwrap_or(0));
        Self {
            kallsyms,
            interrupt_entries: InterruptEntries::bundled(),
            bases,
            by_ip: HashMap::new(),
            by_key: HashMap::new(),
            sites: Vec::new(),
            off_start: 0,
        }
    }

    /// The function that contains a call site.
    pub(crate) fn site(&mut self, ip: u64) -> SiteId {
        if let Some(&site) = self.by_ip.get(&ip) {
            return site;
        }
        let site = self.resolve(ip);
        let key = (site.module.clone(), site.address);
        let id = if let Some(&id) = self.by_key.get(&key) {
            self.prefer(id, site);
            id
        } else {
            let id = self.sites.len() as SiteId;
            self.by_key.insert(key, id);
            self.sites.push(site);
            id
        };
        self.by_ip.insert(ip, id);
        id
    }

    /// What a number stands for.
    pub(crate) fn get(&self, id: SiteId) -> Option<&Site> {
        self.sites.get(id as usize)
    }

    /// Call sites that lie at no function's start, and all call sites.
    pub(crate) fn call_sites(&self) -> (usize, usize) {
        (self.off_start, self.by_ip.len())
    }

    /// Every function found so far.
    pub(crate) fn sites(&self) -> &[Site] {
        &self.sites
    }

    fn resolve(&mut self, ip: u64) -> Site {
        let Some(symbol) = self.kallsyms.symbol_containing(ip) else {
            self.off_start += 1;
            return Site { module: UNKNOWN.to_owned(), address: ip as i64, function: None, enters: None, ip };
        };
        self.off_start += usize::from(ip - symbol.address > MAX_FENTRY_OFFSET);
        let name = self.kallsyms.trace_cmd_name(ip).unwrap_or(symbol.name);
        let module = symbol.module.unwrap_or(VMLINUX);
        let base = self.bases.get(module).copied().unwrap_or(0);
        Site {
            module: module.to_owned(),
            address: symbol.address.wrapping_sub(base) as i64,
            function: Some(name.to_owned()),
            enters: self.interrupt_entries.context_of(name).or_else(|| self.interrupt_entries.context_of(symbol.name)),
            ip,
        }
    }

    /// Of two call sites in one function the lower one names it, whichever came first.
    fn prefer(&mut self, id: SiteId, site: Site) {
        if let Some(known) = self.sites.get_mut(id as usize)
            && site.ip < known.ip
        {
            *known = site;
        }
    }
}

#[cfg(test)]
mod tests {
    use hap_ftrace::Kallsyms;
    use hap_schemas::Context;

    use super::{Site, Symbolizer};

    const TEXT: &[u8] = b"ffffffff81000000 T _text\nffffffff81000000 T _stext\nffffffff81000100 t twin\n\
        ffffffff81000200 t twin\nffffffff81000300 T irq_enter_rcu\nffffffff81001000 T _etext\n\
        ffffffffc0501010 t open\t[tun]\nffffffffc0501200 t close\t[tun]\nffffffffc0501300 d data\t[tun]\n";

    fn sites(ips: &[u64]) -> Vec<Site> {
        let kallsyms = Kallsyms::parse(TEXT).unwrap();
        let mut symbolizer = Symbolizer::new(&kallsyms);
        for &ip in ips {
            symbolizer.site(ip);
        }
        symbolizer.sites().to_vec()
    }

    fn site(module: &str, address: i64, function: Option<&str>, ip: u64) -> Site {
        Site { module: module.into(), address, function: function.map(Into::into), enters: None, ip }
    }

    #[test]
    fn trap_10_the_call_site_belongs_to_the_symbol_that_contains_it() {
        let expected = [site("vmlinux", 0x100, Some("twin"), 0xffff_ffff_8100_0100)];
        assert_eq!(sites(&[0xffff_ffff_8100_0104, 0xffff_ffff_8100_0100]), expected);
    }

    #[test]
    fn two_symbols_of_one_name_stay_two() {
        let found = sites(&[0xffff_ffff_8100_0100, 0xffff_ffff_8100_0200]);
        assert_eq!(found.iter().map(|site| site.address).collect::<Vec<_>>(), [0x100, 0x200]);
    }

    #[test]
    fn trap_13_module_addresses_count_from_the_page_of_the_lowest_text_symbol() {
        let expected = [site("tun", 0x200, Some("close"), 0xffff_ffff_c050_1204)];
        assert_eq!(sites(&[0xffff_ffff_c050_1204]), expected);
    }

    #[test]
    fn an_address_outside_of_all_symbols_keeps_its_value_and_gets_no_name() {
        assert_eq!(sites(&[0x1234]), [site("unknown", 0x1234, None, 0x1234)]);
    }

    #[test]
    fn an_interrupt_entry_is_known_as_one() {
        assert_eq!(sites(&[0xffff_ffff_8100_0300])[0].enters, Some(Context::Hardirq));
    }
}
