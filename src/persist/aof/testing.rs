//! A disk for tests: files in memory, operations that complete when the test says so, and mishaps on demand.

#![allow(clippy::unwrap_used)]

use crate::io::{FileEvent, FileId, Files, Open};
use std::collections::{BTreeMap, VecDeque};
use std::io;
use std::path::{Path, PathBuf};

/// One file: its bytes, and how many of them would survive a power failure.
#[derive(Clone, Debug, Default)]
pub struct Content {
    pub bytes: Vec<u8>,
    pub durable: usize,
}

#[derive(Clone, Debug)]
enum Pending {
    Append(FileId, Vec<u8>),
    Sync(FileId),
}

/// The disk.
#[derive(Clone, Debug, Default)]
pub struct Disk {
    /// Contents by number; names point to them, so that a renamed or removed file keeps its own.
    contents: Vec<Content>,
    names: BTreeMap<PathBuf, usize>,
    /// Names as of the last `sync_dir` of their directory.
    pub durable_names: BTreeMap<PathBuf, usize>,
    open: Vec<usize>,
    pending: VecDeque<Pending>,
    /// Files of which the operations behind a failed append are to be cancelled.
    pub closed: Vec<FileId>,
    /// The next append writes so many bytes and then fails with this errno.
    pub fail_append: Option<(usize, i32)>,
    /// The next sync fails with this errno.
    pub fail_sync: Option<i32>,
    /// Truncating fails.
    pub fail_truncate: bool,
    /// The first operation on a name that contains this text fails, with this errno.
    pub fail_name: Option<(&'static str, i32)>,
    /// What was done, in order: `append 5`, `sync`, `rename a b`.
    pub done: Vec<String>,
}

impl Disk {
    /// The bytes of a file, `None` if there is none of that name.
    pub fn read(&self, path: &str) -> Option<&[u8]> {
        Some(&self.contents[*self.names.get(Path::new(path))?].bytes)
    }

    /// Puts a file there, durably.
    pub fn put(&mut self, path: &str, bytes: &[u8]) {
        self.names.insert(path.into(), self.contents.len());
        self.durable_names.insert(path.into(), self.contents.len());
        self.contents.push(Content { bytes: bytes.to_vec(), durable: bytes.len() });
    }

    /// All names.
    pub fn list(&self) -> Vec<String> {
        self.names.keys().map(|path| path.display().to_string()).collect()
    }

    /// How many operations wait.
    pub fn waiting(&self) -> usize {
        self.pending.len()
    }

    /// Completes the oldest operation.
    pub fn complete(&mut self) -> Option<FileEvent> {
        let event = match self.pending.pop_front()? {
            Pending::Sync(file) => {
                let result = match self.fail_sync.take() {
                    Some(errno) => Err(io::Error::from_raw_os_error(errno)),
                    None => Ok(()),
                };
                if result.is_ok() {
                    let content = &mut self.contents[self.open[file.0 as usize]];
                    content.durable = content.bytes.len();
                }
                self.done.push(format!("sync {}", file.0));
                FileEvent::Synced { file, result }
            }
            Pending::Append(file, buffer) => self.complete_append(file, buffer),
        };
        Some(event)
    }

    fn complete_append(&mut self, file: FileId, buffer: Vec<u8>) -> FileEvent {
        let (bytes, result) = match self.fail_append.take() {
            Some((bytes, errno)) => (bytes.min(buffer.len()), Err(io::Error::from_raw_os_error(errno))),
            None => (buffer.len(), Ok(())),
        };
        self.contents[self.open[file.0 as usize]].bytes.extend_from_slice(&buffer[..bytes]);
        self.done.push(format!("append {} {bytes}", file.0));
        if result.is_err() {
            self.cancel(file);
        }
        FileEvent::Written { file, bytes, buffer, result }
    }

    /// What was asked for behind a failed append fails.
    fn cancel(&mut self, file: FileId) {
        let is_sync = |pending: &Pending| matches!(pending, Pending::Sync(of) if *of == file);
        if self.pending.iter().any(is_sync) {
            self.fail_sync = Some(libc::ECANCELED);
        }
    }

    /// Loses what was not synced.
    pub fn power_failure(&mut self) {
        self.pending.clear();
        self.names = self.durable_names.clone();
        self.contents.iter_mut().for_each(|content| content.bytes.truncate(content.durable));
    }

    fn check(&mut self, path: &Path) -> io::Result<()> {
        match self.fail_name {
            Some((text, errno)) if path.to_str().unwrap().contains(text) => {
                self.fail_name = None;
                Err(io::Error::from_raw_os_error(errno))
            }
            _ => Ok(()),
        }
    }

    fn find(&self, path: &Path) -> io::Result<usize> {
        self.names.get(path).copied().ok_or_else(|| io::Error::from_raw_os_error(libc::ENOENT))
    }
}

impl Files for Disk {
    fn open_file(&mut self, path: &Path, how: Open) -> io::Result<FileId> {
        self.check(path)?;
        let content = match (self.find(path), how) {
            (Ok(content), Open::Create) => {
                self.contents[content] = Content::default();
                content
            }
            (Ok(content), _) => content,
            (Err(error), Open::Read) => return Err(error),
            (Err(_), _) => {
                self.contents.push(Content::default());
                self.names.insert(path.to_owned(), self.contents.len() - 1);
                self.contents.len() - 1
            }
        };
        self.open.push(content);
        self.done.push(format!("open {}", path.display()));
        Ok(FileId(u32::try_from(self.open.len() - 1).unwrap()))
    }

    fn append(&mut self, file: FileId, buffer: Vec<u8>) {
        self.pending.push_back(Pending::Append(file, buffer));
    }

    fn sync(&mut self, file: FileId, _: bool) {
        self.pending.push_back(Pending::Sync(file));
    }

    fn close_file(&mut self, file: FileId) {
        self.closed.push(file);
    }

    fn truncate(&mut self, file: FileId, len_bytes: u64) -> io::Result<()> {
        if self.fail_truncate {
            return Err(io::Error::from_raw_os_error(libc::EIO));
        }
        let content = &mut self.contents[self.open[file.0 as usize]];
        content.bytes.truncate(usize::try_from(len_bytes).unwrap());
        content.durable = content.durable.min(content.bytes.len());
        Ok(())
    }

    fn read_at(&mut self, file: FileId, offset_bytes: u64, into: &mut [u8]) -> io::Result<usize> {
        let content = &self.contents[self.open[file.0 as usize]].bytes;
        let rest = content.get(usize::try_from(offset_bytes).unwrap()..).unwrap_or_default();
        let len = rest.len().min(into.len());
        into[..len].copy_from_slice(&rest[..len]);
        Ok(len)
    }

    fn read_file(&mut self, path: &Path, _: u64) -> io::Result<Vec<u8>> {
        self.check(path)?;
        Ok(self.contents[self.find(path)?].bytes.clone())
    }

    fn file_len(&mut self, path: &Path) -> io::Result<u64> {
        self.check(path)?;
        Ok(self.contents[self.find(path)?].bytes.len() as u64)
    }

    fn list_dir(&mut self, dir: &Path) -> io::Result<Vec<String>> {
        let inside = self.names.keys().filter(|path| path.parent() == Some(dir));
        Ok(inside.map(|path| path.file_name().unwrap().to_str().unwrap().to_owned()).collect())
    }

    fn create_dir(&mut self, dir: &Path) -> io::Result<()> {
        self.check(dir)
    }

    fn rename(&mut self, from: &Path, to: &Path) -> io::Result<()> {
        self.check(from)?;
        let content = self.find(from)?;
        self.names.remove(from);
        self.names.insert(to.to_owned(), content);
        self.done.push(format!("rename {} {}", from.display(), to.display()));
        Ok(())
    }

    fn remove(&mut self, path: &Path) -> io::Result<()> {
        self.find(path)?;
        self.names.remove(path);
        self.done.push(format!("remove {}", path.display()));
        Ok(())
    }

    fn sync_dir(&mut self, dir: &Path) -> io::Result<()> {
        let (names, durable) = (&self.names, &mut self.durable_names);
        durable.retain(|path, _| path.parent() != Some(dir));
        durable.extend(names.iter().filter(|(p, _)| p.parent() == Some(dir)).map(|(p, c)| (p.clone(), *c)));
        self.done.push(format!("sync_dir {}", dir.display()));
        Ok(())
    }
}
