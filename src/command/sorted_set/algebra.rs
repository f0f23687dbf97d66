//! ZUNION, ZINTER, ZDIFF, the same with STORE, and ZINTERCARD. Sets count as sorted sets whose scores are all 1.
//!
//! The sources may lie on several shards; then the handler sees all of them (a dependent transaction).
//! Redis: t_zset.c `zunionInterDiffGenericCommand`.

use super::members::reply_elements;
use super::{Args, Ctx, Failure, Keys, Outcome, args, store};
use crate::base::numbers::parse_f64;
use crate::command::args::{is, range, word};
use crate::data::zset::Gather;
use crate::data::{Entry, HKey, Item, Limits, Set, ValueRef, ZSet};
use crate::keyspace::collection;
use smallvec::SmallVec;

#[derive(Clone, Copy, PartialEq, Eq)]
enum Op {
    Union,
    Inter,
    Diff,
}

#[derive(Clone, Copy, Default)]
enum Aggregate {
    #[default]
    Sum,
    Min,
    Max,
}

impl Aggregate {
    /// The score of a member that has `a` so far (t_zset.c `zunionInterAggregate`).
    #[inline]
    fn of(self, a: f64, b: f64) -> f64 {
        match self {
            // Infinities of both signs have no sum; Redis says 0.
            Aggregate::Sum => or_zero(a + b),
            Aggregate::Min => {
                if b < a {
                    b
                } else {
                    a
                }
            }
            Aggregate::Max => {
                if b > a {
                    b
                } else {
                    a
                }
            }
        }
    }
}

/// 0 for what is no number: a weight of 0 and an infinite score.
#[inline]
fn or_zero(score: f64) -> f64 {
    if score.is_nan() { 0.0 } else { score }
}

#[derive(Clone, Copy)]
enum Value<'a> {
    None,
    Set(&'a Set),
    ZSet(&'a ZSet),
}

/// One of the keys.
#[derive(Clone, Copy)]
struct Source<'a> {
    value: Value<'a>,
    weight: f64,
}

type Sources<'a> = SmallVec<[Source<'a>; 4]>;

impl<'a> Source<'a> {
    fn len(&self) -> usize {
        match self.value {
            Value::None => 0,
            Value::Set(set) => set.len(),
            Value::ZSet(zset) => zset.len(),
        }
    }

    fn score(&self, member: Item<'_>) -> Option<f64> {
        match self.value {
            Value::None => None,
            Value::Set(set) => set.contains_item(member).then_some(1.0),
            Value::ZSet(zset) => zset.score_of_item(member),
        }
    }

    fn iter(&self) -> Box<dyn Iterator<Item = (Item<'a>, f64)> + 'a> {
        match self.value {
            Value::None => Box::new(std::iter::empty()),
            Value::Set(set) => Box::new(set.iter().map(|member| (member, 1.0))),
            Value::ZSet(zset) => Box::new(zset.iter()),
        }
    }

    fn is_same(&self, other: &Source<'_>) -> bool {
        match (self.value, other.value) {
            (Value::Set(a), Value::Set(b)) => std::ptr::eq(a, b),
            (Value::ZSet(a), Value::ZSet(b)) => std::ptr::eq(a, b),
            _ => false,
        }
    }
}

/// The words of a command.
struct Call<'a> {
    keys: Args<'a>,
    weights: SmallVec<[f64; 4]>,
    aggregate: Aggregate,
    with_scores: bool,
    /// LIMIT of ZINTERCARD.
    limit: usize,
}

/// What the name of the command decides.
#[derive(Clone, Copy)]
struct Form {
    op: Op,
    /// The word that says how many keys there are.
    at: usize,
    /// ZINTERCARD.
    counts: bool,
}

const fn form(op: Op, at: usize) -> Form {
    Form { op, at, counts: false }
}

/// ZUNION numkeys key [key ...] [WEIGHTS weight ...] [AGGREGATE SUM|MIN|MAX] [WITHSCORES]
pub fn zunion(ctx: &mut Ctx<'_>, args: Args<'_>) -> Outcome {
    reply(ctx, args, form(Op::Union, 1))
}

/// ZINTER numkeys key [key ...] [WEIGHTS weight ...] [AGGREGATE SUM|MIN|MAX] [WITHSCORES]
pub fn zinter(ctx: &mut Ctx<'_>, args: Args<'_>) -> Outcome {
    reply(ctx, args, form(Op::Inter, 1))
}

/// ZDIFF numkeys key [key ...] [WITHSCORES]
pub fn zdiff(ctx: &mut Ctx<'_>, args: Args<'_>) -> Outcome {
    reply(ctx, args, form(Op::Diff, 1))
}

/// ZUNIONSTORE destination numkeys key [key ...] [WEIGHTS weight ...] [AGGREGATE SUM|MIN|MAX]
pub fn zunionstore(ctx: &mut Ctx<'_>, args: Args<'_>) -> Outcome {
    keep(ctx, args, form(Op::Union, 2), "zunionstore")
}

/// ZINTERSTORE destination numkeys key [key ...] [WEIGHTS weight ...] [AGGREGATE SUM|MIN|MAX]
pub fn zinterstore(ctx: &mut Ctx<'_>, args: Args<'_>) -> Outcome {
    keep(ctx, args, form(Op::Inter, 2), "zinterstore")
}

/// ZDIFFSTORE destination numkeys key [key ...]
pub fn zdiffstore(ctx: &mut Ctx<'_>, args: Args<'_>) -> Outcome {
    keep(ctx, args, form(Op::Diff, 2), "zdiffstore")
}

/// ZINTERCARD numkeys key [key ...] [LIMIT limit]
pub fn zintercard(ctx: &mut Ctx<'_>, args: Args<'_>) -> Outcome {
    let call = Call::parse(ctx, args, Form { op: Op::Inter, at: 1, counts: true })?;
    let limit = if call.limit == 0 { usize::MAX } else { call.limit };
    let sources = call.sources(&ctx.keys)?;
    let found = intersection(&by_size(sources), Aggregate::Sum).take(limit).count();
    ctx.out.count(found);
    Ok(())
}

fn reply(ctx: &mut Ctx<'_>, args: Args<'_>, form: Form) -> Outcome {
    let call = Call::parse(ctx, args, form)?;
    let limits = first_limits(&mut ctx.keys, &call);
    let result = compute(call.sources(&ctx.keys)?, form.op, call.aggregate, &limits);
    reply_elements(&mut ctx.out, result.len(), result.iter(), call.with_scores);
    Ok(())
}

fn keep(ctx: &mut Ctx<'_>, args: Args<'_>, form: Form, event: &'static str) -> Outcome {
    let dest = HKey::new(word(args, 1));
    let call = Call::parse(ctx, args, form)?;
    let limits = ctx.keys.store(&dest).limits;
    let result = compute(call.sources(&ctx.keys)?, form.op, call.aggregate, &limits);
    store(ctx, &dest, args, result, event, 1)
}

/// Any store's limits will do for a result that is not stored.
fn first_limits(keys: &mut Keys<'_>, call: &Call<'_>) -> Limits {
    call.keys.first().map_or_else(Limits::default, |name| keys.store(&HKey::new(name)).limits)
}

impl<'a> Call<'a> {
    /// Reads the words. The keys are looked up in between, as in Redis: a wrong type counts before a wrong option.
    fn parse(ctx: &mut Ctx<'_>, args: Args<'a>, form: Form) -> Result<Call<'a>, Failure> {
        let count = args::int(word(args, form.at))?;
        if count < 1 {
            let name = &ctx.command.full_name;
            return Err(format!("ERR at least 1 input key is needed for '{name}' command").into());
        }
        let words = args.get(form.at + 1..).unwrap_or_default();
        let count = usize::try_from(count).ok().filter(|count| *count <= words.len());
        let (keys, options) = words.split_at(count.ok_or(Failure::Syntax)?);
        for name in keys {
            ctx.keys.read(&HKey::new(name)).map(value_of).transpose()?;
        }
        let mut call = Call {
            keys,
            weights: SmallVec::new(),
            aggregate: Aggregate::default(),
            with_scores: false,
            limit: 0,
        };
        call.options(options, form)?;
        Ok(call)
    }

    fn options(&mut self, mut words: Args<'a>, form: Form) -> Result<(), Failure> {
        let weighs = form.op != Op::Diff && !form.counts;
        while let Some((option, rest)) = words.split_first() {
            words = rest;
            let weights = rest.get(..self.keys.len());
            if let Some(weights) = weights
                && weighs
                && is(option, "WEIGHTS")
            {
                let weight =
                    |word: &&[u8]| parse_f64(word).ok_or(Failure::text("ERR weight value is not a float"));
                self.weights = weights.iter().map(weight).collect::<Result<_, _>>()?;
                words = rest.get(self.keys.len()..).unwrap_or_default();
            } else if let Some((how, behind)) = rest.split_first()
                && weighs
                && is(option, "AGGREGATE")
            {
                self.aggregate = match () {
                    () if is(how, "SUM") => Aggregate::Sum,
                    () if is(how, "MIN") => Aggregate::Min,
                    () if is(how, "MAX") => Aggregate::Max,
                    () => return Err(Failure::Syntax),
                };
                words = behind;
            } else if form.at == 1 && !form.counts && is(option, "WITHSCORES") {
                self.with_scores = true;
            } else if let Some((limit, behind)) = rest.split_first()
                && form.counts
                && is(option, "LIMIT")
            {
                let limit = range(limit, 0, i64::MAX, "ERR LIMIT can't be negative")?;
                self.limit = usize::try_from(limit).unwrap_or(usize::MAX);
                words = behind;
            } else {
                return Err(Failure::Syntax);
            }
        }
        Ok(())
    }

    /// The values under the keys, in their order.
    fn sources<'k>(&self, keys: &'k Keys<'_>) -> Result<Sources<'k>, Failure> {
        let source = |(at, name): (usize, &&[u8])| {
            let value = keys.peek(&HKey::new(name)).map_or(Ok(Value::None), value_of)?;
            Ok(Source { value, weight: self.weights.get(at).copied().unwrap_or(1.0) })
        };
        self.keys.iter().enumerate().map(source).collect()
    }
}

/// What an entry is as a source.
fn value_of(entry: &Entry) -> Result<Value<'_>, Failure> {
    match entry.value() {
        ValueRef::Object(crate::data::Object::Set(set)) => Ok(Value::Set(set)),
        _ => Ok(Value::ZSet(collection::<ZSet>(entry)?)),
    }
}

/// The smallest first. The order is that in which scores are added up, so equal ones keep theirs.
fn by_size(mut sources: Sources<'_>) -> Sources<'_> {
    sources.sort_by_key(Source::len);
    sources
}

fn compute(sources: Sources<'_>, op: Op, aggregate: Aggregate, limits: &Limits) -> ZSet {
    let mut gather = Gather::default();
    let mut add = |(member, score): (Item<'_>, f64)| {
        gather.put(member.bytes(&mut itoa::Buffer::new()), score, |present| present);
    };
    match op {
        Op::Union => return union(&by_size(sources), aggregate, limits),
        Op::Inter => intersection(&by_size(sources), aggregate).for_each(&mut add),
        Op::Diff => difference(&sources).for_each(&mut add),
    }
    gather.finish(limits)
}

fn union(sources: &Sources<'_>, aggregate: Aggregate, limits: &Limits) -> ZSet {
    // At least as large as the largest.
    let mut gather = Gather::with_capacity(sources.last().map_or(0, Source::len));
    let mut digits = itoa::Buffer::new();
    for source in sources {
        for (member, score) in source.iter() {
            let score = or_zero(source.weight * score);
            gather.put(member.bytes(&mut digits), score, |present| aggregate.of(present, score));
        }
    }
    gather.finish(limits)
}

/// The members that all sources have; these are sorted by size.
fn intersection<'s>(
    sources: &'s Sources<'_>,
    aggregate: Aggregate,
) -> impl Iterator<Item = (Item<'s>, f64)> + 's {
    let (first, others) = sources.split_first().map_or((None, &[][..]), |(first, rest)| (Some(first), rest));
    first.into_iter().flat_map(move |first| {
        first.iter().filter_map(move |(member, own)| {
            let mut score = or_zero(first.weight * own);
            for other in others {
                let found = if other.is_same(first) { own } else { other.score(member)? };
                score = aggregate.of(score, found * other.weight);
            }
            Some((member, score))
        })
    })
}

/// The members of the first source that no other has (the first of Redis's two algorithms: the other one copies the
/// first source, which look-ups by hash make no cheaper here).
fn difference<'s>(sources: &'s Sources<'_>) -> impl Iterator<Item = (Item<'s>, f64)> + 's {
    let (first, others) = sources.split_first().map_or((None, &[][..]), |(first, rest)| (Some(first), rest));
    let mut others: SmallVec<[&Source<'_>; 4]> = others.iter().collect();
    others.sort_by_key(|source| std::cmp::Reverse(source.len()));
    let first = first.filter(|first| !others.iter().any(|other| other.is_same(first)));
    first
        .into_iter()
        .flat_map(Source::iter)
        .filter(move |(member, _)| !others.iter().any(|other| other.score(*member).is_some()))
}
