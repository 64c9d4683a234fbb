//! Every variable and secret, read once, all problems reported together.
//!
//! What is missing or wrong closes only what depends on it: each capability below is there or it is not, and the rest
//! of the code asks for nothing else. Where the values come from is in `entry`.

use std::fmt;
use std::net::IpAddr;

use crate::adapters::standard_webhooks::Key as StandardKey;
use crate::adapters::storefronts::Storefronts;
use crate::model::{EmailAddress, GithubAppId, PrivateKey, Secret, TestLicenses};
use crate::platform::BINDING;

/// The whole configuration of a deployment.
#[derive(Debug, Clone)]
pub struct Config {
    pub github: Github,
    pub storefronts: Storefronts,
    pub mail: Mail,
    pub portal: Portal,
    pub pages: Pages,
    /// Whether licenses of test purchases open repositories.
    pub test_licenses: TestLicenses,
    /// Where alerts go. Without it none is owed.
    pub operator_email: Option<EmailAddress>,
    /// After how many days raw payloads are erased.
    pub payload_retention_days: u32,
    /// What Cloudflare lets one invocation do.
    pub workers_plan: WorkersPlan,
    /// Bearer token of `/admin/*`; without it, there is no such path.
    pub admin_token: Option<Secret>,
    /// Cloudflare Access in front of the console.
    pub access: Option<Access>,
    /// What is missing or wrong, in the order of the README's table.
    pub problems: Vec<Problem>,
}

/// Access to GitHub.
#[derive(Debug, Clone)]
pub struct Github {
    pub credentials: Result<Credentials, NoCredentials>,
    /// Secrets of its hooks that are accepted, the current one first. Empty: there is no such path.
    pub webhook_secrets: Vec<Secret>,
    pub api_url: String,
    /// Where people see what the API serves; no slash at its end.
    pub web_url: String,
    /// The app with which buyers prove their account.
    pub oauth: Option<OauthApp>,
}

/// An OAuth app, or a GitHub App, with which buyers sign in.
#[derive(Debug, Clone)]
pub struct OauthApp {
    pub client_id: String,
    pub client_secret: Secret,
    /// Where GitHub sends them back to.
    pub callback_url: String,
}

impl OauthApp {
    /// GitHub Apps know no scopes. Their client ids are known by how they begin: `Iv1.` and `Iv23`, where OAuth apps have `Ov23` or
    /// twenty hexadecimal digits. <https://docs.github.com/apps/oauth-apps/building-oauth-apps/differences-between-github-apps-and-oauth-apps>
    pub fn is_github_app(&self) -> bool {
        self.client_id.starts_with("Iv")
    }
}

/// Cloudflare Access, whose word on who somebody is counts at the console.
#[derive(Debug, Clone)]
pub struct Access {
    /// Whose tokens count: the team's own address, without a slash at its end.
    pub issuer: String,
    /// The tag of the application that is in front of the console.
    pub audience: String,
    /// Where the team's keys are asked for.
    pub api_url: String,
}

/// With what GitHub is asked: the one or the other.
#[derive(Debug, Clone)]
pub enum Credentials {
    /// A person's token, for whatever repositories it was made for.
    Token(Secret),
    App(GithubApp),
}

/// A GitHub App, which reaches the repositories on which it is installed.
#[derive(Debug, Clone)]
pub struct GithubApp {
    pub id: GithubAppId,
    pub key: PrivateKey,
}

/// Why there are no credentials for GitHub, by the first setting that is to be seen to.
#[derive(Debug, Clone, Copy, PartialEq, Eq, thiserror::Error)]
pub enum NoCredentials {
    #[error("{0} is not set")]
    Missing(&'static str),
    #[error("{0} cannot be used as it is set")]
    Unusable(&'static str),
}

/// How mails leave, and who tells what became of them.
#[derive(Debug, Clone)]
pub struct Mail {
    pub provider: MailProvider,
    /// Who the mails are from.
    pub from: Option<Sender>,
    /// What Postmark's webhooks bring, the current one first. Empty: there is no such path.
    pub postmark_webhook_secrets: Vec<Secret>,
    /// What Resend's webhooks are signed with. Empty: there is no such path.
    pub resend_webhook_keys: Vec<StandardKey>,
}

/// The one mail provider.
#[derive(Debug, Clone)]
pub enum MailProvider {
    /// There is none: mails are logged instead of sent.
    None,
    Postmark(Account),
    Resend(Account),
    Smtp2go(Account),
    /// The deployment's own binding.
    Binding,
    /// Which of several is meant, nobody can tell: mails wait. It says what mends that.
    Several(String),
}

/// An account at a service.
#[derive(Debug, Clone)]
pub struct Account {
    pub key: Secret,
    pub api_url: String,
}

/// The seller's page on which buyers activate.
#[derive(Debug, Clone)]
pub struct Portal {
    /// Linked from the mail.
    pub url: Option<String>,
    /// Origins whose pages may call `/api/*`.
    pub origins: Vec<String>,
}

/// What people see of the Worker itself: its pages.
#[derive(Debug, Clone)]
pub struct Pages {
    /// The Worker's own address, without a slash at its end: for links in mails, and for GitHub's way back.
    pub public_url: Option<String>,
    /// From which the keys are derived that sign sessions: a secret that is there for something else. Without any, there are no
    /// sessions.
    pub signing: Option<Secret>,
    /// Whether buyers may move a license to another account of theirs.
    pub moves: Moves,
    /// Where buyers get help.
    pub support_url: Option<String>,
    pub brand: Brand,
}

/// How the seller's pages look.
#[derive(Debug, Clone)]
pub struct Brand {
    pub name: Option<String>,
    pub accent: Option<Accent>,
    /// An address that starts with `https://`, and its origin.
    pub logo_url: Option<(String, String)>,
    pub foot: Foot,
}

/// A color: red, green and blue.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub struct Accent(pub [u8; 3]);

/// Whether buyers may move a license to another GitHub account, without the operator.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Moves {
    Allowed,
    ByOperatorOnly,
}

/// Whether a line in the foot of the pages says what made them.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Foot {
    NamesLatchkey,
    Nothing,
}

/// The plan that the Worker runs under: it bounds what one tick does.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum WorkersPlan {
    Free,
    Paid,
}

/// A mail's sender: `hello@example.com` or `Acme <hello@example.com>`.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Sender {
    text: String,
    /// Empty: none.
    name: String,
    address: EmailAddress,
}

/// One thing that is missing or wrong. It names the setting, never its value.
#[derive(Debug, Clone, PartialEq, Eq, thiserror::Error)]
pub enum Problem {
    #[error("{name} is not set: {closes}")]
    Missing { name: &'static str, closes: &'static str },
    #[error("{name} {why}")]
    Invalid { name: &'static str, why: &'static str },
    #[error("{}", of_several(.names))]
    Several { names: Vec<&'static str> },
    #[error("{name} has a value of the sandbox's, which counts only where every …_API_URL is on this machine")]
    Sandbox { name: &'static str },
}

/// What is said where several mail providers are configured.
fn of_several(names: &[&str]) -> String {
    let names = names.join(" and ");
    format!("{names} are set, and only one mail provider can be: delete the others, since no mail is sent before")
}

/// What the secrets begin with that only the sandbox knows. They are public, so they open nothing elsewhere.
const SANDBOX: &str = "sandbox-";

impl Config {
    /// Reads every setting through `look_up`, which gives a variable's or secret's text by its name. Surrounding space
    /// is ignored, and an empty value is an absent one.
    pub fn read(look_up: impl Fn(&str) -> Option<String>) -> Self {
        let mut reader = Reader::with(&look_up, Sandbox::Accepted);
        let config = Self::read_with(&mut reader);
        // Only now all addresses are known, on which it depends whether the sandbox's secrets count.
        if reader.knows_sandbox_secret && reader.leaves_this_machine {
            return Self::read_with(&mut Reader::with(&look_up, Sandbox::Refused));
        }
        config
    }

    /// Where buyers go with their key: the seller's own page, or else ours.
    pub fn buyers_page(&self) -> Option<String> {
        let ours = || self.pages.public_url.as_ref().map(|url| format!("{url}/"));
        self.portal.url.clone().or_else(ours)
    }

    /// From which the links of mails to all licenses of an address are derived; `None` where there are none: the pages have no address
    /// to which one could lead, or nothing to derive it from. The address that a request names is no such one: whoever asks chooses it.
    pub fn recovery_secret(&self) -> Option<&Secret> {
        self.pages.public_url.as_ref().and(self.pages.signing.as_ref())
    }

    fn read_with(reader: &mut Reader<'_>) -> Self {
        let credentials = reader.github_credentials();
        let webhook_secrets =
            reader.optional_webhook_secrets("GITHUB_WEBHOOK_SECRET", "GITHUB_WEBHOOK_SECRET_PREVIOUS");
        let api_url = reader.url("GITHUB_API_URL", "https://api.github.com");
        let web_url = reader.github_web_url(&api_url);
        let oauth = reader.oauth_app();
        let github = Github { credentials, webhook_secrets, api_url, web_url, oauth };
        let storefronts = Storefronts::read(reader);
        let mail = Mail {
            provider: reader.mail_provider(),
            from: reader.sender(),
            postmark_webhook_secrets: reader
                .optional_webhook_secrets("POSTMARK_WEBHOOK_SECRET", "POSTMARK_WEBHOOK_SECRET_PREVIOUS"),
            resend_webhook_keys: reader.standard_keys("RESEND_WEBHOOK_SECRET", "RESEND_WEBHOOK_SECRET_PREVIOUS"),
        };
        let portal = reader.portal();
        let pages = reader.pages();
        let test_licenses = match reader.flag("ALLOW_TEST_LICENSES") {
            true => TestLicenses::OpenRepositories,
            false => TestLicenses::OpenNothing,
        };
        let operator_email = reader.operator_email();
        let payload_retention_days = reader.retention_days();
        let workers_plan = reader.workers_plan();
        let admin_token = reader.secret("ADMIN_TOKEN");
        let access = reader.access();
        Self {
            github,
            storefronts,
            mail,
            portal,
            pages,
            test_licenses,
            operator_email,
            payload_retention_days,
            workers_plan,
            admin_token,
            access,
            problems: std::mem::take(&mut reader.problems),
        }
    }
}

impl Accent {
    /// Reads a color as style sheets write it, with six digits.
    pub fn parse(text: &str) -> Option<Self> {
        let digits = text.strip_prefix('#').filter(|digits| digits.len() == 6 && digits.is_ascii())?;
        let channel = |at: usize| u8::from_str_radix(digits.get(at..at + 2)?, 16).ok();
        let sound = digits.bytes().all(|byte| byte.is_ascii_hexdigit());
        sound.then_some(()).and_then(|()| Some(Self([channel(0)?, channel(2)?, channel(4)?])))
    }
}

impl Sender {
    /// Reads a sender.
    pub fn parse(text: &str) -> Option<Self> {
        let text = text.trim();
        let (name, address) = match text.split_once('<') {
            Some((name, rest)) => {
                let plain =
                    !name.contains(|character: char| character.is_control() || "\"<>,;:@\\".contains(character));
                (name.trim(), rest.strip_suffix('>').filter(|_| plain)?)
            }
            None => ("", text),
        };
        // An address may be read with space around it, which may be a line break; in a header none may stand there.
        let parsed = EmailAddress::parse(address).ok().filter(|parsed| parsed.as_str() == address)?;
        Some(Self { text: text.to_owned(), name: name.to_owned(), address: parsed })
    }

    /// As it is written.
    pub fn as_str(&self) -> &str {
        &self.text
    }

    /// Empty: none.
    pub fn name(&self) -> &str {
        &self.name
    }

    pub const fn address(&self) -> &EmailAddress {
        &self.address
    }
}

/// Whether the sandbox's secrets count.
#[derive(Clone, Copy, PartialEq, Eq)]
enum Sandbox {
    Accepted,
    Refused,
}

/// Reads settings, and collects what is missing or wrong. Each part of the Worker reads its own.
pub struct Reader<'a> {
    look_up: &'a dyn Fn(&str) -> Option<String>,
    problems: Vec<Problem>,
    sandbox: Sandbox,
    /// A secret of the sandbox's was read.
    knows_sandbox_secret: bool,
    /// An address was read that is not on this machine.
    leaves_this_machine: bool,
}

impl<'a> Reader<'a> {
    /// Reads through `look_up`, which gives a variable's or secret's text by its name.
    #[cfg(test)]
    pub(crate) fn new(look_up: &'a dyn Fn(&str) -> Option<String>) -> Self {
        Self::with(look_up, Sandbox::Accepted)
    }

    fn with(look_up: &'a dyn Fn(&str) -> Option<String>, sandbox: Sandbox) -> Self {
        Self { look_up, problems: Vec::new(), sandbox, knows_sandbox_secret: false, leaves_this_machine: false }
    }

    /// What was missing or wrong so far.
    #[cfg(test)]
    pub(crate) fn problems(&self) -> &[Problem] {
        &self.problems
    }

    /// The setting's text without the space around it; an empty one is an absent one.
    pub(crate) fn text(&self, name: &str) -> Option<String> {
        let text = (self.look_up)(name)?;
        let text = text.trim();
        (!text.is_empty()).then(|| text.to_owned())
    }

    pub(crate) fn missing<T>(&mut self, name: &'static str, closes: &'static str) -> Option<T> {
        self.problems.push(Problem::Missing { name, closes });
        None
    }

    pub(crate) fn invalid<T>(&mut self, name: &'static str, why: &'static str) -> Option<T> {
        self.problems.push(Problem::Invalid { name, why });
        None
    }

    pub(crate) fn secret(&mut self, name: &'static str) -> Option<Secret> {
        let text = self.text(name)?;
        if text.starts_with(SANDBOX) {
            self.knows_sandbox_secret = true;
            if self.sandbox == Sandbox::Refused {
                self.problems.push(Problem::Sandbox { name });
                return None;
            }
        }
        Secret::new(text)
    }

    pub(crate) fn required_secret(&mut self, name: &'static str, closes: &'static str) -> Option<Secret> {
        match self.text(name) {
            Some(_) => self.secret(name),
            None => self.missing(name, closes),
        }
    }

    pub(crate) fn webhook_secrets(
        &mut self,
        current: &'static str,
        previous: &'static str,
        closes: &'static str,
    ) -> Vec<Secret> {
        match self.text(current) {
            Some(_) => self.optional_webhook_secrets(current, previous),
            None => self.missing(current, closes).into_iter().collect(),
        }
    }

    /// The same of a webhook that nothing is missing without.
    pub(crate) fn optional_webhook_secrets(&mut self, current: &'static str, previous: &'static str) -> Vec<Secret> {
        let Some(secret) = self.secret(current) else { return Vec::new() };
        [Some(secret), self.secret(previous)].into_iter().flatten().collect()
    }

    /// Cloudflare Access, where both settings are there.
    fn access(&mut self) -> Option<Access> {
        const TEAM: &str = "ACCESS_TEAM";
        const AUDIENCE: &str = "ACCESS_AUD";
        const CLOSES: &str = "nobody is let into the console by Cloudflare Access";
        let (team, audience) = (self.text(TEAM), self.text(AUDIENCE));
        if team.is_none() && audience.is_none() {
            return None;
        }
        let is_name = |team: &String| team.bytes().all(|byte| byte.is_ascii_alphanumeric() || byte == b'-');
        let team = match team {
            Some(team) if is_name(&team) => Some(team),
            Some(_) => self.invalid(TEAM, "must be the team's name: what stands before .cloudflareaccess.com"),
            None => self.missing(TEAM, CLOSES),
        };
        let audience = match audience {
            Some(tag) if tag.bytes().all(|byte| byte.is_ascii_alphanumeric()) => Some(tag),
            Some(_) => self.invalid(AUDIENCE, "must be the application's audience tag"),
            None => self.missing(AUDIENCE, CLOSES),
        };
        let (team, audience) = (team?, audience?);
        let issuer = format!("https://{}.cloudflareaccess.com", team.to_ascii_lowercase());
        let api_url = self.url("ACCESS_API_URL", &issuer);
        Some(Access { issuer, audience, api_url })
    }

    /// One way of access to GitHub. Of two the App is taken, which is what a seller adds who has a token: without an end, and
    /// for all that is needed. Half an App does not take the token away.
    fn github_credentials(&mut self) -> Result<Credentials, NoCredentials> {
        const TOKEN: &str = "GITHUB_TOKEN";
        const ID: &str = "GITHUB_APP_ID";
        const KEY: &str = "GITHUB_APP_PRIVATE_KEY";
        const CLOSES: &str = "nobody can be invited";
        const HALF: &str = "the GitHub App is not used";
        let has = |name| self.text(name).is_some();
        let (has_token, has_id, has_key) = (has(TOKEN), has(ID), has(KEY));
        if !has_id && !has_key {
            let missing = if has_token { NoCredentials::Unusable(TOKEN) } else { NoCredentials::Missing(TOKEN) };
            return self.required_secret(TOKEN, CLOSES).map(Credentials::Token).ok_or(missing);
        }
        let closes = if has_token { HALF } else { CLOSES };
        let app = match (has_id, has_key) {
            (true, true) => {
                // Both, so that both are told of.
                let (id, key) = (self.github_app_id(ID), self.private_key(KEY));
                match (id, key) {
                    (Some(id), Some(key)) => Ok(GithubApp { id, key }),
                    (None, _) => Err(NoCredentials::Unusable(ID)),
                    (Some(_), None) => Err(NoCredentials::Unusable(KEY)),
                }
            }
            (has_id, _) => {
                let name = if has_id { KEY } else { ID };
                self.missing::<()>(name, closes);
                Err(NoCredentials::Missing(name))
            }
        };
        match (app, self.secret(TOKEN)) {
            (Ok(app), None) => Ok(Credentials::App(app)),
            (Ok(app), Some(_)) => {
                self.invalid::<()>(TOKEN, "is not used beside GITHUB_APP_ID and GITHUB_APP_PRIVATE_KEY: delete it");
                Ok(Credentials::App(app))
            }
            (Err(_), Some(token)) => Ok(Credentials::Token(token)),
            (Err(why), None) => Err(why),
        }
    }

    fn github_app_id(&mut self, name: &'static str) -> Option<GithubAppId> {
        let parsed = self.text(name).as_deref().and_then(GithubAppId::parse);
        parsed.or_else(|| self.invalid(name, "must be the App's client id, or the number of the App"))
    }

    fn private_key(&mut self, name: &'static str) -> Option<PrivateKey> {
        let secret = self.secret(name)?;
        match PrivateKey::from_pem(secret.expose()) {
            Ok(key) => Some(key),
            Err(error) => self.invalid(name, error.as_str()),
        }
    }

    /// The keys of a webhook of the Standard Webhooks kind that nothing is missing without.
    fn standard_keys(&mut self, current: &'static str, previous: &'static str) -> Vec<StandardKey> {
        let names = if self.text(current).is_some() { vec![current, previous] } else { Vec::new() };
        let mut keys = Vec::new();
        for name in names {
            let Some(secret) = self.secret(name) else { continue };
            let key = StandardKey::of(&secret);
            keys.extend(key.or_else(|| self.invalid(name, "must be a signing secret: whsec_ and base64 behind it")));
        }
        keys
    }

    /// The provider that is configured. Of two neither is taken: the seller would not know which of them a mail left by.
    fn mail_provider(&mut self) -> MailProvider {
        const POSTMARK: &str = "POSTMARK_TOKEN";
        const RESEND: &str = "RESEND_API_KEY";
        const SMTP2GO: &str = "SMTP2GO_API_KEY";
        const EMAIL: &str = "EMAIL";
        let is_bound = match self.text(EMAIL).as_deref() {
            None => false,
            Some(BINDING) => true,
            Some(_) => self.invalid(EMAIL, "must be a binding of [[send_email]], and no variable").unwrap_or(false),
        };
        let mut names = [POSTMARK, RESEND, SMTP2GO].to_vec();
        names.retain(|name| self.text(name).is_some());
        names.extend(is_bound.then_some(EMAIL));
        match names.as_slice() {
            // By the name of the one that most have; docs/deploy.md tells of the others.
            [] => self.missing(POSTMARK, "mails are logged instead of sent").unwrap_or(MailProvider::None),
            [POSTMARK] => self
                .account(POSTMARK, "POSTMARK_API_URL", "https://api.postmarkapp.com")
                .map_or(MailProvider::None, MailProvider::Postmark),
            [RESEND] => self
                .account(RESEND, "RESEND_API_URL", "https://api.resend.com")
                .map_or(MailProvider::None, MailProvider::Resend),
            [SMTP2GO] => self
                .account(SMTP2GO, "SMTP2GO_API_URL", "https://api.smtp2go.com")
                .map_or(MailProvider::None, MailProvider::Smtp2go),
            [EMAIL] => MailProvider::Binding,
            _ => {
                let problem = Problem::Several { names };
                let why = problem.to_string();
                self.problems.push(problem);
                MailProvider::Several(why)
            }
        }
    }

    fn account(&mut self, key: &'static str, api_url: &'static str, public: &str) -> Option<Account> {
        let api_url = self.url(api_url, public);
        Some(Account { key: self.secret(key)?, api_url })
    }

    fn sender(&mut self) -> Option<Sender> {
        const NAME: &str = "EMAIL_FROM";
        let Some(text) = self.text(NAME) else { return self.missing(NAME, "no mail can be sent") };
        Sender::parse(&text).or_else(|| self.invalid(NAME, "must be an address, or a name with an <address>"))
    }

    pub(crate) fn url(&mut self, name: &'static str, default: &str) -> String {
        let given = self.text(name).and_then(|text| match origin(&text) {
            Some(_) => Some(text.trim_end_matches('/').to_owned()),
            None => self.invalid(name, "must be a URL that starts with https:// or http://"),
        });
        let url = given.unwrap_or_else(|| default.to_owned());
        self.leaves_this_machine |= !is_loopback(&url);
        url
    }

    fn portal(&mut self) -> Portal {
        let url = self.text("PORTAL_URL").and_then(|text| match origin(&text) {
            Some(_) => Some(text),
            None => self.invalid("PORTAL_URL", "must be a URL that starts with https:// or http://"),
        });
        let mut origins: Vec<String> = url.as_deref().and_then(origin).into_iter().collect();
        let more = self.text("PORTAL_ORIGINS").unwrap_or_default();
        for part in more.split([',', ' ']).filter(|part| !part.is_empty()) {
            match origin(part) {
                Some(origin) => origins.push(origin),
                None => {
                    self.invalid::<()>("PORTAL_ORIGINS", "must be origins like https://example.com, between commas");
                }
            }
        }
        Portal { url, origins }
    }

    /// Where people see what GitHub's API serves. Without a word on it, it follows from the API's address.
    fn github_web_url(&mut self, api_url: &str) -> String {
        const NAME: &str = "GITHUB_WEB_URL";
        let follows = crate::adapters::github::web_origin(api_url);
        if self.text(NAME).is_some() { self.url(NAME, &follows) } else { follows }
    }

    fn oauth_app(&mut self) -> Option<OauthApp> {
        const ID: &str = "GITHUB_OAUTH_CLIENT_ID";
        const SECRET: &str = "GITHUB_OAUTH_CLIENT_SECRET";
        const CLOSES: &str = "nobody can sign in with GitHub";
        let (client_id, secret_is_set) = (self.text(ID), self.text(SECRET).is_some());
        if client_id.is_none() && !secret_is_set {
            return None;
        }
        let client_id = match client_id {
            Some(id) if id.bytes().all(|byte| byte.is_ascii_alphanumeric() || byte == b'.') && id.len() <= 64 => {
                Some(id)
            }
            Some(_) => self.invalid(ID, "must be the client id of an OAuth app or a GitHub App"),
            None => self.missing(ID, CLOSES),
        };
        let client_secret = self.required_secret(SECRET, CLOSES);
        // What is wrong with it is told where it is read for the pages.
        let public_url = match self.text("PUBLIC_URL") {
            Some(url) => origin(&url).map(|_| url),
            None => self.missing("PUBLIC_URL", CLOSES),
        };
        let callback_url = format!("{}/auth/github/callback", public_url?.trim_end_matches('/'));
        Some(OauthApp { client_id: client_id?, client_secret: client_secret?, callback_url })
    }

    fn pages(&mut self) -> Pages {
        let public_url = self.address("PUBLIC_URL").map(|url| url.trim_end_matches('/').to_owned());
        let support_url = self.text("SUPPORT_URL").and_then(|url| match origin(&url) {
            Some(_) => Some(url),
            None if url.starts_with("mailto:") => Some(url),
            None => self.invalid("SUPPORT_URL", "must be a URL that starts with https://, http:// or mailto:"),
        });
        let brand = self.brand();
        let moves = match self.text("ALLOW_ACCOUNT_CHANGE").as_deref() {
            None | Some("true") => Moves::Allowed,
            Some("false") => Moves::ByOperatorOnly,
            // Whoever has set it wants it to be something else than it is.
            Some(_) => self.invalid("ALLOW_ACCOUNT_CHANGE", "must be true or false").unwrap_or(Moves::ByOperatorOnly),
        };
        Pages { public_url, signing: self.signing_secret(), moves, support_url, brand }
    }

    fn brand(&mut self) -> Brand {
        const ACCENT: &str = "BRAND_ACCENT";
        const LOGO: &str = "BRAND_LOGO_URL";
        let accent = self
            .text(ACCENT)
            .and_then(|text| Accent::parse(&text).or_else(|| self.invalid(ACCENT, "must be a color like #1f6f43")));
        let logo_url = self.text(LOGO).and_then(|url| match origin(&url) {
            Some(origin) if origin.starts_with("https://") && !url.contains([';', ',', ' ']) => Some((url, origin)),
            _ => self.invalid(LOGO, "must be a URL that starts with https://"),
        });
        let foot = match self.text("BRAND_FOOT").as_deref() {
            None | Some("true") => Foot::NamesLatchkey,
            Some("false") => Foot::Nothing,
            Some(_) => self.invalid("BRAND_FOOT", "must be true or false").unwrap_or(Foot::NamesLatchkey),
        };
        Brand { name: self.text("BRAND_NAME"), accent, logo_url, foot }
    }

    /// An address that is not called from here.
    fn address(&mut self, name: &'static str) -> Option<String> {
        let text = self.text(name)?;
        match origin(&text) {
            Some(_) => Some(text),
            None => self.invalid(name, "must be a URL that starts with https:// or http://"),
        }
    }

    /// The first secret that is there of those that nothing of the pages works without, and then of any.
    fn signing_secret(&self) -> Option<Secret> {
        const SECRETS: [&str; 4] = ["GITHUB_TOKEN", "GITHUB_APP_PRIVATE_KEY", "ADMIN_TOKEN", "POSTMARK_TOKEN"];
        let counts = |text: &String| self.sandbox == Sandbox::Accepted || !text.starts_with(SANDBOX);
        SECRETS.into_iter().find_map(|name| self.text(name).filter(counts)).and_then(Secret::new)
    }

    fn flag(&mut self, name: &'static str) -> bool {
        match self.text(name).as_deref() {
            Some("true") => true,
            None | Some("false") => false,
            Some(_) => self.invalid(name, "must be true or false").unwrap_or(false),
        }
    }

    fn operator_email(&mut self) -> Option<EmailAddress> {
        let text = self.text("OPERATOR_EMAIL")?;
        EmailAddress::parse(&text).ok().or_else(|| self.invalid("OPERATOR_EMAIL", "is not a mail address"))
    }

    fn retention_days(&mut self) -> u32 {
        const NAME: &str = "PAYLOAD_RETENTION_DAYS";
        const DEFAULT: u32 = 30;
        let Some(text) = self.text(NAME) else { return DEFAULT };
        let days = text.parse().ok().filter(|days| (1..=3650).contains(days));
        days.or_else(|| self.invalid(NAME, "must be a number of days from 1 to 3650")).unwrap_or(DEFAULT)
    }

    fn workers_plan(&mut self) -> WorkersPlan {
        const NAME: &str = "WORKERS_PLAN";
        match self.text(NAME).as_deref() {
            Some("paid") => WorkersPlan::Paid,
            None | Some("free") => WorkersPlan::Free,
            Some(_) => self.invalid(NAME, "must be free or paid").unwrap_or(WorkersPlan::Free),
        }
    }
}

impl fmt::Debug for Reader<'_> {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.debug_struct("Reader").field("problems", &self.problems).finish_non_exhaustive()
    }
}

/// The origin of a URL, as a browser's `Origin` header spells it; `None` for what is no web address.
pub(crate) fn origin(url: &str) -> Option<String> {
    let (scheme, rest) = url.split_once("://")?;
    let host = rest.split(['/', '?', '#']).next().unwrap_or_default();
    let sound = matches!(scheme, "http" | "https")
        && !host.is_empty()
        && host.bytes().all(|byte| byte.is_ascii_alphanumeric() || b"-._:[]".contains(&byte));
    sound.then(|| format!("{scheme}://{}", host.to_ascii_lowercase()))
}

/// Whether a web address is this machine's. Names under `localhost` are, by RFC 6761.
fn is_loopback(url: &str) -> bool {
    let Some(origin) = origin(url) else { return false };
    let host = origin.split_once("://").map_or("", |(_, host)| host);
    let host = match host.strip_prefix('[') {
        Some(rest) => rest.split(']').next().unwrap_or_default(),
        None => host.split(':').next().unwrap_or_default(),
    };
    host == "localhost"
        || host.ends_with(".localhost")
        || host.parse().is_ok_and(|address: IpAddr| address.is_loopback())
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::model::Source;

    fn read(settings: &[(&str, &str)]) -> Config {
        let find = |name: &str| settings.iter().find(|(known, _)| *known == name).map(|(_, value)| (*value).to_owned());
        Config::read(find)
    }

    fn complaints(config: &Config) -> Vec<String> {
        config.problems.iter().map(ToString::to_string).collect()
    }

    #[test]
    fn all_that_is_missing_is_reported_together_by_name() {
        assert_eq!(
            complaints(&read(&[])),
            [
                "GITHUB_TOKEN is not set: nobody can be invited",
                "GUMROAD_WEBHOOK_SECRET is not set: the Gumroad webhook is closed",
                "LEMON_SQUEEZY_WEBHOOK_SECRET is not set: the Lemon Squeezy webhook is closed",
                "LEMON_SQUEEZY_STORE_ID is not set: no Lemon Squeezy order or license is believed",
                "POSTMARK_TOKEN is not set: mails are logged instead of sent",
                "EMAIL_FROM is not set: no mail can be sent",
            ]
        );
    }

    #[test]
    fn all_that_is_wrong_is_reported_by_name_and_never_by_value() {
        let config = read(&[
            ("GITHUB_TOKEN", "t"),
            ("GITHUB_API_URL", "canary"),
            ("LEMON_SQUEEZY_WEBHOOK_SECRET", "s"),
            ("LEMON_SQUEEZY_STORE_ID", "canary"),
            ("GUMROAD_WEBHOOK_SECRET", "s"),
            ("POSTMARK_TOKEN", "t"),
            ("EMAIL_FROM", "canary"),
            ("PORTAL_URL", "canary"),
            ("PORTAL_ORIGINS", "canary"),
            ("GITHUB_WEB_URL", "canary"),
            ("PUBLIC_URL", "canary"),
            ("SUPPORT_URL", "canary"),
            ("BRAND_ACCENT", "canary"),
            ("BRAND_LOGO_URL", "canary"),
            ("BRAND_FOOT", "canary"),
            ("ALLOW_ACCOUNT_CHANGE", "canary"),
            ("ALLOW_TEST_LICENSES", "canary"),
            ("OPERATOR_EMAIL", "canary"),
            ("PAYLOAD_RETENTION_DAYS", "canary"),
            ("WORKERS_PLAN", "canary"),
        ]);
        let complaints = complaints(&config);
        assert_eq!(complaints.len(), 16, "{complaints:?}");
        assert!(!complaints.concat().contains("canary"));
        assert_eq!(config.github.api_url, "https://api.github.com");
        assert_eq!(config.payload_retention_days, 30);
        assert_eq!(config.workers_plan, WorkersPlan::Free);
    }

    #[test]
    fn access_counts_with_its_team_and_its_audience_and_half_of_it_is_reported() {
        let access = |settings: &[(&str, &str)]| {
            let config = read(settings);
            let told: Vec<_> = complaints(&config).into_iter().filter(|text| text.starts_with("ACCESS_")).collect();
            (config.access.map(|access| (access.issuer, access.audience, access.api_url)), told)
        };
        let url = "https://acme.cloudflareaccess.com".to_owned();
        let whole = access(&[("ACCESS_TEAM", "Acme"), ("ACCESS_AUD", "32eafc76")]);
        assert_eq!(whole, (Some((url.clone(), "32eafc76".to_owned(), url)), Vec::new()));
        assert_eq!(access(&[]), (None, Vec::new()));
        for (name, value, told) in [
            ("ACCESS_TEAM", "acme", "ACCESS_AUD is not set"),
            ("ACCESS_AUD", "32eafc76", "ACCESS_TEAM is not set"),
            ("ACCESS_AUD", "not a tag", "ACCESS_AUD must be the application's audience tag"),
            ("ACCESS_TEAM", "https://acme.cloudflareaccess.com", "ACCESS_TEAM must be the team's name"),
        ] {
            let (access, complaints) = access(&[(name, value)]);
            assert!(access.is_none() && complaints.iter().any(|one| one.starts_with(told)), "{complaints:?}");
        }
    }

    fn provider(settings: &[(&str, &str)]) -> (MailProvider, Vec<String>) {
        let config = read(&[&[("EMAIL_FROM", "hello@example.com")], settings].concat());
        let names = ["POSTMARK", "RESEND", "SMTP2GO", "EMAIL"];
        let of_mail = complaints(&config).into_iter().filter(|text| names.iter().any(|name| text.starts_with(name)));
        (config.mail.provider, of_mail.collect())
    }

    #[test]
    fn the_mail_provider_is_the_one_that_is_set() {
        let url = |provider: &MailProvider| match provider {
            MailProvider::Postmark(account) | MailProvider::Resend(account) | MailProvider::Smtp2go(account) => {
                account.api_url.clone()
            }
            _ => String::new(),
        };
        for (settings, expected) in [
            (vec![("POSTMARK_TOKEN", "t")], "https://api.postmarkapp.com"),
            (vec![("RESEND_API_KEY", "t")], "https://api.resend.com"),
            (vec![("SMTP2GO_API_KEY", "t")], "https://api.smtp2go.com"),
            (
                vec![("SMTP2GO_API_KEY", "t"), ("SMTP2GO_API_URL", "https://eu-api.smtp2go.com/")],
                "https://eu-api.smtp2go.com",
            ),
            (vec![("EMAIL", BINDING)], ""),
        ] {
            let (provider, complaints) = provider(&settings);
            assert_eq!((url(&provider).as_str(), complaints.as_slice()), (expected, [].as_slice()), "{settings:?}");
            assert!(!expected.is_empty() || matches!(provider, MailProvider::Binding), "{settings:?}");
        }
    }

    #[test]
    fn two_mail_providers_are_an_error_that_names_them_and_none_is_taken() {
        let all = [
            ("POSTMARK_TOKEN", "canary"),
            ("RESEND_API_KEY", "canary"),
            ("SMTP2GO_API_KEY", "canary"),
            ("EMAIL", BINDING),
        ];
        for (one, other) in [(0, 1), (0, 2), (0, 3), (1, 2), (1, 3), (2, 3)] {
            let (provider, complaints) = provider(&[all[one], all[other]]);
            let told = format!(
                "{} and {} are set, and only one mail provider can be: delete the others, since no mail is sent before",
                all[one].0, all[other].0
            );
            assert_eq!(complaints, [told.as_str()]);
            assert!(matches!(provider, MailProvider::Several(why) if why == told));
        }
        let (_, complaints) = provider(&all);
        assert!(complaints[0].starts_with("POSTMARK_TOKEN and RESEND_API_KEY and SMTP2GO_API_KEY and EMAIL are set"));
    }

    #[test]
    fn a_variable_is_no_binding_and_a_word_is_no_signing_secret() {
        let (chosen, complaints) = provider(&[("EMAIL", "canary"), ("RESEND_API_KEY", "t")]);
        assert!(matches!(chosen, MailProvider::Resend(_)));
        assert_eq!(complaints, ["EMAIL must be a binding of [[send_email]], and no variable"]);
        let (_, complaints) = provider(&[("RESEND_API_KEY", "t"), ("RESEND_WEBHOOK_SECRET", "canary")]);
        assert_eq!(complaints, ["RESEND_WEBHOOK_SECRET must be a signing secret: whsec_ and base64 behind it"]);
        const SECRET: &str = "whsec_MfKQ9r8GKYqrTwjUPD8ILPZIo2LaLaSw";
        let config = read(&[("RESEND_WEBHOOK_SECRET", SECRET), ("RESEND_WEBHOOK_SECRET_PREVIOUS", SECRET)]);
        assert_eq!((config.mail.resend_webhook_keys.len(), config.mail.postmark_webhook_secrets.len()), (2, 0));
    }

    #[test]
    fn the_plan_is_the_free_one_unless_it_is_said_to_be_paid() {
        assert_eq!(read(&[]).workers_plan, WorkersPlan::Free);
        assert_eq!(read(&[("WORKERS_PLAN", "free")]).workers_plan, WorkersPlan::Free);
        assert_eq!(read(&[("WORKERS_PLAN", "paid")]).workers_plan, WorkersPlan::Paid);
    }

    const LOCAL: [(&str, &str); 4] = [
        ("GITHUB_API_URL", "http://127.0.0.1:8788/github"),
        ("LEMON_SQUEEZY_API_URL", "http://localhost:8788/lemonsqueezy"),
        ("GUMROAD_API_URL", "http://[::1]:8788/gumroad"),
        ("POSTMARK_API_URL", "http://sandbox.localhost/postmark"),
    ];

    const PEM: &str = include_str!("../tests/fixtures/keys/rsa-2048.pkcs1.pem");

    /// The same as the sandbox has its own: behind a line that says so.
    const SANDBOX_PEM: &str = concat!("sandbox-canary\n", include_str!("../tests/fixtures/keys/rsa-2048.pkcs1.pem"));

    fn github(settings: &[(&str, &str)]) -> (Config, Vec<String>) {
        let config = read(settings);
        let of_github = complaints(&config).into_iter().filter(|text| text.starts_with("GITHUB_")).collect();
        (config, of_github)
    }

    #[test]
    fn an_app_stands_in_place_of_a_token() {
        for id in ["Iv23liAbCdEfGhIjKlMn", "Iv1.0123456789abcdef", "123456"] {
            for key in [PEM.to_owned(), PEM.replace('\n', "\\n")] {
                let (config, complaints) = github(&[("GITHUB_APP_ID", id), ("GITHUB_APP_PRIVATE_KEY", &key)]);
                let Ok(Credentials::App(app)) = config.github.credentials else { panic!("{complaints:?}") };
                assert_eq!((app.id.as_str(), complaints.as_slice()), (id, [].as_slice()));
            }
        }
        assert!(matches!(github(&[("GITHUB_TOKEN", "t")]).0.github.credentials, Ok(Credentials::Token(_))));
    }

    #[test]
    fn half_an_app_or_one_that_cannot_be_used_is_reported_by_name() {
        const ID: (&str, &str) = ("GITHUB_APP_ID", "Iv23li");
        const KEY: (&str, &str) = ("GITHUB_APP_PRIVATE_KEY", PEM);
        const TOKEN: (&str, &str) = ("GITHUB_TOKEN", "t");
        const SPACE: (&str, &str) = ("GITHUB_APP_ID", "Iv23li canary");
        const CANARY: (&str, &str) = ("GITHUB_APP_PRIVATE_KEY", "canary");
        let no_id = "GITHUB_APP_ID must be the App's client id, or the number of the App";
        let no_pem = "GITHUB_APP_PRIVATE_KEY must be a private key in PEM form, with its BEGIN and its END line";
        for (settings, told, why) in [
            (
                vec![ID],
                vec!["GITHUB_APP_PRIVATE_KEY is not set: nobody can be invited"],
                "GITHUB_APP_PRIVATE_KEY is not set",
            ),
            (vec![KEY], vec!["GITHUB_APP_ID is not set: nobody can be invited"], "GITHUB_APP_ID is not set"),
            (vec![SPACE, KEY], vec![no_id], "GITHUB_APP_ID cannot be used as it is set"),
            (vec![ID, CANARY], vec![no_pem], "GITHUB_APP_PRIVATE_KEY cannot be used as it is set"),
            (vec![SPACE, CANARY], vec![no_id, no_pem], "GITHUB_APP_ID cannot be used as it is set"),
        ] {
            let (config, complaints) = github(&settings);
            assert_eq!(complaints, told);
            assert_eq!(config.github.credentials.unwrap_err().to_string(), why);
            // A token that is there goes on to count.
            let (config, complaints) = github(&[settings.as_slice(), &[TOKEN]].concat());
            assert_eq!(complaints.len(), told.len());
            assert!(matches!(config.github.credentials, Ok(Credentials::Token(_))), "{complaints:?}");
            assert!(!complaints.concat().contains("nobody") && !complaints.concat().contains("canary"));
        }
        let (config, complaints) = github(&[TOKEN, ID, KEY]);
        assert!(matches!(config.github.credentials, Ok(Credentials::App(_))));
        assert_eq!(complaints, ["GITHUB_TOKEN is not used beside GITHUB_APP_ID and GITHUB_APP_PRIVATE_KEY: delete it"]);
    }

    #[test]
    fn the_sandboxs_app_counts_where_every_service_is_on_this_machine() {
        let app = [("GITHUB_APP_ID", "Iv23li"), ("GITHUB_APP_PRIVATE_KEY", SANDBOX_PEM)];
        let (config, complaints) = github(&[LOCAL.as_slice(), &app].concat());
        assert!(matches!(config.github.credentials, Ok(Credentials::App(_))), "{complaints:?}");
        let (config, complaints) = github(&app);
        assert!(complaints[0].starts_with("GITHUB_APP_PRIVATE_KEY has a value of the sandbox's"), "{complaints:?}");
        let why = config.github.credentials.unwrap_err();
        assert_eq!(why.to_string(), "GITHUB_APP_PRIVATE_KEY cannot be used as it is set");
    }

    const OF_THE_SANDBOX: [(&str, &str); 11] = [
        ("GITHUB_TOKEN", "sandbox-canary"),
        ("GITHUB_WEBHOOK_SECRET", "sandbox-canary"),
        ("GITHUB_WEBHOOK_SECRET_PREVIOUS", "sandbox-canary"),
        ("LEMON_SQUEEZY_WEBHOOK_SECRET", "sandbox-canary"),
        ("LEMON_SQUEEZY_WEBHOOK_SECRET_PREVIOUS", "sandbox-canary"),
        ("LEMON_SQUEEZY_API_KEY", "sandbox-canary"),
        ("GUMROAD_WEBHOOK_SECRET", "sandbox-canary"),
        ("GUMROAD_WEBHOOK_SECRET_PREVIOUS", "sandbox-canary"),
        ("GUMROAD_ACCESS_TOKEN", "sandbox-canary"),
        ("POSTMARK_TOKEN", "sandbox-canary"),
        ("ADMIN_TOKEN", "sandbox-canary"),
    ];

    fn refused(settings: &[(&str, &str)]) -> Vec<&'static str> {
        let problems = read(settings).problems.into_iter();
        problems.filter_map(|problem| if let Problem::Sandbox { name } = problem { Some(name) } else { None }).collect()
    }

    #[test]
    fn the_sandboxs_secrets_count_where_every_service_is_on_this_machine() {
        let settings = [LOCAL.as_slice(), &OF_THE_SANDBOX].concat();
        assert!(refused(&settings).is_empty());
        let config = read(&settings);
        assert!(
            config.github.credentials.is_ok()
                && config.admin_token.is_some()
                && matches!(config.mail.provider, MailProvider::Postmark(_))
        );
        assert_eq!(config.storefronts.iter().filter(|storefront| storefront.is_configured()).count(), 1);
    }

    #[test]
    fn one_service_elsewhere_makes_every_secret_of_the_sandbox_an_absent_one() {
        for (elsewhere, _) in LOCAL {
            for url in
                ["", "canary", "https://api.example.com", "http://localhost.example.com", "http://127.0.0.1.nip.io"]
            {
                let mut settings = [LOCAL.as_slice(), &OF_THE_SANDBOX].concat();
                settings.retain(|(name, _)| *name != elsewhere);
                settings.push((elsewhere, url));
                let config = read(&settings);
                // A previous secret is not looked at where there is no current one.
                assert_eq!(refused(&settings).len(), 8, "{elsewhere} {url}");
                assert!(config.github.credentials.is_err() && config.admin_token.is_none(), "{elsewhere} {url}");
                assert!(matches!(config.mail.provider, MailProvider::None) && config.storefronts.lists().is_empty());
                assert!(!config.storefronts.iter().any(crate::adapters::storefronts::AnyStorefront::is_configured));
                assert!(!complaints(&config).concat().contains("canary"));
            }
        }
    }

    #[test]
    fn a_refused_secret_is_named_once_and_the_sellers_own_beside_it_counts() {
        let settings = [("GITHUB_TOKEN", "sandbox-x"), ("GUMROAD_WEBHOOK_SECRET", "own")];
        let previous = ("GUMROAD_WEBHOOK_SECRET_PREVIOUS", "sandbox-x");
        let config = read(&[settings.as_slice(), &[previous]].concat());
        assert!(config.storefronts.get(Source::named("gumroad")).unwrap().is_configured());
        assert_eq!(
            complaints(&config).into_iter().filter(|text| text.contains("sandbox")).collect::<Vec<_>>(),
            ["GITHUB_TOKEN", "GUMROAD_WEBHOOK_SECRET_PREVIOUS"].map(|name| format!(
                "{name} has a value of the sandbox's, which counts only where every …_API_URL is on this machine"
            ))
        );
        assert!(!complaints(&config).iter().any(|text| text.starts_with("GITHUB_TOKEN is not set")));
    }

    #[test]
    fn an_empty_setting_is_an_absent_one() {
        assert!(read(&[("GITHUB_TOKEN", " "), ("ADMIN_TOKEN", "")]).github.credentials.is_err());
    }

    #[test]
    fn the_portals_origin_may_call_and_more_may_be_added() {
        let config = read(&[
            ("PORTAL_URL", "https://Shop.example.com/activate?x=1"),
            ("PORTAL_ORIGINS", "http://localhost:3000, https://beta.example.com/"),
        ]);
        let expected = ["https://shop.example.com", "http://localhost:3000", "https://beta.example.com"];
        assert_eq!(config.portal.origins, expected);
    }

    #[test]
    fn a_sender_is_an_address_with_or_without_a_name() {
        for (good, name) in [("hello@example.com", ""), ("Acme Tools <hello@example.com>", "Acme Tools")] {
            let sender = Sender::parse(good).unwrap();
            assert_eq!((sender.as_str(), sender.name(), sender.address().as_str()), (good, name, "hello@example.com"));
        }
        for bad in [
            "Acme",
            "Acme <hello>",
            "A\r\nBcc: x <a@example.com>",
            "Acme <a@example.com\r\n>",
            "Acme <\u{b}a@example.com>",
            "a@example.com, b@example.com",
            "A <a@example.com",
        ] {
            assert!(Sender::parse(bad).is_none(), "{bad}");
        }
    }

    #[test]
    fn debug_shows_no_secret() {
        let config =
            read(&[("GITHUB_TOKEN", "canary"), ("GUMROAD_WEBHOOK_SECRET", "canary"), ("ADMIN_TOKEN", "canary")]);
        assert!(!format!("{config:?}").contains("canary"));
        let config = read(&[("GITHUB_APP_ID", "Iv23li"), ("GITHUB_APP_PRIVATE_KEY", PEM)]);
        assert!(format!("{config:?}").contains("PrivateKey(…)"));
    }
}
