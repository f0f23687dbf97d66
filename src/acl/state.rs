//! The users of a server, shared by all its threads.
//!
//! | field | who writes | who reads | when |
//! |---|---|---|---|
//! | `users` | whoever runs ACL SETUSER, DELUSER, LOAD, CONFIG SET requirepass; under `edit` | all | a new snapshot per change |
//! | `generation` | the same, after `users` | all shards, once per command | acquire load, release store |
//! | `denied` | any shard, when it denies something | INFO | relaxed counters |
//! | `log` | any shard, when it denies something | ACL LOG | under a lock of its own |
//!
//! Invariant: there is always a user `default`, and its serial never changes.

use super::Reason;
use super::log::AclLog;
use super::rules::{Terms, edited};
use super::user::{DEFAULT_USER, User};
use ahash::AHashMap;
use arc_swap::{ArcSwap, Guard};
use std::collections::BTreeMap;
use std::sync::atomic::{AtomicU64, Ordering};
use std::sync::{Arc, Mutex, MutexGuard, PoisonError};

/// Serial of the default user.
const DEFAULT_SERIAL: u64 = 1;

/// A snapshot of all users, in the order of their names' bytes, as Redis's radix tree has them.
#[derive(Clone, Debug)]
pub struct Users {
    by_name: BTreeMap<Vec<u8>, Arc<User>>,
    by_serial: AHashMap<u64, Arc<User>>,
    default: Arc<User>,
}

impl Users {
    /// Only the default user, as a server begins.
    fn new() -> Users {
        let default = Arc::new(User { serial: DEFAULT_SERIAL, ..User::new_default() });
        let mut users =
            Users { by_name: BTreeMap::new(), by_serial: AHashMap::new(), default: default.clone() };
        users.put(default);
        users
    }

    /// A user by name.
    pub fn get(&self, name: &[u8]) -> Option<&Arc<User>> {
        self.by_name.get(name)
    }

    /// A user by serial number.
    pub fn by_serial(&self, serial: u64) -> Option<&Arc<User>> {
        self.by_serial.get(&serial)
    }

    /// The default user.
    #[inline]
    pub fn default_user(&self) -> &Arc<User> {
        &self.default
    }

    /// All of them.
    pub fn iter(&self) -> impl Iterator<Item = &Arc<User>> {
        self.by_name.values()
    }

    /// How many there are.
    pub fn count(&self) -> usize {
        self.by_name.len()
    }

    fn put(&mut self, user: Arc<User>) {
        if user.name() == DEFAULT_USER {
            self.default = user.clone();
        }
        self.by_serial.insert(user.serial, user.clone());
        self.by_name.insert(user.name().to_vec(), user);
    }

    fn remove(&mut self, name: &[u8]) -> Option<Arc<User>> {
        let user = self.by_name.remove(name)?;
        self.by_serial.remove(&user.serial);
        Some(user)
    }
}

/// A user before and after a change.
#[derive(Clone, Debug)]
pub struct Change {
    /// Before; `None` for a new one.
    pub before: Option<Arc<User>>,
    /// After.
    pub after: Arc<User>,
}

/// See the top of the file.
#[derive(Debug)]
pub struct Acl {
    users: ArcSwap<Users>,
    generation: AtomicU64,
    edit: Mutex<()>,
    next_serial: AtomicU64,
    denied: [AtomicU64; 4],
    /// What was denied lately.
    pub log: AclLog,
}

impl Default for Acl {
    fn default() -> Acl {
        Acl {
            users: ArcSwap::from_pointee(Users::new()),
            generation: AtomicU64::new(1),
            edit: Mutex::new(()),
            next_serial: AtomicU64::new(DEFAULT_SERIAL + 1),
            denied: Default::default(),
            log: AclLog::default(),
        }
    }
}

impl Acl {
    /// Changes with every change of a user; never `u64::MAX`.
    #[inline]
    pub fn generation(&self) -> u64 {
        self.generation.load(Ordering::Acquire)
    }

    /// The present users.
    #[inline]
    pub fn users(&self) -> Guard<Arc<Users>> {
        self.users.load()
    }

    /// Counts something denied for INFO.
    pub fn count_denied(&self, reason: Reason) {
        if let Some(counter) = self.denied.get(reason as usize) {
            counter.fetch_add(1, Ordering::Relaxed);
        }
    }

    /// How often something was denied for this reason.
    pub fn denied(&self, reason: Reason) -> u64 {
        self.denied.get(reason as usize).map_or(0, |counter| counter.load(Ordering::Relaxed))
    }

    /// Makes or changes a user by rules: all of them or none.
    ///
    /// # Errors
    /// The reply of ACL SETUSER, without a code.
    pub fn set_user(&self, name: &[u8], words: &[&[u8]], terms: Terms<'_>) -> Result<Change, Vec<u8>> {
        let _guard = self.lock();
        let mut users = Users::clone(&self.users.load());
        let before = users.get(name).cloned();
        let mut next = match &before {
            Some(user) => edited(user, words, terms)?,
            None => edited(&User::new(name, terms.all_channels), words, terms)?,
        };
        next.serial = before.as_ref().map_or_else(|| self.serial(), |user| user.serial);
        let after = Arc::new(next);
        users.put(after.clone());
        self.publish(users);
        Ok(Change { before, after })
    }

    /// Deletes users, `default` excepted. Returns those that there were.
    pub fn delete(&self, names: &[&[u8]]) -> Vec<Arc<User>> {
        let _guard = self.lock();
        let mut users = Users::clone(&self.users.load());
        let names = names.iter().filter(|name| **name != DEFAULT_USER);
        let removed: Vec<Arc<User>> = names.filter_map(|name| users.remove(name)).collect();
        if !removed.is_empty() {
            self.publish(users);
        }
        removed
    }

    /// Adds users to those that there are; one of a known name takes its place.
    pub fn add(&self, more: Vec<User>) {
        let _guard = self.lock();
        let mut users = Users::clone(&self.users.load());
        for user in more {
            let serial = users.get(user.name()).map_or_else(|| self.serial(), |known| known.serial);
            users.put(Arc::new(User { serial, ..user }));
        }
        self.publish(users);
    }

    /// Puts `all` in the place of all users. The default user is made anew if it is not among them. Returns those that there
    /// were, also where one of the same name came, and the change of the default user (acl.c `ACLLoadFromFile`).
    pub fn replace(&self, all: Vec<User>) -> (Vec<Arc<User>>, Change) {
        let _guard = self.lock();
        let old = self.users.load();
        let mut users = Users::new();
        for user in all {
            // Serial numbers are kept: a file that is loaded every minute must not use them up.
            let serial = old.get(user.name()).map_or_else(|| self.serial(), |known| known.serial);
            users.put(Arc::new(User { serial, ..user }));
        }
        let gone = old.iter().filter(|user| user.name() != DEFAULT_USER).cloned().collect();
        let change = Change { before: Some(old.default.clone()), after: users.default.clone() };
        self.publish(users);
        (gone, change)
    }

    /// Makes `password` the only one of the default user, or lets any do (`requirepass`).
    pub fn set_default_password(&self, password: Option<&[u8]>) {
        let _guard = self.lock();
        let mut users = Users::clone(&self.users.load());
        let mut default = User::clone(&users.default);
        default.set_password(password);
        users.put(Arc::new(default));
        self.publish(users);
    }

    fn lock(&self) -> MutexGuard<'_, ()> {
        self.edit.lock().unwrap_or_else(PoisonError::into_inner)
    }

    fn serial(&self) -> u64 {
        self.next_serial.fetch_add(1, Ordering::Relaxed)
    }

    /// To be called under `edit`. The generation moves after the users: who sees it sees them.
    fn publish(&self, users: Users) {
        self.users.store(Arc::new(users));
        self.generation.fetch_add(1, Ordering::Release);
    }
}
