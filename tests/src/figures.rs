//! Figures of docs/performance.md: benchmarks put them between markers of their own.

use std::fs;
use std::path::Path;

use anyhow::Context;

/// Put a benchmark's section between `<!-- NAME:begin -->` and `<!-- NAME:end -->`.
///
/// # Errors
/// When the document has lost the markers, or cannot be written.
pub fn publish(name: &str, section: &str) -> anyhow::Result<()> {
    let (begin, end) = (format!("<!-- {name}:begin -->"), format!("<!-- {name}:end -->"));
    let mut above = Path::new(env!("CARGO_MANIFEST_DIR")).ancestors().map(|folder| folder.join("docs/performance.md"));
    let file = above.find(|file| file.is_file()).context("docs/performance.md is in the workspace")?;
    let text = fs::read_to_string(&file)?;
    let (before, rest) = text.split_once(&begin).context("docs/performance.md has lost a begin marker")?;
    let (_, after) = rest.split_once(&end).context("docs/performance.md has lost an end marker")?;
    fs::write(&file, format!("{before}{begin}\n{section}{end}{after}"))?;
    println!("docs/performance.md is up to date");
    Ok(())
}

/// How busy the machine is: what else it does makes every figure worse, so it is told beside them.
///
/// # Errors
/// When the kernel does not say.
pub fn load_average() -> anyhow::Result<String> {
    let load = fs::read_to_string("/proc/loadavg")?;
    Ok(load.split_whitespace().next().unwrap_or_default().to_owned())
}
