//! The command line: what to verify, and what the auditor brings along.

use std::ffi::OsString;
use std::path::{Path, PathBuf};

use lexopt::{Arg, Parser};
use sealane_audit::note::{Checkpoint, KeyKind, VerifierKey};
use sealane_audit::verify::{Options, Pin};
use sealane_audit::witness::Policy;

pub(crate) const USAGE: &str = "\
usage: sealane-verify log DIR          a log's directory, or a copy of it (tile/ and checkpoint, or seg/)
       sealane-verify entry DIR INDEX  one entry of it, quickly
       sealane-verify proof FILE       a C2SP tlog-proof that an entry is in a log
       sealane-verify receipt FILE     the receipt of a transfer, which two sites keep
       sealane-verify pack FILE        an evidence pack: entries with their proofs

options
  --key KEY      a log's key as its site publishes it: a verifier key line (name+id+base64), a fingerprint
                 (sha256:...) or the key in base64; twice for a receipt. Without it, the key that comes with
                 what is verified is used, and said to be so
  --anchor FILE  a checkpoint of the log that you kept from earlier, as often as you like: shows a log that
                 was rewritten, forked or rolled back
  --witness KEY  the verifier key of a witness that must have cosigned, as often as you like: shows by when
                 entries were there
  --policy FILE  a C2SP tlog-policy instead: which witnesses, how many of them, perhaps which logs
  --entry FILE   for a proof: the exact bytes of the entry
  --tiles        for a log: compare the C2SP tiles beside the segments too
  --json         one JSON document instead of text

exit codes: 0 all holds, 1 tampered, 2 incomplete, 3 cannot be verified, 64 wrong usage
";

/// What the command line asks for.
pub(crate) enum Asked {
    Help,
    Verify(Box<Arguments>),
}

pub(crate) struct Arguments {
    pub(crate) subject: Subject,
    pub(crate) pins: Vec<Pin>,
    pub(crate) options: Options,
    pub(crate) entry: Option<PathBuf>,
    pub(crate) json: bool,
}

/// What is to be verified.
pub(crate) enum Subject {
    Log { directory: PathBuf },
    Entry { directory: PathBuf, index: u64 },
    Proof { file: PathBuf },
    Receipt { file: PathBuf },
    Pack { file: PathBuf },
}

pub(crate) fn parse() -> Result<Asked, String> {
    let mut parser = Parser::from_env();
    let mut words: Vec<OsString> = Vec::new();
    let (mut pins, mut options) = (Vec::new(), Options::default());
    let (mut witnesses, mut policies) = (Vec::new(), Vec::new());
    let (mut entry, mut json) = (None, false);
    while let Some(argument) = parser.next().map_err(|error| error.to_string())? {
        match argument {
            Arg::Short('h') | Arg::Long("help") => return Ok(Asked::Help),
            Arg::Long("json") => json = true,
            Arg::Long("tiles") => options.tiles = true,
            Arg::Long("key") => pins.push(key(value(&mut parser)?)?),
            Arg::Long("anchor") => options.anchors.push(anchor(value(&mut parser)?.as_ref())?),
            Arg::Long("witness") => witnesses.push(witness(value(&mut parser)?)?),
            Arg::Long("policy") => policies.push(policy(value(&mut parser)?.as_ref())?),
            Arg::Long("entry") => entry = Some(value(&mut parser)?.into()),
            Arg::Value(word) => words.push(word),
            other => return Err(other.unexpected().to_string()),
        }
    }
    let subject = subject(words)?;
    match (&subject, pins.as_slice()) {
        (Subject::Receipt { .. }, _) | (_, []) => {}
        (_, [pin]) => pin.set(&mut options),
        _ => return Err("one key is enough: only a receipt is of two logs".to_owned()),
    }
    options.policy = match (witnesses.as_slice(), policies.pop()) {
        ([], policy) if policies.is_empty() => policy,
        (witnesses, None) => Some(all_of(witnesses)?),
        _ => return Err("either one --policy, or --witness".to_owned()),
    };
    if entry.is_some() && !matches!(subject, Subject::Proof { .. }) {
        return Err("--entry belongs to a proof".to_owned());
    }
    Ok(Asked::Verify(Box::new(Arguments { subject, pins, options, entry, json })))
}

fn subject(words: Vec<OsString>) -> Result<Subject, String> {
    let mut words = words.into_iter();
    let what = words.next().ok_or("what is to be verified?")?;
    let mut next = |wanted: &str| words.next().ok_or_else(|| format!("{wanted} is missing"));
    let subject = match what.to_str() {
        Some("log") => Subject::Log { directory: next("the log's directory")?.into() },
        Some("entry") => {
            let directory = next("the log's directory")?.into();
            let index = next("the entry's index")?.to_str().and_then(|index| index.parse().ok());
            Subject::Entry { directory, index: index.ok_or("an entry's index is a number, counted from 0")? }
        }
        Some("proof") => Subject::Proof { file: next("the proof's file")?.into() },
        Some("receipt") => Subject::Receipt { file: next("the receipt's file")?.into() },
        Some("pack") => Subject::Pack { file: next("the pack's file")?.into() },
        _ => return Err(format!("{} is nothing that can be verified", what.display())),
    };
    match words.next() {
        Some(word) => Err(format!("{} is one word too many", word.display())),
        None => Ok(subject),
    }
}

fn value(parser: &mut Parser) -> Result<OsString, String> {
    parser.value().map_err(|error| error.to_string())
}

fn key(text: OsString) -> Result<Pin, String> {
    let text = text.into_string().map_err(|_| "the value of --key is not text")?;
    text.parse().map_err(|why| format!("--key is {why}"))
}

fn anchor(path: &Path) -> Result<Checkpoint, String> {
    let text = std::fs::read_to_string(path).map_err(|error| format!("the anchor cannot be read: {error}"))?;
    Checkpoint::parse(&text).map_err(|error| format!("the anchor is {error}"))
}

fn witness(text: OsString) -> Result<VerifierKey, String> {
    let text = text.into_string().map_err(|_| "the value of --witness is not text")?;
    let key: VerifierKey = text.parse().map_err(|error| format!("--witness is {error}"))?;
    if key.kind() == KeyKind::Cosigner { Ok(key) } else { Err("--witness is a log's key, not a cosigner's".to_owned()) }
}

fn policy(path: &Path) -> Result<Policy, String> {
    let text = std::fs::read(path).map_err(|error| format!("the policy cannot be read: {error}"))?;
    Policy::parse(&text).map_err(|error| error.to_string())
}

/// The policy that asks for every one of these witnesses.
fn all_of(witnesses: &[VerifierKey]) -> Result<Policy, String> {
    let lines: String = witnesses.iter().map(|key| format!("witness {} {key}\n", key.name())).collect();
    let names: String = witnesses.iter().map(|key| format!(" {}", key.name())).collect();
    let text = format!("{lines}group all-of-them all{names}\nquorum all-of-them\n");
    Policy::parse(text.as_bytes()).map_err(|error| format!("these witnesses do not go together: {error}"))
}
