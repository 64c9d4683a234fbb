//! What an operator changes about a license, each with its row of `admin_actions`.
//!
//! The row comes first in its batch, only where the change is one, and everything after it happens only where it is there.
//! What follows from a change of status is in [`super::licenses::apply_order_facts`].

use super::batch::Query;
use super::grants::Moment;
use super::statement::{query, statement};
use super::{LicenseSelector, grants};
use crate::model::{AdminAction, GithubAccount, LicenseKey, Timestamp, TraceId};
use crate::platform::{Row, RowError, Statement};

/// A license after an action.
#[derive(Debug, Clone, Copy)]
pub struct LicenseAfter {
    /// The action took effect.
    pub acted: bool,
    pub minted: bool,
    pub active: bool,
    /// It has an address to mail to, which was not erased.
    pub has_address: bool,
    pub bound: bool,
}

/// Revokes a license by the operator's word. [`super::licenses::apply_order_facts`] has to follow in the same batch.
pub fn revoke(key: &LicenseKey, action: &AdminAction, now: Timestamp, trace: &TraceId) -> [Statement; 2] {
    let AdminAction { id: action_id, reason, actor } = action;
    [
        statement!("actions/record_revocation", key, action_id, reason, actor, now, trace),
        statement!("actions/revoke", key, action_id),
    ]
}

/// Sets aside whatever keeps a license from being active. [`super::licenses::apply_order_facts`] has to follow in the same batch.
pub fn reinstate(key: &LicenseKey, action: &AdminAction, now: Timestamp, trace: &TraceId) -> [Statement; 2] {
    let AdminAction { id: action_id, reason, actor } = action;
    [
        statement!("actions/record_reinstatement", key, action_id, reason, actor, now, trace),
        statement!("actions/reinstate", key, action_id),
    ]
}

/// Binds a good license that is bound already to another account. The old account loses what nothing else of its own opens,
/// and the new one is to have it.
pub fn transfer(
    key: &LicenseKey,
    to: &GithubAccount,
    action: &AdminAction,
    moment: Moment,
    trace: &TraceId,
) -> [Statement; 6] {
    let AdminAction { id: action_id, reason, actor } = action;
    let (user_id, login) = (to.id, &to.login);
    let Moment { now, test_licenses: allow_test } = moment;
    let enqueue = || grants::enqueue_changed(LicenseSelector::License(key), now, trace);
    [
        statement!("actions/record_transfer", key, action_id, reason, actor, now, trace, user_id, login),
        statement!("actions/release_grants", key, action_id, user_id, now, allow_test),
        enqueue(),
        statement!("actions/transfer", key, action_id, user_id, login),
        statement!("actions/want_grants", key, action_id, now, allow_test),
        enqueue(),
    ]
}

/// Enqueues the mail of a minted, active license once more.
pub fn resend(key: &LicenseKey, action: &AdminAction, now: Timestamp, trace: &TraceId) -> [Statement; 2] {
    let AdminAction { id: action_id, reason, actor } = action;
    [
        statement!("actions/record_resending", key, action_id, reason, actor, now, trace),
        statement!("actions/enqueue_mail_again", key, action_id, now, trace),
    ]
}

/// Reads the license after an action in the same batch.
pub fn license_after(key: &LicenseKey, action: &AdminAction) -> Query<LicenseAfter> {
    query!("actions/license_after", LicenseAfter::read, key, action_id = &action.id)
}

impl LicenseAfter {
    fn read(row: &Row) -> Result<Self, RowError> {
        Ok(Self {
            acted: row.integer("acted")? == 1,
            minted: row.integer("minted")? == 1,
            active: row.integer("active")? == 1,
            has_address: row.integer("has_address")? == 1,
            bound: row.integer("bound")? == 1,
        })
    }
}
