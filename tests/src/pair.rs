//! Two sites that trust each other, and an identity provider that both trust.

use std::rc::Rc;

use anyhow::{Context, ensure};
use sealane_cli::demo::people::DemoPerson;
use serde_json::Value;
use tempfile::TempDir;

use crate::authority::Authority;
use crate::control_database::Backend;
use crate::identity_provider::Idp;
use crate::site::{CollectionPlan, Site, SitePlan, SmallDisk};

/// Everything that a person may do with data.
pub const EVERYTHING: &[&str] = &["list", "read", "write", "delete"];

/// Two sites, `hospital-a` with the collection `imaging` and `university-b` with the collection `intake`.
///
/// Ana may do everything in both, and only list in `university-b`'s `shelf`. Nobody may do anything in `hospital-a`'s
/// `vault`. All data are PHI; both sites accept each other up to PHI.
pub struct Pair {
    /// The site where data begin.
    pub a: Site,
    /// The site where they arrive.
    pub b: Site,
    idp: Idp,
    // Last: folders go after the processes in them.
    folder: TempDir,
}

/// How a pair is made.
#[derive(Debug, Clone, Default)]
pub struct PairPlan {
    /// A small disk for the site where data begin.
    pub small_disk_a: Option<SmallDisk>,
    /// A small disk for the site where data arrive.
    pub small_disk_b: Option<SmallDisk>,
    /// The sites do not know each other yet.
    pub strangers: bool,
    /// Each site asks the other to confirm its audit log, which may wait so long.
    pub witness_window: Option<&'static str>,
    /// Somebody who can sign in besides the people of the demo, and may do and share everything in `imaging` and `intake`.
    pub guest: Option<DemoPerson>,
}

impl Pair {
    /// Two running sites that have accepted each other.
    ///
    /// # Errors
    /// When something does not start.
    pub fn start(backend: Backend) -> anyhow::Result<Self> {
        Self::start_as(backend, PairPlan::default())
    }

    /// As [`Self::start`], by a plan.
    ///
    /// # Errors
    /// When something does not start.
    pub fn start_as(backend: Backend, plan: PairPlan) -> anyhow::Result<Self> {
        let folder = tempfile::Builder::new().prefix("sealane-test-").tempdir()?;
        let authority = Rc::new(Authority::new(folder.path())?);
        let urls = [Site::reserve_url()?, Site::reserve_url()?];
        let idp = Idp::start(&authority, &[("hospital-a", &urls[0]), ("university-b", &urls[1])], plan.guest)?;
        let [url_a, url_b] = urls;
        let plan_a = SitePlan {
            name: "hospital-a",
            backend,
            collections: at_hospital(plan.guest),
            small_disk: plan.small_disk_a,
        };
        let plan_b = SitePlan {
            name: "university-b",
            backend,
            collections: at_university(plan.guest),
            small_disk: plan.small_disk_b,
        };
        let a = Site::make(plan_a, folder.path().join("a"), url_a, &authority, idp.issuer())?;
        let b = Site::make(plan_b, folder.path().join("b"), url_b, &authority, idp.issuer())?;
        if let Some(window) = plan.witness_window {
            a.ask_witness(&b, window)?;
            b.ask_witness(&a, window)?;
        }
        let mut pair = Self { a, b, idp, folder };
        pair.a.launch()?;
        pair.b.launch()?;
        pair.a.wait_until_ready()?;
        pair.b.wait_until_ready()?;
        if !plan.strangers {
            pair.introduce()?;
        }
        Ok(pair)
    }

    /// What the two administrators do: invite, compare the fingerprint, accept, both ways.
    ///
    /// # Errors
    /// When one is refused.
    pub fn introduce(&self) -> anyhow::Result<()> {
        self.accept(&self.a, &self.b)?;
        self.accept(&self.b, &self.a)
    }

    /// The identity provider's issuer.
    #[must_use]
    pub fn issuer(&self) -> &str {
        self.idp.issuer()
    }

    /// A folder for what else the story needs.
    ///
    /// # Errors
    /// When it cannot be made.
    pub fn scratch(&self) -> anyhow::Result<std::path::PathBuf> {
        let scratch = self.folder.path().join("scratch");
        std::fs::create_dir_all(&scratch)?;
        Ok(scratch)
    }

    fn accept(&self, inviting: &Site, accepting: &Site) -> anyhow::Result<()> {
        let (invitation, fingerprint) = invite(inviting)?;
        let arguments =
            ["accept", &invitation, "--fingerprint", &fingerprint, "--issuer", self.issuer(), "--ceiling", "phi"];
        let accepted = accepting.peer(&arguments)?.document()?;
        ensure!(accepted.get("name").and_then(Value::as_str) == Some(inviting.name()), "{accepted}");
        Ok(())
    }
}

/// An invitation and the fingerprint to read out.
///
/// # Errors
/// When the site makes none.
pub fn invite(site: &Site) -> anyhow::Result<(String, String)> {
    let made = site.peer(&["invite"])?.document()?;
    let text = |name: &str| anyhow::Ok(made.get(name).and_then(Value::as_str).context("an invitation")?.to_owned());
    Ok((text("invitation")?, text("fingerprint")?))
}

const ANA: &str = "email:ana@hospital-a.example";

/// Everything, and letting others.
const MANAGING: &[&str] = &["list", "read", "write", "delete", "share"];

/// Ana's rule, and the guest's.
fn rules(guest: Option<DemoPerson>) -> Vec<(&'static str, &'static [&'static str])> {
    // Plans are made once a test, so what is leaked is little.
    let guest = guest.map(|guest| (&*String::leak(format!("email:{}", guest.email)), MANAGING));
    std::iter::once((ANA, EVERYTHING)).chain(guest).collect()
}

fn at_hospital(guest: Option<DemoPerson>) -> Vec<CollectionPlan> {
    vec![
        CollectionPlan { name: "imaging", class: "phi", rules: rules(guest) },
        CollectionPlan { name: "vault", class: "phi", rules: vec![] },
    ]
}

fn at_university(guest: Option<DemoPerson>) -> Vec<CollectionPlan> {
    vec![
        CollectionPlan { name: "intake", class: "phi", rules: rules(guest) },
        CollectionPlan { name: "shelf", class: "phi", rules: vec![(ANA, &["list"])] },
    ]
}
