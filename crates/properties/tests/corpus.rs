//! What the fuzzer found worth keeping, and what people wrote down for it, holds on stable Rust too.

use std::collections::BTreeSet;
use std::fs;
use std::path::{Path, PathBuf};

use latchkey_properties::TARGETS;

/// More would be a burden to every checkout.
const MOST_KEPT_BYTES: usize = 600 * 1024;

fn fuzz() -> PathBuf {
    Path::new(env!("CARGO_MANIFEST_DIR")).join("../fuzz")
}

fn names_in(folder: &Path) -> BTreeSet<String> {
    let entries = fs::read_dir(folder).unwrap_or_else(|error| panic!("{}: {error}", folder.display()));
    let name = |entry: fs::DirEntry| entry.path().file_stem().and_then(|name| name.to_str()).map(str::to_owned);
    entries.filter_map(|entry| name(entry.expect("an entry"))).collect()
}

#[test]
fn every_kept_input_holds() {
    let mut bytes = 0;
    for target in TARGETS {
        let folder = fuzz().join("corpus").join(target.name);
        let mut inputs = 0;
        for entry in fs::read_dir(&folder).unwrap_or_else(|error| panic!("{}: {error}", folder.display())) {
            let path = entry.expect("an entry").path();
            let input = fs::read(&path).expect("a readable input");
            (inputs, bytes) = (inputs + 1, bytes + input.len());
            // The name is shown only when it fails.
            println!("{}", path.display());
            (target.check)(&input);
        }
        assert!(inputs > 0, "nothing is kept for {}", target.name);
    }
    assert!(bytes < MOST_KEPT_BYTES, "{bytes} bytes are kept");
}

#[test]
fn every_fixture_of_a_storefront_holds_for_every_target() {
    let fixtures = Path::new(env!("CARGO_MANIFEST_DIR")).join("../../tests/fixtures");
    for storefront in ["gumroad", "lemonsqueezy"] {
        for entry in fs::read_dir(fixtures.join(storefront)).expect("fixtures") {
            let path = entry.expect("an entry").path();
            let input = fs::read(&path).expect("a readable fixture");
            println!("{}", path.display());
            TARGETS.iter().for_each(|target| (target.check)(&input));
        }
    }
}

#[test]
fn every_target_has_its_fuzz_target_and_its_kept_inputs_and_there_are_no_others() {
    let targets: BTreeSet<String> = TARGETS.iter().map(|target| target.name.to_owned()).collect();
    assert_eq!(names_in(&fuzz().join("fuzz_targets")), targets);
    assert_eq!(names_in(&fuzz().join("corpus")), targets);
    let manifest = fs::read_to_string(fuzz().join("Cargo.toml")).expect("a manifest");
    for name in &targets {
        assert!(manifest.contains(&format!("name = \"{name}\"")), "crates/fuzz/Cargo.toml does not build {name}");
        let source = fs::read_to_string(fuzz().join(format!("fuzz_targets/{name}.rs"))).expect("a source");
        assert!(source.contains(&format!("\"{name}\"")), "fuzz_targets/{name}.rs checks something else");
    }
}
