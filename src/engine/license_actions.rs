//! What an operator changes about a license. Each change is one transaction with its row of `admin_actions`, which is
//! there exactly when the change took effect.
//!
//! What a storefront says of an order is in `facts`; how access follows is in `grants`.

use sha2::{Digest, Sha256};

use super::{Engine, StorageError};
use crate::adapters::Failure;
use crate::adapters::github::Resolved;
use crate::config::Credentials;
use crate::db::license_actions::{self, Correction, Issued, IssuedByHand, LicenseAfter};
use crate::db::{Batch, LicenseSelector, licenses};
use crate::model::{
    AdminAction, EmailAddress, EventId, GithubLogin, LicenseKey, LicenseKind, MINTED_KEY_RANDOM_BYTES, OrderId,
    ProductRef, Source, name_from_address,
};
use crate::platform::{DbError, Level, Platform};

/// What became of a change that an operator asked for.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum ActionOutcome {
    /// It is so now, and recorded. What it causes in the outside world is due at the next tick.
    Done,
    /// There is no such thing.
    NotFound,
    /// It would change nothing or must not be. Nothing was recorded.
    Refused(Refusal),
}

/// Why an operator's change is refused.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Refusal {
    RevokedAlready,
    ActiveAlready,
    NotActive,
    NotActivated,
    BoundToThisAccount,
    NoSuchUser,
    NotInvitable,
    MailedByStorefront,
    AddressErased,
    AddressAlready,
    /// Of a license by hand.
    WaitsForAddress,
    NotMapped,
    NothingToDeliver,
    /// Of a delivery.
    ProcessedAlready,
    PayloadErased,
    /// Of a row of the outbox.
    BeingTried,
    DoneAlready,
}

/// Why a change neither happened nor was refused.
#[derive(Debug, Clone, PartialEq, Eq, thiserror::Error)]
pub enum ActionError {
    /// GitHub did not say who the new account is.
    #[error("{0}")]
    Upstream(Failure),
    /// It may have happened; asking again with the same action is harmless.
    #[error(transparent)]
    Storage(#[from] StorageError),
}

/// What became of a license that was to be issued by hand.
#[derive(Debug, Clone, PartialEq, Eq)]
pub enum IssueOutcome {
    /// There is this license for it, by this request or by the same one before.
    Issued(LicenseKey),
    /// There is no such delivery.
    NotFound,
    Refused(Refusal),
}

/// A license that is to be issued by hand.
#[derive(Debug)]
pub struct Issue {
    /// Whose section of the catalogue the product is in.
    pub section: Source,
    pub bought: ProductRef,
    pub email: EmailAddress,
    /// Without one, the address suggests it.
    pub name: Option<String>,
    /// The delivery that it answers.
    pub event: Option<EventId>,
}

impl From<DbError> for ActionError {
    fn from(error: DbError) -> Self {
        Self::Storage(error.into())
    }
}

impl<P: Platform> Engine<P> {
    /// Revokes a license by the operator's word, and with it everything that nothing else of its owner opens.
    ///
    /// # Errors
    /// [`ActionError::Storage`].
    pub async fn revoke(&self, key: &LicenseKey, action: &AdminAction) -> Result<ActionOutcome, ActionError> {
        let moment = self.moment();
        let mut batch = Batch::new();
        batch.extend(license_actions::revoke(key, action, moment.now, &self.trace));
        batch.extend(licenses::apply_order_facts(LicenseSelector::License(key), moment, &self.trace));
        self.act(batch, key, action, "license_revoked", |_| Refusal::RevokedAlready).await
    }

    /// Makes a revoked or suspended license active again, whatever was refunded or disputed until now. Enqueues the mail that
    /// was never sent, and the access where the license is bound.
    ///
    /// # Errors
    /// [`ActionError::Storage`].
    pub async fn reinstate(&self, key: &LicenseKey, action: &AdminAction) -> Result<ActionOutcome, ActionError> {
        let moment = self.moment();
        let mut batch = Batch::new();
        batch.extend(license_actions::reinstate(key, action, moment.now, &self.trace));
        batch.extend(licenses::apply_order_facts(LicenseSelector::License(key), moment, &self.trace));
        let refusal = |license: LicenseAfter| match license {
            LicenseAfter { active: true, .. } => Refusal::ActiveAlready,
            _ => Refusal::AddressErased,
        };
        self.act(batch, key, action, "license_reinstated", refusal).await
    }

    /// Binds an active license to another GitHub account: the old account loses what nothing else of its own opens, and the
    /// new one is invited. For an account that was renamed it is enough to bind it under its new login.
    ///
    /// # Errors
    /// [`ActionError`].
    pub async fn transfer(
        &self,
        key: &LicenseKey,
        to: &GithubLogin,
        action: &AdminAction,
    ) -> Result<ActionOutcome, ActionError> {
        if matches!(self.config.github.credentials, Ok(Credentials::App(_))) {
            // It asks through the repositories of the catalogue.
            self.run_with_catalogue(Batch::new()).await.map_err(StorageError::from)?;
        }
        let github = self.github(None).map_err(ActionError::Upstream)?;
        let account = match github.resolve(&self.platform, to).await.map_err(ActionError::Upstream)? {
            Resolved::Account(account) => account,
            Resolved::NotFound => return Ok(ActionOutcome::Refused(Refusal::NoSuchUser)),
            Resolved::NotInvitable(_) => return Ok(ActionOutcome::Refused(Refusal::NotInvitable)),
        };
        let mut batch = Batch::new();
        batch.extend(license_actions::transfer(key, &account, action, self.moment(), &self.trace));
        let refusal = |license: LicenseAfter| match license {
            LicenseAfter { active: false, .. } => Refusal::NotActive,
            LicenseAfter { bound: false, .. } => Refusal::NotActivated,
            _ => Refusal::BoundToThisAccount,
        };
        self.act(batch, key, action, "license_transferred", refusal).await
    }

    /// Enqueues the mail of a minted, active license once more.
    ///
    /// # Errors
    /// [`ActionError::Storage`].
    pub async fn resend(&self, key: &LicenseKey, action: &AdminAction) -> Result<ActionOutcome, ActionError> {
        let mut batch = Batch::new();
        batch.extend(license_actions::resend(key, action, self.now(), &self.trace));
        let refusal = |license: LicenseAfter| match license {
            LicenseAfter { minted: false, .. } => Refusal::MailedByStorefront,
            LicenseAfter { active: false, .. } => Refusal::NotActive,
            _ => Refusal::AddressErased,
        };
        self.act(batch, key, action, "license_resent", refusal).await
    }

    /// Records that somebody looks at a whole key.
    ///
    /// # Errors
    /// [`ActionError::Storage`].
    pub async fn show_key(&self, key: &LicenseKey, action: &AdminAction) -> Result<ActionOutcome, ActionError> {
        let mut batch = Batch::new();
        batch.run(license_actions::show_key(key, action, self.now(), &self.trace));
        // A license that is there is always looked at.
        self.act(batch, key, action, "license_key_shown", |_| Refusal::DoneAlready).await
    }

    /// Issues a license by hand, and enqueues its mail. Where it answers a delivery, that is processed by this, and the license
    /// belongs to its order: nothing that comes of the order later mints another beside it, and a refund revokes it.
    ///
    /// The same request again gives the same license. With a delivery, that goes by its order and the product, since one sale
    /// is one license a product; without one, by the reason, the product and the address, of which the number of an order of
    /// its own is made.
    ///
    /// # Errors
    /// [`ActionError::Storage`].
    pub async fn issue(&self, issue: &Issue, action: &AdminAction) -> Result<IssueOutcome, ActionError> {
        self.run_with_catalogue(Batch::new()).await?;
        let catalogue = self.catalogue();
        let Some(product) = catalogue.find(issue.section, &issue.bought) else {
            return Ok(IssueOutcome::Refused(Refusal::NotMapped));
        };
        if product.license == LicenseKind::None {
            return Ok(IssueOutcome::Refused(Refusal::NothingToDeliver));
        }
        let mut random = [0; MINTED_KEY_RANDOM_BYTES];
        self.platform.fill_random(&mut random).map_err(StorageError::from)?;
        let own_order = own_order(issue, action).ok_or_else(|| DbError::Refused("no number of an order".to_owned()))?;
        let name = issue.name.clone().unwrap_or_else(|| name_from_address(&issue.email.clone().into()));
        let license = IssuedByHand {
            key: &LicenseKey::mint(random),
            section: issue.section,
            bought: &issue.bought,
            product,
            email: &issue.email,
            name: &name,
            event: issue.event.as_ref(),
            own_order: &own_order,
        };
        let mut batch = Batch::new();
        let issued = license_actions::issue(&mut batch, &license, action, self.now(), &self.trace);
        let issued = self.run(batch).await?.first(&issued)?;
        Ok(match issued {
            Some(Issued { key: Some(key), .. }) => {
                let fields = [("license", (&key).into()), ("action_id", (&action.id).into())];
                self.log(Level::Info, "license_issued_by_hand", fields);
                IssueOutcome::Issued(key)
            }
            Some(Issued { waits_for_address: true, .. }) => IssueOutcome::Refused(Refusal::WaitsForAddress),
            Some(Issued { event_is_known: true, .. }) => IssueOutcome::Refused(Refusal::ProcessedAlready),
            _ => IssueOutcome::NotFound,
        })
    }

    /// Corrects the address of a license and of its order. The mail goes out again where none has arrived: to whoever has not
    /// activated yet.
    ///
    /// # Errors
    /// [`ActionError::Storage`].
    pub async fn correct_email(
        &self,
        key: &LicenseKey,
        to: &EmailAddress,
        action: &AdminAction,
    ) -> Result<ActionOutcome, ActionError> {
        let mut batch = Batch::new();
        let corrected = license_actions::correct_email(&mut batch, key, to, action, self.now(), &self.trace);
        let corrected = self.run(batch).await?.first(&corrected)?;
        Ok(match corrected {
            None => ActionOutcome::NotFound,
            Some(Correction::AlreadySo) => ActionOutcome::Refused(Refusal::AddressAlready),
            Some(Correction::Erased) => ActionOutcome::Refused(Refusal::AddressErased),
            Some(Correction::Done) => {
                let fields = [("license", key.into()), ("action_id", (&action.id).into())];
                self.log(Level::Info, "license_address_corrected", fields);
                ActionOutcome::Done
            }
        })
    }

    /// Runs an action's statements in one transaction, and says what became of it.
    async fn act(
        &self,
        mut batch: Batch,
        key: &LicenseKey,
        action: &AdminAction,
        event: &'static str,
        refusal: fn(LicenseAfter) -> Refusal,
    ) -> Result<ActionOutcome, ActionError> {
        let after = batch.add(license_actions::license_after(key, action));
        let results = self.run(batch).await?;
        Ok(match results.first(&after)? {
            None => ActionOutcome::NotFound,
            Some(license) if !license.acted => ActionOutcome::Refused(refusal(license)),
            Some(_) => {
                self.log(Level::Info, event, [("license", key.into()), ("action_id", (&action.id).into())]);
                ActionOutcome::Done
            }
        })
    }
}

/// The number of the order that a license by hand belongs to where no delivery names another: the same for the same request.
fn own_order(issue: &Issue, action: &AdminAction) -> Option<OrderId> {
    if let Some(event) = &issue.event {
        return OrderId::parse(&format!("by-hand-{event}"));
    }
    let parts = [
        action.reason.as_str(),
        issue.section.as_str(),
        issue.bought.product_id.as_str(),
        issue.bought.variant().unwrap_or_default(),
        &issue.email.as_str().to_ascii_lowercase(),
    ];
    // None of the parts has a control character.
    let digest = Sha256::digest(parts.join("\n").as_bytes());
    let digits: String = digest.iter().take(16).map(|byte| format!("{byte:02x}")).collect();
    OrderId::parse(&format!("by-hand-{digits}"))
}
