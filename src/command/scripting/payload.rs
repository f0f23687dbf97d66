//! What FUNCTION DUMP gives and FUNCTION RESTORE takes: `(F5, text of a library)*`, with the version and sum of any other
//! payload (Redis: functions.c `functionDumpCommand`, `functionRestoreCommand`).

use crate::persist::rdb::payload::{seal, verified};
use crate::persist::rdb::{Reader, write_string};

/// RDB_OPCODE_FUNCTION2.
const LIBRARY: u8 = 0xf5;
/// RDB_OPCODE_FUNCTION_PRE_GA.
const LIBRARY_PRE_GA: u8 = 0xf6;

/// A payload of these libraries.
pub fn write<'a>(texts: impl Iterator<Item = &'a [u8]>) -> Vec<u8> {
    let mut out = Vec::new();
    for text in texts {
        out.push(LIBRARY);
        write_string(&mut out, text, false);
    }
    seal(out)
}

/// The texts of the libraries in a payload.
///
/// # Errors
/// What is wrong with it.
pub fn read(payload: &[u8]) -> Result<Vec<Vec<u8>>, &'static str> {
    let body = verified(payload).ok_or("DUMP payload version or checksum are wrong")?;
    let mut from = Reader::new(body);
    let mut texts = Vec::new();
    while let Ok(kind) = from.byte() {
        match kind {
            LIBRARY => {}
            LIBRARY_PRE_GA => return Err("Pre-GA function format not supported"),
            _ => return Err("given type is not a function"),
        }
        texts.push(from.string().map_err(|_| "Failed loading library data")?.into_owned());
    }
    Ok(texts)
}

#[cfg(test)]
#[allow(clippy::unwrap_used)]
mod tests {
    use super::*;

    #[test]
    fn what_is_written_is_read() {
        let long = vec![b'x'; 20_000];
        let texts: [&[u8]; 3] = [b"#!lua name=a\n", &long, &[b'y'; 100]];
        assert_eq!(read(&write(texts.into_iter())).unwrap(), texts);
        assert_eq!(read(&write(std::iter::empty())).unwrap(), Vec::<Vec<u8>>::new());
    }

    #[test]
    fn broken_payloads_are_refused() {
        let mut payload = write([&b"abc"[..]].into_iter());
        payload[2] ^= 1;
        assert!(read(&payload).is_err());
        for cut in 0..payload.len() {
            assert!(read(&payload[..cut]).is_err());
        }
    }
}
