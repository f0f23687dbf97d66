//! From the command line to a running server, and from a running server to its end (Redis: server.c `main`,
//! `prepareForShutdown`, `finishShutdown`).

use super::listen;
use super::process::limits::{RESERVED_FDS, adjust_open_files};
use super::process::pidfile::PidFile;
use super::process::signals::{Shutdown, ShutdownSignal};
use super::process::supervise::{Mode, Supervisor};
use super::process::title::{Title, TitleFacts};
use super::process::{crash, daemon, os_text};
use super::threads;
use crate::base::clock;
use crate::command::server_state::{Note, Process, ShutdownRequest};
use crate::command::{Server, table};
use crate::config::{Config, Invocation, Loaded, Startup};
use crate::io::wake::Wakes;
use crate::log;
use crate::observe::log::{self, BannerInfo, Level, Settings, SyslogSettings};
use std::ffi::OsString;
use std::ops::ControlFlow;
use std::path::{Path, PathBuf};
use std::process::ExitCode;
use std::sync::{Arc, Mutex, PoisonError};
use std::time::Duration;

/// Version of Shoal itself.
pub const VERSION: &str = env!("CARGO_PKG_VERSION");
/// Version of Redis that clients see.
pub const REDIS_VERSION: &str = crate::config::REDIS_VERSION;

/// How often the control core looks at signals and takes samples; Redis's `hz` 10.
const TICK: Duration = Duration::from_millis(100);
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
    match startup {
        Startup::Version => {
            println!(
                "Shoal server v={VERSION} redis={REDIS_VERSION} sha=00000000:0 malloc=mimalloc bits={} build=0",
                usize::BITS
            );
            ExitCode::SUCCESS
        }
        Startup::Help => {
            eprint!("{}", crate::config::usage(&program));
            ExitCode::FAILURE
        }
        _ => {
            eprintln!(
                "{program}: this part is not built yet; use the tool of the same name of Redis for now."
            );
            ExitCode::FAILURE
        }
    }
}

fn serve(invocation: &Invocation, title: Option<Title>) -> Result<(), End> {
    let exists = |name: &[u8]| table::is_known(name);
    let loaded = crate::config::load(invocation, &mut std::io::stdin(), &exists)
        .map_err(|error| End::Say(error.to_string()))?;
    let config = &loaded.config;
    let renames: Vec<(String, String)> = loaded
        .renamed_commands
        .iter()
        .map(|(from, to)| {
            (String::from_utf8_lossy(from).into_owned(), String::from_utf8_lossy(to).into_owned())
        })
        .collect();
    let renames: Vec<(&str, &str)> = renames.iter().map(|(f, t)| (f.as_str(), t.as_str())).collect();
    table::init(&renames).map_err(|error| End::Say(error.to_string()))?;
    let supervisor =
        Supervisor::detect(Mode::from_name(config.supervised.as_str().as_bytes()).unwrap_or(Mode::No));
    let background = config.daemonize && !supervisor.is_some();
    configure_log(config, background);
    if background {
        daemon::daemonize()
            .map_err(|e| End::Say(format!("Can't fork to the background: {}", os_text(&e))))?;
    }
    announce(&loaded, invocation);
    // A report of crashes is worth having, not worth ending for.
    if let Err(error) = crash::install(REDIS_VERSION, config.crash_log_enabled) {
        log!(Warning, "Crash reports are off: {}", os_text(&error));
    }
    run(loaded, invocation, title, &supervisor, background)
}

/// Everything between the configuration and the last line of the log.
fn run(
    mut loaded: Loaded,
    invocation: &Invocation,
    title: Option<Title>,
    supervisor: &Supervisor,
    background: bool,
) -> Result<(), End> {
    let shards = threads::shard_count(&loaded.config);
    let reserved = RESERVED_FDS + FDS_PER_SHARD * shards as u64;
    loaded.config.maxclients = adjust_open_files(loaded.config.maxclients, reserved).map_err(|error| {
        log::warning(&error.to_string());
        End::Said
    })?;
    let pidfile = PidFile::wanted(loaded.config.pidfile.as_deref().map(Path::new), background);
    if let Some(file) = &pidfile {
        file.create(background && !supervisor.is_some());
    }
    let title = show_title(title, &loaded.config, invocation);
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
    let listeners = listen::open(&loaded.config).map_err(|()| End::Said)?;
    let signals = Shutdown::install().map_err(|e| End::Say(os_text(&e)))?;
    let outcome = run_threads(&loaded.config, invocation, listeners, shards, &signals, supervisor);
    if let Some(file) = &pidfile {
        log!(Notice, "Removing the pid file.");
        if let Err(error) = file.remove() {
            log!(Warning, "The pid file cannot be removed: {}", os_text(&error));
        }
    }
    if let Some(path) = &loaded.config.unixsocket {
        log!(Notice, "Removing the unix socket file.");
        // Somebody else may have removed it.
        let _ = std::fs::remove_file(path);
    }
    drop(title);
    match outcome {
        Ok(()) => {
            log!(Warning, "Redis is now ready to exit, bye bye...");
            Ok(())
        }
        Err(reason) => {
            log::warning(&reason);
            Err(End::Said)
        }
    }
}

/// Starts the threads, runs the control core until somebody asks for the end, stops the threads.
fn run_threads(
    config: &Config,
    invocation: &Invocation,
    listeners: Vec<socket2::Socket>,
    shards: usize,
    signals: &Shutdown,
    supervisor: &Supervisor,
) -> Result<(), String> {
    let wakes = Arc::new(Wakes::new(shards).map_err(|e| os_text(&e))?);
    let request: Arc<Mutex<Option<ShutdownRequest>>> = Arc::default();
    let (asked, waking) = (request.clone(), wakes.clone());
    let process = Process {
        config_file: invocation.config_file.clone(),
        executable: std::env::current_exe().unwrap_or_else(|_| PathBuf::from("shoal")),
        wake: Box::new(move |shard| waking.wake(shard)),
        shutdown: Box::new(move |r| *asked.lock().unwrap_or_else(PoisonError::into_inner) = Some(r)),
    };
    let server = Arc::new(Server::new(config.clone(), shards, table::all().len(), clock::now_ms(), process));
    let (freeing, freer) = threads::start_freeing().map_err(|e| os_text(&e))?;
    let shard_threads = threads::start_shards(&server, &wakes, listeners, &freeing)?;
    signals.listen().map_err(|e| os_text(&e))?;
    log!(Notice, "Server initialized");
    if config.port != 0 {
        log!(Notice, "Ready to accept connections tcp");
    }
    if config.unixsocket.is_some() {
        log!(Notice, "Ready to accept connections unix");
    }
    supervisor.ready("Ready to accept connections\n");
    let broken = || shard_threads.iter().any(JoinHandleExt::is_over);
    let why = crate::io::core::run(TICK, || tick(&server, signals, &request, &broken));
    supervisor.stopping();
    server.post_all(&Note::Stop);
    let mut outcome = why.map(|_| ());
    for thread in shard_threads {
        match thread.join() {
            Ok(Ok(())) => {}
            Ok(Err(error)) => outcome = Err(format!("A shard's ring failed: {}", os_text(&error))),
            Err(_) => outcome = Err("A shard panicked".into()),
        }
    }
    drop((freeing, server));
    // The freeing thread ends with its last sender; what it still frees is not worth waiting for.
    drop(freer);
    outcome
}

/// Whether a thread has ended.
trait JoinHandleExt {
    fn is_over(&self) -> bool;
}

impl<T> JoinHandleExt for std::thread::JoinHandle<T> {
    fn is_over(&self) -> bool {
        self.is_finished()
    }
}

/// One look of the control core at what happened.
fn tick(
    server: &Arc<Server>,
    signals: &Shutdown,
    request: &Mutex<Option<ShutdownRequest>>,
    broken: &dyn Fn() -> bool,
) -> ControlFlow<()> {
    server.sample();
    let asked = request.lock().unwrap_or_else(PoisonError::into_inner).take();
    let signalled = signals.take();
    if asked.is_none() && signalled.is_none() && !broken() {
        return ControlFlow::Continue(());
    }
    signals.set_stopping(true);
    if signalled.is_some_and(|s| matches!(s, ShutdownSignal::Term | ShutdownSignal::Int)) || asked.is_some() {
        log!(Warning, "User requested shutdown...");
    }
    ControlFlow::Break(())
}

fn announce(loaded: &Loaded, invocation: &Invocation) {
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
    let _ = loaded;
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

fn show_title(title: Option<Title>, config: &Config, invocation: &Invocation) -> Option<Title> {
    let mut title = title.filter(|_| config.set_proc_title)?;
    let facts = TitleFacts {
        title: invocation
            .exec_args
            .first()
            .map_or_else(|| "shoal".to_owned(), |a| a.to_string_lossy().into_owned()),
        bind: config.bind.first().cloned(),
        port: config.port,
        tls_port: 0,
        unix_socket: config.unixsocket.clone().unwrap_or_default(),
        cluster: false,
        sentinel: false,
        config_file: invocation.config_file.as_ref().map(|p| p.display().to_string()),
    };
    title.set(&config.proc_title_template, &facts);
    Some(title)
}
