//! Checks of single texts beyond their being text, with Redis's reasons, and the process title template.
//!
//! Pure functions. Redis: config.c `isValid…`; sds.c `sdstemplate`; server.c `redisProcTitleGetVariable`.

/// A file name without a folder.
fn is_base_name(text: &str) -> bool {
    !text.contains(['/', '\\'])
}

/// `dbfilename`.
pub(super) fn db_file_name(text: &str) -> Result<(), &'static str> {
    if is_base_name(text) { Ok(()) } else { Err("dbfilename can't be a path, just a filename") }
}

/// `appendfilename`.
pub(super) fn aof_file_name(text: &str) -> Result<(), &'static str> {
    match text {
        "" => Err("appendfilename can't be empty"),
        _ if is_base_name(text) => Ok(()),
        _ => Err("appendfilename can't be a path, just a filename"),
    }
}

/// `appenddirname`.
pub(super) fn aof_dir_name(text: &str) -> Result<(), &'static str> {
    match text {
        "" => Err("appenddirname can't be empty"),
        _ if is_base_name(text) => Ok(()),
        _ => Err("appenddirname can't be a path, just a dirname"),
    }
}

/// `cluster-announce-hostname`.
pub(super) fn host_name(text: &str) -> Result<(), &'static str> {
    if text.len() >= 256 {
        Err("Hostnames must be less than 256 characters")
    } else if text.bytes().all(|byte| byte.is_ascii_alphanumeric() || matches!(byte, b'-' | b'.')) {
        Ok(())
    } else {
        Err("Hostnames may only contain alphanumeric characters, hyphens or dots")
    }
}

/// `cluster-announce-human-nodename`: the bytes that would break a nodes.conf line are refused.
pub(super) fn node_name(text: &str) -> Result<(), &'static str> {
    if text.contains(|letter| "!#$%&()*+:;<>?@[]^{|}~".contains(letter)) {
        Err("Announced human node name contained invalid character")
    } else {
        Ok(())
    }
}

/// `proc-title-template`: known variables only, and something to show even when they are empty.
pub(super) fn title_template(template: &str) -> Result<(), &'static str> {
    let facts =
        TitleFacts { listen_addr: "*:0", port: 0, tls_port: 0, config_file: "-", ..TitleFacts::default() };
    match expand_title(template, &facts) {
        Some(title) if !title.is_empty() => Ok(()),
        _ => Err("template format is invalid or contains unknown variables"),
    }
}

/// What the variables of `proc-title-template` stand for.
#[derive(Clone, Copy, Debug, Default)]
pub struct TitleFacts<'a> {
    /// `{title}`: name of the process, its first argument.
    pub title: &'a str,
    /// `{listen-addr}`: first address and port, or `unixsocket:` and the path.
    pub listen_addr: &'a str,
    /// `{server-mode}`: empty, `[cluster]` or `[sentinel]`.
    pub server_mode: &'a str,
    /// `{port}`.
    pub port: u16,
    /// `{tls-port}`.
    pub tls_port: u16,
    /// `{unixsocket}`.
    pub unixsocket: &'a str,
    /// `{config-file}`: `-` when there is none.
    pub config_file: &'a str,
}

/// Fills in a process title template and trims it; `None` for an unknown variable or an open brace. `{{` is a
/// literal brace.
pub fn expand_title(template: &str, facts: &TitleFacts<'_>) -> Option<String> {
    let mut title = String::new();
    let mut rest = template;
    while let Some((before, after)) = rest.split_once('{') {
        title.push_str(before);
        if let Some(after) = after.strip_prefix('{') {
            title.push('{');
            rest = after;
            continue;
        }
        let (name, after) = after.split_once('}')?;
        match name {
            "title" => title.push_str(facts.title),
            "listen-addr" => title.push_str(facts.listen_addr),
            "server-mode" => title.push_str(facts.server_mode),
            "port" => title.push_str(&facts.port.to_string()),
            "tls-port" => title.push_str(&facts.tls_port.to_string()),
            "unixsocket" => title.push_str(facts.unixsocket),
            "config-file" => title.push_str(facts.config_file),
            _ => return None,
        }
        rest = after;
    }
    title.push_str(rest);
    Some(title.trim_matches(' ').to_owned())
}
