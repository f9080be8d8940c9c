//! `.dyad` files: which versions have a bug, as pairs of the commit that brought it and the commit that fixed it.
//!
//! A line is `introduced_version:introduced_commit:fixed_version:fixed_commit`; 0 stands for unknown or none, `#` begins
//! a comment. The lines come from the `dyad` tool of the Linux CNA (git.kernel.org, security/vulns).

use super::version::Version;

/// Longest commit id: SHA-256 in hexadecimal.
const COMMIT_LENGTH: usize = 64;

/// A line of a dyad file.
#[derive(Clone, Debug, PartialEq, Eq)]
pub(super) struct Pair {
    /// Version that brought the bug; none: unknown, so as old as the history.
    pub(super) introduced: Option<Version>,
    /// The commit that brought it; empty: unknown.
    pub(super) introduced_by: String,
    /// Version that fixed it; none: not fixed.
    pub(super) fixed: Option<Version>,
}

/// The pairs of a file, and the lines that are none, with their numbers and what is wrong.
pub(super) fn parse_dyad(text: &str) -> (Vec<Pair>, Vec<(usize, String)>) {
    let (mut pairs, mut problems) = (Vec::new(), Vec::new());
    for (index, line) in text.lines().enumerate() {
        let line = line.trim();
        if line.is_empty() || line.starts_with('#') {
            continue;
        }
        match parse_line(line) {
            Ok(pair) => pairs.push(pair),
            Err(problem) => problems.push((index + 1, problem)),
        }
    }
    (pairs, problems)
}

fn parse_line(line: &str) -> Result<Pair, String> {
    let fields: Vec<_> = line.splitn(5, ':').collect();
    let [introduced, introduced_by, fixed, fixed_by] = *fields else {
        return Err("not introduced_version:commit:fixed_version:commit".to_owned());
    };
    commit(fixed_by)?;
    Ok(Pair {
        introduced: version(introduced)?,
        introduced_by: commit(introduced_by)?.to_owned(),
        fixed: version(fixed)?,
    })
}

fn version(text: &str) -> Result<Option<Version>, String> {
    if text == "0" {
        return Ok(None);
    }
    text.parse().map(Some).map_err(|error: super::version::VersionError| error.to_string())
}

fn commit(text: &str) -> Result<&str, String> {
    let is_commit = (7..=COMMIT_LENGTH).contains(&text.len()) && text.bytes().all(|byte| byte.is_ascii_hexdigit());
    match text {
        "0" => Ok(""),
        _ if is_commit => Ok(text),
        _ => Err(format!("{:?} is no commit id", text.chars().take(COMMIT_LENGTH).collect::<String>())),
    }
}

#[cfg(test)]
mod tests {
    use super::{Pair, parse_dyad};

    #[test]
    fn comments_and_empty_lines_are_skipped_and_zero_is_none() {
        let text = "# dyad version: 1.2.0\n\n6.1.43:abcdef0:0:0\n0:0:6.5:1234567\r\n";
        let pair = |introduced: Option<&str>, by: &str, fixed: Option<&str>| Pair {
            introduced: introduced.map(|text| text.parse().unwrap()),
            introduced_by: by.to_owned(),
            fixed: fixed.map(|text| text.parse().unwrap()),
        };
        let expected = vec![pair(Some("6.1.43"), "abcdef0", None), pair(None, "", Some("6.5"))];
        assert_eq!(parse_dyad(text), (expected, vec![]));
    }

    #[test]
    fn a_malformed_line_is_told_by_its_number_and_the_others_are_used() {
        let bad = [
            "6.1:abcdef0:6.2",
            "6.1:abcdef0:6.2:1234567:8",
            "six:abcdef0:0:0",
            "6.1:xyzxyzx:0:0",
            "6.1:abcdef0:0:ab",
            "::::",
        ];
        let text = format!("6.1:abcdef0:0:0\n{}\n6.2:abcdef0:0:0\n", bad.join("\n"));
        let (pairs, problems) = parse_dyad(&text);
        assert_eq!(pairs.len(), 2);
        assert_eq!(problems.iter().map(|(line, _)| *line).collect::<Vec<_>>(), [2, 3, 4, 5, 6, 7]);
        assert_eq!(problems[2].1, "\"six\" is no kernel version: write it like 6.1, 6.1.192, 6.2-rc3 or 2.6.32");
    }
}
