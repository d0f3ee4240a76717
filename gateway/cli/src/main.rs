//! The `sealane` binary: the library does the work.

use std::process::ExitCode;

fn main() -> ExitCode {
    sealane_cli::run()
}
