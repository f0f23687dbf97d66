//! What INFO and ROLE say of replicas.

use super::{Replicas, State};

/// One replica, as others are told of it.
#[derive(Clone, PartialEq, Eq, Debug)]
pub struct SlaveLine {
    /// Its address: announced, else that of its socket.
    pub ip: String,
    /// Where it listens.
    pub port: i64,
    /// INFO's name of its state.
    pub state: &'static str,
    /// What it acknowledged.
    pub offset: u64,
    /// Seconds since.
    pub lag_s: i64,
}

impl SlaveLine {
    /// Whether it gets the stream.
    pub fn is_online(&self) -> bool {
        Some(self.state) == State::Online.name()
    }
}

impl Replicas {
    /// Those that INFO lists, in its order (server.c `genRedisInfoString`).
    pub fn report(&self, now_s: i64) -> Vec<SlaveLine> {
        let line = |link: &super::Link| {
            Some(SlaveLine {
                ip: link.address().to_owned(),
                port: link.facts.listening_port,
                state: link.state.name()?,
                offset: link.ack_offset,
                lag_s: link.lag_s(now_s),
            })
        };
        self.links.iter().filter_map(line).collect()
    }
}
