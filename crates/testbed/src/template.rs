//! What every test bed has in common: the D1 with its migrations applied, and what `wrangler.toml` binds the Worker to.
//! Both come from wrangler itself, which takes seconds; so they are made once, kept under `target/`, and copied.

use std::fs;
use std::hash::{DefaultHasher, Hash, Hasher};
use std::path::{Path, PathBuf};
use std::process::Stdio;

use serde_json::Value;
use tokio::process::Command;
use tokio::sync::OnceCell;

use crate::database;
use crate::error::TestbedError;

/// The migrated database and the resolved configuration, on disk.
#[derive(Debug)]
pub(crate) struct Template {
    /// Copied for each test bed.
    pub(crate) persistence: PathBuf,
    /// What the Worker is bound to, in miniflare's terms.
    pub(crate) worker: Value,
}

/// The template of this process's project, made by whoever asks first.
pub(crate) async fn template() -> Result<&'static Template, TestbedError> {
    static TEMPLATE: OnceCell<Template> = OnceCell::const_new();
    TEMPLATE.get_or_try_init(|| find_or_make(project_root())).await
}

/// The checkout that this crate was built from.
pub(crate) fn project_root() -> &'static Path {
    let package = Path::new(env!("CARGO_MANIFEST_DIR"));
    // From `crates/testbed`.
    package.ancestors().nth(2).unwrap_or(package)
}

/// A program of the npm packages, with the Node that wrangler needs first on its `PATH`.
pub(crate) fn node_program(name: &str) -> Result<Command, TestbedError> {
    let programs = project_root().join("node_modules/.bin");
    let program = programs.join(name);
    if !program.exists() {
        return Err(TestbedError::NotInstalled(program));
    }
    let path = std::env::var_os("PATH").unwrap_or_default();
    let all = std::iter::once(programs).chain(std::env::split_paths(&path));
    let mut command = Command::new(program);
    command.env("PATH", std::env::join_paths(all).unwrap_or(path));
    // wrangler asks questions and reports usage unless told not to.
    command.env("CI", "1").env("WRANGLER_SEND_METRICS", "false");
    command.stdin(Stdio::null()).kill_on_drop(true);
    Ok(command)
}

async fn find_or_make(root: &Path) -> Result<Template, TestbedError> {
    let kept = root.join("target/testbed").join(fingerprint(root)?);
    if !kept.join("worker.json").is_file() {
        make(root, &kept).await?;
    }
    let file = kept.join("worker.json");
    let text = fs::read_to_string(&file).map_err(TestbedError::io(format!("read {}", file.display())))?;
    let worker = serde_json::from_str(&text)
        .map_err(|error| TestbedError::Wrangler { what: "reading wrangler.toml", output: error.to_string() })?;
    Ok(Template { persistence: kept.join("state/v3"), worker })
}

/// Changes with everything that the template is made from.
fn fingerprint(root: &Path) -> Result<String, TestbedError> {
    let migrations = root.join("migrations");
    let listing = fs::read_dir(&migrations).map_err(TestbedError::io(format!("read {}", migrations.display())))?;
    let mut files: Vec<_> = listing.filter_map(|entry| entry.ok().map(|entry| entry.path())).collect();
    files.sort();
    files.extend(["wrangler.toml", "package-lock.json"].map(|name| root.join(name)));
    let mut hasher = DefaultHasher::new();
    for file in files {
        file.file_name().hash(&mut hasher);
        let content = fs::read(&file).map_err(TestbedError::io(format!("read {}", file.display())))?;
        content.hash(&mut hasher);
    }
    Ok(format!("{:016x}", hasher.finish()))
}

/// Makes the template beside its place and moves it there when it is whole, since another test process may be doing
/// the same.
async fn make(root: &Path, kept: &Path) -> Result<(), TestbedError> {
    let parent = kept.parent().unwrap_or(root);
    fs::create_dir_all(parent).map_err(TestbedError::io(format!("create {}", parent.display())))?;
    let making = tempfile::tempdir_in(parent).map_err(TestbedError::io("create a temporary folder"))?;
    let config = write_config(root, making.path())?;

    let mut migrate = node_program("wrangler")?;
    migrate.args(["d1", "migrations", "apply", "DB", "--local", "--config"]).arg(&config);
    migrate.arg("--persist-to").arg(making.path().join("state"));
    output("applying the migrations", migrate.current_dir(making.path())).await?;
    let persistence = making.path().join("state/v3");
    database::merge_log(&database::find(&persistence)?)?;

    let mut resolve = node_program("node")?;
    resolve.arg(script()).arg("resolve").arg(&config).current_dir(making.path());
    let worker = output("reading wrangler.toml", &mut resolve).await?;
    let file = making.path().join("worker.json");
    fs::write(&file, worker).map_err(TestbedError::io(format!("write {}", file.display())))?;

    match fs::rename(making.path(), kept) {
        Ok(()) => Ok(()),
        // Somebody else was faster, with the same content.
        Err(_) if kept.join("worker.json").is_file() => Ok(()),
        Err(source) => Err(TestbedError::Io { what: format!("move the template to {}", kept.display()), source }),
    }
}

/// A copy of `wrangler.toml` where no `.dev.vars` lies beside it: the secrets of whoever develops here are not for
/// tests.
fn write_config(root: &Path, folder: &Path) -> Result<PathBuf, TestbedError> {
    let read = fs::read_to_string(root.join("wrangler.toml")).map_err(TestbedError::io("read wrangler.toml"))?;
    // Paths in it are relative to where it lies.
    let path = |name: &str| format!("{:?}", root.join(name));
    let text = read
        .replace("migrations_dir = \"migrations\"", &format!("migrations_dir = {}", path("migrations")))
        .replace("directory = \"assets\"", &format!("directory = {}", path("assets")));
    let config = folder.join("wrangler.toml");
    fs::write(&config, text).map_err(TestbedError::io(format!("write {}", config.display())))?;
    Ok(config)
}

/// The program that drives workerd.
pub(crate) fn script() -> PathBuf {
    Path::new(env!("CARGO_MANIFEST_DIR")).join("src/workerd.mjs")
}

/// Runs a command and gives its standard output.
async fn output(what: &'static str, command: &mut Command) -> Result<Vec<u8>, TestbedError> {
    let output = command.output().await.map_err(TestbedError::io(format!("start wrangler for {what}")))?;
    if !output.status.success() {
        let said = [output.stdout, output.stderr].concat();
        return Err(TestbedError::Wrangler { what, output: String::from_utf8_lossy(&said).into_owned() });
    }
    Ok(output.stdout)
}
