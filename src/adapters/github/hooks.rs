//! The webhooks of repositories: those that are there, and creating one that tells when somebody has become a collaborator.
//! <https://docs.github.com/rest/repos/webhooks>
//!
//! They are set up by the operator's command line, from the operator's machine.

use serde_json::json;

use super::{Github, SERVICE, refusal};
use crate::adapters::Failure;
use crate::json::{FieldError, Json};
use crate::model::{Repo, Secret};
use crate::platform::{HttpResponse, Method, Platform};

/// What a webhook has to tell of: that somebody was added, which is how an accepted invitation shows.
/// <https://docs.github.com/webhooks/webhook-events-and-payloads#member>
pub const EVENT: &str = "member";

/// Where the webhooks of repositories come to.
pub const WEBHOOK_PATH: &str = "/webhooks/github";

/// A webhook of a repository.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct RepoHook {
    pub id: i64,
    /// Where it leads.
    pub url: String,
    pub events: Vec<String>,
    pub active: bool,
    /// `json` or `form`.
    pub content_type: String,
}

impl RepoHook {
    /// Whether it tells of [`EVENT`], by its name or by that of all events.
    pub fn tells(&self) -> bool {
        self.events.iter().any(|event| event == EVENT || event == "*")
    }
}

impl Github<'_> {
    /// The webhooks of a repository, of which it can have twenty for each event.
    ///
    /// # Errors
    /// [`Failure`] when GitHub did not say.
    pub async fn hooks(&self, platform: &impl Platform, repo: &Repo) -> Result<Vec<RepoHook>, Failure> {
        let path = format!("/repos/{repo}/hooks?per_page=100");
        let reply = self.send(platform, Method::Get, &path, None).await?;
        if reply.status != 200 {
            return Err(refusal::unrelated(&reply, platform.now()));
        }
        read(&reply).ok_or_else(|| Failure::unintelligible(SERVICE, reply.status))
    }

    /// Creates a webhook that leads to this address.
    ///
    /// # Errors
    /// [`Failure`] when there is none, or may be none.
    pub async fn create_hook(
        &self,
        platform: &impl Platform,
        repo: &Repo,
        url: &str,
        secret: &Secret,
    ) -> Result<(), Failure> {
        let hook = json!({
            "name": "web",
            "active": true,
            "events": [EVENT],
            "config": { "url": url, "content_type": "json", "insecure_ssl": "0", "secret": secret.expose() },
        });
        self.change(platform, Method::Post, &format!("/repos/{repo}/hooks"), &hook).await
    }

    /// Has a webhook that is there tell of [`EVENT`] too.
    ///
    /// # Errors
    /// [`Failure`] when it does not, or may not.
    pub async fn extend_hook(&self, platform: &impl Platform, repo: &Repo, hook: &RepoHook) -> Result<(), Failure> {
        let path = format!("/repos/{repo}/hooks/{}", hook.id);
        self.change(platform, Method::Patch, &path, &json!({ "add_events": [EVENT] })).await
    }

    async fn change(
        &self,
        platform: &impl Platform,
        method: Method,
        path: &str,
        body: &serde_json::Value,
    ) -> Result<(), Failure> {
        let reply = self.send(platform, method, path, Some(body.to_string().into_bytes())).await?;
        match reply.status {
            200 | 201 => Ok(()),
            _ => Err(refusal::unrelated(&reply, platform.now())),
        }
    }
}

fn read(reply: &HttpResponse) -> Option<Vec<RepoHook>> {
    let body = Json::parse(&reply.body).ok()?;
    let hooks = body.root().as_list().ok()?.iter().map(read_hook).collect::<Result<Vec<_>, _>>();
    // A webhook of another kind than `web` has no address.
    hooks.ok().map(|hooks| hooks.into_iter().flatten().collect())
}

fn read_hook(hook: &Json) -> Result<Option<RepoHook>, FieldError> {
    let hook = hook.root();
    let config = hook.field("config")?;
    let Some(url) = config.optional_text("url")? else { return Ok(None) };
    let events = hook.field("events")?;
    let events = events.as_list()?.iter().map(|event| event.root().as_text().map(str::to_owned));
    Ok(Some(RepoHook {
        id: hook.integer("id")?,
        url: url.to_owned(),
        events: events.collect::<Result<_, _>>()?,
        active: hook.flag("active")?,
        content_type: config.optional_text("content_type")?.unwrap_or("form").to_owned(),
    }))
}
