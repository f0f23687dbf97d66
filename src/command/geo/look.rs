//! GEODIST, GEOHASH, GEOPOS: places of members.

use super::{Args, Ctx, Failure, Outcome, unit_m};
use crate::base::numbers::{LongDouble, write_fixed};
use crate::command::args::word;
use crate::data::geo::Place;
use crate::data::{HKey, ZSet};
use crate::resp::Out;

/// Replies a distance with four digits behind the point (geo.c `addReplyDoubleDistance`).
pub fn reply_distance(out: &mut Out<'_>, distance: f64) {
    let mut text = Vec::with_capacity(24);
    write_fixed(&mut text, distance, 4);
    out.bulk(&text);
}

/// Replies longitude and latitude.
pub fn reply_place(out: &mut Out<'_>, place: Place) {
    out.array(2);
    out.double_text(&LongDouble::from(place.longitude).to_human());
    out.double_text(&LongDouble::from(place.latitude).to_human());
}

/// The place of a member.
pub fn place_of(zset: &ZSet, member: &[u8]) -> Option<Place> {
    zset.score(member).map(Place::of_score)
}

/// GEODIST key member1 member2 [M|KM|FT|MI]
pub fn geodist(ctx: &mut Ctx<'_>, args: Args<'_>) -> Outcome {
    let unit_m = match args.get(4..).unwrap_or_default() {
        [] => 1.0,
        [unit] => unit_m(unit)?,
        _ => return Err(Failure::Syntax),
    };
    let zset = ctx.keys.read_as::<ZSet>(&HKey::new(word(args, 1)))?;
    let places = zset.and_then(|zset| Some((place_of(zset, word(args, 2))?, place_of(zset, word(args, 3))?)));
    match places {
        Some((from, to)) => reply_distance(&mut ctx.out, from.distance_m(to) / unit_m),
        None => ctx.out.null(),
    }
    Ok(())
}

/// GEOHASH key [member ...]
pub fn geohash(ctx: &mut Ctx<'_>, args: Args<'_>) -> Outcome {
    let zset = ctx.keys.read_as::<ZSet>(&HKey::new(word(args, 1)))?;
    let members = args.get(2..).unwrap_or_default();
    ctx.out.array(members.len());
    for member in members {
        match zset.and_then(|zset| place_of(zset, member)) {
            Some(place) => ctx.out.bulk(&place.geohash()),
            None => ctx.out.null(),
        }
    }
    Ok(())
}

/// GEOPOS key [member ...]
pub fn geopos(ctx: &mut Ctx<'_>, args: Args<'_>) -> Outcome {
    let zset = ctx.keys.read_as::<ZSet>(&HKey::new(word(args, 1)))?;
    let members = args.get(2..).unwrap_or_default();
    ctx.out.array(members.len());
    for member in members {
        match zset.and_then(|zset| place_of(zset, member)) {
            Some(place) => reply_place(&mut ctx.out, place),
            None => ctx.out.null_array(),
        }
    }
    Ok(())
}
