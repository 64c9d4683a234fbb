//! `cargo xtask test`: everything that must hold, in steps. Here is the order and how each step is run; what is tested
//! is beside the code and in `tests/`.

use std::path::Path;
use std::process::{Command, ExitCode};
use std::time::{Duration, Instant};

use anyhow::bail;
use clap::ValueEnum;

use super::{package, simulate};
use crate::project::Project;
use crate::tools::chromium;
use crate::{shell, tools};

/// The target that the Worker is compiled for.
const WASM_TARGET: &str = "wasm32-unknown-unknown";

/// The tests that plain `cargo test` leaves out, as cargo is to be told of them.
const E2E: [&str; 2] = ["--test", "e2e"];
const CONFORMANCE: [&str; 2] = ["--test", "conformance"];
const BROWSER: [&str; 6] = ["--test", "buyer", "--test", "every_page", "--test", "operator"];

/// Install what is missing, then run everything: formatting, lints, tests on the host, under wasm, and end to end.
///
/// Stops at the first step that fails.
#[derive(Debug, clap::Args)]
pub(crate) struct Args {
    /// Run this step alone; may be given several times. Those it needs the result of have to have run before.
    #[arg(long, value_name = "STEP")]
    only: Vec<Step>,
}

/// The steps, in their order: cheap and telling ones first.
#[derive(Debug, Clone, Copy, PartialEq, Eq, ValueEnum)]
enum Step {
    /// Install what is missing.
    Tools,
    /// Formatting.
    Fmt,
    /// Lints, of everything that runs on the host.
    Clippy,
    /// Lints, of the Worker as it is compiled for Cloudflare.
    ClippyWasm,
    /// Tests on the host: the whole engine on SQLite and the sandbox.
    Host,
    /// Thousands of simulated runs, that the simulator notices mistakes, and a launch day.
    Simulate,
    /// Tests of what only wasm can prove.
    Wasm,
    /// The pages in a real browser, where there is one.
    Browser,
    /// The Worker, that it is not too large, and the package of it.
    Build,
    /// End-to-end tests in the real runtime, a torture of twenty kills among them.
    E2e,
    /// The Worker against its OpenAPI document.
    Conformance,
}

pub(crate) fn run(project: &Project, args: &Args) -> anyhow::Result<ExitCode> {
    let mut times = Vec::new();
    for step in Step::value_variants().iter().copied().filter(|step| args.only.is_empty() || args.only.contains(step)) {
        println!("\n=== {}: {}", step.name(), step.title());
        let started = Instant::now();
        let result = step.run(project);
        times.push((step, started.elapsed()));
        if let Err(error) = result {
            eprintln!("\nerror: {error:#}");
            print_times(&times);
            eprintln!("\nThe step `{0}` failed. Run it alone with: cargo xtask test --only {0}", step.name());
            return Ok(ExitCode::FAILURE);
        }
        println!("--- {}: {}", step.name(), shown(started.elapsed()));
    }
    print_times(&times);
    println!("\nEverything passed.");
    Ok(ExitCode::SUCCESS)
}

impl Step {
    fn run(self, project: &Project) -> anyhow::Result<()> {
        match self {
            Self::Tools => tools::ensure(project),
            Self::Fmt => cargo(project, &["fmt", "--all", "--check"]),
            Self::Clippy => {
                let mut clippy = cargo_command(project, &["clippy", "--workspace", "--all-targets"]);
                // Those that plain `cargo test` leaves out are no part of all targets.
                clippy.args(E2E).args(CONFORMANCE).args(BROWSER).args(["--", "-D", "warnings"]);
                shell::run(&mut clippy)
            }
            Self::ClippyWasm => {
                cargo(project, &["clippy", "-p", "latchkey", "--target", WASM_TARGET, "--", "-D", "warnings"])
            }
            Self::Host => cargo(project, &["test", "--workspace"]),
            Self::Simulate => {
                simulate::check(project, &["--check", "--seeds", "200"])?;
                simulate::check(project, &["--mistakes"])?;
                // The days after it take half a minute each; for fewer buyers they are in the simulator's own tests.
                simulate::check(project, &["--launch-day", "--days", "1"])?;
                simulate::check(project, &[])
            }
            Self::Wasm => {
                let mut test = cargo_command(project, &["test", "-p", "latchkey", "--target", WASM_TARGET]);
                let runner = project.cargo_tool("wasm-bindgen-test-runner");
                test.args(["--test", "wasm"]).env("CARGO_TARGET_WASM32_UNKNOWN_UNKNOWN_RUNNER", runner);
                shell::run(&mut test)
            }
            Self::Browser => match chromium::missing() {
                None => workspace_tests(project, &BROWSER),
                // On a machine that tests for everybody, what is skipped is what nobody looks at.
                Some(what) if std::env::var_os("CI").is_some() => bail!("{what} is not installed. {}", chromium::HOW),
                Some(what) => {
                    println!("SKIPPED, no page was opened: {what} is not installed. {}", chromium::HOW);
                    Ok(())
                }
            },
            Self::Build => package::package(project, Path::new("target/package")),
            Self::E2e => workspace_tests(project, &E2E),
            Self::Conformance => match tools::python::schemathesis(project)? {
                None => workspace_tests(project, &CONFORMANCE),
                Some(why) => {
                    println!("SKIPPED, nothing was checked: {why}. It needs Python 3.11 or newer.");
                    Ok(())
                }
            },
        }
    }

    /// As `--only` takes it.
    fn name(self) -> String {
        self.to_possible_value().map(|value| value.get_name().to_owned()).unwrap_or_default()
    }

    /// What `--help` says of it.
    fn title(self) -> String {
        let help = self.to_possible_value().and_then(|value| value.get_help().map(ToString::to_string));
        help.unwrap_or_default()
    }
}

fn cargo(project: &Project, arguments: &[&str]) -> anyhow::Result<()> {
    shell::run(&mut cargo_command(project, arguments))
}

/// Runs tests of all packages, whichever has them: with another selection cargo would choose other features of the
/// dependencies, and compile everything a second time.
fn workspace_tests(project: &Project, tests: &[&str]) -> anyhow::Result<()> {
    shell::run(cargo_command(project, &["test", "--workspace"]).args(tests))
}

fn cargo_command(project: &Project, arguments: &[&str]) -> Command {
    let mut command = shell::command(project, "cargo");
    command.args(arguments);
    command
}

fn print_times(times: &[(Step, Duration)]) {
    println!("\n{:<12} {:>8}", "step", "time");
    for (step, time) in times {
        println!("{:<12} {:>8}", step.name(), shown(*time));
    }
    println!("{:<12} {:>8}", "together", shown(times.iter().map(|(_, time)| *time).sum()));
}

/// `4.2 s`, `3:07 min`.
fn shown(time: Duration) -> String {
    let seconds = time.as_secs();
    if seconds < 60 {
        format!("{:.1} s", time.as_secs_f64())
    } else {
        format!("{}:{:02} min", seconds / 60, seconds % 60)
    }
}

#[cfg(test)]
mod tests {
    use std::time::Duration;

    use clap::ValueEnum;

    use super::{Step, shown};

    #[test]
    fn every_step_can_be_named_on_the_command_line_and_says_what_it_does() {
        for step in Step::value_variants() {
            assert_eq!(Step::from_str(&step.name(), false), Ok(*step));
            assert!(!step.title().is_empty(), "{step:?}");
        }
    }

    #[test]
    fn times_are_shown_in_seconds_below_a_minute_and_in_minutes_above() {
        assert_eq!(shown(Duration::from_millis(4_230)), "4.2 s");
        assert_eq!(shown(Duration::from_secs(187)), "3:07 min");
    }
}
