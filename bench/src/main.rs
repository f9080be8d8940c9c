//! Measures `hap-ingest runs` against trace-cmd and zstd, and `hap-ingest kernel` against readelf and pahole: see
//! `hap-bench --help`.

mod columns;
mod generate;
mod kernel;
mod machine;
mod measure;
mod run;

use clap::Parser;

/// Measure hap-ingest
#[derive(Debug, Parser)]
#[command(version)]
enum Cli {
    Generate(generate::GenerateArgs),
    Run(run::RunArgs),
    Kernel(kernel::KernelArgs),
}

fn main() -> anyhow::Result<()> {
    match Cli::parse() {
        Cli::Generate(args) => generate::generate(&args),
        Cli::Run(args) => run::run(&args),
        Cli::Kernel(args) => kernel::run(&args),
    }
}

/// Tells something that is no result.
#[expect(clippy::print_stderr, reason = "the one place where the benchmark speaks beside its table")]
fn note(message: std::fmt::Arguments<'_>) {
    eprintln!("hap-bench: {message}");
}
