//! The members of a JSON object, written straight into an entry.
//!
//! INVARIANT: whoever writes fixed members does so in RFC 8785 order; the tests of `writing` compare with the
//! canonical form. Names that callers choose are sorted here.

use sealane_crypto::digest::Digest;
use serde_json::Value;
use uuid::Uuid;

use crate::canonical::{self, CanonicalError, utf16_order};

pub(super) struct Members<'a> {
    out: &'a mut Vec<u8>,
    first: bool,
}

impl<'a> Members<'a> {
    /// The first members of an object whose brace is written.
    pub(super) const fn new(out: &'a mut Vec<u8>) -> Self {
        Self { out, first: true }
    }

    /// More members after others.
    pub(super) const fn continued(out: &'a mut Vec<u8>) -> Self {
        Self { out, first: false }
    }

    /// A name, whose value the caller writes.
    pub(super) fn name(&mut self, name: &str) {
        if !std::mem::take(&mut self.first) {
            self.out.push(b',');
        }
        canonical::write_string(self.out, name);
        self.out.push(b':');
    }

    pub(super) fn text(&mut self, name: &str, value: Option<&str>) {
        if let Some(value) = value {
            self.name(name);
            canonical::write_string(self.out, value);
        }
    }

    /// A list of texts; nothing if it is empty.
    pub(super) fn texts(&mut self, name: &str, values: &[String]) {
        let Some((first, rest)) = values.split_first() else { return };
        self.name(name);
        self.out.push(b'[');
        canonical::write_string(self.out, first);
        for value in rest {
            self.out.push(b',');
            canonical::write_string(self.out, value);
        }
        self.out.push(b']');
    }

    pub(super) fn flag(&mut self, name: &str, value: bool) {
        self.name(name);
        self.out.extend_from_slice(if value { b"true" } else { b"false" });
    }

    pub(super) fn integer(&mut self, name: &str, value: Option<u64>) -> Result<(), CanonicalError> {
        value.map_or(Ok(()), |value| {
            self.name(name);
            canonical::write_integer(self.out, value)
        })
    }

    pub(super) fn signed(&mut self, name: &str, value: Option<i64>) -> Result<(), CanonicalError> {
        value.map_or(Ok(()), |value| {
            self.name(name);
            canonical::write_value(self.out, &Value::from(value))
        })
    }

    pub(super) fn digest(&mut self, name: &str, value: Option<&Digest>) {
        if let Some(value) = value {
            self.name(name);
            self.out.push(b'"');
            let start = self.out.len();
            self.out.resize(start + 64, 0);
            let space = self.out.get_mut(start..).unwrap_or_default();
            data_encoding::HEXLOWER.encode_mut(value.as_bytes(), space);
            self.out.push(b'"');
        }
    }

    pub(super) fn uuid(&mut self, name: &str, value: Uuid) {
        let mut space = [0; uuid::fmt::Hyphenated::LENGTH];
        self.text(name, Some(value.hyphenated().encode_lower(&mut space)));
    }

    pub(super) fn optional(&mut self, name: &str, value: Option<&Value>) -> Result<(), CanonicalError> {
        value.map_or(Ok(()), |value| {
            self.name(name);
            canonical::write_value(self.out, value)
        })
    }

    /// An object whose members `write` writes.
    pub(super) fn object<E>(
        &mut self,
        name: &str,
        write: impl FnOnce(&mut Members<'_>) -> Result<(), E>,
    ) -> Result<(), E> {
        self.name(name);
        self.out.push(b'{');
        write(&mut Members::new(self.out))?;
        self.out.push(b'}');
        Ok(())
    }

    /// An object whose names the caller chose; nothing if it is empty.
    pub(super) fn sorted<'m, V: 'm, E>(
        &mut self,
        name: &str,
        members: impl ExactSizeIterator<Item = (&'m String, &'m V)>,
        mut write: impl FnMut(&mut Members<'_>, &str, &V) -> Result<(), E>,
    ) -> Result<(), E> {
        if members.len() == 0 {
            return Ok(());
        }
        let mut members: Vec<_> = members.collect();
        members.sort_by(|(a, _), (b, _)| utf16_order(a, b));
        self.object(name, |inner| members.iter().try_for_each(|(name, value)| write(inner, name, value)))
    }
}
