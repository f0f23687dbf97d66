//! The simulated disk: what programs see, what would be there after a power loss, and failures on demand.
//!
//! ```text
//!   file:   durable bytes ◄─ sync ─ changes since: append, append, cut, …     seen: durable with all changes
//!   names:  durable names ◄─ sync_dir ─ changes since, each of one directory   seen: durable with all changes
//! ```
//!
//! A power loss keeps, of each file, the changes up to a random one, of which an append may be torn at any byte; and of each
//! directory the changes up to a random one. Names and contents are independent: a file that was renamed without a sync may
//! have its new name and any part of its content. A synced file whose name was not synced may be gone. This is less than
//! most file systems keep, and all that POSIX promises.
//!
//! A sync that fails leaves what it covered in doubt for good: each append of it may turn out to be zeros, however many
//! syncs succeed later, since the kernel forgets what it failed to write back.

use crate::base::prng::Prng;
use std::collections::{BTreeMap, BTreeSet};
use std::io;
use std::path::{Component, Path, PathBuf};

/// Kinds of operations that can be made to fail.
#[derive(Clone, Copy, PartialEq, Eq, Debug)]
pub enum DiskOp {
    /// Opening a file.
    Open,
    /// An append: a part of it may reach the file.
    Write,
    /// Syncing a file.
    Sync,
    /// Cutting a file.
    Truncate,
    /// Renaming.
    Rename,
    /// Removing.
    Remove,
    /// Making a directory.
    CreateDir,
    /// Syncing a directory.
    SyncDir,
}

#[derive(Clone)]
enum Change {
    /// Bytes at the end; in doubt after a sync of them failed.
    Append {
        bytes: Vec<u8>,
        doubtful: bool,
    },
    Cut(u64),
}

#[derive(Clone, Default)]
struct Inode {
    durable: Vec<u8>,
    changes: Vec<Change>,
    /// Changes that became durable before these.
    settled: usize,
    seen: Vec<u8>,
}

#[derive(Clone)]
enum NameChange {
    Name(PathBuf, usize),
    /// From, to, and which file: a change of the directory of the new name.
    Rename(PathBuf, PathBuf, usize),
    Remove(PathBuf),
    Dir(PathBuf),
}

#[derive(Clone, Default)]
struct Names {
    files: BTreeMap<PathBuf, usize>,
    dirs: BTreeSet<PathBuf>,
}

/// A disk, in use or as it lies on the table.
#[derive(Clone, Default)]
pub struct Disk {
    inodes: Vec<Inode>,
    seen: Names,
    durable: Names,
    changes: Vec<NameChange>,
    /// Bytes that still fit; None: any number.
    room_bytes: Option<u64>,
    failures: Vec<(DiskOp, i32)>,
}

fn os_error(code: i32) -> io::Error {
    io::Error::from_raw_os_error(code)
}

/// A path without `.`, so that each file has one.
fn plain(path: &Path) -> PathBuf {
    path.components().filter(|c| !matches!(c, Component::CurDir)).collect()
}

fn parent(path: &Path) -> PathBuf {
    path.parent().map(Path::to_path_buf).unwrap_or_default()
}

fn cut(bytes: &mut Vec<u8>, len_bytes: u64) {
    bytes.resize(usize::try_from(len_bytes).unwrap_or(usize::MAX), 0);
}

impl Change {
    /// Applies a change to what is durable; of an append, the first `most` bytes.
    fn settle(self, durable: &mut Vec<u8>, most: usize, rng: &mut Prng) {
        match self {
            Change::Append { mut bytes, doubtful } => {
                bytes.truncate(most);
                if doubtful && rng.one_in(2) {
                    bytes.fill(0);
                }
                durable.extend(bytes);
            }
            Change::Cut(len_bytes) => cut(durable, len_bytes),
        }
    }
}

impl Inode {
    fn change(&mut self, change: Change) {
        match &change {
            Change::Append { bytes, .. } => self.seen.extend_from_slice(bytes),
            Change::Cut(len_bytes) => cut(&mut self.seen, *len_bytes),
        }
        self.changes.push(change);
    }

    /// Makes the first changes durable, up to the one that has this number among all there ever were.
    fn settle(&mut self, until: usize, rng: &mut Prng) {
        let n = until.saturating_sub(self.settled).min(self.changes.len());
        for change in self.changes.drain(..n) {
            change.settle(&mut self.durable, usize::MAX, rng);
        }
        self.settled += n;
    }

    fn lose_power(&mut self, rng: &mut Prng) {
        let keep = rng.index(self.changes.len() + 1);
        let torn = self.changes.get(keep).and_then(|change| match change {
            Change::Append { bytes, .. } => Some(rng.index(bytes.len() + 1)),
            Change::Cut(_) => None,
        });
        let kept = keep + usize::from(torn.is_some());
        for (at, change) in std::mem::take(&mut self.changes).into_iter().take(kept).enumerate() {
            let most = if at == keep { torn.unwrap_or(0) } else { usize::MAX };
            change.settle(&mut self.durable, most, rng);
        }
        self.seen = self.durable.clone();
    }
}

impl NameChange {
    /// The directory that is changed; for a rename, that of the new name.
    fn dir(&self) -> PathBuf {
        match self {
            NameChange::Name(path, _)
            | NameChange::Rename(_, path, _)
            | NameChange::Remove(path)
            | NameChange::Dir(path) => parent(path),
        }
    }

    fn apply(&self, names: &mut Names) {
        match self {
            NameChange::Name(path, inode) => {
                names.files.insert(path.clone(), *inode);
            }
            NameChange::Rename(from, to, inode) => {
                names.files.remove(from);
                names.files.insert(to.clone(), *inode);
            }
            NameChange::Remove(path) => {
                names.files.remove(path);
            }
            NameChange::Dir(path) => {
                names.dirs.insert(path.clone());
            }
        }
    }
}

impl Names {
    fn has_dir(&self, dir: &Path) -> bool {
        // The root and the working directory are always there.
        dir.as_os_str().is_empty() || dir == Path::new("/") || self.dirs.contains(dir)
    }
}

impl Disk {
    /// Makes a directory and those above it, durably.
    pub fn make_dir(&mut self, dir: &Path) {
        let dir = plain(dir);
        for dir in dir.ancestors() {
            self.seen.dirs.insert(dir.to_path_buf());
            self.durable.dirs.insert(dir.to_path_buf());
        }
    }

    /// Puts a file there with this content, durably, in place of one that is there.
    pub fn put(&mut self, path: &Path, content: &[u8]) {
        let path = plain(path);
        self.make_dir(&parent(&path));
        self.inodes.push(Inode { durable: content.to_vec(), seen: content.to_vec(), ..Inode::default() });
        let inode = self.inodes.len() - 1;
        self.seen.files.insert(path.clone(), inode);
        self.durable.files.insert(path, inode);
    }

    /// Content of a file as programs see it.
    pub fn content(&self, path: &Path) -> Option<&[u8]> {
        let inode = self.seen.files.get(&plain(path))?;
        Some(&self.inodes.get(*inode)?.seen)
    }

    /// Names in a directory, as programs see them.
    pub fn names(&self, dir: &Path) -> Vec<String> {
        let dir = plain(dir);
        let paths = self.seen.files.keys().chain(self.seen.dirs.iter());
        let inside = paths.filter(|p| !p.as_os_str().is_empty() && parent(p) == dir);
        let mut names: Vec<String> = inside.filter_map(|p| Some(p.file_name()?.to_str()?.into())).collect();
        names.sort_unstable();
        names
    }

    /// How many bytes still fit; writes beyond fail with ENOSPC after as many. None: any number.
    pub fn set_room(&mut self, bytes: Option<u64>) {
        self.room_bytes = bytes;
    }

    /// The next operation of this kind that begins fails with the error of this number. Several calls queue up.
    pub fn fail_next(&mut self, op: DiskOp, error: i32) {
        self.failures.push((op, error));
    }

    /// The disk after a power loss now.
    pub(super) fn lose_power(&mut self, rng: &mut Prng) {
        let changes = std::mem::take(&mut self.changes);
        let mut left: BTreeMap<PathBuf, usize> = BTreeMap::new();
        changes.iter().for_each(|c| *left.entry(c.dir()).or_default() += 1);
        left.values_mut().for_each(|n| *n = rng.index(*n + 1));
        for change in changes {
            if let Some(n) = left.get_mut(&change.dir()).filter(|n| **n > 0) {
                *n -= 1;
                change.apply(&mut self.durable);
            }
        }
        // What lies in a directory that is gone is gone.
        let Names { files, dirs } = std::mem::take(&mut self.durable);
        for dir in dirs {
            if self.durable.has_dir(&parent(&dir)) {
                self.durable.dirs.insert(dir);
            }
        }
        let all = files.into_iter();
        self.durable.files = all.filter(|(path, _)| self.durable.has_dir(&parent(path))).collect();
        self.seen = self.durable.clone();
        self.inodes.iter_mut().for_each(|inode| inode.lose_power(rng));
        self.forget_orders();
    }

    /// The disk after it was unmounted in order.
    pub(super) fn unmount(&mut self, rng: &mut Prng) {
        self.changes.clear();
        self.durable = self.seen.clone();
        for inode in &mut self.inodes {
            inode.settle(usize::MAX, rng);
            inode.seen.clone_from(&inode.durable);
        }
        self.forget_orders();
    }

    fn forget_orders(&mut self) {
        self.failures.clear();
        self.room_bytes = None;
    }

    /// The error that was ordered for this operation.
    fn ordered(&mut self, op: DiskOp) -> io::Result<()> {
        match self.failures.iter().position(|f| f.0 == op) {
            Some(at) => Err(os_error(self.failures.remove(at).1)),
            None => Ok(()),
        }
    }

    fn rename_in(&mut self, change: NameChange) {
        change.apply(&mut self.seen);
        self.changes.push(change);
    }

    fn existing_dir(&self, dir: &Path) -> io::Result<()> {
        if self.seen.has_dir(dir) { Ok(()) } else { Err(os_error(libc::ENOENT)) }
    }

    /// Opens a file, which is made if `make` and emptied if `empty`.
    pub(super) fn open(&mut self, path: &Path, make: bool, empty: bool) -> io::Result<usize> {
        self.ordered(DiskOp::Open)?;
        let path = plain(path);
        if self.seen.has_dir(&path) {
            return Err(os_error(libc::EISDIR));
        }
        self.existing_dir(&parent(&path))?;
        if let Some(&inode) = self.seen.files.get(&path) {
            if empty && let Some(inode) = self.inodes.get_mut(inode) {
                inode.change(Change::Cut(0));
            }
            return Ok(inode);
        }
        if !make {
            return Err(os_error(libc::ENOENT));
        }
        self.inodes.push(Inode::default());
        let inode = self.inodes.len() - 1;
        self.rename_in(NameChange::Name(path, inode));
        Ok(inode)
    }

    /// Appends what fits: so many bytes, or the error if none.
    pub(super) fn append(&mut self, inode: usize, bytes: &[u8], rng: &mut Prng) -> Result<usize, i32> {
        let fails = self.failures.iter().any(|f| f.0 == DiskOp::Write);
        // Before it fails a part may go through; the driver then tries the rest.
        if fails && (bytes.len() < 2 || rng.one_in(2)) {
            self.ordered(DiskOp::Write).map_err(|e| e.raw_os_error().unwrap_or(libc::EIO))?;
        }
        let fits = self.room_bytes.map_or(usize::MAX, |room| usize::try_from(room).unwrap_or(usize::MAX));
        if fits == 0 && !bytes.is_empty() {
            return Err(libc::ENOSPC);
        }
        // Cut short now and then, as the kernel may.
        let most = match fails {
            true => 1 + rng.index(bytes.len().saturating_sub(1).max(1)),
            false if rng.one_in(4) => 1 + rng.index(bytes.len().max(1)),
            false => bytes.len(),
        };
        let part = bytes.get(..most.min(fits).min(bytes.len())).unwrap_or_default();
        let Some(inode) = self.inodes.get_mut(inode) else { return Err(libc::EBADF) };
        self.room_bytes = self.room_bytes.map(|room| room.saturating_sub(part.len() as u64));
        inode.change(Change::Append { bytes: part.to_vec(), doubtful: false });
        Ok(part.len())
    }

    /// A sync begins: the number of the last change that it will make durable, or how it will fail.
    pub(super) fn begin_sync(&mut self, inode: usize) -> (usize, Result<(), i32>) {
        let outcome = self.ordered(DiskOp::Sync).map_err(|e| e.raw_os_error().unwrap_or(libc::EIO));
        (self.inodes.get(inode).map_or(0, |i| i.settled + i.changes.len()), outcome)
    }

    /// A sync ends: the changes up to that number are durable, or in doubt for good.
    pub(super) fn end_sync(&mut self, inode: usize, until: usize, succeeded: bool, rng: &mut Prng) {
        let Some(inode) = self.inodes.get_mut(inode) else { return };
        if succeeded {
            return inode.settle(until, rng);
        }
        let covered = until.saturating_sub(inode.settled);
        for change in inode.changes.iter_mut().take(covered) {
            if let Change::Append { doubtful, .. } = change {
                *doubtful = true;
            }
        }
    }

    pub(super) fn truncate(&mut self, inode: usize, len_bytes: u64) -> io::Result<()> {
        self.ordered(DiskOp::Truncate)?;
        let inode = self.inodes.get_mut(inode).ok_or_else(|| os_error(libc::EBADF))?;
        inode.change(Change::Cut(len_bytes));
        Ok(())
    }

    pub(super) fn seen(&self, inode: usize) -> &[u8] {
        self.inodes.get(inode).map_or(&[], |i| &i.seen)
    }

    /// Length of what a path names.
    pub(super) fn len_bytes(&self, path: &Path) -> io::Result<u64> {
        match self.content(path) {
            Some(content) => Ok(content.len() as u64),
            None => self.existing_dir(&plain(path)).map(|()| 0),
        }
    }

    pub(super) fn list(&self, dir: &Path) -> io::Result<Vec<String>> {
        self.existing_dir(&plain(dir))?;
        Ok(self.names(dir))
    }

    pub(super) fn create_dir(&mut self, dir: &Path) -> io::Result<()> {
        self.ordered(DiskOp::CreateDir)?;
        let dir = plain(dir);
        if self.seen.files.contains_key(&dir) {
            return Err(os_error(libc::EEXIST));
        }
        self.existing_dir(&parent(&dir))?;
        if !self.seen.has_dir(&dir) {
            self.rename_in(NameChange::Dir(dir));
        }
        Ok(())
    }

    pub(super) fn rename(&mut self, from: &Path, to: &Path) -> io::Result<()> {
        self.ordered(DiskOp::Rename)?;
        let (from, to) = (plain(from), plain(to));
        let inode = *self.seen.files.get(&from).ok_or_else(|| os_error(libc::ENOENT))?;
        if self.seen.has_dir(&to) {
            return Err(os_error(libc::EISDIR));
        }
        self.existing_dir(&parent(&to))?;
        self.rename_in(NameChange::Rename(from, to, inode));
        Ok(())
    }

    pub(super) fn remove(&mut self, path: &Path) -> io::Result<()> {
        self.ordered(DiskOp::Remove)?;
        let path = plain(path);
        if !self.seen.files.contains_key(&path) {
            return Err(os_error(if self.seen.has_dir(&path) { libc::EISDIR } else { libc::ENOENT }));
        }
        self.rename_in(NameChange::Remove(path));
        Ok(())
    }

    pub(super) fn sync_dir(&mut self, dir: &Path) -> io::Result<()> {
        self.ordered(DiskOp::SyncDir)?;
        let dir = plain(dir);
        self.existing_dir(&dir)?;
        let changes = std::mem::take(&mut self.changes);
        let (now, later): (Vec<_>, Vec<_>) = changes.into_iter().partition(|c| c.dir() == dir);
        self.changes = later;
        now.iter().for_each(|change| change.apply(&mut self.durable));
        Ok(())
    }
}
