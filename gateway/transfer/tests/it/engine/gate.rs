//! A wire before a site that a test can hold or cut at a place of its choice.

use std::net::SocketAddr;
use std::sync::atomic::{AtomicBool, Ordering};
use std::sync::{Arc, Mutex};

use tokio::io::{AsyncReadExt, AsyncWriteExt};
use tokio::net::{TcpListener, TcpStream};
use tokio::sync::Semaphore;
use tokio::task::JoinHandle;

/// A wire before a site: what the site sends waits once the allowance is used up.
pub(crate) struct Gate {
    pub(crate) address: SocketAddr,
    allowance: Arc<Semaphore>,
    wires: Arc<Mutex<Vec<JoinHandle<()>>>>,
    shut: Arc<AtomicBool>,
}

/// The allowance is counted in pieces of this size, begun ones whole.
const PIECE: usize = 4 << 10;

impl Gate {
    pub(crate) async fn before(site: SocketAddr) -> Self {
        let listener = TcpListener::bind("127.0.0.1:0").await.unwrap();
        let gate = Self {
            address: listener.local_addr().unwrap(),
            allowance: Arc::new(Semaphore::new(Semaphore::MAX_PERMITS / 2)),
            wires: Arc::default(),
            shut: Arc::default(),
        };
        let (allowance, wires, shut) = (Arc::clone(&gate.allowance), Arc::clone(&gate.wires), Arc::clone(&gate.shut));
        tokio::spawn(async move {
            loop {
                let (outer, _) = listener.accept().await.unwrap();
                if shut.load(Ordering::SeqCst) {
                    continue;
                }
                let allowance = Arc::clone(&allowance);
                let wire = tokio::spawn(async move {
                    let inner = TcpStream::connect(site).await.unwrap();
                    carry(outer, inner, &allowance).await;
                });
                wires.lock().unwrap().push(wire);
            }
        });
        gate
    }

    /// From now on the site may send so many bytes, and then its words wait.
    pub(crate) fn allow(&self, bytes: usize) {
        self.allowance.forget_permits(Semaphore::MAX_PERMITS);
        self.allowance.add_permits(bytes / PIECE);
    }

    /// The site may send again.
    pub(crate) fn open(&self) {
        self.shut.store(false, Ordering::SeqCst);
        self.allowance.add_permits(Semaphore::MAX_PERMITS / 4);
    }

    /// Cuts every connection, and every new one at once.
    pub(crate) fn shut(&self) {
        self.shut.store(true, Ordering::SeqCst);
        self.cut();
    }

    /// Cuts every connection.
    pub(crate) fn cut(&self) {
        for wire in self.wires.lock().unwrap().drain(..) {
            wire.abort();
        }
    }
}

async fn carry(outer: TcpStream, inner: TcpStream, allowance: &Semaphore) {
    let (mut from_outer, mut to_outer) = outer.into_split();
    let (mut from_inner, mut to_inner) = inner.into_split();
    let asked = tokio::io::copy(&mut from_outer, &mut to_inner);
    let answered = async {
        let mut buffer = vec![0; 16 * PIECE];
        loop {
            match from_inner.read(&mut buffer).await {
                Ok(0) | Err(_) => break,
                Ok(read) => {
                    let pieces = u32::try_from(read.div_ceil(PIECE)).unwrap();
                    allowance.acquire_many(pieces).await.unwrap().forget();
                    if to_outer.write_all(&buffer[..read]).await.is_err() {
                        break;
                    }
                }
            }
        }
    };
    tokio::select! {
        _ = asked => {}
        () = answered => {}
    }
}
