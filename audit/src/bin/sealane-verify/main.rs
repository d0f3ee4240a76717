//! `sealane-verify`: verifies audit logs and what was taken from them, offline.
//!
//! No gateway code, no database, no network: files in, verdicts out. Exit codes: 0 all holds, 1 tampered,
//! 2 incomplete, 3 cannot be verified, 64 wrong usage (`EX_USAGE` of sysexits.h, so that no typing error is
//! ever taken for a verdict).

mod arguments;

use std::io::Write as _;
use std::process::ExitCode;

use sealane_audit::verify::verify_dir;
use serde::Serialize;

use self::arguments::{Arguments, Asked, Subject, USAGE};

const WRONG_USAGE: u8 = 64;

fn main() -> ExitCode {
    match arguments::parse() {
        Ok(Asked::Help) => print(USAGE, 0),
        Ok(Asked::Verify(arguments)) => verify(&arguments),
        Err(why) => {
            // Without a standard error there is nobody to tell; the exit code remains.
            let _ = write!(std::io::stderr(), "error: {why}\n\n{USAGE}");
            ExitCode::from(WRONG_USAGE)
        }
    }
}

fn verify(Arguments { subject, options, json }: &Arguments) -> ExitCode {
    match subject {
        Subject::Log { directory } => {
            let report = verify_dir(directory, options);
            tell(&report, &report.to_string(), report.exit_code(), *json)
        }
    }
}

fn tell(report: &impl Serialize, text: &str, code: u8, json: bool) -> ExitCode {
    if !json {
        return print(text, code);
    }
    match serde_json::to_string_pretty(report) {
        Ok(json) => print(&format!("{json}\n"), code),
        Err(error) => print(&format!("{{\"error\": \"{error}\"}}\n"), 3),
    }
}

/// What could not be said must not count as said.
fn print(text: &str, code: u8) -> ExitCode {
    match std::io::stdout().write_all(text.as_bytes()) {
        Ok(()) => ExitCode::from(code),
        Err(_) => ExitCode::from(3),
    }
}
