//! For tests: what a journal holds, effect by effect.

use super::{Joint, Journal};
use crate::resp::{Limits, Parsed, Parser};

/// Where one effect lies in the bytes, and what it belongs to.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct Run {
    /// Database index.
    pub db: usize,
    /// First byte in [`Taken::bytes`].
    pub start: usize,
    /// Length in bytes.
    pub len: usize,
    /// Number of its unit, counted from the first that was taken.
    pub unit: usize,
}

/// Effects taken out of a journal, oldest first.
#[derive(Default, Debug)]
pub struct Taken {
    /// The commands as RESP arrays of bulk strings, back to back.
    pub bytes: Vec<u8>,
    /// One run per effect.
    pub runs: Vec<Run>,
}

/// The lengths of the commands that stand back to back in `bytes`.
pub fn lengths(bytes: &[u8]) -> Vec<usize> {
    let limits = Limits { bulk_max: i64::MAX, authenticated: true };
    let (mut at, mut lengths) = (0, Vec::new());
    while let Some(rest) = bytes.get(at..).filter(|rest| !rest.is_empty()) {
        let Ok(Parsed::Request(_, used)) = Parser::new().parse(rest, &limits) else {
            panic!("effects are whole commands: {}", String::from_utf8_lossy(rest));
        };
        lengths.push(used);
        at += used;
    }
    lengths
}

impl Journal {
    /// Takes everything that was stated and not published; a unit under way ends.
    pub fn take(&mut self) -> Taken {
        self.end_unit();
        let (bytes, pieces) = (std::mem::take(&mut self.bytes), std::mem::take(&mut self.pieces));
        let on = self.is_on();
        self.switch(false);
        self.switch(on);
        let mut lengths = lengths(&bytes).into_iter();
        let (mut runs, mut start, mut unit) = (Vec::new(), 0, 0);
        for piece in pieces {
            for effect in lengths.by_ref().take(piece.effects) {
                runs.push(Run { db: piece.db, start, len: effect, unit });
                start += effect;
                unit += usize::from(piece.joint == Joint::Singles);
            }
            unit += usize::from(piece.joint == Joint::End);
        }
        Taken { bytes, runs }
    }
}
