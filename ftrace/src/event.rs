//! Events: payload bytes to values, by the offsets of the file's own format texts.

use crate::bytes::ByteOrder;
use crate::error::{Error, Result};
use crate::event_format::{EventFormat, EventFormats, IntField};
use crate::record::FUNCTION_PAYLOAD;

/// Bits of `common_flags`: inside a hardware interrupt.
pub const FLAG_HARDIRQ: u8 = 0x08;
/// Bits of `common_flags`: inside a soft interrupt.
pub const FLAG_SOFTIRQ: u8 = 0x10;
/// Bits of `common_flags`: inside a non-maskable interrupt.
pub const FLAG_NMI: u8 = 0x40;

/// What every event carries.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct Common {
    /// Event id.
    pub id: u16,
    /// `common_flags`.
    pub flags: u8,
    /// `common_preempt_count`.
    pub preempt_count: u8,
    /// Thread id in the host's pid namespace; 0 is idle.
    pub pid: i32,
}

/// The part of an event that hap needs beside the common fields.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Body {
    /// Calls of a function.
    Calls {
        /// Call site in the function called (`fentry`).
        ip: u64,
        /// Call site in the caller.
        parent_ip: u64,
        /// 1 for a `function` event, the count of a `func_repeats` event.
        count: u64,
    },
    /// Entry of a system call of this number.
    SysEnter(i64),
    /// Exit of a system call.
    SysExit,
    /// Any other event.
    Other,
}

/// An event.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct Event {
    /// What every event carries.
    pub common: Common,
    /// What this one carries.
    pub body: Body,
}

/// Decodes payloads by the formats of one recording.
#[derive(Clone, Debug)]
pub struct EventDecoder {
    order: ByteOrder,
    id: IntField,
    flags: IntField,
    preempt_count: IntField,
    pid: IntField,
    function: CallFields,
    func_repeats: Option<CallFields>,
    sys_enter: Option<(u16, IntField)>,
    sys_exit: Option<u16>,
    usual_function_id: Option<u16>,
}

#[derive(Clone, Copy, Debug)]
struct CallFields {
    event: u16,
    ip: IntField,
    parent_ip: IntField,
    count: Option<IntField>,
}

impl EventDecoder {
    /// A decoder for these formats; there must be a `function` format.
    pub fn new(formats: &EventFormats, order: ByteOrder) -> Result<Self> {
        let function = formats.named("function").ok_or_else(|| Error::Malformed {
            what: "event formats",
            offset: 0,
            detail: "there is no format of the event function".to_owned(),
        })?;
        let func_repeats = formats.named("func_repeats").and_then(|format| CallFields::new(format, true).ok());
        let sys_enter = formats.named("sys_enter").and_then(|format| Some((format.id, format.int("id").ok()?)));
        let mut decoder = Self {
            order,
            id: function.int("common_type")?,
            flags: function.int("common_flags")?,
            preempt_count: function.int("common_preempt_count")?,
            pid: function.int("common_pid")?,
            function: CallFields::new(function, false)?,
            func_repeats,
            sys_enter,
            sys_exit: formats.named("sys_exit").map(|format| format.id),
            usual_function_id: None,
        };
        decoder.usual_function_id = decoder.has_usual_layout().then_some(function.id);
        Ok(decoder)
    }

    /// Whether `function` payloads may be read by the compiled path: little endian, the common fields as on every
    /// kernel so far, and eight-byte `ip` and `parent_ip` behind them.
    fn has_usual_layout(&self) -> bool {
        let int = |offset, size, signed| IntField { offset, size, signed };
        let common = (self.id, self.flags, self.preempt_count, self.pid);
        let usual = (int(0, 2, false), int(2, 1, false), int(3, 1, false), int(4, 4, true));
        let calls = (self.function.ip, self.function.parent_ip);
        self.order == ByteOrder::Little && common == usual && calls == (int(8, 8, false), int(16, 8, false))
    }

    /// Whether the recording has a format for system-call entries.
    pub fn has_sys_enter(&self) -> bool {
        self.sys_enter.is_some()
    }

    /// The id of the event `function`.
    #[inline]
    pub fn function_id(&self) -> u16 {
        self.function.event
    }

    /// The id of the event `func_repeats`, if the recording has its format.
    pub fn func_repeats_id(&self) -> Option<u16> {
        self.func_repeats.map(|fields| fields.event)
    }

    /// Whether the compiled path serves `function` events.
    pub fn is_fast(&self) -> bool {
        self.usual_function_id.is_some()
    }

    /// The id of `function` events if the compiled path serves them: see [`crate::Records::next_function`].
    #[inline]
    pub fn usual_function_id(&self) -> Option<u16> {
        self.usual_function_id
    }

    /// The event in a payload; none when the payload is too short for the fields of its format.
    #[inline]
    pub fn decode(&self, payload: &[u8]) -> Option<Event> {
        match (self.usual_function_id, payload.first_chunk()) {
            (Some(id), Some(payload)) if payload.starts_with(&id.to_le_bytes()) => Some(usual_function(payload)),
            _ => self.decode_by_format(payload),
        }
    }

    /// The event in a payload, without the compiled path.
    pub fn decode_by_format(&self, payload: &[u8]) -> Option<Event> {
        let common = self.common(payload)?;
        let body = if let Some(calls) = self.call_fields(common.id) {
            calls.read(payload, self.order)?
        } else if let Some((_, number)) = self.sys_enter.filter(|(id, _)| *id == common.id) {
            Body::SysEnter(self.long(number, payload)?)
        } else if self.sys_exit == Some(common.id) {
            Body::SysExit
        } else {
            Body::Other
        };
        Some(Event { common, body })
    }

    /// What every event carries; none when the payload is too short even for that.
    pub fn common(&self, payload: &[u8]) -> Option<Common> {
        Some(Common {
            id: self.id.read(payload, self.order)? as u16,
            flags: self.flags.read(payload, self.order)? as u8,
            preempt_count: self.preempt_count.read(payload, self.order)? as u8,
            pid: self.pid.read(payload, self.order)? as i32,
        })
    }

    fn call_fields(&self, id: u16) -> Option<&CallFields> {
        Some(&self.function).into_iter().chain(&self.func_repeats).find(|fields| fields.event == id)
    }

    fn long(&self, field: IntField, payload: &[u8]) -> Option<i64> {
        field.read(payload, self.order).map(|value| value as i64)
    }
}

impl CallFields {
    fn new(format: &EventFormat, counted: bool) -> Result<Self> {
        let count = if counted { Some(format.int("count")?) } else { None };
        Ok(Self { event: format.id, ip: format.int("ip")?, parent_ip: format.int("parent_ip")?, count })
    }

    fn read(&self, payload: &[u8], order: ByteOrder) -> Option<Body> {
        let count = match self.count {
            Some(field) => field.read(payload, order)?,
            None => 1,
        };
        Some(Body::Calls { ip: self.ip.read(payload, order)?, parent_ip: self.parent_ip.read(payload, order)?, count })
    }
}

/// The event in the payload of a `function` event of the usual layout.
#[inline]
pub fn usual_function(payload: &[u8; FUNCTION_PAYLOAD]) -> Event {
    let [i0, i1, flags, preempt_count, p0, p1, p2, p3, a0, a1, a2, a3, a4, a5, a6, a7, parent_ip @ ..] = *payload;
    let id = u16::from_le_bytes([i0, i1]);
    let common = Common { id, flags, preempt_count, pid: i32::from_le_bytes([p0, p1, p2, p3]) };
    let ip = u64::from_le_bytes([a0, a1, a2, a3, a4, a5, a6, a7]);
    Event { common, body: Body::Calls { ip, parent_ip: u64::from_le_bytes(parent_ip), count: 1 } }
}

#[cfg(test)]
mod tests {
    use super::{Body, Common, Event, EventDecoder};
    use crate::bytes::ByteOrder;
    use crate::event_format::{EventFormat, EventFormats};

    const COMMON: &str = "\tfield:unsigned short common_type;\toffset:0;\tsize:2;\tsigned:0;\n\
        \tfield:unsigned char common_flags;\toffset:2;\tsize:1;\tsigned:0;\n\
        \tfield:unsigned char common_preempt_count;\toffset:3;\tsize:1;\tsigned:0;\n\
        \tfield:int common_pid;\toffset:4;\tsize:4;\tsigned:1;\n";

    fn format(name: &str, id: u16, fields: &str) -> EventFormat {
        EventFormat::parse(format!("name: {name}\nID: {id}\nformat:\n{COMMON}{fields}").as_bytes()).unwrap()
    }

    fn decoder(function_fields: &str, order: ByteOrder) -> EventDecoder {
        let mut formats = EventFormats::default();
        formats.insert(format("function", 1, function_fields)).unwrap();
        let repeats = "\tfield:unsigned long ip;\toffset:8;\tsize:8;\tsigned:0;\n\
            \tfield:unsigned long parent_ip;\toffset:16;\tsize:8;\tsigned:0;\n\
            \tfield:unsigned short count;\toffset:24;\tsize:2;\tsigned:0;\n";
        formats.insert(format("func_repeats", 18, repeats)).unwrap();
        formats.insert(format("sys_enter", 300, "\tfield:long id;\toffset:8;\tsize:8;\tsigned:1;\n")).unwrap();
        formats.insert(format("sys_exit", 301, "\tfield:long id;\toffset:8;\tsize:8;\tsigned:1;\n")).unwrap();
        EventDecoder::new(&formats, order).unwrap()
    }

    const USUAL: &str = "\tfield:unsigned long ip;\toffset:8;\tsize:8;\tsigned:0;\n\
        \tfield:unsigned long parent_ip;\toffset:16;\tsize:8;\tsigned:0;\n";

    fn payload(id: u16, rest: &[u8]) -> Vec<u8> {
        [id.to_le_bytes().as_slice(), &[0x19, 2], &(-7i32).to_le_bytes(), rest].concat()
    }

    fn calls(ip: u64, parent_ip: u64, count: u64) -> Body {
        Body::Calls { ip, parent_ip, count }
    }

    #[test]
    fn the_compiled_path_and_the_format_agree_on_the_usual_layout() {
        let decoder = decoder(USUAL, ByteOrder::Little);
        assert!(decoder.is_fast());
        let bytes = payload(1, &[0xfff_u64.to_le_bytes(), 0xabc_u64.to_le_bytes()].concat());
        let common = Common { id: 1, flags: 0x19, preempt_count: 2, pid: -7 };
        let event = Some(Event { common, body: calls(0xfff, 0xabc, 1) });
        assert_eq!((decoder.decode(&bytes), decoder.decode_by_format(&bytes)), (event, event));
    }

    #[test]
    fn trap_6_fields_are_found_by_the_format_when_the_layout_is_not_the_usual_one() {
        let moved = "\tfield:unsigned long parent_ip;\toffset:8;\tsize:8;\tsigned:0;\n\
            \tfield:unsigned long ip;\toffset:24;\tsize:8;\tsigned:0;\n";
        let decoder = decoder(moved, ByteOrder::Little);
        assert!(!decoder.is_fast());
        let words = [5u64, 6, 7].map(u64::to_le_bytes).concat();
        assert_eq!(decoder.decode(&payload(1, &words)).unwrap().body, calls(7, 5, 1));
    }

    #[test]
    fn trap_6_arguments_appended_by_newer_kernels_change_nothing() {
        let newer = format!("{USUAL}\tfield:unsigned long args[6];\toffset:24;\tsize:48;\tsigned:0;\n");
        let decoder = decoder(&newer, ByteOrder::Little);
        assert!(decoder.is_fast());
        let words: Vec<u8> = (1..=8u64).flat_map(u64::to_le_bytes).collect();
        assert_eq!(decoder.decode(&payload(1, &words)).unwrap().body, calls(1, 2, 1));
    }

    #[test]
    fn trap_12_a_func_repeats_event_stands_for_count_further_calls() {
        let decoder = decoder(USUAL, ByteOrder::Little);
        let rest = [&9u64.to_le_bytes()[..], &8u64.to_le_bytes(), &700u16.to_le_bytes()].concat();
        assert_eq!(decoder.decode(&payload(18, &rest)).unwrap().body, calls(9, 8, 700));
    }

    #[test]
    fn system_calls_carry_their_number_and_other_events_nothing() {
        let decoder = decoder(USUAL, ByteOrder::Little);
        let number = 232u64.to_le_bytes();
        assert_eq!(decoder.decode(&payload(300, &number)).unwrap().body, Body::SysEnter(232));
        assert_eq!(decoder.decode(&payload(301, &number)).unwrap().body, Body::SysExit);
        assert_eq!(decoder.decode(&payload(999, &[])).unwrap().body, Body::Other);
    }

    #[test]
    fn a_payload_too_short_for_its_format_is_none() {
        let decoder = decoder(USUAL, ByteOrder::Little);
        assert_eq!(decoder.decode(&payload(1, &[0; 15])), None);
        assert_eq!(decoder.decode(&[1, 0, 0]), None);
    }

    #[test]
    fn a_big_endian_recording_of_a_32_bit_kernel() {
        let narrow = "\tfield:unsigned long ip;\toffset:8;\tsize:4;\tsigned:0;\n\
            \tfield:unsigned long parent_ip;\toffset:12;\tsize:4;\tsigned:0;\n";
        let decoder = decoder(narrow, ByteOrder::Big);
        let bytes = [&1u16.to_be_bytes()[..], &[0, 0], &77i32.to_be_bytes(), &[0xc0, 0, 0, 1, 0xc0, 0, 0, 2]].concat();
        let common = Common { id: 1, flags: 0, preempt_count: 0, pid: 77 };
        let event = Event { common, body: calls(0xc000_0001, 0xc000_0002, 1) };
        assert_eq!(decoder.decode(&bytes), Some(event));
    }
}
