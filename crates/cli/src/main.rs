//! `latchkey`, the operator's command line: what the operator sees and changes, through the API of a running Worker. Within
//! a checkout it is `cargo latchkey`.
//!
//! | module | holds |
//! |---|---|
//! | `args` | what the command line takes |
//! | `commands` | how each command becomes a request, and what it prints |
//! | `api` | asking a Worker, and saying in one sentence what went wrong |
//! | `words` | what is said of an answer beside the words of its codes, which are the Worker's own |
//! | `show` | answers as a person reads them |
//! | `view` | tables, times and colors |
//! | `local` | the token of the Worker that `cargo xtask dev` runs |
//! | `machine` | this machine, as what the Worker's own adapters ask services through |
//!
//! The answers' types are the Worker's own: `latchkey::api`. Nothing here reads or writes its database.

mod api;
mod args;
mod commands;
mod local;
mod machine;
mod show;
#[cfg(test)]
mod tests;
mod view;
mod words;

use std::io::{self, BufRead, IsTerminal, Write};
use std::process::ExitCode;
use std::time::{SystemTime, UNIX_EPOCH};

use anyhow::{Context, bail};
use clap::{CommandFactory, FromArgMatches};
use latchkey::model::Timestamp;

use crate::args::{Args, Command};
use crate::commands::{Amiss, InvalidFile, Operator, Session};
use crate::view::{Colors, View};

/// How a failure ends the program. A command line that is not understood ends it with 2, which clap does.
const FAILED: u8 = 1;

/// How the doctor ends that could not ask, so that a monitor tells it from one that found something.
const NOT_ASKED: u8 = 3;

fn main() -> ExitCode {
    let program = local::program();
    let matches = Args::command().bin_name(program).get_matches();
    let args = Args::from_arg_matches(&matches).unwrap_or_else(|error| error.exit());
    match run(&args, program) {
        Ok(text) => print(&text),
        Err(error) => {
            if let Some(Amiss(text)) = error.downcast_ref() {
                print(text);
                return ExitCode::from(FAILED);
            }
            match error.downcast_ref::<InvalidFile>() {
                Some(invalid) if args.json => println!("{}", invalid.to_json()),
                // Where a compiler tells of its mistakes.
                Some(invalid) => eprintln!("{}\n", invalid.listed()),
                None => {}
            }
            eprintln!("error: {error:#}");
            ExitCode::from(if matches!(args.command, Command::Doctor) { NOT_ASKED } else { FAILED })
        }
    }
}

/// Does what is asked for, and gives what to print.
fn run(args: &Args, program: &'static str) -> anyhow::Result<String> {
    let now = SystemTime::now().duration_since(UNIX_EPOCH).context("the clock stands before 1970")?;
    let now = i64::try_from(now.as_millis()).context("the clock is past its end")?;
    let usual = std::env::var("LATCHKEY_URL").ok();
    let session = Session {
        view: View {
            width: comfy_table::Table::new().width(),
            colors: colors(),
            now: Timestamp::from_millis(now),
            command: args.repeated(program, usual.as_deref()),
        },
        token: &|| api::token(&args.url, std::env::var("LATCHKEY_ADMIN_TOKEN").ok(), local::admin_token),
        operator: &Terminal,
        setting: &|name| std::env::var(name).ok(),
    };
    // Ctrl-C ends the program at once, as it ends any that does not ask for it: what the Worker was told, it does.
    let runtime = tokio::runtime::Runtime::new().context("cannot start the runtime of this command")?;
    runtime.block_on(session.run(args))
}

fn print(text: &str) -> ExitCode {
    match writeln!(io::stdout(), "{}", text.trim_end()) {
        Ok(()) => ExitCode::SUCCESS,
        // Whoever reads it has seen enough, as `head` has.
        Err(error) if error.kind() == io::ErrorKind::BrokenPipe => ExitCode::SUCCESS,
        Err(error) => {
            eprintln!("error: cannot print: {error}");
            ExitCode::from(FAILED)
        }
    }
}

/// Whoever sits at this terminal. Standard output is for the answer alone.
struct Terminal;

impl Operator for Terminal {
    fn confirm(&self, question: &str) -> anyhow::Result<bool> {
        if !io::stdin().is_terminal() {
            bail!("nobody is there to ask \"{question}\": add --yes if you mean it");
        }
        eprint!("{question} [y/N] ");
        let mut answer = String::new();
        io::stdin().lock().read_line(&mut answer).context("cannot read the answer")?;
        Ok(matches!(answer.trim(), "y" | "Y" | "yes"))
    }

    fn tell(&self, text: &str) {
        eprintln!("{text}");
    }
}

/// Only for a person's eyes, and not for those of one who would rather have none: <https://no-color.org>
fn colors() -> Colors {
    let wanted = io::stdout().is_terminal() && std::env::var_os("NO_COLOR").is_none_or(|value| value.is_empty());
    if wanted { Colors::Shown } else { Colors::None }
}
