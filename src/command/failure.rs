//! Error replies of handlers, worded as Redis words them (server.c `createSharedObjects` and the commands' own).

use crate::keyspace::WrongKind;
use std::borrow::Cow;

/// Why a command failed; becomes the `-…` line of the reply.
#[derive(Debug, Clone, PartialEq, Eq)]
pub enum Failure {
    /// The key holds another type.
    WrongType,
    /// An argument (or the value) is no 64-bit integer.
    NotInteger,
    /// An argument (or the value) is no float.
    NotFloat,
    /// Options do not fit together.
    Syntax,
    /// No such key, where that is an error.
    NoSuchKey,
    /// A number is out of its range.
    OutOfRange,
    /// Wrong number of words for this command (its full name).
    Arity(String),
    /// Any other error line, code first (`ERR …`).
    Text(Cow<'static, str>),
    /// An error line that carries a client's bytes.
    Bytes(Vec<u8>),
}

/// Result of a handler; the reply of a success was written to `ctx.out`.
pub type Outcome = Result<(), Failure>;

impl Failure {
    /// An error line that is the same every time.
    pub const fn text(line: &'static str) -> Failure {
        Failure::Text(Cow::Borrowed(line))
    }

    /// The error line without the leading `-`.
    pub fn line(&self) -> Cow<'_, [u8]> {
        let text: &str = match self {
            Failure::WrongType => "WRONGTYPE Operation against a key holding the wrong kind of value",
            Failure::NotInteger => "ERR value is not an integer or out of range",
            Failure::NotFloat => "ERR value is not a valid float",
            Failure::Syntax => "ERR syntax error",
            Failure::NoSuchKey => "ERR no such key",
            Failure::OutOfRange => "ERR index out of range",
            Failure::Arity(name) => {
                return Cow::Owned(
                    format!("ERR wrong number of arguments for '{name}' command").into_bytes(),
                );
            }
            Failure::Text(line) => line,
            Failure::Bytes(line) => return Cow::Borrowed(line),
        };
        Cow::Borrowed(text.as_bytes())
    }
}

impl From<WrongKind> for Failure {
    fn from(_: WrongKind) -> Failure {
        Failure::WrongType
    }
}

impl From<String> for Failure {
    fn from(line: String) -> Failure {
        Failure::Text(Cow::Owned(line))
    }
}
