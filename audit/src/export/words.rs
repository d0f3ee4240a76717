//! What every format needs of an entry, in words: times, phases, outcomes, and what the view reveals.

use std::borrow::Cow;

use data_encoding::BASE64URL_NOPAD;
use sealane_crypto::digest::Digest;
use serde_json::{Map, Value};

use crate::event::{Change, PREMISES};
use crate::query::{Absence, EntryView};

/// The detail that names the people whom the data is about, each by a pseudonym: a text or a list of texts.
const SUBJECTS: &str = "subjects";

/// A moment as RFC 3339 with nanoseconds.
pub(super) fn utc_ns(at_ns: i64) -> String {
    // Every i64 of nanoseconds lies within the calendar (years 1677 to 2262).
    jiff::Timestamp::from_nanosecond(i128::from(at_ns)).map(|at| format!("{at:.9}")).unwrap_or_default()
}

/// A moment in whole seconds as RFC 3339; empty where an identity provider asserted one outside the calendar.
pub(super) fn utc_s(at_s: i64) -> String {
    jiff::Timestamp::from_second(at_s).map(|at| at.to_string()).unwrap_or_default()
}

/// The personal value behind a field, where the view reveals it.
pub(super) fn revealed<'a>(view: &'a EntryView, field: &str) -> Option<&'a str> {
    view.revealed.get(field).map(|value| value.expose())
}

/// The revealed values that the entry keeps under names of their own, but for the purpose, which every format has a
/// place for, and the premises of its decision.
pub(super) fn private_values(view: &EntryView) -> impl Iterator<Item = (&str, &str)> + '_ {
    view.revealed.iter().filter_map(|(field, value)| {
        let name = field.strip_prefix("private.").filter(|name| *name != "purpose" && *name != PREMISES)?;
        Some((name, value.expose()))
    })
}

/// The entry's further facts, and those of its private values that are revealed.
pub(super) fn facts(view: &EntryView) -> Map<String, Value> {
    let detail = view.entry.detail.iter().map(|(name, value)| (name.clone(), value.clone()));
    let changes = view.entry.change.iter().flat_map(|(name, change)| sides(name, change));
    let private = private_values(view).map(|(name, value)| (name.to_owned(), value.into()));
    detail.chain(changes).chain(private).collect()
}

/// What a value was and what it is, each under a name of its own, as private values have it.
fn sides<'a>(name: &'a str, change: &'a Change) -> impl Iterator<Item = (String, Value)> + 'a {
    let old = change.old.iter().map(move |old| (format!("{name}.old"), old.clone()));
    old.chain(change.new.iter().map(move |new| (format!("{name}.new"), new.clone())))
}

/// The fields whose values cannot be shown, each with the reason in a word.
pub(super) fn absences(view: &EntryView) -> Map<String, Value> {
    let word = |absence: &Absence| match absence {
        Absence::Erased => "erased",
        Absence::Damaged => "damaged",
    };
    view.absent.iter().map(|(field, absence)| (field.clone(), word(absence).into())).collect()
}

/// Pseudonyms of the people whom the data is about, where the entry names any.
pub(super) fn subjects(view: &EntryView) -> Vec<&str> {
    match view.entry.detail.get(SUBJECTS) {
        Some(Value::String(one)) => vec![one],
        Some(Value::Array(several)) => several.iter().filter_map(Value::as_str).collect(),
        _ => Vec::new(),
    }
}

/// A URI for what is known by its SHA-256 only: a commitment, or an entry by its leaf hash (RFC 6920 section 3).
pub(super) fn named_by_hash(digest: &Digest) -> String {
    format!("ni:///sha-256;{}", BASE64URL_NOPAD.encode(digest.as_bytes()))
}

/// The text with its control characters shown as pictures (U+2400 and on), but for tabs and line ends: no format takes
/// them, no reader sees them, and the log itself keeps them.
pub(super) fn printable(text: &str) -> Cow<'_, str> {
    if text.contains(is_unprintable) { text.chars().map(picture).collect::<String>().into() } else { text.into() }
}

const fn is_unprintable(c: char) -> bool {
    c.is_ascii_control() && !matches!(c, '\t' | '\r' | '\n')
}

fn picture(c: char) -> char {
    match c {
        '\u{7f}' => '\u{2421}',
        c if is_unprintable(c) => char::from_u32(0x2400 + u32::from(c)).unwrap_or(char::REPLACEMENT_CHARACTER),
        c => c,
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn every_moment_can_be_written() {
        assert_eq!(utc_ns(0), "1970-01-01T00:00:00.000000000Z");
        assert!(!utc_ns(i64::MIN).is_empty() && !utc_ns(i64::MAX).is_empty());
        assert_eq!(utc_s(1_700_000_000), "2023-11-14T22:13:20Z");
        assert_eq!(utc_s(i64::MAX), "");
    }

    #[test]
    fn control_characters_are_shown() {
        assert_eq!(printable("a\u{0}b\u{1b}[31m\u{7f}\r\n"), "a\u{2400}b\u{241b}[31m\u{2421}\r\n");
        assert_eq!(printable("日本語\t"), "日本語\t");
    }

    #[test]
    fn a_hash_is_a_uri() {
        // RFC 6920 section 8.1: "Hello World!".
        let digest = Digest::from_bytes([
            0x7f, 0x83, 0xb1, 0x65, 0x7f, 0xf1, 0xfc, 0x53, 0xb9, 0x2d, 0xc1, 0x81, 0x48, 0xa1, 0xd6, 0x5d, 0xfc, 0x2d,
            0x4b, 0x1f, 0xa3, 0xd6, 0x77, 0x28, 0x4a, 0xdd, 0xd2, 0x00, 0x12, 0x6d, 0x90, 0x69,
        ]);
        assert_eq!(named_by_hash(&digest), "ni:///sha-256;f4OxZX_x_FO5LcGBSKHWXfwtSx-j1ncoSt3SABJtkGk");
    }
}
