//! Ranges of scores and of members, as the commands state them (server.h `zrangespec`, `zlexrangespec`).

/// An end of a range of scores.
#[derive(Clone, Copy, Debug, PartialEq)]
pub struct ScoreBound {
    /// The score at the end.
    pub score: f64,
    /// Whether it is left out.
    pub exclusive: bool,
}

/// Scores from `min` to `max`.
#[derive(Clone, Copy, Debug, PartialEq)]
pub struct ScoreRange {
    /// The lower end.
    pub min: ScoreBound,
    /// The upper end.
    pub max: ScoreBound,
}

impl ScoreRange {
    /// Whether a score is below the range (t_zset.c `zslValueGteMin`, turned round).
    #[inline]
    pub(super) fn is_above(&self, score: f64) -> bool {
        if self.min.exclusive { score <= self.min.score } else { score < self.min.score }
    }

    /// Whether a score is below the end of the range or in it (t_zset.c `zslValueLteMax`).
    #[inline]
    pub(super) fn reaches(&self, score: f64) -> bool {
        if self.max.exclusive { score < self.max.score } else { score <= self.max.score }
    }
}

/// An end of a range of members.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum LexBound<'a> {
    /// Below all members.
    Lowest,
    /// Above all members.
    Highest,
    /// This member, included.
    Included(&'a [u8]),
    /// This member, left out.
    Excluded(&'a [u8]),
}

/// Members from `min` to `max`.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct LexRange<'a> {
    /// The lower end.
    pub min: LexBound<'a>,
    /// The upper end.
    pub max: LexBound<'a>,
}

impl LexRange<'_> {
    /// Whether a member is below the range (t_zset.c `zslLexValueGteMin`, turned round).
    #[inline]
    pub(super) fn is_above(&self, name: &[u8]) -> bool {
        match self.min {
            LexBound::Lowest => false,
            LexBound::Highest => true,
            LexBound::Included(min) => name < min,
            LexBound::Excluded(min) => name <= min,
        }
    }

    /// Whether a member is below the end of the range or in it (t_zset.c `zslLexValueLteMax`).
    #[inline]
    pub(super) fn reaches(&self, name: &[u8]) -> bool {
        match self.max {
            LexBound::Lowest => false,
            LexBound::Highest => true,
            LexBound::Included(max) => name <= max,
            LexBound::Excluded(max) => name < max,
        }
    }

    /// Whether no member at all can be in it, whatever the order of the set (t_zset.c `zzlIsInLexRange`).
    pub(super) fn is_void(&self) -> bool {
        use LexBound::{Excluded, Highest, Included, Lowest};
        match (self.min, self.max) {
            (Highest, _) | (_, Lowest) => true,
            (Included(min), Included(max)) => min > max,
            (Included(min) | Excluded(min), Included(max) | Excluded(max)) => min >= max,
            (Lowest, _) | (_, Highest) => false,
        }
    }
}
