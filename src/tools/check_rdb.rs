//! `redis-check-rdb`: reads an RDB file from front to back and says what is wrong with it (redis-check-rdb.c).
//!
//! Stricter than Redis's: every value is decoded and checked as RESTORE checks a payload, and a wrong record is named by
//! what is wrong with it, where Redis says that the file ended early. Redis's lines, and its exit codes, stay.

use crate::config::REDIS_VERSION;
use crate::data::Limits;
use crate::persist::rdb::scan::{Checksum, Damage, Event, Record, Scanner, Step, module_name};
use crate::persist::rdb::{Invalid, Reader, read_value};
use std::ffi::OsString;
use std::fs::File;
use std::io::{self, Read, Seek, SeekFrom, Write};
use std::path::Path;
use std::process::ExitCode;
use std::time::{SystemTime, UNIX_EPOCH};

#[cfg(test)]
mod tests;

/// Runs the program. `program`: its name; `args`: what follows it.
#[must_use]
pub fn main(program: &str, args: &[OsString]) -> ExitCode {
    let [path] = args else {
        eprintln!("Usage: {program} <rdb-file-name>");
        return ExitCode::FAILURE;
    };
    if path == "-v" || path == "--version" {
        println!("redis-check-rdb {REDIS_VERSION}");
        return ExitCode::SUCCESS;
    }
    let path = Path::new(path);
    let mut out = io::stdout().lock();
    let verdict = match File::open(path) {
        Ok(mut file) => check(&mut out, path, &mut file),
        Err(error) => writeln!(out, "[offset 0] Checking RDB file {}", path.display()).map(|()| {
            eprintln!("Cannot open file {}: {error}", path.display());
            false
        }),
    };
    // A closed pipe takes nobody's verdict along.
    if verdict.is_ok_and(|sound| sound) { ExitCode::SUCCESS } else { ExitCode::FAILURE }
}

/// Checks the RDB file that begins where `file` stands, and leaves it behind the end of that if it is sound. Prints to
/// `out`. Returns whether it is sound.
///
/// # Errors
/// `out` failed. What is wrong with the file is printed.
pub fn check(out: &mut dyn Write, path: &Path, file: &mut File) -> io::Result<bool> {
    writeln!(out, "[offset 0] Checking RDB file {}", path.display())?;
    let start = file.stream_position().unwrap_or(0);
    let size =
        file.metadata().ok().filter(|meta| meta.is_file()).map(|meta| meta.len().saturating_sub(start));
    let mut report = Report { out, now_ms: now_ms(), keys: 0, expires: 0, expired: 0 };
    let mut scanner = Scanner::sized(&mut *file, size);
    let sound = report.run(&mut scanner)?;
    let end = start.saturating_add(scanner.offset());
    if sound {
        // Of a pipe nothing can follow that somebody would read.
        let _ = file.seek(SeekFrom::Start(end));
    }
    Ok(sound)
}

fn now_ms() -> i64 {
    let since = SystemTime::now().duration_since(UNIX_EPOCH).unwrap_or_default();
    i64::try_from(since.as_millis()).unwrap_or(i64::MAX)
}

/// What has been seen.
struct Report<'a> {
    out: &'a mut dyn Write,
    now_ms: i64,
    keys: u64,
    expires: u64,
    expired: u64,
}

/// What is wrong, and where.
struct Fault {
    offset: u64,
    text: String,
    step: Step,
    key: Option<Vec<u8>>,
    kind: Option<u8>,
}

impl Report<'_> {
    fn run<R: Read>(&mut self, scanner: &mut Scanner<R>) -> io::Result<bool> {
        let fault = loop {
            match scanner.next() {
                Err(damage) => {
                    // Its key was read, if it was.
                    self.keys += u64::from(damage.key.is_some());
                    break Some(damage.into());
                }
                Ok(Event::Key(record)) => {
                    self.count(&record);
                    if let Err((offset, invalid)) = decode(&record) {
                        break Some(Fault {
                            offset,
                            text: invalid.to_string(),
                            step: Step::Value,
                            key: Some(record.key.into_owned()),
                            kind: Some(record.kind),
                        });
                    }
                }
                Ok(Event::End(verdict)) => break self.ended(verdict, scanner.offset())?,
                Ok(event) => {
                    let line = line_about(&event);
                    if let Some(line) = line {
                        self.info(scanner.offset(), &line)?;
                    }
                }
            }
        };
        match fault {
            None => {
                self.info(scanner.offset(), b"\\o/ RDB looks OK! \\o/")?;
                self.sums()?;
                Ok(true)
            }
            Some(fault) => self.fault(&fault).map(|()| false),
        }
    }

    fn count(&mut self, record: &Record<'_>) {
        self.keys += 1;
        self.expires += u64::from(record.expire_ms.is_some());
        self.expired += u64::from(record.expire_ms.is_some_and(|at_ms| at_ms < self.now_ms));
    }

    /// What the sum says: a line, or a fault.
    fn ended(&mut self, verdict: Checksum, offset: u64) -> io::Result<Option<Fault>> {
        match verdict {
            Checksum::Sound => self.info(offset, b"Checksum OK").map(|()| None),
            Checksum::Absent => {
                let line = b"RDB file was saved with checksum disabled: no check performed.";
                self.info(offset, line).map(|()| None)
            }
            Checksum::Wrong { .. } => {
                let text = "RDB CRC error".to_owned();
                Ok(Some(Fault { offset, text, step: Step::Sum, key: None, kind: None }))
            }
        }
    }

    fn info(&mut self, offset: u64, line: &[u8]) -> io::Result<()> {
        write!(self.out, "[offset {offset}] ")?;
        self.out.write_all(line)?;
        self.out.write_all(b"\n")
    }

    fn fault(&mut self, fault: &Fault) -> io::Result<()> {
        writeln!(self.out, "--- RDB ERROR DETECTED ---")?;
        self.info(fault.offset, fault.text.as_bytes())?;
        writeln!(self.out, "[additional info] While doing: {}", fault.step.as_str())?;
        if let Some(key) = &fault.key {
            self.out.write_all(b"[additional info] Reading key '")?;
            self.out.write_all(key)?;
            self.out.write_all(b"'\n")?;
        }
        if let Some(kind) = fault.kind {
            writeln!(self.out, "[additional info] Reading type {kind} ({})", type_name(kind))?;
        }
        self.sums()
    }

    fn sums(&mut self) -> io::Result<()> {
        writeln!(self.out, "[info] {} keys read", self.keys)?;
        writeln!(self.out, "[info] {} expires", self.expires)?;
        writeln!(self.out, "[info] {} already expired", self.expired)
    }
}

impl From<Damage> for Fault {
    fn from(damage: Damage) -> Fault {
        let Damage { offset, flaw, step, key, kind } = damage;
        Fault { offset, text: flaw.to_string(), step, key, kind }
    }
}

/// Decodes a value with all checks; says where it went wrong. Those of modules have been walked over, which is all.
fn decode(record: &Record<'_>) -> Result<(), (u64, Invalid)> {
    if record.module().is_some() {
        return Ok(());
    }
    let mut value = Reader::new(record.value);
    let read = read_value(&mut value, record.kind, &Limits::default()).map(drop);
    let rest = if read.is_ok() && value.left() > 0 { Err(Invalid::Trailing) } else { read };
    rest.map_err(|invalid| (record.offset.saturating_add(value.offset() as u64), invalid))
}

fn line_about(event: &Event<'_>) -> Option<Vec<u8>> {
    match event {
        Event::Aux { name, value } => Some([b"AUX FIELD ", &**name, b" = '", value, b"'"].concat()),
        Event::Select(db) => Some(format!("Selecting DB ID {db}").into_bytes()),
        Event::ModuleAux { id } => Some(format!("MODULE AUX for: {}", module_name(*id)).into_bytes()),
        _ => None,
    }
}

/// redis-check-rdb.c `rdb_type_string`; names of types that it leaves out are those of rdb.h.
fn type_name(kind: u8) -> &'static str {
    const NAMES: [&str; 26] = [
        "string",
        "list-linked",
        "set-hashtable",
        "zset-v1",
        "hash-hashtable",
        "zset-v2",
        "module-pre-release",
        "module-value",
        "",
        "hash-zipmap",
        "list-ziplist",
        "set-intset",
        "zset-ziplist",
        "hash-ziplist",
        "quicklist",
        "stream",
        "hash-listpack",
        "zset-listpack",
        "quicklist-v2",
        "stream-v2",
        "set-listpack",
        "stream-v3",
        "hash-hashtable-md-pre-release",
        "hash-listpack-md-pre-release",
        "hash-hashtable-md",
        "hash-listpack-md",
    ];
    NAMES.get(usize::from(kind)).copied().unwrap_or("unknown")
}
