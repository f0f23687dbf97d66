//! The thread that loads the dataset when the server starts, as the control core sees it.

use crate::command::Server;
use crate::load::aof::take_over::take_over;
use crate::load::{Aborted, Loader, start};
use std::io;
use std::thread::JoinHandle;

/// Loading at the start, or what came of it.
pub struct Loading {
    thread: Option<JoinHandle<Result<start::Found, Aborted>>>,
    failed: bool,
}

/// What [`Loading::look`] saw.
#[derive(Clone, Copy, PartialEq, Eq, Debug)]
pub enum Progress {
    /// It goes on.
    Before,
    /// It has just ended: the server is ready.
    Done,
    /// It ended earlier.
    Ready,
    /// It failed: the server must not go on. The log says why.
    Failed,
}

impl Loading {
    /// Starts the thread.
    ///
    /// # Errors
    /// No more threads.
    pub fn begin(loader: Loader) -> io::Result<Loading> {
        let load = move || start::load(&loader, |found| take_over(&loader.server, found));
        let thread = std::thread::Builder::new().name("loader".into()).spawn(load)?;
        Ok(Loading { thread: Some(thread), failed: false })
    }

    /// Looks whether it is over.
    pub fn look(&mut self) -> Progress {
        match &self.thread {
            None if self.failed => Progress::Failed,
            None => Progress::Ready,
            Some(thread) if !thread.is_finished() => Progress::Before,
            Some(_) => {
                self.join();
                if self.failed { Progress::Failed } else { Progress::Done }
            }
        }
    }

    /// The process ends: stops loading if it still goes on, and waits for that. Whether nothing went wrong.
    pub fn give_up(&mut self, server: &Server) -> bool {
        if self.thread.is_some() {
            server.loading.stop();
            self.join();
        }
        !self.failed
    }

    fn join(&mut self) {
        if let Some(thread) = self.thread.take() {
            // A panic has been reported; one that was stopped is no failure.
            self.failed = match thread.join() {
                Ok(Ok(_) | Err(Aborted::Stopped)) => false,
                Ok(Err(Aborted::Refused | Aborted::Damaged | Aborted::Fatal)) | Err(_) => true,
            };
        }
    }
}
