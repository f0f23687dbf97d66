//! `oom-score-adj`: what the kernel's out-of-memory killer thinks of this process.

use std::fs;
use std::io;

use crate::config::{Config, OomScoreAdj};
use crate::log;

const FILE: &str = "/proc/self/oom_score_adj";

/// The score of the process: the configured one, or the one it was started with.
#[derive(Debug, Default)]
pub struct OomScore {
    /// The score before it was first changed, while it is changed.
    base: Option<i32>,
}

impl OomScore {
    /// Writes the score that `config` asks for. Redis: server.c setOOMScoreAdj, for a primary.
    ///
    /// # Errors
    /// The score cannot be read or written (a lower one needs CAP_SYS_RESOURCE); the log has said why.
    pub fn apply(&mut self, config: &Config) -> io::Result<()> {
        let [primary, ..] = config.oom_score_adj_values;
        let score = match (config.oom_score_adj, self.base) {
            (OomScoreAdj::No, None) => return Ok(()),
            (OomScoreAdj::No, Some(base)) => base,
            (OomScoreAdj::Relative, _) => self.base()?.saturating_add(primary),
            (OomScoreAdj::Absolute, _) => self.base().map(|_| primary)?,
        };
        fs::write(FILE, format!("{}\n", score.clamp(-1_000, 1_000))).inspect_err(|error| {
            log!(Warning, "Unable to write oom_score_adj: {}", super::os_text(error));
        })?;
        if config.oom_score_adj == OomScoreAdj::No {
            self.base = None;
        }
        Ok(())
    }

    fn base(&mut self) -> io::Result<i32> {
        if let Some(base) = self.base {
            return Ok(base);
        }
        let text = fs::read_to_string(FILE).inspect_err(|error| {
            log!(Warning, "Unable to read oom_score_adj: {}", super::os_text(error));
        })?;
        let base = text.trim().parse().unwrap_or(0);
        self.base = Some(base);
        Ok(base)
    }
}
