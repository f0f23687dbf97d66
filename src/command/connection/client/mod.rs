//! CLIENT and its subcommands (networking.c `clientCommand`).

pub mod identity;
pub mod kill;
mod list;
mod modes;
mod pause;
pub mod tracking;

pub use list::describe;

use crate::command::meta::connection as meta;
use crate::command::{Args, Ctx, Failure, Outcome, Route, Row, args, help};
use crate::observe::{ClientInfo, client_flag};
use std::sync::atomic::Ordering;

/// Rows of the subcommands.
pub static ROWS: &[Row] = &[
    Row::new(&meta::CLIENT_CACHING, Route::Home, tracking::caching),
    Row::new(&meta::CLIENT_GETNAME, Route::Home, identity::getname),
    Row::new(&meta::CLIENT_GETREDIR, Route::Home, tracking::getredir),
    Row::new(&meta::CLIENT_HELP, Route::Home, help),
    Row::new(&meta::CLIENT_ID, Route::Home, identity::id),
    Row::new(&meta::CLIENT_INFO, Route::Home, list::info),
    Row::new(&meta::CLIENT_KILL, Route::Home, kill::kill),
    Row::new(&meta::CLIENT_LIST, Route::Home, list::list),
    Row::new(&meta::CLIENT_NO_EVICT, Route::Home, modes::no_evict),
    Row::new(&meta::CLIENT_NO_TOUCH, Route::Home, modes::no_touch),
    Row::new(&meta::CLIENT_PAUSE, Route::Home, pause::pause),
    Row::new(&meta::CLIENT_REPLY, Route::Home, modes::reply),
    Row::new(&meta::CLIENT_SETINFO, Route::Home, identity::setinfo),
    Row::new(&meta::CLIENT_SETNAME, Route::Home, identity::setname),
    Row::new(&meta::CLIENT_TRACKING, Route::Home, tracking::tracking),
    Row::new(&meta::CLIENT_TRACKINGINFO, Route::Home, tracking::trackinginfo),
    Row::new(&meta::CLIENT_UNBLOCK, Route::Home, pause::unblock),
    Row::new(&meta::CLIENT_UNPAUSE, Route::Home, pause::unpause),
];

/// Classes of clients that TYPE filters name.
#[derive(Clone, Copy, PartialEq, Eq, Debug)]
enum Kind {
    /// Ordinary ones and MONITORs.
    Normal,
    /// Subscribers.
    Pubsub,
    /// Replicas.
    Replica,
    /// The master.
    Master,
}

impl Kind {
    /// Redis: networking.c `getClientType`.
    fn of(client: &ClientInfo) -> Kind {
        let flags = client.flags.load(Ordering::Relaxed);
        match () {
            () if flags & client_flag::MASTER != 0 => Kind::Master,
            () if flags & client_flag::REPLICA != 0 => Kind::Replica,
            () if flags & client_flag::PUBSUB != 0 => Kind::Pubsub,
            () => Kind::Normal,
        }
    }
}

/// Reads the value of a TYPE filter (networking.c `getClientTypeByName`).
fn kind(word: &[u8]) -> Result<Kind, Failure> {
    match () {
        () if args::is(word, "normal") => Ok(Kind::Normal),
        () if args::is(word, "pubsub") => Ok(Kind::Pubsub),
        () if args::is(word, "slave") || args::is(word, "replica") => Ok(Kind::Replica),
        () if args::is(word, "master") => Ok(Kind::Master),
        () => Err(Failure::Bytes([b"ERR Unknown client type '", args::c_str(word), b"'"].concat())),
    }
}

/// Reads ON or OFF.
fn on_off(word: &[u8]) -> Result<bool, Failure> {
    match () {
        () if args::is(word, "on") => Ok(true),
        () if args::is(word, "off") => Ok(false),
        () => Err(Failure::Syntax),
    }
}

fn help(ctx: &mut Ctx<'_>, _: Args<'_>) -> Outcome {
    help::reply(&mut ctx.out, "CLIENT", HELP);
    Ok(())
}

const HELP: &[&str] = &[
    "CACHING (YES|NO)",
    "    Enable/disable tracking of the keys for next command in OPTIN/OPTOUT modes.",
    "GETREDIR",
    "    Return the client ID we are redirecting to when tracking is enabled.",
    "GETNAME",
    "    Return the name of the current connection.",
    "ID",
    "    Return the ID of the current connection.",
    "INFO",
    "    Return information about the current client connection.",
    "KILL <ip:port>",
    "    Kill connection made from <ip:port>.",
    "KILL <option> <value> [<option> <value> [...]]",
    "    Kill connections. Options are:",
    "    * ADDR (<ip:port>|<unixsocket>:0)",
    "      Kill connections made from the specified address",
    "    * LADDR (<ip:port>|<unixsocket>:0)",
    "      Kill connections made to specified local address",
    "    * TYPE (NORMAL|MASTER|REPLICA|PUBSUB)",
    "      Kill connections by type.",
    "    * USER <username>",
    "      Kill connections authenticated by <username>.",
    "    * SKIPME (YES|NO)",
    "      Skip killing current connection (default: yes).",
    "LIST [options ...]",
    "    Return information about client connections. Options:",
    "    * TYPE (NORMAL|MASTER|REPLICA|PUBSUB)",
    "      Return clients of specified type.",
    "UNPAUSE",
    "    Stop the current client pause, resuming traffic.",
    "PAUSE <timeout> [WRITE|ALL]",
    "    Suspend all, or just write, clients for <timeout> milliseconds.",
    "REPLY (ON|OFF|SKIP)",
    "    Control the replies sent to the current connection.",
    "SETNAME <name>",
    "    Assign the name <name> to the current connection.",
    "SETINFO <option> <value>",
    "    Set client meta attr. Options are:",
    "    * LIB-NAME: the client lib name.",
    "    * LIB-VER: the client lib version.",
    "UNBLOCK <clientid> [TIMEOUT|ERROR]",
    "    Unblock the specified blocked client.",
    "TRACKING (ON|OFF) [REDIRECT <id>] [BCAST] [PREFIX <prefix> [...]]",
    "         [OPTIN] [OPTOUT] [NOLOOP]",
    "    Control server assisted client side caching.",
    "TRACKINGINFO",
    "    Report tracking status for the current connection.",
    "NO-EVICT (ON|OFF)",
    "    Protect current client connection from eviction.",
    "NO-TOUCH (ON|OFF)",
    "    Will not touch LRU/LFU stats when this mode is on.",
];

#[cfg(test)]
mod tests;
