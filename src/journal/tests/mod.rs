//! Tests of the journal, and what they share: the stream of a tap as lines.

mod merge;
mod protocol;
// Its rings would be the scheduler's, without a scheduler.
#[cfg(not(feature = "model"))]
mod record;
mod stream;

#[cfg(not(feature = "model"))]
use super::Tap;
use super::taken::lengths;
use super::{Item, Part};
use crate::resp::{Limits, Parsed, Parser};

/// The commands of `bytes` as lines of words.
pub fn lines(bytes: &[u8]) -> Vec<String> {
    let limits = Limits { bulk_max: i64::MAX, authenticated: true };
    let mut at = 0;
    let line = |len| {
        let Ok(Parsed::Request(argv, _)) = Parser::new().parse(&bytes[at..], &limits) else {
            panic!("no command: {}", String::from_utf8_lossy(&bytes[at..]));
        };
        at += len;
        argv.iter().map(|w| String::from_utf8_lossy(w).into_owned()).collect::<Vec<_>>().join(" ")
    };
    lengths(bytes).into_iter().map(line).collect()
}

/// A part as `db: command, command`.
fn part(part: &Part<'_>) -> String {
    let lines = lines(part.bytes);
    assert_eq!(lines.len(), part.effects);
    format!("{}: {}", part.db, lines.join(", "))
}

/// An item as a line: `0: SET a 1, SET b 2`, `[0: SET a 1 | 1: SET b 2]`, `cut 7`.
pub fn show(item: &Item<'_>) -> String {
    match item {
        Item::Singles(one) => part(one),
        Item::Unit(parts) => format!("[{}]", parts.iter().map(part).collect::<Vec<_>>().join(" | ")),
        Item::Cut(id) => format!("cut {id}"),
    }
}

/// Everything that `tap` has to say.
#[cfg(not(feature = "model"))]
pub fn poll(tap: &mut Tap) -> Vec<String> {
    let mut items = Vec::new();
    tap.poll(usize::MAX, |item| items.push(show(&item)), |_| {});
    items
}
