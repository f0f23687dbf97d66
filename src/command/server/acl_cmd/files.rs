//! Users in files: ACL LOAD and SAVE, `user` lines of the configuration file, and both at start.

use super::users::{end_of, end_revoked};
use crate::acl::{self, Terms, User, has_spaces, merge_selectors};
use crate::command::access::terms;
use crate::command::{Args, Ctx, Failure, Outcome, Server};
use crate::config::{self, Config, LoadError, Loaded, RawLine};
use crate::observe::log;
use std::path::Path;

const NO_FILE: Failure = Failure::text(
    "ERR This Redis instance is not configured to use an ACL file. You may want to specify users via the ACL SETUSER command and then issue a CONFIG REWRITE (assuming you have a Redis configuration file set) in order to store users in the Redis configuration.",
);
const NOT_SAVED: Failure = Failure::text(
    "ERR There was an error trying to save the ACLs. Please check the server logs for more information",
);

pub(super) fn load(ctx: &mut Ctx<'_>, _: Args<'_>) -> Outcome {
    let config = ctx.server.config.load_full();
    if config.aclfile.is_empty() {
        return Err(NO_FILE);
    }
    let users = read(&config.aclfile, terms(config.acl_pubsub_default))
        .map_err(|errors| Failure::Bytes([b"ERR ", errors.as_slice()].concat()))?;
    let (gone, change) = ctx.server.acl.replace(users);
    end_of(ctx, &gone);
    end_revoked(ctx, &change);
    ctx.out.ok();
    Ok(())
}

pub(super) fn save(ctx: &mut Ctx<'_>, _: Args<'_>) -> Outcome {
    let config = ctx.server.config.load_full();
    if config.aclfile.is_empty() {
        return Err(NO_FILE);
    }
    // Under the lock of the configuration's files, so that two saves do not meet in the file.
    let _guard = ctx.server.lock_config();
    let text = acl::saved(&ctx.server.acl.users());
    config::replace_file(Path::new(&config.aclfile), &text).map_err(|error| {
        log::warning(&format!("Saving the ACL file for ACL SAVE: {error}"));
        NOT_SAVED
    })?;
    ctx.out.ok();
    Ok(())
}

/// The users of an ACL file, or all that is wrong with it in one line.
fn read(path: &str, terms: Terms<'_>) -> Result<Vec<User>, Vec<u8>> {
    let text = std::fs::read(path).map_err(|error| {
        format!("Error loading ACLs, opening file '{path}': {}", config::os_reason(&error)).into_bytes()
    })?;
    acl::parse(&text, path, terms)
}

/// `user` lines for CONFIG REWRITE; none if users are kept in an ACL file (config.c `rewriteConfigUserOption`).
pub fn rewrite_lines(server: &Server) -> Vec<Vec<u8>> {
    if !server.config.load().aclfile.is_empty() {
        return Vec::new();
    }
    server.acl.users().iter().map(|user| user.config_line()).collect()
}

/// The users that a server starts with beside the default one.
pub struct Starting {
    users: Vec<User>,
    /// They come from an ACL file, which speaks of the default user too.
    from_file: bool,
}

impl Starting {
    /// The users that `user` lines declare, checked (config.c `loadServerConfigFromString`, acl.c
    /// `ACLAppendUserForLoading`).
    ///
    /// # Errors
    /// The line that is wrong, and why.
    pub fn declared(loaded: &Loaded) -> Result<Starting, LoadError> {
        let terms = terms(loaded.config.acl_pubsub_default);
        let mut users: Vec<User> = Vec::new();
        for line in &loaded.users {
            let user = declared(line, &users, terms).map_err(|reason| LoadError::Line {
                line: line.line,
                text: line.text.clone(),
                reason: String::from_utf8_lossy(&reason).into_owned().into(),
            })?;
            users.push(user);
        }
        Ok(Starting { users, from_file: false })
    }

    /// Reads the ACL file, if there is one (acl.c `ACLLoadUsersAtStartup`). The process is where `dir` says.
    ///
    /// # Errors
    /// Why the server cannot start.
    pub fn with_file(self, config: &Config) -> Result<Starting, String> {
        if config.aclfile.is_empty() {
            return Ok(self);
        }
        if !self.users.is_empty() {
            return Err("Configuring Redis with users defined in redis.conf and at the same setting an ACL file path is invalid. This setup is very likely to lead to configuration errors and security holes, please define either an ACL file or declare users directly in your redis.conf, but not both.".into());
        }
        let users = read(&config.aclfile, terms(config.acl_pubsub_default)).map_err(|errors| {
            format!("Aborting Redis startup because of ACL errors: {}", String::from_utf8_lossy(&errors))
        })?;
        Ok(Starting { users, from_file: true })
    }

    /// Gives them to a server.
    pub fn install(self, server: &Server) {
        for user in self.users.iter().filter(|user| !self.from_file && !user.is_enabled()) {
            let name = String::from_utf8_lossy(user.name());
            log::notice(&format!(
                "The user '{name}' is disabled (there is no 'on' modifier in the user description). Make sure this is not a configuration error."
            ));
        }
        if self.from_file {
            server.acl.replace(self.users);
        } else {
            server.acl.add(self.users);
        }
    }
}

/// The user that a line declares, or why it does not.
fn declared(line: &RawLine, known: &[User], terms: Terms<'_>) -> Result<User, Vec<u8>> {
    let words: Vec<&[u8]> = line.words.iter().map(Vec::as_slice).collect();
    let wrong = |word: &[u8], reason: &str| {
        [b"Error in user declaration '", word, b"': ", reason.as_bytes()].concat()
    };
    let Some((name, rules)) = words.split_first() else { return Err(wrong(b"", "Syntax error")) };
    if known.iter().any(|known| known.name() == *name) {
        return Err(wrong(name, "Duplicate user found. A user can only be defined once in config files"));
    }
    if has_spaces(name) {
        return Err(wrong(name, "Spaces not allowed in ACL usernames"));
    }
    let rules = merge_selectors(rules).map_err(|start| {
        wrong(rules.get(start).copied().unwrap_or_default(), "Unmatched parenthesis in acl selector")
    })?;
    let mut user = User::new(name, terms.all_channels);
    for rule in &rules {
        user.apply(rule, terms).map_err(|error| wrong(rule, &error.to_string()))?;
    }
    Ok(user)
}
