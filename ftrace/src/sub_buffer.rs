//! One sub-buffer ("page") of a per-CPU ring buffer: time stamp, commit word, records.

use crate::bytes::ByteOrder;
use crate::error::{Error, Result};
use crate::header_page::PageLayout;
use crate::record::Records;

/// Bits of the commit word that hold the length of the data.
const COMMIT_MASK: u64 = (1 << 27) - 1;
/// Bit of the commit word: events were lost before this sub-buffer.
const MISSED_EVENTS: u64 = 1 << 31;
/// Bit of the commit word: the number of lost events stands behind the data.
const MISSED_STORED: u64 = 1 << 30;

/// What a sub-buffer says of events lost before it.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum LostEvents {
    /// None.
    None,
    /// Some; the kernel had no room to say how many.
    Unknown,
    /// That many.
    Count(u64),
}

/// A sub-buffer whose header has been read and checked.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct SubBuffer<'a> {
    /// Time from which the first record's delta counts, in units of the trace clock.
    pub time: u64,
    /// Events lost before this sub-buffer.
    pub lost: LostEvents,
    /// The committed bytes: the records and nothing else.
    pub data: &'a [u8],
    order: ByteOrder,
}

impl<'a> SubBuffer<'a> {
    /// Reads the header of a sub-buffer that fills `bytes`.
    pub fn parse(bytes: &'a [u8], layout: &PageLayout, order: ByteOrder) -> Result<Self> {
        let time = order.u64(chunk(bytes, 0, "sub-buffer time stamp")?);
        let commit = long(bytes, layout.commit_offset, layout, order, "commit word")?;
        let room = bytes.get(layout.data_offset..).unwrap_or(&[]);
        let claimed = commit & COMMIT_MASK;
        let too_large = Error::CommitTooLarge { commit: claimed, capacity: room.len() as u64 };
        let data = room.get(..claimed as usize).ok_or(too_large)?;
        let lost = match (commit & MISSED_EVENTS != 0, commit & MISSED_STORED != 0) {
            (false, _) => LostEvents::None,
            (true, false) => LostEvents::Unknown,
            (true, true) => {
                let offset = layout.data_offset + data.len();
                LostEvents::Count(long(bytes, offset, layout, order, "count of lost events")?)
            }
        };
        Ok(Self { time, lost, data, order })
    }

    /// The events in the sub-buffer.
    pub fn records(&self) -> Records<'a> {
        Records::new(self.data, self.time, self.order)
    }
}

fn chunk<const N: usize>(bytes: &[u8], offset: usize, what: &'static str) -> Result<[u8; N]> {
    let rest = bytes.get(offset..).unwrap_or(&[]);
    let truncated = Error::Truncated { what, offset: offset as u64, needed: N as u64, left: rest.len() as u64 };
    rest.first_chunk().copied().ok_or(truncated)
}

fn long(bytes: &[u8], offset: usize, layout: &PageLayout, order: ByteOrder, what: &'static str) -> Result<u64> {
    match layout.long_size {
        4 => chunk(bytes, offset, what).map(|bytes| u64::from(order.u32(bytes))),
        _ => chunk(bytes, offset, what).map(|bytes| order.u64(bytes)),
    }
}

#[cfg(test)]
mod tests {
    use super::{LostEvents, SubBuffer};
    use crate::bytes::ByteOrder;
    use crate::error::Error;
    use crate::header_page::PageLayout;

    fn page(time: u64, commit: u64, data: &[u8], size: usize) -> Vec<u8> {
        let mut bytes = time.to_le_bytes().to_vec();
        bytes.extend(commit.to_le_bytes());
        bytes.extend(data);
        bytes.resize(size, 0xaa);
        bytes
    }

    fn parse(bytes: &[u8]) -> Result<SubBuffer<'_>, Error> {
        SubBuffer::parse(bytes, &PageLayout::LONG_8, ByteOrder::Little)
    }

    #[test]
    fn trap_1_commit_not_page_size_bounds_the_records() {
        let bytes = page(5, 8, &[1; 40], 4096);
        let sub_buffer = parse(&bytes).unwrap();
        assert_eq!((sub_buffer.time, sub_buffer.lost, sub_buffer.data), (5, LostEvents::None, [1; 8].as_slice()));
    }

    #[test]
    fn trap_2_commit_beyond_the_sub_buffer_is_an_error_with_both_numbers() {
        let error = parse(&page(5, 4081, &[], 4096)).unwrap_err();
        assert_eq!(error.to_string(), "commit claims 4081 bytes of 4080");
    }

    #[test]
    fn trap_4_an_all_zero_sub_buffer_is_empty_and_no_error() {
        let bytes = vec![0; 4096];
        let sub_buffer = parse(&bytes).unwrap();
        assert_eq!((sub_buffer.data.len(), sub_buffer.records().count()), (0, 0));
    }

    #[test]
    fn trap_7_a_commit_word_of_four_bytes_in_big_endian() {
        let mut bytes = 7u64.to_be_bytes().to_vec();
        bytes.extend(0xc000_0004_u32.to_be_bytes());
        bytes.extend([9, 9, 9, 9]);
        bytes.extend(33u32.to_be_bytes());
        bytes.resize(4096, 0);
        let sub_buffer = SubBuffer::parse(&bytes, &PageLayout::LONG_4, ByteOrder::Big).unwrap();
        assert_eq!((sub_buffer.time, sub_buffer.lost, sub_buffer.data), (7, LostEvents::Count(33), [9; 4].as_slice()));
    }

    #[test]
    fn trap_8_the_sub_buffer_size_is_that_of_the_buffer_not_of_the_machine() {
        let bytes = page(5, 60_000, &vec![3; 60_000], 65_536);
        assert_eq!(parse(&bytes).unwrap().data.len(), 60_000);
    }

    #[test]
    fn lost_events_are_none_unknown_or_counted() {
        let mut data = vec![1; 8];
        data.extend(123u64.to_le_bytes());
        assert_eq!(parse(&page(5, 8 | 3 << 30, &data, 4096)).unwrap().lost, LostEvents::Count(123));
        assert_eq!(parse(&page(5, 8 | 1 << 31, &data, 4096)).unwrap().lost, LostEvents::Unknown);
        assert_eq!(parse(&page(5, 8 | 1 << 30, &data, 4096)).unwrap().lost, LostEvents::None);
    }

    #[test]
    fn a_count_of_lost_events_without_room_is_an_error() {
        let error = parse(&page(5, 0xff0 | 3 << 30, &[], 4096)).unwrap_err();
        assert_eq!(error.to_string(), "count of lost events at byte 4096 needs 8 bytes, 0 are left");
    }

    #[test]
    fn a_sub_buffer_shorter_than_its_header_is_an_error() {
        let error = parse(&[0; 12]).unwrap_err();
        assert_eq!(error.to_string(), "commit word at byte 8 needs 8 bytes, 4 are left");
    }
}
