//! The entry of one decision.

use sealane_audit::{DecisionId, EntryView};
use sealane_database::audit_index::Wanted;
use sealane_model::{PersonId, Problem};

use super::walk::Walk;
use crate::app::App;

/// Where the entry of a decision is.
pub(crate) enum Decided {
    /// In this node's log.
    Here(Box<EntryView>),
    /// In the log of another node, which alone can show its personal values.
    At(String),
    /// There is none, or none of this person's.
    Nowhere,
}

/// Finds the entry of a decision; of one person's decisions alone, where one is named.
pub(crate) async fn find(app: &App, decision: DecisionId, of: Option<&PersonId>) -> Result<Decided, Problem> {
    let wanted = Wanted {
        decision: Some(decision.uuid().into_bytes()),
        people: of.map(|person| vec![app.parts().index_key.person(person)]),
        ..Wanted::default()
    };
    let mut walk = Walk::begin(app, &wanted, 16).await?;
    let mut elsewhere = Decided::Nowhere;
    while let Some(hits) = walk.next().await? {
        for hit in hits {
            match hit.own {
                Some(view) if view.entry.decision.is_some() => return Ok(Decided::Here(Box::new(view))),
                Some(_) => {}
                None => elsewhere = Decided::At(hit.found.origin),
            }
        }
    }
    Ok(elsewhere)
}
