//! What things are: types that are valid once they exist.
//!
//! Text from outside becomes one of these at the edge, through a `parse`, and is believed from then on. Nothing here
//! does I/O, knows HTTP or SQL, or imports from the rest of the crate.

mod admin_action;
pub mod catalogue;
mod email;
mod event;
mod github;
mod hindrance;
mod id;
mod inbox;
mod license;
mod license_key;
mod mail;
mod money;
mod order;
mod pasted;
mod private_key;
mod proof;
mod public_key;
mod recovery;
mod repo;
mod secret;
mod source;
mod subscription;
mod time;

pub use admin_action::{Actor, AdminAction, Reason};
pub use catalogue::{Catalogue, Choice, ChoiceError, Consequence, LicenseKind, Permission, Product};
pub use email::{BuyerEmail, EmailAddress, EmailError, name_from_address};
pub use event::{EventReason, EventType, StorefrontEvent};
pub use github::{GithubAccount, GithubAppId, GithubLogin, GithubUserId, Login, LoginError};
pub use hindrance::Hindrance;
pub use id::{EventId, LeaseId, TraceId, UniqueId};
pub use inbox::{Delivery, ListName, ListedItem, ListedPayment, Origin, PaymentFate};
pub use license::{
    Activation, CORRECTED_WITHIN_MS, Ending, GrantState, License, LicenseStatus, Standing, TestLicenses,
};
pub use license_key::{KeyError, LicenseKey, MINTED_KEY_RANDOM_BYTES, PresentedKey};
pub use mail::{MailFate, ReturnedMail};
pub use money::{Amount, Currency};
pub use order::{
    Bought, BuyerAddress, IssuedKey, LinePayment, Order, OrderFacts, OrderId, OrderLine, OrderLines, Picked,
    ProductRef, Quantity, StorefrontId, asks_for_login, checkout_login,
};
pub use private_key::{PrivateKey, PrivateKeyError};
pub use proof::{Authenticated, ED25519_BYTES, Ed25519Key, Signature};
pub use public_key::PublicKey;
pub use recovery::{RecoverySeed, RecoveryToken};
pub use repo::{Repo, RepoError};
pub use secret::Secret;
pub use source::Source;
pub use subscription::{Subscription, SubscriptionFact};
pub use time::{DAY_MS, HOUR_MS, MINUTE_MS, Timestamp};
