//! Tells the Worker which migration it was written for: `LATCHKEY_MIGRATION`, the newest file in `migrations/`.

use std::fs;
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
    // Cargo runs this in the package's folder. A path that was compiled in would be the one that it was built at.
    let files = fs::read_dir("migrations").map_err(|error| format!("cannot be read ({error})"))?;
    let names = files.map(|file| file.map(|file| file.file_name().to_string_lossy().into_owned()));
    let names: Vec<String> = names.collect::<Result<_, _>>().map_err(|error| format!("cannot be read ({error})"))?;
    let newest = names.into_iter().filter(|name| name.ends_with(".sql")).max();
    newest.ok_or_else(|| "there is none".to_owned())
}
