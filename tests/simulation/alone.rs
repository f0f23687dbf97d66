//! One client alone: every reply must be the model's, whatever the pipeline, the pieces and the weather.

use super::fleet::{Actor, Fleet};
use super::link::{Leave, Link};
use super::model::Model;
use crate::support::{Rng, Value};
use shoal::command::table;
use std::collections::VecDeque;

const KEYS: u64 = 6;

/// A client that knows the answers.
pub struct Alone {
    link: Link,
    model: Model,
    rng: Rng,
    expected: VecDeque<(String, Value)>,
    /// Pipelines still to send.
    left: u64,
    leaving: Option<Leave>,
    in_multi: bool,
    done: bool,
    /// Distinguishes its keys from those of clients before it, whose last commands may or may not have been executed.
    generation: usize,
    /// The key of a request that was cut off: it must not exist.
    pub cut_off: Option<String>,
}

fn known(name: &str) -> bool {
    table::is_known(name.as_bytes())
}

impl Alone {
    pub fn new(fleet: &mut Fleet, generation: usize) -> Alone {
        let mut rng = fleet.rng.fork(7);
        Alone {
            link: Link::new(fleet),
            model: Model::default(),
            expected: VecDeque::new(),
            left: rng.below(8) + 1,
            leaving: None,
            in_multi: false,
            done: false,
            generation,
            cut_off: None,
            rng,
        }
    }

    fn key(&mut self) -> String {
        format!("{}:{}", self.generation, self.rng.below(KEYS))
    }

    fn keys(&mut self) -> Vec<String> {
        let count = self.rng.range(2, 4);
        (0..count).map(|_| self.key()).collect()
    }

    fn value(&mut self) -> String {
        if self.rng.percent(10) {
            "x".repeat(self.rng.index(3_000))
        } else {
            self.rng.below(1_000).to_string()
        }
    }

    fn two_keys(&mut self, name: &str) -> Vec<String> {
        let first = self.rng.below(KEYS);
        let second = (first + 1 + self.rng.below(KEYS - 1)) % KEYS;
        vec![name.into(), format!("{}:{first}", self.generation), format!("{}:{second}", self.generation)]
    }

    fn pairs(&mut self, name: &str) -> Vec<String> {
        let mut words = vec![name.to_string()];
        for key in self.keys() {
            words.push(key);
            words.push(self.value());
        }
        words
    }

    fn command(&mut self) -> Vec<String> {
        let with_keys = |name: &str, keys: Vec<String>| [vec![name.to_string()], keys].concat();
        match self.rng.below(24) {
            0..=2 => vec!["GET".into(), self.key()],
            3..=5 => vec!["SET".into(), self.key(), self.value()],
            6 => vec!["APPEND".into(), self.key(), self.value() + "7"],
            7 => vec!["INCR".into(), self.key()],
            8 => vec!["GETSET".into(), self.key(), self.value()],
            9 => vec!["STRLEN".into(), self.key()],
            10 | 11 => with_keys("MGET", self.keys()),
            12 | 13 => self.pairs("MSET"),
            14 => self.pairs("MSETNX"),
            15 => with_keys("DEL", self.keys()),
            16 => with_keys("EXISTS", self.keys()),
            17 => self.two_keys("RENAME"),
            18 => self.two_keys("RENAMENX"),
            19 => self.two_keys("COPY"),
            20 if self.in_multi => vec!["DISCARD".into()],
            20 | 21 if self.in_multi => vec!["EXEC".into()],
            20 => vec!["MULTI".into()],
            21 => vec!["UNWATCH".into()],
            22 if !self.in_multi => with_keys("WATCH", self.keys()),
            _ => vec!["SET".into(), self.key(), self.value()],
        }
    }

    /// A pipeline of commands that the server has, each with the reply that it must give.
    fn pipeline(&mut self) {
        let commands = self.rng.range(1, 12);
        for _ in 0..commands {
            let words = self.command();
            if !known(&words[0]) {
                continue;
            }
            match words[0].as_str() {
                "MULTI" => self.in_multi = true,
                "EXEC" | "DISCARD" => self.in_multi = false,
                _ => {}
            }
            let reply = self.model.answer(&words);
            self.link.request(&words);
            self.expected.push_back((words.join(" "), reply));
        }
    }

    fn check(&mut self) {
        while let Some(reply) = self.link.replies.pop_front() {
            let (command, expected) = self.expected.pop_front().expect("a reply that nobody asked for");
            assert_eq!(reply, expected, "to: {command}");
        }
    }

    fn leave(&mut self) {
        let how = *self.rng.pick(&[Leave::Close, Leave::Reset, Leave::HalfClose, Leave::HalfClose]);
        if how != Leave::HalfClose || self.link.has_sent() {
            if how != Leave::Reset && self.link.has_sent() && self.rng.percent(30) {
                let key = format!("{}:cut", self.generation);
                let request = crate::support::encode(&["SET", &key, "value"]);
                self.link.client.send(&request[..1 + self.rng.index(request.len() - 1)]);
                self.cut_off = Some(key);
            }
            self.link.leave(how);
            self.leaving = Some(how);
        }
    }
}

impl Actor for Alone {
    fn act(&mut self, _fleet: &mut Fleet) -> bool {
        if self.done {
            return false;
        }
        let moved = self.link.poll(&mut self.rng);
        self.check();
        match self.leaving {
            Some(Leave::HalfClose) if self.link.client.is_over() => {
                // Whatever came before the end of its requests is answered.
                assert!(self.expected.is_empty(), "unanswered before the end: {:?}", self.expected.front());
                self.done = true;
            }
            Some(Leave::HalfClose) => return moved,
            Some(_) => self.done = true,
            None if self.left == 0 && (self.expected.is_empty() || self.rng.percent(20)) => self.leave(),
            None if self.left > 0 && (self.expected.is_empty() || self.rng.percent(3)) => {
                self.left -= 1;
                self.pipeline();
            }
            None => {
                assert!(!self.link.client.is_over(), "the server closed a connection in good order");
                return moved;
            }
        }
        true
    }

    fn is_done(&self) -> bool {
        self.done
    }

    fn explain(&self) -> String {
        format!("unanswered: {:?}, leaving: {:?}", self.expected.front(), self.leaving)
    }
}
