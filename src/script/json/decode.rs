//! `cjson.decode`: JSON text as a Lua value. Nested containers are a list of frames here, not recursion.

use super::Settings;
use crate::base::digest::hex_digit;
use crate::base::numbers;
use crate::script::ffi::{Raised, Stack};

#[derive(Clone, PartialEq, Debug)]
enum Token {
    ObjectBegin,
    ObjectEnd,
    ArrayBegin,
    ArrayEnd,
    /// The text is in `Parser::text`.
    String,
    Number(f64),
    Boolean(bool),
    Null,
    Colon,
    Comma,
    End,
    Error(&'static str),
}

impl Token {
    fn name(&self) -> &'static str {
        match self {
            Token::ObjectBegin => "T_OBJ_BEGIN",
            Token::ObjectEnd => "T_OBJ_END",
            Token::ArrayBegin => "T_ARR_BEGIN",
            Token::ArrayEnd => "T_ARR_END",
            Token::String => "T_STRING",
            Token::Number(_) => "T_NUMBER",
            Token::Boolean(_) => "T_BOOLEAN",
            Token::Null => "T_NULL",
            Token::Colon => "T_COLON",
            Token::Comma => "T_COMMA",
            Token::End => "T_END",
            Token::Error(what) => what,
        }
    }
}

/// A container that is being read; it and, of an object, the present key lie on the Lua stack.
enum Frame {
    Array { at: i32 },
    Object,
}

struct Parser<'a> {
    data: &'a [u8],
    at: usize,
    /// Where the present token begins, or is wrong.
    index: usize,
    text: Vec<u8>,
    settings: Settings,
}

/// `cjson.decode(text)`.
pub fn decode(stack: &mut Stack<'_>) -> Result<usize, Raised> {
    if stack.top() != 1 {
        return Err(stack.bad_argument(1, "expected 1 argument"));
    }
    let Some(data) = stack.argument(1) else { return Err(stack.bad_type(1, "string")) };
    if data.len() >= 2 && data.iter().take(2).any(|&b| b == 0) {
        return Err(stack.raise(b"JSON parser does not support UTF-16 or UTF-32"));
    }
    let mut text = stack.env().text.take();
    text.clear();
    let mut parser = Parser { data, at: 0, index: 0, text, settings: stack.env().json.get() };
    let result = parser.run(stack);
    if parser.text.capacity() <= crate::script::env::KEPT_MAX {
        stack.env().text.replace(parser.text);
    }
    result.map(|()| 1)
}

impl Parser<'_> {
    fn run(&mut self, stack: &mut Stack<'_>) -> Result<(), Raised> {
        let mut frames: Vec<Frame> = Vec::new();
        let mut token = self.token();
        loop {
            // A value is due, and `token` is its first.
            let opened = match &token {
                Token::String => {
                    stack.push_bytes(&self.text);
                    false
                }
                Token::Number(n) => {
                    stack.push_number(*n);
                    false
                }
                Token::Boolean(yes) => {
                    stack.push_bool(*yes);
                    false
                }
                Token::Null => {
                    stack.push_light_null();
                    false
                }
                Token::ObjectBegin | Token::ArrayBegin => {
                    self.descend(stack, frames.len() + 1)?;
                    stack.new_table(0, 0);
                    true
                }
                other => return Err(self.wrong(stack, "value", other)),
            };
            if opened {
                let is_object = token == Token::ObjectBegin;
                let end = if is_object { Token::ObjectEnd } else { Token::ArrayEnd };
                token = self.token();
                if token != end {
                    if is_object {
                        frames.push(Frame::Object);
                        token = self.key(stack, &token)?;
                    } else {
                        frames.push(Frame::Array { at: 1 });
                    }
                    continue;
                }
            }
            // A value lies on top: it goes into what is open, which may end with it.
            token = loop {
                let Some(frame) = frames.last_mut() else {
                    return match self.token() {
                        Token::End => Ok(()),
                        other => Err(self.wrong(stack, "the end", &other)),
                    };
                };
                if let Some(token) = self.store(stack, frame)? {
                    break token;
                }
                frames.pop();
            };
            if stack.is_over_limit() {
                stack.push_bytes(b"not enough memory");
                return Err(Raised);
            }
        }
    }

    /// Stores the value on top. The first token of the next value, or `None` if the container ends.
    fn store(&mut self, stack: &mut Stack<'_>, frame: &mut Frame) -> Result<Option<Token>, Raised> {
        match frame {
            Frame::Array { at } => {
                stack.raw_set_element(-2, *at);
                *at = at.saturating_add(1);
                match self.token() {
                    Token::ArrayEnd => Ok(None),
                    Token::Comma => Ok(Some(self.token())),
                    other => Err(self.wrong(stack, "comma or array end", &other)),
                }
            }
            Frame::Object => {
                stack.raw_set(-3);
                match self.token() {
                    Token::ObjectEnd => Ok(None),
                    Token::Comma => {
                        let token = self.token();
                        self.key(stack, &token).map(Some)
                    }
                    other => Err(self.wrong(stack, "comma or object end", &other)),
                }
            }
        }
    }

    /// Pushes the key that `token` is; returns the first token of its value.
    fn key(&mut self, stack: &mut Stack<'_>, token: &Token) -> Result<Token, Raised> {
        if *token != Token::String {
            return Err(self.wrong(stack, "object key string", token));
        }
        stack.push_bytes(&self.text);
        match self.token() {
            Token::Colon => Ok(self.token()),
            other => Err(self.wrong(stack, "colon", &other)),
        }
    }

    fn descend(&self, stack: &mut Stack<'_>, depth: usize) -> Result<(), Raised> {
        if depth <= usize::try_from(self.settings.decode_max_depth).unwrap_or(0) && stack.reserve(4) {
            return Ok(());
        }
        let line = format!("Found too many nested data structures ({depth}) at character {}", self.at);
        Err(stack.raise(line.as_bytes()))
    }

    fn wrong(&self, stack: &mut Stack<'_>, expected: &str, found: &Token) -> Raised {
        let line = format!("Expected {expected} but found {} at character {}", found.name(), self.index + 1);
        stack.raise(line.as_bytes())
    }

    /// The byte at an offset from here; zero behind the end, where C finds the terminator.
    fn peek(&self, offset: usize) -> u8 {
        self.data.get(self.at + offset).copied().unwrap_or(0)
    }

    fn rest(&self) -> &[u8] {
        self.data.get(self.at..).unwrap_or_default()
    }

    fn token(&mut self) -> Token {
        while matches!(self.peek(0), b' ' | b'\t' | b'\n' | b'\r') {
            self.at += 1;
        }
        self.index = self.at;
        let single = match self.peek(0) {
            b'{' => Token::ObjectBegin,
            b'}' => Token::ObjectEnd,
            b'[' => Token::ArrayBegin,
            b']' => Token::ArrayEnd,
            b',' => Token::Comma,
            b':' => Token::Colon,
            0 => return Token::End,
            b'"' => return self.string(),
            b'-' | b'0'..=b'9' => {
                if self.settings.decode_invalid == 0 && self.is_invalid_number() {
                    return Token::Error("invalid number");
                }
                return self.number();
            }
            b't' | b'f' | b'n' | b'i' | b'I' | b'N' | b'+' => return self.word(),
            _ => return Token::Error("invalid token"),
        };
        self.at += 1;
        single
    }

    fn word(&mut self) -> Token {
        let words: [(&[u8], Token); 3] =
            [(b"true", Token::Boolean(true)), (b"false", Token::Boolean(false)), (b"null", Token::Null)];
        for (word, token) in words {
            if self.rest().starts_with(word) {
                self.at += word.len();
                return token;
            }
        }
        if self.settings.decode_invalid != 0 && self.is_invalid_number() {
            return self.number();
        }
        Token::Error("invalid token")
    }

    /// Whether what follows may be a number to `strtod` but is none in JSON.
    fn is_invalid_number(&self) -> bool {
        if self.peek(0) == b'+' {
            return true;
        }
        let from = usize::from(self.peek(0) == b'-');
        match self.peek(from) {
            b'0' => matches!(self.peek(from + 1), b'x' | b'X' | b'0'..=b'9'),
            0..=b'9' => false,
            _ => {
                let word = self.rest().get(from..from + 3).unwrap_or_default();
                word.eq_ignore_ascii_case(b"inf") || word.eq_ignore_ascii_case(b"nan")
            }
        }
    }

    fn number(&mut self) -> Token {
        match strtod(self.rest()) {
            Some((value, len)) => {
                self.at += len;
                Token::Number(value)
            }
            None => Token::Error("invalid number"),
        }
    }

    fn string(&mut self) -> Token {
        self.at += 1;
        self.text.clear();
        loop {
            // What needs no second look goes in one piece.
            let plain = self.rest().iter().take_while(|b| !matches!(b, b'"' | b'\\' | 0)).count();
            let run = self.data.get(self.at..self.at + plain).unwrap_or_default();
            self.text.extend_from_slice(run);
            self.at += plain;
            let wrong = match self.peek(0) {
                b'"' => {
                    self.at += 1;
                    return Token::String;
                }
                b'\\' => match self.escape() {
                    Ok(()) => continue,
                    Err(what) => what,
                },
                _ => "unexpected end of string",
            };
            self.index = self.at;
            return Token::Error(wrong);
        }
    }

    fn escape(&mut self) -> Result<(), &'static str> {
        let byte = match self.peek(1) {
            byte @ (b'"' | b'\\' | b'/') => byte,
            b'b' => 0x08,
            b't' => b'\t',
            b'n' => b'\n',
            b'f' => 0x0c,
            b'r' => b'\r',
            b'u' => return self.unicode().ok_or("invalid unicode escape code"),
            _ => return Err("invalid escape code"),
        };
        self.text.push(byte);
        self.at += 2;
        Ok(())
    }

    /// The four digits behind `\u` at an offset.
    fn hex4(&self, offset: usize) -> Option<u32> {
        (offset..offset + 4)
            .try_fold(0, |value, at| Some((value << 4) | u32::from(hex_digit(self.peek(at))?)))
    }

    /// `\uXXXX`, or two of them for a character beyond the basic plane.
    fn unicode(&mut self) -> Option<()> {
        let mut code = self.hex4(2)?;
        let mut len = 6;
        if code & 0xf800 == 0xd800 {
            if code & 0x400 != 0 || self.peek(6) != b'\\' || self.peek(7) != b'u' {
                return None;
            }
            let low = self.hex4(8).filter(|low| low & 0xfc00 == 0xdc00)?;
            code = (((code & 0x3ff) << 10) | (low & 0x3ff)) + 0x10000;
            len = 12;
        }
        let mut utf8 = [0; 4];
        self.text.extend_from_slice(char::from_u32(code)?.encode_utf8(&mut utf8).as_bytes());
        self.at += len;
        Some(())
    }
}

/// What C's `strtod` reads from the start of `text`: the value and the bytes it took.
fn strtod(text: &[u8]) -> Option<(f64, usize)> {
    let sign = usize::from(matches!(text.first(), Some(b'+' | b'-')));
    let negative = text.first() == Some(&b'-');
    let body = text.get(sign..)?;
    let starts = |word: &[u8]| body.get(..word.len()).is_some_and(|b| b.eq_ignore_ascii_case(word));
    let signed = |value: f64| if negative { -value } else { value };
    if starts(b"infinity") || starts(b"inf") {
        let len = if starts(b"infinity") { 8 } else { 3 };
        return Some((signed(f64::INFINITY), sign + len));
    }
    if starts(b"nan") {
        return Some((signed(f64::NAN), sign + 3));
    }
    let digits = |from: usize, is_digit: fn(&u8) -> bool| {
        body.get(from..).unwrap_or_default().iter().take_while(|b| is_digit(b)).count()
    };
    let hex = starts(b"0x") && body.get(2).is_some_and(u8::is_ascii_hexdigit);
    let (start, is_digit, mark): (usize, fn(&u8) -> bool, u8) =
        if hex { (2, u8::is_ascii_hexdigit, b'p') } else { (0, u8::is_ascii_digit, b'e') };
    let whole = digits(start, is_digit);
    let mut end = start + whole;
    if body.get(end) == Some(&b'.') {
        let fraction = digits(end + 1, is_digit);
        if whole + fraction > 0 {
            end += 1 + fraction;
        }
    }
    if end == start {
        return None;
    }
    if body.get(end).is_some_and(|b| b.eq_ignore_ascii_case(&mark)) {
        let signed = usize::from(matches!(body.get(end + 1), Some(b'+' | b'-')));
        let exponent = digits(end + 1 + signed, u8::is_ascii_digit);
        if exponent > 0 {
            end += 1 + signed + exponent;
        }
    }
    let number = body.get(..end)?;
    let value = if hex {
        // The only reason to refuse these words is their size.
        numbers::parse_f64(number).unwrap_or(f64::INFINITY)
    } else {
        std::str::from_utf8(number).ok()?.parse().ok()?
    };
    Some((signed(value), sign + end))
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn strtod_takes_what_c_takes() {
        for (text, value, len) in [
            ("12,", 12.0, 2),
            ("-0.5e1]", -5.0, 6),
            ("1e", 1.0, 1),
            ("1.e2", 100.0, 4),
            ("0x1Fz", 31.0, 4),
            ("0xg", 0.0, 1),
            ("+inf", f64::INFINITY, 4),
            ("-Infinityx", f64::NEG_INFINITY, 9),
            ("1e999", f64::INFINITY, 5),
        ] {
            assert_eq!(strtod(text.as_bytes()), Some((value, len)), "{text}");
        }
        assert_eq!(strtod(b"-"), None);
        assert_eq!(strtod(b"."), None);
    }
}
