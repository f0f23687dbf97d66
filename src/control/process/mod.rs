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

pub use crate::base::os_text;
