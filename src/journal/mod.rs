//! L2: what writing commands did, as deterministic commands.
