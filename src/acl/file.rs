//! The text of ACL files: one `user name rules` line per user.
//!
//! Words are split at each single space and nothing is quoted: a file is written by the server. Every line is read, and
//! everything wrong is reported at once; a file with an error changes nothing. Redis: acl.c `ACLLoadFromFile`.

use super::has_spaces;
use super::rules::{RuleError, Terms, merge_selectors};
use super::state::Users;
use super::user::User;
use ahash::AHashSet;

/// The users that the text of an ACL file declares. `name` is the file's, for the errors.
///
/// # Errors
/// Everything that is wrong with it, in one line.
pub fn parse(text: &[u8], name: &str, terms: Terms<'_>) -> Result<Vec<User>, Vec<u8>> {
    let mut reader = Reader { name, terms, users: Vec::new(), seen: AHashSet::new(), errors: Vec::new() };
    for (index, line) in text.split(|&byte| byte == b'\n').enumerate() {
        reader.line(index + 1, trim(line, b" \t\r\n"));
    }
    let Reader { users, mut errors, .. } = reader;
    if errors.is_empty() {
        return Ok(users);
    }
    errors.extend_from_slice(
        b"WARNING: ACL errors detected, no change to the previously active ACL rules was performed",
    );
    Err(errors)
}

/// The text of a file that declares `users`.
pub fn saved(users: &Users) -> Vec<u8> {
    let mut text = Vec::new();
    for user in users.iter() {
        text.extend_from_slice(&user.line());
        text.push(b'\n');
    }
    text
}

fn trim<'a>(mut line: &'a [u8], spaces: &[u8]) -> &'a [u8] {
    while let [first, rest @ ..] = line
        && spaces.contains(first)
    {
        line = rest;
    }
    while let [rest @ .., last] = line
        && spaces.contains(last)
    {
        line = rest;
    }
    line
}

struct Reader<'a> {
    name: &'a str,
    terms: Terms<'a>,
    users: Vec<User>,
    /// Their names.
    seen: AHashSet<Vec<u8>>,
    errors: Vec<u8>,
}

impl Reader<'_> {
    fn error(&mut self, parts: &[&[u8]]) {
        parts.iter().for_each(|part| self.errors.extend_from_slice(part));
    }

    /// Reads one line, trimmed.
    fn line(&mut self, number: usize, line: &[u8]) {
        if line.is_empty() {
            return;
        }
        let words: Vec<&[u8]> = line.split(|&byte| byte == b' ').collect();
        let at = format!("{}:{number}", self.name);
        let at = at.as_bytes();
        let [b"user", name, rules @ ..] = words.as_slice() else {
            return self.error(&[at, b" should start with user keyword followed by the username. "]);
        };
        if has_spaces(name) {
            return self.error(&[b"'", at, b": username '", name, b"' contains invalid characters. "]);
        }
        if !self.seen.insert(name.to_vec()) {
            let line = number.to_string();
            let parts: [&[u8]; 5] =
                [b"WARNING: Duplicate user '", name, b"' found on line ", line.as_bytes(), b". "];
            return self.error(&parts);
        }
        let mut user = User::new(name, self.terms.all_channels);
        match merge_selectors(rules) {
            Ok(rules) => self.rules(&mut user, &rules, at),
            Err(_) => self.error(&[at, b": Unmatched parenthesis in selector definition."]),
        }
        self.users.push(user);
    }

    /// Applies the rules of a line. Of errors other than an unknown name only the first is told: the others may follow from
    /// it, and might show a secret.
    fn rules(&mut self, user: &mut User, rules: &[Vec<u8>], at: &[u8]) {
        let mut is_told = false;
        for rule in rules {
            let rule = trim(rule, b"\t\r\n");
            match user.apply(rule, self.terms) {
                Ok(()) => {}
                Err(error @ RuleError::Unknown) => {
                    let reason = error.to_string();
                    let parts: [&[u8]; 6] =
                        [at, b": Error in applying operation '", rule, b"': ", reason.as_bytes(), b". "];
                    self.error(&parts);
                }
                Err(_) if is_told => {}
                Err(error) => {
                    is_told = true;
                    self.error(&[at, b": ", error.to_string().as_bytes(), b". "]);
                }
            }
        }
    }
}
