//! Checks of the transaction protocol.
//!
//! `world` runs shards, clients and random traffic over the protocol and judges what came out with `history`. `stress`
//! does so on real threads; `model` (feature `model`) under shuttle, which also runs deliberately broken protocols
//! (`Flaw`) and expects each to be caught.

#![allow(clippy::unwrap_used)]

mod history;
#[cfg(feature = "model")]
mod model;
#[cfg(not(feature = "model"))]
mod step;
#[cfg(not(feature = "model"))]
mod stress;
mod world;
