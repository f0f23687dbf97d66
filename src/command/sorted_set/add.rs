//! ZADD and ZINCRBY; what GEOADD adds goes the same way.

use super::{Args, Ctx, Failure, Outcome};
use crate::base::numbers::parse_f64;
use crate::command::args::{is, word};
use crate::data::zset::{NotANumber, Put, Rule};
use crate::data::{HKey, ZSet};
use crate::keyspace::Class;
use smallvec::SmallVec;

/// A score and the member that gets it.
pub type Element<'a> = (f64, &'a [u8]);

/// The elements of one command.
pub type Elements<'a> = SmallVec<[Element<'a>; 8]>;

/// The options of ZADD.
#[derive(Clone, Copy, Default)]
pub struct Addition {
    /// What may happen to a member.
    pub rule: Rule,
    /// CH: changed members count in the reply, too.
    pub changed: bool,
}

/// What adding came to.
#[derive(Default)]
struct Tally {
    added: usize,
    updated: usize,
    /// The score that INCR replies; `None` if the rule forbade it.
    score: Option<f64>,
}

/// ZADD key [NX|XX] [GT|LT] [CH] [INCR] score member [score member ...]
pub fn zadd(ctx: &mut Ctx<'_>, args: Args<'_>) -> Outcome {
    let (addition, elements) = options(args);
    check(&addition, elements)?;
    add_words(ctx, args, addition, elements)
}

/// ZINCRBY key increment member
pub fn zincrby(ctx: &mut Ctx<'_>, args: Args<'_>) -> Outcome {
    let addition = Addition { rule: Rule { incr: true, ..Rule::default() }, changed: false };
    add_words(ctx, args, addition, args.get(2..).unwrap_or_default())
}

/// The options in front, and what is behind them.
fn options<'a>(args: Args<'a>) -> (Addition, Args<'a>) {
    let mut addition = Addition::default();
    let mut words = args.get(2..).unwrap_or_default();
    while let Some((option, rest)) = words.split_first() {
        // Nearly all calls begin with a number.
        if option.first().is_none_or(|byte| !byte.is_ascii_alphabetic()) {
            break;
        }
        let rule = &mut addition.rule;
        let flag = match () {
            () if is(option, "NX") => &mut rule.nx,
            () if is(option, "XX") => &mut rule.xx,
            () if is(option, "CH") => &mut addition.changed,
            () if is(option, "INCR") => &mut rule.incr,
            () if is(option, "GT") => &mut rule.gt,
            () if is(option, "LT") => &mut rule.lt,
            () => break,
        };
        *flag = true;
        words = rest;
    }
    (addition, words)
}

/// What t_zset.c `zaddGenericCommand` says of words that do not fit together.
fn check(addition: &Addition, elements: Args<'_>) -> Result<(), Failure> {
    let Rule { nx, xx, gt, lt, incr } = addition.rule;
    if elements.is_empty() || !elements.len().is_multiple_of(2) {
        return Err(Failure::Syntax);
    }
    if nx && xx {
        return Err(Failure::text("ERR XX and NX options at the same time are not compatible"));
    }
    if (nx && (gt || lt)) || (gt && lt) {
        return Err(Failure::text("ERR GT, LT, and/or NX options at the same time are not compatible"));
    }
    if incr && elements.len() > 2 {
        return Err(Failure::text("ERR INCR option supports a single increment-element pair"));
    }
    Ok(())
}

fn add_words(ctx: &mut Ctx<'_>, args: Args<'_>, addition: Addition, words: Args<'_>) -> Outcome {
    // All scores are read before anything happens.
    let mut elements = Elements::new();
    for pair in words.chunks(2) {
        let &[score, member] = pair else { return Err(Failure::Syntax) };
        elements.push((parse_f64(score).ok_or(Failure::NotFloat)?, member));
    }
    let key = HKey::new(word(args, 1));
    addition.run(ctx, &key, &elements, |ctx| ctx.keys.effect(&key, args))
}

impl Addition {
    /// Adds the elements and replies. If anything changed, `effect` states it.
    ///
    /// # Errors
    /// `WrongType`, or that INCR gives no number.
    #[inline]
    pub fn run(
        self,
        ctx: &mut Ctx<'_>,
        key: &HKey<'_>,
        elements: &[Element<'_>],
        effect: impl FnOnce(&mut Ctx<'_>),
    ) -> Outcome {
        let limits = ctx.keys.store(key).limits;
        let first_len = elements.first().map_or(0, |(_, member)| member.len());
        let fresh = || ZSet::fit_for(elements.len(), first_len, &limits);
        let edited = ctx.keys.upsert(key, fresh, |zset: &mut ZSet, limits| {
            zset.make_fit_for(elements.len(), limits);
            let mut tally = Tally::default();
            for (score, member) in elements {
                tally.note(zset.put(member, *score, self.rule, limits)?);
            }
            Ok(tally)
        })?;
        let tally: Tally =
            edited.result.map_err(|error: NotANumber| Failure::from(format!("ERR {error}")))?;
        let changes = tally.added + tally.updated;
        if changes > 0 {
            effect(ctx);
            ctx.keys.changed_many(key, changes, Class::ZSet, if self.rule.incr { "zincr" } else { "zadd" });
        }
        match (self.rule.incr, tally.score) {
            (true, Some(score)) => ctx.out.double(score),
            (true, None) => ctx.out.null(),
            (false, _) => ctx.out.count(if self.changed { changes } else { tally.added }),
        }
        Ok(())
    }
}

impl Tally {
    #[inline]
    fn note(&mut self, put: Put) {
        self.score = match put {
            Put::Refused => None,
            Put::Same(score) => Some(score),
            Put::Added(score) => {
                self.added += 1;
                Some(score)
            }
            Put::Updated(score) => {
                self.updated += 1;
                Some(score)
            }
        };
    }
}
