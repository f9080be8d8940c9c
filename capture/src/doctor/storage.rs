//! Where runs are to be written.

use std::path::Path;

use super::Check;
use crate::disk::{free_space, write_speed};

/// Free space below which a check complains: some minutes of a busy sandbox.
const WANTED_SPACE: u64 = 2 << 30;
/// Write speed below which a check complains, in bytes a second: a million events a second, compressed.
const WANTED_SPEED: f64 = 8e6;
/// Bytes written to measure the speed.
const PROBE: usize = 32 << 20;

/// Space and write speed of the folder.
pub(super) fn checks(out: &Path) -> [Check; 2] {
    [space(out), speed(out)]
}

fn space(out: &Path) -> Check {
    match free_space(out) {
        Err(error) => Check::missing("disk space", format!("{}: {error}", out.display()), "choose another --out"),
        Ok(free) => enough_space(free),
    }
}

fn enough_space(free: u64) -> Check {
    let found = format!("{:.1} GB free", free as f64 / 1e9);
    if free >= WANTED_SPACE {
        Check::ok("disk space", found)
    } else {
        Check::limited("disk space", found, "free some, or choose another --out; record with --max-size")
    }
}

fn speed(out: &Path) -> Check {
    match write_speed(out, PROBE) {
        Err(error) => Check::missing("write speed", format!("{}: {error}", out.display()), "choose another --out"),
        Ok(speed) => enough_speed(speed),
    }
}

fn enough_speed(speed: f64) -> Check {
    let found = format!("{:.0} MB/s", speed / 1e6);
    if speed >= WANTED_SPEED {
        Check::ok("write speed", found)
    } else {
        Check::limited("write speed", found, "choose a faster disk for --out")
    }
}

#[cfg(test)]
mod tests {
    use super::{checks, enough_space, enough_speed};
    use crate::doctor::Health;

    #[test]
    fn little_space_or_speed_is_told() {
        assert_eq!(enough_space(1 << 20).health, Health::Limited);
        assert_eq!(enough_space(1 << 40).found, "1099.5 GB free");
        assert_eq!((enough_speed(1e6).health, enough_speed(1e9).health), (Health::Limited, Health::Ok));
    }

    #[test]
    fn a_folder_that_is_not_there_is_an_error_and_nothing_is_left_in_one_that_is() {
        let root = tempfile::tempdir().unwrap();
        let missing = checks(&root.path().join("none"));
        assert!(missing.iter().all(|check| check.health == Health::Missing));
        checks(root.path());
        assert_eq!(std::fs::read_dir(root.path()).unwrap().count(), 0);
    }
}
