//! Records of a sub-buffer.

use crate::bytes::ByteOrder;
use crate::error::{Error, Result};

/// Bits of a record header that hold `type_len` (little endian: the low ones).
const TYPE_LEN_BITS: u32 = 5;
/// Bits of a record header that hold `time_delta`.
const TIME_DELTA_BITS: u32 = 27;
/// `type_len`: discarded event, or null padding.
const PADDING: u32 = 29;
/// `type_len`: time extend.
const TIME_EXTEND: u32 = 30;
/// `type_len`: absolute time stamp.
const TIME_STAMP: u32 = 31;
/// Top bits of the running time, which an absolute time stamp does not hold.
const TIME_STAMP_MSB: u64 = 0xf8 << 56;

/// An event in a sub-buffer.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct Record<'a> {
    /// Time in units of the trace clock.
    pub time: u64,
    /// The event's fields.
    pub payload: &'a [u8],
}

/// Bytes of the payload of a `function` event of the usual layout: common fields, ip, parent_ip.
pub(crate) const FUNCTION_PAYLOAD: usize = 24;
/// Bytes of its record.
const FUNCTION_RECORD: usize = 4 + FUNCTION_PAYLOAD;

/// Iterator over the events of a sub-buffer. Time extends, absolute time stamps and discarded events are folded in.
///
/// Fused: after an error nothing follows, since lengths behind it cannot be trusted.
#[derive(Clone, Debug)]
pub struct Records<'a> {
    rest: &'a [u8],
    length: usize,
    time: u64,
    order: ByteOrder,
    discarded: u32,
}

impl<'a> Records<'a> {
    /// Records in `data`, whose first delta counts from `time`.
    pub fn new(data: &'a [u8], time: u64, order: ByteOrder) -> Self {
        Self { rest: data, length: data.len(), time, order, discarded: 0 }
    }

    /// Offset in the sub-buffer's data of the next record header; after an error, of the record at fault.
    #[inline]
    pub fn offset(&self) -> usize {
        self.length - self.rest.len()
    }

    /// Time after the records read so far.
    #[inline]
    pub fn time(&self) -> u64 {
        self.time
    }

    /// Discarded events passed so far.
    pub fn discarded(&self) -> u32 {
        self.discarded
    }

    /// The next record, if it is a little-endian `function` event of the usual layout and size with this id, and if
    /// `wanted` says so of its time and payload. None says nothing of the next record but that it takes
    /// [`Iterator::next`] to read it.
    #[inline]
    pub fn next_function_if(
        &mut self,
        id: u16,
        wanted: impl FnOnce(u64, &[u8; FUNCTION_PAYLOAD]) -> bool,
    ) -> Option<(u64, &'a [u8; FUNCTION_PAYLOAD])> {
        let (record, rest) = self.rest.split_first_chunk::<FUNCTION_RECORD>()?;
        let (header, payload) = record.split_first_chunk::<4>()?;
        let payload: &[u8; FUNCTION_PAYLOAD] = payload.first_chunk()?;
        let header = u32::from_le_bytes(*header);
        let [low, high, ..] = *payload;
        if header & ((1 << TYPE_LEN_BITS) - 1) != FUNCTION_PAYLOAD as u32 / 4 || u16::from_le_bytes([low, high]) != id {
            return None;
        }
        let time = self.time.wrapping_add(u64::from(header >> TYPE_LEN_BITS));
        if !wanted(time, payload) {
            return None;
        }
        self.time = time;
        self.rest = rest;
        Some((time, payload))
    }

    /// The next record, if it is a little-endian `function` event of the usual layout and size with this id.
    #[inline]
    pub fn next_function(&mut self, id: u16) -> Option<(u64, &'a [u8; FUNCTION_PAYLOAD])> {
        self.next_function_if(id, |_, _| true)
    }

    #[inline]
    fn header(&self, bytes: [u8; 4]) -> (u32, u32) {
        match self.order {
            ByteOrder::Little => {
                let header = u32::from_le_bytes(bytes);
                (header & ((1 << TYPE_LEN_BITS) - 1), header >> TYPE_LEN_BITS)
            }
            ByteOrder::Big => {
                let header = u32::from_be_bytes(bytes);
                (header >> TIME_DELTA_BITS, header & ((1 << TIME_DELTA_BITS) - 1))
            }
        }
    }

    /// A record that is no plain event of up to 112 bytes. None: it was folded in, go on.
    #[cold]
    fn special(&mut self, type_len: u32, delta: u32, behind: &'a [u8]) -> Result<Option<Record<'a>>> {
        let (word, behind) = behind.split_first_chunk().ok_or_else(|| self.truncated(8))?;
        let word = self.order.u32(*word);
        match type_len {
            TIME_EXTEND => {
                self.time = self.time.wrapping_add(extended(delta, word));
                self.rest = behind;
                Ok(None)
            }
            TIME_STAMP => {
                self.time = absolute(extended(delta, word), self.time);
                self.rest = behind;
                Ok(None)
            }
            PADDING if delta == 0 => Err(Error::NullPadding { offset: self.offset() as u64 }),
            PADDING => {
                self.rest = self.long_payload(word, behind)?.1;
                self.time = self.time.wrapping_add(u64::from(delta));
                self.discarded += 1;
                Ok(None)
            }
            _ => {
                let (payload, rest) = self.long_payload(word, behind)?;
                self.time = self.time.wrapping_add(u64::from(delta));
                self.rest = rest;
                Ok(Some(Record { time: self.time, payload }))
            }
        }
    }

    /// Splits off the payload of a record whose length word, which counts itself, stands in front of it.
    fn long_payload(&self, word: u32, behind: &'a [u8]) -> Result<(&'a [u8], &'a [u8])> {
        let size = word.checked_sub(4).ok_or(Error::BadLength { offset: self.offset() as u64, length: word })? as usize;
        let payload = behind.get(..size).ok_or_else(|| self.truncated(4 + u64::from(word)))?;
        // The next header stands on a word boundary; at the end of the data the filling may be missing.
        let rest = behind.get(size.next_multiple_of(4)..).unwrap_or(&[]);
        Ok((payload, rest))
    }

    fn truncated(&self, needed: u64) -> Error {
        Error::Truncated { what: "record", offset: self.offset() as u64, needed, left: self.rest.len() as u64 }
    }

    #[inline]
    fn next_record(&mut self) -> Result<Option<Record<'a>>> {
        loop {
            let Some((header, behind)) = self.rest.split_first_chunk() else {
                return if self.rest.is_empty() { Ok(None) } else { Err(self.truncated(4)) };
            };
            let (type_len, delta) = self.header(*header);
            if type_len.wrapping_sub(1) < PADDING - 1 {
                let size = 4 * type_len as usize;
                let Some((payload, rest)) = behind.split_at_checked(size) else {
                    return Err(self.truncated(4 + size as u64));
                };
                self.time = self.time.wrapping_add(u64::from(delta));
                self.rest = rest;
                return Ok(Some(Record { time: self.time, payload }));
            }
            if let Some(record) = self.special(type_len, delta, behind)? {
                return Ok(Some(record));
            }
        }
    }
}

impl<'a> Iterator for Records<'a> {
    type Item = Result<Record<'a>>;

    #[inline]
    fn next(&mut self) -> Option<Self::Item> {
        match self.next_record() {
            Ok(record) => record.map(Ok),
            Err(error) => {
                self.length -= self.rest.len();
                self.rest = &[];
                Some(Err(error))
            }
        }
    }
}

fn extended(delta: u32, word: u32) -> u64 {
    u64::from(delta) + (u64::from(word) << TIME_DELTA_BITS)
}

/// An absolute time stamp with the top bits of the running time, and a carry into them, as the kernel's
/// `rb_fix_abs_ts` has it.
fn absolute(stamp: u64, running: u64) -> u64 {
    let top = running & TIME_STAMP_MSB;
    if top == 0 {
        return stamp;
    }
    let fixed = stamp | top;
    if fixed < running { fixed.wrapping_add(1 << 59) } else { fixed }
}

#[cfg(test)]
mod tests {
    use super::{Record, Records};
    use crate::bytes::ByteOrder;
    use crate::error::Error;

    fn word(type_len: u32, delta: u32) -> Vec<u8> {
        (type_len | delta << 5).to_le_bytes().to_vec()
    }

    fn event(delta: u32, byte: u8) -> Vec<u8> {
        [word(1, delta), vec![byte; 4]].concat()
    }

    /// Times and first payload bytes of the events, the error if there is one, and the number of discarded events.
    fn decode(parts: &[Vec<u8>]) -> (Vec<(u64, u8)>, Option<Error>, u32) {
        decode_from(100, parts)
    }

    fn decode_from(time: u64, parts: &[Vec<u8>]) -> (Vec<(u64, u8)>, Option<Error>, u32) {
        let data = parts.concat();
        let mut records = Records::new(&data, time, ByteOrder::Little);
        let mut events = Vec::new();
        let mut error = None;
        for record in &mut records {
            match record {
                Ok(record) => events.push((record.time, record.payload.first().copied().unwrap_or(0))),
                Err(found) => error = Some(found),
            }
        }
        assert!(records.next().is_none(), "fused");
        (events, error, records.discarded())
    }

    #[test]
    fn deltas_add_up() {
        assert_eq!(decode(&[event(5, 1), event(0, 2), event(7, 3)]), (vec![(105, 1), (105, 2), (112, 3)], None, 0));
    }

    #[test]
    fn a_time_extend_adds_the_high_bits_of_the_delta() {
        let extend = [word(30, 3), 2u32.to_le_bytes().to_vec()].concat();
        assert_eq!(decode(&[extend, event(1, 1)]), (vec![(100 + 3 + (2 << 27) + 1, 1)], None, 0));
    }

    #[test]
    fn an_absolute_time_stamp_replaces_the_time_and_keeps_its_top_bits() {
        let stamp = |low: u32, high: u32| [word(31, low), high.to_le_bytes().to_vec()].concat();
        assert_eq!(decode(&[stamp(3, 2), event(1, 1)]), (vec![(3 + (2 << 27) + 1, 1)], None, 0));
        let running = (0x0a << 59) + 5;
        assert_eq!(decode_from(running, &[stamp(9, 0), event(1, 1)]).0, [((0x0a << 59) + 10, 1)]);
    }

    #[test]
    fn an_absolute_time_stamp_behind_the_running_time_carries_into_the_top_bits() {
        let stamp = [word(31, 4), 0u32.to_le_bytes().to_vec()].concat();
        let running = (0x0a << 59) + 5;
        assert_eq!(decode_from(running, &[stamp, event(1, 1)]).0, [((0x0b << 59) + 5, 1)]);
    }

    #[test]
    fn trap_3_discarded_events_advance_time() {
        let discarded = [word(29, 6), 8u32.to_le_bytes().to_vec(), vec![0xee; 4]].concat();
        assert_eq!(decode(&[event(1, 1), discarded, event(2, 2)]), (vec![(101, 1), (109, 2)], None, 1));
    }

    #[test]
    fn trap_4_null_padding_inside_commit_is_corruption() {
        let padding = [word(29, 0), vec![0; 8]].concat();
        let (events, error, _) = decode(&[event(1, 1), padding, event(2, 2)]);
        assert_eq!((events, error), (vec![(101, 1)], Some(Error::NullPadding { offset: 8 })));
    }

    #[test]
    fn trap_5_a_length_word_below_four_is_an_error() {
        for length in 0..4u32 {
            let bad = [word(0, 1), length.to_le_bytes().to_vec()].concat();
            assert_eq!(decode(&[event(1, 1), bad]).1, Some(Error::BadLength { offset: 8, length }));
            let bad = [word(29, 1), length.to_le_bytes().to_vec()].concat();
            assert_eq!(decode(&[bad]).1, Some(Error::BadLength { offset: 0, length }));
        }
    }

    #[test]
    fn a_length_word_counts_itself_and_the_next_header_is_aligned() {
        let long = [word(0, 1), 10u32.to_le_bytes().to_vec(), vec![7; 8]].concat();
        let data = [long, event(1, 1)].concat();
        let records: Vec<_> = Records::new(&data, 0, ByteOrder::Little).map(Result::unwrap).collect();
        assert_eq!(records, [Record { time: 1, payload: &[7; 6] }, Record { time: 2, payload: &[1; 4] }]);
    }

    #[test]
    fn a_zero_filled_commit_is_an_error() {
        assert_eq!(decode(&[vec![0; 16]]), (vec![], Some(Error::BadLength { offset: 0, length: 0 }), 0));
    }

    #[test]
    fn a_record_that_ends_behind_the_data_is_an_error_with_its_offset() {
        let (events, error, _) = decode(&[event(1, 1), word(6, 1), vec![0; 8]]);
        assert_eq!(events, [(101, 1)]);
        assert_eq!(error.unwrap().to_string(), "record at byte 8 needs 28 bytes, 12 are left");
        let error = decode(&[word(30, 1)]).1.unwrap();
        assert_eq!(error.to_string(), "record at byte 0 needs 8 bytes, 4 are left");
        let error = decode(&[vec![1, 2]]).1.unwrap();
        assert_eq!(error.to_string(), "record at byte 0 needs 4 bytes, 2 are left");
        let error = decode(&[[word(0, 1), u32::MAX.to_le_bytes().to_vec()].concat()]).1.unwrap();
        assert_eq!(error.to_string(), "record at byte 0 needs 4294967299 bytes, 8 are left");
    }

    #[test]
    fn after_an_error_the_offset_is_that_of_the_record_at_fault() {
        let data = [event(1, 1), word(6, 1)].concat();
        let mut records = Records::new(&data, 0, ByteOrder::Little);
        assert!(records.by_ref().any(|record| record.is_err()));
        assert_eq!(records.offset(), 8);
    }

    #[test]
    fn the_compiled_path_reads_function_records_and_leaves_all_others_to_the_iterator() {
        let function = |id: u16, delta| {
            let mut payload = vec![9; 24];
            payload.splice(..2, id.to_le_bytes());
            [word(6, delta), payload].concat()
        };
        let data = [function(1, 5), function(2, 6), event(7, 3), function(1, 8)[..20].to_vec()].concat();
        let mut records = Records::new(&data, 100, ByteOrder::Little);
        assert_eq!(records.next_function(1).map(|(time, payload)| (time, payload[23])), Some((105, 9)));
        assert_eq!(records.next_function(1), None);
        assert_eq!(records.next().unwrap().unwrap().time, 111);
        assert_eq!(records.next_function(1), None);
        assert_eq!(records.next().unwrap().unwrap().time, 118);
        assert_eq!(records.next_function(1), None);
        let error = records.next().unwrap().unwrap_err();
        assert_eq!(error.to_string(), "record at byte 64 needs 28 bytes, 20 are left");
    }

    #[test]
    fn big_endian_headers_have_the_type_in_the_high_bits() {
        let header = |type_len: u32, delta: u32| (type_len << 27 | delta).to_be_bytes().to_vec();
        let data = [header(30, 3), 2u32.to_be_bytes().to_vec(), header(1, 4), vec![5; 4]].concat();
        let records: Vec<_> = Records::new(&data, 1, ByteOrder::Big).map(Result::unwrap).collect();
        assert_eq!(records, [Record { time: 1 + 3 + (2 << 27) + 4, payload: &[5; 4] }]);
    }
}
