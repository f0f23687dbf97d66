//! What is measured around each command: calls, time, errors, slow ones.

use crate::base::clock;
use crate::command::{Args, Command, Failure, Server};
use std::sync::Arc;

/// Measures commands that run one after the other: the end of one is the start of the next, so each costs one clock
/// reading.
#[derive(Default)]
pub struct Meter {
    last: u64,
    turn: u64,
}

/// A command that ran.
pub struct Ran<'a> {
    /// The command.
    pub command: &'static Command,
    /// Its words.
    pub argv: Args<'a>,
    /// Whether it succeeded.
    pub ok: bool,
    /// The caller's id.
    pub client: u64,
    /// What it replied.
    pub reply: &'a [u8],
    /// Its error was counted already, when a command of its script made it.
    pub counted: bool,
}

impl Meter {
    /// A meter that starts now.
    pub fn start() -> Meter {
        Meter { last: clock::ticks(), turn: clock::ticks() }
    }

    /// A turn begins: its first command starts now.
    #[inline]
    pub fn restart(&mut self) {
        self.last = clock::ticks();
        self.turn = self.last;
    }

    /// Nanoseconds since then: the length of the turn.
    pub fn since_restart_ns(&self) -> u64 {
        clock::ticks_to_ns(clock::ticks().saturating_sub(self.turn))
    }

    /// A command ran on `shard`: counts the call, its time and its failure; logs it if it was slow.
    #[inline]
    pub fn account(&mut self, server: &Arc<Server>, shard: usize, ran: &Ran<'_>) {
        let Ran { command, argv, ok, client, reply, counted } = *ran;
        let now = clock::ticks();
        let nanos = clock::ticks_to_ns(now.saturating_sub(self.last));
        self.last = now;
        let Some(stats) = server.stats.get(shard) else { return };
        stats.processed.add(1);
        if let Some(of_command) = stats.commands.get(command.id) {
            of_command.calls.add(1);
            of_command.nanos.add(nanos);
            of_command.record(nanos);
            if !ok {
                of_command.failed.add(1);
            }
        }
        if !ok && !counted {
            server.error_reply(shard, reply);
        }
        if nanos >= server.slow_ns() {
            server.slow_command(command, argv, nanos, client);
        }
    }

    /// A command ran that does not count, since its client waits and it will run again: the next starts now.
    pub fn skip(&mut self) {
        self.last = clock::ticks();
    }

    /// Counts a call that the loop itself carried out.
    pub fn count_call(&mut self, server: &Arc<Server>, shard: usize, command: &'static Command, nanos: u64) {
        let Some(stats) = server.stats.get(shard) else { return };
        stats.processed.add(1);
        if let Some(of_command) = stats.commands.get(command.id) {
            of_command.calls.add(1);
            of_command.nanos.add(nanos);
            of_command.record(nanos);
        }
    }

    /// Counts the failure of a call that is counted by [`Meter::count_call`], with its reply.
    #[cold]
    pub fn failed(&mut self, server: &Arc<Server>, shard: usize, command: &'static Command, reply: &[u8]) {
        if let Some(of_command) = server.stats.get(shard).and_then(|s| s.commands.get(command.id)) {
            of_command.failed.add(1);
        }
        server.error_reply(shard, reply);
    }

    /// Counts a command that was refused before it ran.
    pub fn refused(
        &mut self,
        server: &Arc<Server>,
        shard: usize,
        command: Option<&'static Command>,
        failure: &Failure,
    ) {
        let Some(stats) = server.stats.get(shard) else { return };
        if let Some(of_command) = command.and_then(|c| stats.commands.get(c.id)) {
            of_command.rejected.add(1);
        }
        let line = failure.line();
        server.error_reply(shard, &[b"-", line.as_ref()].concat());
    }
}
