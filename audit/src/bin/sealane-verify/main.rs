//! `sealane-verify LOGDIR [--key FINGERPRINT_OR_KEY] [--anchor FILE]... [--json]`
//!
//! Verifies an audit log offline: no gateway code, no database, no network. Exit codes: 0 it holds,
//! 1 tampered, 2 incomplete or wrong usage, 3 cannot be verified.

use std::ffi::OsString;
use std::io::Write as _;
use std::path::PathBuf;
use std::process::ExitCode;

use sealane_audit::note::{Checkpoint, VerifierKey};
use sealane_audit::verify::{Options, verify_dir};

const USAGE: &str = "usage: sealane-verify LOGDIR [--key FINGERPRINT_OR_KEY] [--anchor FILE]... [--json]

  LOGDIR     the log's directory, or a copy of it
  --key      the log's key as its site publishes it: a fingerprint (sha256:...), a verifier key line
             (name+id+base64), or the key in base64; without it the key beside the log is used
  --anchor   a checkpoint of this log that you kept from earlier: shows a rewritten or rolled back log
  --json     one JSON document instead of text

exit codes: 0 it holds, 1 tampered, 2 incomplete or wrong usage, 3 cannot be verified
";

struct Arguments {
    directory: PathBuf,
    options: Options,
    json: bool,
}

fn main() -> ExitCode {
    let arguments: Vec<OsString> = std::env::args_os().skip(1).collect();
    if arguments.iter().any(|argument| argument == "--help" || argument == "-h") {
        return print(USAGE, ExitCode::SUCCESS);
    }
    match parse(arguments) {
        Ok(arguments) => verify(&arguments),
        Err(why) => {
            // Without a standard error there is nobody to tell; the exit code remains.
            let _ = write!(std::io::stderr(), "error: {why}\n\n{USAGE}");
            ExitCode::from(2)
        }
    }
}

fn verify(arguments: &Arguments) -> ExitCode {
    let report = verify_dir(&arguments.directory, &arguments.options);
    let text = if arguments.json {
        match serde_json::to_string_pretty(&report) {
            Ok(json) => format!("{json}\n"),
            Err(error) => format!("{{\"error\": \"{error}\"}}\n"),
        }
    } else {
        report.to_string()
    };
    print(&text, ExitCode::from(report.exit_code()))
}

/// What could not be said must not count as said.
fn print(text: &str, code: ExitCode) -> ExitCode {
    match std::io::stdout().write_all(text.as_bytes()) {
        Ok(()) => code,
        Err(_) => ExitCode::from(3),
    }
}

fn parse(arguments: Vec<OsString>) -> Result<Arguments, String> {
    let mut directory = None;
    let mut options = Options::default();
    let mut json = false;
    let mut rest = arguments.into_iter();
    while let Some(argument) = rest.next() {
        match argument.to_str() {
            Some("--json") => json = true,
            Some("--key") => key(&value(rest.next(), "--key")?, &mut options)?,
            Some("--anchor") => options.anchors.push(anchor(&value(rest.next(), "--anchor")?)?),
            Some(flag) if flag.starts_with('-') => return Err(format!("{flag} is not an option")),
            _ if directory.is_some() => return Err("one log directory at a time".to_owned()),
            _ => directory = Some(PathBuf::from(argument)),
        }
    }
    let directory = directory.ok_or("which log directory?")?;
    Ok(Arguments { directory, options, json })
}

fn value(argument: Option<OsString>, flag: &str) -> Result<String, String> {
    let value = argument.ok_or_else(|| format!("{flag} needs a value"))?;
    value.into_string().map_err(|_| format!("the value of {flag} is not text"))
}

fn key(text: &str, options: &mut Options) -> Result<(), String> {
    if let Ok(key) = text.parse::<VerifierKey>() {
        options.key = Some(key.key());
    } else if let Ok(key) = text.parse() {
        options.key = Some(key);
    } else if let Ok(fingerprint) = text.parse() {
        options.fingerprint = Some(fingerprint);
    } else {
        return Err("--key is neither a fingerprint, a verifier key line nor a base64 key".to_owned());
    }
    Ok(())
}

fn anchor(path: &str) -> Result<Checkpoint, String> {
    let text = std::fs::read_to_string(path).map_err(|error| format!("the anchor cannot be read: {error}"))?;
    Checkpoint::parse(&text).map_err(|error| format!("the anchor is {error}"))
}
