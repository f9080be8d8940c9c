//! Bug tables: where in a kernel the published bugs of a release lie, and how many that makes a line.
//!
//! ```text
//! source      files of the records: folder or archive
//! record, dyad, version, presence   one CVE, and whether the release has it
//! collect     the bugs of the release
//! kernel_table, functions   the kernel's functions by source file
//! named, places   function, file or directory that the mass of a bug goes to
//! scores      EPSS, exploited bugs
//! masses, subsystem, gamma_poisson, goodness, fits, density   bugs per line, by model
//! tables      Parquet
//! ```

mod collect;
mod density;
mod dyad;
mod error;
mod fits;
mod functions;
pub mod gamma_poisson;
mod goodness;
mod kernel_table;
mod masses;
mod named;
mod places;
mod presence;
mod record;
mod scores;
mod source;
mod subsystem;
mod tables;
mod version;

use std::collections::{HashMap, HashSet};
use std::path::PathBuf;

use collect::{Bug, Collected, collect};
use density::{DensityRow, Model, expected, mean_scores, uniform};
use fits::{Fits, fit_subsystems};
use functions::SourceFiles;
use kernel_table::find_kernel;
use masses::Masses;
use places::{Place, places};
use scores::{read_epss, read_exploited};
use tables::{BugRow, write_tables};

use hap_schemas::metadata_key;

use crate::progress::Progress;
use crate::write::FileMetadata;

pub use collect::RecordCounts;
pub use error::{BugsError, Problem, Problems};
pub use named::NameRule;
pub use places::Rule;
pub use version::{Version, VersionError};

/// The tables are written once and shipped; reading costs the same at every level.
const ZSTD_LEVEL: i32 = 19;

/// What to read, and where to write.
#[derive(Clone, Debug)]
pub struct BugsOptions {
    /// The Linux CNA's records: a folder, or a tar archive that may be compressed with zstd.
    pub cna: PathBuf,
    /// The release whose bugs are meant.
    pub release: Version,
    /// EPSS scores.
    pub epss: Option<PathBuf>,
    /// List of exploited bugs.
    pub exploited: Option<PathBuf>,
    /// Build id of the kernel table; none: the one of the release's series.
    pub kernel: Option<String>,
    /// Name of the Hive partition.
    pub source_name: String,
    /// The dataset.
    pub out: PathBuf,
}

/// What was written, and what is missing.
#[derive(Debug)]
pub struct BugsSummary {
    /// Build id of the kernel.
    pub build_id: String,
    /// Folder of the tables.
    pub folder: PathBuf,
    /// Records by what became of them.
    pub counts: RecordCounts,
    /// Bugs of the release.
    pub bugs: usize,
    /// Mass by rule.
    pub mass: Vec<(Rule, f64)>,
    /// Bugs whose text names a function, by the rule that found it.
    pub named: Vec<(NameRule, usize)>,
    /// Of each model: mass in the kernel, and bugs that its densities make of all functions.
    pub models: Vec<(&'static str, f64, f64)>,
    /// Bugs without an EPSS score; none without scores.
    pub unscored: Option<usize>,
    /// Bugs on the list of exploited ones; none without a list.
    pub exploited: Option<usize>,
    /// What could not be used.
    pub problems: Problems,
}

/// Scores and lists, as far as they were given.
struct Scores {
    epss: Option<HashMap<String, f64>>,
    exploited: Option<HashSet<String>>,
}

impl Scores {
    fn read(options: &BugsOptions, bugs: &[Bug], problems: &mut Problems) -> Result<Self, BugsError> {
        let ids: HashSet<_> = bugs.iter().map(|bug| bug.record.id.as_str()).collect();
        let epss =
            options.epss.as_deref().map(|path| read_epss(path, |cve| ids.contains(cve), problems)).transpose()?;
        let exploited = options.exploited.as_deref().map(|path| read_exploited(path, problems)).transpose()?;
        Ok(Self { epss, exploited })
    }

    fn epss(&self, bug: &Bug) -> Option<f64> {
        self.epss.as_ref()?.get(&bug.record.id).copied()
    }

    fn is_exploited(&self, bug: &Bug) -> bool {
        self.exploited.as_ref().is_some_and(|ids| ids.contains(&bug.record.id))
    }
}

/// Reads the records and writes the bug tables of a release to the dataset.
pub fn ingest_bugs(options: &BugsOptions, progress: &dyn Progress) -> Result<BugsSummary, BugsError> {
    let kernel = find_kernel(&options.out, options.release, options.kernel.as_deref())?;
    let source = SourceFiles::read(&kernel)?;
    let mut problems = Problems::default();
    let Collected { bugs, counts } = collect(&options.cna, options.release, progress, &mut problems)?;
    let scores = Scores::read(options, &bugs, &mut problems)?;
    let (places, named) = place_all(&bugs, &source);
    let masses = Masses::new(&places, &source, |_| 1.0);
    let fits = fit_subsystems(&source, &masses);
    let models = models(&bugs, &places, &source, &fits, &masses, &scores);

    let folder = options.out.join("bugs").join(format!("source={}", options.source_name));
    let metadata = FileMetadata {
        build_id: kernel.build_id.clone(),
        extra: vec![(metadata_key::BUGS_RELEASE, options.release.to_string())],
        zstd_level: Some(ZSTD_LEVEL),
        ..FileMetadata::default()
    };
    let bug_rows: Vec<_> = places.iter().filter_map(|place| bug_row(place, &bugs, &source, &scores)).collect();
    let density: Vec<_> = models.iter().flat_map(|model| &model.rows).cloned().collect();
    write_tables(&folder, &metadata, &bug_rows, &density, &fits.subsystems)?;
    Ok(BugsSummary {
        build_id: kernel.build_id,
        folder,
        counts,
        bugs: bugs.len(),
        mass: Rule::ALL.into_iter().zip(masses.by_rule).collect(),
        named,
        models: models.iter().map(|model| (model.name, model.inside, expected(&model.rows, &source))).collect(),
        unscored: scores.epss.is_some().then(|| bugs.iter().filter(|bug| scores.epss(bug).is_none()).count()),
        exploited: scores.exploited.is_some().then(|| bugs.iter().filter(|bug| scores.is_exploited(bug)).count()),
        problems,
    })
}

fn place_all(bugs: &[Bug], source: &SourceFiles) -> (Vec<Place>, Vec<(NameRule, usize)>) {
    let (mut all, mut rules) = (Vec::new(), Vec::new());
    for (number, bug) in bugs.iter().enumerate() {
        let (mut places, rule) = places(number, bug, source);
        all.append(&mut places);
        rules.extend(rule);
    }
    let count = |rule| rules.iter().filter(|found| **found == rule).count();
    (all, NameRule::ALL.into_iter().map(|rule| (rule, count(rule))).collect())
}

/// A density model, with its mass in the kernel.
struct ModelRows<'s> {
    name: &'static str,
    inside: f64,
    rows: Vec<DensityRow<'s>>,
}

fn models<'s>(
    bugs: &[Bug],
    places: &[Place],
    source: &'s SourceFiles,
    fits: &'s Fits,
    masses: &Masses,
    scores: &Scores,
) -> Vec<ModelRows<'s>> {
    let ones = vec![1.0; fits.subsystems.len()];
    let cve = Model { name: "cve", source, fits, masses, scores: ones }.rows();
    let mut models = vec![
        ModelRows { name: "uniform", inside: masses.inside(), rows: uniform(source, masses) },
        ModelRows { name: "cve", inside: masses.inside(), rows: cve },
    ];
    let mut add_scored = |name, score: &dyn Fn(&Bug) -> f64| {
        let masses = Masses::new(places, source, |bug| bugs.get(bug).map_or(0.0, score));
        let scores = mean_scores(fits, &masses);
        let rows = Model { name, source, fits, masses: &masses, scores }.rows();
        models.push(ModelRows { name, inside: masses.inside(), rows });
    };
    if scores.epss.is_some() {
        add_scored("epss", &|bug| scores.epss(bug).unwrap_or(0.0));
    }
    if scores.exploited.is_some() {
        add_scored("exploited", &|bug| f64::from(u8::from(scores.is_exploited(bug))));
    }
    models
}

fn bug_row<'s>(place: &'s Place, bugs: &'s [Bug], source: &'s SourceFiles, scores: &Scores) -> Option<BugRow<'s>> {
    let bug = bugs.get(place.bug)?;
    let file = place.file.and_then(|file| source.files.get(file));
    let function = file.and_then(|file| file.functions.get(place.function?));
    let copy = function.and_then(|function| function.copies.first());
    Some(BugRow {
        bug: &bug.record.id,
        file: &place.path,
        rule: place.rule.name(),
        function: function.map(|function| function.name.as_str()),
        place: copy.map(|(module, address)| (module.as_str(), *address)),
        mass: place.mass,
        introduced: bug.presence.introduced.map(|version| version.to_string()),
        fixed: bug.presence.fixed.map(|version| version.to_string()),
        epss: scores.epss(bug),
        exploited: scores.is_exploited(bug),
        title: bug.record.title.as_deref(),
    })
}
