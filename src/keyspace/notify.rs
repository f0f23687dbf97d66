//! Classes of keyspace events (`notify-keyspace-events`; Redis: notify.c `keyspaceEventsStringToFlags`).

use crate::pubsub::{Outbox, Outgoing};

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

/// `K`: publish on `__keyspace@<db>__:<key>`.
pub(super) const ON_KEYSPACE: u32 = 1 << 0;
/// `E`: publish on `__keyevent@<db>__:<event>`.
pub(super) const ON_KEYEVENT: u32 = 1 << 1;

/// The mask that a store obeys: nothing is an event unless one of the two kinds of channels is asked for.
pub fn effective(mask: u32) -> u32 {
    if mask & (ON_KEYSPACE | ON_KEYEVENT) == 0 { 0 } else { mask }
}

/// Puts an event of the key into the outbox if `mask` asks for its class; one branch if it does not.
#[inline]
pub(super) fn tell(outbox: &mut Outbox, mask: u32, class: Class, of: (usize, &[u8]), event: &'static str) {
    if mask & class as u32 != 0 {
        publish(outbox, mask, of, event);
    }
}

#[cold]
fn publish(outbox: &mut Outbox, mask: u32, (db, key): (usize, &[u8]), event: &'static str) {
    let (on_key, on_event) = (mask & ON_KEYSPACE != 0, mask & ON_KEYEVENT != 0);
    outbox.push(Outgoing::Event { db, key: key.into(), event, on_key, on_event });
}
