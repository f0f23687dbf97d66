//! What SCAN, SSCAN, HSCAN and ZSCAN share: options, the walk over a table, the head of the reply.
//!
//! Redis: db.c `scanGenericCommand`. A collection that is no table is reported as a whole, with cursor 0.

use super::args::{int, is};
use super::{Args, Failure};
use crate::base::glob;
use crate::resp::Out;

/// Elements asked for without COUNT.
const DEFAULT_COUNT: i64 = 10;

/// Which elements are reported, and how many a call aims at.
pub struct Options<'a> {
    /// COUNT.
    pub count: usize,
    /// MATCH; `None` if everything does.
    pub pattern: Option<&'a [u8]>,
    /// TYPE.
    pub kind: Option<&'a [u8]>,
}

impl<'a> Options<'a> {
    /// Reads the words behind the cursor; `with_kind`: TYPE is an option too.
    ///
    /// # Errors
    /// `Syntax`, or `NotInteger` for COUNT.
    pub fn parse(words: Args<'a>, with_kind: bool) -> Result<Options<'a>, Failure> {
        let (mut count, mut pattern, mut kind) = (DEFAULT_COUNT, None, None);
        for pair in words.chunks(2) {
            let &[option, value] = pair else { return Err(Failure::Syntax) };
            if is(option, "COUNT") {
                count = int(value)?;
                if count < 1 {
                    return Err(Failure::Syntax);
                }
            } else if is(option, "MATCH") {
                pattern = Some(value).filter(|&p| p != b"*");
            } else if with_kind && is(option, "TYPE") {
                kind = Some(value);
            } else {
                return Err(Failure::Syntax);
            }
        }
        Ok(Options { count: usize::try_from(count).unwrap_or(usize::MAX), pattern, kind })
    }

    /// Whether an element of this name is reported.
    pub fn admits(&self, name: &[u8]) -> bool {
        self.pattern.is_none_or(|pattern| glob::matches(pattern, name, false))
    }
}

/// Walks a table from cursor `from`: calls `step` with a cursor and the number of elements seen, which it adds to, until
/// `count` were seen, ten times `count` steps were made, or the end is reached. Returns the next cursor.
pub fn walk(from: u64, count: usize, mut step: impl FnMut(u64, &mut usize) -> u64) -> u64 {
    let (mut cursor, mut seen) = (from, 0);
    for _ in 0..=count.saturating_mul(10) {
        cursor = step(cursor, &mut seen);
        if cursor == 0 || seen >= count {
            break;
        }
    }
    cursor
}

/// Starts the reply: the next cursor, and an array of `n` words to follow.
pub fn head(out: &mut Out<'_>, next: u64, n: usize) {
    out.array(2);
    out.bulk(itoa::Buffer::new().format(next).as_bytes());
    out.array(n);
}
