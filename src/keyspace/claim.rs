//! Who answers a blocked client: one word that those who may do so agree on.
//!
//! A client that waits for keys of several shards can be served by any of them, while its home shard may end its wait
//! (time is up, the connection is gone, CLIENT UNBLOCK). Exactly one of them must answer.
//!
//! ```text
//!              take ─────────────► busy ── served ──► done
//!   waiting ◄── put_back ──────────┘ │                  ▲
//!      │                             └─ put_back, when ─┤
//!      └───────────── end ──────────────── ended ───────┘
//! ```
//!
//! | transition | who | when |
//! |---|---|---|
//! | waiting → busy | a shard that owns a key of the client | the key got something; it runs the client's command |
//! | busy → done | the one that made it busy | the command had a result, which is on its way to the home shard |
//! | busy → waiting | the same | there was nothing (any more) for the client |
//! | busy → done | the same | there was nothing, and the wait was ended meanwhile: the home shard is told |
//! | waiting → done | the home shard, or who runs CLIENT UNBLOCK | the wait ends without a result |
//!
//! While it is busy two kinds of things are noted in the word, so that neither gets lost: that the wait shall end
//! (the first reason counts), and that another shard also had something for the client (`missed`).

#[cfg(all(test, feature = "model"))]
use shuttle::sync::atomic::{AtomicU8, Ordering};
#[cfg(not(all(test, feature = "model")))]
use std::sync::atomic::{AtomicU8, Ordering};

const WAITING: u8 = 0;
const BUSY: u8 = 1;
const DONE: u8 = 2;
const PHASE: u8 = 0b11;
const MISSED: u8 = 1 << 2;
const REASON_SHIFT: u8 = 4;

/// Why a wait ends without a result.
#[derive(Clone, Copy, PartialEq, Eq, Debug)]
#[repr(u8)]
pub enum Reason {
    /// Its time is up, or CLIENT UNBLOCK TIMEOUT.
    Timeout = 1,
    /// CLIENT UNBLOCK ERROR.
    Error = 2,
    /// The connection has ended: there is nobody to answer.
    Gone = 3,
    /// The instance changed in a way that makes waiting pointless (it became a replica).
    Forced = 4,
}

/// What [`Claim::take`] came to.
#[derive(Clone, Copy, PartialEq, Eq, Debug)]
pub enum Take {
    /// The caller runs the client's command now and says `served` or `put_back`.
    Mine,
    /// Somebody else does. If that comes to nothing the caller's shard is told to look again.
    Busy,
    /// The client has its answer: its registration is a leftover.
    Done,
}

/// What [`Claim::put_back`] came to.
#[derive(Clone, Copy, PartialEq, Eq, Debug)]
pub enum Back {
    /// The client waits on.
    Waits,
    /// The client waits on; another shard had something for it meanwhile and must look again.
    Missed,
    /// Its wait was ended meanwhile.
    Ended(Reason),
}

/// What [`Claim::end`] came to.
#[derive(Clone, Copy, PartialEq, Eq, Debug)]
pub enum End {
    /// The wait is over: the caller answers, or has the home shard answer.
    Won,
    /// The client's command is being run: either its result comes, or the word that there was none and that the wait
    /// ends for the first reason that was given; `true` if that is the caller's.
    Noted(bool),
    /// It was over before.
    Over,
}

/// See the head of the file.
#[derive(Debug, Default)]
pub struct Claim(AtomicU8);

fn reason(word: u8) -> Option<Reason> {
    [Reason::Timeout, Reason::Error, Reason::Gone, Reason::Forced]
        .into_iter()
        .find(|r| *r as u8 == word >> REASON_SHIFT)
}

impl Claim {
    /// A client that begins to wait.
    pub fn new() -> Claim {
        Claim(AtomicU8::new(WAITING))
    }

    /// Applies `step` until nothing came between; its `None` leaves the word as it is. Returns what `step` saw last.
    fn update(&self, step: impl Fn(u8) -> Option<u8>) -> u8 {
        let mut word = self.0.load(Ordering::Acquire);
        while let Some(next) = step(word) {
            match self.0.compare_exchange(word, next, Ordering::AcqRel, Ordering::Acquire) {
                Ok(_) => break,
                Err(now) => word = now,
            }
        }
        word
    }

    /// Claims the client for running its command.
    pub fn take(&self) -> Take {
        let before = self.update(|word| match word & PHASE {
            WAITING => Some(BUSY),
            BUSY => Some(word | MISSED),
            _ => None,
        });
        match before & PHASE {
            WAITING => Take::Mine,
            BUSY => Take::Busy,
            _ => Take::Done,
        }
    }

    /// The command that the caller ran after [`Take::Mine`] had a result.
    pub fn served(&self) {
        self.update(|word| Some(word & !PHASE | DONE));
    }

    /// The command that the caller ran after [`Take::Mine`] had none.
    pub fn put_back(&self) -> Back {
        let before = self.update(|word| match reason(word) {
            Some(_) => Some(word & !PHASE | DONE),
            None => Some(WAITING),
        });
        match reason(before) {
            Some(reason) => Back::Ended(reason),
            None if before & MISSED != 0 => Back::Missed,
            None => Back::Waits,
        }
    }

    /// Ends the wait without a result.
    pub fn end(&self, why: Reason) -> End {
        let noted = (why as u8) << REASON_SHIFT;
        let before = self.update(|word| match word & PHASE {
            WAITING => Some(noted | DONE),
            BUSY if reason(word).is_none() => Some(word | noted),
            _ => None,
        });
        match before & PHASE {
            WAITING => End::Won,
            BUSY => End::Noted(reason(before).is_none()),
            _ => End::Over,
        }
    }

    /// Why the wait ended, or is to end.
    pub fn reason(&self) -> Option<Reason> {
        reason(self.0.load(Ordering::Acquire))
    }

    /// Whether the client has its answer, or it is on its way.
    pub fn is_done(&self) -> bool {
        self.0.load(Ordering::Acquire) & PHASE == DONE
    }
}

#[cfg(test)]
mod tests;
