//! Dials peers: control connections and lanes.
//!
//! **Promises.** A peer's addresses are tried in order, 10 s each; a wrong key ends the attempt at once, because it is not
//! an outage. What a connection is used for begins only after the pinned key, the site and the clocks were found right.

use std::sync::Arc;

use rustls::pki_types::{IpAddr, Ipv4Addr, ServerName};
use sealane_crypto::{Random, Signed};
use sealane_model::{Clock, Order, Peer};
use tokio::io::BufReader;
use tokio::net::TcpStream;
use tokio_rustls::TlsConnector;

use crate::lane::frame::FrameKind;
use crate::lane::handshake::{Agreed, Connection, PATIENCE, TLS_BUFFER, greet, within};
use crate::lane::{Control, LaneClient, LaneError};
use crate::message::{LaneOpen, Opened};
use crate::site::SiteIdentity;
use crate::tls::lane_client_config;

/// Ciphertext that is read off the socket in one system call.
const SOCKET_READ: usize = 256 << 10;

/// Opens connections to peers, as this site.
#[derive(Clone)]
pub struct Dialer {
    identity: Arc<SiteIdentity>,
    clock: Arc<dyn Clock>,
    random: Arc<dyn Random>,
}

impl std::fmt::Debug for Dialer {
    fn fmt(&self, f: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        f.debug_struct("Dialer").field("site", &self.identity.site).finish_non_exhaustive()
    }
}

impl Dialer {
    /// A dialer for this site.
    pub fn new(identity: impl Into<Arc<SiteIdentity>>, clock: Arc<dyn Clock>, random: Arc<dyn Random>) -> Self {
        Self { identity: identity.into(), clock, random }
    }

    /// Opens a control connection.
    ///
    /// # Errors
    /// [`LaneError`] naming why there is none.
    pub async fn control(&self, peer: &Peer) -> Result<Control, LaneError> {
        let (connection, agreed) = self.connect(peer).await?;
        let identity = Arc::clone(&self.identity);
        Ok(Control::over(connection, identity, Arc::clone(&self.clock), peer.descriptor.site, agreed.cipher))
    }

    /// Opens one lane of an order at its source.
    ///
    /// # Errors
    /// [`LaneError::Refused`] with the source's reason; others when there is no connection.
    pub async fn lane(&self, peer: &Peer, order: &Signed<Order>, lane: u16) -> Result<LaneClient, LaneError> {
        let (mut connection, agreed) = self.connect(peer).await?;
        connection.say(FrameKind::LaneOpen, &LaneOpen { order: order.clone(), lane }).await?;
        let opened: Opened = connection.expect(FrameKind::Opened, PATIENCE * 3).await?;
        // INVARIANT: both ends record one suite. TLS cannot disagree; a peer that says otherwise is not to be trusted.
        if opened.cipher != agreed.cipher {
            return Err(LaneError::Protocol("the source names another cipher suite than the one in use"));
        }
        Ok(LaneClient::over(connection, agreed.cipher))
    }

    async fn connect(&self, peer: &Peer) -> Result<(Connection, Agreed), LaneError> {
        let descriptor = &peer.descriptor;
        let connector = TlsConnector::from(lane_client_config(&self.identity, descriptor.lane_key)?);
        let mut failure = LaneError::Unreachable {
            addresses: 0,
            cause: "the peer's descriptor names no address; exchange invitations again".to_owned(),
        };
        for address in &descriptor.addresses {
            match dial(&connector, address).await {
                Ok((mut connection, agreed)) => {
                    greet(&mut connection, descriptor.site, self.clock.as_ref(), self.random.as_ref()).await?;
                    return Ok((connection, agreed));
                }
                Err(error @ LaneError::WrongKey { .. }) => return Err(error),
                Err(LaneError::Unreachable { cause, .. }) => {
                    failure = LaneError::Unreachable { addresses: descriptor.addresses.len(), cause };
                }
                Err(error) => failure = error,
            }
        }
        Err(failure)
    }
}

async fn dial(connector: &TlsConnector, address: &str) -> Result<(Connection, Agreed), LaneError> {
    let unreachable = |cause: String| LaneError::Unreachable { addresses: 1, cause };
    let socket = match tokio::time::timeout(PATIENCE, TcpStream::connect(address)).await {
        Ok(Ok(socket)) => socket,
        Ok(Err(error)) => return Err(unreachable(error.to_string())),
        Err(_) => return Err(unreachable("no answer within 10 s".to_owned())),
    };
    socket.set_nodelay(true)?;
    // The pinned key is the identity: the name is neither sent (no SNI) nor compared.
    let name = ServerName::IpAddress(IpAddr::V4(Ipv4Addr::from([0, 0, 0, 0])));
    let socket = BufReader::with_capacity(SOCKET_READ, socket);
    let mut stream = within(PATIENCE, async { connector.connect(name, socket).await.map_err(tls_failure) }).await?;
    let (_, session) = stream.get_mut();
    session.set_buffer_limit(Some(TLS_BUFFER));
    let agreed = Agreed::of(session)?;
    Ok((Connection::over(stream), agreed))
}

/// A handshake that failed: the pinned key did not fit, the network broke, or TLS could not agree.
fn tls_failure(error: std::io::Error) -> LaneError {
    let cause = error.to_string();
    match LaneError::from(error) {
        LaneError::Io(_) => LaneError::Tls { cause },
        other => other,
    }
}
