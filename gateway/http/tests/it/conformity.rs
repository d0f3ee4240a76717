//! Every JSON answer of every test is held against the OpenAPI document: what is answered and what is documented agree.

use std::sync::LazyLock;

use http::Method;
use sealane_http::{openapi_document, routes};
use serde_json::Value;

use crate::harness::Answer;

static DOCUMENT: LazyLock<Value> = LazyLock::new(|| serde_json::from_str(openapi_document()).unwrap());

/// Check an answer of the API against the schema that its operation documents for it.
pub(crate) fn check(method: &Method, path: &str, answer: &Answer) {
    let kind = answer.header("content-type");
    let Some(operation) = operation(method, path).filter(|_| kind.contains("json")) else { return };
    let status = answer.status.as_u16().to_string();
    let responses = &operation["responses"];
    let response = if responses[&status].is_null() || kind.contains("problem") {
        &responses["default"]
    } else {
        &responses[&status]
    };
    let schema = &response["content"][kind]["schema"];
    assert!(schema.is_object(), "{method} {path}: {status} with {kind} is not documented");
    if schema["$ref"].as_str().is_some_and(|reference| reference.starts_with('#')) {
        let value = answer.json();
        fits(&value, schema).unwrap_or_else(|error| panic!("{method} {path}: {error} in {value}"));
    }
}

fn operation(method: &Method, path: &str) -> Option<&'static Value> {
    let route = routes().into_iter().filter(|route| route.path.starts_with("/api/")).find(|route| {
        let (pattern, given): (Vec<_>, Vec<_>) = (route.path.split('/').collect(), path.split('/').collect());
        let alike = pattern.iter().zip(&given).all(|(wanted, found)| wanted.starts_with('{') || wanted == found);
        route.method == *method && pattern.len() == given.len() && alike
    })?;
    Some(&DOCUMENT["paths"][&route.path][method.as_str().to_lowercase()])
}

/// Holds a value against one of the document's schemas.
pub(crate) fn check_shape(name: &str, value: &Value) {
    let schema = serde_json::json!({ "$ref": format!("#/components/schemas/{name}") });
    fits(value, &schema).unwrap_or_else(|error| panic!("{name}: {error} in {value}"));
}

/// Whether a value is what a schema says: the parts of JSON Schema that the document uses.
fn fits(value: &Value, schema: &Value) -> Result<(), String> {
    if let Some(reference) = schema["$ref"].as_str() {
        return fits(value, DOCUMENT.pointer(reference.trim_start_matches('#')).unwrap());
    }
    if let Some(choices) = schema["oneOf"].as_array() {
        let errors: Vec<_> = choices.iter().filter_map(|choice| fits(value, choice).err()).collect();
        return if errors.len() < choices.len() { Ok(()) } else { Err(errors.join(" and ")) };
    }
    if let Some(words) = schema["enum"].as_array() {
        return if words.contains(value) { Ok(()) } else { Err(format!("{value} is none of {words:?}")) };
    }
    match schema["type"].as_str().unwrap_or_default() {
        "null" if value.is_null() => Ok(()),
        "string" if value.is_string() => Ok(()),
        "boolean" if value.is_boolean() => Ok(()),
        "integer" if value.is_u64() => Ok(()),
        "array" if value.is_array() => {
            value.as_array().unwrap().iter().try_for_each(|each| fits(each, &schema["items"]))
        }
        "object" if schema["additionalProperties"] == true => Ok(()),
        "object" if value.is_object() => fields_fit(value, schema),
        kind => Err(format!("{value} is not of type {kind}")),
    }
}

fn fields_fit(value: &Value, schema: &Value) -> Result<(), String> {
    for name in schema["required"].as_array().into_iter().flatten().filter_map(Value::as_str) {
        if value.get(name).is_none() {
            return Err(format!("{name} is missing"));
        }
    }
    for (name, inner) in value.as_object().unwrap() {
        let field = &schema["properties"][name];
        if field.is_null() {
            return Err(format!("{name} is not documented"));
        }
        fits(inner, field).map_err(|error| format!("{name}: {error}"))?;
    }
    Ok(())
}

#[test]
fn the_check_itself_notices_what_does_not_fit() {
    let schema = serde_json::json!({"$ref": "#/components/schemas/Removed"});
    assert!(fits(&serde_json::json!({"entries": 3}), &schema).is_ok());
    for wrong in
        [serde_json::json!({}), serde_json::json!({"entries": -1}), serde_json::json!({"entries": 1, "more": 2})]
    {
        assert!(fits(&wrong, &schema).is_err(), "{wrong}");
    }
}
