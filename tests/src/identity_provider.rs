//! The demo's identity provider over TLS: `sealane serve` trusts an issuer by its certificate alone.

use std::net::Ipv4Addr;
use std::sync::Arc;

use sealane_cli::demo::identity_provider::{Client, IdentityProvider};
use sealane_cli::demo::people::DemoPerson;
use sealane_cli::serve::web::WebServer;
use sealane_crypto::SystemRandom;
use sealane_model::SystemClock;
use tokio::net::TcpListener;
use tokio_rustls::TlsAcceptor;
use tokio_util::sync::{CancellationToken, DropGuard};
use url::Url;

use crate::authority::Authority;
use crate::port;
use crate::runtime::{runtime, wait};

/// A running identity provider; it ends when this is dropped.
pub struct Idp {
    issuer: String,
    _running: DropGuard,
}

impl Idp {
    /// Start one for sites with these names and addresses; a guest signs in there, too.
    ///
    /// # Errors
    /// When it cannot listen.
    pub fn start(authority: &Authority, sites: &[(&str, &Url)], guest: Option<DemoPerson>) -> anyhow::Result<Self> {
        let port = port::free()?;
        let clients = sites
            .iter()
            .map(|(name, url)| Ok(Client { id: (*name).to_owned(), redirect_uri: url.join("/auth/callback")?.into() }))
            .collect::<anyhow::Result<Vec<_>>>()?;
        let provider = IdentityProvider::new(
            &format!("https://127.0.0.1:{port}").parse()?,
            clients,
            Arc::new(SystemClock),
            Arc::new(SystemRandom::new()?),
        )?;
        let provider = match guest {
            Some(guest) => provider.with_person(guest),
            None => provider,
        };
        let issuer = provider.issuer().to_owned();
        let stop = CancellationToken::new();
        let web = WebServer::new(provider.router(), stop.clone());
        let acceptor = TlsAcceptor::from(authority.server_config()?);
        let listener = wait(TcpListener::bind((Ipv4Addr::LOCALHOST, port)))?;
        runtime().spawn(accept(listener, acceptor, web, stop.clone()));
        Ok(Self { issuer, _running: stop.drop_guard() })
    }

    /// Its issuer identifier.
    #[must_use]
    pub fn issuer(&self) -> &str {
        &self.issuer
    }
}

async fn accept(listener: TcpListener, acceptor: TlsAcceptor, web: WebServer, stop: CancellationToken) {
    loop {
        let accepted = tokio::select! {
            () = stop.cancelled() => return,
            accepted = listener.accept() => accepted,
        };
        let Ok((stream, remote)) = accepted else { continue };
        let (acceptor, web) = (acceptor.clone(), web.clone());
        tokio::spawn(async move {
            // A client that does not finish its handshake gets nothing; its own side says why.
            if let Ok(stream) = acceptor.accept(stream).await {
                web.serve(stream, remote).await;
            }
        });
    }
}
