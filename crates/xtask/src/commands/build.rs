//! `cargo xtask build`: the release Worker, and how large it is. How it is compiled is decided in `Cargo.toml` (the profile).

use std::env;
use std::fs;
use std::hash::{DefaultHasher, Hash, Hasher};
use std::io::Write;
use std::path::{Path, PathBuf};
use std::process::{Command, ExitCode};

use anyhow::{Context, bail};
use flate2::Compression;
use flate2::write::GzEncoder;

use crate::project::Project;
use crate::{shell, tools};

/// The most that the Worker may be: wasm and JavaScript together, gzipped, in bytes. Cloudflare takes 3 MB on the Free plan;
/// a larger Worker starts hardly later, and this makes a dependency that costs a lot show itself: what is to come has room in it.
/// <https://developers.cloudflare.com/workers/platform/limits/#worker-size>
const GZIPPED_LIMIT: usize = 960 * 1024;

/// What is uploaded.
const WASM: &str = "index_bg.wasm";
const JAVASCRIPT: &str = "index.js";

/// Records in the output folder which compilation, and which tools, it was made from.
const STAMP: &str = ".built-from";

/// What workerd runs and rustc and wasm-bindgen emit. All that binaryen knows would be more than workerd does.
const FEATURES: [&str; 7] = [
    "--enable-bulk-memory",
    "--enable-exception-handling",
    "--enable-multivalue",
    "--enable-mutable-globals",
    "--enable-nontrapping-float-to-int",
    "--enable-reference-types",
    "--enable-sign-ext",
];

/// What wasm-opt does. It inlines nothing: the compiler has done that where it counts, and functions that are merged here have so
/// many locals that the Worker is larger once it is compressed.
const OPTIMIZATION: [&str; 2] = ["-Oz", "--skip-pass=inlining-optimizing"];

/// Build the release Worker and print its size.
#[derive(Debug, clap::Args)]
pub(crate) struct Args {
    /// Where the Worker goes, from the project's root.
    #[arg(long, default_value = "build")]
    out_dir: PathBuf,
}

pub(crate) fn run(project: &Project, args: &Args) -> anyhow::Result<ExitCode> {
    tools::ensure(project)?;
    worker(project, &project.path(&args.out_dir))?;
    Ok(ExitCode::SUCCESS)
}

/// Builds the Worker into `out_dir` and prints its size.
///
/// # Errors
///
/// When it does not build, or is larger than the limit.
pub(crate) fn worker(project: &Project, out_dir: &Path) -> anyhow::Result<()> {
    build(project, out_dir, None)
}

/// The same at another optimization level than the profile's, to be compared with it.
///
/// # Errors
///
/// As [`worker`].
pub(crate) fn at_opt_level(project: &Project, out_dir: &Path, level: &str) -> anyhow::Result<()> {
    build(project, out_dir, Some(level))
}

fn build(project: &Project, out_dir: &Path, opt_level: Option<&str>) -> anyhow::Result<()> {
    let compiled = compile(project, opt_level)?;
    let stamp = stamp(project, &compiled)?;
    let stamp_file = out_dir.join(STAMP);
    // Making a Worker of the wasm takes several seconds, and `wrangler dev` asks for a build that `cargo xtask dev`
    // has just done.
    let fresh = fs::read_to_string(&stamp_file).is_ok_and(|found| found == stamp)
        && [WASM, JAVASCRIPT].iter().all(|file| out_dir.join(file).is_file());
    if !fresh {
        package(project, out_dir, opt_level)?;
    }
    print_and_check_size(out_dir)?;
    fs::write(&stamp_file, stamp).with_context(|| format!("cannot write {}", stamp_file.display()))
}

/// Compiles to wasm and gives the file. It is the same compilation that worker-build asks cargo for, so that one
/// finds it done.
fn compile(project: &Project, opt_level: Option<&str>) -> anyhow::Result<PathBuf> {
    let mut cargo = shell::command(project, "cargo");
    cargo.args(["build", "--lib", "--release", "--target", "wasm32-unknown-unknown"]);
    shell::run(with_settings(project, &mut cargo, opt_level)?)?;
    Ok(target_directory(project)?.join("wasm32-unknown-unknown/release/latchkey.wasm"))
}

/// Makes a Worker of the wasm: bindings, optimization, one JavaScript file.
fn package(project: &Project, out_dir: &Path, opt_level: Option<&str>) -> anyhow::Result<()> {
    let mut worker_build = shell::command(project, project.cargo_tool("worker-build"));
    worker_build.arg("--release").arg("--out-dir").arg(out_dir);
    // Without these it downloads its own from GitHub.
    worker_build.env("WASM_BINDGEN_BIN", project.cargo_tool("wasm-bindgen"));
    worker_build.env("ESBUILD_BIN", project.node_tool("esbuild"));
    shell::run(with_settings(project, &mut worker_build, opt_level)?)?;
    optimize(project, &out_dir.join(WASM))
}

/// Shrinks the wasm in place. worker-build could do it, but keeps the names of all functions in: they are a fifth of
/// what is uploaded. For the same reason its own run is off in `Cargo.toml`.
fn optimize(project: &Project, wasm: &Path) -> anyhow::Result<()> {
    println!("optimizing {}", wasm.display());
    let mut wasm_opt = shell::command(project, project.node_tool("wasm-opt"));
    wasm_opt.arg(wasm).arg("-o").arg(wasm).args(OPTIMIZATION).args(FEATURES);
    shell::run(&mut wasm_opt)
}

/// What both steps must agree on, or the second compiles everything again.
fn with_settings<'c>(
    project: &Project,
    command: &'c mut Command,
    opt_level: Option<&str>,
) -> anyhow::Result<&'c mut Command> {
    // Set by worker-build; wasm-bindgen's macros then need no crate of their own for futures.
    command.env("WASM_BINDGEN_USE_JS_SYS", "1");
    command.env("CARGO_ENCODED_RUSTFLAGS", rustflags(project)?);
    if let Some(level) = opt_level {
        command.env("CARGO_PROFILE_RELEASE_OPT_LEVEL", level);
    }
    Ok(command)
}

/// Keeps this machine's folders out of the Worker: they would be in the places of its panics, make it another one on
/// every machine, and larger.
fn rustflags(project: &Project) -> anyhow::Result<String> {
    let home = match env::var_os("CARGO_HOME") {
        Some(home) => PathBuf::from(home),
        None => env::home_dir().context("there is no home folder, and CARGO_HOME is not set")?.join(".cargo"),
    };
    let own = env::var("RUSTFLAGS").unwrap_or_default();
    let remapped = [(home.join("registry/src"), "crates"), (project.path(""), "latchkey")];
    let remapped = remapped.map(|(folder, name)| format!("--remap-path-prefix={}={name}", folder.display()));
    let flags: Vec<&str> = own.split_whitespace().chain(remapped.iter().map(String::as_str)).collect();
    // Separated as cargo asks for it, since a folder's name may have spaces.
    Ok(flags.join("\u{1f}"))
}

fn target_directory(project: &Project) -> anyhow::Result<PathBuf> {
    let mut metadata = shell::command(project, "cargo");
    let text = shell::read(metadata.args(["metadata", "--no-deps", "--format-version=1"]))?;
    let metadata: serde_json::Value = serde_json::from_str(&text).context("cannot read what `cargo metadata` says")?;
    let directory = metadata["target_directory"].as_str().context("`cargo metadata` names no target directory")?;
    Ok(PathBuf::from(directory))
}

fn stamp(project: &Project, compiled: &Path) -> anyhow::Result<String> {
    let wasm = fs::read(compiled).with_context(|| format!("cannot read {}", compiled.display()))?;
    let mut hasher = DefaultHasher::new();
    wasm.hash(&mut hasher);
    // Other options or other tools give another Worker from the same wasm; what the tools are is in these two files.
    (FEATURES, OPTIMIZATION).hash(&mut hasher);
    for file in ["Cargo.lock", "package-lock.json"] {
        fs::read(project.path(file)).with_context(|| format!("cannot read {file}"))?.hash(&mut hasher);
    }
    Ok(format!("{:016x}\n", hasher.finish()))
}

fn print_and_check_size(out_dir: &Path) -> anyhow::Result<()> {
    let mut gzipped_total = 0;
    println!("{:<16} {:>10} {:>10}", "", "raw", "gzipped");
    for file in [WASM, JAVASCRIPT] {
        let path = out_dir.join(file);
        let content = fs::read(&path).with_context(|| format!("the build made no {}", path.display()))?;
        let gzipped = gzipped_size(&content)?;
        gzipped_total += gzipped;
        println!("{file:<16} {:>10} {:>10}", kilobytes(content.len()), kilobytes(gzipped));
    }
    println!("{:<16} {:>10} {:>10}  (limit {})", "together", "", kilobytes(gzipped_total), kilobytes(GZIPPED_LIMIT));
    ensure_within_limit(gzipped_total)
}

fn ensure_within_limit(gzipped_total: usize) -> anyhow::Result<()> {
    if gzipped_total > GZIPPED_LIMIT {
        bail!(
            "the Worker is {} gzipped and may be {}: see what grew (`cargo tree -p latchkey --target \
             wasm32-unknown-unknown -e normal` lists the dependencies)",
            kilobytes(gzipped_total),
            kilobytes(GZIPPED_LIMIT)
        );
    }
    Ok(())
}

fn gzipped_size(content: &[u8]) -> anyhow::Result<usize> {
    let mut encoder = GzEncoder::new(Vec::new(), Compression::best());
    encoder.write_all(content)?;
    Ok(encoder.finish()?.len())
}

/// 1 KB is 1,024 bytes, as in the limit.
fn kilobytes(bytes: usize) -> String {
    let tenths = (bytes * 10).div_ceil(1024);
    format!("{}.{} KB", tenths / 10, tenths % 10)
}

#[cfg(test)]
mod tests {
    use super::{GZIPPED_LIMIT, ensure_within_limit, gzipped_size, kilobytes};

    #[test]
    fn a_worker_over_the_limit_fails_the_build_and_one_at_the_limit_does_not() {
        assert!(ensure_within_limit(GZIPPED_LIMIT).is_ok());
        let error = ensure_within_limit(GZIPPED_LIMIT + 1).expect_err("one byte more");
        assert!(error.to_string().contains("960.1 KB gzipped and may be 960.0 KB"), "{error}");
    }

    #[test]
    fn sizes_are_those_of_real_gzip_and_are_shown_rounded_up() {
        // A header of 10 bytes, an empty block of 2, checksum and length of 8.
        assert_eq!(gzipped_size(b"").expect("gzips"), 20);
        assert!(gzipped_size(&[7; 100_000]).expect("gzips") < 1_000);
        assert_eq!(kilobytes(0), "0.0 KB");
        assert_eq!(kilobytes(1024), "1.0 KB");
        assert_eq!(kilobytes(1025), "1.1 KB");
    }
}
