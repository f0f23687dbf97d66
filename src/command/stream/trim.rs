//! The options of XADD and XTRIM (t_stream.c `streamParseAddOrTrimArgsOrReply`), and the effect of a trim.

use super::ids;
use crate::command::args::{c_str, int, is, word};
use crate::command::{Args, Failure};
use crate::data::Limits;
use crate::data::stream::{Keep, Log, NewId, Trim};

/// Entries that `~` removes at most where no LIMIT is given and nodes have no limit of entries; and in any case.
const LIMIT_WITHOUT_NODES: u64 = 10_000;
const LIMIT_MAX: u64 = 1_000_000;

/// What the words before the id say, and the id.
#[derive(Default)]
pub(super) struct Options {
    /// XADD: the word of the id.
    pub(super) id_at: usize,
    /// XADD: the id asked for; `None` for `*`.
    pub(super) id: Option<NewId>,
    /// XADD: no stream is created.
    pub(super) no_create: bool,
    /// What is to be kept.
    keep: Option<Keep>,
    /// `~` was given.
    approximate: bool,
    /// The word of the length or id to keep.
    keep_at: usize,
    limit: Option<i64>,
    limit_at: usize,
}

impl Options {
    /// Reads them; `adds` for XADD.
    ///
    /// # Errors
    /// Whatever Redis refuses, by its order.
    pub(super) fn parse(args: Args<'_>, adds: bool) -> Result<Options, Failure> {
        let mut options = Options::default();
        let mut at = 2;
        while let Some(option) = args.get(at) {
            let more = at + 1 < args.len();
            if adds && ids::is_mark(option, b"*") {
                break;
            } else if more && is(c_str(option), "MAXLEN") {
                at = options.strategy(args, at)?;
                let len = int(word(args, at))?;
                let len =
                    u64::try_from(len).map_err(|_| Failure::text("ERR The MAXLEN argument must be >= 0."))?;
                options.keep = Some(Keep::Newest(len));
            } else if more && is(c_str(option), "MINID") {
                at = options.strategy(args, at)?;
                options.keep = Some(Keep::From(ids::exact(word(args, at))?));
            } else if more && is(c_str(option), "LIMIT") {
                (options.limit_at, at) = (at, at + 1);
                let limit = int(word(args, at))?;
                if limit < 0 {
                    return Err(Failure::text("ERR The LIMIT argument must be >= 0."));
                }
                options.limit = Some(limit);
            } else if adds && is(c_str(option), "NOMKSTREAM") {
                options.no_create = true;
            } else if adds {
                options.id = Some(ids::new(option)?);
                break;
            } else {
                return Err(Failure::Syntax);
            }
            at += 1;
        }
        options.id_at = at;
        options.check(adds)?;
        Ok(options)
    }

    /// Reads what may stand before the length or id to keep, whose word is returned.
    fn strategy(&mut self, args: Args<'_>, at: usize) -> Result<usize, Failure> {
        if self.keep.is_some() {
            return Err(Failure::text(
                "ERR syntax error, MAXLEN and MINID options at the same time are not compatible",
            ));
        }
        let mark = if at + 2 < args.len() { c_str(word(args, at + 1)) } else { b"" };
        self.approximate = mark == b"~";
        self.keep_at = if mark == b"~" || mark == b"=" { at + 2 } else { at + 1 };
        Ok(self.keep_at)
    }

    fn check(&self, adds: bool) -> Result<(), Failure> {
        let line = match (self.limit, self.keep) {
            (Some(1..), None) => {
                "ERR syntax error, LIMIT cannot be used without specifying a trimming strategy"
            }
            (_, None) if !adds => "ERR syntax error, XTRIM must be called with a trimming strategy",
            (Some(_), _) if !self.approximate => {
                "ERR syntax error, LIMIT cannot be used without the special ~ option"
            }
            _ => return Ok(()),
        };
        Err(Failure::text(line))
    }

    /// The trim asked for.
    pub(super) fn trim(&self, limits: &Limits) -> Option<Trim> {
        let by_nodes = match u64::try_from(limits.stream_node_entries).unwrap_or(u64::MAX) {
            0 => LIMIT_WITHOUT_NODES,
            entries => entries.saturating_mul(100).min(LIMIT_MAX),
        };
        let limit = match self.limit {
            _ if !self.approximate => 0,
            Some(limit) => u64::try_from(limit).unwrap_or(0),
            None => by_nodes,
        };
        Some(Trim { keep: self.keep?, whole_nodes: self.approximate, limit })
    }

    /// After an approximate trim: the word for what `log` has kept. What such a trim removes depends on the layout of the
    /// nodes, so its effect is an exact one with the same outcome.
    pub(super) fn kept(&self, log: &Log) -> Option<Vec<u8>> {
        match self.keep? {
            _ if !self.approximate => None,
            Keep::Newest(_) => Some(log.len().to_string().into_bytes()),
            Keep::From(_) => Some(log.first_written_id().text().to_vec()),
        }
    }

    /// The words of the effect: with an id and with an exact trim (t_stream.c `streamRewriteTrimArgument`). LIMIT goes
    /// with the `~`, for it is an error without.
    pub(super) fn effect<'a>(
        &self,
        args: Args<'a>,
        id: Option<&'a [u8]>,
        kept: Option<&'a [u8]>,
    ) -> Vec<&'a [u8]> {
        let mut words = args.to_vec();
        if let (Some(place), Some(id)) = (words.get_mut(self.id_at), id) {
            *place = id;
        }
        if let Some(kept) = kept {
            if let Some([mark, keep]) = words.get_mut(self.keep_at.saturating_sub(1)..=self.keep_at) {
                (*mark, *keep) = (b"=", kept);
            }
            if self.limit.is_some() {
                words.drain(self.limit_at..self.limit_at + 2);
            }
        }
        words
    }
}
