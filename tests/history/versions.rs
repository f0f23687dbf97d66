//! From records to the order of versions: per key, who wrote each version, who saw it, what is known to come
//! next. Finds what needs no graph: versions never written, aborted or intermediate ones seen, duplicate and
//! lost appends, lost updates.

use super::record::{Action, Step, Txn, Version};
use std::collections::{BTreeMap, HashMap};

/// What is known of one version of one key.
#[derive(Debug, Default)]
pub struct Facts {
    /// The transaction that wrote it; none for version 0.
    pub writer: Option<usize>,
    /// Transactions that saw it without having written it themselves.
    pub readers: Vec<usize>,
    /// The version that a reply proved to come directly after it.
    pub next: Option<Version>,
    /// The version that a reply proved to come directly before it.
    pub previous: Option<Version>,
}

/// All versions of one key.
pub type Key = BTreeMap<Version, Facts>;

/// Per key, per version; and what was wrong on the way.
pub struct Versions {
    /// By key name.
    pub keys: BTreeMap<String, Key>,
    /// Anomalies in readable form.
    pub anomalies: Vec<String>,
}

struct Builder<'a> {
    txns: &'a [Txn],
    keys: BTreeMap<String, Key>,
    /// The appended versions of each key by place.
    lists: HashMap<&'a str, BTreeMap<u64, (Version, usize)>>,
    aborted: HashMap<(&'a str, Version), usize>,
    intermediate: HashMap<(&'a str, Version), usize>,
    anomalies: Vec<String>,
}

/// Collects the versions of a history.
pub fn collect(txns: &[Txn]) -> Versions {
    let mut builder = Builder {
        txns,
        keys: BTreeMap::new(),
        lists: HashMap::new(),
        aborted: HashMap::new(),
        intermediate: HashMap::new(),
        anomalies: Vec::new(),
    };
    for (id, txn) in txns.iter().enumerate() {
        builder.collect_writes(id, txn);
    }
    builder.check_places();
    for (id, txn) in txns.iter().enumerate() {
        builder.collect_reads(id, txn);
    }
    Versions { keys: builder.keys, anomalies: builder.anomalies }
}

/// Whether a later step of the transaction writes the same key.
fn overwritten(txn: &Txn, at: usize) -> bool {
    txn.steps[at + 1..].iter().any(|later| {
        later.key == txn.steps[at].key && matches!(later.action, Action::Write(..) | Action::Append(..))
    })
}

impl<'a> Builder<'a> {
    fn anomaly(&mut self, text: String, txns: &[usize]) {
        let mut full = text;
        for &id in txns {
            full.push_str(&format!("\n    {}", self.txns[id]));
        }
        self.anomalies.push(full);
    }

    fn collect_writes(&mut self, id: usize, txn: &'a Txn) {
        for (at, Step { key, action }) in txn.steps.iter().enumerate() {
            let (Action::Write(version, _) | Action::Append(version, _)) = action else { continue };
            if !txn.committed {
                self.aborted.insert((key, *version), id);
                continue;
            }
            if overwritten(txn, at) {
                self.intermediate.insert((key, *version), id);
            }
            let facts = self.keys.entry(key.clone()).or_default().entry(*version).or_default();
            if let Some(other) = facts.writer.replace(id) {
                self.anomaly(format!("version {version} of {key} written twice"), &[other, id]);
            }
            if let Action::Append(version, place) = action {
                let old = self.lists.entry(key).or_default().insert(*place, (*version, id));
                if let Some((_, other)) = old {
                    self.anomaly(format!("lost append: two at place {place} of {key}"), &[other, id]);
                }
            }
        }
    }

    /// Appends fill places without a gap: each reply gave the length up to itself.
    fn check_places(&mut self) {
        let mut gaps = Vec::new();
        for (key, places) in &self.lists {
            for (expected, (&place, &(_, id))) in (0..).zip(places) {
                if place != expected {
                    gaps.push((format!("append to {key} landed at {place}, nothing at {expected}"), id));
                    break;
                }
            }
        }
        for (text, id) in gaps {
            self.anomaly(text, &[id]);
        }
    }

    fn collect_reads(&mut self, id: usize, txn: &'a Txn) {
        // What this transaction knows of each key from its own earlier steps.
        let mut current: HashMap<&str, Version> = HashMap::new();
        for Step { key, action } in &txn.steps {
            let seen = match action {
                // An aborted block was not executed: it saw nothing.
                Action::Write(..) | Action::Append(..) if !txn.committed => continue,
                Action::Read(version) => Some(*version),
                Action::Write(_, previous) => *previous,
                Action::ReadList(list) => {
                    self.check_list(id, key, list);
                    Some(list.last().copied().unwrap_or(0))
                }
                Action::Append(_, 0) => Some(0),
                Action::Append(_, place) => {
                    let before = self.lists.get(key.as_str()).and_then(|places| places.get(&(place - 1)));
                    before.map(|(version, _)| *version)
                }
            };
            if let Some(seen) = seen {
                self.check_seen(id, key, seen, &mut current);
            }
            let (Action::Write(version, _) | Action::Append(version, _)) = action else { continue };
            // A blind write after a read in the same transaction replaces what was read.
            let seen = seen.or_else(|| current.get(key.as_str()).copied());
            if let Some(seen) = seen {
                self.link(id, key, seen, *version);
            }
            current.insert(key, *version);
        }
    }

    /// One external or internal observation.
    fn check_seen(
        &mut self,
        id: usize,
        key: &'a str,
        seen: Version,
        current: &mut HashMap<&'a str, Version>,
    ) {
        if let Some(own) = current.get(key) {
            if *own != seen {
                self.anomaly(format!("{key} changed from {own} to {seen} within a transaction"), &[id]);
            }
            return;
        }
        current.insert(key, seen);
        if let Some(&writer) = self.aborted.get(&(key, seen)) {
            self.anomaly(format!("aborted write {seen} of {key} was seen"), &[writer, id]);
        } else if let Some(&writer) = self.intermediate.get(&(key, seen)).filter(|writer| **writer != id) {
            self.anomaly(format!("intermediate version {seen} of {key} was seen"), &[writer, id]);
        }
        let versions = self.keys.entry(key.to_string()).or_default();
        if seen != 0 && !versions.contains_key(&seen) {
            self.anomaly(format!("{key} showed {seen}, which nobody wrote"), &[id]);
            return;
        }
        versions.entry(seen).or_default().readers.push(id);
    }

    fn check_list(&mut self, id: usize, key: &str, list: &[Version]) {
        let places = self.lists.get(key);
        for (place, version) in (0..).zip(list) {
            let expected = places.and_then(|places| places.get(&place)).map(|(version, _)| *version);
            if expected != Some(*version) {
                let text = format!("{key} showed {version} at place {place}; appends say {expected:?}");
                self.anomaly(text, &[id]);
                return;
            }
        }
    }

    /// `version` came directly after `seen`.
    fn link(&mut self, id: usize, key: &str, seen: Version, version: Version) {
        let versions = self.keys.entry(key.to_string()).or_default();
        let old = versions.entry(seen).or_default().next.replace(version);
        versions.entry(version).or_default().previous = Some(seen);
        let other = old.and_then(|old| versions.get(&old)).and_then(|facts| facts.writer);
        if let Some(other) = other {
            let old = old.unwrap_or_default();
            let text = format!("lost update: both {old} and {version} of {key} replaced {seen}");
            self.anomaly(text, &[other, id]);
        }
    }
}
