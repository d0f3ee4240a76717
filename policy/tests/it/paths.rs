//! Paths: parsed once, byte-exact, shown reversibly.

use proptest::prelude::*;
use sealane_policy::{Component, PathError, RemotePath};

fn name() -> impl Strategy<Value = Vec<u8>> {
    proptest::collection::vec(1_u8..=255, 1..=255)
        .prop_map(|bytes| bytes.into_iter().map(|byte| if byte == b'/' { b'_' } else { byte }).collect::<Vec<u8>>())
        .prop_filter("not a dot name", |bytes| bytes != b"." && bytes != b"..")
}

fn any_path() -> impl Strategy<Value = RemotePath> {
    proptest::collection::vec(name(), 0..8).prop_map(|names| RemotePath::from_components(names).unwrap())
}

#[test]
fn what_is_not_a_path_is_refused_by_its_cause() {
    let cases = [
        ("", PathError::NotAbsolute),
        ("a/b", PathError::NotAbsolute),
        ("//", PathError::EmptyName),
        ("/a//b", PathError::EmptyName),
        ("/a//", PathError::EmptyName),
        ("/..", PathError::DotName),
        ("/a/../b", PathError::DotName),
        ("/a/.", PathError::DotName),
        ("/\\x2e\\x2e", PathError::DotName),
        ("/a\\x2fb", PathError::Separator),
        ("/a\\x00", PathError::Nul),
        ("/a\0", PathError::Nul),
        ("/a\\", PathError::BadEscape { at: 2 }),
        ("/a/b\\q", PathError::BadEscape { at: 4 }),
    ];
    for (text, error) in cases {
        assert_eq!(RemotePath::parse_text(text), Err(error), "{text:?}");
    }
}

#[test]
fn limits_hold_to_the_byte_and_the_name() {
    let long = |length: usize| format!("/{}", "n".repeat(length));
    assert!(RemotePath::parse_text(&long(255)).is_ok());
    assert_eq!(RemotePath::parse_text(&long(256)), Err(PathError::NameTooLong));
    assert!(RemotePath::parse_text(&"/d".repeat(256)).is_ok());
    assert_eq!(RemotePath::parse_text(&"/d".repeat(257)), Err(PathError::TooDeep));
    assert!(RemotePath::from_components(vec![vec![b'n'; 255]; 64]).is_ok());
    assert_eq!(RemotePath::from_components(vec![vec![b'n'; 255]; 65]), Err(PathError::TooLong));
}

#[test]
fn twins_that_look_alike_stay_two_names() {
    let composed = RemotePath::parse_text("/\u{e9}").unwrap();
    let decomposed = RemotePath::parse_text("/e\u{301}").unwrap();
    assert_ne!(composed, decomposed);
    assert_ne!(composed.to_text(), decomposed.to_text());
}

#[test]
fn a_path_knows_its_family() {
    let path = RemotePath::parse_text("/a/b/c/").unwrap();
    assert_eq!(path.to_text(), "/a/b/c");
    assert_eq!(path.parent().unwrap().to_text(), "/a/b");
    assert_eq!(path.file_name().unwrap().as_bytes(), b"c");
    let top = RemotePath::parse_text("/a").unwrap();
    assert_eq!(path.strip_prefix(&top).unwrap().to_text(), "/b/c");
    assert_eq!(top.join(&Component::parse_text("b").unwrap()).to_text(), "/a/b");
    assert_eq!(RemotePath::root().parent(), None);
    assert!(path.starts_with(&RemotePath::root()));
}

#[test]
fn debugging_a_path_shows_no_name() {
    let path = RemotePath::parse_text("/patients/mueller").unwrap();
    assert!(!format!("{path:?} {:?}", path.components()).contains("mueller"));
}

proptest! {
    #[test]
    fn any_bytes_survive_the_escaped_form(path in any_path()) {
        let text = path.to_text();
        prop_assert!(!text.chars().any(char::is_control));
        prop_assert_eq!(RemotePath::parse_text(&text).unwrap(), path);
    }

    #[test]
    fn any_bytes_survive_json_and_postcard(path in any_path()) {
        let json = serde_json::to_string(&path).unwrap();
        prop_assert_eq!(&serde_json::from_str::<RemotePath>(&json).unwrap(), &path);
        let bytes = postcard::to_stdvec(&path).unwrap();
        prop_assert_eq!(&postcard::from_bytes::<RemotePath>(&bytes).unwrap(), &path);
    }

    #[test]
    fn whatever_parses_has_no_way_up_and_no_way_out(text in "\\PC*|[/.\\\\x0-9a-f]{0,40}") {
        if let Ok(path) = RemotePath::parse_text(&text) {
            for component in path.components() {
                let name = component.as_bytes();
                prop_assert!(!name.is_empty() && name != b"." && name != b"..");
                prop_assert!(!name.contains(&b'/') && !name.contains(&0) && name.len() <= 255);
            }
            prop_assert_eq!(RemotePath::parse_text(&path.to_text()).unwrap(), path);
        }
    }

    #[test]
    fn hostile_bytes_never_make_a_bad_path_on_the_wire(bytes in proptest::collection::vec(any::<u8>(), 0..200)) {
        if let Ok(path) = postcard::from_bytes::<RemotePath>(&bytes) {
            prop_assert_eq!(RemotePath::parse_text(&path.to_text()).unwrap(), path);
        }
    }

    #[test]
    fn beneath_means_component_by_component(above in any_path(), below in any_path(), suffix in name()) {
        let joined = above.try_append(&below).unwrap();
        prop_assert!(joined.starts_with(&above));
        prop_assert_eq!(joined.strip_prefix(&above).unwrap(), below);
        // The same last name with something after it is a string prefix, and no ancestor.
        if let (Some(parent), Some(last)) = (above.parent(), above.file_name()) {
            let mut longer = last.as_bytes().to_vec();
            longer.extend_from_slice(&suffix);
            longer.truncate(255);
            if longer != last.as_bytes() {
                let sibling = parent.join(&Component::new(longer).unwrap());
                prop_assert!(!sibling.starts_with(&above));
            }
        }
    }
}
