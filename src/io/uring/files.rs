//! Files of the ring: one write and one sync in flight per file, done by the kernel's workers; the rest at once with std.
//!
//! Files are open with O_APPEND, so a write that was cut short goes on where it ended, and a file that was truncated is
//! written on from there. `io::queue` keeps the order.

use super::{CLOSE, Events, SYNC, Uring, WRITE, tag};
use crate::io::queue::FileQueue;
use crate::io::{Event, FileId, Files, Open};
use io_uring::{opcode, squeue, types};
use std::fs::{File, OpenOptions};
use std::io::{self, Read};
use std::os::fd::{AsRawFd, IntoRawFd, OwnedFd};
use std::os::unix::fs::{FileExt, OpenOptionsExt};
use std::path::Path;

/// An open file.
pub(super) struct FileSlot {
    file: File,
    queue: FileQueue,
}

impl FileSlot {
    /// Whether the kernel works on it.
    pub(super) fn in_flight(&self) -> bool {
        self.queue.in_flight()
    }

    fn target(&self) -> types::Fd {
        types::Fd(self.file.as_raw_fd())
    }

    fn write_entry(&self) -> squeue::Entry {
        let rest = self.queue.rest();
        let len = u32::try_from(rest.len()).unwrap_or(u32::MAX);
        opcode::Write::new(self.target(), rest.as_ptr(), len).build()
    }

    fn sync_entry(&self) -> squeue::Entry {
        let data_only = self.queue.sync_is_data_only();
        let flags = if data_only { types::FsyncFlags::DATASYNC } else { types::FsyncFlags::empty() };
        opcode::Fsync::new(self.target()).flags(flags).build()
    }
}

/// A completion's result, with the error's number as the system has it.
fn outcome(result: i32) -> Result<usize, i32> {
    usize::try_from(result).map_err(|_| -result)
}

impl Uring {
    fn slot(&mut self, file: FileId) -> io::Result<&mut FileSlot> {
        let slot = self.files.get_mut(file.0 as usize).filter(|s| !s.queue.is_closing());
        slot.ok_or_else(|| io::Error::from_raw_os_error(libc::EBADF))
    }

    /// Begins what can begin on a file, and ends it if it is closing and nothing is left.
    fn pump(&mut self, index: usize) {
        let Some(slot) = self.files.get_mut(index) else { return };
        let write = slot.queue.begin_write().is_some().then(|| slot.write_entry());
        let sync = slot.queue.begin_sync().then(|| slot.sync_entry());
        if slot.queue.is_closing() && !slot.queue.in_flight() {
            self.finished_files.push(index);
        }
        if let Some(entry) = write {
            self.push(&entry.user_data(tag(WRITE, index)));
        }
        if let Some(entry) = sync {
            self.push(&entry.user_data(tag(SYNC, index)));
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
        if slot.queue.wrote(outcome(result), &mut |e| events.push(Event::File(e))) {
            let entry = slot.write_entry();
            self.push(&entry.user_data(tag(WRITE, index)));
        } else {
            self.pump(index);
        }
    }

    pub(super) fn synced(&mut self, index: usize, result: i32, events: &mut Events) {
        let Some(slot) = self.files.get_mut(index) else { return };
        if slot.queue.synced(outcome(result).map(|_| ()), &mut |e| events.push(Event::File(e))) {
            let entry = slot.sync_entry();
            self.push(&entry.user_data(tag(SYNC, index)));
        } else {
            self.pump(index);
        }
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
        let entry = self.files.vacant_entry();
        let id = FileId(u32::try_from(entry.key()).unwrap_or(u32::MAX));
        entry.insert(FileSlot { file, queue: FileQueue::new(id) });
        Ok(id)
    }

    fn append(&mut self, file: FileId, buffer: Vec<u8>) {
        let slot = self.slot(file);
        debug_assert!(slot.is_ok(), "the file is open");
        if let Ok(slot) = slot {
            slot.queue.append(buffer);
            self.pump(file.0 as usize);
        }
    }

    fn sync(&mut self, file: FileId, data_only: bool) {
        let slot = self.slot(file);
        debug_assert!(slot.is_ok(), "the file is open");
        if let Ok(slot) = slot {
            slot.queue.sync(data_only);
            self.pump(file.0 as usize);
        }
    }

    fn close_file(&mut self, file: FileId) {
        if let Ok(slot) = self.slot(file) {
            slot.queue.close();
            self.pump(file.0 as usize);
        }
    }

    fn truncate(&mut self, file: FileId, len_bytes: u64) -> io::Result<()> {
        let slot = self.slot(file)?;
        if slot.queue.is_writing() {
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
