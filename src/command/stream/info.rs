//! XINFO: what is known of a stream, its groups and their consumers (t_stream.c `xinfoCommand`).

use super::{KEYS, bad_subcommand, no_group_in, reply};
use crate::command::args::{c_str, int, is, word};
use crate::command::meta::stream as meta;
use crate::command::{Args, Ctx, Failure, Outcome, Route, Row, help};
use crate::data::stream::{Consumer, Group, Log};
use crate::data::{HKey, Stream, StreamId};
use crate::resp::Out;

/// Rows of the subcommands.
pub(super) static ROWS: &[Row] = &[
    Row::new(&meta::XINFO_CONSUMERS, KEYS, consumers),
    Row::new(&meta::XINFO_GROUPS, KEYS, groups),
    Row::new(&meta::XINFO_HELP, Route::Home, show_help),
    Row::new(&meta::XINFO_STREAM, KEYS, stream),
];

/// Entries of each list of XINFO STREAM FULL.
const FULL_COUNT: usize = 10;

/// Fields of a map, one after the other.
struct Map<'a, 'o>(&'a mut Out<'o>);

impl Map<'_, '_> {
    fn name(&mut self, name: &str) -> &mut Self {
        self.0.bulk(name.as_bytes());
        self
    }

    fn int(&mut self, name: &str, number: i64) {
        self.name(name).0.int(number);
    }

    fn count(&mut self, name: &str, count: usize) {
        self.name(name).0.count(count);
    }

    fn id(&mut self, name: &str, id: StreamId) {
        reply::id(self.name(name).0, id);
    }

    fn text(&mut self, name: &str, text: &[u8]) {
        self.name(name).0.bulk(text);
    }

    fn maybe(&mut self, name: &str, number: Option<i64>) {
        self.name(name);
        match number {
            Some(number) => self.0.int(number),
            None => self.0.null(),
        }
    }
}

/// XINFO STREAM key [FULL [COUNT count]]
fn stream(ctx: &mut Ctx<'_>, args: Args<'_>) -> Outcome {
    let key = HKey::new(word(args, 2));
    let stream = ctx.keys.read_as::<Stream>(&key)?.ok_or(Failure::NoSuchKey)?;
    let full = match args.get(3..).unwrap_or_default() {
        [] => None,
        [full] if is(c_str(full), "FULL") => Some(FULL_COUNT),
        [full, name, count] if is(c_str(full), "FULL") && is(c_str(name), "COUNT") => {
            Some(usize::try_from(int(count)?).unwrap_or(FULL_COUNT))
        }
        _ => return Err(bad_subcommand(args)),
    };
    let (log, out) = (&stream.log, &mut ctx.out);
    out.map(if full.is_some() { 9 } else { 10 });
    counters(&mut Map(out), log);
    if let Some(count) = full {
        out.bulk(b"entries");
        reply::entries(out, log.range(StreamId::MIN, StreamId::MAX, false), count);
        out.bulk(b"groups");
        out.array(stream.groups().len());
        for (name, group) in stream.groups() {
            full_group(out, log, name, group, reply::limit(count));
        }
        return Ok(());
    }
    Map(out).count("groups", stream.groups().len());
    for (name, reverse) in [("first-entry", false), ("last-entry", true)] {
        out.bulk(name.as_bytes());
        match log.range(StreamId::MIN, StreamId::MAX, reverse).next() {
            Some(entry) => reply::entry(out, &entry),
            None => out.null(),
        }
    }
    Ok(())
}

fn counters(map: &mut Map<'_, '_>, log: &Log) {
    map.int("length", log.len().cast_signed());
    map.count("radix-tree-keys", log.node_count());
    map.count("radix-tree-nodes", log.radix_nodes());
    map.id("last-generated-id", log.last_id());
    map.id("max-deleted-entry-id", log.max_deleted_id());
    map.int("entries-added", log.added().cast_signed());
    map.id("recorded-first-entry-id", log.first_id());
}

fn read_counters(map: &mut Map<'_, '_>, log: &Log, group: &Group) {
    map.id("last-delivered-id", group.last_id);
    map.maybe("entries-read", group.entries_read.map(u64::cast_signed));
    map.maybe("lag", group.lag(log));
}

fn full_group(out: &mut Out<'_>, log: &Log, name: &[u8], group: &Group, count: usize) {
    out.map(7);
    let mut map = Map(out);
    map.text("name", name);
    read_counters(&mut map, log, group);
    map.count("pel-count", group.pending().len());
    out.bulk(b"pending");
    out.array(group.pending().len().min(count));
    for (id, pending) in group.pending().iter().take(count) {
        out.array(4);
        reply::id(out, *id);
        out.bulk(group.consumer(pending.consumer).map_or(&[], |consumer| &consumer.name));
        out.int(pending.delivered_ms);
        out.int(pending.deliveries.cast_signed());
    }
    out.bulk(b"consumers");
    out.array(group.consumer_count());
    group.consumers().for_each(|consumer| full_consumer(out, group, consumer, count));
}

fn full_consumer(out: &mut Out<'_>, group: &Group, consumer: &Consumer, count: usize) {
    out.map(5);
    let mut map = Map(out);
    map.text("name", &consumer.name);
    map.int("seen-time", consumer.seen_ms);
    map.int("active-time", consumer.active_ms.unwrap_or(-1));
    map.count("pel-count", consumer.pending().len());
    out.bulk(b"pending");
    out.array(consumer.pending().len().min(count));
    for id in consumer.pending().iter().take(count) {
        let pending = group.pending().get(id);
        out.array(3);
        reply::id(out, *id);
        out.int(pending.map_or(0, |pending| pending.delivered_ms));
        out.int(pending.map_or(0, |pending| pending.deliveries.cast_signed()));
    }
}

/// XINFO GROUPS key
fn groups(ctx: &mut Ctx<'_>, args: Args<'_>) -> Outcome {
    let key = HKey::new(word(args, 2));
    let stream = ctx.keys.read_as::<Stream>(&key)?.ok_or(Failure::NoSuchKey)?;
    ctx.out.array(stream.groups().len());
    for (name, group) in stream.groups() {
        ctx.out.map(6);
        let mut map = Map(&mut ctx.out);
        map.text("name", name);
        map.count("consumers", group.consumer_count());
        map.count("pending", group.pending().len());
        read_counters(&mut map, &stream.log, group);
    }
    Ok(())
}

/// XINFO CONSUMERS key group
fn consumers(ctx: &mut Ctx<'_>, args: Args<'_>) -> Outcome {
    let (key, name, now_ms) = (HKey::new(word(args, 2)), word(args, 3), ctx.keys.now_ms);
    let stream = ctx.keys.read_as::<Stream>(&key)?.ok_or(Failure::NoSuchKey)?;
    let group = stream.group(name).ok_or_else(|| no_group_in(key.bytes, name))?;
    ctx.out.array(group.consumer_count());
    for consumer in group.consumers() {
        ctx.out.map(4);
        let mut map = Map(&mut ctx.out);
        map.text("name", &consumer.name);
        map.count("pending", consumer.pending().len());
        map.int("idle", now_ms.wrapping_sub(consumer.seen_ms).max(0));
        map.int("inactive", consumer.active_ms.map_or(-1, |active| now_ms.wrapping_sub(active)));
    }
    Ok(())
}

/// XINFO HELP
fn show_help(ctx: &mut Ctx<'_>, _: Args<'_>) -> Outcome {
    help::reply(
        &mut ctx.out,
        "XINFO",
        &[
            "CONSUMERS <key> <groupname>",
            "    Show consumers of <groupname>.",
            "GROUPS <key>",
            "    Show the stream consumer groups.",
            "STREAM <key> [FULL [COUNT <count>]",
            "    Show information about the stream.",
        ],
    );
    Ok(())
}
