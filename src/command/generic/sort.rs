//! SORT and SORT_RO (Redis: sort.c `sortCommandGeneric`).
//!
//! BY and GET name keys by what the sorted key holds, so on several shards a command with such a pattern sees all of them
//! (`Route::Far`); any other runs where its keys are.

use super::first;
use crate::acl::Access;
use crate::base::numbers::parse_f64;
use crate::command::args::{int, is};
use crate::command::result::{Recipe, Told};
use crate::command::{Args, Ctx, Failure, Keys, Outcome, access};
use crate::data::list::End;
use crate::data::{HKey, Hash, Item, Kind, List, Object, Set, ValueRef};
use crate::keyspace::{Class, collection};
use std::cmp::Ordering;

/// The words behind the key.
#[derive(Default)]
struct Options<'a> {
    descending: bool,
    alpha: bool,
    /// First element and number of elements; -1 for all.
    limit: Option<(i64, i64)>,
    by: Option<&'a [u8]>,
    get: Vec<&'a [u8]>,
    store: Option<&'a [u8]>,
    /// The first option that reads keys which the words do not name.
    far: Option<&'static str>,
}

impl<'a> Options<'a> {
    fn parse(args: Args<'a>, read_only: bool) -> Result<Options<'a>, Failure> {
        let mut options = Options::default();
        let mut words = args.get(2..).unwrap_or_default().iter().copied();
        while let Some(option) = words.next() {
            match () {
                () if is(option, "ASC") => options.descending = false,
                () if is(option, "DESC") => options.descending = true,
                () if is(option, "ALPHA") => options.alpha = true,
                () if is(option, "LIMIT") => {
                    let (Some(start), Some(count)) = (words.next(), words.next()) else {
                        return Err(Failure::Syntax);
                    };
                    options.limit = Some((int(start)?, int(count)?));
                }
                () if is(option, "BY") => {
                    let by = words.next().ok_or(Failure::Syntax)?;
                    if by.contains(&b'*') {
                        options.far.get_or_insert("BY");
                    }
                    options.by = Some(by);
                }
                () if is(option, "GET") => {
                    options.far.get_or_insert("GET");
                    options.get.push(words.next().ok_or(Failure::Syntax)?);
                }
                () if is(option, "STORE") && !read_only => {
                    options.store = Some(words.next().ok_or(Failure::Syntax)?);
                }
                () => return Err(Failure::Syntax),
            }
        }
        Ok(options)
    }

    /// Of `len` elements, those to be replied.
    fn range(&self, len: usize) -> std::ops::Range<usize> {
        let clamp = |n: i64| usize::try_from(n.max(0)).unwrap_or(usize::MAX).min(len);
        let (start, count) = self.limit.unwrap_or((0, -1));
        let start = clamp(start);
        start..if count < 0 { len } else { (start + clamp(count)).min(len) }
    }
}

/// Whether the words name keys by a pattern.
pub(super) fn has_patterns(args: Args<'_>) -> bool {
    Options::parse(args, false)
        .is_ok_and(|options| options.by.iter().chain(&options.get).any(|pattern| pattern.contains(&b'*')))
}

/// The key, and the one that STORE names, the last of several (db.c `sortGetKeys`).
pub(super) fn keys_of(args: Args<'_>, found: &mut Vec<usize>) {
    found.push(1);
    let (mut at, mut store) = (2, None);
    while let Some(option) = args.get(at) {
        match () {
            () if is(option, "LIMIT") => at += 2,
            () if is(option, "GET") || is(option, "BY") => at += 1,
            () if is(option, "STORE") && at + 1 < args.len() => {
                store = Some(at + 1);
                at += 1;
            }
            () => {}
        }
        at += 1;
    }
    found.extend(store);
}

/// SORT key [BY pattern] [LIMIT offset count] [GET pattern ...] [ASC | DESC] [ALPHA] [STORE destination]
pub(super) fn sort(ctx: &mut Ctx<'_>, args: Args<'_>) -> Outcome {
    run(ctx, args, false)
}

/// SORT_RO key [BY pattern] [LIMIT offset count] [GET pattern ...] [ASC | DESC] [ALPHA]
pub(super) fn sort_ro(ctx: &mut Ctx<'_>, args: Args<'_>) -> Outcome {
    run(ctx, args, true)
}

/// An element with what it is sorted by.
struct Element {
    text: Vec<u8>,
    score: f64,
    weight: Option<Vec<u8>>,
}

fn run(ctx: &mut Ctx<'_>, args: Args<'_>, read_only: bool) -> Outcome {
    let mut options = Options::parse(args, read_only)?;
    if let Some(option) = options.far {
        check_far(ctx, args, option)?;
    }
    let key = first(args);
    let (mut elements, kind) = load(&mut ctx.keys, &key)?;
    // A constant BY means: as they come. A set has no order of its own, but what is stored, and what a script or a
    // transaction sees, must be the same everywhere.
    let mut sorted = options.by.is_none_or(|by| by.contains(&b'*'));
    if !sorted && kind == Some(Kind::Set) && (options.store.is_some() || !ctx.may_block()) {
        (sorted, options.alpha, options.by) = (true, true, None);
    }
    if sorted {
        weigh(&mut ctx.keys, &mut elements, &options)?;
        elements.sort_by(|a, b| {
            let order = compare(a, b, &options);
            if options.descending { order.reverse() } else { order }
        });
    } else if options.descending && kind != Some(Kind::Set) {
        elements.reverse();
    }
    let range = options.range(elements.len());
    let chosen = elements.get(range).unwrap_or_default();
    match options.store {
        None => reply(ctx, chosen, &options.get),
        Some(dest) => store(ctx, &HKey::new(dest), args, chosen, &options.get),
    }
    Ok(())
}

/// Whose keys are restricted may not read those that a pattern names.
fn check_far(ctx: &Ctx<'_>, args: Args<'_>, option: &str) -> Outcome {
    match ctx.session.limits(&ctx.server.acl) {
        Some(user) if !access::permit_with_all_keys(&user, ctx.command, args, Access::READ) => Err(
            Failure::from(format!("ERR {option} option of SORT denied due to insufficient ACL permissions.")),
        ),
        _ => Ok(()),
    }
}

/// The elements of the key in their own order, and its type.
fn load(keys: &mut Keys<'_>, key: &HKey<'_>) -> Result<(Vec<Element>, Option<Kind>), Failure> {
    let Some(entry) = keys.read(key) else { return Ok((Vec::new(), None)) };
    let element = |item: Item<'_>| Element { text: item.to_vec(), score: 0.0, weight: None };
    let elements = match entry.value() {
        ValueRef::Object(Object::List(list)) => list.iter().map(element).collect(),
        ValueRef::Object(Object::Set(set)) => Set::iter(set).map(element).collect(),
        ValueRef::Object(Object::ZSet(zset)) => zset.iter().map(|(member, _)| element(member)).collect(),
        _ => return Err(Failure::WrongType),
    };
    Ok((elements, Some(entry.kind())))
}

/// Gives each element what it is sorted by: a number, or text with ALPHA and BY.
fn weigh(keys: &mut Keys<'_>, elements: &mut [Element], options: &Options<'_>) -> Outcome {
    for element in elements {
        if let Some(by) = options.by {
            element.weight = by_pattern(keys, by, &element.text);
        }
        if !options.alpha {
            let text = match (options.by, &element.weight) {
                (None, _) => &element.text,
                (Some(_), Some(weight)) => weight,
                // Without a weight it counts as 0.
                (Some(_), None) => continue,
            };
            element.score =
                score(text).ok_or(Failure::text("ERR One or more scores can't be converted into double"))?;
        }
    }
    Ok(())
}

/// Text as a number, as C's `strtod` reads it: leading space is skipped, nothing is 0.
fn score(text: &[u8]) -> Option<f64> {
    let text = text.trim_ascii_start();
    if text.is_empty() { Some(0.0) } else { parse_f64(text) }
}

/// Redis: sort.c `sortCompare`.
fn compare(a: &Element, b: &Element, options: &Options<'_>) -> Ordering {
    if !options.alpha {
        return a.score.partial_cmp(&b.score).unwrap_or(Ordering::Equal).then_with(|| a.text.cmp(&b.text));
    }
    // An element without a weight comes first, as `None` does.
    if options.by.is_some() { a.weight.cmp(&b.weight) } else { a.text.cmp(&b.text) }
}

/// The value that a pattern names for an element (sort.c `lookupKeyByPattern`): the first `*` stands for the element,
/// `->field` behind it for a field of a hash, `#` for the element itself.
fn by_pattern(keys: &mut Keys<'_>, pattern: &[u8], element: &[u8]) -> Option<Vec<u8>> {
    if pattern == b"#" {
        return Some(element.to_vec());
    }
    let star = memchr::memchr(b'*', pattern)?;
    let (prefix, rest) = (pattern.get(..star)?, pattern.get(star + 1..)?);
    let arrow = memchr::memmem::find(rest, b"->").filter(|at| at + 2 < rest.len());
    let (postfix, field) = match arrow {
        Some(at) => (rest.get(..at)?, rest.get(at + 2..)),
        None => (rest, None),
    };
    let name = [prefix, element, postfix].concat();
    let now_ms = keys.now_ms;
    let entry = keys.read(&HKey::new(&name))?;
    match field {
        Some(field) => collection::<Hash>(entry).ok()?.get(field, now_ms).map(|value| value.to_vec()),
        None => entry.string_bytes(&mut itoa::Buffer::new()).map(<[u8]>::to_vec),
    }
}

fn reply(ctx: &mut Ctx<'_>, chosen: &[Element], get: &[&[u8]]) {
    ctx.out.array(chosen.len().saturating_mul(get.len().max(1)));
    for element in chosen {
        if get.is_empty() {
            ctx.out.bulk(&element.text);
        }
        for pattern in get {
            match by_pattern(&mut ctx.keys, pattern, &element.text) {
                Some(value) => ctx.out.bulk(&value),
                None => ctx.out.null(),
            }
        }
    }
}

/// Stores what would be replied as a list, missing values as empty strings.
fn store(ctx: &mut Ctx<'_>, dest: &HKey<'_>, args: Args<'_>, chosen: &[Element], get: &[&[u8]]) {
    let mut values: Vec<Vec<u8>> = Vec::with_capacity(chosen.len());
    for element in chosen {
        if get.is_empty() {
            values.push(element.text.clone());
        }
        for pattern in get {
            values.push(by_pattern(&mut ctx.keys, pattern, &element.text).unwrap_or_default());
        }
    }
    ctx.out.count(values.len());
    let words: Vec<&[u8]> = values.iter().map(Vec::as_slice).collect();
    let mut list = List::new();
    list.push(End::Tail, &words, &ctx.keys.store(dest).limits);
    let told = Told { class: Class::List, event: "sortstore", changes: words.len() };
    ctx.keys.store_result(dest, args, list, &told, |_| Recipe { verb: b"RPUSH", width: 1, words: values });
}
