//! Syslog messages of entries: RFC 5424, framed for TLS by RFC 5425.
//!
//! The message is the entry as it is in the log (canonical JSON), so that whoever receives it can check its hash against
//! the leaf hash beside it. The header and the structured data repeat what log servers sort and filter by. Personal values
//! are in it only where the site says so: what a log server has received, no erasure reaches. Facility 13 is the log audit.

use std::fmt::Write;

use super::Context;
use super::words::{self, printable};
use crate::event::Outcome;
use crate::query::EntryView;

/// The enterprise number of a site that has none: IANA keeps it for examples (RFC 5612).
pub const EXAMPLE_ENTERPRISE: u32 = 32_473;

/// How messages are written.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Syslog {
    /// Whose log it is.
    pub context: Context,
    /// The private enterprise number in the names of the structured data (RFC 5424 section 7.2.2).
    pub enterprise: u32,
    /// Whether messages carry the personal values that views reveal.
    pub personal_values: bool,
}

const FACILITY: u8 = 13;

/// Numbers of RFC 5424 run from 1 to here.
const MAX_SEQUENCE: u64 = 2_147_483_647;

impl Syslog {
    /// One entry as a message.
    #[must_use]
    pub fn message(&self, view: &EntryView) -> String {
        let entry = &view.entry;
        let priority = FACILITY * 8 + severity(view);
        let host = header_field(&self.context.host, 255);
        let id = header_field(entry.kind.name(), 32);
        let mut message = format!("<{priority}>1 {} {host} sealane - {id} ", micros(entry.at_ns));
        self.structured_data(view, &mut message);
        message.push(' ');
        message.push_str(&view.json);
        message
    }

    /// One entry as a frame of a TLS connection: its length in octets, a space, the message (RFC 5425 section 4.3).
    pub fn frame(&self, view: &EntryView, out: &mut Vec<u8>) {
        let message = self.message(view);
        out.extend_from_slice(format!("{} ", message.len()).as_bytes());
        out.extend_from_slice(message.as_bytes());
    }

    fn structured_data(&self, view: &EntryView, out: &mut String) {
        let entry = &view.entry;
        let clock = entry.clock;
        let synchronised = clock.is_some_and(|clock| clock.synchronised);
        let accuracy = clock.filter(|clock| clock.synchronised).and_then(|clock| clock.error_us);
        element(
            out,
            "timeQuality",
            &[
                ("tzKnown", Some("1".into())),
                ("isSynced", Some(if synchronised { "1" } else { "0" }.into())),
                ("syncAccuracy", accuracy.map(|error| error.to_string())),
            ],
        );
        element(
            out,
            "origin",
            &[
                ("enterpriseId", Some(self.enterprise.to_string())),
                ("software", Some("Sealane".into())),
                ("swVersion", Some(self.context.version.chars().take(32).collect())),
            ],
        );
        element(out, "meta", &[("sequenceId", Some((entry.index % MAX_SEQUENCE + 1).to_string()))]);
        element(
            out,
            &format!("sealane@{}", self.enterprise),
            &[
                ("log", Some(self.context.origin.clone())),
                ("index", Some(entry.index.to_string())),
                ("leaf", Some(view.leaf.to_string())),
                ("site", Some(self.context.site.clone())),
                ("phase", Some(entry.phase.word().to_owned())),
                ("operation", Some(entry.op.to_string())),
                ("outcome", entry.outcome.as_ref().map(|it| it.outcome.word().to_owned())),
                ("code", entry.outcome.as_ref().map(|it| it.code.clone())),
                ("effect", entry.decision.as_ref().map(|it| it.effect.clone())),
                ("collection", entry.object.collection.clone()),
                ("class", entry.object.class.clone()),
                ("task", entry.object.task.clone()),
                ("peer", entry.peer.clone()),
                ("issuer", entry.actor.as_ref().map(|it| it.issuer.clone())),
            ],
        );
        if self.personal_values {
            let revealed = |field| words::revealed(view, field).map(str::to_owned);
            element(
                out,
                &format!("sealanePersonal@{}", self.enterprise),
                &[
                    ("person", revealed("actor.subject")),
                    ("client", revealed("client")),
                    ("path", revealed("object.path")),
                    ("purpose", revealed("private.purpose")),
                ],
            );
        }
    }
}

/// One element of the structured data; nothing if it would say nothing.
fn element(out: &mut String, id: &str, parameters: &[(&str, Option<String>)]) {
    if parameters.iter().all(|(_, value)| value.is_none()) {
        return;
    }
    out.push('[');
    out.push_str(id);
    for (name, value) in parameters {
        if let Some(value) = value {
            // Writing into a String does not fail.
            let _ = write!(out, " {name}=\"");
            escape(value, out);
            out.push('"');
        }
    }
    out.push(']');
}

/// A parameter's value (RFC 5424 section 6.3.3). No control character goes out: receivers differ in what they make of
/// one, and a line end would let a value begin a line of its own in a file of theirs.
fn escape(value: &str, out: &mut String) {
    for c in printable(value).chars() {
        match c {
            '"' | '\\' | ']' => out.extend(['\\', c]),
            '\t' | '\r' | '\n' => out.push(' '),
            c => out.push(c),
        }
    }
}

/// A field of the header: printable ASCII, no spaces, and `-` for nothing.
fn header_field(text: &str, longest: usize) -> String {
    let field: String = text.chars().filter(char::is_ascii_graphic).take(longest).collect();
    if field.is_empty() { "-".to_owned() } else { field }
}

/// RFC 5424 section 6.2.3: six digits of a second at most.
fn micros(at_ns: i64) -> String {
    let at = jiff::Timestamp::from_microsecond(at_ns.div_euclid(1_000)).unwrap_or_default();
    format!("{at:.6}")
}

/// Error for what failed, warning for what was refused, informational for the rest (RFC 5424 section 6.2.1).
fn severity(view: &EntryView) -> u8 {
    match view.entry.outcome.as_ref().map(|outcome| outcome.outcome) {
        Some(Outcome::Failed | Outcome::Interrupted) => 3,
        Some(Outcome::Denied) => 4,
        Some(Outcome::StepUp) => 5,
        Some(Outcome::Done) | None => 6,
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::event::Kind;

    #[test]
    fn a_parameter_cannot_end_its_element_or_its_line() {
        let mut out = String::new();
        element(&mut out, "x@32473", &[("v", Some("a\"]\\\n<13>1 \u{0}".into())), ("gone", None)]);
        assert_eq!(out, "[x@32473 v=\"a\\\"\\]\\\\ <13>1 \u{2400}\"]");
        let mut out = String::new();
        element(&mut out, "x@32473", &[("gone", None)]);
        assert_eq!(out, "");
    }

    #[test]
    fn header_fields_are_printable_ascii() {
        assert_eq!(header_field("a b\nc-ü", 255), "abc-");
        assert_eq!(header_field("ü", 255), "-");
        assert_eq!(header_field("abcdef", 3), "abc");
        assert!(Kind::ALL.iter().all(|kind| header_field(kind.name(), 32) == kind.name()));
    }

    #[test]
    fn times_have_microseconds() {
        assert_eq!(micros(1_700_000_000_123_456_789), "2023-11-14T22:13:20.123456Z");
        assert_eq!(micros(-1), "1969-12-31T23:59:59.999999Z");
    }
}
