//! File systems of a test's own, where the machine lets us mount: small enough to be full, laid over a directory,
//! or read-only.

use std::fs;
use std::path::Path;

/// A mount, undone when dropped.
pub(crate) struct Mounted<'a>(&'a Path);

impl<'a> Mounted<'a> {
    /// An empty file system of two megabytes, in the place of whatever the directory holds.
    pub(crate) fn small(at: &'a Path) -> Option<Self> {
        fs::create_dir_all(at).expect("make");
        mount(&["-t", "tmpfs", "-o", "size=2m", "tmpfs"], at).then_some(Self(at))
    }

    /// The directory as it is, but read-only to whoever comes by its name.
    pub(crate) fn read_only(at: &'a Path) -> Option<Self> {
        let itself = at.to_str().expect("text");
        if !mount(&["--bind", itself], at) {
            return None;
        }
        let mounted = Self(at);
        mount(&["-o", "remount,bind,ro"], at).then_some(mounted)
    }
}

#[expect(clippy::disallowed_methods, reason = "a full disk needs a disk, and a disk needs mount(8)")]
fn mount(arguments: &[&str], at: &Path) -> bool {
    let output = std::process::Command::new("mount").args(arguments).arg(at).output();
    output.is_ok_and(|output| output.status.success())
}

impl Drop for Mounted<'_> {
    #[expect(clippy::disallowed_methods, reason = "what was mounted is unmounted")]
    fn drop(&mut self) {
        let unmounted = std::process::Command::new("umount").arg("-l").arg(self.0).status();
        assert!(unmounted.is_ok_and(|status| status.success()));
    }
}
