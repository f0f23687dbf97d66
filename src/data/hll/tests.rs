//! Tests of `hll`.

