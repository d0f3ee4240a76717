//! The objects of collections and of what is in them, field by field.

use super::{CLASS, NEXT};
use crate::openapi::shape::Kind::{Count, Digest, Flag, Is, List, Maybe, Path, Text, Time, Uuid, Word};
use crate::openapi::shape::{Shape, may, must};

pub(super) const SHAPES: &[Shape] = &[
    Shape {
        name: "Collection",
        about: "A collection, here or at a peer, and what the asking person may do at its root.",
        fields: &[
            must("id", Uuid, "Its id."),
            must("name", Text, "Its short name at its site."),
            must("reference", Text, "`name` here, `site/name` at a peer; in addresses `site~name`."),
            must("title", Text, "Its name for people."),
            must("description", Text, "What is in it."),
            must("class", Word(CLASS), "The class of its data."),
            must("mode", Word(&["transport"]), "What end-to-end means for it."),
            must("read_only", Flag, "Nobody can change it through Sealane."),
            must("site", Text, "The short name of its site."),
            must("site_title", Text, "The name for people of its site."),
            must("remote", Flag, "Whether it is at a peer."),
            must("may", Is("May"), "What the asking person may do at its root."),
        ],
    },
    Shape {
        name: "May",
        about: "What a person may do, as policy says at this moment.",
        fields: &[
            must("list", Flag, "See names, sizes and times."),
            must("read", Flag, "Read content."),
            must("write", Flag, "Write, make directories, rename."),
            must("delete", Flag, "Remove."),
            must("share", Flag, "See and manage access rules."),
            must("step_up", Flag, "Some of this would be allowed after a fresh sign-in."),
        ],
    },
    Shape {
        name: "CollectionPage",
        about: "A page of collections.",
        fields: &[must("items", List(&Is("Collection")), "The collections."), NEXT],
    },
    Shape {
        name: "Entry",
        about: "One name in a directory.",
        fields: &[
            must("name", Text, "The last component of its path; `/` for the collection's root."),
            must("path", Path, "Where it is, from the collection's root, in the reversible escaped form."),
            must("kind", Word(&["file", "directory", "symlink", "special"]), "What it is."),
            must("size", Count, "Length in bytes; 0 for what is not a file."),
            must("modified", Time, "Last change of content, to the nanosecond."),
            must("mode", Count, "Permission bits as the storage keeps them."),
        ],
    },
    Shape {
        name: "Listing",
        about: "One page of a directory, names in the order of their bytes.",
        fields: &[
            must("path", Path, "The directory."),
            must("items", List(&Is("Entry")), "Its entries."),
            must("next", Maybe(&Text), "Hand this back as `after` to get the next page; null on the last one."),
        ],
    },
    Shape {
        name: "MakeDirectory",
        about: "A directory to make. Its parent must exist.",
        fields: &[must("path", Path, "Where.")],
    },
    Shape {
        name: "Made",
        about: "The answer to making a directory.",
        fields: &[
            must("path", Path, "The directory."),
            must("made", Flag, "Whether it was made now; false if it was there before."),
        ],
    },
    Shape {
        name: "Rename",
        about: "A new name for an entry, in the same collection.",
        fields: &[must("from", Path, "What it is called now."), must("to", Path, "What it is to be called.")],
    },
    Shape {
        name: "Renamed",
        about: "The answer to renaming.",
        fields: &[must("from", Path, "What it was called."), must("to", Path, "What it is called now.")],
    },
    Shape {
        name: "Removed",
        about: "The answer to removing.",
        fields: &[must("entries", Count, "How many entries are gone.")],
    },
    Shape {
        name: "NewUpload",
        about: "A file that is going to be sent.",
        fields: &[
            must("path", Path, "What it is to be called."),
            must("size", Count, "Length in bytes."),
            may("modified", Maybe(&Time), "Its time of last change; the time of the commit where absent."),
            may(
                "digest",
                Maybe(&Digest),
                "Its SHA-256 tree digest over records of 1 MiB, checked before it gets its name.",
            ),
        ],
    },
    Shape {
        name: "Upload",
        about: "An upload under way.",
        fields: &[
            must("id", Uuid, "Its id."),
            must("path", Path, "What it is going to be called."),
            must("size", Count, "Length in bytes."),
            must("received", Count, "Bytes that are durable here: send the next from this offset."),
            must("digest", Maybe(&Digest), "The digest that it must have."),
            must("expires_at", Time, "When it is given up if nothing comes."),
        ],
    },
    Shape {
        name: "Stored",
        about: "A file that an upload has become.",
        fields: &[
            must("path", Path, "Its name now."),
            must("size", Count, "Length in bytes."),
            must("modified", Time, "Its time of last change."),
            must(
                "digest",
                Maybe(&Digest),
                "The SHA-256 tree digest of what was stored; null where an earlier, interrupted commit stored it.",
            ),
        ],
    },
];
