//! How each command becomes a request, and what is printed of the answer. What changes the catalogue is in `products`,
//! what brings licenses to it in `sync`, what creates webhooks in `connect`, what reads a captured delivery in `against`.

mod against;
mod connect;
mod products;
mod sync;

use anyhow::{Context, bail};
use latchkey::api::PageRequest;
use latchkey::api::access::{AccessRequest, RepositoryAccess};
use latchkey::api::actions::{ActionItem, ActionRequest};
use latchkey::api::attention::AttentionItem;
use latchkey::api::codes::CheckStatus;
use latchkey::api::doctor::Diagnosis;
use latchkey::api::drift::{DriftCheck, DriftCheckRequest, DriftItem, DriftRequest};
use latchkey::api::events::{Dismissed, EventDetail, EventItem, EventsRequest, OutstandingRequest, Replayed};
use latchkey::api::grants::{ForgetRequest, GrantItem, GrantsRequest};
use latchkey::api::licenses::{
    CorrectEmailRequest, IssueRequest, LicenseDetail, LicenseItem, LicensesRequest, TransferRequest,
};
use latchkey::api::outbox::{OutboxItem, OutboxRequest, OutboxRetried, OutboxRetryRequest};
use latchkey::api::privacy::{Erasure, PrivacyRequest};
use latchkey::api::sales::{SalesCounts, SalesCountsRequest};
use latchkey::api::status::Status;
use latchkey::api::test_mail::TestMail;
use latchkey::api::values::{AccountFilter, RepoFilter};
use latchkey::api::{Cursor, PageLimit};
use serde::Serialize;
use serde::de::DeserializeOwned;

pub(crate) use self::products::InvalidFile;
use crate::api::Api;
use crate::args::{
    self, Actions, Args, Change, Command, Consent, Drift, DriftVerb, Events, GivenUp, Grants, Licenses, Outbox,
    Outstanding, Paging, Privacy, Products,
};
use crate::show::{self, Listed};
use crate::view::View;

/// What a command needs of the world around it.
pub(crate) struct Session<'a> {
    pub(crate) view: View,
    /// The admin token. Asked for only by what asks a Worker.
    pub(crate) token: &'a dyn Fn() -> anyhow::Result<String>,
    pub(crate) operator: &'a dyn Operator,
    /// A variable of the environment. Asked for only by what asks a service besides the Worker.
    pub(crate) setting: &'a dyn Fn(&str) -> Option<String>,
}

/// What is printed all the same where something is not as it should be.
#[derive(Debug, thiserror::Error)]
#[error("{0}")]
pub(crate) struct Amiss(pub(crate) String);

/// Whoever sits there.
pub(crate) trait Operator {
    /// Asks whether to do what takes something away.
    ///
    /// # Errors
    ///
    /// When nobody is there to answer.
    fn confirm(&self, question: &str) -> anyhow::Result<bool>;

    /// Says what is not the answer itself.
    fn tell(&self, text: &str);
}

/// A Worker that is asked, and who looks at what it answers.
struct Asking<'a> {
    api: Api,
    format: Format,
    view: &'a View,
    operator: &'a dyn Operator,
}

/// How an answer is printed.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
enum Format {
    /// For a person.
    Words,
    /// As the Worker gave it.
    Json,
}

impl Session<'_> {
    /// Does what is asked for, and gives what to print.
    pub(crate) async fn run(&self, args: &Args) -> anyhow::Result<String> {
        let format = if args.json { Format::Json } else { Format::Words };
        if let Command::Products(Products::Check { file, against }) = &args.command {
            return products::check(file, against.as_deref(), format);
        }
        if let Command::Connect { service, dry_run } = &args.command {
            return connect::connect(self, args.url.clone(), service, *dry_run, format).await;
        }
        let api = Api::new(args.url.clone(), (self.token)()?)?;
        Asking { api, format, view: &self.view, operator: self.operator }.run(&args.command).await
    }
}

impl Asking<'_> {
    async fn run(&self, command: &Command) -> anyhow::Result<String> {
        match command {
            Command::Status => {
                let answer = self.api.get(&["status"]).await?;
                self.print(&answer, |status: Status| show::status(self.view, &status))
            }
            Command::Doctor => {
                let answer = self.api.get(&["doctor"]).await?;
                let diagnosis: Diagnosis = parse(&answer)?;
                let text = self.print(&answer, |diagnosis: Diagnosis| show::diagnosis(self.view, &diagnosis))?;
                let failed = diagnosis.checks.iter().any(|check| check.status == CheckStatus::Failed);
                if failed { Err(Amiss(text).into()) } else { Ok(text) }
            }
            // It asks no Worker, or not only.
            Command::Connect { .. } => bail!("this is no question to a Worker"),
            Command::Attention { paging } => {
                let page = |limit, cursor| PageRequest { limit, cursor };
                self.list::<AttentionItem, _>(&["attention"], paging, page).await
            }
            Command::Events(verb) => self.events(verb).await,
            Command::Licenses(verb) => self.licenses(verb).await,
            Command::Grants(Grants::List { github, repo, state, paging }) => {
                let page = |limit, cursor| GrantsRequest {
                    limit,
                    cursor,
                    github: github.clone(),
                    repo: repo.clone(),
                    state: *state,
                };
                self.list::<GrantItem, _>(&["grants"], paging, page).await
            }
            Command::Grants(Grants::Sync { product, reason, actor, yes }) => {
                let because = reason.as_ref().map(|reason| (reason, args::actor(actor.as_ref())));
                self.sync(product.as_ref(), because, &Consent { yes: *yes }).await
            }
            Command::Grants(Grants::ForgetEarlier { github, repo, consent, change }) => {
                self.forget_earlier(github, repo, consent, change).await
            }
            Command::Access { paging } => {
                let page = |_, cursor| AccessRequest { cursor };
                self.list::<RepositoryAccess, _>(&["access"], paging, page).await
            }
            Command::Sales { days, until, cursor } => {
                let request = SalesCountsRequest { days: *days, until: *until, cursor: cursor.clone() };
                let answer = self.api.get_with(&["sales", "counts"], &request).await?;
                self.print(&answer, |counts: SalesCounts| show::sales(self.view, &counts))
            }
            Command::TestMail => {
                let answer = self.api.post(&["test-mail"], &serde_json::json!({})).await?;
                self.print(&answer, |TestMail { outcome }| show::test_mail(outcome).to_owned())
            }
            Command::Drift(drift) => self.drift(drift).await,
            Command::Outbox(verb) => self.outbox(verb).await,
            Command::Actions(Actions::List { paging }) => {
                let page = |limit, cursor| PageRequest { limit, cursor };
                self.list::<ActionItem, _>(&["actions"], paging, page).await
            }
            Command::Products(verb) => self.products(verb).await,
            Command::Privacy(verb) => self.privacy(verb).await,
        }
    }

    async fn events(&self, verb: &Events) -> anyhow::Result<String> {
        match verb {
            Events::List { state, source, since, paging } => {
                let since = since.as_ref().map(|since| since.before(self.view.now));
                let page = |limit, cursor| EventsRequest { limit, cursor, since, source: *source, state: *state };
                self.list::<EventItem, _>(&["events"], paging, page).await
            }
            Events::Show { id } => {
                let answer = self.api.get(&["events", id]).await?;
                self.print(&answer, |event: EventDetail| show::event(self.view, &event))
            }
            Events::Replay { which: Outstanding { id: Some(id), .. }, change } => {
                let answer = self.api.post(&["events", id, "replay"], &recorded(change)).await?;
                self.changed::<EventItem>("Replayed: look again in a minute", &answer)
            }
            Events::Replay { which, change } => {
                let of = |Replayed { replayed, more }| (replayed, more);
                let (replayed, more) =
                    self.all_of("replay", "due now, and the rest is not", &self.outstanding(which, change), of).await?;
                self.print(&to_json(&Replayed { replayed, more })?, |Replayed { replayed, .. }| {
                    show::replayed(replayed)
                })
            }
            Events::Dismiss { which: Outstanding { id: Some(id), .. }, change } => {
                let answer = self.api.post(&["events", id, "dismiss"], &recorded(change)).await?;
                self.changed::<EventItem>("Dismissed: nothing comes of it unless you replay it", &answer)
            }
            Events::Dismiss { which, change } => {
                let of = |Dismissed { dismissed, more }| (dismissed, more);
                let (dismissed, more) = self
                    .all_of("dismiss", "dismissed, and the rest is not", &self.outstanding(which, change), of)
                    .await?;
                let all = Dismissed { dismissed, more };
                self.print(&to_json(&all)?, |Dismissed { dismissed, .. }| show::dismissed(dismissed))
            }
        }
    }

    /// Which deliveries are meant by the options.
    fn outstanding(&self, which: &Outstanding, change: &Change) -> OutstandingRequest {
        OutstandingRequest {
            reason: change.reason.clone(),
            actor: change.actor(),
            since: which.since.as_ref().map(|since| since.before(self.view.now)),
            source: which.source,
            state: which.state,
            error: which.error.clone(),
        }
    }

    /// Does so with all deliveries that the request names. The Worker takes so many at once and says when there may be more; what
    /// it has taken before it leaves out. Gives how many they were, and what the last answer said of more.
    async fn all_of<T: DeserializeOwned>(
        &self,
        verb: &str,
        so_far: &str,
        request: &OutstandingRequest,
        of: fn(T) -> (usize, bool),
    ) -> anyhow::Result<(usize, bool)> {
        let mut all = (0, true);
        while let (taken, true) = all {
            let answer = self.api.post(&["events", verb], request).await.map_err(|error| match taken {
                0 => error,
                count => error.context(format!("{count} deliveries are {so_far}")),
            })?;
            let (count, more) = of(parse(&answer)?);
            all = (taken + count, more);
        }
        Ok(all)
    }

    async fn licenses(&self, verb: &Licenses) -> anyhow::Result<String> {
        match verb {
            Licenses::List { email, order, key, github, paging } => {
                let page = |limit, cursor| LicensesRequest {
                    limit,
                    cursor,
                    email: email.clone(),
                    order: order.clone(),
                    key: key.clone(),
                    github: github.clone(),
                };
                self.list::<LicenseItem, _>(&["licenses"], paging, page).await
            }
            Licenses::Show { key } => {
                let answer = self.api.get(&["licenses", key]).await?;
                self.print(&answer, |license: LicenseDetail| show::license(self.view, &license))
            }
            Licenses::Issue { section, product, variant, to, name, event, change } => {
                let request = IssueRequest {
                    reason: change.reason.clone(),
                    actor: change.actor(),
                    section: *section,
                    product_id: product.clone(),
                    variant_id: variant.clone(),
                    email: to.clone(),
                    name: name.clone(),
                    event_id: event.clone(),
                };
                let answer = self.api.post(&["licenses"], &request).await?;
                self.changed::<LicenseItem>("Issued: the next tick sends the mail, within a minute", &answer)
            }
            Licenses::CorrectEmail { key, to, change } => {
                let request =
                    CorrectEmailRequest { reason: change.reason.clone(), actor: change.actor(), to: to.clone() };
                let said = "Corrected: unless it is activated, the next tick sends the mail, within a minute";
                self.change_license(key, "correct-email", &request, said).await
            }
            Licenses::Resend { key, change } => {
                let said = "The mail is to be sent again: the next tick sends it, within a minute";
                self.change_license(key, "resend", &recorded(change), said).await
            }
            Licenses::Revoke { key, consent, change } => {
                self.confirm(consent, &format!("Revoke {key} and take away the access that it gave?"))?;
                let said = "Revoked: the next tick takes the access away, within a minute";
                self.change_license(key, "revoke", &recorded(change), said).await
            }
            Licenses::Reinstate { key, change } => {
                let said =
                    "Reinstated: the next tick sends the mail and gives the access that is missing, within a minute";
                self.change_license(key, "reinstate", &recorded(change), said).await
            }
            Licenses::Transfer { key, to, consent, change } => {
                let login = to.as_str();
                let question = format!("Move {key} to {login} and take away the access of the account that has it?");
                self.confirm(consent, &question)?;
                let request = TransferRequest { reason: change.reason.clone(), actor: change.actor(), to: to.clone() };
                let said = "Transferred: the next tick changes who has access, within a minute";
                self.change_license(key, "transfer", &request, said).await
            }
        }
    }

    async fn change_license(
        &self,
        key: &str,
        action: &str,
        request: &impl Serialize,
        said: &str,
    ) -> anyhow::Result<String> {
        let answer = self.api.post(&["licenses", key, action], request).await?;
        self.changed::<LicenseItem>(said, &answer)
    }

    /// Says what the account would lose, and has that taken from it.
    async fn forget_earlier(
        &self,
        github: &AccountFilter,
        repo: &RepoFilter,
        consent: &Consent,
        change: &Change,
    ) -> anyhow::Result<String> {
        let page = |limit, cursor| GrantsRequest {
            limit,
            cursor,
            github: Some(github.clone()),
            repo: Some(repo.clone()),
            state: None,
        };
        let found = self.api.items(&["grants"], 1, None, page).await?.items;
        let grant: Option<GrantItem> = found.first().map(|item| parse(item.get())).transpose()?;
        let Some((grant, earlier)) = grant.and_then(|grant| grant.earlier.map(|earlier| (grant, earlier))) else {
            bail!(
                "nothing is recorded that {} could do in {} before a license let it in",
                github.as_str(),
                repo.as_str()
            );
        };
        let left = match grant.permission {
            Some(permission) => format!("keeps {} by its licenses", permission.as_str()),
            None => "is removed from it: no license opens it".to_owned(),
        };
        let (login, earlier) = (&grant.github_username, earlier.as_str());
        self.confirm(
            consent,
            &format!("{login} had {earlier} in {} before a license let it in, and {left}. Do that?", grant.repo),
        )?;
        let ActionRequest { reason, actor } = recorded(change);
        let request = ForgetRequest { reason, actor, github_user_id: grant.github_user_id, repo: repo.clone() };
        let answer = self.api.post(&["grants", "forget-earlier"], &request).await?;
        self.changed::<GrantItem>("Due now: the next tick does it at GitHub, within a minute", &answer)
    }

    async fn drift(&self, drift: &Drift) -> anyhow::Result<String> {
        let Drift { verb, kind, repo, github, paging } = drift;
        match verb {
            None => {
                let page = |limit, cursor| DriftRequest {
                    limit,
                    cursor,
                    kind: *kind,
                    repo: repo.clone(),
                    github: github.clone(),
                };
                self.list::<DriftItem, _>(&["drift"], paging, page).await
            }
            Some(DriftVerb::Check { repo, change }) => {
                let ActionRequest { reason, actor } = recorded(change);
                let request = DriftCheckRequest { reason, actor, repo: repo.clone() };
                let answer = self.api.post(&["drift", "check"], &request).await?;
                self.print(&answer, |check: DriftCheck| show::drift_check(&check))
            }
        }
    }

    async fn outbox(&self, verb: &Outbox) -> anyhow::Result<String> {
        let (id, action, change, said) = match verb {
            Outbox::List { state, kind, paging } => {
                let page = |limit, cursor| OutboxRequest { limit, cursor, state: *state, kind: *kind };
                return self.list::<OutboxItem, _>(&["outbox"], paging, page).await;
            }
            Outbox::Retry { which: GivenUp { id: Some(id), .. }, change, .. } => {
                (id, "retry", change, "Due now: the next tick tries it, within a minute")
            }
            Outbox::Retry { which, consent, change } => return self.retry(which, consent, change).await,
            Outbox::Cancel { id, consent, change } => {
                self.confirm(consent, &format!("Cancel row {id} of the outbox, so that it is never done?"))?;
                (id, "cancel", change, "Canceled")
            }
        };
        let answer = self.api.post(&["outbox", &id.to_string(), action], &recorded(change)).await?;
        self.changed::<OutboxItem>(said, &answer)
    }

    /// Says how many these are and how many people that touches, and has them tried again. The Worker takes so many at once and says when
    /// there may be more.
    async fn retry(&self, which: &GivenUp, consent: &Consent, change: &Change) -> anyhow::Result<String> {
        let filters = OutboxRetryRequest {
            state: which.state,
            kind: which.kind,
            error: which.error.clone(),
            ..OutboxRetryRequest::default()
        };
        let mut all = OutboxRetried { retried: 0, people: 0, more: true };
        while all.more {
            // Whoever was asked about the first of them is not asked again.
            let piece = self.retry_piece(&filters, Some(consent).filter(|_| all.retried == 0), change).await;
            let piece = piece.map_err(|error| match all.retried {
                0 => error,
                count => error.context(format!("{count} are due now, and the rest is not; the same again goes on")),
            })?;
            all = OutboxRetried {
                retried: all.retried + piece.retried,
                people: all.people + piece.people,
                more: piece.more,
            };
        }
        self.print(&to_json(&all)?, |all: OutboxRetried| show::retried(all.retried))
    }

    /// As many as one request takes, after a look at how many these are.
    async fn retry_piece(
        &self,
        filters: &OutboxRetryRequest,
        consent: Option<&Consent>,
        change: &Change,
    ) -> anyhow::Result<OutboxRetried> {
        let path = ["outbox", "retry"];
        let look = OutboxRetryRequest { dry_run: true, ..filters.clone() };
        let found: OutboxRetried = parse(&self.api.post(&path, &look).await?)?;
        if found.retried == 0 {
            return Ok(found);
        }
        if let Some(consent) = consent {
            self.confirm(consent, &show::retry_question(found))?;
        }
        let request = OutboxRetryRequest {
            reason: Some(change.reason.clone()),
            actor: change.actor(),
            // What was shown is what is meant.
            expected_count: u32::try_from(found.retried).ok(),
            ..filters.clone()
        };
        parse(&self.api.post(&path, &request).await?)
    }

    async fn privacy(&self, verb: &Privacy) -> anyhow::Result<String> {
        let request = |email: &_, change: &Change| PrivacyRequest {
            reason: change.reason.clone(),
            actor: change.actor(),
            email: Clone::clone(email),
        };
        match verb {
            // It is for a machine, or for the person it is about: there is no other form of it.
            Privacy::Export { email, change } => self.api.post(&["privacy", "export"], &request(email, change)).await,
            Privacy::Erase { email, consent, change } => {
                self.confirm(consent, &format!("Erase what is held on {} for good?", email.as_str()))?;
                let answer = self.api.post(&["privacy", "erase"], &request(email, change)).await?;
                self.print(&answer, |Erasure { erased }| show::erased(erased))
            }
        }
    }

    /// A list, page after page until as many are there as were asked for.
    async fn list<T: Listed, Q: Serialize>(
        &self,
        path: &[&str],
        paging: &Paging,
        page: impl Fn(PageLimit, Option<Cursor>) -> Q,
    ) -> anyhow::Result<String> {
        let found = self.api.items(path, paging.most(), paging.cursor.clone(), page).await?;
        if self.format == Format::Json {
            return Ok(found.to_json());
        }
        let items = found.items.iter().map(|item| parse(item.get())).collect::<anyhow::Result<Vec<T>>>()?;
        let mut text = if items.is_empty() { T::NOTHING.to_owned() } else { T::list(self.view, &items) };
        if let Some(cursor) = &found.next_cursor {
            text.push_str(&format!("\n\nThere is more: add --all, or --cursor {}", cursor.as_str()));
        }
        Ok(text)
    }

    /// What something is after a change.
    fn changed<T: Listed>(&self, said: &str, answer: &str) -> anyhow::Result<String> {
        self.print(answer, |item: T| format!("{said}.\n\n{}", T::list(self.view, &[item])))
    }

    fn print<T: DeserializeOwned>(&self, answer: &str, readable: impl FnOnce(T) -> String) -> anyhow::Result<String> {
        match self.format {
            Format::Json => Ok(answer.to_owned()),
            Format::Words => Ok(readable(parse(answer)?)),
        }
    }

    fn confirm(&self, consent: &Consent, question: &str) -> anyhow::Result<()> {
        if consent.yes || self.operator.confirm(question)? {
            return Ok(());
        }
        bail!("nothing was changed")
    }
}

/// What every change says.
fn recorded(change: &Change) -> ActionRequest {
    ActionRequest { reason: change.reason.clone(), actor: change.actor() }
}

/// An answer as the API's types have it.
fn parse<T: DeserializeOwned>(answer: &str) -> anyhow::Result<T> {
    serde_json::from_str(answer)
        .context("cannot read the Worker's answer, which may be of another version than this program")
}

fn to_json(answer: &impl Serialize) -> anyhow::Result<String> {
    serde_json::to_string(answer).context("this cannot be written as JSON")
}
