//! Looks at one slab by itself: at all that can be said of its entries without those before them.
//!
//! Links are read, leaves hashed, openings compared with commitments. Whether the links fit together is the
//! walk's to say, which takes the slabs in order; so slabs can be looked at on all processors at once.

use sealane_crypto::digest::Digest;

use super::openings::{Seen, Stored};
use super::slab::{Kept, Slab};
use crate::entry::{Link, glance, leaf};
use crate::rotation;

/// What an entry says of its place, and its hash.
pub(super) struct Linked {
    pub(super) link: Result<Link, String>,
    pub(super) leaf: Digest,
    /// The new key of the log that it names.
    pub(super) names: Option<String>,
}

/// What a look at a slab found.
#[derive(Default)]
pub(super) struct Looked {
    /// For each entry, in order.
    pub(super) entries: Vec<Linked>,
    pub(super) openings: Seen,
}

/// Looks at the first so many entries of a slab.
pub(super) fn look(slab: &Slab, entries: usize) -> Looked {
    let mut looked = Looked::default();
    let kept = slab.records.iter().filter(|kept| !kept.trailer);
    for (kept, index) in kept.zip(slab.first..).take(entries) {
        let bytes = slab.bytes(&kept.bytes);
        let glance = glance(bytes);
        let link = match &glance {
            Some(glance) => Ok(Link { index: glance.index, prev: glance.prev }),
            None => Link::read(bytes).map_err(|error| error.to_string()),
        };
        looked.entries.push(Linked { link, leaf: leaf(bytes), names: rotation::named(bytes) });
        looked.openings.entry(index, bytes, glance, stored(slab, kept));
        if let Some((of, at, why)) = slab.openings_broken.filter(|(of, ..)| *of == index) {
            looked.openings.fail(of, at, why);
        }
    }
    looked
}

fn stored<'a>(slab: &'a Slab, kept: &Kept) -> impl Iterator<Item = Stored<'a>> {
    let openings = slab.openings.get(kept.openings.clone()).unwrap_or_default();
    openings.iter().map(|opening| Stored { index: opening.index, at: opening.at, bytes: slab.bytes(&opening.bytes) })
}

#[cfg(test)]
mod tests {
    use proptest::prelude::*;

    use super::super::openings;
    use super::*;
    use crate::entry::Field;

    const ENTRY: &str = concat!(
        r#"{"actor":{"acr":"mfa","amr":["otp","pwd"],"auth_time":1700000000,"issuer":"https://idp.example","#,
        r#""subject":"162ca41a399d18e0d998a8c3e8d6eea88eaf5afe8594710d39f3e582d53936fe"},"#,
        r#""at":"2023-11-14T22:13:20.000000041Z","cat":1,"#,
        r#""client":"110ea962fe3af9f2a746220bd970bffef5776c8ebb6a136202281bbe522fe251","#,
        r#""clock":{"error_us":-12,"synchronised":true},"detail":{"list":[1,[],{}],"none":null},"index":41,"#,
        r#""kind":"content.read","object":{"bytes":0,"collection":"imaging","#,
        r#""path":"601ae71f4e713e37384835f67b148b6b2c8e13ba677acf08737021d4a2ec6964","task":"task-41"},"#,
        r#""op":"00000000-0000-0000-0000-000000000029","phase":"intent","#,
        r#""prev":"7bf9bb60f3e814c0c3c904a843e413ddb2f9d70575518d6b74907365544203e3","#,
        r#""private":{"label":"ae71f4e713e37384835f67b148b6b2c8e13ba677acf08737021d4a2ec6964601"},"v":1}"#
    );

    /// What was read quickly must be what is read in full.
    fn agrees(entry: &[u8]) -> bool {
        let Some(quick) = glance(entry) else { return true };
        let Ok(link) = serde_json::from_slice::<Link>(entry) else { return false };
        let sorted = |mut fields: Vec<(Field<'_>, Digest)>| {
            fields.sort_by_key(|(field, _)| field.to_string());
            fields.into_iter().map(|(field, digest)| (field.to_string(), digest)).collect::<Vec<_>>()
        };
        (link.index, link.prev) == (quick.index, quick.prev)
            && openings::kind(entry).map(String::into_bytes).as_deref() == Some(quick.kind)
            && sorted(openings::commitments(entry)) == sorted(quick.commitments)
    }

    #[test]
    fn an_entry_as_logs_write_it_is_read_quickly() {
        let quick = glance(ENTRY.as_bytes()).expect("in the form that logs write");
        assert_eq!((quick.index, quick.kind, quick.commitments.len()), (41, b"content.read".as_slice(), 4));
        assert!(agrees(ENTRY.as_bytes()));
    }

    #[test]
    fn what_is_in_another_form_is_left_to_the_full_reading() {
        for (from, to) in [
            ("{\"actor\"", " {\"actor\""),
            ("\"v\":1}", "\"v\":1} "),
            ("\"v\":1}", "\"v\":1}{}"),
            ("\"v\":1", "\"v\":1,\"v\":1"),
            ("\"index\":41", "\"index\":41,\"index\":42"),
            ("\"index\":41", "\"index\":041"),
            ("\"index\":41", "\"index\":41.0"),
            ("\"index\":41", "\"index\":4e1"),
            ("\"index\":41", "\"index\":-41"),
            ("\"index\":41", "\"index\":18446744073709551616"),
            ("\"prev\":\"7b", "\"prev\":\"7B"),
            ("\"kind\"", "\"k\\u0069nd\""),
            ("imaging", "im\u{e4}ging"),
            ("imaging", "im\\naging"),
            ("\"client\":\"110ea", "\"client\":\"10ea"),
            ("\"none\":null", "\"none\":nul"),
            ("\"list\":[1,", "\"list\":[1,,"),
            ("\"detail\":{\"list\"", "\"detail\":[{\"list\""),
            ("-12", "-0"),
        ] {
            let changed = ENTRY.replacen(from, to, 1);
            assert_ne!(changed, ENTRY, "{from}");
            assert!(glance(changed.as_bytes()).is_none(), "{to}");
        }
    }

    proptest! {
        #![proptest_config(ProptestConfig::with_cases(1024))]

        #[test]
        fn no_change_makes_the_quick_look_see_what_the_full_reading_does_not(
            changes in prop::collection::vec((any::<prop::sample::Index>(), 0..4_u8, any::<u8>(), any::<prop::sample::Index>()), 1..4)
        ) {
            let mut entry = ENTRY.as_bytes().to_vec();
            for (at, how, byte, other) in changes {
                let (at, other) = (at.index(entry.len()), other.index(entry.len()));
                match how {
                    0 => entry[at] = byte,
                    1 => entry.insert(at, b"{}[]\",:0123-.eE\\ ntf"[usize::from(byte) % 20]),
                    2 => drop(entry.drain(at.min(other)..at.max(other).min(at.min(other) + 80))),
                    _ => {
                        let copied = entry[at.min(other)..at.max(other).min(at.min(other) + 80)].to_vec();
                        entry.splice(at..at, copied);
                    }
                }
                if entry.is_empty() {
                    break;
                }
            }
            prop_assert!(agrees(&entry), "{}", String::from_utf8_lossy(&entry));
        }

        #[test]
        fn text_that_looks_like_json_is_no_exception(
            text in "(\\{|\\}|\\[|\\]|\"|,|:|0|1|-|\"index\":1|\"prev\":|\"kind\":\"a\"|null|true){0,40}"
        ) {
            prop_assert!(agrees(text.as_bytes()), "{}", text);
        }
    }
}
