//! A user: name, passwords, selectors, and its description as rules.

use super::selector::{self, Selector};
use crate::base::args::repr;
use crate::base::digest;

/// The user that every connection begins with.
pub const DEFAULT_USER: &[u8] = b"default";

/// A user. The first selector is the root: what rules outside parentheses speak of.
#[derive(Clone, PartialEq, Eq, Debug)]
pub struct User {
    pub(super) name: Vec<u8>,
    /// Tells this user from an earlier one of the same name that was deleted.
    pub(super) serial: u64,
    pub(super) enabled: bool,
    pub(super) no_password: bool,
    pub(super) skip_sanitize: bool,
    /// SHA-256 of each password, 64 hexadecimal digits.
    pub(super) passwords: Vec<Vec<u8>>,
    pub(super) root: Selector,
    pub(super) others: Vec<Selector>,
}

impl User {
    /// A new user, disabled and without permissions; with all channels if `acl-pubsub-default` gives them
    /// (acl.c `ACLCreateUser`).
    pub fn new(name: &[u8], all_channels: bool) -> User {
        User {
            name: name.to_vec(),
            serial: 0,
            enabled: false,
            no_password: false,
            skip_sanitize: false,
            passwords: Vec::new(),
            root: Selector::new(all_channels),
            others: Vec::new(),
        }
    }

    /// The default user as a server begins with it: everything is allowed, without a password
    /// (acl.c `ACLCreateDefaultUser`).
    pub fn new_default() -> User {
        User { enabled: true, no_password: true, root: Selector::new_full(), ..User::new(DEFAULT_USER, true) }
    }

    /// A user who may do nothing: stands in for one that is gone.
    pub fn nobody() -> User {
        User::new(b"", false)
    }

    /// Its name.
    pub fn name(&self) -> &[u8] {
        &self.name
    }

    /// The number that no other user of this server has had.
    pub fn serial(&self) -> u64 {
        self.serial
    }

    /// Whether it may log in.
    pub fn is_enabled(&self) -> bool {
        self.enabled
    }

    /// Whether any password does.
    pub fn needs_no_password(&self) -> bool {
        self.no_password
    }

    /// Whether RESTORE trusts this user's payloads (`skip-sanitize-payload`).
    pub fn skips_sanitizing(&self) -> bool {
        self.skip_sanitize
    }

    /// SHA-256 digests of its passwords, as hexadecimal digits.
    pub fn passwords(&self) -> &[Vec<u8>] {
        &self.passwords
    }

    /// Its selectors, the root first.
    #[inline]
    pub fn selectors(&self) -> impl Iterator<Item = &Selector> {
        std::iter::once(&self.root).chain(&self.others)
    }

    /// The selector that rules outside parentheses speak of.
    pub fn root(&self) -> &Selector {
        &self.root
    }

    /// The selectors in parentheses.
    pub fn other_selectors(&self) -> &[Selector] {
        &self.others
    }

    /// Whether one selector allows everything: then nothing has to be checked.
    pub fn is_unrestricted(&self) -> bool {
        self.selectors().any(Selector::is_unrestricted)
    }

    /// Whether this password lets the user in. Digests are compared over their full length, so the time taken tells nothing
    /// about the password (acl.c `ACLCheckUserCredentials`).
    pub fn admits(&self, password: &[u8]) -> bool {
        if !self.enabled || self.no_password {
            return self.enabled;
        }
        let given = digest::sha256_hex(password);
        let equal = |known: &Vec<u8>| {
            let differences = known.iter().zip(given.bytes()).fold(0, |sum, (a, b)| sum | (a ^ b));
            known.len() == given.len() && differences == 0
        };
        // Each is looked at, found or not.
        self.passwords.iter().fold(false, |found, known| found | equal(known))
    }

    /// Names of its flags, in Redis's order (acl.c `ACLUserFlags`).
    pub fn flags(&self) -> impl Iterator<Item = &'static str> {
        [
            (self.enabled, "on"),
            (!self.enabled, "off"),
            (self.no_password, "nopass"),
            (self.skip_sanitize, "skip-sanitize-payload"),
            (!self.skip_sanitize, "sanitize-payload"),
        ]
        .into_iter()
        .filter_map(|(set, name)| set.then_some(name))
    }

    /// The rules that make this user out of a new one: a selector in parentheses is one of them (acl.c `ACLDescribeUser`).
    pub fn rules(&self) -> Vec<Vec<u8>> {
        let flags = self.flags().map(|flag| flag.as_bytes().to_vec());
        let passwords = self.passwords.iter().map(|hash| [b"#", hash.as_slice()].concat());
        let others = self.others.iter().map(|selector| {
            let words: Vec<Vec<u8>> = selector.rules().iter().map(|rule| quoted(rule)).collect();
            [b"(", words.join(&b' ').as_slice(), b")"].concat()
        });
        flags.chain(passwords).chain(self.root.rules()).chain(others).collect()
    }

    /// `user name rules`: a line of ACL LIST and of ACL files, where only spaces separate.
    pub fn line(&self) -> Vec<u8> {
        [b"user ", self.name.as_slice(), b" ", &self.rules().join(&b' ')].concat()
    }

    /// The same for a configuration file, where quotes have a meaning.
    pub fn config_line(&self) -> Vec<u8> {
        let plain = |rule: &[u8]| rule.starts_with(b"(") && !rule.contains(&b'"');
        let word = |rule: &Vec<u8>| if plain(rule) { rule.clone() } else { quoted(rule) };
        let rules: Vec<Vec<u8>> = self.rules().iter().map(word).collect();
        [b"user ", quoted(&self.name).as_slice(), b" ", &rules.join(&b' ')].concat()
    }

    /// Whether subscriptions that `self` allowed may have lost their permission in `new`, so that each has to be looked at
    /// (acl.c `ACLKillPubsubClientsIfNeeded`).
    pub fn loses_channels_in(&self, new: &User) -> bool {
        if new.selectors().any(Selector::has_all_channels) {
            return false;
        }
        let kept: Vec<&Vec<u8>> = new.selectors().flat_map(|selector| &selector.channels).collect();
        self.selectors().any(|old| old.all_channels || old.channels.iter().any(|c| !kept.contains(&c)))
    }

    /// Whether this user may be subscribed to a channel, or to a pattern of channels (acl.c `ACLUserCheckChannelPerm`).
    pub fn may_use_channel(&self, channel: &[u8], is_pattern: bool) -> bool {
        self.selectors().any(|selector| {
            selector.all_channels || selector::may_use(&selector.channels, channel, is_pattern)
        })
    }
}

/// A rule as `args::split_args` reads it back. Only quotes need quotes, and a parenthesis that would close the selector
/// around the rule. Redis writes none and cannot read such rules back.
fn quoted(rule: &[u8]) -> Vec<u8> {
    let special = rule.ends_with(b")") || rule.iter().any(|byte| matches!(byte, b'"' | b'\''));
    if special { repr(rule).into_bytes() } else { rule.to_vec() }
}
