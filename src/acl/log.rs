//! The log of what was denied (ACL LOG): newest first, alike events of one minute in one entry. Any thread, under a lock.
//!
//! Redis: acl.c `addACLLogEntry`, `ACLLogMatchEntry`.

use super::Reason;
use std::collections::VecDeque;
use std::sync::{Mutex, MutexGuard, PoisonError};

/// Events further apart are not alike.
const GROUPING_MS: i64 = 60_000;
/// Entries that are compared with a new event.
const COMPARED: usize = 10;

/// Where a command came from.
#[derive(Clone, Copy, PartialEq, Eq, Debug)]
pub enum Context {
    /// A client.
    Toplevel,
    /// A client in MULTI, or EXEC.
    Multi,
    /// A script.
    Lua,
}

impl Context {
    /// The word of ACL LOG.
    pub fn as_str(self) -> &'static str {
        match self {
            Context::Toplevel => "toplevel",
            Context::Multi => "multi",
            Context::Lua => "lua",
        }
    }
}

/// Something that was denied.
#[derive(Clone, PartialEq, Eq, Debug)]
pub struct Event {
    /// Why.
    pub reason: Reason,
    /// Where the command came from.
    pub context: Context,
    /// The command, key or channel; for a failed login the command's first word.
    pub object: Vec<u8>,
    /// The user.
    pub username: Vec<u8>,
    /// The client's line of CLIENT LIST.
    pub client_info: Vec<u8>,
    /// When (unix ms).
    pub time_ms: i64,
}

/// An event and how often it happened.
#[derive(Clone, PartialEq, Eq, Debug)]
pub struct LogEntry {
    /// Unique over the life of the server.
    pub id: i64,
    /// How often.
    pub count: i64,
    /// When it happened first (unix ms).
    pub created_ms: i64,
    /// The event as it happened last.
    pub last: Event,
}

impl LogEntry {
    fn is_like(&self, event: &Event) -> bool {
        let last = &self.last;
        last.reason == event.reason
            && last.context == event.context
            && last.time_ms.abs_diff(event.time_ms) <= GROUPING_MS.unsigned_abs()
            && last.object == event.object
            && last.username == event.username
    }
}

#[derive(Default, Debug)]
struct Entries {
    list: VecDeque<LogEntry>,
    next_id: i64,
}

/// See the top of the file.
#[derive(Default, Debug)]
pub struct AclLog {
    entries: Mutex<Entries>,
}

impl AclLog {
    /// Adds an event; at most `max_len` entries stay.
    pub fn add(&self, event: Event, max_len: usize) {
        let mut entries = self.lock();
        let alike = entries.list.iter().take(COMPARED).position(|entry| entry.is_like(&event));
        if let Some(mut entry) = alike.and_then(|at| entries.list.remove(at)) {
            entry.count += 1;
            entry.last = event;
            entries.list.push_front(entry);
            return;
        }
        let entry = LogEntry { id: entries.next_id, count: 1, created_ms: event.time_ms, last: event };
        entries.next_id += 1;
        entries.list.push_front(entry);
        entries.list.truncate(max_len);
    }

    /// The newest `count` entries.
    pub fn latest(&self, count: usize) -> Vec<LogEntry> {
        self.lock().list.iter().take(count).cloned().collect()
    }

    /// Forgets all entries; their ids do not come back.
    pub fn reset(&self) {
        self.lock().list.clear();
    }

    fn lock(&self) -> MutexGuard<'_, Entries> {
        self.entries.lock().unwrap_or_else(PoisonError::into_inner)
    }
}
