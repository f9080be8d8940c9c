//! Event formats: where the fields of an event lie, from the kernel's `format` texts.

use std::collections::BTreeMap;

use crate::bytes::ByteOrder;
use crate::error::{Error, Result};

/// The kernel's own limit: event ids are 16 bits wide.
const MAX_EVENT_ID: u64 = u16::MAX as u64;

/// A field of an event.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Field {
    /// Its name.
    pub name: String,
    /// Offset in the payload, in bytes.
    pub offset: usize,
    /// Size in bytes; 0 for an array of open length.
    pub size: usize,
    /// Whether it is signed.
    pub signed: bool,
    /// Whether it is an array, so that its size is not that of a number.
    pub array: bool,
}

/// The format of one event.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct EventFormat {
    /// Name, such as `function` or `sys_enter`.
    pub name: String,
    /// Id, the value of `common_type`.
    pub id: u16,
    /// Fields in the order of the text, common ones first.
    pub fields: Vec<Field>,
}

/// The formats of a recording, by id.
#[derive(Clone, Debug, Default, PartialEq, Eq)]
pub struct EventFormats {
    by_id: BTreeMap<u16, EventFormat>,
}

/// An integer field that can be read without looking at the format again.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct IntField {
    /// Offset in the payload.
    pub offset: usize,
    /// Size: 1, 2, 4 or 8 bytes.
    pub size: usize,
    /// Whether it is signed.
    pub signed: bool,
}

impl EventFormat {
    /// Reads one `format` text.
    pub fn parse(text: &[u8]) -> Result<Self> {
        let text = String::from_utf8_lossy(text);
        let mut name = None;
        let mut id = None;
        let mut fields = Vec::new();
        for line in text.lines().map(str::trim) {
            if let Some(rest) = line.strip_prefix("name:") {
                name = Some(rest.trim().to_owned());
            } else if let Some(rest) = line.strip_prefix("ID:") {
                id = rest.trim().parse::<u64>().ok().filter(|&id| id <= MAX_EVENT_ID);
            } else if line.starts_with("print fmt:") {
                break;
            } else if line.starts_with("field") {
                fields.push(parse_field(line).ok_or_else(|| malformed(format!("bad field line {line:?}")))?);
            }
        }
        let name = name.ok_or_else(|| malformed("there is no name".to_owned()))?;
        let id = id.ok_or_else(|| malformed(format!("{name} has no id below {MAX_EVENT_ID}")))?;
        Ok(Self { name, id: id as u16, fields })
    }

    /// The field of that name.
    pub fn field(&self, name: &str) -> Option<&Field> {
        self.fields.iter().find(|field| field.name == name)
    }

    /// The integer field of that name.
    pub fn int(&self, name: &str) -> Result<IntField> {
        let field = self.field(name).ok_or_else(|| malformed(format!("event {} has no field {name}", self.name)))?;
        if field.array || !matches!(field.size, 1 | 2 | 4 | 8) {
            return Err(malformed(format!("field {name} of event {} is no integer", self.name)));
        }
        Ok(IntField { offset: field.offset, size: field.size, signed: field.signed })
    }
}

impl EventFormats {
    /// Adds a format; one of the same id that is already there stays and is given back as a name clash.
    pub fn insert(&mut self, format: EventFormat) -> Result<()> {
        match self.by_id.get(&format.id) {
            Some(old) if *old == format => Ok(()),
            Some(old) => Err(malformed(format!("events {} and {} share the id {}", old.name, format.name, format.id))),
            None => {
                self.by_id.insert(format.id, format);
                Ok(())
            }
        }
    }

    /// The format of an id.
    pub fn get(&self, id: u16) -> Option<&EventFormat> {
        self.by_id.get(&id)
    }

    /// The format of a name.
    pub fn named(&self, name: &str) -> Option<&EventFormat> {
        self.by_id.values().find(|format| format.name == name)
    }

    /// Every format, by id.
    pub fn iter(&self) -> impl Iterator<Item = &EventFormat> {
        self.by_id.values()
    }
}

impl IntField {
    /// The field's value; none when the payload ends before it does. A signed value is sign-extended.
    #[inline]
    pub fn read(&self, payload: &[u8], order: ByteOrder) -> Option<u64> {
        let bytes = payload.get(self.offset..)?;
        let value = match self.size {
            1 => u64::from(*bytes.first()?),
            2 => u64::from(order.u16(*bytes.first_chunk()?)),
            4 => u64::from(order.u32(*bytes.first_chunk()?)),
            _ => order.u64(*bytes.first_chunk()?),
        };
        Some(if self.signed { sign_extend(value, self.size) } else { value })
    }
}

fn sign_extend(value: u64, size: usize) -> u64 {
    let unused = 64 - 8 * size as u32;
    (((value << unused) as i64) >> unused) as u64
}

/// Reads a line such as `field:unsigned long ip; offset:8; size:8; signed:0;`.
pub(crate) fn parse_field(line: &str) -> Option<Field> {
    let rest = line.strip_prefix("field special:").or_else(|| line.strip_prefix("field:"))?;
    let (declaration, rest) = rest.split_once(';')?;
    let mut field = Field { name: String::new(), offset: 0, size: 0, signed: false, array: declaration.contains('[') };
    let name = declaration.trim().rsplit([' ', '*']).next()?;
    name.split('[').next()?.clone_into(&mut field.name);
    let mut seen = 0;
    for part in rest.split(';') {
        let Some((key, value)) = part.trim().split_once(':') else { continue };
        match key {
            "offset" => field.offset = value.parse::<u16>().ok()?.into(),
            "size" => field.size = value.parse::<u16>().ok()?.into(),
            "signed" => field.signed = value == "1",
            _ => continue,
        }
        seen += 1;
    }
    (seen >= 2 && !field.name.is_empty()).then_some(field)
}

fn malformed(detail: String) -> Error {
    Error::Malformed { what: "event format", offset: 0, detail }
}

#[cfg(test)]
mod tests {
    use super::{EventFormat, EventFormats, Field, IntField};
    use crate::bytes::ByteOrder;

    const FUNCTION: &[u8] = include_bytes!("../../data/captures/special/raw-dump/function.format");

    #[test]
    fn reads_the_kernels_own_function_format() {
        let format = EventFormat::parse(FUNCTION).unwrap();
        assert_eq!((format.name.as_str(), format.id), ("function", 1));
        let field = |name: &str, offset, size, signed| Field { name: name.into(), offset, size, signed, array: false };
        assert_eq!(
            format.fields,
            [
                field("common_type", 0, 2, false),
                field("common_flags", 2, 1, false),
                field("common_preempt_count", 3, 1, false),
                field("common_pid", 4, 4, true),
                field("ip", 8, 8, false),
                field("parent_ip", 16, 8, false),
            ]
        );
    }

    #[test]
    fn an_array_is_no_integer_and_a_data_loc_keeps_its_name() {
        let text = b"name: t\nID: 7\nformat:\n\tfield:unsigned long args[6];\toffset:16;\tsize:48;\tsigned:0;\n\
                     \tfield:__data_loc char[] comm;\toffset:8;\tsize:4;\tsigned:0;\n";
        let format = EventFormat::parse(text).unwrap();
        assert_eq!(
            format.int("args").unwrap_err().to_string(),
            "event format at byte 0: field args of event t is no integer"
        );
        assert_eq!(format.field("comm").map(|field| (field.offset, field.size)), Some((8, 4)));
    }

    #[test]
    fn integers_of_every_size_and_both_orders_are_read_with_their_sign() {
        let payload = [0xff, 0xfe, 0xfd, 0xfc, 0xfb, 0xfa, 0xf9, 0xf8];
        let read = |size, signed, order| IntField { offset: 0, size, signed }.read(&payload, order);
        assert_eq!(read(1, false, ByteOrder::Little), Some(0xff));
        assert_eq!(read(2, false, ByteOrder::Little), Some(0xfeff));
        assert_eq!(read(2, false, ByteOrder::Big), Some(0xfffe));
        assert_eq!(read(4, true, ByteOrder::Little), Some(0xffff_ffff_fcfd_feff));
        assert_eq!(read(8, false, ByteOrder::Big), Some(0xfffe_fdfc_fbfa_f9f8));
        assert_eq!(IntField { offset: 1, size: 8, signed: false }.read(&payload, ByteOrder::Big), None);
    }

    #[test]
    fn two_events_of_one_id_are_an_error_and_the_first_stays() {
        let mut formats = EventFormats::default();
        formats.insert(EventFormat::parse(FUNCTION).unwrap()).unwrap();
        formats.insert(EventFormat::parse(FUNCTION).unwrap()).unwrap();
        let clash = formats.insert(EventFormat::parse(b"name: other\nID: 1\n").unwrap()).unwrap_err();
        assert_eq!(clash.to_string(), "event format at byte 0: events function and other share the id 1");
        assert_eq!(formats.get(1).map(|format| format.name.as_str()), Some("function"));
    }
}
