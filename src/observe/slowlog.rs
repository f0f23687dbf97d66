//! The slow log: the last commands that took longer than `slowlog-log-slower-than`.
//!
//! | field | who writes | who reads | when |
//! |---|---|---|---|
//! | `inner` | the shard that ran a slow command; SLOWLOG RESET | SLOWLOG GET, LEN | under its lock, which only slow commands take |

use std::collections::VecDeque;
use std::sync::{Arc, Mutex, MutexGuard, PoisonError};

/// Most words kept of a command (slowlog.h `SLOWLOG_ENTRY_MAX_ARGC`).
const MAX_WORDS: usize = 32;
/// Most bytes kept of a word (slowlog.h `SLOWLOG_ENTRY_MAX_STRING`).
const MAX_WORD_BYTES: usize = 128;

/// One slow command.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct SlowEntry {
    /// Number of the entry, unique while the server runs.
    pub id: i64,
    /// Unix time in seconds.
    pub time_s: i64,
    /// How long it took, in microseconds.
    pub micros: i64,
    /// Its words, shortened.
    pub words: Vec<Vec<u8>>,
    /// Address of the client.
    pub addr: String,
    /// Name of the client.
    pub name: Vec<u8>,
}

#[derive(Default, Debug)]
struct Inner {
    next_id: i64,
    /// Newest first.
    entries: VecDeque<Arc<SlowEntry>>,
}

/// The log.
#[derive(Default, Debug)]
pub struct SlowLog {
    inner: Mutex<Inner>,
}

impl SlowLog {
    fn lock(&self) -> MutexGuard<'_, Inner> {
        self.inner.lock().unwrap_or_else(PoisonError::into_inner)
    }

    /// Adds an entry (its `id` is set here) and drops the oldest beyond `max_len`.
    pub fn push(&self, mut entry: SlowEntry, max_len: usize) {
        let mut inner = self.lock();
        entry.id = inner.next_id;
        inner.next_id = inner.next_id.wrapping_add(1);
        inner.entries.push_front(Arc::new(entry));
        inner.entries.truncate(max_len);
    }

    /// Number of entries.
    pub fn len(&self) -> usize {
        self.lock().entries.len()
    }

    /// Whether there is none.
    pub fn is_empty(&self) -> bool {
        self.len() == 0
    }

    /// The newest `count` entries, newest first.
    pub fn latest(&self, count: usize) -> Vec<Arc<SlowEntry>> {
        self.lock().entries.iter().take(count).cloned().collect()
    }

    /// Drops all entries.
    pub fn reset(&self) {
        self.lock().entries.clear();
    }
}

/// The words of a command as the log keeps them (slowlog.c `slowlogCreateEntry`).
pub fn shorten(words: &[&[u8]]) -> Vec<Vec<u8>> {
    let kept = if words.len() > MAX_WORDS { MAX_WORDS - 1 } else { words.len() };
    let mut short: Vec<Vec<u8>> = words.iter().take(kept).map(|word| shorten_word(word)).collect();
    if kept < words.len() {
        short.push(format!("... ({} more arguments)", words.len() - kept).into_bytes());
    }
    short
}

fn shorten_word(word: &[u8]) -> Vec<u8> {
    match word.split_at_checked(MAX_WORD_BYTES) {
        Some((head, tail)) if !tail.is_empty() => {
            [head, format!("... ({} more bytes)", tail.len()).as_bytes()].concat()
        }
        _ => word.to_vec(),
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn entry(micros: i64) -> SlowEntry {
        SlowEntry { id: 0, time_s: 1, micros, words: vec![], addr: String::new(), name: vec![] }
    }

    #[test]
    fn the_newest_entries_stay_and_numbers_go_on_after_a_reset() {
        let log = SlowLog::default();
        (0..5).for_each(|micros| log.push(entry(micros), 3));
        let kept: Vec<(i64, i64)> = log.latest(10).iter().map(|e| (e.id, e.micros)).collect();
        assert_eq!(kept, [(4, 4), (3, 3), (2, 2)]);
        assert_eq!(log.latest(1).len(), 1);
        log.reset();
        assert!(log.is_empty());
        log.push(entry(9), 3);
        assert_eq!(log.latest(1).first().map(|e| e.id), Some(5));
        log.push(entry(9), 0);
        assert_eq!(log.len(), 0);
    }

    #[test]
    fn long_commands_and_words_are_cut_as_redis_cuts_them() {
        let word = [b'x'; 130];
        assert_eq!(shorten(&[&word[..128]]), [word[..128].to_vec()]);
        let cut = shorten(&[&word]).concat();
        assert!(cut.ends_with(b"xx... (2 more bytes)") && cut.len() == 128 + 18, "{cut:?}");
        let words = [&b"a"[..]; 40];
        let short = shorten(&words);
        assert_eq!(short.len(), 32);
        assert_eq!(short.last().map(Vec::as_slice), Some(&b"... (9 more arguments)"[..]));
        assert_eq!(shorten(&words[..32]).len(), 32);
    }
}
