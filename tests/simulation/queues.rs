//! Producers and blocking consumers over a few lists. Consumers give up, are unblocked, and leave in every way; at the end
//! each element was delivered once or lies in a list. Only what was on its way to a client that vanished may be missing,
//! and there is at most one such element for each.

use super::fleet::{Actor, Fleet};
use super::link::{Leave, Link};
use crate::support::{Rng, Value};
use std::cell::{Cell, RefCell};
use std::collections::BTreeMap;
use std::rc::Rc;

const KEYS: usize = 4;

/// What all clients share.
#[derive(Default)]
struct Shared {
    pushed: Cell<usize>,
    /// Times each element was delivered.
    delivered: RefCell<BTreeMap<String, usize>>,
    /// Clients that vanished with a request in flight.
    vanished: Cell<usize>,
}

#[derive(Clone, Copy, PartialEq, Eq)]
enum Role {
    Producer,
    Consumer,
    /// Ends waits by CLIENT UNBLOCK.
    Unblocker,
}

/// One client.
pub struct Client {
    role: Role,
    link: Link,
    rng: Rng,
    shared: Rc<Shared>,
    left: u64,
    /// Replies that are still to come.
    owed: usize,
    /// The request in flight pops what it replies.
    pops: bool,
    leaving: bool,
    done: bool,
}

fn key(at: usize) -> String {
    format!("q{}", at % KEYS)
}

impl Client {
    fn request(&mut self, words: &[String]) {
        self.link.request(words);
        self.owed += 1;
    }

    fn push(&mut self) {
        let list = key(self.rng.index(KEYS));
        let count = self.rng.range(1, 3) as usize;
        let first = self.shared.pushed.replace(self.shared.pushed.get() + count);
        let verb = if self.rng.percent(50) { "RPUSH" } else { "LPUSH" };
        let elements = (first..first + count).map(|n| format!("e{n}"));
        let words: Vec<String> = [verb.to_string(), list.clone()].into_iter().chain(elements).collect();
        let multi = self.rng.percent(40);
        if multi {
            self.request(&["MULTI".to_string()]);
        }
        self.request(&words);
        if multi {
            let (other, number) = (key(self.rng.index(KEYS)), self.shared.pushed.get());
            self.shared.pushed.set(number + 1);
            self.request(&["LPUSH".to_string(), other, format!("e{number}")]);
            self.request(&["LLEN".to_string(), list]);
            self.request(&["EXEC".to_string()]);
        }
    }

    fn pop(&mut self) {
        let start = self.rng.index(KEYS);
        let timeout = format!("0.{:03}", 1 + self.rng.below(20));
        self.pops = !self.rng.percent(25);
        let mut words: Vec<String> = if self.pops {
            let count = self.rng.range(1, 3) as usize;
            let verb = if self.rng.percent(50) { "BLPOP" } else { "BRPOP" };
            [verb.to_string()].into_iter().chain((0..count).map(|i| key(start + i))).collect()
        } else {
            let ends = ["LEFT".to_string(), "RIGHT".to_string()];
            let to = start + self.rng.index(KEYS);
            ["BLMOVE".to_string(), key(start), key(to)].into_iter().chain(ends).collect()
        };
        words.push(timeout);
        self.request(&words);
    }

    fn start(&mut self) {
        self.left -= 1;
        match self.role {
            Role::Producer => self.push(),
            Role::Consumer => self.pop(),
            Role::Unblocker => {
                let id = self.rng.range(1, 12).to_string();
                let how = *self.rng.pick(&["TIMEOUT", "ERROR"]);
                self.request(&["CLIENT".to_string(), "UNBLOCK".to_string(), id, how.to_string()]);
            }
        }
    }

    fn collect(&mut self) {
        while let Some(reply) = self.link.replies.pop_front() {
            self.owed = self.owed.checked_sub(1).expect("replies that nobody asked for");
            match &reply {
                Value::Array(items) if self.role == Role::Consumer => {
                    let element = String::from_utf8(items[1].bytes().unwrap().to_vec()).unwrap();
                    *self.shared.delivered.borrow_mut().entry(element).or_default() += 1;
                }
                Value::Error(text) => assert!(text.starts_with(b"UNBLOCKED"), "{reply}"),
                _ => {}
            }
        }
    }

    fn leave(&mut self, how: Leave) {
        // What was half sent when its end came is no request. One that only sends no more reads what was popped for it.
        if how != Leave::HalfClose && self.owed > 0 && self.pops {
            self.shared.vanished.set(self.shared.vanished.get() + 1);
        }
        self.link.leave(how);
        self.leaving = true;
    }

    /// Comes back after it left, or is done.
    fn return_or_end(&mut self, fleet: &Fleet) {
        self.owed = 0;
        self.leaving = false;
        if self.left == 0 {
            self.done = true;
        } else {
            self.link = Link::new(fleet);
        }
    }
}

impl Actor for Client {
    fn act(&mut self, fleet: &mut Fleet) -> bool {
        if self.done {
            return false;
        }
        let moved = self.link.poll(&mut self.rng);
        self.collect();
        if self.link.client.is_over() {
            assert!(self.leaving, "the server closed a connection in good order");
            self.return_or_end(fleet);
            return true;
        }
        if self.leaving {
            return moved;
        }
        if self.owed == 0 {
            match self.left {
                0 => self.leave(Leave::Close),
                _ => self.start(),
            }
            return true;
        }
        if self.role == Role::Consumer && self.rng.percent(2) {
            let how = *self.rng.pick(&[Leave::Close, Leave::Reset, Leave::HalfClose, Leave::HalfClose]);
            self.leave(how);
            return true;
        }
        moved
    }

    fn is_done(&self) -> bool {
        self.done
    }

    fn explain(&self) -> String {
        format!("waits for {} replies, leaving: {}", self.owed, self.leaving)
    }
}

/// All clients of a run.
pub struct Queues {
    pub clients: Vec<Client>,
    shared: Rc<Shared>,
}

impl Queues {
    pub fn new(fleet: &mut Fleet, count: usize) -> Queues {
        let shared = Rc::new(Shared::default());
        let client = |i: usize| {
            let role = match i {
                0 => Role::Unblocker,
                _ if i % 3 == 1 => Role::Producer,
                _ => Role::Consumer,
            };
            let mut rng = fleet.rng.fork(i as u64);
            let left = 5 + rng.below(15);
            Client {
                role,
                link: Link::new(fleet),
                rng,
                shared: shared.clone(),
                left,
                owed: 0,
                pops: false,
                leaving: false,
                done: false,
            }
        };
        Queues { clients: (0..count).map(client).collect(), shared }
    }

    /// What asks for everything that lies in the lists.
    pub fn leftovers() -> Vec<Vec<String>> {
        (0..KEYS).map(|at| vec!["LRANGE".to_string(), key(at), "0".to_string(), "-1".to_string()]).collect()
    }

    /// Judges the run; `lists` is what lies in the lists.
    pub fn check(&self, lists: &[Value]) {
        let mut seen = self.shared.delivered.borrow().clone();
        for element in lists.iter().flat_map(Value::items) {
            let element = String::from_utf8(element.bytes().unwrap().to_vec()).unwrap();
            *seen.entry(element).or_default() += 1;
        }
        let twice: Vec<&String> = seen.iter().filter(|(_, times)| **times > 1).map(|(e, _)| e).collect();
        assert!(twice.is_empty(), "delivered more than once: {twice:?}");
        let missing = self.shared.pushed.get() - seen.len();
        assert!(
            missing <= self.shared.vanished.get(),
            "{missing} lost, {} vanished",
            self.shared.vanished.get()
        );
    }
}
