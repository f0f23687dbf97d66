//! The server's log: Redis's line format to standard output, a file and the system log.
//!
//! `PID:ROLE DD Mon YYYY HH:MM:SS.mmm LEVEL message`. Role: M master, S replica, X Sentinel, C a
//! tool (in Redis also a forked child). Level: `.` debug, `-` verbose, `*` notice, `#` warning.
//!
//! Any thread may log, and no thread waits for another: settings are an immutable snapshot, and each line is one
//! `write` with O_APPEND, which the kernel keeps whole. The file is opened for every line, as Redis does: three system
//! calls on a page-cached file, and logrotate needs no signal. What could block for long does not: a pipe
//! at standard output whose reader stalls is waited for at most [`STDOUT_PATIENCE_MS`] and then loses the line, which
//! the next line that gets through says; a FIFO without a reader as log file is an error. A failing log file is
//! reported once on standard error, until it works again.
//!
//! | field | who writes | who reads | when |
//! |---|---|---|---|
//! | `SETTINGS` | control: boot, CONFIG SET | any | swap of an `Arc` |
//! | `LEVEL` | with `SETTINGS` | any | relaxed: a line more or less around a change is harmless |
//! | `LOST`, `FILE_FAILED` | any | any | relaxed counters |

use std::ffi::CString;
use std::fs::OpenOptions;
use std::io::{self, Write};
use std::os::fd::AsFd;
use std::os::unix::fs::OpenOptionsExt;
use std::path::PathBuf;
use std::sync::LazyLock;
use std::sync::atomic::{AtomicBool, AtomicU8, AtomicU64, Ordering::Relaxed};

use arc_swap::ArcSwap;

use crate::base::clock;
use crate::base::sys::{fd, handler_io, signal, syslog, time};

mod banner;

pub use banner::{BannerInfo, print_banner};

/// How long a line waits for a stalled reader of standard output.
const STDOUT_PATIENCE_MS: i32 = 10;
/// Longer messages are cut. Redis: server.h LOG_MAX_LEN.
const MAX_MESSAGE_LEN: usize = 1_024;

/// How much a message matters. Ordered: a logger at a level passes that level and those above it.
#[derive(Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord)]
#[repr(u8)]
pub enum Level {
    /// For developers.
    Debug = 0,
    /// Rarely useful, but not noise.
    Verbose = 1,
    /// What an operator wants to see.
    Notice = 2,
    /// What needs attention.
    Warning = 3,
    /// As a setting: no line passes. No message has this level.
    Nothing = 4,
}

impl Level {
    /// Every setting of `loglevel`, by ascending weight. Redis: config.c loglevel_enum.
    pub const ALL: [Level; 5] = [Level::Debug, Level::Verbose, Level::Notice, Level::Warning, Level::Nothing];

    /// The setting's name.
    pub fn name(self) -> &'static str {
        match self {
            Level::Debug => "debug",
            Level::Verbose => "verbose",
            Level::Notice => "notice",
            Level::Warning => "warning",
            Level::Nothing => "nothing",
        }
    }

    /// The setting of that name, in any case.
    pub fn from_name(name: &[u8]) -> Option<Level> {
        Level::ALL.into_iter().find(|level| name.eq_ignore_ascii_case(level.name().as_bytes()))
    }

    fn letter(self) -> u8 {
        match self {
            Level::Debug => b'.',
            Level::Verbose => b'-',
            Level::Notice => b'*',
            Level::Warning | Level::Nothing => b'#',
        }
    }

    fn syslog_priority(self) -> i32 {
        match self {
            Level::Debug => libc::LOG_DEBUG,
            Level::Verbose => libc::LOG_INFO,
            Level::Notice => libc::LOG_NOTICE,
            Level::Warning | Level::Nothing => libc::LOG_WARNING,
        }
    }
}

/// What this server is, as log lines show it.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Role {
    /// A master.
    Master,
    /// A replica.
    Replica,
    /// A Sentinel.
    Sentinel,
    /// No server.
    Tool,
}

impl Role {
    fn letter(self) -> u8 {
        match self {
            Role::Master => b'M',
            Role::Replica => b'S',
            Role::Sentinel => b'X',
            Role::Tool => b'C',
        }
    }
}

/// Where and what to log.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Settings {
    /// The least level that passes (`loglevel`).
    pub level: Level,
    /// The file, or standard output for `None` (`logfile`). Give an absolute path: `dir` changes the working directory.
    pub file: Option<PathBuf>,
    /// The system log besides (`syslog-enabled`).
    pub syslog: Option<SyslogSettings>,
    /// Standard output goes nowhere (`daemonize`): nothing is written to it.
    pub daemonized: bool,
}

/// How to log to the system log.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct SyslogSettings {
    /// The name of the program (`syslog-ident`).
    pub ident: String,
    /// The facility (`syslog-facility`), from [`syslog_facility`].
    pub facility: i32,
}

impl Default for Settings {
    fn default() -> Self {
        Self { level: Level::Notice, file: None, syslog: None, daemonized: false }
    }
}

static SETTINGS: LazyLock<ArcSwap<Settings>> = LazyLock::new(|| ArcSwap::from_pointee(Settings::default()));
static LEVEL: AtomicU8 = AtomicU8::new(Level::Notice as u8);
static LOST: AtomicU64 = AtomicU64::new(0);
static FILE_FAILED: AtomicBool = AtomicBool::new(false);

/// The number of a facility named as in redis.conf: `user`, or `local0` to `local7`, in any case.
pub fn syslog_facility(name: &[u8]) -> Option<i32> {
    const LOCAL: [i32; 8] = [
        libc::LOG_LOCAL0,
        libc::LOG_LOCAL1,
        libc::LOG_LOCAL2,
        libc::LOG_LOCAL3,
        libc::LOG_LOCAL4,
        libc::LOG_LOCAL5,
        libc::LOG_LOCAL6,
        libc::LOG_LOCAL7,
    ];
    match name.to_ascii_lowercase().as_slice() {
        b"user" => Some(libc::LOG_USER),
        [b'l', b'o', b'c', b'a', b'l', digit @ b'0'..=b'7'] => LOCAL.get(usize::from(digit - b'0')).copied(),
        _ => None,
    }
}

/// Checks that lines can be appended to `file`, creating it: for `logfile` at the start and by CONFIG SET.
pub fn check_file(file: &std::path::Path) -> io::Result<()> {
    open_file(file).map(drop)
}

/// Replaces the settings, at the start and by CONFIG SET. Lines of other threads go by the old or the new ones.
pub fn configure(settings: Settings) {
    let old = SETTINGS.load_full();
    if old.syslog != settings.syslog {
        match &settings.syslog {
            Some(new) => syslog::open(&new.ident, new.facility),
            None => syslog::close(),
        }
    }
    let path = settings.file.as_ref().and_then(|f| CString::new(f.as_os_str().as_encoded_bytes()).ok());
    handler_io::set_log_path(path.as_deref());
    signal::set_quiet(settings.level > Level::Warning || (settings.file.is_none() && settings.daemonized));
    if old.file != settings.file {
        FILE_FAILED.store(false, Relaxed);
    }
    LEVEL.store(settings.level as u8, Relaxed);
    SETTINGS.store(settings.into());
}

/// The settings in force.
pub fn settings() -> Settings {
    Settings::clone(&SETTINGS.load())
}

/// Sets the role that lines show.
pub fn set_role(role: Role) {
    handler_io::set_role(role.letter());
}

/// Whether a message of `level` passes. One relaxed load.
#[inline]
pub fn enabled(level: Level) -> bool {
    level as u8 >= LEVEL.load(Relaxed) && level != Level::Nothing
}

/// Logs `message`, whatever its bytes.
pub fn write(level: Level, message: &[u8]) {
    if !enabled(level) {
        return;
    }
    let settings = SETTINGS.load();
    let message = &message[..message.len().min(MAX_MESSAGE_LEN)];
    let line = format_line(level, clock::now_ms(), message);
    put(&settings, &line);
    if settings.syslog.is_some() {
        syslog::send(level.syslog_priority(), message);
    }
}

/// Logs text as it is, without prefix or line end: the banner. Redis: LL_RAW.
pub fn write_raw(level: Level, text: &[u8]) {
    if !enabled(level) {
        return;
    }
    let settings = SETTINGS.load();
    put(&settings, text);
    if settings.syslog.is_some() {
        syslog::send(level.syslog_priority(), text);
    }
}

/// Logs at level debug.
pub fn debug(message: &str) {
    write(Level::Debug, message.as_bytes());
}

/// Logs at level verbose.
pub fn verbose(message: &str) {
    write(Level::Verbose, message.as_bytes());
}

/// Logs at level notice.
pub fn notice(message: &str) {
    write(Level::Notice, message.as_bytes());
}

/// Logs at level warning.
pub fn warning(message: &str) {
    write(Level::Warning, message.as_bytes());
}

/// Logs a formatted message: `log!(Notice, "{} keys", n)`. Nothing is formatted where the level does not pass.
#[macro_export]
macro_rules! log {
    ($level:ident, $($message:tt)+) => {
        if $crate::observe::log::enabled($crate::observe::log::Level::$level) {
            $crate::observe::log::write($crate::observe::log::Level::$level, format!($($message)+).as_bytes());
        }
    };
}

/// One whole line. Redis: server.c serverLogRaw.
fn format_line(level: Level, unix_ms: i64, message: &[u8]) -> Vec<u8> {
    let time = time::local_time(unix_ms.div_euclid(1_000));
    handler_io::set_utc_offset(time.utc_offset_s);
    let prefix = format!(
        "{}:{} {:02} {} {} {:02}:{:02}:{:02}.{:03} {} ",
        std::process::id(),
        char::from(handler_io::role()),
        time.day,
        handler_io::month_name(time.month),
        time.year,
        time.hour,
        time.minute,
        time.second,
        unix_ms.rem_euclid(1_000),
        char::from(level.letter()),
    );
    let mut line = prefix.into_bytes();
    line.extend_from_slice(message);
    line.push(b'\n');
    line
}

fn put(settings: &Settings, bytes: &[u8]) {
    match &settings.file {
        None if settings.daemonized => {}
        None => put_to_stream(io::stdout().lock(), bytes),
        Some(file) => match open_file(file).and_then(|mut file| file.write_all(bytes)) {
            Ok(()) => FILE_FAILED.store(false, Relaxed),
            Err(error) => {
                if !FILE_FAILED.swap(true, Relaxed) {
                    // Standard error may be closed; then nobody can be told.
                    let _ = writeln!(io::stderr(), "Can't write the log file {}: {error}", file.display());
                }
            }
        },
    }
}

/// O_NONBLOCK changes nothing for a regular file; a FIFO without a reader fails at once instead of waiting for one.
fn open_file(file: &std::path::Path) -> io::Result<std::fs::File> {
    OpenOptions::new().append(true).create(true).mode(0o644).custom_flags(libc::O_NONBLOCK).open(file)
}

/// Writes to standard output, or to a test's pipe. A closed one is not an error: so Redis has it.
fn put_to_stream(mut out: impl Write + AsFd, bytes: &[u8]) {
    // A page is what a ready pipe surely takes; longer text (the banner) goes page by page.
    for page in bytes.chunks(4_096) {
        if !fd::writable_within(out.as_fd(), STDOUT_PATIENCE_MS) {
            LOST.fetch_add(1, Relaxed);
            return;
        }
        let lost = LOST.swap(0, Relaxed);
        if lost > 0 {
            let note = format!("{lost} log lines were lost: standard output took no data");
            let line = format_line(Level::Warning, clock::now_ms(), note.as_bytes());
            if out.write_all(&line).is_err() || !fd::writable_within(out.as_fd(), STDOUT_PATIENCE_MS) {
                LOST.fetch_add(1, Relaxed);
                return;
            }
        }
        if out.write_all(page).and_then(|()| out.flush()).is_err() {
            return;
        }
    }
}

#[cfg(test)]
mod tests;
