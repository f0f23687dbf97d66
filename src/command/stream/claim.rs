//! XCLAIM and XAUTOCLAIM: pending entries change hands.

use super::effects::Effects;
use super::{ids, noted, reply, require_group};
use crate::command::args::{c_str, int, int_or, is, word};
use crate::command::{Args, Ctx, Failure, Outcome};
use crate::data::stream::{ConsumerSlot, Group, Log, Pending};
use crate::data::{HKey, Stream, StreamId};
use crate::resp::Out;

/// XAUTOCLAIM: pending entries looked at for each that may be replied.
const ATTEMPTS: i64 = 10;
/// XAUTOCLAIM: entries replied where no COUNT is given.
const COUNT: i64 = 100;
/// XAUTOCLAIM: the greatest COUNT, so that neither the attempts nor the ids that Redis makes room for overflow.
const COUNT_MAX: i64 = i64::MAX / 16;

/// What a claim does to the entries that it gets.
struct Claim<'a> {
    consumer: &'a [u8],
    min_idle_ms: i64,
    now_ms: i64,
    /// The time of delivery that the entries get.
    delivered_ms: i64,
    /// The number of deliveries that they get; one more without.
    deliveries: Option<u64>,
    /// Entries that are not pending are taken too.
    force: bool,
    /// The reply is ids, and the number of deliveries stays.
    just_id: bool,
}

/// What became of the group.
#[derive(Default)]
struct Claimed {
    /// The consumer is new.
    created: bool,
    /// Changes that the dataset counts.
    changes: u64,
}

/// A group in which a claim is at work.
struct Work<'a, 'o> {
    claim: &'a Claim<'a>,
    log: &'a Log,
    group: &'a mut Group,
    slot: ConsumerSlot,
    out: &'a mut Out<'o>,
    effects: &'a mut Effects,
    done: Claimed,
}

/// What became of one id.
#[derive(PartialEq)]
enum Fate {
    /// It was claimed and replied.
    Claimed,
    /// It has no entry any more and is no longer pending.
    Gone,
    /// It stays as it is.
    Left,
}

impl Work<'_, '_> {
    fn take(&mut self, id: StreamId) -> Fate {
        let old = self.group.pending().get(&id).copied();
        let Some(entry) = self.log.get(id) else {
            let Some(old) = old else { return Fate::Left };
            self.effects.claimed(self.group, id, old);
            self.group.ack(id);
            self.done.changes += 1;
            return Fate::Gone;
        };
        let idle = |old: &Pending| self.claim.now_ms.wrapping_sub(old.delivered_ms);
        let ripe = |old: &Pending| self.claim.min_idle_ms == 0 || idle(old) >= self.claim.min_idle_ms;
        let before = match old {
            Some(old) if ripe(&old) => old.deliveries,
            // As if it had just been delivered.
            None if self.claim.force => 1,
            _ => return Fate::Left,
        };
        let deliveries = match self.claim.deliveries {
            Some(count) => count,
            None => before.wrapping_add(u64::from(!self.claim.just_id)),
        };
        let pending = Pending { consumer: self.slot, delivered_ms: self.claim.delivered_ms, deliveries };
        self.group.set(id, pending);
        if let Some(consumer) = self.group.consumer_mut(self.slot) {
            consumer.active_ms = Some(self.claim.now_ms);
        }
        if self.claim.just_id {
            reply::id(self.out, id);
        } else {
            reply::entry(self.out, &entry);
        }
        self.effects.claimed(self.group, id, pending);
        self.done.changes += 1;
        Fate::Claimed
    }
}

/// Lets `work` claim entries of the group in words 1 and 2, which is there, and accounts for it.
fn run(
    ctx: &mut Ctx<'_>,
    args: Args<'_>,
    claim: &Claim<'_>,
    work: impl FnOnce(&mut Work<'_, '_>),
) -> Outcome {
    let (key, name) = (HKey::new(word(args, 1)), word(args, 2));
    let mut effects = Effects::new(ctx.keys.journaled(&key));
    let out = &mut ctx.out;
    let edited = ctx.keys.edit(&key, |stream: &mut Stream, _| {
        let (log, group) = stream.parts(name)?;
        let (slot, created) = group.find_or_create(claim.consumer, claim.now_ms);
        if let Some(consumer) = group.consumer_mut(slot) {
            consumer.seen_ms = claim.now_ms;
        }
        let done = Claimed { created, changes: 0 };
        let mut at_work = Work { claim, log, group, slot, out, effects: &mut effects, done };
        work(&mut at_work);
        Some(at_work.done)
    })?;
    let done = edited.and_then(|edited| edited.result).unwrap_or_default();
    effects.state(&mut ctx.keys, &key, name);
    if done.created {
        noted(&mut ctx.keys, &key, 1, Some("xgroup-createconsumer"));
    }
    noted(&mut ctx.keys, &key, done.changes, None);
    Ok(())
}

/// What follows the ids of an XCLAIM.
#[derive(Default)]
struct Options {
    delivered_ms: Option<i64>,
    deliveries: Option<u64>,
    force: bool,
    just_id: bool,
    last_id: StreamId,
}

impl Options {
    fn parse(words: Args<'_>, now_ms: i64) -> Result<Options, Failure> {
        let mut options = Options::default();
        let mut words = words;
        while let [name, rest @ ..] = words {
            let name = c_str(name);
            words = rest;
            if is(name, "FORCE") {
                options.force = true;
                continue;
            }
            if is(name, "JUSTID") {
                options.just_id = true;
                continue;
            }
            let [value, rest @ ..] = rest else { return Err(unknown(name)) };
            words = rest;
            if is(name, "IDLE") {
                let idle = int_or(value, "ERR Invalid IDLE option argument for XCLAIM")?;
                options.delivered_ms = Some(now_ms.wrapping_sub(idle));
            } else if is(name, "TIME") {
                options.delivered_ms = Some(int_or(value, "ERR Invalid TIME option argument for XCLAIM")?);
            } else if is(name, "RETRYCOUNT") {
                let count = int_or(value, "ERR Invalid RETRYCOUNT option argument for XCLAIM")?;
                options.deliveries = u64::try_from(count).ok();
            } else if is(name, "LASTID") {
                options.last_id = ids::exact(value)?;
            } else {
                return Err(unknown(name));
            }
        }
        Ok(options)
    }
}

fn unknown(name: &[u8]) -> Failure {
    Failure::Bytes([b"ERR Unrecognized XCLAIM option '", name, b"'"].concat())
}

/// XCLAIM key group consumer min-idle-time id [id ...] [IDLE ms] [TIME unix-ms] [RETRYCOUNT count] [FORCE] [JUSTID] [LASTID id]
pub(super) fn xclaim(ctx: &mut Ctx<'_>, args: Args<'_>) -> Outcome {
    let now_ms = ctx.keys.now_ms;
    require_group(&mut ctx.keys, &HKey::new(word(args, 1)), word(args, 2), b"")?;
    let min_idle_ms = int_or(word(args, 4), "ERR Invalid min-idle-time argument for XCLAIM")?.max(0);
    let words = args.get(5..).unwrap_or_default();
    // The first word that is no id is taken for an option.
    let ids: Vec<StreamId> = words.iter().map_while(|id| ids::exact(id).ok()).collect();
    let options = Options::parse(words.get(ids.len()..).unwrap_or_default(), now_ms)?;
    // A time that cannot be, by a client's own clock or arithmetic, is now.
    let delivered_ms = options.delivered_ms.filter(|ms| (0..=now_ms).contains(ms)).unwrap_or(now_ms);
    let claim = Claim {
        consumer: word(args, 3),
        min_idle_ms,
        now_ms,
        delivered_ms,
        deliveries: options.deliveries,
        force: options.force,
        just_id: options.just_id,
    };
    run(ctx, args, &claim, |work| {
        let moved = options.last_id > work.group.last_id;
        work.group.last_id = work.group.last_id.max(options.last_id);
        let mark = work.out.mark();
        let claimed = ids.iter().filter(|id| work.take(**id) == Fate::Claimed).count();
        reply::put_head(work.out, mark, |out| out.array(claimed));
        // Else the claims tell the last id.
        if moved && work.done.changes == 0 {
            work.effects.moved(work.group);
            work.done.changes += 1;
        }
    })
}

/// XAUTOCLAIM key group consumer min-idle-time start [COUNT count] [JUSTID]
pub(super) fn xautoclaim(ctx: &mut Ctx<'_>, args: Args<'_>) -> Outcome {
    let now_ms = ctx.keys.now_ms;
    let (key, name) = (HKey::new(word(args, 1)), word(args, 2));
    let min_idle_ms = int_or(word(args, 4), "ERR Invalid min-idle-time argument for XAUTOCLAIM")?.max(0);
    let start = ids::start(word(args, 5))?;
    let (mut count, mut just_id) = (COUNT, false);
    let mut words = args.get(6..).unwrap_or_default();
    loop {
        words = match words {
            [] => break,
            [name, number, rest @ ..] if is(c_str(name), "COUNT") => {
                let given = int(number).ok().filter(|n| (1..=COUNT_MAX).contains(n));
                count = given.ok_or(Failure::text("ERR COUNT must be > 0"))?;
                rest
            }
            [name, rest @ ..] if is(c_str(name), "JUSTID") => {
                just_id = true;
                rest
            }
            _ => return Err(Failure::Syntax),
        };
    }
    require_group(&mut ctx.keys, &key, name, b"")?;
    let consumer = word(args, 3);
    let claim = Claim {
        consumer,
        min_idle_ms,
        now_ms,
        delivered_ms: now_ms,
        deliveries: None,
        force: false,
        just_id,
    };
    run(ctx, args, &claim, |work| {
        let mark = work.out.mark();
        let (mut attempts, mut left) = (count.saturating_mul(ATTEMPTS), count);
        let (mut claimed, mut gone) = (0, Vec::new());
        let mut next = first_pending(work.group, Some(start));
        while let Some(id) = next.filter(|_| attempts > 0 && left > 0) {
            attempts -= 1;
            let fate = work.take(id);
            left -= i64::from(fate != Fate::Left);
            claimed += usize::from(fate == Fate::Claimed);
            if fate == Fate::Gone {
                gone.push(id);
            }
            next = first_pending(work.group, id.next());
        }
        reply::put_head(work.out, mark, |out| {
            out.array(3);
            // Where the next call goes on.
            reply::id(out, next.unwrap_or_default());
            out.array(claimed);
        });
        work.out.array(gone.len());
        gone.iter().for_each(|id| reply::id(work.out, *id));
    })
}

/// The first pending id that is not below `from`.
fn first_pending(group: &Group, from: Option<StreamId>) -> Option<StreamId> {
    group.pending().range(from?..).next().map(|(id, _)| *id)
}
