//! Trees of files with names as people and programs really make them, and the comparison of two trees.

use std::collections::BTreeMap;
use std::ffi::OsStr;
use std::fs::{self, File, FileTimes};
use std::io::Read;
use std::os::unix::ffi::OsStrExt;
use std::os::unix::fs::FileExt;
use std::path::{Path, PathBuf};
use std::time::{Duration, SystemTime};

use anyhow::{Context, bail, ensure};

use crate::noise::Noise;

/// What a tree holds.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub struct Counted {
    /// Regular files.
    pub files: u64,
    /// Directories, the root not counted.
    pub directories: u64,
    /// Bytes of content.
    pub bytes: u64,
}

/// Names that break programs: each is one component, in bytes.
#[must_use]
pub fn odd_names() -> Vec<Vec<u8>> {
    vec![
        b"two  spaces ".to_vec(),
        "caf\u{e9}".as_bytes().to_vec(),
        "cafe\u{301}".as_bytes().to_vec(),
        vec![b'x', 0xff, 0xfe, b'.', 0xc3],
        b"line\nbreak".to_vec(),
        b"tab\tand\x1bescape\x7f".to_vec(),
        b"back\\slash\\x41".to_vec(),
        b"-rf".to_vec(),
        b"...".to_vec(),
        b".hidden".to_vec(),
        b"*?[glob]$(sh)`;|&'\"<b>".to_vec(),
        b"%2e%2e%2f".to_vec(),
        b"C:con~1".to_vec(),
        "\u{202e}txt.exe".as_bytes().to_vec(),
        "\u{1f9ec} \u{4e2d}\u{6587}".as_bytes().to_vec(),
        "\u{feff}bom".as_bytes().to_vec(),
        vec![b'n'; 255],
    ]
}

/// Write a tree of odd names into `root`: files, directories, an empty file, an empty directory, a sparse file.
///
/// # Errors
/// When the file system refuses.
pub fn write_odd(root: &Path, seed: u64) -> anyhow::Result<()> {
    let mut noise = Noise::seeded(seed);
    fs::create_dir_all(root)?;
    for name in odd_names() {
        let name = OsStr::from_bytes(&name);
        write_file(&root.join(name), &noise.bytes(300), &mut noise)?;
        let below = root.join("directories").join(name).join("deeper");
        fs::create_dir_all(&below)?;
        write_file(&below.join(name), name.as_bytes(), &mut noise)?;
    }
    write_file(&root.join("empty"), b"", &mut noise)?;
    fs::create_dir_all(root.join("nothing/in/here"))?;
    for size in [1, (1 << 20) - 1, 1 << 20, (1 << 20) + 1, (4 << 20) - 1, 4 << 20, (4 << 20) + 1, 17 << 20] {
        let content = noise.bytes(size);
        write_file(&root.join(format!("of {size} bytes")), &content, &mut noise)?;
    }
    write_sparse(&root.join("sparse"), 40 << 20)?;
    let before_1970 = SystemTime::UNIX_EPOCH - Duration::new(86_400 * 365, 123_456_789);
    File::options().write(true).open(root.join("empty"))?.set_modified(before_1970)?;
    set_directory_times(root, &mut noise)
}

/// Write `count` files of `size` bytes, a hundred in a directory.
///
/// # Errors
/// When the file system refuses.
pub fn write_many(root: &Path, count: usize, size: usize, seed: u64) -> anyhow::Result<()> {
    let mut noise = Noise::seeded(seed);
    for index in 0..count {
        let folder = root.join(format!("part {:04}", index / 100));
        if index % 100 == 0 {
            fs::create_dir_all(&folder)?;
        }
        fs::write(folder.join(format!("file-{index:06}.bin")), noise.bytes(size))?;
    }
    Ok(())
}

/// Write one file of noise.
///
/// # Errors
/// When the file system refuses.
pub fn write_noise(path: &Path, size: u64, seed: u64) -> anyhow::Result<()> {
    let mut noise = Noise::seeded(seed);
    let file = File::create(path)?;
    let mut block = vec![0; 1 << 20];
    let mut at = 0;
    while at < size {
        noise.fill(&mut block);
        let part = usize::try_from((size - at).min(1 << 20))?;
        file.write_all_at(block.get(..part).context("a block")?, at)?;
        at += part as u64;
    }
    Ok(())
}

/// Write a file that is all hole but for some bytes at its beginning, middle and end.
///
/// # Errors
/// When the file system refuses.
pub fn write_sparse(path: &Path, size: u64) -> anyhow::Result<()> {
    let file = File::create(path)?;
    file.set_len(size)?;
    for at in [0, size / 2, size.saturating_sub(9)] {
        file.write_all_at(b"not empty", at)?;
    }
    Ok(())
}

fn write_file(path: &Path, content: &[u8], noise: &mut Noise) -> anyhow::Result<()> {
    fs::write(path, content).with_context(|| format!("cannot write {}", path.display()))?;
    Ok(File::options().write(true).open(path)?.set_modified(some_time(noise))?)
}

/// Some time since 1970, with nanoseconds.
fn some_time(noise: &mut Noise) -> SystemTime {
    let nanos = u32::try_from(noise.between(0, 1_000_000_000)).unwrap_or_default();
    SystemTime::UNIX_EPOCH + Duration::new(noise.between(1, 2_000_000_000), nanos)
}

fn set_directory_times(root: &Path, noise: &mut Noise) -> anyhow::Result<()> {
    for (name, node) in list(root)? {
        if node == Node::Directory {
            File::open(root.join(name))?.set_times(FileTimes::new().set_modified(some_time(noise)))?;
        }
    }
    Ok(())
}

#[derive(Debug, Clone, Copy, PartialEq, Eq)]
enum Node {
    Directory,
    File,
    Link,
    Other,
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
            let node = match (kind.is_dir(), kind.is_file(), kind.is_symlink()) {
                (true, ..) => Node::Directory,
                (_, true, _) => Node::File,
                (.., true) => Node::Link,
                _ => Node::Other,
            };
            if node == Node::Directory {
                waiting.push(name.clone());
            }
            found.insert(name, node);
        }
    }
    Ok(found)
}

/// Compare two trees by names, kinds, bytes and times of change; links and special files are not expected to arrive.
///
/// # Errors
/// At the first difference.
pub fn compare(source: &Path, copy: &Path) -> anyhow::Result<Counted> {
    let mut expected = list(source)?;
    expected.retain(|_, node| matches!(node, Node::Directory | Node::File));
    let found = list(copy)?;
    if let Some(missing) = expected.keys().find(|name| !found.contains_key(*name)) {
        bail!("{missing:?} did not arrive ({} of {} names did)", found.len(), expected.len());
    }
    if let Some(surplus) = found.keys().find(|name| !expected.contains_key(*name)) {
        bail!("{surplus:?} arrived and was never sent");
    }
    let mut counted = Counted { files: 0, directories: 0, bytes: 0 };
    for (name, node) in &expected {
        ensure!(found.get(name) == Some(node), "{name:?} is of another kind");
        let (one, other) = (source.join(name), copy.join(name));
        let times = (fs::metadata(&one)?.modified()?, fs::metadata(&other)?.modified()?);
        ensure!(
            times.0 == times.1,
            "{name:?} ({node:?}) has another time of change: {:?} became {:?}",
            times.0,
            times.1
        );
        if *node == Node::Directory {
            counted.directories += 1;
        } else {
            counted.bytes += same_bytes(&one, &other).with_context(|| format!("{name:?}"))?;
            counted.files += 1;
        }
    }
    Ok(counted)
}

/// Whether two files hold the same bytes; how many.
///
/// # Errors
/// When they differ.
pub fn same_bytes(one: &Path, other: &Path) -> anyhow::Result<u64> {
    let (mut one, mut other) = (File::open(one)?, File::open(other)?);
    let sizes = (one.metadata()?.len(), other.metadata()?.len());
    ensure!(sizes.0 == sizes.1, "{} bytes became {}", sizes.0, sizes.1);
    let (mut left, mut right) = (vec![0; 1 << 20], vec![0; 1 << 20]);
    let mut at = 0;
    loop {
        let read = one.read(&mut left)?;
        if read == 0 {
            return Ok(at);
        }
        let right = right.get_mut(..read).context("a read is no longer than its buffer")?;
        other.read_exact(right)?;
        ensure!(left.get(..read) == Some(right), "the content differs after byte {at}");
        at += read as u64;
    }
}

/// What was left behind by unfinished work: part files, wherever they are below `root`.
///
/// # Errors
/// When the tree cannot be read.
pub fn left_behind(root: &Path) -> anyhow::Result<Vec<PathBuf>> {
    let is_part = |name: &PathBuf| name.components().any(|part| part.as_os_str().as_bytes().starts_with(b".sealane-"));
    Ok(list(root)?.into_keys().filter(is_part).collect())
}

/// A copy of a directory with all that is in it.
///
/// # Errors
/// When something cannot be read or written.
pub fn copy_tree(from: &Path, to: &Path) -> anyhow::Result<()> {
    fs::create_dir_all(to)?;
    for entry in fs::read_dir(from)? {
        let entry = entry?;
        let target = to.join(entry.file_name());
        if entry.file_type()?.is_dir() {
            copy_tree(&entry.path(), &target)?;
        } else {
            fs::copy(entry.path(), target)?;
        }
    }
    Ok(())
}
