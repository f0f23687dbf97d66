//! What a running script asks of the server: the seam that keeps Lua and the command room apart.

use super::ffi::Ref;
use super::flags::Flags;
use crate::resp::Proto;

/// Levels of `redis.log`, as `redis.LOG_DEBUG` to `redis.LOG_WARNING` number them.
#[derive(Clone, Copy, PartialEq, Eq, Debug)]
pub enum LogLevel {
    /// `redis.LOG_DEBUG`.
    Debug,
    /// `redis.LOG_VERBOSE`.
    Verbose,
    /// `redis.LOG_NOTICE`.
    Notice,
    /// `redis.LOG_WARNING`.
    Warning,
}

/// A function that a library registers.
#[derive(Clone, Debug)]
pub struct Registered {
    /// Its name.
    pub name: Vec<u8>,
    /// What FUNCTION LIST tells of it.
    pub description: Option<Vec<u8>>,
    /// What it declared of itself.
    pub flags: Flags,
    /// The Lua function, in the state that ran the library.
    pub callback: Ref,
}

/// What is around a script while it runs. All of it is called on the thread that runs the script.
pub trait Host {
    /// `redis.call`, `redis.pcall`: runs a command and appends its reply to `reply`, in the protocol that the script chose.
    ///
    /// # Errors
    /// Why it was not run, without the code `ERR` unless another one leads behind a dash.
    fn call(&mut self, words: &[&[u8]], reply: &mut Vec<u8>) -> Result<(), Vec<u8>>;

    /// `redis.setresp`.
    fn set_resp(&mut self, proto: Proto);

    /// What was chosen with it; RESP2 unless it was.
    fn resp(&self) -> Proto;

    /// `redis.acl_check_cmd`: whether the caller may run this command; `None` if there is none such.
    fn permits(&mut self, words: &[&[u8]]) -> Option<bool>;

    /// `redis.log`.
    fn log(&mut self, level: LogLevel, text: &[u8]);

    /// Called now and then while Lua runs: an error message ends the script.
    fn interrupt(&mut self) -> Option<&'static str>;

    /// `redis.register_function`.
    ///
    /// # Errors
    /// Why it was not taken.
    fn register(&mut self, function: Registered) -> Result<(), String>;
}
