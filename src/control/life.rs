//! A server's life between boot and exit: the threads start, the control core watches, the threads end.
//!
//! The control core runs on the main thread, which alone takes SIGTERM and SIGINT.

use super::loading::{Loading, Progress};
use super::outside::Outside;
use super::process::os_text;
use super::process::signals::{Shutdown, ShutdownSignal};
use super::process::supervise::Supervisor;
use super::threads::{self, Crew, Listening};
use crate::base::clock;
use crate::command::server::acl_cmd::Starting;
use crate::command::server_state::{EndState, Note, Process, Request as LogRequest, ShutdownRequest};
use crate::command::{Server, table};
use crate::config::{Config, ShutdownFlags};
use crate::io::wake::Wakes;
use crate::load::{Loader, reload, start};
use crate::log;
use std::io;
use std::ops::ControlFlow;
use std::path::PathBuf;
use std::sync::{Arc, Mutex, PoisonError};
use std::thread::JoinHandle;
use std::time::{Duration, Instant};

/// How often the control core looks at signals and takes samples; Redis's `hz` 10.
const TICK: Duration = Duration::from_millis(100);

/// How long the control core stands still for an end that needs no writing.
const BRIEFLY: Duration = Duration::from_millis(20);

/// What a life starts with.
pub struct Beginning<'a> {
    /// The settings.
    pub config: &'a Config,
    /// The file they came from.
    pub config_file: Option<PathBuf>,
    /// The users to begin with.
    pub users: Starting,
    /// Number of shards.
    pub shards: usize,
    /// What shard 0 listens on.
    pub listening: Listening,
    /// What CONFIG SET changes.
    pub outside: Outside,
    /// The signals of the process.
    pub signals: &'a Shutdown,
    /// Who is told how far the server is.
    pub supervisor: &'a Supervisor,
}

/// A request for the end, left by a shard for the control core.
type Request = Arc<Mutex<Option<ShutdownRequest>>>;

/// Lives from the first thread to the last; returns when somebody asked for the end and all shards have stopped.
///
/// # Errors
/// A thread could not start, or failed: the reason, cause and cure, in words. None if the log has it: the dataset cannot be
/// loaded.
pub fn live(beginning: Beginning<'_>) -> Result<(), Option<String>> {
    let Beginning { config, config_file, users, shards, listening, outside, signals, supervisor } = beginning;
    // One more for the log core.
    let wakes = Arc::new(Wakes::new(shards + 1).map_err(|e| Some(os_text(&e)))?);
    let request = Request::default();
    let server = Arc::new(new_server(config, config_file, shards, &wakes, &request));
    users.install(&server);
    let waking = wakes.clone();
    let posting = Arc::downgrade(&server);
    server.on_config_set(Box::new(move |old, new, changed| {
        if outside.apply(old, new, changed)?
            && let Some(server) = posting.upgrade()
        {
            server.post(0, Note::Listen);
            waking.wake(0);
        }
        Ok(())
    }));
    let (freeing, freer) = threads::start_freeing(config).map_err(|e| Some(os_text(&e)))?;
    if start::is_due(config) {
        // Before the first connection, which may want data that is not there yet.
        server.loading.begin(0, clock::now_ms() / 1000);
    }
    let Crew { shards, log_core, hub } =
        threads::start(&server, &wakes, listening, &freeing).map_err(Some)?;
    log!(Notice, "Server initialized");
    let reloading = (Arc::downgrade(&server), Arc::downgrade(&hub));
    server.on_reload(Box::new(move |reload, asker| {
        let (Some(server), Some(hub)) = (reloading.0.upgrade(), reloading.1.upgrade()) else { return false };
        reload::begin(Loader { server, hub }, reload, asker).is_ok()
    }));
    let loading = Loading::begin(Loader { server: server.clone(), hub }).map_err(|e| Some(os_text(&e)))?;
    signals.listen().map_err(|e| Some(os_text(&e)))?;
    let mut core = Core {
        server: &server,
        signals,
        request,
        supervisor,
        shards: &shards,
        log_core: &log_core,
        loading,
        ending: None,
    };
    let core_outcome = crate::io::core::run(TICK, || core.tick());
    supervisor.stopping();
    // While the shards still take what it has for them.
    let loaded = core.loading.give_up(&server);
    drop(core);
    server.post_all(&Note::Stop);
    let mut outcome = core_outcome.and(join(shards));
    // After the shards: what they have left for it is still to be written.
    server.post(server.log_core(), Note::Stop);
    outcome = outcome.and(match log_core.join() {
        Ok(Ok(())) => Ok(()),
        Ok(Err(error)) => Err(format!("The log core's ring failed: {}", os_text(&error))),
        Err(_) => Err("The log core panicked".into()),
    });
    drop((freeing, server));
    // The freeing thread ends with its last sender; what it still frees is not worth waiting for.
    drop(freer);
    outcome.map_err(Some).and(if loaded { Ok(()) } else { Err(None) })
}

fn new_server(
    config: &Config,
    config_file: Option<PathBuf>,
    shards: usize,
    wakes: &Arc<Wakes>,
    request: &Request,
) -> Server {
    let (asked, aborted, waking) = (request.clone(), request.clone(), wakes.clone());
    let process = Process {
        config_file,
        executable: std::env::current_exe().unwrap_or_else(|_| PathBuf::from("shoal")),
        wake: Box::new(move |shard| waking.wake(shard)),
        shutdown: Box::new(move |r| *asked.lock().unwrap_or_else(PoisonError::into_inner) = Some(r)),
        abort_shutdown: Box::new(move || {
            let asked = aborted.lock().unwrap_or_else(PoisonError::into_inner).take().is_some();
            Shutdown::abort() || asked
        }),
    };
    Server::new(config.clone(), shards, table::all().len(), clock::now_ms(), process)
}

/// Waits for all shards; the last failure, if any.
fn join(shards: Vec<JoinHandle<io::Result<()>>>) -> Result<(), String> {
    let mut outcome = Ok(());
    for shard in shards {
        match shard.join() {
            Ok(Ok(())) => {}
            Ok(Err(error)) => outcome = Err(format!("A shard's ring failed: {}", os_text(&error))),
            Err(_) => outcome = Err("A shard panicked".into()),
        }
    }
    outcome
}

/// The control core's view.
struct Core<'a> {
    server: &'a Server,
    signals: &'a Shutdown,
    request: Request,
    supervisor: &'a Supervisor,
    shards: &'a [JoinHandle<io::Result<()>>],
    log_core: &'a JoinHandle<io::Result<()>>,
    loading: Loading,
    /// The end that was asked for, while the log core writes what is to survive it.
    ending: Option<ShutdownRequest>,
}

impl Core<'_> {
    /// One look at what happened.
    fn tick(&mut self) -> ControlFlow<()> {
        match self.loading.look() {
            Progress::Before | Progress::Ready => {}
            Progress::Done => self.say_ready(),
            Progress::Failed => return ControlFlow::Break(()),
        }
        if self.ending.is_some() {
            return self.watch_end();
        }
        let asked = self.request.lock().unwrap_or_else(PoisonError::into_inner).take();
        if asked.is_none() && self.server.switches.is_cron_paused() {
            return ControlFlow::Continue(());
        }
        self.server.sample();
        let signal = self.signals.take();
        if signal.is_some() && self.server.loading.is_on() {
            // Redis: server.c sigShutdownHandler, whileBlockedCron. What is half loaded is not saved.
            log!(Warning, "Received shutdown signal during loading, scheduling shutdown.");
            self.signals.set_stopping(true);
            return ControlFlow::Break(());
        }
        if let Some(request) = asked.or_else(|| signal.map(|signal| self.asked_by(signal))) {
            return self.begin_end(request);
        }
        // A thread that ended by itself has failed.
        if self.shards.iter().chain([self.log_core]).any(JoinHandle::is_finished) {
            self.signals.set_stopping(true);
            return ControlFlow::Break(());
        }
        ControlFlow::Continue(())
    }

    fn say_ready(&self) {
        let config = self.server.config.load();
        if config.port != 0 {
            log!(Notice, "Ready to accept connections tcp");
        }
        if config.unixsocket.is_some() {
            log!(Notice, "Ready to accept connections unix");
        }
        self.supervisor.ready("Ready to accept connections\n");
    }

    /// What a signal asks for, by `shutdown-on-sigterm` and `shutdown-on-sigint` (server.c `serverCron`).
    fn asked_by(&self, signal: ShutdownSignal) -> ShutdownRequest {
        let config = self.server.config.load();
        let flags = match signal {
            ShutdownSignal::Term => config.shutdown_on_sigterm,
            ShutdownSignal::Int => config.shutdown_on_sigint,
        };
        ShutdownRequest {
            nosave: flags.contains(ShutdownFlags::NOSAVE),
            save: flags.contains(ShutdownFlags::SAVE),
            now: flags.contains(ShutdownFlags::NOW),
            force: flags.contains(ShutdownFlags::FORCE),
            asker: None,
        }
    }

    /// Has clients wait and the log core write what is to survive (server.c `prepareForShutdown`).
    fn begin_end(&mut self, request: ShutdownRequest) -> ControlFlow<()> {
        log!(Notice, "User requested shutdown...");
        self.signals.set_stopping(true);
        self.ending = Some(request);
        self.server.saving.set_end_state(EndState::Writing);
        self.server.ask_log(LogRequest::End(request));
        // Mostly there is nothing to write, and the end need not wait for the next tick.
        let started = Instant::now();
        while self.server.saving.end_state() == EndState::Writing && started.elapsed() < BRIEFLY {
            std::thread::sleep(BRIEFLY / 20);
        }
        self.watch_end()
    }

    /// Ends the server when what is to survive is written; goes on if that failed (server.c `finishShutdown`).
    fn watch_end(&mut self) -> ControlFlow<()> {
        match self.server.saving.end_state() {
            EndState::Ready => return ControlFlow::Break(()),
            EndState::Failed => {}
            // The log core ends too early only if it failed.
            EndState::Writing | EndState::None if self.log_core.is_finished() => {
                return ControlFlow::Break(());
            }
            EndState::Writing | EndState::None => return ControlFlow::Continue(()),
        }
        log!(Warning, "Errors trying to shut down the server. Check the logs for more information.");
        self.signals.set_stopping(false);
        self.server.saving.set_end_state(EndState::None);
        self.server.go_on();
        if let Some(asker) = self.ending.take().and_then(|request| request.asker) {
            let line = b"-ERR Errors trying to SHUTDOWN. Check logs.\r\n".to_vec();
            self.server.post(asker.shard, Note::Answer(asker.client, line));
        }
        ControlFlow::Continue(())
    }
}
