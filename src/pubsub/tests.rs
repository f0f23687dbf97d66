//! Pub/sub logic against naive expectations.
