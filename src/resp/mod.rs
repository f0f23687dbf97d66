//! L1: the wire protocol: parsing requests in place, encoding replies in RESP2 and RESP3.
