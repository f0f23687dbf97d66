//! The side of the keys' owner: registering clients that block, and running their commands again when a key got
//! something.
//!
//! It runs on whatever thread holds the ground: the owner's, or the one that runs a transaction over several shards. So
//! it touches neither sockets nor rings; what it has to say lies in `Ground::letters` until the owner sends it.
//!
//! Keys are taken in the order in which they got something, the clients of a key in the order in which they began to wait
//! (Redis: blocked.c `handleClientsBlockedOnKeys`). A command that is served may make further keys ready (BLMOVE into a
//! list that others wait for); they are handled in the same go. That ends: what makes keys ready here is a served
//! command, and each ends a wait.

use super::super::ground::Ground;
use super::super::input::execute_for;
use super::super::mesh::Caller;
use super::super::meter::Meter;
use super::letter::Letter;
use super::narrow::narrow;
use crate::acl::Context;
use crate::command::access::{self, Culprit};
use crate::command::blocking::Asked;
use crate::command::{Args, Command, Server, Timeout, table};
use crate::data::{Entry, HKey};
use crate::keyspace::claim::{Back, Take};
use crate::keyspace::{Claim, Store, Waiter, slots};
use crate::resp::Out;
use ahash::AHashSet;
use std::sync::Arc;

/// A client that begins to wait: what it asked for and who it is.
pub fn waiter(
    server: &Server,
    home: usize,
    caller: Caller,
    command: &'static Command,
    argv: Args<'_>,
    asked: Asked,
) -> Arc<Waiter> {
    let owner = |key: &[u8]| slots::owner(HKey::new(key).slot, server.shards);
    let mut seen = AHashSet::new();
    let words = asked.keys.iter().filter_map(|&at| argv.get(at).copied());
    let keys: Vec<Box<[u8]>> = words.filter(|key| seen.insert(*key)).map(Box::from).collect();
    let mut shards: Vec<usize> = keys.iter().map(|key| owner(key)).collect();
    shards.sort_unstable();
    shards.dedup();
    let mut all = Vec::new();
    let whole = table::keys_of(command, argv, &mut all).is_ok()
        && all.iter().filter_map(|&at| argv.get(at)).any(|key| shards.binary_search(&owner(key)).is_err());
    Arc::new(Waiter {
        claim: Claim::new(),
        seq: server.next_arrival(),
        client: caller.client,
        home,
        db: caller.db,
        proto: caller.proto,
        no_touch: caller.no_touch,
        user: caller.user,
        tracks: caller.tracks,
        kind: asked.kind,
        on_delete: asked.on_delete,
        timeout_ms: asked.timeout_ms,
        null_array: asked.on_timeout == Timeout::NullArray,
        command: command.id,
        words: asked.rewrite.unwrap_or_else(|| argv.iter().map(|word| word.to_vec()).collect()),
        keys,
        shards,
        whole,
    })
}

/// Registers a client for those of its keys that shard `shard` of `shards` owns.
pub fn register(store: &mut Store, waiter: &Arc<Waiter>, shard: usize, shards: usize) {
    store.blocked.add(waiter, |key| slots::owner(HKey::new(key).slot, shards) == shard);
}

/// Signals those keys of `waiter` that are in this store: whoever waits for them is looked at with the next [`serve`].
pub fn look(store: &mut Store, waiter: &Waiter) {
    for key in &waiter.keys {
        if store.peek(waiter.db, &HKey::new(key)).is_some() {
            store.blocked.signal(waiter.db, key);
        }
    }
}

/// Serves the clients of all keys that are ready; to be called after every command, transaction or script, before the
/// next. `runner` is the shard whose thread this is: statistics have one writer each.
#[inline]
pub fn serve(ground: &mut Ground, meter: &mut Meter, runner: usize) {
    if ground.store.blocked.has_ready() {
        serve_ready(ground, meter, runner);
    }
}

#[cold]
fn serve_ready(ground: &mut Ground, meter: &mut Meter, runner: usize) {
    // Redis: server.c `processCommand` postpones what is woken during a pause; here the keys stay ready until it ends.
    if ground.server.paused(ground.store.now_ms).is_some() {
        return;
    }
    while let Some((db, key)) = ground.store.blocked.next_ready() {
        serve_key(ground, meter, runner, db, &key);
    }
}

fn serve_key(ground: &mut Ground, meter: &mut Meter, runner: usize, db: usize, key: &[u8]) {
    let hashed = HKey::new(key);
    let mut from = 0;
    while let Some(waiter) = ground.store.blocked.waiter(db, key, from) {
        from = waiter.seq.saturating_add(1);
        let kind = ground.store.peek(db, &hashed).map(Entry::kind);
        if kind != Some(waiter.kind) && !waiter.on_delete {
            if kind.is_none() && !ground.store.blocked.waits_for_deletion(db, key) {
                // Earlier clients took all there was.
                return;
            }
            continue;
        }
        match waiter.claim.take() {
            Take::Done => ground.store.blocked.remove(&waiter),
            // Those behind a client whose command is on its way to all the shards it needs wait until it has been there:
            // else they would overtake it time and again.
            Take::Busy if waiter.whole => return,
            Take::Busy => {}
            Take::Mine if refused(ground, meter, runner, &waiter) => {}
            Take::Mine if waiter.whole => {
                ground.letters.push((waiter.home, Letter::Again(waiter)));
                return;
            }
            Take::Mine => run_again(ground, meter, runner, waiter),
        }
    }
}

/// Whether a claimed client may not run its command any more, since rules have changed while it waited: then its wait ends
/// with an error (Redis: server.c `processCommand`, which a woken command goes through again).
fn refused(ground: &mut Ground, meter: &mut Meter, runner: usize, waiter: &Arc<Waiter>) -> bool {
    let Ground { server, stand_in, store, .. } = &mut *ground;
    let Some(command) = table::by_id(waiter.command) else { return false };
    (stand_in.id, stand_in.guest) = (waiter.client, Some(waiter.user));
    let Some(user) = stand_in.limits(&server.acl) else { return false };
    let argv: Vec<&[u8]> = waiter.words.iter().map(Vec::as_slice).collect();
    let Err(denied) = access::permit(&user, command, &argv) else { return false };
    let culprit =
        Culprit { session: stand_in, user: user.name(), command, argv: &argv, now_ms: store.now_ms };
    server.log_denied(denied, Context::Toplevel, &culprit);
    let mut reply = Vec::new();
    let failure = denied.failure(&user, command, &argv);
    Out::new(&mut reply, waiter.proto).error(&failure.line());
    meter.refused(server, runner, Some(command), &failure);
    waiter.claim.served();
    store.blocked.remove(waiter);
    ground.letters.push((waiter.home, Letter::Reply(waiter.clone(), reply)));
    true
}

/// Runs the command of a client that this shard has claimed.
fn run_again(ground: &mut Ground, meter: &mut Meter, runner: usize, waiter: Arc<Waiter>) {
    let Some(command) = table::by_id(waiter.command) else { return };
    let mut argv: Vec<&[u8]> = waiter.words.iter().map(Vec::as_slice).collect();
    let own_words: Vec<Vec<u8>>;
    if waiter.shards.len() > 1 {
        let (shard, shards) = (ground.shard, ground.server.shards);
        own_words = narrow(command, &argv, |key| slots::owner(HKey::new(key).slot, shards) == shard);
        argv = own_words.iter().map(Vec::as_slice).collect();
    }
    let caller = Caller {
        conn: 0,
        client: waiter.client,
        db: waiter.db,
        proto: waiter.proto,
        home: waiter.home,
        no_touch: waiter.no_touch,
        user: waiter.user,
        tracks: waiter.tracks,
    };
    let mut reply = Vec::new();
    let asked = execute_for(ground, Some((meter, runner)), caller, command, &argv, &mut reply, None).asked();
    ground.store.journal.end_unit();
    if asked.is_none() {
        waiter.claim.served();
        ground.store.blocked.remove(&waiter);
        ground.letters.push((waiter.home, Letter::Reply(waiter, reply)));
        return;
    }
    match waiter.claim.put_back() {
        Back::Waits => {}
        Back::Missed => {
            let others = waiter.shards.iter().filter(|shard| **shard != ground.shard);
            ground.letters.extend(others.map(|&shard| (shard, Letter::Look(waiter.clone()))));
        }
        Back::Ended(_) => {
            ground.store.blocked.remove(&waiter);
            ground.letters.push((waiter.home, Letter::Nothing(waiter)));
        }
    }
}
