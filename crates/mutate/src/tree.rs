//! The copy of the project in which things are taken away. The project itself is never changed, so that nothing has to be
//! put back, however a run ends.

use std::collections::BTreeSet;
use std::fs;
use std::path::{Path, PathBuf};
use std::process::Command;

use anyhow::{Context, bail};

/// The copy, and where it is built.
#[derive(Debug)]
pub(crate) struct Tree {
    pub(crate) root: PathBuf,
    pub(crate) build: PathBuf,
}

impl Tree {
    /// Copies what git knows of or would add. Files that are the same stay untouched, so that little is compiled anew.
    pub(crate) fn copy(project: &Path) -> anyhow::Result<Self> {
        let folder = project.join("target/mutate");
        let tree = Self { root: folder.join("tree"), build: folder.join("build") };
        let mut git = Command::new("git");
        git.args(["ls-files", "-z", "--cached", "--others", "--exclude-standard"]).current_dir(project);
        let output = git.output().context("cannot start git")?;
        if !output.status.success() {
            bail!("git cannot list the project's files");
        }
        let listed = String::from_utf8(output.stdout).context("a file's name is not text")?;
        let files: BTreeSet<&str> =
            listed.split('\0').filter(|name| !name.is_empty() && project.join(name).is_file()).collect();
        for name in &files {
            update(&project.join(name), &tree.root.join(name))?;
        }
        remove_others(&tree.root, &tree.root, &files)?;
        Ok(tree)
    }

    /// cargo, for the copy.
    pub(crate) fn cargo(&self) -> Command {
        let mut cargo = Command::new("cargo");
        cargo.current_dir(&self.root).env("CARGO_TARGET_DIR", &self.build);
        cargo
    }

    /// Replaces a text that has to be there once, in a file of the copy.
    pub(crate) fn replace(&self, file: &str, from: &str, to: &str) -> anyhow::Result<()> {
        let path = self.root.join(file);
        let text = fs::read_to_string(&path).with_context(|| format!("cannot read {file}"))?;
        if text.matches(from).count() != 1 {
            bail!("{file} does not have {from:?} once: adapt crates/mutate to it");
        }
        fs::write(&path, text.replace(from, to)).with_context(|| format!("cannot write {}", path.display()))
    }
}

fn update(from: &Path, to: &Path) -> anyhow::Result<()> {
    let content = fs::read(from).with_context(|| format!("cannot read {}", from.display()))?;
    if fs::read(to).is_ok_and(|found| found == content) {
        return Ok(());
    }
    if let Some(parent) = to.parent() {
        fs::create_dir_all(parent).with_context(|| format!("cannot create {}", parent.display()))?;
    }
    fs::write(to, content).with_context(|| format!("cannot write {}", to.display()))
}

fn remove_others(root: &Path, folder: &Path, files: &BTreeSet<&str>) -> anyhow::Result<()> {
    for entry in fs::read_dir(folder).with_context(|| format!("cannot read {}", folder.display()))? {
        let path = entry?.path();
        if path.is_dir() {
            remove_others(root, &path, files)?;
        } else if !path.strip_prefix(root).ok().and_then(Path::to_str).is_some_and(|name| files.contains(name)) {
            fs::remove_file(&path).with_context(|| format!("cannot remove {}", path.display()))?;
        }
    }
    Ok(())
}

#[cfg(test)]
mod tests {
    use std::fs;
    use std::process::Command;

    use super::Tree;

    #[test]
    fn the_copy_follows_the_project_and_the_project_stays_as_it_is() {
        let project = tempfile::tempdir().expect("a folder");
        let write = |name: &str, text: &str| fs::write(project.path().join(name), text).expect("writes");
        assert!(Command::new("git").arg("init").arg("-q").current_dir(project.path()).status().expect("git").success());
        write(".gitignore", "/target\n");
        write("a.rs", "one");
        write("b.rs", "two");
        let tree = Tree::copy(project.path()).expect("copies");
        tree.replace("a.rs", "one", "changed").expect("replaces");
        assert!(tree.replace("a.rs", "one", "changed").is_err());
        assert_eq!(fs::read_to_string(tree.root.join("a.rs")).expect("reads"), "changed");

        fs::remove_file(project.path().join("b.rs")).expect("removes");
        let tree = Tree::copy(project.path()).expect("copies");
        assert_eq!(fs::read_to_string(tree.root.join("a.rs")).expect("reads"), "one");
        assert!(!tree.root.join("b.rs").exists());
        assert_eq!(fs::read_to_string(project.path().join("a.rs")).expect("reads"), "one");
    }
}
