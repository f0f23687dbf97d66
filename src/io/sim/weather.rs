//! What the simulated network does to bytes and connections, and how long the disk takes.

use crate::base::prng::Prng;

/// Limits and mishaps of a simulated network, and delays of a disk; each draw is made anew for every chunk, send and turn.
#[derive(Clone, Debug)]
pub struct Weather {
    /// Longest delay of anything on its way, in nanoseconds.
    pub delay_ns: u64,
    /// Longest piece in which bytes travel.
    pub chunk_bytes: usize,
    /// Size of a provided buffer.
    pub buffer_bytes: usize,
    /// Provided buffers per turn: sockets that find none wait for the next (ENOBUFS, and the receive armed again).
    pub buffers: usize,
    /// Unread bytes that a client's end takes before the server's send has to wait.
    pub window_bytes: usize,
    /// One in so many sends fails; 0: none.
    pub send_error_in: u64,
    /// One in so many accepts fails; 0: none.
    pub accept_error_in: u64,
    /// One in so many connects fails; 0: none.
    pub connect_error_in: u64,
    /// Longest time of a write to a file, in nanoseconds.
    pub write_delay_ns: u64,
    /// Longest time of a sync of a file, in nanoseconds.
    pub sync_delay_ns: u64,
}

impl Weather {
    /// Nothing gets lost or cut, and everything arrives at once.
    pub fn calm() -> Weather {
        Weather {
            delay_ns: 0,
            chunk_bytes: 64 * 1024,
            buffer_bytes: 16 * 1024,
            buffers: 128,
            window_bytes: 256 * 1024,
            send_error_in: 0,
            accept_error_in: 0,
            connect_error_in: 0,
            write_delay_ns: 0,
            sync_delay_ns: 0,
        }
    }

    /// Any weather in which no connection fails by itself: delays, cuts, few and short buffers, narrow windows.
    pub fn random(rng: &mut Prng) -> Weather {
        let mut pick = |choices: &[usize]| choices.get(rng.index(choices.len())).copied().unwrap_or(1);
        Weather {
            delay_ns: pick(&[0, 1_000, 50_000, 2_000_000]) as u64,
            chunk_bytes: pick(&[1, 7, 64, 1_024, 64 * 1024]),
            buffer_bytes: pick(&[3, 32, 512, 16 * 1024]),
            buffers: pick(&[1, 2, 16, 128]),
            window_bytes: pick(&[1, 16, 256, 256 * 1024]),
            send_error_in: 0,
            accept_error_in: pick(&[0, 0, 4]) as u64,
            connect_error_in: 0,
            write_delay_ns: pick(&[0, 10_000, 3_000_000]) as u64,
            sync_delay_ns: pick(&[0, 1_000_000, 40_000_000, 3_000_000_000]) as u64,
        }
    }

    /// The same with sends that fail now and then.
    #[must_use]
    pub fn with_send_errors(mut self, one_in: u64) -> Weather {
        self.send_error_in = one_in;
        self
    }
}
