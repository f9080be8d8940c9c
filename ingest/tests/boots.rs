//! Runs of one kernel in different boots, and its kernel table: the same functions have the same keys.

#![cfg(test)]

mod common;

use std::collections::{BTreeMap, BTreeSet};
use std::fs;
use std::path::{Path, PathBuf};

use common::{Dataset, Table, capture};

/// Build id of the kernel of every bundled capture.
const BUILD_ID: &str = "3b43fad5034874490492495d552c0af6a5fab235";

/// One capture of each boot, with modules of its own kind, and what it holds beside kallsyms.
const BOOTS: [(&str, &str); 6] = [
    ("linux-kvm/redis-bench-get/1", "9fa7d1c3"),
    ("kata-qemu/redis-bench-get/1", "7933da16"),
    ("kata-qemu/node-express/1", "dec1adcf"),
    ("special/v7-zlib", "ee5d3120"),
    ("special/overrun", "ee5d3120"),
    ("special/raw-dump", "ee5d3120, with /proc/modules"),
];

type Key = (String, i64);

fn kernel_folder() -> PathBuf {
    Path::new(concat!(env!("CARGO_MANIFEST_DIR"), "/../data/kernels")).join(format!("build_id={BUILD_ID}"))
}

fn keys(table: &Table) -> Vec<Key> {
    let modules = table.texts("module").into_iter().map(str::to_owned);
    modules.zip(table.longs("address")).collect()
}

/// Names of the functions of a capture by key.
fn functions(name: &str) -> BTreeMap<Key, String> {
    let dataset = Dataset::new();
    dataset.ingest_capture(&capture(name), &[]);
    let table = dataset.table("functions");
    let names = table.texts("function").into_iter().map(str::to_owned);
    keys(&table).into_iter().zip(names).collect()
}

/// Whether two names of one address are aliases of which trace-cmd prints now this and now that.
fn are_aliases(left: &str, right: &str) -> bool {
    let softirq = ["__do_softirq", "__softirqentry_text_start"];
    let stem = |name: &str| name.trim_start_matches("__do_sys_").trim_start_matches("__x64_sys_").to_owned();
    left == right || softirq.contains(&left) && softirq.contains(&right) || stem(left) == stem(right)
}

#[test]
fn trap_13_functions_have_the_same_key_in_every_boot_and_modules_match() {
    let boots = BOOTS.map(|(name, _)| functions(name));
    let mut common_modules = BTreeSet::new();
    for (index, left) in boots.iter().enumerate() {
        for right in &boots[..index] {
            let shared: Vec<_> = left.keys().filter(|key| right.contains_key(*key)).collect();
            assert!(shared.len() > 300, "{} functions in common", shared.len());
            for key in shared {
                assert!(are_aliases(&left[key], &right[key]), "{key:?}: {} and {}", left[key], right[key]);
                common_modules.insert(key.0.clone());
            }
        }
    }
    let expected = [
        "act_mirred",
        "bridge",
        "cls_u32",
        "kvm",
        "kvm_amd",
        "tun",
        "veth",
        "vhost",
        "vhost_iotlb",
        "vhost_net",
        "vhost_vsock",
        "virtio_net",
        "virtio_pci",
        "virtio_ring",
        "vmlinux",
        "vmw_vsock_virtio_transport_common",
        "vsock",
    ];
    assert_eq!(common_modules, expected.map(str::to_owned).into());
}

#[test]
fn every_function_of_every_boot_has_a_row_in_the_kernel_table() {
    let kernel: BTreeSet<Key> = keys(&Table::read(&kernel_folder().join("functions.parquet"))).into_iter().collect();
    for (name, boot) in BOOTS {
        let missing: Vec<_> = functions(name).into_iter().filter(|(key, _)| !kernel.contains(key)).collect();
        assert_eq!(missing, [], "{name}, boot {boot}");
    }
}

#[test]
fn a_run_finds_its_kernel_table_by_the_symbols_of_its_kernel() {
    let dataset = Dataset::new();
    let kernels = dataset.path().join("kernels").join(format!("build_id={BUILD_ID}"));
    fs::create_dir_all(&kernels).unwrap();
    fs::copy(kernel_folder().join("kernel.parquet"), kernels.join("kernel.parquet")).unwrap();
    dataset.ingest_capture(&capture("special/v6"), &[]);
    let run = dataset.table("runs");
    let fingerprint = Table::read(&kernels.join("kernel.parquet")).texts("kernel_fingerprint")[0].to_owned();
    assert_eq!(run.maybe_text("build_id"), Some(BUILD_ID));
    assert_eq!(run.maybe_text("kernel_fingerprint"), Some(fingerprint.as_str()));

    let without = Dataset::new();
    without.ingest_capture(&capture("special/v6"), &[]);
    assert_eq!(without.table("runs").maybe_text("build_id"), None);
}
