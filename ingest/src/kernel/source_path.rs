//! Paths of source files, relative to the source tree.

/// Where the kernel was built.
#[derive(Clone, Debug, Default)]
pub(super) struct SourceTree {
    /// Absolute path of the sources, if the debug information gives it away.
    root: Option<String>,
}

impl SourceTree {
    /// Finds the root from the units' `(comp_dir, name)`.
    ///
    /// Distributions map paths (`-ffile-prefix-map=ROOT/=`) for C, but the assembler keeps absolute ones: the root is
    /// then what an absolute compilation folder has more than a mapped one. Otherwise it is the folder in which
    /// `init/main.c` lies.
    pub(super) fn detect(units: &[(String, String)]) -> Self {
        let mapped = units.iter().map(|(folder, _)| folder).find(|folder| is_mapped(folder));
        let unmapped = mapped.and_then(|mapped| {
            let suffix = format!("/{mapped}");
            units.iter().find_map(|(folder, _)| folder.strip_suffix(&suffix))
        });
        let main = || {
            units.iter().find_map(|(folder, name)| {
                let path = join(folder, name);
                path.strip_suffix("/init/main.c").filter(|root| root.starts_with('/')).map(str::to_owned)
            })
        };
        Self { root: unmapped.map(str::to_owned).or_else(main) }
    }

    /// A path as the debug information has it, relative to the source tree; generated files are relative to the build
    /// folder, and files of neither (host headers) keep their path.
    pub(super) fn relative(&self, comp_dir: &str, path: &str) -> String {
        let is_tree_path = is_mapped(comp_dir) && !path.starts_with("..");
        let path = if is_tree_path { join("", path) } else { join(comp_dir, path) };
        let roots = [Some(comp_dir), self.root.as_deref()];
        let inside = roots.into_iter().flatten().find_map(|root| strip_folder(&path, root).map(str::to_owned));
        inside.unwrap_or(path)
    }
}

/// A relative compilation folder is one that was mapped; then other relative paths are relative to the tree.
fn is_mapped(comp_dir: &str) -> bool {
    !comp_dir.is_empty() && !comp_dir.starts_with('/')
}

fn strip_folder<'a>(path: &'a str, folder: &str) -> Option<&'a str> {
    let folder = folder.trim_end_matches('/');
    if folder.is_empty() {
        return None;
    }
    path.strip_prefix(folder)?.strip_prefix('/')
}

/// Joins and resolves `.` and `..` by name.
fn join(folder: &str, path: &str) -> String {
    let absolute = path.starts_with('/') || folder.starts_with('/');
    let folder = if path.starts_with('/') { "" } else { folder };
    let mut parts: Vec<&str> = Vec::new();
    for part in folder.split('/').chain(path.split('/')) {
        match part {
            "" | "." => {}
            ".." if parts.last().is_some_and(|last| *last != "..") => {
                parts.pop();
            }
            ".." if absolute => {}
            part => parts.push(part),
        }
    }
    let joined = parts.join("/");
    if absolute { format!("/{joined}") } else { joined }
}

#[cfg(test)]
mod tests {
    use super::SourceTree;

    fn detect(units: &[(&str, &str)]) -> SourceTree {
        let units: Vec<_> = units.iter().map(|(folder, name)| ((*folder).to_owned(), (*name).to_owned())).collect();
        SourceTree::detect(&units)
    }

    #[test]
    fn debian_maps_c_and_leaves_assembly_absolute() {
        let tree = detect(&[
            ("/build/path/linux-6.1.192/debian/build/cloud", "/build/path/linux-6.1.192/arch/x86/kernel/head_64.S"),
            ("debian/build/cloud", "init/main.c"),
        ]);
        assert_eq!(tree.relative("debian/build/cloud", "include/linux/sched.h"), "include/linux/sched.h");
        assert_eq!(
            tree.relative("debian/build/cloud", "./arch/x86/include/generated/a.h"),
            "arch/x86/include/generated/a.h"
        );
        assert_eq!(tree.relative("debian/build/cloud", "debian/build/cloud/kernel/timeconst.h"), "kernel/timeconst.h");
        assert_eq!(tree.relative("debian/build/cloud", "../../../mm/slub.c"), "mm/slub.c");
        let assembly = "/build/path/linux-6.1.192/debian/build/cloud";
        assert_eq!(
            tree.relative(assembly, "/build/path/linux-6.1.192/arch/x86/kernel/../../x86/xen/xen-head.S"),
            "arch/x86/xen/xen-head.S"
        );
        assert_eq!(tree.relative(assembly, "arch/x86/include/generated/b.h"), "arch/x86/include/generated/b.h");
    }

    #[test]
    fn an_unmapped_build_in_its_own_folder_is_found_by_init_main() {
        let tree = detect(&[("/home/me/build", "/home/me/linux/init/main.c")]);
        assert_eq!(tree.relative("/home/me/build", "../linux/kernel/fork.c"), "kernel/fork.c");
        assert_eq!(tree.relative("/home/me/build", "include/generated/bounds.h"), "include/generated/bounds.h");
        assert_eq!(tree.relative("/home/me/build", "/usr/lib/gcc/stdarg.h"), "/usr/lib/gcc/stdarg.h");
    }

    #[test]
    fn a_build_inside_the_tree_needs_no_root() {
        let tree = detect(&[("/home/me/linux", "kernel/fork.c")]);
        assert_eq!(tree.relative("/home/me/linux", "./kernel/fork.c"), "kernel/fork.c");
        assert_eq!(tree.relative("", "kernel/../mm/a.c"), "mm/a.c");
    }
}
