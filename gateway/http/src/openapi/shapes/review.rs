//! The objects of alerts, of the rules that raise them, and of reviews, field by field.

use super::NEXT;
use crate::openapi::shape::Kind::{Count, Flag, Is, List, Maybe, Text, Time, Uuid, Word};
use crate::openapi::shape::{Shape, may, must};

const SEVERITY: &[&str] = &["note", "warning", "urgent"];
const MEASURE: &[&str] = &["entries", "bytes"];
const GROUPING: &[&str] = &["person", "client", "collection", "anybody"];
const STATE: &[&str] = &["open", "acknowledged", "closed"];
const FINDING: &[&str] = &["explained", "incident", "false-alarm"];
const ROLE: &[&str] = &["compliance-officer", "security-officer", "administrator"];
const ALARM: &[&str] = &[
    "audit-disk",
    "audit-unwritable",
    "clock-unsynchronised",
    "index-lagging",
    "witness-exposed",
    "syslog-away",
    "review-overdue",
    "review-long-overdue",
];

pub(super) const SHAPES: &[Shape] = &[
    Shape {
        name: "AuditQuestion",
        about: "Which entries: all that is given must match. Fields and values are those of a search.",
        fields: &[
            may("from", Text, "Not for rules."),
            may("to", Text, "Not for rules."),
            may("kind", Text, "Kinds of events: `content.read`, several with commas, all of an area with `content.*`."),
            may("phase", Text, "`intent`, `outcome` or `info`; several with commas."),
            may("outcome", Text, "`done`, `denied`, `step-up`, `failed`, `interrupted`; several with commas."),
            may("code", Text, "The stable word for how it ended."),
            may("collection", Text, "A collection, by name or id."),
            may("path", Text, "A path in it; with `/` at its end, the directory and all beneath it."),
            may("class", Text, "Class of the data; several with commas."),
            may("person", Text, "Who: an e-mail address, or ISSUER#SUBJECT. `(private)` where a rule is shown."),
            may("issuer", Text, "People of this identity provider."),
            may("via_site", Text, "People for whom this peer spoke."),
            may("session", Text, "The digest of a session."),
            may("client", Text, "A network address. `(private)` where a rule is shown."),
            may("purpose", Text, "A declared purpose. `(private)` where a rule is shown."),
            may("task", Text, "A task's id."),
            may("op", Text, "An operation's id."),
            may("decision", Text, "A decision's id."),
            may("rule", Text, "The access rule that matched."),
            may("snapshot", Text, "The hash of a policy snapshot."),
            may("peer", Text, "A peer, by name or id."),
            may("transport", Text, "A cipher suite."),
            may("digest", Text, "The digest of a file or of a transfer's manifest."),
            may("log", Text, "One node's log."),
            may("limit", Count, "Not for rules."),
            may("newest_first", Flag, "Not for rules."),
        ],
    },
    Shape {
        name: "AlertThreshold",
        about: "How much, within which time, raises an alert.",
        fields: &[
            must("measure", Word(MEASURE), "What is added up."),
            must("at_least", Count, "From this much on; 1 entry means that each raises an alert."),
            must("within_s", Count, "Within so many seconds."),
            must("by", Word(GROUPING), "Of entries that have this in common."),
        ],
    },
    Shape {
        name: "NewAlertRule",
        about: "A rule that watches the audit log, to save.",
        fields: &[
            must("name", Text, "Its short name, unique at the site. Names nobody."),
            must("question", Is("AuditQuestion"), "Which entries it watches for."),
            must("threshold", Is("AlertThreshold"), "How much of them."),
            must("severity", Word(SEVERITY), "How grave its alerts are."),
            must("concerns", Word(ROLE), "Whose its alerts are."),
        ],
    },
    Shape {
        name: "ChangeAlertRule",
        about: "What is to be different about a rule; what is absent stays.",
        fields: &[
            may("question", Is("AuditQuestion"), "Which entries it watches for, as a whole."),
            may("threshold", Is("AlertThreshold"), "How much of them."),
            may("severity", Word(SEVERITY), "How grave its alerts are."),
            may("concerns", Word(ROLE), "Whose its alerts are."),
        ],
    },
    Shape {
        name: "AlertRule",
        about: "A rule that watches the audit log.",
        fields: &[
            must("name", Text, "Its short name."),
            must("question", Is("AuditQuestion"), "Which entries it watches for. What names somebody is not shown."),
            must("threshold", Is("AlertThreshold"), "How much of them."),
            must("severity", Word(SEVERITY), "How grave its alerts are."),
            must("concerns", Word(ROLE), "Whose its alerts are."),
            must("built_in", Flag, "Whether it came with the program: it can be paused, not removed."),
            must("paused", Flag, "Whether it is out of use for now."),
        ],
    },
    Shape {
        name: "AlertRulePage",
        about: "A page of rules.",
        fields: &[must("items", List(&Is("AlertRule")), "The rules."), NEXT],
    },
    Shape {
        name: "TryAlertRule",
        about: "A rule to try on what has happened.",
        fields: &[
            must("question", Is("AuditQuestion"), "Which entries."),
            must("threshold", Is("AlertThreshold"), "How much of them."),
            must("days", Count, "Over so many past days."),
        ],
    },
    Shape {
        name: "AlertRuleTrial",
        about: "What a rule would have found.",
        fields: &[
            must("entries", Count, "Entries that match."),
            must("alerts", Count, "Alerts that they would have raised."),
            must("first", List(&Is("TrialAlert")), "The first of these alerts, a hundred at most."),
            must("not_indexed", Count, "Entries of the logs that could not be found yet: 0 when nothing is missing."),
        ],
    },
    Shape {
        name: "TrialAlert",
        about: "An alert that would have been raised.",
        fields: &[
            must("first_at", Time, "Time of its first entry."),
            must("last_at", Time, "Time of its last entry."),
            must("entries", Count, "How many entries."),
            must("bytes", Count, "Bytes that they are about."),
        ],
    },
    Shape {
        name: "Alert",
        about: "An alert: what a rule or the site itself noticed in the audit log.",
        fields: &[
            must("id", Uuid, "Its id."),
            must("rule", Text, "The rule that raised it, or the word for what the site noticed by itself."),
            must("severity", Word(SEVERITY), "How grave it is."),
            must("concerns", Word(ROLE), "Whose it is."),
            must("state", Word(STATE), "Where it stands."),
            must("alarm", Maybe(&Word(ALARM)), "What the site noticed by itself."),
            must("subject", Maybe(&Text), "About which log it was noticed; `site` where it is about none."),
            must("raised_at", Time, "When it was raised."),
            must("first_at", Time, "Time of its first entry."),
            must("last_at", Time, "Time of its last entry."),
            must("entries", Count, "How many entries."),
            must("bytes", Count, "Bytes that they are about."),
            must("cleared_at", Maybe(&Time), "When it was over, of what the site noticed by itself."),
            must("acknowledged_by", Maybe(&Text), "Who looks into it."),
            must("acknowledged_at", Maybe(&Time), "Since when."),
            must("closed_by", Maybe(&Text), "Who closed it."),
            must("closed_at", Maybe(&Time), "When."),
            must("finding", Maybe(&Word(FINDING)), "What it was."),
            must("log", Text, "The log that tells of it."),
            must("index", Maybe(&Count), "The index of the entry that does; null while it waits to be written."),
        ],
    },
    Shape {
        name: "AlertPage",
        about: "A page of alerts, the newest first.",
        fields: &[must("items", List(&Is("Alert")), "The alerts."), NEXT],
    },
    Shape {
        name: "AlertShown",
        about: "An alert with its entries.",
        fields: &[
            must("alert", Is("Alert"), "The alert."),
            must("places", List(&Is("AlertStretch")), "Where its entries are; the first hundred, all of them count."),
            must(
                "note",
                Maybe(&Text),
                "What whoever closed it wrote, where this node's log has it and it is not erased.",
            ),
        ],
    },
    Shape {
        name: "AlertStretch",
        about: "Where entries of an alert are.",
        fields: &[
            must("log", Text, "The log's name in its checkpoints."),
            must("first", Count, "The first."),
            must("last", Count, "The last."),
            must("entries", Count, "How many of those in between."),
        ],
    },
    Shape {
        name: "CloseAlert",
        about: "What an alert was.",
        fields: &[
            must("finding", Word(FINDING), "What it was."),
            must("note", Text, "How that is known: a personal value of the audit log."),
        ],
    },
    Shape {
        name: "AlertCounts",
        about: "Alerts that are not closed.",
        fields: &[
            must("note", Count, "Open notes."),
            must("warning", Count, "Open warnings."),
            must("urgent", Count, "Open urgent ones."),
            must("acknowledged", Count, "Those that somebody looks into."),
        ],
    },
    Shape {
        name: "AuditStatus",
        about: "How the audit log stands.",
        fields: &[
            must("logs", List(&Is("LogLag")), "Each log, and how far the index is behind it."),
            must("alarms", List(&Word(ALARM)), "What the node that answers has noticed."),
            must("exposed", Flag, "Whether restricted data are refused because the log waits for its witnesses."),
            must("alerts", Is("AlertCounts"), "Alerts that are not closed."),
            must("last_review", Maybe(&Is("ReviewSignOff")), "The last review; null where there was none."),
            must("review_due_at", Time, "When the next one is due."),
            must("review_overdue", Flag, "Whether that has passed."),
        ],
    },
    Shape {
        name: "ReviewSignOff",
        about: "A review of the audit log that was signed.",
        fields: &[
            must("id", Uuid, "Its id."),
            must("signed_by", Text, "Who signed it."),
            must("signed_at", Time, "When."),
            must("op", Uuid, "The operation in the audit log."),
            must("ranges", List(&Is("ReviewRange")), "What it covers."),
        ],
    },
    Shape {
        name: "ReviewRange",
        about: "The entries of one log that a review covers.",
        fields: &[
            must("log", Text, "The log's name in its checkpoints."),
            must("first", Count, "The first."),
            must("size", Count, "All before this place."),
            must("head", Text, "The root over so many entries; of another node's log, the leaf hash of the last."),
        ],
    },
    Shape {
        name: "Review",
        about: "What has happened since the last review of the audit log.",
        fields: &[
            must("last", Maybe(&Is("ReviewSignOff")), "The last review; null where there was none."),
            must("due_at", Time, "When this one is due."),
            must("overdue", Flag, "Whether that has passed."),
            must("ranges", List(&Is("ReviewRange")), "Which entries there are to review."),
            must("counts", List(&Is("ReviewCount")), "How many acts ended, by kind and outcome."),
            must("refused", Count, "Decisions that said no, or not yet."),
            must("privileged", Count, "Acts that change what the site is or what others may do."),
            must("exports", Count, "Exports and reports."),
            must("alerts_raised", Count, "Alerts that were raised since."),
            must("alerts_closed", Count, "Alerts that were closed since."),
            must("alerts", Is("AlertCounts"), "Alerts that are not closed."),
            must("logs", List(&Is("LogLag")), "Each log, and how far the index is behind it."),
            must("alarms", List(&Word(ALARM)), "What the node that answers has noticed."),
            must("exposed", Flag, "Whether restricted data are refused because the log waits for its witnesses."),
        ],
    },
    Shape {
        name: "ReviewCount",
        about: "So many acts of one kind that ended alike.",
        fields: &[
            must("kind", Text, "What kind of event."),
            must("outcome", Maybe(&Text), "How it ended; null of facts."),
            must("entries", Count, "How many."),
        ],
    },
    Shape {
        name: "SignOffReview",
        about: "A review of the audit log to sign.",
        fields: &[
            must("note", Text, "What was looked at, and what was found: a personal value of the audit log."),
            may(
                "reviewed",
                List(&Is("ReviewedLog")),
                "Up to where each log was reviewed, as it was shown; as the logs stand now where absent.",
            ),
        ],
    },
    Shape {
        name: "ReviewedLog",
        about: "Up to where a log was reviewed.",
        fields: &[
            must("log", Text, "The log's name in its checkpoints."),
            must("size", Count, "All before this place."),
            may("head", Text, "The head that was shown for it; needed of another node's log that has grown since."),
        ],
    },
];
