//! Chromium and its driver, which the system's package manager installs from one source, so that their versions agree. Nothing here
//! installs them: `.ci/run` does, where it may.

use std::path::Path;

/// What the tests start.
const PROGRAMS: [&str; 2] = ["chromium", "chromedriver"];

/// What whoever lacks one is told.
pub(crate) const HOW: &str = "On Debian and Ubuntu: apt-get install --no-install-recommends chromium chromium-driver";

/// The first of the programs that is not on the path.
pub(crate) fn missing() -> Option<&'static str> {
    let path = std::env::var_os("PATH").unwrap_or_default();
    let folders: Vec<_> = std::env::split_paths(&path).collect();
    first_missing(&folders)
}

fn first_missing(folders: &[impl AsRef<Path>]) -> Option<&'static str> {
    PROGRAMS.into_iter().find(|program| !folders.iter().any(|folder| folder.as_ref().join(program).is_file()))
}

#[cfg(test)]
mod tests {
    use super::first_missing;

    #[test]
    fn the_first_program_that_is_nowhere_is_named() {
        let (one, other) = (tempfile::tempdir().expect("a folder"), tempfile::tempdir().expect("a folder"));
        let folders = [one.path(), other.path()];
        assert_eq!(first_missing(&folders), Some("chromium"));
        std::fs::write(other.path().join("chromium"), "").expect("a file");
        assert_eq!(first_missing(&folders), Some("chromedriver"));
        std::fs::write(one.path().join("chromedriver"), "").expect("a file");
        assert_eq!(first_missing(&folders), None);
    }
}
