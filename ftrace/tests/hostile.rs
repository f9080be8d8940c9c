//! Damaged files: cut and flipped. They give errors or partial results, no panic, no large allocation.

#![cfg(test)]

mod common;

use std::alloc::{GlobalAlloc, Layout, System};
use std::sync::atomic::{AtomicUsize, Ordering};

use hap_ftrace::trace_dat::TraceDat;

/// Notes the largest allocation.
struct Watching;

static LARGEST: AtomicUsize = AtomicUsize::new(0);

#[expect(unsafe_code, reason = "an allocator is the only way to see the size of allocations")]
// SAFETY: every call goes to the system's allocator unchanged.
unsafe impl GlobalAlloc for Watching {
    unsafe fn alloc(&self, layout: Layout) -> *mut u8 {
        LARGEST.fetch_max(layout.size(), Ordering::Relaxed);
        unsafe { System.alloc(layout) }
    }

    unsafe fn dealloc(&self, pointer: *mut u8, layout: Layout) {
        unsafe { System.dealloc(pointer, layout) }
    }

    unsafe fn realloc(&self, pointer: *mut u8, layout: Layout, size: usize) -> *mut u8 {
        LARGEST.fetch_max(size, Ordering::Relaxed);
        unsafe { System.realloc(pointer, layout, size) }
    }
}

#[global_allocator]
static ALLOCATOR: Watching = Watching;

/// The limit for a section of metadata, and some room for the test itself.
const LARGEST_ALLOWED: usize = 80 << 20;

/// Numbers that look random and are the same in every run.
struct Numbers(u64);

impl Numbers {
    fn below(&mut self, limit: usize) -> usize {
        self.0 = self.0.wrapping_mul(6_364_136_223_846_793_005).wrapping_add(1_442_695_040_888_963_407);
        ((self.0 >> 33) % limit as u64) as usize
    }
}

const FOLDERS: [&str; 4] = ["special/v6", "special/v7-none", "special/v7-zlib", "special/instance"];

#[test]
fn a_file_that_is_cut_anywhere_gives_an_error_or_a_result_with_problems() {
    for folder in FOLDERS {
        let bytes = common::read_capture(folder);
        let mut numbers = Numbers(1);
        let early = (0..64).chain((64..512).step_by(7));
        let spread: Vec<_> = (0..25).map(|_| numbers.below(bytes.len())).collect();
        // The last section of version 7 describes the others for people; nothing of a recording is in it.
        let descriptions = if bytes[10] == b'7' { 128 } else { 0 };
        let last = (1..8).map(|size| bytes.len() - descriptions - size);
        for size in early.chain(spread).chain(last) {
            if let Ok(errors) = common::exhaust(&bytes[..size]) {
                assert!(errors > 0, "{folder} cut to {size} bytes looks whole");
            }
        }
    }
    assert!(LARGEST.load(Ordering::Relaxed) < LARGEST_ALLOWED);
}

/// Places where numbers of the format are: the prefix, the options, the heads of chunks.
fn telling_places(bytes: &[u8]) -> Vec<usize> {
    let file = TraceDat::parse(bytes).unwrap();
    let mut places: Vec<usize> = (10..80).collect();
    for cpu in file.buffers.iter().flat_map(|buffer| &buffer.cpus) {
        places.extend((0..24).map(|offset| cpu.offset as usize + offset));
        places.extend(cpu.chunks().flat_map(|chunk| {
            let start = chunk.unwrap().offset as usize;
            start.saturating_sub(8)..start + 4
        }));
    }
    let options = bytes.windows(6).rposition(|window| window == b"uptime").unwrap();
    places.extend((options.saturating_sub(150)..options + 1000).step_by(3));
    places.extend(bytes.len().saturating_sub(120)..bytes.len());
    places.retain(|&place| place < bytes.len());
    places
}

#[test]
fn flipped_bytes_never_panic_and_never_allocate_much() {
    for folder in FOLDERS {
        let mut bytes = common::read_capture(folder);
        let mut numbers = Numbers(2);
        let mut places = telling_places(&bytes);
        let step = places.len().div_ceil(70);
        places = places.into_iter().step_by(step).collect();
        places.extend((0..20).map(|_| numbers.below(bytes.len())));
        for place in places {
            let old = bytes[place];
            for new in [old ^ 0xff, old.wrapping_add(1)] {
                bytes[place] = new;
                // Either is right: most bytes carry text.
                let _ = common::exhaust(&bytes);
            }
            bytes[place] = old;
        }
    }
    assert!(LARGEST.load(Ordering::Relaxed) < LARGEST_ALLOWED);
}
