//! Replication ids: names of histories.

use std::fmt;

/// Digits of an id. Redis: server.h `CONFIG_RUN_ID_SIZE`.
const LEN: usize = 40;

/// The name of a history: two datasets with the same id and offset are equal. 40 hexadecimal digits where Redis or Shoal
/// made it; from the wire any 40 bytes without spaces are taken, as Redis takes them.
#[derive(Clone, Copy, PartialEq, Eq)]
pub struct ReplId([u8; LEN]);

impl ReplId {
    /// A fresh one (replication.c `changeReplicationId`).
    pub fn random() -> ReplId {
        ReplId::parse(crate::base::prng::random_hex(LEN).as_bytes()).unwrap_or(ReplId([b'0'; LEN]))
    }

    /// The id that these bytes spell; `None` unless they are 40 printable characters.
    pub fn parse(bytes: &[u8]) -> Option<ReplId> {
        let id = ReplId(bytes.try_into().ok()?);
        id.0.iter().all(u8::is_ascii_graphic).then_some(id)
    }

    /// Whether `asked` names this history (replication.c `masterTryPartialResynchronization` ignores case).
    pub fn is_named(&self, asked: &[u8]) -> bool {
        self.0.eq_ignore_ascii_case(asked)
    }

    /// The digits.
    pub fn as_str(&self) -> &str {
        // Checked to be ASCII when it was made.
        std::str::from_utf8(&self.0).unwrap_or_default()
    }
}

impl fmt::Display for ReplId {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str(self.as_str())
    }
}

impl fmt::Debug for ReplId {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str(self.as_str())
    }
}

#[cfg(test)]
#[allow(clippy::unwrap_used, clippy::cast_possible_truncation)]
mod tests {
    use super::ReplId;

    #[test]
    fn an_id_is_forty_visible_characters() {
        assert!(ReplId::parse(&[b'a'; 40]).is_some());
        assert!(ReplId::parse(&[b'a'; 39]).is_none());
        assert!(ReplId::parse(&[b' '; 40]).is_none());
        assert!(ReplId::parse(&[0xc3; 40]).is_none());
        assert_eq!(ReplId::random().as_str().len(), 40);
        assert_ne!(ReplId::random(), ReplId::random());
    }

    #[test]
    fn case_makes_no_difference_to_a_name() {
        let id = ReplId::parse(&[b'A'; 40]).unwrap();
        assert!(id.is_named(&[b'a'; 40]));
        assert!(!id.is_named(b"?"));
    }
}
