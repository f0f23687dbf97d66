//! Cutting off the oldest entries of a stream (t_stream.c `streamTrim`).

use super::node::{self, Walk};
use super::{Log, StreamId};
use crate::data::Listpack;

/// What a trim leaves.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Keep {
    /// So many of the newest entries (MAXLEN).
    Newest(u64),
    /// Entries whose id is not below this one (MINID).
    From(StreamId),
}

/// A trim.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct Trim {
    /// What it leaves.
    pub keep: Keep,
    /// Only whole nodes go, so that more may be left (`~`).
    pub whole_nodes: bool,
    /// It stops before it has removed more than this; 0 for no limit.
    pub limit: u64,
}

impl Log {
    /// Removes the oldest entries and returns how many they were.
    pub fn trim(&mut self, trim: &Trim) -> u64 {
        let mut deleted: u64 = 0;
        while !matches!(trim.keep, Keep::Newest(len) if self.len <= len) {
            let Some(mut first) = self.nodes.first_entry() else { break };
            let (id, pack) = (*first.key(), first.get_mut());
            let live = node::head(pack).map_or(0, |head| u64::try_from(head.live).unwrap_or(0));
            if trim.limit != 0 && deleted.saturating_add(live) > trim.limit {
                break;
            }
            let all = match trim.keep {
                Keep::Newest(len) => self.len.saturating_sub(live) >= len,
                Keep::From(min) => last_id_of(id, pack) < min,
            };
            if all {
                first.remove();
                self.len = self.len.saturating_sub(live);
                deleted = deleted.saturating_add(live);
                continue;
            }
            if !trim.whole_nodes {
                let cut = cut(id, pack.own(), trim.keep, self.len);
                self.len = self.len.saturating_sub(cut);
                deleted = deleted.saturating_add(cut);
            }
            break;
        }
        if deleted > 0 {
            self.find_first();
        }
        deleted
    }
}

fn last_id_of(id: StreamId, pack: &Listpack) -> StreamId {
    let last = Walk::new(id, pack).and_then(|mut walk| walk.next_back());
    last.map_or(StreamId::MIN, |entry| entry.id)
}

/// Marks what does not stay of one node's entries, where the stream has `len`; returns how many they were.
fn cut(id: StreamId, pack: &mut Listpack, keep: Keep, len: u64) -> u64 {
    let (Some(walk), Some(head)) = (Walk::new(id, pack), node::head(pack)) else { return 0 };
    let mut left = len;
    let mut marks = Vec::new();
    for entry in walk {
        let stays = match keep {
            Keep::Newest(len) => left <= len,
            Keep::From(min) => entry.id >= min,
        };
        if stays {
            break;
        }
        if !entry.is_deleted() {
            marks.push((entry.at, entry.flags));
            left = left.saturating_sub(1);
        }
    }
    node::mark_deleted(pack, &marks);
    let count = i64::try_from(marks.len()).unwrap_or(i64::MAX);
    node::set_counts(pack, head.live.saturating_sub(count), head.deleted.saturating_add(count));
    marks.len() as u64
}
