//! What the log shows at the start: a shoal, or one line where a picture would be in the way.

use std::io::{IsTerminal, stdout};

use super::{Level, settings, write, write_raw};

/// What the banner tells.
#[derive(Clone, Copy, Debug)]
pub struct BannerInfo<'a> {
    /// Version of Shoal.
    pub version: &'a str,
    /// Version of the Redis API that is served.
    pub redis_version: &'a str,
    /// `standalone`, `cluster` or `sentinel`.
    pub mode: &'a str,
    /// The port, or the TLS port where there is no other.
    pub port: u16,
    /// Shards that execute commands.
    pub shards: usize,
    /// `always-show-logo`.
    pub always_show_logo: bool,
}

/// Logs the picture, or the line `Running mode=…, port=….`.
///
/// Redis: server.c redisAsciiArt. The picture is for people: standard output is a terminal and the only log, or the
/// configuration asks for it.
pub fn print_banner(info: &BannerInfo<'_>) {
    let settings = settings();
    let for_people = settings.syslog.is_none() && settings.file.is_none() && stdout().is_terminal();
    if for_people || info.always_show_logo {
        write_raw(Level::Notice, picture(info).as_bytes());
    } else {
        write(Level::Notice, format!("Running mode={}, port={}.", info.mode, info.port).as_bytes());
    }
}

fn picture(info: &BannerInfo<'_>) -> String {
    let shards = if info.shards == 1 { "1 shard".to_owned() } else { format!("{} shards", info.shards) };
    format!(
        r"
              ><>      ><>
        ><>      ><>       ><>        Shoal {version} (Redis {redis_version}) {bits} bit
   ><>      ><>       ><>
        ><>     ><>      ><>  ><>     Running in {mode} mode, {shards}
  ><>      ><>      ><>   ><>         Port: {port}
      ><>      ><>     ><>            PID: {pid}
          ><>     ><>
               ><>

",
        version = info.version,
        redis_version = info.redis_version,
        bits = usize::BITS,
        mode = info.mode,
        port = info.port,
        pid = std::process::id(),
    )
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn the_picture_tells_what_tools_look_for() {
        let info = BannerInfo {
            version: "0.1.0",
            redis_version: "7.2.4",
            mode: "cluster",
            port: 7_000,
            shards: 4,
            always_show_logo: true,
        };
        let text = picture(&info);
        for part in ["Redis 7.2.4", "64 bit", "cluster mode", "4 shards", "Port: 7000"] {
            assert!(text.contains(part), "{part} in {text}");
        }
        assert!(text.contains(&format!(" PID: {}\n", std::process::id())));
    }
}
