//! The one listener of a node: TLS 1.3 on one port, and the ALPN protocol decides who answers.
//!
//! `sealane-lane/1` gets the lane configuration (mutual authentication by pinned keys, the site's own certificate);
//! everything else gets the web configuration (the institution's certificate, no client certificate asked for) and is
//! served as HTTP. A client that offers both is refused: no connection is half a lane.

use std::net::SocketAddr;
use std::sync::Arc;
use std::time::Duration;

use rustls::ServerConfig;
use rustls::server::Acceptor;
use sealane_transfer::lane::LaneService;
use tokio::net::{TcpListener, TcpStream};
use tokio::sync::Semaphore;
use tokio::time::timeout;
use tokio_rustls::LazyConfigAcceptor;
use tokio_util::sync::CancellationToken;
use tokio_util::task::TaskTracker;
use tracing::{debug, warn};

use super::web::WebServer;

/// The ALPN protocol of lanes.
const LANE: &[u8] = b"sealane-lane/1";
/// Time for a client to finish its TLS handshake.
const HANDSHAKE: Duration = Duration::from_secs(10);
/// Connections at once; more wait in the kernel's queue.
const CONNECTIONS: usize = 4_096;

/// What answers on the listener.
#[derive(Clone)]
pub struct Faces {
    /// TLS configuration of lanes.
    pub lane_tls: Arc<ServerConfig>,
    /// Serves lanes and calls of peers.
    pub lanes: LaneService,
    /// TLS configuration of pages and API.
    pub web_tls: Arc<ServerConfig>,
    /// Serves pages and API.
    pub web: WebServer,
}

/// Accept until `shutdown`; connections that are open then are ended by their own services.
pub async fn run(listener: TcpListener, faces: Faces, shutdown: CancellationToken, tracker: TaskTracker) {
    let places = Arc::new(Semaphore::new(CONNECTIONS));
    loop {
        let Ok(place) = Arc::clone(&places).acquire_owned().await else { return };
        let accepted = tokio::select! {
            () = shutdown.cancelled() => return,
            accepted = listener.accept() => accepted,
        };
        match accepted {
            Ok((stream, remote)) => {
                let faces = faces.clone();
                tracker.spawn(async move {
                    serve(stream, remote, faces).await;
                    drop(place);
                });
            }
            Err(error) => {
                // Out of descriptors, most likely: wait for some to be given back instead of spinning.
                warn!(error = %error, "cannot accept a connection");
                tokio::time::sleep(Duration::from_millis(100)).await;
            }
        }
    }
}

async fn serve(stream: TcpStream, remote: SocketAddr, faces: Faces) {
    // Lanes send large frames and small requests in turn: neither may wait for the other's acknowledgement.
    if let Err(error) = stream.set_nodelay(true) {
        debug!(error = %error, "connection was gone before it was served");
        return;
    }
    let Ok(Ok(start)) = timeout(HANDSHAKE, LazyConfigAcceptor::new(Acceptor::default(), stream)).await else {
        debug!(client.address = %remote, "no TLS handshake");
        return;
    };
    let offered: Vec<Vec<u8>> =
        start.client_hello().alpn().map(|names| names.map(<[u8]>::to_vec).collect()).unwrap_or_default();
    let is_lane = offered.iter().any(|name| name == LANE);
    if is_lane && offered.len() > 1 {
        warn!(client.address = %remote, "a client offered lanes together with other protocols; refused");
        return;
    }
    let config = if is_lane { faces.lane_tls } else { faces.web_tls };
    match timeout(HANDSHAKE, start.into_stream(config)).await {
        Ok(Ok(stream)) if is_lane => faces.lanes.serve(stream, remote).await,
        Ok(Ok(stream)) => faces.web.serve(stream, remote).await,
        Ok(Err(error)) => debug!(client.address = %remote, lane = is_lane, error = %error, "TLS handshake failed"),
        Err(_) => debug!(client.address = %remote, "TLS handshake took too long"),
    }
}
