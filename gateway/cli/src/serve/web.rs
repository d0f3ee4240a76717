//! HTTP/1.1 and HTTP/2 over a connection that was accepted elsewhere.

use std::net::SocketAddr;
use std::time::Duration;

use axum::Router;
use axum::extract::ConnectInfo;
use hyper_util::rt::{TokioExecutor, TokioIo, TokioTimer};
use hyper_util::server::conn::auto::Builder;
use tokio::io::{AsyncRead, AsyncWrite};
use tokio_util::sync::CancellationToken;
use tower::ServiceExt;
use tracing::debug;

/// Time for a client to send the head of a request.
const HEADERS: Duration = Duration::from_secs(15);
/// Streams of one HTTP/2 connection at once.
const STREAMS: u32 = 128;

/// Serves the router on connections.
#[derive(Debug, Clone)]
pub struct WebServer {
    router: Router,
    shutdown: CancellationToken,
}

impl WebServer {
    /// Serve `router`; on `shutdown` connections finish the requests that they have and close.
    #[must_use]
    pub const fn new(router: Router, shutdown: CancellationToken) -> Self {
        Self { router, shutdown }
    }

    /// Serve one connection to its end.
    pub async fn serve<S>(&self, stream: S, remote: SocketAddr)
    where
        S: AsyncRead + AsyncWrite + Unpin + Send + 'static,
    {
        let router = self.router.clone();
        let service = hyper::service::service_fn(move |request: hyper::Request<hyper::body::Incoming>| {
            let router = router.clone();
            let mut request = request.map(axum::body::Body::new);
            request.extensions_mut().insert(ConnectInfo(remote));
            async move { router.oneshot(request).await }
        });
        let mut builder = Builder::new(TokioExecutor::new());
        builder.http1().timer(TokioTimer::new()).header_read_timeout(HEADERS);
        builder
            .http2()
            .timer(TokioTimer::new())
            .max_concurrent_streams(STREAMS)
            .keep_alive_interval(Duration::from_secs(30))
            .keep_alive_timeout(Duration::from_secs(20));
        let connection = builder.serve_connection(TokioIo::new(stream), service);
        tokio::pin!(connection);
        let ended = tokio::select! {
            ended = connection.as_mut() => ended,
            () = self.shutdown.cancelled() => {
                connection.as_mut().graceful_shutdown();
                connection.await
            }
        };
        if let Err(error) = ended {
            debug!(client.address = %remote, error = %error, "connection ended early");
        }
    }
}
