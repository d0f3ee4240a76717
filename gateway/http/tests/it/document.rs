//! The committed document and the handlers say the same.

use std::collections::BTreeSet;
use std::path::Path;

use sealane_http::{Access, openapi_document, routes};
use serde_json::Value;

fn document() -> Value {
    serde_json::from_str(openapi_document()).unwrap()
}

#[test]
fn the_committed_openapi_document_is_the_one_that_the_handlers_make() {
    let file = Path::new(env!("CARGO_MANIFEST_DIR")).join("../../docs/api/openapi.json");
    let committed = std::fs::read_to_string(&file).unwrap_or_default();
    if committed != openapi_document() {
        let fresh = file.with_extension("json.new");
        std::fs::create_dir_all(file.parent().unwrap()).unwrap();
        std::fs::write(&fresh, openapi_document()).unwrap();
        panic!("docs/api/openapi.json is not up to date: compare it with {}, then replace it", fresh.display());
    }
}

#[test]
fn the_document_is_openapi_3_1_and_every_reference_in_it_leads_somewhere() {
    let document = document();
    assert!(document["openapi"].as_str().unwrap().starts_with("3.1"));
    let mut references = BTreeSet::new();
    collect(&document, &mut references);
    for reference in references.iter().filter(|reference| reference.starts_with("#/")) {
        let pointer = reference.trim_start_matches('#');
        assert!(document.pointer(pointer).is_some(), "{reference}");
    }
    assert!(references.len() > 20);
}

fn collect(value: &Value, references: &mut BTreeSet<String>) {
    match value {
        Value::Object(object) => {
            if let Some(Value::String(reference)) = object.get("$ref") {
                references.insert(reference.clone());
            }
            object.values().for_each(|inner| collect(inner, references));
        }
        Value::Array(array) => array.iter().for_each(|inner| collect(inner, references)),
        _ => {}
    }
}

#[test]
fn every_operation_says_who_may_call_it_and_how_it_fails() {
    let document = document();
    for route in routes().into_iter().filter(|route| route.path.starts_with("/api/")) {
        let operation = &document["paths"][&route.path][route.method.as_str().to_lowercase()];
        let name = format!("{} {}", route.method, route.path);
        assert!(operation["operationId"].is_string(), "{name}");
        assert!(operation["summary"].is_string(), "{name}");
        let failure = "/responses/default/content/application~1problem+json/schema/$ref";
        assert_eq!(operation.pointer(failure).unwrap(), "#/components/schemas/Problem", "{name}");
        let open = operation["security"] == serde_json::json!([{}]);
        assert_eq!(open, route.access == Access::Public, "{name}");
    }
}

#[test]
fn every_post_of_a_caller_takes_an_idempotency_key() {
    let document = document();
    let posts = routes().into_iter().filter(|route| route.path.starts_with("/api/") && route.method == "POST");
    for route in posts.filter(|route| route.access == Access::Caller && route.path != "/api/v1/logout") {
        let parameters = document["paths"][&route.path]["post"]["parameters"].as_array().unwrap().clone();
        assert!(parameters.iter().any(|parameter| parameter["name"] == "Idempotency-Key"), "{}", route.path);
    }
}

#[test]
fn operation_ids_are_unique() {
    let document = document();
    let paths = document["paths"].as_object().unwrap().values();
    let operations = paths.flat_map(|item| item.as_object().unwrap().values());
    let ids: Vec<_> = operations.filter_map(|operation| operation["operationId"].as_str()).collect();
    let unique: BTreeSet<_> = ids.iter().collect();
    assert_eq!(unique.len(), ids.len());
}
