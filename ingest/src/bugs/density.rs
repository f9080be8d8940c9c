//! Bugs per line, by model, file and function.
//!
//! With a and b of the file's part of the source tree, n the mass in a file and L its lines (docs/method.md):
//!
//! ```text
//! file      d = (n + a w) / (L + b)                       the posterior mean; w = 1 in model cve
//! function  d_i = (n_i + a w L_i / L) / (L + b) * L / L_i     so that the sum of L_i d_i is L d
//! ```
//!
//! n_i has the mass that names the function and its share by lines of what is spread over the file. In a model with
//! scores n is the sum of scores (a marked process), and w the mean score of a bug of that part, (S + v) / (N + 1) with
//! S its scores, N its bugs and v the mean over all. What is spread over a directory is added to all of its lines.

use super::fits::{Fits, SubsystemFit};
use super::functions::{SourceFile, SourceFiles};
use super::masses::{FileMass, Masses};

/// A row of table `density`.
#[derive(Clone, Debug, PartialEq)]
pub(super) struct DensityRow<'s> {
    pub(super) model: &'static str,
    pub(super) file: Option<&'s str>,
    /// Module and address.
    pub(super) function: Option<(&'s str, i64)>,
    pub(super) subsystem: Option<&'s str>,
    pub(super) bugs: f64,
    pub(super) lines: u64,
    pub(super) density: f64,
}

/// The one row of the uniform model: the same bugs, on every line alike.
pub(super) fn uniform<'s>(source: &SourceFiles, masses: &Masses) -> Vec<DensityRow<'s>> {
    vec![overall("uniform", source, masses)]
}

fn overall<'s>(model: &'static str, source: &SourceFiles, masses: &Masses) -> DensityRow<'s> {
    let (bugs, lines) = (masses.inside(), source.lines());
    DensityRow { model, file: None, function: None, subsystem: None, bugs, lines, density: bugs / lines.max(1) as f64 }
}

/// A model with a density for each file.
pub(super) struct Model<'s, 'm> {
    pub(super) name: &'static str,
    pub(super) source: &'s SourceFiles,
    pub(super) fits: &'s Fits,
    /// Masses with the model's scores.
    pub(super) masses: &'m Masses,
    /// Mean score of a bug, by part of the tree; 1 in model cve.
    pub(super) scores: Vec<f64>,
}

/// Mean score of a bug of each part of the tree, drawn to the mean of all by the weight of one bug.
pub(super) fn mean_scores(fits: &Fits, masses: &Masses) -> Vec<f64> {
    let mut sums = vec![0.0; fits.subsystems.len()];
    for (mass, &part) in masses.files.iter().zip(&fits.of_file) {
        if let Some(sum) = sums.get_mut(part) {
            *sum += mass.total();
        }
    }
    let bugs: f64 = fits.subsystems.iter().map(|part| part.bugs).sum();
    let overall = if bugs > 0.0 { sums.iter().sum::<f64>() / bugs } else { 0.0 };
    fits.subsystems.iter().zip(sums).map(|(part, sum)| (sum + overall) / (part.bugs + 1.0)).collect()
}

impl<'s> Model<'s, '_> {
    /// The rows: of all files, of the functions of the files in which bugs name functions, and the one for the rest.
    pub(super) fn rows(&self) -> Vec<DensityRow<'s>> {
        let mut rows = vec![overall(self.name, self.source, self.masses)];
        let files = self.source.files.iter().zip(&self.masses.files).zip(&self.fits.of_file);
        for ((file, mass), &part) in files {
            let (Some(fit), Some(&score)) = (self.fits.subsystems.get(part), self.scores.get(part)) else { continue };
            let file =
                ModelFile { file, mass, fit, score, folder: self.masses.folder_density(&file.path, self.source) };
            rows.push(file.row(self.name));
            if mass.named.values().any(|&mass| mass > 0.0) {
                rows.extend(file.function_rows(self.name));
            }
        }
        rows
    }
}

/// A file, and all that its densities depend on.
struct ModelFile<'s, 'm> {
    file: &'s SourceFile,
    mass: &'m FileMass,
    fit: &'s SubsystemFit,
    score: f64,
    /// Density that its folder adds.
    folder: f64,
}

impl<'s> ModelFile<'s, '_> {
    /// Posterior mean density of `bugs` on `lines` of the file, the prior in proportion.
    fn posterior(&self, bugs: f64, lines: f64) -> f64 {
        let all = self.file.lines as f64;
        match self.fit.fit.gamma {
            Some(gamma) => (bugs + gamma.a * self.score * lines / all) / (all + gamma.b) * (all / lines),
            None => self.fit.fit.mean * self.score,
        }
    }

    fn row(&self, model: &'static str) -> DensityRow<'s> {
        let lines = self.file.lines as f64;
        DensityRow {
            model,
            file: Some(&self.file.path),
            function: None,
            subsystem: Some(&self.fit.name),
            bugs: self.mass.total() + self.folder * lines,
            lines: self.file.lines,
            density: self.posterior(self.mass.total(), lines) + self.folder,
        }
    }

    fn function_rows(&self, model: &'static str) -> Vec<DensityRow<'s>> {
        let per_line = self.mass.spread / self.file.lines as f64;
        let mut rows = Vec::new();
        for (number, function) in self.file.functions.iter().enumerate() {
            let lines = function.lines as f64;
            let bugs = self.mass.named.get(&number).copied().unwrap_or(0.0) + per_line * lines;
            let row = DensityRow {
                bugs: bugs + self.folder * lines,
                lines: function.lines,
                density: self.posterior(bugs, lines) + self.folder,
                ..self.row(model)
            };
            let copies = function.copies.iter();
            rows.extend(
                copies.map(|(module, address)| DensityRow { function: Some((module, *address)), ..row.clone() }),
            );
        }
        rows
    }
}

/// Bugs that a model expects in all functions: the sum of lines times density.
pub(super) fn expected(rows: &[DensityRow<'_>], source: &SourceFiles) -> f64 {
    let in_file = |row: &DensityRow<'_>| row.lines as f64 * row.density;
    let files: Vec<_> = rows.iter().filter(|row| row.file.is_some() && row.function.is_none()).collect();
    match rows {
        // Without rows of files the overall density is that of every line.
        [row] if files.is_empty() => source.lines() as f64 * row.density,
        _ => files.into_iter().map(in_file).sum(),
    }
}

#[cfg(test)]
mod tests {
    use super::super::fits::fit_subsystems;
    use super::super::functions::{FunctionRow, SourceFiles};
    use super::super::masses::Masses;
    use super::super::places::{Place, Rule};
    use super::{Model, expected, mean_scores, uniform};

    fn row(file: usize, address: i64, lines: i32) -> FunctionRow {
        FunctionRow {
            module: "vmlinux".into(),
            source_address: address,
            function: format!("f{address}"),
            file: format!("mm/{file:02}.c"),
            line: address as i32,
            lines,
        }
    }

    /// 12 files of two functions; file i has i mod 5 bugs, the first file's name a function.
    fn setting() -> (SourceFiles, Vec<Place>) {
        let rows = (0..12).flat_map(|i| [row(i, 16 * i as i64, 30 + i as i32), row(i, 16 * i as i64 + 8, 70)]);
        let source = SourceFiles::new(rows.collect::<Vec<_>>());
        let place = |bug, file: usize, rule, function| Place {
            bug,
            path: format!("mm/{file:02}.c"),
            rule,
            file: Some(file),
            function,
            mass: 1.0,
        };
        let mut places: Vec<_> =
            (0..12)
                .flat_map(|file| (0..file % 5).map(move |n| (file, n)))
                .enumerate()
                .map(|(bug, (file, n))| {
                    if n == 3 { place(bug, file, Rule::Function, Some(1)) } else { place(bug, file, Rule::File, None) }
                })
                .collect();
        places.push(Place { file: None, path: "mm/absent.c".into(), ..place(90, 0, Rule::Directory, None) });
        places.push(Place { file: None, path: "arch/m68k/absent.c".into(), ..place(91, 0, Rule::Outside, None) });
        (source, places)
    }

    #[test]
    fn densities_follow_the_formulas_and_functions_conserve_their_file() {
        let (source, places) = setting();
        let masses = Masses::new(&places, &source, |_| 1.0);
        assert_eq!(masses.by_rule.map(|mass| mass.to_string()), ["2", "19", "1", "1"]);
        let fits = fit_subsystems(&source, &masses);
        let model = Model { name: "cve", source: &source, fits: &fits, masses: &masses, scores: vec![1.0] };
        let rows = model.rows();
        let gamma = fits.subsystems[0].fit.gamma.unwrap();
        let folder = 1.0 / source.lines() as f64;
        let file = rows.iter().find(|row| row.file == Some("mm/04.c") && row.function.is_none()).unwrap();
        assert!((file.density - ((4.0 + gamma.a) / (104.0 + gamma.b) + folder)).abs() < 1e-15);
        assert!((file.bugs - (4.0 + 104.0 * folder)).abs() < 1e-12);
        let functions: Vec<_> =
            rows.iter().filter(|row| row.file == Some("mm/04.c") && row.function.is_some()).collect();
        let named = functions[1];
        let bugs = 1.0 + 3.0 * 70.0 / 104.0;
        let formula = (bugs + gamma.a * 70.0 / 104.0) / (104.0 + gamma.b) * (104.0 / 70.0) + folder;
        assert_eq!((named.function, named.lines), (Some(("vmlinux", 72)), 70));
        assert!((named.density - formula).abs() < 1e-15);
        let total: f64 = functions.iter().map(|row| row.lines as f64 * row.density).sum();
        assert!((total - 104.0 * file.density).abs() < 1e-12);
        assert_eq!(rows.iter().filter(|row| row.function.is_some()).count(), 4);
    }

    #[test]
    fn the_uniform_model_and_the_row_without_a_file_are_all_bugs_on_all_lines() {
        let (source, places) = setting();
        let masses = Masses::new(&places, &source, |_| 1.0);
        let rows = uniform(&source, &masses);
        assert_eq!((rows.len(), rows[0].bugs, rows[0].lines), (1, 22.0, source.lines()));
        assert!((expected(&rows, &source) - 22.0).abs() < 1e-12);
    }

    #[test]
    fn without_spread_every_file_has_the_density_of_its_part() {
        let (source, _) = setting();
        let masses = Masses::new(&[], &source, |_| 1.0);
        let fits = fit_subsystems(&source, &masses);
        let rows = Model { name: "cve", source: &source, fits: &fits, masses: &masses, scores: vec![1.0] }.rows();
        assert!(rows.iter().all(|row| row.density == 0.0));
        assert_eq!(fits.subsystems[0].fit.gamma, None);
    }

    #[test]
    fn a_model_of_equal_scores_is_near_the_counts_times_the_score() {
        let (source, places) = setting();
        let masses = Masses::new(&places, &source, |_| 1.0);
        let fits = fit_subsystems(&source, &masses);
        let quarter = Masses::new(&places, &source, |_| 0.25);
        let scores = mean_scores(&fits, &quarter);
        assert!((scores[0] - 0.25).abs() < 1e-12, "{scores:?}");
        let cve = Model { name: "cve", source: &source, fits: &fits, masses: &masses, scores: vec![1.0] }.rows();
        let epss = Model { name: "epss", source: &source, fits: &fits, masses: &quarter, scores }.rows();
        assert!(cve.iter().zip(&epss).all(|(cve, epss)| (epss.density - 0.25 * cve.density).abs() < 1e-12));
    }
}
