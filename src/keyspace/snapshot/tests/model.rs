//! What a store holds, in the plainest form, and the same read back from blocks.

use super::{Block, End, Sink};
use crate::data::entry::Kind;
use crate::data::hash::FieldTtl;
use crate::data::{Entry, HKey, Hash, Limits, List, Set, Stream, ValueRef, ZSet};
use crate::keyspace::{Store, collection};
use crate::persist::rdb::{self, Reader, opcode};
use std::collections::{BTreeMap, BTreeSet};
use std::sync::{Arc, Mutex};

/// A value without its encoding.
#[derive(Clone, Debug, PartialEq)]
pub(super) enum Plain {
    Text(Vec<u8>),
    List(Vec<Vec<u8>>),
    Set(BTreeSet<Vec<u8>>),
    ZSet(BTreeMap<Vec<u8>, u64>),
    Hash(BTreeMap<Vec<u8>, (Vec<u8>, FieldTtl)>),
    /// As bytes of the format: nodes, groups, what is pending.
    Stream(Vec<u8>),
}

/// By database and key: expiry, value.
pub(super) type Contents = BTreeMap<(usize, Vec<u8>), (Option<i64>, Plain)>;

pub(super) fn plain(entry: &Entry) -> Plain {
    match entry.kind() {
        Kind::String => Plain::Text(entry.string_bytes(&mut itoa::Buffer::new()).unwrap().to_vec()),
        Kind::List => {
            Plain::List(collection::<List>(entry).unwrap().iter().map(|item| item.to_vec()).collect())
        }
        Kind::Set => Plain::Set(collection::<Set>(entry).unwrap().iter().map(|item| item.to_vec()).collect()),
        Kind::ZSet => {
            let members = collection::<ZSet>(entry).unwrap().iter();
            Plain::ZSet(members.map(|(member, score)| (member.to_vec(), score.to_bits())).collect())
        }
        Kind::Hash => {
            let hash = collection::<Hash>(entry).unwrap();
            let pairs = hash.pairs(i64::MIN).map(|(field, value)| {
                let field = field.to_vec();
                let ttl = hash.ttl(&field, i64::MIN);
                (field, (value.to_vec(), ttl))
            });
            Plain::Hash(pairs.collect())
        }
        Kind::Stream => {
            let mut bytes = Vec::new();
            rdb::write_value(&mut bytes, entry, false);
            assert!(matches!(entry.value(), ValueRef::Object(_)));
            collection::<Stream>(entry).unwrap();
            Plain::Stream(bytes)
        }
    }
}

pub(super) fn contents(store: &Store) -> Contents {
    let mut all = Contents::new();
    for (index, db) in store.dbs.iter().enumerate() {
        db.table.for_each(|entry| {
            let old = all.insert((index, entry.key().to_vec()), (entry.expire_ms(), plain(entry)));
            assert!(old.is_none(), "a key twice in the table");
        });
    }
    all
}

/// What came out of a snapshot.
#[derive(Default)]
pub(super) struct Received {
    pub(super) blocks: Vec<Block>,
    /// Blocks that may still come before there is no room.
    pub(super) room: usize,
    pub(super) ends: Vec<End>,
}

/// A sink that keeps what it gets, while it has room.
#[derive(Clone, Default)]
pub(super) struct Tray(pub(super) Arc<Mutex<Received>>);

impl Tray {
    pub(super) fn roomy() -> Tray {
        let tray = Tray::default();
        tray.0.lock().unwrap().room = usize::MAX;
        tray
    }
}

impl Sink for Tray {
    fn block(&mut self, block: Block) {
        let mut received = self.0.lock().unwrap();
        assert!(received.ends.is_empty(), "a block after the end");
        received.room = received.room.saturating_sub(1);
        received.blocks.push(block);
    }

    fn has_room(&self) -> bool {
        self.0.lock().unwrap().room > 0
    }

    fn end(&mut self, end: End) {
        self.0.lock().unwrap().ends.push(end);
    }
}

/// Reads blocks as a file's reader would: no key may come twice, and what `continues` is one record with the next block.
pub(super) fn read_back(blocks: &[Block]) -> Contents {
    let mut all = Contents::new();
    let mut record: Vec<u8> = Vec::new();
    let mut of_db = None;
    for block in blocks {
        if let Some(db) = of_db {
            assert_eq!(db, block.db, "something between the pieces of a value");
        }
        record.extend_from_slice(&block.bytes);
        if block.continues {
            assert!(!block.bytes.is_empty() && block.keys == 0);
            of_db = Some(block.db);
            continue;
        }
        of_db = None;
        assert!(block.keys > 0);
        let mut from = Reader::new(&record);
        let mut keys = 0;
        while from.left() > 0 {
            let (key, value) = read_record(&mut from);
            assert!(
                all.insert((block.db, key.clone()), value).is_none(),
                "{:?} twice",
                key.escape_ascii().to_string()
            );
            keys += 1;
        }
        assert_eq!(keys, block.keys);
        record.clear();
    }
    assert!(record.is_empty() && of_db.is_none(), "a value has no end");
    all
}

fn read_record(from: &mut Reader<'_>) -> (Vec<u8>, (Option<i64>, Plain)) {
    let mut expire = None;
    let kind = loop {
        match from.byte().unwrap() {
            opcode::EXPIRETIME_MS => expire = Some(i64::from_le_bytes(from.array().unwrap())),
            opcode::IDLE => drop(from.length().unwrap()),
            opcode::FREQ => drop(from.byte().unwrap()),
            kind => break kind,
        }
    };
    let key = from.string().unwrap().into_owned();
    let entry = rdb::read_value(from, kind, &Limits::default()).unwrap().into_entry(&key, expire);
    (key, (expire, plain(&entry)))
}

/// A hashed key, for short.
pub(super) fn hashed(key: &[u8]) -> HKey<'_> {
    HKey::new(key)
}
