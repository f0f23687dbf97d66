//! The master's stream cut into units: single commands, and MULTI…EXEC as one.
//!
//! A unit counts when its last byte is there: only then is it appended to the own stream, applied, and part of the offset
//! that is acknowledged. So what a link that breaks leaves behind never ends inside a command or a transaction
//! (networking.c `commandProcessed` moves `reploff` outside MULTI only).

use crate::resp::{Limits, Parsed, Parser, ProtocolError};
use bytes::{Bytes, BytesMut};

/// Words in a unit's bytes are as long as the master could take them.
const LIMITS: Limits = Limits { bulk_max: i64::MAX, authenticated: true };

/// The unfinished rest of the stream, and how far it was looked at.
#[derive(Debug, Default)]
pub struct Units {
    bytes: BytesMut,
    /// Where the command that is being parsed begins.
    at: usize,
    parser: Parser,
    /// A MULTI came and its EXEC has not.
    in_multi: bool,
}

/// What the bytes so far came to.
#[derive(Debug, Default, PartialEq, Eq)]
pub struct Ready {
    /// Whole units; may be empty.
    pub bytes: Bytes,
    /// Where in them, the last time, the master asked for an acknowledgement (REPLCONF GETACK): offset of its first byte.
    pub asked: Option<usize>,
}

impl Units {
    /// Bytes of a unit that is not whole.
    pub fn pending(&self) -> usize {
        self.bytes.len()
    }

    /// Takes what arrived.
    ///
    /// # Errors
    /// The master breaks the protocol; the link cannot go on. What came before is ready nevertheless.
    pub fn push(&mut self, input: &[u8]) -> (Ready, Result<(), ProtocolError>) {
        self.bytes.extend_from_slice(input);
        let mut ready = Ready::default();
        let mut whole = 0;
        let outcome = loop {
            let rest = self.bytes.get(self.at..).unwrap_or_default();
            let (consumed, first, second) = match self.parser.parse(rest, &LIMITS) {
                Ok(Parsed::Request(argv, consumed)) => (consumed, kind(argv.first()), is_getack(&argv)),
                Ok(Parsed::Inline(words, consumed)) => {
                    (consumed, kind(words.first().map(Vec::as_slice).as_ref()), false)
                }
                Ok(Parsed::Empty(consumed)) => (consumed, Kind::Other, false),
                Ok(Parsed::More(_)) => break Ok(()),
                Err(error) => break Err(error),
            };
            if second {
                ready.asked = Some(self.at);
            }
            self.at += consumed;
            match first {
                Kind::Multi => self.in_multi = true,
                Kind::End => self.in_multi = false,
                Kind::Other => {}
            }
            if !self.in_multi {
                whole = self.at;
            }
        };
        ready.bytes = self.bytes.split_to(whole).freeze();
        ready.asked = ready.asked.filter(|at| *at < whole);
        self.at -= whole;
        (ready, outcome)
    }
}

enum Kind {
    Multi,
    End,
    Other,
}

fn kind(name: Option<&&[u8]>) -> Kind {
    match name {
        Some(name) if name.eq_ignore_ascii_case(b"multi") => Kind::Multi,
        Some(name) if name.eq_ignore_ascii_case(b"exec") || name.eq_ignore_ascii_case(b"discard") => {
            Kind::End
        }
        _ => Kind::Other,
    }
}

fn is_getack(argv: &[&[u8]]) -> bool {
    matches!(argv, [name, option, ..]
        if name.eq_ignore_ascii_case(b"replconf") && option.eq_ignore_ascii_case(b"getack"))
}

#[cfg(test)]
#[allow(clippy::unwrap_used, clippy::cast_possible_truncation)]
mod tests {
    use super::*;
    use crate::replication::master::GETACK;

    #[test]
    fn units_come_out_whole_however_the_stream_is_cut() {
        let set = b"*3\r\n$3\r\nSET\r\n$1\r\nk\r\n$5\r\nvalue\r\n";
        let multi = b"*1\r\n$5\r\nMULTI\r\n";
        let exec = b"*1\r\n$4\r\nEXEC\r\n";
        let units: Vec<Vec<u8>> = vec![
            set.to_vec(),
            [&multi[..], set, set, exec].concat(),
            b"\n".to_vec(),
            b"PING\r\n".to_vec(),
            [&multi[..], exec].concat(),
            set.to_vec(),
        ];
        let stream = units.concat();
        let mut ends = vec![0];
        for unit in &units {
            ends.push(ends.last().unwrap() + unit.len());
        }
        for pieces in 1..stream.len() {
            let mut reader = Units::default();
            let mut out = Vec::new();
            for chunk in stream.chunks(pieces) {
                let (ready, outcome) = reader.push(chunk);
                outcome.unwrap();
                out.extend_from_slice(&ready.bytes);
                assert!(ends.contains(&out.len()), "{} is inside a unit", out.len());
            }
            assert_eq!(out, stream);
            assert_eq!(reader.pending(), 0);
        }
    }

    #[test]
    fn a_request_for_an_acknowledgement_is_found() {
        let ping = b"*1\r\n$4\r\nPING\r\n";
        let (ready, _) = Units::default().push(&[&ping[..], GETACK, ping].concat());
        assert_eq!(ready.asked, Some(ping.len()));
        assert_eq!(ready.bytes.len(), 2 * ping.len() + GETACK.len());
    }

    #[test]
    fn garbage_ends_the_link_but_not_what_came_before_it() {
        let (ready, outcome) = Units::default().push(b"PING\r\n*x\r\n");
        assert_eq!(&ready.bytes[..], b"PING\r\n");
        assert!(outcome.is_err());
    }
}
