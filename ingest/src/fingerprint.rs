//! Fingerprint of a kernel's text: ties a capture to its kernel table without a build id.
//!
//! A trace file holds kallsyms but no build id. The offsets of the global text symbols from `_text` are the same
//! over boots and hosts of one build, are in kallsyms, in System.map and in vmlinux alike, and differ between builds.

/// Fingerprint of the global text symbols (`T` in kallsyms, global in the ELF symbol table) whose address lies in
/// `_stext.._etext`: BLAKE3 over the lines `offset-from-_text name`, offsets in hexadecimal, sorted by offset and then
/// name; the first 32 hexadecimal digits.
pub fn kernel_fingerprint<'a>(symbols: impl IntoIterator<Item = (u64, &'a str)>) -> String {
    let mut symbols: Vec<_> = symbols.into_iter().collect();
    symbols.sort_unstable();
    let mut hasher = blake3::Hasher::new();
    for (offset, name) in symbols {
        hasher.update(format!("{offset:x} {name}\n").as_bytes());
    }
    hasher.finalize().to_hex().chars().take(32).collect()
}

#[cfg(test)]
mod tests {
    use super::kernel_fingerprint;

    #[test]
    fn does_not_depend_on_the_order_and_does_on_name_and_offset() {
        let one = kernel_fingerprint([(0x10, "a"), (0x20, "b")]);
        assert_eq!(one, kernel_fingerprint([(0x20, "b"), (0x10, "a")]));
        assert_ne!(one, kernel_fingerprint([(0x10, "a"), (0x20, "c")]));
        assert_ne!(one, kernel_fingerprint([(0x10, "a"), (0x21, "b")]));
        assert_eq!(one.len(), 32);
    }
}
