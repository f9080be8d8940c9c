//! Sub-buffers that are written again and again with other times.

use anyhow::{Context, bail, ensure};

/// Bytes in front of the records: time stamp and commit word of a 64-bit kernel.
const HEADER_SIZE: usize = 16;
/// Bits of the commit word that hold the length of the data.
const COMMIT_MASK: u64 = (1 << 27) - 1;
/// Bits of an absolute time stamp.
const STAMP_MASK: u64 = (1 << 59) - 1;
/// Bits of a record header that hold `time_delta`.
const DELTA_BITS: u32 = 27;

/// A sub-buffer and what of it is a point in time.
#[derive(Debug)]
pub(super) struct SubBuffer {
    bytes: Vec<u8>,
    /// Where its records of absolute time stamps are.
    stamps: Vec<usize>,
    /// Time from which its first record's delta counts.
    pub(super) time: u64,
    /// Time of its last record.
    pub(super) last: u64,
    /// Events in it.
    pub(super) events: u64,
}

impl SubBuffer {
    /// Walks over the records. `None`: it holds none.
    pub(super) fn new(bytes: &[u8]) -> anyhow::Result<Option<Self>> {
        let time = u64_at(bytes, 0)?;
        let end = HEADER_SIZE + (u64_at(bytes, 8)? & COMMIT_MASK) as usize;
        ensure!(end <= bytes.len(), "a commit word behind the end of its sub-buffer");
        let mut walked = Self { bytes: bytes.to_vec(), stamps: Vec::new(), time, last: time, events: 0 };
        let mut offset = HEADER_SIZE;
        while offset < end {
            offset = walked.walk(offset)?;
        }
        Ok((end > HEADER_SIZE).then_some(walked))
    }

    /// Notes the record at `offset` and gives the offset of the next.
    fn walk(&mut self, offset: usize) -> anyhow::Result<usize> {
        let header = u32_at(&self.bytes, offset)?;
        let (kind, delta) = (header & 0x1f, u64::from(header >> 5));
        let long = |bytes: &[u8]| u32_at(bytes, offset + 4);
        match kind {
            29 if delta == 0 => bail!("null padding inside commit"),
            30 => self.last += delta + (u64::from(long(&self.bytes)?) << DELTA_BITS),
            31 => {
                self.stamps.push(offset);
                let stamp = delta + (u64::from(long(&self.bytes)?) << DELTA_BITS);
                self.last = (self.last & !STAMP_MASK) | stamp;
            }
            _ => {
                self.last += delta;
                self.events += u64::from(kind != 29);
            }
        }
        Ok(match kind {
            0 | 29 => offset + 4 + (long(&self.bytes)? as usize).max(4).next_multiple_of(4),
            1..=28 => offset + 4 + 4 * kind as usize,
            _ => offset + 8,
        })
    }

    /// Appends the sub-buffer as it would be `shift` later.
    pub(super) fn append_later(&self, shift: u64, out: &mut Vec<u8>) -> anyhow::Result<()> {
        let start = out.len();
        out.extend_from_slice(&self.bytes);
        let copy = out.get_mut(start..).unwrap_or_default();
        put(copy, 0, &self.time.wrapping_add(shift).to_le_bytes())?;
        for &offset in &self.stamps {
            let header = u32_at(copy, offset)?;
            let stamp = u64::from(header >> 5) + (u64::from(u32_at(copy, offset + 4)?) << DELTA_BITS);
            let stamp = stamp.wrapping_add(shift) & STAMP_MASK;
            put(copy, offset, &(((stamp as u32) << 5) | (header & 0x1f)).to_le_bytes())?;
            put(copy, offset + 4, &((stamp >> DELTA_BITS) as u32).to_le_bytes())?;
        }
        Ok(())
    }

    pub(super) fn len(&self) -> usize {
        self.bytes.len()
    }
}

fn u64_at(bytes: &[u8], offset: usize) -> anyhow::Result<u64> {
    let bytes = bytes.get(offset..).and_then(<[u8]>::first_chunk).context("a sub-buffer ends too early")?;
    Ok(u64::from_le_bytes(*bytes))
}

fn u32_at(bytes: &[u8], offset: usize) -> anyhow::Result<u32> {
    let bytes = bytes.get(offset..).and_then(<[u8]>::first_chunk).context("a sub-buffer ends too early")?;
    Ok(u32::from_le_bytes(*bytes))
}

fn put(bytes: &mut [u8], offset: usize, value: &[u8]) -> anyhow::Result<()> {
    let place = bytes.get_mut(offset..offset + value.len()).context("a sub-buffer ends too early")?;
    place.copy_from_slice(value);
    Ok(())
}

#[cfg(test)]
mod tests {
    use hap_ftrace::{ByteOrder, PageLayout};

    use super::SubBuffer;

    fn word(kind: u32, delta: u32) -> [u8; 4] {
        (kind | (delta << 5)).to_le_bytes()
    }

    fn page(time: u64, records: &[[u8; 4]]) -> Vec<u8> {
        let mut bytes = time.to_le_bytes().to_vec();
        bytes.extend((4 * records.len() as u64).to_le_bytes());
        bytes.extend(records.concat());
        bytes.resize(4096, 0);
        bytes
    }

    /// Times of the events, by the decoder that reads captures.
    fn times(bytes: &[u8]) -> Vec<u64> {
        let parsed = hap_ftrace::SubBuffer::parse(bytes, &PageLayout::LONG_8, ByteOrder::Little).unwrap();
        parsed.records().map(|record| record.unwrap().time).collect()
    }

    #[test]
    fn every_event_moves_by_the_same_time() {
        let long = [word(0, 2), 8u32.to_le_bytes(), [9; 4]];
        let discarded = [word(29, 4), 8u32.to_le_bytes(), [9; 4]];
        let extend = [word(30, 3), 2u32.to_le_bytes()];
        let stamp = [word(31, (1 << 27) - 1), 5u32.to_le_bytes()];
        let event = [word(1, 7), [9; 4]];
        let records = [&event[..], &long, &extend, &discarded, &event, &stamp, &event].concat();
        let bytes = page(1000, &records);
        let sub_buffer = SubBuffer::new(&bytes).unwrap().unwrap();
        let (old, mut later) = (times(&bytes), Vec::new());
        sub_buffer.append_later(1 << 40, &mut later).unwrap();
        assert_eq!(times(&later), old.iter().map(|time| time + (1 << 40)).collect::<Vec<_>>());
        assert_eq!((sub_buffer.events, sub_buffer.last), (4, *old.last().unwrap()));
    }

    #[test]
    fn a_sub_buffer_without_records_is_left_out() {
        assert!(SubBuffer::new(&page(0, &[])).unwrap().is_none());
    }

    #[test]
    fn damage_is_an_error() {
        assert!(SubBuffer::new(&page(5, &[word(29, 0)])).is_err());
        assert!(SubBuffer::new(&[0xff; 4096]).is_err());
        assert!(SubBuffer::new(&[0; 12]).is_err());
    }
}
