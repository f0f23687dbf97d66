//! The process title by `proc-title-template`.

use std::io;

use crate::base::sys::process::set_thread_name;
use crate::base::sys::title::TitleArea;

/// The template of an unconfigured server. Redis: server.h CONFIG_DEFAULT_PROC_TITLE_TEMPLATE.
pub const DEFAULT_TEMPLATE: &str = "{title} {listen-addr} {server-mode}";

/// What the variables of a template stand for.
#[derive(Clone, Debug, Default, PartialEq, Eq)]
pub struct TitleFacts {
    /// The command as it was started (`{title}`).
    pub title: String,
    /// The first address of `bind`, if any.
    pub bind: Option<String>,
    /// `port`, 0 for none.
    pub port: u16,
    /// `tls-port`, 0 for none.
    pub tls_port: u16,
    /// `unixsocket`, empty for none.
    pub unix_socket: String,
    /// Whether cluster mode is on.
    pub cluster: bool,
    /// Whether this is a Sentinel.
    pub sentinel: bool,
    /// The configuration file, if any.
    pub config_file: Option<String>,
}

impl TitleFacts {
    /// The value of a variable; `None` for an unknown one. Redis: server.c redisProcTitleGetVariable.
    fn variable(&self, name: &str) -> Option<String> {
        Some(match name {
            "title" => self.title.clone(),
            "listen-addr" if self.port == 0 && self.tls_port == 0 => {
                format!("unixsocket:{}", self.unix_socket)
            }
            "listen-addr" => {
                let port = if self.port == 0 { self.tls_port } else { self.port };
                format!("{}:{port}", self.bind.as_deref().unwrap_or("*"))
            }
            "server-mode" if self.cluster => "[cluster]".to_owned(),
            "server-mode" if self.sentinel => "[sentinel]".to_owned(),
            "server-mode" => String::new(),
            "config-file" => self.config_file.clone().unwrap_or_else(|| "-".to_owned()),
            "port" => self.port.to_string(),
            "tls-port" => self.tls_port.to_string(),
            "unixsocket" => self.unix_socket.clone(),
            _ => return None,
        })
    }
}

/// Replaces `{variable}` and `{{` in `template`, and trims spaces; `None` for an unknown variable or an open brace.
///
/// Redis: sds.c sdstemplate, server.c expandProcTitleTemplate.
pub fn expand(template: &str, facts: &TitleFacts) -> Option<String> {
    let mut out = String::new();
    let mut rest = template;
    while let Some((before, behind)) = rest.split_once('{') {
        out.push_str(before);
        if let Some(behind) = behind.strip_prefix('{') {
            out.push('{');
            rest = behind;
        } else {
            let (name, behind) = behind.split_once('}')?;
            out.push_str(&facts.variable(name)?);
            rest = behind;
        }
    }
    out.push_str(rest);
    Some(out.trim_matches(' ').to_owned())
}

/// Whether `template` may be configured: it expands, and to something. Redis: server.c validateProcTitleTemplate.
pub fn is_valid(template: &str) -> bool {
    expand(template, &TitleFacts::default()).is_some_and(|title| !title.is_empty())
}

/// The process's title.
#[derive(Debug)]
pub struct Title {
    area: TitleArea,
}

impl Title {
    /// Takes the memory of arguments and environment over: before threads start and after the arguments were read.
    ///
    /// Fails where /proc is not mounted; then the title stays as it is.
    pub fn claim() -> io::Result<Self> {
        Ok(Self { area: TitleArea::claim()? })
    }

    /// Shows `template` filled with `facts`; returns false, and changes nothing, for a template that is not valid.
    pub fn set(&mut self, template: &str, facts: &TitleFacts) -> bool {
        let Some(title) = expand(template, facts) else { return false };
        self.area.set(title.as_bytes());
        true
    }
}

/// Names the main thread, which is the name of the process for `top` and `pgrep`.
pub fn name_main_thread(name: &str) -> io::Result<()> {
    set_thread_name(name)
}

#[cfg(test)]
mod tests {
    use super::*;

    fn facts() -> TitleFacts {
        TitleFacts { title: "shoal".to_owned(), port: 6_379, ..TitleFacts::default() }
    }

    #[track_caller]
    fn check(template: &str, facts: &TitleFacts, expect: Option<&str>) {
        assert_eq!(expand(template, facts).as_deref(), expect, "{template:?}");
    }

    #[test]
    fn variables_are_filled_in() {
        let plain = facts();
        check(DEFAULT_TEMPLATE, &plain, Some("shoal *:6379"));
        let tls =
            TitleFacts { port: 0, tls_port: 6_380, bind: Some("::1".to_owned()), cluster: true, ..facts() };
        check(DEFAULT_TEMPLATE, &tls, Some("shoal ::1:6380 [cluster]"));
        let unix = TitleFacts { port: 0, unix_socket: "/tmp/s".to_owned(), sentinel: true, ..facts() };
        check(DEFAULT_TEMPLATE, &unix, Some("shoal unixsocket:/tmp/s [sentinel]"));
        check("{config-file} {port} {tls-port} {unixsocket}", &plain, Some("- 6379 0"));
        check(" TEST {{title} ", &plain, Some("TEST {title}"));
    }

    #[test]
    fn broken_templates_are_refused() {
        for template in ["{title", "{", "{nope}", "a {", "{}"] {
            check(template, &facts(), None);
            assert!(!is_valid(template));
        }
        assert!(!is_valid(""));
        assert!(!is_valid("{server-mode} "));
        assert!(is_valid(DEFAULT_TEMPLATE));
        assert!(is_valid("}"));
    }
}
