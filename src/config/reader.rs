//! How settings are read: what each may be, what closes where one is missing, and which secrets count. What they come to is in `config`.

use std::fmt;
use std::net::IpAddr;

use super::{
    Accent, Access, Account, Brand, Credentials, Foot, GithubApp, MailProvider, Moves, NoCredentials, OauthApp, Pages,
    Portal, Problem, Sender, StandardKey, WorkersPlan,
};
use crate::model::{EmailAddress, GithubAppId, PrivateKey, Secret};
use crate::platform::BINDING;

/// What the secrets begin with that only the sandbox knows. They are public, so they open nothing elsewhere.
const SANDBOX: &str = "sandbox-";

/// Whether the sandbox's secrets count.
#[derive(Clone, Copy, PartialEq, Eq)]
pub(super) enum Sandbox {
    Accepted,
    Refused,
}

/// Reads settings, and collects what is missing or wrong. Each part of the Worker reads its own.
pub struct Reader<'a> {
    look_up: &'a dyn Fn(&str) -> Option<String>,
    pub(super) problems: Vec<Problem>,
    sandbox: Sandbox,
    /// A secret of the sandbox's was read.
    pub(super) knows_sandbox_secret: bool,
    /// An address was read that is not on this machine.
    pub(super) leaves_this_machine: bool,
}

impl<'a> Reader<'a> {
    /// Reads through `look_up`, which gives a variable's or secret's text by its name.
    #[cfg(test)]
    pub(crate) fn new(look_up: &'a dyn Fn(&str) -> Option<String>) -> Self {
        Self::with(look_up, Sandbox::Accepted)
    }

    pub(super) fn with(look_up: &'a dyn Fn(&str) -> Option<String>, sandbox: Sandbox) -> Self {
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
    pub(super) fn access(&mut self) -> Option<Access> {
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
    pub(super) fn github_credentials(&mut self) -> Result<Credentials, NoCredentials> {
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

    pub(super) fn github_app_id(&mut self, name: &'static str) -> Option<GithubAppId> {
        let parsed = self.text(name).as_deref().and_then(GithubAppId::parse);
        parsed.or_else(|| self.invalid(name, "must be the App's client id, or the number of the App"))
    }

    pub(super) fn private_key(&mut self, name: &'static str) -> Option<PrivateKey> {
        let secret = self.secret(name)?;
        match PrivateKey::from_pem(secret.expose()) {
            Ok(key) => Some(key),
            Err(error) => self.invalid(name, error.as_str()),
        }
    }

    /// The keys of a webhook of the Standard Webhooks kind that nothing is missing without.
    pub(super) fn standard_keys(&mut self, current: &'static str, previous: &'static str) -> Vec<StandardKey> {
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
    pub(super) fn mail_provider(&mut self) -> MailProvider {
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

    pub(super) fn account(&mut self, key: &'static str, api_url: &'static str, public: &str) -> Option<Account> {
        let api_url = self.url(api_url, public);
        Some(Account { key: self.secret(key)?, api_url })
    }

    pub(super) fn sender(&mut self) -> Option<Sender> {
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

    pub(super) fn portal(&mut self) -> Portal {
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
    pub(super) fn github_web_url(&mut self, api_url: &str) -> String {
        const NAME: &str = "GITHUB_WEB_URL";
        let follows = crate::adapters::github::web_origin(api_url);
        if self.text(NAME).is_some() { self.url(NAME, &follows) } else { follows }
    }

    pub(super) fn oauth_app(&mut self) -> Option<OauthApp> {
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

    pub(super) fn pages(&mut self) -> Pages {
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

    pub(super) fn brand(&mut self) -> Brand {
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
    pub(super) fn address(&mut self, name: &'static str) -> Option<String> {
        let text = self.text(name)?;
        match origin(&text) {
            Some(_) => Some(text),
            None => self.invalid(name, "must be a URL that starts with https:// or http://"),
        }
    }

    /// The first secret that is there of those that nothing of the pages works without, and then of any.
    pub(super) fn signing_secret(&self) -> Option<Secret> {
        const SECRETS: [&str; 4] = ["GITHUB_TOKEN", "GITHUB_APP_PRIVATE_KEY", "ADMIN_TOKEN", "POSTMARK_TOKEN"];
        let counts = |text: &String| self.sandbox == Sandbox::Accepted || !text.starts_with(SANDBOX);
        SECRETS.into_iter().find_map(|name| self.text(name).filter(counts)).and_then(Secret::new)
    }

    pub(super) fn flag(&mut self, name: &'static str) -> bool {
        match self.text(name).as_deref() {
            Some("true") => true,
            None | Some("false") => false,
            Some(_) => self.invalid(name, "must be true or false").unwrap_or(false),
        }
    }

    pub(super) fn operator_email(&mut self) -> Option<EmailAddress> {
        let text = self.text("OPERATOR_EMAIL")?;
        EmailAddress::parse(&text).ok().or_else(|| self.invalid("OPERATOR_EMAIL", "is not a mail address"))
    }

    pub(super) fn retention_days(&mut self) -> u32 {
        const NAME: &str = "PAYLOAD_RETENTION_DAYS";
        const DEFAULT: u32 = 30;
        let Some(text) = self.text(NAME) else { return DEFAULT };
        let days = text.parse().ok().filter(|days| (1..=3650).contains(days));
        days.or_else(|| self.invalid(NAME, "must be a number of days from 1 to 3650")).unwrap_or(DEFAULT)
    }

    pub(super) fn workers_plan(&mut self) -> WorkersPlan {
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
