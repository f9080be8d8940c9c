//! Trace clocks and the conversion of raw time stamps.

/// What one step of a trace clock is.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum ClockUnit {
    /// A nanosecond.
    Nanoseconds,
    /// Something else: a processor cycle, a jiffy, an event.
    Ticks,
}

/// Clocks that the kernel's table of trace clocks marks as counting nanoseconds. The others are `counter`, `uptime`
/// (clock ticks of user space), `x86-tsc`, `ppc-tb`.
const NANOSECOND_CLOCKS: [&str; 7] = ["local", "global", "perf", "mono", "mono_raw", "boot", "tai"];

impl ClockUnit {
    /// Unit of the clock of that name as the kernel records it; unknown clocks count ticks.
    pub fn of(clock: &str) -> Self {
        if NANOSECOND_CLOCKS.contains(&clock) { Self::Nanoseconds } else { Self::Ticks }
    }
}

/// The clocks of a `trace_clock` file.
///
/// The chosen one stands in brackets: `local global [mono] x86-tsc`.
pub fn chosen_clock(text: &[u8]) -> Option<&str> {
    let text = std::str::from_utf8(text).ok()?;
    let (_, behind) = text.split_once('[')?;
    let (clock, _) = behind.split_once(']')?;
    Some(clock.trim()).filter(|clock| !clock.is_empty())
}

/// How time stamps of the ring buffer become time stamps of the output, exactly as trace-cmd computes them.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq)]
pub struct TimeConversion {
    /// The TSC2NSEC option.
    pub cycles: Option<CycleConversion>,
    /// Nanoseconds to add: the sum of all DATE and OFFSET options.
    pub offset: i64,
}

/// The option TSC2NSEC: nanoseconds are `cycles * multiplier >> shift`.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct CycleConversion {
    /// Factor.
    pub multiplier: u32,
    /// Bits to drop from the product.
    pub shift: u32,
    /// Offset of the recording machine's perf clock. trace-cmd stores it and does not apply it.
    pub offset: u64,
}

impl TimeConversion {
    /// The time of a raw time stamp. Sums and products wrap at 64 bits like trace-cmd's.
    #[inline]
    pub fn to_ns(&self, raw: u64) -> u64 {
        let time = self.cycles.map_or(raw, |cycles| cycles.to_ns(raw));
        time.wrapping_add_signed(self.offset)
    }

    /// Whether time stamps stay as they are.
    pub fn is_identity(&self) -> bool {
        *self == Self::default()
    }

    /// Unit of converted time stamps of a buffer with that clock.
    pub fn unit(&self, clock: &str) -> ClockUnit {
        if self.cycles.is_some() { ClockUnit::Nanoseconds } else { ClockUnit::of(clock) }
    }

    /// The conversion for a buffer with a clock of its own: cycles are converted only where the clock counts cycles.
    ///
    /// trace-cmd applies the file's conversion to every buffer, which is wrong for an instance on another clock.
    #[must_use]
    pub fn for_clock(&self, clock: &str) -> Self {
        let cycles = self.cycles.filter(|_| ClockUnit::of(clock) == ClockUnit::Ticks);
        Self { cycles, offset: self.offset }
    }
}

impl CycleConversion {
    /// Nanoseconds of a number of cycles. A multiplier of zero means no conversion, as for trace-cmd.
    #[inline]
    pub fn to_ns(&self, cycles: u64) -> u64 {
        if self.multiplier == 0 {
            return cycles;
        }
        let product = u128::from(cycles) * u128::from(self.multiplier);
        product.checked_shr(self.shift).unwrap_or(0) as u64
    }
}

/// The number at the start of a text, as C's `strtoll(text, NULL, 0)` reads it: blanks, sign, `0x` or `0` for another
/// base, as many digits as there are; too large numbers stop at the limit.
pub(crate) fn leading_number(text: &[u8]) -> i64 {
    let text = text.trim_ascii_start();
    let (negative, digits) = match text {
        [b'-', rest @ ..] => (true, rest),
        [b'+', rest @ ..] => (false, rest),
        _ => (false, text),
    };
    let (radix, digits) = match digits {
        [b'0', b'x' | b'X', rest @ ..] => (16, rest),
        [b'0', rest @ ..] => (8, rest),
        _ => (10, digits),
    };
    let value = digits
        .iter()
        .map_while(|&digit| char::from(digit).to_digit(radix))
        .fold(0_i128, |value, digit| (value * i128::from(radix) + i128::from(digit)).min(i128::from(i64::MAX) + 1));
    let value = if negative { -value } else { value.min(i128::from(i64::MAX)) };
    value as i64
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn units_are_those_of_the_kernels_table() {
        for clock in ["local", "global", "perf", "mono", "mono_raw", "boot", "tai"] {
            assert_eq!(ClockUnit::of(clock), ClockUnit::Nanoseconds, "{clock}");
        }
        for clock in ["counter", "uptime", "x86-tsc", "ppc-tb", "tsc2nsec", "", "future"] {
            assert_eq!(ClockUnit::of(clock), ClockUnit::Ticks, "{clock}");
        }
    }

    #[test]
    fn the_chosen_clock_stands_in_brackets() {
        assert_eq!(chosen_clock(b"local global [mono] boot\n"), Some("mono"));
        assert_eq!(chosen_clock(b"[x86-tsc]"), Some("x86-tsc"));
        for text in [&b"local"[..], b"", b"[]", b"[local", b"\xff[mono]"] {
            assert_eq!(chosen_clock(text), None);
        }
    }

    /// The x86-tsc capture with made-up options, printed by trace-cmd 3.1.6: 153.581004710 and 154.581020717.
    #[test]
    fn conversion_equals_what_trace_cmd_prints_and_the_option_offset_is_not_applied() {
        let cycles = CycleConversion { multiplier: 1_234_567, shift: 22, offset: 999_999_999 };
        let mut conversion = TimeConversion { cycles: Some(cycles), offset: 0 };
        assert_eq!(conversion.to_ns(521_774_373_023), 153_581_004_710);
        conversion.offset = 1_000_000_007 + leading_number(b"0x10") * 1000;
        assert_eq!(conversion.to_ns(521_774_373_023), 154_581_020_717);
        assert_eq!(conversion.unit("x86-tsc"), ClockUnit::Nanoseconds);
    }

    #[test]
    fn products_beyond_64_bits_are_exact() {
        let cycles = CycleConversion { multiplier: u32::MAX, shift: 32, offset: 0 };
        assert_eq!(cycles.to_ns(u64::MAX), 0xffff_fffe_ffff_ffff);
        assert_eq!(CycleConversion { shift: 200, ..cycles }.to_ns(u64::MAX), 0);
        assert_eq!(CycleConversion { multiplier: 0, ..cycles }.to_ns(77), 77);
        assert_eq!(TimeConversion { cycles: None, offset: -1 }.to_ns(0), u64::MAX);
    }

    #[test]
    fn an_instance_on_a_nanosecond_clock_is_not_converted_from_cycles() {
        let cycles = Some(CycleConversion { multiplier: 2, shift: 0, offset: 0 });
        let conversion = TimeConversion { cycles, offset: 5 };
        assert_eq!(conversion.for_clock("local").to_ns(10), 15);
        assert_eq!(conversion.for_clock("x86-tsc").to_ns(10), 25);
        assert_eq!(conversion.for_clock("tsc2nsec").unit("tsc2nsec"), ClockUnit::Nanoseconds);
        assert!(TimeConversion::default().is_identity());
        assert_eq!(TimeConversion::default().unit("x86-tsc"), ClockUnit::Ticks);
    }

    #[test]
    fn numbers_are_read_like_strtoll() {
        for (text, expected) in [
            (&b"10"[..], 10),
            (b" -0x1F rest", -31),
            (b"+017", 15),
            (b"0", 0),
            (b"", 0),
            (b"x", 0),
            (b"9223372036854775808", i64::MAX),
            (b"-99999999999999999999999", i64::MIN),
        ] {
            assert_eq!(leading_number(text), expected, "{}", String::from_utf8_lossy(text));
        }
    }
}
