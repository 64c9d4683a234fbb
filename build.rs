//! Compiles in what the Worker is built with: the seller's products, and the name of the newest migration.
//!
//! The products: reads `products.toml`, or the file that `PRODUCTS_FILE` names, and writes it as
//! Rust to `$OUT_DIR/products.rs`, which `src/model/compiled_catalogue.rs` includes. A mistake in the file ends the build with
//! the entry and what is wrong with it. What counts as a mistake is decided in the crate `latchkey-catalogue`.

use std::env;
use std::ffi::OsString;
use std::fs;
use std::path::{Path, PathBuf};
use std::process::ExitCode;

use latchkey_catalogue::Catalogue;

/// Staging and tests compile in products of their own by naming another file here, relative to the workspace.
const PRODUCTS_FILE: &str = "PRODUCTS_FILE";

fn main() -> ExitCode {
    println!("cargo::rerun-if-env-changed={PRODUCTS_FILE}");
    match compile_products().and_then(|()| name_newest_migration()) {
        Ok(()) => ExitCode::SUCCESS,
        Err(problems) => {
            for problem in problems {
                println!("cargo::error={problem}");
            }
            ExitCode::FAILURE
        }
    }
}

/// Checks the products and writes them as Rust, or gives every problem, each on one line.
fn compile_products() -> Result<(), Vec<String>> {
    let root = directory("CARGO_MANIFEST_DIR").map_err(one)?;
    let output = directory("OUT_DIR").map_err(one)?.join("products.rs");
    let name =
        env::var_os(PRODUCTS_FILE).filter(|name| !name.is_empty()).unwrap_or_else(|| OsString::from("products.toml"));
    let file = root.join(&name);
    println!("cargo::rerun-if-changed={}", file.display());

    let name = Path::new(&name).display();
    let text = fs::read_to_string(&file).map_err(|error| {
        one(format!(
            "{name}: cannot be read ({error}). It says what each product opens; {PRODUCTS_FILE} can name another file"
        ))
    })?;
    let catalogue = Catalogue::parse(&text).map_err(|problems| -> Vec<String> {
        let named = problems.iter().map(|problem| format!("{name}: {problem}"));
        named.collect()
    })?;
    fs::write(&output, catalogue.to_rust())
        .map_err(|error| one(format!("{}: cannot be written ({error})", output.display())))
}

/// Tells the Worker which migration it was written for: `LATCHKEY_MIGRATION`.
fn name_newest_migration() -> Result<(), Vec<String>> {
    println!("cargo::rerun-if-changed=migrations");
    let folder = directory("CARGO_MANIFEST_DIR").map_err(one)?.join("migrations");
    let unreadable = |error: std::io::Error| one(format!("migrations: cannot be read ({error})"));
    let files = fs::read_dir(folder).map_err(unreadable)?;
    let names: Vec<_> =
        files.map(|file| file.map(|file| file.file_name())).collect::<Result<_, _>>().map_err(unreadable)?;
    let newest = names.iter().filter_map(|name| name.to_str()).filter(|name| name.ends_with(".sql")).max();
    let newest = newest.ok_or_else(|| one("migrations: there is none".to_owned()))?;
    println!("cargo::rustc-env=LATCHKEY_MIGRATION={newest}");
    Ok(())
}

/// A directory that Cargo names to every build script.
fn directory(variable: &str) -> Result<PathBuf, String> {
    env::var_os(variable)
        .map(PathBuf::from)
        .ok_or_else(|| format!("{variable} is not set: this runs as a build script of Cargo"))
}

fn one(problem: String) -> Vec<String> {
    vec![problem]
}
