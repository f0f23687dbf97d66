//! The history that a dataset has: its ids, its offset, the window of it that the backlog holds.
//!
//! Invariants: `first <= offset + 1` of a backlog; `second_offset` is -1 exactly while there is no second id.

use super::{Line, ReplId, Settings};

/// What of the stream is kept for replicas that come back.
#[derive(Clone, Copy, PartialEq, Eq, Debug)]
pub struct Backlog {
    /// Number of the first byte that is held.
    pub first: u64,
}

/// Ids, offset and backlog of this server's dataset.
#[derive(Clone, Debug)]
pub struct History {
    /// The present id.
    pub id: ReplId,
    /// The id that this history had before a promotion or a change of the master's, if any.
    pub id2: Option<ReplId>,
    /// First offset that the history under `id2` does not cover; -1 without one.
    pub second_offset: i64,
    /// Bytes of the stream so far.
    pub offset: u64,
    /// What of it is kept; `None`: nothing, not even what comes.
    pub backlog: Option<Backlog>,
}

/// Why a partial resynchronization is not possible.
#[derive(Clone, PartialEq, Eq, Debug)]
pub enum Refusal {
    /// The replica asked for a copy (`PSYNC ? -1`).
    Asked,
    /// It knows another history.
    Id,
    /// It knows our former id, but has more of that history than we share.
    SecondOffset,
    /// The backlog does not hold the byte, or is not there.
    Backlog,
}

impl History {
    /// A new history under a fresh id.
    pub fn new() -> History {
        History::under(ReplId::random())
    }

    /// A new history named `id`.
    pub fn under(id: ReplId) -> History {
        History { id, id2: None, second_offset: -1, offset: 0, backlog: None }
    }

    /// Whether a replica that has history `id` up to byte `asked - 1` may go on from byte `asked`; the number of bytes that
    /// it lacks.
    ///
    /// # Errors
    /// Why not. Redis: replication.c `masterTryPartialResynchronization`.
    pub fn resume(&self, id: &[u8], asked: i64) -> Result<u64, Refusal> {
        if !self.id.is_named(id) {
            let second = self.id2.is_some_and(|id2| id2.is_named(id));
            match (second, id.first()) {
                (true, _) if asked <= self.second_offset => {}
                (_, Some(b'?')) => return Err(Refusal::Asked),
                (true, _) => return Err(Refusal::SecondOffset),
                (false, _) => return Err(Refusal::Id),
            }
        }
        let backlog = self.backlog.ok_or(Refusal::Backlog)?;
        match u64::try_from(asked) {
            Ok(asked) if asked >= backlog.first && asked <= self.offset + 1 => Ok(self.offset + 1 - asked),
            _ => Err(Refusal::Backlog),
        }
    }

    /// The line of the log that says why `replica` gets no partial resynchronization, and a second one if it is ahead.
    pub fn explain(&self, refusal: &Refusal, replica: &str, id: &[u8], asked: i64) -> Vec<Line> {
        let id = String::from_utf8_lossy(id);
        match refusal {
            Refusal::Asked => vec![Line::notice(format!("Full resync requested by replica {replica}"))],
            Refusal::Id => vec![Line::notice(format!(
                "Partial resynchronization not accepted: Replication ID mismatch (Replica asked for '{id}', my replication IDs are '{}' and '{}')",
                self.id,
                self.id2_text()
            ))],
            Refusal::SecondOffset => vec![Line::notice(format!(
                "Partial resynchronization not accepted: Requested offset for second ID was {asked}, but I can reply up to {}",
                self.second_offset
            ))],
            Refusal::Backlog => {
                let mut lines = vec![Line::notice(format!(
                    "Unable to partial resync with replica {replica} for lack of backlog (Replica request was: {asked})."
                ))];
                if u64::try_from(asked).is_ok_and(|asked| asked > self.offset) {
                    lines.push(Line::warning(format!(
                        "Warning: replica {replica} tried to PSYNC with an offset that is greater than the master replication offset."
                    )));
                }
                lines
            }
        }
    }

    /// The stream has `bytes` more.
    pub fn grew(&mut self, bytes: u64) {
        self.offset += bytes;
    }

    /// Begins to keep what comes, if nothing is kept (replication.c `createReplicationBacklog`).
    pub fn keep(&mut self) {
        let first = self.offset + 1;
        self.backlog.get_or_insert(Backlog { first });
    }

    /// The history becomes another one: a fresh id and no former one (`changeReplicationId`, `clearReplicationId2`).
    pub fn rename(&mut self) {
        self.id = ReplId::random();
        self.forget_second();
    }

    /// Promotion: what follows is a history of its own, but all up to here is also that of the old id
    /// (replication.c `shiftReplicationId`).
    pub fn shift(&mut self) -> Line {
        self.id2 = Some(self.id);
        self.second_offset = self.next_offset();
        self.id = ReplId::random();
        Line::notice(format!(
            "Setting secondary replication ID to {}, valid up to offset: {}. New replication ID is {}",
            self.id2_text(),
            self.second_offset,
            self.id
        ))
    }

    /// The master goes on under another id (`+CONTINUE id`; replication.c `slaveTryPartialResynchronization`).
    pub fn continued_as(&mut self, id: ReplId) {
        self.id2 = Some(self.id);
        self.second_offset = self.next_offset();
        self.id = id;
    }

    /// The dataset is now a copy of a master's, with its id and offset; nothing of what came before is kept
    /// (replication.c `readSyncBulkPayload`).
    pub fn replaced(&mut self, id: ReplId, offset: u64) {
        self.id = id;
        self.offset = offset;
        self.forget_second();
        self.backlog = None;
        self.keep();
    }

    /// What a file that was loaded at the start of a master says: the history goes on under a new id, and all up to
    /// `offset` is also that of the saved one (server.c `loadDataFromDisk`).
    pub fn restored(&mut self, id: ReplId, offset: u64) {
        self.offset = offset;
        self.id2 = Some(id);
        self.second_offset = self.next_offset();
        self.backlog = None;
        self.keep();
    }

    /// Forgets the former id.
    pub fn forget_second(&mut self) {
        self.id2 = None;
        self.second_offset = -1;
    }

    /// The former id as INFO prints it.
    pub fn id2_text(&self) -> String {
        self.id2.map_or_else(|| "0".repeat(40), |id| id.to_string())
    }

    /// Bytes that are kept.
    pub fn kept_bytes(&self) -> u64 {
        self.backlog.map_or(0, |b| (self.offset + 1).saturating_sub(b.first))
    }

    /// Ends the backlog of a master that had no replica since `alone_since_s` (unix seconds), once
    /// `repl-backlog-ttl` is over: nobody could tell what is missing from then on, so the history gets another name
    /// (replication.c `replicationCron`). Returns what to log if it did.
    pub fn expire_backlog(&mut self, now_s: i64, alone_since_s: i64, settings: &Settings) -> Option<Line> {
        let idle = now_s.saturating_sub(alone_since_s);
        if self.backlog.is_none() || settings.backlog_ttl_s == 0 || idle <= settings.backlog_ttl_s {
            return None;
        }
        self.rename();
        self.backlog = None;
        Some(Line::notice(format!(
            "Replication backlog freed after {} seconds without connected replicas.",
            settings.backlog_ttl_s
        )))
    }

    fn next_offset(&self) -> i64 {
        i64::try_from(self.offset + 1).unwrap_or(i64::MAX)
    }
}

impl Default for History {
    fn default() -> History {
        History::new()
    }
}

#[cfg(test)]
#[allow(clippy::unwrap_used, clippy::cast_possible_truncation)]
mod tests {
    use super::*;

    fn history(offset: u64, first: u64) -> History {
        let mut history = History::new();
        history.offset = offset;
        history.backlog = Some(Backlog { first });
        history
    }

    #[test]
    fn every_byte_of_the_window_and_the_one_after_it_can_be_asked_for() {
        let h = history(100, 51);
        let id = h.id.to_string();
        assert_eq!(h.resume(id.as_bytes(), 50), Err(Refusal::Backlog));
        assert_eq!(h.resume(id.as_bytes(), 51), Ok(50));
        assert_eq!(h.resume(id.as_bytes(), 101), Ok(0));
        assert_eq!(h.resume(id.as_bytes(), 102), Err(Refusal::Backlog));
        assert_eq!(h.resume(id.as_bytes(), -1), Err(Refusal::Backlog));
        assert_eq!(h.resume(b"?", -1), Err(Refusal::Asked));
        assert_eq!(h.resume(&[b'x'; 40], 60), Err(Refusal::Id));
        assert_eq!(history(0, 1).resume(b"", 1), Err(Refusal::Id));
    }

    #[test]
    fn a_promoted_history_serves_the_old_id_up_to_the_promotion_only() {
        let mut h = history(100, 1);
        let old = h.id.to_string();
        h.shift();
        assert_eq!((h.second_offset, h.id2_text()), (101, old.clone()));
        h.grew(20);
        assert_eq!(h.resume(old.as_bytes(), 101), Ok(20));
        assert_eq!(h.resume(old.as_bytes(), 102), Err(Refusal::SecondOffset));
        assert_eq!(h.resume(h.id.to_string().as_bytes(), 102), Ok(19));
    }

    #[test]
    fn without_a_backlog_nothing_is_resumed() {
        let mut h = history(100, 1);
        h.backlog = None;
        assert_eq!(h.resume(h.id.to_string().as_bytes(), 101), Err(Refusal::Backlog));
    }

    #[test]
    fn the_backlog_lives_for_its_time_and_takes_the_name_with_it() {
        let settings = Settings { backlog_ttl_s: 10, ..Settings::default() };
        let mut h = history(100, 1);
        h.shift();
        let id = h.id;
        assert!(h.expire_backlog(110, 100, &settings).is_none());
        assert!(h.expire_backlog(111, 100, &settings).is_some());
        assert!(h.backlog.is_none() && h.id2.is_none() && h.second_offset == -1 && h.id != id);
        assert!(h.expire_backlog(200, 100, &settings).is_none(), "once");
        let forever = Settings { backlog_ttl_s: 0, ..settings };
        assert!(history(1, 1).expire_backlog(i64::MAX, 0, &forever).is_none());
    }

    #[test]
    fn a_restored_master_goes_on_where_the_file_ends() {
        let mut h = History::new();
        let saved = ReplId::random();
        h.restored(saved, 500);
        assert_eq!(h.resume(saved.as_str().as_bytes(), 501), Ok(0));
        assert_eq!(h.resume(saved.as_str().as_bytes(), 500), Err(Refusal::Backlog));
        assert_eq!(h.resume(saved.as_str().as_bytes(), 502), Err(Refusal::SecondOffset));
    }
}
