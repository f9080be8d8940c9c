//! The kernel's texts that a trace.dat carries.

use hap_ftrace::Texts;

use super::Tracefs;
use crate::error::{CaptureError, Result};
use crate::host::Host;

/// Reads the texts. Event formats are those of the systems `ftrace` and of the events given as `system:event`.
///
/// Formats of other events would only make files larger: nothing in the file refers to them.
pub fn read_texts(host: &Host, top: &Tracefs, events: &[String]) -> Result<Texts> {
    let kallsyms = host.read("proc/kallsyms")?;
    if hides_addresses(&kallsyms) {
        return Err(CaptureError::HiddenSymbols);
    }
    Ok(Texts {
        header_page: top.bytes("events/header_page")?,
        header_event: top.bytes("events/header_event")?,
        ftrace_formats: ftrace_formats(top)?,
        event_formats: event_formats(top, events)?,
        kallsyms,
        printk: top.bytes("printk_formats").unwrap_or_default(),
        modules: host.read("proc/modules").ok(),
        ..Texts::default()
    })
}

fn ftrace_formats(top: &Tracefs) -> Result<Vec<Vec<u8>>> {
    let events = top.entries("events/ftrace")?;
    let formats = events.iter().map(|event| format!("events/ftrace/{event}/format"));
    formats.filter(|format| top.has(format)).map(|format| top.bytes(format)).collect()
}

fn event_formats(top: &Tracefs, events: &[String]) -> Result<Vec<(String, Vec<u8>)>> {
    let mut names: Vec<_> = events.iter().filter_map(|event| event.split_once(':')).collect();
    names.sort_unstable();
    let format = |&(system, event): &(&str, &str)| {
        Ok((system.to_owned(), top.bytes(format!("events/{system}/{event}/format"))?))
    };
    names.iter().map(format).collect()
}

/// Whether every symbol has the address zero.
pub(super) fn hides_addresses(kallsyms: &[u8]) -> bool {
    let mut lines = kallsyms.split(|&byte| byte == b'\n').filter(|line| !line.is_empty());
    let is_zero = |line: &[u8]| line.iter().take_while(|&&byte| byte != b' ').all(|&byte| byte == b'0');
    lines.all(is_zero)
}

/// Bytes of a sub-buffer of an instance: where its records start and how many bytes they may take.
pub fn sub_buffer_size(instance: &Tracefs, header_page: &[u8]) -> Result<u32> {
    if let Ok(kib) = instance.text("buffer_subbuf_size_kb")
        && let Some(size) = kib.parse::<u32>().ok().and_then(|kib| kib.checked_mul(1024)).filter(|&size| size > 0)
    {
        return Ok(size);
    }
    let text = String::from_utf8_lossy(header_page);
    let data = text.lines().find(|line| line.contains("char data;"));
    let number = |key: &str| -> Option<u32> { data?.split(key).nth(1)?.split(';').next()?.trim().parse().ok() };
    let size = number("offset:").zip(number("size:")).and_then(|(offset, size)| offset.checked_add(size));
    size.filter(|&size| size >= 1024).ok_or_else(|| {
        CaptureError::malformed(&instance.path("events/header_page"), "it does not tell the size of a sub-buffer")
    })
}

/// Thread names that the kernel has saved: lines `PID NAME`.
pub(crate) fn command_names(top: &Tracefs) -> Vec<(i32, String)> {
    let text = top.text("saved_cmdlines").unwrap_or_default();
    let line = |line: &str| line.split_once(' ').and_then(|(pid, name)| Some((pid.parse().ok()?, name.to_owned())));
    text.lines().filter_map(line).collect()
}

/// Thread groups that the kernel has saved: lines `PID TGID`.
pub(crate) fn thread_groups(top: &Tracefs) -> Vec<(i32, i32)> {
    let text = top.text("saved_tgids").unwrap_or_default();
    let line = |line: &str| {
        let (pid, tgid) = line.trim().split_once(' ')?;
        Some((pid.parse().ok()?, tgid.trim().parse().ok()?))
    };
    text.lines().filter_map(line).filter(|&(_, tgid)| tgid != 0).collect()
}

#[cfg(test)]
mod tests {
    use super::{command_names, hides_addresses, sub_buffer_size, thread_groups};
    use crate::tracefs::Tracefs;

    const HEADER_PAGE: &[u8] = include_bytes!("../../../data/captures/special/raw-dump/header_page");

    #[test]
    fn symbols_are_hidden_when_all_are_zero() {
        assert!(hides_addresses(b"0000000000000000 T _text\n0000000000000000 t a\n"));
        assert!(!hides_addresses(b"0000000000000000 A fixed\nffffffff81000000 T _text\n"));
    }

    #[test]
    fn the_size_of_a_sub_buffer_is_the_buffers_own_or_that_of_the_header_page() {
        let root = tempfile::tempdir().unwrap();
        let instance = Tracefs::at(root.path().to_owned());
        assert_eq!(sub_buffer_size(&instance, HEADER_PAGE).unwrap(), 4096);
        std::fs::write(root.path().join("buffer_subbuf_size_kb"), "16\n").unwrap();
        assert_eq!(sub_buffer_size(&instance, HEADER_PAGE).unwrap(), 16_384);
    }

    #[test]
    fn saved_names_and_thread_groups_are_pairs_and_an_unknown_group_is_none() {
        let root = tempfile::tempdir().unwrap();
        std::fs::write(root.path().join("saved_cmdlines"), "7 redis-server\n12 CPU 0/KVM\nnonsense\n").unwrap();
        std::fs::write(root.path().join("saved_tgids"), "7 7\n8 0\n12 11\n").unwrap();
        let top = Tracefs::at(root.path().to_owned());
        assert_eq!(command_names(&top), [(7, "redis-server".to_owned()), (12, "CPU 0/KVM".to_owned())]);
        assert_eq!(thread_groups(&top), [(7, 7), (12, 11)]);
    }
}
