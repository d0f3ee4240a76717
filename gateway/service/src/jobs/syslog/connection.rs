//! One connection to the log server: a window of entries, and the close that tells whether it arrived.
//!
//! TLS ends a stream with close_notify, and RFC 5425 section 4.4 has the receiver answer it. A receiver that answers has
//! read what came before, unless its own close crossed ours: it was just stopping. Then its kernel answers what arrives
//! too late, or was never read, with a reset instead of an acknowledgement (RFC 9293 section 3.6.1; RFC 2525 section
//! 2.17). So a window has arrived when the receiver had not ended before us, answered close_notify, ended its TCP stream,
//! and no reset came for a while after that. A stream that just ends proves nothing: anybody on the way could end it.

use std::future::Future;
use std::io;
use std::time::Duration;

use futures_util::FutureExt;
use tokio::io::{AsyncReadExt, AsyncWriteExt};
use tokio::net::TcpStream;
use tokio_rustls::TlsConnector;
use tokio_rustls::client::TlsStream;

use super::error::SyslogError;
use super::target::Target;

pub(super) struct Connection {
    stream: TlsStream<TcpStream>,
    patience: Duration,
}

impl Connection {
    pub(super) async fn open(target: &Target, patience: Duration) -> Result<Self, SyslogError> {
        let tcp =
            within(patience, TcpStream::connect(target.socket_address())).await?.map_err(SyslogError::Unreachable)?;
        let connector = TlsConnector::from(target.tls.clone());
        let stream =
            within(patience, connector.connect(target.name.clone(), tcp)).await?.map_err(SyslogError::Handshake)?;
        Ok(Self { stream, patience })
    }

    /// Hands frames to the kernel; refuses when the receiver has ended already.
    pub(super) async fn send(&mut self, frames: &[u8]) -> Result<(), SyslogError> {
        let written = async {
            self.stream.write_all(frames).await?;
            self.stream.flush().await
        };
        within(self.patience, written).await?.map_err(SyslogError::Broken)?;
        self.not_ended()
    }

    /// Waits for the receiver to end. A receiver has nothing to say, so whatever it says is an end.
    pub(super) async fn ended(&mut self) {
        // How it ended makes no difference: the window goes out again.
        let _ = self.heard().await;
    }

    /// Closes; returns only if all that was sent has been read.
    pub(super) async fn finish(mut self, quiet: Duration) -> Result<(), SyslogError> {
        // Long enough for the runtime to have heard of an end that has come.
        if tokio::time::timeout(Duration::from_millis(1), self.ended()).await.is_ok() {
            return Err(SyslogError::EndedFirst);
        }
        within(self.patience, self.stream.shutdown()).await?.map_err(SyslogError::Broken)?;
        within(self.patience, self.answer()).await??;
        let (mut tcp, _) = self.stream.into_inner();
        let rest = within(self.patience, tcp.read(&mut [0; 1])).await?.map_err(SyslogError::Broken)?;
        if rest > 0 {
            return Err(SyslogError::Unconfirmed);
        }
        tokio::time::sleep(quiet).await;
        match tcp.take_error() {
            Ok(None) => Ok(()),
            Ok(Some(error)) | Err(error) => Err(SyslogError::Broken(error)),
        }
    }

    /// The receiver's close_notify.
    async fn answer(&mut self) -> Result<(), SyslogError> {
        match self.heard().await {
            Ok(0) => Ok(()),
            Ok(_) => Err(SyslogError::Unconfirmed),
            Err(error) if error.kind() == io::ErrorKind::UnexpectedEof => Err(SyslogError::Unconfirmed),
            Err(error) => Err(SyslogError::Broken(error)),
        }
    }

    fn not_ended(&mut self) -> Result<(), SyslogError> {
        match self.heard().now_or_never() {
            None => Ok(()),
            Some(Err(error)) if error.kind() != io::ErrorKind::UnexpectedEof => Err(SyslogError::Broken(error)),
            Some(_) => Err(SyslogError::EndedFirst),
        }
    }

    async fn heard(&mut self) -> io::Result<usize> {
        self.stream.read(&mut [0; 64]).await
    }
}

async fn within<F: Future>(patience: Duration, future: F) -> Result<F::Output, SyslogError> {
    tokio::time::timeout(patience, future).await.map_err(|_| SyslogError::Slow)
}
