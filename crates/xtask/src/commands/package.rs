//! `cargo xtask package`: everything that a deploy needs, for whoever has Node and no Rust. What the package's README
//! says is in `package/README.md`; building the Worker is `build`'s.

use std::fs::{self, File};
use std::io::Write;
use std::path::{Path, PathBuf};
use std::process::ExitCode;

use anyhow::{Context, bail};
use flate2::Compression;
use flate2::GzBuilder;
use serde_json::{Value, json};
use toml_edit::DocumentMut;

use super::build;
use crate::project::Project;
use crate::tools;

const README: &str = include_str!("package/README.md");

/// The npm packages that a deploy needs: wrangler, and the Node that runs it.
const NODE_PACKAGES: [&str; 2] = ["node", "wrangler"];

/// What of the project goes in as it is, where it is there.
const AS_THEY_ARE: [&str; 4] = ["LICENSE", "assets", "migrations", "products.toml"];

/// What of the built Worker goes in. wrangler takes these two; the rest is worker-build's own.
const WORKER: [&str; 2] = ["index.js", "index_bg.wasm"];

/// Make dist/latchkey-VERSION and its .tgz: the built Worker, and all else that a deploy needs, without Rust.
///
/// The same source gives the same archive, byte for byte.
#[derive(Debug, clap::Args)]
pub(crate) struct Args {
    /// Where both go, from the project's root.
    #[arg(long, default_value = "dist")]
    out_dir: PathBuf,
}

pub(crate) fn run(project: &Project, args: &Args) -> anyhow::Result<ExitCode> {
    tools::ensure(project)?;
    package(project, &args.out_dir)?;
    Ok(ExitCode::SUCCESS)
}

/// Builds the Worker and packages it into this folder, from the project's root.
///
/// # Errors
///
/// When the Worker does not build, or a file cannot be read or written.
pub(crate) fn package(project: &Project, out_dir: &Path) -> anyhow::Result<()> {
    let built = project.path("build");
    build::worker(project, &built)?;
    let name = format!("latchkey-{}", env!("CARGO_PKG_VERSION"));
    let folder = project.path(out_dir).join(&name);
    let files = contents(project, &built)?;
    write_folder(&folder, &files)?;
    let archive = folder.with_file_name(format!("{name}.tgz"));
    write_archive(&archive, &name, &files)?;
    for made in [folder, archive] {
        println!("{}", made.strip_prefix(project.root()).unwrap_or(&made).display());
    }
    Ok(())
}

/// A file of the package: its path there, and its content.
type PackagedFile = (String, Vec<u8>);

/// All files, in the order of their paths.
fn contents(project: &Project, built: &Path) -> anyhow::Result<Vec<PackagedFile>> {
    let read = |path: PathBuf| fs::read(&path).with_context(|| format!("cannot read {}", path.display()));
    let text = |name: &str| fs::read_to_string(project.path(name)).with_context(|| format!("cannot read {name}"));
    let mut files = vec![
        ("README.md".to_owned(), README.replace("VERSION", env!("CARGO_PKG_VERSION")).into_bytes()),
        ("package.json".to_owned(), package_json(&text("package.json")?)?.into_bytes()),
        ("wrangler.toml".to_owned(), without_build(&text("wrangler.toml")?)?.into_bytes()),
    ];
    for file in WORKER {
        files.push((format!("build/{file}"), read(built.join(file))?));
    }
    for name in AS_THEY_ARE {
        for path in files_under(&project.path(name))? {
            let within = path.strip_prefix(project.root()).unwrap_or(&path);
            let within = within.to_str().with_context(|| format!("{} is not a plain name", path.display()))?;
            files.push((within.to_owned(), read(path.clone())?));
        }
    }
    files.sort();
    Ok(files)
}

/// The file itself, or everything in the folder; nothing where there is neither.
fn files_under(path: &Path) -> anyhow::Result<Vec<PathBuf>> {
    if !path.is_dir() {
        return Ok(path.is_file().then(|| path.to_owned()).into_iter().collect());
    }
    let mut files = Vec::new();
    for entry in fs::read_dir(path).with_context(|| format!("cannot read {}", path.display()))? {
        files.extend(files_under(&entry?.path())?);
    }
    Ok(files)
}

/// `wrangler.toml` for a Worker that is built already. Comments stay.
fn without_build(text: &str) -> anyhow::Result<String> {
    let mut document: DocumentMut = text.parse().context("cannot read wrangler.toml")?;
    if document.remove("build").is_none() {
        bail!("wrangler.toml has no [build] to leave out");
    }
    Ok(document.to_string())
}

/// The package's `package.json`: of the project's, what a deploy needs, at the same versions.
fn package_json(text: &str) -> anyhow::Result<String> {
    let project: Value = serde_json::from_str(text).context("cannot read package.json")?;
    let mut dependencies = serde_json::Map::new();
    for name in NODE_PACKAGES {
        let version = project["devDependencies"].get(name).with_context(|| format!("package.json names no {name}"))?;
        dependencies.insert(name.to_owned(), version.clone());
    }
    let package = json!({
        "name": "latchkey",
        "version": env!("CARGO_PKG_VERSION"),
        "private": true,
        "license": project["license"],
        "engines": project["engines"],
        "dependencies": dependencies,
        "allowScripts": project["allowScripts"],
    });
    Ok(format!("{}\n", serde_json::to_string_pretty(&package)?))
}

/// Writes the files into the folder, and nothing else stays there.
fn write_folder(folder: &Path, files: &[PackagedFile]) -> anyhow::Result<()> {
    match fs::remove_dir_all(folder) {
        Err(error) if error.kind() != std::io::ErrorKind::NotFound => {
            return Err(error).with_context(|| format!("cannot empty {}", folder.display()));
        }
        _ => {}
    }
    for (name, content) in files {
        let path = folder.join(name);
        let parent = path.parent().unwrap_or(folder);
        fs::create_dir_all(parent).with_context(|| format!("cannot create {}", parent.display()))?;
        fs::write(&path, content).with_context(|| format!("cannot write {}", path.display()))?;
    }
    Ok(())
}

/// Writes the files into an archive in which all are in one folder. Whose they are, and when they were made, is left
/// out, so that the same files make the same archive.
fn write_archive(archive: &Path, folder: &str, files: &[PackagedFile]) -> anyhow::Result<()> {
    /// gzip's "unknown", where the compressing system would stand.
    const NO_SYSTEM: u8 = 255;
    let cannot = || format!("cannot write {}", archive.display());
    let file = File::create(archive).with_context(cannot)?;
    let gzip = GzBuilder::new().mtime(0).operating_system(NO_SYSTEM).write(file, Compression::best());
    let mut tar = tar::Builder::new(gzip);
    for (name, content) in files {
        let mut header = tar::Header::new_gnu();
        header.set_mode(0o644);
        header.set_size(content.len() as u64);
        header.set_mtime(0);
        tar.append_data(&mut header, format!("{folder}/{name}"), content.as_slice()).with_context(cannot)?;
    }
    tar.into_inner().with_context(cannot)?.finish().with_context(cannot)?.flush().with_context(cannot)
}

#[cfg(test)]
mod tests {
    use std::fs;

    use super::{package_json, without_build, write_archive, write_folder};

    const ROOT: &str = concat!(env!("CARGO_MANIFEST_DIR"), "/../..");

    fn of_the_project(name: &str) -> String {
        fs::read_to_string(format!("{ROOT}/{name}")).expect("reads")
    }

    #[test]
    fn the_packaged_configuration_builds_nothing_and_keeps_the_rest_with_its_comments() {
        let text = of_the_project("wrangler.toml");
        let without = without_build(&text).expect("edits");
        assert!(!without.contains("[build]") && !without.contains("cargo xtask build"), "{without}");
        let (before, rest) = text.split_once("[build]\n").expect("has a build");
        let (_, after) = rest.split_once("\n\n").expect("has more tables");
        assert_eq!(without, format!("{before}{after}"));
    }

    #[test]
    fn a_configuration_without_a_build_is_not_what_was_expected() {
        assert!(without_build("name = \"latchkey\"\n").is_err());
    }

    #[test]
    fn the_package_asks_for_the_projects_own_node_and_wrangler_and_for_nothing_else() {
        let project: serde_json::Value = serde_json::from_str(&of_the_project("package.json")).expect("parses");
        let package = package_json(&project.to_string()).expect("makes one");
        let package: serde_json::Value = serde_json::from_str(&package).expect("parses");
        let names: Vec<_> = package["dependencies"].as_object().expect("an object").keys().collect();
        assert_eq!(names, ["node", "wrangler"]);
        for name in names {
            assert_eq!(package["dependencies"][name], project["devDependencies"][name], "{name}");
        }
        assert!(package_json("{\"devDependencies\":{}}").is_err());
    }

    #[test]
    fn the_same_files_make_the_same_archive_and_an_old_file_does_not_stay_in_the_folder() {
        let temporary = tempfile::tempdir().expect("a folder");
        let files = [("a/b.txt".to_owned(), b"b".to_vec()), ("c.txt".to_owned(), vec![0; 5_000])];
        let archives = ["one.tgz", "two.tgz"].map(|name| temporary.path().join(name));
        for archive in &archives {
            write_archive(archive, "kit", &files).expect("writes");
        }
        assert_eq!(fs::read(&archives[0]).expect("reads"), fs::read(&archives[1]).expect("reads"));

        let folder = temporary.path().join("kit");
        fs::create_dir_all(folder.join("old")).expect("creates");
        write_folder(&folder, &files).expect("writes");
        assert!(!folder.join("old").exists());
        assert_eq!(fs::read(folder.join("a/b.txt")).expect("reads"), b"b");
        let mut unpacked =
            tar::Archive::new(flate2::read::GzDecoder::new(fs::File::open(&archives[0]).expect("opens")));
        let names: Vec<_> = unpacked
            .entries()
            .expect("reads")
            .map(|entry| entry.expect("an entry").path().expect("a path").display().to_string())
            .collect();
        assert_eq!(names, ["kit/a/b.txt", "kit/c.txt"]);
    }
}
