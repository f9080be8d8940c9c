//! Lengths of time on the command line.

/// Nanoseconds of a text such as `100ms`, `2s` or `250us`; at least 1.
pub(super) fn nanoseconds(text: &str) -> Result<u64, String> {
    let digits = text.bytes().take_while(u8::is_ascii_digit).count();
    let (number, unit) = text.split_at(digits);
    let factor: u64 = match unit {
        "ns" => 1,
        "us" => 1_000,
        "ms" => 1_000_000,
        "s" => 1_000_000_000,
        "m" => 60_000_000_000,
        _ => return Err("write a whole number and a unit: ns, us, ms, s or m".to_owned()),
    };
    let number: u64 = number.parse().map_err(|_| "write a whole number and a unit, such as 100ms".to_owned())?;
    let length = number.checked_mul(factor).filter(|&length| i64::try_from(length).is_ok());
    length.filter(|&length| length > 0).ok_or_else(|| "the length must be positive and below 292 years".to_owned())
}

#[cfg(test)]
mod tests {
    use super::nanoseconds;

    #[test]
    fn numbers_need_a_unit_and_must_be_positive() {
        let texts = ["100ms", "2s", "250us", "7ns", "1m"];
        let expected = [100_000_000, 2_000_000_000, 250_000, 7, 60_000_000_000];
        assert_eq!(texts.map(|text| nanoseconds(text).unwrap()), expected);
        for bad in ["", "100", "ms", "1.5s", "0s", "-1s", "9223372037s"] {
            assert!(nanoseconds(bad).is_err(), "{bad}");
        }
    }
}
