//! What a load driver prints.

/// Requests and errors; none where the driver does not tell.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq)]
pub(super) struct LoadCounts {
    pub(super) requests: Option<i64>,
    pub(super) errors: Option<i64>,
}

impl LoadCounts {
    /// Reads `requests=N` and `errors=N`; the last of each counts.
    pub(super) fn parse(text: &str) -> Self {
        let value = |key: &str| {
            text.split_ascii_whitespace().filter_map(|word| word.strip_prefix(key)?.parse().ok()).next_back()
        };
        Self { requests: value("requests="), errors: value("errors=") }
    }
}

/// The counter that a snippet printed: its last word.
pub(super) fn counter(text: &str) -> Option<i64> {
    text.split_ascii_whitespace().next_back()?.parse().ok()
}

#[cfg(test)]
mod tests {
    use super::{LoadCounts, counter};

    #[test]
    fn a_driver_tells_what_it_knows() {
        let counts = LoadCounts::parse("noise requests=x\nrequests=12 errors=0\nrequests=15\n");
        assert_eq!(counts, LoadCounts { requests: Some(15), errors: Some(0) });
        assert_eq!(LoadCounts::parse("nothing"), LoadCounts::default());
        assert_eq!((counter("a 17\n"), counter("")), (Some(17), None));
    }
}
