//! Error replies of one shard, counted by their code (INFO errorstats).
//!
//! | field | who writes | who reads | when |
//! |---|---|---|---|
//! | `codes` | its shard, at an error reply | INFO | under its lock, which nobody else contends for but INFO |

use std::collections::BTreeMap;
use std::sync::{Mutex, MutexGuard, PoisonError};

/// Most different codes: clients can make up codes with scripts (Redis 7.4: server.c `ERROR_STATS_NUMBER`).
const CODES: usize = 128;
/// What replaces the table once there are more.
const DISABLED: &[u8] = b"ERRORSTATS_DISABLED";
/// Bytes within which a code must end (networking.c `afterErrorReply`).
const CODE_BYTES: usize = 32;

/// Counts by code.
#[derive(Default, Debug)]
pub struct ErrorCodes {
    codes: Mutex<BTreeMap<Vec<u8>, u64>>,
}

/// The code of an error reply, its `-` included in what is given; `ERR` where it has none.
fn code_of(reply: &[u8]) -> &[u8] {
    let text = reply.strip_prefix(b"-").unwrap_or_default();
    match text.iter().take(CODE_BYTES - 1).position(|&byte| byte == b' ') {
        Some(end) => text.get(..end).unwrap_or_default(),
        None => b"ERR",
    }
}

impl ErrorCodes {
    fn lock(&self) -> MutexGuard<'_, BTreeMap<Vec<u8>, u64>> {
        self.codes.lock().unwrap_or_else(PoisonError::into_inner)
    }

    /// Counts an error reply (`-CODE text`). With too many codes the table gives up until it is reset.
    pub fn count(&self, reply: &[u8]) {
        let code = code_of(reply);
        let mut codes = self.lock();
        if let Some(count) = codes.get_mut(code) {
            *count += 1;
        } else if codes.contains_key(DISABLED) {
        } else if codes.len() >= CODES {
            codes.clear();
            codes.insert(DISABLED.to_vec(), 1);
        } else {
            codes.insert(code.to_vec(), 1);
        }
    }

    /// Adds the counts to `into`.
    pub fn add_to(&self, into: &mut BTreeMap<Vec<u8>, u64>) {
        for (code, count) in self.lock().iter() {
            *into.entry(code.clone()).or_default() += count;
        }
    }

    /// Forgets everything.
    pub fn reset(&self) {
        self.lock().clear();
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn counts(errors: &ErrorCodes) -> Vec<(String, u64)> {
        let mut all = BTreeMap::new();
        errors.add_to(&mut all);
        all.into_iter().map(|(code, n)| (String::from_utf8_lossy(&code).into_owned(), n)).collect()
    }

    #[test]
    fn errors_are_counted_by_their_first_word() {
        let errors = ErrorCodes::default();
        for reply in ["-ERR a\r\n", "-WRONGTYPE b\r\n", "-ERR c\r\n", "-NOWORDS\r\n"] {
            errors.count(reply.as_bytes());
        }
        errors.count(format!("-{} x\r\n", "L".repeat(40)).as_bytes());
        assert_eq!(counts(&errors), [("ERR".to_owned(), 4), ("WRONGTYPE".to_owned(), 1)]);
        errors.reset();
        assert!(counts(&errors).is_empty());
    }

    #[test]
    fn too_many_codes_disable_the_table_until_a_reset() {
        let errors = ErrorCodes::default();
        (0..200).for_each(|n| errors.count(format!("-CODE{n} x\r\n").as_bytes()));
        assert_eq!(counts(&errors), [("ERRORSTATS_DISABLED".to_owned(), 1)]);
        errors.reset();
        errors.count(b"-ERR x\r\n");
        assert_eq!(counts(&errors), [("ERR".to_owned(), 1)]);
    }
}
