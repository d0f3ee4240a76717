//! The administrator's socket: peers are managed by whoever may open it, without a browser and before anybody can sign in.
//!
//! A Unix socket of mode 0600 in the state folder, one JSON request and one JSON answer a connection. Where no node runs,
//! the same requests are served in the process of the command, with the same record.

use std::os::unix::fs::PermissionsExt;
use std::path::Path;
use std::time::Duration;

use anyhow::Context;
use sealane_model::{Problem, ShortName};
use sealane_service::view::{
    AcceptPeer, ForkView, InvitationView, NewTimestamp, PeerContactView, PeerView, TimestampRequestView, TimestampView,
    WitnessIdentityView, WitnessStatusView,
};
use sealane_service::{Actor, App, audit, peers, timestamps, witness};
use serde::{Deserialize, Serialize};
use tokio::io::{AsyncReadExt, AsyncWriteExt};
use tokio::net::{UnixListener, UnixStream};
use tokio_util::sync::CancellationToken;
use tracing::warn;

/// The longest request: a time-stamping authority's answer with its certificates.
const LONGEST: u64 = 256 << 10;
/// Time for a request and its answer.
const PATIENCE: Duration = Duration::from_secs(30);

/// What an administrator asks.
#[derive(Debug, Serialize, Deserialize)]
#[serde(tag = "do", rename_all = "kebab-case", deny_unknown_fields)]
pub enum AdminRequest {
    /// Make an invitation for another site.
    Invite,
    /// Accept another site's invitation.
    Accept(AcceptPeer),
    /// Accepted sites.
    List,
    /// Say who a peer is to the outside.
    Contact {
        /// Its short name.
        name: ShortName,
        /// What is known of it; what is absent stays as it was.
        contact: PeerContactView,
    },
    /// Build the audit log's search index again.
    Reindex,
    /// What others need in order to have this site as a witness.
    WitnessShow,
    /// How it stands with witnesses.
    WitnessStatus,
    /// Evidence against logs with two histories.
    WitnessEvidence,
    /// A request for a time-stamping authority.
    TimestampRequest,
    /// Keep an authority's answer.
    TimestampAttach(NewTimestamp),
    /// Ask the configured authority.
    TimestampFetch,
    /// The timestamps that are kept.
    TimestampShow,
    /// End the trust in a site.
    Remove {
        /// Its short name.
        name: ShortName,
    },
}

/// What they are told.
#[derive(Debug, Serialize, Deserialize)]
#[serde(tag = "answer", content = "value", rename_all = "kebab-case")]
pub enum AdminAnswer {
    /// An invitation.
    Invitation(InvitationView),
    /// The site that was accepted.
    Peer(PeerView),
    /// The trust has ended.
    Removed,
    /// Accepted sites.
    Peers(Vec<PeerView>),
    /// Who a peer is to the outside.
    Contact(PeerContactView),
    /// The search index was emptied; so many entries are read again.
    Reindexing(u64),
    /// This site as a witness.
    WitnessIdentity(WitnessIdentityView),
    /// How it stands with witnesses.
    WitnessStatus(WitnessStatusView),
    /// Evidence against logs.
    Forks(Vec<ForkView>),
    /// A request for a time-stamping authority.
    TimestampRequest(TimestampRequestView),
    /// A timestamp that is kept now.
    Timestamp(TimestampView),
    /// Those that are kept.
    Timestamps(Vec<TimestampView>),
    /// Why not.
    Problem(Problem),
}

/// Do what is asked, decided and recorded as the operator's act.
pub async fn answer(app: &App, request: AdminRequest) -> AdminAnswer {
    let actor = Actor::operator();
    let answered = match request {
        AdminRequest::Invite => peers::invite(app, &actor).await.map(AdminAnswer::Invitation),
        AdminRequest::Accept(accept) => peers::accept(app, &actor, accept).await.map(AdminAnswer::Peer),
        AdminRequest::List => peers::list(app, &actor).await.map(AdminAnswer::Peers),
        AdminRequest::Contact { name, contact } => {
            peers::set_contact(app, &actor, &name, contact).await.map(AdminAnswer::Contact)
        }
        AdminRequest::Reindex => audit::rebuild(app, &actor).await.map(AdminAnswer::Reindexing),
        AdminRequest::WitnessShow => witness::show(app, &actor).await.map(AdminAnswer::WitnessIdentity),
        AdminRequest::WitnessStatus => witness::status(app, &actor).await.map(AdminAnswer::WitnessStatus),
        AdminRequest::WitnessEvidence => witness::evidence(app, &actor).await.map(AdminAnswer::Forks),
        AdminRequest::TimestampRequest => timestamps::request(app, &actor).await.map(AdminAnswer::TimestampRequest),
        AdminRequest::TimestampAttach(new) => timestamps::attach(app, &actor, new).await.map(AdminAnswer::Timestamp),
        AdminRequest::TimestampFetch => timestamps::fetch(app, &actor).await.map(AdminAnswer::Timestamp),
        AdminRequest::TimestampShow => timestamps::show(app, &actor).await.map(AdminAnswer::Timestamps),
        AdminRequest::Remove { name } => peers::remove(app, &actor, &name).await.map(|()| AdminAnswer::Removed),
    };
    answered.unwrap_or_else(AdminAnswer::Problem)
}

/// Open the socket. One that a dead node left behind is replaced; only one node at a time holds the audit log beside it.
///
/// # Errors
/// When the folder cannot be written.
pub fn bind(path: &Path) -> anyhow::Result<UnixListener> {
    if let Err(error) = std::fs::remove_file(path)
        && error.kind() != std::io::ErrorKind::NotFound
    {
        return Err(error).with_context(|| format!("cannot replace {}", path.display()));
    }
    let listener = UnixListener::bind(path)
        .with_context(|| format!("cannot open the administrator's socket {}", path.display()))?;
    std::fs::set_permissions(path, std::fs::Permissions::from_mode(0o600))?;
    Ok(listener)
}

/// Answer until `shutdown`.
pub async fn serve(listener: UnixListener, app: App, shutdown: CancellationToken) {
    loop {
        let accepted = tokio::select! {
            () = shutdown.cancelled() => return,
            accepted = listener.accept() => accepted,
        };
        let Ok((stream, _)) = accepted else { continue };
        if let Err(error) = tokio::time::timeout(PATIENCE, converse(stream, &app)).await.unwrap_or_else(|_| Ok(())) {
            warn!(error = %error, "a request on the administrator's socket failed");
        }
    }
}

async fn converse(mut stream: UnixStream, app: &App) -> anyhow::Result<()> {
    let mut text = Vec::new();
    (&mut stream).take(LONGEST).read_to_end(&mut text).await?;
    let answer = answer(app, serde_json::from_slice(&text)?).await;
    stream.write_all(&serde_json::to_vec(&answer)?).await?;
    Ok(stream.shutdown().await?)
}

/// Ask the node whose socket this is; `None` where none runs.
///
/// # Errors
/// When one runs and does not answer.
pub async fn ask(path: &Path, request: &AdminRequest) -> anyhow::Result<Option<AdminAnswer>> {
    let Ok(mut stream) = UnixStream::connect(path).await else { return Ok(None) };
    stream.write_all(&serde_json::to_vec(request)?).await?;
    stream.shutdown().await?;
    let mut text = Vec::new();
    stream.read_to_end(&mut text).await?;
    Ok(Some(serde_json::from_slice(&text).context("the node did not answer")?))
}
