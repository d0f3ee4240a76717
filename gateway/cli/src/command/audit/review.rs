//! `sealane audit review show|sign-off` and `sealane audit status`.

use anyhow::bail;
use clap::Subcommand;
use sealane_service::view::audit::LogLag;
use sealane_service::view::{
    AlertCounts, AuditStatusView, ReadyView, ReviewRangeView, ReviewView, ReviewedLog, SignOffReview, SignOffView,
};
use serde_json::json;

use crate::command::Session;
use crate::output::{Format, print, table};

#[derive(Debug, Subcommand)]
pub(in crate::command) enum ReviewCommand {
    /// What has happened since the last sign-off.
    Show,
    /// Sign that you have reviewed the log.
    SignOff {
        /// What you looked at, and what you found: kept, sealed, in the audit log.
        #[arg(long)]
        note: String,
        /// Up to where: LOG=SIZE@HEAD, as `review show` prints it, for each log; as the logs stand now where absent.
        #[arg(long = "up-to", value_parser = reviewed)]
        up_to: Vec<ReviewedLog>,
    },
}

fn reviewed(text: &str) -> Result<ReviewedLog, String> {
    let wrong = || format!("'{text}' is not LOG=SIZE@HEAD");
    let (log, size) = text.rsplit_once('=').ok_or_else(wrong)?;
    let (size, head) = size.split_once('@').map_or((size, None), |(size, head)| (size, Some(head.to_owned())));
    Ok(ReviewedLog { log: log.to_owned(), size: size.parse().map_err(|_| wrong())?, head })
}

pub(super) async fn run(command: ReviewCommand, session: &Session) -> anyhow::Result<()> {
    let url = session.client.at(&["audit", "review"]);
    match command {
        ReviewCommand::Show => {
            let review: ReviewView = session.client.get(url).await?;
            print(session.format, &review, shown)
        }
        ReviewCommand::SignOff { note, up_to } => {
            let reviewed = if up_to.is_empty() { None } else { Some(up_to) };
            let signed: SignOffView = session.client.post(url, &SignOffReview { note, reviewed }).await?;
            print(session.format, &signed, |signed| format!("The review is signed.\n{}", ranges(&signed.ranges)))
        }
    }
}

/// How the log stands. What cannot be recorded is not shown; readiness, which is public, is told even then.
pub(super) async fn status(session: &Session) -> anyhow::Result<()> {
    let ready: ReadyView = session.client.ready().await?;
    let asked = session.client.get::<AuditStatusView>(session.client.at(&["audit", "status"])).await;
    let (status, problem) = match asked {
        Ok(status) => (Some(status), None),
        Err(problem) => (None, Some(problem)),
    };
    if session.format == Format::Text {
        println!("{}", parts(&ready));
        if let Some(status) = &status {
            println!("{}", standing(status));
        }
    } else {
        println!("{}", serde_json::to_string_pretty(&json!({ "ready": ready, "status": status }))?);
    }
    match problem {
        Some(problem) => Err(problem),
        None if status.is_none() => bail!("the site told nothing"),
        None => Ok(()),
    }
}

fn parts(ready: &ReadyView) -> String {
    let rows: Vec<[String; 2]> = ready
        .parts
        .iter()
        .map(|part| [part.name.clone(), part.code.clone().unwrap_or_else(|| "ok".to_owned())])
        .collect();
    table(["part", "state"], &rows)
}

fn standing(status: &AuditStatusView) -> String {
    let mut lines = vec![logs(&status.logs)];
    for alarm in &status.alarms {
        lines.push(format!("{}: {}", alarm.word(), alarm.in_words()));
    }
    lines.push(alerts(&status.alerts));
    lines.push(due(status.last_review.as_ref(), &status.review_due_at.to_string(), status.review_overdue));
    lines.join("\n")
}

fn logs(logs: &[LogLag]) -> String {
    let row =
        |log: &LogLag| [log.log.clone(), log.size.to_string(), (log.size - log.indexed.min(log.size)).to_string()];
    table(["log", "entries", "not indexed"], &logs.iter().map(row).collect::<Vec<_>>()).trim_end().to_owned()
}

fn alerts(counts: &AlertCounts) -> String {
    format!(
        "Alerts: {} urgent, {} warnings, {} notes are open; {} are looked into.",
        counts.urgent, counts.warning, counts.note, counts.acknowledged
    )
}

fn due(last: Option<&SignOffView>, at: &str, overdue: bool) -> String {
    let last = last.map_or_else(
        || "The log was never reviewed".to_owned(),
        |last| format!("Last review: {} by {}", last.signed_at, last.signed_by),
    );
    format!("{last}; the next is due {at}{}.", if overdue { ", which has passed" } else { "" })
}

fn ranges(ranges: &[ReviewRangeView]) -> String {
    let row =
        |range: &ReviewRangeView| [range.first.to_string(), format!("{}={}@{}", range.log, range.size, range.head)];
    table(["from entry", "up to"], &ranges.iter().map(row).collect::<Vec<_>>())
}

fn shown(review: &ReviewView) -> String {
    let row = |count: &sealane_service::view::ReviewCount| {
        [count.kind.clone(), count.outcome.clone().unwrap_or_else(|| "-".to_owned()), count.entries.to_string()]
    };
    let counts = table(["event", "outcome", "entries"], &review.counts.iter().map(row).collect::<Vec<_>>());
    let mut lines = vec![
        due(review.last.as_ref(), &review.due_at.to_string(), review.overdue),
        ranges(&review.ranges),
        counts,
        format!(
            "{} refused decisions, {} privileged acts, {} exports and reports.",
            review.refused, review.privileged, review.exports
        ),
        format!("{} alerts were raised, {} closed.", review.alerts_raised, review.alerts_closed),
        alerts(&review.alerts),
        logs(&review.logs),
    ];
    lines.extend(review.alarms.iter().map(|alarm| format!("{}: {}", alarm.word(), alarm.in_words())));
    lines.push(
        "  next: look into what is unusual (`sealane audit search`), then `sealane audit review sign-off --note ..`"
            .to_owned(),
    );
    lines.join("\n")
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_log_may_have_any_name_before_its_size() {
        let log = reviewed("sealane/a/node-1=17").unwrap();
        assert_eq!((log.log.as_str(), log.size, log.head), ("sealane/a/node-1", 17, None));
        assert_eq!(reviewed("a=17@abc").unwrap().head.as_deref(), Some("abc"));
        assert!(reviewed("sealane/a").is_err() && reviewed("a=x").is_err());
    }
}
