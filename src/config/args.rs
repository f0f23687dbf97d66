//! The command line: which program is meant, which file to read, and options as configuration lines.
//!
//! Pure but for the working directory, which makes a relative file name absolute. Redis: server.c `main`,
//! `checkForSentinelMode`; util.c `getAbsolutePath`.

use std::ffi::{OsStr, OsString};
use std::os::unix::ffi::{OsStrExt, OsStringExt};
use std::path::{Path, PathBuf};

use super::syntax::{quote, split_words};

/// What the command line asks for.
#[derive(Clone, Debug, PartialEq, Eq)]
pub enum Startup {
    /// Run the server (or the Sentinel).
    Run(Invocation),
    /// Print the version: `-v`, `--version`.
    Version,
    /// Print [`usage`] on stderr and exit with 1: `-h`, `--help`.
    Help,
    /// Test so many megabytes of memory; without a number, print [`TEST_MEMORY_HELP`] and exit with 1.
    TestMemory(Option<u64>),
    /// Check the system: `--check-system`.
    CheckSystem,
    /// Started under the name `redis-check-rdb`, with these arguments.
    CheckRdb(Vec<OsString>),
    /// Started under the name `redis-check-aof`, with these arguments.
    CheckAof(Vec<OsString>),
}

/// How to run the server.
#[derive(Clone, Debug, Default, PartialEq, Eq)]
pub struct Invocation {
    /// Absolute path of the configuration file.
    pub config_file: Option<PathBuf>,
    /// Read further lines from standard input (`-`).
    pub read_stdin: bool,
    /// The options as configuration lines, appended after file and input.
    pub options: Vec<u8>,
    /// Run as a Sentinel: by name, or by `--sentinel`.
    pub sentinel: bool,
    /// No argument was given, about which Redis warns.
    pub bare: bool,
    /// Arguments with the file name made absolute, for a restart.
    pub exec_args: Vec<OsString>,
}

/// Reads the command line, the program's name first.
pub fn parse_args(args: &[OsString]) -> Startup {
    let program = args.first().map(|arg| Path::new(arg).file_name().unwrap_or(arg)).unwrap_or_default();
    let named = |name: &str| memchr::memmem::find(program.as_bytes(), name.as_bytes()).is_some();
    let rest = args.get(1..).unwrap_or_default();
    if named("redis-check-rdb") {
        return Startup::CheckRdb(rest.to_vec());
    }
    if named("redis-check-aof") {
        return Startup::CheckAof(rest.to_vec());
    }
    match rest.first().map(|arg| arg.as_bytes()) {
        Some(b"-v" | b"--version") => return Startup::Version,
        Some(b"-h" | b"--help") => return Startup::Help,
        Some(b"--check-system") => return Startup::CheckSystem,
        Some(b"--test-memory") => {
            let megabytes =
                rest.get(1).filter(|_| rest.len() == 2).and_then(|arg| arg.to_str()?.parse().ok());
            return Startup::TestMemory(megabytes);
        }
        _ => {}
    }
    let mut invocation = Invocation {
        sentinel: named("redis-sentinel") || rest.iter().any(|arg| arg.as_bytes() == b"--sentinel"),
        bare: rest.is_empty(),
        exec_args: args.to_vec(),
        ..Invocation::default()
    };
    let mut options = rest;
    if let Some((file, others)) = rest.split_first()
        && !file.as_bytes().starts_with(b"-")
    {
        let path = absolute_path(file);
        if let Some(arg) = invocation.exec_args.get_mut(1) {
            *arg = path.clone().into_os_string();
        }
        invocation.config_file = Some(path);
        options = others;
    }
    invocation.read_options(options, rest.len());
    Startup::Run(invocation)
}

impl Invocation {
    /// Turns options into configuration lines. `all` is the number of arguments with the file name: `-` asks
    /// for standard input only as the very first or the very last of them.
    fn read_options(&mut self, options: &[OsString], all: usize) {
        // False while the option read last still waits for its first value; until then a word that starts
        // with `--` is that value. Redis 7.0.1 and later.
        let mut complete = true;
        for (at, arg) in options.iter().enumerate() {
            let arg = arg.as_bytes();
            let is_last = at + 1 == options.len();
            let is_first = at == 0 && options.len() == all;
            if arg == b"-" && (is_first || is_last) {
                self.read_stdin = true;
            } else if let Some(name) = arg.strip_prefix(b"--").filter(|_| complete) {
                if !self.options.is_empty() {
                    self.options.push(b'\n');
                }
                self.options.extend_from_slice(name);
                self.options.push(b' ');
                // `--port "6380 "` in one argument carries its value along; so does what has open quotes.
                complete = split_words(arg).is_none_or(|words| words.len() != 1);
                if !complete {
                    let next_is_option =
                        options.get(at + 1).is_some_and(|next| next.as_bytes().starts_with(b"--"));
                    complete = self.close_bare_option(arg, next_is_option, is_last);
                }
            } else {
                quote(arg, &mut self.options);
                self.options.push(b' ');
                complete = true;
            }
        }
    }

    /// `--save` and `--sentinel` may stand without a value: an empty one is supplied for the first. Returns
    /// whether the option is complete.
    fn close_bare_option(&mut self, arg: &[u8], next_is_option: bool, is_last: bool) -> bool {
        let save = arg.eq_ignore_ascii_case(b"--save");
        if save && (next_is_option || is_last) {
            self.options.extend_from_slice(b"\"\"");
        }
        next_is_option && (save || arg.eq_ignore_ascii_case(b"--sentinel"))
    }
}

/// Makes a path absolute without looking at the disk; `../` at its start climbs from the working directory.
pub fn absolute_path(path: &OsStr) -> PathBuf {
    let trimmed = super::syntax::trim_line(path.as_bytes());
    let mut relative: &Path = Path::new(OsStr::from_bytes(trimmed));
    if relative.is_absolute() {
        return PathBuf::from(OsString::from_vec(trimmed.to_vec()));
    }
    let mut absolute = std::env::current_dir().unwrap_or_else(|_| PathBuf::from("/"));
    while let Ok(rest) = relative.strip_prefix("..") {
        relative = rest;
        absolute.pop();
    }
    absolute.join(relative)
}

/// What `--test-memory` without a number is answered with, on stderr.
pub const TEST_MEMORY_HELP: &str = "Please specify the amount of memory to test in megabytes.
Example: shoal --test-memory 4096
";

/// The help text, naming the program as it was started.
pub fn usage(program: &str) -> String {
    format!(
        "Usage: {program} [/path/to/redis.conf] [options] [-]
       {program} - (read config from stdin)
       {program} -v or --version
       {program} -h or --help
       {program} --test-memory <megabytes>
       {program} --check-system

Examples:
       {program} (run the server with default conf)
       echo 'maxmemory 128mb' | {program} -
       {program} /etc/redis/6379.conf
       {program} --port 7777
       {program} --port 7777 --shards 4
       {program} /etc/myredis.conf --loglevel verbose -

Sentinel mode:
       {program} /etc/sentinel.conf --sentinel
"
    )
}
