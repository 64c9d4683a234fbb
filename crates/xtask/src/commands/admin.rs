//! `cargo xtask admin`: what the operator sees and changes, through the admin API of a running Worker. Here is how each
//! command becomes a request; what the command line takes is in `args`, how a Worker is asked in `api`, and what is
//! printed in `show`.

mod api;
mod args;
mod show;
#[cfg(test)]
mod tests;

use std::io::{self, BufRead, IsTerminal, Write};
use std::process::ExitCode;

use anyhow::{Context, bail};
use serde_json::{Value, json};

use self::api::{Api, Query};
use self::args::{Change, Command, Events, Licenses, Outbox, Paging, Privacy};
use self::show::{List, Shown};
use crate::project::Project;
use crate::settings::Vars;

pub(crate) use self::args::Args;

const NOT_JSON: &str = "the Worker answered with something that is not JSON";

pub(crate) fn run(project: &Project, args: &Args) -> anyhow::Result<ExitCode> {
    let own = std::env::var("LATCHKEY_ADMIN_TOKEN").ok();
    let token = api::token(&args.url, own, || Ok(Vars::read(project)?.get("ADMIN_TOKEN")))?;
    let session = Session {
        api: Api::new(args.url.clone(), token)?,
        shown: Shown {
            json: args.json,
            terminal: io::stdout().is_terminal(),
            colors: colors(),
            now: i64::try_from(crate::stand_in::seconds_now()).context("the clock is past its end")?,
        },
        confirm: ask,
    };
    let runtime = tokio::runtime::Runtime::new().context("cannot start the runtime of this command")?;
    let text = runtime.block_on(session.run(&args.command))?;
    match writeln!(io::stdout(), "{}", text.trim_end()) {
        // Whoever reads it has seen enough, as `head` has.
        Err(error) if error.kind() == io::ErrorKind::BrokenPipe => Ok(ExitCode::SUCCESS),
        written => written.context("cannot print").map(|()| ExitCode::SUCCESS),
    }
}

/// A Worker, and who looks at it.
struct Session {
    api: Api,
    shown: Shown,
    /// Asks whether to do what takes something away.
    confirm: fn(&str) -> anyhow::Result<bool>,
}

impl Session {
    /// Does what is asked for, and gives what to print.
    async fn run(&self, command: &Command) -> anyhow::Result<String> {
        match command {
            Command::Status => {
                let answer = self.api.get(&["status"], &Query::default()).await?;
                self.print(&answer, |status| self.shown.status(status))
            }
            Command::Attention { paging } => self.list(List::Attention, &["attention"], Query::default(), paging).await,
            Command::Events { verb } => self.events(verb).await,
            Command::Licenses { verb } => self.licenses(verb).await,
            Command::Outbox { verb } => self.outbox(verb).await,
            Command::Actions { verb: args::Actions::List { paging } } => {
                self.list(List::Actions, &["actions"], Query::default(), paging).await
            }
            Command::Privacy { verb } => self.privacy(verb).await,
        }
    }

    async fn events(&self, verb: &Events) -> anyhow::Result<String> {
        match verb {
            Events::List { status, source, since, paging } => {
                let query = Query::default()
                    .with("status", status.as_ref())
                    .with("source", source.as_ref())
                    .with("since", since.as_ref().map(|since| since.before(self.shown.now)));
                self.list(List::Events, &["events"], query, paging).await
            }
            Events::Show { id } => {
                let answer = self.api.get(&["events", id], &Query::default()).await?;
                self.print(&answer, |event| self.shown.event(event))
            }
            Events::Replay { id: Some(id), change, .. } => {
                let answer = self.api.post(&["events", id, "replay"], &body(change)).await?;
                self.print(&answer, |event| self.shown.changed("Replayed", List::Events, event))
            }
            Events::Replay { id: None, status, source, since, error, change, .. } => {
                let body = body(change)
                    .with("status", status.as_ref())
                    .with("source", source.as_ref())
                    .with("since", since.as_ref().map(|since| since.before(self.shown.now)))
                    .with("error", error.as_ref());
                let replayed = self.replay(&body).await?;
                let answer = json!({ "replayed": replayed, "more": false }).to_string();
                self.print(&answer, |_| show::replayed(replayed))
            }
        }
    }

    /// Makes all deliveries due that the body names, and gives how many. The Worker takes so many at once and says when
    /// there may be more; what is due already it leaves out.
    async fn replay(&self, body: &Query) -> anyhow::Result<u64> {
        let mut replayed = 0;
        loop {
            let answer = self.api.post(&["events", "replay"], body).await.map_err(|error| match replayed {
                0 => error,
                _ => error.context(format!("{replayed} deliveries are due now, and the rest is not")),
            })?;
            let answer: Value = serde_json::from_str(&answer).context(NOT_JSON)?;
            replayed += answer["replayed"].as_u64().unwrap_or_default();
            if answer["more"] != true {
                return Ok(replayed);
            }
        }
    }

    async fn licenses(&self, verb: &Licenses) -> anyhow::Result<String> {
        let (key, act, body, said) = match verb {
            Licenses::List { email, order, key, github, paging } => {
                let query = Query::default()
                    .with("email", email.as_ref())
                    .with("order", order.as_ref())
                    .with("key", key.as_ref())
                    .with("github", github.as_ref());
                return self.list(List::Licenses, &["licenses"], query, paging).await;
            }
            Licenses::Show { key } => {
                let answer = self.api.get(&["licenses", key], &Query::default()).await?;
                return self.print(&answer, |license| self.shown.license(license));
            }
            Licenses::Resend { key, change } => {
                (key, "resend", body(change), "The mail is owed again: the next tick sends it, within a minute")
            }
            Licenses::Revoke { key, change, yes } => {
                self.confirm(*yes, &format!("Revoke {key} and take away the access that it gave?"))?;
                (key, "revoke", body(change), "Revoked: the next tick takes the access away, within a minute")
            }
            Licenses::Reinstate { key, change } => {
                (key, "reinstate", body(change), "Reinstated: the next tick sends what it owes, within a minute")
            }
            Licenses::Transfer { key, to, change, yes } => {
                self.confirm(
                    *yes,
                    &format!("Move {key} to {to} and take away the access of the account that has it?"),
                )?;
                let said = "Transferred: the next tick changes who has access, within a minute";
                (key, "transfer", body(change).with("to", Some(to)), said)
            }
        };
        let answer = self.api.post(&["licenses", key, act], &body).await?;
        self.print(&answer, |license| self.shown.changed(said, List::Licenses, license))
    }

    async fn outbox(&self, verb: &Outbox) -> anyhow::Result<String> {
        let (id, act, change, said) = match verb {
            Outbox::List { state, kind, paging } => {
                let query = Query::default().with("state", state.as_ref()).with("kind", kind.as_ref());
                return self.list(List::Outbox, &["outbox"], query, paging).await;
            }
            Outbox::Retry { id, change } => (id, "retry", change, "Due now: the next tick tries it, within a minute"),
            Outbox::Cancel { id, change, yes } => {
                self.confirm(*yes, &format!("Owe row {id} of the outbox no longer, so that nobody gets it?"))?;
                (id, "cancel", change, "Canceled")
            }
        };
        let answer = self.api.post(&["outbox", &id.to_string(), act], &body(change)).await?;
        self.print(&answer, |row| self.shown.changed(said, List::Outbox, row))
    }

    async fn privacy(&self, verb: &Privacy) -> anyhow::Result<String> {
        match verb {
            // It is for a machine, or for the person it is about: there is no other form of it.
            Privacy::Export { email, change } => {
                self.api.post(&["privacy", "export"], &body(change).with("email", Some(email))).await
            }
            Privacy::Erase { email, change, yes } => {
                self.confirm(*yes, &format!("Erase what is held on {email} for good?"))?;
                let answer = self.api.post(&["privacy", "erase"], &body(change).with("email", Some(email))).await?;
                self.print(&answer, |answer| show::erased(&answer["erased"]))
            }
        }
    }

    /// A list, page after page until as many are there as were asked for.
    async fn list(&self, list: List, path: &[&str], query: Query, paging: &Paging) -> anyhow::Result<String> {
        let most = if paging.all { usize::MAX } else { paging.limit as usize };
        let found = self.api.items(path, query, paging.cursor.clone(), most).await?;
        if self.shown.json { Ok(found.to_json()) } else { self.shown.list(list, &found) }
    }

    fn print(&self, answer: &str, readable: impl FnOnce(&Value) -> String) -> anyhow::Result<String> {
        if self.shown.json {
            return Ok(answer.to_owned());
        }
        Ok(readable(&serde_json::from_str(answer).context(NOT_JSON)?))
    }

    fn confirm(&self, yes: bool, question: &str) -> anyhow::Result<()> {
        if yes || (self.confirm)(question)? {
            return Ok(());
        }
        bail!("nothing was changed")
    }
}

/// What every change says.
fn body(change: &Change) -> Query {
    Query::default().with("reason", Some(&change.reason)).with("actor", Some(&change.actor))
}

/// Asks whoever sits there.
fn ask(question: &str) -> anyhow::Result<bool> {
    if !io::stdin().is_terminal() {
        bail!("nobody is there to ask \"{question}\": add --yes if you mean it");
    }
    eprint!("{question} [y/N] ");
    let mut answer = String::new();
    io::stdin().lock().read_line(&mut answer).context("cannot read the answer")?;
    Ok(matches!(answer.trim(), "y" | "Y" | "yes"))
}

/// Only for a person's eyes, and not for those of one who would rather have none: <https://no-color.org>
fn colors() -> bool {
    io::stdout().is_terminal() && std::env::var_os("NO_COLOR").is_none_or(|value| value.is_empty())
}
