//! Files as a driver offers them: appends and syncs that complete as events, and the rare operations on names at once.
//!
//! ```text
//!   append a ─┬─ append b ─┬─ sync 1 ─┬─ append c ──► one write at a time, in the order asked for
//!             │            │          │               sync 1 begins when a and b are written, and may overlap with c
//! ```
//!
//! Rules, the same for the real and the simulated disk:
//! - Every append and every sync is answered by exactly one [`FileEvent`], those before [`Files::close_file`] too. Appends are
//!   answered in their order, and syncs in theirs.
//! - A write that fails stops what was asked for behind it: those appends and syncs are answered with `ECANCELED`, in
//!   order, and nothing of them is written. What the failed one did write (its `bytes`) stays at the end of the file: go on
//!   with the rest, or cut it off with [`Files::truncate`]. The file takes appends again at once.
//! - A sync that fails stops nothing. What it should have made durable may be lost even if a later sync succeeds: the
//!   kernel reports a failed write-back once and forgets it (Redis ends the process then, under `appendfsync always`).
//! - A name is durable when its directory was synced after the create or rename, the content when the file was.

use std::io;
use std::path::Path;

/// An open file as its driver knows it; valid until [`Files::close_file`].
#[derive(Clone, Copy, PartialEq, Eq, Hash, Debug)]
pub struct FileId(pub u32);

/// How a file is opened. Writing always goes to its end.
#[derive(Clone, Copy, PartialEq, Eq, Debug)]
pub enum Open {
    /// To append to what is there; made if it is missing.
    Append,
    /// To write anew: emptied if it is there.
    Create,
    /// To read; appends fail.
    Read,
}

/// What happened to a file.
#[derive(Debug)]
pub enum FileEvent {
    /// An append is over.
    Written {
        /// To this file.
        file: FileId,
        /// Bytes of the buffer that reached the file; fewer than its length only on error.
        bytes: usize,
        /// The buffer that was handed in.
        buffer: Vec<u8>,
        /// Why not all of it was written.
        result: io::Result<()>,
    },
    /// A sync is over.
    Synced {
        /// Of this file.
        file: FileId,
        /// What the disk says.
        result: io::Result<()>,
    },
}

/// Files of a driver. Operations that return a result block the calling thread and are meant to be rare.
pub trait Files {
    /// Opens a file; new ones are readable by all and writable by the owner, as far as the umask lets them be.
    ///
    /// # Errors
    /// As `open(2)`.
    fn open_file(&mut self, path: &Path, how: Open) -> io::Result<FileId>;
    /// Writes the whole buffer behind all that was appended before; see the rules at the head of this file.
    fn append(&mut self, file: FileId, buffer: Vec<u8>);
    /// Makes all appends asked for so far durable: `fdatasync` if `data_only`, else `fsync`.
    fn sync(&mut self, file: FileId, data_only: bool);
    /// Closes a file after what was asked for is done; the id names it until the last of it is answered. Freeing the
    /// blocks of a file that has no name any more is left to the kernel's workers.
    fn close_file(&mut self, file: FileId);
    /// Cuts an open file to `len_bytes`.
    ///
    /// # Errors
    /// `ResourceBusy` while appends are under way; else as `ftruncate(2)`.
    fn truncate(&mut self, file: FileId, len_bytes: u64) -> io::Result<()>;
    /// Reads from an open file at `offset_bytes`; 0 at its end, and possibly fewer bytes than `into` takes before it.
    ///
    /// # Errors
    /// As `pread(2)`.
    fn read_at(&mut self, file: FileId, offset_bytes: u64, into: &mut [u8]) -> io::Result<usize>;
    /// The whole content of a small file.
    ///
    /// # Errors
    /// `FileTooLarge` if there are more than `most_bytes`; else as `open(2)` and `read(2)`.
    fn read_file(&mut self, path: &Path, most_bytes: u64) -> io::Result<Vec<u8>>;
    /// Length of a file in bytes.
    ///
    /// # Errors
    /// As `stat(2)`: `NotFound` tells that there is none.
    fn file_len(&mut self, path: &Path) -> io::Result<u64>;
    /// Names in a directory, sorted. Names that are not UTF-8 are none of ours and left out.
    ///
    /// # Errors
    /// As `opendir(3)`.
    fn list_dir(&mut self, dir: &Path) -> io::Result<Vec<String>>;
    /// Makes a directory; that it is there already is no error.
    ///
    /// # Errors
    /// As `mkdir(2)`.
    fn create_dir(&mut self, dir: &Path) -> io::Result<()>;
    /// Gives a file another name, in place of the file that had it. The blocks of that one are freed as
    /// [`Files::close_file`] does.
    ///
    /// # Errors
    /// As `rename(2)`.
    fn rename(&mut self, from: &Path, to: &Path) -> io::Result<()>;
    /// Takes the name of a file away. Its blocks are freed as [`Files::close_file`] does.
    ///
    /// # Errors
    /// As `unlink(2)`.
    fn remove(&mut self, path: &Path) -> io::Result<()>;
    /// Makes creates, renames and removes in a directory durable.
    ///
    /// # Errors
    /// As `open(2)` and `fsync(2)`.
    fn sync_dir(&mut self, dir: &Path) -> io::Result<()>;
}
