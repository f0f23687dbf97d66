//! Walks an RDB file from front to back without building its values (rdb.c `rdbLoadRio`).
//!
//! ```text
//!  file    = "REDIS" and four digits, records, FF, CRC-64 u64 LE          (the sum from version 5 on)
//!  record  = FA string string        aux field          F5 string         a library of functions
//!          | FE length               database           FB length length  its keys, those that expire
//!          | FC i64 | FD i32         expiry of the next key, in ms or s
//!          | F8 length | F9 u8       its idle time in s, its frequency
//!          | F4 length length length a slot of the cluster, its keys, those that expire (7.4)
//!          | F7 length 02 length parts                  aux data of a module
//!          | type, key, value
//! ```
//!
//! A key comes with the *raw* bytes of its value: the scanner only finds where they end, so that whoever owns the key
//! decodes them ([`super::read_value`]) while the scan goes on. Parts of unknown modules are walked over too.
//!
//! Invariants:
//! - Nothing is trusted. A length is no reason to allocate: the window grows as bytes come in, and at once refused is
//!   what claims more than the input has, if its size is known.
//! - The window holds the record at hand and what was read ahead. `mark <= at <= window.len()`.
//! - Every byte up to and including FF goes into the sum once: those before `summed` have.
//!
//! Belongs to one thread; blocks in `read` only.

mod value;
mod window;

#[cfg(test)]
mod tests;

use super::{Reader, VERSION_MAX, opcode};
use std::borrow::Cow;
use std::io::{self, Read};
use window::Window;

/// What a file is made of, in its order. Borrowed bytes live until the next call.
#[derive(Debug)]
pub enum Event<'a> {
    /// The version of the format: always the first event.
    Version(u16),
    /// A fact about the file, which who does not know it skips.
    Aux {
        /// Its name.
        name: Cow<'a, [u8]>,
        /// Its text.
        value: Cow<'a, [u8]>,
    },
    /// Data of a module beside the keys. Redis refuses to load it without the module.
    ModuleAux {
        /// The module's type ([`module_name`]).
        id: u64,
    },
    /// The text of a library of functions.
    Function(Cow<'a, [u8]>),
    /// The keys that follow are in this database.
    Select(u64),
    /// How much follows in the database, as a hint: it need not be true.
    Resize {
        /// Keys.
        keys: u64,
        /// Keys that expire.
        expires: u64,
    },
    /// How much follows in a slot of the cluster, as a hint (Redis 7.4 and later).
    SlotInfo {
        /// The slot.
        slot: u64,
        /// Keys.
        keys: u64,
        /// Keys that expire.
        expires: u64,
    },
    /// A key.
    Key(Record<'a>),
    /// The end: nothing else follows, in this format. See [`Scanner::into_rest`].
    End(Checksum),
}

/// A key and what belongs to it.
#[derive(Debug)]
pub struct Record<'a> {
    /// The key.
    pub key: Cow<'a, [u8]>,
    /// The type byte that [`super::read_value`] wants.
    pub kind: u8,
    /// The body of the value: exactly what [`super::read_value`] must consume, still unchecked.
    pub value: &'a [u8],
    /// Where the body begins in the file.
    pub offset: u64,
    /// When the key expires, in Unix milliseconds.
    pub expire_ms: Option<i64>,
    /// Seconds since it was last accessed.
    pub idle_s: Option<u64>,
    /// How often it is accessed: the logarithmic counter of LFU.
    pub freq: Option<u8>,
}

impl Record<'_> {
    /// The type of the module that the value belongs to, if it belongs to one: nothing here can decode it.
    #[must_use]
    pub fn module(&self) -> Option<String> {
        let id = (self.kind == super::kind::MODULE_2).then(|| Reader::new(self.value).length().ok())?;
        id.map(module_name)
    }
}

/// What the sum at the end says.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Checksum {
    /// The file is as it was written.
    Sound,
    /// The file has none: it is 0 (`rdbchecksum no`), or the version is older than 5.
    Absent,
    /// The file is damaged.
    Wrong {
        /// The sum of what was read.
        computed: u64,
        /// The sum that the file states.
        stated: u64,
    },
}

/// What was being read when something was wrong (redis-check-rdb.c `rdb_check_doing_string`).
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Step {
    /// The first bytes.
    Start,
    /// What comes next.
    Type,
    /// The expiry of a key.
    Expire,
    /// A key.
    Key,
    /// A value.
    Value,
    /// The sum at the end.
    Sum,
    /// A number of a database or of keys.
    Len,
    /// An aux field.
    Aux,
    /// Aux data of a module.
    ModuleAux,
    /// A library of functions.
    Functions,
}

impl Step {
    /// As redis-check-rdb prints it.
    #[must_use]
    pub fn as_str(self) -> &'static str {
        match self {
            Step::Start => "start",
            Step::Type => "read-type",
            Step::Expire => "read-expire",
            Step::Key => "read-key",
            Step::Value => "read-object-value",
            Step::Sum => "check-sum",
            Step::Len => "read-len",
            Step::Aux => "read-aux",
            Step::ModuleAux => "read-module-aux",
            Step::Functions => "read-functions",
        }
    }
}

/// What is wrong; the texts are Redis's where it has one.
#[derive(Debug, thiserror::Error)]
pub enum Flaw {
    /// The bytes end too early.
    #[error("Unexpected EOF reading RDB file")]
    Eof,
    /// The input failed.
    #[error("{0}")]
    Read(io::Error),
    /// No RDB file.
    #[error("Wrong signature trying to load DB from file")]
    Signature,
    /// Written by something newer, or by nobody.
    #[error("Can't handle RDB format version {0}")]
    Version(u32),
    /// A record of no known sort.
    #[error("Invalid object type: {0}")]
    Kind(u8),
    /// No length.
    #[error("Unknown length encoding {} in rdbLoadLen()", .0 >> 6)]
    Length(u8),
    /// No string.
    #[error("Unknown RDB string encoding type {0}")]
    Encoding(u8),
    /// A compressed string that does not decompress.
    #[error("Invalid LZF compressed string")]
    Compressed,
    /// Libraries as release candidates of Redis 7.0 wrote them.
    #[error("Pre-release function format not supported.")]
    OldFunction,
    /// Values as release candidates of Redis 4.0 wrote them.
    #[error("Pre-release module format not supported")]
    OldModule,
    /// Aux data of a module that does not begin as it must.
    #[error("bad when_opcode")]
    When,
    /// A part of a module's data of no known sort.
    #[error("Unknown module opcode {0}")]
    ModulePart(u64),
    /// A record for which there is no memory.
    #[error("a record of {0} bytes does not fit into memory")]
    Memory(u64),
}

/// Where a file is damaged and how.
#[derive(Debug, thiserror::Error)]
#[error("[offset {offset}] {flaw}")]
pub struct Damage {
    /// Bytes of the file that had been read.
    pub offset: u64,
    /// What is wrong.
    pub flaw: Flaw,
    /// What was being read.
    pub step: Step,
    /// The key at hand, if one was read.
    pub key: Option<Vec<u8>>,
    /// The type byte at hand.
    pub kind: Option<u8>,
}

/// Facts that stand before a key and belong to it.
#[derive(Clone, Copy, Debug, Default)]
struct Ahead {
    expire_ms: Option<i64>,
    idle_s: Option<u64>,
    freq: Option<u8>,
}

/// A part of the window, relative to its mark.
#[derive(Clone, Copy, Debug)]
struct Span {
    from: usize,
    to: usize,
}

/// The scanner; see the head.
#[derive(Debug)]
pub struct Scanner<R> {
    window: Window<R>,
    version: Option<u16>,
    step: Step,
    key: Option<Span>,
    kind: Option<u8>,
}

impl<R: Read> Scanner<R> {
    /// At the first byte of an input of unknown size.
    pub fn new(read: R) -> Scanner<R> {
        Scanner::sized(read, None)
    }

    /// At the first byte of an input of `size` bytes, if that is known: what claims to be longer is refused before it is
    /// read. Files should be given this.
    pub fn sized(read: R, size: Option<u64>) -> Scanner<R> {
        let window = Window::new(read, size);
        Scanner { window, version: None, step: Step::Start, key: None, kind: None }
    }

    /// Bytes of the input that were handed out or skipped. For the progress of loading.
    pub fn offset(&self) -> u64 {
        self.window.offset()
    }

    /// What was read ahead, and the input: what follows the file (an AOF behind its preamble, a replication stream).
    pub fn into_rest(self) -> (Vec<u8>, R) {
        self.window.into_rest()
    }

    /// The next event; after [`Event::End`] do not ask again.
    ///
    /// # Errors
    /// The file is damaged, or the input fails: do not ask again either.
    #[allow(clippy::should_implement_trait, reason = "an iterator cannot lend")]
    pub fn next(&mut self) -> Result<Event<'_>, Damage> {
        match self.advance() {
            Ok(found) => Ok(self.event(found)),
            Err(flaw) => Err(self.damage(flaw)),
        }
    }

    fn damage(&mut self, flaw: Flaw) -> Damage {
        Damage {
            offset: self.window.offset(),
            flaw,
            step: self.step,
            key: self.key.and_then(|span| self.window.string(span).ok()).map(Cow::into_owned),
            kind: self.kind,
        }
    }

    /// Reads up to the end of the next event and says where its parts lie.
    fn advance(&mut self) -> Result<Found, Flaw> {
        (self.key, self.kind) = (None, None);
        self.window.mark();
        let Some(version) = self.version else { return self.magic().map(Found::Version) };
        let mut ahead = Ahead::default();
        loop {
            self.step = Step::Type;
            let code = self.window.byte()?;
            match code {
                opcode::EXPIRETIME => {
                    self.step = Step::Expire;
                    let seconds = i32::from_le_bytes(self.window.array()?);
                    ahead.expire_ms = Some(i64::from(seconds) * 1000);
                }
                opcode::EXPIRETIME_MS => {
                    self.step = Step::Expire;
                    ahead.expire_ms = Some(i64::from_le_bytes(self.window.array()?));
                }
                opcode::FREQ => ahead.freq = Some(self.window.byte()?),
                opcode::IDLE => ahead.idle_s = Some(self.window.length()?),
                opcode::EOF => return self.end(version).map(Found::End),
                opcode::SELECTDB => {
                    self.step = Step::Len;
                    return self.window.length().map(Found::Select);
                }
                opcode::RESIZEDB => {
                    self.step = Step::Len;
                    let (keys, expires) = (self.window.length()?, self.window.length()?);
                    return Ok(Found::Resize { keys, expires });
                }
                opcode::SLOT_INFO => {
                    self.step = Step::Len;
                    let (slot, keys) = (self.window.length()?, self.window.length()?);
                    return Ok(Found::SlotInfo { slot, keys, expires: self.window.length()? });
                }
                opcode::AUX => {
                    self.step = Step::Aux;
                    let (name, value) = (self.checked_string()?, self.checked_string()?);
                    return Ok(Found::Aux { name, value });
                }
                opcode::MODULE_AUX => return self.module_aux().map(Found::ModuleAux),
                opcode::FUNCTION2 => {
                    self.step = Step::Functions;
                    return self.checked_string().map(Found::Function);
                }
                opcode::FUNCTION_PRE_GA => return Err(Flaw::OldFunction),
                kind => return self.key_record(kind, ahead),
            }
        }
    }

    fn magic(&mut self) -> Result<u16, Flaw> {
        let [r, e, d, i, s, digits @ ..] = self.window.array::<9>()?;
        if [r, e, d, i, s] != *b"REDIS" {
            return Err(Flaw::Signature);
        }
        // As atoi does: digits up to the first byte that is none.
        let digits = digits.iter().take_while(|b| b.is_ascii_digit());
        let version = digits.fold(0, |version, digit| version * 10 + u32::from(digit - b'0'));
        let known = u16::try_from(version).ok().filter(|version| (1..=VERSION_MAX).contains(version));
        self.version = known;
        known.ok_or(Flaw::Version(version))
    }

    fn end(&mut self, version: u16) -> Result<Checksum, Flaw> {
        if version < 5 {
            return Ok(Checksum::Absent);
        }
        self.step = Step::Sum;
        let computed = self.window.sum();
        let stated = u64::from_le_bytes(self.window.array()?);
        Ok(match stated {
            0 => Checksum::Absent,
            _ if stated == computed => Checksum::Sound,
            _ => Checksum::Wrong { computed, stated },
        })
    }

    fn module_aux(&mut self) -> Result<u64, Flaw> {
        self.step = Step::ModuleAux;
        let (id, when, _) = (self.window.length()?, self.window.length()?, self.window.length()?);
        if when != value::MODULE_UINT {
            return Err(Flaw::When);
        }
        value::skip_module_parts(&mut self.window)?;
        Ok(id)
    }

    /// Walks over a string that [`Scanner::event`] will have to decode, so it must be sound.
    fn checked_string(&mut self) -> Result<Span, Flaw> {
        let from = self.window.at_mark();
        value::skip_string(&mut self.window)?;
        let span = Span { from, to: self.window.at_mark() };
        self.window.string(span).map(|_| span).map_err(|_| Flaw::Compressed)
    }

    fn key_record(&mut self, kind: u8, ahead: Ahead) -> Result<Found, Flaw> {
        if !value::is_known(kind) {
            return Err(Flaw::Kind(kind));
        }
        (self.kind, self.step) = (Some(kind), Step::Key);
        let key = self.checked_string()?;
        (self.key, self.step) = (Some(key), Step::Value);
        let from = self.window.at_mark();
        let offset = self.window.offset();
        value::skip(&mut self.window, kind)?;
        let value = Span { from, to: self.window.at_mark() };
        Ok(Found::Key { kind, key, value, offset, ahead })
    }

    /// Lends what [`Scanner::advance`] found. Its strings were decoded once already: they are sound.
    fn event(&self, found: Found) -> Event<'_> {
        let text = |span| self.window.string(span).unwrap_or_default();
        match found {
            Found::Version(version) => Event::Version(version),
            Found::Aux { name, value } => Event::Aux { name: text(name), value: text(value) },
            Found::ModuleAux(id) => Event::ModuleAux { id },
            Found::Function(code) => Event::Function(text(code)),
            Found::Select(db) => Event::Select(db),
            Found::Resize { keys, expires } => Event::Resize { keys, expires },
            Found::SlotInfo { slot, keys, expires } => Event::SlotInfo { slot, keys, expires },
            Found::End(verdict) => Event::End(verdict),
            Found::Key { kind, key, value, offset, ahead } => Event::Key(Record {
                key: text(key),
                kind,
                value: self.window.bytes(value),
                offset,
                expire_ms: ahead.expire_ms,
                idle_s: ahead.idle_s,
                freq: ahead.freq,
            }),
        }
    }
}

/// An event by the places of its parts.
enum Found {
    Version(u16),
    Aux { name: Span, value: Span },
    ModuleAux(u64),
    Function(Span),
    Select(u64),
    Resize { keys: u64, expires: u64 },
    SlotInfo { slot: u64, keys: u64, expires: u64 },
    Key { kind: u8, key: Span, value: Span, offset: u64, ahead: Ahead },
    End(Checksum),
}

/// The name of a module's type: nine letters in the upper 54 bits of its id (module.c `moduleTypeNameByID`).
#[must_use]
pub fn module_name(id: u64) -> String {
    const LETTERS: &[u8; 64] = b"ABCDEFGHIJKLMNOPQRSTUVWXYZabcdefghijklmnopqrstuvwxyz0123456789-_";
    let letter = |n: u32| LETTERS.get(usize::try_from(id >> (10 + 6 * n) & 63).unwrap_or(0));
    (0..9).rev().filter_map(letter).map(|&letter| char::from(letter)).collect()
}
