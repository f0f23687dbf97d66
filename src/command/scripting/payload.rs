//! What FUNCTION DUMP gives and FUNCTION RESTORE takes.
//!
//! ```text
//! (0xF5, string: text of a library)*  version u16 LE  CRC-64 of all before, u64 LE
//! string: length, bytes · or 0xC3, length packed, length, LZF bytes      (Redis: rdb.c rdbSaveRawString)
//! length: 00 six bits · 01 fourteen bits BE · 0x80 u32 BE · 0x81 u64 BE
//! ```
//!
//! Written without compression, which Redis reads as well. Payloads come from clients: every length is checked against
//! what is there.

/// RDB_OPCODE_FUNCTION2.
const LIBRARY: u8 = 0xf5;
/// RDB_OPCODE_FUNCTION_PRE_GA.
const LIBRARY_PRE_GA: u8 = 0xf6;
/// RDB version of Redis 7.2.
const VERSION: u16 = 11;
const FOOTER: usize = 10;
/// Longest text of a library that is unpacked, as `proto-max-bulk-len` limits it by default.
const TEXT_MAX: usize = 512 * 1024 * 1024;

/// A payload of these libraries.
pub fn write<'a>(texts: impl Iterator<Item = &'a [u8]>) -> Vec<u8> {
    let mut out = Vec::new();
    for text in texts {
        out.push(LIBRARY);
        match (u8::try_from(text.len()), u32::try_from(text.len())) {
            (Ok(len @ 0..64), _) => out.push(len),
            (_, Ok(len)) if len < 1 << 14 => {
                let [.., high, low] = len.to_be_bytes();
                out.extend_from_slice(&[0x40 | high, low]);
            }
            (_, Ok(len)) => {
                out.push(0x80);
                out.extend_from_slice(&len.to_be_bytes());
            }
            _ => {
                out.push(0x81);
                out.extend_from_slice(&(text.len() as u64).to_be_bytes());
            }
        }
        out.extend_from_slice(text);
    }
    out.extend_from_slice(&VERSION.to_le_bytes());
    let sum = crc64(&out);
    out.extend_from_slice(&sum.to_le_bytes());
    out
}

/// The texts of the libraries in a payload.
///
/// # Errors
/// What is wrong with it.
pub fn read(payload: &[u8]) -> Result<Vec<Vec<u8>>, &'static str> {
    const WRONG: &str = "DUMP payload version or checksum are wrong";
    let body_len = payload.len().checked_sub(FOOTER).ok_or(WRONG)?;
    let (body, footer) = payload.split_at_checked(body_len).ok_or(WRONG)?;
    let (version, sum) = footer.split_first_chunk::<2>().ok_or(WRONG)?;
    let summed = payload.get(..body_len + 2).ok_or(WRONG)?;
    if u16::from_le_bytes(*version) > VERSION || sum != crc64(summed).to_le_bytes() {
        return Err(WRONG);
    }
    let mut rest = body;
    let mut texts = Vec::new();
    while let Some((kind, behind)) = rest.split_first() {
        match *kind {
            LIBRARY => {}
            LIBRARY_PRE_GA => return Err("Pre-GA function format not supported"),
            _ => return Err("given type is not a function"),
        }
        rest = behind;
        texts.push(string(&mut rest).ok_or("Failed loading library data")?);
    }
    Ok(texts)
}

fn take<'a>(rest: &mut &'a [u8], len: usize) -> Option<&'a [u8]> {
    let (taken, behind) = rest.split_at_checked(len)?;
    *rest = behind;
    Some(taken)
}

/// A length, or the code of a special encoding.
fn length(rest: &mut &[u8]) -> Option<Result<usize, u8>> {
    let first = *take(rest, 1)?.first()?;
    let number = |bytes: &[u8]| bytes.iter().fold(0_u64, |n, &b| (n << 8) | u64::from(b));
    let len = match first {
        0x00..=0x3f => u64::from(first),
        0x40..=0x7f => (u64::from(first & 0x3f) << 8) | number(take(rest, 1)?),
        0x80 => number(take(rest, 4)?),
        0x81 => number(take(rest, 8)?),
        0xc0.. => return Some(Err(first & 0x3f)),
        _ => return None,
    };
    Some(Ok(usize::try_from(len).ok()?))
}

fn string(rest: &mut &[u8]) -> Option<Vec<u8>> {
    const LZF: u8 = 3;
    match length(rest)? {
        Ok(len) => take(rest, len).map(<[u8]>::to_vec),
        Err(LZF) => {
            let (packed, len) = (length(rest)?.ok()?, length(rest)?.ok()?);
            unpack(take(rest, packed)?, len)
        }
        // Integers: a library's text is none.
        Err(_) => None,
    }
}

/// LZF: a control byte below 32 is followed by so many bytes plus one; otherwise its upper three bits are a length and
/// its lower five, with the next byte, how far back to copy from.
fn unpack(mut packed: &[u8], len: usize) -> Option<Vec<u8>> {
    if len > TEXT_MAX {
        return None;
    }
    let mut out = Vec::new();
    while let Some((&control, rest)) = packed.split_first() {
        packed = rest;
        if control < 32 {
            out.extend_from_slice(take(&mut packed, usize::from(control) + 1)?);
        } else {
            let mut count = usize::from(control >> 5);
            if count == 7 {
                count += usize::from(*take(&mut packed, 1)?.first()?);
            }
            let back = (usize::from(control & 0x1f) << 8) | usize::from(*take(&mut packed, 1)?.first()?);
            let from = out.len().checked_sub(back + 1)?;
            for at in from..from + count + 2 {
                out.push(*out.get(at)?);
            }
        }
        if out.len() > len {
            return None;
        }
    }
    (out.len() == len).then_some(out)
}

/// CRC-64 as Redis computes it (crc64.c: Jones's polynomial, reflected).
fn crc64(bytes: &[u8]) -> u64 {
    const POLYNOMIAL: u64 = 0x95ac_9329_ac4b_c9b5;
    bytes.iter().fold(0, |sum, &byte| {
        (0..8).fold(
            sum ^ u64::from(byte),
            |sum, _| {
                if sum & 1 == 1 { (sum >> 1) ^ POLYNOMIAL } else { sum >> 1 }
            },
        )
    })
}

#[cfg(test)]
#[allow(clippy::unwrap_used)]
mod tests {
    use super::*;

    #[test]
    fn the_sum_is_that_of_redis() {
        assert_eq!(crc64(b"123456789"), 0xe9c6_d914_c4b8_d9ca);
    }

    #[test]
    fn what_is_written_is_read() {
        let long = vec![b'x'; 20_000];
        let texts: [&[u8]; 3] = [b"#!lua name=a\n", &long, &[b'y'; 100]];
        assert_eq!(read(&write(texts.into_iter())).unwrap(), texts);
        assert_eq!(read(&write(std::iter::empty())).unwrap(), Vec::<Vec<u8>>::new());
    }

    #[test]
    fn packed_texts_are_read_and_broken_ones_refused() {
        // "aaaaaaaaaa": one literal, then nine copied from one back.
        assert_eq!(unpack(&[0, b'a', 0xe0, 0, 0], 10).unwrap(), b"aaaaaaaaaa");
        assert_eq!(unpack(&[0, b'a', 0xe0, 0, 9], 10), None);
        assert_eq!(unpack(&[5, b'a'], 6), None);
        let mut payload = write([&b"abc"[..]].into_iter());
        payload[2] ^= 1;
        assert!(read(&payload).is_err());
        for cut in 0..payload.len() {
            assert!(read(&payload[..cut]).is_err());
        }
    }
}
