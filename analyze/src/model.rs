//! Models of bug density.

use clap::ValueEnum;

/// Where the density of a line comes from.
#[derive(Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord, ValueEnum)]
pub enum Model {
    /// The same density everywhere
    Uniform,
    /// By the CVE records of the code
    Cve,
    /// By those records, each counted with its exploit-prediction score
    Epss,
    /// By those records that lists of exploited bugs name
    Exploited,
}

impl Model {
    /// The name on the command line and in table `density`.
    pub const fn name(self) -> &'static str {
        match self {
            Self::Uniform => "uniform",
            Self::Cve => "cve",
            Self::Epss => "epss",
            Self::Exploited => "exploited",
        }
    }

    /// Options of `hap-ingest bugs` that make its densities.
    pub const fn ingest_options(self) -> &'static str {
        match self {
            Self::Uniform | Self::Cve => "--cna PATH --release V",
            Self::Epss => "--cna PATH --release V --epss FILE",
            Self::Exploited => "--cna PATH --release V --exploited FILE",
        }
    }
}
