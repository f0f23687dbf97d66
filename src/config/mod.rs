//! L2: directives: one table, the redis.conf syntax, CONFIG GET, SET and REWRITE.
