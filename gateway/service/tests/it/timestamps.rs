//! Heads of the audit log, dated by a time-stamping authority: Debian's openssl behind a socket on loopback.

use std::fs;
use std::path::Path;
use std::process::{Command, Output};
use std::sync::{Arc, Mutex};
use std::time::Duration;

use axum::Router;
use axum::body::Bytes;
use axum::extract::State;
use axum::http::StatusCode;
use axum::response::{IntoResponse, Response};
use axum::routing::post;
use data_encoding::BASE64;
use rustls::pki_types::CertificateDer;
use rustls::pki_types::pem::PemObject;
use sealane_audit::event::Assurance;
use sealane_service::Actor;
use sealane_service::timestamps::{self, TimestampSettings};
use sealane_service::view::NewTimestamp;
use tempfile::TempDir;
use tokio::net::TcpListener;
use url::Url;

use crate::backend::Backend;
use crate::harness::Site;

const CONFIGURATION: &str = "
[req]
distinguished_name = name
x509_extensions = use
prompt = no
[name]
CN = Example Time-Stamping Authority
[use]
extendedKeyUsage = critical, timeStamping
keyUsage = critical, digitalSignature
[tsa]
default_tsa = one
[one]
serial = serial
crypto_device = builtin
signer_cert = tsa.pem
certs = tsa.pem
signer_key = tsa.key
signer_digest = sha256
default_policy = 1.2.3.4.1
digests = sha256
tsa_name = yes
ess_cert_id_alg = sha256
";

/// How the authority behaves.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
enum Manner {
    Honest,
    Broken,
    /// Gives the first answer to everybody.
    Repeating,
}

/// A time-stamping authority in a folder of its own.
struct Authority {
    folder: TempDir,
    manner: Mutex<Manner>,
    asked: Mutex<u32>,
    first: Mutex<Option<Vec<u8>>>,
}

impl Authority {
    fn new() -> Arc<Self> {
        let folder = TempDir::new().unwrap();
        fs::write(folder.path().join("tsa.cnf"), CONFIGURATION).unwrap();
        fs::write(folder.path().join("serial"), "01\n").unwrap();
        let authority =
            Self { folder, manner: Mutex::new(Manner::Honest), asked: Mutex::default(), first: Mutex::default() };
        let made = authority.openssl(
            "req -x509 -config tsa.cnf -newkey ec -pkeyopt ec_paramgen_curve:P-256 -nodes -keyout tsa.key -out tsa.pem -days 7",
        );
        assert!(made.status.success(), "{}", String::from_utf8_lossy(&made.stderr));
        Arc::new(authority)
    }

    #[expect(clippy::disallowed_methods, reason = "the authority is a program, and this is a test")]
    fn openssl(&self, arguments: &str) -> Output {
        Command::new("openssl").args(arguments.split(' ')).current_dir(self.folder.path()).output().unwrap()
    }

    fn answer(&self, query: &[u8]) -> Vec<u8> {
        fs::write(self.folder.path().join("query.tsq"), query).unwrap();
        let made = self.openssl("ts -reply -config tsa.cnf -queryfile query.tsq -out reply.tsr");
        assert!(made.status.success(), "{}", String::from_utf8_lossy(&made.stderr));
        fs::read(self.folder.path().join("reply.tsr")).unwrap()
    }

    /// What docs/operate/verify.md tells auditors to run.
    fn verifies(&self, body: &str, token: &Path) -> bool {
        fs::write(self.folder.path().join("body"), body).unwrap();
        fs::copy(token, self.folder.path().join("token.tsr")).unwrap();
        self.openssl("ts -verify -data body -in token.tsr -CAfile tsa.pem").status.success()
    }

    fn certificate(&self) -> CertificateDer<'static> {
        CertificateDer::from_pem_file(self.folder.path().join("tsa.pem")).unwrap()
    }

    fn asked(&self) -> u32 {
        *self.asked.lock().unwrap()
    }

    async fn listen(self: &Arc<Self>) -> Url {
        let listener = TcpListener::bind("127.0.0.1:0").await.unwrap();
        let url = format!("http://{}/tsr", listener.local_addr().unwrap()).parse().unwrap();
        let router = Router::new().route("/tsr", post(respond)).with_state(Arc::clone(self));
        tokio::spawn(async move { axum::serve(listener, router).await });
        url
    }
}

async fn respond(State(authority): State<Arc<Authority>>, query: Bytes) -> Response {
    *authority.asked.lock().unwrap() += 1;
    let manner = *authority.manner.lock().unwrap();
    if manner == Manner::Broken {
        return StatusCode::SERVICE_UNAVAILABLE.into_response();
    }
    let mut first = authority.first.lock().unwrap();
    let answer = match (&*first, manner) {
        (Some(answer), Manner::Repeating) => answer.clone(),
        _ => authority.answer(&query),
    };
    first.get_or_insert_with(|| answer.clone());
    answer.into_response()
}

async fn dated(on: &Backend, authority: &Arc<Authority>, trusted: &Authority) -> Site {
    let settings = TimestampSettings {
        url: Some(authority.listen().await),
        authorities: vec![trusted.certificate()],
        ..TimestampSettings::NONE
    };
    Site::start_with(on, |all| all.timestamp = settings).await
}

fn outcomes(site: &Site) -> Vec<String> {
    site.outcomes(Assurance::CheckpointTimestamp).into_iter().map(|(_, code)| code).collect()
}

on_both!(the_log_is_dated_once_a_day_and_other_peoples_tools_agree);
async fn the_log_is_dated_once_a_day_and_other_peoples_tools_agree(on: &Backend) {
    let authority = Authority::new();
    let site = dated(on, &authority, &authority).await;
    assert!(timestamps::ask_if_due(&site.app).await.unwrap());
    assert!(!timestamps::ask_if_due(&site.app).await.unwrap(), "not twice a day");
    let [kept] = timestamps::show(&site.app, &Actor::operator()).await.unwrap().try_into().unwrap();
    assert!(kept.trusted && kept.policy == "1.2.3.4.1", "{kept:?}");
    let log = site.app.guard().log().directory();
    let head = fs::read_to_string(log.join(format!("checkpoints/{}", kept.size))).unwrap();
    let body: String = head.split_inclusive('\n').take(3).collect();
    let token = log.join(format!("tsr/{}.tsr", kept.size));
    assert!(authority.verifies(&body, &token));
    assert!(!authority.verifies(&body.replacen("\n", " \n", 1), &token), "of another head");

    // The authority's clock is the real one, far ahead of the site's.
    site.pass(Duration::from_secs(400 * 24 * 3600));
    assert!(timestamps::ask_if_due(&site.app).await.unwrap());
    assert_eq!(authority.asked(), 2);
    assert_eq!(timestamps::show(&site.app, &Actor::operator()).await.unwrap().len(), 2);
    assert_eq!(outcomes(&site).iter().filter(|code| *code == "ok").count(), 4, "{:?}", outcomes(&site));
}

on_both!(what_is_in_the_way_of_a_timestamp_is_told_and_recorded);
async fn what_is_in_the_way_of_a_timestamp_is_told_and_recorded(on: &Backend) {
    let (authority, stranger) = (Authority::new(), Authority::new());
    let site = dated(on, &authority, &authority).await;
    let operator = Actor::operator();
    let told = |manner| {
        *authority.manner.lock().unwrap() = manner;
        timestamps::fetch(&site.app, &operator)
    };
    assert_eq!(told(Manner::Broken).await.unwrap_err().code, "timestamp-away");
    told(Manner::Honest).await.unwrap();
    let repeated = told(Manner::Repeating).await.unwrap_err();
    assert_eq!(repeated.code, "timestamp-wrong");
    assert!(repeated.detail.contains("other data"), "{}", repeated.detail);

    let deceived = dated(on, &authority, &stranger).await;
    *authority.manner.lock().unwrap() = Manner::Honest;
    let untrusted = timestamps::fetch(&deceived.app, &operator).await.unwrap_err();
    assert_eq!(untrusted.code, "timestamp-untrusted");
    assert!(timestamps::show(&deceived.app, &operator).await.unwrap().is_empty(), "it is not kept");
    assert_eq!(timestamps::ask_if_due(&deceived.app).await.unwrap_err().code, "timestamp-untrusted");
    let nobody = Site::start(on).await;
    assert_eq!(timestamps::fetch(&nobody.app, &operator).await.unwrap_err().code, "timestamp-nobody");
    assert_eq!(outcomes(&site), ["timestamp-away", "ok", "timestamp-wrong"]);
    assert_eq!(outcomes(&deceived), ["timestamp-untrusted", "ok", "timestamp-untrusted"]);
    assert_eq!(outcomes(&nobody), ["timestamp-nobody"]);
}

on_both!(a_request_is_taken_to_the_authority_by_hand);
async fn a_request_is_taken_to_the_authority_by_hand(on: &Backend) {
    let authority = Authority::new();
    let site = Site::start(on).await;
    let operator = Actor::operator();
    let made = timestamps::request(&site.app, &operator).await.unwrap();
    let answer = authority.answer(&BASE64.decode(made.request.as_bytes()).unwrap());
    let new = |checkpoint: &str, response: &[u8]| NewTimestamp {
        checkpoint: checkpoint.to_owned(),
        response: BASE64.encode(response),
    };
    let later = timestamps::request(&site.app, &operator).await.unwrap();
    let mixed_up = timestamps::attach(&site.app, &operator, new(&later.checkpoint, &answer)).await.unwrap_err();
    assert_eq!(mixed_up.code, "timestamp-wrong");
    let elsewhere = Site::start(on).await;
    let foreign = timestamps::attach(&elsewhere.app, &operator, new(&made.checkpoint, &answer)).await.unwrap_err();
    assert_eq!(foreign.code, "timestamp-wrong");
    let kept = timestamps::attach(&site.app, &operator, new(&made.checkpoint, &answer)).await.unwrap();
    assert!(kept.size == made.size && !kept.trusted, "nobody is named whose signature counts: {kept:?}");
}

on_both!(a_changed_answer_is_not_trusted);
async fn a_changed_answer_is_not_trusted(on: &Backend) {
    let authority = Authority::new();
    let certificate = authority.certificate();
    let site = Site::start_with(on, |settings| settings.timestamp.authorities = vec![certificate]).await;
    let operator = Actor::operator();
    let made = timestamps::request(&site.app, &operator).await.unwrap();
    let answer = authority.answer(&BASE64.decode(made.request.as_bytes()).unwrap());
    let attach = |response: &[u8]| {
        let new = NewTimestamp { checkpoint: made.checkpoint.clone(), response: BASE64.encode(response) };
        let (app, operator) = (site.app.clone(), operator.clone());
        async move { timestamps::attach(&app, &operator, new).await }
    };
    // The time stands once in the token, and is what an attacker would change.
    let year = answer.windows(15).position(|text| text.ends_with(b"Z") && text.starts_with(b"20")).unwrap();
    let mut earlier = answer.clone();
    earlier[year + 3] = if earlier[year + 3] == b'0' { b'1' } else { b'0' };
    assert_eq!(attach(&earlier).await.unwrap_err().code, "timestamp-untrusted");
    let mut unsigned = answer.clone();
    let last = unsigned.len() - 1;
    unsigned[last] ^= 1;
    assert_eq!(attach(&unsigned).await.unwrap_err().code, "timestamp-untrusted");
    assert!(attach(&answer).await.unwrap().trusted);
}
