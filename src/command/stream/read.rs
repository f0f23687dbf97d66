//! XREAD, and what it shares with XREADGROUP: options, the shape of the reply, the wait (t_stream.c `xreadCommand`).

use super::{ids, reply};
use crate::command::args::{c_str, int, int_or, is, word};
use crate::command::{Args, Ctx, Failure, Outcome, Timeout, Wait};
use crate::data::{HKey, Kind, Stream, StreamId};
use crate::resp::{Out, Proto};

/// What the words before the streams say, and where those are.
pub(super) struct Options<'a> {
    /// Entries of each stream; 0 for all.
    pub(super) count: usize,
    /// BLOCK.
    timeout_ms: Option<i64>,
    /// NOACK.
    pub(super) no_ack: bool,
    /// Group and consumer.
    pub(super) group: Option<(&'a [u8], &'a [u8])>,
    /// Keys of the streams.
    pub(super) keys: Args<'a>,
    /// Their ids.
    pub(super) ids: Args<'a>,
    /// The word of the first key.
    first_at: usize,
}

impl<'a> Options<'a> {
    /// Reads them; `grouped` for XREADGROUP.
    ///
    /// # Errors
    /// Whatever Redis refuses, by its order.
    pub(super) fn parse(ctx: &Ctx<'_>, args: Args<'a>, grouped: bool) -> Result<Options<'a>, Failure> {
        let mut options = Options {
            count: 0,
            timeout_ms: None,
            no_ack: false,
            group: None,
            keys: &[],
            ids: &[],
            first_at: 0,
        };
        let only_grouped = |name: &str| {
            Failure::from(format!(
                "ERR The {name} option is only supported by XREADGROUP. You called XREAD instead."
            ))
        };
        let mut at = 1;
        loop {
            let name = c_str(args.get(at).ok_or(Failure::Syntax)?);
            let more = args.len() - at - 1;
            if is(name, "BLOCK") && more > 0 {
                at += 1;
                options.timeout_ms = Some(timeout(ctx, args, at)?);
            } else if is(name, "COUNT") && more > 0 {
                at += 1;
                options.count = usize::try_from(int(word(args, at))?).unwrap_or(0);
            } else if is(name, "STREAMS") && more > 0 {
                options.set_streams(ctx, args, at + 1)?;
                break;
            } else if is(name, "GROUP") && more >= 2 {
                if !grouped {
                    return Err(only_grouped("GROUP"));
                }
                options.group = Some((word(args, at + 1), word(args, at + 2)));
                at += 2;
            } else if is(name, "NOACK") {
                if !grouped {
                    return Err(only_grouped("NOACK"));
                }
                options.no_ack = true;
            } else {
                return Err(Failure::Syntax);
            }
            at += 1;
        }
        if grouped && options.group.is_none() {
            return Err(Failure::text("ERR Missing GROUP option for XREADGROUP"));
        }
        Ok(options)
    }

    fn set_streams(&mut self, ctx: &Ctx<'_>, args: Args<'a>, first_at: usize) -> Outcome {
        let words = args.get(first_at..).unwrap_or_default();
        if !words.len().is_multiple_of(2) {
            let name = &ctx.command.full_name;
            let mark = if name == "xreadgroup" { '>' } else { '$' };
            return Err(Failure::from(format!(
                "ERR Unbalanced '{name}' list of streams: for each stream key an ID or '{mark}' must be specified."
            )));
        }
        (self.keys, self.ids) = words.split_at(words.len() / 2);
        self.first_at = first_at;
        Ok(())
    }

    /// There was nothing to read: waits if the client wants to and may. `$` must stand for what it stood for when the
    /// client began to wait, which `from` has.
    pub(super) fn wait(&self, ctx: &mut Ctx<'_>, args: Args<'_>, from: &[StreamId]) -> Outcome {
        let (Some(timeout_ms), true) = (self.timeout_ms, ctx.may_block()) else {
            ctx.out.null_array();
            return Ok(());
        };
        let keys: Vec<usize> = (self.first_at..self.first_at + self.keys.len()).collect();
        let rewrite = self.ids.iter().any(|id| ids::is_mark(id, b"$")).then(|| {
            let mut words: Vec<Vec<u8>> = args.iter().map(|word| word.to_vec()).collect();
            let places = words.iter_mut().skip(self.first_at + self.keys.len());
            for (place, id) in places.zip(from) {
                if ids::is_mark(place, b"$") {
                    *place = id.text().to_vec();
                }
            }
            words
        });
        ctx.block(Wait {
            keys: &keys,
            timeout_ms,
            kind: Kind::Stream,
            on_timeout: Timeout::NullArray,
            on_delete: self.group.is_some(),
            rewrite,
        })
    }
}

/// The argument of BLOCK (timeout.c `getTimeoutFromObjectOrReply`).
fn timeout(ctx: &Ctx<'_>, args: Args<'_>, at: usize) -> Result<i64, Failure> {
    if ctx.session.deny_blocking {
        let name = c_str(word(args, 0));
        return Err(Failure::Bytes(
            [b"ERR ", name, b" command is not allowed with BLOCK option from scripts"].concat(),
        ));
    }
    let timeout_ms = int_or(word(args, at), "ERR timeout is not an integer or out of range")?;
    if timeout_ms < 0 {
        return Err(Failure::text("ERR timeout is negative"));
    }
    if timeout_ms.checked_add(ctx.keys.now_ms).is_none() {
        return Err(Failure::text("ERR timeout is out of range"));
    }
    Ok(timeout_ms)
}

/// The reply in the making: streams with their entries, an array of pairs in RESP2, a map in RESP3.
pub(super) struct Streams {
    mark: usize,
    count: usize,
}

impl Streams {
    /// Begins at the end of `out`.
    pub(super) fn new(out: &Out<'_>) -> Streams {
        Streams { mark: out.mark(), count: 0 }
    }

    /// Begins one of them, whose entries follow.
    pub(super) fn add(&mut self, out: &mut Out<'_>, key: &[u8]) {
        self.count += 1;
        if out.proto() == Proto::V2 {
            out.array(2);
        }
        out.bulk(key);
    }

    /// Ends the reply; `false`, with nothing written, if there were none.
    pub(super) fn finish(self, out: &mut Out<'_>) -> bool {
        if self.count == 0 {
            return false;
        }
        reply::put_head(out, self.mark, |out| match out.proto() {
            Proto::V2 => out.array(self.count),
            Proto::V3 => out.map(self.count),
        });
        true
    }
}

/// XREAD [COUNT count] [BLOCK milliseconds] STREAMS key [key ...] id [id ...]
pub(super) fn xread(ctx: &mut Ctx<'_>, args: Args<'_>) -> Outcome {
    let options = Options::parse(ctx, args, false)?;
    let from = options.keys.iter().zip(options.ids).map(|(key, id)| first_look(ctx, key, id));
    let from: Vec<StreamId> = from.collect::<Result<_, _>>()?;
    let mut streams = Streams::new(&ctx.out);
    for (name, after) in options.keys.iter().zip(&from) {
        let found = ctx.keys.read_as::<Stream>(&HKey::new(name))?;
        let Some(start) = after.next() else { continue };
        let Some(log) = found.map(|stream| &stream.log).filter(|log| log.last_id() > *after) else {
            continue;
        };
        let mut entries = log.range(start, StreamId::MAX, false).peekable();
        if entries.peek().is_some() {
            streams.add(&mut ctx.out, name);
            reply::entries(&mut ctx.out, entries, options.count);
        }
    }
    if streams.finish(&mut ctx.out) { Ok(()) } else { options.wait(ctx, args, &from) }
}

/// The id behind which a stream is to be read.
fn first_look(ctx: &mut Ctx<'_>, key: &[u8], id: &[u8]) -> Result<StreamId, Failure> {
    let stream = ctx.keys.read_as::<Stream>(&HKey::new(key))?;
    if ids::is_mark(id, b"$") {
        return Ok(stream.map_or(StreamId::MIN, |stream| stream.log.last_id()));
    }
    if ids::is_mark(id, b">") {
        return Err(Failure::text(
            "ERR The > ID can be specified only when calling XREADGROUP using the GROUP <group> <consumer> option.",
        ));
    }
    ids::exact(id)
}
