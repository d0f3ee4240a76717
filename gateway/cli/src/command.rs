//! The command tree. One file a command; what is shared stands in `client` (for people) and `serve` (for servers).

mod audit;
mod collection;
mod completions;
mod config;
mod content;
mod controls;
mod db;
mod entry;
mod init;
mod login;
mod ls;
mod peer;
mod policy;
mod recorded;
mod rule;
mod serve;
mod task;
mod task_receipt;
mod transfer;

use std::process::ExitCode;

use clap::{CommandFactory, Parser, Subcommand};

pub use self::recorded::COMMANDS;

use crate::client::Client;
use crate::client::account::Accounts;
use crate::output::{self, Format};

/// Move and share research data that must not leak: verified, decided, recorded.
#[derive(Debug, Parser)]
#[command(name = "sealane", version, max_term_width = 110, after_help = AFTER_HELP)]
pub(crate) struct Arguments {
    /// How to print results.
    #[arg(long, global = true, value_enum, default_value_t)]
    format: Format,
    /// The site to talk to: its short name or address; the newest sign-in where absent.
    #[arg(long, global = true, env = "SEALANE_SITE")]
    site: Option<String>,
    #[command(subcommand)]
    command: Command,
}

const AFTER_HELP: &str = "\
Exit codes: 0 done, 1 failed, 2 usage, 3 not signed in, 4 step-up needed, 5 denied, 6 integrity failure, 7 partly done, \
124 waited too long.
A place is written COLLECTION:PATH, at a peer SITE/COLLECTION:PATH. Names that are not UTF-8 are shown and accepted \
with \\xHH for each such byte, and \\\\ for a backslash.";

#[derive(Debug, Subcommand)]
enum Command {
    /// Try it: two sites, an identity provider and sample data on this machine, in one command.
    Demo(crate::demo::DemoArguments),
    /// Sign in at a site with your institution's sign-in page.
    Login(login::LoginArguments),
    /// End the sign-in.
    Logout,
    /// Show who you are to the site.
    Whoami,
    /// Collections that you may see.
    #[command(subcommand)]
    Collection(collection::CollectionCommand),
    /// Access rules: who may do what in a collection.
    #[command(subcommand)]
    Rule(rule::RuleCommand),
    /// List a directory.
    Ls(ls::LsArguments),
    /// Show one entry.
    Stat(entry::StatArguments),
    /// Make a directory.
    Mkdir(entry::MkdirArguments),
    /// Rename within a collection.
    Rename(entry::RenameArguments),
    /// Remove a file, or with -r a directory and all that is in it.
    Rm(entry::RmArguments),
    /// Fetch one file to this machine; resumes what was begun.
    Get(content::GetArguments),
    /// Send one local file; resumes what was begun.
    Put(content::PutArguments),
    /// Move files or directories from one collection to another.
    Transfer(transfer::TransferArguments),
    /// Tasks that you submitted.
    #[command(subcommand)]
    Task(task::TaskCommand),
    /// Make a site: configuration, keys, database.
    Init(init::InitArguments),
    /// Run a node of a site.
    Serve(serve::ServeArguments),
    /// Peers of the site on this machine.
    #[command(subcommand)]
    Peer(peer::PeerCommand),
    /// The configuration file.
    #[command(subcommand)]
    Config(config::ConfigCommand),
    /// The audit log: who did what, when, from where, by which rule.
    #[command(subcommand)]
    Audit(audit::AuditCommand),
    /// What the access rules say, said, and would say: why, who, what, what changes.
    #[command(subcommand)]
    Policy(policy::PolicyCommand),
    /// The control database.
    #[command(subcommand)]
    Db(db::DbCommand),
    /// NIST SP 800-53 controls: who carries them, how they are met, which tests show it.
    #[command(subcommand)]
    Controls(controls::ControlsCommand),
    /// Print completions for a shell.
    Completions(completions::CompletionsArguments),
}

/// What a command for people needs: the site that it talks to and how to print.
pub(crate) struct Session {
    /// Talks to the site.
    pub(crate) client: Client,
    /// How to print.
    pub(crate) format: Format,
}

/// The commands with their help, for the reference and for shells.
#[must_use]
pub fn tree() -> clap::Command {
    Arguments::command()
}

/// Parse the command line and do what it says.
pub fn run() -> ExitCode {
    let arguments = match Arguments::try_parse() {
        Ok(arguments) => arguments,
        Err(error) => {
            // Help and version are not failures; clap prints each where it belongs.
            let _ = error.print();
            return ExitCode::from(u8::try_from(error.exit_code()).unwrap_or(output::exit::USAGE));
        }
    };
    let format = arguments.format;
    let runtime = match tokio::runtime::Runtime::new() {
        Ok(runtime) => runtime,
        Err(error) => return output::report(format, &anyhow::anyhow!("the runtime does not start: {error}")),
    };
    match runtime.block_on(dispatch(arguments)) {
        Ok(code) => code,
        Err(error) => output::report(format, &error),
    }
}

async fn dispatch(arguments: Arguments) -> anyhow::Result<ExitCode> {
    let Arguments { format, site, command } = arguments;
    // Servers log to files of their own; everything else only warns.
    let _telemetry = if matches!(command, Command::Serve(_)) { None } else { Some(crate::telemetry::for_command()) };
    let session = || -> anyhow::Result<Session> {
        let account = Accounts::read()?.choose(site.as_deref())?;
        Ok(Session { client: Client::of(&account)?, format })
    };
    let done = |result: anyhow::Result<()>| result.map(|()| ExitCode::SUCCESS);
    match command {
        Command::Demo(arguments) => crate::demo::run(arguments, format).await,
        Command::Login(arguments) => done(login::login(arguments, site, format).await),
        Command::Logout => done(login::logout(site, format).await),
        Command::Whoami => done(login::whoami(&session()?).await),
        Command::Collection(command) => done(collection::run(command, &session()?).await),
        Command::Rule(command) => done(rule::run(command, &session()?).await),
        Command::Ls(arguments) => done(ls::run(arguments, &session()?).await),
        Command::Stat(arguments) => done(entry::stat(arguments, &session()?).await),
        Command::Mkdir(arguments) => done(entry::mkdir(arguments, &session()?).await),
        Command::Rename(arguments) => done(entry::rename(arguments, &session()?).await),
        Command::Rm(arguments) => done(entry::rm(arguments, &session()?).await),
        Command::Get(arguments) => done(content::get(arguments, &session()?).await),
        Command::Put(arguments) => done(content::put(arguments, &session()?).await),
        Command::Transfer(arguments) => transfer::run(arguments, &session()?).await,
        Command::Task(command) => task::run(command, &session()?).await,
        Command::Init(arguments) => done(init::run(arguments, format).await),
        Command::Serve(arguments) => done(serve::run(arguments).await),
        Command::Peer(command) => done(peer::run(command, format).await),
        Command::Config(command) => done(config::run(command, format)),
        Command::Audit(command) => done(audit::run(command, format, session).await),
        Command::Policy(command) => done(policy::run(command, format, session).await),
        Command::Db(command) => done(db::run(command, format).await),
        Command::Controls(command) => done(controls::run(command, format)),
        Command::Completions(arguments) => done(completions::run(&arguments)),
    }
}
