//! Becomes a command once the recorder lets it go. Not for users.

use std::ffi::OsString;

use clap::Args;
use hap_schemas::Exit;

use crate::recording::stop_and_execute;

#[derive(Debug, Args)]
pub(super) struct StartStoppedArgs {
    #[arg(last = true, required = true)]
    command: Vec<OsString>,
}

pub(super) fn run(args: &StartStoppedArgs) -> anyhow::Result<Exit> {
    Err(stop_and_execute(&args.command).into())
}
