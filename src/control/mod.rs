//! L5: process life: arguments, boot, signals, the control core.

pub mod boot;
mod listen;
pub mod process;
mod threads;

pub use boot::main;
