//! The fingerprint of the captured kernel is the same in System.map, in kallsyms of every boot and in its kernel table.

mod kernel_support;

use std::fs;
use std::path::PathBuf;

use hap_ingest::fingerprint::kernel_fingerprint;
use kernel_support::read_kernel;

/// What vmlinux of Debian's 6.1.0-56-cloud-amd64 (6.1.192-2) gives.
const FINGERPRINT: &str = "410d20cc0aa6f45f10328d8a914d3ee3";

fn data(path: &str) -> PathBuf {
    PathBuf::from(env!("CARGO_MANIFEST_DIR")).join("../data").join(path)
}

/// Fingerprint of the lines `address kind name` of kallsyms or System.map.
fn fingerprint(text: &str) -> String {
    let symbols: Vec<(u64, &str, &str)> = text
        .lines()
        .filter_map(|line| {
            let mut fields = line.split_ascii_whitespace();
            let symbol = (u64::from_str_radix(fields.next()?, 16).ok()?, fields.next()?, fields.next()?);
            fields.next().is_none().then_some(symbol)
        })
        .collect();
    let address = |wanted: &str| symbols.iter().find(|(.., name)| *name == wanted).map(|(address, ..)| *address).unwrap();
    let text = address("_stext")..address("_etext");
    let base = address("_text");
    let global = symbols.iter().filter(|(address, kind, _)| *kind == "T" && text.contains(address));
    kernel_fingerprint(global.map(|(address, _, name)| (address - base, *name)))
}

#[test]
fn system_map_kallsyms_and_the_kernel_table_agree() {
    let mut files = 0;
    for entry in fs::read_dir(data("captures/kernel")).unwrap() {
        let path = entry.unwrap().path();
        let name = path.file_name().unwrap().to_str().unwrap();
        if name.starts_with("System.map") || name.starts_with("kallsyms.") {
            let bytes = zstd::decode_all(fs::File::open(&path).unwrap()).unwrap();
            assert_eq!(fingerprint(&String::from_utf8_lossy(&bytes)), FINGERPRINT, "{name}");
            files += 1;
        }
    }
    assert!(files >= 2);
    let kernel = read_kernel(&data("kernels/build_id=3b43fad5034874490492495d552c0af6a5fab235"));
    assert_eq!(kernel["kernel_fingerprint"], FINGERPRINT);
}
