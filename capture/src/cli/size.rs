//! Sizes on the command line.

/// Bytes of a text such as `40M`, `512K` or `2G` (powers of 1024), or a plain number of bytes.
pub(super) fn bytes(text: &str) -> Result<u64, String> {
    let digits = text.bytes().take_while(u8::is_ascii_digit).count();
    let (number, unit) = text.split_at(digits);
    let shift = match unit.to_ascii_lowercase().trim_end_matches('b').trim_end_matches('i') {
        "" => 0,
        "k" => 10,
        "m" => 20,
        "g" => 30,
        "t" => 40,
        _ => return Err("write a whole number with K, M, G or T, such as 40M".to_owned()),
    };
    let number: u64 = number.parse().map_err(|_| "write a whole number, such as 40M".to_owned())?;
    number.checked_mul(1 << shift).filter(|&size| size > 0).ok_or_else(|| "the size is out of range".to_owned())
}

#[cfg(test)]
mod tests {
    use super::bytes;

    #[test]
    fn sizes_have_binary_units() {
        let texts = ["7", "512K", "40M", "2GiB", "1Tb"];
        assert_eq!(texts.map(|text| bytes(text).unwrap()), [7, 512 << 10, 40 << 20, 2 << 30, 1 << 40]);
        for bad in ["", "M", "1.5M", "0", "-1", "4X", "99999999999T"] {
            assert!(bytes(bad).is_err(), "{bad}");
        }
    }
}
