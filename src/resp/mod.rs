//! L1: the wire protocol: parsing requests in place, encoding replies in RESP2 and RESP3.

mod encode;
mod parse;

pub use encode::{Out, Proto};
pub use parse::{Argv, Limits, Parsed, Parser, ProtocolError};
