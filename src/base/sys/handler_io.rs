//! Writing log lines from signal handlers: no allocation, no lock, only calls that signal-safety(7) lists.
//!
//! | field | who writes | who reads | when |
//! |---|---|---|---|
//! | `LOG_PATH` | the logger, when `logfile` changes | handlers | relaxed pointer to a string that is never freed |
//! | `ROLE`, `UTC_OFFSET_S` | the logger | handlers | relaxed |

use std::ffi::{CStr, CString, c_char};
use std::ptr;
use std::sync::atomic::{AtomicI32, AtomicPtr, AtomicU8, Ordering::Relaxed};

static LOG_PATH: AtomicPtr<c_char> = AtomicPtr::new(ptr::null_mut());
static ROLE: AtomicU8 = AtomicU8::new(b'M');
static UTC_OFFSET_S: AtomicI32 = AtomicI32::new(0);

/// Where handlers write: a file, or standard output for `None`. An unchanged path costs nothing; a new one is leaked,
/// since a handler may be reading the old one.
pub fn set_log_path(path: Option<&CStr>) {
    let current = LOG_PATH.load(Relaxed);
    let new = match path {
        None => ptr::null_mut(),
        Some(path) => {
            // SAFETY: a pointer in LOG_PATH came from `CString::into_raw` below and is never freed.
            if !current.is_null() && unsafe { CStr::from_ptr(current) } == path {
                return;
            }
            CString::from(path).into_raw()
        }
    };
    LOG_PATH.store(new, Relaxed);
}

/// The role letter that handlers put into log lines.
pub fn set_role(role: u8) {
    ROLE.store(role, Relaxed);
}

/// The role letter as last set.
pub fn role() -> u8 {
    ROLE.load(Relaxed)
}

/// The time zone that handlers use.
pub fn set_utc_offset(seconds: i32) {
    UTC_OFFSET_S.store(seconds, Relaxed);
}

/// An open log, for the length of one handler.
pub(super) struct HandlerLog {
    fd: libc::c_int,
    owned: bool,
}

impl HandlerLog {
    pub(super) fn open() -> Self {
        let path = LOG_PATH.load(Relaxed);
        if path.is_null() {
            return Self { fd: libc::STDOUT_FILENO, owned: false };
        }
        let flags = libc::O_APPEND | libc::O_CREAT | libc::O_WRONLY | libc::O_CLOEXEC | libc::O_NONBLOCK;
        // SAFETY: the path is a C string that is never freed; open is async-signal-safe.
        let fd = unsafe { libc::open(path, flags, 0o644) };
        Self { fd, owned: true }
    }

    pub(super) fn fd(&self) -> libc::c_int {
        self.fd
    }

    pub(super) fn write(&self, bytes: &[u8]) {
        // SAFETY: the buffer is valid for the call; write is async-signal-safe. An error cannot be told to anyone.
        let _ = unsafe { libc::write(self.fd, bytes.as_ptr().cast(), bytes.len()) };
    }
}

impl Drop for HandlerLog {
    fn drop(&mut self) {
        if self.owned && self.fd >= 0 {
            // SAFETY: this value owns the descriptor.
            unsafe { libc::close(self.fd) };
        }
    }
}

/// Text of bounded length on the stack; what does not fit is dropped.
pub struct Line {
    buf: [u8; 512],
    len: usize,
}

impl Default for Line {
    fn default() -> Self {
        Self { buf: [0; 512], len: 0 }
    }
}

impl Line {
    /// Begins a line as the logger does: process id, role, time, level.
    pub fn log_prefix(level: u8) -> Self {
        let us = super::time::clock_gettime_ns(libc::CLOCK_REALTIME) / 1_000;
        let unix_s = i64::try_from(us / 1_000_000).unwrap_or(0);
        let time = super::time::civil_time(unix_s, UTC_OFFSET_S.load(Relaxed));
        let mut line = Self::default();
        line.number(std::process::id().into()).byte(b':').byte(ROLE.load(Relaxed)).byte(b' ');
        line.two(time.day).byte(b' ').text(month_name(time.month)).byte(b' ');
        line.number(u64::try_from(time.year).unwrap_or(0)).byte(b' ');
        line.two(time.hour).byte(b':').two(time.minute).byte(b':').two(time.second).byte(b'.');
        let millis = us / 1_000 % 1_000;
        line.number(millis / 100).number(millis / 10 % 10).number(millis % 10);
        line.byte(b' ').byte(level).byte(b' ');
        line
    }

    /// Appends one byte.
    pub fn byte(&mut self, byte: u8) -> &mut Self {
        if let Some(place) = self.buf.get_mut(self.len) {
            *place = byte;
            self.len += 1;
        }
        self
    }

    /// Appends a text.
    pub fn text(&mut self, text: &str) -> &mut Self {
        for &byte in text.as_bytes() {
            self.byte(byte);
        }
        self
    }

    fn two(&mut self, number: u8) -> &mut Self {
        self.byte(b'0' + number / 10 % 10).byte(b'0' + number % 10)
    }

    /// Appends a number in decimal.
    pub fn number(&mut self, number: u64) -> &mut Self {
        self.digits(number, 10)
    }

    /// Appends a signed number in decimal.
    pub fn signed(&mut self, number: i64) -> &mut Self {
        if number < 0 {
            self.byte(b'-');
        }
        self.number(number.unsigned_abs())
    }

    /// Appends an address.
    pub fn address(&mut self, address: usize) -> &mut Self {
        self.text("0x").digits(address as u64, 16)
    }

    fn digits(&mut self, mut number: u64, base: u64) -> &mut Self {
        let mut reversed = [0_u8; 20];
        let mut len = 0;
        while len == 0 || number > 0 {
            let digit = u8::try_from(number % base).unwrap_or(0);
            reversed[len] = if digit < 10 { b'0' + digit } else { b'a' + digit - 10 };
            number /= base;
            len += 1;
        }
        for &digit in reversed[..len].iter().rev() {
            self.byte(digit);
        }
        self
    }

    /// What was written.
    pub fn as_bytes(&self) -> &[u8] {
        &self.buf[..self.len]
    }
}

/// English abbreviation of a month from 1 to 12, as strftime's `%b` in the C locale.
pub fn month_name(month: u8) -> &'static str {
    const NAMES: [&str; 12] =
        ["Jan", "Feb", "Mar", "Apr", "May", "Jun", "Jul", "Aug", "Sep", "Oct", "Nov", "Dec"];
    NAMES.get(usize::from(month).wrapping_sub(1)).copied().unwrap_or("???")
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn lines_are_bounded_and_numbers_exact() {
        let mut line = Line::default();
        line.number(0)
            .byte(b' ')
            .number(u64::MAX)
            .byte(b' ')
            .signed(i64::MIN)
            .byte(b' ')
            .address(0xdead_beef);
        assert_eq!(line.as_bytes(), b"0 18446744073709551615 -9223372036854775808 0xdeadbeef");
        line.text(&"x".repeat(2_000));
        assert_eq!(line.as_bytes().len(), 512);
    }

    #[test]
    fn the_prefix_is_a_log_line() {
        let line = Line::log_prefix(b'#');
        let text = String::from_utf8_lossy(line.as_bytes()).into_owned();
        let words: Vec<&str> = text.split(' ').collect();
        assert_eq!(words.len(), 7, "{text}");
        assert!(words[0].starts_with(&format!("{}:", std::process::id())));
        assert_eq!((words[1].len(), words[2].len(), words[3].len(), words[4].len()), (2, 3, 4, 12), "{text}");
    }
}
