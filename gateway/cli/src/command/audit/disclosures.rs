//! `sealane audit report disclosures`: an accounting of disclosures (45 CFR 164.528).

use std::io::Write;

use anyhow::bail;
use clap::{Args, ValueEnum};
use sealane_service::view::audit::{Disclosure, DisclosureLine};

use super::lines::Lines;
use crate::command::Session;
use crate::output::Format;

#[derive(Debug, Clone, Copy, ValueEnum)]
enum Form {
    /// Each disclosure by itself.
    Each,
    /// One line for a recipient and a purpose: the first, the last, how many (164.528(b)(3)).
    Summary,
    /// The form for research with 50 or more people (164.528(b)(4)).
    Research,
}

/// Which disclosures, and how they are told.
#[derive(Debug, Args)]
pub(in crate::command) struct DisclosureArguments {
    /// From this time on; six years ago where absent.
    #[arg(long)]
    from: Option<String>,
    /// Until this time; a day counts to its end (UTC).
    #[arg(long)]
    to: Option<String>,
    /// From this collection only.
    #[arg(long)]
    collection: Option<String>,
    /// To this peer only.
    #[arg(long)]
    peer: Option<String>,
    /// With this declared purpose only.
    #[arg(long)]
    purpose: Option<String>,
    /// How they are told.
    #[arg(long, value_enum, default_value = "each")]
    form: Form,
    /// Research: the protocol's name.
    #[arg(long)]
    protocol: Option<String>,
    /// Research: the protocol in plain words, with its purpose and how records were selected.
    #[arg(long)]
    description: Option<String>,
    /// Research: name, address and telephone number of the sponsor.
    #[arg(long)]
    sponsor: Option<String>,
}

pub(super) async fn run(session: &Session, asked: DisclosureArguments) -> anyhow::Result<()> {
    let mut url = session.client.at(&["audit", "reports", "disclosures"]);
    let form = asked.form.to_possible_value().map(|value| value.get_name().to_owned());
    for (name, value) in [
        ("from", asked.from),
        ("to", asked.to),
        ("collection", asked.collection),
        ("peer", asked.peer),
        ("purpose", asked.purpose),
        ("form", form),
        ("protocol", asked.protocol),
        ("description", asked.description),
        ("sponsor", asked.sponsor),
    ] {
        if let Some(value) = value {
            url.query_pairs_mut().append_pair(name, &value);
        }
    }
    let mut lines = Lines::of(&session.client, url).await?;
    let mut out = std::io::BufWriter::new(std::io::stdout().lock());
    while let Some(line) = lines.next::<DisclosureLine>().await? {
        match line {
            DisclosureLine::Disclosure(one) => match session.format {
                Format::Text => write!(out, "{}", text(&one))?,
                Format::Json => {
                    serde_json::to_writer(&mut out, &one)?;
                    writeln!(out)?;
                }
            },
            DisclosureLine::End { disclosures, not_indexed } => {
                if session.format == Format::Text {
                    writeln!(out, "{disclosures} disclosures.")?;
                }
                out.flush()?;
                if not_indexed > 0 {
                    eprintln!("{not_indexed} entries of the audit log could not be found yet; ask again");
                }
                return Ok(());
            }
        }
    }
    out.flush()?;
    bail!("the report broke off before its end: disclosures are missing\n  next: ask again");
}

fn text(one: &Disclosure) -> String {
    let when = if one.times > 1 {
        format!("{} to {} ({} times)", one.first_at, one.last_at, one.times)
    } else {
        one.first_at.to_string()
    };
    let recipient = [Some(&one.recipient.name), one.recipient.address.as_ref(), one.recipient.phone.as_ref()];
    let recipient: Vec<&str> = recipient.into_iter().flatten().map(String::as_str).collect();
    let mut text = format!("{when}\n  recipient  {}\n  what       {}\n", recipient.join(", "), one.description);
    let more = [
        ("purpose    ", &one.purpose),
        ("protocol   ", &one.protocol),
        ("           ", &one.protocol_description),
        ("sponsor    ", &one.sponsor),
        ("statement  ", &one.statement),
    ];
    for (head, value) in more {
        if let Some(value) = value {
            text.push_str(&format!("  {head}{value}\n"));
        }
    }
    text
}
