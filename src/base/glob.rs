//! Glob patterns as KEYS, SCAN, PSUBSCRIBE, CONFIG GET and ACL rules use them. Pure functions.
//!
//! `*` any bytes, `?` one byte, `[abc]`, `[a-c]`, `[^a]` one byte of a class, `\x` the byte x itself.
//!
//! Every element but `*` takes exactly one byte. So the earliest place at which the elements between two stars fit is
//! as good as any later one, and a mismatch only ever has to go back to the last star:
//!
//! ```text
//! text and pattern advance together
//! at `*`         remember (pattern behind it, text here)
//! at a mismatch  go back to what was remembered, one byte of text further; without a star: no match
//! ```
//!
//! No recursion, and at most (pattern length × text length) steps, where Redis before 7.0.9 was exponential
//! (CVE-2022-36021) and before 7.2.6 overflowed the stack (CVE-2024-31228). From 7.2.6 on Redis calls a pattern of more
//! than 1000 stars unmatched; here it is matched.

/// Whether all of `text` matches `pattern`; `nocase` folds ASCII letters.
///
/// Redis: util.c stringmatchlen, odd corners included: an empty text matches only an empty pattern (not even `*`), a
/// class that is not closed ends with the pattern, an escaped byte in a class and bytes compare without folding there,
/// and ranges compare bytes as signed characters.
pub fn matches(pattern: &[u8], text: &[u8], nocase: bool) -> bool {
    if text.is_empty() {
        return pattern.is_empty();
    }
    let (mut p, mut t) = (0, 0);
    let mut last_star: Option<(usize, usize)> = None;
    while let Some(&byte) = text.get(t) {
        let step = match pattern.get(p) {
            Some(b'*') => {
                while pattern.get(p) == Some(&b'*') {
                    p += 1;
                }
                if p == pattern.len() {
                    return true;
                }
                last_star = Some((p, t));
                continue;
            }
            Some(_) => match_one(pattern, p, byte, nocase),
            None => None,
        };
        match (step, &mut last_star) {
            (Some(next), _) => (p, t) = (next, t + 1),
            (None, Some((behind_star, from))) => {
                *from += 1;
                (p, t) = (*behind_star, *from);
            }
            (None, None) => return false,
        }
    }
    pattern[p.min(pattern.len())..].iter().all(|&b| b == b'*')
}

/// Matches `byte` against the element at `p`, which is not a star; returns the place behind the element.
#[inline]
fn match_one(pattern: &[u8], p: usize, byte: u8, nocase: bool) -> Option<usize> {
    match (pattern[p], pattern.get(p + 1)) {
        (b'?', _) => Some(p + 1),
        (b'[', _) => {
            let (found, next) = match_class(pattern, p + 1, byte, nocase);
            found.then_some(next)
        }
        (b'\\', Some(&escaped)) => same(escaped, byte, nocase).then_some(p + 2),
        (literal, _) => same(literal, byte, nocase).then_some(p + 1),
    }
}

#[inline]
fn same(a: u8, b: u8, nocase: bool) -> bool {
    a == b || (nocase && a.eq_ignore_ascii_case(&b))
}

/// Matches `byte` against the class whose inside starts at `p`; returns the place behind the class.
fn match_class(pattern: &[u8], mut p: usize, byte: u8, nocase: bool) -> (bool, usize) {
    let negated = pattern.get(p) == Some(&b'^');
    p += usize::from(negated);
    let mut found = false;
    loop {
        match &pattern[p.min(pattern.len())..] {
            [] => break,
            [b'\\', escaped, ..] => {
                found |= *escaped == byte;
                p += 2;
            }
            [b']', ..] => {
                p += 1;
                break;
            }
            [first, b'-', last, ..] => {
                found |= in_range(*first, *last, byte, nocase);
                p += 3;
            }
            [literal, ..] => {
                found |= same(*literal, byte, nocase);
                p += 1;
            }
        }
    }
    (found != negated, p)
}

/// Whether `byte` lies between two bytes given in either order, as signed characters.
fn in_range(first: u8, last: u8, byte: u8, nocase: bool) -> bool {
    let signed = |b: u8| i16::from(b.cast_signed());
    let (low, high) = (signed(first).min(signed(last)), signed(first).max(signed(last)));
    // glibc's tolower in the C locale maps the characters -128..=-2 to 128..=254 and leaves -1, which is EOF. The ends
    // are folded after they were put in order.
    let fold = |c: i16| match c {
        65..=90 => c + 32,
        -128..=-2 => c + 256,
        _ => c,
    };
    if nocase {
        (fold(low)..=fold(high)).contains(&fold(signed(byte)))
    } else {
        (low..=high).contains(&signed(byte))
    }
}

#[cfg(test)]
mod tests;
