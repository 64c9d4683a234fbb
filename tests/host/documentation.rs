//! What the documentation says of the tests is so: each one that `docs/faults.md` and `docs/states.md` name is there. And what the
//! README leads to is there, in as many lines as somebody reads.

use std::collections::BTreeSet;
use std::fs;
use std::path::Path;

const FAULTS: &str = include_str!("../../docs/faults.md");
const README: &str = include_str!("../../README.md");
const STATES: &str = include_str!("../../docs/states.md");

/// Every `file.rs::function` in backticks.
fn named_tests(page: &'static str) -> Vec<(&'static str, &'static str)> {
    page.split('`').skip(1).step_by(2).filter_map(|code| code.split_once("::")).collect()
}

#[test]
fn every_test_that_the_pages_of_faults_and_of_states_name_is_there() {
    let root = Path::new(env!("CARGO_MANIFEST_DIR"));
    let (faults, states) = (named_tests(FAULTS), named_tests(STATES));
    assert!(faults.len() > 100 && states.len() > 40, "{} and {} tests are named", faults.len(), states.len());
    let named = [faults, states].concat();
    let missing: Vec<_> = named
        .iter()
        .filter(|(file, function)| {
            let source = fs::read_to_string(root.join(file)).unwrap_or_default();
            // The name to its end, at a definition.
            !source.contains(&format!("fn {function}("))
        })
        .collect();
    assert!(missing.is_empty(), "the pages name tests that are not there: {missing:#?}");
}

/// The rows of the page's tables: what each is called, and the rest.
fn rows() -> Vec<(&'static str, &'static str)> {
    let rows = FAULTS.lines().filter_map(|line| line.strip_prefix("| ")?.split_once(" | "));
    rows.filter(|(id, _)| *id != "id").collect()
}

#[test]
fn every_transition_names_its_cause_and_its_test() {
    let rows: Vec<Vec<_>> = STATES
        .lines()
        .filter(|line| line.starts_with("| ") && !line.starts_with("| from "))
        .map(|line| line.trim_matches('|').split(" | ").map(str::trim).collect())
        .collect();
    assert!(rows.len() > 40, "{} rows", rows.len());
    for row in rows {
        let [_, to, cause, tests] = row[..] else { panic!("{row:?}") };
        assert!(!to.is_empty() && !cause.is_empty() && tests.contains("::"), "{row:?}");
    }
}

#[test]
fn every_row_of_the_page_of_faults_has_an_id_of_its_own_and_names_what_shows_it() {
    let rows = rows();
    assert!(rows.len() > 50, "{} rows", rows.len());
    for (id, row) in &rows {
        assert_eq!(rows.iter().filter(|(other, _)| other == id).count(), 1, "{id}");
        assert!(row.contains("::") || row.contains("`cargo xtask"), "{id} names nothing that shows it");
    }
}

/// Pictures are made by `cargo xtask screenshots`, which fails where a page does not say what it should.
#[test]
fn every_picture_is_shown_among_all_pages_and_says_what_is_on_it() {
    let pages = include_str!("../../docs/pages.md");
    assert!(pages.lines().count() <= 300);
    let shown: BTreeSet<_> =
        pages.split("](pictures/").skip(1).map(|behind| behind.split(')').next().unwrap()).collect();
    assert!(!pages.contains("![]"));
    let pictures = Path::new(env!("CARGO_MANIFEST_DIR")).join("docs/pictures");
    let there: Vec<_> = fs::read_dir(pictures).unwrap().map(|file| file.unwrap().file_name()).collect();
    let there: BTreeSet<_> = there.iter().map(|name| name.to_str().unwrap()).collect();
    assert_eq!(shown, there);
}

#[test]
fn the_readme_is_short_and_what_it_leads_to_is_there() {
    assert!(README.lines().count() <= 300, "{} lines", README.lines().count());
    let root = Path::new(env!("CARGO_MANIFEST_DIR"));
    let places = README.split("](").skip(1).filter_map(|behind| behind.split_once(')')).map(|(place, _)| place);
    let files: Vec<_> = places.filter(|place| !place.contains("://") && !place.starts_with('#')).collect();
    assert!(files.len() > 40, "{} links", files.len());
    for file in files {
        let file = file.split('#').next().unwrap_or_default();
        assert!(root.join(file).exists(), "{file} is not there");
    }
}
