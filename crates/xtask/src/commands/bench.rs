//! `cargo xtask bench`: builds what is compared, and starts the benchmarks, compiled to be fast. What is measured is in
//! `crates/bench`; the peer's source is in `crates/bench/peer`.

use std::path::{Path, PathBuf};
use std::process::ExitCode;

use super::build;
use crate::project::Project;
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
    /// Measure this alone: paths, first-answer, keys, load or tick. May be given several times.
    #[arg(long, value_name = "WHAT")]
    only: Vec<String>,
    /// Compare with the same Worker at another optimization level (1, 2, 3, s or z) in place of the peer.
    #[arg(long, value_name = "LEVEL")]
    opt_level: Option<String>,
}

pub(crate) fn run(project: &Project, args: &Args) -> anyhow::Result<ExitCode> {
    tools::ensure(project)?;
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
    bench.args(args.only.iter().flat_map(|what| ["--only", what]));
    let status = bench.status()?;
    // It has said what there is to say.
    Ok(if status.success() { ExitCode::SUCCESS } else { ExitCode::FAILURE })
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
