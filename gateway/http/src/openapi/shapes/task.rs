//! The objects of tasks, field by field.

use super::NEXT;
use crate::openapi::shape::Kind::{Count, Digest, Flag, Is, List, Maybe, Path, Text, Time, Uuid, Word};
use crate::openapi::shape::{Shape, may, must};

pub(super) const SHAPES: &[Shape] = &[
    Shape {
        name: "NewItem",
        about: "One thing to move.",
        fields: &[
            must("source", Path, "Where it is in the source collection."),
            must("destination", Path, "What it is to be called in the destination collection."),
            may("recursive", Flag, "Whether it is a directory with all that is in it."),
        ],
    },
    Shape {
        name: "NewTask",
        about: "What to move, from where to where.",
        fields: &[
            may("label", Maybe(&Text), "What its owner calls it."),
            must("source", Text, "The source collection: `name`, its id, or `site/name`."),
            must("destination", Text, "The destination collection: `name`, its id, or `site/name`."),
            must("items", List(&Is("NewItem")), "What moves."),
            may("purpose", Maybe(&Text), "Why, where a rule asks for it."),
            may("lanes", Maybe(&Count), "Parallel lanes; the site's default where absent."),
            may("submission_id", Maybe(&Uuid), "An id that the caller chose: the same one again starts nothing new."),
        ],
    },
    Shape {
        name: "Place",
        about: "One end of a task.",
        fields: &[
            must("site", Text, "The site's short name, or its id where it is no longer a peer."),
            must("here", Flag, "Whether it is this site."),
            must("collection", Text, "The collection's id."),
            must("name", Maybe(&Text), "The collection's name, where this site knows it."),
        ],
    },
    Shape {
        name: "Progress",
        about: "How far a task is.",
        fields: &[
            must("files_total", Count, "Files found so far; final once `expanded`."),
            must("bytes_total", Count, "Bytes found so far; final once `expanded`."),
            must("expanded", Flag, "Whether the source has been listed to its end."),
            must("files_done", Count, "Files verified, durable and under their final names."),
            must("bytes_done", Count, "Bytes verified and durable."),
            must("bytes_moved", Count, "Bytes that crossed the lanes, those sent twice included."),
            must("skipped", Count, "Symbolic links and special files that were left out."),
            must("directories", Count, "Directories made."),
            must("lanes", Count, "Lanes open now."),
        ],
    },
    Shape {
        name: "Task",
        about: "A transfer, as one of its sites keeps it.",
        fields: &[
            must("id", Uuid, "Its id, the same at both sites."),
            must("label", Maybe(&Text), "What its owner calls it."),
            must("role", Word(&["source", "destination", "both"]), "Which end this site is."),
            must("source", Is("Place"), "Where the data are."),
            must("destination", Is("Place"), "Where they go."),
            must("items", List(&Is("NewItem")), "What moves."),
            must("purpose", Maybe(&Text), "Why, as its owner declared it."),
            must("lanes", Count, "Parallel lanes asked for."),
            must("state", Word(&["ACTIVE", "INACTIVE", "SUCCEEDED", "FAILED"]), "Where it stands."),
            may("reason", Word(&["step-up", "peer-unreachable", "storage-full"]), "INACTIVE: what it waits for."),
            may("at", Time, "SUCCEEDED or FAILED: when."),
            may("code", Text, "FAILED: a stable word for the cause."),
            may("message", Text, "FAILED: what happened, why, and what to do next."),
            must("progress", Is("Progress"), "How far it is."),
            must("nice_status", Text, "What it is doing now, in a few words."),
            must("manifest", Maybe(&Digest), "The digest over every file, once it succeeded: the same at both sites."),
            must("cipher", Maybe(&Text), "The cipher suite that its lanes used."),
            must("submitted_at", Time, "When it was submitted."),
            must("completed_at", Maybe(&Time), "When it ended."),
        ],
    },
    Shape {
        name: "TaskPage",
        about: "A page of tasks, the latest first.",
        fields: &[must("items", List(&Is("Task")), "The tasks."), NEXT],
    },
    Shape {
        name: "TaskEvent",
        about: "Something that happened to a task.",
        fields: &[
            must("sequence", Count, "Its number within the task, from 1, without gaps."),
            must("at", Time, "When."),
            must("code", Text, "A stable word, such as `submitted`, `lane-lost`, `succeeded`."),
            must("message", Text, "What happened, for people."),
            must("is_error", Flag, "Whether it is a fault."),
        ],
    },
    Shape {
        name: "TaskEventPage",
        about: "A page of a task's events, the oldest first.",
        fields: &[must("items", List(&Is("TaskEvent")), "The events."), NEXT],
    },
];
