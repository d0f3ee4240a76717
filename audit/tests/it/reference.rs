//! The generated pages of docs/reference; the diff is the review.

use std::path::Path;

use sealane_audit::Kind;
use sealane_audit::event::CATALOGUE_VERSION;
use sealane_audit::event::facts::REVIEWED;
use sealane_audit::export::mapping::{self, Code, Fhir, Side};

#[test]
fn the_reference_is_the_catalogue() {
    let mut text = format!(
        "# Audit events\n\nThe closed catalogue of what is recorded, version {CATALOGUE_VERSION} (the member `cat` of every entry), reviewed as a \
         whole on {REVIEWED}. Made from `audit/src/event/`; a test compares it.\n\n\
         Every entry says what kind of event it is, when (`at`, UTC with nanoseconds; `mono`, a counter that only goes \
         forward; `clock`, the kernel's word on the clock), where (the log is one node's), and its place in the log (`index`, \
         `prev`). *Says* lists what entries of a kind say beside that; an intent has no outcome yet, and what does not apply \
         is left out: the operator of a site has no network address. Values that change stand in `change`, those that name \
         people in `private` as `<name>.old` and `<name>.new`.\n\n\
         | event | what it records | caused by | phases | says | why | reviewed |\n|---|---|---|---|---|---|---|\n"
    );
    for kind in Kind::ALL {
        let facts = kind.facts();
        let says: Vec<String> = facts.fields().map(|field| format!("`{field}`")).collect();
        text.push_str(&format!(
            "| `{}` | {} | {} | {} | {} | {} | {REVIEWED} |\n",
            kind.name(),
            kind.describes(),
            facts.by.word(),
            facts.phases.word(),
            says.join(" "),
            facts.why
        ));
    }
    compare("events.md", "the catalogue", &text);
}

#[test]
fn the_reference_of_exports_is_the_mapping() {
    let mut text = format!(
        "# Events in other people's vocabularies\n\nWhat each event becomes in an [export](../operate/exports.md), made from \
         `audit/src/export/mapping.rs`; a test compares it. OCSF is version {}. BALP's patterns stand by their name; they are \
         claimed for successful acts only, a disclosure only with the other site and the person whom the data is about.\n\n\
         | event | OCSF class | OCSF activity | FHIR AuditEvent | type | subtype | action |\n|---|---|---|---|---|---|---|\n",
        mapping::OCSF_VERSION
    );
    for kind in Kind::ALL {
        let of = mapping::of(*kind);
        let (class, activity) = (of.ocsf.class, of.ocsf);
        let fhir = fhir(of.fhir).join(" | ");
        text.push_str(&format!(
            "| `{kind}` | {} {} | {} {} | {fhir} |\n",
            class.uid(),
            class.name(),
            activity.id,
            activity.name
        ));
    }
    compare("export-mapping.md", "the mapping", &text);
}

/// Pattern, type, subtype and action.
fn fhir(fhir: Fhir) -> [String; 4] {
    let code = |code: Code| format!("{} {}", code.code, code.display);
    let rest = |name: &str, interaction: &str, also: Option<Code>, action: char| {
        let also = also.map(|also| format!(", {}", code(also))).unwrap_or_default();
        [format!("BALP {name}"), "rest".to_owned(), format!("{interaction}{also}"), action.to_string()]
    };
    let disclosure = |name: &str, kind: &str, action: &str| {
        [format!("BALP PrivacyDisclosure.{name}"), kind.to_owned(), "disclose".to_owned(), action.to_owned()]
    };
    match fhir {
        Fhir::Read => rest("Read", "read", None, 'R'),
        Fhir::Query => rest("Query", "search", None, 'E'),
        Fhir::Create(also) => rest("Create", "create", also, 'C'),
        Fhir::Update(also) => rest("Update", "update", also, 'U'),
        Fhir::Delete(also) => rest("Delete", "delete", also, 'D'),
        Fhir::Disclosure(Side::Source) => disclosure("Source", "110106 Export", "R"),
        Fhir::Disclosure(Side::Recipient) => disclosure("Recipient", "110107 Import", "C"),
        Fhir::Disclosure(Side::AsRecorded) => {
            disclosure("Source or .Recipient, by the role", "110106 Export or 110107 Import", "R or C")
        }
        Fhir::Plain(kind, subtype, action) => {
            ["base".to_owned(), code(kind), subtype.map(code).unwrap_or_default(), action.to_string()]
        }
    }
}

fn compare(page: &str, source: &str, text: &str) {
    let path = Path::new(env!("CARGO_MANIFEST_DIR")).join("../docs/reference").join(page);
    let committed = std::fs::read_to_string(&path).unwrap_or_default();
    if committed != text {
        let fresh = path.with_extension("md.new");
        std::fs::write(&fresh, text).unwrap();
        panic!("docs/reference/{page} is not {source}: compare it with {} and move that over it", fresh.display());
    }
}
