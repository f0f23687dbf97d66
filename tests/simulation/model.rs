//! What one client alone must be answered: a sequential model of strings, MULTI and WATCH.

use crate::support::Value;
use std::collections::{BTreeMap, BTreeSet};

/// The keyspace and the client's transaction, as the model sees them.
#[derive(Default)]
pub struct Model {
    keys: BTreeMap<String, Vec<u8>>,
    watched: BTreeSet<String>,
    dirty: bool,
    queue: Option<Vec<Vec<String>>>,
}

fn ok() -> Value {
    Value::Simple(b"OK".to_vec())
}

fn count(n: usize) -> Value {
    Value::Int(i64::try_from(n).unwrap())
}

fn error(text: &str) -> Value {
    Value::Error(text.as_bytes().to_vec())
}

impl Model {
    /// The reply to a command of the client.
    pub fn answer(&mut self, words: &[String]) -> Value {
        let words_only: Vec<&str> = words.iter().map(String::as_str).collect();
        match (words_only.as_slice(), self.queue.is_some()) {
            (["MULTI"], _) => {
                self.queue = Some(Vec::new());
                ok()
            }
            (["DISCARD"], _) => {
                self.queue = None;
                self.forget();
                ok()
            }
            (["EXEC"], _) => self.exec(),
            (["UNWATCH"], false) => {
                self.forget();
                ok()
            }
            (_, true) => {
                self.queue.get_or_insert_default().push(words.to_vec());
                Value::Simple(b"QUEUED".to_vec())
            }
            (["WATCH", keys @ ..], false) => {
                self.watched.extend(keys.iter().map(|k| (*k).to_string()));
                ok()
            }
            (words, false) => self.run(words),
        }
    }

    fn forget(&mut self) {
        self.watched.clear();
        self.dirty = false;
    }

    fn exec(&mut self) -> Value {
        let queue = self.queue.take().unwrap_or_default();
        let dirty = self.dirty;
        self.forget();
        if dirty {
            return Value::NullArray;
        }
        Value::Array(
            queue
                .iter()
                .map(|words| self.run(&words.iter().map(String::as_str).collect::<Vec<_>>()))
                .collect(),
        )
    }

    fn put(&mut self, key: &str, value: Vec<u8>) {
        self.keys.insert(key.to_string(), value);
        self.touch(key);
    }

    fn touch(&mut self, key: &str) {
        self.dirty |= self.watched.contains(key);
    }

    fn take(&mut self, key: &str) -> Option<Vec<u8>> {
        let old = self.keys.remove(key);
        if old.is_some() {
            self.touch(key);
        }
        old
    }

    fn get(&self, key: &str) -> Value {
        self.keys.get(key).map_or(Value::NullBulk, |v| Value::Bulk(v.clone()))
    }

    fn has(&self, key: &str) -> bool {
        self.keys.contains_key(key)
    }

    fn run(&mut self, words: &[&str]) -> Value {
        match words {
            ["GET", key] => self.get(key),
            ["STRLEN", key] => count(self.keys.get(*key).map_or(0, Vec::len)),
            ["MGET", keys @ ..] => Value::Array(keys.iter().map(|k| self.get(k)).collect()),
            ["EXISTS", keys @ ..] => count(keys.iter().filter(|k| self.has(k)).count()),
            ["SET", key, value] => {
                self.put(key, value.as_bytes().to_vec());
                ok()
            }
            ["GETSET", key, value] => {
                let old = self.get(key);
                self.put(key, value.as_bytes().to_vec());
                old
            }
            ["APPEND", key, value] => {
                let mut whole = self.keys.get(*key).cloned().unwrap_or_default();
                whole.extend_from_slice(value.as_bytes());
                let len = whole.len();
                self.put(key, whole);
                count(len)
            }
            ["INCR", key] => {
                let old = self.keys.get(*key).map_or("0".into(), |v| String::from_utf8_lossy(v).into_owned());
                // Redis takes canonical decimals only: "07" is no integer.
                let n = match old.parse::<i64>() {
                    Ok(n) if n < i64::MAX && n.to_string() == old => n,
                    Ok(i64::MAX) => return error("ERR increment or decrement would overflow"),
                    _ => return error("ERR value is not an integer or out of range"),
                };
                self.put(key, (n + 1).to_string().into_bytes());
                Value::Int(n + 1)
            }
            ["DEL", keys @ ..] => count(keys.iter().filter(|k| self.take(k).is_some()).count()),
            _ => self.run_pairs(words),
        }
    }

    fn run_pairs(&mut self, words: &[&str]) -> Value {
        match words {
            ["MSET", pairs @ ..] => {
                pairs.chunks(2).for_each(|p| self.put(p[0], p[1].as_bytes().to_vec()));
                ok()
            }
            ["MSETNX", pairs @ ..] => {
                let free = !pairs.chunks(2).any(|p| self.has(p[0]));
                if free {
                    pairs.chunks(2).for_each(|p| self.put(p[0], p[1].as_bytes().to_vec()));
                }
                count(usize::from(free))
            }
            ["RENAME" | "RENAMENX", from, _] if !self.has(from) => error("ERR no such key"),
            ["RENAMENX", _, to] if self.has(to) => Value::Int(0),
            [name @ ("RENAME" | "RENAMENX"), from, to] => {
                let value = self.take(from).unwrap_or_default();
                self.put(to, value);
                if *name == "RENAME" { ok() } else { Value::Int(1) }
            }
            ["COPY", from, to] => match self.keys.get(*from).cloned() {
                Some(value) if !self.has(to) => {
                    self.put(to, value);
                    Value::Int(1)
                }
                _ => Value::Int(0),
            },
            other => panic!("the model does not know {other:?}"),
        }
    }
}
