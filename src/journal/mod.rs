//! L2: what writing commands did, as deterministic commands.
//!
//! Every writing handler states its effect: the commands that, run in this order on an equal dataset, give the same
//! dataset whenever and wherever they run (absolute expiry times, results instead of arithmetic on floats, expiry and
//! eviction as deletions). The append-only file, replicas and slot migration will read these entries; until one of them
//! needs the journal it is off and stating an effect costs one branch.
//!
//! One journal per shard, owned by the shard's store and touched only by the thread that holds the store.

use bytes::Bytes;

/// The effects of one shard since they were last taken.
#[derive(Default)]
pub struct Journal {
    on: bool,
    bytes: Vec<u8>,
    runs: Vec<Run>,
    /// Of the running transaction; 0: none.
    group: u64,
}

/// Where one effect lies in the bytes, and the database it applies to.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct Run {
    /// Database index.
    pub db: usize,
    /// First byte in [`Taken::bytes`].
    pub start: usize,
    /// Length in bytes.
    pub len: usize,
    /// Runs of one group, in all journals, come from one script or EXEC and are applied together; 0: alone.
    pub group: u64,
}

/// Effects taken out of a journal, oldest first.
#[derive(Default, Debug)]
pub struct Taken {
    /// The commands as RESP arrays of bulk strings, back to back; shared by everyone who reads them.
    pub bytes: Bytes,
    /// One run per effect.
    pub runs: Vec<Run>,
}

impl Journal {
    /// Whether anybody needs the effects.
    #[inline]
    pub fn is_on(&self) -> bool {
        self.on
    }

    /// Starts or stops recording; stopping drops what was not taken.
    pub fn switch(&mut self, on: bool) {
        self.on = on;
        if !on {
            *self = Journal::default();
        }
    }

    /// Appends one effect on database `db`: a whole command, `argv[0]` its name.
    #[inline]
    pub fn effect(&mut self, db: usize, argv: &[&[u8]]) {
        if self.on {
            self.append(db, argv);
        }
    }

    #[cold]
    fn append(&mut self, db: usize, argv: &[&[u8]]) {
        let start = self.bytes.len();
        crate::resp::Out::new(&mut self.bytes, crate::resp::Proto::V2).bulks(argv);
        self.runs.push(Run { db, start, len: self.bytes.len() - start, group: self.group });
    }

    /// Whether a transaction is running.
    pub fn is_grouped(&self) -> bool {
        self.group != 0
    }

    /// What is stated from here on belongs to the transaction `group`, a number of [`fresh_group`].
    pub fn begin(&mut self, group: u64) {
        self.group = group;
    }

    /// The transaction ends.
    pub fn end(&mut self) {
        self.group = 0;
    }

    /// Takes everything recorded so far.
    pub fn take(&mut self) -> Taken {
        Taken { bytes: std::mem::take(&mut self.bytes).into(), runs: std::mem::take(&mut self.runs) }
    }
}

/// A number for a transaction's runs, never given twice.
pub fn fresh_group() -> u64 {
    use std::sync::atomic::{AtomicU64, Ordering};
    static NEXT: AtomicU64 = AtomicU64::new(1);
    NEXT.fetch_add(1, Ordering::Relaxed)
}
