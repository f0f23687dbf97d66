//! L0: small tools without state of their own that every room may use.
