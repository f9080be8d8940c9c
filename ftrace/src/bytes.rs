//! Byte order and a checked cursor: no read goes beyond its slice, and every error knows its offset.

use crate::error::{Error, Result};

/// Byte order of the recorded machine.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum ByteOrder {
    /// Least significant byte first.
    Little,
    /// Most significant byte first.
    Big,
}

impl ByteOrder {
    /// The `u16` in these two bytes.
    #[inline]
    pub fn u16(self, bytes: [u8; 2]) -> u16 {
        match self {
            Self::Little => u16::from_le_bytes(bytes),
            Self::Big => u16::from_be_bytes(bytes),
        }
    }

    /// The `u32` in these four bytes.
    #[inline]
    pub fn u32(self, bytes: [u8; 4]) -> u32 {
        match self {
            Self::Little => u32::from_le_bytes(bytes),
            Self::Big => u32::from_be_bytes(bytes),
        }
    }

    /// The `u64` in these eight bytes.
    #[inline]
    pub fn u64(self, bytes: [u8; 8]) -> u64 {
        match self {
            Self::Little => u64::from_le_bytes(bytes),
            Self::Big => u64::from_be_bytes(bytes),
        }
    }
}

/// Reads a slice from front to back.
#[derive(Clone, Debug)]
pub struct Cursor<'a> {
    bytes: &'a [u8],
    offset: usize,
    order: ByteOrder,
}

impl<'a> Cursor<'a> {
    /// A cursor at the start of the slice.
    pub fn new(bytes: &'a [u8], order: ByteOrder) -> Self {
        Self { bytes, offset: 0, order }
    }

    /// A cursor at `offset`, which may lie behind the end: then nothing is left.
    pub fn at(bytes: &'a [u8], offset: u64, order: ByteOrder) -> Self {
        let offset = usize::try_from(offset).unwrap_or(usize::MAX).min(bytes.len());
        Self { bytes, offset, order }
    }

    /// Offset of the next byte.
    pub fn offset(&self) -> u64 {
        self.offset as u64
    }

    /// The bytes that are left.
    pub fn rest(&self) -> &'a [u8] {
        self.bytes.get(self.offset..).unwrap_or(&[])
    }

    /// The next `size` bytes.
    pub fn take(&mut self, what: &'static str, size: u64) -> Result<&'a [u8]> {
        let rest = self.rest();
        match usize::try_from(size).ok().and_then(|size| rest.get(..size)) {
            Some(taken) => {
                self.offset += taken.len();
                Ok(taken)
            }
            None => Err(Error::Truncated { what, offset: self.offset(), needed: size, left: rest.len() as u64 }),
        }
    }

    fn array<const N: usize>(&mut self, what: &'static str) -> Result<[u8; N]> {
        let mut array = [0; N];
        array.copy_from_slice(self.take(what, N as u64)?);
        Ok(array)
    }

    /// The next byte.
    pub fn u8(&mut self, what: &'static str) -> Result<u8> {
        self.array::<1>(what).map(|[byte]| byte)
    }

    /// The next two bytes as a number.
    pub fn u16(&mut self, what: &'static str) -> Result<u16> {
        self.array(what).map(|bytes| self.order.u16(bytes))
    }

    /// The next four bytes as a number.
    pub fn u32(&mut self, what: &'static str) -> Result<u32> {
        self.array(what).map(|bytes| self.order.u32(bytes))
    }

    /// The next eight bytes as a number.
    pub fn u64(&mut self, what: &'static str) -> Result<u64> {
        self.array(what).map(|bytes| self.order.u64(bytes))
    }

    /// The bytes up to the next zero byte, which is taken too.
    pub fn zero_terminated(&mut self, what: &'static str) -> Result<&'a [u8]> {
        let rest = self.rest();
        let Some(length) = rest.iter().position(|&byte| byte == 0) else {
            let left = rest.len() as u64;
            return Err(Error::Truncated { what, offset: self.offset(), needed: left + 1, left });
        };
        self.offset += length + 1;
        Ok(rest.get(..length).unwrap_or(&[]))
    }
}
