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

#[test]
fn every_fault_invariant_and_target_stands_on_the_page_once() {
    let rows = |letter: &str, last: &str| -> Vec<String> {
        let (from, to) = ("abcdefghijklmnopqrstuvwxyz", last);
        from.chars()
            .take_while(|one| !to.starts_with(*one))
            .chain(to.chars())
            .map(|one| format!("{letter}-{one}"))
            .collect()
    };
    let faults = [("W", "q"), ("O", "e"), ("A", "e"), ("G", "g"), ("R", "d"), ("P", "e")];
    let faults = faults.iter().flat_map(|(letter, last)| rows(letter, last));
    let numbered = |letter: char, count: usize| (1..=count).map(move |number| format!("{letter}{number}"));
    for id in faults.chain(numbered('I', 12)).chain(numbered('T', 14)) {
        assert_eq!(PAGE.matches(&format!("\n| {id} |")).count(), 1, "{id}");
    }
}
