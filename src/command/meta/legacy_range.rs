//! First key, last key and step: how COMMAND told key positions before Redis 7.0 brought key specifications.

use super::{Begin, Find, KeySpec, key_flag};

/// First key, last key and step of COMMAND INFO, the form of key positions before specifications.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct LegacyRange {
    /// First key; 0: none.
    pub first: i32,
    /// Last key; negative counts from the end.
    pub last: i32,
    /// Distance between keys.
    pub step: i32,
    /// Whether there are keys that the three do not tell.
    pub movable: bool,
}

impl LegacyRange {
    /// What specifications come to (server.c `populateCommandLegacyRangeSpec`): one range as it is, or consecutive
    /// ranges of step 1 as one.
    pub const fn of(keys: &[KeySpec]) -> LegacyRange {
        let mut all = LegacyRange { first: 0, last: 0, step: 0, movable: false };
        let mut i = 0;
        while i < keys.len() {
            let KeySpec { flags, begin, find, .. } = keys[i];
            i += 1;
            let (Begin::Index(first), Find::Range { last, step, .. }) = (begin, find) else {
                all.movable = true;
                continue;
            };
            if keys.len() > 1 && (step != 1 || (all.last != 0 && all.last != first - 1)) {
                all.movable = true;
                continue;
            }
            if flags & key_flag::INCOMPLETE != 0 {
                all.movable = true;
            }
            let last = if last >= 0 { last + first } else { last };
            if all.first == 0 || first < all.first {
                all.first = first;
            }
            // A negative position lies behind every other: compared as unsigned, as Redis does.
            if last.cast_unsigned() > all.last.cast_unsigned() {
                all.last = last;
            }
            all.step = step;
        }
        all
    }
}
