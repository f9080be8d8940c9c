//! `cpuN.raw.K`: sub-buffers of one CPU as the kernel gave them, until they are compressed into `cpuN.part`.
//!
//! They are in the hands of the system as soon as they have left the ring buffer, so that a recorder that is killed
//! leaves them. The stream of a CPU is cut into segments of one size, a file each, so that what is compressed can go
//! without a lock on the file that is being written. Segments are in memory ([`SpoolMemory`]) as long as few bytes wait
//! to be compressed, so that a disk need not be faster than the compressed stream; else in the run directory.

use std::fs::{self, File};
use std::io::{self, Seek, SeekFrom};
use std::os::unix::fs::FileExt;
use std::path::PathBuf;

use super::{PartExtent, PartWriter, RunDir, SpoolMemory};
use crate::error::{CaptureError, Result};

/// Sub-buffers of a segment: few enough that most are gone before the system has brought them to the disk.
const SUB_BUFFERS_IN_SEGMENT: u64 = 512;

/// The spool of one CPU: where a place of its stream is.
#[derive(Clone, Debug)]
pub struct Spool {
    dir: RunDir,
    memory: SpoolMemory,
    cpu: u32,
    sub_buffer: u32,
}

/// Writes the stream on.
#[derive(Debug)]
pub struct SpoolWriter {
    spool: Spool,
    place: u64,
    /// Bytes of the stream that wait to be compressed: they decide whether the next segment is in memory.
    pub waiting: u64,
    /// The segment of `place`, once something was written to it.
    file: Option<File>,
}

/// Reads the stream anywhere.
#[derive(Debug)]
pub struct SpoolReader {
    spool: Spool,
    open: Option<(u64, File)>,
}

impl Spool {
    /// Of a CPU whose sub-buffers have that size.
    pub fn new(dir: &RunDir, memory: &SpoolMemory, cpu: u32, sub_buffer: u32) -> Self {
        Self { dir: dir.clone(), memory: memory.clone(), cpu, sub_buffer: sub_buffer.max(1) }
    }

    /// The CPU.
    pub fn cpu(&self) -> u32 {
        self.cpu
    }

    /// Bytes of a sub-buffer.
    pub fn sub_buffer(&self) -> u32 {
        self.sub_buffer
    }

    fn segment_size(&self) -> u64 {
        SUB_BUFFERS_IN_SEGMENT * u64::from(self.sub_buffer)
    }

    /// Of the segment of a place: in memory if it is there, else in the run directory.
    fn path(&self, place: u64) -> PathBuf {
        let in_memory = self.memory_path(place).filter(|path| path.exists());
        in_memory.unwrap_or_else(|| self.dir.spool(self.cpu, place / self.segment_size()))
    }

    fn memory_path(&self, place: u64) -> Option<PathBuf> {
        Some(self.memory.dir()?.spool(self.cpu, place / self.segment_size()))
    }

    /// Bytes from a place to the end of its segment.
    fn room(&self, place: u64) -> usize {
        (self.segment_size() - place % self.segment_size()) as usize
    }

    /// Brings what is between two places and not in memory to the disk. A disk that fails shows at the next write.
    pub fn sync(&self, from: u64, to: u64) {
        let mut place = from;
        while place < to {
            let path = self.dir.spool(self.cpu, place / self.segment_size());
            let _ = File::open(path).and_then(|file| file.sync_data());
            place += self.room(place) as u64;
        }
    }

    /// The stream from its start.
    pub fn writer(&self) -> SpoolWriter {
        SpoolWriter { spool: self.clone(), place: 0, waiting: 0, file: None }
    }

    /// A reader of it.
    pub fn reader(&self) -> SpoolReader {
        SpoolReader { spool: self.clone(), open: None }
    }

    /// Bytes of whole sub-buffers that a killed recorder has left, from the start of the stream.
    fn length(&self) -> Result<u64> {
        let mut segments = self.dir.spool_segments(self.cpu)?;
        if let Some(memory) = self.memory.dir() {
            segments.extend(memory.spool_segments(self.cpu)?);
        }
        let Some(last) = segments.into_iter().max() else { return Ok(0) };
        let path = self.path(last.saturating_mul(self.segment_size()));
        let length = fs::metadata(&path).map_err(|source| CaptureError::io(&path, source))?.len();
        Ok(last.saturating_mul(self.segment_size())
            + length.min(self.segment_size()) / u64::from(self.sub_buffer) * u64::from(self.sub_buffer))
    }

    /// The stream where a killed recorder has left it: behind its last whole sub-buffer, and behind all that the part holds.
    pub fn resumed(&self, part: PartExtent) -> Result<SpoolWriter> {
        Ok(SpoolWriter { spool: self.clone(), place: self.length()?.max(part.held), waiting: 0, file: None })
    }

    /// Compresses what a killed recorder had not: appends to the part all sub-buffers of the stream that it does not hold.
    /// Gives the bytes of sub-buffers that a power cut has left empty.
    pub fn compress_rest(&self, PartExtent { held, end }: PartExtent, chunk_size: u32, level: i32) -> Result<u64> {
        let length = self.length()?;
        let mut place = held;
        let path = self.dir.part(self.cpu);
        let mut part = PartWriter::append(&path, end, level)?;
        let mut reader = self.reader();
        let mut chunk = vec![0; chunk_size.max(self.sub_buffer) as usize];
        let mut empty = 0;
        while place < length {
            let size = chunk.len().min((length - place) as usize).min(self.room(place));
            let bytes = chunk.get_mut(..size).unwrap_or(&mut []);
            reader.read_what_is_there(bytes, place)?;
            place += size as u64;
            let written = without_empty(bytes, self.sub_buffer as usize);
            empty += (size - written.len()) as u64;
            if !written.is_empty() {
                part.write(&written).map_err(|source| CaptureError::io(&path, source))?;
            }
        }
        Ok(empty)
    }
}

impl SpoolWriter {
    /// The file to append to next, and how much may be appended before [`Self::advance`].
    pub fn file(&mut self) -> io::Result<(&mut File, usize)> {
        let room = self.spool.room(self.place);
        let file = match self.file.take() {
            Some(file) => file,
            None => self.open()?,
        };
        Ok((self.file.insert(file), room))
    }

    fn open(&self) -> io::Result<File> {
        let offset = self.place % self.spool.segment_size();
        let has_room = offset == 0 && self.spool.memory.has_room(self.waiting, self.spool.segment_size());
        let in_memory = self.spool.memory_path(self.place).filter(|_| has_room);
        let path = in_memory.unwrap_or_else(|| self.spool.path(self.place));
        let mut file = File::options().write(true).create(true).truncate(false).open(path)?;
        file.set_len(offset)?;
        file.seek(SeekFrom::Start(offset))?;
        Ok(file)
    }

    /// So much was appended.
    pub fn advance(&mut self, bytes: usize) {
        if bytes >= self.spool.room(self.place) {
            self.file = None;
        }
        self.place += bytes as u64;
    }
}

impl SpoolReader {
    /// Bytes that can be read at a place at most.
    pub fn room(&self, place: u64) -> usize {
        self.spool.room(place)
    }

    fn file(&mut self, place: u64) -> io::Result<&File> {
        let start = place - place % self.spool.segment_size();
        let file = match self.open.take() {
            Some((open, file)) if open == start => file,
            _ => File::open(self.spool.path(place))?,
        };
        Ok(&self.open.insert((start, file)).1)
    }

    /// Whether a segment ends at a place.
    pub fn ends_segment(&self, place: u64) -> bool {
        place > 0 && place.is_multiple_of(self.spool.segment_size())
    }

    /// What is before a place is not read any more: a segment that ends there is removed. Gives the file, if it was open: to close it
    /// takes longer.
    pub fn is_done(&mut self, place: u64) -> Option<File> {
        if !self.ends_segment(place) {
            return None;
        }
        // What stays goes with the other working files.
        let _ = fs::remove_file(self.spool.path(place - 1));
        self.open.take().map(|(_, file)| file)
    }

    /// Reads sub-buffers of one segment.
    pub fn read(&mut self, bytes: &mut [u8], place: u64) -> io::Result<()> {
        let offset = place % self.spool.segment_size();
        self.file(place)?.read_exact_at(bytes, offset)
    }

    /// The same, with zeroes for what is not there.
    fn read_what_is_there(&mut self, bytes: &mut [u8], place: u64) -> Result<()> {
        bytes.fill(0);
        match self.read(bytes, place) {
            Err(error) if !matches!(error.kind(), io::ErrorKind::NotFound | io::ErrorKind::UnexpectedEof) => {
                Err(CaptureError::io(&self.spool.path(place), error))
            }
            _ => Ok(()),
        }
    }
}

/// The kernel never gives a sub-buffer of zeroes: its header has a time.
fn without_empty(sub_buffers: &[u8], size: usize) -> Vec<u8> {
    let written = sub_buffers.chunks(size.max(1)).filter(|bytes| bytes.iter().any(|&byte| byte != 0));
    written.flatten().copied().collect()
}

#[cfg(test)]
mod tests {
    use std::io::Write;

    use crate::host::Host;

    use super::{PartExtent, PartWriter, RunDir, Spool, SpoolMemory, SpoolWriter};
    use crate::run_dir::PartReader;

    fn append(writer: &mut SpoolWriter, bytes: &[u8]) {
        let mut left = bytes;
        while !left.is_empty() {
            let (file, room) = writer.file().unwrap();
            let now = room.min(left.len());
            file.write_all(&left[..now]).unwrap();
            writer.advance(now);
            left = &left[now..];
        }
    }

    fn held(dir: &RunDir) -> Vec<Vec<u8>> {
        let mut part = PartReader::open(&dir.part(0), 4096).unwrap();
        let mut decompressor = zstd::bulk::Decompressor::new().unwrap();
        std::iter::from_fn(|| part.next_chunk().unwrap())
            .map(|chunk| chunk.sub_buffers(&mut decompressor).unwrap())
            .collect()
    }

    #[test]
    fn a_stream_goes_over_segments_and_those_that_are_done_are_removed() {
        let root = tempfile::tempdir().unwrap();
        let dir = RunDir::open(root.path());
        let spool = Spool::new(&dir, &SpoolMemory::default(), 0, 1);
        let bytes: Vec<u8> = (0..1200_u32).map(|number| number as u8).collect();
        append(&mut spool.writer(), &bytes);
        assert_eq!(dir.spool_segments(0).unwrap(), [0, 1, 2]);
        let mut reader = spool.reader();
        let mut read = vec![0; 96];
        assert_eq!(reader.room(416), 96);
        reader.read(&mut read, 416).unwrap();
        assert_eq!(read, bytes[416..512]);
        spool.sync(0, 1200);
        reader.is_done(511);
        assert_eq!(dir.spool_segments(0).unwrap(), [0, 1, 2]);
        reader.is_done(512);
        assert_eq!(dir.spool_segments(0).unwrap(), [1, 2]);
        reader.read(&mut read, 1024).unwrap();
        assert_eq!(read, bytes[1024..1120]);
    }

    #[test]
    fn what_is_not_in_the_part_is_compressed_and_what_a_power_cut_left_empty_is_told() {
        let root = tempfile::tempdir().unwrap();
        let dir = RunDir::open(root.path());
        let spool = Spool::new(&dir, &SpoolMemory::default(), 0, 4096);
        let mut writer = spool.writer();
        for number in [1, 2, 3, 0, 5] {
            append(&mut writer, &[number; 4096]);
        }
        append(&mut writer, &[6; 100]);
        let end = PartWriter::create(&dir.part(0), 1).unwrap().write(&[1; 4096]).unwrap();
        assert_eq!(spool.compress_rest(PartExtent { held: 4096, end }, 8192, 1).unwrap(), 4096);
        let second = [vec![2; 4096], vec![3; 4096]].concat();
        assert_eq!(held(&dir), [vec![1; 4096], second, vec![5; 4096]]);
    }

    #[test]
    fn a_stream_goes_on_behind_its_last_whole_sub_buffer_and_behind_the_part() {
        let root = tempfile::tempdir().unwrap();
        let dir = RunDir::open(root.path());
        let spool = Spool::new(&dir, &SpoolMemory::default(), 0, 4096);
        std::fs::write(dir.spool(0, 0), [vec![1; 4096], vec![2; 7]].concat()).unwrap();
        append(&mut spool.resumed(PartExtent::default()).unwrap(), &[3; 4096]);
        assert_eq!(std::fs::read(dir.spool(0, 0)).unwrap(), [vec![1; 4096], vec![3; 4096]].concat());
        let end = PartWriter::create(&dir.part(0), 1).unwrap().write(&[7; 3 * 4096]).unwrap();
        let part = PartExtent { held: 3 * 4096, end };
        append(&mut spool.resumed(part).unwrap(), &[8; 4096]);
        assert_eq!(spool.compress_rest(part, 8192, 1).unwrap(), 0);
        assert_eq!(held(&dir), [vec![7; 3 * 4096], vec![8; 4096]]);
    }

    #[test]
    fn segments_are_in_memory_while_little_waits_and_a_killed_recorder_leaves_both_kinds() {
        let (root, host) = (tempfile::tempdir().unwrap(), tempfile::tempdir().unwrap());
        std::fs::create_dir_all(host.path().join("dev/shm")).unwrap();
        let dir = RunDir::open(root.path());
        let memory = SpoolMemory::create(&Host::at(host.path()), "hap-7", 1000);
        let spool = Spool::new(&dir, &memory, 0, 1);
        let mut writer = spool.writer();
        append(&mut writer, &[1; 512]);
        writer.waiting = 512;
        append(&mut writer, &[2; 512]);
        writer.waiting = 0;
        append(&mut writer, &[3; 100]);
        assert_eq!(dir.spool_segments(0).unwrap(), [1]);
        assert_eq!(memory.dir().unwrap().spool_segments(0).unwrap(), [0, 2]);
        let left = SpoolMemory::left_by(&Host::at(host.path()), "hap-7");
        assert_eq!(Spool::new(&dir, &left, 0, 1).compress_rest(PartExtent::default(), 4096, 1).unwrap(), 0);
        let mut part = PartReader::open(&dir.part(0), 1).unwrap();
        let sizes: Vec<_> = std::iter::from_fn(|| part.next_chunk().unwrap()).map(|chunk| chunk.size).collect();
        assert_eq!(sizes, [512, 512, 100]);
        left.remove(&dir).unwrap();
        assert!(!host.path().join("dev/shm/hap-7").exists());
    }
}
