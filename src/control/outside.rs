//! What settings do to the process as a whole: listening sockets, descriptors, score, title, crash reports. Applied at
//! boot on the main thread and by CONFIG SET on whichever shard runs it, under the lock of the configuration.

use super::listen::Listeners;
use super::process::crash;
use super::process::limits::adjust_open_files;
use super::process::oom::OomScore;
use super::process::title::{Title, TitleFacts};
use crate::config::{Config, Reason, SetError};
use crate::log;
use socket2::Socket;
use std::sync::mpsc::Sender;
use std::sync::{Mutex, PoisonError};

/// The parts of the process that settings change.
pub struct Outside {
    /// The sockets, the title and the score.
    parts: Mutex<Parts>,
    /// Sets of listeners for shard 0.
    to_shard: Sender<Vec<Socket>>,
    /// Descriptors that are kept for other things than clients.
    reserved_fds: u64,
}

struct Parts {
    listeners: Listeners,
    score: OomScore,
    title: Option<ShownTitle>,
}

/// The title of the process and what its template is filled with.
pub struct ShownTitle {
    title: Title,
    facts: TitleFacts,
}

impl ShownTitle {
    /// A title that is not shown yet. `facts` lacks what the configuration tells.
    pub fn new(title: Title, facts: TitleFacts) -> Self {
        Self { title, facts }
    }

    /// Shows it. Redis: server.c redisSetProcTitle.
    pub fn show(&mut self, config: &Config) {
        self.facts.bind = config.bind.first().cloned();
        self.facts.port = config.port;
        self.facts.unix_socket = config.unixsocket.clone().unwrap_or_default();
        // A template that is not valid was refused when it was set.
        self.title.set(&config.proc_title_template, &self.facts);
    }
}

impl Outside {
    /// Takes over what boot has set up. New sets of listeners go to `to_shard`.
    pub fn new(
        listeners: Listeners,
        score: OomScore,
        title: Option<ShownTitle>,
        to_shard: Sender<Vec<Socket>>,
        reserved_fds: u64,
    ) -> Self {
        Self { parts: Mutex::new(Parts { listeners, score, title }), to_shard, reserved_fds }
    }

    /// Applies the directives `changed`, or none; true when shard 0 has new listeners to take.
    ///
    /// # Errors
    /// The first directive that cannot be applied, with Redis's words (config.c).
    pub fn apply(&self, old: &Config, new: &Config, changed: &[&'static str]) -> Result<bool, SetError> {
        let mut parts = self.parts.lock().unwrap_or_else(PoisonError::into_inner);
        if changed.contains(&"maxclients") {
            self.allow_clients(new.maxclients)?;
        }
        let scored = changed.iter().find(|name| name.starts_with("oom-score-adj"));
        if let Some(name) = scored {
            apply_score(&mut parts.score, old, new, name)?;
        }
        let listens = changed.iter().find(|name| matches!(**name, "port" | "bind"));
        if let Some(name) = listens
            && let Err(error) = self.listen(&mut parts.listeners, old, new, name)
        {
            if scored.is_some() {
                // What was just written once can be written again; if not, the log has the reason.
                let _ = parts.score.apply(old);
            }
            return Err(error);
        }
        if changed.contains(&"crash-log-enabled")
            && let Err(error) = crash::set_crash_log(super::boot::REDIS_VERSION, new.crash_log_enabled)
        {
            log!(Warning, "Crash reports stay as they were: {}", super::process::os_text(&error));
        }
        if changed.iter().any(|name| matches!(*name, "proc-title-template" | "port" | "bind"))
            && let Some(title) = &mut parts.title
        {
            title.show(new);
        }
        Ok(listens.is_some())
    }

    /// Redis: config.c updateMaxclients.
    fn allow_clients(&self, wanted: u32) -> Result<(), SetError> {
        let allowed = adjust_open_files(wanted, self.reserved_fds).unwrap_or(0);
        if allowed >= wanted {
            return Ok(());
        }
        let reason = format!(
            "The operating system is not able to handle the specified number of clients, try with {allowed}"
        );
        Err(SetError::refused("maxclients", Reason::Owned(reason)))
    }

    /// Redis: config.c updatePort, applyBind.
    fn listen(
        &self,
        listeners: &mut Listeners,
        old: &Config,
        new: &Config,
        name: &'static str,
    ) -> Result<(), SetError> {
        let reason = match name {
            "port" => "Unable to listen on this port. Check server logs.",
            _ => "Failed to bind to specified addresses.",
        };
        let sockets = listeners
            .replace_tcp(new, old.port == new.port)
            .map_err(|_| SetError::refused(name, Reason::Borrowed(reason)))?;
        // Shard 0 is gone only when the process ends.
        let _ = self.to_shard.send(sockets);
        Ok(())
    }
}

fn apply_score(score: &mut OomScore, old: &Config, new: &Config, name: &'static str) -> Result<(), SetError> {
    const FAILED: &str = "Failed to apply new oom_score_adj configuration, check server logs.";
    if !new.oom_score_adj_values.is_sorted() {
        log!(
            Warning,
            "The oom-score-adj-values configuration may not work for non-privileged processes! Please consult the \
             documentation."
        );
    }
    score.apply(new).map_err(|_| {
        // The old score is what the process has; this only puts the books right.
        let _ = score.apply(old);
        SetError::refused(name, Reason::Borrowed(FAILED))
    })
}
