//! Patterns over function names in the lists of `ingest/data`.

/// A name, or a prefix where the text ends in `*`.
#[derive(Clone, Debug, PartialEq, Eq)]
pub(crate) enum NamePattern {
    /// Exactly this name.
    Exact(String),
    /// Every name that starts so.
    Prefix(String),
}

impl NamePattern {
    pub(crate) fn parse(text: &str) -> Self {
        match text.strip_suffix('*') {
            Some(prefix) => Self::Prefix(prefix.to_owned()),
            None => Self::Exact(text.to_owned()),
        }
    }

    /// Whether a symbol is meant: by its name, or as a compiler's clone of it (`name.suffix`).
    pub(crate) fn matches(&self, symbol: &str) -> bool {
        match self {
            Self::Prefix(prefix) => symbol.starts_with(prefix.as_str()),
            Self::Exact(name) => {
                symbol.strip_prefix(name.as_str()).is_some_and(|rest| rest.is_empty() || rest.starts_with('.'))
            }
        }
    }
}

/// The tab-separated rows of a list; `#` starts a comment line, missing fields at the end are empty.
pub(crate) fn rows<const N: usize>(text: &'static str) -> impl Iterator<Item = [&'static str; N]> {
    text.lines().filter(|line| !line.starts_with('#') && !line.trim().is_empty()).map(|line| {
        let mut fields = line.split('\t').map(str::trim);
        std::array::from_fn(|_| fields.next().unwrap_or(""))
    })
}

#[cfg(test)]
mod tests {
    use super::NamePattern;

    #[test]
    fn a_name_means_itself_and_its_clones_and_a_star_any_rest() {
        let exact = NamePattern::parse("syscall_trace_enter");
        let names = ["syscall_trace_enter", "syscall_trace_enter.constprop.0", "syscall_trace_enters", "x"];
        assert_eq!(names.map(|name| exact.matches(name)), [true, true, false, false]);
        let prefix = NamePattern::parse("sysvec_*");
        assert_eq!(["sysvec_irq_work", "sysvec_", "__sysvec_irq_work"].map(|n| prefix.matches(n)), [true, true, false]);
    }
}
