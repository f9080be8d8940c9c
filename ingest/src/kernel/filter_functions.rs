//! The kernel's own list of the functions that ftrace can trace: `available_filter_functions` of tracefs.

use std::collections::HashMap;
use std::fs;
use std::path::Path;

use super::error::KernelError;

/// What the kernel writes for an address that no symbol covers.
const NO_SYMBOL: &str = "__ftrace_invalid_address___";

/// How many traceable functions have a name, by module and name.
#[derive(Debug, Default)]
pub(super) struct FilterFunctions {
    modules: HashMap<String, HashMap<String, usize>>,
}

impl FilterFunctions {
    /// Reads a copy of the file: lines `name` and `name [module]`.
    pub(super) fn read(path: &Path) -> Result<Self, KernelError> {
        let text = fs::read(path).map_err(|error| KernelError::io(path, error))?;
        Self::parse(&String::from_utf8_lossy(&text))
            .map_err(|line| KernelError::FilterFunctions { path: path.to_owned(), line })
    }

    fn parse(text: &str) -> Result<Self, usize> {
        let mut list = Self::default();
        for (index, line) in text.lines().enumerate() {
            let mut fields = line.split_ascii_whitespace();
            let name = fields.next().ok_or(index + 1)?;
            let module = match fields.next() {
                None => "vmlinux",
                Some(module) => {
                    module.strip_prefix('[').and_then(|module| module.strip_suffix(']')).ok_or(index + 1)?
                }
            };
            if fields.next().is_some() {
                return Err(index + 1);
            }
            if !name.starts_with(NO_SYMBOL) {
                let names = list.modules.entry(module.to_owned()).or_default();
                *names.entry(name.to_owned()).or_default() += 1;
            }
        }
        if list.modules.contains_key("vmlinux") { Ok(list) } else { Err(1) }
    }

    /// The names of an image: none for a module that was not loaded when the list was copied.
    pub(super) fn of_module(&self, module: &str) -> Option<&HashMap<String, usize>> {
        self.modules.get(module)
    }
}

/// Which rows of an image the list means.
///
/// A name that the list has as often as the image is traceable in all its rows, one that it lacks in none. Between these
/// the call sites decide, if there are as many as the list has names; otherwise nobody can tell: null.
///
/// `names` has the symbols of each row, `sites` whether the row has a call site.
pub(super) fn traceable_by_list(
    listed: &HashMap<String, usize>,
    names: &[Vec<&str>],
    sites: &[Option<bool>],
) -> Vec<Option<bool>> {
    let mut rows_of: HashMap<&str, Vec<usize>> = HashMap::new();
    for (row, names) in names.iter().enumerate() {
        for name in names {
            rows_of.entry(name).or_default().push(row);
        }
    }
    let has_site = |row: usize| sites.get(row).copied().flatten() == Some(true);
    let of_name = |row: usize, name: &str| {
        let rows = rows_of.get(name).map(Vec::as_slice).unwrap_or_default();
        match listed.get(name).copied().unwrap_or(0) {
            0 => Some(false),
            count if count >= rows.len() => Some(true),
            count if count == rows.iter().filter(|row| has_site(**row)).count() => Some(has_site(row)),
            _ => None,
        }
    };
    let of_row = |(row, names): (usize, &Vec<&str>)| {
        let mut answers = names.iter().map(|name| of_name(row, name));
        // The list has one of the names of an address.
        answers
            .try_fold(false, |any, answer| match answer {
                Some(answer) => Ok(any || answer),
                None => Err(()),
            })
            .ok()
    };
    names.iter().enumerate().map(of_row).collect()
}

#[cfg(test)]
mod tests {
    use super::{FilterFunctions, traceable_by_list};

    const LIST: &str = "one\ntwin\ntwin\nhalf\nthree [nf_tables]\n__ftrace_invalid_address___16\n";

    #[test]
    fn names_are_kept_apart_by_module() {
        let list = FilterFunctions::parse(LIST).unwrap();
        assert_eq!(list.of_module("vmlinux").unwrap().len(), 3);
        assert_eq!(list.of_module("nf_tables").unwrap()["three"], 1);
        assert!(list.of_module("tls").is_none());
    }

    #[test]
    fn other_files_are_refused_with_the_line() {
        assert_eq!(FilterFunctions::parse("one\n\ntwo\n").unwrap_err(), 2);
        assert_eq!(FilterFunctions::parse("one\n0000 t two\n").unwrap_err(), 2);
        assert_eq!(FilterFunctions::parse("").unwrap_err(), 1);
    }

    #[test]
    fn of_rows_with_one_name_the_call_sites_decide_where_the_list_has_fewer() {
        let list = FilterFunctions::parse(LIST).unwrap();
        let listed = list.of_module("vmlinux").unwrap();
        let names = vec![vec!["one"], vec!["alias", "twin"], vec!["twin"], vec!["half"], vec!["half"], vec!["absent"]];
        let sites = vec![None, None, None, Some(true), Some(false), Some(true)];
        let told = traceable_by_list(listed, &names, &sites);
        assert_eq!(told, [Some(true), Some(true), Some(true), Some(true), Some(false), Some(false)]);
        let unknown = traceable_by_list(listed, &names, &[None; 6]);
        assert_eq!(unknown, [Some(true), Some(true), Some(true), None, None, Some(false)]);
    }
}
