//! Numbers as configuration writes them: strict integers, octal modes, byte counts with units, fractions.
//!
//! Pure functions; every one refuses overflow. Redis: util.c `string2ll`, `memtoull`, `string2d`,
//! `trimDoubleString`; config.c `rewriteConfigFormatMemory`.

/// Reads a decimal integer in its shortest spelling: no blanks, no `+`, no leading zeros, no `-0`.
pub fn integer(text: &[u8]) -> Option<i64> {
    let digits = text.strip_prefix(b"-").unwrap_or(text);
    let shortest = match digits {
        [b'0'] => text.len() == 1,
        [b'1'..=b'9', rest @ ..] => rest.iter().all(u8::is_ascii_digit),
        _ => false,
    };
    if shortest { std::str::from_utf8(text).ok()?.parse().ok() } else { None }
}

/// Reads a decimal integer as C's `strtoll` does over a whole word: leading zeros, a sign and the empty word
/// (zero) are allowed.
pub fn loose_integer(text: &[u8]) -> Option<i64> {
    if text.is_empty() { Some(0) } else { std::str::from_utf8(text).ok()?.parse().ok() }
}

/// Reads an octal number, as file modes are written. The empty word is zero.
pub fn octal(text: &[u8]) -> Option<i64> {
    if text.is_empty() { Some(0) } else { i64::from_str_radix(std::str::from_utf8(text).ok()?, 8).ok() }
}

/// Reads a byte count: digits and one of the units `b k kb m mb g gb` in any case. `k` is 1000, `kb` 1024.
///
/// Missing digits count as zero, as they do in Redis; a count that does not fit 64 bits is refused.
pub fn memory(text: &[u8]) -> Option<u64> {
    let split = text.iter().position(|byte| !byte.is_ascii_digit()).unwrap_or(text.len());
    let (digits, unit) = text.split_at(split);
    let factor: u64 = match unit.to_ascii_lowercase().as_slice() {
        b"" | b"b" => 1,
        b"k" => 1_000,
        b"kb" => 1 << 10,
        b"m" => 1_000_000,
        b"mb" => 1 << 20,
        b"g" => 1_000_000_000,
        b"gb" => 1 << 30,
        _ => return None,
    };
    let count: u64 = if digits.is_empty() { 0 } else { std::str::from_utf8(digits).ok()?.parse().ok()? };
    count.checked_mul(factor)
}

/// Writes a byte count with the largest unit that divides it.
pub fn format_memory(bytes: i128) -> String {
    match bytes {
        0 => "0".to_owned(),
        _ if bytes % (1 << 30) == 0 => format!("{}gb", bytes >> 30),
        _ if bytes % (1 << 20) == 0 => format!("{}mb", bytes >> 20),
        _ if bytes % (1 << 10) == 0 => format!("{}kb", bytes >> 10),
        _ => bytes.to_string(),
    }
}

/// Reads a number with an optional fraction; blanks around it and "not a number" are refused.
pub fn fraction(text: &[u8]) -> Option<f64> {
    let number: f64 = std::str::from_utf8(text).ok()?.parse().ok()?;
    if number.is_nan() { None } else { Some(number) }
}

/// Writes a number with at most six decimals and no trailing zeros.
pub fn format_fraction(number: f64) -> String {
    let text = format!("{number:.6}");
    text.trim_end_matches('0').trim_end_matches('.').to_owned()
}
