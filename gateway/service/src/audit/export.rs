//! This node's log in other people's formats, filtered as a search is, and as a pack of evidence that proves itself.
//!
//! An export is of one log: each node exports its own, because only it can read it. It is refused while the index is behind,
//! since a file does not say at its end what is missing. A pack holds the places of its entries in memory (8 bytes each),
//! because it follows the order of the log (a clock may have gone back); the other formats take constant memory.

use std::io::{self, Write};
use std::pin::Pin;

use futures_util::Stream;
use futures_util::stream::poll_fn;
use sealane_audit::event::Assurance;
use sealane_audit::export::{Exporter, Format};
use sealane_audit::pack::PackRequest;
use sealane_audit::{EntryView, Log};
use sealane_model::problem::ProblemKind;
use sealane_model::{Problem, permit};
use sealane_policy::{Action, Resource};
use sealane_transfer::guard::Grant;
use tokio::sync::mpsc;

use super::question::AuditQuestion;
use super::search::{Ended, begin, record};
use super::walk::Walk;
use crate::act::{ask, conclude};
use crate::app::App;
use crate::caller::{Actor, Caller};
use crate::problem;

/// A file as it leaves.
pub type ExportStream = Pin<Box<dyn Stream<Item = Result<Vec<u8>, Problem>> + Send + Sync>>;

type Sender = mpsc::Sender<Result<Vec<u8>, Problem>>;

/// Pieces that wait for whoever reads.
const WAITING: usize = 4;
/// Bytes of a piece, about.
const PIECE: usize = 64 << 10;

/// In which form the log leaves.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum ExportForm {
    /// Evidence that proves itself: `sealane-verify pack` checks it offline.
    Pack {
        /// With the personal values behind the commitments, as far as they are not erased.
        revealed: bool,
    },
    /// Another format.
    In(Format),
}

impl ExportForm {
    /// What HTTP calls it.
    #[must_use]
    pub const fn media_type(self) -> &'static str {
        match self {
            Self::Pack { .. } => "application/x-ndjson",
            Self::In(format) => format.media_type(),
        }
    }

    /// How a file of it is called.
    #[must_use]
    pub fn file_name(self) -> String {
        let ending = match self {
            Self::Pack { .. } => "jsonl",
            Self::In(format) => format.extension(),
        };
        format!("sealane-audit.{ending}")
    }

    const fn name(self) -> &'static str {
        match self {
            Self::Pack { revealed: false } => "jsonl",
            Self::Pack { revealed: true } => "jsonl-revealed",
            Self::In(format) => format.name(),
        }
    }
}

impl std::str::FromStr for ExportForm {
    type Err = Problem;

    fn from_str(text: &str) -> Result<Self, Problem> {
        if let Some(revealed) = [("jsonl", false), ("jsonl-revealed", true)].into_iter().find(|(name, _)| *name == text)
        {
            return Ok(Self::Pack { revealed: revealed.1 });
        }
        text.parse().map(Self::In).map_err(|error: sealane_audit::export::UnknownFormat| {
            problem::bad_request("export-format", error.to_string())
                .next("'jsonl' is a pack that proves itself, 'jsonl-revealed' one with the personal values.")
        })
    }
}

/// Entries of this node's log that match, as a file.
pub async fn export(
    app: &App,
    caller: &Caller,
    question: &AuditQuestion,
    form: ExportForm,
) -> Result<ExportStream, Problem> {
    let about = ask(&Actor::from(caller), Action::ReadAudit, Resource::site(), Assurance::AuditExport)
        .detail("format", form.name());
    let origin = app.guard().log().origin().to_owned();
    let (grant, walk) = begin::<permit::SeeAudit>(app, about, question, |mut understood| {
        if understood.wanted.origin.as_ref().is_some_and(|asked| *asked != origin) {
            return Err(problem::bad_request("export-elsewhere", "This node can export its own log only.")
                .next("Ask the node whose log it is, or leave the log out."));
        }
        understood.wanted.origin = Some(origin.clone());
        Ok(understood)
    })
    .await?;
    if walk.behind(&origin) > 0 {
        let problem = Problem::new(
            ProblemKind::Unavailable,
            "index-behind",
            "The search index is behind the log",
            format!("{} entries are not in it yet, and an export must not leave any out.", walk.behind(&origin)),
        );
        return conclude(grant, Err(problem.next("Try again in a moment.")), sealane_transfer::guard::Details::none())
            .await;
    }
    let (sender, mut receiver) = mpsc::channel(WAITING);
    let asked = question.in_words();
    app.parts().acts.spawn(send(app.clone(), grant, walk, form, asked, sender));
    Ok(Box::pin(poll_fn(move |context| receiver.poll_recv(context))))
}

async fn send(
    app: App,
    grant: Grant<permit::SeeAudit>,
    mut walk: Walk,
    form: ExportForm,
    asked: String,
    sender: Sender,
) {
    let ended = match form {
        ExportForm::Pack { revealed } => pack(&app, &mut walk, asked, revealed, &sender).await,
        ExportForm::In(format) => write(&app, &mut walk, format, &sender).await,
    };
    let ended = match ended {
        // The index may have been emptied meanwhile; then the file is not whole.
        Ended::Whole => walk.end().await.map_or_else(Ended::Broken, |_| Ended::Whole),
        other => other,
    };
    if let Some(problem) = record(grant, ended, walk.count()).await {
        // Whoever reads learns that the file is not whole; if they are gone, nobody is left to tell.
        let _ = sender.send(Err(problem)).await;
    }
}

async fn write(app: &App, walk: &mut Walk, format: Format, sender: &Sender) -> Ended {
    let mut exporter = Exporter::new(format, app.export_context());
    let mut out = Vec::new();
    exporter.header(&mut out);
    loop {
        let hits = match walk.next().await {
            Ok(Some(hits)) => hits,
            Ok(None) => break,
            Err(problem) => return Ended::Broken(problem),
        };
        let views: Vec<EntryView> = hits.into_iter().filter_map(|hit| hit.own).collect();
        let written = tokio::task::spawn_blocking(move || {
            views.iter().for_each(|view| exporter.entry(view, &mut out));
            (exporter, out)
        });
        let piece;
        (exporter, piece) = match written.await {
            Ok(written) => written,
            Err(error) => return Ended::Broken(problem::internal("act-broken", &error)),
        };
        if sender.send(Ok(piece)).await.is_err() {
            return Ended::Gone;
        }
        out = Vec::new();
    }
    exporter.footer(&mut out);
    if !out.is_empty() && sender.send(Ok(out)).await.is_err() {
        return Ended::Gone;
    }
    Ended::Whole
}

async fn pack(app: &App, walk: &mut Walk, asked: String, openings: bool, sender: &Sender) -> Ended {
    let mut places = Vec::new();
    loop {
        match walk.next_places().await {
            Ok(Some(some)) => places.extend(some),
            Ok(None) => break,
            Err(problem) => return Ended::Broken(problem),
        }
    }
    places.sort_unstable();
    let request = PackRequest { asked, made_at_ns: app.now().as_nanos(), checkpoint: None, openings };
    let (log, out) = (app.guard().log().clone(), Pieces { sender: sender.clone(), piece: Vec::new(), gone: false });
    let packed = tokio::task::spawn_blocking(move || pack_all(&log, out, request, &places)).await;
    match packed {
        Ok(Ok(())) => Ended::Whole,
        Ok(Err(Broken::Gone)) => Ended::Gone,
        Ok(Err(Broken::Pack(error))) => Ended::Broken(problem::internal("audit-unreadable", &error)),
        Err(error) => Ended::Broken(problem::internal("act-broken", &error)),
    }
}

enum Broken {
    Gone,
    Pack(sealane_audit::pack::PackError),
}

fn pack_all(log: &Log, out: Pieces, request: PackRequest, places: &[u64]) -> Result<(), Broken> {
    let broken = |error: sealane_audit::pack::PackError| match &error {
        sealane_audit::pack::PackError::Write(io) if io.kind() == io::ErrorKind::BrokenPipe => Broken::Gone,
        _ => Broken::Pack(error),
    };
    let mut packer = log.pack(out, request).map_err(broken)?;
    for place in places {
        packer.add(*place).map_err(broken)?;
    }
    let (mut out, _) = packer.finish().map_err(broken)?;
    out.flush().map_err(|_| Broken::Gone)
}

/// Sends what is written into it, in pieces.
struct Pieces {
    sender: Sender,
    piece: Vec<u8>,
    gone: bool,
}

impl Write for Pieces {
    fn write(&mut self, bytes: &[u8]) -> io::Result<usize> {
        self.piece.extend_from_slice(bytes);
        if self.piece.len() >= PIECE {
            self.flush()?;
        }
        Ok(bytes.len())
    }

    fn flush(&mut self) -> io::Result<()> {
        let piece = std::mem::take(&mut self.piece);
        self.gone = self.gone || (!piece.is_empty() && self.sender.blocking_send(Ok(piece)).is_err());
        if self.gone { Err(io::ErrorKind::BrokenPipe.into()) } else { Ok(()) }
    }
}
