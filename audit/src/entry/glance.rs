//! A quick look at an entry: its link and its commitments, in one pass and without building anything.
//!
//! It reads exactly the form in which a log writes its entries: canonical JSON, members in ascending order,
//! whole numbers, strings of plain ASCII. In any doubt it gives `None`, and the caller reads the entry in full.
//! INVARIANT: what it gives, the full reading gives too. It is faster, never more lenient.

use std::borrow::Cow;

use data_encoding::HEXLOWER;
use memchr::memchr;
use sealane_crypto::digest::Digest;

/// Nesting beyond this is left to the full reading.
const MAX_DEPTH: u32 = 16;

/// Digits of a number that every reader takes for the same.
const MAX_DIGITS: usize = 15;

/// What a commitment stands for.
#[derive(Debug, Clone, PartialEq, Eq)]
pub(crate) enum Field<'a> {
    /// A field of its own: `actor.subject`, `client`, `object.path`.
    Own(&'static str),
    /// `private.<name>`
    Private(Cow<'a, str>),
}

impl Field<'_> {
    pub(crate) fn is(&self, field: &str) -> bool {
        match self {
            Self::Own(name) => *name == field,
            Self::Private(name) => field.strip_prefix("private.") == Some(&**name),
        }
    }
}

impl std::fmt::Display for Field<'_> {
    fn fmt(&self, f: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        match self {
            Self::Own(name) => f.write_str(name),
            Self::Private(name) => write!(f, "private.{name}"),
        }
    }
}

/// What a quick look shows.
#[derive(Debug, Clone, PartialEq, Eq)]
pub(crate) struct Glance<'a> {
    pub(crate) index: u64,
    pub(crate) prev: Digest,
    pub(crate) kind: &'a [u8],
    pub(crate) commitments: Vec<(Field<'a>, Digest)>,
}

/// Looks at an entry; `None` in any doubt.
pub(crate) fn glance(entry: &[u8]) -> Option<Glance<'_>> {
    let mut scan = Scan { rest: entry };
    let (mut index, mut prev, mut kind) = (None, None, None);
    let mut commitments = Vec::with_capacity(4);
    scan.members(|scan, name| {
        match name {
            b"index" => index = Some(scan.number()?),
            b"prev" => prev = Some(scan.digest()?),
            b"kind" => kind = Some(scan.string()?),
            b"client" => commitments.push((Field::Own("client"), scan.digest()?)),
            b"actor" => scan.commitment(b"subject", Field::Own("actor.subject"), &mut commitments)?,
            b"object" => scan.commitment(b"path", Field::Own("object.path"), &mut commitments)?,
            b"private" => scan.members(|scan, name| {
                let name = std::str::from_utf8(name).ok()?;
                commitments.push((Field::Private(Cow::Borrowed(name)), scan.digest()?));
                Some(())
            })?,
            b"detail" => scan.members(|scan, _| scan.value(MAX_DEPTH))?,
            _ => scan.value(MAX_DEPTH)?,
        }
        Some(())
    })?;
    if !scan.rest.is_empty() {
        return None;
    }
    Some(Glance { index: index?, prev: prev?, kind: kind?, commitments })
}

/// A cursor over canonical JSON.
struct Scan<'a> {
    rest: &'a [u8],
}

impl<'a> Scan<'a> {
    fn next(&mut self) -> Option<u8> {
        let (byte, rest) = self.rest.split_first()?;
        self.rest = rest;
        Some(*byte)
    }

    fn eat(&mut self, text: &[u8]) -> Option<()> {
        self.rest = self.rest.strip_prefix(text)?;
        Some(())
    }

    /// An object: `member` reads each value. Names ascend, so none stands twice.
    fn members(&mut self, mut member: impl FnMut(&mut Self, &'a [u8]) -> Option<()>) -> Option<()> {
        self.eat(b"{")?;
        if self.eat(b"}").is_some() {
            return Some(());
        }
        let mut before: &[u8] = b"";
        loop {
            let name = self.string()?;
            if name <= before {
                return None;
            }
            before = name;
            self.eat(b":")?;
            member(self, name)?;
            match self.next()? {
                b',' => {}
                b'}' => return Some(()),
                _ => return None,
            }
        }
    }

    /// An object of which one member is a commitment.
    fn commitment(
        &mut self,
        wanted: &[u8],
        field: Field<'a>,
        commitments: &mut Vec<(Field<'a>, Digest)>,
    ) -> Option<()> {
        self.members(|scan, name| {
            if name == wanted {
                commitments.push((field.clone(), scan.digest()?));
                return Some(());
            }
            scan.value(MAX_DEPTH)
        })
    }

    /// Any value, passed over.
    fn value(&mut self, depth: u32) -> Option<()> {
        let deeper = depth.checked_sub(1)?;
        match self.rest.first()? {
            b'"' => self.string().map(drop),
            b'{' => self.members(|scan, _| scan.value(deeper)),
            b'[' => self.items(deeper),
            b't' => self.eat(b"true"),
            b'f' => self.eat(b"false"),
            b'n' => self.eat(b"null"),
            b'-' => {
                self.eat(b"-")?;
                // `-0` is a number that canonical JSON does not write.
                (self.number()? > 0).then_some(())
            }
            _ => self.number().map(drop),
        }
    }

    fn items(&mut self, depth: u32) -> Option<()> {
        self.eat(b"[")?;
        if self.eat(b"]").is_some() {
            return Some(());
        }
        loop {
            self.value(depth)?;
            match self.next()? {
                b',' => {}
                b']' => return Some(()),
                _ => return None,
            }
        }
    }

    /// A whole number without sign, fraction or exponent.
    fn number(&mut self) -> Option<u64> {
        let digits = self.rest.iter().take_while(|byte| byte.is_ascii_digit()).count();
        let (number, rest) = self.rest.split_at_checked(digits)?;
        let leading_zero = digits > 1 && number.first() == Some(&b'0');
        let goes_on = matches!(rest.first(), Some(b'.' | b'e' | b'E'));
        if digits == 0 || digits > MAX_DIGITS || leading_zero || goes_on {
            return None;
        }
        self.rest = rest;
        Some(number.iter().fold(0, |number, digit| number * 10 + u64::from(digit - b'0')))
    }

    /// A string of plain ASCII without escapes.
    fn string(&mut self) -> Option<&'a [u8]> {
        self.eat(b"\"")?;
        // The first quote ends the string, since one after a backslash is refused with the backslash.
        let (text, rest) = self.rest.split_at_checked(memchr(b'"', self.rest)?)?;
        let plain = |byte: &u8| (b' '..=b'~').contains(byte) & (*byte != b'\\');
        // No early exit: whole vectors of bytes are looked at together.
        if !text.iter().fold(true, |all, byte| all & plain(byte)) {
            return None;
        }
        self.rest = rest.strip_prefix(b"\"")?;
        Some(text)
    }

    /// A string of 64 lower-case hexadecimal digits.
    fn digest(&mut self) -> Option<Digest> {
        let text = self.rest.strip_prefix(b"\"")?;
        let (digits, rest) = text.split_at_checked(64)?;
        let mut bytes = [0; 32];
        HEXLOWER.decode_mut(digits, &mut bytes).ok()?;
        self.rest = rest.strip_prefix(b"\"")?;
        Some(Digest::from_bytes(bytes))
    }
}
