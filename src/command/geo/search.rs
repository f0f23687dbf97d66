//! GEOSEARCH, GEOSEARCHSTORE, GEORADIUS, GEORADIUSBYMEMBER and their read-only forms: places in an area.

use super::call::{Call, Form, Sort};
use super::look::{reply_distance, reply_place};
use super::{Args, Ctx, Outcome};
use crate::command::args::word;
use crate::command::element::reply_item;
use crate::command::sorted_set::store;
use crate::data::geo::{Area, Place};
use crate::data::zset::{Gather, ScoreBound, ScoreRange};
use crate::data::{HKey, Item, Limits, ZSet};
use crate::resp::Out;

/// A member in the area.
struct Found<'z> {
    member: Item<'z>,
    score: f64,
    place: Place,
    distance_m: f64,
}

/// GEORADIUS key longitude latitude radius unit [options] [STORE key|STOREDIST key]
pub fn georadius(ctx: &mut Ctx<'_>, args: Args<'_>) -> Outcome {
    run(ctx, args, Form::Radius, true)
}

/// GEORADIUS_RO key longitude latitude radius unit [options]
pub fn georadius_ro(ctx: &mut Ctx<'_>, args: Args<'_>) -> Outcome {
    run(ctx, args, Form::Radius, false)
}

/// GEORADIUSBYMEMBER key member radius unit [options] [STORE key|STOREDIST key]
pub fn georadiusbymember(ctx: &mut Ctx<'_>, args: Args<'_>) -> Outcome {
    run(ctx, args, Form::RadiusByMember, true)
}

/// GEORADIUSBYMEMBER_RO key member radius unit [options]
pub fn georadiusbymember_ro(ctx: &mut Ctx<'_>, args: Args<'_>) -> Outcome {
    run(ctx, args, Form::RadiusByMember, false)
}

/// GEOSEARCH key FROMMEMBER member|FROMLONLAT longitude latitude BYRADIUS radius unit|BYBOX width height unit [options]
pub fn geosearch(ctx: &mut Ctx<'_>, args: Args<'_>) -> Outcome {
    run(ctx, args, Form::Search, false)
}

/// GEOSEARCHSTORE destination source … as GEOSEARCH … [STOREDIST]
pub fn geosearchstore(ctx: &mut Ctx<'_>, args: Args<'_>) -> Outcome {
    run(ctx, args, Form::SearchStore, false)
}

fn run(ctx: &mut Ctx<'_>, args: Args<'_>, form: Form, may_store: bool) -> Outcome {
    let source = HKey::new(word(args, form.source()));
    // What limits hold where the result goes is known before the words are read: they are the same everywhere.
    let limits = ctx.keys.store(&source).limits;
    let zset = ctx.keys.read_as::<ZSet>(&source)?;
    let call = Call::parse(args, form, may_store, zset)?;
    let found = match (zset, call.area()) {
        (Some(zset), Some(area)) => chosen(zset, &area, &call),
        _ => Vec::new(),
    };
    let unit_m = call.area().map_or(1.0, |area| area.unit_m);
    let Some(dest) = call.dest else {
        reply(&mut ctx.out, &found, &call, unit_m);
        return Ok(());
    };
    let result = collect(&found, &call, unit_m, &limits);
    let (event, changes) =
        (if form == Form::SearchStore { "geosearchstore" } else { "georadiusstore" }, found.len());
    drop(found);
    store(ctx, &HKey::new(dest), args, result, event, changes)
}

/// The members in the area that are asked for, in that order.
fn chosen<'z>(zset: &'z ZSet, area: &Area, call: &Call<'_>) -> Vec<Found<'z>> {
    let limit = call.count.unwrap_or(usize::MAX);
    let mut found = search(zset, area, if call.any { limit } else { usize::MAX });
    // The nearest so many need an order; any so many do not.
    let sort = match call.sort {
        Sort::None if call.count.is_some() && !call.any => Sort::Nearest,
        sort => sort,
    };
    let nearest = |a: &Found<'_>, b: &Found<'_>| a.distance_m.total_cmp(&b.distance_m);
    match sort {
        Sort::None => {}
        Sort::Nearest => found.sort_by(nearest),
        Sort::Farthest => found.sort_by(|a, b| nearest(a, b).reverse()),
    }
    found.truncate(limit);
    found
}

/// Members in the area, cell by cell, up to `limit` (geo.c `membersOfAllNeighbors`).
fn search<'z>(zset: &'z ZSet, area: &Area, limit: usize) -> Vec<Found<'z>> {
    let mut found = Vec::new();
    for (min, max) in area.score_ranges() {
        let range = ScoreRange {
            min: ScoreBound { score: min as f64, exclusive: false },
            max: ScoreBound { score: max as f64, exclusive: true },
        };
        for (member, score) in zset.walk(zset.ranks_by_score(&range), false) {
            let place = Place::of_score(score);
            if let Some(distance_m) = area.distance_m(place) {
                found.push(Found { member, score, place, distance_m });
                if found.len() >= limit {
                    return found;
                }
            }
        }
    }
    found
}

fn reply(out: &mut Out<'_>, found: &[Found<'_>], call: &Call<'_>, unit_m: f64) {
    let extras = usize::from(call.with_distance) + usize::from(call.with_place) + usize::from(call.with_hash);
    out.array(found.len());
    for one in found {
        if extras > 0 {
            out.array(extras + 1);
        }
        reply_item(out, one.member);
        if call.with_distance {
            reply_distance(out, one.distance_m / unit_m);
        }
        if call.with_hash {
            #[allow(clippy::cast_possible_truncation, reason = "saturates, as far as C defines it")]
            out.int(one.score as i64);
        }
        if call.with_place {
            reply_place(out, one.place);
        }
    }
}

/// The result as a sorted set of its own.
fn collect(found: &[Found<'_>], call: &Call<'_>, unit_m: f64, limits: &Limits) -> ZSet {
    let mut gather = Gather::with_capacity(found.len());
    for one in found {
        let score = if call.store_distance { one.distance_m / unit_m } else { one.score };
        gather.put(one.member.bytes(&mut itoa::Buffer::new()), score, |present| present);
    }
    gather.finish(limits)
}
