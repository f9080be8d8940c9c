//! `hap-analyze completeness`: how much of what groups of runs can reach they have shown.

use clap::ValueEnum;
use rayon::prelude::*;

use super::ending::Notes;
use super::groups::{GroupArgs, Grouped, Needs};
use super::{OutputArgs, ScopeArgs};
use crate::Result;
use crate::calibration::{self, calibrate};
use crate::completeness::{Completeness, Part, Singleton, by_subsystem, incidence, of_windows, singletons};
use crate::completeness_frames::{COLUMNS, GroupRow, RunRow, SingletonRow, of_groups, of_runs, of_singletons};
use crate::groups::Group;
use crate::output::Report;
use crate::progress::Progress;
use crate::render::{self, decimal};
use crate::runs::Losses;
use hap_statistics::bootstrap::INDICATIVE_BELOW;
use hap_statistics::function_set::FunctionSet;

const EXAMPLE: &str = "\
Example:
  hap-analyze completeness --dataset dataset-demo --where set=study";

/// How many functions more runs would find: Chao2, sample coverage, runs still needed, functions of one run only
#[derive(Debug, clap::Args)]
#[command(after_help = EXAMPLE)]
pub(super) struct CompletenessArgs {
    #[command(flatten)]
    scope: ScopeArgs,
    #[command(flatten)]
    output: OutputArgs,
    #[command(flatten)]
    group: GroupArgs,
    /// What a row of the machine formats is; tables show all of them
    #[arg(long, value_enum, default_value = "groups")]
    rows: RowsArg,
    /// Also show how often the interval of Chao2 holds the truth when windows of a run are the sample and all of them the
    /// truth
    #[arg(long)]
    calibrate: bool,
    /// Parts of the source tree that a table lists of each group, and runs
    #[arg(long, value_name = "N", default_value_t = 60)]
    limit: usize,
}

#[derive(Clone, Copy, Debug, PartialEq, Eq, ValueEnum)]
enum RowsArg {
    /// A group of runs, with its runs as units
    Groups,
    /// A run with its windows as units, merged by 1, 2 and 4
    Windows,
    /// A function that exactly one run of its group has
    Singletons,
    /// A run and a number of its windows: how often the interval from such a sample holds what all windows hold
    Calibration,
}

/// Estimates the completeness of the groups.
pub(super) fn run(args: &CompletenessArgs, progress: &Progress) -> Result<Report> {
    args.output.check()?;
    let opened = args.scope.open(&args.group.by, progress)?;
    args.group.check(&opened.all, &COLUMNS)?;
    let keep_windows = args.calibrate || args.rows == RowsArg::Calibration;
    let needs = Needs { keys: &args.group.by, windows: keep_windows, ..Needs::default() };
    let grouped = Grouped::load(&opened, needs)?;
    let windows: Vec<&[Vec<u32>]> = grouped.study.reach.runs.iter().map(|run| run.windows.held.as_slice()).collect();
    let calibrations = calibrate(&windows, progress);
    let ids: Vec<&str> = grouped.runs.iter().map(|run| run.id.as_str()).collect();
    let singletons = group_singletons(&grouped);
    let groups = group_rows(&grouped, &singletons);
    let keys = &args.group.by;
    let frame = match args.rows {
        RowsArg::Groups => of_groups(&groups, keys)?,
        RowsArg::Windows => of_runs(&run_rows(&grouped, usize::MAX, progress), keys)?,
        RowsArg::Calibration => calibration::frame(&calibrations, &ids)?,
        RowsArg::Singletons => {
            of_singletons(&singleton_rows(&grouped, &singletons), &grouped.study.functions.frame, keys)?
        }
    };
    let ending = grouped.ending(&opened, &args.output);
    ending.report(frame, || {
        let parts: Vec<Part> = by_subsystem(&singletons.concat(), &grouped.study.functions);
        let mut blocks = vec![
            render::completeness::groups(&groups, keys),
            render::completeness::windows(&run_rows(&grouped, args.limit, progress), grouped.runs.len()),
            render::completeness::singletons(&parts, args.limit),
        ];
        if keep_windows {
            blocks.push(render::completeness::calibrations(&calibrations));
        }
        Ok((blocks.join("\n"), explain(&groups, &parts)))
    })
}

fn group_rows(grouped: &Grouped, singletons: &[Vec<Singleton>]) -> Vec<GroupRow> {
    let sets = grouped.study.function_sets();
    let row = |(group, singletons): (&Group, &Vec<Singleton>)| {
        let runs = group.runs.iter().filter_map(|run| sets.get(*run));
        let losses = Losses::total(group.runs.iter().filter_map(|run| grouped.runs.get(*run).copied()));
        GroupRow {
            labels: group.labels.clone(),
            completeness: Completeness::of(incidence(runs, grouped.study.functions.len())),
            steady_runs: grouped.study.steady_runs(&group.runs),
            passing: singletons.iter().filter(|singleton| singleton.passing == Some(true)).count(),
            events_lost: losses.events,
        }
    };
    grouped.groups.par_iter().zip(singletons).map(row).collect()
}

fn group_singletons(grouped: &Grouped) -> Vec<Vec<Singleton>> {
    let (sets, passing) = (grouped.study.function_sets(), grouped.study.passing_sets());
    let of_group = |group: &Group| {
        let runs: Vec<&FunctionSet> = group.runs.iter().filter_map(|run| sets.get(*run)).collect();
        let passing: Vec<_> = group.runs.iter().filter_map(|run| passing.get(*run).cloned()).collect();
        if runs.len() > 1 { singletons(&runs, &passing) } else { Vec::new() }
    };
    grouped.groups.iter().map(of_group).collect()
}

/// The windows of the first `most` runs, group by group.
fn run_rows(grouped: &Grouped, most: usize, progress: &Progress) -> Vec<RunRow> {
    let members = grouped.groups.iter().flat_map(|group| group.runs.iter().map(move |run| (group, *run)));
    let members: Vec<_> = members.take(most).collect();
    let steps = progress.begin("runs", members.len());
    let row = |(group, run): (&Group, usize)| {
        let reach = grouped.study.reach.runs.get(run)?;
        let merges = of_windows(&reach.windows);
        steps.step();
        Some(RunRow {
            labels: group.labels.clone(),
            run: grouped.runs.get(run)?.id.clone(),
            steady: reach.windows.steady.window().is_some(),
            merges,
        })
    };
    members.into_par_iter().filter_map(row).collect()
}

fn singleton_rows(grouped: &Grouped, singletons: &[Vec<Singleton>]) -> Vec<SingletonRow> {
    let groups = grouped.groups.iter().zip(singletons);
    let row = |group: &Group, singleton: &Singleton| {
        let run = grouped.runs.get(*group.runs.get(singleton.run)?)?;
        Some(SingletonRow { labels: group.labels.clone(), run: run.id.clone(), singleton: *singleton })
    };
    groups.flat_map(|(group, all)| all.iter().filter_map(move |singleton| row(group, singleton))).collect()
}

fn explain(groups: &[GroupRow], parts: &[Part]) -> Notes {
    let mut notes = vec![
        ("chao2", "lower bound of the functions that runs of this setting reach (Chao 1987), with its log-normal 95 % interval".to_owned()),
        ("coverage", "share of all incidences that belongs to functions found (Chao and Jost 2012), with its 95 % bootstrap interval".to_owned()),
        ("more for", "further runs until the coverage is 95 % or 99 %, extrapolated, with its 95 % interval; never: the extrapolation does not get there".to_owned()),
        ("windows", "the same over the windows of one run; stable: the estimates of windows merged by 2 and by 4 lie within the interval".to_owned()),
    ];
    let few = groups.iter().filter(|row| (row.completeness.incidence.units() as usize) < INDICATIVE_BELOW).count();
    if few > 0 {
        let groups = groups.len();
        notes.push((
            "too few runs",
            format!(
                "{few} of {groups} groups have fewer than {INDICATIVE_BELOW} runs: their estimates are only indicative"
            ),
        ));
    }
    if groups.iter().any(|row| row.completeness.richness.is_none()) {
        notes.push(("one run", "nothing can be estimated from one run: -".to_owned()));
    }
    let (all, passing) = parts.iter().fold((0, 0), |sum, part| (sum.0 + part.functions, sum.1 + part.passing));
    if all > 0 {
        let share = decimal(100.0 * passing as f64 / all as f64, 0);
        notes.push(("noise", format!(
            "of {all} functions in exactly one run of their group {passing} ({share} %) were called in one window of it alone: a passing event \
             rather than part of the repeated work. Noise makes every estimate of what is unseen too large"
        )));
    }
    notes
}
