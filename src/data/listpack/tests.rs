//! Tests of `listpack`.
