//! A message, what of it one shard has to deliver, and its bytes on the wire.

use super::Name;
use crate::resp::{Out, Proto};
use smallvec::SmallVec;
use std::sync::Arc;

/// The two kinds of channels (Redis: pubsub.c `pubsubtype`).
#[derive(Clone, Copy, PartialEq, Eq, Debug, Hash)]
pub enum Kind {
    /// SUBSCRIBE and PUBLISH; patterns see these.
    Channel,
    /// SSUBSCRIBE and SPUBLISH; patterns do not.
    Shard,
}

impl Kind {
    /// Place in a pair of tables.
    pub fn index(self) -> usize {
        usize::from(self == Kind::Shard)
    }

    /// First word of a message to subscribers of the channel.
    fn verb(self) -> &'static [u8] {
        match self {
            Kind::Channel => b"message",
            Kind::Shard => b"smessage",
        }
    }
}

/// One published message; its bytes are shared by all shards that deliver it.
#[derive(Debug)]
pub struct Message {
    /// Kind of the channel.
    pub kind: Kind,
    /// The channel.
    pub channel: Box<[u8]>,
    /// What was published.
    pub payload: Box<[u8]>,
}

impl Message {
    /// What it counts for where messages pile up.
    pub fn cost(&self) -> usize {
        self.channel.len().saturating_add(self.payload.len()).saturating_add(128)
    }

    /// The message as a subscriber of `pattern`, or of the channel, gets it (pubsub.c `addReplyPubsubMessage`,
    /// `addReplyPubsubPatMessage`).
    fn write(&self, pattern: Option<&[u8]>, mut out: Out<'_>) {
        out.push(3 + usize::from(pattern.is_some()));
        match pattern {
            Some(pattern) => {
                out.bulk(b"pmessage");
                out.bulk(pattern);
            }
            None => out.bulk(self.kind.verb()),
        }
        out.bulk(&self.channel);
        out.bulk(&self.payload);
    }
}

/// What one shard does for one message.
#[derive(Clone, Debug)]
pub struct Delivery {
    /// The message.
    pub message: Arc<Message>,
    /// Whether it has subscribers of the channel.
    pub channel: bool,
    /// Patterns that match and have subscribers there.
    pub patterns: SmallVec<[Name; 1]>,
    /// What it counts for in the shard's inbox.
    pub charged: usize,
}

/// The bytes of one message in either protocol, each made when it is first needed.
#[derive(Default)]
pub struct Forms {
    v2: Vec<u8>,
    v3: Vec<u8>,
}

impl Forms {
    /// Forgets the bytes and keeps their memory, unless that is much.
    pub fn clear(&mut self) {
        for form in [&mut self.v2, &mut self.v3] {
            form.clear();
            form.shrink_to(64 * 1024);
        }
    }

    /// The bytes for a subscriber in protocol `proto`.
    pub fn get(&mut self, message: &Message, pattern: Option<&[u8]>, proto: Proto) -> &[u8] {
        let form = match proto {
            Proto::V2 => &mut self.v2,
            Proto::V3 => &mut self.v3,
        };
        if form.is_empty() {
            message.write(pattern, Out::new(form, proto));
        }
        form
    }
}
