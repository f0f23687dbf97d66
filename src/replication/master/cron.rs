//! What happens to links by time alone, once a second.

use super::attach::Around;
use super::{Action, LinkId, Replicas, State};
use crate::replication::{History, Line};

/// What is fed to the stream every `repl-ping-replica-period` seconds.
const PING: &[u8] = b"*1\r\n$4\r\nPING\r\n";

impl Replicas {
    /// A second has passed. Redis: replication.c `replicationCron`.
    pub fn second(&mut self, history: &mut History, around: Around<'_>) -> Vec<Action> {
        let mut actions = Vec::new();
        let due = self.seconds % around.settings.ping_period_s.max(1) == 0;
        self.seconds += 1;
        if due && !self.links.is_empty() && !around.is_replica && !around.is_frozen {
            actions.push(Action::Feed(PING.to_vec()));
        }
        for link in &self.links {
            // A master that is about to send a file is silent; this shows that it lives.
            if matches!(link.state, State::WaitStart | State::WaitEnd { sockets: false }) {
                actions.push(Action::Write(link.id, b"\n".to_vec()));
            }
        }
        for (id, line) in self.overdue(around) {
            actions.push(Action::Log(Line::warning(line)));
            actions.extend(self.detach(id, around));
            actions.push(Action::Close(id));
        }
        if self.links.is_empty()
            && !around.is_replica
            && let Some(line) = history.expire_backlog(around.now_s, self.alone_since_s, around.settings)
        {
            actions.push(Action::Forget);
            actions.push(Action::Log(line));
        }
        self.begin_if_due(around, &mut actions);
        self.count_good(around);
        actions
    }

    /// The sends of a copy to `id` stopped (`Some`, unix seconds) or go on.
    pub fn stuck(&mut self, id: LinkId, since_s: Option<i64>) {
        if let Some(link) = self.link_mut(id) {
            link.stuck_since_s = since_s;
        }
    }

    fn overdue(&self, around: Around<'_>) -> Vec<(LinkId, String)> {
        let timeout = around.settings.timeout_s;
        let late = |since: i64| around.now_s.saturating_sub(since) > timeout;
        let mut found = Vec::new();
        for link in &self.links {
            match link.state {
                State::Online if !link.pre_psync && late(link.ack_s) => {
                    let line = format!("Disconnecting timedout replica (streaming sync): {}", link.name());
                    found.push((link.id, line));
                }
                State::WaitEnd { sockets: true } if link.stuck_since_s.is_some_and(late) => {
                    let line = format!("Disconnecting timedout replica (full sync): {}", link.name());
                    found.push((link.id, line));
                }
                _ => {}
            }
        }
        found
    }

    /// Counts replicas in time (replication.c `refreshGoodSlavesCount`).
    pub fn count_good(&mut self, around: Around<'_>) {
        let settings = around.settings;
        if settings.min_replicas == 0 || settings.min_replicas_max_lag_s == 0 {
            return;
        }
        let in_time = |lag: i64| lag <= settings.min_replicas_max_lag_s;
        self.good = self
            .links
            .iter()
            .filter(|l| l.state == State::Online && in_time(around.now_s.saturating_sub(l.ack_s)))
            .count();
    }
}
