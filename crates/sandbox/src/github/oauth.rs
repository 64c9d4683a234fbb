//! GitHub's web side as far as a buyer sees it: signing in with the seller's OAuth app, the pages of an invitation and of a repository, and
//! what the token of somebody who signed in may ask. The REST API of everybody else is in `github::api`.
//! See <https://docs.github.com/en/apps/oauth-apps/building-oauth-apps/authorizing-oauth-apps>.
//!
//! It is as strict as the rest: a parameter that is not documented, a challenge that is none, a code or a token that is used twice is a
//! mistake of the client's.

use std::collections::BTreeMap;

use base64::Engine as _;
use base64::engine::general_purpose::{STANDARD, URL_SAFE_NO_PAD};
use serde_json::{Value, json};
use sha2::{Digest, Sha256};

use super::api::not_found;
use super::gate::message;
use super::{AccountKind, Collaborator, GitHub};
use crate::incoming::Incoming;
use crate::options::Options;
use crate::reply::Reply;
use crate::sandbox::{Sandbox, World};
use crate::time::MINUTE;

/// How long a code is good for.
const CODE_LIFETIME: i64 = 10 * MINUTE;

/// The scope that an OAuth app may be given here.
const SCOPE: &str = "repo:invite";

/// Everything about signing in.
#[derive(Debug, Default)]
pub(super) struct OAuth {
    codes: Vec<Code>,
    tokens: Vec<UserToken>,
    numbers: u64,
    /// Whom GitHub does not let accept: it demands two factors of them.
    single_factor: Vec<u64>,
    /// The scope that buyers take back on the consent page.
    withheld: bool,
    /// What the callback is told of who has answered; `None`: nothing.
    issuer: Option<String>,
}

#[derive(Debug)]
struct Code {
    text: String,
    user: u64,
    redirect_uri: String,
    challenge: String,
    scope: String,
    ends_at: i64,
    used: bool,
}

#[derive(Debug)]
struct UserToken {
    text: String,
    user: u64,
    scope: String,
    ended: bool,
}

/// What an application asks of whoever signs in.
struct Asked {
    redirect_uri: String,
    state: String,
    scope: String,
    challenge: String,
}

/// Answers what is no question to the REST API; `None` for everything else.
pub(super) fn web(world: &mut World, request: &Incoming, now: i64) -> Option<Reply> {
    let (method, path) = request.route();
    match (method, path.as_slice()) {
        ("GET", ["login", "oauth", "authorize"]) => Some(match asked(&request.query, &world.options) {
            Ok(asked) => page("Sign in", &consent(&world.github, &asked, &request.base)),
            Err(why) => Reply::text(404, "Not Found").unexpected(why),
        }),
        ("POST", ["login", "oauth", "authorize"]) => Some(decide(world, request, now)),
        ("POST", ["login", "oauth", "access_token"]) => Some(exchange(world, request, now)),
        ("GET", ["avatars", "u", id]) => Some(avatar(id)),
        ("GET" | "POST", [owner, name, "invitations"]) if *owner != "repos" && *owner != "repositories" => {
            Some(invitations(world, request, owner, name, now))
        }
        ("GET" | "POST", [owner, name]) if world.github.owns_something(owner) && wants_a_page(request) => {
            Some(repository(&world.github, request, owner, name))
        }
        ("DELETE", ["applications", id, "token"]) => Some(end_token(world, request, id)),
        _ => None,
    }
}

/// Answers what the token of somebody who signed in asks; `None` where the request brings no such token.
pub(super) fn respond(world: &mut World, request: &Incoming, now: i64) -> Option<Reply> {
    let bearer = request.header("authorization").strip_prefix("Bearer ")?.to_owned();
    let token = world.github.oauth.tokens.iter().find(|token| token.text == bearer)?;
    if token.ended {
        return Some(message(401, "Bad credentials").unexpected("a token that has ended"));
    }
    let (user, may_accept) = (token.user, token.scope == SCOPE || is_github_app(&world.options));
    let (method, path) = request.route();
    let body_is_empty = request.body.is_empty();
    Some(match (method, path.as_slice()) {
        _ if !body_is_empty => message(400, "Problems parsing JSON").unexpected("a body where there is none to send"),
        ("GET", ["user"]) => {
            let account = world.github.account_by_id(user);
            account.map_or_else(not_found, |account| Reply::json(200, &account.profile_json()))
        }
        ("PATCH" | "DELETE", ["user", "repository_invitations", _]) if !may_accept => {
            message(403, "Resource not accessible by personal access token")
        }
        ("PATCH" | "DELETE", ["user", "repository_invitations", id]) => {
            world.github.answer_invitation(user, id, method == "PATCH", now)
        }
        _ => message(403, "Resource not accessible").unexpected("what the token of a buyer is not for"),
    })
}

/// Whether a request brings the token of somebody who signed in.
pub(super) fn is_known(world: &World, request: &Incoming) -> bool {
    let bearer = request.header("authorization").strip_prefix("Bearer ");
    bearer.is_some_and(|bearer| world.github.oauth.tokens.iter().any(|token| token.text == bearer && !token.ended))
}

/// GitHub's Apps have other client ids than OAuth apps, and know no scopes.
fn is_github_app(options: &Options) -> bool {
    options.github_oauth_client_id.starts_with("Iv")
}

fn asked(fields: &[(String, String)], options: &Options) -> Result<Asked, String> {
    const KNOWN: [&str; 9] = [
        "client_id",
        "redirect_uri",
        "scope",
        "state",
        "code_challenge",
        "code_challenge_method",
        "prompt",
        "login",
        "allow_signup",
    ];
    if let Some((name, _)) = fields.iter().find(|(name, _)| !KNOWN.contains(&name.as_str())) {
        return Err(format!("the parameter {name}"));
    }
    let text =
        |name: &str| fields.iter().find(|(known, _)| known == name).map(|(_, value)| value.clone()).unwrap_or_default();
    if text("client_id") != options.github_oauth_client_id {
        return Err("the client id".to_owned());
    }
    let (redirect_uri, state, scope, challenge) =
        (text("redirect_uri"), text("state"), text("scope"), text("code_challenge"));
    if !redirect_uri.starts_with("http") || !redirect_uri.ends_with("/auth/github/callback") {
        return Err("the redirect_uri is not the one that is registered".to_owned());
    }
    if state.len() < 20 {
        return Err("a state that can be guessed".to_owned());
    }
    if text("code_challenge_method") != "S256" || challenge.len() != 43 {
        return Err("the code challenge".to_owned());
    }
    if text("prompt") != "select_account" {
        return Err("no account picker".to_owned());
    }
    let allowed: &[&str] = if is_github_app(options) { &[""] } else { &["", SCOPE] };
    if !allowed.contains(&scope.as_str()) {
        return Err(format!("the scope {scope}"));
    }
    Ok(Asked { redirect_uri, state, scope, challenge })
}

/// Sends the browser back with what its owner has decided.
fn decide(world: &mut World, request: &Incoming, now: i64) -> Reply {
    let Ok(form) = request.form() else { return Reply::text(400, "Bad Request").unexpected("the form") };
    let fields: Vec<_> =
        form.iter().filter(|(name, _)| *name != "as").map(|(name, value)| (name.clone(), value.clone())).collect();
    match asked(&fields, &world.options) {
        Ok(asked) => {
            let login = form.get("as").filter(|login| !login.is_empty());
            let to = world.github.answer_sign_in(&asked, login.map(String::as_str), &request.base, now);
            known_as(Reply::empty(302).header("location", to), login.map_or("", String::as_str))
        }
        Err(why) => Reply::text(404, "Not Found").unexpected(why),
    }
}

/// <https://docs.github.com/en/apps/oauth-apps/building-oauth-apps/authorizing-oauth-apps#2-users-are-redirected-back-to-your-site-by-github>
fn exchange(world: &mut World, request: &Incoming, now: i64) -> Reply {
    let failed =
        |error: &str| Reply::json(200, &json!({ "error": error, "error_description": "It is not as it should be." }));
    if request.header("accept") != "application/json" {
        return Reply::text(200, "error=unsupported").unexpected("the Accept header");
    }
    let Ok(form) = request.form() else { return failed("bad_request").unexpected("the form") };
    if !form.keys().eq(["client_id", "client_secret", "code", "code_verifier", "redirect_uri"]) {
        return failed("bad_request").unexpected("the fields of the form");
    }
    let options = &world.options;
    if form["client_id"] != options.github_oauth_client_id
        || form["client_secret"] != options.github_oauth_client_secret
    {
        return failed("incorrect_client_credentials").unexpected("the client's credentials");
    }
    let oauth = &mut world.github.oauth;
    let challenge = URL_SAFE_NO_PAD.encode(Sha256::digest(form["code_verifier"].as_bytes()));
    let Some(code) = oauth.codes.iter_mut().find(|code| code.text == form["code"]) else {
        return failed("bad_verification_code");
    };
    if code.used || code.ends_at <= now || code.redirect_uri != form["redirect_uri"] || code.challenge != challenge {
        return failed("bad_verification_code");
    }
    code.used = true;
    let scope = if oauth.withheld { String::new() } else { code.scope.clone() };
    oauth.numbers += 1;
    let text = format!("gho_sandbox{:030}", oauth.numbers);
    oauth.tokens.push(UserToken { text: text.clone(), user: code.user, scope: scope.clone(), ended: false });
    Reply::json(200, &json!({ "access_token": text, "scope": scope, "token_type": "bearer" }))
}

/// <https://docs.github.com/en/rest/apps/oauth-applications#delete-an-app-token>
fn end_token(world: &mut World, request: &Incoming, id: &str) -> Reply {
    let options = &world.options;
    let credentials = format!("{}:{}", options.github_oauth_client_id, options.github_oauth_client_secret);
    let expected = format!("Basic {}", STANDARD.encode(credentials));
    if id != options.github_oauth_client_id || request.header("authorization") != expected {
        return message(401, "Bad credentials").unexpected("the client's credentials");
    }
    let body: Value = serde_json::from_slice(&request.body).unwrap_or_default();
    let Some(text) = body["access_token"].as_str().filter(|_| body.as_object().is_some_and(|body| body.len() == 1))
    else {
        return message(422, "Validation Failed").unexpected("the body");
    };
    match world.github.oauth.tokens.iter_mut().find(|token| token.text == text && !token.ended) {
        Some(token) => {
            token.ended = true;
            Reply::empty(204)
        }
        None => not_found(),
    }
}

/// The page of an invitation, on which whoever is there picks who they are.
fn invitations(world: &mut World, request: &Incoming, owner: &str, name: &str, now: i64) -> Reply {
    let full_name = format!("{owner}/{name}");
    let Some(repo) = world.github.repo(owner, name) else { return page("Not found", "<h1>404</h1><p>Not found.</p>") };
    if request.method == http::Method::POST {
        let form: BTreeMap<String, String> = request.form().unwrap_or_default();
        let user = form.get("as").and_then(|login| world.github.account(login)).map(|account| account.id);
        let pending = user.and_then(|user| {
            world.github.repos[repo]
                .invitations
                .iter()
                .find(|pending| pending.invitee == user)
                .map(|pending| pending.id)
        });
        let (Some(user), Some(id)) = (user, pending) else {
            return page(
                "Invitation",
                "<h1>This invitation is invalid.</h1><p>You may be signed in as somebody else.</p>",
            );
        };
        let accepts = form.get("answer").is_some_and(|answer| answer == "accept");
        let done = world.github.answer_invitation(user, &id.to_string(), accepts, now);
        return match done.status {
            204 if accepts => {
                let into = format!(
                    "<h1>You are in {full_name}</h1><p><a href=\"{}/{full_name}\">Open it</a></p>",
                    request.base
                );
                known_as(page("You are in", &into), form.get("as").map_or("", String::as_str))
            }
            204 => page("Declined", "<h1>The invitation is declined.</h1>"),
            _ => page("Invitation", "<h1>This invitation is invalid.</h1>"),
        };
    }
    let buttons: String = people(&world.github)
        .map(|login| {
            format!(
                "<form method=\"post\"><input type=\"hidden\" name=\"as\" value=\"{login}\">\
                 <button name=\"answer\" value=\"accept\">Accept as {login}</button> \
                 <button name=\"answer\" value=\"decline\">Decline as {login}</button></form>"
            )
        })
        .collect();
    page("Invitation", &format!("<h1>You are invited to {full_name}</h1>{buttons}"))
}

/// The page of a repository: whoever may read it sees it, and to everybody else there is none, as at GitHub. Who is there, a cookie says, or
/// whoever looks picks it.
fn repository(github: &GitHub, request: &Incoming, owner: &str, name: &str) -> Reply {
    let base = &request.base;
    if request.method == http::Method::POST {
        let form: BTreeMap<String, String> = request.form().unwrap_or_default();
        let login = form.get("as").filter(|login| people(github).any(|known| known == login.as_str()));
        let there = Reply::empty(303).header("location", format!("{base}/{owner}/{name}"));
        return known_as(there, login.map_or("", String::as_str));
    }
    let cookies = request.header("cookie");
    let login = cookies.split(';').find_map(|pair| pair.trim().strip_prefix(SIGNED_IN)).unwrap_or_default();
    let account = github.account(login);
    let repo = github.repo(owner, name).map(|repo| &github.repos[repo]);
    let seen = repo.zip(account).filter(|(repo, account)| repo.collaborators.iter().any(|one| one.user == account.id));
    let picker: String = people(github)
        .map(|login| format!("<p><button name=\"as\" value=\"{login}\">Sign in as {login}</button></p>"))
        .collect();
    let picker = format!("<form method=\"post\">{picker}</form>");
    match seen {
        Some(_) => {
            let clone = format!("git clone {base}/{owner}/{name}.git");
            page(
                name,
                &format!(
                    "<h1>{owner}/{name}</h1><p>Private. You are signed in as {login}.</p><pre>{clone}</pre>{picker}"
                ),
            )
        }
        None => page_of(
            404,
            "Page not found",
            &format!("<h1>404</h1><p>This is not the web page you are looking for.</p>{picker}"),
        ),
    }
}

/// Before the login of whoever is signed in, in a browser's cookies.
const SIGNED_IN: &str = "sandbox-github=";

/// Has the browser know who is signed in; nobody, where that is no login.
fn known_as(reply: Reply, login: &str) -> Reply {
    let is_login = login.bytes().all(|letter| letter.is_ascii_alphanumeric() || letter == b'-');
    let login = if is_login { login } else { "" };
    reply.header("set-cookie", format!("{SIGNED_IN}{login}; Path=/github; HttpOnly; SameSite=Lax"))
}

/// Whether a browser asks, and no program.
fn wants_a_page(request: &Incoming) -> bool {
    request.header("accept").contains("text/html")
}

/// What an application asks, in GitHub's words, and who may be there.
fn consent(github: &GitHub, asked: &Asked, base: &str) -> String {
    let words = match asked.scope.as_str() {
        SCOPE => "Repository invitations: accept and decline invitations to repositories. No access to code.",
        _ => "Public data only: who you are.",
    };
    let hidden = [
        ("redirect_uri", asked.redirect_uri.as_str()),
        ("state", &asked.state),
        ("scope", &asked.scope),
        ("code_challenge", &asked.challenge),
        ("code_challenge_method", "S256"),
        ("prompt", "select_account"),
    ];
    let escape = |text: &str| text.replace('&', "&amp;").replace('"', "&quot;").replace('<', "&lt;");
    let hidden: String = hidden
        .iter()
        .map(|(name, value)| format!("<input type=\"hidden\" name=\"{name}\" value=\"{}\">", escape(value)))
        .collect();
    let client = "<input type=\"hidden\" name=\"client_id\" value=\"CLIENT\">";
    let client = client.replace("CLIENT", &escape(&github.client_id));
    let buttons: String = people(github)
        .map(|login| format!("<p><button name=\"as\" value=\"{login}\">Authorize as {login}</button></p>"))
        .collect();
    format!(
        "<h1>Acme would like permission</h1><p>{words}</p>\
         <form method=\"post\" action=\"{base}/login/oauth/authorize\">{client}{hidden}{buttons}\
         <p><button name=\"as\" value=\"\">Cancel</button></p></form>"
    )
}

/// The logins of those who can sign in.
fn people(github: &GitHub) -> impl Iterator<Item = &str> {
    let people = github.accounts.iter().filter(|account| account.kind == AccountKind::User && !account.hidden);
    people.map(|account| account.login.as_str())
}

/// A picture of somebody.
fn avatar(id: &str) -> Reply {
    let hue = id.bytes().fold(0_u32, |sum, byte| sum * 31 % 360 + u32::from(byte)) % 360;
    let svg = format!(
        "<svg xmlns=\"http://www.w3.org/2000/svg\" viewBox=\"0 0 8 8\"><rect width=\"8\" height=\"8\" fill=\"hsl({hue} 60% 45%)\"/>\
         <circle cx=\"4\" cy=\"3.2\" r=\"1.5\" fill=\"#fff\"/><path d=\"M1.2 8a2.8 2.6 0 0 1 5.6 0\" fill=\"#fff\"/></svg>"
    );
    Reply::raw(200, "image/svg+xml", svg.into_bytes()).header("cross-origin-resource-policy", "cross-origin")
}

pub(super) fn page(title: &str, content: &str) -> Reply {
    page_of(200, title, content)
}

fn page_of(status: u16, title: &str, content: &str) -> Reply {
    let html = format!(
        "<!doctype html><html lang=\"en\"><meta charset=\"utf-8\"><meta name=\"viewport\" content=\"width=device-width\">\
         <link rel=\"icon\" href=\"data:,\"><title>{title} · the sandbox's GitHub</title><main>{content}</main></html>"
    );
    Reply::raw(status, "text/html; charset=utf-8", html.into_bytes())
}

impl GitHub {
    /// Whether some repository is this owner's.
    fn owns_something(&self, owner: &str) -> bool {
        self.account(owner).is_some_and(|owner| self.repos.iter().any(|repo| repo.owner == owner.id))
    }

    /// Where the browser of somebody who has decided goes; of nobody, who has canceled.
    fn answer_sign_in(&mut self, asked: &Asked, login: Option<&str>, base: &str, now: i64) -> String {
        let Asked { redirect_uri, state, scope, challenge } = asked;
        let issuer = self.oauth.issuer.clone().unwrap_or_else(|| format!("{base}/login/oauth"));
        let mut query = form_urlencoded::Serializer::new(String::new());
        match login.and_then(|login| self.account(login)).map(|account| account.id) {
            Some(user) => {
                self.oauth.numbers += 1;
                let text = format!("code{:016}", self.oauth.numbers);
                let (redirect_uri, challenge, scope) = (redirect_uri.clone(), challenge.clone(), scope.clone());
                let ends_at = now + CODE_LIFETIME;
                query.append_pair("code", &text);
                self.oauth.codes.push(Code { text, user, redirect_uri, challenge, scope, ends_at, used: false });
            }
            None => {
                query.append_pair("error", "access_denied");
                query.append_pair("error_description", "The user has denied your application access.");
            }
        }
        query.append_pair("state", state);
        if !issuer.is_empty() {
            query.append_pair("iss", &issuer);
        }
        format!("{redirect_uri}?{}", query.finish())
    }

    /// Somebody accepts or declines an invitation by its number.
    /// <https://docs.github.com/en/rest/collaborators/invitations#accept-a-repository-invitation>
    fn answer_invitation(&mut self, user: u64, id: &str, accepts: bool, now: i64) -> Reply {
        let demands_more = self.oauth.single_factor.contains(&user);
        let found = self.repos.iter_mut().find_map(|repo| {
            let place = repo.invitations.iter().position(|one| one.id.to_string() == id && one.invitee == user)?;
            Some((repo, place))
        });
        let Some((repo, place)) = found else { return not_found() };
        if repo.invitations[place].has_expired(now) {
            return not_found();
        }
        if accepts && demands_more {
            return message(403, "You must enable two-factor authentication to join this organization.");
        }
        let taken = repo.invitations.remove(place);
        if accepts {
            repo.collaborators.retain(|collaborator| collaborator.user != user);
            repo.collaborators.push(Collaborator::new(user, taken.role));
        }
        Reply::empty(204)
    }
}

/// What buyers do at GitHub's web side.
impl Sandbox {
    /// Signs in as somebody on the page at this address, and gives where the browser is sent; `None` stands for whoever cancels.
    ///
    /// # Panics
    /// When the address asks for something that is not documented, or is none of ours.
    pub fn sign_in(&self, authorize_url: &str, login: Option<&str>) -> String {
        let now = self.now();
        let uri: http::Uri = authorize_url.parse().expect("an address");
        let world = &mut *self.world();
        let query = form_urlencoded::parse(uri.query().unwrap_or_default().as_bytes()).into_owned().collect::<Vec<_>>();
        assert!(uri.path().ends_with("/login/oauth/authorize"), "{authorize_url}");
        let asked = asked(&query, &world.options).unwrap_or_else(|why| panic!("{why}: {authorize_url}"));
        let base = authorize_url.split("/login/oauth").next().unwrap_or_default();
        world.github.answer_sign_in(&asked, login, base, now)
    }

    /// Has GitHub demand two factors of an account before it may join anything.
    pub fn demand_two_factors(&self, login: &str) {
        let github = &mut self.world().github;
        let user = github.named_account(login);
        github.oauth.single_factor.push(user);
    }

    /// Has buyers take back the scope that they are asked for.
    pub fn withhold_scope(&self) {
        self.world().github.oauth.withheld = true;
    }

    /// Has the callback name another issuer; empty: none.
    pub fn name_issuer(&self, issuer: &str) {
        self.world().github.oauth.issuer = Some(issuer.to_owned());
    }

    /// How many tokens of buyers have not ended.
    pub fn open_user_tokens(&self) -> usize {
        self.world().github.oauth.tokens.iter().filter(|token| !token.ended).count()
    }
}
