//! L3: one row per command and the handlers, a folder per COMMAND DOCS group.
