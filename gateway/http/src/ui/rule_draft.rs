//! An access rule that is being written: what a form said, kept as it was typed until all of it makes sense.
//!
//! Everything that is wrong is said at once and beside its field, so nobody corrects a form one mistake at a time. What
//! policy thinks of the rule is not judged here.

use sealane_model::{Class, Permission, RemotePath, Timestamp};
use sealane_service::view::{NewRule, PrincipalView};
use url::Url;

use crate::form::Form;

/// For whom a rule is, as the form lets people choose.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Default)]
pub(crate) enum Who {
    /// Whoever has a verified e-mail address.
    #[default]
    Email,
    /// One person, by issuer and subject.
    Person,
    /// A group of the identity provider.
    Group,
    /// Everyone who is signed in.
    Everyone,
    /// Anybody at all.
    Anonymous,
}

impl Who {
    /// All choices, in the order in which they are offered.
    pub(crate) const ALL: [Self; 5] = [Self::Email, Self::Person, Self::Group, Self::Everyone, Self::Anonymous];

    /// The word in a form.
    pub(crate) const fn word(self) -> &'static str {
        match self {
            Self::Email => "email",
            Self::Person => "person",
            Self::Group => "group",
            Self::Everyone => "everyone-signed-in",
            Self::Anonymous => "anonymous",
        }
    }

    fn from_word(word: &str) -> Option<Self> {
        Self::ALL.into_iter().find(|who| who.word() == word)
    }
}

/// What the form says.
#[derive(Debug, Clone, PartialEq, Eq, Default)]
pub(crate) struct RuleDraft {
    /// For whom; nothing where the form said what nobody knows.
    pub(crate) who: Option<Who>,
    /// The e-mail address.
    pub(crate) email: String,
    /// The identity provider of a person.
    pub(crate) issuer: String,
    /// The person's subject there.
    pub(crate) subject: String,
    /// The group.
    pub(crate) group: String,
    /// What the rule is about.
    pub(crate) permissions: Vec<Permission>,
    /// Whether it forbids.
    pub(crate) deny: bool,
    /// Beneath which path.
    pub(crate) path: String,
    /// The last day, as a date.
    pub(crate) until: String,
    /// The purpose that a request must declare.
    pub(crate) purpose: String,
}

/// What is wrong, and with which field.
#[derive(Debug, Clone, PartialEq, Eq)]
pub(crate) struct Wrong {
    /// The id of the field.
    pub(crate) field: &'static str,
    /// What to correct.
    pub(crate) words: String,
}

impl Wrong {
    fn new(field: &'static str, words: impl Into<String>) -> Self {
        Self { field, words: words.into() }
    }
}

impl RuleDraft {
    /// A draft for a path that nothing else is known of.
    pub(crate) fn beneath(path: &RemotePath) -> Self {
        Self { who: Some(Who::default()), path: path.to_text(), ..Self::default() }
    }

    /// What a form says.
    pub(crate) fn from_form(form: &Form) -> Self {
        let text = |name| form.text(name).trim().to_owned();
        Self {
            who: Who::from_word(form.text("who")),
            email: text("email"),
            issuer: text("issuer"),
            subject: text("subject"),
            group: text("group"),
            permissions: Permission::ALL
                .into_iter()
                .filter(|known| form.all("permission").any(|word| word == known.as_str()))
                .collect(),
            deny: form.text("deny") == "yes",
            // Space at the ends of a path may be part of a name.
            path: form.text("path").to_owned(),
            until: text("until"),
            purpose: text("purpose"),
        }
    }

    /// The rule that it becomes, or everything that is wrong with it.
    pub(crate) fn rule(&self, class: Class, now: Timestamp) -> Result<NewRule, Vec<Wrong>> {
        let mut wrong = Vec::new();
        let principal = self.principal(class, &mut wrong);
        let path = RemotePath::parse_text(if self.path.is_empty() { "/" } else { &self.path });
        let path = path.map_err(|error| wrong.push(Wrong::new("path", format!("Correct the path: {error}.")))).ok();
        let expires_at = self.end(now).map_err(|error| wrong.push(error)).ok().flatten();
        if self.permissions.is_empty() {
            wrong.push(Wrong::new("permission-list", "Tick at least one thing that the rule is about."));
        }
        match (principal, path) {
            (Some(principal), Some(path)) if wrong.is_empty() => Ok(NewRule {
                path: Some(path),
                principal,
                permissions: self.permissions.clone(),
                deny: self.deny,
                expires_at,
                purpose: Some(self.purpose.clone()).filter(|purpose| !purpose.is_empty()),
            }),
            _ => Err(wrong),
        }
    }

    fn principal(&self, class: Class, wrong: &mut Vec<Wrong>) -> Option<PrincipalView> {
        let before = wrong.len();
        let Some(who) = self.who else {
            wrong.push(Wrong::new("who", "Choose for whom the rule is."));
            return None;
        };
        let principal = match who {
            Who::Email => {
                if !is_address(&self.email) {
                    wrong.push(Wrong::new("email", "Write one e-mail address, such as ben@university-b.example."));
                }
                PrincipalView::Email { email: self.email.clone() }
            }
            Who::Person => {
                if !is_issuer(&self.issuer) {
                    wrong.push(Wrong::new("issuer", "Write the address of the identity provider, with https://."));
                }
                if self.subject.is_empty() {
                    wrong.push(Wrong::new("subject", "Write the person's subject at that identity provider."));
                }
                PrincipalView::Person { issuer: self.issuer.clone(), subject: self.subject.clone() }
            }
            Who::Group => {
                if self.group.is_empty() {
                    wrong.push(Wrong::new("group", "Write the name of the group."));
                }
                PrincipalView::Group { group: self.group.clone() }
            }
            Who::Everyone => PrincipalView::EveryoneSignedIn,
            Who::Anonymous => {
                if class != Class::Public {
                    wrong.push(Wrong::new(
                        "who",
                        "Choose who must sign in: only a collection of class Public can be open to anybody.",
                    ));
                }
                PrincipalView::Anonymous
            }
        };
        (wrong.len() == before).then_some(principal)
    }

    /// The last second of the last day, in UTC.
    fn end(&self, now: Timestamp) -> Result<Option<Timestamp>, Wrong> {
        if self.until.is_empty() {
            return Ok(None);
        }
        let end: Timestamp = format!("{}T23:59:59Z", self.until)
            .parse()
            .map_err(|_| Wrong::new("until", "Write the last day as a date, such as 2027-03-31."))?;
        if end <= now {
            return Err(Wrong::new("until", "Choose a day that is not over yet."));
        }
        Ok(Some(end))
    }
}

/// Whether a text can be an e-mail address; whether it is somebody's, the identity provider says at sign-in.
fn is_address(text: &str) -> bool {
    let one_word = !text.contains(char::is_whitespace);
    text.split_once('@')
        .is_some_and(|(name, host)| one_word && !name.is_empty() && !host.is_empty() && !host.contains('@'))
}

/// Whether a text can name an identity provider (OpenID Connect Discovery 1.0 section 2). It is kept as it was typed:
/// issuers are compared byte by byte.
fn is_issuer(text: &str) -> bool {
    Url::parse(text).is_ok_and(|url| matches!(url.scheme(), "https" | "http") && url.has_host())
}

#[cfg(test)]
mod tests {
    use super::*;

    fn now() -> Timestamp {
        "2026-03-01T09:30:00Z".parse().unwrap()
    }

    fn draft() -> RuleDraft {
        RuleDraft {
            email: "ben@univ-b.example".to_owned(),
            permissions: vec![Permission::Read],
            ..RuleDraft::beneath(&RemotePath::root())
        }
    }

    fn fields(draft: &RuleDraft, class: Class) -> Vec<&'static str> {
        draft.rule(class, now()).unwrap_err().into_iter().map(|wrong| wrong.field).collect()
    }

    #[test]
    fn all_that_is_wrong_is_said_at_once_and_of_which_field() {
        let bad = RuleDraft {
            who: Some(Who::Person),
            path: "a/../b".to_owned(),
            until: "31.3.2027".to_owned(),
            ..RuleDraft::default()
        };
        assert_eq!(fields(&bad, Class::Internal), ["issuer", "subject", "path", "until", "permission-list"]);
        assert_eq!(fields(&RuleDraft { who: None, ..draft() }, Class::Internal), ["who"]);
        assert_eq!(fields(&RuleDraft { who: Some(Who::Group), ..draft() }, Class::Internal), ["group"]);
        for email in ["", "ben", "@", "ben@", "@univ-b.example", "a b@c", "a@b@c"] {
            assert_eq!(
                fields(&RuleDraft { email: email.to_owned(), ..draft() }, Class::Internal),
                ["email"],
                "{email}"
            );
        }
    }

    #[test]
    fn anybody_is_let_to_public_data_only() {
        let open = RuleDraft { who: Some(Who::Anonymous), ..draft() };
        for class in Class::ALL {
            assert_eq!(open.rule(class, now()).is_ok(), class == Class::Public, "{class:?}");
        }
    }

    #[test]
    fn the_last_day_counts_to_its_last_second() {
        let until = |day: &str| RuleDraft { until: day.to_owned(), ..draft() }.rule(Class::Internal, now());
        assert_eq!(until("2026-03-01").unwrap().expires_at, Some("2026-03-01T23:59:59Z".parse().unwrap()));
        assert_eq!(until("").unwrap().expires_at, None);
        for bad in ["2026-02-28", "2026-02-30", "tomorrow", "2026-03-01T00:00:00Z"] {
            assert_eq!(until(bad).unwrap_err()[0].field, "until", "{bad}");
        }
    }

    #[test]
    fn only_what_belongs_to_the_choice_enters_the_rule() {
        let full =
            RuleDraft { group: "readers".to_owned(), purpose: "study 7".to_owned(), path: String::new(), ..draft() };
        let rule = full.rule(Class::Phi, now()).unwrap();
        assert_eq!(rule.principal, PrincipalView::Email { email: "ben@univ-b.example".to_owned() });
        assert_eq!(rule.purpose.as_deref(), Some("study 7"));
        assert!(rule.path.unwrap().is_root());
    }
}
