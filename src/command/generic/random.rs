//! RANDOMKEY: one key of the database at random, each with the same chance wherever it lies.
//!
//! With several shards every shard draws one of its keys and states how many it has; the merge draws a shard by these
//! weights.
//!
//! ```text
//!  fragment = ':' keys CRLF reply            reply: the key, or null in the caller's protocol
//! ```

use crate::command::{Args, Ctx, Outcome, View};
use crate::data::HKey;
use crate::keyspace::Store;

/// RANDOMKEY
pub(super) fn randomkey(ctx: &mut Ctx<'_>, _args: Args<'_>) -> Outcome {
    let db = ctx.keys.db;
    let fragment = ctx.server.shards > 1 && matches!(ctx.keys.view, View::One(_));
    let (mut total, mut chosen) = (0u64, None);
    ctx.keys.view.each(|store| {
        let Some(key) = draw(store, db) else { return };
        let weight = store.table(db).map_or(0, |t| t.len() as u64);
        total = total.saturating_add(weight);
        if store.rng.below(total) < weight {
            chosen = Some(key);
        }
    });
    if fragment {
        ctx.out.int(i64::try_from(total).unwrap_or(i64::MAX));
    }
    match chosen {
        Some(key) => ctx.out.bulk(&key),
        None => ctx.out.null(),
    }
    Ok(())
}

/// A key that has not expired; those drawn that have are removed (Redis: db.c `dbRandomKey`).
fn draw(store: &mut Store, db: usize) -> Option<Box<[u8]>> {
    loop {
        let Store { dbs, rng, .. } = store;
        let entry = dbs.get(db)?.table.random(&mut || rng.next_u64())?;
        let key: Box<[u8]> = entry.key().into();
        // A look-up for writing is what removes an expired key; `peek` tells whether there is a need.
        let hashed = HKey::new(&key);
        if store.peek(db, &hashed).is_some() || store.write(db, &hashed).is_some() {
            return Some(key);
        }
    }
}

/// The reply to fragments of [`randomkey`].
pub(super) fn merge(parts: &[Vec<u8>], random: u64, out: &mut Vec<u8>) {
    let fragments: Vec<(u64, &[u8])> = parts.iter().filter_map(|part| split(part)).collect();
    let total: u64 = fragments.iter().map(|f| f.0).fold(0, u64::saturating_add);
    // The high half of a product spreads 64 random bits evenly over the total.
    let mut at = u64::try_from((u128::from(random) * u128::from(total)) >> 64).unwrap_or(0);
    for &(weight, reply) in &fragments {
        if at < weight {
            return out.extend_from_slice(reply);
        }
        at -= weight;
    }
    // No shard has a key: all replied null.
    out.extend_from_slice(fragments.first().map_or(b"$-1\r\n", |f| f.1));
}

/// Weight and reply of a fragment.
fn split(part: &[u8]) -> Option<(u64, &[u8])> {
    let end = memchr::memchr(b'\r', part)?;
    let weight = crate::base::numbers::parse_u64(part.get(1..end)?)?;
    Some((weight, part.get(end + 2..)?))
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn fragments_are_drawn_by_their_weights() {
        let parts = [b":1\r\n$1\r\na\r\n".to_vec(), b":0\r\n$-1\r\n".to_vec(), b":3\r\n$1\r\nb\r\n".to_vec()];
        let mut rng = crate::base::prng::Prng::new(1);
        let mut hits = 0;
        for _ in 0..4_000 {
            let mut out = Vec::new();
            merge(&parts, rng.next_u64(), &mut out);
            assert!(out == b"$1\r\na\r\n" || out == b"$1\r\nb\r\n");
            hits += usize::from(out == b"$1\r\na\r\n");
        }
        assert!((900..1_100).contains(&hits), "{hits}");
    }

    #[test]
    fn shards_without_keys_reply_null_in_the_callers_protocol() {
        let mut out = Vec::new();
        merge(&[b":0\r\n_\r\n".to_vec(), b":0\r\n_\r\n".to_vec()], 7, &mut out);
        assert_eq!(out, b"_\r\n");
    }
}
