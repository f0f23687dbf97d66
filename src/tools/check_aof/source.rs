//! A file as C's stdio reads it: by lines of bounded length and by bytes, with the position and whether its end was met.
//!
//! The check's messages follow from these calls, down to where an over-long line is split.

use std::fs::File;
use std::io::{self, BufRead, BufReader, Read, Seek, SeekFrom};

/// A file being read.
pub(super) struct Source {
    reader: BufReader<File>,
    at: u64,
    ended: bool,
}

impl Source {
    /// Reads on where `file` is positioned.
    pub(super) fn new(mut file: File) -> io::Result<Source> {
        let at = file.stream_position()?;
        Ok(Source { reader: BufReader::with_capacity(1 << 16, file), at, ended: false })
    }

    /// Offset of the next byte.
    pub(super) fn position(&self) -> u64 {
        self.at
    }

    /// Whether a read met the end of the file. Peeking at a byte forgets it, as `fseek` does.
    pub(super) fn has_ended(&self) -> bool {
        self.ended
    }

    /// The next byte, which stays unread; `None` at the end.
    pub(super) fn peek(&mut self) -> io::Result<Option<u8>> {
        let next = self.reader.fill_buf()?.first().copied();
        self.ended = next.is_none();
        Ok(next)
    }

    /// `fgets` into a buffer of `size` bytes: up to `size - 1` bytes, the line end with them. Empty at the end.
    pub(super) fn line(&mut self, size: usize) -> io::Result<Vec<u8>> {
        let mut line = Vec::new();
        let most = size.saturating_sub(1);
        let got = (&mut self.reader).take(most as u64).read_until(b'\n', &mut line)?;
        self.at += got as u64;
        self.ended |= got < most && !line.ends_with(b"\n");
        Ok(line)
    }

    /// Up to `len` bytes; fewer only at the end. A false length costs no memory.
    pub(super) fn bytes(&mut self, len: u64) -> io::Result<Vec<u8>> {
        let mut bytes = Vec::new();
        let got = (&mut self.reader).take(len).read_to_end(&mut bytes)? as u64;
        self.at += got;
        self.ended |= got < len;
        Ok(bytes)
    }

    /// Cuts the file to `len` bytes.
    pub(super) fn cut(&mut self, len: u64) -> io::Result<()> {
        self.reader.get_ref().set_len(len)
    }

    /// Hands the file itself to `read`, at the position reached, and goes on where that leaves it.
    pub(super) fn with_file<T>(&mut self, read: impl FnOnce(&mut File) -> T) -> io::Result<T> {
        let at = self.at;
        let file = self.reader.get_mut();
        file.seek(SeekFrom::Start(at))?;
        let result = read(file);
        self.at = file.stream_position()?;
        // Drops what was buffered.
        self.reader.seek(SeekFrom::Start(self.at))?;
        Ok(result)
    }
}
