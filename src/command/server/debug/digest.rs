//! DEBUG DIGEST and DIGEST-VALUE: a fingerprint of the dataset that is Redis's own (debug.c `computeDatasetDigest`).
//!
//! ```text
//!  xor(d, x)  d ^= SHA1(x)                  does not depend on the order of the x
//!  mix(d, x)  d = SHA1(d ^ SHA1(x))         does
//!
//!  key    d = 0; mix(d, key); mix(d, type as u32 BE); the value; if it expires: xor(d, "!!expire!!")
//!  final  f = 0; for each database that has keys, ascending: mix(f, index as u32 BE), then for each key: xor(f, d)
//! ```
//!
//! Within a database the keys only add up by exclusive or. So shards state that sum per database, the sums add up the
//! same way, and the databases are mixed at the end.
//!
//! Keys that have expired are left out (Redis counts them until they are removed): so two servers that hold the same
//! live keys agree.

use crate::base::digest::{sha1, to_hex};
use crate::base::numbers::write_f64_digits;
use crate::command::{Args, Ctx};
use crate::data::hash::FieldTtl;
use crate::data::{Entry, HKey, Item, Object, StreamId, ValueRef};
use crate::resp::Out;
use std::collections::BTreeMap;

/// A SHA-1 sum, or an exclusive or of such.
pub(super) type Digest = [u8; 20];

const ZERO: Digest = [0; 20];
/// Database index and sum in a part.
const RECORD: usize = 24;

fn add(digest: &mut Digest, other: &Digest) {
    digest.iter_mut().zip(other).for_each(|(a, b)| *a ^= b);
}

fn xor(digest: &mut Digest, bytes: &[u8]) {
    add(digest, &sha1(bytes));
}

fn mix(digest: &mut Digest, bytes: &[u8]) {
    xor(digest, bytes);
    *digest = sha1(digest);
}

/// Adds a value that is more than a short string. The elements of a list have an order; members and fields only add up.
fn mix_object(digest: &mut Digest, object: &Object) {
    let text = |item: Item<'_>| item.to_vec();
    match object {
        Object::Str(bytes) => mix(digest, bytes),
        Object::List(list) => list.iter().for_each(|item| mix(digest, &text(item))),
        Object::Set(set) => set.iter().for_each(|item| xor(digest, &text(item))),
        Object::ZSet(zset) => {
            for (member, score) in zset.iter() {
                let (mut element, mut digits) = (ZERO, Vec::new());
                mix(&mut element, &text(member));
                write_f64_digits(&mut digits, score);
                mix(&mut element, &digits);
                xor(digest, &element);
            }
        }
        Object::Hash(hash) => {
            for (field, value) in hash.pairs(i64::MIN) {
                let (field, mut element) = (text(field), ZERO);
                mix(&mut element, &field);
                mix(&mut element, &text(value));
                if hash.ttl(&field, i64::MIN) != FieldTtl::Never {
                    xor(&mut element, b"!!hexpire!!");
                }
                xor(digest, &element);
            }
        }
        // Its groups have no part in it.
        Object::Stream(stream) => {
            for entry in stream.log.range(StreamId::MIN, StreamId::MAX, false) {
                mix(digest, &entry.id.joined(b'.'));
                for (field, value) in entry.fields() {
                    mix(digest, &text(field));
                    mix(digest, &text(value));
                }
            }
        }
    }
}

/// Adds type, value and expiry of an entry (debug.c `xorObjectDigest`).
fn mix_entry(digest: &mut Digest, entry: &Entry) {
    mix(digest, &u32::from(entry.kind() as u8).to_be_bytes());
    match entry.value() {
        ValueRef::Object(object) => mix_object(digest, object),
        _ => mix(digest, entry.string_bytes(&mut itoa::Buffer::new()).unwrap_or_default()),
    }
    if entry.has_expire() {
        xor(digest, b"!!expire!!");
    }
}

/// The sums of the databases that have keys.
#[derive(Default)]
pub(super) struct Dataset(BTreeMap<u32, Digest>);

impl Dataset {
    /// Of the stores at hand.
    pub(super) fn of_view(ctx: &mut Ctx<'_>) -> Dataset {
        let mut dataset = Dataset::default();
        ctx.keys.view.each(|store| {
            for (db, index) in store.dbs.iter().zip(0u32..) {
                db.table.for_each(|entry| {
                    if !store.expired(entry) {
                        let mut digest = ZERO;
                        mix(&mut digest, entry.key());
                        mix_entry(&mut digest, entry);
                        xor(dataset.0.entry(index).or_insert(ZERO), &digest);
                    }
                });
            }
        });
        dataset
    }

    /// What one shard states: the inverse of [`Dataset::add_part`].
    pub(super) fn write_part(&self, out: &mut Vec<u8>) {
        out.push(b'D');
        for (db, sum) in &self.0 {
            out.extend_from_slice(&db.to_be_bytes());
            out.extend_from_slice(sum);
        }
    }

    /// Adds what one shard stated, its tag taken off.
    pub(super) fn add_part(&mut self, part: &[u8]) {
        for record in part.chunks_exact(RECORD) {
            if let Some((db, sum)) = record.split_first_chunk::<4>() {
                let at = self.0.entry(u32::from_be_bytes(*db)).or_insert(ZERO);
                at.iter_mut().zip(sum).for_each(|(a, b)| *a ^= b);
            }
        }
    }

    /// The digest of all, in hexadecimal.
    pub(super) fn finish(&self) -> String {
        let mut digest = ZERO;
        for (db, sum) in &self.0 {
            mix(&mut digest, &db.to_be_bytes());
            add(&mut digest, sum);
        }
        to_hex(&digest)
    }
}

/// Digests of the values of the named keys; zero for those that are not there.
pub(super) fn of_keys(ctx: &mut Ctx<'_>, args: Args<'_>) -> Vec<Digest> {
    let mut of_key = |name: &&[u8]| {
        let mut digest = ZERO;
        if let Some(entry) = ctx.keys.peek(&HKey::new(name)) {
            mix_entry(&mut digest, entry);
        }
        digest
    };
    args.get(2..).unwrap_or_default().iter().map(&mut of_key).collect()
}

/// What one shard states of the keys asked for.
pub(super) fn write_values_part(values: &[Digest], out: &mut Vec<u8>) {
    out.push(b'V');
    values.iter().for_each(|value| out.extend_from_slice(value));
}

/// Adds what one shard stated, its tag taken off.
pub(super) fn add_values_part(mut values: Vec<Digest>, part: &[u8]) -> Vec<Digest> {
    let (digests, _) = part.as_chunks::<20>();
    values.resize(digests.len(), ZERO);
    values.iter_mut().zip(digests).for_each(|(value, digest)| add(value, digest));
    values
}

/// The reply of DIGEST-VALUE.
pub(super) fn reply_values(values: &[Digest], out: &mut Out<'_>) {
    out.array(values.len());
    values.iter().for_each(|value| out.simple(&to_hex(value)));
}
