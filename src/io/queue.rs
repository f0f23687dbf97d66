//! What was asked of one file and not answered yet: the order that both drivers keep (see `io::files` for its rules).
//!
//! ```text
//!   appends:  over │ in flight │ waiting …          at most one in flight
//!   syncs:         in flight … │ waiting …          those that wait when one begins, and may, are answered by that one
//! ```
//!
//! It decides and holds the buffers; the driver writes and syncs. A buffer stays where it is in memory until its write is
//! over.

use super::{FileEvent, FileId};
use std::collections::VecDeque;
use std::io;

/// A sync that was asked for.
struct Sync {
    /// Number of appends that must be over before.
    after: u64,
    data_only: bool,
    /// An append before it failed; it is answered when its turn comes.
    cancelled: bool,
}

/// Appends and syncs of one file.
pub struct FileQueue {
    file: FileId,
    waiting: VecDeque<Vec<u8>>,
    writing: Option<Vec<u8>>,
    /// Bytes of the append in flight that are written.
    written_bytes: usize,
    /// Appends that are over, whatever came of them.
    appends_over: u64,
    syncs: VecDeque<Sync>,
    /// How many of `syncs` the sync in flight answers; 0: none is in flight.
    syncing: usize,
    closing: bool,
}

fn cancelled() -> io::Error {
    io::Error::from_raw_os_error(libc::ECANCELED)
}

/// A result that says: the same once more.
fn is_interruption(error: i32) -> bool {
    error == libc::EINTR || error == libc::EAGAIN
}

impl FileQueue {
    /// Nothing asked for yet of `file`.
    pub fn new(file: FileId) -> FileQueue {
        FileQueue {
            file,
            waiting: VecDeque::new(),
            writing: None,
            written_bytes: 0,
            appends_over: 0,
            syncs: VecDeque::new(),
            syncing: 0,
            closing: false,
        }
    }

    /// An append is asked for.
    pub fn append(&mut self, buffer: Vec<u8>) {
        self.waiting.push_back(buffer);
    }

    /// A sync of all appends so far is asked for.
    pub fn sync(&mut self, data_only: bool) {
        let after = self.appends_over + u64::from(self.writing.is_some()) + self.waiting.len() as u64;
        self.syncs.push_back(Sync { after, data_only, cancelled: false });
    }

    /// Nothing more will be asked for.
    pub fn close(&mut self) {
        self.closing = true;
    }

    /// Whether [`FileQueue::close`] was called.
    pub fn is_closing(&self) -> bool {
        self.closing
    }

    /// Whether an append is in flight; if not, none waits, once the driver has begun what it may.
    pub fn is_writing(&self) -> bool {
        self.writing.is_some()
    }

    /// Whether the driver works on the file.
    pub fn in_flight(&self) -> bool {
        self.writing.is_some() || self.syncing > 0
    }

    /// Begins the next append if none is in flight; gives the bytes to write.
    pub fn begin_write(&mut self) -> Option<&[u8]> {
        if self.writing.is_some() {
            return None;
        }
        self.written_bytes = 0;
        self.writing = Some(self.waiting.pop_front()?);
        Some(self.rest())
    }

    /// What is still to be written of the append in flight.
    pub fn rest(&self) -> &[u8] {
        self.writing.as_deref().and_then(|b| b.get(self.written_bytes..)).unwrap_or_default()
    }

    /// Begins a sync if none is in flight and one may; [`FileQueue::sync_is_data_only`] tells of which kind.
    pub fn begin_sync(&mut self) -> bool {
        if self.syncing > 0 {
            return false;
        }
        let may = |s: &&Sync| s.after <= self.appends_over && !s.cancelled;
        self.syncing = self.syncs.iter().take_while(may).count();
        self.syncing > 0
    }

    /// Whether all that the sync in flight answers asked for data only.
    pub fn sync_is_data_only(&self) -> bool {
        self.syncs.iter().take(self.syncing).all(|s| s.data_only)
    }

    /// The write in flight ended: with so many bytes, or an error's number. True if the rest is to be written now.
    #[must_use]
    pub fn wrote(&mut self, result: Result<usize, i32>, tell: &mut impl FnMut(FileEvent)) -> bool {
        let Some(len) = self.writing.as_ref().map(Vec::len) else { return false };
        self.written_bytes = self.written_bytes.saturating_add(*result.as_ref().unwrap_or(&0)).min(len);
        let outcome = match result {
            Ok(_) if self.written_bytes == len => Ok(()),
            Ok(0) => Err(io::ErrorKind::WriteZero.into()),
            Ok(_) => return true,
            Err(error) if is_interruption(error) => return true,
            Err(error) => Err(io::Error::from_raw_os_error(error)),
        };
        self.appends_over += 1;
        let (failed, buffer) = (outcome.is_err(), self.writing.take().unwrap_or_default());
        tell(FileEvent::Written { file: self.file, bytes: self.written_bytes, buffer, result: outcome });
        if failed {
            self.cancel_behind(tell);
        }
        false
    }

    /// Answers what was asked for behind an append that failed.
    fn cancel_behind(&mut self, tell: &mut impl FnMut(FileEvent)) {
        let failed = self.appends_over;
        self.syncs.iter_mut().filter(|s| s.after >= failed).for_each(|s| s.cancelled = true);
        self.appends_over += self.waiting.len() as u64;
        for buffer in self.waiting.drain(..) {
            tell(FileEvent::Written { file: self.file, bytes: 0, buffer, result: Err(cancelled()) });
        }
        if self.syncing == 0 {
            self.answer_cancelled(tell);
        }
    }

    fn answer_cancelled(&mut self, tell: &mut impl FnMut(FileEvent)) {
        while self.syncs.pop_front_if(|s| s.cancelled).is_some() {
            tell(FileEvent::Synced { file: self.file, result: Err(cancelled()) });
        }
    }

    /// The sync in flight ended, well or with an error's number. True if it is to be done again.
    #[must_use]
    pub fn synced(&mut self, result: Result<(), i32>, tell: &mut impl FnMut(FileEvent)) -> bool {
        if result.is_err_and(is_interruption) {
            return true;
        }
        for _ in self.syncs.drain(..self.syncing.min(self.syncs.len())) {
            let result = result.map_err(io::Error::from_raw_os_error);
            tell(FileEvent::Synced { file: self.file, result });
        }
        self.syncing = 0;
        self.answer_cancelled(tell);
        false
    }
}
