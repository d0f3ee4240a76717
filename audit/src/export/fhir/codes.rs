//! The codes that AuditEvents are made of: system, code, and the words that the system has for it.

use serde_json::{Value, json};

/// One coded concept.
#[derive(Copy, Clone, Debug, PartialEq, Eq)]
pub struct Code {
    /// The code system.
    pub system: &'static str,
    /// The code in it.
    pub code: &'static str,
    /// What the system calls it.
    pub display: &'static str,
}

impl Code {
    /// As a FHIR Coding.
    pub(super) fn coding(self) -> Value {
        json!({ "system": self.system, "code": self.code, "display": self.display })
    }

    /// As a FHIR CodeableConcept.
    pub(super) fn concept(self) -> Value {
        json!({ "coding": [self.coding()] })
    }
}

const fn dicom(code: &'static str, display: &'static str) -> Code {
    Code { system: "http://dicom.nema.org/resources/ontology/DCM", code, display }
}

const fn life_cycle(code: &'static str, display: &'static str) -> Code {
    Code { system: "http://terminology.hl7.org/CodeSystem/iso-21089-lifecycle", code, display }
}

const fn interaction(code: &'static str) -> Code {
    Code { system: "http://hl7.org/fhir/restful-interaction", code, display: code }
}

const fn participation(code: &'static str, display: &'static str) -> Code {
    Code { system: "http://terminology.hl7.org/CodeSystem/v3-ParticipationType", code, display }
}

const fn entity(code: &'static str, display: &'static str) -> Code {
    Code { system: "http://terminology.hl7.org/CodeSystem/audit-entity-type", code, display }
}

const fn role(code: &'static str, display: &'static str) -> Code {
    Code { system: "http://terminology.hl7.org/CodeSystem/object-role", code, display }
}

const fn confidentiality(code: &'static str, display: &'static str) -> Code {
    Code { system: "http://terminology.hl7.org/CodeSystem/v3-Confidentiality", code, display }
}

// AuditEvent.type: DICOM PS3.16 CID 400, and the two systems that FHIR adds.
pub(crate) const APPLICATION_ACTIVITY: Code = dicom("110100", "Application Activity");
pub(crate) const AUDIT_LOG_USED: Code = dicom("110101", "Audit Log Used");
pub(crate) const EXPORT: Code = dicom("110106", "Export");
pub(crate) const IMPORT: Code = dicom("110107", "Import");
pub(crate) const NETWORK_ENTRY: Code = dicom("110108", "Network Entry");
pub(crate) const SECURITY_ALERT: Code = dicom("110113", "Security Alert");
pub(crate) const USER_AUTHENTICATION: Code = dicom("110114", "User Authentication");
pub(crate) const REST: Code = Code {
    system: "http://terminology.hl7.org/CodeSystem/audit-event-type",
    code: "rest",
    display: "RESTful Operation",
};
pub(crate) const TRANSMIT: Code = life_cycle("transmit", "Transmit Record Lifecycle Event");
pub(crate) const RECEIVE: Code = life_cycle("receive", "Receive/Retain Record Lifecycle Event");
pub(crate) const VERIFY: Code = life_cycle("verify", "Verify Record Lifecycle Event");

// AuditEvent.subtype: DICOM PS3.16 CID 401, RESTful interactions, and the one that BALP asks for.
pub(crate) const APPLICATION_START: Code = dicom("110120", "Application Start");
pub(crate) const APPLICATION_STOP: Code = dicom("110121", "Application Stop");
pub(crate) const LOGIN: Code = dicom("110122", "Login");
pub(crate) const LOGOUT: Code = dicom("110123", "Logout");
pub(crate) const ATTACH: Code = dicom("110124", "Attach");
pub(crate) const DETACH: Code = dicom("110125", "Detach");
pub(crate) const NETWORK_CONFIGURATION: Code = dicom("110128", "Network Configuration");
pub(crate) const SECURITY_CONFIGURATION: Code = dicom("110129", "Security Configuration");
pub(crate) const SOFTWARE_CONFIGURATION: Code = dicom("110131", "Software Configuration");
pub(crate) const RECORDING_STARTED: Code = dicom("110134", "Audit Recording Started");
pub(crate) const OBJECT_ATTRIBUTES_CHANGED: Code = dicom("110135", "Object Security Attributes Changed");
pub(crate) const SECURITY_ROLES_CHANGED: Code = dicom("110136", "Security Roles Changed");
pub(crate) const USER_ATTRIBUTES_CHANGED: Code = dicom("110137", "User security Attributes Changed");
pub(super) const READ: Code = interaction("read");
pub(super) const SEARCH: Code = interaction("search");
pub(super) const CREATE: Code = interaction("create");
pub(super) const UPDATE: Code = interaction("update");
pub(super) const DELETE: Code = interaction("delete");
pub(super) const DISCLOSE: Code = life_cycle("disclose", "Disclose Record Lifecycle Event");

// AuditEvent.agent.type.
pub(super) const APPLICATION: Code = dicom("110150", "Application");
pub(super) const DESTINATION: Code = dicom("110152", "Destination Role ID");
pub(super) const SOURCE: Code = dicom("110153", "Source Role ID");
pub(super) const RECIPIENT: Code = participation("IRCP", "information recipient");
pub(super) const AUTHOR: Code = participation("AUT", "author (originator)");
pub(super) const CUSTODIAN: Code = Code {
    system: "http://terminology.hl7.org/CodeSystem/provenance-participant-type",
    code: "custodian",
    display: "Custodian",
};
pub(super) const HUMAN: Code = Code {
    system: "http://terminology.hl7.org/CodeSystem/extra-security-role-type",
    code: "humanuser",
    display: "human user",
};

// AuditEvent.entity.type and .role.
pub(super) const PERSON: Code = entity("1", "Person");
pub(super) const SYSTEM_OBJECT: Code = entity("2", "System Object");
pub(super) const OTHER: Code = entity("4", "Other");
pub(super) const PATIENT: Code = role("1", "Patient");
pub(super) const DOMAIN_RESOURCE: Code = role("4", "Domain Resource");
pub(super) const SECURITY_RESOURCE: Code = role("13", "Security Resource");
pub(super) const JOB: Code = role("20", "Job");
pub(super) const QUERY: Code = role("24", "Query");

/// AuditEvent.source.type.
pub(super) const APPLICATION_SERVER: Code = Code {
    system: "http://terminology.hl7.org/CodeSystem/security-source-type",
    code: "4",
    display: "Application Server",
};

/// How closely data of a class is held; a class that is not known is held closely.
pub(super) fn confidentiality_of(class: &str) -> Code {
    match class {
        "public" => confidentiality("U", "unrestricted"),
        "internal" => confidentiality("N", "normal"),
        _ => confidentiality("R", "restricted"),
    }
}
