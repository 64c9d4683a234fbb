//! The command line of `cargo xtask admin`. What the words mean to the Worker is in its `src/http/admin.rs`.

use std::str::FromStr;

use chrono::{DateTime, SecondsFormat};
use clap::Subcommand;
use reqwest::Url;

/// See and change what is sold, licensed and owed, through the admin API of a running Worker.
///
/// The token is LATCHKEY_ADMIN_TOKEN of the environment: the Worker's ADMIN_TOKEN. For a Worker on this machine it is that
/// of .dev.vars if the environment has none. Every change takes a reason, which is kept for good with who made it.
#[derive(Debug, clap::Args)]
pub(crate) struct Args {
    /// The Worker.
    #[arg(
        long,
        env = "LATCHKEY_URL",
        default_value = "http://localhost:8787",
        global = true,
        help_heading = "Every command"
    )]
    pub(super) url: Url,
    /// Print the Worker's answer as it is.
    #[arg(long, global = true, help_heading = "Every command")]
    pub(super) json: bool,
    #[command(subcommand)]
    pub(super) command: Command,
}

#[derive(Debug, Subcommand)]
pub(super) enum Command {
    /// How the deployment stands: counts, what is due, the last cron, configuration problems.
    Status,
    /// Who paid and does not have everything: since when, why, and what to do.
    Attention {
        #[command(flatten)]
        paging: Paging,
    },
    /// What the storefronts delivered.
    Events {
        #[command(subcommand)]
        verb: Events,
    },
    /// What was sold, and who may use it.
    Licenses {
        #[command(subcommand)]
        verb: Licenses,
    },
    /// What is owed: mails, invitations, removals, alerts.
    Outbox {
        #[command(subcommand)]
        verb: Outbox,
    },
    /// What operators have changed, and why.
    Actions {
        #[command(subcommand)]
        verb: Actions,
    },
    /// What is held on a person.
    Privacy {
        #[command(subcommand)]
        verb: Privacy,
    },
}

#[derive(Debug, Subcommand)]
pub(super) enum Events {
    /// The newest deliveries.
    List {
        /// Only those in this state.
        #[arg(long, value_parser = STATES)]
        status: Option<String>,
        /// Only those of this storefront.
        #[arg(long, value_parser = SOURCES)]
        source: Option<String>,
        /// Only those since then: 30m, 24h, 7d, or a date and time as 2026-11-22T08:00:00Z.
        #[arg(long)]
        since: Option<Since>,
        #[command(flatten)]
        paging: Paging,
    },
    /// One delivery: its payload, what it led to, and its story.
    Show {
        /// The delivery's id.
        id: String,
    },
    /// Try deliveries again that were not processed: one by its id, or all that the options name, however many.
    #[command(group(clap::ArgGroup::new("which").required(true).multiple(true)))]
    Replay {
        /// The delivery's id.
        #[arg(group = "which", conflicts_with_all = ["status", "source", "since", "error", "every"])]
        id: Option<String>,
        /// Those in this state.
        #[arg(long, group = "which", value_parser = ["needs_seller", "in_progress"])]
        status: Option<String>,
        /// Those of this storefront.
        #[arg(long, group = "which", value_parser = SOURCES)]
        source: Option<String>,
        /// Those since then: 30m, 24h, 7d, or a date and time as 2026-11-22T08:00:00Z.
        #[arg(long, group = "which")]
        since: Option<Since>,
        /// Those whose error has this in it, such as "unmapped product".
        #[arg(long, group = "which")]
        error: Option<String>,
        /// All of them.
        #[arg(long = "all", group = "which", conflicts_with_all = ["status", "source", "since", "error"])]
        every: bool,
        #[command(flatten)]
        change: Change,
    },
}

#[derive(Debug, Subcommand)]
pub(super) enum Licenses {
    /// All licenses, or those that the options name.
    List {
        /// Those of this mail address.
        #[arg(long)]
        email: Option<String>,
        /// Those of this order.
        #[arg(long)]
        order: Option<String>,
        /// The one with this key.
        #[arg(long)]
        key: Option<String>,
        /// Those of this GitHub account, by its name or number.
        #[arg(long)]
        github: Option<String>,
        #[command(flatten)]
        paging: Paging,
    },
    /// One license with its whole history.
    Show {
        /// The license key, in any of its spellings.
        key: String,
    },
    /// Send the mail with the key again.
    Resend {
        /// The license key.
        key: String,
        #[command(flatten)]
        change: Change,
    },
    /// Take the license and its access away.
    Revoke {
        /// The license key.
        key: String,
        /// Do not ask.
        #[arg(long)]
        yes: bool,
        #[command(flatten)]
        change: Change,
    },
    /// Make the license good again, whatever took it away.
    Reinstate {
        /// The license key.
        key: String,
        #[command(flatten)]
        change: Change,
    },
    /// Move the license to another GitHub account. The old one loses its access.
    Transfer {
        /// The license key.
        key: String,
        /// The new account's name.
        #[arg(long)]
        to: String,
        /// Do not ask.
        #[arg(long)]
        yes: bool,
        #[command(flatten)]
        change: Change,
    },
}

#[derive(Debug, Subcommand)]
pub(super) enum Outbox {
    /// What is owed and was owed, newest first.
    List {
        /// Only what is in this state.
        #[arg(long, value_parser = ["due", "leased", "done", "dead"])]
        state: Option<String>,
        /// Only this kind.
        #[arg(long, value_parser = ["license_mail", "invitation", "removal", "alert_mail"])]
        kind: Option<String>,
        #[command(flatten)]
        paging: Paging,
    },
    /// Try it again, now.
    Retry {
        /// The row's id.
        id: u64,
        #[command(flatten)]
        change: Change,
    },
    /// Owe it no longer.
    Cancel {
        /// The row's id.
        id: u64,
        /// Do not ask.
        #[arg(long)]
        yes: bool,
        #[command(flatten)]
        change: Change,
    },
}

#[derive(Debug, Subcommand)]
pub(super) enum Actions {
    /// The newest changes.
    List {
        #[command(flatten)]
        paging: Paging,
    },
}

#[derive(Debug, Subcommand)]
pub(super) enum Privacy {
    /// Print everything that is held on a mail address, as JSON.
    Export {
        /// The person's mail address.
        email: String,
        #[command(flatten)]
        change: Change,
    },
    /// Erase what is held on a mail address. What accounting needs stays, without name and address.
    Erase {
        /// The person's mail address.
        email: String,
        /// Do not ask.
        #[arg(long)]
        yes: bool,
        #[command(flatten)]
        change: Change,
    },
}

/// How much of a list.
#[derive(Debug, clap::Args)]
pub(super) struct Paging {
    /// At most this many.
    #[arg(long, default_value_t = 50, value_parser = clap::value_parser!(u32).range(1..))]
    pub(super) limit: u32,
    /// However many there are.
    #[arg(long, conflicts_with = "limit")]
    pub(super) all: bool,
    /// Go on where a list ended that said so.
    #[arg(long)]
    pub(super) cursor: Option<String>,
}

/// What is kept with a change.
#[derive(Debug, clap::Args)]
pub(super) struct Change {
    /// Why, for whoever reads it in a year.
    #[arg(long)]
    pub(super) reason: String,
    /// Who; if not given, the user of this shell.
    #[arg(long, default_value_t = user())]
    pub(super) actor: String,
}

/// Whose shell this is.
fn user() -> String {
    let user = std::env::var("USER").unwrap_or_default();
    if user.trim().is_empty() { "operator".to_owned() } else { user }
}

const STATES: [&str; 6] =
    ["fulfilled", "waiting_on_buyer", "waiting_on_github", "needs_seller", "in_progress", "ignored"];
const SOURCES: [&str; 2] = ["gumroad", "lemonsqueezy"];

/// A point in time: itself, or so many seconds ago.
#[derive(Debug, Clone, PartialEq, Eq)]
pub(super) enum Since {
    At(String),
    Ago(i64),
}

impl Since {
    /// In RFC 3339, seen from `now`, in seconds since 1970.
    pub(super) fn before(&self, now: i64) -> String {
        match self {
            Self::At(time) => time.clone(),
            Self::Ago(seconds) => {
                let time = DateTime::from_timestamp(now.saturating_sub(*seconds), 0).unwrap_or_default();
                time.to_rfc3339_opts(SecondsFormat::Secs, true)
            }
        }
    }
}

impl FromStr for Since {
    type Err = &'static str;

    fn from_str(text: &str) -> Result<Self, Self::Err> {
        const UNITS: [(char, i64); 4] = [('m', 60), ('h', 3600), ('d', 24 * 3600), ('w', 7 * 24 * 3600)];
        let ago = UNITS.iter().find_map(|(unit, seconds)| {
            let count: u32 = text.strip_suffix(*unit)?.parse().ok()?;
            Some(Self::Ago(i64::from(count) * seconds))
        });
        let at = || DateTime::parse_from_rfc3339(text).ok().map(|_| Self::At(text.to_owned()));
        ago.or_else(at).ok_or("write 30m, 24h, 7d, 2w or a date and time as 2026-11-22T08:00:00Z")
    }
}
