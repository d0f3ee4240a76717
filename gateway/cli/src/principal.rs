//! How principals are written in configuration and on the command line:
//! `email:ana@hospital-a.example`, `person:ISSUER#SUBJECT`, `group:NAME`, `signed-in`, `anonymous`.

use sealane_model::Principal;

/// A text that names no principal.
#[derive(Debug, Clone, PartialEq, Eq, thiserror::Error)]
#[error("not a principal; write email:ADDRESS, person:ISSUER#SUBJECT, group:NAME, signed-in or anonymous")]
pub struct PrincipalError;

/// Read the written form. Rules for all people of a peer are not written by hand.
///
/// # Errors
/// When the text has none of the known forms.
pub fn parse(text: &str) -> Result<Principal, PrincipalError> {
    match text.parse() {
        Ok(Principal::Site(_)) | Err(_) => Err(PrincipalError),
        Ok(principal) => Ok(principal),
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
