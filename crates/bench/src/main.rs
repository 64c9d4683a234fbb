//! `cargo xtask bench`: the command line of the benchmarks. Everything is a ratio of figures of one run, since what a
//! machine does meanwhile meets both sides alike; that answers are right is the tests' to show.
//!
//! | module | what it measures |
//! |---|---|
//! | `paths` | throughput of each path, 16 requests at a time, beside another Worker |
//! | `first_answer` | the first answer of a fresh isolate, beside the same Worker |
//! | `keys` | target T6 of `docs/faults.md`: whether an answer's time tells keys from each other |
//! | `load` | target T7: how soon fifty deliveries a second are answered, and with a slow D1 |
//! | `tick` | target T15: the CPU time of a tick that has as much to do as it takes on |
//!
//! `contender` starts what is compared; the JavaScript Worker that does Latchkey's job is in `peer/`. `figures` is what
//! many measurements come to.

mod contender;
mod figures;
mod first_answer;
mod keys;
mod load;
mod paths;
mod profile;
mod tick;

use std::path::PathBuf;

use clap::{Parser, ValueEnum};

use crate::contender::Other;

/// Measure the built Worker beside a JavaScript Worker that does the same job, in the same runtime, in turn.
///
/// Prints ratios, with the smallest, the median and the largest of the rounds. Leave the machine alone meanwhile.
#[derive(Debug, Parser)]
#[command(name = "cargo xtask bench", bin_name = "cargo xtask bench", max_term_width = 100)]
struct Cli {
    /// Fewer rounds and requests: whether it works, and roughly where it stands.
    #[arg(long)]
    quick: bool,
    /// Measure this alone; may be given several times.
    #[arg(long, value_name = "WHAT")]
    only: Vec<What>,
    /// The built Worker.
    #[arg(long, hide = true)]
    build: PathBuf,
    /// The built peer.
    #[arg(long, hide = true)]
    peer: Option<PathBuf>,
    /// Another build of the Worker to compare with, in place of the peer.
    #[arg(long, hide = true, conflicts_with = "peer")]
    other_build: Option<PathBuf>,
}

#[derive(Debug, Clone, Copy, PartialEq, Eq, ValueEnum)]
enum What {
    /// Throughput of each path.
    Paths,
    /// The first answer of a fresh isolate.
    FirstAnswer,
    /// Target T6: unknown, revoked and bound keys.
    Keys,
    /// Target T7: fifty deliveries a second, and a slow D1.
    Load,
    /// Target T15: the CPU time of a tick that has as much to do as it takes on.
    Tick,
}

/// How much is measured.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
enum Extent {
    Quick,
    Whole,
}

impl Extent {
    fn of(self, quick: usize, whole: usize) -> usize {
        match self {
            Self::Quick => quick,
            Self::Whole => whole,
        }
    }
}

#[tokio::main]
async fn main() {
    let Cli { quick, only, build, peer, other_build } = Cli::parse();
    let extent = if quick { Extent::Quick } else { Extent::Whole };
    let other = match (peer, other_build) {
        (Some(build), _) => Some(Other::Peer(build)),
        (None, Some(build)) => Some(Other::Latchkey(build)),
        (None, None) => None,
    };
    for what in What::value_variants().iter().filter(|what| only.is_empty() || only.contains(what)) {
        match (what, &other) {
            (What::Paths, Some(other)) => paths::measure(&build, other, extent).await,
            (What::FirstAnswer, Some(other)) => first_answer::measure(&build, other, extent).await,
            (What::Keys, _) => keys::measure(&build, extent).await,
            (What::Load, _) => load::measure(&build, extent).await,
            (What::Tick, _) => tick::measure(&build, extent).await,
            (_, None) => {}
        }
    }
}
