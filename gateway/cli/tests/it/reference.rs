//! docs/reference/cli.md is what `--help` says, command by command; the diff is the review.

use std::path::Path;

use clap::Command;

fn section(command: &mut Command, path: &str, depth: usize, out: &mut String) {
    let name = if path.is_empty() { command.get_name().to_owned() } else { format!("{path} {}", command.get_name()) };
    let help = command.clone().term_width(100).render_long_help().to_string();
    let lines: Vec<&str> = help.lines().map(str::trim_end).collect();
    out.push_str(&format!("{} {name}\n\n```text\n{}\n```\n\n", "#".repeat(depth), lines.join("\n").trim_end()));
    let below: Vec<String> =
        command.get_subcommands().map(|it| it.get_name().to_owned()).filter(|it| it != "help").collect();
    for child in below {
        if let Some(child) = command.find_subcommand_mut(&child) {
            section(child, &name, (depth + 1).min(4), out);
        }
    }
}

#[test]
fn the_reference_is_what_help_says() {
    let mut text = "# Commands\n\nMade from `sealane --help`; a test compares it.\n\n".to_owned();
    let mut command = sealane_cli::command_tree();
    command.build();
    section(&mut command, "", 2, &mut text);
    let path = Path::new(env!("CARGO_MANIFEST_DIR")).join("../../docs/reference/cli.md");
    let committed = std::fs::read_to_string(&path).unwrap_or_default();
    if committed != text {
        let fresh = path.with_extension("md.new");
        std::fs::write(&fresh, &text).unwrap();
        panic!(
            "docs/reference/cli.md is not what --help says: compare it with {} and move that over it",
            fresh.display()
        );
    }
}
