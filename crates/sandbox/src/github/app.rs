//! The seller's GitHub App: where it is installed, what it proves itself with, and the tokens of its installations.
//! See <https://docs.github.com/en/apps/creating-github-apps/authenticating-with-a-github-app> and
//! <https://docs.github.com/en/rest/apps/apps>.

use base64::Engine as _;
use base64::engine::general_purpose::{STANDARD, URL_SAFE_NO_PAD};
use ring::rsa::KeyPair;
use ring::signature::{RSA_PKCS1_2048_8192_SHA256, UnparsedPublicKey};
use serde_json::{Value, json};

use super::api::not_found;
use super::gate::message;
use super::{AccountKind, GitHub};
use crate::ids::{Counter, obfuscated};
use crate::incoming::Incoming;
use crate::options::Options;
use crate::reply::Reply;
use crate::sandbox::Sandbox;
use crate::time::{HOUR, MINUTE, SECOND, seconds};

/// An installation has the number of its account's behind this.
const FIRST_INSTALLATION: u64 = 60_000_000;

/// The longest that an App may say that its word is good for.
const LONGEST_WORD: i64 = 10 * MINUTE;

/// The App as GitHub knows it. It is installed on whatever there is, until a test says otherwise.
#[derive(Debug)]
pub(super) struct App {
    /// Accounts that have not installed it.
    absent: Vec<u64>,
    /// Accounts that have suspended it.
    suspended: Vec<u64>,
    /// Repositories that were not ticked when it was installed.
    unticked: Vec<u64>,
    /// Accounts that have not accepted that it may administer repositories.
    powerless: Vec<u64>,
    tokens: Vec<Token>,
    numbers: Counter,
}

#[derive(Debug)]
struct Token {
    text: String,
    /// Of the account whose installation it is.
    owner: u64,
    expires_at: i64,
    revoked: bool,
}

/// Who asks.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(super) enum Caller {
    /// Whoever has the seller's token.
    Person,
    /// The App in its own name.
    App,
    /// The App, where this account has installed it.
    Installation { owner: u64 },
}

impl App {
    pub(super) fn new(options: &Options) -> Self {
        Self {
            absent: Vec::new(),
            suspended: Vec::new(),
            unticked: Vec::new(),
            powerless: Vec::new(),
            tokens: Vec::new(),
            numbers: Counter::from(options.first_number),
        }
    }

    /// Who sends this, if it is the App in any way.
    pub(super) fn caller(&self, bearer: &str, options: &Options, now: i64) -> Result<Caller, Reply> {
        let bad = || message(401, "Bad credentials");
        if let Some(token) = self.tokens.iter().find(|token| token.text == bearer) {
            return match token {
                // A client knows when a token ends, and is not told when it is revoked.
                Token { revoked: true, .. } => Err(bad()),
                Token { expires_at, .. } if *expires_at <= now => {
                    Err(bad().unexpected("an installation's token that has ended"))
                }
                Token { owner, .. } if self.suspended.contains(owner) => {
                    Err(message(403, "This installation has been suspended"))
                }
                Token { owner, .. } => Ok(Caller::Installation { owner: *owner }),
            };
        }
        if bearer.split('.').count() != 3 {
            return Err(bad().unexpected("the bearer token"));
        }
        match check_word(bearer, options, now) {
            Ok(()) => Ok(Caller::App),
            Err((status, why)) => Err(message(status, why).unexpected(format!("the App's token: {why}"))),
        }
    }
}

impl GitHub {
    /// Whether the App reaches a repository.
    pub(super) fn app_reaches(&self, repo: usize, installed_by: u64) -> bool {
        let repo = &self.repos[repo];
        repo.owner == installed_by && !self.app.absent.contains(&repo.owner) && !self.app.unticked.contains(&repo.id)
    }

    /// Through which installation the App reaches a repository.
    pub(super) fn get_installation(&self, owner: &str, name: &str, options: &Options) -> Reply {
        let Some(repo) = self.repo(owner, name).filter(|&repo| self.app_reaches(repo, self.repos[repo].owner)) else {
            return not_found();
        };
        let owner = self.repos[repo].owner;
        let suspended = self.app.suspended.contains(&owner);
        let organization = self.account_by_id(owner).is_some_and(|account| account.kind == AccountKind::Organization);
        let administration = if self.app.powerless.contains(&owner) { "read" } else { "write" };
        let body = json!({
            "id": FIRST_INSTALLATION + owner,
            "account": { "id": owner, "login": self.login(owner) },
            "repository_selection": "selected",
            "app_id": 7,
            "client_id": options.github_app_id,
            "target_id": owner,
            "target_type": if organization { "Organization" } else { "User" },
            "permissions": { "administration": administration, "metadata": "read" },
            "events": [],
            "suspended_by": null,
            "suspended_at": suspended.then(|| seconds(0)),
        });
        Reply::json(200, &body)
    }

    /// Gives a token for an installation. It may be narrowed to some of the permissions.
    pub(super) fn create_token(&mut self, id: &str, request: &Incoming, now: i64) -> Reply {
        let owner = id.parse().ok().and_then(|id: u64| id.checked_sub(FIRST_INSTALLATION));
        let Some(owner) = owner.filter(|&id| self.account_by_id(id).is_some() && !self.app.absent.contains(&id)) else {
            return not_found();
        };
        if self.app.suspended.contains(&owner) {
            return message(403, "This installation has been suspended");
        }
        if request.content_type() != "application/json" {
            return message(415, "Unsupported Media Type").unexpected("the content type");
        }
        if serde_json::from_slice::<Value>(&request.body).ok()
            != Some(json!({ "permissions": { "administration": "write" } }))
        {
            return message(422, "Invalid request.").unexpected("a token that is not narrowed to Administration");
        }
        if self.app.powerless.contains(&owner) {
            return message(422, "The permissions requested are not granted to this installation.");
        }
        let number = self.app.numbers.next();
        // They are no longer of one length.
        let text = (0..=number % 8).map(|part| obfuscated("installation", number * 8 + part)).collect::<String>();
        let text = format!("ghs_{}", text.replace('=', ""));
        let expires_at = now + HOUR;
        self.app.tokens.push(Token { text: text.clone(), owner, expires_at, revoked: false });
        let body = json!({
            "token": text,
            // To the second, as all times are.
            "expires_at": seconds(expires_at),
            "permissions": { "administration": "write", "metadata": "read" },
            "repository_selection": "selected",
        });
        Reply::json(201, &body)
    }
}

/// Where the seller's App is installed. Names are found whatever their case; each verb panics if there is no such account or
/// repository.
impl Sandbox {
    /// Takes the App off whatever an account owns.
    pub fn uninstall_app(&self, owner: &str) {
        let github = &mut self.world().github;
        let owner = github.named_account(owner);
        github.app.absent.push(owner);
        github.app.tokens.iter_mut().filter(|token| token.owner == owner).for_each(|token| token.revoked = true);
    }

    /// Installs the App again, with all that it needs.
    pub fn install_app(&self, owner: &str) {
        let github = &mut self.world().github;
        let owner = github.named_account(owner);
        for list in [&mut github.app.absent, &mut github.app.suspended, &mut github.app.powerless] {
            list.retain(|account| *account != owner);
        }
    }

    /// Suspends the App's installation.
    pub fn suspend_app(&self, owner: &str) {
        let github = &mut self.world().github;
        let owner = github.named_account(owner);
        github.app.suspended.push(owner);
    }

    /// Has an account not accept that the App may administer its repositories.
    pub fn deny_app(&self, owner: &str) {
        let github = &mut self.world().github;
        let owner = github.named_account(owner);
        github.app.powerless.push(owner);
    }

    /// Leaves a repository out of those that the App reaches.
    pub fn untick_for_app(&self, repo: &str) {
        let github = &mut self.world().github;
        let id = github.repos[github.named_repo(repo)].id;
        github.app.unticked.push(id);
    }

    /// Takes it in again.
    pub fn tick_for_app(&self, repo: &str) {
        let github = &mut self.world().github;
        let id = github.repos[github.named_repo(repo)].id;
        github.app.unticked.retain(|unticked| *unticked != id);
    }

    /// Revokes every token of the App's installations before its time.
    pub fn revoke_app_tokens(&self) {
        self.world().github.app.tokens.iter_mut().for_each(|token| token.revoked = true);
    }

    /// Every token that the App's installations got so far.
    pub fn app_tokens(&self) -> Vec<String> {
        self.world().github.app.tokens.iter().map(|token| token.text.clone()).collect()
    }
}

/// Checks the JSON Web Token that an App sends in its own name.
fn check_word(token: &str, options: &Options, now: i64) -> Result<(), (u16, &'static str)> {
    let undecodable = (401, "A JSON web token could not be decoded");
    let (signed, signature) = token.rsplit_once('.').ok_or(undecodable)?;
    let (header, claims) = signed.split_once('.').ok_or(undecodable)?;
    let read = |part: &str| {
        let bytes = URL_SAFE_NO_PAD.decode(part).ok()?;
        serde_json::from_slice::<Value>(&bytes).ok()
    };
    let (header, claims) = (read(header).ok_or(undecodable)?, read(claims).ok_or(undecodable)?);
    let signature = URL_SAFE_NO_PAD.decode(signature).map_err(|_| undecodable)?;
    if header != json!({ "alg": "RS256", "typ": "JWT" }) {
        return Err(undecodable);
    }
    if claims["iss"] != options.github_app_id.as_str() {
        return Err((404, "Integration not found"));
    }
    let key = public_key(&options.github_app_private_key).ok_or(undecodable)?;
    let key = UnparsedPublicKey::new(&RSA_PKCS1_2048_8192_SHA256, key);
    key.verify(signed.as_bytes(), &signature).map_err(|_| undecodable)?;
    let (Some(issued), Some(expires)) = (claims["iat"].as_i64(), claims["exp"].as_i64()) else {
        return Err(undecodable);
    };
    let now = now / SECOND;
    if issued > now {
        return Err((
            401,
            "'Issued at' claim ('iat') must be an Integer representing the time that the assertion was issued",
        ));
    }
    if expires <= now {
        return Err((
            401,
            "'Expiration time' claim ('exp') must be a numeric value representing the future time at which the assertion expires",
        ));
    }
    if expires - now > LONGEST_WORD / SECOND {
        return Err((401, "'Expiration time' claim ('exp') is too far in the future"));
    }
    Ok(())
}

/// The public half of a key in PEM, in either form. It is looked for each time: few sandboxes are ever asked by an App.
fn public_key(pem: &str) -> Option<Vec<u8>> {
    let pem = pem.replace("\\n", "\n");
    let body: String = pem.lines().skip_while(|line| !line.starts_with("-----BEGIN")).skip(1).collect();
    let body: String = body.split('-').next().unwrap_or_default().split_whitespace().collect();
    let der = STANDARD.decode(body).ok()?;
    let key = KeyPair::from_der(&der).or_else(|_| KeyPair::from_pkcs8(&der)).ok()?;
    Some(key.public().as_ref().to_vec())
}

#[cfg(test)]
mod tests;
