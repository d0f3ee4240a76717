//! Comma-separated values: one line an entry, one column a field (NIST SP 800-53 AU-3), for spreadsheets.
//!
//! RFC 4180: CRLF, quotes where needed, a header line. Formula-safe: a spreadsheet runs a cell that begins with
//! `=`, `+`, `-`, `@`, a tab or a line end, so such a field gets an apostrophe in front, and so does one that
//! begins with an apostrophe: taking one leading apostrophe away gives the field back. Control characters that no
//! cell can hold are shown as their pictures (U+2400 and on); the log itself keeps them.

use ::csv::{Terminator, WriterBuilder};
use serde_json::{Map, Value};

use super::Context;
use super::words::{self, utc_ns, utc_s};
use crate::entry::{Entry, EntryActor};
use crate::event::DecisionRecord;
use crate::query::EntryView;

type Column = (&'static str, fn(&EntryView, &Context) -> Option<String>);

/// The columns, in their order. New ones are added at the end, so that what reads by position goes on working.
const COLUMNS: &[Column] = &[
    ("index", |view, _| Some(view.entry.index.to_string())),
    ("at", |view, _| Some(utc_ns(view.entry.at_ns))),
    ("mono_us", |view, _| Some(view.entry.mono_us?.to_string())),
    ("clock_synchronised", |view, _| Some(view.entry.clock?.synchronised.to_string())),
    ("clock_error_us", |view, _| Some(view.entry.clock?.error_us?.to_string())),
    ("kind", |view, _| Some(view.entry.kind.name().to_owned())),
    ("area", |view, _| Some(view.entry.kind.area().to_owned())),
    ("phase", |view, _| Some(view.entry.phase.word().to_owned())),
    ("operation", |view, _| Some(view.entry.op.to_string())),
    ("outcome", |view, _| Some(view.entry.outcome.as_ref()?.outcome.word().to_owned())),
    ("code", |view, _| Some(view.entry.outcome.as_ref()?.code.clone())),
    ("message", |view, _| Some(view.entry.outcome.as_ref()?.message.clone())),
    ("issuer", |view, _| Some(actor(&view.entry)?.issuer.clone())),
    ("person", |view, _| words::revealed(view, "actor.subject").map(str::to_owned)),
    ("acr", |view, _| actor(&view.entry)?.acr.clone()),
    ("amr", |view, _| Some(actor(&view.entry)?.amr.join(" "))),
    ("signed_in_at", |view, _| Some(utc_s(actor(&view.entry)?.auth_time_s?))),
    ("session", |view, _| actor(&view.entry)?.session.clone()),
    ("via_site", |view, _| actor(&view.entry)?.via_site.clone()),
    ("client", |view, _| words::revealed(view, "client").map(str::to_owned)),
    ("collection", |view, _| view.entry.object.collection.clone()),
    ("path", |view, _| words::revealed(view, "object.path").map(str::to_owned)),
    ("task", |view, _| view.entry.object.task.clone()),
    ("bytes", |view, _| Some(view.entry.object.bytes?.to_string())),
    ("files", |view, _| Some(view.entry.object.files?.to_string())),
    ("digest", |view, _| Some(view.entry.object.digest?.to_string())),
    ("class", |view, _| view.entry.object.class.clone()),
    ("purpose", |view, _| words::revealed(view, "private.purpose").map(str::to_owned)),
    ("decision", |view, _| Some(decision(&view.entry)?.id.to_string())),
    ("effect", |view, _| Some(decision(&view.entry)?.effect.clone())),
    ("rule", |view, _| decision(&view.entry)?.rule.clone()),
    ("reason", |view, _| Some(decision(&view.entry)?.reason.clone())),
    ("policy_snapshot", |view, _| Some(decision(&view.entry)?.snapshot.to_string())),
    ("peer", |view, _| view.entry.peer.clone()),
    ("transport", |view, _| view.entry.transport.clone()),
    ("change", |view, _| {
        object(view.entry.change.iter().filter_map(|(name, it)| Some((name.clone(), serde_json::to_value(it).ok()?))))
    }),
    ("detail", |view, _| object(view.entry.detail.iter().map(|(name, value)| (name.clone(), value.clone())))),
    ("private", |view, _| object(words::private_values(view).map(|(name, value)| (name.to_owned(), value.into())))),
    ("absent", |view, _| object(words::absences(view).into_iter())),
    ("commitments", |view, _| {
        object(view.entry.commitments().map(|(field, digest)| (field, digest.to_string().into())))
    }),
    ("site", |_, context| Some(context.site.clone())),
    ("log", |_, context| Some(context.origin.clone())),
    ("leaf", |view, _| Some(view.leaf.to_string())),
    ("prev", |view, _| Some(view.entry.prev.to_string())),
    ("catalogue", |view, _| Some(view.entry.catalogue.to_string())),
    ("format", |view, _| Some(view.entry.v.to_string())),
];

pub(super) fn header(out: &mut Vec<u8>) {
    line(out, COLUMNS.iter().map(|(name, _)| (*name).to_owned()));
}

pub(super) fn entry(view: &EntryView, context: &Context, out: &mut Vec<u8>) {
    line(out, COLUMNS.iter().map(|(_, field)| cell(&field(view, context).unwrap_or_default())));
}

fn line(out: &mut Vec<u8>, fields: impl Iterator<Item = String>) {
    let mut writer = WriterBuilder::new().terminator(Terminator::CRLF).buffer_capacity(1 << 10).from_writer(out);
    // A vector takes every byte, and every line has as many fields as any other: nothing can go wrong here.
    let written = writer.write_record(fields);
    debug_assert!(written.is_ok());
    let flushed = writer.flush();
    debug_assert!(flushed.is_ok());
}

/// A field that no spreadsheet takes for a formula.
fn cell(text: &str) -> String {
    let text = words::printable(text);
    // Some programs trim spaces before they look, so what follows the spaces counts.
    if text.trim_start_matches(' ').starts_with(is_dangerous) { format!("'{text}") } else { text.into_owned() }
}

/// What makes a spreadsheet calculate, also in the full-width forms that some take for the same; and the apostrophe.
const fn is_dangerous(first: char) -> bool {
    matches!(first, '=' | '+' | '-' | '@' | '\t' | '\r' | '\n' | '\'' | '＝' | '＋' | '－' | '＠')
}

fn actor(entry: &Entry) -> Option<&EntryActor> {
    entry.actor.as_ref()
}

fn decision(entry: &Entry) -> Option<&DecisionRecord> {
    entry.decision.as_ref()
}

/// Several named values in one cell: a JSON object, or nothing if there are none.
fn object(members: impl Iterator<Item = (String, Value)>) -> Option<String> {
    let members: Map<String, Value> = members.collect();
    (!members.is_empty()).then(|| Value::Object(members).to_string())
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn no_cell_begins_like_a_formula() {
        for text in ["=1+1", "+1", "-1", "@SUM(A1)", "\t=1", "\r=1", "\n=1", "  =1", "'=1", "＝1"] {
            assert_eq!(cell(text), format!("'{text}"), "{text:?}");
        }
        for text in ["", "a=1", "1-1", "ana@example.org", "{\"a\":\"=1\"}"] {
            assert_eq!(cell(text), text);
        }
    }

    #[test]
    fn columns_have_names_of_their_own() {
        let mut names: Vec<_> = COLUMNS.iter().map(|(name, _)| name).collect();
        names.sort_unstable();
        names.dedup();
        assert_eq!(names.len(), COLUMNS.len());
    }
}
