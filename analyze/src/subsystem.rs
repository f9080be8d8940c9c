//! Parts of the source tree.

/// Folders that are divided further.
const DIVIDED: [&str; 5] = ["arch", "drivers", "fs", "net", "sound"];

/// The part that a source file is in: its first folder, or the first two below `arch`, `drivers`, `fs`, `net` and `sound`.
/// A file of no folder, or none, is in the part `-`.
pub fn subsystem(file: Option<&str>) -> String {
    let mut folders: Vec<&str> = file.unwrap_or_default().split('/').collect();
    folders.pop();
    match folders.as_slice() {
        [] => "-".to_owned(),
        [first, second, ..] if DIVIDED.contains(first) => format!("{first}/{second}"),
        [first, ..] => (*first).to_owned(),
    }
}

#[cfg(test)]
mod tests {
    use super::subsystem;

    #[test]
    fn parts_are_those_of_the_first_folders() {
        let files = [Some("net/core/dev.c"), Some("fs/read.c"), Some("mm/slab/x.c"), Some("main.c"), None];
        assert_eq!(files.map(subsystem), ["net/core", "fs", "mm", "-", "-"]);
    }
}
