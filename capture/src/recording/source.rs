//! Whole sub-buffers out of a CPU's `trace_pipe_raw`.

use std::fs::{File, OpenOptions};
use std::io::{self, Read};
use std::os::fd::OwnedFd;
use std::os::unix::fs::OpenOptionsExt;
use std::path::Path;
use std::thread;
use std::time::Duration;

use rustix::event::{PollFd, PollFlags, Timespec, poll};
use rustix::fs::OFlags;
use rustix::pipe::{PipeFlags, SpliceFlags, fcntl_setpipe_size, pipe_with, splice};

use crate::error::{CaptureError, Result};

/// Bytes that the pipe between kernel and recorder should hold.
const PIPE_SIZE: usize = 1 << 20;
/// Longest wait for data: how late a stop or a slow trickle is noticed.
const WAIT: Timespec = Timespec { tv_sec: 0, tv_nsec: 50_000_000 };
/// Pause where the kernel reports data but has no full sub-buffer to give.
const PAUSE: Duration = Duration::from_millis(20);

/// Reads one CPU. Full sub-buffers are moved into a pipe without a copy, many a call.
#[derive(Debug)]
pub(crate) struct Source {
    raw: File,
    output: OwnedFd,
    input: File,
    sub_buffer: usize,
    /// Whether the last try gave nothing.
    was_empty: bool,
}

impl Source {
    /// Opens a `trace_pipe_raw`.
    pub(crate) fn open(path: &Path, sub_buffer: u32) -> Result<Self> {
        let io = |source| CaptureError::io(path, source);
        let flags = OFlags::NONBLOCK.bits().cast_signed();
        let raw = OpenOptions::new().read(true).custom_flags(flags).open(path).map_err(io)?;
        let (input, output) = pipe_with(PipeFlags::CLOEXEC).map_err(|error| io(error.into()))?;
        // A smaller pipe only takes more calls.
        let _ = fcntl_setpipe_size(&output, PIPE_SIZE.max(2 * sub_buffer as usize));
        Ok(Self { raw, output, input: File::from(input), sub_buffer: sub_buffer as usize, was_empty: false })
    }

    /// Fills `room` with full sub-buffers, as many as there are; gives their bytes. Does not wait.
    pub(crate) fn read_full(&mut self, room: &mut [u8]) -> io::Result<usize> {
        let wanted = room.len() - room.len() % self.sub_buffer;
        let mut filled = 0;
        while filled < wanted {
            let flags = SpliceFlags::NONBLOCK | SpliceFlags::MOVE;
            let moved = match splice(&self.raw, None, &self.output, None, wanted - filled, flags) {
                Ok(moved) => moved,
                Err(rustix::io::Errno::AGAIN | rustix::io::Errno::INTR) => 0,
                Err(error) => return Err(error.into()),
            };
            if moved == 0 {
                break;
            }
            let place = room.get_mut(filled..filled + moved).unwrap_or(&mut []);
            self.input.read_exact(place)?;
            filled += moved;
        }
        self.was_empty = filled == 0;
        Ok(filled)
    }

    /// Fills `room` with sub-buffers, the last one possibly not full; gives their bytes. Only for a buffer at rest.
    pub(crate) fn read_rest(&mut self, room: &mut [u8]) -> io::Result<usize> {
        let mut filled = 0;
        for place in room.chunks_exact_mut(self.sub_buffer) {
            match self.raw.read(place) {
                Ok(0) => break,
                Ok(count) => place.get_mut(count..).unwrap_or(&mut []).fill(0),
                Err(error) if error.kind() == io::ErrorKind::WouldBlock => break,
                Err(error) if error.kind() == io::ErrorKind::Interrupted => continue,
                Err(error) => return Err(error),
            }
            filled += self.sub_buffer;
        }
        Ok(filled)
    }

    /// Waits for data, at most a short time.
    pub(crate) fn wait(&self) -> io::Result<()> {
        let mut fds = [PollFd::new(&self.raw, PollFlags::IN)];
        match poll(&mut fds, Some(&WAIT)) {
            Ok(0) | Err(rustix::io::Errno::INTR) => Ok(()),
            Ok(_) => {
                if self.was_empty {
                    thread::sleep(PAUSE);
                }
                Ok(())
            }
            Err(error) => Err(error.into()),
        }
    }
}

#[cfg(test)]
mod tests {
    use super::Source;

    #[test]
    fn whole_sub_buffers_come_in_order_and_the_last_one_when_the_buffer_rests() {
        let folder = tempfile::tempdir().unwrap();
        let path = folder.path().join("trace_pipe_raw");
        let bytes: Vec<u8> = (0..5u8).flat_map(|number| vec![number; 4096]).collect();
        std::fs::write(&path, &bytes).unwrap();
        let mut source = Source::open(&path, 4096).unwrap();
        let mut room = vec![0; 2 * 4096 + 100];
        assert_eq!(source.read_full(&mut room).unwrap(), 8192);
        assert_eq!(room[..8192], bytes[..8192]);
        let mut room = vec![0; 8 * 4096];
        assert_eq!(source.read_rest(&mut room).unwrap(), 3 * 4096);
        assert_eq!(room[..3 * 4096], bytes[8192..]);
        assert_eq!(source.read_full(&mut room).unwrap(), 0);
    }
}
