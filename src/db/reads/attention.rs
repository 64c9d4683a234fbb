//! Who paid and does not have everything, and what is late or failing otherwise.

use super::{Read, code, flag, optional_code, optional_text, page, rows_for, text};
use crate::api::attention::AttentionItem;
use crate::api::codes::{DutyKind, OutboxState, Remedy, SaleState};
use crate::api::{Cursor, Page, PageRequest};
use crate::db::batch::Batch;
use crate::db::statement::query;
use crate::model::{EventReason, MailFate, Timestamp};
use crate::platform::{Row, RowError};

/// A page of it, newest first, as it is at `now`. What has only begun counts from `late` on.
pub fn list(request: &PageRequest, now: Timestamp, late: Timestamp) -> Read<Page<AttentionItem>> {
    let limit = request.limit;
    let mut batch = Batch::new();
    let found = batch.add(query!(
        "reads/attention",
        |row| Ok((text(row, "cursor")?, read(row)?)),
        cursor = request.cursor.as_ref().map(Cursor::as_str),
        now,
        late,
        count = rows_for(limit),
    ));
    Read::new(batch, move |results| Ok(page(results.all(&found)?, limit, None)))
}

fn read(row: &Row) -> Result<AttentionItem, RowError> {
    let kind = code(row, "kind", DutyKind::from_name)?;
    let reason = optional_code(row, "reason", EventReason::from_code)?;
    let dead = optional_code(row, "outbox_state", OutboxState::from_name)? == Some(OutboxState::Dead);
    let expired = flag(row, "expired")?;
    let needs_seller = dead || flag(row, "person_needed")?;
    let state = match kind {
        _ if needs_seller => SaleState::NeedsSeller,
        _ if expired => SaleState::WaitingOnBuyer,
        DutyKind::Grant => SaleState::WaitingOnGithub,
        DutyKind::Delivery
        | DutyKind::LicenseMail
        | DutyKind::ReminderMail
        | DutyKind::InvitationMail
        | DutyKind::RecoveryMail
        | DutyKind::AlertMail => SaleState::InProgress,
    };
    let mail_returned = optional_code(row, "fate", MailFate::from_name)?;
    let remedy = match kind {
        _ if expired => Remedy::InviteAgain,
        _ if !needs_seller => Remedy::None,
        // Another try at the same address would come to the same.
        DutyKind::LicenseMail if mail_returned.is_some_and(|fate| fate != MailFate::Failed) => Remedy::CorrectEmail,
        DutyKind::Delivery if reason == Some(EventReason::UnmappedProduct) => Remedy::MapProduct,
        DutyKind::Delivery if reason == Some(EventReason::PayloadErased) => Remedy::DismissEvent,
        DutyKind::Delivery => Remedy::ReplayEvent,
        DutyKind::LicenseMail
        | DutyKind::ReminderMail
        | DutyKind::InvitationMail
        | DutyKind::RecoveryMail
        | DutyKind::Grant
        | DutyKind::AlertMail => Remedy::RetryOutbox,
    };
    Ok(AttentionItem {
        kind,
        state,
        since: row.time("since")?,
        reason,
        error: optional_text(row, "error")?,
        remedy,
        mail_returned,
        next_attempt_at: row.optional_time("next_attempt_at")?,
        source: optional_text(row, "source")?,
        order_id: optional_text(row, "order_id")?,
        product_id: optional_text(row, "product_id")?,
        email: optional_text(row, "email")?,
        license_key: optional_text(row, "license_key")?,
        event_id: optional_text(row, "event_id")?,
        outbox_id: row.optional_integer("outbox_id")?,
        repo: optional_text(row, "repo")?,
        github_username: optional_text(row, "github_username")?,
    })
}
