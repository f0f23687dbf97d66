//! What the natives of one Lua state keep between calls.

use super::ffi::Ref;
use super::json::Settings;
use super::random::Random;
use std::cell::{Cell, RefCell};

/// State of the libraries of one Lua state, as the C libraries keep it in statics and upvalues.
#[derive(Default)]
pub struct Env {
    /// Of cjson.
    pub json: Cell<Settings>,
    /// Of `math.random`.
    pub random: Cell<Random>,
    /// Lua's own `next`.
    pub next: Cell<Option<Ref>>,
    /// Address of the globals, and what `getmetatable` shows of them and of strings.
    pub shown: Cell<Option<(usize, Ref, Ref)>>,
    /// Reply of the running command; kept for its memory.
    pub reply: RefCell<Vec<u8>>,
    /// Text that an encoder builds; kept for its memory.
    pub text: RefCell<Vec<u8>>,
}

/// A kept buffer larger than this is given back after use.
pub const KEPT_MAX: usize = 256 * 1024;
