//! `cargo xtask bench`: builds what is compared, and starts the benchmarks, compiled to be fast. What is measured is in
//! `crates/bench`; the peer's source is in `crates/bench/peer`.

use std::path::{Path, PathBuf};
use std::process::ExitCode;

use anyhow::bail;

use super::build;
use crate::project::Project;
use crate::tools::chromium;
use crate::{shell, tools};

/// Measure the built Worker beside a JavaScript Worker that does the same job, in the same runtime, in turn.
///
/// Prints ratios, with the smallest, the median and the largest of the rounds. Leave the machine alone meanwhile. It is no
/// part of `cargo xtask test`: a busy machine fails no test.
#[derive(Debug, clap::Args)]
pub(crate) struct Args {
    /// Fewer rounds and requests: whether it works, and roughly where it stands.
    #[arg(long)]
    quick: bool,
    /// Measure this alone: paths, first-answer, keys, load, tick; or pages, which is measured where it is named: clicks, requests and
    /// bytes, in Chromium. May be given several times.
    #[arg(long, value_name = "WHAT")]
    only: Vec<String>,
    /// Compare with the same Worker at another optimization level (1, 2, 3, s or z) in place of the peer.
    #[arg(long, value_name = "LEVEL")]
    opt_level: Option<String>,
}

pub(crate) fn run(project: &Project, args: &Args) -> anyhow::Result<ExitCode> {
    tools::ensure(project)?;
    let (of_pages, only): (Vec<_>, Vec<_>) = args.only.iter().partition(|what| *what == "pages");
    if !of_pages.is_empty() {
        pages(project)?;
        if only.is_empty() {
            return Ok(ExitCode::SUCCESS);
        }
    }
    let mut bench = shell::command(project, "cargo");
    bench.args(["run", "--quiet", "--profile", "simulate", "--package", "latchkey-bench", "--"]);
    if let Some(level) = &args.opt_level {
        let other = project.path(format!("target/bench/opt-level-{level}"));
        build::at_opt_level(project, &other, level)?;
        bench.arg("--other-build").arg(other);
    } else {
        bench.arg("--peer").arg(peer(project)?);
    }
    let built = project.path("build");
    build::worker(project, &built)?;
    bench.arg("--build").arg(built);
    if args.quick {
        bench.arg("--quick");
    }
    bench.args(only.into_iter().flat_map(|what| ["--only", what]));
    let status = bench.status()?;
    // It has said what there is to say.
    Ok(if status.success() { ExitCode::SUCCESS } else { ExitCode::FAILURE })
}

/// Measures what the pages cost whoever looks at them. How is in `crates/browser/src/bin/pages.rs`.
fn pages(project: &Project) -> anyhow::Result<()> {
    if let Some(what) = chromium::missing() {
        bail!("{what} is not installed. {}", chromium::HOW);
    }
    let mut command = shell::command(project, "cargo");
    command.args(["run", "--quiet", "--package", "latchkey-browser", "--bin", "pages"]);
    shell::run(&mut command)
}

/// Makes one file of the peer, as wrangler would, and gives its folder.
fn peer(project: &Project) -> anyhow::Result<PathBuf> {
    let folder = project.path("target/bench/peer");
    let mut esbuild = shell::command(project, project.node_tool("esbuild"));
    esbuild.arg(Path::new("crates/bench/peer/index.js")).args([
        "--bundle",
        "--format=esm",
        "--minify",
        "--log-level=warning",
    ]);
    esbuild.arg(format!("--outfile={}", folder.join("index.js").display()));
    shell::run(&mut esbuild)?;
    Ok(folder)
}
