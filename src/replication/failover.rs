//! FAILOVER: a master hands its role over to a replica that has caught up.
//!
//! ```text
//!   None ── FAILOVER ──► WaitSync ── a replica has all ──► InProgress ── PSYNC … FAILOVER accepted ──► None, replica
//!                         │  writes are paused all the while   │
//!                         └─ ABORT, TIMEOUT: None, master ◄────┘ refused: None, master under a new id
//! ```
//!
//! Redis: replication.c `failoverCommand`, `updateFailoverStatus`, `abortFailover`.

use super::Line;
use super::master::{Replicas, State};
use crate::base::numbers::parse_i64;

/// Where it stands.
#[derive(Clone, Debug, PartialEq, Eq, Default)]
pub enum Failover {
    /// There is none.
    #[default]
    None,
    /// Writes are paused until the target, or any replica, has everything.
    WaitSync(Plan),
    /// This server asks the target to take over.
    InProgress {
        /// The target's address.
        host: String,
        /// Its port.
        port: u16,
    },
}

/// What was asked for.
#[derive(Clone, Debug, PartialEq, Eq, Default)]
pub struct Plan {
    /// `TO host port`; `None`: whichever replica is the first to have everything.
    pub target: Option<(String, u16)>,
    /// When waiting ends, unix milliseconds.
    pub until_ms: Option<i64>,
    /// What then: hand over all the same, or give up.
    pub force: bool,
}

/// FAILOVER's words.
#[derive(Clone, Debug, PartialEq, Eq)]
pub enum Order {
    /// ABORT.
    Abort,
    /// Begin.
    Begin {
        /// TO.
        target: Option<(String, i64)>,
        /// TIMEOUT.
        timeout_ms: Option<i64>,
        /// FORCE.
        force: bool,
    },
}

/// What is to be done.
#[derive(Clone, Debug, PartialEq, Eq)]
pub enum Action {
    /// Log a line.
    Log(Line),
    /// Hold writes back, and all that would let the stream grow.
    Pause,
    /// Let them go on.
    Resume,
    /// Become a replica of that server, by handing over to it.
    Follow(String, u16),
    /// Become a master again.
    Lead,
}

const NO_INTEGER: &str = "ERR value is not an integer or out of range";

impl Order {
    /// Reads `FAILOVER args…` (without the name).
    ///
    /// # Errors
    /// The error reply.
    pub fn parse(args: &[&[u8]]) -> Result<Order, &'static str> {
        let is = |word: &[u8], name: &str| word.eq_ignore_ascii_case(name.as_bytes());
        if let [only] = args
            && is(only, "abort")
        {
            return Ok(Order::Abort);
        }
        let (mut target, mut timeout_ms, mut force) = (None, None, false);
        let mut rest = args;
        loop {
            rest = match rest {
                [] => return Ok(Order::Begin { target, timeout_ms, force }),
                [word, value, rest @ ..] if is(word, "timeout") && timeout_ms.is_none() => {
                    let value = parse_i64(value).ok_or(NO_INTEGER)?;
                    if value <= 0 {
                        return Err("ERR FAILOVER timeout must be greater than 0");
                    }
                    timeout_ms = Some(value);
                    rest
                }
                [word, host, port, rest @ ..] if is(word, "to") && target.is_none() => {
                    let port = parse_i64(port).ok_or(NO_INTEGER)?;
                    target = Some((String::from_utf8_lossy(host).into_owned(), port));
                    rest
                }
                [word, rest @ ..] if is(word, "force") && !force => {
                    force = true;
                    rest
                }
                _ => return Err("ERR syntax error"),
            };
        }
    }
}

impl Failover {
    /// INFO's `master_failover_state`.
    pub fn name(&self) -> &'static str {
        match self {
            Failover::None => "no-failover",
            Failover::WaitSync(_) => "waiting-for-sync",
            Failover::InProgress { .. } => "failover-in-progress",
        }
    }

    /// Whether one is under way.
    pub fn is_on(&self) -> bool {
        *self != Failover::None
    }

    /// Whether the stream must not grow.
    pub fn freezes(&self) -> bool {
        self.is_on()
    }

    /// Obeys an order.
    ///
    /// # Errors
    /// The error reply.
    pub fn order(
        &mut self,
        order: Order,
        replicas: &Replicas,
        is_replica: bool,
        now_ms: i64,
    ) -> Result<Vec<Action>, &'static str> {
        let Order::Begin { target, timeout_ms, force } = order else {
            return if self.is_on() {
                Ok(self.abort("Failover manually aborted"))
            } else {
                Err("ERR No failover in progress.")
            };
        };
        if self.is_on() {
            return Err("ERR FAILOVER already in progress.");
        }
        if is_replica {
            return Err("ERR FAILOVER is not valid when server is a replica.");
        }
        if replicas.links().is_empty() {
            return Err("ERR FAILOVER requires connected replicas.");
        }
        if force && (timeout_ms.is_none() || target.is_none()) {
            return Err("ERR FAILOVER with force option requires both a timeout and target HOST and IP.");
        }
        let line = match &target {
            None => "FAILOVER requested to any replica.".to_owned(),
            Some((host, port)) => {
                let link =
                    replicas.at(host, *port).ok_or("ERR FAILOVER target HOST and PORT is not a replica.")?;
                if link.state != State::Online {
                    return Err("ERR FAILOVER target replica is not online.");
                }
                format!("FAILOVER requested to {host}:{port}.")
            }
        };
        *self = Failover::WaitSync(Plan {
            target: target.map(|(host, port)| (host, u16::try_from(port).unwrap_or(0))),
            until_ms: timeout_ms.map(|timeout| now_ms.saturating_add(timeout)),
            force,
        });
        Ok(vec![Action::Log(Line::notice(line)), Action::Pause])
    }

    /// Looks whether it is time to hand over, or to give up. To be called often: writes wait.
    pub fn step(&mut self, replicas: &Replicas, offset: u64, now_ms: i64) -> Vec<Action> {
        let Failover::WaitSync(plan) = self else { return Vec::new() };
        if plan.until_ms.is_some_and(|until| until <= now_ms) {
            return match plan.target.clone().filter(|_| plan.force) {
                Some((host, port)) => {
                    let line = format!("FAILOVER to {host}:{port} time out exceeded, failing over.");
                    self.hand_over(host, port, line)
                }
                None => self.abort("Replica never caught up before timeout"),
            };
        }
        let synced = match &plan.target {
            Some((host, port)) => {
                replicas.at(host, i64::from(*port)).filter(|link| link.ack_offset == offset)
            }
            None => {
                replicas.links().iter().find(|link| link.ack_offset == offset && link.state == State::Online)
            }
        };
        let Some(link) = synced else { return Vec::new() };
        let (host, port) = (link.address().to_owned(), u16::try_from(link.facts.listening_port).unwrap_or(0));
        let line = format!("Failover target {host}:{port} is synced, failing over.");
        self.hand_over(host, port, line)
    }

    fn hand_over(&mut self, host: String, port: u16, line: String) -> Vec<Action> {
        *self = Failover::InProgress { host: host.clone(), port };
        vec![Action::Log(Line::notice(line)), Action::Follow(host, port)]
    }

    /// The target has answered: it leads now.
    pub fn accepted(&mut self) -> Vec<Action> {
        let was_on = std::mem::take(self).is_on();
        if was_on { vec![Action::Resume] } else { Vec::new() }
    }

    /// Ends it without a change of roles.
    pub fn abort(&mut self, why: &str) -> Vec<Action> {
        let old = std::mem::take(self);
        let (target, leads) = match old {
            Failover::None => return Vec::new(),
            Failover::WaitSync(plan) => (plan.target, false),
            Failover::InProgress { host, port } => (Some((host, port)), true),
        };
        let line = match target {
            Some((host, port)) => format!("FAILOVER to {host}:{port} aborted: {why}"),
            None => format!("FAILOVER to any replica aborted: {why}"),
        };
        let mut actions = vec![Action::Log(Line::notice(line))];
        if leads {
            actions.push(Action::Lead);
        }
        actions.push(Action::Resume);
        actions
    }
}
