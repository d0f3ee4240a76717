//! What the disk alone can do, which bounds a lone writer.

use std::fs::OpenOptions;
use std::os::unix::fs::FileExt;
use std::path::Path;
use std::time::{Duration, Instant};

/// Writes of 1 KiB into an allocated file, each synced, per second.
pub(crate) fn syncs_per_second(directory: &Path) -> anyhow::Result<f64> {
    let file = OpenOptions::new().create(true).truncate(true).write(true).open(directory.join("syncs"))?;
    file.write_all_at(&vec![0; 4 << 20], 0)?;
    file.sync_all()?;
    let (begun, mut count) = (Instant::now(), 0_u32);
    while begun.elapsed() < Duration::from_secs(2) {
        file.write_all_at(&[1; 1024], u64::from(count % 4096) * 1024)?;
        file.sync_data()?;
        count += 1;
    }
    Ok(f64::from(count) / begun.elapsed().as_secs_f64())
}
