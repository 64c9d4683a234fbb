//! What the command line takes. Values are read into the API's own types, by the API's own rules, so that what the Worker
//! would refuse is a mistake of the command line already.

use std::path::PathBuf;
use std::str::FromStr;

use clap::builder::{PossibleValue, PossibleValuesParser, TypedValueParser};
use clap::{ArgGroup, Parser, Subcommand};
use latchkey::adapters::storefronts::PROFILES;
use latchkey::api::Cursor;
use latchkey::api::codes::{DriftKind, OutboxKind, OutboxState, OutstandingState, SaleState};
use latchkey::api::values::{
    AccountFilter, Days, ErrorPart, KeyFilter, OrderFilter, PersonName, RepoFilter, SourceFilter,
};
use latchkey::model::{
    Actor, BuyerEmail, EmailAddress, EventId, GithubLogin, GrantState, Reason, StorefrontId, Timestamp,
};
use reqwest::Url;
use serde::de::DeserializeOwned;
use serde::de::value::{Error as TextError, StrDeserializer};

use crate::api::host;
use crate::view::CommandLine;
use crate::words::Words;

/// The Worker that `cargo xtask dev` runs.
pub(crate) const LOCAL_URL: &str = "http://localhost:8787";

/// See and change what is sold, licensed and still to be done, through the API of a running Worker.
///
/// The token is LATCHKEY_ADMIN_TOKEN of the environment: the Worker's ADMIN_TOKEN. For a Worker on this machine it is that
/// of .dev.vars if the environment has none. Every change takes a reason, which is kept for good with who made it. What
/// failed ends with 1, what was not understood with 2.
#[derive(Debug, Parser)]
#[command(name = "latchkey", version, max_term_width = 100)]
pub(crate) struct Args {
    /// The Worker.
    #[arg(
        long,
        env = "LATCHKEY_URL",
        hide_env_values = true,
        default_value = LOCAL_URL,
        global = true,
        help_heading = "Every command"
    )]
    pub(crate) url: Url,
    /// Print the Worker's answer as it is.
    #[arg(long, global = true, help_heading = "Every command")]
    pub(crate) json: bool,
    #[command(subcommand)]
    pub(crate) command: Command,
}

#[derive(Debug, Subcommand)]
pub(crate) enum Command {
    /// How the deployment stands: counts, what is due, the last tick, configuration problems.
    Status,
    /// Whether everything is set up as it has to be, here and at the services, and what mends it where it is not. Changes
    /// nothing. Ends with 0 where nothing failed, with 1 where something did, and with 3 where the Worker could not be asked.
    Doctor,
    /// Create the webhooks that are missing, and show those that are there; changes nothing else.
    ///
    /// The credentials come from the environment, under the names that the Worker has for them: GUMROAD_ACCESS_TOKEN and
    /// GUMROAD_WEBHOOK_SECRET; LEMON_SQUEEZY_API_KEY, LEMON_SQUEEZY_STORE_ID and LEMON_SQUEEZY_WEBHOOK_SECRET;
    /// PADDLE_API_KEY, POLAR_ACCESS_TOKEN or STRIPE_API_KEY, after which the secret is shown that Paddle, Polar or Stripe has made; GITHUB_TOKEN and GITHUB_WEBHOOK_SECRET, for the repositories of the Worker's catalogue. They go to that service and nowhere else.
    /// A sender of Standard Webhooks has no API that is known: it is said what to paste there.
    Connect {
        /// Whose webhooks.
        #[arg(value_parser = services())]
        service: String,
        /// Create nothing: only show what is missing.
        #[arg(long)]
        dry_run: bool,
    },
    /// Who paid and does not have everything: since when, why, and what to do.
    Attention {
        #[command(flatten)]
        paging: Paging,
    },
    /// What the storefronts delivered.
    #[command(subcommand)]
    Events(Events),
    /// What buyers are entitled to, and to whom each license is bound.
    #[command(subcommand)]
    Licenses(Licenses),
    /// Who has access to which repository.
    #[command(subcommand)]
    Grants(Grants),
    /// Each repository at a glance: who has access, is invited and waits, and how it was last compared with GitHub.
    Access {
        #[command(flatten)]
        paging: Paging,
    },
    /// What was sold, by day and by product.
    Sales {
        /// How many days.
        #[arg(long, default_value = "30", value_parser = read::<Days>)]
        days: Days,
        /// A moment of the last of them, as 2026-11-22T00:00:00Z; now where it is not given.
        #[arg(long, value_parser = read::<Timestamp>)]
        until: Option<Timestamp>,
        /// Only what an answer for the same days has left out.
        #[arg(long, value_parser = read::<Cursor>)]
        cursor: Option<Cursor>,
    },
    /// Send the operator a mail, by which it is seen that mails arrive. Changes nothing.
    TestMail,
    /// Where GitHub and what is recorded differ, and who let each account in, when, and for which order.
    Drift(Drift),
    /// What is still to be done in the outside world: mails, access, alerts.
    #[command(subcommand)]
    Outbox(Outbox),
    /// What operators have changed, and why.
    #[command(subcommand)]
    Actions(Actions),
    /// What each product opens: the catalogue, and its file.
    #[command(subcommand)]
    Products(Products),
    /// What is held on a person.
    #[command(subcommand)]
    Privacy(Privacy),
}

#[derive(Debug, Subcommand)]
pub(crate) enum Events {
    /// The newest deliveries.
    List {
        /// Only those in this state.
        #[arg(long, alias = "status", value_parser = codes(SaleState::ALL, SaleState::as_str))]
        state: Option<SaleState>,
        /// Only those of this storefront.
        #[arg(long, value_parser = source())]
        source: Option<SourceFilter>,
        /// Only those since then: 30m, 24h, 7d, or a date and time as 2026-11-22T08:00:00Z.
        #[arg(long)]
        since: Option<Since>,
        #[command(flatten)]
        paging: Paging,
    },
    /// One delivery: its payload, what it led to, and its history.
    Show {
        /// The delivery's id.
        id: String,
    },
    /// Process deliveries that are not processed: one by its id, or all that the options name, however many.
    Replay {
        #[command(flatten)]
        which: Outstanding,
        #[command(flatten)]
        change: Change,
    },
    /// Have nothing come of deliveries that are not processed: one by its id, or all that the options name, however many. One that
    /// was dismissed is processed after all when it is replayed by its id.
    Dismiss {
        #[command(flatten)]
        which: Outstanding,
        #[command(flatten)]
        change: Change,
    },
}

/// Deliveries that are not processed.
#[derive(Debug, clap::Args)]
#[command(group(ArgGroup::new("which").required(true).multiple(true)))]
pub(crate) struct Outstanding {
    /// The delivery's id.
    #[arg(group = "which", conflicts_with_all = ["state", "source", "since", "error", "every"])]
    pub(crate) id: Option<String>,
    /// Those in this state.
    #[arg(long, alias = "status", group = "which", value_parser = codes(OutstandingState::ALL, OutstandingState::as_str))]
    pub(crate) state: Option<OutstandingState>,
    /// Those of this storefront.
    #[arg(long, group = "which", value_parser = source())]
    pub(crate) source: Option<SourceFilter>,
    /// Those since then: 30m, 24h, 7d, or a date and time as 2026-11-22T08:00:00Z.
    #[arg(long, group = "which")]
    pub(crate) since: Option<Since>,
    /// Those whose error has this in it, such as "unmapped product".
    #[arg(long, group = "which", value_parser = read::<ErrorPart>)]
    pub(crate) error: Option<ErrorPart>,
    /// All of them.
    #[arg(long = "all", group = "which", conflicts_with_all = ["state", "source", "since", "error"])]
    pub(crate) every: bool,
}

#[derive(Debug, Subcommand)]
pub(crate) enum Licenses {
    /// All licenses, or those that the options name.
    List {
        /// Those of this mail address.
        #[arg(long, value_parser = read::<BuyerEmail>)]
        email: Option<BuyerEmail>,
        /// Those of this order.
        #[arg(long, value_parser = read::<OrderFilter>)]
        order: Option<OrderFilter>,
        /// The one with this key, in any of its spellings.
        #[arg(long, value_parser = read::<KeyFilter>)]
        key: Option<KeyFilter>,
        /// Those of this GitHub account, by its name or number.
        #[arg(long, value_parser = read::<AccountFilter>)]
        github: Option<AccountFilter>,
        #[command(flatten)]
        paging: Paging,
    },
    /// One license with its whole history.
    Show {
        /// The license key, in any of its spellings.
        key: String,
    },
    /// Give a license by hand: for a gift, for a sale somewhere else, or in answer to a delivery that is stuck. The same again,
    /// for the same reason, gives the same license.
    Issue {
        /// The section of the catalogue that the product is in.
        #[arg(long, value_parser = source())]
        section: SourceFilter,
        /// The product's id there.
        #[arg(long, value_parser = read::<StorefrontId>)]
        product: StorefrontId,
        /// The variant, as the catalogue has it.
        #[arg(long, value_parser = read::<StorefrontId>)]
        variant: Option<StorefrontId>,
        /// The mail address that gets it.
        #[arg(long, value_parser = read::<EmailAddress>)]
        to: EmailAddress,
        /// What the person is called.
        #[arg(long, value_parser = read::<PersonName>)]
        name: Option<PersonName>,
        /// The delivery that it answers: that is processed by this, and the license belongs to its order.
        #[arg(long, value_parser = read::<EventId>)]
        event: Option<EventId>,
        #[command(flatten)]
        change: Change,
    },
    /// Correct the mail address of a license and its order. The mail with the key goes there, unless it is activated.
    CorrectEmail {
        /// The license key.
        key: String,
        /// The right address.
        #[arg(long, value_parser = read::<EmailAddress>)]
        to: EmailAddress,
        #[command(flatten)]
        change: Change,
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
        #[command(flatten)]
        consent: Consent,
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
        #[arg(long, value_parser = read::<GithubLogin>)]
        to: GithubLogin,
        #[command(flatten)]
        consent: Consent,
        #[command(flatten)]
        change: Change,
    },
}

#[derive(Debug, Subcommand)]
pub(crate) enum Grants {
    /// The access of each GitHub account to each repository.
    List {
        /// Only that of this GitHub account, by its name or number.
        #[arg(long, value_parser = read::<AccountFilter>)]
        github: Option<AccountFilter>,
        /// Only that to this repository, owner/name.
        #[arg(long, value_parser = read::<RepoFilter>)]
        repo: Option<RepoFilter>,
        /// Only what is in this state.
        #[arg(long, value_parser = codes(&GrantState::ALL, GrantState::as_str))]
        state: Option<GrantState>,
        #[command(flatten)]
        paging: Paging,
    },
    /// Bring the licenses that there are to what the catalogue says by now: who activated before a change of it gains and loses what
    /// that has changed. Shows what it would change; with a reason, asks and does it. Stopped in between, the same again goes on.
    Sync {
        /// Only the licenses of this product, whatever the variant: the storefront's id of it.
        #[arg(long, value_parser = read::<StorefrontId>)]
        product: Option<StorefrontId>,
        /// Why, for whoever reads it in a year. Without it, nothing is changed.
        #[arg(long, value_parser = read::<Reason>)]
        reason: Option<Reason>,
        /// Who; if not given, the user of this shell.
        #[arg(long, value_parser = read::<Actor>, requires = "reason")]
        actor: Option<Actor>,
        /// Do not ask.
        #[arg(long, requires = "reason")]
        yes: bool,
    },
    /// Take from an account what it could do in a repository before a license let it in: from then on it has what its licenses open,
    /// and nothing where none does.
    ForgetEarlier {
        /// The GitHub account, by its name or number.
        #[arg(value_parser = read::<AccountFilter>)]
        github: AccountFilter,
        /// The repository, owner/name.
        #[arg(value_parser = read::<RepoFilter>)]
        repo: RepoFilter,
        #[command(flatten)]
        consent: Consent,
        #[command(flatten)]
        change: Change,
    },
}

#[derive(Debug, clap::Args)]
#[command(args_conflicts_with_subcommands = true)]
pub(crate) struct Drift {
    #[command(subcommand)]
    pub(crate) verb: Option<DriftVerb>,
    /// Only differences of this kind.
    #[arg(long, value_parser = codes(DriftKind::ALL, DriftKind::as_str))]
    pub(crate) kind: Option<DriftKind>,
    /// Only those of this repository, owner/name.
    #[arg(long, value_parser = read::<RepoFilter>)]
    pub(crate) repo: Option<RepoFilter>,
    /// Only those of this GitHub account, by its name or number.
    #[arg(long, value_parser = read::<AccountFilter>)]
    pub(crate) github: Option<AccountFilter>,
    #[command(flatten)]
    pub(crate) paging: Paging,
}

#[derive(Debug, Subcommand)]
pub(crate) enum DriftVerb {
    /// Compare now, instead of within a day of the last time.
    Check {
        /// Only this repository, owner/name.
        #[arg(long, value_parser = read::<RepoFilter>)]
        repo: Option<RepoFilter>,
        #[command(flatten)]
        change: Change,
    },
}

#[derive(Debug, Subcommand)]
pub(crate) enum Outbox {
    /// What is to be done and what was, newest first.
    List {
        /// Only what is in this state.
        #[arg(long, value_parser = codes(OutboxState::ALL, OutboxState::as_str))]
        state: Option<OutboxState>,
        /// Only this kind.
        #[arg(long, value_parser = codes(OutboxKind::ALL, OutboxKind::as_str))]
        kind: Option<OutboxKind>,
        #[command(flatten)]
        paging: Paging,
    },
    /// Try again, now: one row by its id, or what was given up or waits for a person, all that the options name, however many.
    Retry {
        #[command(flatten)]
        which: GivenUp,
        #[command(flatten)]
        consent: Consent,
        #[command(flatten)]
        change: Change,
    },
    /// Do not do it any more.
    Cancel {
        /// The row's id.
        id: u64,
        #[command(flatten)]
        consent: Consent,
        #[command(flatten)]
        change: Change,
    },
}

/// Rows that were given up or wait for a person.
#[derive(Debug, clap::Args)]
#[command(group(ArgGroup::new("rows").required(true).multiple(true)))]
pub(crate) struct GivenUp {
    /// The row's id.
    #[arg(group = "rows", conflicts_with_all = ["state", "kind", "error", "every"])]
    pub(crate) id: Option<u64>,
    /// Those in this state: dead, what was given up, or due, what waits for a person.
    #[arg(long, group = "rows", value_parser = codes(&[OutboxState::Due, OutboxState::Dead], OutboxState::as_str))]
    pub(crate) state: Option<OutboxState>,
    /// Those of this kind.
    #[arg(long, group = "rows", value_parser = codes(OutboxKind::ALL, OutboxKind::as_str))]
    pub(crate) kind: Option<OutboxKind>,
    /// Those whose last error has this in it, such as "token was rejected".
    #[arg(long, group = "rows", value_parser = read::<ErrorPart>)]
    pub(crate) error: Option<ErrorPart>,
    /// Every one.
    #[arg(long = "all", group = "rows", conflicts_with_all = ["state", "kind", "error"])]
    pub(crate) every: bool,
}

#[derive(Debug, Subcommand)]
pub(crate) enum Actions {
    /// The newest changes.
    List {
        #[command(flatten)]
        paging: Paging,
    },
}

#[derive(Debug, Subcommand)]
pub(crate) enum Products {
    /// Find every mistake in the file, without a Worker.
    Check {
        #[command(flatten)]
        file: ProductsFile,
        /// Show what this delivery, a file with its body, would be read as by the file's [standard_webhooks].
        #[arg(long, value_name = "DELIVERY")]
        against: Option<PathBuf>,
    },
    /// Show what a push would change, and how many deliveries would become due.
    Diff {
        #[command(flatten)]
        file: ProductsFile,
    },
    /// Replace the Worker's whole catalogue by the file. Live at once; shows what changes first, and asks.
    Push {
        #[command(flatten)]
        file: ProductsFile,
        #[command(flatten)]
        consent: Consent,
        #[command(flatten)]
        change: Change,
    },
    /// What was sold, or whose key was used, and the catalogue does not name: what waits for an entry.
    Waiting,
    /// Print the Worker's catalogue in the form of the file, or as JSON with --json.
    Pull {
        /// Write it there instead: TOML, or JSON where the name ends in .json.
        #[arg(long, short)]
        output: Option<PathBuf>,
        #[command(flatten)]
        consent: Consent,
    },
}

#[derive(Debug, Subcommand)]
pub(crate) enum Privacy {
    /// Print everything that is held on a mail address, as JSON.
    Export {
        /// The person's mail address.
        #[arg(value_parser = read::<BuyerEmail>)]
        email: BuyerEmail,
        #[command(flatten)]
        change: Change,
    },
    /// Erase what is held on a mail address. What accounting needs stays, without name and address.
    Erase {
        /// The person's mail address.
        #[arg(value_parser = read::<BuyerEmail>)]
        email: BuyerEmail,
        #[command(flatten)]
        consent: Consent,
        #[command(flatten)]
        change: Change,
    },
}

/// How much of a list.
#[derive(Debug, clap::Args)]
pub(crate) struct Paging {
    /// At most this many.
    #[arg(long, default_value_t = 50, value_parser = clap::value_parser!(u32).range(1..))]
    pub(crate) limit: u32,
    /// However many there are.
    #[arg(long, conflicts_with = "limit")]
    pub(crate) all: bool,
    /// Go on where a list ended that said so.
    #[arg(long, value_parser = read::<Cursor>)]
    pub(crate) cursor: Option<Cursor>,
}

/// What is kept with a change.
#[derive(Debug, clap::Args)]
pub(crate) struct Change {
    /// Why, for whoever reads it in a year.
    #[arg(long, value_parser = read::<Reason>)]
    pub(crate) reason: Reason,
    /// Who; if not given, the user of this shell.
    #[arg(long, value_parser = read::<Actor>)]
    actor: Option<Actor>,
}

/// What takes something away, or touches many, asks first.
#[derive(Debug, clap::Args)]
pub(crate) struct Consent {
    /// Do not ask.
    #[arg(long)]
    pub(crate) yes: bool,
}

/// A written catalogue.
#[derive(Debug, clap::Args)]
pub(crate) struct ProductsFile {
    /// TOML, or JSON where the name ends in .json.
    #[arg(value_name = "FILE", default_value = "products.toml")]
    pub(crate) path: PathBuf,
}

/// GitHub, as what can be connected.
pub(crate) const GITHUB: &str = "github";

/// Whose webhooks can be created.
fn services() -> PossibleValuesParser {
    let storefronts = PROFILES.iter().map(|profile| PossibleValue::new(profile.source.as_str()));
    PossibleValuesParser::new(storefronts.chain([PossibleValue::new(GITHUB)]))
}

impl Args {
    /// How the operator calls this program for the same Worker again. `usual` is the address that need not be said.
    pub(crate) fn repeated(&self, program: &'static str, usual: Option<&str>) -> CommandLine {
        let usual = usual.unwrap_or(LOCAL_URL).parse::<Url>().ok();
        CommandLine { program, url: Some(host(&self.url)).filter(|_| usual.as_ref() != Some(&self.url)) }
    }
}

impl Paging {
    /// How many items are wanted.
    pub(crate) fn most(&self) -> usize {
        if self.all { usize::MAX } else { usize::try_from(self.limit).unwrap_or(usize::MAX) }
    }
}

impl Change {
    /// Who makes it. Where the shell's user is no name that the API takes, the Worker puts its own word for the operator.
    pub(crate) fn actor(&self) -> Option<Actor> {
        actor(self.actor.as_ref())
    }
}

/// Whoever was named, else the shell's user.
pub(crate) fn actor(named: Option<&Actor>) -> Option<Actor> {
    named.cloned().or_else(|| Actor::parse(&std::env::var("USER").ok()?))
}

/// A point in time: itself, or so long ago.
#[derive(Debug, Clone, PartialEq, Eq)]
pub(crate) enum Since {
    At(Timestamp),
    AgoMs(i64),
}

impl Since {
    pub(crate) const fn before(&self, now: Timestamp) -> Timestamp {
        match self {
            Self::At(time) => *time,
            Self::AgoMs(millis) => now.plus_millis(-*millis),
        }
    }
}

impl FromStr for Since {
    type Err = &'static str;

    fn from_str(text: &str) -> Result<Self, Self::Err> {
        const MINUTE_MS: i64 = 60_000;
        const UNITS: [(char, i64); 4] =
            [('m', MINUTE_MS), ('h', 60 * MINUTE_MS), ('d', 24 * 60 * MINUTE_MS), ('w', 7 * 24 * 60 * MINUTE_MS)];
        let ago = UNITS.iter().find_map(|(unit, millis)| {
            let count: u32 = text.strip_suffix(*unit)?.parse().ok()?;
            Some(Self::AgoMs(i64::from(count) * millis))
        });
        let at = || Timestamp::parse(text).map(Self::At);
        ago.or_else(at).ok_or("write 30m, 24h, 7d, 2w or a date and time as 2026-11-22T08:00:00Z")
    }
}

/// Reads a text as the API reads it.
pub(crate) fn read<T: DeserializeOwned>(text: &str) -> Result<T, String> {
    T::deserialize(StrDeserializer::<TextError>::new(text)).map_err(|error| error.to_string())
}

/// One of some codes, each explained by its words.
fn codes<T: Words + Copy + Send + Sync + 'static>(
    all: &'static [T],
    code: fn(T) -> &'static str,
) -> impl TypedValueParser<Value = T> {
    let values = all.iter().map(|one| PossibleValue::new(code(*one)).help(one.words()));
    let of_code = move |text: String| all.iter().copied().find(|one| code(*one) == text).ok_or("no such code");
    PossibleValuesParser::new(values).try_map(of_code)
}

/// The name of a storefront.
fn source() -> impl TypedValueParser<Value = SourceFilter> {
    let names = PROFILES.iter().map(|profile| PossibleValue::new(profile.source.as_str()).help(profile.name));
    PossibleValuesParser::new(names).try_map(|text| SourceFilter::from_name(&text).ok_or("no such storefront"))
}
