//! The keys that a storefront issues and mails itself: each has a license here, which follows it.

use super::fulfill::{Fulfilled, test_mark, unmapped_product};
use super::ingest::{Awaited, Handling, Unprocessed};
use super::{Engine, StorageError};
use crate::db::events::{self, Completion, Payload};
use crate::db::orders::{self, BoughtLine};
use crate::db::{Batch, LicenseSelector, licenses, storefront_keys};
use crate::model::{Catalogue, EventReason, EventType, IssuedKey, LicenseKind, Source};
use crate::platform::{Level, Platform};

impl<P: Platform> Engine<P> {
    /// Records what the storefront says of a key that it issued and mailed itself, and whatever that changes: its license, where
    /// there is one, follows it, and otherwise gets recorded. `news` is the reason of a delivery that brings no license.
    pub(super) async fn key_told(
        &self,
        handling: Handling<'_>,
        event_type: &EventType,
        mut issued: IssuedKey,
        news: Option<EventReason>,
    ) -> Result<Fulfilled, StorageError> {
        let (event, source) = (handling.event, handling.source());
        let mut batch = Batch::new();
        let of_key = batch.add(orders::of_key(source, &issued));
        let record = self.run(batch).await?.first(&of_key)?;
        let (is_licensed, line) = record.map_or((false, None), |record| (record.is_licensed, record.line));
        let catalogue = self.catalogue();
        let moment = self.moment();
        let mut batch = Batch::new();
        batch.run(storefront_keys::record(source, &issued, moment.now, event));
        // What a license opens is not asked for again: it follows its key whatever the catalogue says by now.
        let reason = if is_licensed {
            batch.run(licenses::follow_key(source, &issued.order_id, &issued.storefront_key_id));
            let order = LicenseSelector::Order(source, &issued.order_id);
            batch.extend(licenses::follow(order, moment, &self.trace));
            news
        } else {
            if let Err(waits) = told_variant(&catalogue, source, event_type, &mut issued, line) {
                return Ok(Fulfilled::Not(*waits));
            }
            let Some(product) = catalogue.find(source, &issued.bought) else {
                self.run(events::record_unmapped_lines(event, std::slice::from_ref(&issued.bought)).into()).await?;
                let bought = issued.bought.into();
                return Ok(Fulfilled::Not(Unprocessed {
                    storefront_key_id: Some(issued.storefront_key_id),
                    email: issued.email,
                    ..unmapped_product(&catalogue, source, event_type, &issued.order_id, &bought)
                }));
            };
            match product.license {
                LicenseKind::Minted => Some(EventReason::MintedHere),
                LicenseKind::None => Some(EventReason::NothingToDeliver),
                LicenseKind::Storefront => {
                    batch.run(licenses::record_issued(source, &issued, product, moment.now, Some(event)));
                    // What is paid of a subscription may have been told before.
                    batch.run(licenses::recompute(LicenseSelector::Order(source, &issued.order_id), moment.now));
                    None
                }
            }
        };
        batch.extend(test_mark(source, &issued.order_id, issued.test == Some(true)));
        let completion = Completion { event_type, order_id: Some(&issued.order_id), reason, payload: Payload::Kept };
        batch.run(events::complete(event, moment.now, &completion));
        self.run(batch).await?;
        self.log(Level::Info, "key_recorded", [("event_id", event.into()), ("source", source.into())]);
        Ok(Fulfilled::Done)
    }
}

/// Completes a key whose delivery does not say which variant was bought, from the line of its order that bought the product,
/// where the catalogue asks for the variant.
///
/// # Errors
/// Why that has to wait.
fn told_variant(
    catalogue: &Catalogue,
    source: Source,
    event_type: &EventType,
    issued: &mut IssuedKey,
    line: Option<BoughtLine>,
) -> Result<(), Box<Unprocessed>> {
    if issued.bought.variant_id.is_some() || !catalogue.depends_on_variant(source, &issued.bought.product_id) {
        return Ok(());
    }
    let (reason, error, waits_for) = match line {
        Some(BoughtLine { line, variant_id: Some(variant_id) }) => {
            (issued.line, issued.bought.variant_id) = (line, Some(variant_id));
            return Ok(());
        }
        Some(BoughtLine { variant_id: None, .. }) => {
            let error =
                "the order of this key does not say which variant was bought, and that decides what the key opens";
            (EventReason::Malformed, error, Awaited::Person)
        }
        None => {
            let error = "the order of this key has not arrived, or is not fulfilled yet, and the variant that it bought decides \
                         what the key opens";
            (EventReason::OrderNotHereYet, error, Awaited::Order)
        }
    };
    Err(Box::new(Unprocessed {
        reason,
        event_type: Some(event_type.clone()),
        order_id: Some(issued.order_id.clone()),
        storefront_key_id: Some(issued.storefront_key_id.clone()),
        email: issued.email.clone(),
        error: error.to_owned(),
        waits_for,
    }))
}
