//! The manifest: which files make up the append-only file, in which order (Redis: aof.c `aofManifest`).
//!
//! ```text
//!  file appendonly.aof.2.base.rdb seq 2 type b      at most one base, first
//!  file appendonly.aof.1.incr.aof seq 1 type h      replaced by a rewrite, still to be removed
//!  file appendonly.aof.4.incr.aof seq 4 type i      commands since the base, oldest first; the last one is written
//! ```
//!
//! Pure: text in, text out. Whoever changes a manifest changes a copy, makes that durable, and only then goes by it.

use crate::config::{quote, split_words};

/// The longest line with its end. Redis: aof.c MANIFEST_MAX_LINE.
const LINE_MAX: usize = 1024;

/// What a file is to the append-only file.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Kind {
    /// The dataset at the last rewrite.
    Base,
    /// Commands since then.
    Incr,
    /// Replaced by a rewrite, to be removed.
    History,
}

impl Kind {
    fn letter(self) -> char {
        match self {
            Kind::Base => 'b',
            Kind::Incr => 'i',
            Kind::History => 'h',
        }
    }

    fn from_letter(letter: u8) -> Option<Kind> {
        [Kind::Base, Kind::Incr, Kind::History].into_iter().find(|kind| kind.letter() == char::from(letter))
    }
}

/// One file.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Part {
    /// Its name in the directory, any bytes but NUL and `/`.
    pub name: Vec<u8>,
    /// Its number among those of its kind; never 0.
    pub seq: i64,
    /// What it is.
    pub kind: Kind,
}

impl Part {
    /// The name as it is logged.
    pub fn shown(&self) -> String {
        String::from_utf8_lossy(&self.name).into_owned()
    }

    fn write(&self, out: &mut Vec<u8>) {
        out.extend_from_slice(b"file ");
        // Redis: sds.c sdsneedsrepr.
        if self.name.iter().any(|byte| matches!(byte, b'\\' | b'"') || !byte.is_ascii_graphic()) {
            quote(&self.name, out);
        } else {
            out.extend_from_slice(&self.name);
        }
        out.extend_from_slice(format!(" seq {} type {}\n", self.seq, self.kind.letter()).as_bytes());
    }
}

/// Names made from `appendfilename`.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Names {
    stem: String,
}

impl Names {
    /// The names that `appendfilename` gives.
    pub fn new(appendfilename: &str) -> Names {
        Names { stem: appendfilename.to_owned() }
    }

    /// The name that a single file of an old Redis has.
    pub fn old_style(&self) -> &str {
        &self.stem
    }

    /// The manifest.
    pub fn manifest(&self) -> String {
        format!("{}.manifest", self.stem)
    }

    /// The manifest until it is complete.
    pub fn temp_manifest(&self) -> String {
        format!("temp-{}.manifest", self.stem)
    }

    /// The file of commands during the rewrite that follows `CONFIG SET appendonly yes`.
    pub fn temp_incr(&self) -> String {
        format!("temp-{}.incr", self.stem)
    }

    fn base(&self, seq: i64, rdb: bool) -> String {
        format!("{}.{seq}.base.{}", self.stem, if rdb { "rdb" } else { "aof" })
    }

    fn incr(&self, seq: i64) -> String {
        format!("{}.{seq}.incr.aof", self.stem)
    }
}

/// The files in force.
#[derive(Clone, Debug, Default, PartialEq, Eq)]
pub struct Manifest {
    base: Option<Part>,
    history: Vec<Part>,
    incr: Vec<Part>,
    base_seq: i64,
    incr_seq: i64,
}

/// Why a manifest is refused. Redis: aof.c `aofLoadManifestFromFile`.
#[derive(Clone, Debug, PartialEq, Eq, thiserror::Error)]
#[error("{reason}")]
pub struct Refused {
    /// Number and text of the line, from 1, if a line as such is at fault.
    pub line: Option<(usize, Vec<u8>)>,
    /// Redis's words.
    pub reason: &'static str,
}

impl Refused {
    /// The log lines, as Redis words and breaks them.
    pub fn report(&self) -> Vec<String> {
        let mut lines = vec!["\n*** FATAL AOF MANIFEST FILE ERROR ***\n".to_owned()];
        if let Some((number, text)) = &self.line {
            lines.push(format!("Reading the manifest file, at line {number}\n"));
            lines.push(format!(">>> '{}'\n", String::from_utf8_lossy(text)));
        }
        lines.push(format!("{}\n", self.reason));
        lines
    }
}

const INVALID: &str = "Invalid AOF manifest file format";

impl Manifest {
    /// Reads the text of a manifest.
    ///
    /// # Errors
    /// Whatever Redis refuses, and numbers that leave no room for a next one.
    pub fn parse(text: &[u8]) -> Result<Manifest, Refused> {
        let mut manifest = Manifest::default();
        let mut rest = text;
        let mut number = 0;
        while !rest.is_empty() {
            // As fgets reads: the rest of a line that is too long counts as a line, which matters after a `#`.
            let end = memchr::memchr(b'\n', rest).map_or(rest.len(), |at| at + 1).min(LINE_MAX);
            let (line, tail) = rest.split_at(end);
            rest = tail;
            number += 1;
            if line.first() == Some(&b'#') {
                continue;
            }
            if !line.ends_with(b"\n") || line.contains(&0) {
                return Err(Refused { line: None, reason: "The AOF manifest file contains too long line" });
            }
            let line = line.trim_ascii();
            let refuse = |reason| Refused { line: Some((number, line.to_vec())), reason };
            manifest.take(parse_line(line).map_err(refuse)?).map_err(refuse)?;
        }
        if number == 0 {
            return Err(Refused { line: None, reason: "Found an empty AOF manifest" });
        }
        Ok(manifest)
    }

    /// Adds what a line says.
    fn take(&mut self, part: Part) -> Result<(), &'static str> {
        match part.kind {
            Kind::Base if self.base.is_some() => return Err("Found duplicate base file information"),
            Kind::Base => {
                self.base_seq = part.seq;
                self.base = Some(part);
            }
            Kind::History => self.history.push(part),
            Kind::Incr if part.seq <= self.incr_seq => return Err("Found a non-monotonic sequence number"),
            Kind::Incr => {
                self.incr_seq = part.seq;
                self.incr.push(part);
            }
        }
        Ok(())
    }

    /// The text: base, history, then the rest. Redis: aof.c `getAofManifestAsString`.
    pub fn format(&self) -> Vec<u8> {
        let mut out = Vec::new();
        self.base.iter().chain(&self.history).chain(&self.incr).for_each(|part| part.write(&mut out));
        out
    }

    /// The base, if there is one.
    pub fn base(&self) -> Option<&Part> {
        self.base.as_ref()
    }

    /// Files of commands, oldest first.
    pub fn incrs(&self) -> &[Part] {
        &self.incr
    }

    /// Files to be removed.
    pub fn history(&self) -> &[Part] {
        &self.history
    }

    /// What is to be loaded, in order.
    pub fn parts(&self) -> impl DoubleEndedIterator<Item = &Part> {
        self.base.iter().chain(&self.incr)
    }

    /// Whether nothing is to be loaded.
    pub fn is_empty(&self) -> bool {
        self.base.is_none() && self.incr.is_empty()
    }

    /// Whether all there is, is a base of this name: an upgrade that may have been interrupted.
    pub fn is_only_base(&self, name: &str) -> bool {
        self.incr.is_empty() && self.base.as_ref().is_some_and(|base| base.name == name.as_bytes())
    }

    /// Takes a single file of an old Redis as base number 1. Redis: aof.c `aofUpgradePrepare`.
    pub fn adopt_old(&mut self, names: &Names) {
        self.base = Some(Part { name: names.old_style().into(), seq: 1, kind: Kind::Base });
        self.base_seq = 1;
    }

    /// A new base; the old one becomes history. Redis: aof.c `getNewBaseFileNameAndMarkPreAsHistory`.
    pub fn new_base(&mut self, names: &Names, rdb: bool) -> String {
        if let Some(old) = self.base.take() {
            self.history.insert(0, Part { kind: Kind::History, ..old });
        }
        self.base_seq = self.base_seq.saturating_add(1);
        let name = names.base(self.base_seq, rdb);
        self.base = Some(Part { name: name.clone().into(), seq: self.base_seq, kind: Kind::Base });
        name
    }

    /// A new file of commands, the last. Redis: aof.c `getNewIncrAofName`.
    pub fn new_incr(&mut self, names: &Names) -> String {
        self.incr_seq = self.incr_seq.saturating_add(1);
        let name = names.incr(self.incr_seq);
        self.incr.push(Part { name: name.clone().into(), seq: self.incr_seq, kind: Kind::Incr });
        name
    }

    /// Makes history of the files of commands that a new base holds: all but the last `keep`.
    /// Redis: aof.c `markRewrittenIncrAofAsHistory`.
    pub fn retire_incrs(&mut self, keep: usize) {
        let gone = self.incr.len().saturating_sub(keep);
        // The newest first, each to the front: as Redis's list comes out.
        for part in self.incr.drain(..gone).rev() {
            self.history.insert(0, Part { kind: Kind::History, ..part });
        }
    }

    /// Takes out the files that are to be removed.
    pub fn take_history(&mut self) -> Vec<Part> {
        std::mem::take(&mut self.history)
    }
}

/// What one line says; what is unknown in it is left to later versions.
fn parse_line(line: &[u8]) -> Result<Part, &'static str> {
    let words = split_words(line).ok_or(INVALID)?;
    if words.len() < 6 || words.len() % 2 == 1 {
        return Err(INVALID);
    }
    let (mut name, mut seq, mut kind) = (None, 0, None);
    for pair in words.chunks_exact(2) {
        let [key, value] = pair else { continue };
        // A value ends where a C string would.
        let value = value.split(|&byte| byte == 0).next().unwrap_or_default();
        if key.eq_ignore_ascii_case(b"file") {
            if value.iter().any(|byte| matches!(byte, b'/' | b'\\')) {
                return Err("File can't be a path, just a filename");
            }
            name = Some(value.to_vec());
        } else if key.eq_ignore_ascii_case(b"seq") {
            (seq, _, _) = super::read_integer(value);
        } else if key.eq_ignore_ascii_case(b"type") {
            kind = value.first().copied();
        }
    }
    let (Some(name), Some(letter)) = (name, kind) else { return Err(INVALID) };
    // Redis takes an empty name and fails later. The greatest number would give the next file the name of this one.
    if name.is_empty() || seq == 0 || seq == i64::MAX {
        return Err(INVALID);
    }
    let kind = Kind::from_letter(letter).ok_or("Unknown AOF file type")?;
    Ok(Part { name, seq, kind })
}

#[cfg(test)]
mod tests;
