//! Kinds of directives: how the words of a directive become a [`Value`] and how a value is printed.
//!
//! Error texts are Redis's (config.c `boolConfigSet`, `enumConfigSet`, `numericConfigSet` and the special
//! setters). Nothing here knows a directive by name.

use std::fs;
use std::path::Path;

use super::choices::Names;
use super::special::{self, EventClasses, Reason};
use super::units;
use super::value::Value;

/// How a number is written.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Unit {
    /// Plain decimal.
    Integer,
    /// Octal, for file modes.
    Octal,
    /// Bytes, units allowed.
    Memory,
    /// Bytes, or a percentage (kept as a negative number).
    MemoryOrPercent,
}

/// Checks a text beyond its being text; the error is Redis's reason.
pub type TextCheck = fn(&str) -> Result<(), &'static str>;

/// The kind of a directive's value.
#[derive(Clone, Copy, Debug)]
pub enum Kind {
    /// `yes` or `no`.
    Bool,
    /// A whole number between two bounds, both included.
    Number {
        /// Least value; for percentages, minus the largest percentage.
        min: i128,
        /// Largest value.
        max: i128,
        /// How it is written.
        unit: Unit,
    },
    /// Text; the empty text is a value.
    Text(TextCheck),
    /// Text; the empty text means "not set".
    Optional(TextCheck),
    /// Bytes that may be a password; empty means "not set".
    Secret,
    /// One word out of a list.
    Choice(Names),
    /// Several words out of a list, as flags.
    Flags(&'static [(&'static str, u32)]),
    /// The working directory.
    Dir,
    /// `save`.
    Save,
    /// `client-output-buffer-limit`.
    Limits,
    /// `oom-score-adj-values`.
    Scores,
    /// `notify-keyspace-events`.
    Events,
    /// `bind`.
    Bind,
    /// `replicaof`.
    Primary,
    /// `latency-tracking-info-percentiles`.
    Percentiles,
}

/// Most addresses that `bind` takes. Redis: server.h `CONFIG_BINDADDR_MAX`.
const BIND_MAX: usize = 16;

/// A whole number.
pub(super) const fn int(min: i64, max: i64) -> Kind {
    Kind::Number { min: min as i128, max: max as i128, unit: Unit::Integer }
}

/// An octal number.
pub(super) const fn octal(min: i64, max: i64) -> Kind {
    Kind::Number { min: min as i128, max: max as i128, unit: Unit::Octal }
}

/// A number of bytes.
pub(super) const fn bytes(min: i128, max: i128) -> Kind {
    Kind::Number { min, max, unit: Unit::Memory }
}

/// A number of bytes, or a percentage up to 100.
pub(super) const fn bytes_or_percent() -> Kind {
    Kind::Number { min: -100, max: i64::MAX as i128, unit: Unit::MemoryOrPercent }
}

/// Any text.
pub(super) fn any(_: &str) -> Result<(), &'static str> {
    Ok(())
}

impl Kind {
    /// Turns the words after a directive's name into a value.
    ///
    /// `old` is the present value: limits keep the classes that are not named, and a relative `dir` starts from
    /// it. Single-valued kinds look at the first word only; callers check the count where Redis does.
    pub(super) fn parse(&self, words: &[&[u8]], old: &Value) -> Result<Value, Reason> {
        let word = words.first().copied().unwrap_or_default();
        match *self {
            Kind::Bool => parse_bool(word),
            Kind::Number { min, max, unit } => parse_number(word, min, max, unit),
            Kind::Text(check) => parse_text(word, check).map(Value::Text),
            Kind::Optional(check) => parse_text(word, check)
                .map(|text| Value::Optional(Some(text).filter(|text| !text.is_empty()))),
            Kind::Secret => Ok(Value::Secret(Some(word.to_vec()).filter(|bytes| !bytes.is_empty()))),
            Kind::Choice(names) => parse_choice(words, names),
            Kind::Flags(names) => parse_flags(words, names),
            Kind::Dir => parse_dir(words, old),
            Kind::Save => special::parse_save(words).map(Value::Save),
            Kind::Limits => {
                let Value::Limits(limits) = old else { return Err(Reason::Borrowed("no limits to change")) };
                special::parse_limits(words, *limits).map(Value::Limits)
            }
            Kind::Scores => special::parse_scores(words).map(Value::Scores),
            Kind::Events => EventClasses::parse(word)
                .map(|classes| Value::Bits(classes.0))
                .ok_or(Reason::Borrowed("Invalid event class character. Use 'Ag$lshzxeKEtmdn'.")),
            Kind::Bind => parse_bind(words),
            Kind::Primary => special::parse_primary(words).map(Value::Primary),
            Kind::Percentiles => special::parse_percentiles(words).map(Value::Percentiles),
        }
    }

    /// Prints a value as CONFIG GET does.
    pub(super) fn format(&self, value: &Value) -> Vec<u8> {
        let text = match (self, value) {
            (_, Value::Bool(true)) => "yes".to_owned(),
            (_, Value::Bool(false)) => "no".to_owned(),
            (Kind::Number { unit: Unit::MemoryOrPercent, .. }, Value::Number(number)) if *number < 0 => {
                format!("{}%", -number)
            }
            (Kind::Number { unit: Unit::Octal, .. }, Value::Number(number)) => format!("{number:o}"),
            (_, Value::Number(number)) => number.to_string(),
            (_, Value::Text(text)) => text.clone(),
            (_, Value::Optional(text)) => text.clone().unwrap_or_default(),
            (_, Value::Secret(bytes)) => return bytes.clone().unwrap_or_default(),
            (Kind::Choice(names), Value::Choice(number)) => {
                names.iter().find(|(_, known)| known == number).map_or("unknown", |(name, _)| name).to_owned()
            }
            (Kind::Flags(names), Value::Bits(bits)) => format_flags(names, *bits),
            (_, Value::Bits(bits)) => EventClasses(*bits).to_string(),
            (_, Value::Choice(number)) => number.to_string(),
            (_, Value::Words(words)) => words.join(" "),
            (_, Value::Save(points)) => special::format_save(points),
            (_, Value::Limits(limits)) => special::format_limits(limits),
            (_, Value::Scores([primary, replica, child])) => format!("{primary} {replica} {child}"),
            (_, Value::Percentiles(percentiles)) => special::format_percentiles(percentiles),
            (_, Value::Primary(Some(primary))) => format!("{} {}", primary.host, primary.port),
            (_, Value::Primary(None)) => String::new(),
        };
        text.into_bytes()
    }
}

/// `yes` or `no`, in any case.
fn parse_bool(word: &[u8]) -> Result<Value, Reason> {
    if word.eq_ignore_ascii_case(b"yes") {
        Ok(Value::Bool(true))
    } else if word.eq_ignore_ascii_case(b"no") {
        Ok(Value::Bool(false))
    } else {
        Err(Reason::Borrowed("argument must be 'yes' or 'no'"))
    }
}

/// A number within its bounds.
fn parse_number(word: &[u8], min: i128, max: i128, unit: Unit) -> Result<Value, Reason> {
    let percent = || {
        let percent = units::integer(word.strip_suffix(b"%")?)?;
        (percent >= 0).then(|| -i128::from(percent))
    };
    let (number, refusal) = match unit {
        Unit::Integer => {
            (units::integer(word).map(i128::from), "argument couldn't be parsed into an integer")
        }
        Unit::Octal => (units::octal(word).map(i128::from), "argument couldn't be parsed as an octal number"),
        Unit::Memory => (units::memory(word).map(i128::from), "argument must be a memory value"),
        Unit::MemoryOrPercent => (
            units::memory(word).map(i128::from).or_else(percent),
            "argument must be a memory or percent value",
        ),
    };
    let number = number.ok_or(Reason::Borrowed(refusal))?;
    if (min..=max).contains(&number) {
        return Ok(Value::Number(number));
    }
    Err(Reason::Owned(match unit {
        Unit::MemoryOrPercent if number < 0 => {
            format!("percentage argument must be less or equal to {}", -min)
        }
        Unit::Octal => format!("argument must be between {min:o} and {max:o} inclusive"),
        _ => format!("argument must be between {min} and {max} inclusive"),
    }))
}

/// A text without NUL (what follows one is cut, as a C string is) that passes the row's check.
fn parse_text(word: &[u8], check: TextCheck) -> Result<String, Reason> {
    let word = word.split(|&byte| byte == 0).next().unwrap_or(word);
    let text = std::str::from_utf8(word).map_err(|_| Reason::Borrowed("argument must be valid UTF-8"))?;
    check(text).map_err(Reason::Borrowed)?;
    Ok(text.to_owned())
}

/// The refusal that lists the words that would be accepted.
fn must_be_one_of<'a>(names: impl Iterator<Item = &'a str>) -> Reason {
    let names: Vec<&str> = names.collect();
    Reason::Owned(format!("argument(s) must be one of the following: {}", names.join(", ")))
}

/// Exactly one known word.
fn parse_choice(words: &[&[u8]], names: Names) -> Result<Value, Reason> {
    let known = |word: &[u8]| names.iter().find(|(name, _)| word.eq_ignore_ascii_case(name.as_bytes()));
    match words {
        [word] => known(word).map(|(_, number)| Value::Choice(*number)),
        _ => None,
    }
    .ok_or_else(|| must_be_one_of(names.iter().map(|(name, _)| *name)))
}

/// One or more known words.
fn parse_flags(words: &[&[u8]], names: &'static [(&'static str, u32)]) -> Result<Value, Reason> {
    let refusal = || must_be_one_of(names.iter().map(|(name, _)| *name));
    if words.is_empty() {
        return Err(refusal());
    }
    let mut bits = 0;
    for word in words {
        let known = names.iter().find(|(name, _)| word.eq_ignore_ascii_case(name.as_bytes()));
        bits |= known.ok_or_else(refusal)?.1;
    }
    let both = special::ShutdownFlags::SAVE | special::ShutdownFlags::NOSAVE;
    if bits & both == both {
        return Err(Reason::Borrowed("shutdown options SAVE and NOSAVE can't be used simultaneously"));
    }
    Ok(Value::Bits(bits))
}

/// Prints flags: an exact match alone, else every flag that is set.
fn format_flags(names: &[(&str, u32)], bits: u32) -> String {
    if let Some((name, _)) = names.iter().find(|(_, known)| *known == bits) {
        return (*name).to_owned();
    }
    let set: Vec<&str> =
        names.iter().filter(|(_, bit)| *bit != 0 && bits & bit == *bit).map(|(name, _)| *name).collect();
    set.join(" ")
}

/// Addresses to listen on. A single empty word means none.
fn parse_bind(words: &[&[u8]]) -> Result<Value, Reason> {
    if words.len() > BIND_MAX {
        return Err(Reason::Borrowed("Too many bind addresses specified."));
    }
    if matches!(words, [word] if word.is_empty()) {
        return Ok(Value::Words(Vec::new()));
    }
    let addresses: Result<Vec<String>, Reason> = words.iter().map(|word| parse_text(word, any)).collect();
    addresses.map(Value::Words)
}

/// A directory that exists and may be entered; kept as an absolute path with links resolved, as `getcwd`
/// would print it after the `chdir` that Redis does here.
fn parse_dir(words: &[&[u8]], old: &Value) -> Result<Value, Reason> {
    let [word] = words else {
        return Err(Reason::Borrowed("wrong number of arguments"));
    };
    let text = parse_text(word, any)?;
    let base = if let Value::Text(base) = old { base.as_str() } else { "" };
    if text.is_empty() {
        return Err(Reason::Borrowed("No such file or directory"));
    }
    let enter = || {
        let path = fs::canonicalize(Path::new(base).join(text))?;
        if !fs::metadata(&path)?.is_dir() {
            return Err(std::io::ErrorKind::NotADirectory.into());
        }
        // Looking up an entry needs the search permission that entering needs.
        fs::metadata(path.join("."))?;
        Ok(path)
    };
    let path = enter().map_err(|error| Reason::Owned(os_reason(&error)))?;
    path.into_os_string()
        .into_string()
        .map(Value::Text)
        .map_err(|_| Reason::Borrowed("argument must be valid UTF-8"))
}

/// The system's words for an error, as `strerror` gives them.
pub fn os_reason(error: &std::io::Error) -> String {
    let text = error.to_string();
    match text.find(" (os error ") {
        Some(end) => text[..end].to_owned(),
        None if error.kind() == std::io::ErrorKind::NotADirectory => "Not a directory".to_owned(),
        None => text,
    }
}
