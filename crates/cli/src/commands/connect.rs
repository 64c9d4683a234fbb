//! Creating the webhooks that are missing: what is there is listed first and left as it is. How each service is asked is in the
//! Worker's own adapters; here is what is asked for, and what is shown of it.

use anyhow::{Context, bail};
use latchkey::adapters::Failure;
use latchkey::adapters::github::hooks::{EVENT, RepoHook, WEBHOOK_PATH};
use latchkey::adapters::github::{Github, Installations};
use latchkey::adapters::storefronts::AnyStorefront;
use latchkey::adapters::storefronts::hooks::{self, HookSecret, RegisteredHook, Registration, SecretSeen};
use latchkey::api::products::CatalogueAnswer;
use latchkey::config::{Config, Credentials};
use latchkey::model::{Repo, Secret, Source};
use latchkey::words::Tone;
use reqwest::Url;
use serde::Serialize;

use super::{Amiss, Format, Session, parse, to_json};
use crate::api::{Api, host, is_loopback};
use crate::args::GITHUB;
use crate::machine::Machine;
use crate::view::{Cell, Column, View};

const GITHUB_SECRET: &str = "GITHUB_WEBHOOK_SECRET";

/// How a webhook stands.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Serialize)]
#[serde(rename_all = "snake_case")]
enum Standing {
    Present,
    /// It brings the secret before the present one, which is accepted for as long as it is configured.
    PreviousSecret,
    /// What it brings is refused.
    OtherSecret,
    /// It leads to another address.
    Elsewhere,
    /// It leads here, and is switched off.
    Inactive,
    /// It leads here, and brings forms, which are not read.
    NotJson,
    Missing,
    Created,
    /// It could not be looked at, or not be created.
    Failed,
}

/// A webhook, or one that is missing.
#[derive(Debug, Serialize)]
struct Line {
    standing: Standing,
    /// Of a webhook of GitHub's.
    #[serde(skip_serializing_if = "Option::is_none")]
    repo: Option<String>,
    events: Vec<String>,
    /// Without the secret.
    url: String,
    #[serde(skip_serializing_if = "Option::is_none")]
    error: Option<String>,
}

/// What is printed for programs.
#[derive(Debug, Serialize)]
struct Connected<'a> {
    service: &'a str,
    url: &'a str,
    hooks: &'a [Line],
    /// Which the service has made for a new webhook.
    #[serde(skip_serializing_if = "Option::is_none")]
    secret: Option<&'a str>,
}

/// The secret that a storefront has made for a new webhook, and the Worker's setting that it belongs in.
struct Made {
    setting: &'static str,
    secret: Secret,
}

const LINES: &[Column<Line>] = &[
    Column("webhook", |line| line.standing.cell()),
    Column("repository", |line| line.repo.as_deref().into()),
    Column("events", |line| line.events.join(", ").into()),
    Column("leads to", |line| (&line.url).into()),
    Column("why", |line| line.error.as_deref().into()),
];

impl Standing {
    fn cell(self) -> Cell {
        let (words, tone) = match self {
            Self::Present => ("is there", Tone::Good),
            Self::PreviousSecret => ("is there, with the previous secret", Tone::Waits),
            Self::OtherSecret => ("is refused: another secret", Tone::Bad),
            Self::Elsewhere => ("leads elsewhere", Tone::Plain),
            Self::Inactive => ("is there, switched off", Tone::Bad),
            Self::NotJson => ("is there, and not as JSON", Tone::Bad),
            Self::Missing => ("is missing", Tone::Bad),
            Self::Created => ("created", Tone::Good),
            Self::Failed => ("failed", Tone::Bad),
        };
        Cell::State(words, tone)
    }

    /// What is to be done by hand about it.
    const fn by_hand(self) -> Option<&'static str> {
        match self {
            Self::OtherSecret => Some("Remove those with another secret: the Worker answers 404 to what they bring."),
            Self::PreviousSecret => Some("Remove those with the previous secret once the ones with the new are there."),
            Self::Inactive => Some("Switch on what is switched off, in the repository's settings."),
            Self::NotJson => Some("Set the content type to application/json, in the repository's settings."),
            _ => None,
        }
    }
}

/// Creates what is missing at a service.
pub(super) async fn connect(
    session: &Session<'_>,
    url: Url,
    service: &str,
    dry_run: bool,
    format: Format,
) -> anyhow::Result<String> {
    let config = Config::read(|name| (session.setting)(name));
    let machine = Machine::new()?;
    let (path, lines, made) = if service == GITHUB {
        let github = Repositories { session, config: &config, machine: &machine, url: &url, dry_run };
        (WEBHOOK_PATH.to_owned(), github.connect().await?, None)
    } else {
        let source = Source::parse(service).context("there is no such service")?;
        let storefront = config.storefronts.get(source).context("there is no such storefront")?;
        if storefront.hooks().registration == Registration::ByHand {
            return by_hand(storefront, &address(&url, &storefront.webhook_path())?, format);
        }
        check_settings(session, &config, storefront)?;
        if is_loopback(&url) || url.scheme() != "https" {
            bail!(
                "{} cannot reach {}: say with --url where your Worker is, which begins with https://",
                storefront.name(),
                host(&url)
            );
        }
        let address = address(&url, &storefront.webhook_path())?;
        let (lines, made) = of_storefront(storefront, &machine, &address, dry_run).await?;
        (storefront.webhook_path(), lines, made)
    };
    let address = address(&url, &path)?;
    let text = match format {
        Format::Json => {
            let secret = made.as_ref().map(|made| made.secret.expose());
            to_json(&Connected { service, url: &address, hooks: &lines, secret })?
        }
        Format::Words => shown(&session.view, &address, &lines, made.as_ref()),
    };
    if lines.iter().any(|line| line.standing == Standing::Failed) { Err(Amiss(text).into()) } else { Ok(text) }
}

/// What is to be pasted where there is no API with which a webhook could be created.
fn by_hand(storefront: &AnyStorefront, address: &str, format: Format) -> anyhow::Result<String> {
    let service = storefront.source();
    if format == Format::Json {
        return to_json(&Connected { service: service.as_str(), url: address, hooks: &[], secret: None });
    }
    let setting = storefront.hooks().secret_setting;
    let mut text = format!(
        "{} cannot be asked from here. At the sender, add a webhook that leads to\n\n  {address}\n\nand put its secret, or its public key, \
         where the Worker reads it: npx wrangler secret put {setting}",
        storefront.name()
    );
    if let Some(rule) = storefront.section().description {
        text.push_str(&format!(
            "\nHow its deliveries are read is said by [{}] of the catalogue: subscribe to the events that it names.",
            rule.key
        ));
    }
    Ok(text)
}

/// Whether everything is there that has to be known: each by its name, and none by its value.
fn check_settings(session: &Session<'_>, config: &Config, storefront: &AnyStorefront) -> anyhow::Result<()> {
    let hooks = storefront.hooks();
    let issues_secret = hooks.secret == HookSecret::Issued;
    let secret = Some(hooks.secret_setting).filter(|_| !issues_secret);
    let needed: Vec<_> = secret.iter().chain(hooks.api_settings).copied().collect();
    let is_missing = |name: &&str| (session.setting)(name).is_none_or(|value| value.trim().is_empty());
    let missing: Vec<_> = needed.iter().copied().filter(is_missing).collect();
    if !missing.is_empty() {
        bail!("set {} in the environment, to what the Worker has", missing.join(", "));
    }
    if !(issues_secret || storefront.is_configured()) || storefront.lists().is_empty() {
        let problems = config.problems.iter().map(ToString::to_string);
        let problems: Vec<_> = problems.filter(|text| needed.iter().any(|name| text.starts_with(name))).collect();
        bail!("{}", problems.join("; "));
    }
    Ok(())
}

fn address(url: &Url, path: &str) -> anyhow::Result<String> {
    if url.path() != "/" || url.query().is_some() || url.fragment().is_some() || !url.username().is_empty() {
        bail!("the Worker's address ends with its host: write {} and nothing behind it", host(url));
    }
    Ok(format!("{}{path}", host(url)))
}

/// Creates what is missing at a storefront.
async fn of_storefront(
    storefront: &AnyStorefront,
    machine: &Machine,
    address: &str,
    dry_run: bool,
) -> anyhow::Result<(Vec<Line>, Option<Made>)> {
    let registered = storefront.registered_hooks(machine).await.map_err(said)?;
    let mut lines: Vec<_> = registered.iter().map(|hook| Line::of_storefront(hook, address)).collect();
    let mut stopped = false;
    let mut made = None;
    for change in hooks::missing(&storefront.hooks(), &registered, address) {
        let mut line = Line {
            standing: Standing::Missing,
            repo: None,
            events: change.events().iter().map(|event| (*event).to_owned()).collect(),
            url: address.to_owned(),
            error: None,
        };
        if !dry_run && !stopped {
            match storefront.change_hooks(machine, &change).await {
                Ok(secret) => {
                    line.standing = Standing::Created;
                    let setting = storefront.hooks().secret_setting;
                    made = made.or(secret.map(|secret| Made { setting, secret }));
                }
                // What fails once fails for the others too, and asking on may make it worse.
                Err(failure) => {
                    stopped = true;
                    line.fail(&failure);
                }
            }
        }
        lines.push(line);
    }
    Ok((lines, made))
}

/// The repositories of the Worker's catalogue, and what they are asked with.
struct Repositories<'a> {
    session: &'a Session<'a>,
    config: &'a Config,
    machine: &'a Machine,
    url: &'a Url,
    dry_run: bool,
}

impl Repositories<'_> {
    async fn connect(&self) -> anyhow::Result<Vec<Line>> {
        let Self { session, config, machine, url, .. } = *self;
        let secret = (session.setting)(GITHUB_SECRET).and_then(|secret| Secret::new(secret.trim()));
        let installations = Installations::default();
        let github = Github::new(&config.github, &installations);
        if matches!(config.github.credentials, Ok(Credentials::App(_))) {
            bail!("an App has one webhook for all of its repositories: set it up in the App's settings, at {url}");
        }
        let (Some(secret), Some(github)) = (secret, github) else {
            bail!("set GITHUB_TOKEN and {GITHUB_SECRET} in the environment, to what the Worker has");
        };
        let api_url: Option<Url> = config.github.api_url.parse().ok();
        if is_loopback(url) && !api_url.as_ref().is_some_and(is_loopback) {
            bail!("GitHub cannot reach {}: say with --url where your Worker is", host(url));
        }
        let address = address(url, WEBHOOK_PATH)?;
        let mut lines = Vec::new();
        for repo in self.repositories().await? {
            match github.hooks(machine, &repo).await {
                Err(failure) => {
                    let mut line = Line::of_repository(&repo, &address, Standing::Failed);
                    line.fail(&failure);
                    lines.push(line);
                }
                Ok(hooks) => lines.extend(self.of_repository(&github, &repo, &hooks, &address, &secret).await),
            }
        }
        Ok(lines)
    }

    /// The repositories that the Worker's catalogue names, each once.
    async fn repositories(&self) -> anyhow::Result<Vec<Repo>> {
        let api = Api::new(self.url.clone(), (self.session.token)()?)?;
        let catalogue: CatalogueAnswer = parse(&api.get(&["products"]).await?)?;
        let mut repos: Vec<Repo> = Vec::new();
        for product in catalogue.products.values().flatten() {
            let all = product.repos.iter().chain(product.choose.iter().flat_map(|choice| &choice.from));
            for repo in all {
                if !repos.contains(repo) {
                    repos.push(repo.clone());
                }
            }
        }
        Ok(repos)
    }

    /// What a repository has, with what was missing of it.
    async fn of_repository(
        &self,
        github: &Github<'_>,
        repo: &Repo,
        hooks: &[RepoHook],
        address: &str,
        secret: &Secret,
    ) -> Vec<Line> {
        let is_ours = |hook: &&RepoHook| hook.url.eq_ignore_ascii_case(address);
        let mut lines: Vec<_> = hooks.iter().map(|hook| Line::of_hook(repo, hook, address)).collect();
        let ours = hooks.iter().find(is_ours);
        if ours.is_some_and(RepoHook::tells) {
            return lines;
        }
        let mut line = Line::of_repository(repo, address, Standing::Missing);
        if !self.dry_run {
            let created = match ours {
                Some(hook) => github.extend_hook(self.machine, repo, hook).await,
                None => github.create_hook(self.machine, repo, address, secret).await,
            };
            match created {
                Ok(()) => line.standing = Standing::Created,
                Err(failure) => line.fail(&failure),
            }
        }
        lines.push(line);
        lines
    }
}

impl Line {
    fn of_storefront(hook: &RegisteredHook, address: &str) -> Self {
        let standing = match hook.secret {
            _ if !hook.leads_to(address) => Standing::Elsewhere,
            SecretSeen::Current | SecretSeen::Hidden => Standing::Present,
            SecretSeen::Previous => Standing::PreviousSecret,
            SecretSeen::Other => Standing::OtherSecret,
        };
        Self { standing, repo: None, events: hook.events.clone(), url: hook.url.clone(), error: None }
    }

    fn of_hook(repo: &Repo, hook: &RepoHook, address: &str) -> Self {
        let standing = match hook {
            hook if !hook.url.eq_ignore_ascii_case(address) => Standing::Elsewhere,
            hook if !hook.active => Standing::Inactive,
            hook if hook.content_type != "json" => Standing::NotJson,
            _ => Standing::Present,
        };
        // Another program's address may hold a secret of its own.
        let url = hook.url.split(['?', '#']).next().unwrap_or_default();
        Self { events: hook.events.clone(), url: url.to_owned(), ..Self::of_repository(repo, address, standing) }
    }

    fn of_repository(repo: &Repo, address: &str, standing: Standing) -> Self {
        Self {
            standing,
            repo: Some(repo.as_str().to_owned()),
            events: vec![EVENT.to_owned()],
            url: address.to_owned(),
            error: None,
        }
    }

    fn fail(&mut self, failure: &Failure) {
        (self.standing, self.error) = (Standing::Failed, Some(failure.reason.clone()));
    }
}

fn said(failure: Failure) -> anyhow::Error {
    anyhow::anyhow!("{failure}")
}

fn shown(view: &View, address: &str, lines: &[Line], made: Option<&Made>) -> String {
    if lines.is_empty() {
        return format!("Nothing is to be connected to {address}: the catalogue names no repository.");
    }
    let mut text = view.table(LINES, lines);
    let count = |standing| lines.iter().filter(|line| line.standing == standing).count();
    let (created, missing, failed) = (count(Standing::Created), count(Standing::Missing), count(Standing::Failed));
    text.push_str(&match (created, missing, failed) {
        (0, 0, 0) => format!("\n\nEverything that is needed leads to {address} already."),
        (created, 0, 0) => format!("\n\n{created} created, to {address}."),
        (0, missing, 0) => format!("\n\n{missing} missing. Without --dry-run they are created."),
        (created, missing, failed) => {
            format!("\n\n{created} created, {failed} failed, {missing} not tried. Mend the cause and run this again: what is there is \
                     left as it is.")
        }
    });
    let mut told: Vec<_> = lines.iter().filter_map(|line| line.standing.by_hand()).collect();
    told.sort_unstable();
    told.dedup();
    for what in told {
        text.push_str(&format!("\n{what}"));
    }
    if let Some(Made { setting, secret }) = made {
        text.push_str(&format!(
            "\n\nThe secret of the new one is below. Put it where the Worker reads it: npx wrangler secret put {setting}\n{}",
            secret.expose()
        ));
    }
    text
}
