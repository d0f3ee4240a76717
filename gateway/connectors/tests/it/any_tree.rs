//! Walks and listings of any tree: the order, the pages and the resuming are those of a sorted set of paths.

use std::collections::BTreeSet;
use std::ffi::OsStr;
use std::os::unix::ffi::OsStrExt as _;

use proptest::prelude::*;
use sealane_model::{Component, RemotePath};

use crate::posix::PosixBench;

/// Names of few letters, so that trees meet, with bytes that sort around the separator and are no UTF-8.
fn name() -> impl Strategy<Value = Component> {
    let byte = prop::sample::select(&b"ab!.-\n0\xff\xc3"[..]);
    prop::collection::vec(byte, 1..4).prop_filter_map("a name", |bytes| Component::new(bytes).ok())
}

fn tree() -> impl Strategy<Value = Vec<Vec<Component>>> {
    prop::collection::vec(prop::collection::vec(name(), 1..5), 0..24)
}

/// Makes directories along each path; gives every path that then exists.
fn plant(posix: &PosixBench, tree: &[Vec<Component>]) -> BTreeSet<RemotePath> {
    let mut planted = BTreeSet::from([RemotePath::root()]);
    for components in tree {
        let (mut at, mut place) = (RemotePath::root(), posix.inside(""));
        for component in components {
            at = at.join(component);
            place.push(OsStr::from_bytes(component.as_bytes()));
            planted.insert(at.clone());
        }
        std::fs::create_dir_all(place).unwrap();
    }
    planted
}

proptest! {
    #![proptest_config(ProptestConfig::with_cases(24))]

    #[test]
    fn any_tree_is_walked_in_order_and_resumed_behind_any_path(
        tree in tree(), elsewhere in prop::collection::vec(name(), 0..5), limit in 1_usize..9,
        behind in any::<prop::sample::Index>(),
    ) {
        let posix = PosixBench::new();
        let planted: Vec<RemotePath> = plant(&posix, &tree).into_iter().collect();
        let bench = &posix.bench;
        let root = RemotePath::root();
        prop_assert_eq!(&bench.walked(&root, None, limit), &planted);
        let after = behind.index(planted.len());
        prop_assert_eq!(&bench.walked(&root, Some(&planted[after]), limit), &planted[after + 1..]);
        // Also behind a path that was never there.
        let elsewhere = elsewhere.iter().fold(RemotePath::root(), |path, name| path.join(name));
        let rest: Vec<RemotePath> = planted.into_iter().filter(|path| *path > elsewhere).collect();
        prop_assert_eq!(bench.walked(&root, Some(&elsewhere), limit), rest);
    }
}
