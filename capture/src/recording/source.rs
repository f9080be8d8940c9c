//! Whole sub-buffers out of a CPU's `trace_pipe_raw`.

use std::fs::{File, OpenOptions};
use std::io::{self, Read, Write};
use std::os::fd::OwnedFd;
use std::os::unix::fs::OpenOptionsExt;
use std::path::Path;
use std::thread;
use std::time::Duration;

use rustix::event::{PollFd, PollFlags, Timespec, poll};
use rustix::fs::OFlags;
use rustix::io::Errno;
use rustix::pipe::{PipeFlags, SpliceFlags, fcntl_setpipe_size, pipe_with, splice};

use crate::error::{CaptureError, Result};
use crate::run_dir::SpoolWriter;

/// Sub-buffers that are on their way at a time: those that are lost with a recorder that is killed.
const IN_PIPE: usize = 64;
/// Longest wait for data: how late a stop or a slow trickle is noticed.
const WAIT: Timespec = Timespec { tv_sec: 0, tv_nsec: 50_000_000 };
/// First and longest pause where the kernel reports data but has no full sub-buffer to give; each is twice the one before.
const PAUSES: (Duration, Duration) = (Duration::from_millis(1), Duration::from_millis(16));

/// Moves the sub-buffers of one CPU into its spool, without a copy through this process.
#[derive(Debug)]
pub(crate) struct Source {
    raw: File,
    output: OwnedFd,
    input: File,
    sub_buffer: usize,
    /// Whether the last try gave nothing.
    was_empty: bool,
    pause: Duration,
}

impl Source {
    /// Opens a `trace_pipe_raw`.
    pub(crate) fn open(path: &Path, sub_buffer: u32) -> Result<Self> {
        let io = |source| CaptureError::io(path, source);
        let flags = OFlags::NONBLOCK.bits().cast_signed();
        let raw = OpenOptions::new().read(true).custom_flags(flags).open(path).map_err(io)?;
        let (input, output) = pipe_with(PipeFlags::CLOEXEC).map_err(|error| io(error.into()))?;
        let sub_buffer = sub_buffer as usize;
        // A smaller pipe only takes more calls.
        let _ = fcntl_setpipe_size(&output, IN_PIPE * sub_buffer);
        Ok(Self { raw, output, input: File::from(input), sub_buffer, was_empty: false, pause: PAUSES.0 })
    }

    /// Most bytes that [`Self::move_full`] moves.
    pub(crate) fn most(&self) -> usize {
        IN_PIPE * self.sub_buffer
    }

    /// Appends full sub-buffers, some of those that there are; gives their bytes, 0 where there is none. Does not wait.
    pub(crate) fn move_full(&mut self, spool: &mut SpoolWriter) -> io::Result<usize> {
        let flags = SpliceFlags::NONBLOCK | SpliceFlags::MOVE;
        let most = self.most();
        let (out, room) = spool.file()?;
        let moved = match splice(&self.raw, None, &self.output, None, room.min(most), flags) {
            Ok(moved) => moved,
            Err(Errno::AGAIN | Errno::INTR) => 0,
            Err(error) => return Err(error.into()),
        };
        self.empty_pipe(moved, out)?;
        spool.advance(moved);
        self.was_empty = moved == 0;
        if moved > 0 {
            self.pause = PAUSES.0;
        }
        Ok(moved)
    }

    fn empty_pipe(&mut self, bytes: usize, out: &mut File) -> io::Result<()> {
        let mut left = bytes;
        while left > 0 {
            match splice(&self.input, None, &*out, None, left, SpliceFlags::MOVE) {
                Ok(0) => return Err(io::ErrorKind::UnexpectedEof.into()),
                Ok(moved) => left -= moved,
                Err(Errno::INTR) => {}
                // A file system without splice.
                Err(Errno::INVAL) => {
                    let mut copy = vec![0; left];
                    self.input.read_exact(&mut copy)?;
                    out.write_all(&copy)?;
                    left = 0;
                }
                Err(error) => return Err(error.into()),
            }
        }
        Ok(())
    }

    /// Appends all sub-buffers of a buffer at rest, the last one filled up with zeroes; gives their bytes.
    pub(crate) fn move_rest(&mut self, spool: &mut SpoolWriter) -> io::Result<usize> {
        let mut total = 0;
        loop {
            let moved = self.move_full(spool)?;
            total += moved;
            if moved == 0 {
                break;
            }
        }
        let mut sub_buffer = vec![0; self.sub_buffer];
        loop {
            match self.raw.read(&mut sub_buffer) {
                Ok(0) => return Ok(total),
                Ok(count) => sub_buffer.get_mut(count..).unwrap_or(&mut []).fill(0),
                Err(error) if error.kind() == io::ErrorKind::WouldBlock => return Ok(total),
                Err(error) if error.kind() == io::ErrorKind::Interrupted => continue,
                Err(error) => return Err(error),
            }
            spool.file()?.0.write_all(&sub_buffer)?;
            spool.advance(self.sub_buffer);
            total += self.sub_buffer;
        }
    }

    /// Waits for data, at most a short time.
    pub(crate) fn wait(&mut self) -> io::Result<()> {
        let mut fds = [PollFd::new(&self.raw, PollFlags::IN)];
        match poll(&mut fds, Some(&WAIT)) {
            Ok(0) | Err(Errno::INTR) => Ok(()),
            Ok(_) => {
                if self.was_empty {
                    thread::sleep(self.pause);
                    self.pause = (2 * self.pause).min(PAUSES.1);
                }
                Ok(())
            }
            Err(error) => Err(error.into()),
        }
    }
}

#[cfg(test)]
mod tests {
    use std::fs::File;

    use super::{IN_PIPE, Source};
    use crate::run_dir::{RunDir, Spool, SpoolMemory};

    /// 66 sub-buffers of 4,096 bytes, each full of its number.
    fn source(dir: &RunDir) -> (Source, Vec<u8>) {
        let path = dir.path().join("trace_pipe_raw");
        let bytes: Vec<u8> = (1..=66).flat_map(|number| [number; 4096]).collect();
        std::fs::write(&path, &bytes).unwrap();
        (Source::open(&path, 4096).unwrap(), bytes)
    }

    #[test]
    fn sub_buffers_come_in_order_and_no_more_than_are_allowed_on_their_way() {
        let root = tempfile::tempdir().unwrap();
        let dir = RunDir::open(root.path());
        let (mut source, bytes) = source(&dir);
        let mut spool = Spool::new(&dir, &SpoolMemory::default(), 0, 4096).writer();
        assert_eq!(source.move_full(&mut spool).unwrap(), IN_PIPE * 4096);
        assert_eq!(std::fs::read(dir.spool(0, 0)).unwrap(), bytes[..IN_PIPE * 4096]);
        assert_eq!(source.move_rest(&mut spool).unwrap(), 2 * 4096);
        assert_eq!(std::fs::read(dir.spool(0, 0)).unwrap(), bytes);
        assert_eq!(source.move_full(&mut spool).unwrap(), 0);
    }

    #[test]
    fn a_file_that_takes_no_splice_is_written() {
        let root = tempfile::tempdir().unwrap();
        let dir = RunDir::open(root.path());
        let (mut source, bytes) = source(&dir);
        let path = root.path().join("out");
        // The system refuses to splice into a file that is open for appending.
        let mut out = File::options().create(true).append(true).open(&path).unwrap();
        std::io::Write::write_all(&mut File::from(source.output.try_clone().unwrap()), &bytes[..8192]).unwrap();
        source.empty_pipe(8192, &mut out).unwrap();
        assert_eq!(std::fs::read(&path).unwrap(), bytes[..8192]);
    }
}
