//! redis-check-aof: whether an append-only file is whole, and cutting off what is not (Redis: redis-check-aof.c).
//!
//! It takes a manifest, a single file of commands, or one with an RDB file in front. Only the last file of a manifest may be
//! cut: by `--fix` after a question, by `--truncate-to-timestamp` at the first younger annotation. Exit code 0: whole, or
//! mended; 1: anything else.

mod single;
mod source;

use crate::persist::aof::manifest::Manifest;
use crate::persist::aof::read_integer;
use source::Source;
use std::ffi::{OsStr, OsString};
use std::fs::File;
use std::io::{self, Read, Write};
use std::os::unix::ffi::OsStrExt;
use std::path::Path;

/// The longest line of a manifest, with C's end of string.
const MANIFEST_SIZE: usize = 1025;

/// Checks the RDB file at the position of a file, prints as redis-check-rdb does, and leaves the position behind it.
pub type CheckRdb<'a> = &'a mut dyn FnMut(&mut dyn Write, &Path, &mut File) -> bool;

/// What the check needs of the outside.
pub struct Surroundings<'a> {
    /// Standard output.
    pub out: &'a mut dyn Write,
    /// Standard input, for the answer to the question.
    pub input: &'a mut dyn Read,
    /// Where the server's own reader of manifests complains: the log, at level warning.
    pub log: &'a mut dyn FnMut(&str),
    /// The check of RDB files.
    pub check_rdb: CheckRdb<'a>,
}

/// Bytes from strings and byte strings.
macro_rules! printed {
    ($($part:expr),+ $(,)?) => {{
        let mut bytes = Vec::<u8>::new();
        $(bytes.extend_from_slice($part.as_ref());)+
        bytes
    }};
}
use printed;

/// The program ends with code 1; what is to be said has been.
struct Exit;

/// What came out for one file.
#[derive(Clone, Copy, PartialEq, Eq)]
enum Verdict {
    Sound,
    Empty,
    Cut,
    CutToTime,
}

/// One run.
struct Check<'a> {
    out: &'a mut dyn Write,
    input: &'a mut dyn Read,
    log: &'a mut dyn FnMut(&str),
    check_rdb: CheckRdb<'a>,
    fix: bool,
    /// 0: none.
    to_timestamp: i64,
    /// What is wrong, with its place; of all files together, as Redis keeps it.
    error: Vec<u8>,
    /// Where the line or word that is looked at begins.
    at: u64,
    /// Line ends that were read, of all files together.
    line: u64,
}

/// The program: `args` with its own name first. Returns the exit code.
pub fn main(args: &[OsString], around: Surroundings<'_>) -> u8 {
    let Surroundings { out, input, log, check_rdb } = around;
    let mut check =
        Check { out, input, log, check_rdb, fix: false, to_timestamp: 0, error: Vec::new(), at: 0, line: 1 };
    let words: Vec<&[u8]> = args.iter().map(|arg| arg.as_bytes()).collect();
    let outcome = match words.as_slice() {
        [_, path] => check.run(path),
        [_, b"--fix", path] => {
            check.fix = true;
            check.run(path)
        }
        [_, b"--truncate-to-timestamp", stamp, path] => match read_integer(stamp) {
            (number, [], true) => {
                check.to_timestamp = number;
                check.run(path)
            }
            _ => check.abort(printed!("Invalid timestamp, aborting...\n")),
        },
        _ => {
            let program = words.first().copied().unwrap_or_default();
            check.abort(printed!(
                "Usage: ",
                program,
                " [--fix|--truncate-to-timestamp $timestamp] <file.manifest|file.aof>\n"
            ))
        }
    };
    let _ = check.out.flush();
    u8::from(outcome.is_err())
}

impl Check<'_> {
    /// Prints; a closed output is no error, as it is none in C.
    fn say(&mut self, text: Vec<u8>) {
        let _ = self.out.write_all(&text);
    }

    /// Prints why the program ends.
    fn abort<T>(&mut self, text: Vec<u8>) -> Result<T, Exit> {
        self.say(text);
        Err(Exit)
    }

    /// Keeps what is wrong, cut where the buffers of redis-check-aof end.
    fn fail(&mut self, text: Vec<u8>) {
        let text = text.split(|&byte| byte == 0).next().unwrap_or_default();
        let shown = text.get(..1023).unwrap_or(text);
        self.error = printed!(format!("0x{:16x}: ", self.at), shown);
        self.error.truncate(1043);
    }

    fn run(&mut self, path: &[u8]) -> Result<(), Exit> {
        if self.is_manifest(path)? {
            self.parts(path)
        } else {
            let preamble = self.is_rdb(path)?;
            self.say(printed!("Start checking Old-Style AOF\n"));
            let verdict = self.single(path, path, true, preamble)?;
            self.conclude(verdict, path, "AOF");
            Ok(())
        }
    }

    /// All files that a manifest names. Redis: redis-check-aof.c `checkMultiPartAof`.
    fn parts(&mut self, path: &[u8]) -> Result<(), Exit> {
        self.say(printed!("Start checking Multi Part AOF\n"));
        let manifest = self.manifest(path)?;
        let dir = dir_name(path);
        let join = |name: &[u8]| printed!(dir, "/", name);
        let total = manifest.parts().count();
        if let Some(base) = manifest.base() {
            let path = join(&base.name);
            let preamble = self.is_rdb(&path)?;
            self.say(printed!(
                "Start to check BASE AOF (",
                if preamble { "RDB" } else { "RESP" },
                " format).\n"
            ));
            let verdict = self.single(&base.name, &path, total == 1, preamble)?;
            self.conclude(verdict, &base.name, "BASE AOF");
        }
        if let Some((last, _)) = manifest.incrs().split_last() {
            self.say(printed!("Start to check INCR files.\n"));
            for part in manifest.incrs() {
                let verdict = self.single(&part.name, &join(&part.name), part == last, false)?;
                self.conclude(verdict, &part.name, "INCR AOF");
            }
        }
        self.say(printed!("All AOF files and manifest are valid\n"));
        Ok(())
    }

    /// Reads the manifest; complaints go to the log, as they do from the server.
    fn manifest(&mut self, path: &[u8]) -> Result<Manifest, Exit> {
        let _ = self.out.flush();
        let lines = match std::fs::read(as_path(path)).map(|bytes| Manifest::parse(&bytes)) {
            Ok(Ok(manifest)) => return Ok(manifest),
            Ok(Err(refused)) => refused.report(),
            Err(error) => vec![format!(
                "Fatal error: can't open the AOF manifest file {} for reading: {}",
                String::from_utf8_lossy(path),
                text(&error)
            )],
        };
        lines.iter().for_each(|line| (self.log)(line));
        Err(Exit)
    }

    fn conclude(&mut self, verdict: Verdict, name: &[u8], kind: &str) {
        let stamp = self.to_timestamp.to_string();
        self.say(match verdict {
            Verdict::Sound => printed!(kind, " ", name, " is valid\n"),
            Verdict::Empty => printed!(kind, " ", name, " is empty\n"),
            Verdict::Cut => printed!("Successfully truncated AOF ", name, "\n"),
            Verdict::CutToTime => {
                printed!("Successfully truncated AOF ", name, " to timestamp ", stamp, "\n")
            }
        });
    }

    /// Opens a file whose kind is asked for; `None` if it is empty.
    fn open(&mut self, path: &[u8]) -> Result<Option<File>, Exit> {
        let file = match File::open(as_path(path)) {
            Ok(file) => file,
            Err(error) => {
                return self.abort(printed!("Cannot open file ", path, ": ", text(&error), "\n"));
            }
        };
        match file.metadata() {
            Ok(facts) => Ok((facts.len() > 0).then_some(file)),
            Err(_) => self.abort(printed!("Cannot stat file: ", path, "\n")),
        }
    }

    /// Whether some line begins with `file`.
    fn is_manifest(&mut self, path: &[u8]) -> Result<bool, Exit> {
        let Some(file) = self.open(path)? else { return Ok(false) };
        let mut is_manifest = false;
        let read = || -> io::Result<()> {
            let mut source = Source::new(file)?;
            loop {
                let line = source.line(MANIFEST_SIZE)?;
                if line.is_empty() {
                    return Ok(());
                }
                is_manifest |= line.starts_with(b"file");
            }
        };
        match read() {
            Ok(()) => Ok(is_manifest),
            Err(_) => self.abort(printed!("Cannot read file: ", path, "\n")),
        }
    }

    /// Whether the file begins as an RDB file does.
    fn is_rdb(&mut self, path: &[u8]) -> Result<bool, Exit> {
        let Some(file) = self.open(path)? else { return Ok(false) };
        let mut head = Vec::new();
        // A file that cannot be read is none; its check will say so.
        let _ = file.take(8).read_to_end(&mut head);
        Ok(head.len() == 8 && head.starts_with(b"REDIS"))
    }
}

/// Whether the next byte of standard input is a y.
fn agrees(input: &mut dyn Read) -> bool {
    let mut answer = [0; 1];
    input.read_exact(&mut answer).is_ok() && answer.eq_ignore_ascii_case(b"y")
}

fn as_path(bytes: &[u8]) -> &Path {
    Path::new(OsStr::from_bytes(bytes))
}

/// A system error in the words of strerror.
fn text(error: &io::Error) -> String {
    crate::config::os_reason(error)
}

/// The directory as C's `dirname` gives it.
fn dir_name(path: &[u8]) -> &[u8] {
    match path.iter().rposition(|&byte| byte == b'/') {
        None => b".",
        Some(slash) => {
            let head = path.get(..slash).unwrap_or_default();
            let end = head.iter().rposition(|&byte| byte != b'/').map_or(0, |last| last + 1);
            if end == 0 { b"/" } else { head.get(..end).unwrap_or_default() }
        }
    }
}

#[cfg(test)]
mod tests;
