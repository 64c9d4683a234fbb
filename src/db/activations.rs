//! `license_activations`: the one identity that each license is bound to.

use super::Sql;
use crate::defect::{self, Defect};
use crate::json::Json;
use crate::model::{
    Activation, GithubAccount, GithubLogin, GithubUserId, License, LicenseKey, LicenseKind, LicenseStatus, Permission,
    ProductRef, Repo, Storefront, Timestamp, TraceId,
};
use crate::platform::{Row, RowError, Statement};

pub(super) const ALL: &[Sql] = &[KNOWN_LICENSE, BIND];

const KNOWN_LICENSE: Sql = Sql {
    name: "known_license",
    text: "SELECT l.license_key, l.kind, l.source, l.product_id, l.variant_id, l.tier, l.status, l.test, l.expires_at,
                  a.github_username, a.github_user_id, a.repos, a.permission
           FROM licenses l LEFT JOIN license_activations a ON a.license_key = l.license_key
           WHERE l.license_key = ?1",
};

/// The primary key lets one identity win, and the license must still be good at this very moment.
const BIND: Sql = Sql {
    name: "bind",
    text: "INSERT INTO license_activations (license_key, github_username, github_user_id, repos, permission,
                                            activated_at, trace_id)
           SELECT l.license_key, ?2, ?3, ?4, ?5, ?6, ?7 FROM licenses l
           WHERE l.license_key = ?1 AND l.status = 'active' AND (l.expires_at IS NULL OR l.expires_at > ?6)
           ON CONFLICT (license_key) DO NOTHING
           RETURNING license_key",
};

/// For a mistake on purpose.
const BIND_OVER: Sql = Sql {
    name: "bind",
    text: "INSERT INTO license_activations (license_key, github_username, github_user_id, repos, permission,
                                            activated_at, trace_id)
           SELECT l.license_key, ?2, ?3, ?4, ?5, ?6, ?7 FROM licenses l
           WHERE l.license_key = ?1 AND l.status = 'active' AND (l.expires_at IS NULL OR l.expires_at > ?6)
           ON CONFLICT (license_key) DO UPDATE SET
             github_user_id = excluded.github_user_id, github_username = excluded.github_username
           RETURNING license_key",
};

/// What is to be bound.
#[derive(Debug)]
pub struct Binding<'a> {
    pub key: &'a LicenseKey,
    pub account: &'a GithubAccount,
    pub repos: &'a [Repo],
    pub permission: Permission,
    pub now: Timestamp,
    pub trace: &'a TraceId,
}

/// Reads the license of a key with its activation, as [`License::read`] and [`Activation::read`] expect them.
pub fn known_license(key: &LicenseKey) -> Statement {
    KNOWN_LICENSE.with([key.as_str().into()])
}

/// Binds a good license that is not bound yet. Gives a row when this statement did it.
pub fn bind(binding: &Binding<'_>) -> Statement {
    let names: Vec<&str> = binding.repos.iter().map(Repo::as_str).collect();
    let sql = if defect::is(Defect::BindingOverwrites) { BIND_OVER } else { BIND };
    sql.with([
        binding.key.as_str().into(),
        binding.account.login.as_str().into(),
        binding.account.id.as_i64().into(),
        super::json_text(&names),
        binding.permission.as_str().into(),
        binding.now.into(),
        binding.trace.as_str().into(),
    ])
}

impl License {
    /// # Errors
    /// When the row is not as the schema promises.
    pub fn read(row: &Row) -> Result<Self, RowError> {
        let key = LicenseKey::from_record(row.text("license_key")?).map_err(|_| RowError("license_key"))?;
        Ok(Self {
            key,
            kind: LicenseKind::from_name(row.text("kind")?).ok_or(RowError("kind"))?,
            storefront: Storefront::from_name(row.text("source")?).ok_or(RowError("source"))?,
            bought: ProductRef {
                product_id: row.text("product_id")?.to_owned(),
                variant_id: row.optional_text("variant_id")?.map(str::to_owned),
            },
            tier: row.text("tier")?.to_owned(),
            status: LicenseStatus::from_name(row.text("status")?).ok_or(RowError("status"))?,
            test: row.integer("test")? == 1,
            expires_at: row.optional_integer("expires_at")?.map(Timestamp::from_millis),
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
            permission: Permission::from_name(row.text("permission")?).ok_or(RowError("permission"))?,
        }))
    }
}
