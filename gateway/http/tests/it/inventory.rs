//! The list of routes: which are public, and that these are all.

use sealane_http::{Access, PUBLIC_ROUTES, routes};

#[test]
fn the_public_routes_are_the_eight_that_were_agreed() {
    let public: Vec<(String, String)> = routes()
        .into_iter()
        .filter(|route| route.access == Access::Public)
        .map(|route| (route.method.to_string(), route.path))
        .collect();
    let mut agreed: Vec<(String, String)> =
        PUBLIC_ROUTES.iter().map(|(method, path)| ((*method).to_owned(), (*path).to_owned())).collect();
    agreed.sort_by(|a, b| (&a.1, &a.0).cmp(&(&b.1, &b.0)));
    assert_eq!(public, agreed);
    assert!(agreed.len() <= 8);
}

#[test]
fn no_route_is_listed_twice() {
    let mut seen = std::collections::HashSet::new();
    for route in routes() {
        assert!(seen.insert((route.method.to_string(), route.path.clone())), "{} {}", route.method, route.path);
    }
}
