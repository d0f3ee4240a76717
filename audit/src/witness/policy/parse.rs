//! Reads the text of a policy: one definition a line, errors with the line's number.
//!
//! C2SP `tlog-policy`: octets, not characters; names are compared byte by byte. The last line must end in a
//! newline as every other, so that a file cut short is noticed.

use std::collections::{HashMap, HashSet};

use super::{Definition, Policy, PolicyLog, PolicyWitness};
use crate::note::{KeyKind, VerifierKey, plain_number};

/// Longest policy, in bytes.
const MAX_BYTES: usize = 256 << 10;

/// A text that is no policy.
#[derive(Debug, Clone, PartialEq, Eq, thiserror::Error)]
#[error("witness policy, line {line}: {why}")]
pub struct PolicyError {
    /// The line, counted from 1.
    pub line: usize,
    /// What is wrong with it, and what is allowed.
    pub why: String,
}

impl Policy {
    /// Reads a policy.
    ///
    /// # Errors
    /// [`PolicyError`] naming the first line that is wrong.
    pub fn parse(text: &[u8]) -> Result<Self, PolicyError> {
        if text.len() > MAX_BYTES {
            return Err(PolicyError { line: 1, why: format!("the file is longer than {MAX_BYTES} bytes") });
        }
        let mut reader = Reader::default();
        let mut count = 0;
        for line in text.split_inclusive(|byte| *byte == b'\n') {
            count += 1;
            reader.line(line).map_err(|why| PolicyError { line: count, why })?;
        }
        reader.finish().map_err(|why| PolicyError { line: count + 1, why })
    }
}

#[derive(Default)]
struct Reader<'a> {
    logs: Vec<PolicyLog>,
    definitions: Vec<Definition>,
    names: HashMap<&'a [u8], usize>,
    /// Definitions that are in a group already.
    grouped: HashSet<usize>,
    quorum: Option<Option<usize>>,
}

impl<'a> Reader<'a> {
    fn line(&mut self, line: &'a [u8]) -> Result<(), String> {
        let line = line.strip_suffix(b"\n").ok_or("it does not end in a newline; the file may have been cut short")?;
        if line.iter().any(|byte| matches!(byte, 0..=0x08 | 0x0a..=0x1f | 0x7f)) {
            return Err("a control character other than tab; remove it".to_owned());
        }
        let words: Vec<&[u8]> =
            line.split(|byte| matches!(byte, b' ' | b'\t')).filter(|word| !word.is_empty()).collect();
        match words.as_slice() {
            [] => Ok(()),
            [first, ..] if first.starts_with(b"#") => Ok(()),
            [b"log", key] => self.log(key, None),
            [b"log", key, url] => self.log(key, Some(url)),
            [b"witness", name, key] => self.witness(name, key, None),
            [b"witness", name, key, url] => self.witness(name, key, Some(url)),
            [b"group", name, threshold, members @ ..] => self.group(name, threshold, members),
            [b"quorum", name] => self.quorum(name),
            [b"log", ..] => Err("a log line is: log <vkey> [<url>]".to_owned()),
            [b"witness", ..] => Err("a witness line is: witness <name> <vkey> [<url>]".to_owned()),
            [b"group", ..] => Err("a group line is: group <name> all|any|<k> <member>...".to_owned()),
            [b"quorum", ..] => Err("a quorum line is: quorum <name>|none".to_owned()),
            [word, ..] => Err(format!("{:?} begins no line; use log, witness, group or quorum", shown(word))),
        }
    }

    fn log(&mut self, key: &[u8], url: Option<&[u8]>) -> Result<(), String> {
        let key = verifier(key, KeyKind::Log, "a log's key is of type Ed25519 (1)")?;
        if self.logs.iter().any(|log| log.key.key() == key.key()) {
            return Err("another log has the same key".to_owned());
        }
        self.logs.push(PolicyLog { key, url: url.map(shown) });
        Ok(())
    }

    fn witness(&mut self, name: &'a [u8], key: &[u8], url: Option<&[u8]>) -> Result<(), String> {
        let key = verifier(key, KeyKind::Cosigner, "a witness's key is of type Ed25519 cosignature (4)")?;
        let same =
            |definition: &Definition| matches!(definition, Definition::Witness(other) if other.key.key() == key.key());
        if self.definitions.iter().any(same) {
            return Err("another witness has the same key".to_owned());
        }
        self.define(name, Definition::Witness(PolicyWitness { name: shown(name), key, url: url.map(shown) }))
    }

    fn group(&mut self, name: &'a [u8], threshold: &[u8], names: &[&'a [u8]]) -> Result<(), String> {
        if names.is_empty() {
            return Err("a group has one member at least".to_owned());
        }
        let mut members = Vec::with_capacity(names.len());
        for member in names {
            let found = self.find(member)?;
            if !self.grouped.insert(found) {
                return Err(format!("{:?} is a member of a group already; each counts in one way only", shown(member)));
            }
            members.push(found);
        }
        let threshold = match threshold {
            b"all" => members.len(),
            b"any" => 1,
            number => decimal(number).filter(|k| (1..=members.len()).contains(k)).ok_or_else(|| {
                format!("{:?} is no threshold; use all, any, or a number from 1 to {}", shown(number), members.len())
            })?,
        };
        self.define(name, Definition::Group { threshold, members })
    }

    fn quorum(&mut self, name: &[u8]) -> Result<(), String> {
        if self.quorum.is_some() {
            return Err("a second quorum; a policy has one".to_owned());
        }
        self.quorum = Some(if name == b"none" { None } else { Some(self.find(name)?) });
        Ok(())
    }

    fn define(&mut self, name: &'a [u8], definition: Definition) -> Result<(), String> {
        if name == b"none" {
            return Err("the name none means that no cosignature is asked for; choose another".to_owned());
        }
        if self.names.insert(name, self.definitions.len()).is_some() {
            return Err(format!("{:?} is defined already", shown(name)));
        }
        self.definitions.push(definition);
        Ok(())
    }

    fn find(&self, name: &[u8]) -> Result<usize, String> {
        let found = self.names.get(name).copied();
        found.ok_or_else(|| format!("{:?} is not defined on a line before; define it first", shown(name)))
    }

    fn finish(self) -> Result<Policy, String> {
        let quorum = self.quorum.ok_or("the quorum line is missing; end with quorum <name>, or quorum none")?;
        Ok(Policy { logs: self.logs, definitions: self.definitions, quorum })
    }
}

fn verifier(text: &[u8], kind: KeyKind, wanted: &str) -> Result<VerifierKey, String> {
    let text = std::str::from_utf8(text).map_err(|_| "the key is not UTF-8".to_owned())?;
    let key: VerifierKey = text.parse().map_err(|error| format!("{error}"))?;
    if key.kind() == kind { Ok(key) } else { Err(format!("a key of another type; {wanted}")) }
}

fn decimal(number: &[u8]) -> Option<usize> {
    usize::try_from(plain_number(std::str::from_utf8(number).ok()?)?).ok()
}

/// For people; names that are not UTF-8 keep their bytes for comparing only.
fn shown(octets: &[u8]) -> String {
    String::from_utf8_lossy(octets).into_owned()
}
