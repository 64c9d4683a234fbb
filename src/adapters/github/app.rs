//! A GitHub App's access: how the App names itself, how it comes by a token where it is installed, and the tokens that it has.
//!
//! A token of an installation reaches what its owner has let the App reach, and nothing of anybody else's; it ends after an
//! hour. What is asked with it is in the modules beside this one, which do not know whose token they send.
//! <https://docs.github.com/apps/creating-github-apps/authenticating-with-a-github-app/authenticating-as-a-github-app-installation>

use std::cell::RefCell;

use base64::Engine;
use base64::engine::general_purpose::URL_SAFE_NO_PAD;
use serde::Serialize;

use super::refusal::{self, Means};
use super::{Github, SERVICE, owner};
use crate::adapters::{Effect, Failure, Remedy};
use crate::config::GithubApp;
use crate::json::Json;
use crate::model::{Repo, Secret, Timestamp};
use crate::platform::{HttpResponse, Method, Platform};

/// A token is not begun with that ends so soon: whatever is asked with it is to be over by then, and clocks differ.
const SPARE_MS: i64 = 2 * 60 * 1000;

/// How far back the App dates itself, and when what it says ends, which is ten minutes later at most. GitHub's clock may be
/// behind ours.
const BACKDATED_S: i64 = 60;
const GOOD_FOR_S: i64 = 9 * 60;

/// Through how many repositories a token is looked for with which to ask about an account.
const PLACES: usize = 3;

/// The tokens of installations that are known, by the owner of the repositories. An isolate keeps them for as long as they last.
#[derive(Debug, Default)]
pub struct Installations(RefCell<Vec<Installation>>);

#[derive(Debug, Clone)]
struct Installation {
    owner: String,
    token: Secret,
    expires_at: Timestamp,
}

/// What a JSON Web Token of an App's says of itself: when it was made and ends, in seconds, and whose it is.
/// <https://docs.github.com/apps/creating-github-apps/authenticating-with-a-github-app/generating-a-json-web-token-jwt-for-a-github-app>
#[derive(Serialize)]
struct Claims<'a> {
    iat: i64,
    exp: i64,
    iss: &'a str,
}

#[derive(Serialize)]
struct Header {
    alg: &'static str,
    typ: &'static str,
}

/// What a new token is for. Metadata may be read with any.
/// <https://docs.github.com/rest/apps/apps#create-an-installation-access-token-for-an-app>
#[derive(Serialize)]
struct NewToken {
    permissions: Permissions,
}

#[derive(Serialize)]
struct Permissions {
    administration: &'static str,
}

impl Installations {
    /// A token for the repositories of this owner.
    fn of(&self, owner: &str, now: Timestamp) -> Option<Secret> {
        let known = self.0.borrow();
        let found = known.iter().find(|one| one.owner.eq_ignore_ascii_case(owner) && one.lasts(now));
        found.map(|one| one.token.clone())
    }

    /// Anybody's token: about an account it tells the same as every other.
    fn any(&self, now: Timestamp) -> Option<Secret> {
        self.0.borrow().iter().find(|one| one.lasts(now)).map(|one| one.token.clone())
    }

    fn keep(&self, new: Installation, now: Timestamp) {
        let mut known = self.0.borrow_mut();
        known.retain(|one| one.lasts(now) && !one.owner.eq_ignore_ascii_case(&new.owner));
        known.push(new);
    }

    fn forget(&self, token: &Secret) {
        self.0.borrow_mut().retain(|one| !one.token.matches(token.expose()));
    }
}

impl Installation {
    fn lasts(&self, now: Timestamp) -> bool {
        now.plus_millis(SPARE_MS) < self.expires_at
    }
}

impl GithubApp {
    /// The token by which the App names itself, for the next minutes.
    async fn own_token(&self, platform: &impl Platform) -> Result<Secret, Failure> {
        let now = platform.now().as_millis().div_euclid(1000);
        let claims = Claims { iat: now - BACKDATED_S, exp: now + GOOD_FOR_S, iss: self.id.as_str() };
        let signed = format!("{}.{}", part(&Header { alg: "RS256", typ: "JWT" }), part(&claims));
        let signature = platform.sign_rs256(&self.key, signed.as_bytes()).await.ok();
        let token = signature.and_then(|signature| {
            let signature = URL_SAFE_NO_PAD.encode(signature);
            Secret::new(format!("{signed}.{signature}"))
        });
        token.ok_or_else(|| {
            let what_mends = "put GITHUB_APP_PRIVATE_KEY in once more, as it was downloaded";
            Failure::of_cause(Remedy::SetupWrong, what_mends, "nothing can be signed with it")
        })
    }
}

impl Github<'_> {
    /// With which token an App asks for a path.
    ///
    /// # Errors
    /// [`Failure`] when there is none to be had. Then nothing was asked for.
    pub(super) async fn installation_token(
        &self,
        platform: &impl Platform,
        app: &GithubApp,
        path: &str,
    ) -> Result<Secret, Failure> {
        let now = platform.now();
        let token = match repo_of(path) {
            Some(repo) => match self.installations.of(owner(&repo), now) {
                Some(token) => Ok(token),
                None => self.new_token(platform, app, &repo).await,
            },
            None => match self.installations.any(now) {
                Some(token) => Ok(token),
                None => self.new_token_anywhere(platform, app).await,
            },
        };
        token.map_err(|failure| failure.having(Effect::Nothing))
    }

    /// A token for a question about an account, which belongs to no repository: through the first on which the App is
    /// installed. If there is none, it is the best that has to be mended.
    async fn new_token_anywhere(&self, platform: &impl Platform, app: &GithubApp) -> Result<Secret, Failure> {
        let mut first: Option<Failure> = None;
        for repo in &self.places {
            match self.new_token(platform, app, repo).await {
                Ok(token) => return Ok(token),
                // Anything else is no matter of the repository, and the next one would fare no better.
                Err(failure) if failure.remedy != Remedy::PersonNeeded => return Err(failure),
                Err(failure) => {
                    first.get_or_insert(failure);
                }
            }
        }
        Err(first.unwrap_or_else(|| {
            let what_mends = "put a product with its repositories into the catalogue";
            Failure::of_cause(Remedy::SetupWrong, what_mends, "a GitHub App asks through one of them")
        }))
    }

    /// Asks for a new token for a repository's owner, and keeps it.
    async fn new_token(&self, platform: &impl Platform, app: &GithubApp, repo: &Repo) -> Result<Secret, Failure> {
        let own = app.own_token(platform).await?;
        let installation = self.installation(platform, &own, repo).await?;
        let path = format!("/app/installations/{installation}/access_tokens");
        let wanted = NewToken { permissions: Permissions { administration: "write" } };
        let request = self.request(Method::Post, &path, serde_json::to_vec(&wanted).ok(), &own);
        let reply = platform.send(request).await.map_err(|error| Failure::unanswered(SERVICE, error))?;
        if reply.status != 201 {
            return Err(refusal::of_installation(&reply, repo, platform.now()));
        }
        let new = read_token(&reply, repo).ok_or_else(|| Failure::unintelligible(SERVICE, reply.status))?;
        self.installations.keep(new.clone(), platform.now());
        Ok(new.token)
    }

    /// The number of the App's installation through which it reaches a repository.
    /// <https://docs.github.com/rest/apps/apps#get-a-repository-installation-for-the-authenticated-app>
    async fn installation(&self, platform: &impl Platform, own: &Secret, repo: &Repo) -> Result<i64, Failure> {
        let request = self.request(Method::Get, &format!("/repos/{repo}/installation"), None, own);
        let reply = platform.send(request).await.map_err(|error| Failure::unanswered(SERVICE, error))?;
        if reply.status != 200 {
            return Err(refusal::of_installation(&reply, repo, platform.now()));
        }
        let body = Json::parse(&reply.body).unwrap_or(Json::Null);
        let root = body.root();
        let id = root.integer("id").ok().filter(|id| *id > 0);
        let id = id.ok_or_else(|| Failure::unintelligible(SERVICE, reply.status))?;
        match root.optional_text("suspended_at") {
            Ok(None) => Ok(id),
            Ok(Some(_)) | Err(_) => Err(refusal::installation_suspended(repo)),
        }
    }

    /// Drops an installation's token that GitHub takes no more, and says whether it was that: then nothing was done, and the same
    /// may be asked for once more with a new one.
    pub(super) fn drops(&self, token: &Secret, reply: &HttpResponse) -> bool {
        let is_spent = self.means() == Means::App && refusal::is_of_spent_token(reply);
        if is_spent {
            self.installations.forget(token);
        }
        is_spent
    }
}

/// So many of these repositories as a token is looked for through, none twice.
pub(super) fn places(repos: impl Iterator<Item = Repo>) -> Vec<Repo> {
    let mut places: Vec<Repo> = Vec::new();
    for repo in repos {
        if places.len() == PLACES {
            break;
        }
        if !places.contains(&repo) {
            places.push(repo);
        }
    }
    places
}

/// The repository that a path is about, if it is about one.
fn repo_of(path: &str) -> Option<Repo> {
    let rest = path.strip_prefix("/repos/")?;
    let mut segments = rest.split(['/', '?']);
    Repo::parse(&format!("{}/{}", segments.next()?, segments.next()?)).ok()
}

/// A part of a JSON Web Token.
fn part(content: &impl Serialize) -> String {
    // Plain structures always serialize.
    URL_SAFE_NO_PAD.encode(serde_json::to_vec(content).unwrap_or_default())
}

/// A token for a repository's owner. They come in any length; it has to stand in a header.
fn read_token(reply: &HttpResponse, repo: &Repo) -> Option<Installation> {
    let body = Json::parse(&reply.body).ok()?;
    let root = body.root();
    let token = root.text("token").ok().filter(|token| token.bytes().all(|byte| byte.is_ascii_graphic()))?;
    let expires_at = Timestamp::parse(root.text("expires_at").ok()?)?;
    Some(Installation { owner: owner(repo).to_owned(), token: Secret::new(token)?, expires_at })
}
