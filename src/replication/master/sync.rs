//! Full synchronization: one snapshot for all replicas that wait and can read it.

use super::attach::Around;
use super::{Action, Facts, Link, LinkId, Replicas, State};
use crate::replication::{History, Line};

/// Where a copy goes.
#[derive(Clone, Copy, PartialEq, Eq, Debug)]
pub enum Target {
    /// A file, which is then sent to each replica by itself.
    Disk,
    /// The sockets of all replicas that wait, as it is made.
    Sockets,
}

/// The copy that is needed.
#[derive(Clone, Copy, PartialEq, Eq, Debug)]
pub struct Want {
    /// Where it goes.
    pub target: Target,
    /// Keys stay out.
    pub without_data: bool,
    /// Libraries stay out.
    pub without_functions: bool,
}

/// A copy on its way.
#[derive(Clone, Debug)]
pub(super) struct Making {
    want: Want,
    /// Offset of the stream at its cut, once that is there.
    cut: Option<u64>,
    /// What ends a copy of unknown length.
    mark: String,
}

impl Replicas {
    /// The new link `id` waits for a copy: it shares the one that is being made, or one begins, or it waits.
    /// Redis: replication.c `syncCommand`, from "CASE 1" on.
    pub(super) fn ask_for_snapshot(
        &mut self,
        id: LinkId,
        history: &History,
        around: Around<'_>,
        actions: &mut Vec<Action>,
    ) {
        match self.making.as_ref().map(|making| (making.want.target, making.cut)) {
            Some((Target::Disk, cut)) => self.share_file(id, cut, history, actions),
            Some((Target::Sockets, _)) => actions.push(Action::Log(Line::notice(
                "Current BGSAVE has socket target. Waiting for next BGSAVE for SYNC",
            ))),
            None => {
                let eof = self.link(id).is_some_and(|link| link.facts.eof);
                let settings = around.settings;
                if settings.diskless_sync && eof && settings.diskless_delay_s > 0 {
                    actions.push(Action::Log(Line::notice("Delay next BGSAVE for diskless SYNC")));
                } else if around.is_saving {
                    actions.push(Action::Log(Line::notice(
                        "No BGSAVE in progress, but another BG operation is active. BGSAVE for replication delayed",
                    )));
                } else {
                    self.begin(around, actions);
                }
            }
        }
    }

    /// Joins a file that is being written, if another replica waits for it that can do no more than this one: the stream
    /// from the cut on is this one's as well.
    fn share_file(&mut self, id: LinkId, cut: Option<u64>, history: &History, actions: &mut Vec<Action>) {
        let Some(at) = self.links.iter().position(|link| link.id == id) else { return };
        let mine = &self.links[at];
        let other = self.links.iter().find(|other| {
            other.id != id
                && other.state == State::WaitEnd { sockets: false }
                && (!other.facts.rdb_only || mine.facts.rdb_only)
        });
        let fits = other
            .is_some_and(|other| mine.facts.can_all_of(&other.facts) && mine.facts.wants_same(&other.facts));
        if !fits {
            actions.push(Action::Log(Line::notice(
                "Can't attach the replica to the current BGSAVE. Waiting for next BGSAVE for SYNC",
            )));
            return;
        }
        self.links[at].state = State::WaitEnd { sockets: false };
        if let Some(offset) = cut {
            Replicas::announce_copy(&self.links[at], history, offset, actions);
        }
        actions.push(Action::Log(Line::notice("Waiting for end of BGSAVE for SYNC")));
    }

    /// Begins a copy for the replica that waits longest and all that want the same parts
    /// (replication.c `startBgsaveForReplication`).
    pub(super) fn begin(&mut self, around: Around<'_>, actions: &mut Vec<Action>) {
        let waits = |link: &&Link| link.state == State::WaitStart;
        let Some(first) = self.links.iter().find(waits).map(|link| link.facts.clone()) else { return };
        let joins = |link: &Link| link.state == State::WaitStart && link.facts.wants_same(&first);
        let all_eof = self.links.iter().filter(|link| joins(link)).all(|link| link.facts.eof);
        let sockets = (around.settings.diskless_sync || first.is_filtered()) && all_eof;
        for link in self.links.iter_mut().filter(|link| joins(link)) {
            link.state = State::WaitEnd { sockets };
        }
        let target = if sockets { Target::Sockets } else { Target::Disk };
        let want =
            Want { target, without_data: first.without_data, without_functions: first.without_functions };
        let name = if sockets { "replicas sockets" } else { "disk" };
        actions.push(Action::Log(Line::notice(format!("Starting BGSAVE for SYNC with target: {name}"))));
        actions.push(Action::Snapshot(want));
        self.making = Some(Making { want, cut: None, mark: crate::base::prng::random_hex(40) });
    }

    /// Begins a copy if enough replicas wait, or one for long enough (replication.c `shouldStartChildReplication`).
    pub(super) fn begin_if_due(&mut self, around: Around<'_>, actions: &mut Vec<Action>) {
        if self.making.is_some() || around.is_saving {
            return;
        }
        let mut first: Option<&Facts> = None;
        let (mut waiting, mut longest_s) = (0_usize, 0);
        for link in self.links.iter().filter(|link| link.state == State::WaitStart) {
            if first.get_or_insert(&link.facts).wants_same(&link.facts) {
                waiting += 1;
                longest_s = longest_s.max(around.now_s.saturating_sub(link.asked_s));
            }
        }
        let settings = around.settings;
        let enough = settings.diskless_max_replicas > 0 && waiting >= settings.diskless_max_replicas;
        if waiting > 0 && (!settings.diskless_sync || enough || longest_s >= settings.diskless_delay_s) {
            self.begin(around, actions);
        }
    }

    /// The replicas that receive the copy which is being made, as it is made.
    pub fn receivers(&self) -> impl Iterator<Item = LinkId> + '_ {
        self.links.iter().filter(|l| l.state == State::WaitEnd { sockets: true }).map(|l| l.id)
    }

    /// The stream was at `offset` when the copy was cut.
    pub fn cut(&mut self, history: &History, offset: u64) -> Vec<Action> {
        let mut actions = Vec::new();
        let Some(making) = &mut self.making else { return actions };
        making.cut = Some(offset);
        let preamble = format!("$EOF:{}\r\n", making.mark).into_bytes();
        for link in &self.links {
            let State::WaitEnd { sockets } = link.state else { continue };
            Replicas::announce_copy(link, history, offset, &mut actions);
            if sockets {
                actions.push(Action::Write(link.id, preamble.clone()));
            }
        }
        actions
    }

    /// A copy's last byte was handed to the sockets, or its file is complete. Those who wait for the file are named in
    /// the answer: it is to be sent to them, `$length` first. Redis: replication.c `updateSlavesWaitingBgsave`.
    pub fn finished(&mut self, around: Around<'_>) -> (Vec<Action>, Vec<LinkId>) {
        let Some(making) = self.making.take() else { return (Vec::new(), Vec::new()) };
        let (mut actions, mut files) = (Vec::new(), Vec::new());
        let waiting: Vec<(LinkId, bool)> = self
            .links
            .iter()
            .filter_map(|link| match link.state {
                State::WaitEnd { sockets } => Some((link.id, sockets)),
                _ => None,
            })
            .collect();
        for (id, sockets) in waiting {
            if !sockets {
                if let Some(link) = self.link_mut(id) {
                    link.state = State::SendBulk;
                }
                files.push(id);
                continue;
            }
            actions.push(Action::Write(id, making.mark.clone().into_bytes()));
            let name = self.link(id).map(Link::name).unwrap_or_default();
            actions.push(Action::Log(Line::notice(format!(
                "Streamed RDB transfer with replica {name} succeeded (socket). Waiting for REPLCONF ACK from replica to enable streaming"
            ))));
            if self.put_online(id, around, &mut actions)
                && let Some(link) = self.link_mut(id)
            {
                link.start_on_ack = true;
            }
        }
        (actions, files)
    }

    /// The file was sent to `id` as a whole: the stream follows.
    pub fn file_sent(&mut self, id: LinkId, around: Around<'_>) -> Vec<Action> {
        let mut actions = Vec::new();
        if self.link(id).is_some_and(|link| link.state == State::SendBulk)
            && self.put_online(id, around, &mut actions)
        {
            actions.push(Action::Stream(id));
        }
        actions
    }

    /// The copy failed. Who has been promised nothing yet is told so, the others' links end, since they would wait for
    /// ever (replication.c `startBgsaveForReplication`, `updateSlavesWaitingBgsave`).
    pub fn failed(&mut self, around: Around<'_>) -> Vec<Action> {
        let Some(making) = self.making.take() else { return Vec::new() };
        let ids: Vec<LinkId> =
            self.links.iter().filter(|l| matches!(l.state, State::WaitEnd { .. })).map(|l| l.id).collect();
        let mut actions = Vec::new();
        if making.cut.is_none() {
            actions.push(Action::Log(Line::warning("BGSAVE for replication failed")));
        }
        for id in ids {
            if making.cut.is_none() {
                actions
                    .push(Action::Write(id, b"-ERR BGSAVE failed, replication can't continue\r\n".to_vec()));
            } else {
                actions.push(Action::Log(Line::warning("SYNC failed. BGSAVE child returned an error")));
            }
            actions.extend(self.detach(id, around));
            actions.push(Action::Close(id));
        }
        actions
    }

    /// Nobody is left who waits for the copy: it is given up. A file is kept on being written only while somebody wants it.
    pub(super) fn cancel_if_useless(&mut self, gone: &Link, actions: &mut Vec<Action>) {
        let State::WaitEnd { sockets } = gone.state else { return };
        let wanted = self.links.iter().any(|link| matches!(link.state, State::WaitEnd { .. }));
        if wanted || self.making.take().is_none() {
            return;
        }
        if sockets {
            actions.push(Action::Log(Line::warning(
                "Diskless rdb transfer, last replica dropped, killing fork child.",
            )));
        }
        actions.push(Action::Cancel);
    }

    /// The copy is there; the stream may begin unless the replica wanted none (replication.c `replicaPutOnline`).
    fn put_online(&mut self, id: LinkId, around: Around<'_>, actions: &mut Vec<Action>) -> bool {
        let Some(link) = self.link_mut(id) else { return false };
        if link.facts.rdb_only {
            link.state = State::Sent;
            actions.push(Action::Log(Line::notice(format!(
                "RDB transfer completed, rdb only replica ({}) should be disconnected asap",
                link.name()
            ))));
            actions.push(Action::Close(id));
            return false;
        }
        link.state = State::Online;
        link.ack_s = around.now_s;
        link.stuck_since_s = None;
        actions.push(Action::Log(Line::notice(format!(
            "Synchronization with replica {} succeeded",
            link.name()
        ))));
        self.count_good(around);
        true
    }
}
