//! Canaries in the pages: in forms that work, in forms that do not, in addresses.

use anyhow::ensure;
use sealane_tests::browser::Browser;
use sealane_tests::canary::Canaries;

use super::Stage;

pub(super) fn fill_in(stage: &Stage, canaries: &mut Canaries) -> anyhow::Result<()> {
    let site = stage.pair.a.url();
    let mut browser = Browser::new(stage.pair.a.authority())?;
    browser.sign_in(site, stage.guest)?;
    let rules = browser.open(site.join("/collections/imaging/rules")?)?;
    ensure!(rules.status.is_success(), "{}", rules.text);
    let browse = site.join("/collections/imaging/browse")?;
    let listed = browser.open(browse)?;
    ensure!(listed.status.is_success(), "{}", listed.text);

    let made = canaries.name();
    let fields = |names: &[&'static str], canaries: &mut Canaries| -> Vec<(&'static str, String)> {
        names.iter().map(|name| (*name, canaries.name())).collect()
    };
    let everything = [
        "path",
        "name",
        "directory",
        "item",
        "source",
        "destination",
        "label",
        "purpose",
        "principal",
        "who",
        "email",
        "group",
        "subject",
        "expires",
        "from",
        "to",
        "new_name",
        "submission",
        "user_code",
        "answer",
        "note",
    ];
    let mut forms: Vec<(&str, Vec<(&'static str, String)>)> = vec![
        (
            "/collections/imaging/directories",
            vec![("directory", "/".to_owned()), ("path", "/".to_owned()), ("name", made)],
        ),
        ("/collections/imaging/rename/review", vec![("item", format!("f:{}", canaries.path()))]),
        ("/collections/imaging/delete/review", vec![("item", format!("f:{}", canaries.path()))]),
    ];
    for to in [
        "/collections/imaging/directories",
        "/collections/imaging/rename/review",
        "/collections/imaging/rename",
        "/collections/imaging/delete/review",
        "/collections/imaging/delete",
        "/collections/imaging/rules",
        "/transfer/destination",
        "/transfer/review",
        "/transfer",
        "/device",
    ] {
        forms.push((to, fields(&everything, canaries)));
    }
    for (to, fields) in &forms {
        let fields: Vec<(&str, &str)> = fields.iter().map(|(name, value)| (*name, value.as_str())).collect();
        browser.submit(&rules, site.join(to)?, &fields)?;
    }
    let rule = [
        ("kind", "email"),
        ("who", "email"),
        ("email", &canaries.address()),
        ("principal", &canaries.address()),
        ("path", &canaries.path()),
        ("purpose", &canaries.name()),
        ("permission", "read"),
        ("permissions", "read"),
        ("read", "on"),
    ];
    browser.submit(&rules, site.join("/collections/imaging/rules")?, &rule)?;

    for address in [
        format!("/collections/imaging/browse?path=/{}", canaries.word()),
        format!("/collections/{}/browse?path=/{}", canaries.word(), canaries.word()),
        format!("/collections/imaging/rules?after={}", canaries.word()),
        format!("/tasks/{}", canaries.word()),
        format!("/tasks?after={}", canaries.word()),
        format!("/device?user_code={}", canaries.word()),
        format!("/{}/{}", canaries.word(), canaries.word()),
        format!("/assets/{}", canaries.word()),
        format!("/auth/login?return_to=/{}&provider={}", canaries.word(), canaries.word()),
        format!("/auth/callback?code={}&state={}&iss={}", canaries.word(), canaries.word(), canaries.word()),
        format!("/auth/callback?error={}&error_description={}&state=x", canaries.word(), canaries.word()),
    ] {
        browser.open(site.join(&address)?)?;
    }
    Ok(())
}
