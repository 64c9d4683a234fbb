//! `/admin/status` and `/admin/attention`: how the deployment stands, and what needs somebody.

use super::read;
use crate::api::attention::AttentionItem;
use crate::api::status::Status;
use crate::api::{Page, PageRequest};
use crate::db::reads::{self, status::Deployment};
use crate::engine::Engine;
use crate::http::Problem;
use crate::platform::Platform;

/// The newest migration that this Worker was built with.
const EXPECTED_MIGRATION: &str = env!("LATCHKEY_MIGRATION");

/// What has only begun counts as late after this.
const LATE_MS: i64 = 15 * 60 * 1000;

pub(crate) async fn status<P: Platform>(engine: &Engine<P>) -> Result<Status, Problem> {
    let config = engine.config();
    let deployment = Deployment {
        version: env!("CARGO_PKG_VERSION"),
        expected_migration: EXPECTED_MIGRATION,
        problems: config.problems.iter().map(ToString::to_string).collect(),
        sources: config.storefronts.iter().map(|storefront| storefront.section().source.to_owned()).collect(),
    };
    read(engine, reads::status::status(deployment, engine.platform().now())).await
}

pub(crate) async fn attention<P: Platform>(
    engine: &Engine<P>,
    request: &PageRequest,
) -> Result<Page<AttentionItem>, Problem> {
    let now = engine.platform().now();
    read(engine, reads::attention::list(request, now, now.plus_millis(-LATE_MS))).await
}
