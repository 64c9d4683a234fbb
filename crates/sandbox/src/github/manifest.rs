//! Making a GitHub App from a manifest: the settings page to which a browser brings it, and the secrets that its code stands for, once
//! and within an hour.
//! See <https://docs.github.com/en/apps/sharing-github-apps/registering-a-github-app-from-a-manifest>.
//!
//! It is as strict as the rest: a key of the manifest that is not documented, a permission that an event lacks, an address that is none,
//! a state that can be guessed are mistakes of the client's.

use serde_json::{Value, json};

use super::api::not_found;
use super::gate::{message, mistaken_headers};
use super::oauth::page;
use super::{AccountKind, GitHub};
use crate::ids::obfuscated;
use crate::incoming::Incoming;
use crate::reply::Reply;
use crate::sandbox::{Sandbox, World};
use crate::time::HOUR;

/// How long a code is good for.
const CODE_LIFETIME: i64 = HOUR;

/// The longest name of an App.
const LONGEST_NAME: usize = 34;

/// The key that every App gets here. What is made with it opens nothing but the sandbox.
const PRIVATE_KEY: &str = include_str!("app.pem");

/// An App that was made from a manifest.
#[derive(Debug)]
pub(super) struct Made {
    code: String,
    owner: u64,
    name: String,
    ends_at: i64,
    used: bool,
}

/// A manifest on its way through the settings page.
struct Asked {
    /// Of an organization; `None`: whoever is there.
    organization: Option<String>,
    manifest: Value,
    state: String,
}

/// Answers the settings pages; `None` for everything else.
pub(super) fn web(world: &mut World, request: &Incoming, now: i64) -> Option<Reply> {
    let (method, path) = request.route();
    let organization = match (method, path.as_slice()) {
        ("POST", ["settings", "apps", "new"]) => None,
        ("POST", ["organizations", organization, "settings", "apps", "new"]) => Some((*organization).to_owned()),
        _ => return None,
    };
    Some(match asked(&world.github, request, organization) {
        Err((status, why)) => Reply::text(status, "Not Found").unexpected(why),
        Ok((asked, None)) => page("Create GitHub App", &confirmation(&asked, request)),
        Ok((asked, Some(name))) => match world.github.make_app(&asked, &name, now) {
            Ok(to) => Reply::empty(302).header("location", to),
            Err(why) => page("Create GitHub App", &format!("<h1>Create GitHub App</h1><p>{why}</p>")),
        },
    })
}

/// Gives the secrets of the App that a code stands for; `None` for every other question. Nobody has to say who they are.
pub(super) fn convert(world: &mut World, request: &Incoming, now: i64) -> Option<Reply> {
    let (method, path) = request.route();
    let ("POST", ["app-manifests", code, "conversions"]) = (method, path.as_slice()) else { return None };
    if let Some(refusal) = mistaken_headers(request) {
        return Some(refusal);
    }
    if !request.header("authorization").is_empty() || !request.body.is_empty() {
        return Some(message(400, "Problems parsing JSON").unexpected("credentials, or a body, where none is needed"));
    }
    let github = &mut world.github;
    let Some(made) = github.made.iter_mut().find(|made| made.code == *code && !made.used && made.ends_at > now) else {
        return Some(not_found());
    };
    made.used = true;
    let (owner, name) = (made.owner, made.name.clone());
    let secret = |kind: &str| obfuscated(kind, owner).replace(['=', '-', '_'], "0");
    let slug = slug(&name);
    let body = json!({
        "id": 1_000_000 + owner,
        "slug": slug,
        "node_id": "MDM6QXBwMQ==",
        "owner": { "id": owner, "login": github.login(owner) },
        "name": name,
        "description": null,
        "external_url": "https://example.com",
        "html_url": format!("{}/apps/{slug}", request.base),
        "permissions": { "administration": "write", "members": "read", "metadata": "read" },
        "events": ["member"],
        "client_id": format!("Iv23li{}", &secret("client id")[..8]),
        "client_secret": secret("client secret"),
        "webhook_secret": secret("webhook secret"),
        "pem": PRIVATE_KEY,
    });
    Some(Reply::json(201, &body))
}

/// What a form asks for, and the name under which whoever is there confirms it.
fn asked(
    github: &GitHub,
    request: &Incoming,
    organization: Option<String>,
) -> Result<(Asked, Option<String>), (u16, String)> {
    let wrong = |why: &str| (400, why.to_owned());
    if let Some(name) = request.unknown_query(&["state"]) {
        return Err((400, format!("the query parameter {name}")));
    }
    if organization
        .as_ref()
        .is_some_and(|login| github.account(login).is_none_or(|account| account.kind != AccountKind::Organization))
    {
        return Err((404, "no such organization".to_owned()));
    }
    let mut form = request.form().map_err(|why| (400, why))?;
    let state = request.query("state").unwrap_or_default().to_owned();
    if state.len() < 20 {
        return Err(wrong("a state that can be guessed"));
    }
    let manifest = form.remove("manifest").ok_or_else(|| wrong("no manifest"))?;
    let manifest: Value = serde_json::from_str(&manifest).map_err(|_| wrong("the manifest is no JSON"))?;
    if let Some(why) = mistake(&manifest) {
        return Err((422, format!("the manifest: {why}")));
    }
    let name = form.remove("name");
    if let Some(field) = form.keys().next() {
        return Err((400, format!("the field {field}")));
    }
    Ok((Asked { organization, manifest, state }, name))
}

/// What is wrong with a manifest.
fn mistake(manifest: &Value) -> Option<String> {
    const KNOWN: [&str; 12] = [
        "name",
        "url",
        "hook_attributes",
        "redirect_url",
        "callback_urls",
        "setup_url",
        "description",
        "public",
        "default_events",
        "default_permissions",
        "request_oauth_on_install",
        "setup_on_update",
    ];
    let Some(keys) = manifest.as_object() else { return Some("it is no object".to_owned()) };
    if let Some(key) = keys.keys().find(|key| !KNOWN.contains(&key.as_str())) {
        return Some(format!("the key {key}"));
    }
    let is_address = |value: &Value| {
        value.as_str().is_some_and(|url| url.parse::<http::Uri>().is_ok_and(|url| url.host().is_some()))
    };
    let addresses = [&manifest["url"], &manifest["redirect_url"], &manifest["hook_attributes"]["url"]];
    let callbacks = manifest["callback_urls"].as_array().map(Vec::as_slice).unwrap_or_default();
    if !addresses.into_iter().chain(callbacks).all(is_address) || callbacks.len() > 10 {
        return Some("an address".to_owned());
    }
    if manifest["name"].as_str().is_none_or(|name| slug(name).is_empty() || name.chars().count() > LONGEST_NAME) {
        return Some("the name".to_owned());
    }
    if manifest["public"] != true {
        return Some("only members of its owner could sign in with it".to_owned());
    }
    if manifest["default_permissions"] != json!({ "administration": "write", "members": "read" }) {
        return Some("another permission than is needed".to_owned());
    }
    (manifest["default_events"] != json!(["member"])).then(|| "another event than is needed".to_owned())
}

/// The form that whoever is there confirms.
fn confirmation(asked: &Asked, request: &Incoming) -> String {
    let escape = |text: &str| text.replace('&', "&amp;").replace('"', "&quot;").replace('<', "&lt;");
    let action = format!("{}{}?state={}", request.base, request.path, escape(&asked.state));
    let owner = asked.organization.as_deref().unwrap_or("your account");
    format!(
        "<h1>Create GitHub App for {}</h1><form method=\"post\" action=\"{action}\">\
         <input type=\"hidden\" name=\"manifest\" value=\"{}\">\
         <p><label>GitHub App name <input name=\"name\" value=\"{}\" required></label></p>\
         <p><button>Create GitHub App</button></p></form>",
        escape(owner),
        escape(&asked.manifest.to_string()),
        escape(asked.manifest["name"].as_str().unwrap_or_default()),
    )
}

/// How an App is called in addresses.
fn slug(name: &str) -> String {
    let letters =
        name.chars().map(|letter| if letter.is_ascii_alphanumeric() { letter.to_ascii_lowercase() } else { '-' });
    letters.collect::<String>().split('-').filter(|part| !part.is_empty()).collect::<Vec<_>>().join("-")
}

impl GitHub {
    /// Makes the App, and gives where the browser is sent.
    fn make_app(&mut self, asked: &Asked, name: &str, now: i64) -> Result<String, &'static str> {
        if slug(name).is_empty() || name.chars().count() > LONGEST_NAME {
            return Err("Name is too long, or says nothing.");
        }
        if self.made.iter().any(|made| slug(&made.name) == slug(name)) {
            return Err("Name is already taken.");
        }
        let owner = asked.organization.as_deref().unwrap_or("octocat");
        let owner = self.named_account(owner);
        let number = u64::try_from(self.made.len()).unwrap_or_default();
        let code = obfuscated("manifest", number).replace('=', "");
        self.made.push(Made {
            code: code.clone(),
            owner,
            name: name.to_owned(),
            ends_at: now + CODE_LIFETIME,
            used: false,
        });
        let query = form_urlencoded::Serializer::new(String::new())
            .append_pair("code", &code)
            .append_pair("state", &asked.state)
            .finish();
        Ok(format!("{}?{query}", asked.manifest["redirect_url"].as_str().unwrap_or_default()))
    }
}

/// What an owner does at GitHub's settings.
impl Sandbox {
    /// Confirms the App that a form asks for, under the name that it has, and gives where the browser is sent.
    ///
    /// # Panics
    /// When the form asks for something that GitHub would not take.
    pub fn make_app(&self, form_url: &str, manifest: &str) -> String {
        let now = self.now();
        let body = form_urlencoded::Serializer::new(String::new()).append_pair("manifest", manifest).finish();
        let request = http::Request::post(form_url).body(body.into_bytes()).expect("a request");
        let request = Incoming::read(request);
        let (_, path) = request.route();
        let organization =
            path.get(1).filter(|_| path.first() == Some(&"organizations")).map(|login| (*login).to_owned());
        let github = &mut self.world().github;
        let (asked, _) =
            asked(github, &request, organization).unwrap_or_else(|(_, why)| panic!("{why}: {form_url} {manifest}"));
        let name = asked.manifest["name"].as_str().unwrap_or_default().to_owned();
        github.make_app(&asked, &name, now).unwrap_or_else(|why| panic!("{why}"))
    }
}

#[cfg(test)]
mod tests;
