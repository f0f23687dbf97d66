//! L1: data structures that know nothing of keys, databases or clients.
