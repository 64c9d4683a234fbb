//! What whoever shows a license's key is told of it, before and after it is activated. Nothing is bound by it, nobody invited, and
//! the account that the license is bound to is not named.
//!
//! 1. One batch reads the license with its activation, and what is recorded of the access that it claims. Of a key of ours, and of
//!    any that is on record and good, that is all.
//! 2. Only the storefront knows a key of its own that is not on record, and whether one that has expired was renewed. It is asked as
//!    `activate` asks it, within the same limit.
//!
//! Parsing the request and rate limits are in `http::license`.

use super::activate::{ActivateError, Wish};
use super::{Engine, StorageError, moves};
use crate::adapters::github::{self, Profile};
use crate::db::grants::Recorded;
use crate::db::licenses::OfBuyer;
use crate::db::{Batch, activations, grants, licenses};
use crate::model::catalogue::{Choice, ProofRule};
use crate::model::{
    Activation, Ending, GithubLogin, GrantState, Hindrance, License, LicenseKey, LicenseStatus, Login, PresentedKey,
    Product, Repo, Standing, Timestamp,
};
use crate::platform::Platform;

/// A good license as its holder is shown it.
#[derive(Debug, Clone)]
pub struct LicenseView {
    /// As it was issued.
    pub key: LicenseKey,
    pub product: String,
    pub tier: String,
    pub status: LicenseStatus,
    pub expires_at: Option<Timestamp>,
    /// `None` of one that only its storefront knows.
    pub issued_at: Option<Timestamp>,
    pub ending: Ending,
    pub test: bool,
    /// From when on its buyer can move it to another account; `None`: now, as far as earlier moves go.
    pub moves_from: Option<Timestamp>,
    /// What it is bound to, if it is. Only for who has shown to know that already.
    pub activation: Option<Activation>,
    /// The GitHub username that was given at the checkout, which nobody has shown to be theirs.
    pub checkout_login: Option<GithubLogin>,
    /// The mail with the license came back: nothing that is mailed to the buyer arrives.
    pub mail_returned: bool,
    /// Whether the account has to be signed in with before it is bound.
    pub proof: ProofRule,
    /// What the buyer has to choose among before it is bound.
    pub choose: Option<Choice>,
    /// What every buyer gets, or what it was bound with.
    pub repos: Vec<(Repo, RepoView)>,
}

/// What a license was for that has expired, and where it is renewed.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Renewal {
    pub product: String,
    /// `None` where the catalogue does not say.
    pub url: Option<String>,
}

/// A license on record that is not good.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Over {
    pub standing: Standing,
    /// `None` where nothing tells.
    pub since: Option<Timestamp>,
    pub renewal: Renewal,
}

/// What a license's holder is told of one repository.
#[derive(Debug, Clone, PartialEq, Eq)]
pub enum RepoView {
    /// The license is not bound yet.
    NotActivated,
    /// An invitation waits to be accepted on that page, until then.
    Invited {
        accept_url: String,
        expires_at: Timestamp,
    },
    Member,
    /// To be given, then at the soonest.
    Queued {
        until: Option<Timestamp>,
    },
    /// The invitation was declined: whoever asks is invited again.
    Declined,
    /// The invitation ended unanswered: whoever asks is invited again.
    Expired,
    /// Nothing comes of it before the seller acts.
    Blocked {
        by: Hindrance,
    },
    /// The seller has taken the account out.
    RemovedByHand,
}

impl<P: Platform> Engine<P> {
    /// What the holder of a key is shown of its license, if that is good.
    ///
    /// # Errors
    /// [`ActivateError`]: why an activation would be refused as well.
    pub async fn view_license(&self, key: &PresentedKey) -> Result<LicenseView, ActivateError> {
        let (given, may_be_storefronts) = match key {
            PresentedKey::Minted(key) => (key, false),
            PresentedKey::Storefront(key) => (key, true),
            PresentedKey::Mistyped => return Err(ActivateError::NotFound),
        };
        let mut batch = Batch::new();
        let known = batch.add(activations::known_license(given));
        let recorded = batch.add(grants::of_license(given));
        let of_buyer = batch.add(licenses::of_buyer(given, moves::BUYER));
        let results = self.run_with_catalogue(batch).await.map_err(StorageError::from)?;
        let recorded = results.all(&recorded)?;
        match results.first(&known)? {
            Some((mut license, activation)) => {
                let is_storefronts = license.storefront_key_id.is_some();
                let Some(mut of_buyer) = results.first(&of_buyer)? else { return Err(ActivateError::NotFound) };
                if is_storefronts && license.standing(self.now()) == Standing::Expired {
                    let verified = self.ask_issuer(&license, &Wish::Kept(Vec::new())).await?;
                    license.expires_at = verified.issued.and_then(|(_, issued, _)| issued.expires_at);
                    of_buyer.ending = ending_of_key(license.expires_at);
                } else {
                    self.usable(&license)?;
                }
                self.view(license, activation, of_buyer, &recorded).await
            }
            None if may_be_storefronts => {
                self.count_unknown_key().await?;
                let verified = self.ask_about_unknown(given, &Wish::Kept(Vec::new())).await?;
                let Some((_, issued, _)) = verified.issued else { return Err(ActivateError::NotFound) };
                let product = verified.product;
                let expires_at = issued.expires_at.or_else(|| product.expiry_from(self.now()));
                Ok(LicenseView {
                    key: issued.key,
                    product: product.name.clone(),
                    tier: product.tier.clone(),
                    status: LicenseStatus::Active,
                    expires_at,
                    issued_at: None,
                    ending: ending_of_key(expires_at),
                    moves_from: None,
                    test: issued.test.unwrap_or_default(),
                    activation: None,
                    checkout_login: None,
                    mail_returned: false,
                    proof: product.proof,
                    repos: not_activated(&product),
                    choose: product.choose,
                })
            }
            None => Err(ActivateError::NotFound),
        }
    }

    /// What the license of a key was for, since when it is not good and where it is renewed, for whoever was told with this refusal that it
    /// is not. `None` of a license that is, or of which only its storefront knows why it is not, and where the database does not say.
    pub async fn over(&self, key: &PresentedKey, refusal: &ActivateError) -> Option<Over> {
        let (PresentedKey::Minted(key) | PresentedKey::Storefront(key)) = key else { return None };
        let mut batch = Batch::new();
        let known = batch.add(activations::known_license(key));
        let of_buyer = batch.add(licenses::of_buyer(key, moves::BUYER));
        let results = self.run_with_catalogue(batch).await.ok()?;
        let ((license, _), of_buyer) = (results.first(&known).ok()??, results.first(&of_buyer).ok()??);
        let standing = license.standing(self.now());
        let since = match (standing, refusal) {
            (Standing::Expired, ActivateError::Expired) => license.ends_at,
            (Standing::Suspended, ActivateError::Suspended)
            | (Standing::Disabled, ActivateError::Disabled)
            | (Standing::Revoked, ActivateError::Revoked) => of_buyer.status_since,
            _ => return None,
        };
        Some(Over { standing, since, renewal: self.renewal_of(&license) })
    }

    /// The same of a license that is at hand.
    pub(super) fn renewal_of(&self, license: &License) -> Renewal {
        let catalogue = self.catalogue();
        let product = catalogue.find(license.section, &license.bought);
        let name = product.map_or_else(|| license.bought.product_id.as_str(), |product| &product.name);
        let url = product.and_then(|product| product.renew_url.as_ref()).map(|url| url.as_str().to_owned());
        Renewal { product: name.to_owned(), url }
    }

    /// Whose a username is, for who shows the key of a good license: nobody else has anything asked of GitHub.
    ///
    /// # Errors
    /// [`ActivateError`]: why the license could not be activated for that one.
    pub async fn look_up_account(&self, key: &PresentedKey, login: &Login) -> Result<Profile, ActivateError> {
        let view = self.view_license(key).await?;
        let offered = view.choose.as_ref().and_then(|choice| choice.from.first());
        self.profile(login, view.repos.first().map(|(repo, _)| repo).or(offered)).await
    }

    async fn view(
        &self,
        license: License,
        activation: Option<Activation>,
        of_buyer: OfBuyer,
        recorded: &[Recorded],
    ) -> Result<LicenseView, ActivateError> {
        let (product, proof, choose, repos) = match &activation {
            Some(activation) => {
                let catalogue = self.catalogue();
                let product = catalogue.find(license.section, &license.bought);
                let name = product.map_or_else(|| license.bought.product_id.as_str(), |product| &product.name);
                let told = |repo: &Repo| self.told(repo, recorded.iter().find(|recorded| recorded.repo == *repo));
                let repos = activation.repos.iter().map(|repo| (repo.clone(), told(repo))).collect();
                (name.to_owned(), ProofRule::Optional, None, repos)
            }
            None => {
                let product = self.mapped(license.section, &license.bought).await?;
                let repos = not_activated(&product);
                (product.name, product.proof, product.choose, repos)
            }
        };
        Ok(LicenseView {
            key: license.key,
            product,
            tier: license.tier,
            status: license.status,
            expires_at: license.expires_at,
            issued_at: Some(of_buyer.issued_at),
            ending: of_buyer.ending,
            moves_from: of_buyer.moved_at.map(moves::again_at).filter(|again_at| *again_at > self.now()),
            test: license.test,
            activation,
            checkout_login: of_buyer.checkout_login,
            mail_returned: of_buyer.mail_returned,
            proof,
            choose,
            repos,
        })
    }

    fn told(&self, repo: &Repo, recorded: Option<&Recorded>) -> RepoView {
        let Some(recorded) = recorded else { return RepoView::Queued { until: None } };
        match (recorded.state, recorded.until) {
            (GrantState::Invited, Some(expires_at)) if expires_at > self.now() => {
                RepoView::Invited { accept_url: github::accept_url(&self.config().github.web_url, repo), expires_at }
            }
            (GrantState::Invited, _) | (GrantState::Expired, _) => RepoView::Expired,
            (GrantState::Member, _) => RepoView::Member,
            (GrantState::Declined, _) => RepoView::Declined,
            (GrantState::Blocked, _) => RepoView::Blocked { by: recorded.blocked_by.unwrap_or(Hindrance::Seller) },
            (GrantState::RemovedByHand, _) => RepoView::RemovedByHand,
            (GrantState::Pending | GrantState::Waiting | GrantState::Revoking | GrantState::Revoked, _) => {
                RepoView::Queued { until: recorded.next_attempt_at }
            }
        }
    }
}

/// How a license ends whose storefront alone knows it.
fn ending_of_key(expires_at: Option<Timestamp>) -> Ending {
    match expires_at {
        Some(expires_at) => Ending::Expires { expires_at, ends_at: Some(expires_at) },
        None => Ending::Never,
    }
}

/// What every buyer of a product gets.
fn not_activated(product: &Product) -> Vec<(Repo, RepoView)> {
    product.repos.iter().map(|repo| (repo.clone(), RepoView::NotActivated)).collect()
}
