//! Whether the runs of a group are repetitions of one setting.
//!
//! A mean over runs of different load, window or boot mixes these with the noise that an interval is meant to tell.

use std::collections::BTreeSet;

use crate::runs::Run;

/// Columns of `runs` that repetitions share.
const COLUMNS: [&str; 3] = ["boot_id", "window_ns", "clock"];
/// Lengths that differ by more than this factor are no repetitions.
const LENGTH_RATIO: f64 = 1.25;
/// Values that are named of one label.
const MOST_VALUES: usize = 4;

/// A label in which the runs of a group differ, with its values.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Difference {
    /// The label or column.
    pub label: String,
    /// Its values, sorted; a run without one has the value `none`.
    pub values: Vec<String>,
}

/// The labels in which runs differ, other than those of `keys`: every free label, boot, window length, clock, and the
/// length of the recording when it differs by more than a quarter.
pub fn differences(runs: &[&Run], keys: &[String]) -> Vec<Difference> {
    let labels: BTreeSet<&str> =
        runs.iter().flat_map(|run| run.labels.keys()).map(String::as_str).chain(COLUMNS).collect();
    let others = labels.into_iter().filter(|label| !keys.iter().any(|key| key == label));
    let differs = |label: &str| {
        let values: BTreeSet<_> = runs.iter().map(|run| run.value(label).unwrap_or("none")).collect();
        let values = values.into_iter().map(str::to_owned).collect::<Vec<_>>();
        (values.len() > 1).then(|| Difference { label: label.to_owned(), values })
    };
    others.filter_map(differs).chain(lengths(runs)).collect()
}

fn lengths(runs: &[&Run]) -> Option<Difference> {
    let seconds: Vec<f64> = runs.iter().filter_map(|run| run.number("duration_ns")).map(|ns| ns as f64 / 1e9).collect();
    let (least, most) = seconds.iter().fold((f64::INFINITY, 0.0_f64), |(least, most), s| (least.min(*s), most.max(*s)));
    let values = vec![format!("{least:.2} s"), format!("{most:.2} s")];
    (most > LENGTH_RATIO * least).then(|| Difference { label: "duration".to_owned(), values })
}

/// The warning for groups whose runs differ: one text a label, with the groups and values; empty without any.
pub fn warnings(groups: &[(String, Vec<&Run>)], keys: &[String]) -> Vec<String> {
    let found: Vec<(&str, Difference)> = groups
        .iter()
        .flat_map(|(name, runs)| differences(runs, keys).into_iter().map(move |difference| (name.as_str(), difference)))
        .collect();
    let labels: BTreeSet<&str> = found.iter().map(|(_, difference)| difference.label.as_str()).collect();
    let of = |label: &&str| {
        let groups: Vec<_> = found.iter().filter(|(_, difference)| difference.label == *label).collect();
        let texts: Vec<_> =
            groups.iter().map(|(name, difference)| format!("{name} ({})", values(difference))).collect();
        format!("{label} differs between the runs of {}", texts.join(", "))
    };
    labels.iter().map(of).collect()
}

fn values(difference: &Difference) -> String {
    let shown: Vec<_> = difference.values.iter().take(MOST_VALUES).map(|value| shortened(value)).collect();
    let more = difference.values.len().saturating_sub(MOST_VALUES);
    let joined = shown.join(" | ");
    if more > 0 { format!("{joined} | {more} more") } else { joined }
}

/// Boot ids are long; their beginning tells them apart.
fn shortened(value: &str) -> String {
    let is_id = value.len() == 36 && value.chars().all(|letter| letter == '-' || letter.is_ascii_hexdigit());
    if is_id { value.chars().take(8).collect() } else { value.to_owned() }
}

#[cfg(test)]
mod tests {
    use super::{differences, warnings};
    use crate::runs::Run;

    fn run(boot: &str, load: Option<&str>, duration: i64) -> Run {
        let columns = [("boot_id", boot.to_owned()), ("duration_ns", duration.to_string())];
        Run {
            columns: columns.into_iter().map(|(key, value)| (key.to_owned(), value)).collect(),
            labels: load.into_iter().map(|load| ("load".to_owned(), load.to_owned())).collect(),
            ..Run::default()
        }
    }

    #[test]
    fn load_boot_and_length_are_told_and_the_keys_of_the_group_are_not() {
        let boots = ["9fa7d1c3-edea-4d24-9122-595d98997ba1", "dec1adcf-edea-4d24-9122-595d98997ba1"];
        let runs = [run(boots[0], Some("slow"), 1_000_000_000), run(boots[1], None, 1_300_000_000)];
        let runs: Vec<_> = runs.iter().collect();
        assert_eq!(
            warnings(&[("runc/get".to_owned(), runs.clone())], &[]),
            [
                "boot_id differs between the runs of runc/get (9fa7d1c3 | dec1adcf)",
                "duration differs between the runs of runc/get (1.00 s | 1.30 s)",
                "load differs between the runs of runc/get (none | slow)",
            ]
        );
        let keys = ["load".to_owned(), "boot_id".to_owned()];
        assert_eq!(differences(&runs, &keys).iter().map(|d| d.label.as_str()).collect::<Vec<_>>(), ["duration"]);
    }

    #[test]
    fn repetitions_have_no_warning() {
        let runs = [run("a", Some("x"), 1_000_000_000), run("a", Some("x"), 1_200_000_000)];
        assert_eq!(warnings(&[("g".to_owned(), runs.iter().collect())], &[]), [""; 0]);
    }
}
