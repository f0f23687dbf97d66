//! Words from which random commands are made: few keys so that they collide, values and numbers at the edges.
//!
//! The servers under comparison run with `proto-max-bulk-len 1mb`, so that the limit itself is within cheap
//! reach. Offsets between 2,000 and that limit are drawn for the key `big` only: otherwise values would grow
//! until LCS and BITOP took all the time.

use crate::support::Rng;

/// The words of one command.
pub type Words = Vec<Vec<u8>>;

/// One request of a sequence.
#[derive(Clone, Debug)]
pub struct Step {
    /// Which of the two connections sends it.
    pub conn: usize,
    /// The command.
    pub words: Words,
    /// How long to wait after the reply, for what is to expire.
    pub pause_ms: u64,
}

/// Makes one command.
pub type Rule = fn(&mut Grammar) -> Words;

/// Integers that handlers like to get wrong.
const INTEGERS: &[&str] = &[
    "0",
    "1",
    "-1",
    "2",
    "3",
    "7",
    "8",
    "10",
    "-2",
    "-7",
    "-100",
    "100",
    "9223372036854775807",
    "-9223372036854775808",
    "9223372036854775806",
    "-9223372036854775807",
    "9223372036854775808",
    "-9223372036854775809",
    "18446744073709551615",
    "4294967295",
    "4294967296",
    "2147483647",
    "-2147483648",
    "8388608",
];

/// What looks like a number and is none, or is one only for some parsers.
const NOT_INTEGERS: &[&str] =
    &["", " 1", "1 ", "+1", "01", "-0", "1.0", "abc", "1e3", "0x10", "nan", "inf", "-", "1\0", "--1"];

const FLOATS: &[&str] = &[
    "0",
    "1",
    "-1",
    "0.1",
    "-0.5",
    "3.0e3",
    "1e400",
    "-1e400",
    "1e-10",
    "5.0e-5",
    "inf",
    "-inf",
    "+inf",
    "infinity",
    "nan",
    "NaN",
    "1e17",
    "12345678901234567890",
    "1.7976931348623157e308",
    "0x1p3",
    " 1.5",
    "1.5 ",
    "",
    "abc",
    "1.50000",
    "+3",
    "1_0",
    "10.",
    ".5",
    "-0",
    "-0.0",
    "99999999999999999",
    "3.14159265358979323846",
];

/// The random source of one sequence, with what it must remember to stay deterministic on every server.
pub struct Grammar {
    /// The sequence's own generator.
    pub rng: Rng,
    /// Whether each connection is between MULTI and EXEC, as far as the well-formed commands tell.
    pub in_multi: [bool; 2],
    /// The connection of the command being made.
    pub conn: usize,
}

impl Grammar {
    /// A grammar whose commands follow from the generator.
    pub fn new(rng: Rng) -> Self {
        Self { rng, in_multi: [false; 2], conn: 0 }
    }

    /// Whether the connection of the command being made queues.
    pub fn queueing(&self) -> bool {
        self.in_multi[self.conn]
    }

    /// A fixed word, sometimes in another case: names and options are case-insensitive.
    pub fn word(&mut self, text: &str) -> Vec<u8> {
        match self.rng.below(10) {
            0 => text.to_ascii_lowercase().into_bytes(),
            1 => text
                .bytes()
                .map(|b| if self.rng.percent(50) { b.to_ascii_lowercase() } else { b.to_ascii_uppercase() })
                .collect(),
            _ => text.as_bytes().to_vec(),
        }
    }

    /// A command's name and its fixed words.
    pub fn start(&mut self, text: &str) -> Words {
        text.split(' ').map(|word| self.word(word)).collect()
    }

    /// A key: mostly one of eight, half of them sharing a slot by their hash tag.
    pub fn key(&mut self) -> Vec<u8> {
        const KEYS: &[&[u8]] =
            &[b"a", b"b", b"c", b"d", b"{tag}1", b"{tag}2", b"{tag}3", b"n", b"n", b"a", b"b", b"{tag}1"];
        const ODD: &[&[u8]] = &[b"", b"\x00\xff", b"{}x", b"{", b"a b", b"\r\n", b"{tag}{other}", b"missing"];
        if self.rng.percent(93) { self.rng.pick(KEYS).to_vec() } else { self.rng.pick(ODD).to_vec() }
    }

    /// Appends between `low` and `high` keys, repetitions included.
    pub fn keys(&mut self, words: &mut Words, low: i64, high: i64) {
        for _ in 0..self.rng.range(low, high) {
            words.push(self.key());
        }
    }

    /// An integer as text: mostly small and valid.
    pub fn integer(&mut self) -> Vec<u8> {
        match self.rng.below(20) {
            0..=9 => self.rng.range(-20, 60).to_string().into_bytes(),
            10..=17 => self.rng.pick(INTEGERS).as_bytes().to_vec(),
            _ => self.rng.pick(NOT_INTEGERS).as_bytes().to_vec(),
        }
    }

    /// An offset in bytes or bits.
    pub fn offset(&mut self) -> Vec<u8> {
        match self.rng.below(20) {
            0..=13 => self.rng.range(0, 80).to_string().into_bytes(),
            14..=16 => self.rng.range(0, 1900).to_string().into_bytes(),
            _ => self.integer(),
        }
    }

    /// A decimal number as INCRBYFLOAT takes it, or what it refuses.
    pub fn float(&mut self) -> Vec<u8> {
        if self.rng.percent(40) {
            return format!("{}.{}", self.rng.range(-50, 50), self.rng.below(1000)).into_bytes();
        }
        self.rng.pick(FLOATS).as_bytes().to_vec()
    }

    /// A value: integers of every encoding, texts around the 44-byte limit of embstr, binary.
    pub fn value(&mut self) -> Vec<u8> {
        match self.rng.below(16) {
            0..=3 => self.integer(),
            4 => self.float(),
            5 => Vec::new(),
            6 => b"foobar".to_vec(),
            7 => {
                let len = self.rng.range(42, 46) as usize;
                vec![b'e'; len]
            }
            8 | 9 => {
                let len = self.rng.index(24);
                (0..len).map(|_| self.rng.next() as u8).collect()
            }
            10 => vec![0xff; self.rng.index(20)],
            11 => {
                let len = self.rng.range(100, 400) as usize;
                vec![b'x'; len]
            }
            _ => {
                let len = self.rng.range(1, 12);
                (0..len).map(|_| b"abcx01"[self.rng.index(6)]).collect()
            }
        }
    }

    /// One of the words, with its case varied.
    pub fn option(&mut self, options: &[&str]) -> Vec<u8> {
        let text = *self.rng.pick(options);
        self.word(text)
    }

    /// A time to live in seconds (times `scale`): far away and never twice the same, or in error. Whether
    /// `GT` holds between two such times must not hang on the millisecond in which they were given.
    pub fn relative_time(&mut self, scale: i64) -> Vec<u8> {
        const EDGES: &[&str] = &[
            "0",
            "-1",
            "9223372036854775807",
            "-9223372036854775808",
            "9223372036854775",
            "9223372036854776",
            "9223372036854774",
            "-9223372036854775",
            "-9223372036854776",
            "9223372036854775808",
            "100000000000000000",
            "abc",
            "",
            "1.5",
        ];
        if self.rng.percent(70) {
            let seconds = self.rng.range(1_000, 90_000_000);
            return (seconds * scale).to_string().into_bytes();
        }
        self.rng.pick(EDGES).as_bytes().to_vec()
    }

    /// A point in time in seconds (times `scale`): one of few in the far future, the past, or in error.
    pub fn absolute_time(&mut self, scale: i64) -> Vec<u8> {
        const FUTURE: &[i64] = &[4_102_444_800, 4_102_444_801, 5_000_000_000, 7_258_118_400];
        const EDGES: &[&str] =
            &["0", "-1", "1", "9223372036854775807", "-9223372036854775808", "9223372036854776", "abc", ""];
        match self.rng.below(10) {
            0..=6 => (self.rng.pick(FUTURE) * scale).to_string().into_bytes(),
            7 => (1_000_000_000 * scale).to_string().into_bytes(),
            _ => self.rng.pick(EDGES).as_bytes().to_vec(),
        }
    }

    /// A database index: one of the three in use, or in error.
    pub fn database(&mut self) -> Vec<u8> {
        const BAD: &[&str] = &["-1", "16", "99999999999", "abc", "", "1.0", "9223372036854775808"];
        if self.rng.percent(88) {
            return self.rng.below(3).to_string().into_bytes();
        }
        self.rng.pick(BAD).as_bytes().to_vec()
    }

    /// Spoils a few commands: an argument too few, too many, or of another kind.
    pub fn spoil(&mut self, words: &mut Words) {
        match self.rng.below(100) {
            0..=2 if words.len() > 1 => {
                let at = 1 + self.rng.index(words.len() - 1);
                words.remove(at);
            }
            3 | 4 => {
                let extra = self.value();
                words.push(extra);
            }
            5 if words.len() > 1 => {
                let at = 1 + self.rng.index(words.len() - 1);
                words[at] = self.integer();
            }
            6 if words.len() > 2 => {
                let at = 1 + self.rng.index(words.len() - 2);
                words.swap(at, at + 1);
            }
            7 => words.truncate(1),
            _ => {}
        }
    }
}
