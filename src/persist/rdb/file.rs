//! The frame of an RDB file around the records of its keys (rdb.c `rdbSaveRio`), put together from what several shards
//! give in any interleaving.
//!
//! ```text
//!  "REDIS0010" | FA name value ... | F5 library ... | FE db FB keys expires | records ... | FF | CRC-64 u64 LE
//!                aux fields          functions        where the database changes; FB only the first time
//! ```
//!
//! A record may come in several blocks. Until it is whole, blocks of other shards wait in the [`Assembler`]: no more than
//! the senders may have on their way.
//!
//! Pure: bytes in, bytes out. What comes out is never copied again but where a database changes.

use super::{Crc64, VERSION, opcode, write_len, write_string};
use std::collections::VecDeque;

#[cfg(test)]
mod tests;

/// The version of Redis that a file names as its writer's (aux field `redis-ver`).
const REDIS_VER: &[u8] = b"7.2.4";

/// Where the dataset stands in the history that replicas follow (rdb.h `rdbSaveInfo`).
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct ReplicationPoint {
    /// The database that the stream has selected.
    pub stream_db: u64,
    /// The id of the history, 40 hexadecimal digits.
    pub id: String,
    /// Bytes of the stream so far.
    pub offset: i64,
}

/// What stands before the keys.
#[derive(Clone, Debug, Default)]
pub struct Preamble {
    /// The version of the format that the values need.
    pub version: u16,
    /// Unix time in seconds.
    pub ctime_s: i64,
    /// Bytes of memory that the dataset takes (`used_memory`).
    pub used_memory: u64,
    /// Known if there is a backlog or a master (rdb.c `rdbPopulateSaveInfo`).
    pub replication: Option<ReplicationPoint>,
    /// The file is the base of an append-only file.
    pub is_aof_base: bool,
    /// Texts of the libraries of functions.
    pub functions: Vec<Vec<u8>>,
}

/// How a file is written.
#[derive(Clone, Copy, Debug)]
pub struct Style {
    /// It ends with a sum, or else with zeros (`rdbchecksum`).
    pub checksum: bool,
    /// Long strings are compressed (`rdbcompression`).
    pub compress: bool,
}

/// The size of a database.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq)]
pub struct DbSize {
    /// Keys.
    pub keys: u64,
    /// Those of them that expire.
    pub expires: u64,
}

/// A piece of a file that came from a shard.
#[derive(Debug)]
pub struct Piece {
    /// Index of the database of its records.
    pub db: usize,
    /// Records back to back.
    pub bytes: Vec<u8>,
    /// The last record goes on in this shard's next piece.
    pub continues: bool,
}

/// Bytes of a file.
#[derive(Debug, Default)]
pub struct Chunk {
    /// The bytes.
    pub bytes: Vec<u8>,
    /// The shard that gave them, and how many of them it gave: the others are the frame's.
    pub from: Option<(usize, usize)>,
}

/// A database in the file.
#[derive(Clone, Copy, Debug)]
struct Size {
    size: DbSize,
    told: bool,
}

/// Puts a file together.
#[derive(Debug)]
pub struct Assembler {
    sum: Option<Crc64>,
    dbs: Vec<Size>,
    db: Option<usize>,
    /// The shard whose record is not whole.
    open: Option<usize>,
    waiting: VecDeque<(usize, Piece)>,
    len: u64,
}

impl Assembler {
    /// Begins a file; its first bytes go to `out`. `dbs`: the sizes of the databases by index.
    pub fn begin(preamble: &Preamble, style: Style, dbs: &[DbSize], out: &mut Vec<Chunk>) -> Assembler {
        let mut file = Assembler {
            sum: style.checksum.then(Crc64::default),
            dbs: dbs.iter().map(|&size| Size { size, told: false }).collect(),
            db: None,
            open: None,
            waiting: VecDeque::new(),
            len: 0,
        };
        file.put(preamble.bytes(style.compress), None, out);
        file
    }

    /// Takes what a shard gives; what of the file is settled by it goes to `out`.
    pub fn push(&mut self, shard: usize, piece: Piece, out: &mut Vec<Chunk>) {
        if self.open.is_some_and(|open| open != shard) {
            self.waiting.push_back((shard, piece));
            return;
        }
        self.write(shard, piece, out);
        while self.open.is_none()
            && let Some((shard, piece)) = self.waiting.pop_front()
        {
            self.write(shard, piece, out);
            // Only the shard whose record is open may go on, and its pieces came in their order.
            while let Some(open) = self.open
                && let Some(at) = self.waiting.iter().position(|(shard, _)| *shard == open)
                && let Some((shard, piece)) = self.waiting.remove(at)
            {
                self.write(shard, piece, out);
            }
        }
    }

    /// Ends the file. To be called when every shard has given everything.
    ///
    /// # Errors
    /// A record was begun and not ended: the file would be damaged.
    pub fn end(mut self, out: &mut Vec<Chunk>) -> Result<u64, Unfinished> {
        if self.open.is_some() || !self.waiting.is_empty() {
            return Err(Unfinished);
        }
        self.put(vec![opcode::EOF], None, out);
        let sum = self.sum.take().map_or(0, |sum| sum.value());
        self.put(sum.to_le_bytes().to_vec(), None, out);
        Ok(self.len)
    }

    /// Bytes of pieces that wait for another shard's record to end, with the shards that gave them.
    pub fn held(&self) -> impl Iterator<Item = (usize, usize)> + '_ {
        self.waiting.iter().map(|(shard, piece)| (*shard, piece.bytes.len()))
    }

    /// Bytes of the file so far.
    #[must_use]
    pub fn len(&self) -> u64 {
        self.len
    }

    /// Whether nothing was written, which never is.
    #[must_use]
    pub fn is_empty(&self) -> bool {
        self.len == 0
    }

    fn write(&mut self, shard: usize, piece: Piece, out: &mut Vec<Chunk>) {
        let Piece { db, bytes, continues } = piece;
        self.open = continues.then_some(shard);
        if bytes.is_empty() {
            return;
        }
        // Within a record it is: nobody else's piece came in between.
        let from = Some((shard, bytes.len()));
        if self.db == Some(db) {
            return self.put(bytes, from, out);
        }
        let mut selected = Vec::with_capacity(bytes.len() + 32);
        self.select(db, &mut selected);
        selected.extend_from_slice(&bytes);
        self.put(selected, from, out);
    }

    fn select(&mut self, db: usize, out: &mut Vec<u8>) {
        self.db = Some(db);
        out.push(opcode::SELECTDB);
        write_len(out, db as u64);
        let Some(known) = self.dbs.get_mut(db) else { return };
        if !std::mem::replace(&mut known.told, true) {
            out.push(opcode::RESIZEDB);
            write_len(out, known.size.keys);
            write_len(out, known.size.expires);
        }
    }

    fn put(&mut self, bytes: Vec<u8>, from: Option<(usize, usize)>, out: &mut Vec<Chunk>) {
        if let Some(sum) = &mut self.sum {
            sum.update(&bytes);
        }
        self.len += bytes.len() as u64;
        out.push(Chunk { bytes, from });
    }
}

/// A file whose last record is not whole.
#[derive(Clone, Copy, Debug, PartialEq, Eq, thiserror::Error)]
#[error("a record was begun and not ended")]
pub struct Unfinished;

impl Preamble {
    /// The bytes (rdb.c `rdbSaveInfoAuxFields`, `rdbSaveFunctions`).
    fn bytes(&self, compress: bool) -> Vec<u8> {
        let mut out = format!("REDIS{:04}", self.version.max(VERSION)).into_bytes();
        let mut aux = |name: &[u8], value: &[u8]| {
            out.push(opcode::AUX);
            write_string(&mut out, name, compress);
            write_string(&mut out, value, compress);
        };
        aux(b"redis-ver", REDIS_VER);
        aux(b"redis-bits", usize::BITS.to_string().as_bytes());
        aux(b"ctime", self.ctime_s.to_string().as_bytes());
        aux(b"used-mem", self.used_memory.to_string().as_bytes());
        if let Some(point) = &self.replication {
            aux(b"repl-stream-db", point.stream_db.to_string().as_bytes());
            aux(b"repl-id", point.id.as_bytes());
            aux(b"repl-offset", point.offset.to_string().as_bytes());
        }
        aux(b"aof-base", if self.is_aof_base { b"1" } else { b"0" });
        for code in &self.functions {
            out.push(opcode::FUNCTION2);
            write_string(&mut out, code, compress);
        }
        out
    }
}
