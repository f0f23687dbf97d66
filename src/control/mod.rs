//! L5: process life: arguments, boot, signals, the control core.

pub mod process;
