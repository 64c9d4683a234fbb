//! Every statement of the project: the files under `src/db/sql`.

use std::fs;
use std::path::Path;

/// A statement, named by its path without the ending.
#[derive(Debug)]
pub(crate) struct Sql {
    pub(crate) name: String,
    pub(crate) text: String,
}

/// All of them, by name.
pub(crate) fn statements() -> Vec<Sql> {
    let mut found = Vec::new();
    walk(&Path::new(env!("CARGO_MANIFEST_DIR")).join("src/db/sql"), "", &mut found);
    found.sort_by(|one, other| one.name.cmp(&other.name));
    found
}

/// A statement's text without its comments, and without what stands in quotes.
pub(crate) fn without_quoted(text: &str) -> String {
    let code =
        text.lines().map(|line| line.split_once("--").map_or(line, |(code, _)| code)).collect::<Vec<_>>().join("\n");
    code.split('\'').step_by(2).collect()
}

fn walk(folder: &Path, within: &str, found: &mut Vec<Sql>) {
    for entry in fs::read_dir(folder).unwrap() {
        let path = entry.unwrap().path();
        let name = path.file_name().unwrap().to_str().unwrap();
        if path.is_dir() {
            walk(&path, &format!("{within}{name}/"), found);
        } else {
            let name = name.strip_suffix(".sql").expect("a statement's file ends with .sql");
            found.push(Sql { name: format!("{within}{name}"), text: fs::read_to_string(&path).unwrap() });
        }
    }
}
