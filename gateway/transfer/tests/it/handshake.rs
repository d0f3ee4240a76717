//! Who may connect at all: each thing that is wrong has its own answer, and its own entry in the log.

use std::sync::Arc;
use std::time::Duration;

use rustls::pki_types::ServerName;
use sealane_crypto::TlsIdentity;
use sealane_model::Class;
use sealane_transfer::lane::LaneError;
use sealane_transfer::site::SiteIdentity;
use sealane_transfer::tls::{LANE_ALPN, PinMismatch, lane_client_config, lane_server_config};
use tokio::io::AsyncReadExt as _;
use tokio::net::TcpStream;
use tokio_rustls::TlsConnector;

use crate::backend::Backend;
use crate::two_sites::{Site, TwoSites};

fn name() -> ServerName<'static> {
    ServerName::try_from("never.compared.example").unwrap()
}

on_both!(a_site_with_another_key_than_the_pinned_one_is_refused_with_both_keys);
async fn a_site_with_another_key_than_the_pinned_one_is_refused_with_both_keys(on: &Backend) {
    let sites = TwoSites::start(on).await;
    let mut peer = sites.peer.clone();
    let imposter = sites.destination.identity.lane_key().unwrap();
    let pinned = std::mem::replace(&mut peer.descriptor.lane_key, imposter);
    match sites.destination.dialer().control(&peer).await {
        Err(LaneError::WrongKey { expected, presented }) => assert_eq!((expected, presented), (imposter, pinned)),
        other => panic!("{other:?}"),
    }
}

on_both!(a_site_that_is_no_peer_is_told_so_and_recorded);
async fn a_site_that_is_no_peer_is_told_so_and_recorded(on: &Backend) {
    let source = Site::start(on, "hospital-a", Class::Internal).await;
    let stranger = Site::start(on, "stranger", Class::Internal).await;
    let error = stranger.dialer().control(&source.as_peer()).await.unwrap_err();
    assert_eq!(error.code(), "peer-unknown");
    assert!(error.problem().next_step.unwrap().contains("sealane peer invite"));
    let entries = source.lane_entries().await;
    let entry = &entries[0].entry;
    assert_eq!(entry.outcome.as_ref().unwrap().code, "peer-unknown");
    assert_eq!(entry.detail["lane_key"], stranger.identity.lane_key().unwrap().to_string());
    assert_eq!(entries[0].revealed["client"].expose(), "127.0.0.1", "where it called from");
    assert!(!entries[0].json.contains("127.0.0.1"), "as a commitment");
}

on_both!(clocks_that_differ_by_more_than_a_minute_are_refused_naming_both_times);
async fn clocks_that_differ_by_more_than_a_minute_are_refused_naming_both_times(on: &Backend) {
    for (seconds, opens) in [(59, true), (61, false)] {
        let sites = TwoSites::start(on).await;
        sites.destination.clock.advance(Duration::from_secs(seconds));
        let control = sites.destination.dialer().control(&sites.peer).await;
        assert_eq!(control.is_ok(), opens, "{seconds} s");
        let Err(error) = control else { continue };
        assert_eq!(error.code(), "clock-skew");
        let detail = error.problem().detail;
        for time in [sites.source.guard.clock().now(), sites.destination.guard.clock().now()] {
            assert!(detail.contains(&time.to_string()), "{detail}");
        }
        assert_eq!(sites.source.lane_codes().await.last().unwrap(), "clock-skew");
    }
}

on_both!(a_peer_that_says_it_is_another_site_is_not_believed);
async fn a_peer_that_says_it_is_another_site_is_not_believed(on: &Backend) {
    let sites = TwoSites::start(on).await;
    let mut peer = sites.peer.clone();
    peer.descriptor.site = sites.destination.identity.site;
    assert!(matches!(sites.destination.dialer().control(&peer).await, Err(LaneError::WrongSite { .. })));
}

on_both!(addresses_are_tried_in_order_and_an_unreachable_peer_is_named_as_such);
async fn addresses_are_tried_in_order_and_an_unreachable_peer_is_named_as_such(on: &Backend) {
    let sites = TwoSites::start(on).await;
    let closed = tokio::net::TcpListener::bind("127.0.0.1:0").await.unwrap().local_addr().unwrap().to_string();
    let mut peer = sites.peer.clone();
    peer.descriptor.addresses.insert(0, closed.clone());
    sites.destination.dialer().control(&peer).await.unwrap().close().await;
    peer.descriptor.addresses = vec![closed];
    let error = sites.destination.dialer().control(&peer).await.unwrap_err();
    assert!(matches!(error, LaneError::Unreachable { .. }) && error.is_passing(), "{error}");
}

on_both!(a_lane_is_agreed_for_its_own_protocol_only);
async fn a_lane_is_agreed_for_its_own_protocol_only(on: &Backend) {
    let sites = TwoSites::start(on).await;
    let pinned = sites.source.identity.lane_key().unwrap();
    for alpn in [vec![b"h2".to_vec()], vec![b"sealane-lane/2".to_vec()]] {
        let mut config = Arc::unwrap_or_clone(lane_client_config(&sites.destination.identity, pinned).unwrap());
        config.alpn_protocols = alpn;
        let socket = TcpStream::connect(&sites.peer.descriptor.addresses[0]).await.unwrap();
        assert!(TlsConnector::from(Arc::new(config)).connect(name(), socket).await.is_err());
    }
}

on_both!(without_a_client_certificate_there_is_no_lane);
async fn without_a_client_certificate_there_is_no_lane(on: &Backend) {
    let sites = TwoSites::start(on).await;
    let pinned = sites.source.identity.lane_key().unwrap();
    let with = lane_client_config(&sites.destination.identity, pinned).unwrap();
    let mut config = Arc::unwrap_or_clone(with);
    config.client_auth_cert_resolver = Arc::new(NoCertificate);
    let socket = TcpStream::connect(&sites.peer.descriptor.addresses[0]).await.unwrap();
    // In TLS 1.3 the dialer is done before the listener has judged its certificate: the alert comes with the first read.
    let mut stream = TlsConnector::from(Arc::new(config)).connect(name(), socket).await.unwrap();
    let error = stream.read_u8().await.unwrap_err();
    assert!(error.to_string().to_lowercase().contains("certificate"), "{error}");
}

#[derive(Debug)]
struct NoCertificate;

impl rustls::client::ResolvesClientCert for NoCertificate {
    fn resolve(&self, _: &[&[u8]], _: &[rustls::SignatureScheme]) -> Option<Arc<rustls::sign::CertifiedKey>> {
        None
    }

    fn has_certs(&self) -> bool {
        false
    }
}

on_both!(a_copied_certificate_without_its_key_opens_nothing);
async fn a_copied_certificate_without_its_key_opens_nothing(on: &Backend) {
    let sites = TwoSites::start(on).await;
    let thief = SiteIdentity {
        tls: TlsIdentity {
            certificate_der: sites.destination.identity.tls.certificate_der.clone(),
            private_key_pkcs8: TlsIdentity::generate("thief", &[]).unwrap().private_key_pkcs8,
        },
        ..SiteIdentity::clone(&sites.destination.identity)
    };
    // The library notices already that certificate and key do not belong together.
    assert!(lane_client_config(&thief, sites.source.identity.lane_key().unwrap()).is_err());
    assert!(lane_server_config(&thief).is_err());
}

on_both!(the_pin_is_the_key_and_no_name_is_ever_compared);
async fn the_pin_is_the_key_and_no_name_is_ever_compared(on: &Backend) {
    let sites = TwoSites::start(on).await;
    let config = lane_client_config(&sites.destination.identity, sites.source.identity.lane_key().unwrap()).unwrap();
    assert_eq!(config.alpn_protocols, [LANE_ALPN.to_vec()]);
    let socket = TcpStream::connect(&sites.peer.descriptor.addresses[0]).await.unwrap();
    TlsConnector::from(config).connect(name(), socket).await.unwrap();

    let other = TlsIdentity::generate("lane", &["never.compared.example".to_owned()]).unwrap();
    let pinned = sealane_transfer::tls::lane_key_of(&other.certificate_der).unwrap();
    let config = lane_client_config(&sites.destination.identity, pinned).unwrap();
    let socket = TcpStream::connect(&sites.peer.descriptor.addresses[0]).await.unwrap();
    let error = TlsConnector::from(config).connect(name(), socket).await.unwrap_err();
    assert_eq!(PinMismatch::behind(&error).unwrap().expected, pinned);
}
