//! A base as commands, put together from what several shards give in any interleaving (Redis: aof.c
//! `rewriteAppendOnlyFileRio`).
//!
//! ```text
//!  #TS:1700000000 | FUNCTION LOAD library ... | SELECT db | commands of keys ... | SELECT db | ...
//! ```
//!
//! Commands of a key may come in several pieces, which may end within one. Until they are all there, pieces of other shards
//! wait here: no more than the senders may have on their way.

use crate::persist::rdb::file::Piece;
use crate::resp::{Out, Proto};
use std::collections::VecDeque;

/// Puts the file together.
#[derive(Debug, Default)]
pub struct CommandFile {
    db: Option<usize>,
    /// The shard whose key is not whole.
    open: Option<usize>,
    waiting: VecDeque<(usize, Piece)>,
}

impl CommandFile {
    /// Begins a file with the time, if it is to be noted, and the texts of function libraries; these bytes go to `out`.
    pub fn begin(stamp_s: Option<i64>, functions: &[Vec<u8>], out: &mut Vec<u8>) -> CommandFile {
        if let Some(stamp) = stamp_s {
            out.extend_from_slice(format!("#TS:{stamp}\r\n").as_bytes());
        }
        for code in functions {
            Out::new(out, Proto::V2).bulks(&[&b"FUNCTION"[..], b"LOAD", code]);
        }
        CommandFile::default()
    }

    /// Takes what a shard gives; what can stand in the file now goes to `out`, with the shard it came from and how many
    /// bytes that had given.
    pub fn push(&mut self, shard: usize, piece: Piece, out: &mut Vec<(Vec<u8>, (usize, usize))>) {
        if self.open.is_some_and(|open| open != shard) {
            return self.waiting.push_back((shard, piece));
        }
        self.write(shard, piece, out);
        while let Some(at) = self.next_waiting()
            && let Some((shard, piece)) = self.waiting.remove(at)
        {
            self.write(shard, piece, out);
        }
    }

    /// The oldest piece that may stand in the file now.
    fn next_waiting(&self) -> Option<usize> {
        self.waiting.iter().position(|(shard, _)| self.open.is_none_or(|open| open == *shard))
    }

    /// Whether all that was given is in the file.
    pub fn is_whole(&self) -> bool {
        self.open.is_none() && self.waiting.is_empty()
    }

    fn write(&mut self, shard: usize, piece: Piece, out: &mut Vec<(Vec<u8>, (usize, usize))>) {
        let Piece { db, bytes, continues } = piece;
        self.open = continues.then_some(shard);
        let from = (shard, bytes.len());
        // Within a key the database is the one that is selected.
        if self.db == Some(db) || bytes.is_empty() {
            return out.push((bytes, from));
        }
        self.db = Some(db);
        let mut selected = Vec::with_capacity(bytes.len() + 32);
        let mut digits = itoa::Buffer::new();
        Out::new(&mut selected, Proto::V2).bulks(&[&b"SELECT"[..], digits.format(db).as_bytes()]);
        selected.extend_from_slice(&bytes);
        out.push((selected, from));
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn keys_in_pieces_stay_together_and_databases_are_selected() {
        let mut head = Vec::new();
        let mut file = CommandFile::begin(Some(7), &[b"code".to_vec()], &mut head);
        assert_eq!(head, b"#TS:7\r\n*3\r\n$8\r\nFUNCTION\r\n$4\r\nLOAD\r\n$4\r\ncode\r\n");
        let mut out = Vec::new();
        let piece = |db, text: &str, continues| Piece { db, bytes: text.as_bytes().to_vec(), continues };
        file.push(0, piece(0, "a", false), &mut out);
        file.push(1, piece(0, "b1", true), &mut out);
        file.push(0, piece(3, "c1", true), &mut out);
        file.push(2, piece(0, "d", false), &mut out);
        file.push(0, piece(3, "c2", false), &mut out);
        assert!(!file.is_whole());
        file.push(1, piece(0, "b2", false), &mut out);
        assert!(file.is_whole());
        let text: Vec<u8> = out.iter().flat_map(|(bytes, _)| bytes.clone()).collect();
        let text =
            String::from_utf8_lossy(&text).replace("*2\r\n$6\r\nSELECT\r\n$1\r\n", "@").replace("\r\n", ":");
        assert_eq!(text, "@0:ab1b2@3:c1c2@0:d");
        let given: usize = out.iter().map(|(_, (_, bytes))| bytes).sum();
        assert_eq!(given, "ab1b2c1c2d".len());
    }
}
