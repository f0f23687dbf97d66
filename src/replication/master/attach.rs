//! A connection asks for the stream, or ends.

use super::{Action, Facts, Link, LinkId, Replicas, State, full_resync};
use crate::replication::{History, Line, Settings};

/// What a replica asks for.
#[derive(Clone, PartialEq, Eq, Debug)]
pub enum Ask {
    /// SYNC: a copy, then the stream, without offsets.
    Sync,
    /// PSYNC.
    Psync {
        /// The history that it has; `?`: none.
        id: Vec<u8>,
        /// The first byte that it lacks.
        offset: i64,
    },
}

/// What a step must know of its surroundings.
#[derive(Clone, Copy, Debug)]
pub struct Around<'a> {
    /// Unix seconds.
    pub now_s: i64,
    /// The configuration.
    pub settings: &'a Settings,
    /// A snapshot for something else is being made; another cannot begin.
    pub is_saving: bool,
    /// This server follows another: what its replicas get is that one's stream.
    pub is_replica: bool,
    /// The stream must not grow by what replication itself adds (a failover waits for replicas to catch up).
    pub is_frozen: bool,
}

impl Replicas {
    /// The connection `id` from the address `peer` asks for the stream; what may refuse it at all was checked before
    /// (`Standing::refusal`). Redis: replication.c `syncCommand`.
    pub fn attach(
        &mut self,
        history: &mut History,
        (id, facts, peer): (LinkId, Facts, String),
        ask: &Ask,
        around: Around<'_>,
    ) -> Vec<Action> {
        let mut link = Link::new(id, facts, peer, around.now_s);
        let mut actions =
            vec![Action::Log(Line::notice(format!("Replica {} asks for synchronization", link.name())))];
        match ask {
            Ask::Sync => link.pre_psync = true,
            Ask::Psync { id: asked_id, offset } => match history.resume(asked_id, *offset) {
                Ok(missing) => {
                    self.resume(history, link, (*offset, missing), around, &mut actions);
                    return actions;
                }
                Err(refusal) => {
                    let lines = history.explain(&refusal, &link.name(), asked_id, *offset);
                    actions.extend(lines.into_iter().map(Action::Log));
                    self.counters.partial_err += u64::from(asked_id.first() != Some(&b'?'));
                }
            },
        }
        self.counters.full += 1;
        if around.settings.disable_nodelay {
            actions.push(Action::Delay(id));
        }
        self.links.push(link);
        if self.links.len() == 1 && history.backlog.is_none() {
            history.rename();
            history.keep();
            actions.push(Action::Keep);
            actions.push(Action::Log(Line::notice(format!(
                "Replication backlog created, my new replication IDs are '{}' and '{}'",
                history.id,
                history.id2_text()
            ))));
        }
        self.ask_for_snapshot(id, history, around, &mut actions);
        actions
    }

    /// Redis: replication.c `masterTryPartialResynchronization`, accepted.
    fn resume(
        &mut self,
        history: &History,
        mut link: Link,
        (offset, missing): (i64, u64),
        around: Around<'_>,
        actions: &mut Vec<Action>,
    ) {
        let reply =
            if link.facts.psync2 { format!("+CONTINUE {}\r\n", history.id) } else { "+CONTINUE\r\n".into() };
        actions.push(Action::Write(link.id, reply.into_bytes()));
        actions.push(Action::Pin { link: link.id, from: u64::try_from(offset).unwrap_or(0) });
        actions.push(Action::Stream(link.id));
        actions.push(Action::Log(Line::notice(format!(
            "Partial resynchronization request from {} accepted. Sending {missing} bytes of backlog starting from offset {offset}.",
            link.name()
        ))));
        link.state = State::Online;
        self.links.push(link);
        self.counters.partial_ok += 1;
        self.count_good(around);
    }

    /// The connection of a replica ended, or is about to be ended (networking.c `freeClient`).
    pub fn detach(&mut self, id: LinkId, around: Around<'_>) -> Vec<Action> {
        let Some(at) = self.links.iter().position(|link| link.id == id) else { return Vec::new() };
        let link = self.links.remove(at);
        let mut actions =
            vec![Action::Log(Line::notice(format!("Connection with replica {} lost.", link.name())))];
        if self.links.is_empty() {
            self.alone_since_s = around.now_s;
        }
        self.cancel_if_useless(&link, &mut actions);
        self.count_good(around);
        actions
    }

    /// Ends all links (replication.c `disconnectSlaves`): what they were following is no longer what is here.
    pub fn detach_all(&mut self, around: Around<'_>) -> Vec<Action> {
        let ids: Vec<LinkId> = self.links.iter().map(|link| link.id).collect();
        let mut actions = Vec::new();
        for id in ids {
            actions.extend(self.detach(id, around));
            actions.push(Action::Close(id));
        }
        actions
    }

    /// Whether what waits for link `id`, `pending_bytes`, is more than `client-output-buffer-limit replica` allows; a limit
    /// below the backlog's size counts as that (networking.c `checkClientOutputBufferLimits`).
    pub fn overruns(&mut self, id: LinkId, pending_bytes: u64, around: Around<'_>) -> bool {
        let settings = around.settings;
        let Some(link) = self.link_mut(id) else { return false };
        let hard = settings.output_hard_bytes;
        if hard > 0 && pending_bytes >= hard.max(settings.backlog_bytes) {
            return true;
        }
        if settings.output_soft_bytes == 0 || pending_bytes < settings.output_soft_bytes {
            link.soft_since_s = None;
            return false;
        }
        let since = *link.soft_since_s.get_or_insert(around.now_s);
        around.now_s.saturating_sub(since) > settings.output_soft_s
    }

    /// Tells `link` of the copy that it gets.
    pub(super) fn announce_copy(link: &Link, history: &History, offset: u64, actions: &mut Vec<Action>) {
        if !link.pre_psync {
            actions.push(Action::Write(link.id, full_resync(history.id, offset)));
        }
        if !link.facts.rdb_only {
            actions.push(Action::Pin { link: link.id, from: offset + 1 });
        }
    }
}

/// What decides whether this server gives its stream to anybody at all.
#[derive(Clone, Copy, Debug, Default)]
pub struct Standing {
    /// It follows another server.
    pub is_replica: bool,
    /// The link to that one is up.
    pub is_linked: bool,
    /// A FAILOVER is under way.
    pub fails_over: bool,
}

impl Standing {
    /// Why nobody may follow this server now, as its error reply says it (replication.c `syncCommand`).
    pub fn refusal(self) -> Option<&'static str> {
        if self.fails_over {
            return Some("NOMASTERLINK Can't SYNC while failing over");
        }
        (self.is_replica && !self.is_linked)
            .then_some("NOMASTERLINK Can't SYNC while not connected with my master")
    }
}
