//! Kernel versions, ordered, and where a stable branch leaves mainline.

use std::fmt;
use std::str::FromStr;

use thiserror::Error;

/// Rank of a release among its candidates: after all of them.
const RELEASED: u32 = u32::MAX;

/// A version of Linux. The order of versions is that of a mainline with its stable branches laid end to end.
#[derive(Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord, Hash)]
pub struct Version {
    /// What all versions of a branch have in common: `6.1`, or `2.6.32` of old.
    series: [u32; 3],
    /// Number of the stable release; 0: mainline.
    patch: u32,
    /// Number of the release candidate, or [`RELEASED`].
    candidate: u32,
}

/// A text that is no version.
#[derive(Clone, Debug, PartialEq, Eq, Error)]
#[error("{0:?} is no kernel version: write it like 6.1, 6.1.192, 6.2-rc3 or 2.6.32")]
pub struct VersionError(String);

impl Version {
    /// Whether it was tagged by mainline and not on a stable branch.
    pub fn is_mainline(self) -> bool {
        self.patch == 0
    }

    /// Whether both are of one series, such as 6.1 and 6.1.192.
    pub fn same_series(self, other: Self) -> bool {
        self.series == other.series
    }

    /// The last mainline version that it holds: the version itself, or the one that its stable branch grew from.
    #[must_use]
    pub fn base(self) -> Self {
        if self.is_mainline() { self } else { Self { patch: 0, ..self } }
    }

    /// The series that a longer text begins with, such as `uname -r`.
    pub fn of_release(text: &str) -> Option<Self> {
        let numbers = text.split(|c: char| !c.is_ascii_digit() && c != '.').next()?;
        let mut parts = numbers.split('.').map_while(|part| part.parse().ok());
        let (major, minor) = (parts.next()?, parts.next()?);
        let third = if is_old(major) { parts.next()? } else { 0 };
        Some(Self { series: [major, minor, third], patch: 0, candidate: RELEASED })
    }
}

/// Whether mainline had three numbers then.
fn is_old(major: u32) -> bool {
    major < 3
}

impl FromStr for Version {
    type Err = VersionError;

    fn from_str(text: &str) -> Result<Self, VersionError> {
        parse(text).ok_or_else(|| VersionError(text.chars().take(40).collect()))
    }
}

fn parse(text: &str) -> Option<Version> {
    let (numbers, candidate) = match text.split_once("-rc") {
        Some((numbers, candidate)) => (numbers, number(candidate)?),
        None => (text, RELEASED),
    };
    let mut parts = numbers.split('.').map(number);
    let (major, minor) = (parts.next()??, parts.next()??);
    let third = if is_old(major) { parts.next()?? } else { 0 };
    let patch = parts.next().unwrap_or(Some(0))?;
    let is_possible = parts.next().is_none() && (candidate == RELEASED || patch == 0);
    is_possible.then_some(Version { series: [major, minor, third], patch, candidate })
}

fn number(text: &str) -> Option<u32> {
    let is_number = !text.is_empty() && text.len() < 9 && text.bytes().all(|byte| byte.is_ascii_digit());
    if is_number { text.parse().ok() } else { None }
}

impl fmt::Display for Version {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        let [major, minor, third] = self.series;
        write!(f, "{major}.{minor}")?;
        if is_old(major) {
            write!(f, ".{third}")?;
        }
        if self.patch > 0 {
            write!(f, ".{}", self.patch)?;
        }
        if self.candidate == RELEASED { Ok(()) } else { write!(f, "-rc{}", self.candidate) }
    }
}

#[cfg(test)]
mod tests {
    use super::Version;

    fn version(text: &str) -> Version {
        text.parse().unwrap()
    }

    #[test]
    fn candidates_come_before_the_release_and_stable_releases_after_it() {
        let order =
            ["2.6.32-rc1", "2.6.32", "2.6.32.19", "2.6.39", "3.0", "6.1", "6.1.43", "6.1.192", "6.2-rc3", "6.2"];
        let versions = order.map(version);
        assert!(versions.is_sorted_by(|a, b| a < b));
        assert_eq!(versions.map(|version| version.to_string()), order);
    }

    #[test]
    fn a_third_number_of_zero_is_mainline_and_2_6_x_is_mainline_though_it_has_two_dots() {
        assert_eq!(version("6.1.0"), version("6.1"));
        assert_eq!(version("6.2.0-rc3"), version("6.2-rc3"));
        let mainline = ["6.1", "6.1.0", "2.6.32", "6.2-rc3", "6.1.192", "2.6.32.19"];
        assert_eq!(mainline.map(|text| version(text).is_mainline()), [true, true, true, true, false, false]);
    }

    #[test]
    fn a_stable_branch_holds_mainline_up_to_its_base() {
        assert_eq!(version("6.1.192").base(), version("6.1"));
        assert_eq!(version("2.6.32.19").base(), version("2.6.32"));
        assert_eq!(version("6.2-rc3").base(), version("6.2-rc3"));
        assert!(version("6.1.192").same_series(version("6.1")));
        assert!(!version("2.6.32.1").same_series(version("2.6.33")));
    }

    #[test]
    fn a_release_string_tells_its_series() {
        let texts = ["6.1.0-56-cloud-amd64", "6.12.117+deb13", "2.6.32-754.el6", "7.0-rc1"];
        let series = texts.map(|text| Version::of_release(text).unwrap().to_string());
        assert_eq!(series, ["6.1", "6.12", "2.6.32", "7.0"]);
        assert_eq!(["", "six", "6", "2.6"].map(Version::of_release), [None; 4]);
    }

    #[test]
    fn other_texts_are_no_versions() {
        for bad in [
            "",
            "0",
            "6",
            "6.",
            ".1",
            "6.1.",
            "6.1.2.3",
            "2.6",
            "6.1.5-rc1",
            "6.1-rc",
            "v6.1",
            "6.1-",
            "6.1 ",
            "6.-1",
            "99999999999.1",
        ] {
            assert!(bad.parse::<Version>().is_err(), "{bad}");
        }
    }
}
