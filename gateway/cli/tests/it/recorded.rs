//! Every command says what it records, and no command that is gone is still listed.

use std::collections::BTreeSet;

use clap::Command;
use sealane_cli::COMMAND_RECORDS;
use sealane_service::recorded::Recorded;

fn leaves(command: &Command, path: &str, out: &mut BTreeSet<String>) {
    let below: Vec<&Command> = command.get_subcommands().filter(|it| it.get_name() != "help").collect();
    // A command that does something without a subcommand is one too.
    if below.is_empty() || !(path.is_empty() || command.is_subcommand_required_set()) {
        out.insert(path.trim_start().to_owned());
    }
    for child in below {
        leaves(child, &format!("{path} {}", child.get_name()), out);
    }
}

#[test]
fn every_command_says_what_it_records() {
    let mut commands = BTreeSet::new();
    leaves(&sealane_cli::command_tree(), "", &mut commands);
    let listed: BTreeSet<String> = COMMAND_RECORDS.iter().map(|(command, _)| (*command).to_owned()).collect();
    assert_eq!(listed.len(), COMMAND_RECORDS.len(), "a command is listed twice");
    let missing: Vec<_> = commands.difference(&listed).collect();
    assert!(missing.is_empty(), "say in gateway/cli/src/command/recorded.rs what these record: {missing:?}");
    let gone: Vec<_> = listed.difference(&commands).collect();
    assert!(gone.is_empty(), "no such commands any more: {gone:?}");
    for (command, recorded) in COMMAND_RECORDS {
        match recorded {
            Recorded::Kinds(kinds) => assert!(!kinds.is_empty(), "{command}"),
            Recorded::Nothing(why) => assert!(why.len() > 10, "{command} says why it records nothing"),
        }
    }
}
