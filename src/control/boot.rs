//! From the command line to a running server, and from a running server to its end (Redis: server.c `main`,
//! `prepareForShutdown`, `finishShutdown`).

use super::life::{self, Beginning};
use super::listen::Listeners;
use super::outside::{Outside, ShownTitle};
use super::process::limits::{RESERVED_FDS, adjust_open_files, ensure_locked_memory};
use super::process::oom::OomScore;
use super::process::pidfile::PidFile;
use super::process::signals::Shutdown;
use super::process::supervise::{Mode, Supervisor};
use super::process::title::{Title, TitleFacts};
use super::process::{crash, daemon, os_text};
use super::threads::{self, Listening};
use crate::base::sys::process;
use crate::command::server::acl_cmd::Starting;
use crate::command::table;
use crate::config::{Config, Invocation, Loaded, Startup, TEST_MEMORY_HELP};
use crate::log;
use crate::observe::log::{self, BannerInfo, Level, Settings, SyslogSettings};
use crate::tools::{check_aof, check_rdb};
use std::ffi::OsString;
use std::path::Path;
use std::process::ExitCode;
use std::sync::mpsc::channel;

/// Version of Shoal itself.
pub const VERSION: &str = env!("CARGO_PKG_VERSION");
/// Version of Redis that clients see.
pub const REDIS_VERSION: &str = crate::config::REDIS_VERSION;

/// Descriptors of one shard beside its clients: ring, event counter, buffers.
const FDS_PER_SHARD: u64 = 8;

/// The program: returns its exit code.
pub fn main() -> ExitCode {
    let args: Vec<OsString> = std::env::args_os().collect();
    let title = Title::claim().ok();
    match crate::config::parse_args(&args) {
        Startup::Run(invocation) if invocation.sentinel => {
            eprintln!("Sentinel mode is not built yet: start redis-sentinel for now.");
            ExitCode::FAILURE
        }
        Startup::Run(invocation) => match serve(&invocation, title) {
            Ok(()) => ExitCode::SUCCESS,
            Err(End::Said) => ExitCode::FAILURE,
            Err(End::Say(reason)) => {
                eprintln!("{reason}");
                ExitCode::FAILURE
            }
        },
        other => print(&other, &args),
    }
}

/// Why the server did not run, or ended badly.
enum End {
    /// The reason is in the log.
    Said,
    /// The reason is still to be said on standard error.
    Say(String),
}

/// Command lines that only print something.
fn print(startup: &Startup, args: &[OsString]) -> ExitCode {
    let program = args.first().map(|a| a.to_string_lossy().into_owned()).unwrap_or_default();
    let later = |what: &str, instead: &str| {
        eprintln!("{program}: {what} is not built yet; {instead}.");
        ExitCode::FAILURE
    };
    match startup {
        Startup::Run(_) => ExitCode::FAILURE,
        Startup::Version => {
            println!("{}", version(&program));
            ExitCode::SUCCESS
        }
        Startup::Help => {
            eprint!("{}", crate::config::usage(&program));
            ExitCode::FAILURE
        }
        Startup::TestMemory(None) => {
            eprint!("{TEST_MEMORY_HELP}");
            ExitCode::FAILURE
        }
        Startup::TestMemory(Some(_)) => later("--test-memory", "use memtester or memtest86+"),
        Startup::CheckSystem => later("--check-system", "the server says at its start what it lacks"),
        Startup::CheckRdb(rest) => check_rdb::main(&program, rest),
        Startup::CheckAof(_) => check_aof(args),
    }
}

/// The program redis-check-aof. What it logs looks as from a process of no role, as it does from Redis's.
fn check_aof(args: &[OsString]) -> ExitCode {
    log::set_role(log::Role::Tool);
    let around = check_aof::Surroundings {
        out: &mut std::io::stdout(),
        input: &mut std::io::stdin(),
        log: &mut log::warning,
        check_rdb: &mut |out, path, file| check_rdb::check(out, path, file).unwrap_or(false),
    };
    ExitCode::from(check_aof::main(args, around))
}

/// The line of `--version`. Under Redis's name it begins as scripts that read Redis's expect it.
fn version(program: &str) -> String {
    let rest = format!("sha=00000000:0 malloc=mimalloc bits={} build=0", usize::BITS);
    let name = Path::new(program).file_name().unwrap_or_default().to_string_lossy();
    if name.contains("redis-server") {
        format!("Redis server v={REDIS_VERSION} {rest} shoal={VERSION}")
    } else {
        format!("Shoal server v={VERSION} redis={REDIS_VERSION} {rest}")
    }
}

fn serve(invocation: &Invocation, title: Option<Title>) -> Result<(), End> {
    let exists = |name: &[u8]| table::is_known(name);
    let loaded = crate::config::load(invocation, &mut std::io::stdin(), &exists)
        .map_err(|error| End::Say(error.to_string()))?;
    let config = &loaded.config;
    rename_commands(&loaded)?;
    let users = Starting::declared(&loaded).map_err(|error| End::Say(error.to_string()))?;
    std::env::set_current_dir(&config.dir)
        .map_err(|error| End::Say(format!("Can't chdir to '{}': {}", config.dir, os_text(&error))))?;
    configure_log(config, false);
    let supervisor =
        Supervisor::detect(Mode::from_name(config.supervised.as_str().as_bytes()).unwrap_or(Mode::No));
    let background = config.daemonize && !supervisor.is_some();
    if background {
        daemon::daemonize()
            .map_err(|e| End::Say(format!("Can't fork to the background: {}", os_text(&e))))?;
        configure_log(config, background);
    }
    if config.disable_thp
        && let Err(error) = process::disable_huge_pages()
    {
        log!(Warning, "Huge pages stay as the system sets them: {}", os_text(&error));
    }
    announce(invocation);
    // A report of crashes is worth having, not worth ending for.
    if let Err(error) = crash::install(REDIS_VERSION, config.crash_log_enabled) {
        log!(Warning, "Crash reports are off: {}", os_text(&error));
    }
    match run(loaded, users, invocation, title, &supervisor, background) {
        Ok(()) => {
            log!(Warning, "Redis is now ready to exit, bye bye...");
            Ok(())
        }
        Err(reason) => {
            reason.iter().for_each(|reason| log::warning(reason));
            Err(End::Said)
        }
    }
}

fn rename_commands(loaded: &Loaded) -> Result<(), End> {
    let text = |bytes: &[u8]| String::from_utf8_lossy(bytes).into_owned();
    let renames: Vec<(String, String)> =
        loaded.renamed_commands.iter().map(|(from, to)| (text(from), text(to))).collect();
    let renames: Vec<(&str, &str)> = renames.iter().map(|(f, t)| (f.as_str(), t.as_str())).collect();
    table::init(&renames).map_err(|error| End::Say(error.to_string()))
}

/// Everything between the configuration and the end of the last thread. An error is a reason that is still to be logged,
/// or none where the log has it.
fn run(
    mut loaded: Loaded,
    users: Starting,
    invocation: &Invocation,
    title: Option<Title>,
    supervisor: &Supervisor,
    background: bool,
) -> Result<(), Option<String>> {
    let shards = threads::shard_count(&loaded.config);
    let reserved = RESERVED_FDS + FDS_PER_SHARD * shards as u64;
    loaded.config.maxclients =
        adjust_open_files(loaded.config.maxclients, reserved).map_err(|error| Some(error.to_string()))?;
    ensure_locked_memory(1).map_err(Some)?;
    let mut score = OomScore::default();
    // As in Redis, a score that cannot be set is a warning.
    let _ = score.apply(&loaded.config);
    let title = show_title(title, &loaded.config, invocation);
    greet(&loaded, shards);
    let users = users.with_file(&loaded.config).map_err(Some)?;
    let listeners = Listeners::open(&loaded.config).map_err(|_| None)?;
    let first = listeners.duplicates().map_err(|e| Some(os_text(&e)))?;
    // Only now: a second server on the same port must not take the file from the first.
    let pidfile = PidFile::wanted(loaded.config.pidfile.as_deref().map(Path::new), background);
    if let Some(file) = &pidfile {
        file.create(background);
    }
    let (to_shard, later) = channel();
    let signals = Shutdown::install().map_err(|e| Some(os_text(&e)))?;
    let outcome = life::live(Beginning {
        config: &loaded.config,
        config_file: invocation.config_file.clone(),
        users,
        shards,
        listening: Listening { first, later },
        outside: Outside::new(listeners, score, title, to_shard, reserved),
        signals: &signals,
        supervisor,
    });
    clean_up(pidfile.as_ref(), loaded.config.unixsocket.as_deref());
    outcome
}

/// The banner, and what the configuration makes worth a line.
fn greet(loaded: &Loaded, shards: usize) {
    log::print_banner(&BannerInfo {
        version: VERSION,
        redis_version: REDIS_VERSION,
        mode: "standalone",
        port: loaded.config.port,
        shards,
        always_show_logo: loaded.config.always_show_logo,
    });
    for line in &loaded.warnings {
        log::warning(line);
    }
    for notice in loaded.notices.iter().filter(|n| !n.is_default) {
        log::notice(&notice.to_string());
    }
}

/// Removes what the process left in the file system. Redis: server.c finishShutdown.
fn clean_up(pidfile: Option<&PidFile>, unixsocket: Option<&str>) {
    if let Some(file) = pidfile
        && let Err(error) = file.remove()
    {
        log!(Warning, "The pid file cannot be removed: {}", os_text(&error));
    }
    if let Some(path) = unixsocket {
        log!(Notice, "Removing the unix socket file.");
        if let Err(error) = std::fs::remove_file(path) {
            log!(Warning, "Error removing the unix socket file: {}", os_text(&error));
        }
    }
}

fn announce(invocation: &Invocation) {
    log!(Notice, "oO0OoO0OoO0Oo Redis is starting oO0OoO0OoO0Oo");
    log!(
        Notice,
        "Redis version={REDIS_VERSION}, bits={}, commit=00000000, modified=0, pid={}, just started",
        usize::BITS,
        std::process::id()
    );
    if invocation.bare {
        log!(
            Warning,
            "Warning: no config file specified, using the default config. In order to specify a config file use shoal /path/to/redis.conf"
        );
    } else {
        log!(Notice, "Configuration loaded");
    }
}

fn configure_log(config: &Config, background: bool) {
    let level = Level::from_name(config.loglevel.as_str().as_bytes()).unwrap_or(Level::Notice);
    let file = (!config.logfile.is_empty()).then(|| crate::config::absolute_path(config.logfile.as_ref()));
    let syslog = config.syslog_enabled.then(|| SyslogSettings {
        ident: config.syslog_ident.clone(),
        facility: log::syslog_facility(config.syslog_facility.as_str().as_bytes())
            .unwrap_or(libc::LOG_LOCAL0),
    });
    log::configure(Settings { level, file, syslog, daemonized: background });
}

fn show_title(title: Option<Title>, config: &Config, invocation: &Invocation) -> Option<ShownTitle> {
    let title = title.filter(|_| config.set_proc_title)?;
    let program = invocation.exec_args.first();
    let facts = TitleFacts {
        title: program.map_or_else(|| "shoal".to_owned(), |a| a.to_string_lossy().into_owned()),
        config_file: invocation.config_file.as_ref().map(|p| p.display().to_string()),
        ..TitleFacts::default()
    };
    let mut title = ShownTitle::new(title, facts);
    title.show(config);
    Some(title)
}
