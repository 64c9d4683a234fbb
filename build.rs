//! Tells the Worker which migration it was written for: `LATCHKEY_MIGRATION`, the newest file in `migrations/`.

use std::fs;
use std::path::Path;
use std::process::ExitCode;

fn main() -> ExitCode {
    println!("cargo::rerun-if-changed=migrations");
    match newest_migration() {
        Ok(newest) => {
            println!("cargo::rustc-env=LATCHKEY_MIGRATION={newest}");
            ExitCode::SUCCESS
        }
        Err(problem) => {
            println!("cargo::error=migrations: {problem}");
            ExitCode::FAILURE
        }
    }
}

fn newest_migration() -> Result<String, String> {
    let folder = Path::new(env!("CARGO_MANIFEST_DIR")).join("migrations");
    let files = fs::read_dir(folder).map_err(|error| format!("cannot be read ({error})"))?;
    let names = files.map(|file| file.map(|file| file.file_name().to_string_lossy().into_owned()));
    let names: Vec<String> = names.collect::<Result<_, _>>().map_err(|error| format!("cannot be read ({error})"))?;
    let newest = names.into_iter().filter(|name| name.ends_with(".sql")).max();
    newest.ok_or_else(|| "there is none".to_owned())
}
