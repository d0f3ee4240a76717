//! Renaming and deleting by form: asked first, done then, and each entry's outcome told.

use http::StatusCode;

use crate::backend::Backend;
use crate::browser::fields;
use crate::harness::{Answer, As, Site};
use crate::pages::link;

const BROWSE: &str = "/collections/imaging/browse";

async fn send(site: &Site, action: &str, form: &[(String, String)]) -> Answer {
    let pairs: Vec<(&str, &str)> = form.iter().map(|(name, value)| (name.as_str(), value.as_str())).collect();
    site.form(action, &pairs).await
}

/// Tick entries of the root and ask for what the button asks for.
async fn ask(site: &Site, what: &str, ticked: &[&str]) -> Answer {
    let listing = site.get(As::Browser, BROWSE).await.text();
    let action = format!("/collections/imaging/{what}/review");
    assert!(listing.contains(&format!("formaction=\"{action}\"")), "{listing}");
    let mut form = fields(&listing, "/transfer/destination");
    form.extend(ticked.iter().map(|item| ("item".to_owned(), (*item).to_owned())));
    send(site, &action, &form).await
}

on_both!(what_is_ticked_is_deleted_after_a_second_look_and_not_before);
async fn what_is_ticked_is_deleted_after_a_second_look_and_not_before(on: &Backend) {
    let site = Site::start(on).await;
    site.write("imaging/a b.csv", b"1");
    site.write("imaging/study/deep/c.csv", b"2");
    site.write("imaging/kept.csv", b"3");
    let asked = ask(&site, "delete", &["f/a b.csv", "d/study"]).await;
    assert_eq!(asked.status, StatusCode::OK, "{}", asked.text());
    assert!(asked.text().contains("cannot be undone") && asked.text().contains("everything in it"));
    assert!(site.folder("imaging/a b.csv").exists(), "asking deletes nothing");
    let action = "/collections/imaging/delete";
    let done = send(&site, action, &fields(&asked.text(), action)).await;
    assert_eq!(done.status, StatusCode::OK, "{}", done.text());
    assert!(done.text().contains("3 entries in all"), "{}", done.text());
    assert!(!site.folder("imaging/a b.csv").exists() && !site.folder("imaging/study").exists());
    assert!(site.folder("imaging/kept.csv").exists());
    let back = site.get(As::Browser, &link(&done.text(), "Back to the directory")).await;
    assert!(back.text().contains("kept.csv"));
}

on_both!(where_one_of_two_is_gone_the_other_is_deleted_and_both_are_told);
async fn where_one_of_two_is_gone_the_other_is_deleted_and_both_are_told(on: &Backend) {
    let site = Site::start(on).await;
    site.write("imaging/a.csv", b"1");
    let form = [("item", "f/gone.csv"), ("item", "f/a.csv")];
    let done = site.form("/collections/imaging/delete", &form).await;
    assert_eq!(done.status, StatusCode::OK, "{}", done.text());
    assert!(done.text().contains("1 of 2 could not be done"), "{}", done.text());
    assert!(!site.folder("imaging/a.csv").exists());
    let nothing = site.form("/collections/imaging/delete", &form).await;
    assert_eq!(nothing.status, StatusCode::NOT_FOUND, "{}", nothing.text());
}

on_both!(what_is_ticked_gets_new_names_and_nothing_is_overwritten);
async fn what_is_ticked_gets_new_names_and_nothing_is_overwritten(on: &Backend) {
    let site = Site::start(on).await;
    for name in ["a.csv", "b.csv", "taken.csv"] {
        site.write(&format!("imaging/{name}"), name.as_bytes());
    }
    let asked = ask(&site, "rename", &["f/a.csv", "f/b.csv"]).await;
    let action = "/collections/imaging/rename";
    let rename = |to: [&'static str; 2]| {
        let mut names = to.into_iter();
        let mut form = fields(&asked.text(), action);
        for (_, value) in form.iter_mut().filter(|(name, _)| name == "name") {
            *value = names.next().unwrap().to_owned();
        }
        form
    };
    let wrong = send(&site, action, &rename(["ok.csv", "up/b.csv"])).await;
    assert_eq!(wrong.status, StatusCode::BAD_REQUEST);
    assert!(wrong.text().contains("value=\"up/b.csv\"") && wrong.text().contains("cannot be used"), "{}", wrong.text());
    assert!(site.folder("imaging/a.csv").exists(), "one wrong name and none is changed");
    let done = send(&site, action, &rename(["new a.csv", "taken.csv"])).await;
    assert_eq!(done.status, StatusCode::OK, "{}", done.text());
    assert!(done.text().contains("is now called new a.csv") && done.text().contains("1 of 2 could not"));
    assert_eq!(std::fs::read(site.folder("imaging/new a.csv")).unwrap(), b"a.csv");
    assert_eq!(std::fs::read(site.folder("imaging/taken.csv")).unwrap(), b"taken.csv");
    assert!(site.folder("imaging/b.csv").exists());
}

on_both!(a_whole_collection_or_nothing_at_all_is_neither_renamed_nor_deleted);
async fn a_whole_collection_or_nothing_at_all_is_neither_renamed_nor_deleted(on: &Backend) {
    let site = Site::start(on).await;
    site.write("imaging/a.csv", b"1");
    for action in ["rename/review", "rename", "delete/review", "delete"] {
        let address = format!("/collections/imaging/{action}");
        let root = site.form(&address, &[("item", "d/"), ("name", "x")]).await;
        assert_eq!(root.status, StatusCode::BAD_REQUEST, "{action}: {}", root.text());
        let nothing = site.form(&address, &[]).await;
        assert!(nothing.text().contains("nothing-chosen"), "{action}");
    }
    assert!(site.folder("imaging/a.csv").exists());
}
