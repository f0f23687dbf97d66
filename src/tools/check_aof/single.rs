//! One append-only file: every command and annotation in it (Redis: redis-check-aof.c `checkSingleAof`).

use super::source::Source;
use super::{Check, Exit, Verdict, printed};
use crate::persist::aof::read_integer;
use std::fs::OpenOptions;
use std::path::Path;

/// The longest line that begins a command or a word, with C's end of string.
const HEADER_SIZE: usize = 128;
/// The longest annotation, with C's end of string. Redis: server.h AOF_ANNOTATION_LINE_MAX_LEN.
const ANNOTATION_SIZE: usize = 1024;

/// The file that is checked, and what the checks of it share.
struct Single<'a> {
    /// As it is named in messages.
    name: &'a [u8],
    /// With its directory.
    path: &'a [u8],
    is_last: bool,
    source: Source,
    /// MULTI that wait for an EXEC: 0 or 1, and what is neither is an error.
    multi: i64,
}

impl Check<'_> {
    /// Checks one file, and cuts it if that was asked for.
    pub(super) fn single(
        &mut self,
        name: &[u8],
        path: &[u8],
        is_last: bool,
        preamble: bool,
    ) -> Result<Verdict, Exit> {
        let opened = OpenOptions::new().read(true).write(true).open(super::as_path(path));
        let file = match opened {
            Ok(file) => file,
            Err(error) => {
                return self.abort(printed!(
                    "Cannot open file ",
                    path,
                    ": ",
                    super::text(&error),
                    ", aborting...\n"
                ));
            }
        };
        let size = match file.metadata() {
            Ok(facts) => facts.len(),
            Err(_) => return self.abort(printed!("Cannot stat file: ", name, ", aborting...\n")),
        };
        if size == 0 {
            return Ok(Verdict::Empty);
        }
        let failed = printed!("Failed to read from AOF ", name, ", aborting...\n");
        let Ok(source) = Source::new(file) else { return self.abort(failed) };
        let mut single = Single { name, path, is_last, source, multi: 0 };
        if preamble {
            self.preamble(&mut single)?;
        }
        let Some(sound) = self.scan(&mut single)? else { return Ok(Verdict::CutToTime) };
        if single.source.has_ended() && single.multi != 0 && self.error.is_empty() {
            self.fail(printed!("Reached EOF before reading EXEC for MULTI"));
        }
        if !self.error.is_empty() {
            let error = std::mem::take(&mut self.error);
            self.say(printed!(error, "\n"));
            self.error = error;
        }
        self.settle(&mut single, size, sound)
    }

    /// The RDB file that an old Redis, or a rewrite, puts in front.
    fn preamble(&mut self, single: &mut Single<'_>) -> Result<(), Exit> {
        let _ = self.out.flush();
        let check_rdb = &mut *self.check_rdb;
        let out = &mut *self.out;
        let sane =
            single.source.with_file(|file| check_rdb(out, Path::new(super::as_path(single.path)), file));
        if !sane.unwrap_or(false) {
            return self.abort(printed!("RDB preamble of AOF file is not sane, aborting.\n"));
        }
        self.say(printed!("RDB preamble is OK, proceeding with AOF tail...\n"));
        Ok(())
    }

    /// Reads up to the end or the first fault: the end of the last whole unit, or `None` if the file was cut to the
    /// timestamp.
    fn scan(&mut self, single: &mut Single<'_>) -> Result<Option<u64>, Exit> {
        let mut sound = single.source.position();
        loop {
            if single.multi == 0 {
                sound = single.source.position();
            }
            match single.source.peek() {
                Ok(None) => return Ok(Some(sound)),
                Err(_) => {
                    return self.abort(printed!("Failed to read from AOF ", single.name, ", aborting...\n"));
                }
                Ok(Some(b'#')) => {
                    if !self.annotation(single)? {
                        return Ok(None);
                    }
                }
                Ok(Some(b'*')) => {
                    if self.command(single).is_none() {
                        return Ok(Some(sound));
                    }
                }
                Ok(Some(_)) => {
                    self.say(printed!("AOF ", single.name, " format error\n"));
                    return Ok(Some(sound));
                }
            }
        }
    }

    /// An annotation: false if it is younger than wanted and the file was cut before it.
    fn annotation(&mut self, single: &mut Single<'_>) -> Result<bool, Exit> {
        let (name, wanted) = (single.path, self.to_timestamp.to_string());
        self.at = single.source.position();
        let Ok(line) = single.source.line(ANNOTATION_SIZE) else {
            return self.abort(printed!("Failed to read annotations from AOF ", name, ", aborting...\n"));
        };
        let Some(stamp) = line.strip_prefix(b"#TS:").filter(|_| self.to_timestamp != 0) else {
            return Ok(true);
        };
        let (stamp, rest, in_range) = read_integer(stamp);
        if !in_range || rest.first() != Some(&b'\r') {
            return self.abort(printed!("Invalid timestamp annotation\n"));
        }
        if stamp <= self.to_timestamp {
            return Ok(true);
        }
        if self.at == 0 {
            return self.abort(printed!(
                "AOF ",
                name,
                " has nothing before timestamp ",
                wanted,
                ", aborting...\n"
            ));
        }
        if !single.is_last {
            let offset = self.at.to_string();
            self.say(printed!(
                "Failed to truncate AOF ",
                name,
                " to timestamp ",
                wanted,
                " to offset ",
                offset,
                " because it is not the last file.\n"
            ));
            return self.abort(printed!(
                "If you insist, please delete all files after this file according to the manifest \
                 file and delete the corresponding records in manifest file manually. Then re-run redis-check-aof.\n"
            ));
        }
        if single.source.cut(self.at).is_err() {
            return self.abort(printed!("Failed to truncate AOF ", name, " to timestamp ", wanted, "\n"));
        }
        Ok(false)
    }

    /// One command; `None` if it is at fault, with `error` saying why unless the file just ends.
    fn command(&mut self, single: &mut Single<'_>) -> Option<()> {
        let words = self.number(single, b'*')?;
        for at in 0..words {
            let word = self.word(single)?;
            let name = word.split(|&byte| byte == 0).next().unwrap_or_default();
            if at == 0 && name.eq_ignore_ascii_case(b"multi") {
                single.multi += 1;
                if single.multi != 1 {
                    self.fail(printed!("Unexpected MULTI in AOF ", single.path));
                    return None;
                }
            } else if at == 0 && name.eq_ignore_ascii_case(b"exec") {
                single.multi -= 1;
                if single.multi != 0 {
                    self.fail(printed!("Unexpected EXEC in AOF ", single.path));
                    return None;
                }
            }
        }
        Some(())
    }

    /// A line that says a number.
    fn number(&mut self, single: &mut Single<'_>, prefix: u8) -> Option<i64> {
        self.at = single.source.position();
        let line = single.source.line(HEADER_SIZE).ok().filter(|line| !line.is_empty())?;
        let (first, rest) = line.split_first()?;
        if *first != prefix {
            self.fail(printed!("Expected prefix '", [prefix], "', got: '", [*first], "'"));
            return None;
        }
        let (number, rest, _) = read_integer(rest);
        self.line_end(rest)?;
        Some(number)
    }

    /// A word with its length before it.
    fn word(&mut self, single: &mut Single<'_>) -> Option<Vec<u8>> {
        let len = self.number(single, b'$')?;
        if !(0..=i64::MAX - 2).contains(&len) {
            let len = len.to_string();
            self.fail(printed!(
                "Expected to read string of ",
                len,
                " bytes, which is not in the suitable range"
            ));
            return None;
        }
        self.at = single.source.position();
        let wanted = len + 2;
        let mut word = single.source.bytes(wanted.unsigned_abs()).ok()?;
        if word.len() as u64 != wanted.unsigned_abs() {
            let (wanted, got) = (wanted.to_string(), word.len().to_string());
            self.fail(printed!("Expected to read ", wanted, " bytes, got ", got, " bytes"));
            return None;
        }
        self.line_end(word.get(word.len() - 2..).unwrap_or_default())?;
        word.truncate(word.len() - 2);
        Some(word)
    }

    fn line_end(&mut self, found: &[u8]) -> Option<()> {
        if found.starts_with(b"\r\n") {
            self.line += 1;
            return Some(());
        }
        // C's `char` has a sign, and "%02x" shows it.
        let hex = |at: usize| format!("{:02x}", i32::from(found.get(at).copied().unwrap_or(0).cast_signed()));
        self.fail(printed!("Expected \\r\\n, got: ", hex(0), hex(1)));
        None
    }

    /// What is said of the file in the end, and the cut if it is wanted.
    fn settle(&mut self, single: &mut Single<'_>, size: u64, sound: u64) -> Result<Verdict, Exit> {
        let name = single.name;
        let excess = size.saturating_sub(sound);
        let numbers = [size, sound, excess].map(|number| number.to_string());
        let [size, sound_text, excess_text] = &numbers;
        if excess == 0 && self.to_timestamp != 0 {
            let wanted = self.to_timestamp.to_string();
            self.say(printed!("Truncate nothing in AOF ", name, " to timestamp ", wanted, "\n"));
            return Ok(Verdict::Sound);
        }
        let line = self.line.to_string();
        self.say(printed!("AOF analyzed: filename=", name, ", size=", size, ", ok_up_to=", sound_text));
        self.say(printed!(", ok_up_to_line=", line, ", diff=", excess_text, "\n"));
        if excess == 0 {
            return Ok(Verdict::Sound);
        }
        if !self.fix {
            return self.abort(printed!(
                "AOF ",
                name,
                " is not valid. Use the --fix option to try fixing it.\n"
            ));
        }
        if !single.is_last {
            return self.abort(printed!(
                "Failed to truncate AOF ",
                name,
                " because it is not the last file\n"
            ));
        }
        self.say(printed!("This will shrink the AOF ", name, " from ", size, " bytes, with ", excess_text));
        self.say(printed!(" bytes, to ", sound_text, " bytes\nContinue? [y/N]: "));
        let _ = self.out.flush();
        if !super::agrees(self.input) {
            return self.abort(printed!("Aborting...\n"));
        }
        if single.source.cut(sound).is_err() {
            return self.abort(printed!("Failed to truncate AOF ", name, "\n"));
        }
        Ok(Verdict::Cut)
    }
}
