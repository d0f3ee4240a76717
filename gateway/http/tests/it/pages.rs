//! The pages over a real site, without a script in sight.

use http::StatusCode;
use scraper::{Html, Selector};

use crate::backend::Backend;
use crate::harness::{As, Site};

on_both!(a_stranger_sees_how_to_sign_in_and_nothing_else);
async fn a_stranger_sees_how_to_sign_in_and_nothing_else(on: &Backend) {
    let site = Site::start(on).await;
    let page = site.get(As::Nobody, "/").await;
    assert_eq!(page.status, StatusCode::OK);
    assert!(page.text().contains("Sign in with Hospital A staff"));
    assert!(!page.text().contains("imaging"));
}

on_both!(home_and_collections_show_what_she_may_see_and_nothing_more);
async fn home_and_collections_show_what_she_may_see_and_nothing_more(on: &Backend) {
    let site = Site::start(on).await;
    for path in ["/", "/collections"] {
        let page = site.get(As::Browser, path).await;
        assert_eq!(page.status, StatusCode::OK, "{}", page.text());
        assert!(page.text().contains("The imaging data"), "{path}");
        assert!(!page.text().contains("patients"), "{path}");
    }
}

on_both!(a_directory_with_odd_names_can_be_walked_by_links_alone);
async fn a_directory_with_odd_names_can_be_walked_by_links_alone(on: &Backend) {
    let site = Site::start(on).await;
    site.write("imaging/a b&c/ü#?.csv", b"1,2");
    let root = site.get(As::Browser, "/collections/imaging/browse").await;
    let down = link(&root.text(), "a b&c/");
    let inside = site.get(As::Browser, &down).await;
    assert_eq!(inside.status, StatusCode::OK, "{}", inside.text());
    let file = link(&inside.text(), "ü#?.csv");
    let content = site.get(As::Browser, &file).await;
    assert_eq!(content.body, b"1,2");
    assert!(content.header("content-disposition").starts_with("attachment"));
    assert!(content.header("content-security-policy").contains("sandbox"));
}

on_both!(a_long_directory_comes_in_pages);
async fn a_long_directory_comes_in_pages(on: &Backend) {
    let site = Site::start(on).await;
    for number in 0..205 {
        site.write(&format!("imaging/many/{number:03}"), b"");
    }
    let first = site.get(As::Browser, "/collections/imaging/browse?path=/many").await.text();
    assert_eq!(first.matches("name=\"item\"").count(), 200);
    let second = site.get(As::Browser, &link(&first, "Next page")).await.text();
    assert_eq!(second.matches("name=\"item\"").count(), 5);
    assert!(second.contains("First page") && !second.contains("Next page"));
}

on_both!(a_directory_is_made_by_a_form);
async fn a_directory_is_made_by_a_form(on: &Backend) {
    let site = Site::start(on).await;
    let answer = site.form("/collections/imaging/directories", &[("parent", "/"), ("name", "new one")]).await;
    assert_eq!(answer.status, StatusCode::SEE_OTHER, "{}", answer.text());
    assert!(site.folder("imaging/new one").is_dir());
    assert_eq!(site.get(As::Browser, answer.header("location")).await.status, StatusCode::OK);
}

on_both!(a_code_that_nobody_asked_for_is_said_so_on_the_page);
async fn a_code_that_nobody_asked_for_is_said_so_on_the_page(on: &Backend) {
    let site = Site::start(on).await;
    let page = site.get(As::Browser, "/device?user_code=BCDF-GHJK").await;
    assert_eq!(page.status, StatusCode::OK);
    assert!(page.text().contains("role=\"alert\""));
}

/// Where the link with these words leads.
pub(crate) fn link(page: &str, words: &str) -> String {
    let document = Html::parse_document(page);
    let links = Selector::parse("a[href]").unwrap();
    let found = document.select(&links).find(|link| link.text().collect::<String>().trim() == words);
    let found = found.unwrap_or_else(|| panic!("no link '{words}' in {page}"));
    found.value().attr("href").unwrap().to_owned()
}
