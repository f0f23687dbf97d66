//! What shards tell each other about blocked clients. Letters travel in the rings of the mesh, behind the answers that
//! were made before them.

use crate::keyspace::Waiter;
use std::sync::Arc;

/// One message about a blocked client.
#[derive(Debug)]
pub enum Letter {
    /// To its home: its command was run and replied this.
    Reply(Arc<Waiter>, Vec<u8>),
    /// To its home: its command was run and found nothing, and the wait had been ended meanwhile.
    Nothing(Arc<Waiter>),
    /// To its home: a key got something, but the command needs keys of other shards; it is to be run over all of them. The
    /// sender has claimed the client.
    Again(Arc<Waiter>),
    /// To the shards of its keys: it does not wait any more.
    Forget(Arc<Waiter>),
    /// To the shards of its keys: somebody found the client busy when a key got something; it waits on, so look again.
    Look(Arc<Waiter>),
}
