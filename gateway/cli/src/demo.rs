//! `sealane demo`: two sites, an identity provider and sample data on this machine, in one command.
//!
//! The sites are the real ones: the same nodes that `serve` runs, with keys, databases and audit logs of their own,
//! joined by pinned peers and mutually authenticated lanes. What only the demo has is here and nowhere else: the
//! identity provider without passwords, pages over plain HTTP on the loopback address, and the sample data.

pub mod browser;
mod compare;
pub mod identity_provider;
pub(crate) mod pages;
pub mod people;
mod ports;
mod sample;
mod story;
mod world;

use std::path::PathBuf;
use std::process::ExitCode;

use anyhow::Context;
use clap::Args;
use tokio::signal::unix::{SignalKind, signal};

use crate::output::Format;
use ports::Ports;
use world::World;

/// The first of the demo's ports where none is chosen.
const PORT: u16 = 8440;

/// Arguments of `sealane demo`.
#[derive(Debug, Args)]
pub struct DemoArguments {
    /// Play the whole story with nobody at the keyboard, check each step, and end.
    #[arg(long)]
    once: bool,
    /// A directory of yours as Hospital A's collection, read only; sample data are made where absent.
    #[arg(long, value_name = "DIR")]
    data: Option<PathBuf>,
    /// Keep keys, databases, logs and what was transferred here; a temporary directory that is removed where absent.
    #[arg(long, value_name = "DIR")]
    state: Option<PathBuf>,
    /// The first of five ports in a row, 8440 where absent (with --once: any that are free).
    #[arg(long)]
    port: Option<u16>,
}

/// Where the demo keeps its state while it runs.
enum State {
    Temporary(tempfile::TempDir),
    Kept(PathBuf),
}

impl State {
    fn open(wanted: Option<PathBuf>) -> anyhow::Result<Self> {
        match wanted {
            Some(folder) => {
                std::fs::create_dir_all(&folder).with_context(|| format!("cannot make {}", folder.display()))?;
                Ok(Self::Kept(std::path::absolute(folder)?))
            }
            None => Ok(Self::Temporary(tempfile::Builder::new().prefix("sealane-demo-").tempdir()?)),
        }
    }

    fn path(&self) -> &std::path::Path {
        match self {
            Self::Temporary(folder) => folder.path(),
            Self::Kept(folder) => folder,
        }
    }
}

/// Run the demo.
///
/// # Errors
/// When it cannot start; with `--once` a step that does not hold is an exit code, not an error.
pub async fn run(arguments: DemoArguments, format: Format) -> anyhow::Result<ExitCode> {
    // Listen for the signals first: a Ctrl-C during the start must clean up as well.
    let mut interrupt = signal(SignalKind::interrupt())?;
    let mut terminate = signal(SignalKind::terminate())?;
    let state = State::open(arguments.state.clone())?;
    let played = async {
        if arguments.once {
            let ports = arguments.port.map_or_else(Ports::free, Ports::from)?;
            story::play(state.path(), arguments.data.as_deref(), ports, format).await
        } else {
            let ports = Ports::from(arguments.port.unwrap_or(PORT))?;
            let world = World::start(state.path(), arguments.data.as_deref(), ports).await?;
            introduce(&world, &state);
            Ok((Some(world), ExitCode::SUCCESS))
        }
    };
    let (world, code) = tokio::select! {
        played = played => played?,
        _ = interrupt.recv() => return Ok(ExitCode::from(130)),
        _ = terminate.recv() => return Ok(ExitCode::from(143)),
    };
    if let Some(world) = world {
        tokio::select! {
            _ = interrupt.recv() => {}
            _ = terminate.recv() => {}
        }
        eprintln!("\nStopping.");
        world.stop().await;
    }
    Ok(code)
}

fn introduce(world: &World, state: &State) {
    let (a, b) = (&world.hospital.url, &world.university.url);
    let kept = match state {
        State::Kept(folder) => format!("State is kept in {}.", folder.display()),
        State::Temporary(_) => "State is temporary and goes when this ends; --state DIR keeps it.".to_owned(),
    };
    println!(
        "\nSealane demo: two sites on this machine, with keys, databases and audit logs of their own.

  Hospital A      {a}
  University B    {b}

Sign in by clicking on a name:
  Ana Ortega      researcher at Hospital A; may read its imaging data
  Ben Okafor      manager of University B's intake; decides who may write there
  Carla Weiss     compliance officer at Hospital A
  Ada Lindqvist   administrator of both sites

Try this:
  1. As Ana at Hospital A: browse 'imaging' and choose files. No place at University B takes them yet.
  2. As Ben at University B: open 'intake', its access rules, and let ana@hospital-a.example write.
  3. As Ana: choose files again, start the transfer, watch it, and look at its receipt.
  Or from a terminal:  sealane login {a}

{kept} Ctrl-C ends it."
    );
}
