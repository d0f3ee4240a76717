//! What every connector does. Each function is a claim; `behaviour_suite!` makes a test of each for one storage.
//!
//! A claim acts through the trait alone, so it holds for any storage. A new connector adds one line to `main.rs`.

use std::collections::BTreeSet;

use sealane_connectors::{Change, Staging, StorageError};
use sealane_model::permit::{Delete, List, Read, Write};
use sealane_model::{Component, EntryKind, FileTime, Permission, RemotePath, TaskId};
use sealane_policy::Action;
use uuid::Uuid;

use crate::bench::{Bench, MODIFIED, Storage, collection_id, path, paths, to_commit, walked_with};

/// One test for each claim, on one kind of storage.
macro_rules! behaviour_suite {
    ($module:ident, $storage:ty) => {
        mod $module {
            use crate::bench::{Bench, Storage};
            $crate::behaviour::behaviour_suite!(@claims $storage;
                a_committed_file_has_its_bytes_time_and_mode,
                a_part_is_invisible_until_it_is_committed,
                committing_twice_is_harmless,
                a_part_that_is_gone_is_not_committed_by_chance,
                a_part_of_the_wrong_length_is_not_committed,
                a_commit_replaces_an_older_file_whole,
                a_large_group_commits_like_a_small_one,
                set_user_id_bits_never_arrive,
                ranges_are_written_in_any_order_by_several_threads,
                a_resumed_part_keeps_its_bytes_and_a_fresh_one_is_empty,
                there_is_nothing_to_resume_without_a_part,
                a_file_larger_than_the_room_is_refused_before_a_byte_is_written,
                an_empty_file_is_a_file,
                reading_goes_up_to_the_end_and_not_beyond,
                pages_of_a_directory_join_to_the_sorted_whole,
                a_walk_is_depth_first_with_sorted_names,
                a_walk_resumes_exactly_behind_any_path,
                a_walk_resumes_behind_a_path_that_is_gone,
                a_walk_over_a_file_gives_the_file,
                a_walk_without_a_root_is_an_error,
                odd_names_come_back_byte_for_byte,
                a_path_longer_than_the_kernel_takes_at_once_works,
                directories_are_made_one_by_one,
                times_of_directories_are_kept,
                renaming_moves_a_tree_and_overwrites_nothing,
                removal_counts_and_spares_what_is_not_empty,
                a_discarded_staging_folder_is_gone,
                what_is_not_there_is_said_plainly,
                a_replaced_or_removed_source_is_noticed,
                a_permit_for_another_collection_opens_nothing,
                a_permit_is_for_its_path_by_components,
                a_permit_of_a_subtree_changes_nothing_beside_it,
                what_a_rule_refuses_is_hidden_and_untouched,
                staging_folders_cannot_be_named,
                a_read_only_collection_is_never_changed,
                errors_show_no_names,
            );
        }
    };
    (@claims $storage:ty; $($claim:ident,)*) => {
        $(#[test]
        fn $claim() {
            let storage = <$storage as Storage>::new();
            crate::behaviour::$claim(&Bench::on(storage.kind()), &storage);
        })*
    };
}
pub(crate) use behaviour_suite;

pub(crate) fn a_committed_file_has_its_bytes_time_and_mode(bench: &Bench, _: &impl Storage) {
    bench.put(&path("/scan.dcm"), b"content");
    let entry = bench.stat(&path("/scan.dcm")).unwrap();
    assert_eq!((entry.kind, entry.size, entry.modified), (EntryKind::File, 7, MODIFIED));
    assert_eq!(entry.path, path("/scan.dcm"));
    if bench.connector.capabilities().keeps_mode {
        assert_eq!(entry.mode, 0o640);
    }
    assert_eq!(bench.bytes_of(&path("/scan.dcm")), b"content");
}

pub(crate) fn a_part_is_invisible_until_it_is_committed(bench: &Bench, _: &impl Storage) {
    bench.fill_part("part", b"half");
    assert_eq!(bench.names_in(&RemotePath::root(), 10), []);
    assert_eq!(bench.walked(&RemotePath::root(), None, 10), [RemotePath::root()]);
    assert!(matches!(bench.stat(&path("/file")), Err(StorageError::NotFound)));
    bench.commit_part("part", &path("/file"), 4).unwrap();
    assert_eq!(bench.names_in(&RemotePath::root(), 10).len(), 1);
}

pub(crate) fn committing_twice_is_harmless(bench: &Bench, _: &impl Storage) {
    bench.put(&path("/file"), b"content");
    bench.commit_part("part", &path("/file"), 7).unwrap();
    bench.connector.discard_staging(&bench.write, &bench.staging).unwrap();
    bench.commit_part("part", &path("/file"), 7).unwrap();
    assert_eq!(bench.bytes_of(&path("/file")), b"content");
}

pub(crate) fn a_part_that_is_gone_is_not_committed_by_chance(bench: &Bench, _: &impl Storage) {
    assert!(matches!(bench.commit_part("part", &path("/file"), 7), Err(StorageError::PartMissing)));
    bench.put(&path("/file"), b"content");
    assert!(matches!(bench.commit_part("part", &path("/file"), 8), Err(StorageError::PartMissing)));
    let later = FileTime { seconds: MODIFIED.seconds + 1, ..MODIFIED };
    bench.connector.set_modified(&bench.write, &path("/file"), later).unwrap();
    assert!(matches!(bench.commit_part("part", &path("/file"), 7), Err(StorageError::PartMissing)));
}

pub(crate) fn a_part_of_the_wrong_length_is_not_committed(bench: &Bench, _: &impl Storage) {
    bench.fill_part("part", b"short");
    assert!(matches!(bench.commit_part("part", &path("/file"), 6), Err(StorageError::PartSize)));
    assert!(matches!(bench.stat(&path("/file")), Err(StorageError::NotFound)));
}

pub(crate) fn a_commit_replaces_an_older_file_whole(bench: &Bench, _: &impl Storage) {
    bench.put(&path("/file"), b"the older and longer content");
    let older = bench.connector.open(&bench.read, &path("/file")).unwrap();
    bench.put(&path("/file"), b"new");
    assert_eq!(bench.bytes_of(&path("/file")), b"new");
    let mut bytes = [0; 9];
    assert_eq!(older.read_at(0, &mut bytes).unwrap(), 9);
    assert_eq!(&bytes, b"the older", "an open reader goes on with the file that it opened");
}

pub(crate) fn a_large_group_commits_like_a_small_one(bench: &Bench, _: &impl Storage) {
    let mut files = Vec::new();
    for number in 0..60 {
        let directory = path(&format!("/d{:02}", number % 20));
        bench.connector.make_directory(&bench.write, &directory).unwrap();
        let target = path(&format!("{}/f{number:02}", directory.to_text()));
        bench.fill_part(&format!("part-{number}"), format!("content {number}").as_bytes());
        files.push(to_commit(&format!("part-{number}"), &target, format!("content {number}").len() as u64));
    }
    bench.connector.commit(&bench.write, &bench.staging, &files).unwrap();
    bench.connector.commit(&bench.write, &bench.staging, &files).unwrap();
    for (number, file) in files.iter().enumerate() {
        assert_eq!(bench.bytes_of(&file.target), format!("content {number}").as_bytes());
        assert_eq!(bench.stat(&file.target).unwrap().modified, MODIFIED);
    }
    assert_eq!(bench.walked(&RemotePath::root(), None, 100).len(), 1 + 20 + 60);
}

pub(crate) fn set_user_id_bits_never_arrive(bench: &Bench, _: &impl Storage) {
    let mut file = to_commit("part", &path("/program"), 7);
    for (sent, kept) in [(Some(0o6755), 0o755), (Some(0o1444), 0o444), (Some(0), 0o400), (None, 0o600)] {
        bench.fill_part("part", b"program");
        file.mode = sent;
        bench.connector.commit(&bench.write, &bench.staging, std::slice::from_ref(&file)).unwrap();
        let mode = bench.stat(&path("/program")).unwrap().mode;
        assert_eq!(mode & 0o7000, 0);
        if bench.connector.capabilities().keeps_mode {
            assert_eq!(mode, kept);
        }
    }
}

pub(crate) fn ranges_are_written_in_any_order_by_several_threads(bench: &Bench, _: &impl Storage) {
    if !bench.connector.capabilities().writes_any_order {
        return;
    }
    let content: Vec<u8> = (0_u8..251).cycle().take(300_000).collect();
    let size = content.len() as u64;
    let part = bench.connector.create_part(&bench.write, &bench.staging, "part", size, false).unwrap();
    assert!(part.is_empty().unwrap());
    std::thread::scope(|scope| {
        for (number, range) in content.chunks(10_000).enumerate().rev() {
            let part = &part;
            scope.spawn(move || part.write_at(number as u64 * 10_000, range).unwrap());
        }
    });
    part.sync().unwrap();
    assert_eq!(part.len().unwrap(), size);
    let mut read_back = vec![0; 1_000];
    assert_eq!(part.read_at(299_500, &mut read_back).unwrap(), 500);
    assert_eq!(read_back[..500], content[299_500..]);
    bench.commit_part("part", &path("/file"), size).unwrap();
    assert_eq!(bench.bytes_of(&path("/file")), content);
}

pub(crate) fn a_resumed_part_keeps_its_bytes_and_a_fresh_one_is_empty(bench: &Bench, _: &impl Storage) {
    bench.fill_part("part", b"begun ");
    let resumed = bench.connector.create_part(&bench.write, &bench.staging, "part", 14, true).unwrap();
    assert_eq!(resumed.len().unwrap(), 6);
    resumed.write_at(6, b"and done").unwrap();
    bench.commit_part("part", &path("/file"), 14).unwrap();
    assert_eq!(bench.bytes_of(&path("/file")), b"begun and done");

    bench.fill_part("part", b"of a run that was given up");
    let fresh = bench.connector.create_part(&bench.write, &bench.staging, "part", 1, false).unwrap();
    assert_eq!(fresh.len().unwrap(), 0);
}

pub(crate) fn there_is_nothing_to_resume_without_a_part(bench: &Bench, _: &impl Storage) {
    let resumed = bench.connector.create_part(&bench.write, &bench.staging, "part", 1, true);
    assert!(matches!(resumed.map(drop), Err(StorageError::NotFound)));
    bench.fill_part("other", b"x");
    let resumed = bench.connector.create_part(&bench.write, &bench.staging, "part", 1, true);
    assert!(matches!(resumed.map(drop), Err(StorageError::NotFound)));
    let escaping = bench.connector.create_part(&bench.write, &bench.staging, "../part", 1, false);
    assert!(matches!(escaping.map(drop), Err(StorageError::BadPartName)));
}

pub(crate) fn a_file_larger_than_the_room_is_refused_before_a_byte_is_written(bench: &Bench, _: &impl Storage) {
    let free = bench.connector.free_bytes().unwrap();
    assert!(free > 0);
    let huge = free.saturating_mul(2).saturating_add(1 << 30);
    let part = bench.connector.create_part(&bench.write, &bench.staging, "part", huge, false);
    assert!(matches!(part.map(drop), Err(StorageError::Full)));
}

pub(crate) fn an_empty_file_is_a_file(bench: &Bench, _: &impl Storage) {
    bench.put(&path("/empty"), b"");
    assert_eq!(bench.stat(&path("/empty")).unwrap().size, 0);
    assert_eq!(bench.bytes_of(&path("/empty")), b"");
}

pub(crate) fn reading_goes_up_to_the_end_and_not_beyond(bench: &Bench, _: &impl Storage) {
    bench.put(&path("/file"), b"0123456789");
    let reader = bench.connector.open(&bench.read, &path("/file")).unwrap();
    let mut buffer = [0; 4];
    assert_eq!((reader.read_at(3, &mut buffer).unwrap(), &buffer), (4, b"3456"));
    assert_eq!((reader.read_at(8, &mut buffer).unwrap(), &buffer[..2]), (2, &b"89"[..]));
    assert_eq!(reader.read_at(10, &mut buffer).unwrap(), 0);
    assert_eq!(reader.read_at(1 << 40, &mut buffer).unwrap(), 0);
    assert_eq!(reader.read_at(0, &mut []).unwrap(), 0);
}

pub(crate) fn pages_of_a_directory_join_to_the_sorted_whole(bench: &Bench, _: &impl Storage) {
    let names: BTreeSet<Component> =
        (0..50).map(|number| Component::new(format!("f{}", number * 37 % 101).into_bytes()).unwrap()).collect();
    for name in &names {
        bench.make_directory(&RemotePath::root().join(name));
    }
    let sorted: Vec<Component> = names.into_iter().collect();
    for limit in [1, 7, 50, 51] {
        assert_eq!(bench.names_in(&RemotePath::root(), limit), sorted, "by pages of {limit}");
    }
    let behind = bench.connector.list(&bench.list, &RemotePath::root(), Some(&sorted[48]), 10).unwrap();
    assert_eq!((behind.entries.len(), behind.more), (1, false));
    let nothing = bench.connector.list(&bench.list, &RemotePath::root(), Some(&sorted[49]), 10).unwrap();
    assert_eq!((nothing.entries.len(), nothing.more), (0, false));
}

/// A tree in which the order by components differs from the order by text.
fn plant_tree(bench: &Bench) -> Vec<RemotePath> {
    for directory in ["/a", "/a/b", "/a/b/empty", "/a.d", "/z"] {
        bench.make_directory(&path(directory));
    }
    for file in ["/a!", "/a/b/2", "/a/b/10", "/a/c", "/a.d/x", "/b", "/z/last"] {
        bench.put(&path(file), file.as_bytes());
    }
    paths(&[
        "/",
        "/a",
        "/a/b",
        "/a/b/10",
        "/a/b/2",
        "/a/b/empty",
        "/a/c",
        "/a!",
        "/a.d",
        "/a.d/x",
        "/b",
        "/z",
        "/z/last",
    ])
}

pub(crate) fn a_walk_is_depth_first_with_sorted_names(bench: &Bench, _: &impl Storage) {
    let expected = plant_tree(bench);
    for limit in [1, 2, 5, 100] {
        assert_eq!(bench.walked(&RemotePath::root(), None, limit), expected, "by pages of {limit}");
    }
    assert_eq!(bench.walked(&path("/a/b"), None, 100), expected[2..6]);
    assert!(expected.is_sorted(), "the order of a walk is the order of paths");
}

pub(crate) fn a_walk_resumes_exactly_behind_any_path(bench: &Bench, _: &impl Storage) {
    let expected = plant_tree(bench);
    for (index, after) in expected.iter().enumerate() {
        assert_eq!(bench.walked(&RemotePath::root(), Some(after), 3), expected[index + 1..], "behind number {index}");
    }
    for (index, after) in expected[2..6].iter().enumerate() {
        assert_eq!(bench.walked(&path("/a/b"), Some(after), 3), expected[2..6][index + 1..]);
    }
    let beside = bench.connector.walk(&bench.read, &path("/a"), Some(&path("/z")));
    assert!(matches!(beside.map(drop), Err(StorageError::Escapes)));
}

pub(crate) fn a_walk_resumes_behind_a_path_that_is_gone(bench: &Bench, _: &impl Storage) {
    let mut expected = plant_tree(bench);
    bench.connector.remove(&bench.delete, &path("/a/b"), true, &mut |_| Ok(())).unwrap();
    expected.retain(|path| !path.starts_with(&"/a/b".parse().unwrap()));
    for gone in ["/a/b", "/a/b/10", "/a/b/empty", "/a/b/empty/deeper"] {
        assert_eq!(bench.walked(&RemotePath::root(), Some(&path(gone)), 100), expected[2..], "behind {gone}");
    }
}

pub(crate) fn a_walk_over_a_file_gives_the_file(bench: &Bench, _: &impl Storage) {
    bench.put(&path("/file"), b"x");
    assert_eq!(bench.walked(&path("/file"), None, 10), paths(&["/file"]));
    assert_eq!(bench.walked(&path("/file"), Some(&path("/file")), 10), []);
}

pub(crate) fn a_walk_without_a_root_is_an_error(bench: &Bench, _: &impl Storage) {
    assert!(matches!(bench.connector.walk(&bench.read, &path("/none"), None).map(drop), Err(StorageError::NotFound)));
    bench.make_directory(&path("/going"));
    let mut walk = bench.connector.walk(&bench.read, &path("/going"), None).unwrap();
    bench.connector.remove(&bench.delete, &path("/going"), false, &mut |_| Ok(())).unwrap();
    assert_eq!(walk.next_page(10).unwrap().len(), 1);
    assert!(matches!(walk.next_page(10), Err(StorageError::NotFound)), "a source that vanishes is not an empty one");
}

/// Names that break programs which think that names are text.
fn odd_names() -> Vec<Vec<u8>> {
    vec![
        b"with space".to_vec(),
        b" ".to_vec(),
        b"-rf".to_vec(),
        b"...".to_vec(),
        b".hidden".to_vec(),
        b"new\nline".to_vec(),
        b"tab\tand\x1b[31mcolour".to_vec(),
        b"back\\slash and \\x41".to_vec(),
        b"quote\"'`$(touch x)".to_vec(),
        b"not utf-8 \xff\xfe\x80".to_vec(),
        b"\xc3".to_vec(),
        "caf\u{e9}".as_bytes().to_vec(),
        "cafe\u{301}".as_bytes().to_vec(),
        "right\u{202e}left".as_bytes().to_vec(),
        "日本.dcm".as_bytes().to_vec(),
        vec![b'n'; 255],
        vec![0xfe; 255],
        b"CON.txt".to_vec(),
        b"trailing. ".to_vec(),
    ]
}

pub(crate) fn odd_names_come_back_byte_for_byte(bench: &Bench, _: &impl Storage) {
    if !bench.connector.capabilities().keeps_any_bytes {
        return;
    }
    bench.make_directory(&path("/odd"));
    let mut names: Vec<Component> = odd_names().into_iter().map(|name| Component::new(name).unwrap()).collect();
    for (number, name) in names.iter().enumerate() {
        bench.put(&path("/odd").join(name), format!("{number}").as_bytes());
    }
    for (number, name) in names.iter().enumerate() {
        let place = path("/odd").join(name);
        assert_eq!(bench.bytes_of(&place), format!("{number}").as_bytes());
        assert_eq!(bench.stat(&place).unwrap().path, place);
        let moved = path("/").join(name);
        bench.connector.rename(&bench.write, &place, &moved).unwrap();
        bench.connector.rename(&bench.write, &moved, &place).unwrap();
    }
    names.sort();
    assert_eq!(bench.names_in(&path("/odd"), 4), names);
    let removed = bench.connector.remove(&bench.delete, &path("/odd"), true, &mut |_| Ok(())).unwrap();
    assert_eq!(removed, names.len() as u64 + 1);
}

pub(crate) fn a_path_longer_than_the_kernel_takes_at_once_works(bench: &Bench, _: &impl Storage) {
    let name = Component::new(vec![b'd'; 250]).unwrap();
    let mut deep = RemotePath::root();
    for _ in 0..40 {
        deep = deep.join(&name);
        bench.make_directory(&deep);
    }
    let file = deep.join(&Component::new(b"file".to_vec()).unwrap());
    bench.put(&file, b"deep");
    assert_eq!(bench.bytes_of(&file), b"deep");
    assert_eq!(bench.walked(&RemotePath::root(), None, 10).last(), Some(&file));
    assert_eq!(bench.walked(&RemotePath::root(), Some(&deep), 10), [file]);
    assert_eq!(
        bench.connector.remove(&bench.delete, &RemotePath::root().join(&name), true, &mut |_| Ok(())).unwrap(),
        41
    );
}

pub(crate) fn directories_are_made_one_by_one(bench: &Bench, _: &impl Storage) {
    let make = |text: &str| bench.connector.make_directory(&bench.write, &path(text));
    assert!(matches!(make("/a/b"), Err(StorageError::NotFound)));
    assert!(make("/a").unwrap());
    assert!(!make("/a").unwrap());
    assert!(make("/a/b").unwrap());
    assert!(!make("/").unwrap());
    bench.put(&path("/file"), b"x");
    assert!(matches!(make("/file"), Err(StorageError::AlreadyExists)));
    assert!(matches!(make("/file/in"), Err(StorageError::NotADirectory)));
}

pub(crate) fn times_of_directories_are_kept(bench: &Bench, _: &impl Storage) {
    bench.make_directory(&path("/d"));
    for time in [MODIFIED, FileTime { seconds: -1_000, nanos: 999_999_999 }, FileTime { seconds: 0, nanos: 0 }] {
        for place in ["/d", "/"] {
            bench.connector.set_modified(&bench.write, &path(place), time).unwrap();
            assert_eq!(bench.stat(&path(place)).unwrap().modified, time);
        }
    }
    let missing = bench.connector.set_modified(&bench.write, &path("/none"), MODIFIED);
    assert!(matches!(missing, Err(StorageError::NotFound)));
}

pub(crate) fn renaming_moves_a_tree_and_overwrites_nothing(bench: &Bench, _: &impl Storage) {
    bench.make_directory(&path("/from"));
    bench.put(&path("/from/file"), b"moved");
    bench.make_directory(&path("/taken"));
    bench.put(&path("/taken/file"), b"kept");
    let rename = |from: &str, to: &str| bench.connector.rename(&bench.write, &path(from), &path(to));
    assert!(matches!(rename("/from/file", "/taken/file"), Err(StorageError::AlreadyExists)));
    assert!(matches!(rename("/from", "/taken"), Err(StorageError::AlreadyExists)));
    assert!(matches!(rename("/from", "/from/inner"), Err(StorageError::IntoItself)));
    assert!(matches!(rename("/none", "/new"), Err(StorageError::NotFound)));
    assert!(matches!(rename("/from", "/none/new"), Err(StorageError::NotFound)));
    assert!(matches!(rename("/", "/new"), Err(StorageError::IntoItself | StorageError::IsRoot)));
    assert!(matches!(rename("/from", "/"), Err(StorageError::IsRoot)));
    rename("/from", "/taken/new").unwrap();
    assert_eq!(bench.bytes_of(&path("/taken/new/file")), b"moved");
    assert_eq!(bench.bytes_of(&path("/taken/file")), b"kept");
    assert!(matches!(bench.stat(&path("/from")), Err(StorageError::NotFound)));
}

pub(crate) fn removal_counts_and_spares_what_is_not_empty(bench: &Bench, _: &impl Storage) {
    let remove = |text: &str, recursive| bench.connector.remove(&bench.delete, &path(text), recursive, &mut |_| Ok(()));
    bench.put(&path("/file"), b"x");
    bench.make_directory(&path("/empty"));
    bench.make_directory(&path("/full"));
    bench.make_directory(&path("/full/inner"));
    bench.put(&path("/full/inner/file"), b"x");
    assert_eq!(remove("/file", false).unwrap(), 1);
    assert_eq!(remove("/empty", false).unwrap(), 1);
    assert!(matches!(remove("/full", false), Err(StorageError::NotEmpty)));
    assert_eq!(bench.bytes_of(&path("/full/inner/file")), b"x");
    assert_eq!(remove("/full", true).unwrap(), 3);
    assert!(matches!(remove("/full", true), Err(StorageError::NotFound)));
    assert!(matches!(remove("/full", false), Err(StorageError::NotFound)));
    assert!(matches!(remove("/", true), Err(StorageError::IsRoot)));
}

pub(crate) fn a_discarded_staging_folder_is_gone(bench: &Bench, _: &impl Storage) {
    let other = Staging::from(TaskId::from_uuid(Uuid::from_u128(8)));
    bench.fill_part("one", b"1");
    drop(bench.connector.create_part(&bench.write, &other, "two", 1, false).unwrap());
    bench.connector.discard_staging(&bench.write, &bench.staging).unwrap();
    bench.connector.discard_staging(&bench.write, &bench.staging).unwrap();
    let resume = |staging, name| bench.connector.create_part(&bench.write, staging, name, 1, true).map(drop);
    assert!(matches!(resume(&bench.staging, "one"), Err(StorageError::NotFound)));
    resume(&other, "two").unwrap();
}

pub(crate) fn what_is_not_there_is_said_plainly(bench: &Bench, _: &impl Storage) {
    bench.make_directory(&path("/d"));
    bench.put(&path("/f"), b"x");
    let open = |text: &str| bench.connector.open(&bench.read, &path(text)).map(drop);
    assert!(matches!(open("/none"), Err(StorageError::NotFound)));
    assert!(matches!(open("/d"), Err(StorageError::IsADirectory)));
    assert!(matches!(open("/"), Err(StorageError::IsADirectory)));
    assert!(matches!(open("/f/below"), Err(StorageError::NotADirectory)));
    assert!(matches!(bench.stat(&path("/f/below")), Err(StorageError::NotADirectory)));
    let list = |text: &str| bench.connector.list(&bench.list, &path(text), None, 10).map(drop);
    assert!(matches!(list("/none"), Err(StorageError::NotFound)));
    assert!(matches!(list("/f"), Err(StorageError::NotADirectory)));
    bench.fill_part("part", b"x");
    assert!(matches!(bench.commit_part("part", &path("/none/file"), 1), Err(StorageError::NotFound)));
    assert!(matches!(bench.commit_part("part", &path("/d"), 1), Err(StorageError::IsADirectory)));
    bench.commit_part("part", &path("/d/file"), 1).unwrap();
}

pub(crate) fn a_replaced_or_removed_source_is_noticed(bench: &Bench, _: &impl Storage) {
    bench.put(&path("/file"), b"content");
    let reader = bench.connector.open(&bench.read, &path("/file")).unwrap();
    reader.check_unchanged().unwrap();
    bench.put(&path("/file"), b"CONTENT");
    let change = |reader: &dyn sealane_connectors::Reader| match reader.check_unchanged() {
        Err(StorageError::SourceChanged { change }) => change,
        other => unreachable!("a change must be noticed, but: {other:?}"),
    };
    assert_eq!(change(&*reader), Change::Replaced);
    let reader = bench.connector.open(&bench.read, &path("/file")).unwrap();
    bench.connector.remove(&bench.delete, &path("/file"), false, &mut |_| Ok(())).unwrap();
    assert_eq!(change(&*reader), Change::Removed);
}

pub(crate) fn a_permit_for_another_collection_opens_nothing(bench: &Bench, _: &impl Storage) {
    bench.put(&path("/file"), b"content");
    let other = collection_id(99);
    let door = &bench.door;
    door.allow(other, &RemotePath::root(), &Permission::ALL);
    let list = door.permit::<List>(Action::ListDirectory, other, &RemotePath::root());
    let read = door.permit::<Read>(Action::ReadContent, other, &RemotePath::root());
    let write = door.permit::<Write>(Action::WriteContent, other, &RemotePath::root());
    let delete = door.permit::<Delete>(Action::DeleteEntry, other, &RemotePath::root());
    let (connector, file) = (&bench.connector, path("/file"));
    let refused = [
        connector.stat(&list, &file).map(drop),
        connector.list(&list, &RemotePath::root(), None, 1).map(drop),
        connector.walk(&read, &RemotePath::root(), None).map(drop),
        connector.open(&read, &file).map(drop),
        connector.create_part(&write, &bench.staging, "part", 1, false).map(drop),
        connector.commit(&write, &bench.staging, &[]),
        connector.make_directory(&write, &path("/d")).map(drop),
        connector.set_modified(&write, &file, MODIFIED),
        connector.rename(&write, &file, &path("/new")),
        connector.remove(&delete, &file, true, &mut |_| Ok(())).map(drop),
        connector.discard_staging(&write, &bench.staging),
    ];
    for (number, result) in refused.into_iter().enumerate() {
        assert!(matches!(result, Err(StorageError::NotPermitted)), "call {number}: {result:?}");
    }
    assert_eq!(bench.bytes_of(&file), b"content");
}

pub(crate) fn a_permit_is_for_its_path_by_components(bench: &Bench, _: &impl Storage) {
    for directory in ["/data", "/database"] {
        bench.make_directory(&path(directory));
        bench.put(&path(&format!("{directory}/file")), b"x");
    }
    let read = bench.read.narrow(&path("/data")).unwrap();
    assert!(bench.connector.open(&read, &path("/data/file")).is_ok());
    for beside in ["/database/file", "/data/../database/file"] {
        let Ok(beside) = beside.parse::<RemotePath>() else { continue };
        assert!(matches!(bench.connector.open(&read, &beside).map(drop), Err(StorageError::NotPermitted)));
    }
    assert!(matches!(
        bench.connector.walk(&read, &RemotePath::root(), None).map(drop),
        Err(StorageError::NotPermitted)
    ));
}

pub(crate) fn a_permit_of_a_subtree_changes_nothing_beside_it(bench: &Bench, _: &impl Storage) {
    bench.make_directory(&path("/mine"));
    bench.make_directory(&path("/theirs"));
    bench.put(&path("/mine/file"), b"x");
    bench.put(&path("/theirs/file"), b"x");
    let write = bench.write.narrow(&path("/mine")).unwrap();
    let delete = bench.delete.narrow(&path("/mine")).unwrap();
    let connector = &bench.connector;
    bench.fill_part("part", b"x");
    let refused = [
        connector.rename(&write, &path("/mine/file"), &path("/theirs/new")),
        connector.rename(&write, &path("/theirs/file"), &path("/mine/new")),
        connector.commit(&write, &bench.staging, &[to_commit("part", &path("/theirs/new"), 1)]),
        connector.commit(
            &write,
            &bench.staging,
            &[to_commit("part", &path("/mine/new"), 1), to_commit("part", &path("/theirs/file"), 1)],
        ),
        connector.make_directory(&write, &path("/theirs/d")).map(drop),
        connector.remove(&delete, &path("/theirs/file"), false, &mut |_| Ok(())).map(drop),
        connector.remove(&delete, &RemotePath::root(), true, &mut |_| Ok(())).map(drop),
    ];
    for (number, result) in refused.into_iter().enumerate() {
        assert!(matches!(result, Err(StorageError::NotPermitted)), "call {number}: {result:?}");
    }
    assert_eq!(bench.names_in(&path("/theirs"), 10).len(), 1);
    connector.commit(&write, &bench.staging, &[to_commit("part", &path("/mine/new"), 1)]).unwrap();
}

pub(crate) fn what_a_rule_refuses_is_hidden_and_untouched(bench: &Bench, _: &impl Storage) {
    for directory in ["/open", "/open/closed"] {
        bench.make_directory(&path(directory));
        bench.put(&path(&format!("{directory}/file")), b"x");
    }
    bench.door.refuse(bench.collection(), &path("/open/closed"), &Permission::ALL);
    let at = RemotePath::root();
    let list = bench.door.permit::<List>(Action::ListDirectory, bench.collection(), &at);
    let read = bench.door.permit::<Read>(Action::ReadContent, bench.collection(), &at);
    let write = bench.door.permit::<Write>(Action::WriteContent, bench.collection(), &at);
    let connector = &bench.connector;

    let listed = connector.list(&list, &path("/open"), None, 1).unwrap();
    assert_eq!(listed.entries.iter().map(|entry| &entry.path).collect::<Vec<_>>(), [&path("/open/file")]);
    let visible = paths(&["/", "/open", "/open/file"]);
    assert_eq!(walked_with(bench, &read, &at, None, 1), visible);
    for behind in ["/open/closed", "/open/closed/file"] {
        assert_eq!(walked_with(bench, &read, &at, Some(&path(behind)), 9), visible[2..]);
    }
    let refused = [
        connector.stat(&list, &path("/open/closed/file")).map(drop),
        connector.open(&read, &path("/open/closed/file")).map(drop),
        connector.rename(&write, &path("/open"), &path("/elsewhere")),
        connector.rename(&write, &path("/open/file"), &path("/open/closed/file")),
        connector.make_directory(&write, &path("/open/closed/new")).map(drop),
    ];
    for (number, result) in refused.into_iter().enumerate() {
        assert!(matches!(result, Err(StorageError::NotPermitted)), "call {number}: {result:?}");
    }
    assert_eq!(bench.bytes_of(&path("/open/closed/file")), b"x");
}

pub(crate) fn staging_folders_cannot_be_named(bench: &Bench, _: &impl Storage) {
    bench.fill_part("part", b"not yet judged");
    let folder = path(&format!("/{}{}", Staging::PREFIX, bench.staging));
    let part = folder.join(&Component::new(b"part".to_vec()).unwrap());
    let connector = &bench.connector;
    let refused = [
        connector.stat(&bench.list, &folder).map(drop),
        connector.list(&bench.list, &folder, None, 1).map(drop),
        connector.walk(&bench.read, &folder, None).map(drop),
        connector.open(&bench.read, &part).map(drop),
        connector.make_directory(&bench.write, &folder).map(drop),
        connector.rename(&bench.write, &part, &path("/stolen")),
        connector.remove(&bench.delete, &folder, true, &mut |_| Ok(())).map(drop),
        connector.commit(&bench.write, &bench.staging, &[to_commit("part", &part, 14)]),
    ];
    for (number, result) in refused.into_iter().enumerate() {
        assert!(matches!(result, Err(StorageError::Reserved)), "call {number}: {result:?}");
    }
}

pub(crate) fn a_read_only_collection_is_never_changed(bench: &Bench, storage: &impl Storage) {
    bench.put(&path("/file"), b"content");
    let frozen = Bench::read_only(storage.kind());
    assert!(!frozen.connector.capabilities().writable);
    let (connector, file) = (&frozen.connector, path("/file"));
    let refused = [
        connector.create_part(&frozen.write, &frozen.staging, "part", 1, false).map(drop),
        connector.commit(&frozen.write, &frozen.staging, &[]),
        connector.make_directory(&frozen.write, &path("/d")).map(drop),
        connector.set_modified(&frozen.write, &file, MODIFIED),
        connector.rename(&frozen.write, &file, &path("/new")),
        connector.remove(&frozen.delete, &file, false, &mut |_| Ok(())).map(drop),
        connector.discard_staging(&frozen.write, &frozen.staging),
    ];
    for (number, result) in refused.into_iter().enumerate() {
        assert!(matches!(result, Err(StorageError::ReadOnly)), "call {number}: {result:?}");
    }
    assert_eq!(frozen.bytes_of(&file), b"content");
}

pub(crate) fn errors_show_no_names(bench: &Bench, _: &impl Storage) {
    let secret = "jane-doe-1970";
    let missing = path(&format!("/{secret}"));
    bench.put(&path("/file"), b"x");
    let below = path(&format!("/file/{secret}"));
    let errors = [
        bench.stat(&missing).map(drop),
        bench.stat(&below).map(drop),
        bench.connector.remove(&bench.delete, &missing, true, &mut |_| Ok(())).map(drop),
        bench.connector.rename(&bench.write, &missing, &below),
    ];
    for error in errors {
        let error = error.unwrap_err();
        assert!(!format!("{error} {error:?} {:?}", error.problem()).contains(secret));
        let problem = error.problem();
        for words in [&problem.title, &problem.detail, problem.next_step.as_ref().unwrap()] {
            assert!(words.starts_with(char::is_uppercase), "{words}");
        }
        for sentence in [&problem.detail, problem.next_step.as_ref().unwrap()] {
            assert!(sentence.ends_with('.'), "{sentence}");
        }
    }
}
