//! What the parts of the Worker must not know of each other, looked up in their files.
//!
//! Tests that stand beside what they test may name anything: what is behind `#[cfg(test)]` is not looked at.

use std::fs;
use std::path::{Path, PathBuf};

use latchkey::adapters::storefronts::PROFILES;

/// A file of the project as far as it is deployed.
struct File {
    path: String,
    text: String,
}

/// The files under these paths, but for their tests. A path that is not there yet has none.
fn files(paths: &[&str]) -> Vec<File> {
    let root = Path::new(env!("CARGO_MANIFEST_DIR"));
    let mut found = Vec::new();
    for path in paths {
        collect(&root.join(path), &mut found);
    }
    let read = |path: PathBuf| {
        let text = fs::read_to_string(&path).unwrap();
        let text = text.split("#[cfg(test)]\nmod tests {").next().unwrap().to_owned();
        File { path: path.strip_prefix(root).unwrap().display().to_string(), text }
    };
    found.into_iter().map(read).collect()
}

fn collect(path: &Path, found: &mut Vec<PathBuf>) {
    if path.is_dir() {
        for entry in fs::read_dir(path).unwrap() {
            collect(&entry.unwrap().path(), found);
        }
    } else if path.exists() && path.file_stem().is_none_or(|stem| stem != "tests" && stem != "testing") {
        found.push(path.to_owned());
    }
}

/// The lines of files that are of this kind, with their places.
fn lines(files: &[File], is: impl Fn(&str) -> bool) -> Vec<String> {
    let of = |file: &File| -> Vec<String> {
        let lines = file.text.lines().enumerate().filter(|(_, line)| is(line));
        lines.map(|(number, line)| format!("{}:{}: {}", file.path, number + 1, line.trim())).collect()
    };
    files.iter().flat_map(of).collect()
}

/// Letters and digits alone, in lower case: so a name is found however its words are joined.
fn letters(text: &str) -> String {
    text.chars().filter(char::is_ascii_alphanumeric).map(|character| character.to_ascii_lowercase()).collect()
}

#[test]
fn only_its_own_module_knows_a_storefront() {
    let rest = files(&[
        "src/engine.rs",
        "src/engine",
        "src/db.rs",
        "src/db",
        "src/http.rs",
        "src/http",
        "src/pages.rs",
        "src/pages",
        "migrations",
    ]);
    assert!(rest.len() > 100, "{} files", rest.len());
    let names: Vec<_> =
        PROFILES.iter().flat_map(|profile| [letters(profile.source.as_str()), letters(profile.name)]).collect();
    assert!(names.len() >= 4 && names.iter().all(|name| !name.is_empty()));
    // An alphabet has a storefront's name for another reason.
    let named = |line: &str| letters(&line.replace("BASE64_STANDARD", ""));
    let named = lines(&rest, |line| names.iter().any(|name| named(line).contains(name)));
    assert!(named.is_empty(), "{}", named.join("\n"));
    for file in &rest {
        assert!(names.iter().all(|name| !letters(&file.path).contains(name)), "{}", file.path);
    }
}

#[test]
fn no_sql_looks_into_a_delivery() {
    let sql = files(&["src/db/sql", "migrations"]);
    let looks = |line: &str| {
        let line = line.replace(' ', "");
        line.contains("payload->") || line.contains("(payload,") || line.contains("json(payload")
    };
    let found = lines(&sql, looks);
    assert!(found.is_empty(), "{}", found.join("\n"));
}

#[test]
fn a_name_is_found_however_it_is_written() {
    for name in ["lemonsqueezy", "LemonSqueezy", "LEMON_SQUEEZY", "Lemon Squeezy's", "lemon-squeezy"] {
        assert!(letters(name).contains("lemonsqueezy"), "{name}");
    }
}

#[test]
fn the_model_imports_nothing_of_ours() {
    let model = files(&["src/model.rs", "src/model"]);
    assert!(model.len() > 20, "{} files", model.len());
    let outside = |line: &str| line.split("crate::").skip(1).any(|path| !path.starts_with("model"));
    let found = lines(&model, outside);
    assert!(found.is_empty(), "{}", found.join("\n"));
}

#[test]
fn the_engine_knows_neither_the_runtime_nor_javascript() {
    let engine = files(&["src/engine.rs", "src/engine", "src/model.rs", "src/model", "src/db.rs", "src/db"]);
    let foreign = ["worker::", "js_sys", "wasm_bindgen", "web_sys", "JsValue", "wasm32", "platform::edge"];
    let found = lines(&engine, |line| foreign.iter().any(|foreign| line.contains(foreign)));
    assert!(found.is_empty(), "{}", found.join("\n"));
}

/// What the host does to a database in memory is no statement of the Worker's.
#[test]
fn all_sql_is_in_files_of_its_own() {
    let rust: Vec<_> = files(&["src"])
        .into_iter()
        .filter(|file| file.path.ends_with(".rs") && !file.path.starts_with("src/platform/host"))
        .collect();
    assert!(rust.len() > 100, "{} files", rust.len());
    let verbs = ["SELECT ", "INSERT INTO ", "DELETE FROM ", "UPDATE ", "CREATE TABLE ", "CREATE VIEW ", "PRAGMA "];
    let is_sql = |line: &str| {
        let code = line.split("//").next().unwrap_or_default();
        verbs.iter().any(|verb| code.contains(verb))
    };
    let found = lines(&rust, is_sql);
    assert!(found.is_empty(), "{}", found.join("\n"));
}
