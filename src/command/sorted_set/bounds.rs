//! How commands state ranges: by rank, by score, by member.

use super::Failure;
use crate::base::numbers::parse_f64_loosely;
use crate::command::args;
use crate::data::ZSet;
use crate::data::zset::{LexBound, LexRange, ScoreBound, ScoreRange};
use std::ops::Range;

/// What a range is a range of.
#[derive(Clone, Copy, PartialEq, Eq, Debug)]
pub enum By {
    /// Ranks.
    Rank,
    /// Scores.
    Score,
    /// Members.
    Lex,
}

/// A range as the command states it.
#[derive(Clone, Copy, Debug)]
pub enum Bounds<'a> {
    /// From the first rank to the second, both included; negative ones count from the end.
    Ranks(i64, i64),
    /// Scores.
    Scores(ScoreRange),
    /// Members.
    Members(LexRange<'a>),
}

impl<'a> Bounds<'a> {
    /// Reads the two words of a range, the lower end first.
    ///
    /// # Errors
    /// Redis's line for a range of that kind.
    pub fn parse(by: By, min: &'a [u8], max: &'a [u8]) -> Result<Bounds<'a>, Failure> {
        Ok(match by {
            By::Rank => Bounds::Ranks(args::int(min)?, args::int(max)?),
            By::Score => Bounds::Scores(scores(min, max)?),
            By::Lex => Bounds::Members(members(min, max)?),
        })
    }

    /// The ranks of the set that are in the range, lowest score first. With `reverse` ranks are stated from the other end.
    pub fn ranks(&self, zset: &ZSet, reverse: bool) -> Range<usize> {
        match self {
            Bounds::Ranks(start, end) => {
                let ranks = ranks(*start, *end, zset.len());
                if reverse { zset.len() - ranks.end..zset.len() - ranks.start } else { ranks }
            }
            Bounds::Scores(range) => zset.ranks_by_score(range),
            Bounds::Members(range) => zset.ranks_by_lex(range, reverse),
        }
    }
}

/// Ranks within a set of `len` elements.
fn ranks(start: i64, end: i64, len: usize) -> Range<usize> {
    let len = i64::try_from(len).unwrap_or(i64::MAX);
    let from_front = |index: i64| if index < 0 { len.saturating_add(index) } else { index };
    let (start, end) = (from_front(start).max(0), from_front(end).min(len - 1));
    if start > end {
        return 0..0;
    }
    // Both are below the length, hence in range.
    usize::try_from(start).unwrap_or(0)..usize::try_from(end).map_or(0, |end| end + 1)
}

/// A range of scores (t_zset.c `zslParseRange`).
///
/// # Errors
/// `ERR min or max is not a float`.
pub fn scores(min: &[u8], max: &[u8]) -> Result<ScoreRange, Failure> {
    let bound = |word: &[u8]| -> Result<ScoreBound, Failure> {
        let (exclusive, number) = match word {
            [b'(', number @ ..] => (true, number),
            number => (false, number),
        };
        let score = parse_f64_loosely(number).ok_or(Failure::text("ERR min or max is not a float"))?;
        Ok(ScoreBound { score, exclusive })
    };
    Ok(ScoreRange { min: bound(min)?, max: bound(max)? })
}

/// A range of members (t_zset.c `zslParseLexRange`).
///
/// # Errors
/// `ERR min or max not valid string range item`.
pub fn members<'a>(min: &'a [u8], max: &'a [u8]) -> Result<LexRange<'a>, Failure> {
    let bound = |word: &'a [u8]| match word {
        // The text ends at a zero byte.
        [b'-'] | [b'-', 0, ..] => Ok(LexBound::Lowest),
        [b'+'] | [b'+', 0, ..] => Ok(LexBound::Highest),
        [b'(', member @ ..] => Ok(LexBound::Excluded(member)),
        [b'[', member @ ..] => Ok(LexBound::Included(member)),
        _ => Err(Failure::text("ERR min or max not valid string range item")),
    };
    Ok(LexRange { min: bound(min)?, max: bound(max)? })
}
