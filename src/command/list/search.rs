//! LPOS: the places of an element.

use super::value::absolute;
use crate::base::numbers::parse_i64;
use crate::command::args::{int, is, range, word};
use crate::command::{Args, Ctx, Failure, Outcome};
use crate::data::list::{End, List};
use crate::data::{HKey, Item};

const RANK_ZERO: Failure = Failure::text(
    "ERR RANK can't be zero: use 1 to start from the first match, 2 from the second ... or use negative to start from \
     the end of the list",
);
const RANK_RANGE: Failure = Failure::text(
    "ERR value is out of range, value must between -9223372036854775807 and 9223372036854775807",
);

/// What LPOS was asked for.
struct Options {
    /// Which match is the first that counts, from 1.
    rank: u64,
    /// From which end it looks.
    from: End,
    /// How many matches, 0 for all; `None` for one that is not in an array.
    count: Option<usize>,
    /// How many elements are compared.
    max_len: usize,
}

impl Options {
    fn parse(words: Args<'_>) -> Result<Options, Failure> {
        let mut options = Options { rank: 1, from: End::Head, count: None, max_len: usize::MAX };
        let number =
            |word, line| range(word, 0, i64::MAX, line).map(|n| usize::try_from(n).unwrap_or(usize::MAX));
        for pair in words.chunks(2) {
            match pair {
                [option, value] if is(option, "RANK") => {
                    let rank = int(value)?;
                    match rank {
                        0 => return Err(RANK_ZERO),
                        i64::MIN => return Err(RANK_RANGE),
                        _ => {}
                    }
                    options.rank = rank.unsigned_abs();
                    options.from = if rank < 0 { End::Tail } else { End::Head };
                }
                [option, value] if is(option, "COUNT") => {
                    options.count = Some(number(value, "ERR COUNT can't be negative")?);
                }
                [option, value] if is(option, "MAXLEN") => {
                    options.max_len = match number(value, "ERR MAXLEN can't be negative")? {
                        0 => usize::MAX,
                        max => max,
                    };
                }
                _ => return Err(Failure::Syntax),
            }
        }
        Ok(options)
    }
}

/// LPOS key element [RANK rank] [COUNT num-matches] [MAXLEN len]
pub fn lpos(ctx: &mut Ctx<'_>, args: Args<'_>) -> Outcome {
    let options = Options::parse(args.get(3..).unwrap_or_default())?;
    let key = HKey::new(word(args, 1));
    let list = ctx.keys.read_as::<List>(&key)?;
    let mut found = list.into_iter().flat_map(|list| positions(list, word(args, 2), &options));
    match options.count {
        None => match found.next() {
            Some(index) => ctx.out.count(index),
            None => ctx.out.null(),
        },
        Some(count) => {
            let most = if count == 0 { usize::MAX } else { count };
            // How many there are is known when they are all found.
            let found: Vec<usize> = found.take(most).collect();
            ctx.out.array(found.len());
            found.into_iter().for_each(|index| ctx.out.count(index));
        }
    }
    Ok(())
}

/// Indices of the elements equal to `text`, in the order in which they are looked at.
fn positions<'a>(list: &'a List, text: &'a [u8], options: &Options) -> impl Iterator<Item = usize> + use<'a> {
    let last = absolute(-1, list.len()).unwrap_or(0);
    let (from, towards) = match options.from {
        End::Head => (0, End::Tail),
        End::Tail => (last, End::Head),
    };
    // Parsed once, not for every number in the list.
    let number = parse_i64(text);
    let skip = usize::try_from(options.rank - 1).unwrap_or(usize::MAX);
    list.iter_from(from, towards)
        .take(options.max_len)
        .enumerate()
        .filter(move |(_, item)| match item {
            Item::Int(other) => number == Some(*other),
            Item::Bytes(bytes) => *bytes == text,
        })
        .skip(skip)
        .map(move |(nth, _)| if towards == End::Tail { nth } else { last - nth })
}
