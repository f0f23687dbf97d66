//! Replies of RESP2 and RESP3 with every wire type kept apart, and their readable form.
//!
//! `parse` is deliberately naive (it starts over when bytes are missing): it is the judge of the server's
//! encoder and shares no code with it.

use std::fmt;

/// One reply. Doubles and big numbers keep their text, since the text is what must match.
#[derive(Clone, Debug, PartialEq, Eq, PartialOrd, Ord, Hash)]
pub enum Value {
    /// `+`
    Simple(Vec<u8>),
    /// `-`
    Error(Vec<u8>),
    /// `:`
    Int(i64),
    /// `$`
    Bulk(Vec<u8>),
    /// `$-1` of RESP2
    NullBulk,
    /// `*-1` of RESP2
    NullArray,
    /// `_` of RESP3
    Null,
    /// `*`
    Array(Vec<Value>),
    /// `%`, in the order sent
    Map(Vec<(Value, Value)>),
    /// `~`
    Set(Vec<Value>),
    /// `>`
    Push(Vec<Value>),
    /// `,` as text
    Double(Vec<u8>),
    /// `#`
    Bool(bool),
    /// `(` as text
    BigNumber(Vec<u8>),
    /// `=` with the three-letter format
    Verbatim(Vec<u8>, Vec<u8>),
    /// `!`
    BulkError(Vec<u8>),
}

/// The bytes are not a reply; says why.
#[derive(Debug)]
pub struct Malformed(pub String);

type Parsed<T> = Result<Option<(T, usize)>, Malformed>;

impl Value {
    /// Reads one value from the front of `bytes`: the value and its length, or `None` when bytes are missing.
    pub fn parse(bytes: &[u8]) -> Parsed<Value> {
        let Some((line, used)) = line(bytes)? else { return Ok(None) };
        let Some((&kind, text)) = line.split_first() else {
            return Err(Malformed("empty line where a reply should start".into()));
        };
        let simple = |value| Ok(Some((value, used)));
        match kind {
            b'+' => simple(Value::Simple(text.to_vec())),
            b'-' => simple(Value::Error(text.to_vec())),
            b':' => simple(Value::Int(number(text)?)),
            b'_' => simple(Value::Null),
            b',' => simple(Value::Double(text.to_vec())),
            b'(' => simple(Value::BigNumber(text.to_vec())),
            b'#' if text == b"t" || text == b"f" => simple(Value::Bool(text == b"t")),
            b'$' if text == b"-1" => simple(Value::NullBulk),
            b'*' if text == b"-1" => simple(Value::NullArray),
            b'$' | b'=' | b'!' => Self::parse_blob(kind, text, bytes, used),
            b'*' | b'%' | b'~' | b'>' => Self::parse_aggregate(kind, text, bytes, used),
            _ => Err(Malformed(format!("unknown reply type: {}", quote(line)))),
        }
    }

    fn parse_blob(kind: u8, text: &[u8], bytes: &[u8], used: usize) -> Parsed<Value> {
        let end = used + length(text)?;
        if bytes.len() < end + 2 {
            return Ok(None);
        }
        if &bytes[end..end + 2] != b"\r\n" {
            return Err(Malformed("bulk not followed by CRLF".into()));
        }
        let body = &bytes[used..end];
        let value = match kind {
            b'$' => Value::Bulk(body.to_vec()),
            b'!' => Value::BulkError(body.to_vec()),
            _ if body.len() >= 4 && body[3] == b':' => {
                Value::Verbatim(body[..3].to_vec(), body[4..].to_vec())
            }
            _ => return Err(Malformed("verbatim string without format".into())),
        };
        Ok(Some((value, end + 2)))
    }

    fn parse_aggregate(kind: u8, text: &[u8], bytes: &[u8], mut used: usize) -> Parsed<Value> {
        let count = length(text)? * if kind == b'%' { 2 } else { 1 };
        let mut items = Vec::new();
        for _ in 0..count {
            let Some((item, len)) = Value::parse(&bytes[used..])? else { return Ok(None) };
            items.push(item);
            used += len;
        }
        let value = match kind {
            b'*' => Value::Array(items),
            b'~' => Value::Set(items),
            b'>' => Value::Push(items),
            _ => {
                let mut items = items.into_iter();
                let mut pairs = Vec::new();
                while let (Some(key), Some(value)) = (items.next(), items.next()) {
                    pairs.push((key, value));
                }
                Value::Map(pairs)
            }
        };
        Ok(Some((value, used)))
    }

    /// Whether this is an error of either form.
    pub fn is_error(&self) -> bool {
        matches!(self, Value::Error(_) | Value::BulkError(_))
    }

    /// Whether this is any of the three nulls.
    pub fn is_null(&self) -> bool {
        matches!(self, Value::Null | Value::NullBulk | Value::NullArray)
    }

    /// The integer, or a panic that shows what came instead.
    pub fn int(&self) -> i64 {
        let Value::Int(n) = self else { panic!("expected an integer, got {self}") };
        *n
    }

    /// The bytes of a string of any kind, `None` for null.
    pub fn bytes(&self) -> Option<&[u8]> {
        match self {
            Value::Bulk(b) | Value::Simple(b) | Value::Verbatim(_, b) | Value::Double(b) => Some(b),
            other if other.is_null() => None,
            other => panic!("expected a string, got {other}"),
        }
    }

    /// The elements of an array, set or push, or a panic that shows what came instead.
    pub fn items(&self) -> &[Value] {
        match self {
            Value::Array(items) | Value::Set(items) | Value::Push(items) => items,
            other => panic!("expected an array, got {other}"),
        }
    }
}

/// A simple string to compare against.
pub fn simple(text: &str) -> Value {
    Value::Simple(text.as_bytes().to_vec())
}

/// A bulk string to compare against.
pub fn bulk(text: &str) -> Value {
    Value::Bulk(text.as_bytes().to_vec())
}

fn line(bytes: &[u8]) -> Parsed<&[u8]> {
    let Some(end) = bytes.iter().position(|&b| b == b'\n') else { return Ok(None) };
    if end == 0 || bytes[end - 1] != b'\r' {
        return Err(Malformed(format!("line not ended by CRLF: {}", quote(&bytes[..end]))));
    }
    Ok(Some((&bytes[..end - 1], end + 1)))
}

fn number(text: &[u8]) -> Result<i64, Malformed> {
    let parsed = std::str::from_utf8(text).ok().and_then(|t| t.parse().ok());
    parsed.ok_or_else(|| Malformed(format!("not a number: {}", quote(text))))
}

fn length(text: &[u8]) -> Result<usize, Malformed> {
    usize::try_from(number(text)?).map_err(|_| Malformed(format!("bad length: {}", quote(text))))
}

/// Bytes in double quotes with escapes, long ones cut, so that a terminal and a person can take them.
pub fn quote(bytes: &[u8]) -> String {
    const SHOWN: usize = 200;
    let mut out = String::from("\"");
    for &byte in bytes.iter().take(SHOWN) {
        match byte {
            b'"' => out.push_str("\\\""),
            b'\\' => out.push_str("\\\\"),
            b'\r' => out.push_str("\\r"),
            b'\n' => out.push_str("\\n"),
            b' '..=b'~' => out.push(char::from(byte)),
            _ => out.push_str(&format!("\\x{byte:02x}")),
        }
    }
    out.push('"');
    if bytes.len() > SHOWN {
        out.push_str(&format!("...({} bytes)", bytes.len()));
    }
    out
}

/// A command as redis-cli would take it.
pub fn quote_command(words: &[Vec<u8>]) -> String {
    let plain = |w: &[u8]| !w.is_empty() && w.len() < 200 && w.iter().all(|b| b.is_ascii_graphic());
    let quoted = |w: &Vec<u8>| {
        if plain(w) && !w.iter().any(|b| b"\"'\\".contains(b)) {
            String::from_utf8_lossy(w).into_owned()
        } else {
            quote(w)
        }
    };
    words.iter().map(quoted).collect::<Vec<_>>().join(" ")
}

impl fmt::Display for Value {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        let list = |f: &mut fmt::Formatter<'_>, open: &str, items: &[Value]| {
            write!(f, "{open}")?;
            for (at, item) in items.iter().enumerate() {
                write!(f, "{}{item}", if at == 0 { "" } else { ", " })?;
            }
            write!(f, "]")
        };
        match self {
            Value::Simple(b) => write!(f, "+{}", String::from_utf8_lossy(b)),
            Value::Error(b) => write!(f, "-{}", String::from_utf8_lossy(b)),
            Value::BulkError(b) => write!(f, "!{}", quote(b)),
            Value::Int(n) => write!(f, ":{n}"),
            Value::Bulk(b) => write!(f, "{}", quote(b)),
            Value::NullBulk => write!(f, "$-1"),
            Value::NullArray => write!(f, "*-1"),
            Value::Null => write!(f, "_"),
            Value::Array(items) => list(f, "[", items),
            Value::Set(items) => list(f, "~[", items),
            Value::Push(items) => list(f, ">[", items),
            Value::Map(pairs) => {
                write!(f, "%[")?;
                for (key, value) in pairs {
                    write!(f, "{key}: {value}; ")?;
                }
                write!(f, "]")
            }
            Value::Double(b) => write!(f, ",{}", String::from_utf8_lossy(b)),
            Value::Bool(b) => write!(f, "#{b}"),
            Value::BigNumber(b) => write!(f, "({}", String::from_utf8_lossy(b)),
            Value::Verbatim(format, b) => write!(f, "={}:{}", String::from_utf8_lossy(format), quote(b)),
        }
    }
}
