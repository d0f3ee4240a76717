//! Two directory trees, compared name by name and byte by byte, with times of change.

use std::collections::BTreeMap;
use std::fs::{self, File};
use std::io::Read;
use std::path::{Path, PathBuf};
use std::time::SystemTime;

use anyhow::{Context, bail};

/// What was compared.
#[derive(Debug, Clone, Copy, PartialEq, Eq, serde::Serialize)]
pub(super) struct Compared {
    /// Regular files.
    pub(super) files: u64,
    /// Directories, the root itself not counted.
    pub(super) directories: u64,
    /// Bytes of content.
    pub(super) bytes: u64,
}

#[derive(Debug, PartialEq, Eq)]
enum Node {
    Directory,
    File { size: u64, modified: SystemTime },
}

/// Compare; symbolic links and special files are left out on both sides.
///
/// # Errors
/// At the first difference, and when something cannot be read.
pub(super) fn trees(source: &Path, copy: &Path) -> anyhow::Result<Compared> {
    let (expected, found) = (list(source)?, list(copy)?);
    if let Some(missing) = expected.keys().find(|name| !found.contains_key(*name)) {
        bail!("{} did not arrive", missing.display());
    }
    if let Some(surplus) = found.keys().find(|name| !expected.contains_key(*name)) {
        bail!("{} arrived and was never sent", surplus.display());
    }
    let mut compared = Compared { files: 0, directories: 0, bytes: 0 };
    for (name, node) in &expected {
        if found.get(name) != Some(node) {
            bail!("{} differs in kind, size or time of change", name.display());
        }
        match node {
            Node::Directory => compared.directories += 1,
            Node::File { size, .. } => {
                same_bytes(&source.join(name), &copy.join(name))?;
                compared.files += 1;
                compared.bytes += size;
            }
        }
    }
    Ok(compared)
}

fn list(root: &Path) -> anyhow::Result<BTreeMap<PathBuf, Node>> {
    let mut found = BTreeMap::new();
    let mut waiting = vec![PathBuf::new()];
    while let Some(directory) = waiting.pop() {
        let path = root.join(&directory);
        for entry in fs::read_dir(&path).with_context(|| format!("cannot read {}", path.display()))? {
            let entry = entry?;
            let name = directory.join(entry.file_name());
            let kind = entry.file_type()?;
            if kind.is_dir() {
                found.insert(name.clone(), Node::Directory);
                waiting.push(name);
            } else if kind.is_file() {
                let about = entry.metadata()?;
                found.insert(name, Node::File { size: about.len(), modified: about.modified()? });
            }
        }
    }
    Ok(found)
}

fn same_bytes(one: &Path, other: &Path) -> anyhow::Result<()> {
    let (mut one_file, mut other_file) = (File::open(one)?, File::open(other)?);
    let (mut left, mut right) = (vec![0; 1 << 20], vec![0; 1 << 20]);
    loop {
        let read = one_file.read(&mut left)?;
        if read == 0 {
            return Ok(());
        }
        let right = right.get_mut(..read).context("a read was longer than its buffer")?;
        other_file.read_exact(right).with_context(|| format!("{} is shorter", other.display()))?;
        if left.get(..read) != Some(right) {
            bail!("{} differs in content", other.display());
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn tree(content: &str) -> tempfile::TempDir {
        let root = tempfile::tempdir().unwrap();
        fs::create_dir_all(root.path().join("a/empty")).unwrap();
        fs::write(root.path().join("a/f"), content).unwrap();
        File::options()
            .write(true)
            .open(root.path().join("a/f"))
            .unwrap()
            .set_modified(SystemTime::UNIX_EPOCH)
            .unwrap();
        root
    }

    #[test]
    fn equal_trees_are_equal() {
        let compared = trees(tree("x").path(), tree("x").path()).unwrap();
        assert_eq!(compared, Compared { files: 1, directories: 2, bytes: 1 });
    }

    #[test]
    fn one_other_byte_is_found() {
        let message = trees(tree("x").path(), tree("y").path()).unwrap_err().to_string();
        assert!(message.contains("differs in content"), "{message}");
    }

    #[test]
    fn a_missing_and_a_surplus_name_are_found() {
        let (one, two) = (tree("x"), tree("x"));
        fs::write(one.path().join("more"), "").unwrap();
        assert!(trees(one.path(), two.path()).unwrap_err().to_string().contains("did not arrive"));
        assert!(trees(two.path(), one.path()).unwrap_err().to_string().contains("never sent"));
    }
}
