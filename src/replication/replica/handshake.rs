//! What a replica says before it gets anything, and what it makes of the answers.

use super::{Action, Line};
use crate::replication::Settings;

/// The reply that is awaited.
#[derive(Clone, Copy, PartialEq, Eq, Debug)]
pub enum Step {
    /// To PING.
    Ping,
    /// To AUTH.
    Auth,
    /// To REPLCONF listening-port.
    Port,
    /// To REPLCONF ip-address.
    Ip,
    /// To REPLCONF capa.
    Capa,
    /// To PSYNC.
    Psync,
}

/// What a reply means.
#[derive(Debug, PartialEq)]
pub(super) enum Outcome {
    /// The next reply is awaited.
    Next(Step),
    /// It is time for PSYNC.
    Ask,
    /// The master cannot or will not.
    Fail,
}

/// A command as it goes over the wire.
pub(super) fn command(words: &[&[u8]]) -> Vec<u8> {
    let mut out = Vec::new();
    crate::resp::Out::new(&mut out, crate::resp::Proto::V2).bulks(words);
    out
}

/// All that is said once the master has answered PING (replication.c `syncWithMaster`, `REPL_STATE_SEND_HANDSHAKE`).
pub(super) fn introduction(settings: &Settings) -> Vec<u8> {
    let mut out = Vec::new();
    if let Some(password) = &settings.master_auth {
        match &settings.master_user {
            Some(user) => out.extend(command(&[b"AUTH", user, password])),
            None => out.extend(command(&[b"AUTH", password])),
        }
    }
    let port = settings.announce_port.to_string();
    out.extend(command(&[b"REPLCONF", b"listening-port", port.as_bytes()]));
    if let Some(ip) = &settings.announce_ip {
        out.extend(command(&[b"REPLCONF", b"ip-address", ip.as_bytes()]));
    }
    out.extend(command(&[b"REPLCONF", b"capa", b"eof", b"capa", b"psync2"]));
    out
}

/// Takes the reply `line` to `step`. What a master does not understand of REPLCONF does not matter.
pub(super) fn reply(step: Step, line: &str, settings: &Settings, actions: &mut Vec<Action>) -> Outcome {
    let has_ip = settings.announce_ip.is_some();
    let mut shrug = |what: &str| {
        if line.starts_with('-') {
            actions.push(Action::Log(Line::notice(format!(
                "(Non critical) Master does not understand REPLCONF {what}: {line}"
            ))));
        }
    };
    match step {
        Step::Ping => {
            let known = ["+", "-NOAUTH", "-NOPERM", "-ERR operation not permitted"];
            if !known.iter().any(|prefix| line.starts_with(prefix)) {
                actions
                    .push(Action::Log(Line::warning(format!("Error reply to PING from master: '{line}'"))));
                return Outcome::Fail;
            }
            actions.push(Action::Log(Line::notice("Master replied to PING, replication can continue...")));
            actions.push(Action::Send(introduction(settings)));
            Outcome::Next(if settings.master_auth.is_some() { Step::Auth } else { Step::Port })
        }
        Step::Auth if line.starts_with('-') => {
            actions.push(Action::Log(Line::warning(format!("Unable to AUTH to MASTER: {line}"))));
            Outcome::Fail
        }
        Step::Auth => Outcome::Next(Step::Port),
        Step::Port => {
            shrug("listening-port");
            Outcome::Next(if has_ip { Step::Ip } else { Step::Capa })
        }
        Step::Ip => {
            shrug("ip-address");
            Outcome::Next(Step::Capa)
        }
        Step::Capa => {
            shrug("capa");
            Outcome::Ask
        }
        Step::Psync => Outcome::Fail,
    }
}
