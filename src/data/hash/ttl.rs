//! Times to live of single fields (Redis 7.4: t_hash.c, "Hash Field Expiration").

use super::{Hash, packed};
use crate::data::Limits;
use crate::data::listpack::Listpack;

/// When a field expires.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum FieldTtl {
    /// There is no such field.
    NoField,
    /// Never.
    Never,
    /// At this time, Unix milliseconds.
    At(i64),
}

/// Under which condition a time is set (NX, XX, GT, LT of HEXPIRE).
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Condition {
    /// Always.
    Always,
    /// Only if the field has none.
    Nx,
    /// Only if it has one.
    Xx,
    /// Only if it is later than the present one; never is the latest.
    Gt,
    /// Only if it is earlier.
    Lt,
}

impl Condition {
    /// Whether a field that expires at `old` may get the time `new`.
    fn allows(self, old: Option<i64>, new: i64) -> bool {
        match self {
            Condition::Always => true,
            Condition::Nx => old.is_none(),
            Condition::Xx => old.is_some(),
            Condition::Gt => old.is_some_and(|old| new > old),
            Condition::Lt => old.is_none_or(|old| new < old),
        }
    }
}

/// What became of setting a time (t_hash.c `SetExRes`; the numbers are the reply's).
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum SetTtl {
    /// There is no such field.
    NoField = -2,
    /// The condition does not hold.
    NotMet = 0,
    /// It is set.
    Done = 1,
    /// The time has passed already: the field is gone.
    Deleted = 2,
}

impl Hash {
    /// When `field` expires.
    #[must_use]
    pub fn ttl(&self, field: &[u8], now_ms: i64) -> FieldTtl {
        let time = match self {
            Hash::Packed(pack) => pack.find(field, 1).map(|_| None),
            Hash::PackedTtl(pack) => {
                pack.find(field, 2).and_then(|pos| packed::triple(pack, pos)).map(|triple| triple.at_ms)
            }
            Hash::Table(table) => table.find(field).map(|entry| entry.expire_ms()),
        };
        match time {
            None => FieldTtl::NoField,
            Some(None) => FieldTtl::Never,
            Some(Some(at)) if at < now_ms => FieldTtl::NoField,
            Some(Some(at)) => FieldTtl::At(at),
        }
    }

    /// Sets when `field` expires; a time that has come already deletes it (t_hash.c `hashTypeSetEx`).
    pub fn set_ttl(&mut self, field: &[u8], at_ms: i64, condition: Condition, now_ms: i64) -> SetTtl {
        let old = match self.ttl(field, now_ms) {
            FieldTtl::NoField => return SetTtl::NoField,
            FieldTtl::Never => None,
            FieldTtl::At(at) => Some(at),
        };
        if !condition.allows(old, at_ms) {
            return SetTtl::NotMet;
        }
        if at_ms <= now_ms {
            self.remove(field, now_ms);
            return SetTtl::Deleted;
        }
        self.put_ttl(field, Some(at_ms));
        SetTtl::Done
    }

    /// Takes the time of `field` away and returns what it was.
    pub fn persist(&mut self, field: &[u8], now_ms: i64) -> FieldTtl {
        let old = self.ttl(field, now_ms);
        if matches!(old, FieldTtl::At(_)) {
            self.put_ttl(field, None);
        }
        old
    }

    /// Gives a field that is there a time, or none.
    fn put_ttl(&mut self, field: &[u8], at_ms: Option<i64>) {
        if let Hash::Packed(pack) = self {
            *self = Hash::PackedTtl(packed::with_times(pack));
        }
        match self {
            Hash::Table(table) => {
                table.set_expire(field, at_ms);
            }
            Hash::PackedTtl(pack) | Hash::Packed(pack) => {
                let Some(pos) = pack.find(field, 2) else { return };
                let Some(value) = packed::value(pack, pos).map(|value| value.to_vec()) else { return };
                pack.delete_range(pos, 3);
                packed::add(pack, field, &value, at_ms);
            }
        }
    }

    /// When the next field expires, Unix milliseconds; for a table a lower bound of that. `None` if no field does.
    #[must_use]
    pub fn next_due(&self) -> Option<i64> {
        match self {
            Hash::Packed(_) => None,
            Hash::PackedTtl(pack) => packed::triples(pack).next().and_then(|triple| triple.at_ms),
            Hash::Table(table) => table.next_due(),
        }
    }

    /// Removes fields that are past their time, at least one if there is one and about `limit` at most; each is reported
    /// to `gone`. Returns how many were removed.
    pub fn expire_due(&mut self, now_ms: i64, limit: usize, mut gone: impl FnMut(&[u8])) -> usize {
        match self {
            Hash::Packed(_) => 0,
            Hash::PackedTtl(pack) => {
                let due = packed::triples(pack)
                    .take_while(|t| t.at_ms.is_some_and(|at| at < now_ms))
                    .take(limit.max(1));
                let removed = due.map(|triple| gone(triple.field.bytes(&mut itoa::Buffer::new()))).count();
                pack.delete_range_by_index(0, removed * 3);
                removed
            }
            Hash::Table(table) => table.sweep_due(now_ms, limit.max(1), |entry| gone(entry.key())).removed,
        }
    }

    /// A hash of fields that came from elsewhere, with their times: field, value, time (`None` for never).
    ///
    /// Redis: rdb.c `rdbLoadObject`, RDB_TYPE_HASH_METADATA.
    #[must_use]
    pub fn from_triples<'a>(
        fields: impl Iterator<Item = (&'a [u8], &'a [u8], Option<i64>)>,
        limits: &Limits,
    ) -> Hash {
        let mut hash = Hash::PackedTtl(Listpack::new());
        for (field, value, at_ms) in fields {
            hash.set(field, value, super::Ttl::Clear, limits, i64::MIN);
            if at_ms.is_some() {
                hash.put_ttl(field, at_ms);
            }
        }
        hash
    }
}
