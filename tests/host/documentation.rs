//! What the documentation says of the tests is so: each one that `docs/faults.md` names is there.

use std::fs;
use std::path::Path;

const PAGE: &str = include_str!("../../docs/faults.md");

/// Every `file.rs::function` in backticks.
fn named_tests() -> Vec<(&'static str, &'static str)> {
    PAGE.split('`').skip(1).step_by(2).filter_map(|code| code.split_once("::")).collect()
}

#[test]
fn every_test_that_the_page_of_faults_names_is_there() {
    let root = Path::new(env!("CARGO_MANIFEST_DIR"));
    let named = named_tests();
    assert!(named.len() > 100, "{} tests are named", named.len());
    let missing: Vec<_> = named
        .iter()
        .filter(|(file, function)| {
            let source = fs::read_to_string(root.join(file)).unwrap_or_default();
            // The name to its end, at a definition.
            !source.contains(&format!("fn {function}("))
        })
        .collect();
    assert!(missing.is_empty(), "docs/faults.md names tests that are not there: {missing:#?}");
}

/// The rows of the page's tables: what each is called, and the rest.
fn rows() -> Vec<(&'static str, &'static str)> {
    let rows = PAGE.lines().filter_map(|line| line.strip_prefix("| ")?.split_once(" | "));
    rows.filter(|(id, _)| *id != "id").collect()
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
