//! Stand-ins for the services that Latchkey talks to: GitHub, Lemon Squeezy, Gumroad, Paddle, Polar, Stripe, and the mail providers Postmark,
//! Resend and SMTP2GO, with the Worker's own binding for mail.
//!
//! One [`Sandbox`] keeps the state that the real services would keep, answers requests as they do, records every
//! request, and can be told to fail. It knows nothing of the Worker: what passes between them is HTTP only.
//!
//! - In process, [`Sandbox::handle`] takes a request and gives the reply, with no I/O and no clock but the one
//!   it was given: the same calls give the same replies, down to the byte.
//! - As a server, [`Sandbox::serve`] puts the same handler behind a socket, together with a page on which a
//!   person can sell, read the mail, go on to the buyer's page and accept an invitation.
//!
//! | module | what it holds |
//! |---|---|
//! | `sandbox` | the front: `handle`, faults, recorded calls, `assert_drained` |
//! | `options` | what a sandbox is started with: products, secrets, clock, limits |
//! | `github` | users, repositories, invitations, collaborators |
//! | `lemon_squeezy` | orders, license keys, the License API, the main API, webhooks |
//! | `gumroad` | sales, pings, the sales API |
//! | `paddle` | transactions, adjustments and customers, webhooks |
//! | `polar` | orders, refunds, disputes, subscriptions and teams, webhooks |
//! | `stripe` | Checkout Sessions, charges, invoices and events, webhooks |
//! | `standard` | payments, refunds, disputes and subscriptions of Dodo Payments, which sends Standard Webhooks |
//! | `mailbox` | the mails, whoever took them |
//! | `postmark`, `resend`, `smtp2go`, `email` | how each provider takes one |
//! | `returned` | what Postmark and Resend tell of a mail that they took |
//! | `faults`, `calls`, `delivery` | what can go wrong, what was asked, what a storefront sends |
//! | `incoming`, `reply`, `value`, `ids`, `time` | what the services are written with |
//! | `server`, `control`, `page` | the sandbox behind a socket, and its page |
//!
//! # Strictness
//!
//! A stand-in that forgives hides mistakes until production. So an unknown path, a missing header, an unknown or
//! mistyped field is answered with the service's own error *and* recorded as unexpected, and
//! [`Sandbox::assert_drained`] fails for it, as it does for calls and mails that the test did not ask about.

mod calls;
mod control;
mod delivery;
mod email;
mod faults;
mod github;
mod gumroad;
mod ids;
mod incoming;
mod lemon_squeezy;
mod mailbox;
mod options;
mod paddle;
mod page;
mod polar;
mod postmark;
mod purchase;
mod reply;
mod resend;
mod returned;
mod sandbox;
mod server;
mod service;
mod smtp2go;
mod standard;
mod stripe;
mod time;
mod value;

pub use calls::{Call, Credentials};
pub use delivery::Delivery;
pub use faults::{Fault, FaultKind};
pub use github::{AccountKind, HookFormat, Invitation, NotAccepted, RepoHook, TokenAccess};
pub use gumroad::{Gift, GumroadSale, PingFormat, Subscription};
pub use lemon_squeezy::{
    KeyStatus, LemonSqueezySale, LemonSqueezySubscription, LicenseKeySeed, OrderStatus, StoreHook, StorefrontMail,
    sign as sign_lemon_squeezy_body,
};
pub use mailbox::Mail;
pub use options::{
    Clock, GITHUB_APP_ID, GITHUB_APP_PRIVATE_KEY, GITHUB_OAUTH_CLIENT_ID, GITHUB_OAUTH_CLIENT_SECRET, GITHUB_TOKEN,
    GITHUB_WEBHOOK_SECRET, GUMROAD_ACCESS_TOKEN, GUMROAD_SECRET, LEMON_SQUEEZY_API_KEY, LEMON_SQUEEZY_STORE_ID,
    LEMON_SQUEEZY_WEBHOOK_SECRET, License, Limits, Options, PADDLE_API_KEY, PADDLE_WEBHOOK_SECRET, POLAR_ACCESS_TOKEN,
    POLAR_WEBHOOK_SECRET, POSTMARK_TOKEN, POSTMARK_WEBHOOK_SECRET, Product, RESEND_API_KEY, RESEND_WEBHOOK_SECRET,
    Reinvite, Removal, SMTP2GO_API_KEY, STANDARD_WEBHOOKS_SECRET, STRIPE_API_KEY, STRIPE_WEBHOOK_SECRET, Storefront,
    VirtualClock,
};
pub use paddle::{
    PaddleAdjustment, PaddleDestination, PaddleItem, PaddleSale, PaddleSubscription, sign as sign_paddle_body,
};
pub use polar::{
    ORGANIZATION as POLAR_ORGANIZATION, PolarEndpoint, PolarSale, PolarSubscription, sign as sign_polar_body,
    sign_legacy as sign_polar_body_as_before,
};
pub use purchase::Purchase;
pub use resend::KeyAccess as ResendKeyAccess;
pub use returned::MailFate;
pub use sandbox::{Exchange, Sandbox};
pub use service::Service;
pub use standard::{StandardSale, StandardSubscription, sign as sign_standard_body};
pub use stripe::{StripeEndpoint, StripeField, StripeItem, StripeSale, StripeSubscription, sign as sign_stripe_body};
