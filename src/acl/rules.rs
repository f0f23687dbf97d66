//! Rule words: what ACL SETUSER, ACL files and `user` lines are made of.
//!
//! Redis: acl.c `ACLSetUser`, `ACLSetSelector`, `ACLMergeSelectorArguments`. A word is compared up to a zero byte, as C
//! compares it; passwords and hashes are taken whole.

use super::catalog::Catalog;
use super::has_spaces;
use super::selector::{Access, KeyPattern, Selector};
use super::user::User;
use crate::base::{args, digest};

/// Digits of a password's digest.
const HASH_LEN: usize = 64;

/// What rules are read with.
#[derive(Clone, Copy, Debug)]
pub struct Terms<'a> {
    /// The commands.
    pub catalog: &'a Catalog,
    /// `acl-pubsub-default` is `allchannels`.
    pub all_channels: bool,
}

/// Why a rule was refused, in Redis's words (acl.c `ACLSetUserStringError`).
#[derive(Clone, Copy, Debug, PartialEq, Eq, thiserror::Error)]
pub enum RuleError {
    /// No such command or category.
    #[error("Unknown command or category name in ACL")]
    Unknown,
    /// Not a rule.
    #[error("Syntax error")]
    Syntax,
    /// Every key is allowed already.
    #[error(
        "Adding a pattern after the * pattern (or the 'allkeys' flag) is not valid and does not have any effect. Try 'resetkeys' to start with an empty list of patterns"
    )]
    AllKeys,
    /// Every channel is allowed already.
    #[error(
        "Adding a pattern after the * pattern (or the 'allchannels' flag) is not valid and does not have any effect. Try 'resetchannels' to start with an empty list of channels"
    )]
    AllChannels,
    /// The user has no such password.
    #[error("The password you are trying to remove from the user does not exist")]
    NoPassword,
    /// Not a digest.
    #[error(
        "The password hash must be exactly 64 characters and contain only lowercase hexadecimal characters"
    )]
    Hash,
    /// The first argument of a subcommand.
    #[error("Allowing first-arg of a subcommand is not supported")]
    FirstArg,
}

/// The word as C reads it: up to a zero byte.
fn c_str(word: &[u8]) -> &[u8] {
    word.split(|&byte| byte == 0).next().unwrap_or_default()
}

fn is(word: &[u8], rule: &str) -> bool {
    word.eq_ignore_ascii_case(rule.as_bytes())
}

impl User {
    /// Applies one rule.
    ///
    /// # Errors
    /// The rule is refused; the user stays as it was.
    pub fn apply(&mut self, word: &[u8], terms: Terms<'_>) -> Result<(), RuleError> {
        let text = c_str(word);
        match () {
            () if word.is_empty() => {}
            () if is(text, "on") => self.enabled = true,
            () if is(text, "off") => self.enabled = false,
            () if is(text, "skip-sanitize-payload") => self.skip_sanitize = true,
            () if is(text, "sanitize-payload") => self.skip_sanitize = false,
            () if is(text, "nopass") => self.forget_passwords(true),
            () if is(text, "resetpass") => self.forget_passwords(false),
            () if is(text, "clearselectors") => self.others.clear(),
            () if is(text, "reset") => self.reset(terms),
            () => return self.apply_signed(word, terms),
        }
        Ok(())
    }

    /// Applies a rule that begins with a sign.
    fn apply_signed(&mut self, word: &[u8], terms: Terms<'_>) -> Result<(), RuleError> {
        match word {
            [b'>', password @ ..] => self.add_password(digest::sha256_hex(password).into_bytes()),
            [b'#', hash @ ..] => self.add_password(checked_hash(hash)?),
            [b'<', password @ ..] => self.remove_password(digest::sha256_hex(password).as_bytes())?,
            [b'!', hash @ ..] => self.remove_password(&checked_hash(hash)?)?,
            [b'(', inner @ .., b')'] => {
                let mut selector = Selector::new(terms.all_channels);
                // Redis takes unbalanced quotes for no rules at all; a rule that does nothing is a trap.
                for rule in args::split_args(inner).ok_or(RuleError::Syntax)? {
                    selector.apply(&rule, terms)?;
                }
                self.others.push(selector);
            }
            _ => self.root.apply(word, terms)?,
        }
        Ok(())
    }

    fn forget_passwords(&mut self, no_password: bool) {
        self.no_password = no_password;
        self.passwords.clear();
    }

    fn add_password(&mut self, hash: Vec<u8>) {
        if !self.passwords.contains(&hash) {
            self.passwords.push(hash);
        }
        self.no_password = false;
    }

    fn remove_password(&mut self, hash: &[u8]) -> Result<(), RuleError> {
        let at = self.passwords.iter().position(|known| known == hash).ok_or(RuleError::NoPassword)?;
        self.passwords.remove(at);
        Ok(())
    }

    /// Back to a new user, but by its own rules: `reset` leaves what has no rule.
    fn reset(&mut self, terms: Terms<'_>) {
        self.forget_passwords(false);
        self.enabled = false;
        self.skip_sanitize = false;
        self.others.clear();
        self.root = Selector::new(terms.all_channels);
    }

    /// Makes `password` the only one, or lets any do (acl.c `ACLUpdateDefaultUserPassword`).
    pub(super) fn set_password(&mut self, password: Option<&[u8]>) {
        self.forget_passwords(password.is_none());
        if let Some(password) = password {
            self.add_password(digest::sha256_hex(password).into_bytes());
        }
    }
}

fn checked_hash(hash: &[u8]) -> Result<Vec<u8>, RuleError> {
    let fits = hash.len() == HASH_LEN && hash.iter().all(|byte| matches!(byte, b'a'..=b'f' | b'0'..=b'9'));
    if fits { Ok(hash.to_vec()) } else { Err(RuleError::Hash) }
}

impl Selector {
    /// Applies one rule about commands, keys or channels.
    ///
    /// # Errors
    /// The rule is refused; the selector stays as it was.
    pub(super) fn apply(&mut self, word: &[u8], terms: Terms<'_>) -> Result<(), RuleError> {
        let text = c_str(word);
        match () {
            () if is(text, "allkeys") || text == b"~*" => self.set_all_keys(true),
            () if is(text, "resetkeys") => self.set_all_keys(false),
            () if is(text, "allchannels") || text == b"&*" => self.set_all_channels(true),
            () if is(text, "resetchannels") => self.set_all_channels(false),
            () if is(text, "allcommands") || is(text, "+@all") => self.change_all(true),
            () if is(text, "nocommands") || is(text, "-@all") => self.change_all(false),
            () => return self.apply_signed(word, terms.catalog),
        }
        Ok(())
    }

    fn apply_signed(&mut self, word: &[u8], catalog: &Catalog) -> Result<(), RuleError> {
        match word {
            [b'~' | b'%', ..] => self.add_key_pattern(word),
            [b'&', channel @ ..] => self.add_channel(channel),
            [sign @ (b'+' | b'-'), b'@', ..] => {
                let name = c_str(word.get(1..).unwrap_or_default());
                let category = catalog.category(name.get(1..).unwrap_or_default());
                let category = category.ok_or(RuleError::Unknown)?;
                self.note_rule(name, *sign == b'+');
                self.change_category(catalog, category, *sign == b'+');
                Ok(())
            }
            [b'+', name @ ..] => self.allow_command(c_str(name), catalog),
            [b'-', name @ ..] => self.change_command(c_str(name), catalog, false),
            _ => Err(RuleError::Syntax),
        }
    }

    fn set_all_keys(&mut self, all: bool) {
        self.all_keys = all;
        self.keys.clear();
    }

    fn set_all_channels(&mut self, all: bool) {
        self.all_channels = all;
        self.channels.clear();
    }

    /// `~pattern`, `%R~pattern`, `%W~pattern`, `%RW~pattern`.
    fn add_key_pattern(&mut self, word: &[u8]) -> Result<(), RuleError> {
        if self.all_keys {
            return Err(RuleError::AllKeys);
        }
        let (access, pattern) = match word {
            [b'~', pattern @ ..] => (Access::ALL, pattern),
            [_, letters @ ..] => access_letters(letters)?,
            [] => return Err(RuleError::Syntax),
        };
        if has_spaces(pattern) {
            return Err(RuleError::Syntax);
        }
        match self.keys.iter_mut().find(|known| known.pattern == pattern) {
            Some(known) => known.access = known.access.with(access),
            None => self.keys.push(KeyPattern { access, pattern: pattern.to_vec() }),
        }
        Ok(())
    }

    fn add_channel(&mut self, channel: &[u8]) -> Result<(), RuleError> {
        if self.all_channels {
            return Err(RuleError::AllChannels);
        }
        if has_spaces(channel) {
            return Err(RuleError::Syntax);
        }
        if !self.channels.iter().any(|known| known == channel) {
            self.channels.push(channel.to_vec());
        }
        Ok(())
    }

    fn change_command(&mut self, name: &[u8], catalog: &Catalog, allow: bool) -> Result<(), RuleError> {
        let id = catalog.find(name).ok_or(RuleError::Unknown)?;
        self.change(catalog, id, allow);
        self.note_rule(name, allow);
        Ok(())
    }

    /// `+command`, `+container|subcommand`, `+command|first-argument`.
    fn allow_command(&mut self, name: &[u8], catalog: &Catalog) -> Result<(), RuleError> {
        let Some(bar) = name.iter().rposition(|&byte| byte == b'|') else {
            return self.change_command(name, catalog, true);
        };
        let (command, first_arg) = (&name[..bar], &name[bar + 1..]);
        let id = catalog.find(command).ok_or(RuleError::Unknown)?;
        let facts = catalog.get(id).ok_or(RuleError::Unknown)?;
        if facts.is_subcommand {
            return Err(RuleError::FirstArg);
        }
        // A word with spaces could not be written down again (Redis 7.2 ends itself over it).
        if first_arg.is_empty() || has_spaces(first_arg) {
            return Err(RuleError::Syntax);
        }
        if !facts.subcommands.is_empty() {
            return self.change_command(name, catalog, true);
        }
        self.allow_first_arg(id, first_arg);
        self.note_rule(name, true);
        Ok(())
    }
}

/// Reads what stands between `%` and the pattern.
fn access_letters(letters: &[u8]) -> Result<(Access, &[u8]), RuleError> {
    let mut access = Access::NONE;
    let mut rest = letters;
    loop {
        let (more, tail) = match rest {
            [b'R' | b'r', tail @ ..] if !access.covers(Access::READ) => (Access::READ, tail),
            [b'W' | b'w', tail @ ..] if !access.covers(Access::WRITE) => (Access::WRITE, tail),
            [b'~', pattern @ ..] if access != Access::NONE => return Ok((access, pattern)),
            // Redis takes a missing pattern for an empty one.
            [] if access != Access::NONE => return Ok((access, rest)),
            _ => return Err(RuleError::Syntax),
        };
        (access, rest) = (access.with(more), tail);
    }
}

/// Joins words of a selector in parentheses that was split at its spaces.
///
/// # Errors
/// Index of the word with the parenthesis that is not closed.
pub fn merge_selectors(words: &[&[u8]]) -> Result<Vec<Vec<u8>>, usize> {
    let mut merged: Vec<Vec<u8>> = Vec::with_capacity(words.len());
    let mut open: Option<(usize, Vec<u8>)> = None;
    for (index, word) in words.iter().enumerate() {
        let closes = word.last() == Some(&b')');
        open = match open.take() {
            None if word.first() == Some(&b'(') && !closes => Some((index, word.to_vec())),
            None => {
                merged.push(word.to_vec());
                None
            }
            Some((start, mut selector)) => {
                selector.push(b' ');
                selector.extend_from_slice(c_str(word));
                if closes {
                    merged.push(selector);
                    None
                } else {
                    Some((start, selector))
                }
            }
        };
    }
    match open {
        Some((start, _)) => Err(start),
        None => Ok(merged),
    }
}

/// `user` with these rules applied: all of them or none (acl.c `ACLStringSetUser`).
///
/// # Errors
/// The reply of ACL SETUSER, without a code.
pub fn edited(user: &User, words: &[&[u8]], terms: Terms<'_>) -> Result<User, Vec<u8>> {
    let merged = merge_selectors(words).map_err(|start| {
        let word = c_str(words.get(start).copied().unwrap_or_default());
        [b"Unmatched parenthesis in acl selector starting at '", word, b"'."].concat()
    })?;
    let mut next = user.clone();
    for rule in &merged {
        next.apply(rule, terms).map_err(|error| {
            [b"Error in ACL SETUSER modifier '", c_str(rule), b"': ", error.to_string().as_bytes()].concat()
        })?;
    }
    Ok(next)
}
