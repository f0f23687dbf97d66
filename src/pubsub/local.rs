//! The subscribers of one shard: channel or pattern → its connections. Belongs to the shard's thread.

use super::{Change, Kind, Name, Topic};
use ahash::AHashMap;

/// Subscribers from which on their places in the list are remembered: leaving a list of thousands must not search it.
const MANY: usize = 32;

/// Connections (by index) that subscribe to one name.
#[derive(Default, Debug)]
struct Subscribers {
    list: Vec<usize>,
    /// Connection → its place, once there are many.
    places: Option<AHashMap<usize, usize>>,
}

impl Subscribers {
    fn add(&mut self, conn: usize) {
        if let Some(places) = &mut self.places {
            places.insert(conn, self.list.len());
        }
        self.list.push(conn);
        if self.places.is_none() && self.list.len() > MANY {
            self.places = Some(self.list.iter().enumerate().map(|(place, conn)| (*conn, place)).collect());
        }
    }

    fn remove(&mut self, conn: usize) {
        let place = match &mut self.places {
            Some(places) => places.remove(&conn),
            None => self.list.iter().position(|c| *c == conn),
        };
        let Some(place) = place.filter(|place| *place < self.list.len()) else { return };
        self.list.swap_remove(place);
        if let (Some(places), Some(moved)) = (&mut self.places, self.list.get(place)) {
            places.insert(*moved, place);
        }
    }
}

type Table = AHashMap<Name, Subscribers>;

/// Subscribers of one shard.
#[derive(Default, Debug)]
pub struct Local {
    channels: [Table; 2],
    patterns: Table,
}

impl Local {
    fn table(&mut self, topic: Topic) -> &mut Table {
        match topic {
            Topic::Of(kind) => &mut self.channels[kind.index()],
            Topic::Pattern => &mut self.patterns,
        }
    }

    /// Takes over what changed for connection `conn`.
    pub fn apply(&mut self, conn: usize, change: Change) {
        let Change { topic, name, on } = change;
        let table = self.table(topic);
        if on {
            table.entry(name).or_default().add(conn);
        } else if let Some(subscribers) = table.get_mut(&name) {
            subscribers.remove(conn);
            if subscribers.list.is_empty() {
                table.remove(&name);
            }
        }
    }

    /// Subscribers of a channel here.
    pub fn of_channel(&self, kind: Kind, channel: &[u8]) -> &[usize] {
        self.channels[kind.index()].get(channel).map_or(&[], |s| &s.list)
    }

    /// Subscribers of a pattern here.
    pub fn of_pattern(&self, pattern: &[u8]) -> &[usize] {
        self.patterns.get(pattern).map_or(&[], |s| &s.list)
    }

    /// Whether nobody here subscribes to anything.
    pub fn is_empty(&self) -> bool {
        self.patterns.is_empty() && self.channels.iter().all(|table| table.is_empty())
    }
}
