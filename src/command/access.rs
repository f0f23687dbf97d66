//! Whether a user may run a command: its words meet the selectors of `acl`.
//!
//! Redis: acl.c `ACLCheckAllUserCommandPerm`, `ACLSelectorCheckCmd`, `getAclErrorMessage`; db.c
//! `getChannelsFromCommand`. The gate asks for each command of a client, EXEC again for each of its queue, and scripts for
//! each of their calls. A user who may do everything is never brought here: [`Session::passes`] and [`Session::limits`]
//! tell.

use super::connection::client;
use super::meta::{CATEGORIES, cat, flag, key_flag};
use super::{Args, Command, Ctx, Failure, Server, Session, table};
use crate::acl::{Access, Catalog, CommandFacts, Context, Event, Reason, Selector, Terms, User};
use crate::config::AclPubsubDefault;
use crate::observe::ClientInfo;
use smallvec::SmallVec;
use std::sync::OnceLock;

/// What a user may not do.
#[derive(Clone, Copy, PartialEq, Eq, PartialOrd, Ord, Debug)]
pub struct Denied {
    /// What it was.
    pub reason: Reason,
    /// The word that names it: 0 for the command itself.
    pub at: usize,
}

/// Words of a command that are keys, and what is done to them. Found when the first selector asks.
type KeyWords = SmallVec<[(usize, Access); 4]>;

/// The commands as rules know them.
pub fn catalog() -> &'static Catalog {
    static CATALOG: OnceLock<Catalog> = OnceLock::new();
    CATALOG.get_or_init(|| {
        let facts = table::all().iter().map(|command| CommandFacts {
            full_name: command.full_name.clone(),
            categories: command.row.meta.categories,
            subcommands: command.subcommands.iter().map(|sub| sub.id).collect(),
            is_subcommand: command.parent.is_some(),
        });
        Catalog::new(facts.collect(), CATEGORIES)
    })
}

/// What rules are read with under this configuration.
pub fn terms(default: AclPubsubDefault) -> Terms<'static> {
    Terms { catalog: catalog(), all_channels: default == AclPubsubDefault::AllChannels }
}

/// Whether `user` may run this command.
///
/// # Errors
/// What is forbidden; of several selectors' answers the one that Redis tells.
pub fn permit(user: &User, command: &'static Command, argv: Args<'_>) -> Result<(), Denied> {
    let mut keys = None;
    let mut worst = Denied { reason: Reason::Command, at: 0 };
    for selector in user.selectors() {
        match check(selector, command, argv, &mut keys) {
            Ok(()) => return Ok(()),
            Err(denied) => worst = worst.max(denied),
        }
    }
    Err(worst)
}

/// Whether `user` may run this command and do `access` to every key there could be, as SORT's BY and GET need
/// (acl.c `ACLUserCheckCmdWithUnrestrictedKeyAccess`).
pub fn permit_with_all_keys(user: &User, command: &'static Command, argv: Args<'_>, access: Access) -> bool {
    let mut keys = None;
    user.selectors().any(|s| check(s, command, argv, &mut keys).is_ok() && s.may_touch_all(access))
}

fn check(
    selector: &Selector,
    command: &'static Command,
    argv: Args<'_>,
    keys: &mut Option<KeyWords>,
) -> Result<(), Denied> {
    let meta = command.row.meta;
    if !meta.has(flag::NO_AUTH) && !selector.may_run(command.id, argv.get(1).copied()) {
        return Err(Denied { reason: Reason::Command, at: 0 });
    }
    let word = |at: usize| argv.get(at).copied().unwrap_or_default();
    if !selector.has_all_keys() && table::has_keys(command.row) {
        for &(at, access) in keys.get_or_insert_with(|| key_words(command, argv)).iter() {
            if !selector.may_touch(word(at), access) {
                return Err(Denied { reason: Reason::Key, at });
            }
        }
    }
    if !selector.has_all_channels()
        && let Some((last, is_pattern)) = channel_words(command, argv.len())
    {
        for at in 1..=last {
            if !selector.may_use_channel(word(at), is_pattern) {
                return Err(Denied { reason: Reason::Channel, at });
            }
        }
    }
    Ok(())
}

fn key_words(command: &'static Command, argv: Args<'_>) -> KeyWords {
    if let (Some(at), [spec]) = (command.one_key, command.row.meta.keys)
        && spec.flags & key_flag::VARIABLE_FLAGS == 0
    {
        return KeyWords::from_iter([(at, access(spec.flags))]);
    }
    let mut found = Vec::new();
    // Words that name no keys touch none: the command will say what is wrong with them.
    let _ = table::keys_with_flags(command, argv, &mut found);
    found.into_iter().map(|(at, flags)| (at, access(flags))).collect()
}

/// What the flags of a key specification mean for permissions.
fn access(flags: u32) -> Access {
    let reads = if flags & key_flag::ACCESS != 0 { Access::READ } else { Access::NONE };
    let changes = flags & (key_flag::INSERT | key_flag::DELETE | key_flag::UPDATE) != 0;
    if changes { reads.with(Access::WRITE) } else { reads }
}

/// The last word that is a channel, from word 1 on, and whether they are patterns. Giving up a subscription needs no permission.
fn channel_words(command: &Command, words: usize) -> Option<(usize, bool)> {
    let meta = command.row.meta;
    if meta.categories & cat::PUBSUB == 0 || command.parent.is_some() {
        return None;
    }
    match meta.name {
        "publish" | "spublish" => Some((1, false)),
        "subscribe" | "ssubscribe" => Some((words.saturating_sub(1), false)),
        "psubscribe" => Some((words.saturating_sub(1), true)),
        _ => None,
    }
}

impl Denied {
    /// What to say of it, without a code. `verbose` names the key or channel, as only ACL DRYRUN does.
    pub fn text(&self, user: &User, command: &Command, argv: Args<'_>, verbose: bool) -> Vec<u8> {
        let word = argv.get(self.at).copied().unwrap_or_default();
        let whole = |middle: &[u8], name: &[u8], end: &[u8]| {
            [b"User ", user.name(), b" has no permissions to ", middle, b" '", name, b"' ", end].concat()
        };
        match self.reason {
            Reason::Command | Reason::Auth => whole(b"run the", command.full_name.as_bytes(), b"command"),
            Reason::Key if verbose => whole(b"access the", word, b"key"),
            Reason::Channel if verbose => whole(b"access the", word, b"channel"),
            Reason::Key => b"No permissions to access a key".to_vec(),
            Reason::Channel => b"No permissions to access a channel".to_vec(),
        }
    }

    /// The error line of a command that is refused.
    pub fn failure(&self, user: &User, command: &Command, argv: Args<'_>) -> Failure {
        Failure::Bytes([b"NOPERM ", self.text(user, command, argv, false).as_slice()].concat())
    }

    /// The error line in the place of a queued command that EXEC must not run any more (multi.c `execCommand`).
    pub fn exec_failure(&self) -> Failure {
        let reason = match self.reason {
            Reason::Command | Reason::Auth => "no permission to execute the command or subcommand",
            Reason::Key => "no permission to touch the specified keys",
            Reason::Channel => "no permission to access one of the channels used as arguments",
        };
        Failure::from(format!(
            "NOPERM ACLs rules changed between the moment the transaction was accumulated and the EXEC call. This command is no longer allowed for the following reason: {reason}"
        ))
    }
}

/// Who did what was denied, for the log.
pub struct Culprit<'a> {
    /// The connection, or the session under which a command of another shard's connection runs here.
    pub session: &'a Session,
    /// The user.
    pub user: &'a [u8],
    /// The running command.
    pub command: &'static Command,
    /// Its words.
    pub argv: Args<'a>,
    /// Unix time in milliseconds.
    pub now_ms: i64,
}

impl Server {
    /// Counts and logs what was denied (acl.c `addACLLogEntry`).
    #[cold]
    pub fn log_denied(&self, denied: Denied, context: Context, culprit: &Culprit<'_>) {
        let Culprit { session, user, command, argv, now_ms } = *culprit;
        self.acl.count_denied(denied.reason);
        let word = argv.get(denied.at).copied().unwrap_or_default();
        let object = match denied.reason {
            Reason::Command => command.full_name.clone().into_bytes(),
            Reason::Key | Reason::Channel | Reason::Auth => word.to_vec(),
        };
        let event = Event {
            reason: denied.reason,
            context,
            object,
            username: user.to_vec(),
            client_info: client::describe(self, session, command, argv, now_ms),
            time_ms: now_ms,
        };
        let max_len = usize::try_from(self.config.load().acllog_max_len).unwrap_or(usize::MAX);
        self.acl.log.add(event, max_len);
    }
}

/// Whether a script may run this command for its caller, whose [`Session::limits`] gave `user`; what it may not is logged
/// (script.c `scriptVerifyACL`).
///
/// # Errors
/// What to say of it, without a code.
pub fn permit_in_script(
    server: &Server,
    session: &Session,
    user: &User,
    command: &'static Command,
    argv: Args<'_>,
    now_ms: i64,
) -> Result<(), Vec<u8>> {
    permit(user, command, argv).map_err(|denied| {
        let culprit = Culprit { session, user: user.name(), command, argv, now_ms };
        server.log_denied(denied, Context::Lua, &culprit);
        [b"ACL failure in script: ", denied.text(user, command, argv, false).as_slice()].concat()
    })
}

/// Whether everything that a connection subscribes to is allowed to `user`.
pub fn keeps_subscriptions(info: &ClientInfo, user: &User) -> bool {
    let Some(names) = info.subscriptions.get() else { return true };
    names.all(|name, is_pattern| user.may_use_channel(name, is_pattern))
}

/// Ends the caller, who has just subscribed, if that ceased to be allowed since the gate let it pass. Whoever took the
/// permission away has looked at its subscriptions, perhaps before this one was there; then the new generation shows here.
pub fn end_if_revoked(ctx: &mut Ctx<'_>) {
    let session = &mut *ctx.session;
    if session.guest.is_none() && session.renew_if_stale(&ctx.server.acl) {
        session.close_after_reply |= !keeps_subscriptions(&session.info, session.user());
    }
}

#[cfg(test)]
mod tests;
