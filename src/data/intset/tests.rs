//! Tests of `intset`.
