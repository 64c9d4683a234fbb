//! Activating a license: binding its key for good to one GitHub identity, and inviting that identity.
//!
//! 1. One batch reads the license with its activation and, where it is bound to this login and good, leases its grants.
//! 2. Bound to another identity: terminated, with no call to anybody; but for a day after it was bound to an account that was only
//!    given at the checkout, whoever has the key may say that it is another one. Bound to this one: the bypass, straight to 5.
//! 3. Otherwise the key is verified, by our own record or by the storefront, and at the same time the login is resolved
//!    at GitHub to its numeric identity.
//! 4. One batch binds, records what the license opens, and leases a grant a repository. The primary key lets one identity
//!    win.
//! 5. All repositories are invited to at once; then the answer. What came of it is written down behind the answer.
//!
//! The catalogue is as new as step 1, which learns of a newer one. Between steps 1 and 4 the operator may change it once
//! more: then this activation is as good as one that came just before the change, and what it was bound with stays.
//!
//! Parsing the request and rate limits are in `http::activate`.

use futures_util::future::{join, join_all};

use super::grants::{RepoStatus, first_repo};
use super::moves::{Moved, Occasion};
use super::{Engine, FollowUp, StorageError};
use crate::adapters::Failure;
use crate::adapters::github::{self, Profile, Resolved};
use crate::adapters::storefronts::Verdict;
use crate::api::codes::Proof;
use crate::db::activations::{self, Binding, KnownLicense};
use crate::db::grants::{self, BoundTo, DueGrant, Recorded};
use crate::db::outbox::{Lease, Leased};
use crate::db::{Batch, Handle, Results, licenses, storefront_keys};
use crate::model::catalogue::ProofRule;
use crate::model::{
    Activation, ChoiceError, GithubAccount, GithubLogin, GithubUserId, IssuedKey, License, LicenseKey, LicenseKind,
    Login, PresentedKey, Product, ProductRef, Repo, Source, Standing, TestLicenses, Timestamp,
};
use crate::platform::{DbError, Level, LogValue, Platform};

/// What a caller asks for.
#[derive(Debug)]
pub struct Activate {
    pub key: PresentedKey,
    pub claimed: Claimed,
    /// The buyer's preference among the product's choice.
    pub repos: Option<Vec<Repo>>,
}

/// Whose the caller claims to be, and how that is known.
#[derive(Debug, Clone)]
pub enum Claimed {
    /// Somebody has given this username, which may be anybody's.
    Typed(Login),
    /// The same at the checkout, before there was a license.
    AtCheckout(GithubLogin),
    /// GitHub has said a moment ago that this account is signed in. It is known by its number, whatever login it has.
    SignedIn(GithubAccount),
}

/// What a caller gets.
#[derive(Debug)]
pub struct Activated {
    pub binding: Bound,
    /// As it was issued.
    pub key: LicenseKey,
    pub product: String,
    pub tier: String,
    pub expires_at: Option<Timestamp>,
    pub login: GithubLogin,
    /// GitHub's number of the account.
    pub account: GithubUserId,
    pub repos: Vec<(Repo, RepoStatus)>,
}

/// When a license was bound to its identity.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Bound {
    Now,
    Before,
}

/// Why nothing was activated.
#[derive(Debug, Clone, PartialEq, Eq, thiserror::Error)]
pub enum ActivateError {
    #[error("the license belongs to another identity")]
    BoundToAnother,
    #[error("nobody knows the key")]
    NotFound,
    #[error("the license has expired")]
    Expired,
    #[error("the license is revoked")]
    Revoked,
    #[error("the license is suspended")]
    Suspended,
    #[error("the storefront has disabled the key")]
    Disabled,
    #[error("a test-mode license opens nothing here")]
    TestMode,
    #[error("the key is another store's")]
    WrongStore,
    #[error("too many questions about unknown keys")]
    TooManyUnknown,
    #[error("the catalogue does not say what the product opens")]
    NotMapped,
    #[error("the catalogue says that the product opens nothing")]
    OpensNothing,
    #[error("repos {0}")]
    Choice(#[from] ChoiceError),
    #[error("the account has to be signed in with")]
    ProofRequired,
    #[error("no such GitHub user")]
    UserNotFound,
    #[error("{0} cannot be invited")]
    NotInvitable(&'static str),
    #[error("{0}")]
    Upstream(Failure),
    #[error(transparent)]
    Storage(#[from] StorageError),
}

/// A key that is good, with what its license opens for this buyer.
pub(super) struct Verified {
    pub(super) product: Product,
    repos: Vec<Repo>,
    /// What the storefront said, to be recorded with the binding, and when it was asked.
    pub(super) issued: Option<(Source, IssuedKey, Timestamp)>,
    key: LicenseKey,
}

/// Which repositories are to be opened.
pub(super) enum Wish<'a> {
    /// What the license was bound with earlier, whatever the catalogue says now.
    Kept(Vec<Repo>),
    /// The buyer's preference among what the product opens.
    Preference(Option<&'a [Repo]>),
}

impl Wish<'_> {
    fn repos_of(&self, product: &Product) -> Result<Vec<Repo>, ChoiceError> {
        match self {
            Self::Kept(repos) => Ok(repos.clone()),
            Self::Preference(preference) => product.repos_for(*preference),
        }
    }
}

/// What step 1 found.
struct LookedUp {
    known: Option<KnownLicense>,
    access: Access,
}

/// The access that a license claims for the caller.
struct Access {
    lease: Lease,
    /// What of it is on lease, to be tried now.
    leased: Vec<Leased<DueGrant>>,
    /// What is on record of it, for what is not.
    recorded: Vec<Recorded>,
}

/// How [`Access`] is asked for.
struct AccessHandles {
    lease: Lease,
    leased: Handle<Leased<DueGrant>>,
    recorded: Handle<Recorded>,
}

/// A license that is bound to the caller, who has its grants on lease.
struct Opened {
    binding: Bound,
    license: License,
    activation: Activation,
    access: Access,
    /// The account with the login that it has by now, where that was found out.
    resolved: Option<GithubLogin>,
}

impl AccessHandles {
    fn read(self, results: &Results) -> Result<Access, DbError> {
        let Self { lease, leased, recorded } = self;
        Ok(Access { lease, leased: results.all(&leased)?, recorded: results.all(&recorded)? })
    }
}

impl From<DbError> for ActivateError {
    fn from(error: DbError) -> Self {
        Self::Storage(error.into())
    }
}

impl<P: Platform> Engine<P> {
    /// Activates, and gives what is to be written down behind the answer, whatever the answer is.
    pub async fn activate(&self, request: Activate) -> (Result<Activated, ActivateError>, Option<FollowUp>) {
        match self.open(&request).await {
            Ok(opened) => self.invite_all(opened).await,
            Err(error) => {
                let alert = match &error {
                    ActivateError::Upstream(failure) => self.alert_of(failure),
                    _ => None,
                };
                (Err(error), alert.map(|alert| FollowUp::Record(alert.into())))
            }
        }
    }

    /// Steps 1 to 4.
    async fn open(&self, request: &Activate) -> Result<Opened, ActivateError> {
        let key = match &request.key {
            PresentedKey::Minted(key) | PresentedKey::Storefront(key) => key,
            PresentedKey::Mistyped => return Err(ActivateError::NotFound),
        };
        let LookedUp { known, access } = self.look_up(key, &request.claimed).await?;
        let (license, earlier) = match known {
            Some((license, Some(activation))) => {
                // Whose it was that was erased, GitHub's number of the account alone can tell, once more is known of the key.
                let is_nameless = github::is_erased(&activation.login);
                if !is_nameless && !request.claimed.is_of(&activation) {
                    return match request.claimed {
                        Claimed::Typed(_) | Claimed::SignedIn(_) if activation.is_correctable(self.now()) => {
                            self.correct(request, key, license, activation).await
                        }
                        _ => Err(ActivateError::BoundToAnother),
                    };
                }
                // Only the storefront knows whether a key of its own was renewed.
                let renewable =
                    license.storefront_key_id.is_some() && license.standing(self.now()) == Standing::Expired;
                if !renewable {
                    self.usable(&license)?;
                    if !is_nameless {
                        return Ok(Opened { binding: Bound::Before, license, activation, access, resolved: None });
                    }
                }
                (Some(license), Some(activation.repos))
            }
            Some((license, None)) => (Some(license), None),
            None => (None, None),
        };
        let (verified, account) = self.verify(request, key, license, earlier).await?;
        self.bind(verified, &account, request.claimed.proof()).await
    }

    /// Step 4 of a license that is bound to an account that was only given at the checkout: the buyer says that theirs is another one.
    /// It is moved there, and recorded like any transfer. The old account loses what nothing else of its own opens.
    async fn correct(
        &self,
        request: &Activate,
        key: &LicenseKey,
        license: License,
        activation: Activation,
    ) -> Result<Opened, ActivateError> {
        let issued_as = license.key.clone();
        let (_, account) = self.verify(request, key, Some(license), Some(activation.repos)).await?;
        if account.id != activation.user_id {
            let (from, proof) = (activation.user_id, request.claimed.proof());
            match self.move_license(&issued_as, from, &account, proof, Occasion::Correction).await? {
                Moved::Done => {}
                Moved::NotAllowed => return Err(ActivateError::BoundToAnother),
            }
        }
        // Whoever was renamed since is the same.
        let mut batch = Batch::new();
        let access = self.ask_for_access(&mut batch, &issued_as, BoundTo::Id(account.id))?;
        let known = batch.add(activations::known_license(&issued_as));
        let results = self.run(batch).await?;
        match results.first(&known)? {
            Some((license, Some(activation))) if activation.user_id == account.id => {
                self.usable(&license)?;
                let access = access.read(&results)?;
                Ok(Opened { binding: Bound::Now, license, activation, access, resolved: Some(account.login) })
            }
            _ => Err(ActivateError::BoundToAnother),
        }
    }

    /// Step 1.
    async fn look_up(&self, key: &LicenseKey, claimed: &Claimed) -> Result<LookedUp, ActivateError> {
        let mut batch = Batch::new();
        let known = batch.add(activations::known_license(key));
        let access = match claimed {
            Claimed::Typed(Login::Plausible(login)) => {
                Some(self.ask_for_access(&mut batch, key, BoundTo::Login(login))?)
            }
            Claimed::SignedIn(account) => Some(self.ask_for_access(&mut batch, key, BoundTo::Id(account.id))?),
            // Of a license that its buyer has activated, nothing is tried again.
            Claimed::Typed(Login::EnterpriseManaged) | Claimed::AtCheckout(_) => None,
        };
        let results = self.run_with_catalogue(batch).await?;
        let known = results.first(&known)?;
        let access = match access {
            Some(handles) => handles.read(&results)?,
            None => {
                Access { lease: self.lease().map_err(StorageError::from)?, leased: Vec::new(), recorded: Vec::new() }
            }
        };
        Ok(LookedUp { known, access })
    }

    /// Adds what leases the access that a license claims for the caller, or reads what is on record of it.
    fn ask_for_access(
        &self,
        batch: &mut Batch,
        key: &LicenseKey,
        caller: BoundTo<'_>,
    ) -> Result<AccessHandles, StorageError> {
        let lease = self.lease()?;
        let (statements, leased) = grants::lease_requested(key, caller, &lease, self.moment(), &self.trace);
        batch.extend(statements);
        let leased = batch.add(leased);
        Ok(AccessHandles { lease, leased, recorded: batch.add(grants::recorded(key, caller)) })
    }

    /// Step 3: the key, and the login once the key is known to be good, by our own record or by the storefront's word. Whoever
    /// has no good key has nothing asked of GitHub, which takes 5,000 questions an hour from all of us.
    async fn verify(
        &self,
        request: &Activate,
        key: &LicenseKey,
        license: Option<License>,
        earlier: Option<Vec<Repo>>,
    ) -> Result<(Verified, GithubAccount), ActivateError> {
        let wish = match earlier {
            Some(repos) => Wish::Kept(repos),
            None => Wish::Preference(request.repos.as_deref()),
        };
        match (license, &request.key) {
            (Some(license), _) if license.storefront_key_id.is_none() => {
                self.usable(&license)?;
                let product = self.mapped(license.section, &license.bought).await?;
                let repos = wish.repos_of(&product)?;
                require_proof(&product, &request.claimed)?;
                let account = self.resolve(&request.claimed, repos.first()).await?;
                Ok((Verified { product, repos, issued: None, key: license.key }, account))
            }
            (None, PresentedKey::Minted(_) | PresentedKey::Mistyped) => Err(ActivateError::NotFound),
            (Some(license), _) => match license.standing(self.now()) {
                Standing::Good => {
                    let product = self.catalogue().find(license.section, &license.bought).cloned();
                    if let Some(product) = &product {
                        require_proof(product, &request.claimed)?;
                    }
                    let resolved = self.resolve(&request.claimed, product.as_ref().and_then(first_repo));
                    let (verified, account) = join(self.ask_issuer(&license, &wish), resolved).await;
                    Ok((verified?, account?))
                }
                // Only the storefront knows whether it was renewed.
                Standing::Expired => {
                    let verified = self.ask_issuer(&license, &wish).await?;
                    require_proof(&verified.product, &request.claimed)?;
                    let account = self.resolve(&request.claimed, verified.repos.first()).await?;
                    Ok((verified, account))
                }
                bad => Err(require_good(bad).err().unwrap_or(ActivateError::NotFound)),
            },
            (None, PresentedKey::Storefront(_)) => {
                self.count_unknown_key().await?;
                let verified = self.ask_about_unknown(key, &wish).await?;
                require_proof(&verified.product, &request.claimed)?;
                let account = self.resolve(&request.claimed, verified.repos.first()).await?;
                Ok((verified, account))
            }
        }
    }

    /// Counts a question about a key that may be any storefront's, before anybody is asked: a stranger who tries keys must not
    /// use up what the storefronts, or GitHub, let us ask for our buyers.
    pub(super) async fn count_unknown_key(&self) -> Result<(), ActivateError> {
        for (_, unknown_keys) in self.config.storefronts.with_keys() {
            if !self.platform.within_limit(unknown_keys, "unknown keys").await {
                return Err(ActivateError::TooManyUnknown);
            }
        }
        Ok(())
    }

    /// The word of the storefront that issued the key of a license, which is asked about as it was issued.
    pub(super) async fn ask_issuer(&self, license: &License, wish: &Wish<'_>) -> Result<Verified, ActivateError> {
        let storefront = self.config.storefronts.with_keys().find(|(known, _)| known.source() == license.section);
        let Some((storefront, _)) = storefront else { return Err(ActivateError::NotFound) };
        let asked_at = self.now();
        let told = storefront.verify_key(&self.platform, &license.key).await.map_err(ActivateError::Upstream)?;
        self.vouched(license.section, told, asked_at, wish).await
    }

    /// The word of whichever storefront issued a key of which nothing is on record. Storefronts may know a key only in the case
    /// in which they issued it, so each is asked about it as it was typed and then in the others, and each further question is
    /// counted like the first.
    pub(super) async fn ask_about_unknown(&self, key: &LicenseKey, wish: &Wish<'_>) -> Result<Verified, ActivateError> {
        for (nth, spelling) in key.spellings().iter().enumerate() {
            if nth > 0 {
                self.count_unknown_key().await?;
            }
            for (storefront, _) in self.config.storefronts.with_keys() {
                let asked_at = self.now();
                let told = storefront.verify_key(&self.platform, spelling).await.map_err(ActivateError::Upstream)?;
                if told != Verdict::Unknown {
                    return self.vouched(storefront.source(), told, asked_at, wish).await;
                }
            }
        }
        Err(ActivateError::NotFound)
    }

    /// What the word of a storefront that was asked at that time makes of a key.
    async fn vouched(
        &self,
        source: Source,
        told: Verdict,
        asked_at: Timestamp,
        wish: &Wish<'_>,
    ) -> Result<Verified, ActivateError> {
        let issued = match told {
            Verdict::Valid(issued) => *issued,
            Verdict::Disabled => return Err(ActivateError::Disabled),
            Verdict::Expired => return Err(ActivateError::Expired),
            Verdict::WrongStore => return Err(ActivateError::WrongStore),
            Verdict::Unknown => return Err(ActivateError::NotFound),
        };
        let product = self.mapped(source, &issued.bought).await?;
        match product.license {
            LicenseKind::Storefront => {}
            // The sale has its license, with a key of ours: the storefront's beside it would be a second one.
            LicenseKind::Minted => return Err(ActivateError::NotFound),
            LicenseKind::None => return Err(ActivateError::OpensNothing),
        }
        if issued.test == Some(true) && self.config.test_licenses == TestLicenses::OpenNothing {
            return Err(ActivateError::TestMode);
        }
        let repos = wish.repos_of(&product)?;
        Ok(Verified { product, repos, key: issued.key.clone(), issued: Some((source, issued, asked_at)) })
    }

    /// Whose login it is that asks for this repository among others. A buyer's question is asked even while GitHub is left
    /// alone: it is one for each license.
    async fn resolve(&self, claimed: &Claimed, repo: Option<&Repo>) -> Result<GithubAccount, ActivateError> {
        match claimed {
            Claimed::SignedIn(account) => Ok(account.clone()),
            Claimed::Typed(login) => Ok(self.profile(login, repo).await?.account),
            Claimed::AtCheckout(login) => Ok(self.profile(&Login::Plausible(login.clone()), repo).await?.account),
        }
    }

    /// The same with the name that the account shows.
    pub(super) async fn profile(&self, login: &Login, repo: Option<&Repo>) -> Result<Profile, ActivateError> {
        let Login::Plausible(login) = login else {
            return Err(ActivateError::NotInvitable("an enterprise-managed account"));
        };
        let github = self.github(repo).map_err(ActivateError::Upstream)?;
        let (resolved, name) = github.profile(&self.platform, login).await.map_err(ActivateError::Upstream)?;
        match resolved {
            Resolved::Account(account) => Ok(Profile { account, name }),
            Resolved::NotFound => Err(ActivateError::UserNotFound),
            Resolved::NotInvitable(what) => Err(ActivateError::NotInvitable(what)),
        }
    }

    /// Step 4.
    async fn bind(&self, verified: Verified, account: &GithubAccount, proof: Proof) -> Result<Opened, ActivateError> {
        let Verified { product, repos, issued, key } = verified;
        let moment = self.moment();
        let mut batch = Batch::new();
        if let Some((source, issued, asked_at)) = &issued {
            batch.run(storefront_keys::record_verified(*source, issued, *asked_at, moment.now));
            batch.run(licenses::record_issued(*source, issued, &product, moment.now, None));
        }
        let binding = Binding {
            key: &key,
            account,
            repos: &repos,
            chosen: &product.offered_among(&repos),
            permission: product.permission,
            proof,
            moment,
            trace: &self.trace,
        };
        let bound = batch.add(activations::bind(&binding));
        batch.run(activations::record_entitlements(&binding));
        let access = self.ask_for_access(&mut batch, &key, BoundTo::Id(account.id))?;
        let known = batch.add(activations::known_license(&key));
        let results = self.run(batch).await?;
        let won = results.count(&bound)? > 0;
        match results.first(&known)? {
            Some((license, Some(activation))) if activation.user_id == account.id => {
                self.usable(&license)?;
                if won {
                    self.log(Level::Info, "license_bound", [("license", (&license.key).into())]);
                }
                let binding = if won { Bound::Now } else { Bound::Before };
                let resolved = Some(account.login.clone());
                Ok(Opened { binding, license, activation, access: access.read(&results)?, resolved })
            }
            Some((_, Some(_))) => Err(ActivateError::BoundToAnother),
            // It was good a moment ago: an operator or the clock was faster.
            Some((license, None)) => Err(self.usable(&license).err().unwrap_or(ActivateError::NotFound)),
            None => Err(ActivateError::NotFound),
        }
    }

    /// Step 5.
    async fn invite_all(&self, opened: Opened) -> (Result<Activated, ActivateError>, Option<FollowUp>) {
        let Opened { binding, license, activation, access, resolved } = opened;
        let Access { lease, leased, recorded } = access;
        let mut record = Batch::new();
        let mut due = Vec::new();
        for leased in leased {
            match leased {
                Ok(grant) => due.push(grant),
                Err(unreadable) => record.run(self.dead_letter_unreadable(&unreadable, &lease)),
            }
        }
        let by_record = resolved.is_none();
        let present = match resolved {
            Some(login) => Ok(Some(login)),
            None => self.present_for_buyer(&due).await,
        };
        let attempts = join_all(due.iter().map(|grant| self.attempt_for_buyer(grant, &present, &lease))).await;
        let tried: Vec<_> = due.iter().zip(&attempts).collect();
        // In the order of the activation. What was not tried is as it is on record.
        let told = |repo: &Repo| match tried.iter().find(|(grant, _)| grant.repo == *repo) {
            Some((_, attempted)) => attempted.status(),
            None => Some(self.recorded_status(repo, recorded.iter().find(|recorded| recorded.repo == *repo))),
        };
        let repos: Option<Vec<_>> = activation.repos.iter().map(|repo| Some((repo.clone(), told(repo)?))).collect();
        if tried.iter().any(|(grant, attempted)| grant.limits_met > 0 && attempted.is_done()) {
            record.run(grants::resume(self.now()));
        }
        for (grant, attempted) in tried {
            self.conclude_grant(grant, &lease, attempted, &mut record);
        }
        let login = present.ok().flatten().unwrap_or_else(|| activation.login.clone());
        // Whoever has given the account's old username is its owner, unless it is somebody else's by now.
        let before = GithubAccount { id: activation.user_id, login: activation.login.clone() };
        let repos = if by_record && login != before.login && self.is_anothers(&before, activation.repos.first()).await {
            None
        } else {
            repos
        };
        let catalogue = self.catalogue();
        let product = catalogue.find(license.section, &license.bought);
        let activated = repos.ok_or(ActivateError::BoundToAnother).map(|repos| Activated {
            binding,
            key: license.key.clone(),
            product: product
                .map_or_else(|| license.bought.product_id.as_str().to_owned(), |product| product.name.clone()),
            tier: license.tier,
            expires_at: license.expires_at,
            login,
            account: activation.user_id,
            repos,
        });
        (activated, (!record.is_empty()).then_some(FollowUp::Record(record)))
    }

    /// Whether somebody else has an account's login by now, or may have.
    async fn is_anothers(&self, account: &GithubAccount, repo: Option<&Repo>) -> bool {
        match self.github(repo) {
            Ok(github) => github.is_anothers(&self.platform, account).await.unwrap_or(true),
            Err(_) => true,
        }
    }

    /// Whether a license opens anything, by our own record.
    pub(super) fn usable(&self, license: &License) -> Result<(), ActivateError> {
        require_good(license.standing(self.now()))?;
        match self.config.test_licenses {
            TestLicenses::OpenNothing if license.test => Err(ActivateError::TestMode),
            _ => Ok(()),
        }
    }

    /// The product of a good license. One that the catalogue does not know is recorded for the seller.
    pub(super) async fn mapped(&self, source: Source, bought: &ProductRef) -> Result<Product, ActivateError> {
        if let Some(product) = self.catalogue().find(source, bought) {
            return Ok(product.clone());
        }
        self.run(licenses::record_unmapped(source, bought, self.now()).into()).await?;
        self.log(
            Level::Error,
            "product_not_mapped",
            [("source", source.into()), ("product", LogValue::text(bought.product_id.as_str()))],
        );
        Err(ActivateError::NotMapped)
    }
}

/// What was bound before stays bound, however it was proved then; so this is asked where something is about to be bound.
fn require_proof(product: &Product, claimed: &Claimed) -> Result<(), ActivateError> {
    match (product.proof, claimed) {
        (ProofRule::Required, Claimed::Typed(_) | Claimed::AtCheckout(_)) => Err(ActivateError::ProofRequired),
        (ProofRule::Required, Claimed::SignedIn(_)) | (ProofRule::Optional, _) => Ok(()),
    }
}

impl Claimed {
    /// Whether a license is bound to whoever this is.
    fn is_of(&self, activation: &Activation) -> bool {
        match self {
            Self::Typed(Login::Plausible(login)) | Self::AtCheckout(login) => *login == activation.login,
            Self::Typed(Login::EnterpriseManaged) => false,
            Self::SignedIn(account) => account.id == activation.user_id,
        }
    }

    const fn proof(&self) -> Proof {
        match self {
            Self::Typed(_) => Proof::Typed,
            Self::AtCheckout(_) => Proof::Checkout,
            Self::SignedIn(_) => Proof::SignedIn,
        }
    }
}

fn require_good(standing: Standing) -> Result<(), ActivateError> {
    match standing {
        Standing::Good => Ok(()),
        Standing::Expired => Err(ActivateError::Expired),
        Standing::Suspended => Err(ActivateError::Suspended),
        Standing::Disabled => Err(ActivateError::Disabled),
        Standing::Revoked => Err(ActivateError::Revoked),
    }
}
