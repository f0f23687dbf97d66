//! The files of a simulated driver: the disk's operations with the weather's delays.
//!
//! A write reaches the file when it begins and is told when it ends; a sync covers what was written when it began.

use super::State;
use super::driver::SimDriver;
use crate::io::queue::FileQueue;
use crate::io::{FileEvent, FileId, Files, Open};
use std::io;
use std::path::Path;

/// An open file.
pub(super) struct Handle {
    inode: usize,
    how: Open,
    queue: FileQueue,
    /// The write in flight: when it ends and how.
    write: Option<(u64, Result<usize, i32>)>,
    /// The sync in flight: when it ends, what it covers, and how it ends.
    sync: Option<(u64, usize, Result<(), i32>)>,
}

impl Handle {
    /// When something ends.
    pub(super) fn due(&self) -> Option<u64> {
        self.write.map(|w| w.0).into_iter().chain(self.sync.map(|s| s.0)).min()
    }

    fn write(&mut self, state: &mut State) {
        let State { disk, rng, weather, now_ns, .. } = state;
        let outcome = match self.how {
            Open::Read => Err(libc::EBADF),
            Open::Append | Open::Create => disk.append(self.inode, self.queue.rest(), rng),
        };
        self.write = Some((*now_ns + rng.below(weather.write_delay_ns.saturating_add(1)), outcome));
    }

    fn sync(&mut self, state: &mut State) {
        let State { disk, rng, weather, now_ns, .. } = state;
        let (until, outcome) = disk.begin_sync(self.inode);
        self.sync = Some((*now_ns + rng.below(weather.sync_delay_ns.saturating_add(1)), until, outcome));
    }

    /// Begins what can begin.
    fn begin(&mut self, state: &mut State) {
        if self.queue.begin_write().is_some() {
            self.write(state);
        }
        if self.queue.begin_sync() {
            self.sync(state);
        }
    }

    /// Ends what is due, and begins what can begin then, until nothing is due.
    fn proceed(&mut self, state: &mut State, tell: &mut impl FnMut(FileEvent)) {
        let now = state.now_ns;
        loop {
            if let Some((_, outcome)) = self.write.take_if(|w| w.0 <= now) {
                if self.queue.wrote(outcome, tell) {
                    self.write(state);
                }
            } else if let Some((_, until, outcome)) = self.sync.take_if(|s| s.0 <= now) {
                state.disk.end_sync(self.inode, until, outcome.is_ok(), &mut state.rng);
                if self.queue.synced(outcome, tell) {
                    self.sync(state);
                }
            } else {
                return;
            }
            self.begin(state);
        }
    }
}

impl SimDriver {
    /// Works on an open file with the world in hand.
    fn with_file<R>(&self, file: FileId, f: impl FnOnce(&mut Handle, &mut State) -> R) -> io::Result<R> {
        let mut state = self.world.lock();
        let index = file.0 as usize;
        let shard = self.shard;
        let place = |state: &mut State, handle: Option<Handle>| {
            let place = state.ports.get_mut(shard).and_then(|p| p.files.get_mut(index));
            place.and_then(|place| std::mem::replace(place, handle))
        };
        let handle = place(&mut state, None);
        let mut handle = handle.ok_or_else(|| io::Error::from_raw_os_error(libc::EBADF))?;
        let answer = if handle.queue.is_closing() {
            Err(io::Error::from_raw_os_error(libc::EBADF))
        } else {
            Ok(f(&mut handle, &mut state))
        };
        place(&mut state, Some(handle));
        answer
    }

    /// Tells what is due at the files of this driver.
    pub(super) fn reap_files(&self, state: &mut State, tell: &mut impl FnMut(FileEvent)) {
        let Some(port) = state.ports.get_mut(self.shard) else { return };
        let freed = std::mem::take(&mut port.closed_files);
        port.free_files.extend(freed);
        let mut files = std::mem::take(&mut port.files);
        for (index, place) in files.iter_mut().enumerate() {
            if let Some(handle) = place {
                handle.proceed(state, tell);
            }
            if place.take_if(|h| h.queue.is_closing() && !h.queue.in_flight()).is_some()
                && let Some(port) = state.ports.get_mut(self.shard)
            {
                port.closed_files.push(index);
            }
        }
        if let Some(port) = state.ports.get_mut(self.shard) {
            port.files = files;
        }
    }
}

impl Files for SimDriver {
    fn open_file(&mut self, path: &Path, how: Open) -> io::Result<FileId> {
        let mut state = self.world.lock();
        let inode = state.disk.open(path, how != Open::Read, how == Open::Create)?;
        let Some(port) = state.ports.get_mut(self.shard) else { return Err(io::ErrorKind::NotFound.into()) };
        let index = port.free_files.pop().unwrap_or(port.files.len());
        let id = FileId(u32::try_from(index).unwrap_or(u32::MAX));
        let handle = Handle { inode, how, queue: FileQueue::new(id), write: None, sync: None };
        match port.files.get_mut(index) {
            Some(place) => *place = Some(handle),
            None => port.files.push(Some(handle)),
        }
        Ok(id)
    }

    fn append(&mut self, file: FileId, buffer: Vec<u8>) {
        let asked = self.with_file(file, |handle, state| {
            handle.queue.append(buffer);
            handle.begin(state);
        });
        debug_assert!(asked.is_ok(), "the file is open");
    }

    fn sync(&mut self, file: FileId, data_only: bool) {
        let asked = self.with_file(file, |handle, state| {
            handle.queue.sync(data_only);
            handle.begin(state);
        });
        debug_assert!(asked.is_ok(), "the file is open");
    }

    fn close_file(&mut self, file: FileId) {
        // One that is closed already stays so.
        let _ = self.with_file(file, |handle, _| handle.queue.close());
    }

    fn truncate(&mut self, file: FileId, len_bytes: u64) -> io::Result<()> {
        self.with_file(file, |handle, state| match handle.how {
            _ if handle.queue.is_writing() => Err(io::ErrorKind::ResourceBusy.into()),
            Open::Read => Err(io::Error::from_raw_os_error(libc::EINVAL)),
            Open::Append | Open::Create => state.disk.truncate(handle.inode, len_bytes),
        })?
    }

    fn read_at(&mut self, file: FileId, offset_bytes: u64, into: &mut [u8]) -> io::Result<usize> {
        self.with_file(file, |handle, state| {
            if handle.how != Open::Read {
                return Err(io::Error::from_raw_os_error(libc::EBADF));
            }
            let from = usize::try_from(offset_bytes).unwrap_or(usize::MAX);
            let rest = state.disk.seen(handle.inode).get(from..).unwrap_or_default();
            let len = rest.len().min(into.len());
            if let (Some(to), Some(from)) = (into.get_mut(..len), rest.get(..len)) {
                to.copy_from_slice(from);
            }
            Ok(len)
        })?
    }

    fn read_file(&mut self, path: &Path, most_bytes: u64) -> io::Result<Vec<u8>> {
        let mut state = self.world.lock();
        let inode = state.disk.open(path, false, false)?;
        let content = state.disk.seen(inode);
        if content.len() as u64 > most_bytes {
            return Err(io::ErrorKind::FileTooLarge.into());
        }
        Ok(content.to_vec())
    }

    fn file_len(&mut self, path: &Path) -> io::Result<u64> {
        self.world.lock().disk.len_bytes(path)
    }

    fn list_dir(&mut self, dir: &Path) -> io::Result<Vec<String>> {
        self.world.lock().disk.list(dir)
    }

    fn create_dir(&mut self, dir: &Path) -> io::Result<()> {
        self.world.lock().disk.create_dir(dir)
    }

    fn rename(&mut self, from: &Path, to: &Path) -> io::Result<()> {
        self.world.lock().disk.rename(from, to)
    }

    fn remove(&mut self, path: &Path) -> io::Result<()> {
        self.world.lock().disk.remove(path)
    }

    fn sync_dir(&mut self, dir: &Path) -> io::Result<()> {
        self.world.lock().disk.sync_dir(dir)
    }
}
