//! The script cache that all shards share: source texts by their SHA-1 (eval.c `lctx.lua_scripts`).
//!
//! | field | who writes | who reads | when |
//! |---|---|---|---|
//! | `generation` | SCRIPT FLUSH | every thread, before it trusts what it compiled | relaxed; a number that is never used again |
//! | `scripts` | EVAL of a new text, SCRIPT LOAD, FLUSH | a thread that meets a script for the first time | under a lock |
//! | `Script::placement` | whoever ran the script | routing | relaxed; only ever moves forward |

use super::flags::{self, Flags};
use crate::base::digest;
use ahash::AHashMap;
use std::sync::atomic::{AtomicU8, AtomicU64, AtomicUsize, Ordering};
use std::sync::{Arc, PoisonError, RwLock};

/// SHA-1 of a script as 40 lower-case digits.
pub type Sha = [u8; 40];

/// Where a script may run on a server of several shards.
#[derive(Clone, Copy, PartialEq, Eq, Debug)]
pub enum Placement {
    /// Not known yet: over all shards.
    Unknown,
    /// So far it touched only the shards of the keys that were declared: there.
    Declared,
    /// It once touched another: over all shards, for good.
    Everywhere,
}

/// The mark that decides a [`Placement`]; shared by all shards.
#[derive(Debug, Default)]
pub struct Mark(AtomicU8);

impl Mark {
    /// What is known.
    pub fn get(&self) -> Placement {
        match self.0.load(Ordering::Relaxed) {
            0 => Placement::Unknown,
            1 => Placement::Declared,
            _ => Placement::Everywhere,
        }
    }

    /// A run over all shards touched only declared ones. A mark that was withdrawn stays so.
    pub fn declared_suffice(&self) {
        // Lost against a withdrawal: that is what must win.
        let _ = self.0.compare_exchange(0, 1, Ordering::Relaxed, Ordering::Relaxed);
    }

    /// A run touched a shard beyond those.
    pub fn withdraw(&self) {
        self.0.store(2, Ordering::Relaxed);
    }
}

/// A script.
#[derive(Debug)]
pub struct Script {
    /// Its name.
    pub sha: Sha,
    /// Its text.
    pub body: Box<[u8]>,
    /// What its shebang line declares.
    pub flags: Flags,
    /// Length of that line: the code begins with its line end, so that lines count as in the text.
    pub shebang_len: usize,
    /// Where it may run.
    pub mark: Mark,
}

impl Script {
    /// What is compiled.
    pub fn code(&self) -> &[u8] {
        self.body.get(self.shebang_len..).unwrap_or_default()
    }
}

/// All scripts of a server.
pub struct Cache {
    generation: AtomicU64,
    scripts: RwLock<AHashMap<Sha, Arc<Script>>>,
    bytes: AtomicUsize,
}

/// Never the same twice in a process, whichever server asks: threads of tests serve several.
static NEXT_GENERATION: AtomicU64 = AtomicU64::new(1);

/// A number that nobody has got before.
pub(super) fn fresh_number() -> u64 {
    NEXT_GENERATION.fetch_add(1, Ordering::Relaxed)
}

impl Default for Cache {
    fn default() -> Cache {
        Cache {
            generation: AtomicU64::new(fresh_number()),
            scripts: RwLock::default(),
            bytes: AtomicUsize::new(0),
        }
    }
}

/// What each script takes beside its text: its struct, its place in the table.
const OVERHEAD: usize = size_of::<Script>() + 2 * size_of::<(Sha, Arc<Script>)>();

impl Cache {
    /// What is compiled under another generation is void.
    #[inline]
    pub fn generation(&self) -> u64 {
        self.generation.load(Ordering::Acquire)
    }

    /// The script of this name.
    pub fn get(&self, sha: &Sha) -> Option<Arc<Script>> {
        self.scripts.read().unwrap_or_else(PoisonError::into_inner).get(sha).cloned()
    }

    /// Makes a script of `body`, which is not in the cache yet: [`Cache::add`] it when it has compiled.
    ///
    /// # Errors
    /// What is wrong with its shebang line.
    pub fn parse(body: &[u8]) -> Result<Script, Vec<u8>> {
        let (flags, shebang_len) = flags::of_script(body)?;
        Ok(Script { sha: sha_of(body), body: body.into(), flags, shebang_len, mark: Mark::default() })
    }

    /// Adds a script; the one that is there already, if another shard was faster.
    pub fn add(&self, script: Script) -> Arc<Script> {
        let mut scripts = self.scripts.write().unwrap_or_else(PoisonError::into_inner);
        let entry = scripts.entry(script.sha);
        let script = entry.or_insert_with(|| {
            self.bytes.fetch_add(script.body.len() + OVERHEAD, Ordering::Relaxed);
            Arc::new(script)
        });
        script.clone()
    }

    /// Forgets all scripts.
    pub fn flush(&self) {
        let mut scripts = self.scripts.write().unwrap_or_else(PoisonError::into_inner);
        *scripts = AHashMap::new();
        self.bytes.store(0, Ordering::Relaxed);
        self.generation.store(fresh_number(), Ordering::Release);
    }

    /// Number of scripts.
    pub fn len(&self) -> usize {
        self.scripts.read().unwrap_or_else(PoisonError::into_inner).len()
    }

    /// Whether there is none.
    pub fn is_empty(&self) -> bool {
        self.len() == 0
    }

    /// Bytes that their texts and the table take.
    pub fn memory(&self) -> usize {
        self.bytes.load(Ordering::Relaxed)
    }
}

/// The name of a script.
pub fn sha_of(body: &[u8]) -> Sha {
    const DIGITS: &[u8; 16] = b"0123456789abcdef";
    let mut sha = [0; 40];
    for (pair, byte) in sha.chunks_exact_mut(2).zip(digest::sha1(body)) {
        pair[0] = DIGITS[usize::from(byte >> 4)];
        pair[1] = DIGITS[usize::from(byte & 15)];
    }
    sha
}

/// A name as a client wrote it, in lower case; `None` if it has another length.
#[inline]
pub fn sha_word(word: &[u8]) -> Option<Sha> {
    let mut sha: Sha = word.try_into().ok()?;
    sha.make_ascii_lowercase();
    Some(sha)
}
