//! Syslog messages, read by the grammar of RFC 5424.

use std::collections::BTreeMap;

use sealane_audit::EntryView;
use sealane_audit::export::syslog::{EXAMPLE_ENTERPRISE, Syslog};
use sealane_crypto::digest::leaf_hash;

use super::sample::{context, everything, hostile};

fn syslog(personal_values: bool) -> Syslog {
    Syslog { context: context(), enterprise: EXAMPLE_ENTERPRISE, personal_values }
}

#[derive(Debug, PartialEq)]
struct Message {
    header: Vec<String>,
    data: BTreeMap<String, BTreeMap<String, String>>,
    text: String,
}

/// RFC 5424 section 6, strictly. Panics at the first thing that is not of the grammar.
fn read(message: &str) -> Message {
    let (header, mut rest) = {
        let mut fields = message.splitn(7, ' ');
        let header: Vec<_> = fields.by_ref().take(6).map(str::to_owned).collect();
        (header, fields.next().expect("structured data"))
    };
    assert!(header.iter().all(|field| !field.is_empty() && field.bytes().all(|byte| byte.is_ascii_graphic())));
    let mut data = BTreeMap::new();
    while let Some(inner) = rest.strip_prefix('[') {
        let (id, mut inner) = inner.split_at(inner.find([' ', ']']).expect("end of the id"));
        let mut parameters = BTreeMap::new();
        while let Some(parameter) = inner.strip_prefix(' ') {
            let (name, value) = parameter.split_once("=\"").expect("a value");
            assert!(!name.is_empty() && name.len() <= 32 && name.bytes().all(|byte| byte.is_ascii_alphanumeric()));
            let (value, after) = unquote(value);
            assert_eq!(parameters.insert(name.to_owned(), value), None);
            inner = after;
        }
        rest = inner.strip_prefix(']').expect("end of the element");
        assert_eq!(data.insert(id.to_owned(), parameters), None, "an id stands twice");
    }
    Message { header, data, text: rest.strip_prefix(' ').expect("a message").to_owned() }
}

fn unquote(text: &str) -> (String, &str) {
    let mut value = String::new();
    let mut escaped = false;
    for (at, c) in text.char_indices() {
        match c {
            _ if escaped => {
                assert!(matches!(c, '"' | '\\' | ']'));
                value.push(c);
                escaped = false;
            }
            '\\' => escaped = true,
            '"' => return (value, text.get(at + 1..).unwrap_or_default()),
            ']' => panic!("an unescaped bracket"),
            c => value.push(c),
        }
    }
    panic!("no end of the value")
}

fn expect_message(view: &EntryView) {
    let text = syslog(true).message(view);
    assert!(!text.chars().any(char::is_control), "{text:?}");
    let message = read(&text);
    assert_eq!(message.text, view.json);
    assert_eq!(message.header[2..], ["sealane.hospital-a.example", "sealane", "-", view.entry.kind.name()]);
    let own = &message.data["sealane@32473"];
    assert_eq!(own["leaf"], leaf_hash(message.text.as_bytes()).to_string());
    assert_eq!(own["index"], view.entry.index.to_string());
    assert_eq!(message.data["meta"]["sequenceId"], (view.entry.index + 1).to_string());
    assert!(message.data.contains_key("timeQuality") && message.data.contains_key("origin"));
}

#[test]
fn every_entry_is_a_message_of_the_grammar() {
    everything().iter().chain(&hostile()).for_each(expect_message);
}

#[test]
fn personal_values_go_out_only_where_the_site_says_so() {
    for view in everything() {
        let with = syslog(true).message(&view);
        let without = syslog(false).message(&view);
        assert!(!without.contains("ana@hospital-a.example") && !without.contains("192.0.2.7"));
        assert_eq!(with.contains("ana@hospital-a.example"), view.revealed.contains_key("actor.subject"));
    }
}

#[test]
fn a_frame_says_its_length_in_octets() {
    let views = hostile();
    let mut stream = Vec::new();
    views.iter().for_each(|view| syslog(true).frame(view, &mut stream));
    let mut rest = stream.as_slice();
    for view in &views {
        let space = rest.iter().position(|byte| *byte == b' ').expect("a length");
        let length: usize = std::str::from_utf8(&rest[..space]).expect("digits").parse().expect("a number");
        let message = std::str::from_utf8(&rest[space + 1..][..length]).expect("whole characters");
        assert_eq!(message, syslog(true).message(view));
        rest = &rest[space + 1 + length..];
    }
    assert!(rest.is_empty());
}
