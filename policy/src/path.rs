//! The one path type of the product: what policy judges is what storage opens.
//!
//! **What for.** Path confusion (a name normalised one way for the check and another for the open, or a string prefix
//! where a component prefix was meant) is the classic hole of this kind of product. A [`RemotePath`] is made once, at the
//! edge, and is a list of components from then on; policy and connectors take nothing else.
//!
//! **Promises.** Absolute from a collection's root; no component is empty, `.`, `..`, holds NUL or `/`, or is longer than
//! 255 bytes. Bytes are kept exactly and never normalised: NFC and NFD twins are two names. [`RemotePath::to_text`] and
//! [`RemotePath::parse_text`] are inverse to each other for every path, whatever its bytes. `Debug` shows no name.
//!
//! **Leaves to others.** Whether the path exists, and what a symbolic link means: the connector opens beneath the root
//! with `openat2(RESOLVE_BENEATH)`.

mod escape;
mod wire;

use std::borrow::Borrow;
use std::fmt;
use std::str::FromStr;

/// The longest name of one component, in bytes (`NAME_MAX` of every file system that matters).
pub const MAX_NAME_BYTES: usize = 255;
/// The longest path, in bytes, its separators counted.
pub const MAX_PATH_BYTES: usize = 4 * 4096;
/// The deepest path, in components.
pub const MAX_DEPTH: usize = 256;

/// Why a text or a list of names is not a path. Holds no part of the path: names are personal data.
#[derive(Debug, Clone, Copy, PartialEq, Eq, thiserror::Error)]
pub enum PathError {
    /// The text does not begin with `/`.
    #[error("a path begins with '/', the root of its collection")]
    NotAbsolute,
    /// Two separators in a row, or an empty name.
    #[error("a path has no empty names: write a single '/' between names")]
    EmptyName,
    /// `.` or `..`.
    #[error("'.' and '..' are not allowed in a path: write the path out in full")]
    DotName,
    /// A NUL byte.
    #[error("a name cannot hold a NUL byte")]
    Nul,
    /// A separator within a name (written as `\x2f`).
    #[error("a name cannot hold '/', not even escaped")]
    Separator,
    /// A name longer than 255 bytes.
    #[error("a name is longer than {MAX_NAME_BYTES} bytes")]
    NameTooLong,
    /// A path longer than its limit.
    #[error("the path is longer than {MAX_PATH_BYTES} bytes")]
    TooLong,
    /// More components than the limit.
    #[error("the path is deeper than {MAX_DEPTH} names")]
    TooDeep,
    /// A backslash that begins no known escape.
    #[error(
        "unknown escape at byte {at}: a backslash is written '\\\\', any other byte '\\xHH' with two hexadecimal digits"
    )]
    BadEscape {
        /// Where in the text the escape begins, in bytes.
        at: usize,
    },
}

/// One name in a path: 1 to 255 bytes, exactly as on disk.
#[derive(Clone, PartialEq, Eq, PartialOrd, Ord, Hash)]
pub struct Component(Box<[u8]>);

impl Component {
    /// Takes a name as its bytes.
    pub fn new(name: impl Into<Box<[u8]>>) -> Result<Self, PathError> {
        let name = name.into();
        match name.as_ref() {
            b"" => Err(PathError::EmptyName),
            b"." | b".." => Err(PathError::DotName),
            bytes if bytes.contains(&0) => Err(PathError::Nul),
            bytes if bytes.contains(&b'/') => Err(PathError::Separator),
            bytes if bytes.len() > MAX_NAME_BYTES => Err(PathError::NameTooLong),
            _ => Ok(Self(name)),
        }
    }

    /// Reads the escaped form of one name.
    pub fn parse_text(text: &str) -> Result<Self, PathError> {
        Self::new(escape::unescape(text, 0)?)
    }

    /// The bytes of the name.
    #[must_use]
    pub fn as_bytes(&self) -> &[u8] {
        &self.0
    }

    /// The escaped form: printable, and reversible by [`Component::parse_text`].
    #[must_use]
    pub fn to_text(&self) -> String {
        let mut text = String::with_capacity(self.0.len());
        escape::escape_into(&self.0, &mut text);
        text
    }
}

impl fmt::Debug for Component {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        write!(f, "Component([{} bytes])", self.0.len())
    }
}

impl FromStr for Component {
    type Err = PathError;

    fn from_str(text: &str) -> Result<Self, PathError> {
        Self::parse_text(text)
    }
}

/// A path from the root of a collection.
#[derive(Clone, PartialEq, Eq, PartialOrd, Ord, Hash, Default)]
pub struct RemotePath(Vec<Component>);

impl RemotePath {
    /// The collection's root, written `/`.
    #[must_use]
    pub const fn root() -> Self {
        Self(Vec::new())
    }

    /// Reads the escaped form. It begins with `/`; one trailing `/` is allowed.
    pub fn parse_text(text: &str) -> Result<Self, PathError> {
        let Some(rest) = text.strip_prefix('/') else {
            return Err(PathError::NotAbsolute);
        };
        // An escaped byte takes four characters, so a longer text cannot be a path within its limit.
        if text.len() > 4 * MAX_PATH_BYTES {
            return Err(PathError::TooLong);
        }
        let rest = rest.strip_suffix('/').unwrap_or(rest);
        if rest.is_empty() {
            // `//` is an empty name, not the root.
            return if text.len() > 1 { Err(PathError::EmptyName) } else { Ok(Self::root()) };
        }
        let mut at = 1;
        let mut components = Vec::new();
        for name in rest.split('/') {
            if components.len() == MAX_DEPTH {
                return Err(PathError::TooDeep);
            }
            components.push(Component::new(escape::unescape(name, at)?)?);
            at += name.len() + 1;
        }
        Self::within_limits(components)
    }

    /// Takes a list of names as their bytes.
    pub fn from_components<I, B>(names: I) -> Result<Self, PathError>
    where
        I: IntoIterator<Item = B>,
        B: Into<Box<[u8]>>,
    {
        let mut components = Vec::new();
        for name in names {
            if components.len() == MAX_DEPTH {
                return Err(PathError::TooDeep);
            }
            components.push(Component::new(name)?);
        }
        Self::within_limits(components)
    }

    fn within_limits(components: Vec<Component>) -> Result<Self, PathError> {
        if components.len() > MAX_DEPTH {
            return Err(PathError::TooDeep);
        }
        let bytes: usize = components.iter().map(|component| component.0.len() + 1).sum();
        if bytes > MAX_PATH_BYTES { Err(PathError::TooLong) } else { Ok(Self(components)) }
    }

    /// The escaped form: printable, unambiguous, and reversible by [`RemotePath::parse_text`].
    #[must_use]
    pub fn to_text(&self) -> String {
        if self.0.is_empty() {
            return "/".to_owned();
        }
        let mut text = String::new();
        for component in &self.0 {
            text.push('/');
            escape::escape_into(&component.0, &mut text);
        }
        text
    }

    /// The names, from the root down.
    #[must_use]
    pub fn components(&self) -> &[Component] {
        &self.0
    }

    /// How many names the path has; 0 for the root.
    #[must_use]
    pub fn depth(&self) -> usize {
        self.0.len()
    }

    /// Whether this is the collection's root.
    #[must_use]
    pub fn is_root(&self) -> bool {
        self.0.is_empty()
    }

    /// The path of a child. Its limits are those of the file system that holds it: a directory that is listed there
    /// can be named, so a join does not fail. [`RemotePath::try_join`] is for names that come from outside.
    #[must_use]
    pub fn join(&self, name: &Component) -> Self {
        let mut components = Vec::with_capacity(self.0.len() + 1);
        components.extend_from_slice(&self.0);
        components.push(name.clone());
        Self(components)
    }

    /// The path of a child, within the limits of a path.
    pub fn try_join(&self, name: &Component) -> Result<Self, PathError> {
        Self::within_limits(self.join(name).0)
    }

    /// This path with all names of another beneath it, within the limits of a path.
    pub fn try_append(&self, below: &Self) -> Result<Self, PathError> {
        let mut components = self.0.clone();
        components.extend_from_slice(&below.0);
        Self::within_limits(components)
    }

    /// The place above it that has this many names; itself where it has no more.
    #[must_use]
    pub fn first(&self, names: usize) -> Self {
        Self(self.0.iter().take(names).cloned().collect())
    }

    /// The directory that holds it; none for the root.
    #[must_use]
    pub fn parent(&self) -> Option<Self> {
        self.0.split_last().map(|(_, parents)| Self(parents.to_vec()))
    }

    /// The last name; none for the root.
    #[must_use]
    pub fn file_name(&self) -> Option<&Component> {
        self.0.last()
    }

    /// Whether it is `ancestor` or lies beneath it: component by component, so `/database` is not beneath `/data`.
    #[must_use]
    pub fn starts_with(&self, ancestor: &Self) -> bool {
        self.0.starts_with(&ancestor.0)
    }

    /// What is left of the path beneath `ancestor`; none where it does not lie there.
    #[must_use]
    pub fn strip_prefix(&self, ancestor: &Self) -> Option<Self> {
        self.0.strip_prefix(ancestor.0.as_slice()).map(|rest| Self(rest.to_vec()))
    }
}

impl fmt::Debug for RemotePath {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        write!(f, "RemotePath([{} names])", self.0.len())
    }
}

impl FromStr for RemotePath {
    type Err = PathError;

    fn from_str(text: &str) -> Result<Self, PathError> {
        Self::parse_text(text)
    }
}

// Hash, Eq and Ord are those of the list of components, as `Borrow` requires.
impl Borrow<[Component]> for RemotePath {
    fn borrow(&self) -> &[Component] {
        &self.0
    }
}
