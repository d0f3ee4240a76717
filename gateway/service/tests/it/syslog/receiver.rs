//! A log server of the test's own, which can be told to end as log servers do that stop, crash or know no manners.

use std::sync::atomic::{AtomicUsize, Ordering};
use std::sync::{Arc, Mutex};

use rcgen::{CertifiedKey, generate_simple_self_signed};
use rustls::pki_types::pem::PemObject;
use rustls::pki_types::{CertificateDer, PrivateKeyDer};
use rustls::server::WebPkiClientVerifier;
use rustls::version::TLS13;
use rustls::{RootCertStore, ServerConfig};
use tokio::io::{AsyncReadExt, AsyncWriteExt};
use tokio::net::{TcpListener, TcpStream};
use tokio_rustls::TlsAcceptor;
use tokio_rustls::server::TlsStream;

use super::until;

/// How a receiver ends a connection.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(super) enum Ending {
    /// It reads to the sender's close_notify and answers it (RFC 5425 section 4.4).
    Good,
    /// It stops: close_notify and the end of the stream, with bytes of the sender unread.
    UnreadWithGoodbye,
    /// It is killed with bytes of the sender unread.
    UnreadWithoutGoodbye,
    /// It reads everything, and is killed before it has done anything with it.
    NoGoodbye,
    /// It stops in good order, before the sender is done.
    Early,
}

#[derive(Default)]
struct Seen {
    /// Messages that a receiver had read when it ended as it should.
    kept: Mutex<Vec<String>>,
    read: Mutex<Vec<String>>,
    tried: AtomicUsize,
    connections: AtomicUsize,
}

pub(super) struct Receiver {
    pub(super) port: u16,
    pub(super) ca: String,
    pub(super) client_certificate: String,
    pub(super) client_key: String,
    seen: Arc<Seen>,
}

/// A certificate for `localhost` that is its own authority.
pub(super) fn certificate() -> (String, String) {
    let CertifiedKey { cert, signing_key } =
        generate_simple_self_signed(vec!["localhost".to_owned(), "127.0.0.1".to_owned()]).unwrap();
    (cert.pem(), signing_key.serialize_pem())
}

/// The entry's index, as the message's structured data has it.
pub(super) fn index_of(message: &str) -> u64 {
    let (_, rest) = message.split_once(" index=\"").unwrap();
    rest.split_once('"').unwrap().0.parse().unwrap()
}

impl Receiver {
    /// Ends the first connections like that, and all further ones as it should.
    pub(super) async fn start(endings: &[Ending]) -> Self {
        Self::listen(endings, false).await
    }

    pub(super) async fn that_asks_for_a_certificate() -> Self {
        Self::listen(&[], true).await
    }

    async fn listen(endings: &[Ending], asks: bool) -> Self {
        let (certificate_pem, key_pem) = certificate();
        let (client_certificate, client_key) = certificate();
        let acceptor = acceptor(&certificate_pem, &key_pem, asks.then_some(client_certificate.as_str()));
        let listener = TcpListener::bind("127.0.0.1:0").await.unwrap();
        let port = listener.local_addr().unwrap().port();
        let seen = Arc::new(Seen::default());
        tokio::spawn(serve(listener, acceptor, endings.to_vec(), Arc::clone(&seen)));
        Self { port, ca: certificate_pem, client_certificate, client_key, seen }
    }

    /// Everything that was read, in the order of arrival.
    pub(super) fn messages(&self) -> Vec<String> {
        self.seen.read.lock().unwrap().clone()
    }

    /// What receivers had read that ended as they should; what others had read may have died with them.
    pub(super) fn kept(&self) -> Vec<String> {
        self.seen.kept.lock().unwrap().clone()
    }

    pub(super) fn connections(&self) -> usize {
        self.seen.connections.load(Ordering::SeqCst)
    }

    pub(super) async fn has_index(&self, index: u64) {
        until(&format!("entry {index}"), || {
            self.seen.kept.lock().unwrap().iter().any(|message| index_of(message) >= index)
        })
        .await;
    }

    pub(super) async fn was_tried(&self, times: usize) {
        until("attempts to connect", || self.seen.tried.load(Ordering::SeqCst) >= times).await;
    }
}

fn acceptor(certificate: &str, key: &str, client: Option<&str>) -> TlsAcceptor {
    let provider = Arc::new(rustls::crypto::ring::default_provider());
    let builder = ServerConfig::builder_with_provider(Arc::clone(&provider)).with_protocol_versions(&[&TLS13]).unwrap();
    let builder = match client {
        None => builder.with_no_client_auth(),
        Some(client) => {
            let mut roots = RootCertStore::empty();
            roots.add(CertificateDer::from_pem_slice(client.as_bytes()).unwrap()).unwrap();
            let verifier = WebPkiClientVerifier::builder_with_provider(Arc::new(roots), provider).build().unwrap();
            builder.with_client_cert_verifier(verifier)
        }
    };
    let chain = vec![CertificateDer::from_pem_slice(certificate.as_bytes()).unwrap()];
    let key = PrivateKeyDer::from_pem_slice(key.as_bytes()).unwrap();
    TlsAcceptor::from(Arc::new(builder.with_single_cert(chain, key).unwrap()))
}

async fn serve(listener: TcpListener, acceptor: TlsAcceptor, endings: Vec<Ending>, seen: Arc<Seen>) {
    let mut endings = endings.into_iter();
    while let Ok((tcp, _)) = listener.accept().await {
        seen.tried.fetch_add(1, Ordering::SeqCst);
        if let Ok(stream) = acceptor.accept(tcp).await {
            seen.connections.fetch_add(1, Ordering::SeqCst);
            receive(stream, endings.next().unwrap_or(Ending::Good), &seen).await;
        }
    }
}

async fn receive(mut stream: TlsStream<TcpStream>, ending: Ending, seen: &Seen) {
    let mut bytes = Vec::new();
    let mut block = vec![0; 1 << 10];
    loop {
        let stops_here = matches!(ending, Ending::UnreadWithGoodbye | Ending::UnreadWithoutGoodbye | Ending::Early);
        match stream.read(&mut block).await {
            Ok(read) if read > 0 => {
                bytes.extend_from_slice(&block[..read]);
                let messages = take_messages(&mut bytes);
                seen.read.lock().unwrap().extend(messages.iter().cloned());
                if ending == Ending::Good {
                    seen.kept.lock().unwrap().extend(messages);
                }
                if stops_here {
                    break;
                }
            }
            Ok(_) => break,
            // The sender was killed, or gave up.
            Err(_) => return,
        }
    }
    match ending {
        Ending::Good => {
            let _ = stream.shutdown().await;
        }
        Ending::UnreadWithGoodbye | Ending::Early => {
            if ending == Ending::UnreadWithGoodbye {
                // More than this receiver will ever read lies in its socket.
                stream.get_ref().0.readable().await.unwrap();
            }
            // The end of the stream comes from closing the socket, in one step: a receiver that takes longer between the
            // two than a sender listens (`Pace::quiet`) is one that no sender can see through.
            stream.get_mut().1.send_close_notify();
            let _ = stream.flush().await;
        }
        Ending::UnreadWithoutGoodbye | Ending::NoGoodbye => {}
    }
}

/// Whole frames at the front: length in octets, a space, the message (RFC 5425 section 4.3).
fn take_messages(bytes: &mut Vec<u8>) -> Vec<String> {
    let mut messages = Vec::new();
    while let Some(space) = bytes.iter().position(|byte| *byte == b' ') {
        let length: usize = std::str::from_utf8(&bytes[..space]).unwrap().parse().unwrap();
        let Some(message) = bytes.get(space + 1..space + 1 + length) else { break };
        messages.push(String::from_utf8(message.to_vec()).unwrap());
        bytes.drain(..space + 1 + length);
    }
    messages
}
