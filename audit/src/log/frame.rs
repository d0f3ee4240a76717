//! Frames: how entries, batch trailers and openings lie in a segment file.
//!
//! `[u32 length][u32 crc32c][u64 index][bytes]`, little-endian. The CRC covers length, index and bytes; it
//! finds torn writes, it is no protection against people (the tree is). The top bit of the length marks
//! a batch trailer, whose index is the size of the tree and whose bytes are the signed checkpoint. An
//! all-zero header is space not yet written. No frame spans two segments.

use crate::entry::MAX_BYTES;

pub(crate) const HEADER: usize = 16;
const TRAILER: u32 = 1 << 31;

/// What a frame holds.
#[derive(Copy, Clone, Debug, PartialEq, Eq)]
pub(crate) enum Record<'a> {
    /// An entry, or an opening in the openings' own segments.
    Body { index: u64, bytes: &'a [u8] },
    /// End of a batch: the checkpoint over all entries so far.
    Trailer { size: u64, note: &'a [u8] },
}

/// What a header announces.
#[derive(Copy, Clone, Debug, PartialEq, Eq)]
pub(crate) enum Header {
    /// Space not yet written.
    Blank,
    /// A frame with so many bytes after the header.
    Frame { length: usize, trailer: bool, crc: u32, index: u64 },
    /// No header that was ever written.
    Broken,
}

pub(crate) fn write(out: &mut Vec<u8>, record: Record<'_>) {
    let (flag, index, bytes) = match record {
        Record::Body { index, bytes } => (0, index, bytes),
        Record::Trailer { size, note } => (TRAILER, size, note),
    };
    // INVARIANT: callers keep bytes within MAX_BYTES, far below the flag.
    let length = u32::try_from(bytes.len()).unwrap_or(TRAILER - 1) | flag;
    out.extend_from_slice(&length.to_le_bytes());
    out.extend_from_slice(&checksum(length, index, bytes).to_le_bytes());
    out.extend_from_slice(&index.to_le_bytes());
    out.extend_from_slice(bytes);
}

impl Header {
    pub(crate) fn parse(header: &[u8; HEADER]) -> Self {
        if *header == [0; HEADER] {
            return Self::Blank;
        }
        let [l0, l1, l2, l3, c0, c1, c2, c3, index @ ..] = *header;
        let word = u32::from_le_bytes([l0, l1, l2, l3]);
        let length = usize::try_from(word & !TRAILER).unwrap_or(usize::MAX);
        if length == 0 || length > MAX_BYTES {
            return Self::Broken;
        }
        Self::Frame {
            length,
            trailer: word & TRAILER != 0,
            crc: u32::from_le_bytes([c0, c1, c2, c3]),
            index: u64::from_le_bytes(index),
        }
    }
}

/// The record behind a header, if the checksum agrees.
pub(crate) fn record(header: Header, bytes: &[u8]) -> Option<Record<'_>> {
    let Header::Frame { length, trailer, crc, index } = header else { return None };
    let word = u32::try_from(length).ok()? | if trailer { TRAILER } else { 0 };
    if bytes.len() != length || checksum(word, index, bytes) != crc {
        return None;
    }
    Some(if trailer { Record::Trailer { size: index, note: bytes } } else { Record::Body { index, bytes } })
}

/// The record that begins at the start of `bytes`, if a whole and sound one does.
pub(crate) fn first(bytes: &[u8]) -> Option<Record<'_>> {
    let (head, rest) = bytes.split_first_chunk::<HEADER>()?;
    let header = Header::parse(head);
    let Header::Frame { length, .. } = header else { return None };
    record(header, rest.get(..length)?)
}

fn checksum(word: u32, index: u64, bytes: &[u8]) -> u32 {
    let crc = crc32c::crc32c(&word.to_le_bytes());
    let crc = crc32c::crc32c_append(crc, &index.to_le_bytes());
    crc32c::crc32c_append(crc, bytes)
}

#[cfg(test)]
mod tests {
    use proptest::prelude::*;

    use super::*;

    proptest! {
        #[test]
        fn a_record_reads_back_and_no_changed_bit_passes(
            index: u64, trailer: bool, bytes in prop::collection::vec(any::<u8>(), 1..200), at: prop::sample::Index, bit in 0..8
        ) {
            let record = if trailer {
                Record::Trailer { size: index, note: &bytes }
            } else {
                Record::Body { index, bytes: &bytes }
            };
            let mut out = Vec::new();
            write(&mut out, record);
            prop_assert_eq!(first(&out), Some(record));
            let at = at.index(out.len());
            out[at] ^= 1_u8 << bit;
            prop_assert_eq!(first(&out), None);
        }

        #[test]
        fn arbitrary_bytes_are_read_without_panic(bytes in prop::collection::vec(any::<u8>(), 0..100)) {
            let _ = first(&bytes);
        }
    }
}
