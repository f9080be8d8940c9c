//! What a run tells of its kernel and its machine.

use hap_ftrace::{Kallsyms, Modules, Texts};
use hap_schemas::{HostInfo, KernelInfo, ModuleInfo, RunJson};
use rustix::system::uname;

use crate::host::Host;
use crate::sandbox::cgroup_version;
use crate::tracefs::add_late_symbols;

/// Type of the ELF note that holds the build id.
const BUILD_ID: u32 = 3;

/// The kernel. Modules are those of `/proc/modules`; one whose address is hidden is left out.
pub fn kernel_info(host: &Host, kallsyms: &[u8], modules: Option<&[u8]>) -> KernelInfo {
    let modules = modules.and_then(|text| Modules::parse(text).ok()).unwrap_or_default();
    let module = |module: &hap_ftrace::Module| {
        Some(ModuleInfo { name: module.name.clone(), text_base: module.address?, size: module.size })
    };
    KernelInfo {
        release: host.text("proc/sys/kernel/osrelease"),
        version: host.text("proc/sys/kernel/version"),
        build_id: host.read("sys/kernel/notes").ok().and_then(|notes| build_id(&notes)),
        arch: Some(uname().machine().to_string_lossy().into_owned()),
        cmdline: host.text("proc/cmdline"),
        page_size: u32::try_from(rustix::param::page_size()).ok(),
        text_base: Kallsyms::parse(kallsyms).ok().and_then(|symbols| symbols.text_base()),
        modules: modules.iter().filter_map(module).collect(),
    }
}

/// Takes in what the kernel has loaded since the texts were read: its symbols, and the modules of the run.
pub fn take_late_symbols(host: &Host, texts: &mut Texts, run: &mut RunJson) {
    if add_late_symbols(host, texts) {
        run.kernel = Some(kernel_info(host, &texts.kallsyms, texts.modules.as_deref()));
    }
}

/// System, host, release and machine with blanks between, as trace.dat has it.
pub fn uname_text() -> String {
    let uname = uname();
    let words = [uname.sysname(), uname.nodename(), uname.release(), uname.machine()];
    words.map(|word| word.to_string_lossy().into_owned()).join(" ")
}

/// The machine.
pub fn host_info(host: &Host) -> HostInfo {
    let value = |file: &str, key: &str| -> Option<String> {
        let text = host.text(file)?;
        let line = text.lines().find(|line| line.starts_with(key))?;
        Some(line.split_once(':')?.1.trim().to_owned())
    };
    let kib = value("proc/meminfo", "MemTotal").and_then(|text| text.strip_suffix(" kB")?.parse::<u64>().ok());
    HostInfo {
        cpus: host.online_cpus().len() as u32,
        cpu_model: value("proc/cpuinfo", "model name"),
        memory: kib.and_then(|kib| kib.checked_mul(1024)),
        cgroup_version: cgroup_version(host),
    }
}

/// The build id in ELF notes, in hexadecimal.
fn build_id(mut notes: &[u8]) -> Option<String> {
    loop {
        let (name_size, rest) = word(notes)?;
        let (size, rest) = word(rest)?;
        let (kind, rest) = word(rest)?;
        let (name, rest) = split_padded(rest, name_size)?;
        let (description, rest) = split_padded(rest, size)?;
        if kind == BUILD_ID && name == b"GNU\0" {
            let digits: Vec<_> = description.iter().map(|byte| format!("{byte:02x}")).collect();
            return Some(digits.concat());
        }
        notes = rest;
    }
}

/// A word of the machine's byte order, and what follows it.
fn word(bytes: &[u8]) -> Option<(u32, &[u8])> {
    let (word, rest) = bytes.split_first_chunk()?;
    Some((u32::from_ne_bytes(*word), rest))
}

/// Bytes padded to a multiple of four.
fn split_padded(bytes: &[u8], size: u32) -> Option<(&[u8], &[u8])> {
    let size = size as usize;
    let (front, _) = bytes.split_at_checked(size)?;
    Some((front, bytes.get(size.checked_next_multiple_of(4)?..).unwrap_or(&[])))
}

#[cfg(test)]
mod tests {
    use super::{build_id, host_info, kernel_info};
    use crate::process::fixture::Tree;

    const NOTES: &[u8] = include_bytes!("../../../data/captures/kernel/notes");

    #[test]
    fn the_build_id_is_that_of_the_kernels_notes() {
        assert_eq!(build_id(NOTES).unwrap().len(), 40);
        assert_eq!(build_id(&NOTES[..20]), None);
        assert_eq!(build_id(&[255; 64]), None);
    }

    #[test]
    fn kernel_and_machine_are_described_by_proc() {
        let tree = Tree::new();
        tree.write("proc/sys/kernel/osrelease", "6.1.0-56-cloud-amd64\n");
        tree.write("proc/meminfo", "MemTotal:        6094848 kB\nMemFree: 1 kB\n");
        tree.write("proc/cpuinfo", "processor\t: 0\nmodel name\t: AMD EPYC\n");
        tree.write("sys/devices/system/cpu/online", "0-1\n");
        let symbols = b"ffffffff81000000 T _text\nffffffff81000100 T a\nffffffff81000200 T _etext\n";
        let kernel = kernel_info(&tree.host(), symbols, Some(b"tun 61440 2 - Live 0xffffffffc0400000\n"));
        assert_eq!(kernel.release.as_deref(), Some("6.1.0-56-cloud-amd64"));
        assert_eq!(kernel.text_base, Some(0xffff_ffff_8100_0000));
        assert_eq!((kernel.modules[0].name.as_str(), kernel.modules[0].size), ("tun", 61_440));
        let machine = host_info(&tree.host());
        assert_eq!((machine.cpus, machine.memory), (2, Some(6_094_848 * 1024)));
        assert_eq!(machine.cpu_model.as_deref(), Some("AMD EPYC"));
    }
}
