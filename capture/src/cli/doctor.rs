//! `hap-capture doctor`.

use std::io::Write;
use std::path::PathBuf;

use clap::Args;
use hap_schemas::Exit;

use super::Format;
use crate::doctor::{Check, Health, examine};
use crate::host::Host;

const EXAMPLES: &str = "\
Examples:
  hap-capture doctor
  hap-capture doctor --out /srv/runs --format json";

/// Tell whether this host can be traced, what is missing, and the command that mends it
///
/// Exit code: 0 all is well, 1 recording works but something is missing, 2 recording does not work.
#[derive(Debug, Args)]
#[command(after_help = EXAMPLES)]
pub(super) struct DoctorArgs {
    /// Folder that runs are to be written to
    #[arg(long, value_name = "DIR", default_value = ".")]
    out: PathBuf,
    /// Form of the answer
    #[arg(long, value_enum, default_value_t = Format::Table)]
    format: Format,
}

pub(super) fn run(args: &DoctorArgs) -> anyhow::Result<Exit> {
    let checks = examine(&Host::default(), &args.out);
    args.format.print(&checks, table)?;
    Ok(exit(&checks))
}

fn exit(checks: &[Check]) -> Exit {
    match checks.iter().map(|check| check.health).max() {
        None | Some(Health::Ok) => Exit::Complete,
        Some(Health::Limited) => Exit::Incomplete,
        Some(Health::Missing) => Exit::Failed,
    }
}

fn table(checks: &[Check]) -> String {
    let width = checks.iter().map(|check| check.name.len()).max().unwrap_or(0);
    let mut text = Vec::new();
    for check in checks {
        let health = match check.health {
            Health::Ok => "ok",
            Health::Limited => "limited",
            Health::Missing => "MISSING",
        };
        // Writing to memory does not fail.
        let _ = writeln!(text, "{:width$}  {health:7}  {}", check.name, check.found);
        if let Some(mend) = &check.mend {
            let _ = writeln!(text, "{:width$}           mend: {mend}", "");
        }
    }
    String::from_utf8_lossy(&text).into_owned()
}

#[cfg(test)]
mod tests {
    use super::{exit, table};
    use crate::doctor::{Check, Health};
    use hap_schemas::Exit;

    #[test]
    fn each_line_tells_what_was_found_and_a_lack_what_mends_it() {
        let ok = Check { name: "kvm", health: Health::Ok, found: "/dev/kvm".into(), mend: None };
        let lack = Check {
            name: "tracefs",
            health: Health::Missing,
            found: "not mounted".into(),
            mend: Some("mount it".into()),
        };
        let expected = "kvm      ok       /dev/kvm\ntracefs  MISSING  not mounted\n                  mend: mount it\n";
        assert_eq!(table(&[ok.clone(), lack.clone()]), expected);
        assert_eq!((exit(std::slice::from_ref(&ok)), exit(&[ok, lack])), (Exit::Complete, Exit::Failed));
    }
}
