//! How principals are written in configuration and on the command line:
//! `email:ana@hospital-a.example`, `person:ISSUER#SUBJECT`, `group:NAME`, `signed-in`, `anonymous`.

use sealane_model::{PersonId, Principal};

/// A text that names no principal.
#[derive(Debug, Clone, PartialEq, Eq, thiserror::Error)]
#[error("not a principal; write email:ADDRESS, person:ISSUER#SUBJECT, group:NAME, signed-in or anonymous")]
pub struct PrincipalError;

/// Read the written form.
///
/// # Errors
/// When the text has none of the known forms.
pub fn parse(text: &str) -> Result<Principal, PrincipalError> {
    match text.split_once(':') {
        None if text == "signed-in" => Ok(Principal::EveryoneSignedIn),
        None if text == "anonymous" => Ok(Principal::Anonymous),
        Some(("email", address)) if address.contains('@') => Ok(Principal::Email(address.to_lowercase())),
        Some(("group", name)) if !name.is_empty() => Ok(Principal::Group(name.to_owned())),
        Some(("person", id)) => match id.rsplit_once('#') {
            Some((issuer, subject)) if !issuer.is_empty() && !subject.is_empty() => {
                Ok(Principal::Person(PersonId { issuer: issuer.to_owned(), subject: subject.to_owned() }))
            }
            _ => Err(PrincipalError),
        },
        _ => Err(PrincipalError),
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn each_form_is_read() {
        assert_eq!(parse("signed-in"), Ok(Principal::EveryoneSignedIn));
        assert_eq!(parse("email:Ana@Hospital-A.example"), Ok(Principal::Email("ana@hospital-a.example".into())));
        assert!(matches!(parse("person:https://idp.example#u-17"), Ok(Principal::Person(_))));
    }

    #[test]
    fn what_has_no_form_is_refused() {
        for bad in ["", "ana", "email:", "email:ana", "person:x", "group:", "site:", "Signed-in"] {
            assert_eq!(parse(bad), Err(PrincipalError), "{bad:?}");
        }
    }
}
