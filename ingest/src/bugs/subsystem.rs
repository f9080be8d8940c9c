//! Parts of the source tree that are fitted apart.
//!
//! The part of a file is its first folder, or its first two below `arch`, `drivers`, `fs`, `net` and `sound`. A part
//! with too few files or bugs to fit two parameters joins the others of its first folder (`drivers/*`), and that, when
//! it is too small still, the rest (`*`).

use std::collections::BTreeMap;

/// Folders that are divided further.
const DIVIDED: [&str; 5] = ["arch", "drivers", "fs", "net", "sound"];
/// Fewest files of a part.
const MIN_FILES: usize = 10;
/// Fewest bugs of a part.
const MIN_BUGS: f64 = 5.0;
/// The rest.
const REST: &str = "*";

/// Names the part of each file, given as (path, bugs).
pub(super) fn subsystems(files: &[(&str, f64)]) -> Vec<String> {
    let own: Vec<_> = files.iter().map(|(path, _)| part(path)).collect();
    let pooled = pool(&own, files, |name| match name.split_once('/') {
        Some((first, _)) => format!("{first}/*"),
        None => REST.to_owned(),
    });
    pool(&pooled, files, |_| REST.to_owned())
}

fn part(path: &str) -> String {
    let mut folders = path.split('/');
    let name = folders.next_back();
    match (folders.next(), folders.next()) {
        (Some(first), Some(second)) if DIVIDED.contains(&first) => format!("{first}/{second}"),
        (Some(first), _) if DIVIDED.contains(&first) => format!("{first}/*"),
        (Some(first), _) => first.to_owned(),
        (None, _) => name.map_or(REST, |_| REST).to_owned(),
    }
}

/// Renames the parts that are too small.
fn pool(parts: &[String], files: &[(&str, f64)], renamed: impl Fn(&str) -> String) -> Vec<String> {
    let mut sizes: BTreeMap<&str, (usize, f64)> = BTreeMap::new();
    for (part, (_, bugs)) in parts.iter().zip(files) {
        let size = sizes.entry(part).or_default();
        *size = (size.0 + 1, size.1 + bugs);
    }
    let is_small = |part: &str| sizes.get(part).is_none_or(|&(files, bugs)| files < MIN_FILES || bugs < MIN_BUGS);
    parts.iter().map(|part| if is_small(part) { renamed(part) } else { part.clone() }).collect()
}

#[cfg(test)]
mod tests {
    use super::subsystems;

    fn names(files: &[(&str, usize, f64)]) -> Vec<String> {
        let paths: Vec<_> = files.iter().flat_map(|&(path, count, bugs)| vec![(path, bugs); count]).collect();
        let mut names = subsystems(&paths);
        names.dedup();
        names
    }

    #[test]
    fn two_folders_make_a_part_below_drivers_fs_net_arch_and_sound() {
        let files =
            [("drivers/net/a/b.c", 10, 1.0), ("kernel/bpf/c.c", 10, 1.0), ("fs/x.c", 10, 1.0), ("mm/y.c", 10, 1.0)];
        assert_eq!(names(&files), ["drivers/net", "kernel", "fs/*", "mm"]);
    }

    #[test]
    fn small_parts_join_those_of_their_first_folder_and_then_the_rest() {
        let files = [
            ("net/core/a.c", 10, 0.5),
            ("net/few/b.c", 9, 0.9),
            ("net/quiet/c.c", 90, 0.01),
            ("sound/pci/d.c", 9, 9.0),
            ("block/e.c", 9, 9.0),
            ("f.c", 1, 0.0),
        ];
        assert_eq!(names(&files), ["net/core", "net/*", "*"]);
    }
}
