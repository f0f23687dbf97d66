//! The tracked keys of one store. Keys are the same in all databases (tracking.c: "Caching keys are not specific for each
//! DB but are global").

use super::{Arriving, Invalid, Leaving, Name, Shared};
use crate::resp::{Out, Proto};
use ahash::AHashMap;
use smallvec::SmallVec;
use std::sync::Arc;

/// A client that may hold a key, and its shard.
type Holder = (u64, u32);

#[derive(Debug)]
struct Tracked {
    /// Its place in `Table::order`.
    place: usize,
    holders: SmallVec<[Holder; 1]>,
}

/// Which clients may hold which keys of this store.
#[derive(Default, Debug)]
pub struct Table {
    keys: AHashMap<Name, Tracked>,
    /// The keys in a row, for drawing one at random.
    order: Vec<Name>,
    /// Keys that changed in this turn and begin with a prefix that somebody listens to, with who changed each last (0: no
    /// client).
    changed: AHashMap<Name, u64>,
    /// The client on whose behalf commands run; 0 for none.
    pub caller: u64,
    shared: Arc<Shared>,
}

impl Table {
    /// Makes this the table of one of several stores.
    pub fn share(&mut self, shared: Arc<Shared>) {
        self.shared = shared;
    }

    /// Whether a change of a key must be looked at.
    #[inline]
    pub fn is_active(&self) -> bool {
        !self.order.is_empty() || self.shared.prefix_count() > 0
    }

    /// Client `client` of shard `home` has read `key` (tracking.c `trackingRememberKeys`).
    pub fn remember(&mut self, key: &[u8], client: u64, home: usize) {
        let holder = (client, u32::try_from(home).unwrap_or(u32::MAX));
        if let Some(tracked) = self.keys.get_mut(key) {
            if !tracked.holders.contains(&holder) {
                tracked.holders.push(holder);
                self.shared.added(0, 1);
            }
            return;
        }
        let name = Name::from(key);
        let holders = SmallVec::from_elem(holder, 1);
        self.keys.insert(name.clone(), Tracked { place: self.order.len(), holders });
        self.order.push(name);
        self.shared.added(1, 1);
    }

    /// A key changed: tells who may hold it and forgets that they do (tracking.c `trackingInvalidateKey`). `by_itself`: no
    /// client changed it, it expired or was evicted.
    #[cold]
    pub fn invalidate(&mut self, key: &[u8], by_itself: bool, out: &mut Vec<Leaving>) {
        if self.shared.prefix_count() > 0 && self.is_listened_to(key) {
            self.changed.insert(key.into(), if by_itself { 0 } else { self.caller });
        }
        if let Some(items) = self.drop_key(key, out) {
            self.shared.removed(1, items);
        }
    }

    fn is_listened_to(&self, key: &[u8]) -> bool {
        self.shared.prefixes().keys().any(|prefix| key.starts_with(prefix))
    }

    /// Returns how many clients held it.
    fn drop_key(&mut self, key: &[u8], out: &mut Vec<Leaving>) -> Option<usize> {
        let (key, tracked) = self.keys.remove_entry(key)?;
        self.order.swap_remove(tracked.place);
        if let Some(moved) = self.order.get(tracked.place)
            && let Some(moved) = self.keys.get_mut(moved)
        {
            moved.place = tracked.place;
        }
        let items = tracked.holders.len();
        for (client, home) in tracked.holders {
            let (home, own) = (home as usize, client == self.caller);
            out.push(Leaving::Key { client, home, key: key.clone(), own });
        }
        Some(items)
    }

    /// Forgets keys drawn at random while all stores together remember more than `max` (tracking.c
    /// `trackingLimitUsedSlots`), `effort` of them at most.
    pub fn limit(
        &mut self,
        max: usize,
        effort: usize,
        mut random: impl FnMut() -> u64,
        out: &mut Vec<Leaving>,
    ) {
        self.caller = 0;
        for _ in 0..effort {
            if self.order.is_empty() || !self.shared.claim_excess(max) {
                return;
            }
            #[expect(clippy::cast_possible_truncation, reason = "random bits")]
            let at = random() as usize % self.order.len();
            if let Some(key) = self.order.get(at).cloned() {
                let items = self.drop_key(&key, out).unwrap_or(0);
                self.shared.removed(0, items);
            }
        }
    }

    /// Forgets everything: the databases were flushed.
    pub fn clear(&mut self) {
        let items = self.keys.values().map(|tracked| tracked.holders.len()).sum();
        self.shared.removed(self.keys.len(), items);
        self.keys = AHashMap::new();
        self.order = Vec::new();
    }

    /// Whether listeners to prefixes are to be told of changes.
    #[inline]
    pub fn has_changes(&self) -> bool {
        !self.changed.is_empty()
    }

    /// Tells them (tracking.c `trackingBroadcastInvalidationMessages`): one message per prefix and client.
    pub fn broadcast(&mut self, mut tell: impl FnMut(usize, Arriving)) {
        let changed = std::mem::take(&mut self.changed);
        for (prefix, listeners) in self.shared.prefixes().iter() {
            let keys = || changed.iter().filter(|(key, _)| key.starts_with(prefix));
            let Some(all) = array(keys().map(|(key, _)| key)) else { continue };
            for listener in listeners {
                let own = |by: u64| listener.noloop && by == listener.client;
                let array = if keys().any(|(_, by)| own(*by)) {
                    array(keys().filter(|(_, by)| !own(**by)).map(|(key, _)| key))
                } else {
                    Some(all.clone())
                };
                if let Some(array) = array {
                    let (client, what) = (listener.client, Invalid::Keys(array));
                    tell(listener.home, Arriving::To { client, what, broadcast: true, own: false });
                }
            }
        }
    }
}

/// A RESP array of keys, if there are some; it looks the same in both protocols.
fn array<'a>(keys: impl Iterator<Item = &'a Name>) -> Option<Arc<[u8]>> {
    let keys: Vec<&Name> = keys.collect();
    if keys.is_empty() {
        return None;
    }
    let mut bytes = Vec::new();
    Out::new(&mut bytes, Proto::V2).bulks(&keys);
    Some(bytes.into())
}
