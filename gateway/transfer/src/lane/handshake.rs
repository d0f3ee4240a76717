//! The beginning of every connection: what TLS agreed on, then who is there and what time it is.
//!
//! **Promises.** A connection exists only over TLS 1.3 with ALPN `sealane-lane/1` and a proven key at the other end, and
//! after both clocks were found to agree to 60 s. The reply echoes the hello's nonce and names the pinned site.
//!
//! **Leaves to others.** Whose key it is: the dialer pinned it before, the listener looks it up ([`crate::trust`]).

use std::future::Future;
use std::net::IpAddr;
use std::time::Duration;

use rustls::{CommonState, ProtocolVersion};
use sealane_crypto::{Fingerprint, Random, random_bytes};
use sealane_model::limits::CLOCK_SKEW;
use sealane_model::problem::ProblemKind;
use sealane_model::{Clock, Problem, SiteId, Timestamp};
use serde::Serialize;
use tokio::io::{AsyncRead, AsyncWrite, AsyncWriteExt, ReadHalf, WriteHalf, split};
use tokio::time::timeout;

use super::error::LaneError;
use super::frame::{FrameKind, FrameReader, decode, encode};
use crate::message::{Bounded, Hello, HelloReply, Refused, VERSION};
use crate::tls::{LANE_ALPN, lane_key_of};

/// How long one end waits for the other's next word of the handshake.
pub(crate) const PATIENCE: Duration = Duration::from_secs(10);
/// How long a connection may be silent in the middle of an answer.
pub(crate) const SILENCE: Duration = Duration::from_secs(120);
/// Ciphertext that TLS may hold back when the network is slow. Large, so that few system calls carry much.
pub(crate) const TLS_BUFFER: usize = 512 << 10;

/// A connection that can be read and written.
pub(crate) trait Duplex: AsyncRead + AsyncWrite + Send + Unpin {}

impl<S: AsyncRead + AsyncWrite + Send + Unpin> Duplex for S {}

type Stream = Box<dyn Duplex>;

/// The reading half: frames.
pub(crate) type Incoming = FrameReader<ReadHalf<Stream>>;
/// The writing half: bytes of frames.
pub(crate) type Outgoing = WriteHalf<Stream>;

/// What TLS agreed on.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Agreed {
    /// The cipher suite that is used.
    pub cipher: String,
    /// The key that the other end proved.
    pub peer_key: Fingerprint,
    /// The address that the other end called from, where this one listened.
    pub from: Option<IpAddr>,
}

impl Agreed {
    /// Reads it off a finished handshake.
    ///
    /// # Errors
    /// [`LaneError::Tls`] where the connection is not what a lane must be: it is refused, not used as something less.
    pub fn of(connection: &CommonState) -> Result<Self, LaneError> {
        let refuse = |cause: &str| LaneError::Tls { cause: cause.to_owned() };
        if connection.protocol_version() != Some(ProtocolVersion::TLSv1_3) {
            return Err(refuse("the connection is not TLS 1.3"));
        }
        if connection.alpn_protocol() != Some(LANE_ALPN) {
            return Err(refuse("the other end does not speak sealane-lane/1"));
        }
        let suite = connection.negotiated_cipher_suite().and_then(|suite| suite.suite().as_str());
        let cipher = suite.ok_or_else(|| refuse("no known cipher suite was agreed"))?;
        let certificate = connection.peer_certificates().and_then(<[_]>::first);
        let certificate = certificate.ok_or_else(|| refuse("the other end presented no certificate"))?;
        let peer_key = lane_key_of(certificate).map_err(|_| refuse("the other end's certificate cannot be read"))?;
        Ok(Self { cipher: cipher.to_owned(), peer_key, from: None })
    }
}

/// Frames both ways.
pub(crate) struct Connection {
    incoming: Incoming,
    outgoing: Outgoing,
    body: Vec<u8>,
}

impl Connection {
    pub(crate) fn over(stream: impl Duplex + 'static) -> Self {
        let stream: Stream = Box::new(stream);
        let (reading, outgoing) = split(stream);
        Self { incoming: FrameReader::new(reading), outgoing, body: Vec::new() }
    }

    pub(crate) fn into_halves(self) -> (Incoming, Outgoing) {
        (self.incoming, self.outgoing)
    }

    /// Sends one message.
    pub(crate) async fn say<T: Serialize + Bounded>(&mut self, kind: FrameKind, message: &T) -> Result<(), LaneError> {
        let frame = encode(kind, message)?;
        within(SILENCE, self.outgoing.write_all(&frame)).await?;
        within(SILENCE, self.outgoing.flush()).await
    }

    /// The next frame, which must come soon. None where the other end closed in good order.
    pub(crate) async fn hear(&mut self, soon: Duration) -> Result<Option<(FrameKind, &[u8])>, LaneError> {
        let kind = within(soon, self.incoming.next(&mut self.body)).await?;
        Ok(kind.map(|kind| (kind, self.body.as_slice())))
    }

    /// The next message, which must be of this kind.
    pub(crate) async fn expect<T>(&mut self, wanted: FrameKind, soon: Duration) -> Result<T, LaneError>
    where
        T: serde::de::DeserializeOwned + Bounded,
    {
        match self.hear(soon).await? {
            Some((kind, body)) if kind == wanted => Ok(decode(body)?),
            Some((FrameKind::Refused, body)) => Err(refusal(decode(body)?)),
            Some(_) => Err(LaneError::Protocol("another message came than was due")),
            None => Err(LaneError::Closed),
        }
    }

    /// Ends the connection in good order.
    pub(crate) async fn close(mut self) {
        // The other end may be gone already; there is nobody left to tell.
        let _ = within(PATIENCE, async { Ok::<_, LaneError>(self.outgoing.shutdown().await?) }).await;
    }
}

fn refusal(refused: Refused) -> LaneError {
    LaneError::Refused(refused.into())
}

/// The result, unless it takes longer than `soon`.
pub(crate) async fn within<T, E: Into<LaneError>>(
    soon: Duration,
    work: impl Future<Output = Result<T, E>>,
) -> Result<T, LaneError> {
    timeout(soon, work).await.map_or(Err(LaneError::Closed), |result| result.map_err(Into::into))
}

/// The dialer's side: say hello, and make sure that the pinned site answers, now.
pub(crate) async fn greet(
    connection: &mut Connection,
    pinned: SiteId,
    clock: &dyn Clock,
    random: &dyn Random,
) -> Result<(), LaneError> {
    let hello = Hello { version: VERSION, sent_at: clock.now(), nonce: random_bytes(random) };
    connection.say(FrameKind::Hello, &hello).await?;
    let reply: HelloReply = connection.expect(FrameKind::HelloReply, PATIENCE).await?;
    if reply.nonce != hello.nonce {
        return Err(LaneError::Protocol("the reply answers another hello"));
    }
    if reply.site != pinned {
        return Err(LaneError::WrongSite { expected: pinned, found: reply.site });
    }
    let here = clock.now();
    if apart(here, reply.sent_at) > CLOCK_SKEW {
        return Err(LaneError::Skew { here, there: reply.sent_at });
    }
    Ok(())
}

/// The listener's side, once the peer is known: hear the hello, judge it, answer.
pub(crate) async fn answer(connection: &mut Connection, me: SiteId, clock: &dyn Clock) -> Result<(), LaneError> {
    let hello: Hello = connection.expect(FrameKind::Hello, PATIENCE).await?;
    let here = clock.now();
    if hello.version != VERSION {
        return Err(LaneError::Refused(version_problem(hello.version)));
    }
    if apart(here, hello.sent_at) > CLOCK_SKEW {
        return Err(LaneError::Refused(skew_problem(here, hello.sent_at)));
    }
    let reply = HelloReply { site: me, sent_at: here, nonce: hello.nonce };
    connection.say(FrameKind::HelloReply, &reply).await
}

fn apart(a: Timestamp, b: Timestamp) -> Duration {
    a.since(b).max(b.since(a))
}

fn skew_problem(here: Timestamp, there: Timestamp) -> Problem {
    Problem::new(
        ProblemKind::Denied,
        "clock-skew",
        "the clocks of both sites differ by more than 60 s",
        format!("it is {here} at the site that was called and {there} at the site that called"),
    )
    .next("set the clocks of both sites by NTP, then try again")
}

fn version_problem(version: u16) -> Problem {
    Problem::new(
        ProblemKind::BadRequest,
        "lane-version",
        "the sites speak different versions of the lane protocol",
        format!("the site that called speaks version {version}, the site that was called version {VERSION}"),
    )
    .next("bring both sites to the same version of Sealane")
}
