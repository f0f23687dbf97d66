//! A value as the commands that make it: what a rewritten file holds without `aof-use-rdb-preamble` (Redis: aof.c
//! `rewriteAppendOnlyFileRio`).
//!
//! | value | commands |
//! |---|---|
//! | string | `SET key text` |
//! | list, set | `RPUSH`, `SADD key element ..`, [`PER_COMMAND`] elements each |
//! | sorted set | `ZADD key score member ..`, likewise, from the lowest score up |
//! | hash | `HMSET key field value ..`, likewise; if a field has a time (Redis 7.4), `HMSET key field value` and `HPEXPIREAT key ms FIELDS 1 field` one by one |
//! | stream | see stream.rs |
//!
//! and `PEXPIREAT key ms` if the key expires. Written in portions, as [`ValueWriter`](crate::persist::rdb::ValueWriter)
//! writes: a portion may end within a command, so only all of them together are to be replayed. The value must not change
//! in between.

mod stream;

#[cfg(test)]
mod tests;

use crate::base::numbers::write_f64;
use crate::data::entry::ValueRef;
use crate::data::{Cursor, Entry, Hash, Item, Object};
use std::ops::Deref;

/// Elements per command (server.h AOF_REWRITE_ITEMS_PER_CMD).
pub const PER_COMMAND: usize = 64;

/// Writes an entry as commands. `E` is the entry, owned or borrowed.
#[derive(Debug)]
pub struct CommandWriter<E> {
    entry: E,
    at: At,
}

/// How far an entry is written.
#[derive(Debug)]
enum At {
    Start,
    /// In a list, set or hash.
    Elements(Cursor, Count),
    /// In a sorted set, before the element of this rank.
    Ranks(usize, Count),
    /// In a hash whose fields have times.
    Timed(Cursor),
    Stream(stream::At),
    /// Behind the value, before the key's expiry.
    Expiry,
    End,
}

/// What is still to be written of a collection.
#[derive(Clone, Copy, Debug)]
struct Count {
    /// Elements in all.
    left: usize,
    /// Elements of the command that was begun.
    open: usize,
}

impl Count {
    fn new(len: usize) -> Count {
        Count { left: len, open: 0 }
    }

    /// Counts an element of `width` words; begins a command before it where the last one is complete.
    #[inline]
    fn element(&mut self, width: usize, name: &[u8], key: &[u8], to: &mut Portion<'_>) {
        if self.open == 0 {
            self.open = self.left.clamp(1, PER_COMMAND);
            to.begin(2 + self.open * width, name, key);
        }
        self.open -= 1;
        self.left = self.left.saturating_sub(1);
    }
}

/// Where commands go, and when the writer pauses.
struct Portion<'o> {
    out: &'o mut Vec<u8>,
    /// Length of `out` from which on the portion is full.
    end: usize,
}

impl Portion<'_> {
    #[inline]
    fn is_full(&self) -> bool {
        self.out.len() >= self.end
    }

    /// Begins a command of so many words: its name and the key are the first.
    fn begin(&mut self, words: usize, name: &[u8], key: &[u8]) {
        self.head(b'*', words);
        self.word(name);
        self.word(key);
    }

    #[inline]
    fn head(&mut self, mark: u8, number: usize) {
        self.out.push(mark);
        self.out.extend_from_slice(itoa::Buffer::new().format(number).as_bytes());
        self.out.extend_from_slice(b"\r\n");
    }

    #[inline]
    fn word(&mut self, word: &[u8]) {
        self.head(b'$', word.len());
        self.out.extend_from_slice(word);
        self.out.extend_from_slice(b"\r\n");
    }

    #[inline]
    fn item(&mut self, item: Item<'_>) {
        self.word(item.bytes(&mut itoa::Buffer::new()));
    }

    fn number(&mut self, number: i64) {
        self.item(Item::Int(number));
    }

    fn score(&mut self, score: f64) {
        let mut digits = Vec::with_capacity(24);
        write_f64(&mut digits, score);
        self.word(&digits);
    }
}

impl<E: Deref<Target = Entry>> CommandWriter<E> {
    /// Before the first command.
    pub fn new(entry: E) -> CommandWriter<E> {
        CommandWriter { entry, at: At::Start }
    }

    /// Appends about `max_bytes` further bytes: it stops behind the element with which they are reached. `true`: these were
    /// the last ones.
    pub fn write_some(&mut self, out: &mut Vec<u8>, max_bytes: usize) -> bool {
        let end = out.len().saturating_add(max_bytes.max(1));
        let mut to = Portion { out, end };
        while !to.is_full() {
            let next = match self.at {
                At::Start => Some(start(&self.entry, &mut to)),
                At::Expiry => {
                    if let Some(at_ms) = self.entry.expire_ms() {
                        to.begin(3, b"PEXPIREAT", self.entry.key());
                        to.number(at_ms);
                    }
                    Some(At::End)
                }
                At::End => return true,
                _ => self.at.write(&self.entry, &mut to).then_some(At::Expiry),
            };
            match next {
                Some(next) => self.at = next,
                None => return false,
            }
        }
        matches!(self.at, At::End)
    }

    /// The entry.
    pub fn entry(&self) -> &Entry {
        &self.entry
    }

    /// The entry, when the writer is done.
    pub fn into_entry(self) -> E {
        self.entry
    }
}

/// Writes a string, or what stands before the elements of another value.
fn start(entry: &Entry, to: &mut Portion<'_>) -> At {
    let object = match entry.value() {
        ValueRef::Object(object) => object,
        value => {
            to.begin(3, b"SET", entry.key());
            match value {
                ValueRef::Int(number) => to.number(number),
                ValueRef::Bytes(bytes) => to.word(bytes),
                ValueRef::Object(_) => {}
            }
            return At::Expiry;
        }
    };
    match object {
        Object::Str(bytes) => {
            to.begin(3, b"SET", entry.key());
            to.word(bytes);
            At::Expiry
        }
        Object::List(list) => At::Elements(Cursor::default(), Count::new(list.len())),
        Object::Set(set) => At::Elements(Cursor::default(), Count::new(set.len())),
        Object::ZSet(zset) => At::Ranks(0, Count::new(zset.len())),
        Object::Hash(hash) if hash.next_due().is_some() => At::Timed(Cursor::default()),
        Object::Hash(hash) => At::Elements(Cursor::default(), Count::new(hash.len())),
        Object::Stream(stream) => At::Stream(stream::At::begin(entry.key(), stream, to)),
    }
}

impl At {
    /// Goes on with the elements until the portion is full or there are none left; whether there are none.
    fn write(&mut self, entry: &Entry, to: &mut Portion<'_>) -> bool {
        let ValueRef::Object(object) = entry.value() else { return true };
        let key = entry.key();
        match (self, object) {
            (At::Elements(cursor, count), Object::List(list)) => {
                each(to, std::iter::from_fn(|| list.next_at(cursor)), |to, element| {
                    count.element(1, b"RPUSH", key, to);
                    to.item(element);
                })
            }
            (At::Elements(cursor, count), Object::Set(set)) => {
                each(to, std::iter::from_fn(|| set.next_at(cursor)), |to, member| {
                    count.element(1, b"SADD", key, to);
                    to.item(member);
                })
            }
            (At::Elements(cursor, count), Object::Hash(hash)) => {
                each(to, std::iter::from_fn(|| hash.next_at(cursor)), |to, (field, value, _)| {
                    count.element(2, b"HMSET", key, to);
                    to.item(field);
                    to.item(value);
                })
            }
            (At::Ranks(rank, count), Object::ZSet(zset)) => {
                each(to, zset.walk(*rank..zset.len(), false), |to, (member, score)| {
                    count.element(2, b"ZADD", key, to);
                    to.score(score);
                    to.item(member);
                    *rank += 1;
                })
            }
            (At::Timed(cursor), Object::Hash(hash)) => write_timed(hash, cursor, key, to),
            (At::Stream(at), Object::Stream(stream)) => at.write(key, stream, to),
            _ => true,
        }
    }
}

/// Calls `write` for the items until the portion is full; whether they have come to an end.
#[inline]
fn each<'o, T>(
    to: &mut Portion<'o>,
    mut items: impl Iterator<Item = T>,
    mut write: impl FnMut(&mut Portion<'o>, T),
) -> bool {
    while !to.is_full() {
        match items.next() {
            Some(item) => write(to, item),
            None => return true,
        }
    }
    false
}

fn write_timed(hash: &Hash, cursor: &mut Cursor, key: &[u8], to: &mut Portion<'_>) -> bool {
    each(to, std::iter::from_fn(|| hash.next_at(cursor)), |to, (field, value, at_ms)| {
        to.begin(4, b"HMSET", key);
        to.item(field);
        to.item(value);
        if let Some(at_ms) = at_ms {
            to.begin(6, b"HPEXPIREAT", key);
            to.number(at_ms);
            to.word(b"FIELDS");
            to.number(1);
            to.item(field);
        }
    })
}
