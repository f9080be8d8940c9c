//! Whether a release has a bug.
//!
//! * A commit of mainline version M is in every mainline version from M on and in every stable branch that grew from one.
//! * A commit of a stable version is in that branch alone, from that version on.
//! * A mainline fix ends the introduction that it is paired with: for mainline from its version on, for a stable branch
//!   that grew from there or later. A fix that is older than the introduction ends nothing.
//! * A fix on the release's own branch ends every introduction before it: a record has one line a fix, though one fix
//!   may end several introductions.

use super::dyad::Pair;
use super::version::Version;

/// The range of versions that holds a release.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(super) struct Presence {
    /// Version that brought the bug; none: unknown.
    pub(super) introduced: Option<Version>,
    /// Version of the release's series that fixed it; none: it is not fixed there.
    pub(super) fixed: Option<Version>,
}

/// The range of a record that holds a release; none: the release does not have the bug.
pub(super) fn presence(pairs: &[Pair], release: Version) -> Option<Presence> {
    let pair = pairs.iter().find(|pair| holds(pair, pairs, release))?;
    let fixed = own_fixes(pair, pairs, release).filter(|&fix| fix > release).min();
    Some(Presence { introduced: pair.introduced, fixed })
}

fn holds(pair: &Pair, pairs: &[Pair], release: Version) -> bool {
    reaches(pair.introduced, release)
        && !own_fixes(pair, pairs, release).any(|fix| fix <= release)
        && !mainline_fixes(pair, pairs).any(|fix| fix <= release.base())
}

/// Whether an introduction is in the release, fixes aside.
fn reaches(introduced: Option<Version>, release: Version) -> bool {
    introduced.is_none_or(|introduced| {
        if introduced.is_mainline() {
            introduced <= release.base()
        } else {
            introduced.same_series(release) && introduced <= release
        }
    })
}

/// Fixes of the record on the stable branch of the release, at or after the introduction.
fn own_fixes<'p>(pair: &'p Pair, pairs: &'p [Pair], release: Version) -> impl Iterator<Item = Version> + 'p {
    let fixes = pairs.iter().filter_map(|pair| pair.fixed);
    fixes.filter(move |&fix| {
        !fix.is_mainline() && fix.same_series(release) && pair.introduced.is_none_or(|introduced| introduced <= fix)
    })
}

/// Mainline fixes that the record pairs with a mainline introduction.
fn mainline_fixes<'p>(pair: &'p Pair, pairs: &'p [Pair]) -> impl Iterator<Item = Version> + 'p {
    let is_mainline = pair.introduced.is_none_or(Version::is_mainline);
    let same = move |other: &&Pair| {
        other.introduced == pair.introduced && other.introduced_by == pair.introduced_by && is_mainline
    };
    let fixes = pairs.iter().filter(same).filter_map(|pair| pair.fixed);
    // One record pairs a bug of 5.10 with a fix of 5.2: what came before the bug did not end it.
    fixes.filter(|&fix| fix.is_mainline() && pair.introduced.is_none_or(|introduced| introduced <= fix))
}

#[cfg(test)]
mod tests {
    use super::super::dyad::parse_dyad;
    use super::presence;

    /// Which of the releases have the bug.
    fn present<const N: usize>(dyad: &str, releases: [&str; N]) -> [bool; N] {
        let (pairs, problems) = parse_dyad(dyad);
        assert_eq!(problems, vec![]);
        releases.map(|release| presence(&pairs, release.parse().unwrap()).is_some())
    }

    fn range(dyad: &str, release: &str) -> Option<(Option<String>, Option<String>)> {
        let found = presence(&parse_dyad(dyad).0, release.parse().unwrap())?;
        Some((found.introduced.map(|version| version.to_string()), found.fixed.map(|version| version.to_string())))
    }

    #[test]
    fn a_mainline_bug_is_in_every_later_version_and_branch_until_the_mainline_fix() {
        let dyad = "5.8:aaaaaaa:6.4:bbbbbbb\n";
        let releases =
            ["5.7", "5.7.19", "5.8-rc7", "5.8", "5.8.1", "6.1.192", "6.3.13", "6.4-rc7", "6.4", "6.4.1", "6.5"];
        let expected = [false, false, false, true, true, true, true, true, false, false, false];
        assert_eq!(present(dyad, releases), expected);
    }

    #[test]
    fn a_fix_on_a_stable_branch_holds_for_that_branch_alone() {
        let dyad = "5.8:aaaaaaa:6.1.28:ccccccc\n5.8:aaaaaaa:6.4:bbbbbbb\n";
        let releases = ["6.1", "6.1.27", "6.1.28", "6.1.192", "6.0.19", "6.2", "6.3.13", "6.4"];
        assert_eq!(present(dyad, releases), [true, true, false, false, true, true, true, false]);
        assert_eq!(range(dyad, "6.1.0"), Some((Some("5.8".into()), Some("6.1.28".into()))));
        assert_eq!(range(dyad, "6.2"), Some((Some("5.8".into()), None)));
    }

    #[test]
    fn a_mainline_introduction_after_the_base_reaches_no_branch_that_did_not_take_it() {
        let dyad = "6.5:aaaaaaa:6.6.17:ccccccc\n6.5:aaaaaaa:6.8:bbbbbbb\n";
        let releases = ["6.1.192", "6.4.16", "6.5", "6.5.13", "6.6", "6.6.16", "6.6.17", "6.7.5", "6.8"];
        assert_eq!(present(dyad, releases), [false, false, true, true, true, true, false, true, false]);
    }

    #[test]
    fn a_backported_bug_is_in_its_branch_alone_from_that_version_on() {
        let dyad = "6.1.43:ddddddd:6.1.50:eeeeeee\n6.5:aaaaaaa:6.5.1:ccccccc\n6.5:aaaaaaa:6.6:bbbbbbb\n";
        let releases = ["6.1", "6.1.42", "6.1.43", "6.1.49", "6.1.50", "6.2", "6.4.16", "6.5", "6.5.1"];
        assert_eq!(present(dyad, releases), [false, false, true, true, false, false, false, true, false]);
    }

    #[test]
    fn a_mainline_fix_does_not_reach_a_bug_that_only_a_branch_has() {
        assert_eq!(present("6.1.43:ddddddd:0:0\n", ["6.1.42", "6.1.43", "6.1.192", "6.2"]), [false, true, true, false]);
        assert_eq!(present("6.1.43:ddddddd:6.0:bbbbbbb\n", ["6.1.43", "6.1.192"]), [true, true]);
    }

    #[test]
    fn an_unknown_introduction_is_as_old_as_the_history_and_no_fix_is_never() {
        let dyad = "0:0:6.1.93:ccccccc\n0:0:6.10:bbbbbbb\n";
        let releases = ["2.6.12", "5.4.300", "6.1.92", "6.1.93", "6.9", "6.10", "7.0"];
        assert_eq!(present(dyad, releases), [true, true, true, false, true, false, false]);
        assert_eq!(range(dyad, "6.1"), Some((None, Some("6.1.93".into()))));
        assert_eq!(present("6.1:aaaaaaa:0:0\n", ["6.0", "6.1", "7.9"]), [false, true, true]);
        assert_eq!(present("0:0:0:0\n", ["2.6.12", "6.1.192"]), [true, true]);
        assert_eq!(present("", ["6.1"]), [false]);
    }

    #[test]
    fn two_dots_of_2_6_are_mainline_and_three_are_a_branch() {
        let dyad = "2.6.19:aaaaaaa:2.6.32.5:ccccccc\n2.6.19:aaaaaaa:2.6.39:bbbbbbb\n2.6.16.3:ddddddd:0:0\n";
        let releases =
            ["2.6.16", "2.6.16.3", "2.6.18.8", "2.6.19", "2.6.32", "2.6.32.4", "2.6.32.5", "2.6.33", "2.6.39", "3.0"];
        assert_eq!(present(dyad, releases), [false, true, false, true, true, true, false, true, false, false]);
    }

    #[test]
    fn candidates_are_in_order_with_releases() {
        let dyad = "6.2-rc1:aaaaaaa:6.2-rc5:bbbbbbb\n";
        let releases = ["6.1.192", "6.2-rc1", "6.2-rc3", "6.2-rc5", "6.2", "6.2.1"];
        assert_eq!(present(dyad, releases), [false, true, true, false, false, false]);
        assert_eq!(present("6.1:aaaaaaa:6.2-rc5:bbbbbbb\n", ["6.1.192", "6.2-rc4", "6.2"]), [true, true, false]);
        assert_eq!(present("6.2:aaaaaaa:6.3:bbbbbbb\n", ["6.2-rc3", "6.2", "6.3-rc1"]), [false, true, true]);
    }

    #[test]
    fn several_introductions_with_fixes_of_their_own_are_several_ranges() {
        let dyad = "4.12:aaaaaaa:4.18:bbbbbbb\n5.8:ccccccc:5.15.77:ddddddd\n5.8:ccccccc:6.1:eeeeeee\n";
        let releases = ["4.11", "4.14.300", "4.18", "5.4.200", "5.8", "5.15.76", "5.15.77", "6.1"];
        assert_eq!(present(dyad, releases), [false, true, false, false, true, true, false, false]);
        assert_eq!(range(dyad, "4.14.300"), Some((Some("4.12".into()), None)));
    }

    #[test]
    fn one_fix_on_the_branch_ends_all_introductions_before_it() {
        let dyad = "5.15.8:aaaaaaa:5.15.31:ddddddd\n5.16:bbbbbbb:5.16.17:eeeeeee\n5.16:bbbbbbb:5.17:fffffff\n\
                    5.16:ccccccc:5.17:fffffff\n5.15.11:abababa:0:0\n5.4.165:cdcdcdc:0:0\n";
        let releases = ["5.15.7", "5.15.20", "5.15.31", "5.16", "5.16.16", "5.16.17", "5.17", "5.4.164", "5.4.165"];
        assert_eq!(present(dyad, releases), [false, true, false, true, true, false, false, false, true]);
    }

    #[test]
    fn a_fix_before_a_second_introduction_on_the_branch_does_not_end_it() {
        let dyad = "6.1.10:aaaaaaa:6.1.20:bbbbbbb\n6.1.30:ccccccc:0:0\n";
        assert_eq!(present(dyad, ["6.1.15", "6.1.20", "6.1.29", "6.1.30"]), [true, false, false, true]);
    }

    #[test]
    fn a_fix_older_than_its_introduction_ends_nothing() {
        let dyad = "5.10:aaaaaaa:5.2:bbbbbbb\n5.10:aaaaaaa:5.10.110:ccccccc\n";
        assert_eq!(present(dyad, ["5.4", "5.10", "5.10.109", "5.10.110", "6.1"]), [false, true, true, false, true]);
    }

    #[test]
    fn a_bug_that_came_and_went_within_a_version_is_in_no_release() {
        assert_eq!(
            present("6.1:aaaaaaa:6.1:bbbbbbb\n6.0.9:ccccccc:6.0.9:ddddddd\n", ["6.0.9", "6.1", "6.1.1"]),
            [false; 3]
        );
    }
}
