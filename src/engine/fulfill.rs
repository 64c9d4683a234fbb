//! What a sale causes: its record, its license, the mail that brings the key; and what it causes when the storefront
//! takes it back.
//!
//! The license, the row that owes the mail and the event's new state are one transaction, and each of its statements
//! does nothing when repeated: any number of copies of a sale, at once or later, end in one license and one mail.

use super::ingest::Unprocessed;
use super::{Engine, StorageError};
use crate::db::{self, Concerned, MintedLicense};
use crate::defect::{self, Defect};
use crate::model::{
    EmailAddress, EventId, IssuedKey, LicenseKey, LicenseKind, MINTED_KEY_RANDOM_BYTES, OrderFacts, OrderId,
    ProductRef, Sale, Storefront, Timestamp,
};
use crate::platform::{Level, LogValue, Platform, Statement};

impl<P: Platform> Engine<P> {
    /// Does what a sale causes, and makes the first try to mail the key.
    pub(super) async fn fulfill(
        &self,
        event: &EventId,
        storefront: Storefront,
        event_type: &str,
        sale: &Sale,
    ) -> Result<Result<(), Unprocessed>, StorageError> {
        let Some(product) = self.catalogue.find(storefront, &sale.bought) else {
            return Ok(Err(unmapped(storefront, event_type, &sale.order, &sale.bought, &sale.email)));
        };
        let now = self.now();
        let mut statements = vec![db::record_sale(storefront, sale, now, event)];
        statements.extend(self.facts(storefront, &sale.order, sale.facts));
        if product.license == LicenseKind::Storefront {
            let note = "the storefront issues the license key";
            statements.push(db::processed_event(event, now, event_type, Some(&sale.order), Some(note), None));
            self.batch(statements).await?;
            return Ok(Ok(()));
        }
        if defect::is(Defect::ProcessedBeforeMinted) {
            self.batch(vec![db::processed_event(event, now, event_type, Some(&sale.order), None, None)]).await?;
        }
        let mut random = [0; MINTED_KEY_RANDOM_BYTES];
        self.platform.fill_random(&mut random)?;
        let key = LicenseKey::mint(random);
        let lease = self.lease()?;
        let license = MintedLicense {
            key: &key,
            storefront,
            sale,
            product,
            issued_at: now,
            expires_at: product.expiry_from(now),
        };
        statements.extend([
            db::mint(&license, event),
            // What was said of the order may have come before its sale.
            if defect::is(Defect::EarlierFactsForgotten) { db::probe() } else { db::restand(Concerned::License(&key)) },
            db::owe_license_mail(&key, now, &lease, &self.trace),
            db::processed_event(event, now, event_type, Some(&sale.order), None, Some(key.as_str())),
            self.leased(&lease, now),
        ]);
        let leased = statements.len() - 1;
        let outcomes = self.batch(statements).await?;
        if defect::is(Defect::KeyLogged) {
            self.log(Level::Info, "license_minted", [("license", LogValue::text(key.as_str()))]);
        }
        self.log_fulfilled(event, storefront, &sale.order, outcomes.last().is_some_and(|owed| !owed.rows.is_empty()));
        self.work_off(&lease, db::Leased::read(&outcomes, leased)?, lease.until).await?;
        Ok(Ok(()))
    }

    /// Records what became of an order, and whatever that changes for its licenses.
    pub(super) async fn order_changed(
        &self,
        event: &EventId,
        storefront: Storefront,
        event_type: &str,
        order: &OrderId,
        facts: OrderFacts,
        note: &'static str,
    ) -> Result<(), StorageError> {
        let mut statements = self.facts(storefront, order, facts);
        statements.push(db::processed_event(event, self.now(), event_type, Some(order), Some(note), None));
        self.batch(statements).await?;
        self.log(
            Level::Info,
            "order_changed",
            [
                ("event_id", event.into()),
                ("source", storefront.into()),
                ("order", LogValue::text(order.as_str())),
                ("change", note.into()),
            ],
        );
        Ok(())
    }

    /// The statements that record facts of an order with whatever they change, if there are any.
    fn facts(&self, storefront: Storefront, order: &OrderId, facts: OrderFacts) -> Vec<Statement> {
        if facts == OrderFacts::default() || (facts.refunded && defect::is(Defect::RefundForgotten)) {
            return Vec::new();
        }
        let now = self.now();
        let mut statements = vec![db::record_facts(storefront, order, facts, now)];
        statements.extend(self.changes(Concerned::Order(storefront, order), now));
        statements
    }

    /// The statements with which licenses change their status, by what was recorded before them in the same batch.
    pub(super) fn changes(&self, concerned: Concerned<'_>, now: Timestamp) -> [Statement; 4] {
        db::changes(concerned, now, &self.trace, self.config.allow_test_licenses)
    }

    /// Records a key that the storefront issued and mailed itself.
    pub(super) async fn record_issued(
        &self,
        event: &EventId,
        storefront: Storefront,
        event_type: &str,
        mut issued: IssuedKey,
    ) -> Result<Result<(), Unprocessed>, StorageError> {
        if issued.bought.variant_id.is_none()
            && self.catalogue.depends_on_variant(storefront, &issued.bought.product_id)
        {
            // The key's delivery does not say which variant was bought; its order's does.
            let outcomes = self.batch(vec![db::sale_variant(storefront, &issued.order)]).await?;
            let variants = db::rows(&outcomes, 0, |row| Ok(row.optional_text("variant_id")?.map(str::to_owned)))?;
            let Some(variant) = variants.into_iter().next() else {
                return Ok(Err(Unprocessed {
                    event_type: Some(event_type.to_owned()),
                    order: Some(issued.order),
                    email: Some(issued.email),
                    error: "the order of this key has not arrived, or is not fulfilled yet, and the variant that it \
                            bought decides what the key opens"
                        .to_owned(),
                    may_pass: true,
                }));
            };
            issued.bought.variant_id = variant;
        }
        let Some(product) = self.catalogue.find(storefront, &issued.bought) else {
            return Ok(Err(unmapped(storefront, event_type, &issued.order, &issued.bought, &issued.email)));
        };
        let now = self.now();
        let statements = if product.license == LicenseKind::Minted {
            let note = "keys of this product are minted here; the storefront's own opens nothing";
            vec![db::processed_event(event, now, event_type, Some(&issued.order), Some(note), None)]
        } else {
            vec![
                db::record_issued_key(storefront, &issued, product, now, event),
                db::restand(Concerned::License(&issued.key)),
                db::processed_event(event, now, event_type, Some(&issued.order), None, Some(issued.key.as_str())),
            ]
        };
        self.batch(statements).await?;
        self.log(Level::Info, "key_recorded", [("event_id", event.into()), ("source", storefront.into())]);
        Ok(Ok(()))
    }

    fn log_fulfilled(&self, event: &EventId, storefront: Storefront, order: &OrderId, minted: bool) {
        self.log(
            Level::Info,
            if minted { "license_minted" } else { "sale_repeated" },
            [("event_id", event.into()), ("source", storefront.into()), ("order", LogValue::text(order.as_str()))],
        );
    }
}

fn unmapped(
    storefront: Storefront,
    event_type: &str,
    order: &OrderId,
    bought: &ProductRef,
    email: &EmailAddress,
) -> Unprocessed {
    let variant = bought.variant_id.as_ref().map(|variant| format!(", variant {variant}")).unwrap_or_default();
    Unprocessed {
        event_type: Some(event_type.to_owned()),
        order: Some(order.clone()),
        email: Some(email.clone()),
        error: format!(
            "unmapped product {}{variant} of {storefront}: add it to products.toml, deploy, and replay this delivery",
            bought.product_id
        ),
        may_pass: false,
    }
}
