//! The listening end: whom to serve, with what, and what of it is recorded.
//!
//! **Promises.** A connection is served only for a pinned peer whose clock agrees. A lane opens only for a checked order,
//! each of its lanes once, after this site decided again for every item and recorded it; its outcome with the bytes that
//! it carried is recorded when it ends, however it ends. Every refusal is told to the other end and recorded.
//!
//! **Leaves to others.** Accepting sockets and TLS (`sealane-cli`, with [`crate::tls::lane_server_config`]); tasks
//! ([`Orders`]).

mod conversation;
mod opening;
mod record;

use std::fmt;
use std::net::SocketAddr;
use std::sync::Arc;

use sealane_crypto::Random;
use sealane_database::Database;
use sealane_model::problem::ProblemKind;
use sealane_model::{Clock, Peer, Problem};
use tokio::io::{AsyncRead, AsyncWrite};
use tokio::sync::Semaphore;
use tokio_rustls::server::TlsStream;
use tokio_util::sync::CancellationToken;
use tracing::debug;

use super::error::LaneError;
use super::frame::FrameKind;
use super::handshake::{Agreed, Connection, PATIENCE, TLS_BUFFER, answer};
use super::orders::Orders;
use super::witness::Witness;
use crate::guard::Guard;
use crate::message::Refused;
use crate::order::Parties;
use crate::site::SiteIdentity;
use crate::trust::PeerDirectory;

/// Lanes and control connections that a node serves at once: with under 10 MiB a lane (5 of buffers, 4 of small files that
/// are held, half a one of TLS), this bounds their memory.
const CONNECTIONS: usize = 256;

/// What a lane service is built from.
pub struct LaneParts {
    /// This site.
    pub identity: Arc<SiteIdentity>,
    /// Pinned peers and used lane tickets.
    pub database: Database,
    /// Decides and records.
    pub guard: Guard,
    /// The engine.
    pub orders: Arc<dyn Orders>,
    /// Witnesses the logs of peers; without it they are told that this site witnesses none.
    pub witness: Option<Arc<dyn Witness>>,
    /// The time.
    pub clock: Arc<dyn Clock>,
    /// Randomness.
    pub random: Arc<dyn Random>,
    /// Cancelled when the site stops: every connection ends.
    pub shutdown: CancellationToken,
}

/// Serves peers. Clones share one service.
#[derive(Clone)]
pub struct LaneService(Arc<Inner>);

struct Inner {
    parts: LaneParts,
    places: Semaphore,
}

impl fmt::Debug for LaneService {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.debug_struct("LaneService").field("site", &self.0.parts.identity.site).finish_non_exhaustive()
    }
}

/// An authenticated connection and what is known about it.
struct Caller {
    connection: Connection,
    agreed: Agreed,
    peer: Peer,
}

impl LaneService {
    /// A service over these parts.
    #[must_use]
    pub fn new(parts: LaneParts) -> Self {
        Self(Arc::new(Inner { parts, places: Semaphore::new(CONNECTIONS) }))
    }

    /// Serves one connection until it ends. Returns at once when the site stops.
    pub async fn serve<S>(&self, stream: TlsStream<S>, remote: SocketAddr)
    where
        S: AsyncRead + AsyncWrite + Send + Unpin + 'static,
    {
        let shutdown = self.0.parts.shutdown.clone();
        tokio::select! {
            // A lane that is cut here drops its grants, which records that they were interrupted.
            () = shutdown.cancelled() => {}
            ended = self.0.converse(stream, remote) => {
                if let Err(error) = ended {
                    debug!(peer.address = %remote, error = %error, "a connection of a peer ended");
                }
            }
        }
    }
}

impl Inner {
    async fn converse<S>(&self, mut stream: TlsStream<S>, remote: SocketAddr) -> Result<(), LaneError>
    where
        S: AsyncRead + AsyncWrite + Send + Unpin + 'static,
    {
        let (_, session) = stream.get_mut();
        session.set_buffer_limit(Some(TLS_BUFFER));
        let agreed = Agreed { from: Some(remote.ip()), ..Agreed::of(session)? };
        let mut connection = Connection::over(stream);
        let Ok(_place) = self.places.try_acquire() else {
            return self.turn_away(connection, &agreed, None, full_house()).await;
        };
        let peer = match self.parts.database.by_lane_key(&agreed.peer_key).await {
            Ok(Some(peer)) => peer,
            Ok(None) => {
                let problem = unknown_peer(&agreed);
                return self.turn_away(connection, &agreed, None, problem).await;
            }
            Err(problem) => return refuse(connection, problem).await,
        };
        match answer(&mut connection, self.parts.identity.site, self.parts.clock.as_ref()).await {
            Ok(()) => {}
            Err(LaneError::Refused(problem)) => {
                return self.turn_away(connection, &agreed, Some(&peer), problem).await;
            }
            Err(error) => return Err(error),
        }
        self.first_request(Caller { connection, agreed, peer }).await
    }

    async fn first_request(&self, mut caller: Caller) -> Result<(), LaneError> {
        match caller.connection.hear(PATIENCE).await? {
            None => Ok(()),
            Some((FrameKind::LaneOpen, body)) => {
                let open = super::frame::decode(body)?;
                self.serve_lane(caller, open).await
            }
            Some((FrameKind::Request, body)) => {
                let request = super::frame::decode(body)?;
                self.serve_control(caller, request).await
            }
            Some(_) => Err(LaneError::Protocol("a conversation begins with a lane or a request")),
        }
    }

    fn parties(&self, peer: &Peer) -> Parties {
        Parties {
            me: self.parts.identity.site,
            my_key: self.parts.identity.signing.verifying_key(),
            other: peer.descriptor.site,
            other_key: peer.descriptor.signing_key,
        }
    }

    /// Records a refusal, tells it, and ends the connection.
    async fn turn_away(
        &self,
        connection: Connection,
        agreed: &Agreed,
        peer: Option<&Peer>,
        problem: Problem,
    ) -> Result<(), LaneError> {
        let problem = self.record_refusal(agreed, peer, None, problem).await;
        refuse(connection, problem).await
    }
}

/// Tells the other end why, and ends the connection.
async fn refuse(mut connection: Connection, problem: Problem) -> Result<(), LaneError> {
    connection.say(FrameKind::Refused, &Refused::from(problem.clone())).await?;
    connection.close().await;
    Err(LaneError::Refused(problem))
}

fn unknown_peer(agreed: &Agreed) -> Problem {
    Problem::new(
        ProblemKind::Denied,
        "peer-unknown",
        "this site does not know the site that called",
        format!("the key {} is pinned for no peer here", agreed.peer_key),
    )
    .next("exchange invitations: both administrators run sealane peer invite and sealane peer accept")
}

fn no_witness() -> Problem {
    Problem::new(
        ProblemKind::NotFound,
        "witness-none",
        "this site is no witness",
        "it runs without the service that watches the logs of others",
    )
    .next("name another witness in the policy")
}

fn full_house() -> Problem {
    Problem::new(
        ProblemKind::TooMany,
        "lanes-exhausted",
        "this site serves as many lanes as it can",
        format!("{CONNECTIONS} connections of peers are open"),
    )
    .next("the task goes on by itself when lanes become free; fewer lanes per task help")
}
