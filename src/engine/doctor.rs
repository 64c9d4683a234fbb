//! The doctor: whether everything is set up as it has to be, here and at the services, and what mends it where it is not.
//!
//! It only looks. Nothing is written, no mail is sent, and no service is asked to change anything. What is asked of each service
//! is in `adapters`, and what is known of the database in `db::reads::doctor`; what it means is here:
//!
//! | module | looks at |
//! |---|---|
//! | `deployment` | settings, schema, ticks, mail, what buyers need |
//! | `storefronts` | webhooks, deliveries, products |
//! | `github` | the credentials, repositories, organizations |
//!
//! Each check is in every answer at least once. What cannot be looked at is skipped, with why.

mod deployment;
mod github;
mod storefronts;

use futures_util::future::join3;

use super::Engine;
use super::join::join_all;
use crate::adapters::{Failure, Remedy};
use crate::api::codes::{CheckCode, CheckReason};
use crate::api::doctor::{Check, Diagnosis};
use crate::config::WorkersPlan;
use crate::db::Batch;
use crate::db::reads::doctor::{self as recorded, Recorded};
use crate::platform::{DbError, Platform};

/// The newest migration that this Worker was built with.
const EXPECTED_MIGRATION: &str = env!("LATCHKEY_MIGRATION");

/// How many repositories are looked at, and how many organizations. On the Free plan one request may send 50 others: of
/// those, a storefront takes up to ten, the mail provider and the credentials one each, a repository up to three, an organization
/// one. <https://developers.cloudflare.com/workers/platform/limits/#subrequests>
#[derive(Debug, Clone, Copy)]
struct Bounds {
    repositories: usize,
    organizations: usize,
}

const fn bounds(plan: WorkersPlan) -> Bounds {
    match plan {
        WorkersPlan::Free => Bounds { repositories: 10, organizations: 3 },
        WorkersPlan::Paid => Bounds { repositories: 100, organizations: 20 },
    }
}

/// What the database gave.
type Read = Result<Recorded, DbError>;

impl<P: Platform> Engine<P> {
    /// Looks at everything. `host` is what this Worker was asked at, where that is known: webhooks have to lead there.
    pub async fn diagnose(&self, host: Option<&str>) -> Diagnosis {
        let migration = self.read(recorded::migration()).await;
        let read = self.read_recorded().await;
        let catalogue = self.catalogue();
        let fronts = self.config.storefronts.iter();
        let fronts = fronts.map(|storefront| storefronts::look(self, storefront, &catalogue, &read, host));
        let (of_mail, of_storefronts, of_github) = join3(
            deployment::look_at_mail(self, &read),
            join_all(fronts),
            github::look(self, &catalogue, &read, bounds(self.config.workers_plan)),
        )
        .await;
        let mut checks = deployment::database(&migration, &read);
        checks.extend(deployment::settings(&self.config));
        checks.extend(deployment::faces(&self.config, &catalogue));
        checks.push(deployment::cron(&read, self.now()));
        checks.extend(of_mail);
        checks.extend(of_storefronts.into_iter().flatten());
        checks.extend(storefronts::unmapped(&read));
        checks.extend(of_github);
        Diagnosis { checks }
    }

    /// What is recorded, and the newest catalogue, which this request knows from then on.
    async fn read_recorded(&self) -> Read {
        let mut batch = Batch::new();
        let reading = recorded::recorded(&mut batch, self.now());
        reading.read(&self.run_with_catalogue(batch).await?)
    }
}

/// What could not be looked at because the database failed.
fn without_database(code: CheckCode) -> Check {
    Check::skipped(code, CheckReason::DatabaseFailed)
}

/// What could not be looked at because a service failed. Credentials that it does not take are what `refused` makes of them.
fn not_seen(code: CheckCode, failure: &Failure, refused: fn(CheckCode, CheckReason) -> Check) -> Check {
    let check = match failure.remedy {
        Remedy::CredentialsRejected => refused(code, CheckReason::Refused),
        _ => Check::skipped(code, CheckReason::Unanswered).mended_by("Ask again in some minutes."),
    };
    check.seeing(&failure.reason)
}
