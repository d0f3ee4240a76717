//! docs/reference/events.md is the catalogue; the diff is the review.

use std::path::Path;

use sealane_audit::Kind;

#[test]
fn the_reference_is_the_catalogue() {
    let mut text = "# Audit events\n\nThe closed catalogue of what is recorded, made from `audit/src/event/`; a test compares it.\n\n\
                    | event | what it records |\n|---|---|\n"
        .to_owned();
    for kind in Kind::ALL {
        text.push_str(&format!("| `{}` | {} |\n", kind.name(), kind.describes()));
    }
    let path = Path::new(env!("CARGO_MANIFEST_DIR")).join("../docs/reference/events.md");
    let committed = std::fs::read_to_string(&path).unwrap_or_default();
    if committed != text {
        let fresh = path.with_extension("md.new");
        std::fs::write(&fresh, &text).unwrap();
        panic!(
            "docs/reference/events.md is not the catalogue: compare it with {} and move that over it",
            fresh.display()
        );
    }
}
