//! The process among others: terminal and session, pid file, supervisor, title, signals, limits, crashes.
//!
//! The order at boot matters, and the types say only part of it:
//!
//! ```text
//! arguments read → title::Title::claim → configuration → working directory → supervise::detect
//! → log → daemon::daemonize (no thread may exist yet) → crash::install
//! → limits → oom → title → banner → listening sockets → pidfile::create
//! → signals::Shutdown::install (blocks the signals, so that threads started from here on do not take them)
//! → threads → signals::Shutdown::listen in the control thread → ready → supervise::Supervisor::ready
//! ```

pub mod cpulist;
pub mod crash;
pub mod daemon;
pub mod limits;
pub mod oom;
pub mod pidfile;
pub mod signals;
pub mod supervise;
pub mod title;

/// The text of a system error as strerror gives it, without the number that Rust appends: log lines that tools know
/// end with it.
pub fn os_text(error: &std::io::Error) -> String {
    let text = error.to_string();
    match text.rfind(" (os error ") {
        Some(end) => text[..end].to_owned(),
        None => text,
    }
}

#[cfg(test)]
mod tests {
    #[test]
    fn system_errors_lose_their_number() {
        let error = std::io::Error::from_raw_os_error(libc::ENOENT);
        assert_eq!(super::os_text(&error), "No such file or directory");
        assert_eq!(super::os_text(&std::io::Error::other("odd")), "odd");
    }
}
