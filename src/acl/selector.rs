//! One set of permissions: commands, keys, channels. A user has one, its root, and perhaps more in parentheses; an access
//! is allowed if one of them alone allows all of it.
//!
//! ```text
//! allowed     one bit per command of the catalog; words that are not there are as `starts_full` says
//! first_args  command → first arguments with which it may run although its bit is clear (`+select|0`)
//! rules       the words that led there, in order, for ACL LIST
//! ```

use super::catalog::Catalog;
use crate::base::glob;

/// What is done to a key, or allowed to be done: bits.
#[derive(Clone, Copy, PartialEq, Eq, Debug, Default)]
pub struct Access(u8);

impl Access {
    /// Nothing that reads or changes the value: EXISTS, TYPE, STRLEN.
    pub const NONE: Access = Access(0);
    /// The value is returned or copied.
    pub const READ: Access = Access(1);
    /// The value is changed, put there or deleted.
    pub const WRITE: Access = Access(2);
    /// Both.
    pub const ALL: Access = Access(3);

    /// Both sets together.
    pub const fn with(self, other: Access) -> Access {
        Access(self.0 | other.0)
    }

    /// Whether all of `other` is in this one.
    pub const fn covers(self, other: Access) -> bool {
        self.0 & other.0 == other.0
    }
}

/// A pattern of keys and what may be done to them.
#[derive(Clone, PartialEq, Eq, Debug)]
pub(super) struct KeyPattern {
    pub access: Access,
    pub pattern: Vec<u8>,
}

/// A rule about commands as it was given, its name in lower case: `+get`, `-@write`, `+config|get`.
#[derive(Clone, PartialEq, Eq, Debug)]
struct CommandRule {
    allow: bool,
    name: Vec<u8>,
}

/// See the top of the file.
#[derive(Clone, PartialEq, Eq, Debug, Default)]
pub struct Selector {
    pub(super) all_keys: bool,
    pub(super) all_channels: bool,
    /// Every bit is set: no look at it is needed.
    pub(super) all_commands: bool,
    /// `+@all` came later than any `-@all`: a command that a later version brings is allowed too.
    pub(super) starts_full: bool,
    allowed: Vec<u64>,
    first_args: Vec<(usize, Vec<Vec<u8>>)>,
    pub(super) keys: Vec<KeyPattern>,
    pub(super) channels: Vec<Vec<u8>>,
    rules: Vec<CommandRule>,
}

impl Selector {
    /// A selector without permissions, channels excepted if `acl-pubsub-default` gives them.
    pub(super) fn new(all_channels: bool) -> Selector {
        Selector { all_channels, ..Selector::default() }
    }

    /// A selector with all permissions.
    pub(super) fn new_full() -> Selector {
        Selector { all_keys: true, all_commands: true, starts_full: true, ..Selector::new(true) }
    }

    /// Whether it allows everything there is.
    pub fn is_unrestricted(&self) -> bool {
        self.all_commands && self.all_keys && self.all_channels
    }

    /// Whether every key is allowed, for whatever.
    pub fn has_all_keys(&self) -> bool {
        self.all_keys
    }

    /// Whether every channel is allowed.
    pub fn has_all_channels(&self) -> bool {
        self.all_channels
    }

    /// The channel patterns.
    pub fn channels(&self) -> &[Vec<u8>] {
        &self.channels
    }

    /// Whether command `id`, called with this first argument, is allowed (acl.c `ACLSelectorCheckCmd`).
    #[inline]
    pub fn may_run(&self, id: usize, first_arg: Option<&[u8]>) -> bool {
        self.all_commands || self.bit(id) || self.may_run_with(id, first_arg)
    }

    #[cold]
    fn may_run_with(&self, id: usize, first_arg: Option<&[u8]>) -> bool {
        let Some(first_arg) = first_arg else { return false };
        let of_command = self.first_args.iter().filter(|(command, _)| *command == id);
        of_command.flat_map(|(_, allowed)| allowed).any(|allowed| allowed.eq_ignore_ascii_case(first_arg))
    }

    /// Whether this may be done to `key` (acl.c `ACLSelectorCheckKey`).
    pub fn may_touch(&self, key: &[u8], access: Access) -> bool {
        self.all_keys
            || self
                .keys
                .iter()
                .any(|known| known.access.covers(access) && glob::matches(&known.pattern, key, false))
    }

    /// Whether this may be done to every key there could be (acl.c `ACLSelectorHasUnrestrictedKeyAccess`).
    pub fn may_touch_all(&self, access: Access) -> bool {
        self.all_keys || self.keys.iter().any(|known| known.access.covers(access) && known.pattern == b"*")
    }

    /// Whether this channel may be used. A pattern is allowed only if it stands among the selector's own, letter by letter:
    /// whether one pattern lies within another is not asked (acl.c `ACLCheckChannelAgainstList`).
    pub fn may_use_channel(&self, channel: &[u8], is_pattern: bool) -> bool {
        self.all_channels || may_use(&self.channels, channel, is_pattern)
    }

    #[inline]
    pub(super) fn bit(&self, id: usize) -> bool {
        self.allowed.get(id / 64).map_or(self.starts_full, |word| word & (1 << (id % 64)) != 0)
    }

    /// Allows or forbids a command and its subcommands (acl.c `ACLChangeSelectorPerm`).
    pub(super) fn change(&mut self, catalog: &Catalog, id: usize, allow: bool) {
        self.set_bit(id, allow);
        self.first_args.retain(|(command, _)| *command != id);
        if let Some(facts) = catalog.get(id) {
            facts.subcommands.iter().for_each(|&sub| self.set_bit(sub, allow));
        }
    }

    /// Allows or forbids all commands of a category.
    pub(super) fn change_category(&mut self, catalog: &Catalog, category: u32, allow: bool) {
        for (id, facts) in catalog.commands().iter().enumerate() {
            if facts.categories & category != 0 {
                self.change(catalog, id, allow);
            }
        }
    }

    /// Allows or forbids every command.
    pub(super) fn change_all(&mut self, allow: bool) {
        self.allowed.clear();
        (self.all_commands, self.starts_full) = (allow, allow);
        self.first_args.clear();
        self.rules.clear();
    }

    /// Allows a command that is forbidden otherwise when this is its first argument.
    pub(super) fn allow_first_arg(&mut self, id: usize, first_arg: &[u8]) {
        let at = self.first_args.iter().position(|(command, _)| *command == id).unwrap_or_else(|| {
            self.first_args.push((id, Vec::new()));
            self.first_args.len() - 1
        });
        if let Some((_, allowed)) = self.first_args.get_mut(at)
            && !allowed.iter().any(|known| known.eq_ignore_ascii_case(first_arg))
        {
            allowed.push(first_arg.to_vec());
        }
    }

    fn set_bit(&mut self, id: usize, on: bool) {
        let (word, bit) = (id / 64, 1 << (id % 64));
        if self.allowed.len() <= word {
            self.allowed.resize(word + 1, if self.starts_full { u64::MAX } else { 0 });
        }
        if let Some(word) = self.allowed.get_mut(word) {
            *word = if on { *word | bit } else { *word & !bit };
        }
        self.all_commands &= on;
    }

    /// Keeps a rule for the description. It replaces an older one about the same name, and those about its subcommands and
    /// first arguments (acl.c `ACLUpdateCommandRules`, `ACLSelectorRemoveCommandRule`).
    pub(super) fn note_rule(&mut self, name: &[u8], allow: bool) {
        let name = name.to_ascii_lowercase();
        self.rules.retain(|known| match known.name.strip_prefix(name.as_slice()) {
            Some(rest) => !(rest.is_empty() || rest.starts_with(b"|")),
            None => true,
        });
        self.rules.push(CommandRule { allow, name });
    }

    /// The rules about commands: `-@all +get` (acl.c `ACLDescribeSelectorCommandRules`).
    pub fn commands_text(&self) -> Vec<u8> {
        self.command_words().join(&b' ')
    }

    /// The key patterns: `~a %R~b`.
    pub fn keys_text(&self) -> Vec<u8> {
        self.key_words().join(&b' ')
    }

    /// The channel patterns: `&a &b`.
    pub fn channels_text(&self) -> Vec<u8> {
        self.channel_words().join(&b' ')
    }

    /// The rules that make this selector out of a new one (acl.c `ACLDescribeSelector`).
    pub(super) fn rules(&self) -> Vec<Vec<u8>> {
        let mut words = self.key_words();
        // Among other patterns `~*` would be read as `allkeys`, and what follows it refused: Redis writes files that it
        // cannot load again.
        if words.len() > 1 {
            words.iter_mut().filter(|word| *word == b"~*").for_each(|word| *word = b"%RW~*".to_vec());
        }
        if !self.all_channels {
            words.push(b"resetchannels".to_vec());
        }
        words.extend(self.channel_words());
        words.extend(self.command_words());
        words
    }

    fn command_words(&self) -> Vec<Vec<u8>> {
        let start = if self.starts_full { b"+@all" } else { b"-@all" };
        let sign = |allow: bool| if allow { b"+" } else { b"-" };
        let rules = self.rules.iter().map(|rule| [sign(rule.allow), rule.name.as_slice()].concat());
        std::iter::once(start.to_vec()).chain(rules).collect()
    }

    fn key_words(&self) -> Vec<Vec<u8>> {
        if self.all_keys {
            return vec![b"~*".to_vec()];
        }
        let word = |known: &KeyPattern| {
            let sign: &[u8] = match known.access {
                Access::READ => b"%R~",
                Access::WRITE => b"%W~",
                _ => b"~",
            };
            [sign, &known.pattern].concat()
        };
        self.keys.iter().map(word).collect()
    }

    fn channel_words(&self) -> Vec<Vec<u8>> {
        if self.all_channels {
            return vec![b"&*".to_vec()];
        }
        self.channels.iter().map(|channel| [b"&", channel.as_slice()].concat()).collect()
    }
}

/// Whether one of these channel patterns allows a channel, or a pattern of channels.
pub(super) fn may_use(patterns: &[Vec<u8>], channel: &[u8], is_pattern: bool) -> bool {
    let fits = |known: &Vec<u8>| {
        if is_pattern { known == channel } else { glob::matches(known, channel, false) }
    };
    patterns.iter().any(fits)
}
