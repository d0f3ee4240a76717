//! What a face of the site records when it is used: declared where the face is declared, and compared with the log.
//!
//! A route or a command that maps to no event does not compile, or does not pass its test (NIST SP 800-53 AU-2, AU-12).

pub use sealane_audit::Kind;
pub use sealane_audit::event::{Access, Admin, Assurance, Identity, Sharing, Transfer};

/// What using a route or a command records.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Hash)]
pub enum Recorded {
    /// Events of these kinds.
    Kinds(&'static [Kind]),
    /// Nothing, for this reason: it shows and touches nothing that belongs to anybody.
    Nothing(&'static str),
}

/// Events of these kinds: `records![Sharing::RuleList]`.
#[macro_export]
macro_rules! records {
    ($($area:ident :: $kind:ident),+ $(,)?) => {
        $crate::recorded::Recorded::Kinds(&[
            $($crate::recorded::Kind::$area($crate::recorded::$area::$kind)),+
        ])
    };
}
