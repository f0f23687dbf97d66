//! Reports of crashes and panics in the log.

use std::backtrace::Backtrace;
use std::io;
use std::panic::{self, PanicHookInfo};

use crate::base::sys::crash;
use crate::observe::log::{Level, warning, write_raw};

/// Reports panics, and crash signals if `crash_log` (`crash-log-enabled`), as the server `version`.
pub fn install(version: &'static str, crash_log: bool) -> io::Result<()> {
    panic::set_hook(Box::new(report_panic));
    set_crash_log(version, crash_log)
}

/// Turns the report of crash signals on or off (CONFIG SET crash-log-enabled).
pub fn set_crash_log(version: &'static str, enabled: bool) -> io::Result<()> {
    if enabled { crash::install(version) } else { crash::uninstall() }
}

/// Redis: debug.c _serverPanic. The abort that follows a panic in a release build adds no second report.
fn report_panic(info: &PanicHookInfo<'_>) {
    if !crash::claim_report() {
        return;
    }
    write_raw(Level::Warning, crash::REPORT_START.as_bytes());
    for line in panic_lines(info) {
        warning(&line);
    }
    let stack = format!("\n------ STACK TRACE ------\n{}\n", Backtrace::force_capture());
    write_raw(Level::Warning, stack.as_bytes());
    write_raw(Level::Warning, crash::REPORT_END.as_bytes());
}

fn panic_lines(info: &PanicHookInfo<'_>) -> Vec<String> {
    let message = info.payload_as_str().unwrap_or("(no message)");
    let place = info.location().map_or_else(String::new, |at| format!(" #{}:{}", at.file(), at.line()));
    let thread = std::thread::current();
    vec![
        "------------------------------------------------".to_owned(),
        "!!! Software Failure. Press left mouse button to continue".to_owned(),
        format!("Guru Meditation: {message}{place}"),
        format!("Thread: {}", thread.name().unwrap_or("(unnamed)")),
        "------------------------------------------------".to_owned(),
    ]
}

#[cfg(test)]
mod tests;
