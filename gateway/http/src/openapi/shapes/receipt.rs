//! The objects of what sites recorded of a task, and of the receipt that both hold, field by field.

use crate::openapi::shape::Kind::{Count, Digest, Is, List, Maybe, Text, Time, Word};
use crate::openapi::shape::{Shape, must};

pub(super) const SHAPES: &[Shape] = &[
    Shape {
        name: "TaskRecord",
        about: "What this site's audit log says of a task.",
        fields: &[
            must("task", Is("Task"), "The task."),
            must("entries", List(&Is("AuditEntry")), "Audit entries that name it, in the order of the log."),
            must("checkpoint", Is("Checkpoint"), "The signed head of the log under which they stand."),
            must("exchange", Maybe(&Is("Exchange")), "The exchange with the other site; null within a site."),
        ],
    },
    Shape {
        name: "Exchange",
        about: "How far the exchange of a transfer's receipt is.",
        fields: &[
            must("state", Word(&["owed", "held", "refused"]), "Owed by the other site, held by both, or refused."),
            must("peer", Text, "The other site."),
            must("cause", Maybe(&Text), "A stable word for what is in the way."),
            must("since", Time, "Since when it is so."),
            must("source", Maybe(&Is("SitePart")), "The part of the site that released the data."),
            must("destination", Maybe(&Is("SitePart")), "The part of the site that took it in."),
        ],
    },
    Shape {
        name: "SitePart",
        about: "Where a site recorded the end of a transfer.",
        fields: &[
            must("site", Text, "The site."),
            must("log", Text, "Its log."),
            must("place", Count, "The entry's place in it."),
            must("at", Time, "When the entry says that it was."),
            must("size", Count, "Entries under the head that proves it."),
            must("root", Digest, "Root over them."),
            must("cosigned_by", List(&Is("Cosignature")), "Witnesses known here whose cosignature verifies."),
            must("unknown_cosignatures", Count, "Signature lines by others, which this site cannot check."),
        ],
    },
    Shape {
        name: "Cosignature",
        about: "A witness that cosigned a head.",
        fields: &[must("name", Text, "The name of its key."), must("at", Time, "When, by its clock.")],
    },
    Shape {
        name: "Receipt",
        about: "The receipt of a transfer between two sites, the same at both: `sealane-verify receipt` checks it offline.",
        fields: &[
            must("format", Word(&["sealane-receipt/1"]), "The form of the document."),
            must("source", Is("SiteRecord"), "The site that released the data."),
            must("destination", Is("SiteRecord"), "The site that took it in."),
        ],
    },
    Shape {
        name: "SiteRecord",
        about: "What a site recorded of a transfer's end, and the proof.",
        fields: &[
            must("key", Text, "The log's name and key, as C2SP signed notes write it."),
            must("entry", Text, "The exact bytes of the `transfer.finish` entry."),
            must("proof", Text, "That it is in the log: a C2SP `tlog-proof` with the signed, perhaps cosigned, head."),
        ],
    },
    Shape {
        name: "AuditEntry",
        about: "One entry of this site's audit log.",
        fields: &[
            must("index", Count, "Its index in the log."),
            must("at", Time, "When."),
            must("kind", Text, "What kind of event, such as `content.read`."),
            must("phase", Word(&["intent", "outcome", "info"]), "Before the act, after it, or on its own."),
            must("op", Text, "The operation that binds intent and outcome."),
            must("outcome", Maybe(&Text), "How it ended, for an outcome."),
            must("code", Maybe(&Text), "A stable word for the outcome."),
            must("decision", Maybe(&Text), "The decision that allowed or refused it."),
            must("peer", Maybe(&Text), "The peer that took part."),
            must("transport", Maybe(&Text), "The cipher suite that was actually used."),
            must("bytes", Maybe(&Count), "Bytes that moved."),
            must("files", Maybe(&Count), "Files that moved."),
            must("leaf", Text, "The leaf's hash in the log's tree."),
        ],
    },
    Shape {
        name: "Checkpoint",
        about: "The signed head of the log.",
        fields: &[
            must("size", Count, "Entries that it covers."),
            must("root", Text, "The tree's root, hexadecimal."),
            must("note", Text, "The signed note, as verifiers read it."),
        ],
    },
];
