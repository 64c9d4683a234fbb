//! Signing in at GitHub with the seller's OAuth app or GitHub App, and what is asked with the token of whoever did: who they are, and
//! to accept an invitation. Nothing of it is kept.
//!
//! <https://docs.github.com/apps/oauth-apps/building-oauth-apps/authorizing-oauth-apps>
//!
//! When this is done, and what becomes of a failure, is in `engine::sign_in`.

use base64::Engine as _;
use base64::prelude::{BASE64_STANDARD, BASE64_URL_SAFE_NO_PAD};
use percent_encoding::{NON_ALPHANUMERIC, utf8_percent_encode};
use serde::Serialize;
use sha2::{Digest, Sha256};

use super::{API_VERSION, Resolved, SERVICE, read_account, refusal};
use crate::adapters::{Failure, Remedy};
use crate::config::{self, OauthApp};
use crate::json::Json;
use crate::model::Secret;
use crate::platform::{HttpRequest, HttpResponse, Method, Platform};

/// The scope in which the token of an OAuth app may accept invitations, and reaches no code.
/// <https://docs.github.com/apps/oauth-apps/building-oauth-apps/scopes-for-oauth-apps#available-scopes>
const INVITATIONS: &str = "repo:invite";

/// What whoever signs in is asked for.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Consent {
    /// Who they are, and that their invitations are accepted for them.
    AcceptForMe,
    /// Who they are.
    IdentityOnly,
}

/// The app that signs in.
#[derive(Debug, Clone, Copy)]
pub struct SignIn<'a> {
    app: &'a OauthApp,
    api_url: &'a str,
    web_url: &'a str,
}

/// The token of whoever signed in.
#[derive(Debug)]
pub struct UserToken {
    text: Secret,
    /// Whether it was allowed to accept invitations. GitHub's Apps know no scopes: of those only trying tells.
    pub may_accept: bool,
}

/// What became of a code.
#[derive(Debug)]
pub enum Exchanged {
    Token(UserToken),
    /// It is no good, or not any more.
    Refused,
}

/// What became of accepting an invitation.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Accepted {
    Done,
    /// It is gone, over, or another account's.
    Gone,
    /// The organization has no seat free.
    NoSeat,
    /// The account may not: its organization demands two factors, or the app may not accept.
    Refused,
    /// Nobody knows.
    Unclear,
}

/// <https://docs.github.com/rest/apps/oauth-applications#delete-an-app-token>
#[derive(Serialize)]
struct TokenToEnd<'a> {
    access_token: &'a str,
}

impl<'a> SignIn<'a> {
    /// `None` where no app is configured.
    pub fn new(config: &'a config::Github) -> Option<Self> {
        let app = config.oauth.as_ref()?;
        Some(Self { app, api_url: &config.api_url, web_url: &config.web_url })
    }

    /// Where whoever signs in is sent. `select_account` has GitHub ask which account it is to be: the wrong one is the commonest
    /// mistake.
    pub fn authorize_url(&self, consent: Consent, state: &str, verifier: &str) -> String {
        let challenge = BASE64_URL_SAFE_NO_PAD.encode(Sha256::digest(verifier.as_bytes()));
        let mut url =
            format!("{}/login/oauth/authorize?prompt=select_account&code_challenge_method=S256", self.web_url);
        for (name, value) in [
            ("client_id", self.app.client_id.as_str()),
            ("redirect_uri", &self.app.callback_url),
            ("state", state),
            ("code_challenge", &challenge),
        ] {
            url.push_str(&format!("&{name}={}", utf8_percent_encode(value, NON_ALPHANUMERIC)));
        }
        if consent == Consent::AcceptForMe && !self.app.is_github_app() {
            url.push_str(&format!("&scope={}", utf8_percent_encode(INVITATIONS, NON_ALPHANUMERIC)));
        }
        url
    }

    /// Whether a callback that names whom it is from is from GitHub. Not every one names it.
    /// <https://www.rfc-editor.org/rfc/rfc9207>
    pub fn is_issuer(&self, named: &str) -> bool {
        named.is_empty() || named.strip_prefix(self.web_url) == Some("/login/oauth")
    }

    /// Turns a code into a token.
    ///
    /// # Errors
    /// [`Failure`] when GitHub did not say; the code may be used up all the same.
    pub async fn exchange(&self, platform: &impl Platform, code: &str, verifier: &str) -> Result<Exchanged, Failure> {
        let form = form_urlencoded::Serializer::new(String::new())
            .append_pair("client_id", &self.app.client_id)
            .append_pair("client_secret", self.app.client_secret.expose())
            .append_pair("code", code)
            .append_pair("redirect_uri", &self.app.callback_url)
            .append_pair("code_verifier", verifier)
            .finish();
        let request = HttpRequest::new(Method::Post, format!("{}/login/oauth/access_token", self.web_url))
            .header("accept", "application/json")
            .body("application/x-www-form-urlencoded", form.into_bytes());
        let reply = send(platform, request).await?;
        let body = Json::parse(&reply.body).map_err(|_| Failure::unintelligible(SERVICE, reply.status))?;
        let root = body.root();
        match (reply.status, root.text("access_token").ok().and_then(Secret::new), root.text("error")) {
            (200, Some(text), _) => {
                let scopes = root.text("scope").unwrap_or_default();
                let may_accept = self.app.is_github_app()
                    || scopes.split([',', ' ']).any(|scope| scope == INVITATIONS || scope == "repo");
                Ok(Exchanged::Token(UserToken { text, may_accept }))
            }
            (200, None, Ok("bad_verification_code")) => Ok(Exchanged::Refused),
            (200, None, Ok(error)) => {
                let error: String =
                    error.chars().filter(|letter| letter.is_ascii_lowercase() || *letter == '_').take(40).collect();
                let what = format!("{SERVICE} refuses the app with which buyers sign in");
                Err(Failure::of_cause(Remedy::SetupWrong, what, error))
            }
            _ => Err(Failure::unintelligible(SERVICE, reply.status)),
        }
    }

    /// Who has signed in. That alone decides: between two visits another account can have signed in.
    ///
    /// # Errors
    /// [`Failure`] when GitHub did not say.
    pub async fn who(&self, platform: &impl Platform, token: &UserToken) -> Result<Resolved, Failure> {
        let reply = send(platform, self.as_user(Method::Get, "/user", token)).await?;
        match reply.status {
            200 => {
                let account = Json::parse(&reply.body).ok().and_then(|body| read_account(&body.root()));
                account.ok_or_else(|| Failure::unintelligible(SERVICE, reply.status))
            }
            status => Err(Failure::unintelligible(SERVICE, status)),
        }
    }

    /// Accepts an invitation by its number, for whoever has signed in.
    /// <https://docs.github.com/rest/collaborators/invitations#accept-a-repository-invitation>
    pub async fn accept(&self, platform: &impl Platform, token: &UserToken, invitation: i64) -> Accepted {
        let path = format!("/user/repository_invitations/{invitation}");
        let Ok(reply) = platform.send(self.as_user(Method::Patch, &path, token)).await else {
            return Accepted::Unclear;
        };
        match reply.status {
            204 | 304 => Accepted::Done,
            // Which of these it is that says so, GitHub does not document.
            403 | 404 | 409 | 422 if refusal::is_for_want_of_a_seat(&reply) => Accepted::NoSeat,
            404 => Accepted::Gone,
            401 | 403 => Accepted::Refused,
            _ => Accepted::Unclear,
        }
    }

    /// Ends a token, and leaves the app with the buyer's consent, so that the next visit takes no click.
    ///
    /// # Errors
    /// [`Failure`] when it may not have ended.
    pub async fn end(&self, platform: &impl Platform, token: &UserToken) -> Result<(), Failure> {
        let OauthApp { client_id, client_secret, .. } = self.app;
        let path = format!("{}/applications/{client_id}/token", self.api_url);
        let credentials = BASE64_STANDARD.encode(format!("{client_id}:{}", client_secret.expose()));
        let body = serde_json::to_vec(&TokenToEnd { access_token: token.text.expose() }).unwrap_or_default();
        let request = HttpRequest::new(Method::Delete, path)
            .header("authorization", format!("Basic {credentials}"))
            .header("accept", "application/vnd.github+json")
            .header("x-github-api-version", API_VERSION)
            .body("application/json", body);
        match send(platform, request).await?.status {
            // One that is not known any more has ended.
            204 | 404 => Ok(()),
            status => Err(Failure::unintelligible(SERVICE, status)),
        }
    }

    fn as_user(&self, method: Method, path: &str, token: &UserToken) -> HttpRequest {
        HttpRequest::new(method, format!("{}{path}", self.api_url))
            .header("authorization", format!("Bearer {}", token.text.expose()))
            .header("accept", "application/vnd.github+json")
            .header("x-github-api-version", API_VERSION)
    }
}

async fn send(platform: &impl Platform, request: HttpRequest) -> Result<HttpResponse, Failure> {
    platform.send(request).await.map_err(|error| Failure::unanswered(SERVICE, error))
}
