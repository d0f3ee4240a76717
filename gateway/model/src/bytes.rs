//! Amounts of data and rates as people read them: binary units, three significant digits.

use std::fmt;

/// A number of bytes; shows as `512 B`, `1.50 MiB`, `3.00 GiB`.
#[derive(Debug, Clone, Copy, PartialEq, Eq, PartialOrd, Ord)]
pub struct ByteCount(pub u64);

const UNITS: [&str; 6] = ["B", "KiB", "MiB", "GiB", "TiB", "PiB"];

impl fmt::Display for ByteCount {
    #[expect(clippy::cast_precision_loss, reason = "three digits are shown")]
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        let mut value = self.0 as f64;
        let mut units = UNITS.iter();
        let mut unit = units.next().copied().unwrap_or("B");
        while value >= 1024.0 {
            let Some(next) = units.next() else { break };
            value /= 1024.0;
            unit = next;
        }
        if unit == "B" {
            write!(f, "{} B", self.0)
        } else {
            let digits = if value < 10.0 { 2 } else { usize::from(value < 100.0) };
            write!(f, "{value:.digits$} {unit}")
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn amounts_read_as_people_write_them() {
        assert_eq!(ByteCount(0).to_string(), "0 B");
        assert_eq!(ByteCount(1023).to_string(), "1023 B");
        assert_eq!(ByteCount(1536).to_string(), "1.50 KiB");
        assert_eq!(ByteCount(256 << 20).to_string(), "256 MiB");
        assert_eq!(ByteCount(3 << 30).to_string(), "3.00 GiB");
    }
}
