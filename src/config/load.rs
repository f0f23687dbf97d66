//! Loading at start: file, standard input and options become one [`Config`].
//!
//! Lines take effect in order, so the last one counts; `include` reads another file in place. Everything a
//! line can ask for that is no setting (users, modules, renamed commands, Sentinel's lines) is collected for
//! the room that handles it. Runs once, on the main thread. It only reads; but trying whether the log file can
//! be opened creates that file.
//! Redis: config.c `loadServerConfig`, `loadServerConfigFromString`.

use std::fs;
use std::io::{self, Read};
use std::os::unix::ffi::OsStrExt;
use std::path::{Path, PathBuf};

use super::args::Invocation;
use super::directive::{Directive, Flags, Status};
use super::kind::os_reason;
use super::special::Reason;
use super::syntax::{split_words, trim_line};
use super::{Config, Notice};

/// Version in error texts, which tools look for.
pub const REDIS_VERSION: &str = "7.2.4";

/// How deep `include` may nest. Redis has no limit and overflows its stack on a file that includes itself.
const INCLUDE_DEPTH_MAX: usize = 32;

/// Most bytes read in all. A device or a ring of includes must not take all memory.
const SIZE_MAX: u64 = 64 << 20;

/// Port of a Sentinel that is told no other.
const SENTINEL_PORT: u16 = 26379;

/// Directives of older versions that are read over. Redis: config.c `deprecated_configs`.
const DEPRECATED: [&[u8]; 3] =
    [b"list-max-ziplist-entries", b"list-max-ziplist-value", b"lua-replicate-commands"];

/// A directive that a file may hold but CONFIG GET and SET do not know.
#[derive(Debug)]
pub struct FileDirective {
    /// Name, lower case.
    pub name: &'static str,
    /// Its arguments, for the manual.
    pub arguments: &'static str,
    /// Whether it does something.
    pub status: Status,
    /// What it does, in one line.
    pub doc: &'static str,
}

/// The directives that only files hold.
pub static FILE_DIRECTIVES: [FileDirective; 5] = [
    FileDirective {
        name: "include",
        arguments: "path",
        status: Status::Implemented,
        doc: "Reads another file in place; the path may hold wildcards, which may match nothing.",
    },
    FileDirective {
        name: "rename-command",
        arguments: "command new-name",
        status: Status::Implemented,
        doc: "Gives a command another name; an empty one removes it.",
    },
    FileDirective {
        name: "user",
        arguments: "name rule ...",
        status: Status::Implemented,
        doc: "Declares an ACL user.",
    },
    FileDirective {
        name: "loadmodule",
        arguments: "path argument ...",
        status: super::table::MODULES,
        doc: "Loads a module at start.",
    },
    FileDirective {
        name: "sentinel",
        arguments: "...",
        status: Status::Implemented,
        doc: "A directive of Sentinel; refused unless started as one.",
    },
];

/// A line kept for another room.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct RawLine {
    /// Number in its file, from 1.
    pub line: usize,
    /// The line, trimmed.
    pub text: Vec<u8>,
    /// The words after the directive's name.
    pub words: Vec<Vec<u8>>,
}

/// Everything that was read at start.
#[derive(Clone, Debug, Default, PartialEq)]
pub struct Loaded {
    /// The settings.
    pub config: Config,
    /// Directives that were given but do nothing here, each once.
    pub notices: Vec<Notice>,
    /// Other lines for the log, as warnings.
    pub warnings: Vec<String>,
    /// `rename-command` lines in order: old name, new name (empty removes the command).
    pub renamed_commands: Vec<(Vec<u8>, Vec<u8>)>,
    /// `user` lines.
    pub users: Vec<RawLine>,
    /// `loadmodule` lines.
    pub modules: Vec<RawLine>,
    /// Settings of modules (`module.name value`).
    pub module_settings: Vec<RawLine>,
    /// `sentinel` lines, kept in Sentinel mode.
    pub sentinel_lines: Vec<RawLine>,
}

/// Why the configuration cannot be used. Printed, it is what Redis prints on stderr before it exits with 1.
#[derive(Debug, thiserror::Error)]
pub enum LoadError {
    /// A line is wrong.
    #[error(
        "\n*** FATAL CONFIG FILE ERROR (Redis {REDIS_VERSION}) ***\nReading the configuration file, at line {line}\n\
         >>> '{}'\n{reason}",
        String::from_utf8_lossy(text)
    )]
    Line {
        /// Its number, from 1, in the file that holds it.
        line: usize,
        /// The line, trimmed.
        text: Vec<u8>,
        /// What is wrong.
        reason: Reason,
    },
    /// The settings contradict each other or the system.
    #[error("\n*** FATAL CONFIG FILE ERROR (Redis {REDIS_VERSION}) ***\n{0}")]
    Whole(Reason),
    /// A file cannot be read.
    #[error("Fatal error, can't open config file '{}': {reason}", path.display())]
    Unreadable {
        /// The file.
        path: PathBuf,
        /// The system's words.
        reason: String,
    },
    /// Module settings without a module.
    #[error("Module Configuration detected without loadmodule directive or no ApplyConfig call: aborting")]
    ModuleSettings,
}

/// Reads what the command line names. `command_exists` tells whether a command has this name, for
/// `rename-command`; `stdin` is read only when the command line says so.
pub fn load(
    invocation: &Invocation,
    stdin: &mut dyn Read,
    command_exists: &dyn Fn(&[u8]) -> bool,
) -> Result<Loaded, LoadError> {
    let mut loader = Loader {
        loaded: Loaded::default(),
        sentinel: invocation.sentinel,
        command_exists,
        save_seen: false,
        size: 0,
    };
    if let Ok(Ok(dir)) = std::env::current_dir().map(|dir| dir.into_os_string().into_string()) {
        loader.loaded.config.dir = dir;
    }
    if invocation.sentinel {
        // Redis: sentinel.c initSentinelConfig.
        loader.loaded.config.port = SENTINEL_PORT;
        loader.loaded.config.protected_mode = false;
    }
    let mut text = Vec::new();
    if let Some(path) = &invocation.config_file {
        loader.read_files(path, &mut text)?;
    }
    if invocation.read_stdin {
        loader
            .append(stdin, &mut text)
            .map_err(|error| LoadError::Unreadable { path: PathBuf::from("-"), reason: os_reason(&error) })?;
    }
    if !invocation.bare {
        text.push(b'\n');
        text.extend_from_slice(&invocation.options);
    }
    loader.run(&text, 0)?;
    if !loader.loaded.module_settings.is_empty() && loader.loaded.modules.is_empty() {
        return Err(LoadError::ModuleSettings);
    }
    Ok(loader.loaded)
}

/// The state of a load.
struct Loader<'a> {
    loaded: Loaded,
    sentinel: bool,
    command_exists: &'a dyn Fn(&[u8]) -> bool,
    /// A `save` line was read: the first one replaces the defaults, later ones add to it.
    save_seen: bool,
    /// Bytes read so far.
    size: u64,
}

impl Loader<'_> {
    /// Appends the files that `path` names: one, or all that match its wildcards, in alphabetic order.
    fn read_files(&mut self, path: &Path, text: &mut Vec<u8>) -> Result<(), LoadError> {
        let has_wildcard = path.as_os_str().as_bytes().iter().any(|byte| matches!(byte, b'*' | b'?' | b'['));
        if !has_wildcard {
            return self.read_file(path, text);
        }
        // A pattern that is malformed matches nothing, like one without a match.
        let Some(paths) = path.to_str().and_then(|pattern| {
            let options =
                glob::MatchOptions { require_literal_leading_dot: true, ..glob::MatchOptions::new() };
            glob::glob_with(pattern, options).ok()
        }) else {
            return Ok(());
        };
        paths.flatten().try_for_each(|path| self.read_file(&path, text))
    }

    /// Appends one file.
    fn read_file(&mut self, path: &Path, text: &mut Vec<u8>) -> Result<(), LoadError> {
        let read = fs::File::open(path).and_then(|mut file| self.append(&mut file, text));
        read.map_err(|error| LoadError::Unreadable { path: path.to_owned(), reason: os_reason(&error) })
    }

    /// Appends all that a source gives, within [`SIZE_MAX`] for all sources together.
    fn append(&mut self, source: &mut dyn Read, text: &mut Vec<u8>) -> io::Result<()> {
        let read = source.take(SIZE_MAX.saturating_sub(self.size)).read_to_end(text)? as u64;
        self.size = self.size.saturating_add(read);
        if self.size >= SIZE_MAX { Err(io::ErrorKind::FileTooLarge.into()) } else { Ok(()) }
    }

    /// Executes the lines of a text, then checks the whole.
    fn run(&mut self, text: &[u8], depth: usize) -> Result<(), LoadError> {
        for (at, line) in text.split(|byte| *byte == b'\n').enumerate() {
            let line = trim_line(line);
            if line.is_empty() || line.starts_with(b"#") {
                continue;
            }
            let fail = |reason| LoadError::Line { line: at + 1, text: line.to_vec(), reason };
            let Some(mut words) = split_words(line) else {
                return Err(fail(Reason::Borrowed("Unbalanced quotes in configuration line")));
            };
            if words.is_empty() {
                continue;
            }
            let name = words.remove(0).to_ascii_lowercase();
            if name == b"include" && words.len() == 1 {
                if depth == INCLUDE_DEPTH_MAX {
                    return Err(fail(Reason::Borrowed("Too many levels of include")));
                }
                self.include(&words[0], depth + 1)?;
                continue;
            }
            let raw = RawLine { line: at + 1, text: line.to_vec(), words };
            self.execute(&name, raw).map_err(fail)?;
        }
        self.check()
    }

    /// Reads and executes another file. A relative path starts at `dir` as set so far, because Redis changes
    /// its working directory when it reads that line.
    fn include(&mut self, path: &[u8], depth: usize) -> Result<(), LoadError> {
        let path = Path::new(&self.loaded.config.dir).join(std::ffi::OsStr::from_bytes(path));
        let mut text = Vec::new();
        self.read_files(&path, &mut text)?;
        self.run(&text, depth)
    }

    /// Executes one line.
    fn execute(&mut self, name: &[u8], raw: RawLine) -> Result<(), Reason> {
        if let Some((directive, _)) = Directive::find(name) {
            return self.assign(directive, &raw.words);
        }
        let count = raw.words.len();
        match name {
            _ if DEPRECATED.contains(&name) && count == 1 => {}
            b"rename-command" if count == 2 => self.rename(raw.words)?,
            b"user" if count >= 1 => self.loaded.users.push(raw),
            b"loadmodule" if count >= 1 => {
                self.notice_file_directive(name);
                self.loaded.modules.push(raw);
            }
            _ if name.contains(&b'.') => {
                if count == 0 {
                    return Err(Reason::Borrowed("Module config specified without value"));
                }
                self.loaded.module_settings.push(raw);
            }
            // A bare `sentinel` is what `--sentinel` leaves behind; the command line has dealt with it.
            b"sentinel" if count == 0 => {}
            b"sentinel" if self.sentinel => self.loaded.sentinel_lines.push(raw),
            b"sentinel" => return Err(Reason::Borrowed("sentinel directive while not in sentinel mode")),
            _ => return Err(Reason::Borrowed("Bad directive or wrong number of arguments")),
        }
        Ok(())
    }

    /// Sets a directive of the table.
    fn assign(&mut self, directive: &'static Directive, words: &[Vec<u8>]) -> Result<(), Reason> {
        let is_multi = directive.is(Flags::MULTI);
        if !is_multi && words.len() != 1 {
            return Err(Reason::Borrowed("wrong number of arguments"));
        }
        // `save "60 1 300 10"` in one argument means the same as in four.
        let split = match words {
            [word] if is_multi && !word.is_empty() => {
                Some(split_words(word).ok_or(Reason::Borrowed("Unbalanced quotes in configuration line"))?)
            }
            _ => None,
        };
        let words: Vec<&[u8]> = split.as_deref().unwrap_or(words).iter().map(Vec::as_slice).collect();
        let config = &mut self.loaded.config;
        let earlier = (directive.name == "save" && self.save_seen).then(|| std::mem::take(&mut config.save));
        directive.assign(config, &words)?;
        if directive.name == "save" {
            self.save_seen = true;
            // `save ""` forgets the points before it; any other line adds to them.
            let forgets = matches!(words.as_slice(), [word] if word.is_empty());
            if let Some(mut points) = earlier.filter(|_| !forgets) {
                points.append(&mut config.save);
                config.save = points;
            }
        }
        if let Status::Accepted(instead) = directive.status {
            let is_default = directive.same(config, &Config::default());
            let notice = Notice { directive: directive.name, instead, is_default };
            self.loaded.notices.retain(|known| known.directive != directive.name);
            self.loaded.notices.push(notice);
        }
        Ok(())
    }

    /// Notes a directive of files that does nothing here.
    fn notice_file_directive(&mut self, name: &[u8]) {
        let Some(directive) = FILE_DIRECTIVES.iter().find(|known| known.name.as_bytes() == name) else {
            return;
        };
        if let Status::Accepted(instead) = directive.status
            && !self.loaded.notices.iter().any(|known| known.directive == directive.name)
        {
            self.loaded.notices.push(Notice { directive: directive.name, instead, is_default: false });
        }
    }

    /// Notes that a command gets another name.
    fn rename(&mut self, words: Vec<Vec<u8>>) -> Result<(), Reason> {
        let Ok([from, to]) = <[Vec<u8>; 2]>::try_from(words) else {
            return Err(Reason::Borrowed("Bad directive or wrong number of arguments"));
        };
        if !self.has_command(&from) {
            return Err(Reason::Borrowed("No such command in rename-command"));
        }
        if !to.is_empty() && !to.eq_ignore_ascii_case(&from) && self.has_command(&to) {
            return Err(Reason::Borrowed("Target command name already exists"));
        }
        self.loaded.renamed_commands.push((from, to));
        Ok(())
    }

    /// Whether a command has this name after the renames so far; the last one that mentions it decides.
    fn has_command(&self, name: &[u8]) -> bool {
        let mentioned = self.loaded.renamed_commands.iter().rev().find_map(|(from, to)| {
            if to.eq_ignore_ascii_case(name) {
                Some(true)
            } else {
                from.eq_ignore_ascii_case(name).then_some(false)
            }
        });
        mentioned.unwrap_or_else(|| (self.command_exists)(name))
    }

    /// The checks after the last line of a file.
    fn check(&mut self) -> Result<(), LoadError> {
        let config = &mut self.loaded.config;
        if !config.logfile.is_empty() {
            let path = Path::new(&config.dir).join(&config.logfile);
            let opened = fs::OpenOptions::new().append(true).create(true).open(path);
            opened.map_err(|error| {
                LoadError::Whole(Reason::Owned(format!("Can't open the log file: {}", os_reason(&error))))
            })?;
        }
        if config.cluster_enabled && config.replicaof.is_some() {
            return Err(LoadError::Whole(Reason::Borrowed(
                "replicaof directive not allowed in cluster mode",
            )));
        }
        if config.cluster_enabled && config.databases > 1 {
            self.loaded.warnings.push(format!(
                "WARNING: Changing databases number from {} to 1 since we are in cluster mode",
                config.databases
            ));
            config.databases = 1;
        }
        config.settle();
        Ok(())
    }
}
