//! Each rule of the pages, shown able to fail on a small bad example.

use super::evidence::{Evidence, declares, link};
use super::page::Page;
use super::{
    items_are_shown, links_are_public, links_are_whole, root, rows_are, statements_are_shown,
};

fn ids(ids: &[&str]) -> Vec<String> {
    ids.iter().map(|id| (*id).to_owned()).collect()
}

#[test]
fn a_missing_row_and_one_too_many_are_found() {
    let page = Page::parse("| # | asyncio |\n|---|---|\n| 1 | a |\n| 2 | b |\n");
    assert!(rows_are(&page, &ids(&["1", "2"])).is_empty());
    assert_eq!(rows_are(&page, &ids(&["1", "2", "3"])), ["3 has no row"]);
    assert_eq!(rows_are(&page, &ids(&["1"])).len(), 1);
    assert_eq!(rows_are(&page, &ids(&["2", "1"])).len(), 1);
}

#[test]
fn an_item_needs_a_test_or_a_reason() {
    let offences = |row: &str| items_are_shown(&Page::parse(row)).len();
    assert_eq!(offences("| 1 | gather | `gather` | `a.rs::b` |  |"), 0);
    assert_eq!(offences("| 1 | gather | `gather` |  | It differs. |"), 1);
    assert_eq!(offences("| 1 | gather |  | `a.rs::b` | It differs. |"), 1);
    assert_eq!(offences("| 1 | gather |  |  | not applicable in Rust, because so. |"), 0);
    assert_eq!(offences("| 1 | gather | `gather` |"), 1);
}

#[test]
fn a_true_statement_needs_a_test() {
    let offences = |row: &str| statements_are_shown(&Page::parse(row)).len();
    assert_eq!(offences("| B1 | it is so | T | so | `a.rs::b` |"), 0);
    assert_eq!(offences("| B1 | it is so | T | so | a.rs::b |"), 1);
    assert_eq!(offences("| B1 | it is so | F |  |  |"), 0);
    assert_eq!(offences("| B1 | it is so | ? | so | `a.rs::b` |"), 1);
}

#[test]
fn a_test_that_does_not_run_is_found() {
    let text = "#[test]\nfn runs() {}\nfn helps() {}\n#[test]\n#[ignore]\nfn waits() {}\n\
                // #[test]\n// fn gone() {}\n";
    let evidence = Evidence::with("a.rs", text);
    let fault = |test| evidence.fault_of(test).unwrap_or_default();
    assert_eq!(fault("a.rs::runs"), "");
    assert_eq!(fault("a.rs::helps"), "a.rs::helps is no test");
    assert_eq!(fault("a.rs::waits"), "a.rs::waits does not run");
    assert_eq!(fault("a.rs::gone"), "there is no function a.rs::gone");
    assert_eq!(fault("a.rs::run"), "there is no function a.rs::run");
    assert_eq!(fault("b.rs::runs"), "tests/b.rs is part of no test that is registered");
}

#[test]
fn files_are_registered_by_the_manifest_and_by_their_roots() {
    let evidence = Evidence::of(root());
    let this = "files_are_registered_by_the_manifest_and_by_their_roots";
    assert_eq!(evidence.fault_of(&format!("asyncio_docs/controls.rs::{this}")), None);
    assert!(evidence.fault_of("src/drops.rs::name").is_some());
}

#[test]
fn a_name_that_nobody_declares_is_found() {
    assert!(declares("    pub async fn gather<T>(x: T)", "asyncio::gather"));
    assert!(declares("pub const fn new() -> Self", "Mutex::new"));
    assert!(declares("macro_rules! gather {", "gather!"));
    assert!(declares("pub use crate::front::current as current_task;", "current_task"));
    assert!(!declares("pub fn gather_all()", "asyncio::gather"));
    assert!(!declares("pub(crate) fn gather()", "asyncio::gather"));
    assert!(!declares("/// pub fn gather()", "asyncio::gather"));
    let url = |path| format!("{}{path}", super::evidence::REPOSITORY);
    assert_eq!(link(root(), "watchdog", &url("tests/src/patience.rs")), None);
    assert!(link(root(), "watchcat", &url("tests/src/patience.rs")).is_some());
    assert!(link(root(), "watchdog", &url("tests/src/nowhere.rs")).is_some());
    assert!(link(root(), "watchdog", "https://example.com/patience.rs").is_some());
}

#[test]
fn loose_ends_of_links_are_found() {
    let page = Page::parse("| 1 | [`a`] and [`b`] |\n\n[`b`]: x\n[`c`]: y\n");
    assert_eq!(links_are_whole(&page), ["[`a`] leads nowhere", "nobody links to c"]);
}

#[test]
fn a_name_that_the_compiler_does_not_know_is_found() {
    let page = Page::parse("[`a::B`]: x\n[`a::B::c`]: x\n[`d!`]: x\n[`a::e`]: x\n");
    let offences = links_are_public(&page, &ids(&["a::B", "d"]));
    assert_eq!(offences, ["asyncio_docs/names.rs does not list a::e"]);
}
