//! Units as they stand in a file of commands (Redis: aof.c `feedAppendOnlyFile`; server.c `propagatePendingCommands`).
//!
//! ```text
//!  #TS:1700000000        once a second, if wanted
//!  MULTI                 around effects that belong together
//!  SELECT 3              when the database changes; within MULTI if the unit has one
//!  SET key value
//!  EXEC
//! ```

use crate::resp::{Out, Proto};

const MULTI: &[u8] = b"*1\r\n$5\r\nMULTI\r\n";
const EXEC: &[u8] = b"*1\r\n$4\r\nEXEC\r\n";

/// What the file has been told.
#[derive(Debug, Default)]
pub struct Encoder {
    /// The database that is selected; `None`: to be selected.
    db: Option<usize>,
    /// The time that was noted last.
    stamp_s: i64,
}

impl Encoder {
    /// Another file begins: its first effect selects a database.
    pub fn forget_db(&mut self) {
        self.db = None;
    }

    /// Before a unit: notes the time if it is wanted and another than before.
    pub fn begin(&mut self, stamp_s: Option<i64>, out: &mut Vec<u8>) {
        if let Some(now) = stamp_s.filter(|now| self.stamp_s < *now) {
            self.stamp_s = now;
            out.extend_from_slice(format!("#TS:{now}\r\n").as_bytes());
        }
    }

    /// Commands on one database, as they are.
    pub fn part(&mut self, db: usize, commands: &[u8], out: &mut Vec<u8>) {
        if self.db != Some(db) {
            self.db = Some(db);
            let mut digits = itoa::Buffer::new();
            Out::new(out, Proto::V2).bulks(&[&b"SELECT"[..], digits.format(db).as_bytes()]);
        }
        out.extend_from_slice(commands);
    }

    /// Commands that belong together.
    pub fn unit<'a>(&mut self, pieces: impl IntoIterator<Item = (usize, &'a [u8])>, out: &mut Vec<u8>) {
        out.extend_from_slice(MULTI);
        pieces.into_iter().for_each(|(db, commands)| self.part(db, commands, out));
        out.extend_from_slice(EXEC);
    }
}

#[cfg(test)]
mod tests {
    #![allow(clippy::unwrap_used)]

    use super::*;

    fn text(out: &[u8]) -> String {
        String::from_utf8_lossy(out).replace("\r\n", " ")
    }

    #[test]
    fn databases_are_selected_when_they_change() {
        let (mut encoder, mut out) = (Encoder::default(), Vec::new());
        encoder.part(0, b"<a>", &mut out);
        encoder.part(0, b"<b>", &mut out);
        encoder.part(12, b"<c>", &mut out);
        encoder.forget_db();
        encoder.part(12, b"<d>", &mut out);
        let select = |db: &str| format!("*2 $6 SELECT ${} {db} ", db.len());
        assert_eq!(text(&out), format!("{}<a><b>{}<c>{}<d>", select("0"), select("12"), select("12")));
    }

    #[test]
    fn units_stand_between_multi_and_exec_and_select_inside() {
        let (mut encoder, mut out) = (Encoder::default(), Vec::new());
        encoder.unit([(1, &b"<a>"[..]), (1, b"<b>"), (0, b"<c>")], &mut out);
        assert_eq!(text(&out), "*1 $5 MULTI *2 $6 SELECT $1 1 <a><b>*2 $6 SELECT $1 0 <c>*1 $4 EXEC ");
    }

    #[test]
    fn the_time_is_noted_once_a_second() {
        let (mut encoder, mut out) = (Encoder::default(), Vec::new());
        for now in [Some(5), Some(5), None, Some(4), Some(6)] {
            encoder.begin(now, &mut out);
            out.push(b'.');
        }
        assert_eq!(text(&out), "#TS:5 ....#TS:6 .");
    }
}
