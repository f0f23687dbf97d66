//! Words of a configuration line: splitting one with its quotes and escapes, and writing one back.
//!
//! Pure functions over bytes. Whatever `quote` writes, `split_words` reads back unchanged; no input panics.
//! Redis: sds.c `sdssplitargs` and `sdscatrepr`. Inline commands follow the same rules.

/// C's `isspace` in the "C" locale: what separates words.
fn is_blank(byte: u8) -> bool {
    matches!(byte, b' ' | b'\t' | b'\n' | b'\r' | 0x0b | 0x0c)
}

/// Splits a line into words. Returns `None` when a quote is left open, or closed in the middle of a word.
///
/// Between double quotes `\n \r \t \b \a`, `\xHH` and `\` before any other byte are escapes; between single
/// quotes only `\'` is one. A NUL byte ends the line, as it ends a C string.
pub fn split_words(line: &[u8]) -> Option<Vec<Vec<u8>>> {
    let line = line.split(|&byte| byte == 0).next().unwrap_or(line);
    let mut words = Vec::new();
    let mut rest = line;
    loop {
        while let [first, tail @ ..] = rest
            && is_blank(*first)
        {
            rest = tail;
        }
        if rest.is_empty() {
            return Some(words);
        }
        let mut word = Vec::new();
        rest = read_word(rest, &mut word)?;
        words.push(word);
    }
}

/// Reads one word from the start of `rest` into `word`; returns what follows it.
fn read_word<'a>(mut rest: &'a [u8], word: &mut Vec<u8>) -> Option<&'a [u8]> {
    while let [first, tail @ ..] = rest {
        match first {
            // Only these four end a bare word; a vertical tab inside one belongs to it.
            b' ' | b'\n' | b'\r' | b'\t' => return Some(tail),
            b'"' => return read_double_quoted(tail, word),
            b'\'' => return read_single_quoted(tail, word),
            _ => {
                word.push(*first);
                rest = tail;
            }
        }
    }
    Some(rest)
}

/// Reads up to the closing double quote.
fn read_double_quoted<'a>(mut rest: &'a [u8], word: &mut Vec<u8>) -> Option<&'a [u8]> {
    loop {
        rest = match rest {
            [] => return None,
            [b'\\', b'x', high, low, tail @ ..] if high.is_ascii_hexdigit() && low.is_ascii_hexdigit() => {
                word.push((hex_digit(*high) << 4) | hex_digit(*low));
                tail
            }
            [b'\\', escaped, tail @ ..] => {
                word.push(unescape(*escaped));
                tail
            }
            [b'"', tail @ ..] => return after_quote(tail),
            [byte, tail @ ..] => {
                word.push(*byte);
                tail
            }
        };
    }
}

/// Reads up to the closing single quote.
fn read_single_quoted<'a>(mut rest: &'a [u8], word: &mut Vec<u8>) -> Option<&'a [u8]> {
    loop {
        rest = match rest {
            [] => return None,
            [b'\\', b'\'', tail @ ..] => {
                word.push(b'\'');
                tail
            }
            [b'\'', tail @ ..] => return after_quote(tail),
            [byte, tail @ ..] => {
                word.push(*byte);
                tail
            }
        };
    }
}

/// A closing quote must end the word: a blank or the end of the line has to follow.
fn after_quote(rest: &[u8]) -> Option<&[u8]> {
    match rest.first() {
        Some(byte) if !is_blank(*byte) => None,
        _ => Some(rest),
    }
}

/// The byte that `\` and `escaped` stand for between double quotes.
fn unescape(escaped: u8) -> u8 {
    match escaped {
        b'n' => b'\n',
        b'r' => b'\r',
        b't' => b'\t',
        b'b' => 0x08,
        b'a' => 0x07,
        other => other,
    }
}

/// Value of a hexadecimal digit; 0 for any other byte.
fn hex_digit(digit: u8) -> u8 {
    match digit {
        b'0'..=b'9' => digit - b'0',
        b'a'..=b'f' => digit - b'a' + 10,
        b'A'..=b'F' => digit - b'A' + 10,
        _ => 0,
    }
}

/// Appends `word` in double quotes to `out`, escaped so that [`split_words`] reads the same bytes back.
pub fn quote(word: &[u8], out: &mut Vec<u8>) {
    const HEX: &[u8; 16] = b"0123456789abcdef";
    out.push(b'"');
    for &byte in word {
        match byte {
            b'\\' | b'"' => out.extend([b'\\', byte]),
            b'\n' => out.extend(b"\\n"),
            b'\r' => out.extend(b"\\r"),
            b'\t' => out.extend(b"\\t"),
            0x07 => out.extend(b"\\a"),
            0x08 => out.extend(b"\\b"),
            b' '..=b'~' => out.push(byte),
            _ => out.extend([b'\\', b'x', HEX[usize::from(byte >> 4)], HEX[usize::from(byte & 15)]]),
        }
    }
    out.push(b'"');
}

/// Strips the blanks that Redis strips from both ends of a line.
pub fn trim_line(line: &[u8]) -> &[u8] {
    let is_edge = |byte: &u8| matches!(byte, b' ' | b'\t' | b'\r' | b'\n');
    let start = line.iter().position(|byte| !is_edge(byte)).unwrap_or(line.len());
    let end = line.iter().rposition(|byte| !is_edge(byte)).map_or(start, |last| last + 1);
    &line[start..end]
}
