//! A time-stamping authority dates a site's audit log: asked by the site itself, and by hand.

use std::fs;
use std::io::{Read, Write};
use std::net::{TcpListener, TcpStream};
use std::path::{Path, PathBuf};

use anyhow::{Context, ensure};
use sealane_tests::cli::bare;
use sealane_tests::control_database::Backend;
use sealane_tests::journal::Journal;
use sealane_tests::pair::Pair;
use serde_json::Value;

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
ess_cert_id_alg = sha256
";

fn openssl(folder: &Path, arguments: &str) -> anyhow::Result<bool> {
    let mut openssl = bare(Path::new("openssl"));
    let output = openssl.args(arguments.split(' ')).current_dir(folder).output()?;
    Ok(output.status.success())
}

fn authority(folder: &Path) -> anyhow::Result<PathBuf> {
    let folder = folder.join("authority");
    fs::create_dir_all(&folder)?;
    fs::write(folder.join("tsa.cnf"), CONFIGURATION)?;
    fs::write(folder.join("serial"), "01\n")?;
    let made = "req -x509 -config tsa.cnf -newkey ec -pkeyopt ec_paramgen_curve:P-256 -nodes -keyout tsa.key -out tsa.pem -days 7";
    ensure!(openssl(&folder, made)?, "openssl makes an authority");
    Ok(folder)
}

fn answer(folder: &Path, query: &[u8]) -> anyhow::Result<Vec<u8>> {
    fs::write(folder.join("query.tsq"), query)?;
    ensure!(openssl(folder, "ts -reply -config tsa.cnf -queryfile query.tsq -out reply.tsr")?, "openssl answers");
    Ok(fs::read(folder.join("reply.tsr"))?)
}

/// One request of HTTP/1.1 with a body, and its answer.
fn serve(stream: &mut TcpStream, folder: &Path) -> anyhow::Result<()> {
    let (mut read, mut chunk) = (Vec::new(), [0; 4096]);
    let (head, length) = loop {
        let count = stream.read(&mut chunk)?;
        ensure!(count > 0, "the request ended early");
        read.extend_from_slice(chunk.get(..count).context("a chunk")?);
        let text = String::from_utf8_lossy(&read).to_ascii_lowercase();
        let Some(end) = read.windows(4).position(|window| window == b"\r\n\r\n") else { continue };
        let length = text.lines().find_map(|line| line.strip_prefix("content-length: ")?.trim().parse::<usize>().ok());
        let length = length.context("a length")?;
        ensure!(text.contains("content-type: application/timestamp-query"), "{text}");
        if read.len() >= end + 4 + length {
            break (end + 4, length);
        }
    };
    let body = answer(folder, read.get(head..head + length).context("a body")?)?;
    write!(
        stream,
        "HTTP/1.1 200 OK\r\ncontent-type: application/timestamp-reply\r\ncontent-length: {}\r\nconnection: close\r\n\r\n",
        body.len()
    )?;
    Ok(stream.write_all(&body)?)
}

#[test]
fn a_site_has_its_log_dated_by_itself_and_by_hand() -> anyhow::Result<()> {
    let mut pair = Pair::start(Backend::Sqlite)?;
    let folder = authority(&pair.scratch()?)?;
    let listener = TcpListener::bind("127.0.0.1:0")?;
    let url = format!("http://{}/tsr", listener.local_addr()?);
    let serving = folder.clone();
    // It ends with the test's process, or when nobody can connect any more.
    std::thread::spawn(move || {
        while let Ok((mut stream, _)) = listener.accept() {
            if serve(&mut stream, &serving).is_err() {
                return;
            }
        }
    });
    pair.a.stop()?;
    let mut text = fs::read_to_string(pair.a.config())?;
    text.push_str(&format!("\n[audit.timestamp]\nurl = \"{url}\"\nca_file = \"{}/tsa.pem\"\n", folder.display()));
    fs::write(pair.a.config(), text)?;
    let fetched = pair.a.audit_command(&["timestamp", "fetch"])?.document()?;
    ensure!(fetched.get("trusted").and_then(Value::as_bool) == Some(true), "{fetched:#}");

    pair.a.start()?;
    let request = pair.scratch()?.join("head");
    let request = request.to_str().context("a plain path")?;
    pair.a.audit_command(&["timestamp", "request", "-o", request])?.document()?;
    fs::write(folder.join("by-hand.tsr"), answer(&folder, &fs::read(format!("{request}.tsq"))?)?)?;
    let (response, head) = (folder.join("by-hand.tsr"), format!("{request}.checkpoint"));
    let response = response.to_str().context("a plain path")?;
    let attach = ["timestamp", "attach", response, "--checkpoint", &head];
    let kept = pair.a.audit_command(&attach)?.document()?;
    let size = kept.get("size").and_then(Value::as_u64).context("a size")?;
    let body: String = fs::read_to_string(&head)?.split_inclusive('\n').take(3).collect();
    fs::write(folder.join("body"), body)?;
    fs::copy(pair.a.audit().join(format!("tsr/{size}.tsr")), folder.join("kept.tsr"))?;
    ensure!(openssl(&folder, "ts -verify -data body -in kept.tsr -CAfile tsa.pem")?, "other people's tools agree");
    let shown = pair.a.audit_command(&["timestamp", "show"])?.document()?;
    ensure!(shown.as_array().is_some_and(|all| all.len() >= 2), "{shown:#}");
    let status = pair.a.audit_command(&["witness", "status"])?.document()?;
    ensure!(status.pointer("/timestamp/trusted").and_then(Value::as_bool) == Some(true), "{status:#}");

    fs::write(&head, fs::read_to_string(&head)?.replacen("sealane/", "sealane/x", 1))?;
    ensure!(pair.a.audit_command(&attach)?.problem(6)?.code == "timestamp-wrong", "of another log");
    pair.a.stop()?;
    let journal = Journal::read(&pair.a)?;
    let codes: Vec<&str> = journal
        .entries()
        .iter()
        .filter(|view| view.entry.kind.name() == "checkpoint.timestamp")
        .filter_map(|view| Some(view.entry.outcome.as_ref()?.code.as_str()))
        .collect();
    ensure!(codes.last() == Some(&"timestamp-wrong") && codes.contains(&"ok"), "{codes:?}");
    pair.a.verify_log()
}
