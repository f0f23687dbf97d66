//! The scripting group: EVAL and its kin, SCRIPT, FCALL, FUNCTION (Redis: eval.c, script.c, functions.c).
//!
//! Lua itself is the room `script`; how a script's commands run is `command::nested`. `host` joins the two. Scripts and
//! libraries are the same on all shards (`Server::scripting`), so SCRIPT and FUNCTION run where their caller is.
//!
//! Where EVAL and FCALL run, on a server of several shards: see `Route::Script` and `shard::script`.

mod eval;
mod fcall;
pub mod function;
mod host;
mod payload;
mod script;
mod stats;

#[cfg(test)]
mod tests;

pub use eval::{Outlook, declares_no_writes, find};

use super::meta::scripting as meta;
use super::{Route, Row};

/// The rows of the group.
pub static ROWS: &[Row] = &[
    Row::new(&meta::EVAL, Route::Script, eval::eval),
    Row::new(&meta::EVALSHA, Route::Script, eval::evalsha),
    Row::new(&meta::EVALSHA_RO, Route::Script, eval::evalsha),
    Row::new(&meta::EVAL_RO, Route::Script, eval::eval),
    Row::new(&meta::FCALL, Route::Script, fcall::fcall),
    Row::new(&meta::FCALL_RO, Route::Script, fcall::fcall),
    Row::container(&meta::FUNCTION, function::ROWS),
    Row::container(&meta::SCRIPT, script::ROWS),
];

/// What is replied while a script is slow that SCRIPT KILL would end (server.c `slowevalerr`).
pub const BUSY_EVAL: &str =
    "BUSY Redis is busy running a script. You can only call SCRIPT KILL or SHUTDOWN NOSAVE.";
/// The same for FUNCTION KILL (server.c `slowscripterr`).
pub const BUSY_FUNCTION: &str =
    "BUSY Redis is busy running a script. You can only call FUNCTION KILL or SHUTDOWN NOSAVE.";
