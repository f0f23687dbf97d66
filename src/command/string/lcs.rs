//! LCS: the longest common subsequence of two values, its length, or where its parts lie.
//!
//! ```text
//!  table[i][j] = length of the LCS of a[..i] and b[..j]
//!              = table[i-1][j-1] + 1                        if a[i-1] == b[j-1]
//!              = max(table[i-1][j], table[i][j-1])          otherwise
//! ```
//!
//! The way back from the last cell gives the matches; where both neighbours are equal it goes towards smaller j, so
//! that ranges come out as Redis lists them (t_string.c `lcsCommand`).

use super::value;
use crate::command::args::{int, is, word};
use crate::command::{Args, Ctx, Failure, Outcome};
use crate::data::{HKey, Kind};

/// Options of one call.
#[derive(Default)]
struct Options {
    len: bool,
    idx: bool,
    with_match_len: bool,
    /// Shortest match to list.
    min_match_len: i64,
}

/// A run of equal bytes: `len` bytes from `a` in the first string and from `b` in the second.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
struct Match {
    a: usize,
    b: usize,
    len: usize,
}

/// LCS key1 key2 [LEN] [IDX] [MINMATCHLEN n] [WITHMATCHLEN].
pub fn lcs(ctx: &mut Ctx<'_>, args: Args<'_>) -> Outcome {
    let (first, second) = (HKey::new(word(args, 1)), HKey::new(word(args, 2)));
    let (a_len, b_len) = (string_len(ctx, &first), string_len(ctx, &second));
    let (Some(a_len), Some(b_len)) = (a_len, b_len) else {
        return Err(Failure::text("ERR The specified keys must contain string values"));
    };
    let options = parse(args)?;
    check_size(ctx, a_len, b_len)?;
    // The size is checked, so the copies are small. They let the values of two shards be read together.
    let (a, b) = (copy(ctx, &first), copy(ctx, &second));
    if options.len {
        ctx.out.count(length(&a, &b));
        return Ok(());
    }
    let Some(table) = Table::build(&a, &b) else {
        return Err(Failure::text("ERR Insufficient memory, failed allocating transient memory for LCS"));
    };
    let matches = table.matches(&a, &b);
    if options.idx {
        reply_ranges(ctx, &options, &matches);
    } else {
        let parts = matches.iter().rev().filter_map(|m| a.get(m.a..m.a + m.len));
        ctx.out.bulk(&parts.collect::<Vec<_>>().concat());
    }
    Ok(())
}

/// Length of the string under `key`, 0 if there is none; `None` for another type.
fn string_len(ctx: &mut Ctx<'_>, key: &HKey<'_>) -> Option<usize> {
    match ctx.keys.read(key) {
        Some(entry) if entry.kind() != Kind::String => None,
        entry => Some(entry.map_or(0, |entry| entry.string_len())),
    }
}

fn copy(ctx: &mut Ctx<'_>, key: &HKey<'_>) -> Vec<u8> {
    let mut digits = itoa::Buffer::new();
    let bytes = ctx.keys.peek(key).and_then(|entry| entry.string_bytes(&mut digits));
    bytes.unwrap_or_default().to_vec()
}

fn parse(args: Args<'_>) -> Result<Options, Failure> {
    let mut options = Options::default();
    let mut words = args.iter().skip(3);
    while let Some(word) = words.next() {
        if is(word, "IDX") {
            options.idx = true;
        } else if is(word, "LEN") {
            options.len = true;
        } else if is(word, "WITHMATCHLEN") {
            options.with_match_len = true;
        } else if is(word, "MINMATCHLEN") {
            options.min_match_len = int(words.next().ok_or(Failure::Syntax)?)?;
        } else {
            return Err(Failure::Syntax);
        }
    }
    if options.idx && options.len {
        return Err(Failure::text("ERR If you want both the length and indexes, please just use IDX."));
    }
    Ok(options)
}

/// The limits of `lcsCommand`: cells are counted by 32 bits, the table must not exceed `proto-max-bulk-len`.
fn check_size(ctx: &Ctx<'_>, a_len: usize, b_len: usize) -> Outcome {
    let limit = u32::MAX as usize - 1;
    if a_len >= limit || b_len >= limit {
        return Err(Failure::text("ERR String too long for LCS"));
    }
    let cells = (a_len as u128 + 1) * (b_len as u128 + 1);
    if cells * size_of::<u32>() as u128 > u128::from(value::max_len(ctx.server)) {
        return Err(Failure::text(
            "ERR Insufficient memory, transient memory for LCS exceeds proto-max-bulk-len",
        ));
    }
    Ok(())
}

/// Fills the row of `byte` from the row above it.
fn fill_row(byte: u8, b: &[u8], above: &[u32], row: &mut [u32]) {
    let mut left = 0;
    let pairs = above.windows(2).zip(b);
    for ((above, &other), cell) in pairs.zip(row.iter_mut().skip(1)) {
        let [diagonal, up] = *above else { continue };
        left = if byte == other { diagonal.saturating_add(1) } else { up.max(left) };
        *cell = left;
    }
}

/// Only the length: two rows of the table do.
fn length(a: &[u8], b: &[u8]) -> usize {
    let mut above = vec![0_u32; b.len() + 1];
    let mut row = above.clone();
    for &byte in a {
        fill_row(byte, b, &above, &mut row);
        std::mem::swap(&mut above, &mut row);
    }
    above.last().map_or(0, |&len| len as usize)
}

/// The lengths of all prefixes' subsequences, row by row.
struct Table {
    cells: Vec<u32>,
    width: usize,
}

impl Table {
    /// `None` if there is no memory for it.
    fn build(a: &[u8], b: &[u8]) -> Option<Table> {
        let width = b.len().checked_add(1)?;
        let size = width.checked_mul(a.len().checked_add(1)?)?;
        let mut cells = Vec::new();
        cells.try_reserve_exact(size).ok()?;
        cells.resize(size, 0);
        let mut rest = cells.as_mut_slice();
        for &byte in a {
            let (above, below) = rest.split_at_mut(width);
            fill_row(byte, b, above, below.get_mut(..width)?);
            rest = below;
        }
        Some(Table { cells, width })
    }

    fn cell(&self, i: usize, j: usize) -> u32 {
        self.cells.get(i * self.width + j).copied().unwrap_or(0)
    }

    /// The runs of the subsequence, the last one first.
    fn matches(&self, a: &[u8], b: &[u8]) -> Vec<Match> {
        let mut found: Vec<Match> = Vec::new();
        let (mut i, mut j) = (a.len(), b.len());
        let mut extends = false;
        while i > 0 && j > 0 {
            if a.get(i - 1) == b.get(j - 1) {
                (i, j) = (i - 1, j - 1);
                match found.last_mut().filter(|_| extends) {
                    Some(run) => *run = Match { a: i, b: j, len: run.len + 1 },
                    None => found.push(Match { a: i, b: j, len: 1 }),
                }
                extends = true;
            } else {
                if self.cell(i - 1, j) > self.cell(i, j - 1) {
                    i -= 1;
                } else {
                    j -= 1;
                }
                extends = false;
            }
        }
        found
    }
}

fn reply_ranges(ctx: &mut Ctx<'_>, options: &Options, matches: &[Match]) {
    let listed = |m: &&Match| i64::try_from(m.len).is_ok_and(|len| len >= options.min_match_len);
    ctx.out.map(2);
    ctx.out.bulk(b"matches");
    ctx.out.array(matches.iter().filter(listed).count());
    for m in matches.iter().filter(listed) {
        ctx.out.array(2 + usize::from(options.with_match_len));
        for start in [m.a, m.b] {
            ctx.out.array(2);
            ctx.out.count(start);
            ctx.out.count(start + m.len - 1);
        }
        if options.with_match_len {
            ctx.out.count(m.len);
        }
    }
    ctx.out.bulk(b"len");
    ctx.out.count(matches.iter().map(|m| m.len).sum());
}
