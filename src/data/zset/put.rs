//! What adding an element comes to (t_zset.c `zsetAdd`), whatever the encoding.

/// The options of ZADD that decide what happens to a member.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq)]
#[allow(clippy::struct_excessive_bools, reason = "they are Redis's flags, and combine")]
pub struct Rule {
    /// NX: only members that are not there.
    pub nx: bool,
    /// XX: only members that are there.
    pub xx: bool,
    /// GT: only if the score grows; members that are not there are added.
    pub gt: bool,
    /// LT: only if the score falls; members that are not there are added.
    pub lt: bool,
    /// INCR: the score is added to the present one.
    pub incr: bool,
}

/// What became of a member, and the score that it has now.
#[derive(Clone, Copy, Debug, PartialEq)]
pub enum Put {
    /// The rule forbade it.
    Refused,
    /// It is new.
    Added(f64),
    /// Its score changed.
    Updated(f64),
    /// It had that score already.
    Same(f64),
}

/// Adding up infinities of both signs gives no score.
#[derive(Clone, Copy, Debug, PartialEq, Eq, thiserror::Error)]
#[error("resulting score is not a number (NaN)")]
pub struct NotANumber;

impl Rule {
    /// What `score` does to a member that has the score `current`, or is not there.
    #[inline]
    pub(super) fn decide(self, current: Option<f64>, score: f64) -> Result<Put, NotANumber> {
        let Some(current) = current else {
            return Ok(if self.xx { Put::Refused } else { Put::Added(score) });
        };
        if self.nx {
            return Ok(Put::Refused);
        }
        let score = if self.incr { current + score } else { score };
        if score.is_nan() {
            return Err(NotANumber);
        }
        if (self.lt && score >= current) || (self.gt && score <= current) {
            return Ok(Put::Refused);
        }
        Ok(if score == current { Put::Same(score) } else { Put::Updated(score) })
    }
}
