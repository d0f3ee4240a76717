//! The architecture as the document draws it is the architecture as cargo builds it; the house rules hold in every file.

use std::collections::{BTreeMap, BTreeSet};
use std::fs;
use std::path::{Path, PathBuf};

use anyhow::{Context, ensure};
use sealane_tests::cli::bare;
use serde_json::Value;

type Imports = BTreeMap<String, BTreeSet<String>>;

fn root() -> anyhow::Result<&'static Path> {
    Path::new(env!("CARGO_MANIFEST_DIR")).parent().context("tests/ is in the workspace")
}

#[test]
fn packages_import_what_the_table_allows_and_nothing_else() -> anyhow::Result<()> {
    let (drawn, built) = (table()?, dependencies()?);
    ensure!(
        drawn.keys().eq(built.keys()),
        "the table names {:?}, the workspace has {:?}",
        drawn.keys().collect::<Vec<_>>(),
        built.keys().collect::<Vec<_>>()
    );
    for (package, allowed) in &drawn {
        let used = built.get(package).context("a package")?;
        ensure!(used == allowed, "{package} imports {used:?}; docs/architecture.md says {allowed:?}");
    }
    Ok(())
}

/// The table of docs/architecture.md: package and what it may import.
fn table() -> anyhow::Result<Imports> {
    let text = fs::read_to_string(root()?.join("docs/architecture.md"))?;
    let rows = text.lines().filter(|line| line.starts_with("| sealane-"));
    rows.map(|row| {
        let cells: Vec<&str> = row.split('|').map(str::trim).collect();
        let (package, imports) = (cells.get(1).context("a package")?, cells.get(3).context("its imports")?);
        let imports =
            imports.split(',').map(str::trim).filter(|name| *name != "-").map(|name| format!("sealane-{name}"));
        Ok(((*package).to_owned(), imports.collect()))
    })
    .collect()
}

/// Normal dependencies between the workspace's packages, as cargo tells them.
fn dependencies() -> anyhow::Result<Imports> {
    let mut cargo = bare(Path::new(env!("CARGO")));
    cargo.args(["metadata", "--format-version", "1", "--no-deps", "--offline"]).current_dir(root()?);
    let out = cargo.env("HOME", std::env::home_dir().unwrap_or_default()).output()?;
    ensure!(out.status.success(), "cargo metadata: {}", String::from_utf8_lossy(&out.stderr));
    let metadata: Value = serde_json::from_slice(&out.stdout)?;
    let packages = metadata.get("packages").and_then(Value::as_array).context("packages")?;
    packages
        .iter()
        .map(|package| {
            let name = package.get("name").and_then(Value::as_str).context("a name")?;
            let all = package.get("dependencies").and_then(Value::as_array).context("dependencies")?;
            let ours = all
                .iter()
                .filter(|it| it.get("kind").is_some_and(Value::is_null))
                .filter_map(|it| it.get("name").and_then(Value::as_str))
                .filter(|it| it.starts_with("sealane-"));
            Ok((name.to_owned(), ours.map(str::to_owned).collect()))
        })
        .collect()
}

#[test]
fn nothing_is_named_after_nothing() -> anyhow::Result<()> {
    const VAGUE: [&str; 8] = ["utils", "util", "helpers", "helper", "common", "shared", "types", "manager"];
    for package in dependencies()?.keys() {
        let word = package.trim_start_matches("sealane-");
        ensure!(!VAGUE.contains(&word) && word != "core", "the package {package} says nothing");
    }
    let allowed = allowed_names();
    for file in sources()? {
        let relative = file.strip_prefix(root()?)?;
        let stem = file.file_stem().and_then(|stem| stem.to_str()).unwrap_or_default();
        let vague = VAGUE.contains(&stem) || stem == "core";
        ensure!(!vague || allowed.contains(relative), "the module {} says nothing", relative.display());
    }
    Ok(())
}

/// Modules whose vague-looking name is the exact one.
fn allowed_names() -> BTreeSet<PathBuf> {
    BTreeSet::new()
}

#[test]
fn every_file_opens_with_what_it_is_for() -> anyhow::Result<()> {
    for file in sources()? {
        let text = fs::read_to_string(&file)?;
        ensure!(text.starts_with("//!"), "{} does not begin with `//!`", file.display());
    }
    Ok(())
}

#[test]
fn nothing_is_left_for_later() -> anyhow::Result<()> {
    // Written in halves, so that this file does not find itself.
    let forbidden =
        [concat!("#[igno", "re"), concat!("to", "do!("), concat!("unimple", "mented!("), concat!("db", "g!(")];
    for file in sources()? {
        let text = fs::read_to_string(&file)?;
        for word in forbidden {
            ensure!(!text.contains(word), "{} contains {word}", file.display());
        }
    }
    Ok(())
}

#[test]
fn an_example_in_the_documentation_is_built_and_run() -> anyhow::Result<()> {
    for file in sources()? {
        let package = file.ancestors().find(|folder| folder.join("Cargo.toml").is_file()).context("a package")?;
        if !fs::read_to_string(package.join("Cargo.toml"))?.contains("doctest = false") {
            continue;
        }
        let text = fs::read_to_string(&file)?;
        let documentation = text.lines().filter_map(|line| line.trim_start().strip_prefix("//"));
        let fences = documentation.filter_map(|line| line.trim_start_matches(['/', '!', ' ']).strip_prefix("```"));
        // Every other fence ends what the one before began.
        for language in fences.step_by(2) {
            ensure!(
                matches!(language, "text" | "json" | "toml" | "console"),
                "{} has an example, but the package has `doctest = false`",
                file.display()
            );
        }
    }
    Ok(())
}

/// Every Rust file of the workspace.
fn sources() -> anyhow::Result<Vec<PathBuf>> {
    let mut found = Vec::new();
    let mut waiting = vec![root()?.to_owned()];
    while let Some(folder) = waiting.pop() {
        for entry in fs::read_dir(&folder)? {
            let path = entry?.path();
            let name = path.file_name().and_then(|name| name.to_str()).unwrap_or_default();
            if path.is_dir() && !matches!(name, "target" | "node_modules") && !name.starts_with('.') {
                waiting.push(path);
            } else if path.extension().is_some_and(|extension| extension == "rs") {
                found.push(path);
            }
        }
    }
    ensure!(found.len() > 100, "the workspace has more than {} files", found.len());
    Ok(found)
}
