//! Which entries are wanted, as options: one for each field.

use clap::Args;
use sealane_service::audit::AuditQuestion;
use url::Url;

/// Which entries: all that is given must match.
#[derive(Args)]
pub(in crate::command) struct QuestionArguments {
    /// From this time on: a day (2026-01-31), an instant (RFC 3339), or how long ago (90m, 12h, 7d, 2w).
    #[arg(long)]
    from: Option<String>,
    /// Until this time; a day counts to its end (UTC).
    #[arg(long)]
    to: Option<String>,
    /// Kinds of events: content.read; several with commas; all of an area with 'content.*'.
    #[arg(long)]
    kind: Option<String>,
    /// intent, outcome or info; several with commas.
    #[arg(long)]
    phase: Option<String>,
    /// done, denied, step-up, failed or interrupted; several with commas.
    #[arg(long)]
    outcome: Option<String>,
    /// The stable word for how it ended.
    #[arg(long)]
    code: Option<String>,
    /// A collection, by name or id.
    #[arg(long)]
    collection: Option<String>,
    /// A path in the collection; with '/' at its end, the directory and all beneath it.
    #[arg(long, requires = "collection")]
    path: Option<String>,
    /// Class of the data; several with commas.
    #[arg(long)]
    class: Option<String>,
    /// Who: the e-mail address of somebody known at the site, or ISSUER#SUBJECT.
    #[arg(long)]
    person: Option<String>,
    /// People of this identity provider.
    #[arg(long)]
    issuer: Option<String>,
    /// People for whom this peer spoke.
    #[arg(long)]
    via_site: Option<String>,
    /// The digest of a session.
    #[arg(long)]
    session: Option<String>,
    /// A network address.
    #[arg(long)]
    client: Option<String>,
    /// A declared purpose.
    #[arg(long)]
    purpose: Option<String>,
    /// A task's id.
    #[arg(long)]
    task: Option<String>,
    /// An operation's id.
    #[arg(long)]
    op: Option<String>,
    /// A decision's id, as refusals show it.
    #[arg(long)]
    decision: Option<String>,
    /// The rule that matched.
    #[arg(long)]
    rule: Option<String>,
    /// The hash of a policy snapshot.
    #[arg(long)]
    snapshot: Option<String>,
    /// A peer, by name or id.
    #[arg(long)]
    peer: Option<String>,
    /// A cipher suite.
    #[arg(long)]
    transport: Option<String>,
    /// The digest of a file or of a transfer's manifest.
    #[arg(long)]
    digest: Option<String>,
    /// One node's log, by its name in its checkpoints.
    #[arg(long)]
    log: Option<String>,
    /// Entries at most.
    #[arg(long)]
    limit: Option<u64>,
    /// The latest first.
    #[arg(long)]
    newest_first: bool,
}

impl std::fmt::Debug for QuestionArguments {
    fn fmt(&self, f: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        // It may name people and files.
        f.write_str("QuestionArguments")
    }
}

impl From<QuestionArguments> for AuditQuestion {
    fn from(asked: QuestionArguments) -> Self {
        Self {
            from: asked.from,
            to: asked.to,
            kind: asked.kind,
            phase: asked.phase,
            outcome: asked.outcome,
            code: asked.code,
            collection: asked.collection,
            path: asked.path,
            class: asked.class,
            person: asked.person,
            issuer: asked.issuer,
            via_site: asked.via_site,
            session: asked.session,
            client: asked.client,
            purpose: asked.purpose,
            task: asked.task,
            op: asked.op,
            decision: asked.decision,
            rule: asked.rule,
            snapshot: asked.snapshot,
            peer: asked.peer,
            transport: asked.transport,
            digest: asked.digest,
            log: asked.log,
            limit: asked.limit,
            newest_first: asked.newest_first.then_some(true),
        }
    }
}

/// Adds a question to an address.
pub(super) fn ask(mut url: Url, question: &AuditQuestion) -> Url {
    {
        let mut pairs = url.query_pairs_mut();
        pairs.extend_pairs(question.given());
        if let Some(limit) = question.limit {
            pairs.append_pair("limit", &limit.to_string());
        }
        if question.newest_first == Some(true) {
            pairs.append_pair("newest_first", "true");
        }
    }
    url
}
