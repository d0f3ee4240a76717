//! Nothing leaves the root, whatever the tree looks like and however it changes meanwhile.

use std::fs;
use std::sync::atomic::{AtomicBool, Ordering};

use rustix::fs::{CWD, RenameFlags, renameat_with};
use sealane_connectors::StorageError;
use sealane_model::{EntryKind, PathError, RemotePath};

use crate::bench::{MODIFIED, path, paths, to_commit};
use crate::posix::{PosixBench, link};

fn is_link<T>(result: Result<T, StorageError>) -> bool {
    matches!(result, Err(StorageError::NotRegular(EntryKind::Symlink) | StorageError::NotADirectory))
}

#[test]
fn a_path_cannot_even_say_dot_dot() {
    for text in ["/..", "/a/../b", "/.", "/../../etc/passwd", "/\\x2e\\x2e/secret"] {
        assert_eq!(text.parse::<RemotePath>(), Err(PathError::DotName), "{text}");
    }
    assert_eq!("/\\x2e\\x2e\\x2foutside".parse::<RemotePath>(), Err(PathError::Separator));
}

#[test]
fn links_are_listed_and_never_followed() {
    let posix = PosixBench::new();
    let bench = &posix.bench;
    fs::create_dir(posix.inside("real")).unwrap();
    posix.write("real/file", b"inside");
    link(posix.outside(), posix.inside("absolute"));
    link("../outside", posix.inside("upward"));
    link("real", posix.inside("sideways"));
    link("loop", posix.inside("loop"));
    link("/proc/self/root", posix.inside("magic"));
    for name in ["absolute", "upward", "sideways", "loop", "magic"] {
        let at = path(&format!("/{name}"));
        assert_eq!(bench.stat(&at).unwrap().kind, EntryKind::Symlink, "{name}");
        for below in ["secret", "file", "etc"] {
            let below = path(&format!("/{name}/{below}"));
            assert!(is_link(bench.stat(&below)), "{name}");
            assert!(is_link(bench.connector.open(&bench.read, &below)), "{name}");
            assert!(is_link(bench.connector.make_directory(&bench.write, &below)), "{name}");
            assert!(is_link(bench.connector.rename(&bench.write, &path("/real"), &below)), "{name}");
            assert!(is_link(bench.connector.remove(&bench.delete, &below, true, &mut |_| Ok(()))), "{name}");
            bench.fill_part("part", b"x");
            assert!(is_link(bench.commit_part("part", &below, 1)), "{name}");
        }
        assert!(is_link(bench.connector.open(&bench.read, &at)), "{name}");
        assert!(is_link(bench.connector.list(&bench.list, &at, None, 10)), "{name}");
    }
    let walked = bench.walked(&RemotePath::root(), None, 100);
    assert_eq!(walked, paths(&["/", "/absolute", "/loop", "/magic", "/real", "/real/file", "/sideways", "/upward"]));
}

#[test]
fn a_walk_and_a_listing_of_a_link_stay_at_the_link() {
    let posix = PosixBench::new();
    link(posix.outside(), posix.inside("link"));
    let bench = &posix.bench;
    assert_eq!(bench.walked(&path("/link"), None, 10), paths(&["/link"]));
    assert_eq!(bench.walked(&RemotePath::root(), Some(&path("/link")), 10), []);
    assert_eq!(bench.walked(&RemotePath::root(), Some(&path("/link/secret")), 10), []);
}

#[test]
fn changes_meet_the_link_itself() {
    let posix = PosixBench::new();
    let bench = &posix.bench;
    let secret = posix.outside().join("secret");
    let before = fs::metadata(&secret).unwrap().modified().unwrap();
    link(&secret, posix.inside("link"));
    bench.connector.set_modified(&bench.write, &path("/link"), MODIFIED).unwrap();
    assert_eq!(bench.stat(&path("/link")).unwrap().modified, MODIFIED);
    assert_eq!(fs::metadata(&secret).unwrap().modified().unwrap(), before);

    bench.put(&path("/link"), b"a file in its place");
    assert_eq!(bench.stat(&path("/link")).unwrap().kind, EntryKind::File);
    assert_eq!(fs::read(&secret).unwrap(), b"outside");

    fs::create_dir(posix.inside("tree")).unwrap();
    link(posix.outside(), posix.inside("tree/link"));
    assert_eq!(bench.connector.remove(&bench.delete, &path("/tree"), true, &mut |_| Ok(())).unwrap(), 2);
    assert_eq!(fs::read(&secret).unwrap(), b"outside");
}

#[test]
fn a_planted_staging_folder_or_part_is_refused() {
    let posix = PosixBench::new();
    let bench = &posix.bench;
    let folder = posix.inside(&format!(".sealane-part-{}", bench.staging));
    link(posix.outside(), &folder);
    let part = |name, resume| bench.connector.create_part(&bench.write, &bench.staging, name, 1, resume).map(drop);
    assert!(is_link(part("secret", true)));
    assert!(is_link(part("secret", false)));
    assert!(is_link(bench.connector.commit(&bench.write, &bench.staging, &[to_commit("secret", &path("/file"), 7)])));
    fs::remove_file(&folder).unwrap();

    bench.fill_part("other", b"x");
    link(posix.outside().join("secret"), folder.join("linked"));
    assert!(is_link(part("linked", true)));
    assert!(is_link(bench.connector.commit(&bench.write, &bench.staging, &[to_commit("linked", &path("/file"), 7)])));
    part("linked", false).unwrap();
    assert_eq!(fs::read(posix.outside().join("secret")).unwrap(), b"outside");
    bench.connector.discard_staging(&bench.write, &bench.staging).unwrap();
    assert!(!folder.exists());
}

#[test]
fn the_root_stays_the_root_when_another_takes_its_name() {
    let posix = PosixBench::new();
    posix.write("file", b"inside");
    let moved = posix.outside().join("moved");
    fs::rename(posix.inside(""), &moved).unwrap();
    link(posix.outside(), posix.inside("").parent().unwrap().join("root"));
    assert_eq!(posix.bench.bytes_of(&path("/file")), b"inside");
    assert!(matches!(posix.bench.stat(&path("/secret")), Err(StorageError::NotFound)));
}

/// A local user swaps a directory and a link to the outside as fast as they can, while the gateway opens a file in it.
#[test]
fn a_race_of_swapped_links_never_gets_out() {
    let posix = PosixBench::new();
    let bench = &posix.bench;
    fs::create_dir(posix.inside("place")).unwrap();
    posix.write("place/secret", b"inside!");
    let (place, swap) = (posix.inside("place"), posix.inside("swap"));
    link(posix.outside(), &swap);
    let over = AtomicBool::new(false);
    let (mut opened, mut refused) = (0_u32, 0_u32);
    std::thread::scope(|scope| {
        scope.spawn(|| {
            while !over.load(Ordering::Relaxed) {
                renameat_with(CWD, &place, CWD, &swap, RenameFlags::EXCHANGE).unwrap();
            }
        });
        // Ends when both have been seen often, so the race has really been run.
        while opened < 2_000 || refused < 2_000 {
            match bench.connector.open(&bench.read, &path("/place/secret")) {
                Ok(reader) => {
                    let mut bytes = [0; 7];
                    reader.read_at(0, &mut bytes).unwrap();
                    assert_eq!(&bytes, b"inside!");
                    opened += 1;
                }
                Err(error) => {
                    assert!(is_link(Err::<(), _>(error)));
                    refused += 1;
                }
            }
        }
        over.store(true, Ordering::Relaxed);
    });
}
