//! Every variable and secret, read once, all problems reported together.
//!
//! What is missing or wrong closes only what depends on it: each capability below is there or it is not, and the rest
//! of the code asks for nothing else. How each is read is in [`reader`]; where the values come from is in `entry`.

mod reader;
#[cfg(test)]
mod tests;

use crate::adapters::standard_webhooks::Key as StandardKey;
use crate::adapters::storefronts::Storefronts;
use crate::model::{EmailAddress, GithubAppId, PrivateKey, Secret, TestLicenses};

pub use self::reader::Reader;
use self::reader::Sandbox;
pub(crate) use self::reader::origin;

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
