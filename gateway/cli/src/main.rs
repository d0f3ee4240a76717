//! The `sealane` binary: the library does the work.
fn main() {}
