//! The command line: what to verify, and what the auditor brings along.

use std::ffi::OsString;
use std::path::{Path, PathBuf};

use lexopt::{Arg, Parser};
use sealane_audit::note::{Checkpoint, VerifierKey};
use sealane_audit::verify::Options;

pub(crate) const USAGE: &str = "usage: sealane-verify log DIR [options]

  log DIR           a log's directory, or a copy of it; a copy fetched over HTTP (tile/ and checkpoint) will do

options
  --key KEY         the log's key as its site publishes it: a verifier key line (name+id+base64), a
                    fingerprint (sha256:...) or the key in base64; without it the key beside the log is used
  --anchor FILE     a checkpoint of this log that you kept from earlier, as often as you like: shows a log
                    that was rewritten, forked or rolled back
  --tiles           compare the C2SP tiles beside the segments too
  --json            one JSON document instead of text

exit codes: 0 all holds, 1 tampered, 2 incomplete, 3 cannot be verified, 64 wrong usage
";

/// What the command line asks for.
pub(crate) enum Asked {
    Help,
    Verify(Box<Arguments>),
}

pub(crate) struct Arguments {
    pub(crate) subject: Subject,
    pub(crate) options: Options,
    pub(crate) json: bool,
}

/// What is to be verified.
pub(crate) enum Subject {
    Log { directory: PathBuf },
}

pub(crate) fn parse() -> Result<Asked, String> {
    read(Parser::from_env())
}

fn read(mut parser: Parser) -> Result<Asked, String> {
    let mut words: Vec<OsString> = Vec::new();
    let mut options = Options::default();
    let mut json = false;
    while let Some(argument) = parser.next().map_err(|error| error.to_string())? {
        match argument {
            Arg::Short('h') | Arg::Long("help") => return Ok(Asked::Help),
            Arg::Long("json") => json = true,
            Arg::Long("tiles") => options.tiles = true,
            Arg::Long("key") => key(&text(&mut parser)?, &mut options)?,
            Arg::Long("anchor") => options.anchors.push(anchor(&file(&mut parser)?)?),
            Arg::Value(word) => words.push(word),
            other => return Err(other.unexpected().to_string()),
        }
    }
    Ok(Asked::Verify(Box::new(Arguments { subject: subject(words)?, options, json })))
}

fn subject(words: Vec<OsString>) -> Result<Subject, String> {
    let mut words = words.into_iter();
    let what = words.next().ok_or("what is to be verified?")?;
    let mut next = |wanted: &str| words.next().ok_or_else(|| format!("{wanted} is missing"));
    let subject = match what.to_str() {
        Some("log") => Subject::Log { directory: next("the log's directory")?.into() },
        _ => return Err(format!("{} is nothing that can be verified", what.to_string_lossy())),
    };
    match words.next() {
        Some(word) => Err(format!("{} is one word too many", word.to_string_lossy())),
        None => Ok(subject),
    }
}

fn text(parser: &mut Parser) -> Result<String, String> {
    let value = parser.value().map_err(|error| error.to_string())?;
    value.into_string().map_err(|_| "the value of an option is not text".to_owned())
}

fn file(parser: &mut Parser) -> Result<PathBuf, String> {
    Ok(parser.value().map_err(|error| error.to_string())?.into())
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

fn anchor(path: &Path) -> Result<Checkpoint, String> {
    let text = std::fs::read_to_string(path).map_err(|error| format!("the anchor cannot be read: {error}"))?;
    Checkpoint::parse(&text).map_err(|error| format!("the anchor is {error}"))
}
