//! Use cases: what a caller can ask of a site, each decided, recorded, done.
