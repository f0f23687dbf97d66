//! Settings with a shape of their own: save points, output buffer limits, event classes, percentiles, the
//! primary to follow, memory as bytes or percent. Parsing and printing of each, nothing else.
//!
//! Redis: config.c `setConfig…Option`, `getConfig…Option`; notify.c `keyspaceEventsStringToFlags`.

use super::units::{format_fraction, fraction, loose_integer, memory};
use super::value::{Cell, Value};

/// A reason for which a value is refused, in Redis's words.
pub type Reason = std::borrow::Cow<'static, str>;

/// One point of `save`: a snapshot is due after `seconds` when at least `changes` writes happened.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct SavePoint {
    /// Age of the last snapshot, in seconds.
    pub seconds: u64,
    /// Writes since then.
    pub changes: u32,
}

/// Limits of the bytes that wait to be sent to one client of a class. Zero means no limit.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct ClassLimit {
    /// At once over this, the client is disconnected (bytes).
    pub hard_bytes: u64,
    /// Over this for `soft_seconds`, the client is disconnected (bytes).
    pub soft_bytes: u64,
    /// How long the soft limit may be exceeded.
    pub soft_seconds: u64,
}

impl ClassLimit {
    /// A limit from its three numbers.
    pub const fn new(hard_bytes: u64, soft_bytes: u64, soft_seconds: u64) -> Self {
        ClassLimit { hard_bytes, soft_bytes, soft_seconds }
    }
}

/// Classes of clients in `client-output-buffer-limit`, in the order of the array.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum ClientClass {
    /// Ordinary clients, MONITOR included.
    Normal = 0,
    /// Replicas.
    Replica = 1,
    /// Clients subscribed to at least one channel or pattern.
    Pubsub = 2,
}

/// Names of the classes as CONFIG GET prints them.
const CLASS_NAMES: [&str; 3] = ["normal", "slave", "pubsub"];

/// The server that `replicaof` names.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Primary {
    /// Host name or address.
    pub host: String,
    /// TCP port.
    pub port: u16,
}

/// An amount of memory: bytes, or a share of `maxmemory`.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum MemoryLimit {
    /// So many bytes; 0 means no limit.
    Bytes(u64),
    /// So many hundredths of `maxmemory`.
    Percent(u8),
}

impl MemoryLimit {
    /// The limit in bytes under the given `maxmemory`; 0 means no limit.
    pub fn bytes(self, maxmemory: u64) -> u64 {
        match self {
            MemoryLimit::Bytes(bytes) => bytes,
            MemoryLimit::Percent(percent) => {
                let share = u128::from(maxmemory) * u128::from(percent) / 100;
                u64::try_from(share).unwrap_or(u64::MAX)
            }
        }
    }
}

impl Cell for MemoryLimit {
    fn load(&self) -> Value {
        match *self {
            MemoryLimit::Bytes(bytes) => Value::Number(i128::from(bytes)),
            MemoryLimit::Percent(percent) => Value::Number(-i128::from(percent)),
        }
    }

    fn store(value: Value) -> Option<Self> {
        match value {
            Value::Number(number) if number < 0 => u8::try_from(-number).ok().map(MemoryLimit::Percent),
            Value::Number(number) => u64::try_from(number).ok().map(MemoryLimit::Bytes),
            _ => None,
        }
    }
}

/// What a shutdown by signal does besides the default.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq)]
pub struct ShutdownFlags(pub u32);

impl ShutdownFlags {
    /// Save even when no save point is configured.
    pub const SAVE: u32 = 1;
    /// Do not save.
    pub const NOSAVE: u32 = 2;
    /// Do not wait for lagging replicas.
    pub const NOW: u32 = 4;
    /// Do not let an error stop the shutdown.
    pub const FORCE: u32 = 8;
    /// Spellings, in Redis's order.
    pub const NAMES: &'static [(&'static str, u32)] = &[
        ("default", 0),
        ("save", Self::SAVE),
        ("nosave", Self::NOSAVE),
        ("now", Self::NOW),
        ("force", Self::FORCE),
    ];

    /// Whether all bits of `flag` are set.
    pub fn contains(self, flag: u32) -> bool {
        self.0 & flag == flag
    }
}

impl Cell for ShutdownFlags {
    fn load(&self) -> Value {
        Value::Bits(self.0)
    }

    fn store(value: Value) -> Option<Self> {
        if let Value::Bits(bits) = value { Some(ShutdownFlags(bits)) } else { None }
    }
}

/// Event classes of `notify-keyspace-events`. The bits are Redis's own (server.h `NOTIFY_*`).
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq)]
pub struct EventClasses(pub u32);

impl EventClasses {
    /// `K`: publish on `__keyspace@<db>__` channels.
    pub const KEYSPACE: u32 = 1 << 0;
    /// `E`: publish on `__keyevent@<db>__` channels.
    pub const KEYEVENT: u32 = 1 << 1;
    /// `g`: commands of no special type.
    pub const GENERIC: u32 = 1 << 2;
    /// `$`: strings.
    pub const STRING: u32 = 1 << 3;
    /// `l`: lists.
    pub const LIST: u32 = 1 << 4;
    /// `s`: sets.
    pub const SET: u32 = 1 << 5;
    /// `h`: hashes.
    pub const HASH: u32 = 1 << 6;
    /// `z`: sorted sets.
    pub const ZSET: u32 = 1 << 7;
    /// `x`: expired keys.
    pub const EXPIRED: u32 = 1 << 8;
    /// `e`: evicted keys.
    pub const EVICTED: u32 = 1 << 9;
    /// `t`: streams.
    pub const STREAM: u32 = 1 << 10;
    /// `m`: misses; not part of `A`.
    pub const KEY_MISS: u32 = 1 << 11;
    /// `d`: module types.
    pub const MODULE: u32 = 1 << 13;
    /// `n`: new keys; not part of `A`.
    pub const NEW: u32 = 1 << 14;
    /// `A`: everything but `m` and `n`.
    pub const ALL: u32 = Self::GENERIC
        | Self::STRING
        | Self::LIST
        | Self::SET
        | Self::HASH
        | Self::ZSET
        | Self::EXPIRED
        | Self::EVICTED
        | Self::STREAM
        | Self::MODULE;

    /// Letters in the order in which they are printed.
    const LETTERS: [(u8, u32); 14] = [
        (b'g', Self::GENERIC),
        (b'$', Self::STRING),
        (b'l', Self::LIST),
        (b's', Self::SET),
        (b'h', Self::HASH),
        (b'z', Self::ZSET),
        (b'x', Self::EXPIRED),
        (b'e', Self::EVICTED),
        (b't', Self::STREAM),
        (b'd', Self::MODULE),
        (b'n', Self::NEW),
        (b'K', Self::KEYSPACE),
        (b'E', Self::KEYEVENT),
        (b'm', Self::KEY_MISS),
    ];

    /// Whether any bit of `class` is set.
    pub fn intersects(self, class: u32) -> bool {
        self.0 & class != 0
    }

    /// Reads class letters; `None` for an unknown one.
    pub fn parse(letters: &[u8]) -> Option<EventClasses> {
        let mut bits = 0;
        for &letter in letters {
            bits |= match letter {
                b'A' => Self::ALL,
                _ => Self::LETTERS.iter().find(|(known, _)| *known == letter)?.1,
            };
        }
        Some(EventClasses(bits))
    }
}

impl std::fmt::Display for EventClasses {
    /// Prints the letters as CONFIG GET does. Redis: notify.c `keyspaceEventsFlagsToString`, which leaves `n`
    /// out when it prints `A`.
    fn fmt(&self, f: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        let all = self.0 & Self::ALL == Self::ALL;
        if all {
            f.write_str("A")?;
        }
        for (letter, bit) in Self::LETTERS {
            let covered = all && bit & (Self::ALL | Self::NEW) != 0;
            if self.0 & bit != 0 && !covered {
                write!(f, "{}", char::from(letter))?;
            }
        }
        Ok(())
    }
}

impl Cell for EventClasses {
    fn load(&self) -> Value {
        Value::Bits(self.0)
    }

    fn store(value: Value) -> Option<Self> {
        if let Value::Bits(bits) = value { Some(EventClasses(bits)) } else { None }
    }
}

/// Reads pairs of seconds and changes. A single empty word means "no save point".
pub(super) fn parse_save(words: &[&[u8]]) -> Result<Vec<SavePoint>, Reason> {
    const INVALID: Reason = Reason::Borrowed("Invalid save parameters");
    if matches!(words, [word] if word.is_empty()) {
        return Ok(Vec::new());
    }
    let (pairs, rest) = words.as_chunks::<2>();
    if !rest.is_empty() {
        return Err(INVALID);
    }
    let point = |[seconds, changes]: &[&[u8]; 2]| {
        let seconds = u64::try_from(loose_integer(seconds)?).ok().filter(|seconds| *seconds >= 1)?;
        let changes =
            u32::try_from(loose_integer(changes)?).ok().filter(|changes| *changes <= i32::MAX as u32)?;
        Some(SavePoint { seconds, changes })
    };
    pairs.iter().map(|pair| point(pair).ok_or(INVALID)).collect()
}

/// Prints save points as one line of numbers.
pub(super) fn format_save(points: &[SavePoint]) -> String {
    let words: Vec<String> =
        points.iter().map(|point| format!("{} {}", point.seconds, point.changes)).collect();
    words.join(" ")
}

/// Reads groups of class, hard limit, soft limit, seconds; classes that are not named keep their limits.
pub(super) fn parse_limits(words: &[&[u8]], old: [ClassLimit; 3]) -> Result<[ClassLimit; 3], Reason> {
    let (groups, rest) = words.as_chunks::<4>();
    if !rest.is_empty() {
        return Err(Reason::Borrowed("Wrong number of arguments in buffer limit configuration."));
    }
    let mut limits = old;
    for [class, hard, soft, seconds] in groups {
        let class = match class.to_ascii_lowercase().as_slice() {
            b"normal" => ClientClass::Normal,
            b"slave" | b"replica" => ClientClass::Replica,
            b"pubsub" => ClientClass::Pubsub,
            _ => {
                return Err(Reason::Borrowed(
                    "Invalid client class specified in buffer limit configuration.",
                ));
            }
        };
        let limit = (|| {
            let soft_seconds = u64::try_from(loose_integer(seconds)?).ok()?;
            Some(ClassLimit::new(memory(hard)?, memory(soft)?, soft_seconds))
        })();
        limits[class as usize] = limit.ok_or(Reason::Borrowed(
            "Error in hard, soft or soft_seconds setting in buffer limit configuration.",
        ))?;
    }
    Ok(limits)
}

/// Prints the limits of all classes on one line, in bytes.
pub(super) fn format_limits(limits: &[ClassLimit; 3]) -> String {
    let words: Vec<String> = limits
        .iter()
        .zip(CLASS_NAMES)
        .map(|(limit, name)| {
            format!("{name} {} {} {}", limit.hard_bytes, limit.soft_bytes, limit.soft_seconds)
        })
        .collect();
    words.join(" ")
}

/// Reads the three OOM scores.
pub(super) fn parse_scores(words: &[&[u8]]) -> Result<[i32; 3], Reason> {
    const RANGE: Reason =
        Reason::Borrowed("Invalid oom-score-adj-values, elements must be between -2000 and 2000.");
    let words: &[&[u8]; 3] = words.try_into().map_err(|_| Reason::Borrowed("wrong number of arguments"))?;
    let mut scores = [0; 3];
    for (score, word) in scores.iter_mut().zip(words) {
        let number = loose_integer(word).filter(|number| (-2000..=2000).contains(number)).ok_or(RANGE)?;
        *score = i32::try_from(number).map_err(|_| RANGE)?;
    }
    Ok(scores)
}

/// Reads percentiles. A single empty word means none.
pub(super) fn parse_percentiles(words: &[&[u8]]) -> Result<Vec<f64>, Reason> {
    if matches!(words, [word] if word.is_empty()) {
        return Ok(Vec::new());
    }
    let percentile = |word: &&[u8]| {
        let number =
            fraction(word).ok_or(Reason::Borrowed("Invalid latency-tracking-info-percentiles parameters"))?;
        if (0.0..=100.0).contains(&number) {
            Ok(number)
        } else {
            Err(Reason::Borrowed(
                "latency-tracking-info-percentiles parameters should sit between [0.0,100.0]",
            ))
        }
    };
    words.iter().map(percentile).collect()
}

/// Prints percentiles without trailing zeros.
pub(super) fn format_percentiles(percentiles: &[f64]) -> String {
    let words: Vec<String> = percentiles.iter().map(|number| format_fraction(*number)).collect();
    words.join(" ")
}

/// Reads `host port`, or `no one`.
pub(super) fn parse_primary(words: &[&[u8]]) -> Result<Option<Primary>, Reason> {
    let [host, port] = words else {
        return Err(Reason::Borrowed("wrong number of arguments"));
    };
    if host.eq_ignore_ascii_case(b"no") && port.eq_ignore_ascii_case(b"one") {
        return Ok(None);
    }
    let port = loose_integer(port).and_then(|port| u16::try_from(port).ok());
    let port = port.ok_or(Reason::Borrowed("Invalid master port"))?;
    let host = String::from_utf8(host.to_vec()).map_err(|_| Reason::Borrowed("Invalid master host"))?;
    Ok(Some(Primary { host, port }))
}
