//! `hap-capture recover`.

use std::path::PathBuf;

use clap::Args;
use hap_schemas::Exit;

use super::note;
use crate::host::Host;
use crate::recover::{Recovered, Recovery, recover};

const EXAMPLE: &str = "\
Example:
  hap-capture recover run1";

/// Make a run of what a killed recorder has left
///
/// What is on the disk is kept, compressed or not, but for a torn chunk at the end of a CPU. In the same boot the kernel's
/// buffers still hold what came after: that is added, and tracing is put back as it was found.
///
/// Exit code: 0 nothing is missing, 1 something is, or may be, 2 failed.
#[derive(Debug, Args)]
#[command(after_help = EXAMPLE)]
pub(super) struct RecoverArgs {
    /// Run directory of the recorder
    #[arg(value_name = "DIR")]
    dir: PathBuf,
}

pub(super) fn run(args: &RecoverArgs) -> anyhow::Result<Exit> {
    Ok(match recover(&Host::default(), &args.dir)? {
        Recovery::NothingRecorded => {
            note("nothing had been recorded; tracing is as it was");
            Exit::Incomplete
        }
        Recovery::WasFinished => {
            note("the run was complete; its working files are removed");
            Exit::Complete
        }
        Recovery::Run(recovered) => {
            report(args, &recovered);
            exit(&recovered)
        }
    })
}

fn report(args: &RecoverArgs, recovered: &Recovered) {
    for line in &recovered.finished.run.notes {
        note(format_args!("note: {line}"));
    }
    let missing = match recovered.missing {
        Some(missing) => format!("{missing} read and not written"),
        None => "what else was lost the kernel cannot tell any more".to_owned(),
    };
    note(format_args!(
        "{} events ({:.1} MB from the kernel's buffers), {} lost, {missing} -> {}",
        recovered.finished.events,
        recovered.drained as f64 / 1e6,
        recovered.finished.lost,
        args.dir.display()
    ));
}

fn exit(recovered: &Recovered) -> Exit {
    let finished = &recovered.finished;
    let is_whole = finished.lost == 0 && finished.damaged == 0 && recovered.missing == Some(0);
    if is_whole && recovered.torn.is_empty() && recovered.empty.is_empty() { Exit::Complete } else { Exit::Incomplete }
}
