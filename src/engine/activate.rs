//! Activating a license: binding its key for good to one GitHub identity, and inviting that identity.
//!
//! 1. One batch reads the license with its activation and, where it is bound to this login and good, takes its
//!    invitations on lease.
//! 2. Bound to another identity: terminated, with no call to anybody. Bound to this one: the bypass, straight to 5.
//! 3. Otherwise the key is verified, by our own record or by the storefront, and at the same time the login is resolved
//!    at GitHub to its numeric identity.
//! 4. One batch binds, and owes one invitation a repository. The primary key lets one identity win.
//! 5. All repositories are invited to at once; then the answer. What came of it is written down behind the answer.
//!
//! Parsing the request and rate limits are in `http::activate`.

use futures_util::future::join;

use super::alert::tell_once;
use super::invite::{self, RepoStatus};
use super::join::join_all;
use super::{Engine, FollowUp, StorageError};
use crate::adapters::Failure;
use crate::adapters::github::Resolved;
use crate::adapters::lemon_squeezy::license_api::{self, Verdict};
use crate::db::{self, Binding, BoundTo, Concerned, Kind, Lease, Leased};
use crate::defect::{self, Defect};
use crate::model::{
    Activation, ChoiceError, GithubAccount, GithubLogin, IssuedKey, License, LicenseKey, LicenseKind, Login,
    PresentedKey, Product, ProductRef, Repo, Standing, Storefront, Timestamp,
};
use crate::platform::{DbError, Level, Limit, LogValue, Outcome, Platform};

/// What a caller asks for.
#[derive(Debug)]
pub struct Activate {
    pub key: PresentedKey,
    pub login: Login,
    /// The buyer's preference among the product's choice.
    pub repos: Option<Vec<Repo>>,
}

/// What a caller gets.
#[derive(Debug)]
pub struct Activated {
    /// The license was bound to this identity before.
    pub already: bool,
    pub product: String,
    pub tier: String,
    pub expires_at: Option<Timestamp>,
    pub login: GithubLogin,
    pub repos: Vec<(Repo, RepoStatus)>,
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
    #[error("repos {0}")]
    Choice(#[from] ChoiceError),
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
struct Verified {
    product: &'static Product,
    repos: Vec<Repo>,
    /// What the storefront said, to be recorded with the binding.
    issued: Option<(Storefront, IssuedKey)>,
    key: LicenseKey,
}

/// Which repositories are to be opened.
enum Wish<'a> {
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

/// A license that is bound to the caller, whose invitations the caller has on lease.
struct Opened {
    already: bool,
    license: License,
    activation: Activation,
    lease: Lease,
    owed: Leased,
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
                    ActivateError::Upstream(failure) => self.owe_failure(failure),
                    _ => None,
                };
                (Err(error), alert.map(|alert| FollowUp::Record(vec![alert])))
            }
        }
    }

    /// Steps 1 to 4.
    async fn open(&self, request: &Activate) -> Result<Opened, ActivateError> {
        let key = match &request.key {
            PresentedKey::Minted(key) | PresentedKey::Storefront(key) => key,
            PresentedKey::Mistyped => return Err(ActivateError::NotFound),
        };
        let (known, lease, owed) = self.look_up(key, &request.login).await?;
        let license = match known {
            Some((license, Some(activation))) => {
                if !matches!(&request.login, Login::Plausible(login) if *login == activation.login) {
                    return Err(ActivateError::BoundToAnother);
                }
                // Only the storefront knows whether a key of its own was renewed.
                let renewable =
                    license.kind == LicenseKind::Storefront && license.standing(self.now()) == Standing::Expired;
                if !renewable {
                    self.usable(&license)?;
                    return Ok(Opened { already: true, license, activation, lease, owed });
                }
                Some((license, Some(activation)))
            }
            unbound => unbound,
        };
        let (license, activation) = license.unzip();
        let earlier = activation.flatten().map(|activation| activation.repos);
        let (verified, account) = self.verify(request, key, license, earlier).await?;
        self.bind(verified, &account).await
    }

    /// Step 1.
    async fn look_up(
        &self,
        key: &LicenseKey,
        login: &Login,
    ) -> Result<(Option<(License, Option<Activation>)>, Lease, Leased), ActivateError> {
        let lease = self.lease().map_err(StorageError::from)?;
        let now = self.now();
        let mut statements = vec![db::known_license(key)];
        if let Login::Plausible(login) = login {
            let test_opens = self.config.allow_test_licenses;
            let caller = BoundTo::Login(login);
            statements.push(db::owe_invitations(key, caller, now, &lease, &self.trace, test_opens));
            statements.push(self.leased(&lease, now));
        }
        let outcomes = self.batch(statements).await?;
        let known = read_known(&outcomes, 0)?;
        let owed = if outcomes.len() > 1 { Leased::read(&outcomes, 2)? } else { Leased::default() };
        Ok((known, lease, owed))
    }

    /// Step 3: the key and the login, at the same time.
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
            (Some(license), _) if license.kind == LicenseKind::Minted => {
                self.usable(&license)?;
                let product = self.mapped(license.storefront, &license.bought).await?;
                let repos = wish.repos_of(product)?;
                let verified = Verified { product, repos, issued: None, key: license.key };
                Ok((verified, self.resolve(&request.login).await?))
            }
            (None, PresentedKey::Minted(_) | PresentedKey::Mistyped) => Err(ActivateError::NotFound),
            (license, _) => {
                if let Some(license) = &license {
                    match license.standing(self.now()) {
                        Standing::Good | Standing::Expired => {}
                        bad => require_good(bad)?,
                    }
                }
                // A stranger who tries keys must not use up what the storefront lets us ask for our buyers.
                if license.is_none() && !self.platform.within_limit(Limit::LicenseApi, "unknown keys").await {
                    return Err(ActivateError::TooManyUnknown);
                }
                let (verified, account) = join(self.ask_storefront(key, &wish), self.resolve(&request.login)).await;
                Ok((verified?, account?))
            }
        }
    }

    /// Lemon Squeezy's word on a key: the one storefront whose own keys open something.
    async fn ask_storefront(&self, key: &LicenseKey, wish: &Wish<'_>) -> Result<Verified, ActivateError> {
        const STOREFRONT: Storefront = Storefront::LemonSqueezy;
        if self.config.lemon_squeezy.store_id.is_none() {
            return Err(ActivateError::NotFound);
        }
        let verdict = license_api::validate(&self.platform, &self.config.lemon_squeezy, key).await;
        let issued = match verdict.map_err(ActivateError::Upstream)? {
            Verdict::Valid(issued) => issued,
            Verdict::Disabled => return Err(ActivateError::Disabled),
            Verdict::Expired => return Err(ActivateError::Expired),
            Verdict::Unknown => return Err(ActivateError::NotFound),
            Verdict::WrongStore => return Err(ActivateError::WrongStore),
        };
        let product = self.mapped(STOREFRONT, &issued.bought).await?;
        if product.license == LicenseKind::Minted {
            // The sale has its license, with a key of ours: the storefront's beside it would be a second one.
            return Err(ActivateError::NotFound);
        }
        if issued.test && !self.config.allow_test_licenses {
            return Err(ActivateError::TestMode);
        }
        let repos = wish.repos_of(product)?;
        Ok(Verified { product, repos, key: issued.key.clone(), issued: Some((STOREFRONT, issued)) })
    }

    async fn resolve(&self, login: &Login) -> Result<GithubAccount, ActivateError> {
        let Login::Plausible(login) = login else {
            return Err(ActivateError::NotInvitable("an enterprise-managed account"));
        };
        let github = self.github().map_err(ActivateError::Upstream)?;
        match github.resolve(&self.platform, login).await.map_err(ActivateError::Upstream)? {
            Resolved::Account(account) => Ok(account),
            Resolved::NotFound => Err(ActivateError::UserNotFound),
            Resolved::NotInvitable(what) => Err(ActivateError::NotInvitable(what)),
        }
    }

    /// Step 4.
    async fn bind(&self, verified: Verified, account: &GithubAccount) -> Result<Opened, ActivateError> {
        let Verified { product, repos, issued, key } = verified;
        let now = self.now();
        let lease = self.lease().map_err(StorageError::from)?;
        let mut statements = Vec::new();
        if let Some((storefront, issued)) = &issued {
            statements.push(db::record_verified_key(*storefront, issued, product, now));
            statements.push(db::restand(Concerned::License(&key)));
        }
        let first = statements.len();
        let permission = product.permission;
        let binding = Binding { key: &key, account, repos: &repos, permission, now, trace: &self.trace };
        let caller = BoundTo::Id(account.id);
        statements.extend([
            db::bind(&binding),
            db::owe_invitations(&key, caller, now, &lease, &self.trace, self.config.allow_test_licenses),
            db::known_license(&key),
            self.leased(&lease, now),
        ]);
        if defect::is(Defect::InvitedAfterBinding) {
            self.batch(vec![db::bind(&binding)]).await?;
        }
        let outcomes = self.batch(statements).await?;
        let won = outcomes.get(first).is_some_and(|bound| !bound.rows.is_empty());
        let owed = Leased::read(&outcomes, first + 3)?;
        match read_known(&outcomes, first + 2)? {
            Some((license, Some(activation))) if activation.user_id == account.id => {
                self.usable(&license)?;
                if won {
                    self.log(Level::Info, "license_bound", [("license", (&license.key).into())]);
                }
                Ok(Opened { already: !won, license, activation, lease, owed })
            }
            Some((_, Some(_))) => Err(ActivateError::BoundToAnother),
            // It was good a moment ago: an operator or the clock was faster.
            Some((license, None)) => Err(self.usable(&license).err().unwrap_or(ActivateError::NotFound)),
            None => Err(ActivateError::NotFound),
        }
    }

    /// Step 5.
    async fn invite_all(&self, opened: Opened) -> (Result<Activated, ActivateError>, Option<FollowUp>) {
        let Opened { already, license, activation, lease, owed } = opened;
        let lease = &lease;
        let tries = owed.due.iter().map(|due| async move {
            match &due.kind {
                Kind::Invitation(facts) => Some((due, facts, self.invite(facts, lease).await)),
                Kind::LicenseMail(_) | Kind::Removal(_) => None,
            }
        });
        let results: Vec<_> = join_all(tries).await.into_iter().flatten().collect();
        // In the order of the activation. One whose row cannot be read was not tried, and is still owed.
        let told = |repo: &Repo| match results.iter().find(|(_, facts, _)| facts.repo == *repo) {
            Some((_, _, result)) => invite::status(result),
            None => Some(RepoStatus::Queued),
        };
        let repos: Option<Vec<_>> = activation.repos.iter().map(|repo| Some((repo.clone(), told(repo)?))).collect();
        let mut record: Vec<_> = results
            .into_iter()
            .flat_map(|(due, _, result)| self.conclude(due, lease, invite::settled(result)).0)
            .collect();
        record.extend(owed.unreadable.iter().map(|(id, error)| self.bury(*id, lease, error)));
        tell_once(&mut record);
        let product = self.catalogue.find(license.storefront, &license.bought);
        let activated = repos.ok_or(ActivateError::BoundToAnother).map(|repos| Activated {
            already,
            product: product.map_or_else(|| license.bought.product_id.clone(), |product| product.name.to_owned()),
            tier: license.tier,
            expires_at: license.expires_at,
            login: activation.login,
            repos,
        });
        (activated, Some(FollowUp::Record(record)))
    }

    /// Whether a license opens anything, by our own record.
    fn usable(&self, license: &License) -> Result<(), ActivateError> {
        require_good(license.standing(self.now()))?;
        if license.test && !self.config.allow_test_licenses { Err(ActivateError::TestMode) } else { Ok(()) }
    }

    /// The product of a good license. One that the catalogue does not know is recorded for the seller.
    async fn mapped(&self, storefront: Storefront, bought: &ProductRef) -> Result<&'static Product, ActivateError> {
        if let Some(product) = self.catalogue.find(storefront, bought) {
            return Ok(product);
        }
        self.batch(vec![db::record_unmapped(storefront, bought, self.now())]).await?;
        self.log(
            Level::Error,
            "product_not_mapped",
            [("source", storefront.into()), ("product", LogValue::text(bought.product_id.as_str()))],
        );
        Err(ActivateError::NotMapped)
    }
}

fn require_good(standing: Standing) -> Result<(), ActivateError> {
    match standing {
        Standing::Good => Ok(()),
        Standing::Expired => Err(ActivateError::Expired),
        Standing::Suspended => Err(ActivateError::Suspended),
        Standing::Revoked => Err(ActivateError::Revoked),
    }
}

fn read_known(outcomes: &[Outcome], statement: usize) -> Result<Option<(License, Option<Activation>)>, ActivateError> {
    let mut known = db::rows(outcomes, statement, |row| Ok((License::read(row)?, Activation::read(row)?)))?;
    Ok(known.pop())
}
