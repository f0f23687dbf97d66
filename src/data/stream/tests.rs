//! Tests of `stream`.

