//! The control core: one glommio executor for what is slow and many: timers now, Sentinel and cluster sockets later.

use glommio::timer::sleep;
use glommio::{LocalExecutorBuilder, Placement};
use std::ops::ControlFlow;
use std::time::Duration;

/// Memory that the executor may lock for its own rings, in bytes: its least.
const IO_MEMORY: usize = 512 * 1024;

/// Calls `tick` every `period` on a glommio executor on this thread, until it breaks.
///
/// # Errors
/// The executor cannot start: no io_uring, or too little lockable memory; the text says which and what to do.
pub fn run<T>(period: Duration, mut tick: impl FnMut() -> ControlFlow<T>) -> Result<T, String> {
    let executor = LocalExecutorBuilder::new(Placement::Unbound)
        .name("control")
        .io_memory(IO_MEMORY)
        .ring_depth(64)
        .make()
        .map_err(|e| {
            format!(
                "The control core cannot start its io_uring: {e}. Raise the limit of locked memory (ulimit -l, \
                 LimitMEMLOCK=) to at least 8 MiB and allow io_uring (sysctl kernel.io_uring_disabled=0)."
            )
        })?;
    Ok(executor.run(async move {
        loop {
            if let ControlFlow::Break(value) = tick() {
                return value;
            }
            sleep(period).await;
        }
    }))
}
