//! Accounting of disclosures (45 CFR 164.528): which protected health information left this site, to whom, when, what for.
//!
//! A disclosure is a transfer of class phi or phi-limited that sent at least one file to a peer, whether or not the task
//! ended well. Three forms: each one by itself (164.528(b)(2)), repeated ones to one recipient for one purpose summed up
//! (b)(3), and the form for research with 50 or more people (b)(4), whose protocol the officer names. What need not be
//! accounted for (treatment, payment, operations; 164.528(a)(1)) the officer leaves out by collection, peer or purpose.

use std::collections::BTreeMap;
use std::pin::Pin;

use futures_util::Stream;
use futures_util::stream::poll_fn;
use sealane_audit::event::{Assurance, Transfer};
use sealane_audit::{Kind, Phase};
use sealane_database::audit_index::{self, FoundEntry, Wanted};
use sealane_database::peer_contact::{self, Contact};
use sealane_database::{collection, peer, task};
use sealane_model::bytes::ByteCount;
use sealane_model::{Class, CollectionId, Problem, SiteId, TaskId, permit};
use sealane_policy::{Action, Resource};
use serde::{Deserialize, Serialize};
use tokio::sync::mpsc;

use super::indexer::word;
use super::question::AuditQuestion;
use super::search::{Ended, begin, record};
use super::walk::Walk;
use crate::act::ask;
use crate::app::App;
use crate::caller::{Actor, Caller};
use crate::problem;
use crate::view::audit::{Disclosure, DisclosureLine, Recipient};

/// A report as it comes.
pub type DisclosureStream = Pin<Box<dyn Stream<Item = Result<DisclosureLine, Problem>> + Send + Sync>>;

type Sender = mpsc::Sender<Result<DisclosureLine, Problem>>;

const WAITING: usize = 64;

/// How disclosures are told.
#[derive(Debug, Clone, Copy, Default, PartialEq, Eq, Serialize, Deserialize)]
#[serde(rename_all = "kebab-case")]
pub enum DisclosureForm {
    /// Each by itself.
    #[default]
    Each,
    /// One line for a recipient and a purpose: the first, the last, how many.
    Summary,
    /// One line for a recipient and a protocol of research with 50 or more people.
    Research,
}

/// Which disclosures, and how they are told.
#[derive(Debug, Clone, Default, PartialEq, Eq, Serialize, Deserialize)]
#[serde(default, deny_unknown_fields)]
pub struct DisclosureQuestion {
    /// From this time on; six years ago where absent, as far back as an individual may ask.
    pub from: Option<String>,
    /// Until this time.
    pub to: Option<String>,
    /// From this collection only.
    pub collection: Option<String>,
    /// To this peer only.
    pub peer: Option<String>,
    /// For transfers with this declared purpose only.
    pub purpose: Option<String>,
    /// How they are told.
    pub form: DisclosureForm,
    /// Research: the protocol's name.
    pub protocol: Option<String>,
    /// Research: the protocol in plain words, with its purpose and how records were selected.
    pub description: Option<String>,
    /// Research: name, address and telephone number of the sponsor.
    pub sponsor: Option<String>,
}

/// The disclosures of this site.
pub async fn disclosures(
    app: &App,
    caller: &Caller,
    question: DisclosureQuestion,
) -> Result<DisclosureStream, Problem> {
    if question.form == DisclosureForm::Research && (question.protocol.is_none() || question.description.is_none()) {
        return Err(problem::bad_request("protocol-missing", "The research form names the protocol and describes it.")
            .next("Give --protocol, --description and, where there is one, --sponsor."));
    }
    let asked = AuditQuestion {
        from: Some(question.from.clone().unwrap_or_else(|| format!("{}d", 6 * 366))),
        to: question.to.clone(),
        collection: question.collection.clone(),
        peer: question.peer.clone(),
        kind: Some(Kind::from(Transfer::Release).name().to_owned()),
        phase: word(&Phase::Outcome),
        ..AuditQuestion::default()
    };
    let about = ask(&Actor::from(caller), Action::ReadAudit, Resource::site(), Assurance::ReportRun)
        .detail("report", "disclosures")
        .detail("form", word(&question.form));
    let (grant, walk) = begin::<permit::SeeAudit>(app, about, &asked, Ok).await?;
    let (sender, mut receiver) = mpsc::channel(WAITING);
    let report = Report { app: app.clone(), question, walk, told: 0, summed: BTreeMap::new() };
    app.parts().acts.spawn(async move {
        let mut report = report;
        let ended = report.send_all(&sender).await;
        if let Some(problem) = record(grant, ended, report.told).await {
            // If whoever asked is gone, nobody is left to tell.
            let _ = sender.send(Err(problem)).await;
        }
    });
    Ok(Box::pin(poll_fn(move |context| receiver.poll_recv(context))))
}

/// A report in the making.
struct Report {
    app: App,
    question: DisclosureQuestion,
    walk: Walk,
    /// Disclosures told so far.
    told: u64,
    /// Disclosures summed up, by recipient, collection and purpose.
    summed: BTreeMap<(String, String, Option<String>), Disclosure>,
}

impl Report {
    async fn send_all(&mut self, sender: &Sender) -> Ended {
        match self.tell(sender).await {
            Ok(true) => Ended::Whole,
            Ok(false) => Ended::Gone,
            Err(problem) => Ended::Broken(problem),
        }
    }

    /// `false` when nobody reads any more.
    async fn tell(&mut self, sender: &Sender) -> Result<bool, Problem> {
        while let Some(hits) = self.walk.next().await? {
            for hit in hits {
                let Some(one) = self.disclosure(hit.found).await? else { continue };
                self.told += 1;
                if self.question.form != DisclosureForm::Each {
                    self.sum_up(one);
                } else if sender.send(Ok(DisclosureLine::Disclosure(Box::new(one)))).await.is_err() {
                    return Ok(false);
                }
            }
        }
        for one in std::mem::take(&mut self.summed).into_values() {
            if sender.send(Ok(DisclosureLine::Disclosure(Box::new(one)))).await.is_err() {
                return Ok(false);
            }
        }
        let end = self.walk.end().await?;
        Ok(sender.send(Ok(DisclosureLine::End { disclosures: self.told, not_indexed: end.not_indexed })).await.is_ok())
    }

    /// What a transfer disclosed; `None` if it sent nothing, no health information, or to nobody else.
    async fn disclosure(&self, release: FoundEntry) -> Result<Option<Disclosure>, Problem> {
        let Some(site) = release.peer.clone() else { return Ok(None) };
        if release.files.unwrap_or(0) == 0 && release.bytes.unwrap_or(0) == 0 {
            return Ok(None);
        }
        let mut db = self.app.db().await?;
        let Some(class) = class_of(&mut db, &release).await? else { return Ok(None) };
        let task = match release.task.as_deref().map(str::parse::<TaskId>) {
            Some(Ok(id)) => task::find(&mut db, id).await.map_err(problem::database)?,
            _ => None,
        };
        let purpose = task.and_then(|task| task.purpose);
        if self.question.purpose.is_some() && self.question.purpose != purpose {
            return Ok(None);
        }
        let collection = match release.collection.as_deref().map(str::parse::<CollectionId>) {
            Some(Ok(id)) => collection::find(&mut db, id).await.map_err(problem::database)?,
            _ => None,
        };
        let title = collection.map(|found| found.title).or_else(|| release.collection.clone()).unwrap_or_default();
        let (files, bytes) = (release.files.unwrap_or(0), release.bytes.unwrap_or(0));
        Ok(Some(Disclosure {
            first_at: release.at,
            last_at: release.at,
            times: 1,
            recipient: recipient(&mut db, &site).await?,
            description: format!("{files} files ({}) of class {class} from {title}", ByteCount(bytes)),
            collection: title,
            class: class.to_string(),
            files,
            bytes,
            purpose,
            protocol: None,
            protocol_description: None,
            sponsor: None,
            statement: None,
            tasks: release.task.into_iter().collect(),
        }))
    }

    fn sum_up(&mut self, one: Disclosure) {
        let research = self.question.form == DisclosureForm::Research;
        let key = (one.recipient.site.clone(), one.collection.clone(), one.purpose.clone());
        let sum = match self.summed.entry(key) {
            std::collections::btree_map::Entry::Vacant(free) => free.insert(one),
            std::collections::btree_map::Entry::Occupied(known) => {
                let sum = known.into_mut();
                sum.first_at = sum.first_at.min(one.first_at);
                sum.last_at = sum.last_at.max(one.last_at);
                sum.times += 1;
                sum.files += one.files;
                sum.bytes += one.bytes;
                sum.tasks.extend(one.tasks);
                sum
            }
        };
        let (files, bytes) = (sum.files, ByteCount(sum.bytes));
        sum.description = format!("{files} files ({bytes}) of class {} from {}", sum.class, sum.collection);
        if research {
            sum.protocol.clone_from(&self.question.protocol);
            sum.protocol_description.clone_from(&self.question.description);
            sum.sponsor.clone_from(&self.question.sponsor);
            sum.statement = Some(STATEMENT.to_owned());
        }
    }
}

/// 164.528(b)(4)(i)(F).
const STATEMENT: &str = "The protected health information of the individual may or may not have been disclosed for this \
                         protocol or other research activity.";

/// The class of what was sent, as the intent of the same operation says, where it is health information.
async fn class_of(db: &mut sealane_database::Db, release: &FoundEntry) -> Result<Option<Class>, Problem> {
    let wanted = Wanted {
        op: Some(release.op),
        kinds: vec![release.kind.clone()],
        phases: word(&Phase::Intent).into_iter().collect(),
        ..Wanted::default()
    };
    let Some(mut search) = audit_index::prepare(db, &wanted).await.map_err(problem::database)? else { return Ok(None) };
    let page = audit_index::page(db, &mut search, None, 1).await.map_err(problem::database)?;
    let class = page.entries.first().and_then(|intent| intent.class.as_deref()).and_then(|class| class.parse().ok());
    Ok(class.filter(|class| matches!(class, Class::Phi | Class::PhiLimited)))
}

async fn recipient(db: &mut sealane_database::Db, site: &str) -> Result<Recipient, Problem> {
    let id = site.parse::<SiteId>().ok();
    let (mut name, mut contact) = (None, None);
    if let Some(id) = id {
        let found = peer::find(db, id).await.map_err(problem::database)?;
        name = found.map(|peer| peer.descriptor.title);
        contact = peer_contact::find(db, id).await.map_err(problem::database)?;
    }
    let Contact { organisation, address, phone } = contact.unwrap_or_default();
    Ok(Recipient {
        site: site.to_owned(),
        name: organisation.or(name).unwrap_or_else(|| site.to_owned()),
        address,
        phone,
    })
}
