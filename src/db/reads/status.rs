//! How the deployment stands.

use super::{Read, code, flag, optional_code, optional_text, text};
use crate::api::codes::{DutyKind, SaleState};
use crate::api::status::{
    CatalogueStatus, DeliveryCounts, LicenseCounts, OldestDue, OutboxCounts, SchemaStatus, SourceStatus, StateCounts,
    Status,
};
use crate::db::batch::Batch;
use crate::db::json_text;
use crate::db::statement::query;
use crate::model::{DAY_MS, LicenseStatus, Timestamp};
use crate::platform::{DbError, Row, RowError};

/// Among how many of the newest is counted what is not in trouble.
const NEWEST: i64 = 1000;

/// What a deployment knows of itself without its database.
#[derive(Debug)]
pub struct Deployment {
    pub version: &'static str,
    /// The newest migration that it was built with.
    pub expected_migration: &'static str,
    /// What of the configuration is missing or wrong.
    pub problems: Vec<String>,
    /// The storefronts that it has.
    pub sources: Vec<String>,
}

/// Deliveries that are alike.
struct Alike {
    state: SaleState,
    license: Option<LicenseStatus>,
    processed: bool,
    number: i64,
}

/// What is counted whole, and what came last.
struct Counts {
    deliveries: DeliveryCounts,
    outbox: OutboxCounts,
    migration: Option<String>,
    catalogue: CatalogueStatus,
    last_cron_at: Option<Timestamp>,
}

/// How a deployment stands now.
pub fn status(deployment: Deployment, now: Timestamp) -> Read<Status> {
    let mut batch = Batch::new();
    let recent = batch.add(query!("reads/status/recent", Alike::read, newest = NEWEST));
    let sources = batch.add(query!(
        "reads/status/sources",
        read_source,
        newest = NEWEST,
        sources = json_text(&deployment.sources),
        found_since = now.plus_millis(-30 * DAY_MS),
    ));
    let counts = batch.add(query!("reads/status/counts", Counts::read, newest = NEWEST));
    let oldest_due = batch.add(query!("reads/status/oldest_due", read_oldest, now));
    Read::new(batch, move |results| {
        let Deployment { version, expected_migration, problems, .. } = deployment;
        let counts = results.first(&counts)?.ok_or_else(|| DbError::Refused("nothing was counted".to_owned()))?;
        let mut status = Status {
            version: version.to_owned(),
            config_problems: problems,
            schema: SchemaStatus { applied: counts.migration, expected: expected_migration.to_owned() },
            catalogue: counts.catalogue,
            sources: results.all(&sources)?,
            deliveries: counts.deliveries,
            outbox: counts.outbox,
            licenses: LicenseCounts::default(),
            sales_by_state: StateCounts::default(),
            counted_newest: NEWEST,
            oldest_due: results.first(&oldest_due)?,
            last_cron_at: counts.last_cron_at,
        };
        for alike in results.all(&recent)? {
            alike.count_in(&mut status);
        }
        Ok(status)
    })
}

impl Alike {
    fn read(row: &Row) -> Result<Self, RowError> {
        Ok(Self {
            state: code(row, "state", SaleState::from_name)?,
            license: optional_code(row, "license_status", LicenseStatus::from_name)?,
            processed: flag(row, "processed")?,
            number: row.integer("number")?,
        })
    }

    fn count_in(&self, status: &mut Status) {
        let states = &mut status.sales_by_state;
        *match self.state {
            SaleState::InProgress => &mut states.in_progress,
            SaleState::WaitingOnBuyer => &mut states.waiting_on_buyer,
            SaleState::WaitingOnGithub => &mut states.waiting_on_github,
            SaleState::Fulfilled => &mut states.fulfilled,
            SaleState::NeedsSeller => &mut states.needs_seller,
            SaleState::Ignored => &mut states.ignored,
        } += self.number;
        let licenses = &mut status.licenses;
        match self.license {
            Some(LicenseStatus::Active) => licenses.active += self.number,
            Some(LicenseStatus::Suspended) => licenses.suspended += self.number,
            Some(LicenseStatus::Revoked) => licenses.revoked += self.number,
            None => {}
        }
        match self.state {
            SaleState::Ignored => status.deliveries.ignored += self.number,
            _ if self.processed => status.deliveries.processed += self.number,
            _ => {}
        }
    }
}

impl Counts {
    fn read(row: &Row) -> Result<Self, RowError> {
        Ok(Self {
            deliveries: DeliveryCounts {
                retrying: row.integer("retrying")?,
                needs_seller: row.integer("stuck")?,
                ..DeliveryCounts::default()
            },
            outbox: OutboxCounts {
                due: row.integer("due")?,
                leased: row.integer("leased")?,
                done: row.integer("done")?,
                dead: row.integer("dead")? + row.integer("dead_alerts")?,
            },
            migration: optional_text(row, "migration")?,
            catalogue: CatalogueStatus {
                version: row.integer("catalogue_version")?,
                products: row.integer("products")?,
            },
            last_cron_at: row.optional_time("last_cron_at")?,
        })
    }
}

fn read_source(row: &Row) -> Result<SourceStatus, RowError> {
    Ok(SourceStatus {
        source: text(row, "source")?,
        last_delivery_at: row.optional_time("last_delivery_at")?,
        last_reconciliation_at: row.optional_time("last_reconciliation_at")?,
        reconciliation_error: optional_text(row, "reconciliation_error")?,
        found_by_reconciliation: row.integer("found_by_reconciliation")?,
    })
}

fn read_oldest(row: &Row) -> Result<OldestDue, RowError> {
    Ok(OldestDue { kind: code(row, "kind", DutyKind::from_name)?, since: row.time("due_at")? })
}
