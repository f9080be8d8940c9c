//! `recording.json`: what is known of a run that is not finished.

use std::io::Write;

use hap_schemas::RunJson;
use serde::{Deserialize, Serialize};

use super::{RunDir, write_atomically};
use crate::error::{CaptureError, Result};
use crate::tracefs::Restore;

/// Largest chunk that is believed.
const MAX_CHUNK: u32 = 16 << 20;

/// What a recorder leaves for `hap-capture recover`.
#[derive(Clone, Debug, PartialEq, Serialize, Deserialize)]
pub struct RecordingState {
    /// The recorder's process.
    pub pid: i32,
    /// Boot in which it ran.
    pub boot_id: String,
    /// What must be put back in tracefs.
    pub restore: Restore,
    /// Bytes of a sub-buffer.
    pub sub_buffer_size: u32,
    /// Bytes of a full chunk in memory.
    pub chunk_size: u32,
    /// Zstandard level.
    pub level: i32,
    /// The text of `trace_clock`.
    pub clock: String,
    /// The CPUs that are recorded.
    pub cpus: Vec<u32>,
    /// The run as it was at the start.
    pub run: RunJson,
}

impl RecordingState {
    /// Writes the state into its directory.
    pub fn save(&self, dir: &RunDir) -> Result<()> {
        let path = dir.state();
        write_atomically(&path, |out| {
            serde_json::to_writer_pretty(&mut *out, self)?;
            out.write_all(b"\n")
        })
    }

    /// Reads the state of a directory; none when there is no recording.
    pub fn load(dir: &RunDir) -> Result<Option<Self>> {
        let path = dir.state();
        let text = match std::fs::read(&path) {
            Err(error) if error.kind() == std::io::ErrorKind::NotFound => return Ok(None),
            text => text.map_err(|source| CaptureError::io(&path, source))?,
        };
        let state: Self = serde_json::from_slice(&text).map_err(|error| CaptureError::malformed(&path, error))?;
        let is_sound = state.restore.is_sound() && state.chunk_size <= MAX_CHUNK && state.sub_buffer_size <= MAX_CHUNK;
        if is_sound { Ok(Some(state)) } else { Err(CaptureError::malformed(&path, "no recorder has written this")) }
    }
}

#[cfg(test)]
mod tests {
    use hap_schemas::RunJson;

    use super::RecordingState;
    use crate::error::CaptureError;
    use crate::run_dir::RunDir;
    use crate::tracefs::Restore;

    fn state() -> RecordingState {
        let restore = Restore { instance: "hap-7".into(), settings: vec![("options/record-cmd".into(), "1".into())] };
        RecordingState {
            pid: 7,
            boot_id: "boot".into(),
            restore,
            sub_buffer_size: 4096,
            chunk_size: 1 << 18,
            level: 1,
            clock: "[mono]".into(),
            cpus: vec![0, 1],
            run: RunJson::default(),
        }
    }

    #[test]
    fn a_state_comes_back_as_it_was_saved_and_none_is_no_error() {
        let root = tempfile::tempdir().unwrap();
        let dir = RunDir::open(root.path());
        assert_eq!(RecordingState::load(&dir).unwrap(), None);
        state().save(&dir).unwrap();
        assert_eq!(RecordingState::load(&dir).unwrap(), Some(state()));
    }

    #[test]
    fn a_state_that_would_write_elsewhere_or_ask_for_much_memory_is_refused() {
        let root = tempfile::tempdir().unwrap();
        let dir = RunDir::open(root.path());
        let refused = |change: fn(&mut RecordingState)| {
            let mut state = state();
            change(&mut state);
            state.save(&dir).unwrap();
            matches!(RecordingState::load(&dir), Err(CaptureError::Malformed { .. }))
        };
        assert!(refused(|state| state.restore.instance = "../../etc".into()));
        assert!(refused(|state| state.restore.instance = "other".into()));
        assert!(refused(|state| state.restore.settings[0].0 = "../shadow".into()));
        assert!(refused(|state| state.chunk_size = u32::MAX));
        assert!(refused(|state| state.sub_buffer_size = u32::MAX));
    }
}
