//! The options of SET and GETEX, and expiry times as arguments (Redis: t_string.c
//! `parseExtendedStringArgumentsOrReply`, `getExpireMillisecondsOrReply`).

use crate::command::args::{int, is};
use crate::command::{Args, Failure};

/// How an expiry time is written.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Unit {
    /// Seconds from now.
    Ex,
    /// Milliseconds from now.
    Px,
    /// Unix time in seconds.
    ExAt,
    /// Unix time in milliseconds.
    PxAt,
}

impl Unit {
    const ALL: [(&'static str, Unit); 4] =
        [("EX", Unit::Ex), ("PX", Unit::Px), ("EXAT", Unit::ExAt), ("PXAT", Unit::PxAt)];

    /// Whether the time counts from now.
    pub fn is_relative(self) -> bool {
        matches!(self, Unit::Ex | Unit::Px)
    }

    /// An expiry time as Unix milliseconds; `command` is the name for the error text.
    ///
    /// # Errors
    /// `NotInteger`, or the time is not positive or beyond 64 bits.
    pub fn to_unix_ms(self, text: &[u8], now_ms: i64, command: &str) -> Result<i64, Failure> {
        let value = int(text)?;
        let ms = match self {
            Unit::Ex | Unit::ExAt => value.checked_mul(1000),
            Unit::Px | Unit::PxAt => Some(value),
        };
        ms.filter(|_| value > 0)
            .and_then(|ms| if self.is_relative() { ms.checked_add(now_ms) } else { Some(ms) })
            .filter(|&ms| ms > 0)
            .ok_or_else(|| format!("ERR invalid expire time in '{command}' command").into())
    }
}

/// Which command's options are read.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Verb {
    /// NX, XX, GET, KEEPTTL and expiry times.
    Set,
    /// PERSIST and expiry times.
    GetEx,
}

/// Condition of a SET.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Only {
    /// NX: if the key does not exist.
    Absent,
    /// XX: if it exists.
    Present,
}

/// What becomes of the expiry time.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Ttl<'a> {
    /// KEEPTTL.
    Keep,
    /// PERSIST.
    Persist,
    /// A time in this unit.
    Time(Unit, &'a [u8]),
}

/// Options as given.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq)]
pub struct Options<'a> {
    /// NX or XX.
    pub only: Option<Only>,
    /// GET.
    pub get: bool,
    /// KEEPTTL, PERSIST or a time.
    pub ttl: Option<Ttl<'a>>,
}

impl<'a> Options<'a> {
    /// Reads the words from `first` on. An option may be repeated, the last counts; those of different meaning exclude
    /// each other.
    ///
    /// # Errors
    /// `Syntax`.
    pub fn parse(args: Args<'a>, first: usize, verb: Verb) -> Result<Options<'a>, Failure> {
        let mut options = Options::default();
        let mut words = args.get(first..).unwrap_or_default().iter();
        while let Some(&word) = words.next() {
            let timed = Unit::ALL.iter().find(|(name, _)| is(word, name));
            if let Some(&(_, unit)) = timed {
                let compatible = match options.ttl {
                    None => true,
                    Some(Ttl::Time(before, _)) => before == unit,
                    Some(_) => false,
                };
                let time = words.next().filter(|_| compatible).ok_or(Failure::Syntax)?;
                options.ttl = Some(Ttl::Time(unit, time));
            } else {
                options.take_flag(word, verb)?;
            }
        }
        Ok(options)
    }

    fn take_flag(&mut self, word: &[u8], verb: Verb) -> Result<(), Failure> {
        let (only, ttl) = (self.only, self.ttl);
        if verb == Verb::GetEx {
            if is(word, "PERSIST") && matches!(ttl, None | Some(Ttl::Persist)) {
                self.ttl = Some(Ttl::Persist);
                return Ok(());
            }
            return Err(Failure::Syntax);
        }
        if is(word, "NX") && only != Some(Only::Present) {
            self.only = Some(Only::Absent);
        } else if is(word, "XX") && only != Some(Only::Absent) {
            self.only = Some(Only::Present);
        } else if is(word, "GET") {
            self.get = true;
        } else if is(word, "KEEPTTL") && matches!(ttl, None | Some(Ttl::Keep)) {
            self.ttl = Some(Ttl::Keep);
        } else {
            return Err(Failure::Syntax);
        }
        Ok(())
    }
}
