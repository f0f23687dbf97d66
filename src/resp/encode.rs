//! Replies as bytes, in the protocol version that the client asked for with HELLO.
//!
//! `Out` appends to a connection's output buffer and never allocates anything else. Where RESP3 has a type that RESP2
//! lacks (map, set, double, boolean, null, push), RESP2 gets what Redis sends instead (networking.c, `addReply*`).

use crate::base::numbers::{f64_as_i64, write_f64};

/// Protocol version of a connection.
#[derive(Clone, Copy, PartialEq, Eq, Debug, Default)]
pub enum Proto {
    /// RESP2, the version of a new connection.
    #[default]
    V2,
    /// RESP3, chosen by `HELLO 3`.
    V3,
}

/// Writes replies to the end of a buffer.
pub struct Out<'a> {
    buf: &'a mut Vec<u8>,
    proto: Proto,
}

impl<'a> Out<'a> {
    /// A writer that appends to `buf` in protocol `proto`.
    pub fn new(buf: &'a mut Vec<u8>, proto: Proto) -> Out<'a> {
        Out { buf, proto }
    }

    /// The protocol that replies are written in.
    pub fn proto(&self) -> Proto {
        self.proto
    }

    /// Changes the protocol for what is written from here on (HELLO).
    pub fn set_proto(&mut self, proto: Proto) {
        self.proto = proto;
    }

    /// Bytes in the buffer: a mark for [`Out::truncate`] and [`Out::since`].
    pub fn mark(&self) -> usize {
        self.buf.len()
    }

    /// Drops what was written after `mark`.
    pub fn truncate(&mut self, mark: usize) {
        self.buf.truncate(mark);
    }

    /// What was written after `mark`.
    pub fn since(&self, mark: usize) -> &[u8] {
        self.buf.get(mark..).unwrap_or_default()
    }

    /// The contents of the bulk string that was written after `mark`, and nothing after it.
    pub fn bulk_since(&self, mark: usize) -> &[u8] {
        let reply = self.since(mark);
        let start = memchr::memchr(b'\n', reply).map_or(0, |end| end + 1);
        reply.get(start..reply.len().saturating_sub(2)).unwrap_or_default()
    }

    /// The buffer itself, for bytes that are already encoded.
    pub fn raw(&mut self) -> &mut Vec<u8> {
        self.buf
    }

    /// `+OK`.
    #[inline]
    pub fn ok(&mut self) {
        self.buf.extend_from_slice(b"+OK\r\n");
    }

    /// A simple string; `text` must hold no line end.
    pub fn simple(&mut self, text: &str) {
        self.buf.push(b'+');
        self.buf.extend_from_slice(text.as_bytes());
        self.buf.extend_from_slice(b"\r\n");
    }

    /// A simple string of any bytes but line ends.
    pub fn simple_bytes(&mut self, text: &[u8]) {
        self.buf.push(b'+');
        self.buf.extend_from_slice(text);
        self.buf.extend_from_slice(b"\r\n");
    }

    /// A big number in decimal digits: `(…`, or a bulk string in RESP2.
    pub fn big_number(&mut self, digits: &[u8]) {
        match self.proto {
            Proto::V3 => {
                self.buf.push(b'(');
                self.buf.extend_from_slice(digits);
                self.buf.extend_from_slice(b"\r\n");
            }
            Proto::V2 => self.bulk(digits),
        }
    }

    /// An error. `text` starts with its code (`ERR …`); line ends at its end are dropped, others become spaces, as in
    /// Redis's `addReplyErrorFormat` and `addReplyErrorLength`.
    pub fn error(&mut self, text: &[u8]) {
        let line_end = |b: &u8| matches!(b, b'\r' | b'\n');
        let end = text.iter().rposition(|b| !line_end(b)).map_or(0, |last| last + 1);
        self.buf.push(b'-');
        self.buf.extend(text.iter().take(end).map(|b| if line_end(b) { b' ' } else { *b }));
        self.buf.extend_from_slice(b"\r\n");
    }

    /// An integer.
    #[inline]
    pub fn int(&mut self, n: i64) {
        match n {
            0 => self.buf.extend_from_slice(b":0\r\n"),
            1 => self.buf.extend_from_slice(b":1\r\n"),
            _ => self.line(b':', n),
        }
    }

    /// A length or count as an integer; counts beyond `i64` cannot occur.
    pub fn count(&mut self, n: usize) {
        self.int(i64::try_from(n).unwrap_or(i64::MAX));
    }

    /// A bulk string.
    #[inline]
    pub fn bulk(&mut self, bytes: &[u8]) {
        self.header(b'$', bytes.len());
        self.buf.extend_from_slice(bytes);
        self.buf.extend_from_slice(b"\r\n");
    }

    /// A bulk string holding a decimal integer.
    pub fn bulk_int(&mut self, n: i64) {
        self.bulk(itoa::Buffer::new().format(n).as_bytes());
    }

    /// Null: `$-1` in RESP2, `_` in RESP3.
    #[inline]
    pub fn null(&mut self) {
        self.buf.extend_from_slice(if self.proto == Proto::V3 { b"_\r\n" } else { b"$-1\r\n" });
    }

    /// Null where an array was due: `*-1` in RESP2, `_` in RESP3.
    pub fn null_array(&mut self) {
        self.buf.extend_from_slice(if self.proto == Proto::V3 { b"_\r\n" } else { b"*-1\r\n" });
    }

    /// Head of an array of `n` elements, which the caller writes next.
    pub fn array(&mut self, n: usize) {
        self.header(b'*', n);
    }

    /// Head of a map of `n` pairs: a flat array of `2n` in RESP2.
    pub fn map(&mut self, n: usize) {
        match self.proto {
            Proto::V3 => self.header(b'%', n),
            Proto::V2 => self.header(b'*', n.saturating_mul(2)),
        }
    }

    /// Head of a set of `n` elements: an array in RESP2.
    pub fn set(&mut self, n: usize) {
        self.header(if self.proto == Proto::V3 { b'~' } else { b'*' }, n);
    }

    /// Head of an out-of-band push of `n` elements: an array in RESP2.
    pub fn push(&mut self, n: usize) {
        self.header(if self.proto == Proto::V3 { b'>' } else { b'*' }, n);
    }

    /// A boolean: `#t` / `#f`, or 1 / 0 in RESP2.
    pub fn boolean(&mut self, yes: bool) {
        match (self.proto, yes) {
            (Proto::V3, true) => self.buf.extend_from_slice(b"#t\r\n"),
            (Proto::V3, false) => self.buf.extend_from_slice(b"#f\r\n"),
            (Proto::V2, yes) => self.int(i64::from(yes)),
        }
    }

    /// A double: `,text` or a bulk string in RESP2.
    pub fn double(&mut self, value: f64) {
        if self.proto == Proto::V3 {
            self.buf.push(b',');
            write_f64(self.buf, value);
            return self.buf.extend_from_slice(b"\r\n");
        }
        if let Some(number) = f64_as_i64(value).filter(|n| *n != 0 || value.is_sign_positive()) {
            return self.bulk_int(number);
        }
        // The length comes first, and is known last: two digits, unless one is enough.
        let start = self.buf.len();
        self.buf.extend_from_slice(b"$00\r\n");
        write_f64(self.buf, value);
        let len = self.buf.len() - start - 5;
        #[allow(clippy::cast_possible_truncation, reason = "digits, and no double takes a hundred bytes")]
        let (tens, ones) = (b'0' + (len / 10 % 10) as u8, b'0' + (len % 10) as u8);
        if let Some([_, a, b, ..]) = self.buf.get_mut(start..) {
            (*a, *b) = (tens, ones);
        }
        if tens == b'0' {
            self.buf.remove(start + 1);
        }
        self.buf.extend_from_slice(b"\r\n");
    }

    /// A double already formatted as Redis prints it: `,text` or a bulk string in RESP2.
    pub fn double_text(&mut self, text: &str) {
        match self.proto {
            Proto::V3 => {
                self.buf.push(b',');
                self.buf.extend_from_slice(text.as_bytes());
                self.buf.extend_from_slice(b"\r\n");
            }
            Proto::V2 => self.bulk(text.as_bytes()),
        }
    }

    /// The header of `n` attributes, each a name and a value, that precede a reply. RESP3 only: RESP2 has none.
    pub fn attributes(&mut self, n: usize) {
        self.header(b'|', n);
    }

    /// A verbatim string of three-letter format `kind` (`txt`, `mkd`): a bulk string in RESP2.
    pub fn verbatim(&mut self, kind: &str, bytes: &[u8]) {
        match self.proto {
            Proto::V3 => {
                self.header(b'=', bytes.len().saturating_add(4));
                self.buf.extend_from_slice(kind.as_bytes());
                self.buf.push(b':');
                self.buf.extend_from_slice(bytes);
                self.buf.extend_from_slice(b"\r\n");
            }
            Proto::V2 => self.bulk(bytes),
        }
    }

    /// Array of bulk strings.
    pub fn bulks<T: AsRef<[u8]>>(&mut self, items: &[T]) {
        self.array(items.len());
        for item in items {
            self.bulk(item.as_ref());
        }
    }

    #[inline]
    fn header(&mut self, kind: u8, n: usize) {
        if n < 10 {
            #[allow(clippy::cast_possible_truncation, reason = "below ten")]
            self.buf.extend_from_slice(&[kind, b'0' + n as u8, b'\r', b'\n']);
        } else {
            self.line(kind, i64::try_from(n).unwrap_or(i64::MAX));
        }
    }

    fn line(&mut self, kind: u8, n: i64) {
        self.buf.push(kind);
        self.buf.extend_from_slice(itoa::Buffer::new().format(n).as_bytes());
        self.buf.extend_from_slice(b"\r\n");
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn check(text: &[u8], expect: &[u8]) {
        let mut buf = Vec::new();
        Out::new(&mut buf, Proto::V2).error(text);
        assert_eq!(buf, expect);
    }

    #[test]
    fn doubles_of_any_length_carry_their_length() {
        for value in
            [0.0, -0.0, 1.0, -17.0, 0.1, 1.5, 1e300, -1.234_567_890_123_456_7e-300, f64::INFINITY, 3e17]
        {
            let text = crate::base::numbers::fmt_f64(value);
            let (mut two, mut three) = (Vec::new(), Vec::new());
            Out::new(&mut two, Proto::V2).double(value);
            Out::new(&mut three, Proto::V3).double(value);
            assert_eq!(String::from_utf8_lossy(&two), format!("${}\r\n{text}\r\n", text.len()));
            assert_eq!(String::from_utf8_lossy(&three), format!(",{text}\r\n"));
        }
    }

    /// `EXPIRE a 1 lt nx "x\r"` once replied a space where Redis replies nothing: it trims what it formats.
    #[test]
    fn an_error_is_one_line_whatever_a_client_put_into_it() {
        check(b"ERR Unsupported option x\r", b"-ERR Unsupported option x\r\n");
        check(b"ERR a\r\nb\n\n", b"-ERR a  b\r\n");
        check(b"ERR plain", b"-ERR plain\r\n");
    }
}
