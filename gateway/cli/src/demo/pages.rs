//! Pages over plain HTTP on the loopback address: in the demo only, so that a browser shows them without a warning.

use tokio::net::TcpListener;
use tokio_util::sync::CancellationToken;
use tokio_util::task::TaskTracker;
use tracing::{error, warn};

use crate::serve::web::WebServer;

/// Serve until `shutdown`. Refuses to serve anything but a loopback address.
pub(crate) async fn run(listener: TcpListener, web: WebServer, shutdown: CancellationToken, tracker: TaskTracker) {
    if !listener.local_addr().is_ok_and(|address| address.ip().is_loopback()) {
        error!("pages over plain HTTP are served on the loopback address only");
        return;
    }
    loop {
        let accepted = tokio::select! {
            () = shutdown.cancelled() => return,
            accepted = listener.accept() => accepted,
        };
        match accepted {
            Ok((stream, remote)) => {
                let web = web.clone();
                tracker.spawn(async move { web.serve(stream, remote).await });
            }
            Err(error) => warn!(error = %error, "cannot accept a connection"),
        }
    }
}
