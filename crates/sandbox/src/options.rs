//! What a sandbox is started with: the products it sells, the secrets it shares with the Worker, its clock and its
//! limits. The secrets are invented, and `dev.vars` beside this crate holds the same ones. All begin with
//! `sandbox-`, by which the Worker knows them.

use std::fmt;
use std::sync::Arc;
use std::sync::atomic::{AtomicI64, Ordering};
use std::time::{SystemTime, UNIX_EPOCH};

/// The token that the sandbox's GitHub accepts.
pub const GITHUB_TOKEN: &str = "sandbox-github-token";
/// The client id of the seller's App at the sandbox's GitHub, which may be asked with in place of the token.
pub const GITHUB_APP_ID: &str = "Iv23liSandboxOfLatchkey";
/// The App's private key. Unlike the other secrets it has its sign on a line of its own, before the key, as PEM allows.
pub const GITHUB_APP_PRIVATE_KEY: &str = include_str!("github/app.pem");
/// The client id of the OAuth app with which buyers prove their account at the sandbox's GitHub.
pub const GITHUB_OAUTH_CLIENT_ID: &str = "Ov23liSandboxOfLatchkey";
/// Its secret.
pub const GITHUB_OAUTH_CLIENT_SECRET: &str = "sandbox-github-oauth-client-secret";
/// The key with which the sandbox's GitHub signs what it sends.
pub const GITHUB_WEBHOOK_SECRET: &str = "sandbox-github-webhook-secret";
/// The server token that the sandbox's Postmark accepts.
pub const POSTMARK_TOKEN: &str = "sandbox-postmark-token";
/// The password that the sandbox's Postmark brings with what it tells.
pub const POSTMARK_WEBHOOK_SECRET: &str = "sandbox-postmark-webhook-secret";
/// The API key that the sandbox's Resend accepts.
pub const RESEND_API_KEY: &str = "sandbox-resend-api-key";
/// What the sandbox's Resend signs with. As with GitHub's key, what marks it as the sandbox's stands in front of it.
pub const RESEND_WEBHOOK_SECRET: &str = "sandbox-whsec_c2FuZGJveC1yZXNlbmQtd2ViaG9vay1zZWNyZXQ=";
/// The API key that the sandbox's SMTP2GO accepts.
pub const SMTP2GO_API_KEY: &str = "sandbox-smtp2go-api-key";
/// The `?secret=` that the sandbox's Gumroad puts on its pings.
pub const GUMROAD_SECRET: &str = "sandbox-gumroad-secret";
/// The access token that the sandbox's Gumroad accepts.
pub const GUMROAD_ACCESS_TOKEN: &str = "sandbox-gumroad-access-token";
/// The key with which the sandbox's Lemon Squeezy signs. The real one takes 6 to 40 characters.
pub const LEMON_SQUEEZY_WEBHOOK_SECRET: &str = "sandbox-lemon-squeezy-webhook-secret";
/// The API key that the sandbox's Lemon Squeezy accepts.
pub const LEMON_SQUEEZY_API_KEY: &str = "sandbox-lemon-squeezy-api-key";
/// The secret that the sandbox's Paddle has made for the Worker's destination, and signs with.
pub const PADDLE_WEBHOOK_SECRET: &str = "sandbox-paddle-webhook-secret";
/// The API key that the sandbox's Paddle accepts.
pub const PADDLE_API_KEY: &str = "sandbox-paddle-api-key";
/// The secret that the sandbox's Polar has made for the Worker's endpoint, and signs with. As with GitHub's key, what marks it as the
/// sandbox's stands in front of it.
pub const POLAR_WEBHOOK_SECRET: &str = "sandbox-whsec_c2FuZGJveC1wb2xhci13ZWJob29rLXNlY3JldA==";
/// The organization's access token that the sandbox's Polar accepts.
pub const POLAR_ACCESS_TOKEN: &str = "sandbox-polar-access-token";
/// The secret that the sandbox's Stripe has made for the Worker's endpoint, and signs with.
pub const STRIPE_WEBHOOK_SECRET: &str = "sandbox-stripe-webhook-secret";
/// The API key that the sandbox's Stripe accepts, in either mode.
pub const STRIPE_API_KEY: &str = "sandbox-stripe-api-key";
/// What the sandbox's sender of Standard Webhooks signs with. What marks it as the sandbox's stands in front of it.
pub const STANDARD_WEBHOOKS_SECRET: &str = "sandbox-whsec_c2FuZGJveC1zdGFuZGFyZC13ZWJob29rcy1zZWNyZXQ=";
/// The seller's store.
pub const LEMON_SQUEEZY_STORE_ID: u64 = 1;

/// Tells the time, in milliseconds since the Unix epoch.
pub type Clock = Arc<dyn Fn() -> i64 + Send + Sync>;

/// A clock that moves only when it is told to. A clone is another handle to the same clock.
#[derive(Debug, Clone)]
pub struct VirtualClock(Arc<AtomicI64>);

impl VirtualClock {
    /// A clock that shows `at`, milliseconds since the Unix epoch.
    pub fn at(at: i64) -> Self {
        Self(Arc::new(AtomicI64::new(at)))
    }

    /// Sets it, forward or back.
    pub fn set(&self, at: i64) {
        self.0.store(at, Ordering::Relaxed);
    }

    /// Moves it by this many milliseconds.
    pub fn advance(&self, millis: i64) {
        self.0.fetch_add(millis, Ordering::Relaxed);
    }

    /// It as the clock of [`Options`].
    pub fn clock(&self) -> Clock {
        let now = Arc::clone(&self.0);
        Arc::new(move || now.load(Ordering::Relaxed))
    }
}

/// What a sandbox is started with. [`Options::default`] sells six products of Acme's and asks the system's clock.
#[derive(Clone)]
pub struct Options {
    /// Where the page sends deliveries, for example `http://localhost:8787`. Without it the page can only look.
    pub worker_url: Option<String>,
    pub gumroad_secret: String,
    pub gumroad_access_token: String,
    pub lemon_squeezy_webhook_secret: String,
    pub lemon_squeezy_api_key: String,
    pub lemon_squeezy_store_id: u64,
    pub paddle_webhook_secret: String,
    pub paddle_api_key: String,
    pub polar_webhook_secret: String,
    pub polar_access_token: String,
    pub stripe_webhook_secret: String,
    pub stripe_api_key: String,
    pub standard_webhooks_secret: String,
    pub github_token: String,
    pub github_app_id: String,
    /// In PEM.
    pub github_app_private_key: String,
    /// One that begins with `Iv` is a GitHub App's, any other an OAuth app's.
    pub github_oauth_client_id: String,
    pub github_oauth_client_secret: String,
    pub github_webhook_secret: String,
    pub postmark_token: String,
    pub postmark_webhook_secret: String,
    pub resend_api_key: String,
    pub resend_webhook_secret: String,
    pub smtp2go_api_key: String,
    /// What the storefronts sell. GitHub gets every repository they name, owned by an organization.
    pub products: Vec<Product>,
    pub limits: Limits,
    /// What GitHub does when somebody is invited whose invitation is still open.
    pub reinvite: Reinvite,
    /// What GitHub does with the open invitations of an account that is removed as a collaborator.
    pub removal: Removal,
    /// How many milliseconds after its answer GitHub has removed a collaborator.
    pub removal_takes: i64,
    /// Where every counter starts. A sandbox started anew beside a database that has outlived the last one needs a
    /// number it never used, or its sales repeat those that the Worker already knows.
    pub first_number: u64,
    pub clock: Clock,
}

/// A product of the seller's, at one storefront.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Product {
    pub storefront: Storefront,
    /// The storefront's id; a number at Lemon Squeezy.
    pub product_id: String,
    /// The storefront's id of one variant; a number, and at Lemon Squeezy only. `None` stands for variant 1.
    pub variant_id: Option<String>,
    pub name: String,
    pub price_cents: u64,
    pub license: License,
    /// `owner/name` of what every buyer gets.
    pub repos: Vec<String>,
    /// `owner/name` of what the buyer chooses from; empty if there is no choice.
    pub choose: Vec<String>,
    /// How many of them the buyer may choose.
    pub choose_limit: usize,
}

/// Who sells.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Hash, serde::Serialize, serde::Deserialize)]
#[serde(rename_all = "lowercase")]
pub enum Storefront {
    Gumroad,
    LemonSqueezy,
    Paddle,
    Polar,
    Stripe,
    /// A sender of Standard Webhooks, which is Dodo Payments here.
    Standard,
}

impl Storefront {
    /// Each of them.
    pub const ALL: [Self; 6] =
        [Self::Gumroad, Self::LemonSqueezy, Self::Paddle, Self::Polar, Self::Stripe, Self::Standard];

    /// Its name in the catalogue, in rows and in the addresses of webhooks.
    pub const fn source(self) -> &'static str {
        match self {
            Self::Gumroad => "gumroad",
            Self::LemonSqueezy => "lemonsqueezy",
            Self::Paddle => "paddle",
            Self::Polar => "polar",
            Self::Stripe => "stripe",
            Self::Standard => "standard",
        }
    }

    /// The one of that name.
    pub fn of_source(source: &str) -> Option<Self> {
        Self::ALL.into_iter().find(|storefront| storefront.source() == source)
    }
}

/// Who issues the key that the buyer holds.
#[derive(Debug, Clone, Copy, PartialEq, Eq, serde::Serialize)]
#[serde(rename_all = "lowercase")]
pub enum License {
    /// The Worker does; the storefront issues none.
    Minted,
    /// The storefront does, and mails it itself.
    Storefront,
}

/// How much each service takes before it refuses.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub struct Limits {
    /// GitHub's primary rate limit; 5,000 for a personal access token.
    pub github_requests_per_hour: u64,
    /// Invitations to one repository in 24 hours; 50.
    pub github_invitations_per_day: usize,
    /// The status that GitHub refuses the next one with. It is not documented; 403, 422 and 429 are all plausible.
    pub github_invitation_cap_status: u16,
    /// The License API's rate limit; 60.
    pub lemon_squeezy_license_requests_per_minute: u64,
}

impl Limits {
    /// No limits at all, for a benchmark.
    pub const NONE: Self = Self {
        github_requests_per_hour: u64::MAX,
        github_invitations_per_day: usize::MAX,
        github_invitation_cap_status: 422,
        lemon_squeezy_license_requests_per_minute: u64::MAX,
    };
}

impl Default for Limits {
    /// The documented ones.
    fn default() -> Self {
        Self {
            github_requests_per_hour: 5_000,
            github_invitations_per_day: 50,
            github_invitation_cap_status: 422,
            lemon_squeezy_license_requests_per_minute: 60,
        }
    }
}

/// What GitHub does when somebody is invited whose invitation is still open. It is not documented, so the Worker has
/// to cope with each.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Default)]
pub enum Reinvite {
    /// The same invitation comes back, as old as it was; an expired one too.
    #[default]
    Same,
    /// The same invitation comes back, with its seven days begun anew.
    Refreshed,
    /// The old one goes and a new one with another id takes its place.
    Replaced,
}

/// What becomes of the open invitations to an account that is removed as a collaborator. The documentation tells of those that the
/// account has sent itself, so the Worker has to cope with either.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Default)]
pub enum Removal {
    #[default]
    LeavesInvitations,
    CancelsInvitations,
}

impl Default for Options {
    fn default() -> Self {
        Self {
            worker_url: None,
            gumroad_secret: GUMROAD_SECRET.to_owned(),
            gumroad_access_token: GUMROAD_ACCESS_TOKEN.to_owned(),
            lemon_squeezy_webhook_secret: LEMON_SQUEEZY_WEBHOOK_SECRET.to_owned(),
            lemon_squeezy_api_key: LEMON_SQUEEZY_API_KEY.to_owned(),
            lemon_squeezy_store_id: LEMON_SQUEEZY_STORE_ID,
            paddle_webhook_secret: PADDLE_WEBHOOK_SECRET.to_owned(),
            paddle_api_key: PADDLE_API_KEY.to_owned(),
            polar_webhook_secret: POLAR_WEBHOOK_SECRET.to_owned(),
            polar_access_token: POLAR_ACCESS_TOKEN.to_owned(),
            stripe_webhook_secret: STRIPE_WEBHOOK_SECRET.to_owned(),
            stripe_api_key: STRIPE_API_KEY.to_owned(),
            standard_webhooks_secret: STANDARD_WEBHOOKS_SECRET.to_owned(),
            github_token: GITHUB_TOKEN.to_owned(),
            github_app_id: GITHUB_APP_ID.to_owned(),
            github_app_private_key: GITHUB_APP_PRIVATE_KEY.to_owned(),
            github_oauth_client_id: GITHUB_OAUTH_CLIENT_ID.to_owned(),
            github_oauth_client_secret: GITHUB_OAUTH_CLIENT_SECRET.to_owned(),
            github_webhook_secret: GITHUB_WEBHOOK_SECRET.to_owned(),
            postmark_token: POSTMARK_TOKEN.to_owned(),
            postmark_webhook_secret: POSTMARK_WEBHOOK_SECRET.to_owned(),
            resend_api_key: RESEND_API_KEY.to_owned(),
            resend_webhook_secret: RESEND_WEBHOOK_SECRET.to_owned(),
            smtp2go_api_key: SMTP2GO_API_KEY.to_owned(),
            products: acme_products(),
            limits: Limits::default(),
            reinvite: Reinvite::default(),
            removal: Removal::default(),
            removal_takes: 0,
            first_number: 1,
            clock: Arc::new(system_clock),
        }
    }
}

impl Options {
    /// The default options with a clock that stands still at `at`, milliseconds since the Unix epoch.
    pub fn at(at: i64) -> Self {
        Self { clock: VirtualClock::at(at).clock(), ..Self::default() }
    }
}

/// Shows no secret, invented or not: the same code may one day be started with a real one.
impl fmt::Debug for Options {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.debug_struct("Options")
            .field("worker_url", &self.worker_url)
            .field("lemon_squeezy_store_id", &self.lemon_squeezy_store_id)
            .field("products", &self.products)
            .field("limits", &self.limits)
            .field("reinvite", &self.reinvite)
            .field("removal", &self.removal)
            .field("removal_takes", &self.removal_takes)
            .field("first_number", &self.first_number)
            .finish_non_exhaustive()
    }
}

fn acme_products() -> Vec<Product> {
    let repos = |names: &[&str]| names.iter().map(|name| format!("acme/{name}")).collect();
    vec![
        Product {
            storefront: Storefront::Gumroad,
            product_id: "32-nPAicqbLj8B_WswVlMw==".to_owned(),
            variant_id: None,
            name: "Acme Starter Kit".to_owned(),
            price_cents: 4_900,
            license: License::Minted,
            repos: repos(&["starter", "starter-docs"]),
            choose: Vec::new(),
            choose_limit: 0,
        },
        Product {
            storefront: Storefront::Gumroad,
            product_id: "pickOne==".to_owned(),
            variant_id: None,
            name: "Pick your stack".to_owned(),
            price_cents: 2_900,
            license: License::Minted,
            repos: Vec::new(),
            choose: repos(&["stack-nuxt", "stack-next"]),
            choose_limit: 1,
        },
        Product {
            storefront: Storefront::LemonSqueezy,
            product_id: "4".to_owned(),
            variant_id: Some("5".to_owned()),
            name: "Acme Kit".to_owned(),
            price_cents: 1_199,
            license: License::Storefront,
            repos: repos(&["kit"]),
            choose: Vec::new(),
            choose_limit: 0,
        },
        Product {
            storefront: Storefront::Paddle,
            product_id: "pro_01gsz4t5hdjse780zja8vvr7jg".to_owned(),
            variant_id: None,
            name: "Acme Toolbox".to_owned(),
            price_cents: 4_900,
            license: License::Minted,
            repos: repos(&["toolbox"]),
            choose: Vec::new(),
            choose_limit: 0,
        },
        Product {
            storefront: Storefront::Polar,
            product_id: "9d2f0e4a-0000-4000-8000-0000000000bb".to_owned(),
            variant_id: None,
            name: "Acme Press".to_owned(),
            price_cents: 4_900,
            license: License::Minted,
            repos: repos(&["press"]),
            choose: Vec::new(),
            choose_limit: 0,
        },
        Product {
            storefront: Storefront::Stripe,
            product_id: "prod_1SandboxForge".to_owned(),
            variant_id: None,
            name: "Acme Forge".to_owned(),
            price_cents: 4_900,
            license: License::Minted,
            repos: repos(&["forge"]),
            choose: Vec::new(),
            choose_limit: 0,
        },
        Product {
            storefront: Storefront::Standard,
            product_id: "pdt_1SandboxAnvil".to_owned(),
            variant_id: None,
            name: "Acme Anvil".to_owned(),
            price_cents: 4_900,
            license: License::Minted,
            repos: repos(&["anvil"]),
            choose: Vec::new(),
            choose_limit: 0,
        },
    ]
}

fn system_clock() -> i64 {
    let since = SystemTime::now().duration_since(UNIX_EPOCH).unwrap_or_default();
    i64::try_from(since.as_millis()).unwrap_or(i64::MAX)
}
