//! `cargo xtask fuzz`: looks for input that breaks a parser. What holds of each parser is in `crates/properties/`; the
//! fuzz targets, and the inputs that are kept for them, are in `crates/fuzz/`. The kept ones run with the tests,
//! without a fuzzer.

use std::fs;
use std::path::{Path, PathBuf};
use std::process::{ExitCode, Output, Stdio};

use anyhow::{Context, bail};

use crate::project::Project;
use crate::{shell, tools};

/// Longer inputs than storefronts and services send reach nothing more, and take longer.
const LONGEST_INPUT_BYTES: u32 = 4096;

/// Look for input that breaks a parser of what comes from outside: of deliveries, replies, requests and settings.
#[derive(Debug, clap::Args)]
pub(crate) struct Args {
    /// These targets only, by the names of the files in crates/fuzz/fuzz_targets.
    targets: Vec<String>,
    /// How long each target is fuzzed.
    #[arg(long, value_name = "S", default_value_t = 60)]
    seconds: u64,
    /// Add to crates/fuzz/corpus the inputs that reach what none of those reach that are there.
    #[arg(long)]
    keep: bool,
    /// Run this one input through the one target that is named, to see what a finding is.
    #[arg(long, value_name = "FILE", conflicts_with_all = ["seconds", "keep"])]
    input: Option<PathBuf>,
}

/// What the fuzzer says of its run.
#[derive(Debug, Default, PartialEq, Eq)]
struct Figures {
    executions: u64,
    /// Edges of the control flow that were reached.
    coverage: u64,
    new_inputs: u64,
}

/// Where one target's files are.
struct Places {
    program: PathBuf,
    /// In the project.
    kept: PathBuf,
    /// What was found on this machine.
    found: PathBuf,
    artifacts: PathBuf,
}

pub(crate) fn run(project: &Project, args: &Args) -> anyhow::Result<ExitCode> {
    let targets = chosen(&known(project)?, &args.targets)?;
    if args.input.is_some() && targets.len() != 1 {
        bail!("name the one target that the input is for: cargo xtask fuzz TARGET --input FILE");
    }
    tools::ensure_fuzzer(project)?;
    let programs = build(project)?;
    if let (Some(input), [target]) = (&args.input, targets.as_slice()) {
        shell::run(shell::bare_command(project, programs.join(target)).arg(fs::canonicalize(input)?))?;
        println!("The input breaks nothing.");
        return Ok(ExitCode::SUCCESS);
    }
    println!("\n{:<26}{:>12}{:>10}{:>8}  findings", "target", "executions", "coverage", "new");
    let mut findings = Vec::new();
    for target in &targets {
        let places = Places::of(project, &programs, target)?;
        let before = files(&places.artifacts)?;
        let figures = fuzz(project, &places, args.seconds)?;
        let found: Vec<_> = files(&places.artifacts)?.into_iter().filter(|file| !before.contains(file)).collect();
        let Figures { executions, coverage, new_inputs } = figures;
        println!("{target:<26}{executions:>12}{coverage:>10}{new_inputs:>8}  {}", found.len());
        if args.keep {
            keep(project, &places)?;
        }
        findings.extend(found.into_iter().map(|file| (target, file)));
    }
    for (target, file) in &findings {
        let file = file.strip_prefix(project.root()).unwrap_or(file).display();
        println!("\n{target} is broken by {file}. Repeat it with:\n  cargo xtask fuzz {target} --input {file}");
    }
    Ok(if findings.is_empty() { ExitCode::SUCCESS } else { ExitCode::FAILURE })
}

/// The names of all targets.
fn known(project: &Project) -> anyhow::Result<Vec<String>> {
    let mut names = Vec::new();
    for file in files(&project.path("crates/fuzz/fuzz_targets"))? {
        names.extend(file.file_stem().map(|name| name.to_string_lossy().into_owned()));
    }
    names.sort();
    Ok(names)
}

/// The targets that were asked for: all where none was.
fn chosen(known: &[String], asked: &[String]) -> anyhow::Result<Vec<String>> {
    if let Some(unknown) = asked.iter().find(|target| !known.contains(target)) {
        bail!("there is no target {unknown}; there are {}", known.join(", "));
    }
    Ok(if asked.is_empty() { known.to_vec() } else { asked.to_vec() })
}

/// Builds every target, and gives the folder that they are in.
fn build(project: &Project) -> anyhow::Result<PathBuf> {
    let folder = project.path("target/fuzz");
    eprintln!("xtask: building the fuzz targets (the first time takes some minutes)");
    let mut cargo_fuzz = shell::bare_command(project, project.cargo_tool("cargo-fuzz"));
    // Without a sanitizer: there is no unsafe code here for one to watch, and without it stable Rust will do.
    cargo_fuzz.args(["build", "--fuzz-dir", "crates/fuzz", "--sanitizer", "none", "--target-dir"]).arg(&folder);
    cargo_fuzz.env_remove("CARGO_TARGET_DIR").env_remove("RUSTFLAGS");
    if let Err(error) = shell::run(&mut cargo_fuzz) {
        bail!("{error}: see its messages above. The fuzzer itself is C++: on Debian `apt-get install build-essential`");
    }
    let rustc = shell::read(shell::bare_command(project, "rustc").arg("-vV"))?;
    let host = rustc.lines().find_map(|line| line.strip_prefix("host: ")).context("rustc does not name its host")?;
    Ok(folder.join(host).join("release"))
}

/// Fuzzes one target. What breaks it ends the run, and is among its artifacts.
fn fuzz(project: &Project, places: &Places, seconds: u64) -> anyhow::Result<Figures> {
    let mut program = shell::bare_command(project, &places.program);
    program.args([&places.found, &places.kept]);
    program.arg(format!("-max_total_time={seconds}")).arg(format!("-max_len={LONGEST_INPUT_BYTES}"));
    program.args(["-print_final_stats=1", "-timeout=10", "-rss_limit_mb=2048"]);
    program.arg(format!("-artifact_prefix={}/", places.artifacts.display()));
    let Output { stderr, .. } = program.stdout(Stdio::null()).output().context("cannot start the fuzz target")?;
    let said = String::from_utf8_lossy(&stderr);
    figures(&said).with_context(|| format!("the fuzzer did not run:\n{said}"))
}

/// Adds what reaches something new to the kept inputs. Every way through the code counts once, however often it is gone,
/// so that few small files are kept.
fn keep(project: &Project, places: &Places) -> anyhow::Result<()> {
    let mut program = shell::bare_command(project, &places.program);
    program.args(["-merge=1", "-use_counters=0", "-max_len=1024"]).args([&places.kept, &places.found]);
    program.stdout(Stdio::null()).stderr(Stdio::null());
    shell::run(&mut program)
}

impl Places {
    fn of(project: &Project, programs: &Path, target: &str) -> anyhow::Result<Self> {
        let places = Self {
            program: programs.join(target),
            kept: project.path("crates/fuzz/corpus").join(target),
            found: project.path("target/fuzz/corpus").join(target),
            artifacts: project.path("crates/fuzz/artifacts").join(target),
        };
        for folder in [&places.kept, &places.found, &places.artifacts] {
            fs::create_dir_all(folder).with_context(|| format!("cannot create {}", folder.display()))?;
        }
        Ok(places)
    }
}

/// What a folder holds.
fn files(folder: &Path) -> anyhow::Result<Vec<PathBuf>> {
    let entries = fs::read_dir(folder).with_context(|| format!("cannot read {}", folder.display()))?;
    entries.map(|entry| entry.map(|entry| entry.path())).collect::<Result<_, _>>().context("cannot read a folder")
}

/// Reads what the fuzzer printed: a line with `cov: 57` at every step, and the totals at the end.
/// <https://llvm.org/docs/LibFuzzer.html#output>
fn figures(said: &str) -> Option<Figures> {
    let total = |name: &str| {
        let line = said.lines().find_map(|line| line.strip_prefix(name))?;
        line.trim_start_matches(':').trim().parse().ok()
    };
    let coverage = said.lines().rev().find_map(|line| {
        let (_, behind) = line.split_once(" cov: ")?;
        behind.split_whitespace().next()?.parse().ok()
    });
    Some(Figures {
        executions: total("stat::number_of_executed_units")?,
        // One that breaks on a kept input has no step to tell of.
        coverage: coverage.unwrap_or_default(),
        new_inputs: total("stat::new_units_added")?,
    })
}

#[cfg(test)]
mod tests {
    use super::{Figures, chosen, figures};

    #[test]
    fn the_figures_are_read_from_what_the_fuzzer_prints() {
        let said = "INFO: Seed: 1\n#2\tINITED cov: 57 ft: 61 corp: 4/90b\n#9\tNEW    cov: 58 ft: 66 corp: 5/99b\n\
                    Done 1200 runs in 2 second(s)\nstat::number_of_executed_units: 1200\n\
                    stat::average_exec_per_sec:     600\nstat::new_units_added:          13\n";
        assert_eq!(figures(said), Some(Figures { executions: 1200, coverage: 58, new_inputs: 13 }));
        assert_eq!(figures("cannot open"), None);
    }

    #[test]
    fn a_target_that_does_not_exist_is_refused_with_those_that_do() {
        let known = ["json".to_owned(), "login".to_owned()];
        assert_eq!(chosen(&known, &[]).unwrap(), known);
        assert_eq!(chosen(&known, &["login".to_owned()]).unwrap(), ["login"]);
        let refused = chosen(&known, &["jsom".to_owned()]).unwrap_err().to_string();
        assert_eq!(refused, "there is no target jsom; there are json, login");
    }
}
