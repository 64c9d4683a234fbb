//! Licenses, and to whom each is bound.

use super::{Read, code, flag, json, optional_code, optional_text, page, rows_for, text};
use crate::api::codes::Proof;
use crate::api::licenses::{ActivationItem, LicenseItem, LicensesRequest, MailReturnedItem};
use crate::api::values::{AccountFilter, KeyFilter, OrderFilter};
use crate::api::{Cursor, Page};
use crate::db::batch::{Batch, Query};
use crate::db::statement::query;
use crate::model::{BuyerEmail, LicenseStatus, MailFate};
use crate::platform::{Row, RowError};

/// A page of licenses, in the order of their keys.
pub fn list(request: &LicensesRequest) -> Read<Page<LicenseItem>> {
    let LicensesRequest { limit, cursor, email, order, key, github } = request;
    let limit = *limit;
    let cursor = cursor.as_ref().map(Cursor::as_str);
    let email = email.as_ref().map(BuyerEmail::as_str).map(str::to_ascii_lowercase);
    let order_id = order.as_ref().map(OrderFilter::as_str);
    let key = key.as_ref().map(KeyFilter::as_str);
    let github = github.as_ref().map(AccountFilter::as_str);
    let count = rows_for(limit);
    let with_cursor = |row: &Row| Ok((text(row, "license_key")?, read(row)?));
    let mut batch = Batch::new();
    let found = batch.add(if email.is_none() && order_id.is_none() && key.is_none() && github.is_none() {
        query!("reads/licenses/page", with_cursor, cursor, count)
    } else {
        query!("reads/licenses/found", with_cursor, cursor, email, order_id, key, github, count)
    });
    Read::new(batch, move |results| Ok(page(results.all(&found)?, limit, None)))
}

/// Every license of the orders of these deliveries and licenses.
pub(super) fn known(events: &str, licenses: &str) -> Query<LicenseItem> {
    query!("reads/licenses/known", read, events, licenses)
}

fn read(row: &Row) -> Result<LicenseItem, RowError> {
    let activation = || {
        Ok(ActivationItem {
            github_username: text(row, "github_username")?,
            github_user_id: row.integer("github_user_id")?,
            repos: json(row, "repos")?,
            proof: code(row, "proof", Proof::from_name)?,
            activated_at: row.time("activated_at")?,
        })
    };
    Ok(LicenseItem {
        license_key: text(row, "license_key")?,
        source: text(row, "source")?,
        order_id: text(row, "order_id")?,
        line: row.integer("line")?,
        storefront_key_id: Some(text(row, "storefront_key_id")?).filter(|id| !id.is_empty()),
        product_id: text(row, "product_id")?,
        variant_id: optional_text(row, "variant_id")?,
        tier: text(row, "tier")?,
        email: text(row, "email")?,
        name: text(row, "name")?,
        status: code(row, "status", LicenseStatus::from_name)?,
        revoked_by_operator: flag(row, "revoked_by_operator")?,
        test: flag(row, "test")?,
        issued_at: row.time("issued_at")?,
        expires_at: row.optional_time("expires_at")?,
        event_id: optional_text(row, "event_id")?,
        mail_returned: match optional_code(row, "fate", MailFate::from_name)? {
            Some(fate) => Some(MailReturnedItem { fate, since: row.time("said_at")? }),
            None => None,
        },
        activation: if row.is_null("activated_at") { None } else { Some(activation()?) },
    })
}
