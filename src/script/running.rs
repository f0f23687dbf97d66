//! Scripts that run for longer than `busy-reply-threshold`: who they are, and whether somebody wants them ended.
//!
//! | field | who writes | who reads | when |
//! |---|---|---|---|
//! | `busy` | the thread of a slow script | all, before every command | relaxed; a count |
//! | `entries` | it, SCRIPT KILL, FUNCTION KILL | they | under a lock, only while something is slow |
//!
//! A script that is not slow never comes here, so an ordinary run costs nothing.

use std::sync::atomic::{AtomicUsize, Ordering};
use std::sync::{Mutex, MutexGuard, PoisonError};

/// A slow script.
#[derive(Debug, Clone)]
pub struct Slow {
    /// The shard whose thread runs it.
    pub shard: usize,
    /// Whether all shards wait for it, not only that one.
    pub everywhere: bool,
    /// EVAL, as opposed to FCALL.
    pub is_eval: bool,
    /// SHA-1 of the script or name of the function.
    pub name: Vec<u8>,
    /// The command that called it.
    pub words: Vec<Vec<u8>>,
    /// When it began (`clock::ticks`).
    pub started: u64,
    /// It has written: it must not be killed.
    pub wrote: bool,
    /// It is to end.
    pub killed: bool,
}

/// What came of a wish to end a script.
#[derive(Clone, Copy, PartialEq, Eq, Debug)]
pub enum Kill {
    /// It will end.
    Done,
    /// No script is slow.
    NotBusy,
    /// It has written.
    Unkillable,
    /// It is one of the other kind: EVAL is to be ended by SCRIPT KILL.
    IsEval,
    /// It is one of the other kind: a function is to be ended by FUNCTION KILL.
    IsFunction,
}

/// All slow scripts of a server.
#[derive(Default, Debug)]
pub struct Desk {
    busy: AtomicUsize,
    entries: Mutex<Vec<Slow>>,
}

impl Desk {
    fn entries(&self) -> MutexGuard<'_, Vec<Slow>> {
        self.entries.lock().unwrap_or_else(PoisonError::into_inner)
    }

    /// Whether a script is slow: while none is, nothing else here needs to be asked.
    #[inline]
    pub fn is_busy(&self) -> bool {
        self.busy.load(Ordering::Relaxed) > 0
    }

    /// A script turned out to be slow.
    pub fn enter(&self, slow: Slow) {
        self.entries().push(slow);
        self.busy.fetch_add(1, Ordering::Relaxed);
    }

    /// The slow script of `shard` has ended.
    pub fn leave(&self, shard: usize) {
        let mut entries = self.entries();
        let before = entries.len();
        entries.retain(|slow| slow.shard != shard);
        self.busy.fetch_sub(before - entries.len(), Ordering::Relaxed);
    }

    /// The process is about to end: all slow scripts end, whatever they wrote.
    pub fn abort(&self) {
        self.entries().iter_mut().for_each(|slow| slow.killed = true);
    }

    /// Whether the slow script of `shard` is to end.
    pub fn is_killed(&self, shard: usize) -> bool {
        self.entries().iter().any(|slow| slow.shard == shard && slow.killed)
    }

    /// The slow script of `shard` is about to write. `false`: somebody was promised its end.
    pub fn may_write(&self, shard: usize) -> bool {
        match self.entries().iter_mut().find(|slow| slow.shard == shard) {
            Some(slow) => {
                slow.wrote |= !slow.killed;
                !slow.killed
            }
            None => true,
        }
    }

    /// The slow script that keeps `shard` from its work.
    pub fn blocking(&self, shard: usize) -> Option<Slow> {
        self.entries().iter().find(|slow| slow.everywhere || slow.shard == shard).cloned()
    }

    /// The slow script that began first.
    pub fn first(&self) -> Option<Slow> {
        self.entries().iter().min_by_key(|slow| slow.started).cloned()
    }

    /// Ends the slow scripts of one kind, those that have written excepted (script.c `scriptKill`).
    pub fn kill(&self, eval: bool) -> Kill {
        let mut entries = self.entries();
        let mut verdict = Kill::NotBusy;
        for slow in entries.iter_mut() {
            let of_this = match (slow.wrote, slow.is_eval) {
                (true, _) => Kill::Unkillable,
                (false, is_eval) if is_eval == eval => {
                    slow.killed = true;
                    Kill::Done
                }
                (false, true) => Kill::IsEval,
                (false, false) => Kill::IsFunction,
            };
            if verdict != Kill::Done {
                verdict = of_this;
            }
        }
        verdict
    }
}
