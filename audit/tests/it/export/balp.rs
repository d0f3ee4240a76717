//! IHE Basic Audit Log Patterns 1.1.4 and the bindings of FHIR R4's AuditEvent, read as rules that an event keeps or breaks.
//!
//! `fhir.resources` checks structure; it takes the action `Z`. Here stand the required bindings, the two invariants of
//! R4's AuditEvent (sev-1) and of BALP (val-audit-source), and for each profile its codes, slices and cardinalities, as
//! the StructureDefinitions at profiles.ihe.net/ITI/BALP have them. Every rule has a mutant that breaks it.

use serde_json::Value;

const PROFILES: &str = "https://profiles.ihe.net/ITI/BALP/StructureDefinition/IHE.BasicAudit.";
const DICOM: &str = "http://dicom.nema.org/resources/ontology/DCM";
const INTERACTION: &str = "http://hl7.org/fhir/restful-interaction";
const LIFE_CYCLE: &str = "http://terminology.hl7.org/CodeSystem/iso-21089-lifecycle";
const PARTICIPATION: &str = "http://terminology.hl7.org/CodeSystem/v3-ParticipationType";
const ENTITY_TYPE: &str = "http://terminology.hl7.org/CodeSystem/audit-entity-type";
const OBJECT_ROLE: &str = "http://terminology.hl7.org/CodeSystem/object-role";

/// The profile that the event claims, without the common part of its URL.
pub(super) fn profile(event: &Value) -> Option<&str> {
    event["meta"]["profile"][0].as_str()?.strip_prefix(PROFILES)
}

/// Entities that are patients.
pub(super) fn patients(event: &Value) -> Vec<&Value> {
    entities(event, "1")
}

/// Names of the rules that the event breaks.
pub(super) fn broken_rules(event: &Value) -> Vec<&'static str> {
    RULES.iter().filter(|rule| (rule.applies)(event) && !(rule.holds)(event)).map(|rule| rule.name).collect()
}

struct Rule {
    name: &'static str,
    applies: fn(&Value) -> bool,
    holds: fn(&Value) -> bool,
    /// Makes an event that keeps the rule break it.
    mutant: fn(&mut Value),
}

fn list(value: &Value) -> &[Value] {
    value.as_array().map_or(&[], Vec::as_slice)
}

fn is(coding: &Value, system: &str, code: &str) -> bool {
    coding["system"] == system && coding["code"] == code
}

fn agents<'a>(event: &'a Value, system: &str, code: &str) -> Vec<&'a Value> {
    let of = |agent: &&Value| list(&agent["type"]["coding"]).iter().any(|coding| is(coding, system, code));
    list(&event["agent"]).iter().filter(of).collect()
}

fn entities<'a>(event: &'a Value, code: &str) -> Vec<&'a Value> {
    list(&event["entity"]).iter().filter(|entity| is(&entity["type"], ENTITY_TYPE, code)).collect()
}

fn subtypes(event: &Value, system: &str, codes: &[&str]) -> usize {
    list(&event["subtype"]).iter().filter(|subtype| codes.iter().any(|code| is(subtype, system, code))).count()
}

/// The one of these, if there is exactly one.
fn only<'a>(found: &[&'a Value]) -> Option<&'a Value> {
    if let [one] = found { Some(*one) } else { None }
}

const ALWAYS: fn(&Value) -> bool = |_| true;
const PATTERN: fn(&Value) -> bool = |event| pattern(event).is_some();
const OF_PATIENT: fn(&Value) -> bool = |event| profile(event).is_some_and(|it| it.starts_with("P"));
const DISCLOSURE: fn(&Value) -> bool = |event| profile(event).is_some_and(|it| it.starts_with("PrivacyDisclosure."));
const QUERY: fn(&Value) -> bool = |event| pattern(event) == Some("Query");
const DATA: fn(&Value) -> bool = |event| pattern(event).is_some_and(|it| it != "Query");

/// The RESTful pattern, with or without a patient.
fn pattern(event: &Value) -> Option<&str> {
    let profile = profile(event)?;
    let name = profile.strip_prefix("Patient").unwrap_or(profile);
    ["Create", "Delete", "Query", "Read", "Update"].contains(&name).then_some(name)
}

/// Action and the interactions of a RESTful pattern.
fn act(event: &Value) -> (&'static str, &'static [&'static str]) {
    match pattern(event) {
        Some("Create") => ("C", &["create"]),
        Some("Delete") => ("D", &["delete"]),
        Some("Query") => ("E", &["search", "search-type", "search-system"]),
        Some("Read") => ("R", &["read", "vread"]),
        _ => ("U", &["update", "patch"]),
    }
}

fn client(event: &Value) -> Vec<&Value> {
    match pattern(event) {
        Some("Read") => agents(event, DICOM, "110152"),
        Some("Delete") => agents(event, DICOM, "110150"),
        _ => agents(event, DICOM, "110153"),
    }
}

fn server(event: &Value) -> Vec<&Value> {
    match pattern(event) {
        Some("Read") => agents(event, DICOM, "110153"),
        Some("Delete") => {
            agents(event, "http://terminology.hl7.org/CodeSystem/provenance-participant-type", "custodian")
        }
        _ => agents(event, DICOM, "110152"),
    }
}

fn users(event: &Value) -> Vec<&Value> {
    let codes: &[&str] = match pattern(event) {
        Some("Read" | "Query") => &["IRCP"],
        _ => &["AUT", "INF", "CST"],
    };
    codes.iter().flat_map(|code| agents(event, PARTICIPATION, code)).collect()
}

fn has(value: &Value, names: &[&str]) -> bool {
    names.iter().all(|name| !value[name].is_null())
}

/// Whether the agent of the audit source is the one that BALP says (val-audit-source).
fn observer_is(event: &Value, code: &str) -> bool {
    only(&agents(event, DICOM, code)).is_some_and(|agent| agent["who"] == event["source"]["observer"])
}

fn own_end(event: &Value) -> &'static str {
    if profile(event) == Some("PrivacyDisclosure.Source") { "110153" } else { "110152" }
}

fn remove(value: &mut Value, name: &str) {
    value.as_object_mut().expect("object").remove(name);
}

fn push(event: &mut Value, name: &str, at: usize) {
    let twin = event[name][at].clone();
    event[name].as_array_mut().expect("array").push(twin);
}

/// Where the first agent or entity stands that is one of these.
fn position(event: &Value, name: &str, wanted: fn(&Value) -> Vec<&Value>) -> usize {
    let first = wanted(event)[0].clone();
    list(&event[name]).iter().position(|it| *it == first).expect("present")
}

fn every_detail_says_something(event: &Value) -> bool {
    let said =
        |value: &Value| value.as_str().is_some_and(|text| !text.trim().is_empty() && !text.chars().any(is_control));
    let of = |entity: &Value| list(&entity["detail"]).iter().all(|it| said(&it["type"]) && said(&it["valueString"]));
    list(&event["entity"]).iter().all(of)
}

fn is_control(c: char) -> bool {
    c.is_control() && !matches!(c, '\t' | '\r' | '\n')
}

const RULES: &[Rule] = &[
    Rule {
        name: "type is of the value set audit-event-type",
        applies: ALWAYS,
        holds: |event| {
            let code = event["type"]["code"].as_str().unwrap_or_default();
            match event["type"]["system"].as_str() {
                Some(DICOM) => code.parse::<u32>().is_ok_and(|code| (110_100..=110_114).contains(&code)),
                Some(LIFE_CYCLE) => ["transmit", "receive", "verify", "disclose"].contains(&code),
                system => system == Some("http://terminology.hl7.org/CodeSystem/audit-event-type") && code == "rest",
            }
        },
        mutant: |event| event["type"]["code"] = "110199".into(),
    },
    Rule {
        name: "subtypes are of the value set audit-event-sub-type",
        applies: ALWAYS,
        holds: |event| {
            list(&event["subtype"]).iter().all(|subtype| {
                let code = subtype["code"].as_str().unwrap_or_default();
                match subtype["system"].as_str() {
                    Some(DICOM) => code.parse::<u32>().is_ok_and(|code| (110_120..=110_142).contains(&code)),
                    Some(INTERACTION) => ["create", "delete", "read", "search", "update"].contains(&code),
                    system => system == Some(LIFE_CYCLE) && code == "disclose",
                }
            })
        },
        mutant: |event| event["subtype"] = serde_json::json!([{ "system": DICOM, "code": "110100" }]),
    },
    Rule {
        name: "action is bound to C, R, U, D, E",
        applies: ALWAYS,
        holds: |event| event["action"].as_str().is_some_and(|action| ["C", "R", "U", "D", "E"].contains(&action)),
        mutant: |event| event["action"] = "Z".into(),
    },
    Rule {
        name: "outcome is bound to 0, 4, 8, 12",
        applies: ALWAYS,
        holds: |event| {
            event["outcome"].is_null()
                || event["outcome"].as_str().is_some_and(|outcome| ["0", "4", "8", "12"].contains(&outcome))
        },
        mutant: |event| event["outcome"] = "1".into(),
    },
    Rule {
        name: "recorded is an instant in UTC",
        applies: ALWAYS,
        holds: |event| event["recorded"].as_str().is_some_and(|at| at.len() == 30 && at.ends_with('Z')),
        mutant: |event| event["recorded"] = "2026-01-31".into(),
    },
    Rule {
        name: "the source names its observer and its type",
        applies: ALWAYS,
        holds: |event| {
            let kinds = list(&event["source"]["type"]);
            let known = |kind: &Value| {
                kind["system"] == "http://terminology.hl7.org/CodeSystem/security-source-type"
                    && kind["code"].as_str().is_some_and(|code| ("1"..="9").contains(&code) && code.len() == 1)
            };
            has(&event["source"], &["observer"]) && kinds.iter().all(known)
        },
        mutant: |event| remove(&mut event["source"], "observer"),
    },
    Rule {
        name: "there is an agent, and each says whether it is the requestor",
        applies: ALWAYS,
        holds: |event| {
            !list(&event["agent"]).is_empty()
                && list(&event["agent"]).iter().all(|agent| agent["requestor"].is_boolean())
        },
        mutant: |event| remove(&mut event["agent"][0], "requestor"),
    },
    Rule {
        name: "one agent is the requestor",
        applies: ALWAYS,
        holds: |event| list(&event["agent"]).iter().filter(|agent| agent["requestor"] == true).count() == 1,
        mutant: |event| {
            for agent in event["agent"].as_array_mut().expect("agents") {
                agent["requestor"] = false.into();
            }
        },
    },
    Rule {
        name: "network types are bound to 1 to 5",
        applies: ALWAYS,
        holds: |event| {
            list(&event["agent"]).iter().map(|agent| &agent["network"]).filter(|network| !network.is_null()).all(
                |network| {
                    network["type"].as_str().is_some_and(|kind| ["1", "2", "3", "4", "5"].contains(&kind))
                        && network["address"].as_str().is_some_and(|address| !address.is_empty())
                },
            )
        },
        mutant: |event| {
            let agents = event["agent"].as_array_mut().expect("agents");
            let agent = agents.iter_mut().find(|agent| !agent["network"].is_null()).expect("a network");
            agent["network"]["type"] = "6".into();
        },
    },
    Rule {
        name: "entity types are of the value set audit-entity-type",
        applies: ALWAYS,
        holds: |event| {
            let known = |code: &str| ["1", "2", "3", "4"].contains(&code);
            let bound = |kind: &Value| kind["system"] == ENTITY_TYPE && kind["code"].as_str().is_some_and(known);
            list(&event["entity"]).iter().all(|entity| bound(&entity["type"]))
        },
        mutant: |event| event["entity"][0]["type"]["code"] = "9".into(),
    },
    Rule {
        name: "entity roles are of the value set object-role",
        applies: ALWAYS,
        holds: |event| {
            let known = |code: &str| code.parse::<u8>().is_ok_and(|code| (1..=24).contains(&code));
            let bound = |role: &Value| role["system"] == OBJECT_ROLE && role["code"].as_str().is_some_and(known);
            list(&event["entity"]).iter().all(|entity| bound(&entity["role"]))
        },
        mutant: |event| event["entity"][0]["role"]["code"] = "25".into(),
    },
    Rule {
        name: "sev-1: an entity has a name or a query, not both",
        applies: ALWAYS,
        holds: |event| {
            list(&event["entity"]).iter().all(|entity| entity["name"].is_null() || entity["query"].is_null())
        },
        mutant: |event| {
            event["entity"][0]["name"] = "x".into();
            event["entity"][0]["query"] = "eA==".into();
        },
    },
    Rule {
        name: "details are texts that say something",
        applies: ALWAYS,
        holds: every_detail_says_something,
        mutant: |event| {
            let last = list(&event["entity"]).len() - 1;
            event["entity"][last]["detail"][0]["valueString"] = " ".into();
        },
    },
    Rule {
        name: "the entry of the log is among the entities",
        applies: ALWAYS,
        holds: |event| {
            let named = |entity: &&Value| {
                let name = entity["what"]["identifier"]["value"].as_str();
                name.is_some_and(|name| name.starts_with("ni:///sha-256;"))
            };
            entities(event, "4").iter().filter(|entity| named(entity)).count() == 1
        },
        mutant: |event| {
            event["entity"].as_array_mut().expect("entities").pop();
        },
    },
    Rule {
        name: "no modifier extension",
        applies: DISCLOSURE,
        holds: |event| event["modifierExtension"].is_null(),
        mutant: |event| event["modifierExtension"] = serde_json::json!([{ "url": "urn:x", "valueString": "x" }]),
    },
    Rule {
        name: "RESTful: the type is rest",
        applies: PATTERN,
        holds: |event| is(&event["type"], "http://terminology.hl7.org/CodeSystem/audit-event-type", "rest"),
        mutant: |event| event["type"] = serde_json::json!({ "system": DICOM, "code": "110100" }),
    },
    Rule {
        name: "RESTful: one subtype is the interaction",
        applies: PATTERN,
        holds: |event| subtypes(event, INTERACTION, act(event).1) == 1,
        mutant: |event| push(event, "subtype", 0),
    },
    Rule {
        name: "RESTful: the action is that of the interaction",
        applies: PATTERN,
        holds: |event| event["action"] == act(event).0,
        mutant: |event| event["action"] = if event["action"] == "R" { "U" } else { "R" }.into(),
    },
    Rule {
        name: "RESTful: the pattern is for success",
        applies: PATTERN,
        holds: |event| event["outcome"] == "0",
        mutant: |event| event["outcome"] = "8".into(),
    },
    Rule {
        name: "RESTful: one client, with who and network, without media",
        applies: PATTERN,
        holds: |event| only(&client(event)).is_some_and(|it| has(it, &["who", "network"]) && it["media"].is_null()),
        mutant: |event| {
            let at = position(event, "agent", client);
            remove(&mut event["agent"][at], "network");
        },
    },
    Rule {
        name: "RESTful: one server, with who and network, without media",
        applies: PATTERN,
        holds: |event| only(&server(event)).is_some_and(|it| has(it, &["who", "network"]) && it["media"].is_null()),
        mutant: |event| {
            let at = position(event, "agent", server);
            push(event, "agent", at);
        },
    },
    Rule {
        name: "RESTful: at most one user, who asked, without network and media",
        applies: PATTERN,
        holds: |event| match users(event).as_slice() {
            [] => true,
            [user] => {
                has(user, &["who"]) && user["requestor"] == true && user["network"].is_null() && user["media"].is_null()
            }
            _ => false,
        },
        mutant: |event| {
            let at = position(event, "agent", users);
            event["agent"][at]["network"] = serde_json::json!({ "address": "192.0.2.1", "type": "2" });
        },
    },
    Rule {
        name: "RESTful: one data entity, with what and a role that the pattern knows",
        applies: DATA,
        holds: |event| {
            only(&entities(event, "2")).is_some_and(|data| {
                has(data, &["what"]) && ["3", "4", "20"].iter().any(|code| is(&data["role"], OBJECT_ROLE, code))
            })
        },
        mutant: |event| {
            let at = position(event, "entity", |event| entities(event, "2"));
            event["entity"][at]["role"]["code"] = "24".into();
        },
    },
    Rule {
        name: "Query: one query entity, with the query and nothing that the pattern forbids",
        applies: QUERY,
        holds: |event| {
            only(&entities(event, "2")).is_some_and(|query| {
                let forbidden = ["what", "lifecycle", "detail"];
                let encoded = query["query"].as_str().unwrap_or_default();
                is(&query["role"], OBJECT_ROLE, "24")
                    && data_encoding::BASE64.decode(encoded.as_bytes()).is_ok_and(|query| !query.is_empty())
                    && forbidden.iter().all(|name| query[*name].is_null())
            })
        },
        mutant: |event| {
            let at = position(event, "entity", |event| entities(event, "2"));
            remove(&mut event["entity"][at], "query");
        },
    },
    Rule {
        name: "exactly one patient, as a reference to a Patient",
        applies: OF_PATIENT,
        holds: |event| {
            only(&patients(event)).is_some_and(|patient| {
                is(&patient["role"], OBJECT_ROLE, "1")
                    && patient["what"]["type"] == "Patient"
                    && patient["what"]["identifier"]["value"].is_string()
            })
        },
        mutant: |event| {
            let at = position(event, "entity", patients);
            push(event, "entity", at);
        },
    },
    Rule {
        name: "no patient where the profile knows of none",
        applies: |event| PATTERN(event) && !OF_PATIENT(event),
        holds: |event| patients(event).is_empty(),
        mutant: |event| {
            let twin = event["entity"][0].clone();
            event["entity"].as_array_mut().expect("entities").push(twin);
            let last = list(&event["entity"]).len() - 1;
            event["entity"][last]["type"]["code"] = "1".into();
        },
    },
    Rule {
        name: "disclosure: exported at the source, imported at the recipient",
        applies: DISCLOSURE,
        holds: |event| {
            let (kind, action) = if own_end(event) == "110153" { ("110106", "R") } else { ("110107", "C") };
            is(&event["type"], DICOM, kind) && event["action"] == action
        },
        mutant: |event| event["type"]["code"] = "110112".into(),
    },
    Rule {
        name: "disclosure: one subtype says so",
        applies: DISCLOSURE,
        holds: |event| subtypes(event, LIFE_CYCLE, &["disclose"]) == 1,
        mutant: |event| remove(event, "subtype"),
    },
    Rule {
        name: "disclosure: it has an outcome",
        applies: DISCLOSURE,
        holds: |event| event["outcome"].is_string(),
        mutant: |event| remove(event, "outcome"),
    },
    Rule {
        name: "disclosure: one source and one recipient, each with who and network",
        applies: DISCLOSURE,
        holds: |event| {
            ["110153", "110152"]
                .iter()
                .all(|code| only(&agents(event, DICOM, code)).is_some_and(|agent| has(agent, &["who", "network"])))
        },
        mutant: |event| {
            let peer = |event: &Value| if own_end(event) == "110153" { "110152" } else { "110153" };
            let code = peer(event);
            let agents = event["agent"].as_array_mut().expect("agents");
            agents.retain(|agent| agent["type"]["coding"][0]["code"] != code);
        },
    },
    Rule {
        name: "val-audit-source: the observer is this site's own agent",
        applies: DISCLOSURE,
        holds: |event| observer_is(event, own_end(event)),
        mutant: |event| event["source"]["observer"]["display"] = "somebody else".into(),
    },
    Rule {
        name: "disclosure: patient and data are among two or more entities",
        applies: DISCLOSURE,
        holds: |event| list(&event["entity"]).len() >= 2 && !entities(event, "2").is_empty(),
        mutant: |event| event["entity"].as_array_mut().expect("entities").retain(|it| it["type"]["code"] != "2"),
    },
];

#[test]
fn every_rule_is_broken_by_its_mutant_and_by_nothing_that_we_export() {
    use sealane_audit::export::Format;

    use super::sample::{everything, export, with_subjects};

    let exported = export(Format::Fhir, &[everything(), with_subjects()].concat());
    let events: Vec<Value> =
        exported.split(|byte| *byte == b'\n').filter_map(|line| serde_json::from_slice(line).ok()).collect();
    for rule in RULES {
        let applying: Vec<_> = events.iter().filter(|event| (rule.applies)(event)).collect();
        assert!(!applying.is_empty(), "{}: nothing to try it on", rule.name);
        // The last of them has everything that an event can have.
        let mut event = (*applying.last().expect("one")).clone();
        assert!((rule.holds)(&event), "{}: {event:#}", rule.name);
        (rule.mutant)(&mut event);
        assert!(broken_rules(&event).contains(&rule.name), "{}: its mutant lives: {event:#}", rule.name);
    }
}

#[test]
fn the_action_that_the_library_takes_is_refused_here() {
    let event = serde_json::json!({ "action": "Z" });
    assert!(broken_rules(&event).contains(&"action is bound to C, R, U, D, E"));
}
