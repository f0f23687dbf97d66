//! Classes of keyspace events (`notify-keyspace-events`; Redis: notify.c `keyspaceEventsStringToFlags`).

/// What kind of change a handler reports with [`super::Store::changed`].
#[derive(Clone, Copy, PartialEq, Eq, Debug)]
#[repr(u32)]
pub enum Class {
    /// `g`: commands of no type (DEL, EXPIRE, RENAME, …).
    Generic = 1 << 2,
    /// `$`: string commands.
    String = 1 << 3,
    /// `l`: list commands.
    List = 1 << 4,
    /// `s`: set commands.
    Set = 1 << 5,
    /// `h`: hash commands.
    Hash = 1 << 6,
    /// `z`: sorted set commands.
    ZSet = 1 << 7,
    /// `x`: a key expired.
    Expired = 1 << 8,
    /// `e`: a key was evicted.
    Evicted = 1 << 9,
    /// `t`: stream commands.
    Stream = 1 << 10,
    /// `m`: a read missed.
    KeyMiss = 1 << 11,
    /// `n`: a key was created.
    New = 1 << 14,
}
