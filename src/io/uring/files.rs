//! Files of the ring: one write and one sync in flight per file, done by the kernel's workers; the rest at once with std.
//!
//! Files are open with O_APPEND, so a write that was cut short goes on where it ended, and a file that was truncated is
//! written on from there. Syncs that wait when one begins, and for which all is written, are answered by that one.

use super::{CLOSE, Events, SYNC, Uring, WRITE, tag};
use crate::io::{Event, FileEvent, FileId, Files, Open};
use io_uring::{opcode, squeue, types};
use std::collections::VecDeque;
use std::fs::{File, OpenOptions};
use std::io::{self, Read};
use std::os::fd::{AsRawFd, IntoRawFd, OwnedFd};
use std::os::unix::fs::{FileExt, OpenOptionsExt};
use std::path::Path;

/// A sync that was asked for.
struct Sync {
    /// Number of appends that must be written before.
    after: u64,
    data_only: bool,
    /// An append before it failed; it is answered when its turn comes.
    cancelled: bool,
}

/// An open file.
pub(super) struct FileSlot {
    file: File,
    /// Appends that have not begun.
    queue: VecDeque<Vec<u8>>,
    /// The append in flight, and how much of it is written.
    writing: Option<Vec<u8>>,
    written_bytes: usize,
    /// Appends that are over, whatever came of them.
    appends_over: u64,
    syncs: VecDeque<Sync>,
    /// How many of `syncs` the sync in flight answers; 0: none is in flight.
    syncing: usize,
    closing: bool,
}

impl FileSlot {
    fn new(file: File) -> FileSlot {
        FileSlot {
            file,
            queue: VecDeque::new(),
            writing: None,
            written_bytes: 0,
            appends_over: 0,
            syncs: VecDeque::new(),
            syncing: 0,
            closing: false,
        }
    }

    /// Appends asked for so far.
    fn appends(&self) -> u64 {
        self.appends_over + u64::from(self.writing.is_some()) + self.queue.len() as u64
    }

    /// Whether the kernel works on it.
    pub(super) fn in_flight(&self) -> bool {
        self.writing.is_some() || self.syncing > 0
    }

    fn next_write(&self) -> Option<squeue::Entry> {
        let rest = self.writing.as_ref()?.get(self.written_bytes..).unwrap_or_default();
        let len = u32::try_from(rest.len()).unwrap_or(u32::MAX);
        Some(opcode::Write::new(types::Fd(self.file.as_raw_fd()), rest.as_ptr(), len).build())
    }

    fn next_sync(&self) -> squeue::Entry {
        let data_only = self.syncs.iter().take(self.syncing).all(|s| s.data_only);
        let flags = if data_only { types::FsyncFlags::DATASYNC } else { types::FsyncFlags::empty() };
        opcode::Fsync::new(types::Fd(self.file.as_raw_fd())).flags(flags).build()
    }
}

fn cancelled() -> io::Error {
    io::Error::from_raw_os_error(libc::ECANCELED)
}

fn bad_id() -> io::Error {
    io::Error::from_raw_os_error(libc::EBADF)
}

/// A completion that says: the same once more.
fn is_interruption(result: i32) -> bool {
    result == -libc::EINTR || result == -libc::EAGAIN
}

impl Uring {
    fn slot(&mut self, file: FileId) -> io::Result<&mut FileSlot> {
        self.files.get_mut(file.0 as usize).filter(|s| !s.closing).ok_or_else(bad_id)
    }

    /// Begins what can begin on a file, and ends it if it is closing and nothing is left.
    fn pump(&mut self, index: usize) {
        let Some(slot) = self.files.get_mut(index) else { return };
        if slot.writing.is_none()
            && let Some(buffer) = slot.queue.pop_front()
        {
            slot.written_bytes = 0;
            slot.writing = Some(buffer);
            if let Some(entry) = slot.next_write() {
                self.push(&entry.user_data(tag(WRITE, index)));
            }
        }
        let Some(slot) = self.files.get_mut(index) else { return };
        if slot.syncing == 0 {
            let ready = |s: &&Sync| s.after <= slot.appends_over && !s.cancelled;
            slot.syncing = slot.syncs.iter().take_while(ready).count();
            if slot.syncing > 0 {
                let entry = slot.next_sync();
                self.push(&entry.user_data(tag(SYNC, index)));
            }
        }
        if self.files.get(index).is_some_and(|s| s.closing && !s.in_flight()) {
            self.finished_files.push(index);
        }
    }

    /// Frees the slots of files that are closed and answered; their descriptors are closed by the kernel's workers.
    pub(super) fn free_files(&mut self) {
        for index in std::mem::take(&mut self.finished_files) {
            if let Some(slot) = self.files.try_remove(index) {
                self.close_behind(slot.file.into());
            }
        }
    }

    /// Closes a descriptor in a worker: the last close of a large file without a name frees its blocks.
    fn close_behind(&mut self, fd: OwnedFd) {
        let entry = opcode::Close::new(types::Fd(fd.into_raw_fd())).build();
        self.push(&entry.flags(squeue::Flags::ASYNC).user_data(tag(CLOSE, 0)));
    }

    /// Keeps what a path names open until its name is gone, so that its blocks are freed in a worker.
    fn hold(path: &Path) -> Option<OwnedFd> {
        let how = libc::O_PATH | libc::O_NOFOLLOW;
        OpenOptions::new().read(true).custom_flags(how).open(path).ok().map(OwnedFd::from)
    }

    pub(super) fn written(&mut self, index: usize, result: i32, events: &mut Events) {
        let Some(slot) = self.files.get_mut(index) else { return };
        let Some(len) = slot.writing.as_ref().map(Vec::len) else { return };
        slot.written_bytes += usize::try_from(result).unwrap_or(0);
        let failure = match result {
            _ if slot.written_bytes >= len => None,
            0 => Some(io::ErrorKind::WriteZero.into()),
            n if n > 0 || is_interruption(n) => {
                if let Some(entry) = slot.next_write() {
                    self.push(&entry.user_data(tag(WRITE, index)));
                }
                return;
            }
            n => Some(io::Error::from_raw_os_error(-n)),
        };
        let file = FileId(u32::try_from(index).unwrap_or(u32::MAX));
        let failed = failure.is_some();
        slot.appends_over += 1;
        let (bytes, buffer) = (slot.written_bytes, slot.writing.take().unwrap_or_default());
        let result = failure.map_or(Ok(()), Err);
        events.push(Event::File(FileEvent::Written { file, bytes, buffer, result }));
        if failed {
            Self::cancel_behind(slot, file, events);
        }
        self.pump(index);
    }

    /// Answers what was asked for behind an append that failed.
    fn cancel_behind(slot: &mut FileSlot, file: FileId, events: &mut Events) {
        let failed = slot.appends_over;
        slot.syncs.iter_mut().filter(|s| s.after >= failed).for_each(|s| s.cancelled = true);
        slot.appends_over += slot.queue.len() as u64;
        let appends = slot.queue.drain(..).map(|buffer| {
            Event::File(FileEvent::Written { file, bytes: 0, buffer, result: Err(cancelled()) })
        });
        events.extend(appends);
        if slot.syncing == 0 {
            Self::answer_cancelled(slot, file, events);
        }
    }

    /// Answers the cancelled syncs at the head.
    fn answer_cancelled(slot: &mut FileSlot, file: FileId, events: &mut Events) {
        while slot.syncs.pop_front_if(|s| s.cancelled).is_some() {
            events.push(Event::File(FileEvent::Synced { file, result: Err(cancelled()) }));
        }
    }

    pub(super) fn synced(&mut self, index: usize, result: i32, events: &mut Events) {
        let Some(slot) = self.files.get_mut(index) else { return };
        if is_interruption(result) {
            let entry = slot.next_sync();
            return self.push(&entry.user_data(tag(SYNC, index)));
        }
        let file = FileId(u32::try_from(index).unwrap_or(u32::MAX));
        for _ in 0..std::mem::take(&mut slot.syncing) {
            slot.syncs.pop_front();
            let result = if result < 0 { Err(io::Error::from_raw_os_error(-result)) } else { Ok(()) };
            events.push(Event::File(FileEvent::Synced { file, result }));
        }
        Self::answer_cancelled(slot, file, events);
        self.pump(index);
    }
}

impl Files for Uring {
    fn open_file(&mut self, path: &Path, how: Open) -> io::Result<FileId> {
        let mut options = OpenOptions::new();
        match how {
            Open::Append => options.append(true).create(true),
            // std has no words for emptying what is opened for appending.
            Open::Create => options.append(true).create(true).custom_flags(libc::O_TRUNC),
            Open::Read => options.read(true),
        };
        let file = options.mode(0o644).open(path)?;
        let index = self.files.insert(FileSlot::new(file));
        Ok(FileId(u32::try_from(index).unwrap_or(u32::MAX)))
    }

    fn append(&mut self, file: FileId, buffer: Vec<u8>) {
        let slot = self.slot(file);
        debug_assert!(slot.is_ok(), "the file is open");
        if let Ok(slot) = slot {
            slot.queue.push_back(buffer);
            self.pump(file.0 as usize);
        }
    }

    fn sync(&mut self, file: FileId, data_only: bool) {
        let slot = self.slot(file);
        debug_assert!(slot.is_ok(), "the file is open");
        if let Ok(slot) = slot {
            let after = slot.appends();
            slot.syncs.push_back(Sync { after, data_only, cancelled: false });
            self.pump(file.0 as usize);
        }
    }

    fn close_file(&mut self, file: FileId) {
        if let Ok(slot) = self.slot(file) {
            slot.closing = true;
            self.pump(file.0 as usize);
        }
    }

    fn truncate(&mut self, file: FileId, len_bytes: u64) -> io::Result<()> {
        let slot = self.slot(file)?;
        if slot.writing.is_some() {
            return Err(io::ErrorKind::ResourceBusy.into());
        }
        slot.file.set_len(len_bytes)
    }

    fn read_at(&mut self, file: FileId, offset_bytes: u64, into: &mut [u8]) -> io::Result<usize> {
        self.slot(file)?.file.read_at(into, offset_bytes)
    }

    fn read_file(&mut self, path: &Path, most_bytes: u64) -> io::Result<Vec<u8>> {
        let mut content = Vec::new();
        File::open(path)?.take(most_bytes.saturating_add(1)).read_to_end(&mut content)?;
        if content.len() as u64 > most_bytes {
            return Err(io::ErrorKind::FileTooLarge.into());
        }
        Ok(content)
    }

    fn file_len(&mut self, path: &Path) -> io::Result<u64> {
        Ok(std::fs::metadata(path)?.len())
    }

    fn list_dir(&mut self, dir: &Path) -> io::Result<Vec<String>> {
        let mut names = Vec::new();
        for entry in std::fs::read_dir(dir)? {
            names.extend(entry?.file_name().into_string());
        }
        names.sort_unstable();
        Ok(names)
    }

    fn create_dir(&mut self, dir: &Path) -> io::Result<()> {
        match std::fs::create_dir(dir) {
            Err(error) if error.kind() == io::ErrorKind::AlreadyExists && dir.is_dir() => Ok(()),
            outcome => outcome,
        }
    }

    fn rename(&mut self, from: &Path, to: &Path) -> io::Result<()> {
        let replaced = Self::hold(to);
        let outcome = std::fs::rename(from, to);
        replaced.into_iter().for_each(|fd| self.close_behind(fd));
        outcome
    }

    fn remove(&mut self, path: &Path) -> io::Result<()> {
        let removed = Self::hold(path);
        let outcome = std::fs::remove_file(path);
        removed.into_iter().for_each(|fd| self.close_behind(fd));
        outcome
    }

    fn sync_dir(&mut self, dir: &Path) -> io::Result<()> {
        File::open(dir)?.sync_all()
    }
}
