//! Assurance: the log's own life, and everybody who reads, exports or checks it.
//!
//! Part of the closed catalogue in `catalogue.rs`; names are stable once released.

use super::catalogue::kinds;

kinds! {
    /// The log, its readers and its checks.
    Assurance {
        LogRecover = "log.recover", "The log was opened after a crash: unacknowledged bytes were cut off.";
        LogResume = "log.resume", "The log could not be written for a while and can again.";
        AuditRead = "audit.read", "Entries of the log are shown to a person.";
        AuditExport = "audit.export", "Entries of the log are exported.";
        AuditReindex = "audit.reindex", "The search index of the log is emptied and built again.";
        AuditVerify = "audit.verify", "The log is verified by a person or on schedule.";
        EraseRequest = "audit.erase-request", "An erasure of the personal values of a person or collection is asked for.";
        EraseApprove = "audit.erase-approve", "A second person agrees to an erasure.";
        EraseWithdraw = "audit.erase-withdraw", "An erasure that nobody has approved is taken back or refused.";
        EraseList = "audit.erase-list", "Erasures are shown to a person.";
        LogKeyPin = "log-key.pin", "The key of a peer's log is pinned, or another key for a known log is refused.";
        LogKeyRotate = "log-key.rotate", "The key that signs the heads of this log is replaced: the old one names the new one and the size from which on it signs.";
        CheckpointCosign = "checkpoint.cosign", "Enough witnesses have cosigned a head of this log: head and cosignatures are in the detail.";
        CheckpointTimestamp = "checkpoint.timestamp", "A time-stamping authority (RFC 3161) dates a head of this log, or does not: head and time, or the reason, are in the entry.";
        WitnessExposed = "witness.exposed", "More of this log waits for its witnesses than may, or that is over.";
        WitnessFork = "witness.fork", "A log showed this site two heads that cannot both be true: the evidence is kept.";
        Erase = "audit.erase", "The personal values of a person or collection are erased: their keys are destroyed.";
        HoldPlace = "audit.hold-place", "A legal hold is placed: nothing of that person or collection is erased.";
        HoldRelease = "audit.hold-release", "The release of a legal hold is asked for, or agreed to by a second person.";
        HoldList = "audit.hold-list", "Legal holds are shown to a person.";
        AlertRaise = "alert.raise", "A rule that watches the log, or the site itself, raises an alert: rule, entries and count are in the detail.";
        AlertClear = "alert.clear", "What the site raised an alert about is over.";
        AlertList = "alert.list", "Alerts, or how the log stands, are shown to a person.";
        AlertAcknowledge = "alert.acknowledge", "A person looks into an alert.";
        AlertSignOff = "alert.sign-off", "A person closes an alert: the finding is in the detail, their note is personal.";
        AlertRuleList = "alert-rule.list", "Rules that watch the log are shown to a person.";
        AlertRuleCreate = "alert-rule.create", "A rule that watches the log is saved.";
        AlertRuleChange = "alert-rule.change", "A rule that watches the log is changed, paused or resumed: the old and the new values stand side by side.";
        AlertRuleRemove = "alert-rule.remove", "A rule that watches the log is removed.";
        ReviewShow = "review.show", "What happened since the last review of the log is shown to a person.";
        ReviewSignOff = "review.sign-off", "A person signs that they reviewed the log: which entries, up to which head, is in the detail.";
        PolicyPublish = "policy.publish", "A new snapshot of the access rules comes into force.";
        PolicyAsk = "policy.ask", "What the rules say, or said, is told to a person: of themselves, of others, of a place, of a past decision.";
        ReportRun = "report.run", "A report for compliance is made.";
        CheckRun = "check.run", "A check of a control runs; its evidence is in the detail.";
    }
}
