//! The one seam between the engine and the world: a database that runs a batch of statements in one transaction, an
//! HTTP sender, a mail binding, a clock, randomness, signing, a rate limit and a log.
//!
//! Two implementations ship: [`edge`] (D1 and the Workers runtime) and [`host`] (SQLite, for tests and simulation).
//! The SQL is in `db`, what is sent over HTTP in `adapters`.

use std::future::Future;
use std::time::Duration;

use crate::model::{PrivateKey, PublicKey, Timestamp, UniqueId};

#[cfg(target_arch = "wasm32")]
pub mod edge;
#[cfg(all(feature = "host", not(target_arch = "wasm32")))]
pub mod host;
mod http_client;
mod log;
mod mail;
mod value;

pub use http_client::{HttpRequest, HttpResponse, Method, SendError};
pub use log::{Level, LogLine, LogValue};
pub use mail::{BINDING, BoundMail, BoundMailError};
pub use value::{Outcome, Row, RowError, Statement, Value};

/// Everything that the engine may ask of the world.
pub trait Platform {
    /// Runs the statements in order in one transaction, and gives each one's rows. This is one database round trip.
    ///
    /// # Errors
    /// [`DbError`]. Unless it is [`DbError::Refused`], the transaction may have been committed all the same: send
    /// again only what is harmless to repeat.
    fn batch(&self, statements: Vec<Statement>) -> impl Future<Output = Result<Vec<Outcome>, DbError>>;

    /// Sends one request and reads the response up to the request's size cap. Follows no redirect.
    ///
    /// # Errors
    /// [`SendError`]. The other side may have acted all the same.
    fn send(&self, request: HttpRequest) -> impl Future<Output = Result<HttpResponse, SendError>>;

    /// Hands a mail to the deployment's own mail binding, and gives its id of it. Waits for an answer no longer than for one
    /// of a service.
    ///
    /// # Errors
    /// [`BoundMailError`].
    fn send_mail(&self, mail: &BoundMail) -> impl Future<Output = Result<Option<String>, BoundMailError>>;

    /// Resolves after `time`.
    fn sleep(&self, time: Duration) -> impl Future<Output = ()>;

    /// The present.
    fn now(&self) -> Timestamp;

    /// Fills `bytes` with randomness fit for keys.
    ///
    /// # Errors
    /// When there is none to be had, in which case nothing may be minted.
    fn fill_random(&self, bytes: &mut [u8]) -> Result<(), NoRandomness>;

    /// Signs with RSASSA-PKCS1-v1_5 over SHA-256, which JSON Web Tokens call RS256.
    ///
    /// # Errors
    /// [`CannotSign`], for good: the numbers in the key make none.
    fn sign_rs256(&self, key: &PrivateKey, message: &[u8]) -> impl Future<Output = Result<Vec<u8>, CannotSign>>;

    /// Whether a signature is what the key's owner made of the message by RSASSA-PKCS1-v1_5 over SHA-256.
    fn verify_rs256(&self, key: &PublicKey, message: &[u8], signature: &[u8]) -> impl Future<Output = bool>;

    /// Counts one use of `key` against a limit. `true` when within it, and where the limit is not configured.
    fn within_limit(&self, limit: Limit, key: &str) -> impl Future<Output = bool>;

    /// Whether the limit is configured at all.
    fn has_limit(&self, limit: Limit) -> bool;

    /// Writes one structured log line.
    fn log(&self, line: &LogLine);
}

/// A rate limit that the deployment configures. Best effort: what truly guards keys is their randomness.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Limit {
    ActivateByAddress,
    ActivateByKey,
    Admin,
    /// Questions to Lemon Squeezy's License API about keys that we have no record of, all callers together.
    LicenseApi,
}

impl Limit {
    pub const ALL: [Self; 4] = [Self::ActivateByAddress, Self::ActivateByKey, Self::Admin, Self::LicenseApi];

    /// The binding's name in `wrangler.toml`.
    pub const fn binding(self) -> &'static str {
        match self {
            Self::ActivateByAddress => "ACTIVATE_BY_ADDRESS",
            Self::ActivateByKey => "ACTIVATE_BY_KEY",
            Self::Admin => "ADMIN",
            Self::LicenseApi => "LICENSE_API",
        }
    }

    /// Seconds after which a refused caller may try again: the binding's period.
    pub const PERIOD_S: u64 = 60;
}

/// A failed batch, named by what can be done about it. The text is for the log; it holds no bound value.
#[derive(Debug, Clone, PartialEq, Eq, thiserror::Error)]
pub enum DbError {
    /// Passing trouble; the batch may or may not have been committed.
    #[error("the database did not answer: {0}")]
    Unavailable(String),
    /// The account's daily allowance is used up until midnight UTC.
    #[error("the database's daily limit is reached: {0}")]
    DailyLimit(String),
    /// The database refused it, and rolled it back: a broken constraint, or a mistake of ours.
    #[error("the database refused: {0}")]
    Refused(String),
}

/// The system has no randomness to give.
#[derive(Debug, Clone, Copy, PartialEq, Eq, thiserror::Error)]
#[error("no randomness available")]
pub struct NoRandomness;

/// Nothing can be signed with the key.
#[derive(Debug, Clone, Copy, PartialEq, Eq, thiserror::Error)]
#[error("nothing can be signed with this key")]
pub struct CannotSign;

/// Makes a new id from the platform's clock and randomness.
///
/// # Errors
/// [`NoRandomness`].
pub fn unique_id(platform: &impl Platform) -> Result<UniqueId, NoRandomness> {
    let mut random = [0; 10];
    platform.fill_random(&mut random)?;
    Ok(UniqueId::new(platform.now(), random))
}
