//! `sealane-verify`: verifies audit logs and what was taken from them, offline.
//!
//! No gateway code, no database, no network: files in, verdicts out. Exit codes: 0 all holds, 1 tampered,
//! 2 incomplete, 3 cannot be verified, 64 wrong usage (`EX_USAGE` of sysexits.h, so that no typing error is
//! ever taken for a verdict).

mod arguments;

use std::fs;
use std::io::{BufReader, Write as _};
use std::path::Path;
use std::process::ExitCode;
use std::str::FromStr;

use sealane_audit::verify::{verify_dir, verify_entry, verify_pack, verify_proof, verify_receipt};
use sealane_audit::{ExchangeReceipt, LogProof};
use serde::Serialize;

use self::arguments::{Arguments, Asked, Subject, USAGE};

const UNVERIFIABLE: u8 = 3;
const WRONG_USAGE: u8 = 64;

/// What is told: for programs, for people, and in the exit code.
struct Told {
    json: String,
    text: String,
    code: u8,
}

impl Told {
    fn new(report: &impl Serialize, text: String, code: u8) -> Result<Self, String> {
        let json = serde_json::to_string_pretty(report).map_err(|error| error.to_string())?;
        Ok(Self { json: format!("{json}\n"), text, code })
    }
}

fn main() -> ExitCode {
    let arguments = match arguments::parse() {
        Ok(Asked::Help) => return print(USAGE, 0),
        Ok(Asked::Verify(arguments)) => arguments,
        Err(why) => return complain(&format!("{why}\n\n{USAGE}"), WRONG_USAGE),
    };
    match verify(&arguments) {
        Ok(told) => print(if arguments.json { &told.json } else { &told.text }, told.code),
        Err(why) => complain(&why, UNVERIFIABLE),
    }
}

fn verify(Arguments { subject, pins, options, entry, .. }: &Arguments) -> Result<Told, String> {
    let report = match subject {
        Subject::Log { directory } => verify_dir(directory, options),
        Subject::Entry { directory, index } => verify_entry(directory, *index, options),
        Subject::Proof { file } => {
            let entry = entry.as_ref().map(|file| fs::read(file).map_err(|error| unreadable(file, &error)));
            verify_proof(&read::<LogProof>(file)?, entry.transpose()?.as_deref(), options)
        }
        Subject::Pack { file } => {
            let pack = fs::File::open(file).map_err(|error| unreadable(file, &error))?;
            verify_pack(BufReader::new(pack), options)
        }
        Subject::Receipt { file } => {
            let report = verify_receipt(&read::<ExchangeReceipt>(file)?, pins, options);
            return Told::new(&report, report.to_string(), report.exit_code());
        }
    };
    Told::new(&report, report.to_string(), report.exit_code())
}

fn read<T: FromStr<Err: ToString>>(file: &Path) -> Result<T, String> {
    let text = fs::read_to_string(file).map_err(|error| unreadable(file, &error))?;
    text.parse().map_err(|error: T::Err| error.to_string())
}

fn unreadable(file: &Path, error: &std::io::Error) -> String {
    format!("{} cannot be read: {error}", file.display())
}

fn complain(why: &str, code: u8) -> ExitCode {
    // Without a standard error there is nobody to tell; the exit code remains.
    let _ = writeln!(std::io::stderr(), "error: {why}");
    ExitCode::from(code)
}

/// What could not be said must not count as said.
fn print(text: &str, code: u8) -> ExitCode {
    match std::io::stdout().write_all(text.as_bytes()) {
        Ok(()) => ExitCode::from(code),
        Err(_) => ExitCode::from(UNVERIFIABLE),
    }
}
