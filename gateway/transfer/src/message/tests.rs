//! Bounds of what may be asked on a lane.

use sealane_crypto::digest::tree::RECORD_BYTES;
use sealane_model::limits::{BATCH_FILES, RANGE_BYTES, SMALL_FILE_BYTES};
use sealane_model::{FileTime, RemotePath};

use super::*;

const RECORD: u64 = RECORD_BYTES as u64;

fn expected(size: u64) -> Expected {
    Expected { size, modified: FileTime::default(), identity: 1 }
}

fn range(offset: u64, length: u64) -> RangeRequest {
    RangeRequest { item: 0, path: RemotePath::root(), expect: expected(3 * RANGE_BYTES + 5), offset, length }
}

#[test]
fn a_range_is_whole_records_within_the_file_and_at_most_16_mib() {
    for (offset, length) in
        [(0, RANGE_BYTES), (RECORD, RECORD), (3 * RANGE_BYTES, 5), (2 * RANGE_BYTES + RECORD, RECORD)]
    {
        assert!(range(offset, length).check().is_ok(), "{offset}+{length}");
    }
    for (offset, length) in [
        (1, RECORD),
        (0, 0),
        (0, RECORD - 1),
        (0, RANGE_BYTES + RECORD),
        (3 * RANGE_BYTES, 6),
        (3 * RANGE_BYTES, 4),
        (u64::MAX - RECORD + 1, RECORD),
    ] {
        assert!(range(offset, length).check().is_err(), "{offset}+{length}");
    }
}

#[test]
fn a_batch_is_bounded_in_files_in_bytes_and_in_each_file() {
    let batch = |files: usize, size| BatchRequest { item: 0, files: vec![(RemotePath::root(), expected(size)); files] };
    assert!(batch(BATCH_FILES, 10).check().is_ok());
    assert!(batch(4, SMALL_FILE_BYTES).check().is_ok());
    assert!(batch(BATCH_FILES + 1, 0).check().is_err());
    assert!(batch(5, SMALL_FILE_BYTES).check().is_err());
    assert!(batch(1, SMALL_FILE_BYTES + 1).check().is_err());
    assert!(batch(4, u64::MAX).check().is_err());
}
