//! Batches between shards: one ring per ordered pair of shards, one batch per destination and loop turn.
//!
//! ```text
//!   home shard                                             owner of the keys
//!   request → open batch ── Requests(batch) ─────────────► execute each record,
//!   reply order of the connection ◄── Replies(same batch) ─ replies appended to the batch
//! ```
//!
//! A batch travels there and back, so its memory is reused. Records are flat bytes:
//!
//! ```text
//!   request: conn u32 | command u32 | db u32 | flags u32 | client u64 | argc u32 | user u32 | argc × len u64 | words
//!   reply:   conn u32 | flags u32 | len u64 | bytes
//! ```
//!
//! A request whose client has to wait is answered by a mark (the flag `BLOCKS`) and its waiter beside the bytes: what it
//! comes to follows later, in a letter of its own. Letters leave behind the answers that were made before them.
//!
//! Each end belongs to its shard's thread. A full ring never blocks: parcels wait in a queue of the sender's.

use super::blocked::Letter;
use crate::command::Args;
use crate::keyspace::Waiter;
use crate::resp::{Argv, Proto};
use rtrb::{Consumer, Producer, RingBuffer};
use std::collections::VecDeque;
use std::sync::Arc;

/// Parcels that a ring holds before the sender keeps the rest.
const RING: usize = 128;
/// A batch of this many bytes goes out before the turn ends.
const BATCH_BYTES: usize = 256 * 1024;
/// Emptied batches kept for reuse, and what all of them may take, in bytes: large replies must not fill the pool of
/// every shard for good.
const SPARES: usize = 16;
const SPARE_BYTES: usize = 512 * 1024;

/// Requests on the way to their keys' owner, or their replies on the way back.
#[derive(Default)]
pub struct Batch {
    requests: Vec<u8>,
    replies: Vec<u8>,
    /// Those whom the replies with the flag `BLOCKS` speak of, in their order.
    waiters: Vec<Arc<Waiter>>,
    /// Request bytes that have been executed.
    done: usize,
}

/// What a request came to.
pub enum Answer<'a> {
    /// This reply.
    Reply(&'a [u8]),
    /// Its client has to wait.
    Blocks(Arc<Waiter>),
}

/// What one shard hands another.
pub enum Parcel<S> {
    /// Commands to execute.
    Requests(Batch),
    /// What they came to.
    Replies(Batch),
    /// A fresh connection to own.
    Socket(S),
    /// Messages about blocked clients.
    Letters(Vec<Letter>),
}

/// The caller of a request, as far as its owner needs it.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct Caller {
    /// The connection's index on its home shard.
    pub conn: u32,
    /// Client id.
    pub client: u64,
    /// Selected database.
    pub db: usize,
    /// Protocol of the reply.
    pub proto: Proto,
    /// The shard of the connection.
    pub home: usize,
    /// CLIENT NO-TOUCH.
    pub no_touch: bool,
    /// Serial number of the user.
    pub user: u32,
    /// Keys that the command reads are remembered for the client.
    pub tracks: bool,
}

const V3: u32 = 1;
const NO_TOUCH: u32 = 2;
const TRACKS: u32 = 4;
/// Flag of a reply: there is none yet, the client waits.
const BLOCKS: u32 = 1;

struct Link<S> {
    tx: Producer<Parcel<S>>,
    rx: Consumer<Parcel<S>>,
    waiting: VecDeque<Parcel<S>>,
    open: Option<Batch>,
    held: Vec<Batch>,
    letters: Vec<Letter>,
    /// A batch from there whose rest is executed in a later turn.
    rest: Option<Batch>,
    /// Parcels from there that were taken out of the ring before their time.
    kept: VecDeque<Parcel<S>>,
    sent: bool,
}

/// One shard's ends of all rings.
pub struct Mesh<S> {
    links: Vec<Option<Link<S>>>,
    spares: Vec<Batch>,
}

/// A shard's ends of its rings to and from one other shard, while they are handed out.
type Ends<S> = (Option<Producer<Parcel<S>>>, Option<Consumer<Parcel<S>>>);

/// The meshes of `n` shards, in order.
pub fn build<S>(n: usize) -> Vec<Mesh<S>> {
    let mut ends: Vec<Vec<Ends<S>>> = (0..n).map(|_| (0..n).map(|_| (None, None)).collect()).collect();
    for (from, to) in (0..n).flat_map(|from| (0..n).map(move |to| (from, to))).filter(|(from, to)| from != to)
    {
        let (tx, rx) = RingBuffer::new(RING);
        ends[from][to].0 = Some(tx);
        ends[to][from].1 = Some(rx);
    }
    let link = |(tx, rx): Ends<S>| {
        Some(Link {
            tx: tx?,
            rx: rx?,
            waiting: VecDeque::new(),
            open: None,
            held: Vec::new(),
            letters: Vec::new(),
            rest: None,
            kept: VecDeque::new(),
            sent: false,
        })
    };
    ends.into_iter()
        .map(|row| Mesh { links: row.into_iter().map(link).collect(), spares: Vec::new() })
        .collect()
}

impl<S> Mesh<S> {
    /// Adds a request for `to`'s next batch. Returns whether that is full now and should go: [`Mesh::send_open`].
    pub fn request(&mut self, to: usize, caller: Caller, command: usize, argv: Args<'_>) -> bool {
        let Some(Some(link)) = self.links.get_mut(to) else { return false };
        let batch = link.open.get_or_insert_with(|| self.spares.pop().unwrap_or_default());
        write_request(&mut batch.requests, caller, command, argv);
        batch.requests.len() >= BATCH_BYTES
    }

    /// Sends `to` the batch that was begun, before the turn ends.
    pub fn send_open(&mut self, to: usize) {
        if let Some(Some(link)) = self.links.get_mut(to)
            && let Some(batch) = link.open.take()
        {
            link.put(Parcel::Requests(batch));
        }
    }

    /// Hands a connection to `to`.
    pub fn hand_over(&mut self, to: usize, socket: S) {
        if let Some(Some(link)) = self.links.get_mut(to) {
            link.put(Parcel::Socket(socket));
        }
    }

    /// Sends an answered batch back to `to`, at once or, while output is held, with the next [`Mesh::release`].
    pub fn answer(&mut self, to: usize, batch: Batch) {
        if let Some(Some(link)) = self.links.get_mut(to) {
            link.held.push(batch);
        }
    }

    /// Sends a message about a blocked client to `to`, when answers leave.
    pub fn post(&mut self, to: usize, letter: Letter) {
        if let Some(Some(link)) = self.links.get_mut(to) {
            link.letters.push(letter);
        }
    }

    /// Moves open request batches into the rings, and answers too if `may_send`. `wake` is called for each shard that
    /// was sent something.
    pub fn flush(&mut self, may_send: bool, mut wake: impl FnMut(usize)) {
        for (to, link) in self.links.iter_mut().enumerate() {
            let Some(link) = link else { continue };
            if let Some(batch) = link.open.take() {
                link.put(Parcel::Requests(batch));
            }
            if may_send {
                for batch in std::mem::take(&mut link.held) {
                    link.put(Parcel::Replies(batch));
                }
                if !link.letters.is_empty() {
                    let letters = std::mem::take(&mut link.letters);
                    link.put(Parcel::Letters(letters));
                }
            }
            link.push_waiting();
            if std::mem::take(&mut link.sent) {
                wake(to);
            }
        }
    }

    /// Parcels for `to` that found no room in its ring yet.
    pub fn backlog(&self, to: usize) -> usize {
        self.links.get(to).and_then(Option::as_ref).map_or(0, |link| link.waiting.len())
    }

    /// The next parcel from `from`.
    pub fn next(&mut self, from: usize) -> Option<Parcel<S>> {
        let link = self.links.get_mut(from)?.as_mut()?;
        let rest = link.rest.take().map(Parcel::Requests);
        rest.or_else(|| link.kept.pop_front()).or_else(|| link.rx.pop().ok())
    }

    /// The next parcel from `from` that was not taken out of its ring yet, past the batches that wait.
    pub fn next_fresh(&mut self, from: usize) -> Option<Parcel<S>> {
        self.links.get_mut(from)?.as_mut()?.rx.pop().ok()
    }

    /// Keeps a parcel of [`Mesh::next_fresh`] until [`Mesh::next`] comes to it.
    pub fn keep(&mut self, from: usize, parcel: Parcel<S>) {
        if let Some(Some(link)) = self.links.get_mut(from) {
            link.kept.push_back(parcel);
        }
    }

    /// Keeps a batch from `from` whose rest is executed later: it is the next parcel from there.
    pub fn put_back(&mut self, from: usize, batch: Batch) {
        if let Some(Some(link)) = self.links.get_mut(from) {
            link.rest = Some(batch);
        }
    }

    /// The batch from `from` that was put back has been executed up to `done`.
    pub fn advance_rest(&mut self, from: usize, done: usize) {
        if let Some(rest) = self.links.get_mut(from).and_then(|l| l.as_mut()?.rest.as_mut()) {
            rest.done = done;
        }
    }

    /// Whether batches from `from` wait to be executed.
    pub fn has_waiting(&self, from: usize) -> bool {
        let link = self.links.get(from).and_then(Option::as_ref);
        link.is_some_and(|link| link.rest.is_some() || !link.kept.is_empty())
    }

    /// Whether the next parcel from `from` was put back.
    pub fn has_rest(&self, from: usize) -> bool {
        self.links.get(from).and_then(Option::as_ref).is_some_and(|link| link.rest.is_some())
    }

    /// An empty batch.
    pub fn spare(&mut self) -> Batch {
        self.spares.pop().unwrap_or_default()
    }

    /// Whether nothing has come in and nothing waits for room in a ring.
    pub fn is_idle(&self) -> bool {
        self.links
            .iter()
            .flatten()
            .all(|l| l.rx.is_empty() && l.rest.is_none() && l.kept.is_empty() && l.waiting.is_empty())
    }

    /// Whether nothing waits for room in a ring.
    pub fn is_flushed(&self) -> bool {
        self.links.iter().flatten().all(|l| l.waiting.is_empty())
    }

    /// Keeps an emptied batch for reuse.
    pub fn recycle(&mut self, mut batch: Batch) {
        let room = |batch: &Batch| batch.requests.capacity() + batch.replies.capacity();
        let kept = self.spares.iter().map(room).sum::<usize>();
        if self.spares.len() < SPARES && kept.saturating_add(room(&batch)) <= SPARE_BYTES {
            batch.requests.clear();
            batch.replies.clear();
            batch.waiters.clear();
            batch.done = 0;
            self.spares.push(batch);
        }
    }
}

impl<S> Link<S> {
    fn put(&mut self, parcel: Parcel<S>) {
        self.sent = true;
        self.waiting.push_back(parcel);
        self.push_waiting();
    }

    fn push_waiting(&mut self) {
        while let Some(parcel) = self.waiting.pop_front() {
            if let Err(rtrb::PushError::Full(parcel)) = self.tx.push(parcel) {
                // The receiver must come and make room, whatever it is doing.
                self.sent = true;
                self.waiting.push_front(parcel);
                return;
            }
        }
    }
}

/// Appends a request, as [`Batch::request_at`] reads it.
pub(super) fn write_request(out: &mut Vec<u8>, caller: Caller, command: usize, argv: Args<'_>) {
    let flags = [(caller.proto == Proto::V3, V3), (caller.no_touch, NO_TOUCH), (caller.tracks, TRACKS)]
        .iter()
        .fold(0, |flags, (on, flag)| if *on { flags | flag } else { flags });
    out.extend_from_slice(&caller.conn.to_le_bytes());
    for n in [command, caller.db] {
        out.extend_from_slice(&u32::try_from(n).unwrap_or(u32::MAX).to_le_bytes());
    }
    out.extend_from_slice(&flags.to_le_bytes());
    out.extend_from_slice(&caller.client.to_le_bytes());
    let argc = u32::try_from(argv.len()).unwrap_or(u32::MAX);
    out.extend_from_slice(&argc.to_le_bytes());
    out.extend_from_slice(&caller.user.to_le_bytes());
    for word in argv {
        out.extend_from_slice(&(word.len() as u64).to_le_bytes());
    }
    for word in argv {
        out.extend_from_slice(word);
    }
}

fn u32_at(bytes: &[u8], at: usize) -> Option<u32> {
    Some(u32::from_le_bytes(bytes.get(at..at + 4)?.try_into().ok()?))
}

fn u64_at(bytes: &[u8], at: usize) -> Option<u64> {
    Some(u64::from_le_bytes(bytes.get(at..at + 8)?.try_into().ok()?))
}

impl Batch {
    /// Bytes of a request before its lengths of words.
    pub const HEAD: usize = 32;

    /// The request of shard `from` at `at` with its words, and the position of the next; `None` at the end.
    pub fn request_at(from: usize, requests: &[u8], at: usize) -> Option<(Caller, usize, Argv<'_>, usize)> {
        const HEAD: usize = Batch::HEAD;
        let flags = u32_at(requests, at + 12)?;
        let caller = Caller {
            conn: u32_at(requests, at)?,
            client: u64_at(requests, at + 16)?,
            db: u32_at(requests, at + 8)? as usize,
            proto: if flags & V3 != 0 { Proto::V3 } else { Proto::V2 },
            home: from,
            no_touch: flags & NO_TOUCH != 0,
            user: u32_at(requests, at + 28)?,
            tracks: flags & TRACKS != 0,
        };
        let command = u32_at(requests, at + 4)? as usize;
        let argc = u32_at(requests, at + 24)? as usize;
        let mut word_at = at + HEAD + argc * 8;
        let mut argv = Argv::with_capacity(argc);
        for i in 0..argc {
            let len = usize::try_from(u64_at(requests, at + HEAD + i * 8)?).ok()?;
            argv.push(requests.get(word_at..word_at + len)?);
            word_at += len;
        }
        Some((caller, command, argv, word_at))
    }

    /// Takes the request bytes out, to execute them from the returned position on while replies are written.
    pub fn take_requests(&mut self) -> (Vec<u8>, usize) {
        (std::mem::take(&mut self.requests), self.done)
    }

    /// Puts the request bytes back, executed up to `done`: for reuse of their memory, or to go on later.
    pub fn restore(&mut self, requests: Vec<u8>, done: usize) {
        self.requests = requests;
        self.done = done;
    }

    /// Bytes of replies so far.
    pub fn reply_bytes(&self) -> usize {
        self.replies.len()
    }

    /// Moves the replies into `other`, which has none.
    pub fn move_replies(&mut self, other: &mut Batch) {
        std::mem::swap(&mut self.replies, &mut other.replies);
        std::mem::swap(&mut self.waiters, &mut other.waiters);
    }

    /// Appends the reply that `write` makes for the connection `conn`, or the word that its client waits.
    pub fn reply(&mut self, conn: u32, write: impl FnOnce(&mut Vec<u8>) -> Option<Arc<Waiter>>) {
        let out = &mut self.replies;
        out.extend_from_slice(&conn.to_le_bytes());
        out.extend_from_slice(&[0; 12]);
        let start = out.len();
        let waiter = write(out);
        let len = (out.len() - start) as u64;
        if let Some(waiter) = waiter {
            if let Some(field) = out.get_mut(start - 12..start - 8) {
                field.copy_from_slice(&BLOCKS.to_le_bytes());
            }
            self.waiters.push(waiter);
        }
        if let Some(field) = out.get_mut(start - 8..start) {
            field.copy_from_slice(&len.to_le_bytes());
        }
    }

    /// Takes back the reply that was appended last, which is empty.
    pub fn retract_reply(&mut self) {
        self.replies.truncate(self.replies.len().saturating_sub(16));
    }

    /// Calls `f` with connection and answer of each request, in their order.
    pub fn replies(&self, mut f: impl FnMut(u32, Answer<'_>)) {
        let mut at = 0;
        let mut waiters = self.waiters.iter();
        while let (Some(conn), Some(len)) = (u32_at(&self.replies, at), u64_at(&self.replies, at + 8)) {
            let start = at + 16;
            let Some(end) = usize::try_from(len).ok().and_then(|n| start.checked_add(n)) else { return };
            let flags = u32_at(&self.replies, at + 4).unwrap_or(0);
            let waiter = if flags & BLOCKS != 0 { waiters.next() } else { None };
            f(
                conn,
                match waiter {
                    Some(waiter) => Answer::Blocks(waiter.clone()),
                    None => Answer::Reply(self.replies.get(start..end).unwrap_or_default()),
                },
            );
            at = end;
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    /// A shard that had lent its state turned its loop without a pause while requests waited in its rings. With more
    /// shards than processors it took the time of the very shard it waited for, and transactions over several shards
    /// went sixteen times slower. What is in the rings of such a shard must not keep it awake; what waits for room must.
    #[test]
    fn what_has_come_in_is_not_what_waits_to_go_out() {
        let [mut a, mut b]: [Mesh<()>; 2] = build(2).try_into().ok().expect("two meshes");
        a.hand_over(1, ());
        assert!(a.is_idle() && a.is_flushed());
        assert!(!b.is_idle() && b.is_flushed());
        (0..RING).for_each(|_| a.hand_over(1, ()));
        assert!(!a.is_idle() && !a.is_flushed());
        while b.next(0).is_some() {}
        a.flush(true, |_| {});
        assert!(a.is_flushed());
    }
}
