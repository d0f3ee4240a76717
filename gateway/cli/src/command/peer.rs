//! `sealane peer invite|accept|list|remove`: which sites this one trusts. Run on the site's own machine.

use std::io::{BufRead, IsTerminal, Write};
use std::path::PathBuf;

use anyhow::bail;
use clap::{Args, Subcommand};
use sealane_model::{Class, ShortName};
use sealane_service::view::{AcceptPeer, PeerContactView, PeerView};
use serde_json::json;

use crate::config::Config;
use crate::output::{Format, print, table};
use crate::serve::admin::{self, AdminAnswer, AdminRequest};
use crate::serve::node::Node;
use crate::serve::settings::NodeSettings;

#[derive(Debug, Subcommand)]
pub(super) enum PeerCommand {
    /// Print an invitation for the other site's administrator, and the fingerprint to read to them.
    Invite {
        /// The configuration file.
        #[arg(long, default_value = "sealane.toml")]
        config: PathBuf,
    },
    /// Accept the other site's invitation after comparing its fingerprint.
    Accept(AcceptArguments),
    /// Accepted sites.
    List {
        /// The configuration file.
        #[arg(long, default_value = "sealane.toml")]
        config: PathBuf,
    },
    /// Say who a peer is to the outside: the recipient in an account of disclosures. Without options, show it.
    Contact(ContactArguments),
    /// End the trust in a site.
    Remove {
        /// Its short name.
        name: ShortName,
        /// The configuration file.
        #[arg(long, default_value = "sealane.toml")]
        config: PathBuf,
    },
}

#[derive(Debug, Args)]
pub(super) struct AcceptArguments {
    /// The invitation, as the other site printed it.
    invitation: String,
    /// The fingerprint that the other administrator read to you; asked for where absent.
    #[arg(long)]
    fingerprint: Option<String>,
    /// Identity providers for whose people the peer may speak.
    #[arg(long = "issuer")]
    issuers: Vec<String>,
    /// The highest class of data that may go to it or be asked for by its people.
    #[arg(long, default_value = "internal", value_parser = class)]
    ceiling: Class,
    /// The configuration file.
    #[arg(long, default_value = "sealane.toml")]
    config: PathBuf,
}

#[derive(Debug, Args)]
pub(super) struct ContactArguments {
    /// Its short name.
    name: ShortName,
    /// Name of the organisation, where it is another than the site's title.
    #[arg(long)]
    organisation: Option<String>,
    /// Its postal address.
    #[arg(long)]
    address: Option<String>,
    /// Its telephone number.
    #[arg(long)]
    phone: Option<String>,
    /// The configuration file.
    #[arg(long, default_value = "sealane.toml")]
    config: PathBuf,
}

fn class(text: &str) -> Result<Class, String> {
    text.parse().map_err(|error| format!("{error}"))
}

pub(super) async fn run(command: PeerCommand, format: Format) -> anyhow::Result<()> {
    let (config, request) = match command {
        PeerCommand::Invite { config } => (config, AdminRequest::Invite),
        PeerCommand::List { config } => (config, AdminRequest::List),
        PeerCommand::Remove { name, config } => (config, AdminRequest::Remove { name }),
        PeerCommand::Contact(arguments) => {
            let ContactArguments { name, organisation, address, phone, config } = arguments;
            (config, AdminRequest::Contact { name, contact: PeerContactView { organisation, address, phone } })
        }
        PeerCommand::Accept(arguments) => {
            let fingerprint = arguments.fingerprint.map_or_else(ask_fingerprint, Ok)?;
            let accept = AcceptPeer {
                invitation: arguments.invitation,
                fingerprint,
                issuers: arguments.issuers,
                ceiling: arguments.ceiling,
            };
            (arguments.config, AdminRequest::Accept(accept))
        }
    };
    match ask_site(&Config::read(&config)?, request).await? {
        AdminAnswer::Problem(problem) => Err(problem.into()),
        AdminAnswer::Invitation(view) => print(format, &view, |view| {
            format!(
                "{}\n\nHand the line above to the other site's administrator. Read them the fingerprint over another way:\n  {}\n  {}\nIt can be accepted until {}.",
                view.invitation, view.fingerprint_short, view.fingerprint, view.expires_at
            )
        }),
        AdminAnswer::Peer(peer) => {
            print(format, &peer, |peer| format!("{} ({}): {}", peer.title, peer.name, peer.fingerprint))
        }
        AdminAnswer::Removed => {
            print(format, &json!({ "removed": true }), |_| "The trust in that site has ended.".to_owned())
        }
        AdminAnswer::Contact(contact) => print(format, &contact, |contact| {
            let known = |value: &Option<String>| value.clone().unwrap_or_else(|| "not known".to_owned());
            format!(
                "organisation  {}\naddress       {}\nphone         {}",
                contact.organisation.clone().unwrap_or_else(|| "as the site's title".to_owned()),
                known(&contact.address),
                known(&contact.phone)
            )
        }),
        AdminAnswer::Peers(peers) => print(format, &peers, |peers| peer_table(peers)),
        _ => bail!("the node answered something else than was asked"),
    }
}

/// By the running node, or by a node that is started for this one request.
pub(super) async fn ask_site(config: &Config, request: AdminRequest) -> anyhow::Result<AdminAnswer> {
    let settings = NodeSettings::from_config(config)?;
    if let Some(answer) = admin::ask(&settings.socket, &request).await? {
        return Ok(answer);
    }
    Node::answer_once(&settings, request).await
}

fn ask_fingerprint() -> anyhow::Result<String> {
    if !std::io::stdin().is_terminal() {
        bail!("--fingerprint is needed where nobody can be asked: it is what the other administrator read to you");
    }
    eprint!("Fingerprint that the other administrator read to you: ");
    std::io::stderr().flush()?;
    let mut line = String::new();
    std::io::stdin().lock().read_line(&mut line)?;
    Ok(line.trim().to_owned())
}

fn peer_table(peers: &[PeerView]) -> String {
    let rows: Vec<[String; 4]> = peers
        .iter()
        .map(|peer| {
            [peer.name.to_string(), peer.ceiling.as_str().to_owned(), peer.url.clone(), peer.fingerprint.clone()]
        })
        .collect();
    table(["peer", "up to", "url", "fingerprint"], &rows)
}
