//! What things are: types that are valid once they exist.
//!
//! Text from outside becomes one of these at the edge, through a `parse`, and is believed from then on. Nothing here
//! does I/O, knows HTTP or SQL, or imports from the rest of the crate.

mod act;
pub mod catalogue;
mod compiled_catalogue;
mod delivery;
mod email;
mod event;
mod github;
mod id;
#[allow(dead_code)]
pub mod inbox;
mod license;
mod license_key;
mod money;
pub mod order;
mod proof;
mod repo;
mod sale;
mod secret;
mod source;
mod storefront;
mod storefront_list;
mod time;

pub use act::{Act, Actor, Reason};
pub use compiled_catalogue::{Catalogue, Choice, ChoiceError, LicenseKind, Permission, Product};
pub use delivery::{Delivery, EventId, Origin};
pub use email::{EmailAddress, EmailError, name_from_address};
pub use event::{EventReason, EventType, StorefrontEvent};
pub use github::{GithubAccount, GithubLogin, GithubUserId, Login, LoginError};
pub use id::{LeaseId, TraceId, UniqueId};
pub use license::{Activation, License, LicenseStatus, Standing};
pub use license_key::{KeyError, LicenseKey, MINTED_KEY_RANDOM_BYTES, PresentedKey};
pub use money::{Amount, Currency};
pub use order::{Order, OrderFacts, OrderId, OrderLine, OrderLines, Quantity, StorefrontId};
pub use proof::{Authenticated, Signature};
pub use repo::{Repo, RepoError};
pub use sale::{IssuedKey, Money, ProductRef, Sale, SaleEvent};
pub use secret::Secret;
pub use source::Source;
pub use storefront::Storefront;
pub use storefront_list::StorefrontList;
pub use time::Timestamp;
