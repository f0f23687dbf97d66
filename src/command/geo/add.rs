//! GEOADD: a ZADD whose scores are places.

use super::{Args, Ctx, Failure, Outcome, place};
use crate::command::args::{is, word};
use crate::command::sorted_set::{Addition, Elements};
use crate::data::HKey;
use smallvec::SmallVec;

/// GEOADD key [NX|XX] [CH] longitude latitude member [longitude latitude member ...]
///
/// Redis: geo.c `geoaddCommand`, which runs and propagates the ZADD.
pub fn geoadd(ctx: &mut Ctx<'_>, args: Args<'_>) -> Outcome {
    let mut addition = Addition::default();
    let options = args.get(2..).unwrap_or_default().iter().take_while(|option| {
        let flag = match () {
            () if is(option, "NX") => &mut addition.rule.nx,
            () if is(option, "XX") => &mut addition.rule.xx,
            () if is(option, "CH") => &mut addition.changed,
            () => return false,
        };
        *flag = true;
        true
    });
    let first = 2 + options.count();
    let words = args.get(first..).unwrap_or_default();
    if words.is_empty() || !words.len().is_multiple_of(3) || (addition.rule.nx && addition.rule.xx) {
        return Err(Failure::Syntax);
    }
    let mut elements = Elements::new();
    for triple in words.chunks(3) {
        let &[longitude, latitude, member] = triple else { return Err(Failure::Syntax) };
        elements.push((place(longitude, latitude)?.score() as f64, member));
    }
    let key = HKey::new(word(args, 1));
    addition.run(ctx, &key, &elements, |ctx| {
        if !ctx.keys.journaled(&key) {
            return;
        }
        let scores: Vec<String> = elements.iter().map(|(score, _)| format!("{score}")).collect();
        let mut argv: SmallVec<[&[u8]; 16]> = SmallVec::new();
        argv.push(b"ZADD");
        argv.extend(args.iter().take(first).skip(1).copied());
        argv.extend(
            scores.iter().zip(&elements).flat_map(|(score, (_, member))| [score.as_bytes(), *member]),
        );
        ctx.keys.effect(&key, &argv);
    })
}
