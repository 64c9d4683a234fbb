//! `license_activations` and `entitlements`: the one identity that each license is bound to, and what it opens.

use super::batch::Query;
use super::grants::Moment;
use super::statement::{query, statement};
use crate::api::codes::Proof;
use crate::json::Json;
use crate::model::{
    Activation, GithubAccount, GithubLogin, GithubUserId, License, LicenseKey, LicenseStatus, Permission, ProductRef,
    Repo, Source, StorefrontId, TraceId,
};
use crate::platform::{Row, RowError, Statement};

/// What is to be bound.
#[derive(Debug)]
pub struct Binding<'a> {
    pub key: &'a LicenseKey,
    pub account: &'a GithubAccount,
    pub repos: &'a [Repo],
    /// Those of them that the buyer preferred to others.
    pub chosen: &'a [Repo],
    pub permission: Permission,
    pub proof: Proof,
    pub moment: Moment,
    pub trace: &'a TraceId,
}

/// A license and what it is bound to, if it is.
pub type KnownLicense = (License, Option<Activation>);

/// Reads the license of a key with its activation.
pub fn known_license(key: &LicenseKey) -> Query<KnownLicense> {
    query!("activations/known_license", |row| Ok((License::read(row)?, Activation::read(row)?)), key)
}

/// Binds a good license that is not bound yet. Gives a row when this statement did it.
pub fn bind(binding: &Binding<'_>) -> Query<()> {
    let Binding { key, account, repos, chosen, proof, moment, trace, .. } = binding;
    query!(
        "activations/bind",
        |_| Ok(()),
        key = *key,
        login = &account.login,
        user_id = account.id,
        repos = super::json_text(repos),
        chosen = super::json_text(chosen),
        proof = proof.as_str(),
        now = moment.now,
        allow_test = moment.test_licenses,
        trace = *trace,
    )
}

/// Records what a license opens, if it is bound to that account.
pub fn record_entitlements(binding: &Binding<'_>) -> Statement {
    let Binding { key, account, permission, .. } = binding;
    statement!("activations/record_entitlements", key = *key, user_id = account.id, permission = *permission)
}

/// Notes that the account that a license is bound to was signed in with.
pub fn prove(key: &LicenseKey, account: GithubUserId) -> Statement {
    note_proof(key, account, Proof::SignedIn)
}

/// Notes how it is known whose the account is that a license is bound to by now.
pub(super) fn note_proof(key: &LicenseKey, account: GithubUserId, proof: Proof) -> Statement {
    statement!("activations/prove", key, user_id = account, proof = proof.as_str())
}

impl License {
    /// # Errors
    /// When the row is not as the schema promises.
    pub fn read(row: &Row) -> Result<Self, RowError> {
        Ok(Self {
            key: LicenseKey::from_record(row.text("license_key")?).map_err(|_| RowError("license_key"))?,
            section: Source::parse(row.text("section")?).ok_or(RowError("section"))?,
            storefront_key_id: Some(row.text("storefront_key_id")?).filter(|id| !id.is_empty()).map(str::to_owned),
            bought: read_product_ref(row)?,
            tier: row.text("tier")?.to_owned(),
            status: LicenseStatus::from_name(row.text("status")?).ok_or(RowError("status"))?,
            test: row.integer("test")? == 1,
            expires_at: row.optional_time("expires_at")?,
            ends_at: row.optional_time("ends_at")?,
            key_disabled: row.integer("key_disabled")? == 1,
        })
    }
}

impl Activation {
    /// `None` where the license is not bound.
    ///
    /// # Errors
    /// When the row is not as the schema promises.
    pub fn read(row: &Row) -> Result<Option<Self>, RowError> {
        if row.is_null("github_username") {
            return Ok(None);
        }
        let repos = Json::parse(row.text("repos")?.as_bytes()).map_err(|_| RowError("repos"))?;
        let names = repos.root().as_list().map_err(|_| RowError("repos"))?;
        let repos = names.iter().map(|name| Repo::parse(name.root().as_text().unwrap_or_default()));
        Ok(Some(Self {
            login: GithubLogin::parse(row.text("github_username")?).map_err(|_| RowError("github_username"))?,
            user_id: GithubUserId::new(row.integer("github_user_id")?).ok_or(RowError("github_user_id"))?,
            repos: repos.collect::<Result<_, _>>().map_err(|_| RowError("repos"))?,
            bound_at_checkout: row.optional_time("bound_at_checkout_at")?,
        }))
    }
}

/// What was bought, from the columns `product_id` and `variant_id`.
pub(super) fn read_product_ref(row: &Row) -> Result<ProductRef, RowError> {
    Ok(ProductRef {
        product_id: StorefrontId::parse(row.text("product_id")?).ok_or(RowError("product_id"))?,
        variant_id: read_variant(row)?,
    })
}

/// The column `variant_id`.
pub(super) fn read_variant(row: &Row) -> Result<Option<StorefrontId>, RowError> {
    let variant = row.optional_text("variant_id")?;
    variant.map(|id| StorefrontId::parse(id).ok_or(RowError("variant_id"))).transpose()
}
