//! MEMORY USAGE: what one key costs.

use crate::command::args::{int, is, word};
use crate::command::meta::server as meta;
use crate::command::{Args, Ctx, Failure, Outcome, Route, Row, Spread};
use crate::data::HKey;

/// Bytes of the table's structure per entry: a bucket of one cache line holds seven, three quarters of them in use, and
/// the directory above adds little. (The exact figure would take a pass over the table.)
pub(in crate::command::server) const TABLE_SHARE: usize = 13;

/// The row of MEMORY USAGE, for the container's table.
pub const USAGE: Row = Row::new(&meta::MEMORY_USAGE, Route::Keys(Spread::Whole), usage);

/// MEMORY USAGE key [SAMPLES count]: SAMPLES bounds the elements that are looked at in a value of many; a string is
/// known exactly. (Redis: object.c `memoryCommand`.)
fn usage(ctx: &mut Ctx<'_>, args: Args<'_>) -> Outcome {
    for pair in args.get(3..).unwrap_or_default().chunks(2) {
        match pair {
            [option, count] if is(option, "SAMPLES") => {
                if int(count)? < 0 {
                    return Err(Failure::Syntax);
                }
            }
            _ => return Err(Failure::Syntax),
        }
    }
    match ctx.keys.peek(&HKey::new(word(args, 2))).map(|entry| entry.mem_bytes()) {
        Some(bytes) => ctx.out.count(bytes.saturating_add(TABLE_SHARE)),
        None => ctx.out.null(),
    }
    Ok(())
}

#[cfg(test)]
#[allow(clippy::unwrap_used, reason = "tests")]
mod tests {
    use super::*;
    use crate::command::testing::{Fixture, check};
    use crate::command::{Keys, View, table};
    use crate::resp::Out;

    fn ask(f: &mut Fixture, line: &str) -> Result<String, Failure> {
        let argv: Vec<&[u8]> = line.split(' ').map(str::as_bytes).collect();
        let mut reply = Vec::new();
        let mut ctx = Ctx {
            keys: Keys { view: View::One(&mut f.stores[0]), db: 0, now_ms: f.now_ms },
            out: Out::new(&mut reply, f.session.proto),
            session: &mut f.session,
            server: &f.server,
            command: table::lookup(b"dbsize").unwrap(),
            shard: 0,
            idle: None,
        };
        usage(&mut ctx, &argv)?;
        Ok(String::from_utf8(reply).unwrap())
    }

    #[test]
    fn usage_grows_with_the_value_and_checks_samples() {
        let f = &mut Fixture::new();
        check(f, "SET small v", "+OK|");
        check(f, &format!("SET large {}", "x".repeat(10_000)), "+OK|");
        let bytes = |reply: String| reply[1..].trim_end().parse::<usize>().unwrap();
        assert!((20..64).contains(&bytes(ask(f, "MEMORY USAGE small").unwrap())));
        assert!((10_000..10_200).contains(&bytes(ask(f, "MEMORY USAGE large SAMPLES 0").unwrap())));
        assert_eq!(ask(f, "MEMORY USAGE nokey samples 5").unwrap(), "$-1\r\n");
        assert_eq!(ask(f, "MEMORY USAGE small SAMPLES"), Err(Failure::Syntax));
        assert_eq!(ask(f, "MEMORY USAGE small SAMPLES -1"), Err(Failure::Syntax));
        assert_eq!(ask(f, "MEMORY USAGE small SAMPLES x"), Err(Failure::NotInteger));
        assert_eq!(ask(f, "MEMORY USAGE small foo 1"), Err(Failure::Syntax));
    }
}
