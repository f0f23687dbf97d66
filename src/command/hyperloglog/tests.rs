//! Tests of `hyperloglog`.

