//! The text of `/proc/kallsyms`: which function contains an address.
//!
//! # Which name an address has
//!
//! Several symbols may share an address (`default_idle` and the linker's mark `__cpuidle_text_start`;
//! `__do_sys_getpid` and `__x64_sys_getpid`). The name of an address is the **first text symbol in the order of the
//! file**. The kernel sorts its table so that the most telling name comes first, prints that one itself in stack
//! traces, and `trace-cmd report` prints it for every address behind the start of a symbol.
//!
//! For the very start of a symbol `trace-cmd report` prints whichever alias its binary search meets first. That
//! depends on the number of symbols in the file, so one function has different names in two boots of one kernel
//! (12 of 115 groups of aliases in the bundled captures). [`Kallsyms::trace_cmd_name`] computes that name for
//! comparisons with trace-cmd; it identifies nothing.

use std::collections::BTreeMap;

use crate::error::{Error, Result};
use crate::modules::Modules;

/// Largest text that is accepted: sixty times what a distribution kernel has.
const MAX_TEXT: u64 = 256 << 20;
/// Page size that module addresses are aligned to.
const MODULE_ALIGNMENT: u64 = 4096;
/// How far a symbol reaches when nothing bounds it: no next symbol, no `_etext`, no module size.
const UNBOUNDED_REACH: u64 = 16 << 10;
/// The module number of symbols that belong to no module.
const NO_MODULE: u16 = u16::MAX;
/// Pseudo modules whose symbols are allocated one by one, so that a neighbour bounds nothing.
const SCATTERED_MODULES: [&str; 3] = ["bpf", "__builtin__ftrace", "__builtin__kprobes"];

/// The symbols of one boot of a kernel.
#[derive(Clone, Debug, Default)]
pub struct Kallsyms {
    /// All names, one behind the other.
    names: String,
    /// Sorted by address, aliases in the order of the file; absolute symbols behind all others.
    symbols: Vec<Stored>,
    /// Number of symbols at the front that are no absolute ones.
    mapped: usize,
    modules: Vec<Module>,
    /// The start of each function, sorted by address.
    functions: Vec<Function>,
    marks: Marks,
}

/// One line of kallsyms.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct Symbol<'a> {
    /// Address in that boot.
    pub address: u64,
    /// The kind letter of `nm`: `t` and `T` for code, `d` for data, `A` for absolute and so on.
    pub kind: u8,
    /// Name.
    pub name: &'a str,
    /// Module, without the brackets.
    pub module: Option<&'a str>,
}

impl Symbol<'_> {
    /// Whether the symbol stands for code.
    pub fn is_text(&self) -> bool {
        is_text(self.kind)
    }
}

/// The function that contains an address.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct SymbolRef<'a> {
    /// Where the function starts.
    pub address: u64,
    /// Its name: see the module documentation for aliases.
    pub name: &'a str,
    /// Module, without the brackets.
    pub module: Option<&'a str>,
    /// Place of the symbol in [`Kallsyms::symbols`].
    pub index: u32,
}

#[derive(Clone, Copy, Debug)]
struct Stored {
    address: u64,
    name_start: u32,
    name_length: u16,
    module: u16,
    kind: u8,
}

#[derive(Clone, Debug)]
struct Module {
    name: String,
    scattered: bool,
    /// Lowest text symbol.
    lowest_text: Option<u64>,
    /// Start and end from `/proc/modules`.
    range: Option<(u64, u64)>,
}

/// A distinct address with code behind it.
#[derive(Clone, Copy, Debug)]
struct Function {
    address: u64,
    end: u64,
    symbol: u32,
}

/// The linker's marks around the code of the kernel image.
#[derive(Clone, Copy, Debug, Default)]
struct Marks {
    text: Option<u64>,
    start: Option<u64>,
    end: Option<u64>,
    init_start: Option<u64>,
    init_end: Option<u64>,
}

impl Kallsyms {
    /// Reads the text. Empty text gives an empty table; text in which every address is zero is refused.
    pub fn parse(text: &[u8]) -> Result<Self> {
        Self::parse_with(text, &Modules::default())
    }

    /// Reads the text; `modules` bounds the functions of modules by the sizes in `/proc/modules`.
    pub fn parse_with(text: &[u8], modules: &Modules) -> Result<Self> {
        let size = text.len() as u64;
        if size > MAX_TEXT {
            return Err(Error::TooLarge { what: "kallsyms", offset: 0, size, limit: MAX_TEXT });
        }
        let mut table = Self::default();
        Reader::new(&mut table).read(text)?;
        if !table.symbols.is_empty() && table.symbols.iter().all(|symbol| symbol.address == 0) {
            return Err(Error::RestrictedKallsyms);
        }
        table.symbols.sort_by_key(|symbol| (is_absolute(symbol.kind), symbol.address));
        table.mapped = table.symbols.partition_point(|symbol| !is_absolute(symbol.kind));
        table.find_marks();
        table.learn_modules(modules);
        table.find_functions();
        Ok(table)
    }

    /// The function that contains `ip`: the text symbol with the greatest address up to it, if `ip` lies before that
    /// function's end. The end is the next symbol; in the kernel image it is the next text symbol, at most `_etext` or
    /// `_einittext`; in a module also the end of the module, if known.
    pub fn symbol_containing(&self, ip: u64) -> Option<SymbolRef<'_>> {
        let behind = self.functions.partition_point(|function| function.address <= ip);
        let function = self.functions.get(behind.checked_sub(1)?)?;
        if ip >= function.end {
            return None;
        }
        let stored = self.symbols.get(function.symbol as usize)?;
        let symbol = self.symbol(stored);
        Some(SymbolRef { address: symbol.address, name: symbol.name, module: symbol.module, index: function.symbol })
    }

    /// The name that `trace-cmd report` prints for `ip`: any symbol that is not absolute, found by trace-cmd's binary
    /// search, without bounds. For comparisons only: see the module documentation.
    pub fn trace_cmd_name(&self, ip: u64) -> Option<&str> {
        let mapped = self.symbols.get(..self.mapped)?;
        let first = mapped.partition_point(|symbol| symbol.address < ip);
        let behind = mapped.partition_point(|symbol| symbol.address <= ip);
        let index = if first == behind {
            // Behind the start: the last entry of trace-cmd's table at that address, which is the first of the file.
            // The last address of the table has no next one and is never found.
            let address = mapped.get(first.checked_sub(1)?)?.address;
            mapped.get(behind)?;
            mapped.partition_point(|symbol| symbol.address < address)
        } else {
            // trace-cmd's table holds aliases in reverse order.
            first + behind - 1 - bisect(mapped.len(), first, behind)
        };
        mapped.get(index).map(|symbol| self.symbol(symbol).name)
    }

    /// The address of `_text`, where the kernel image starts.
    pub fn text_base(&self) -> Option<u64> {
        self.marks.text
    }

    /// Where the code of a module starts: its address in `/proc/modules` if the table was read with it, else its
    /// lowest text symbol rounded down to the page.
    pub fn module_text_base(&self, name: &str) -> Option<u64> {
        let module = self.modules.iter().find(|module| module.name == name)?;
        let floor = |address: u64| address / MODULE_ALIGNMENT * MODULE_ALIGNMENT;
        module.range.map(|(start, _)| start).or_else(|| module.lowest_text.map(floor))
    }

    /// The names of all modules, in the order of the file.
    pub fn modules(&self) -> impl Iterator<Item = &str> {
        self.modules.iter().map(|module| module.name.as_str())
    }

    /// All symbols, sorted by address, aliases in the order of the file; absolute symbols come last.
    pub fn symbols(&self) -> impl ExactSizeIterator<Item = Symbol<'_>> {
        self.symbols.iter().map(|stored| self.symbol(stored))
    }

    /// Whether there is no symbol.
    pub fn is_empty(&self) -> bool {
        self.symbols.is_empty()
    }

    fn symbol(&self, stored: &Stored) -> Symbol<'_> {
        let start = stored.name_start as usize;
        Symbol {
            address: stored.address,
            kind: stored.kind,
            name: self.names.get(start..start + usize::from(stored.name_length)).unwrap_or_default(),
            module: self.module(stored).map(|module| module.name.as_str()),
        }
    }

    fn module(&self, stored: &Stored) -> Option<&Module> {
        self.modules.get(usize::from(stored.module))
    }

    fn find_marks(&mut self) {
        let mut marks = Marks::default();
        for symbol in self.symbols().filter(|symbol| symbol.module.is_none()) {
            let mark = match symbol.name {
                "_text" => &mut marks.text,
                "_stext" => &mut marks.start,
                "_etext" => &mut marks.end,
                "_sinittext" => &mut marks.init_start,
                "_einittext" => &mut marks.init_end,
                _ => continue,
            };
            *mark = Some(symbol.address);
        }
        self.marks = marks;
    }

    /// A range in which no function of the module lies is of another boot, and is not taken.
    fn learn_modules(&mut self, modules: &Modules) {
        let range = |name: &str| modules.get(name).and_then(crate::modules::Module::range);
        let ranges: Vec<_> = self.modules.iter().map(|module| range(&module.name)).collect();
        for stored in self.symbols.iter().filter(|stored| is_text(stored.kind)) {
            let place = usize::from(stored.module);
            if let (Some(module), Some(range)) = (self.modules.get_mut(place), ranges.get(place)) {
                module.lowest_text.get_or_insert(stored.address);
                module.range = module.range.or(range.filter(|(start, end)| (start..end).contains(&&stored.address)));
            }
        }
    }

    fn find_functions(&mut self) {
        let mapped = self.symbols.get(..self.mapped).unwrap_or_default();
        let mut functions = Vec::new();
        let mut next = Next::default();
        let mut start = mapped.len();
        for aliases in mapped.chunk_by(|left, right| left.address == right.address).rev() {
            start -= aliases.len();
            let text = aliases.iter().position(|symbol| is_text(symbol.kind) && !self.is_end_mark(symbol));
            if let Some((place, symbol)) = text.and_then(|place| Some((place, aliases.get(place)?))) {
                let end = self.end_of(symbol, &next);
                functions.push(Function { address: symbol.address, end, symbol: (start + place) as u32 });
                next.text = Some(symbol.address);
            }
            next.any = aliases.first().map(|symbol| (symbol.address, symbol.module));
        }
        functions.reverse();
        self.functions = functions;
    }

    /// Whether the code of the kernel image ends there: the marks at such an address (`_etext`,
    /// `__indirect_thunk_end`) are no functions.
    fn is_end_mark(&self, stored: &Stored) -> bool {
        let address = Some(stored.address);
        [self.marks.end, self.marks.init_end].contains(&address) && self.marks.init_start != address
    }

    fn end_of(&self, symbol: &Stored, next: &Next) -> u64 {
        let reach = symbol.address.saturating_add(UNBOUNDED_REACH);
        let (next_address, next_module) = next.any.unwrap_or((u64::MAX, NO_MODULE));
        match self.module(symbol) {
            None => match self.marks.end_behind(symbol.address) {
                // Data marks inside the image's code bound nothing.
                Some(mark) => next.text.map_or(mark, |text| text.min(mark)),
                None => next_address.min(reach),
            },
            Some(module) if module.scattered => next_address.min(reach),
            Some(Module { range: Some((start, end)), .. }) if (*start..*end).contains(&symbol.address) => {
                next_address.min(*end)
            }
            Some(_) if next_module == symbol.module => next_address,
            Some(_) => next_address.min(reach),
        }
    }
}

/// What follows a symbol.
#[derive(Default)]
struct Next {
    any: Option<(u64, u16)>,
    text: Option<u64>,
}

impl Marks {
    /// End of the part of the kernel image's code that holds `address`.
    fn end_behind(&self, address: u64) -> Option<u64> {
        let start = [self.text, self.start].into_iter().flatten().min();
        [(start, self.end), (self.init_start, self.init_end)].into_iter().find_map(|range| match range {
            (Some(start), Some(end)) => (start..end).contains(&address).then_some(end),
            _ => None,
        })
    }
}

/// The place in `first..behind` that a binary search over `0..length` meets first.
fn bisect(length: usize, first: usize, behind: usize) -> usize {
    let (mut low, mut high) = (0, length);
    while low < high {
        let middle = low + (high - low) / 2;
        match middle {
            _ if middle < first => low = middle + 1,
            _ if middle >= behind => high = middle,
            _ => return middle,
        }
    }
    first
}

fn is_text(kind: u8) -> bool {
    matches!(kind, b't' | b'T' | b'w' | b'W')
}

fn is_absolute(kind: u8) -> bool {
    matches!(kind, b'a' | b'A')
}

/// Fills a table line by line.
struct Reader<'t> {
    table: &'t mut Kallsyms,
    numbers: BTreeMap<String, u16>,
    last: (String, u16),
}

impl<'t> Reader<'t> {
    fn new(table: &'t mut Kallsyms) -> Self {
        Self { table, numbers: BTreeMap::new(), last: (String::new(), NO_MODULE) }
    }

    fn read(&mut self, text: &[u8]) -> Result<()> {
        let text = std::str::from_utf8(text).map_err(|error| malformed(error.valid_up_to(), "no UTF-8 text"))?;
        let mut offset = 0;
        for line in text.split_inclusive('\n') {
            let line_offset = offset;
            offset += line.len();
            let line = line.trim_end_matches(['\n', '\0']);
            if !line.is_empty() {
                self.line(line).ok_or_else(|| malformed(line_offset, line))?;
            }
        }
        Ok(())
    }

    /// `ADDRESS KIND NAME`, then a tab and `[MODULE]` for modules. `None` for anything else.
    fn line(&mut self, line: &str) -> Option<()> {
        let (address, rest) = line.split_once(' ')?;
        let (kind, rest) = rest.split_once(' ')?;
        let &[kind] = kind.as_bytes() else { return None };
        let (name, module) = rest.split_once('\t').unwrap_or((rest, ""));
        let address = u64::from_str_radix(address, 16).ok()?;
        // Mapping symbols of ARM mark code and data inside functions; trace-cmd skips them too.
        if name.starts_with('$') {
            return Some(());
        }
        let module = self.module(module)?;
        let table = &mut *self.table;
        let name_start = u32::try_from(table.names.len()).ok()?;
        let name_length = u16::try_from(name.len()).ok()?;
        table.names.push_str(name);
        table.symbols.push(Stored { address, name_start, name_length, module, kind });
        Some(())
    }

    fn module(&mut self, bracketed: &str) -> Option<u16> {
        if bracketed.is_empty() {
            return Some(NO_MODULE);
        }
        if self.last.0 != bracketed {
            let name = bracketed.trim_end().strip_prefix('[')?.strip_suffix(']')?;
            let number = self.module_number(name)?;
            self.last = (bracketed.to_owned(), number);
        }
        Some(self.last.1)
    }

    fn module_number(&mut self, name: &str) -> Option<u16> {
        if let Some(&number) = self.numbers.get(name) {
            return Some(number);
        }
        let number = u16::try_from(self.table.modules.len()).ok().filter(|&number| number != NO_MODULE)?;
        let scattered = SCATTERED_MODULES.contains(&name);
        self.table.modules.push(Module { name: name.to_owned(), scattered, lowest_text: None, range: None });
        self.numbers.insert(name.to_owned(), number);
        Some(number)
    }
}

fn malformed(offset: usize, line: &str) -> Error {
    const SHOWN: usize = 80;
    let detail = format!("no line of kallsyms: {:?}", line.chars().take(SHOWN).collect::<String>());
    Error::Malformed { what: "kallsyms", offset: offset as u64, detail }
}

#[cfg(test)]
mod tests {
    use super::*;

    const KERNEL: &str = "\
0000000000000000 A fixed_percpu_data
0000000000034000 A __per_cpu_end
ffffffff81000000 T startup_64
ffffffff81000000 T _stext
ffffffff81000000 T _text
ffffffff81000200 t static_function
ffffffff81000280 r table_inside_code
ffffffff81000300 W default_idle
ffffffff81000300 T __cpuidle_text_start
ffffffff81000400 T last_function
ffffffff81000500 T _etext
ffffffff81000500 T __indirect_thunk_end
ffffffff81001000 R __start_rodata
ffffffff81002000 T _sinittext
ffffffff81002000 t init_function
ffffffff81002080 T _einittext
";

    fn table(text: &str) -> Kallsyms {
        Kallsyms::parse(text.as_bytes()).unwrap()
    }

    fn name(table: &Kallsyms, ip: u64) -> Option<&str> {
        table.symbol_containing(ip).map(|symbol| symbol.name)
    }

    #[test]
    fn addresses_that_are_all_zero_are_refused_by_name() {
        let text = "0000000000000000 T _text\n0000000000000000 t f\t[m]\n";
        assert_eq!(Kallsyms::parse(text.as_bytes()).unwrap_err(), Error::RestrictedKallsyms);
        assert!(table("").is_empty());
        assert!(table("\0").is_empty());
    }

    #[test]
    fn the_containing_symbol_counts_not_the_exact_one() {
        let kernel = table(KERNEL);
        for (ip, expected) in [(0x200, "static_function"), (0x204, "static_function"), (0x2ff, "static_function")] {
            assert_eq!(name(&kernel, 0xffff_ffff_8100_0000 + ip), Some(expected));
        }
        let found = kernel.symbol_containing(0xffff_ffff_8100_0404).unwrap();
        assert_eq!((found.address, found.module), (0xffff_ffff_8100_0400, None));
        assert_eq!(kernel.symbols().nth(found.index as usize).unwrap().name, "last_function");
    }

    #[test]
    fn of_several_names_of_an_address_the_first_text_symbol_of_the_file_counts() {
        let kernel = table(KERNEL);
        assert_eq!(name(&kernel, 0xffff_ffff_8100_0300), Some("default_idle"));
        assert_eq!(name(&kernel, 0xffff_ffff_8100_0310), Some("default_idle"));
        let data_first = table("ffffffff81000000 d data\nffffffff81000000 t code\nffffffff81000010 t next\n");
        assert_eq!(name(&data_first, 0xffff_ffff_8100_0000), Some("code"));
    }

    #[test]
    fn text_need_not_be_the_first_symbol_nor_the_first_of_its_address() {
        assert_eq!(table(KERNEL).text_base(), Some(0xffff_ffff_8100_0000));
        let low = table("ffffffffa0000000 t f\t[below]\nffffffffa1000000 T x\nffffffffa1000000 T _text\n");
        assert_eq!(low.text_base(), Some(0xffff_ffff_a100_0000));
        assert_eq!(table("ffffffff81000000 t f\n").text_base(), None);
        // A module may have a symbol of that name.
        assert_eq!(table("ffffffff81000000 t _text\t[m]\n").text_base(), None);
    }

    #[test]
    fn data_symbols_are_no_functions_and_bound_no_function_of_the_kernel_image() {
        let kernel = table(KERNEL);
        assert_eq!(name(&kernel, 0xffff_ffff_8100_0290), Some("static_function"));
        assert_eq!(name(&kernel, 0xffff_ffff_8100_1000), None);
        assert_eq!(name(&kernel, 0x34_000), None);
    }

    #[test]
    fn etext_bounds_the_last_function_and_init_code_has_its_own_end() {
        let kernel = table(KERNEL);
        for (ip, expected) in [
            (0x4ff, Some("last_function")),
            (0x500, None),
            (0x600, None),
            (0x2000, Some("_sinittext")),
            (0x207f, Some("_sinittext")),
            (0x2080, None),
        ] {
            assert_eq!(name(&kernel, 0xffff_ffff_8100_0000 + ip), expected, "{ip:#x}");
        }
        assert_eq!(name(&kernel, 0x7fff_0000_1234), None);
        assert_eq!(name(&kernel, u64::MAX), None);
    }

    const MODULES: &str = "\
ffffffffa0000000 T _text
ffffffffa0000000 t kernel_function
ffffffffa0001000 T _etext
ffffffff90002040 t second\t[low]
ffffffff90002010 t first\t[low]
ffffffff90003000 d its_data\t[low]
ffffffff90008000 t alone\t[high]
ffffffff9000f000 t bpf_prog_1\t[bpf]
ffffffff90010000 t ftrace_trampoline\t[__builtin__ftrace]
";

    #[test]
    fn modules_may_lie_below_the_kernel_and_their_lines_need_no_order() {
        let symbols = table(MODULES);
        let found = symbols.symbol_containing(0xffff_ffff_9000_2020).unwrap();
        assert_eq!((found.name, found.module), ("first", Some("low")));
        assert_eq!(symbols.module_text_base("low"), Some(0xffff_ffff_9000_2000));
        assert_eq!(symbols.module_text_base("missing"), None);
        assert_eq!(symbols.modules().collect::<Vec<_>>(), ["low", "high", "bpf", "__builtin__ftrace"]);
    }

    #[test]
    fn an_address_in_a_hole_between_modules_does_not_resolve() {
        let symbols = table(MODULES);
        assert_eq!(name(&symbols, 0xffff_ffff_9000_2fff), Some("second"));
        assert_eq!(name(&symbols, 0xffff_ffff_9000_3000), None);
        assert_eq!(name(&symbols, 0xffff_ffff_9000_7fff), None);
        assert_eq!(name(&symbols, 0xffff_ffff_9000_8000 + UNBOUNDED_REACH - 1), Some("alone"));
        assert_eq!(name(&symbols, 0xffff_ffff_9000_8000 + UNBOUNDED_REACH), None);
    }

    #[test]
    fn bpf_programs_and_trampolines_reach_no_further_than_any_lonely_symbol() {
        let symbols = table(MODULES);
        assert_eq!(name(&symbols, 0xffff_ffff_9000_f010), Some("bpf_prog_1"));
        assert_eq!(name(&symbols, 0xffff_ffff_9001_0010), Some("ftrace_trampoline"));
        assert_eq!(name(&symbols, 0xffff_ffff_9001_0000 + UNBOUNDED_REACH), None);
    }

    #[test]
    fn proc_modules_gives_the_base_and_bounds_the_last_function() {
        let modules = Modules::parse(b"high 8192 0 - Live 0xffffffff90007000 (OE)\nhigh2 1 0 - Live 0x0\n").unwrap();
        let symbols = Kallsyms::parse_with(MODULES.as_bytes(), &modules).unwrap();
        assert_eq!(symbols.module_text_base("high"), Some(0xffff_ffff_9000_7000));
        let other_boot = Modules::parse(b"high 4096 0 - Live 0xffffffffa0007000\n").unwrap();
        let symbols = Kallsyms::parse_with(MODULES.as_bytes(), &other_boot).unwrap();
        assert_eq!(
            symbols.module_text_base("high"),
            Kallsyms::parse(MODULES.as_bytes()).unwrap().module_text_base("high")
        );
        let modules = Modules::parse(b"high 256 0 - Live 0xffffffff90008000\n").unwrap();
        let symbols = Kallsyms::parse_with(MODULES.as_bytes(), &modules).unwrap();
        assert_eq!(name(&symbols, 0xffff_ffff_9000_80ff), Some("alone"));
        assert_eq!(name(&symbols, 0xffff_ffff_9000_8100), None);
    }

    #[test]
    fn identity_is_module_and_address_since_names_repeat() {
        let symbols = table("ffffffff81000000 t copy\nffffffff81000040 t copy\nffffffffc0000000 t copy\t[m]\n");
        let found: Vec<_> = [0xffff_ffff_8100_0000, 0xffff_ffff_8100_0040, 0xffff_ffff_c000_0000]
            .map(|ip| symbols.symbol_containing(ip).unwrap())
            .map(|symbol| (symbol.name, symbol.address, symbol.module, symbol.index))
            .into();
        assert_eq!(found[0], ("copy", 0xffff_ffff_8100_0000, None, 0));
        assert_eq!(found[1], ("copy", 0xffff_ffff_8100_0040, None, 1));
        assert_eq!(found[2], ("copy", 0xffff_ffff_c000_0000, Some("m"), 2));
    }

    #[test]
    fn clones_keep_their_whole_name() {
        let symbols = table("ffffffff81000000 t f.isra.0.cold\nffffffff81000040 t g\n");
        assert_eq!(name(&symbols, 0xffff_ffff_8100_0000), Some("f.isra.0.cold"));
    }

    #[test]
    fn mapping_symbols_of_arm_are_left_out() {
        let symbols = table("ffff800010000000 t f\nffff800010000010 t $d\nffff800010000040 t g\n");
        assert_eq!(name(&symbols, 0xffff_8000_1000_0020), Some("f"));
        assert_eq!(symbols.symbols().len(), 2);
    }

    #[test]
    fn a_line_of_another_shape_is_an_error_with_its_offset() {
        for line in ["ffffffff81000000 t", "xyz t f", "ffffffff81000000 tt f", "ffffffff81000000 t f\tm", "t"] {
            let text = format!("ffffffff81000000 T ok\n{line}\n");
            let error = Kallsyms::parse(text.as_bytes()).unwrap_err();
            assert!(matches!(error, Error::Malformed { what: "kallsyms", offset: 22, .. }), "{line}: {error}");
        }
        assert!(Kallsyms::parse(b"ffffffff81000000 T \xff\n").is_err());
    }

    #[test]
    fn the_name_that_trace_cmd_prints_is_the_first_hit_of_its_search() {
        // trace-cmd's table: e, d, c, b, a of one address: the middle of five is met first.
        let symbols = table(
            "ffffffff81000000 t a\nffffffff81000000 t b\nffffffff81000000 t c\nffffffff81000000 t d\nffffffff81000000 t e\n",
        );
        assert_eq!(symbols.trace_cmd_name(0xffff_ffff_8100_0000), Some("c"));
        assert_eq!(name(&symbols, 0xffff_ffff_8100_0000), Some("a"));
        // Behind the start there is one answer: the first of the file. The last address bounds the table.
        let kernel = table(KERNEL);
        assert_eq!(kernel.trace_cmd_name(0xffff_ffff_8100_0304), Some("default_idle"));
        assert_eq!(kernel.trace_cmd_name(0xffff_ffff_8100_0284), Some("table_inside_code"));
        assert_eq!(kernel.trace_cmd_name(0xffff_ffff_8100_2081), None);
        assert_eq!(kernel.trace_cmd_name(0x10), None);
    }
}
