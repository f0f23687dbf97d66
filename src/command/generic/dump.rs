//! DUMP and RESTORE: a value as bytes and back (Redis: cluster.c `dumpCommand`, `restoreCommand`).

use super::first;
use crate::command::args::{int, is, word};
use crate::command::{Args, Ctx, Failure, Outcome};
use crate::data::Limits;
use crate::keyspace::{Class, lru};
use crate::log;
use crate::persist::rdb::payload;

/// DUMP key
pub(super) fn dump(ctx: &mut Ctx<'_>, args: Args<'_>) -> Outcome {
    let compress = ctx.server.config.load().rdbcompression;
    match ctx.keys.read(&first(args)) {
        Some(entry) => ctx.out.bulk(&payload::dump(entry, compress)),
        None => ctx.out.null(),
    }
    Ok(())
}

/// The words behind the payload.
#[derive(Default)]
struct Options {
    replace: bool,
    absolute: bool,
    /// Seconds since the last use.
    idle_s: Option<i64>,
    /// LFU counter.
    freq: Option<u32>,
}

impl Options {
    fn parse(words: Args<'_>) -> Result<Options, Failure> {
        let mut options = Options::default();
        let mut words = words.iter();
        while let Some(option) = words.next() {
            match () {
                () if is(option, "REPLACE") => options.replace = true,
                () if is(option, "ABSTTL") => options.absolute = true,
                () if is(option, "IDLETIME") && options.freq.is_none() => {
                    let idle = int(words.next().ok_or(Failure::Syntax)?)?;
                    if idle < 0 {
                        return Err(Failure::text("ERR Invalid IDLETIME value, must be >= 0"));
                    }
                    options.idle_s = Some(idle);
                }
                () if is(option, "FREQ") && options.idle_s.is_none() => {
                    let freq = int(words.next().ok_or(Failure::Syntax)?)?;
                    let freq = u32::try_from(freq).ok().filter(|&freq| freq <= 255);
                    options.freq =
                        Some(freq.ok_or(Failure::text("ERR Invalid FREQ value, must be >= 0 and <= 255"))?);
                }
                () => return Err(Failure::Syntax),
            }
        }
        Ok(options)
    }
}

/// RESTORE key ttl serialized-value [REPLACE] [ABSTTL] [IDLETIME seconds] [FREQ frequency]
pub(super) fn restore(ctx: &mut Ctx<'_>, args: Args<'_>) -> Outcome {
    let (key, options) = (first(args), Options::parse(args.get(4..).unwrap_or_default())?);
    if !options.replace && ctx.keys.write(&key).is_some() {
        return Err(Failure::text("BUSYKEY Target key name already exists."));
    }
    let ttl = int(word(args, 2))?;
    if ttl < 0 {
        return Err(Failure::text("ERR Invalid TTL value, must be >= 0"));
    }
    let value = payload::verified_unless(ctx.server.switches.are_sums_unchecked(), word(args, 3))
        .ok_or(Failure::text("ERR DUMP payload version or checksum are wrong"))?;
    let limits: Limits = ctx.keys.store(&key).limits;
    let value = payload::restore(value, &limits).map_err(|why| {
        log!(Warning, "RESTORE: integrity check failed: {why}");
        Failure::text("ERR Bad data format")
    })?;
    let now_ms = ctx.keys.now_ms;
    let at_ms = match (ttl, options.absolute) {
        (0, _) => None,
        (ttl, true) => Some(ttl),
        (ttl, false) => {
            Some(ttl.checked_add(now_ms).ok_or(Failure::text("ERR Invalid TTL value, must be >= 0"))?)
        }
    };
    let lazy = ctx.keys.store(&key).policy.lazy_server_del;
    if at_ms.is_some_and(|at| at < ctx.judge_ms()) {
        // What has expired already only takes the place of what was there.
        if let Some(old) = ctx.keys.remove(&key) {
            ctx.keys.store(&key).free(old, lazy);
            ctx.keys.effect(&key, &[if lazy { b"UNLINK".as_slice() } else { b"DEL" }, key.bytes]);
            ctx.keys.changed(&key, Class::Generic, "del");
        }
        ctx.out.ok();
        return Ok(());
    }
    if let Some(old) = ctx.keys.put(&key, value.into_entry(key.bytes, at_ms)) {
        ctx.keys.store(&key).free(old, lazy);
    }
    mark_use(ctx, args, &options);
    state(ctx, args, at_ms, &options);
    ctx.keys.changed(&key, Class::Generic, "restore");
    ctx.out.ok();
    Ok(())
}

/// Sets the clock or counter of use that the options give, if the eviction policy is of that kind (object.c
/// `objectSetLRUOrLFU`).
fn mark_use(ctx: &mut Ctx<'_>, args: Args<'_>, options: &Options) {
    let (key, now_ms) = (first(args), ctx.keys.now_ms);
    let policy = ctx.keys.store(&key).policy;
    let Some(entry) = ctx.keys.peek(&key) else { return };
    match (options.idle_s, options.freq) {
        (Some(idle_s), None) if !policy.lfu => entry.set_lru(lru::idle_since(now_ms, idle_s)),
        (None, Some(freq)) if policy.lfu => entry.set_lru(lru::lfu_with(now_ms, freq)),
        _ => {}
    }
}

/// States the effect: the command itself, with an absolute time and without what would refuse it.
fn state(ctx: &mut Ctx<'_>, args: Args<'_>, at_ms: Option<i64>, options: &Options) {
    let key = first(args);
    if !ctx.keys.journaled(&key) {
        return;
    }
    let (mut at, mut uses) = (itoa::Buffer::new(), itoa::Buffer::new());
    let at = at.format(at_ms.unwrap_or(0)).as_bytes();
    let mut argv: Vec<&[u8]> = vec![b"RESTORE", key.bytes, at, word(args, 3), b"REPLACE"];
    if at_ms.is_some() {
        argv.push(b"ABSTTL");
    }
    match (options.idle_s, options.freq) {
        (Some(idle), _) => argv.extend([b"IDLETIME".as_slice(), uses.format(idle).as_bytes()]),
        (_, Some(freq)) => argv.extend([b"FREQ".as_slice(), uses.format(freq).as_bytes()]),
        _ => {}
    }
    ctx.keys.effect(&key, &argv);
}
