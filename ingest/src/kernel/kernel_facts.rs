//! What identifies a kernel.

use super::error::KernelError;
use super::image::Image;
use crate::fingerprint::kernel_fingerprint;

/// Start of the kernel's text: what addresses are relative to.
const TEXT: &str = "_text";
/// Global symbols that kallsyms leaves out (scripts/kallsyms.c, scripts/mksysmap).
const NOT_IN_KALLSYMS: [&str; 4] = ["__crc_", "__kstrtab_", "__efistub_", "__AArch64ADRPThunk_"];
/// A banner is a line.
const BANNER_LIMIT: usize = 1024;

/// The kernel that a set of tables describes.
#[derive(Clone, Debug)]
pub(super) struct KernelFacts {
    pub(super) build_id: String,
    pub(super) release: Option<String>,
    pub(super) banner: Option<String>,
    pub(super) arch: String,
    pub(super) fingerprint: String,
    pub(super) text_address: u64,
}

impl KernelFacts {
    /// Reads them from vmlinux.
    pub(super) fn read(image: &Image<'_>) -> Result<Self, KernelError> {
        let symbol = |symbol: &'static str| {
            let address = image.symbol_address(symbol);
            address.ok_or_else(|| KernelError::NoSymbol { path: image.path().to_owned(), symbol })
        };
        let build_id = image.build_id().ok_or_else(|| KernelError::NoBuildId { path: image.path().to_owned() })?;
        let text_address = symbol(TEXT)?;
        let fingerprint = fingerprint(image, text_address, symbol("_stext")?, symbol("_etext")?);
        let banner = banner(image);
        let release = banner.as_deref().and_then(release).map(str::to_owned);
        Ok(Self { build_id, release, banner, arch: image.machine(), fingerprint, text_address })
    }
}

fn fingerprint(image: &Image<'_>, text: u64, start: u64, end: u64) -> String {
    let in_kallsyms = |name: &str| !NOT_IN_KALLSYMS.iter().any(|prefix| name.starts_with(prefix));
    let symbols = image.symbols().iter();
    let global =
        symbols.filter(|symbol| symbol.is_global && (start..end).contains(&symbol.address) && in_kallsyms(symbol.name));
    kernel_fingerprint(global.map(|symbol| (symbol.address.wrapping_sub(text), symbol.name)))
}

/// `Linux version ...`, without its line end; none in a file without the kernel's data.
fn banner(image: &Image<'_>) -> Option<String> {
    let bytes = image.bytes_from(image.symbol_address("linux_banner")?)?;
    let text = bytes.iter().take(BANNER_LIMIT).position(|byte| *byte == 0).and_then(|end| bytes.get(..end))?;
    Some(String::from_utf8_lossy(text).trim_end().to_owned()).filter(|banner| !banner.is_empty())
}

fn release(banner: &str) -> Option<&str> {
    banner.strip_prefix("Linux version ")?.split(' ').next()
}
