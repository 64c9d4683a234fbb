//! Reading the storefronts' own lists back: what they sold and no webhook told of becomes a delivery of its own.
//!
//! Each list is read in passes, newest first, a page a turn. What is found goes the way of any delivery, so a webhook that
//! comes late all the same changes nothing. How the lists are asked for and read is in `adapters::storefronts`, what counts
//! as missing in `db::reconciliations`.

use super::outbox::{PERSON_WAIT_MS, shown};
use super::{Engine, StorageError};
use crate::adapters::storefronts::Page;
use crate::adapters::{Failure, Remedy};
use crate::db::Batch;
use crate::db::reconciliations::{self, ListId, Turn};
use crate::model::{EventId, ListedItem, Timestamp};
use crate::platform::{DbError, Level, LogValue, Platform, Statement, unique_id};

/// How long a turn at a list lasts, and so when one is tried again that failed, or whose process died.
const TURN_MS: i64 = 5 * 60 * 1000;

/// A pass that takes longer than this reads a list without an end: at a page a minute, one of over 14,000 sales.
const LONGEST_PASS_MS: i64 = 24 * 60 * 60 * 1000;

impl<P: Platform> Engine<P> {
    /// The lists that may be read.
    pub(super) fn readable_lists(&self) -> Vec<ListId> {
        self.config.storefronts.lists().into_iter().map(|(source, list)| ListId { source, list }).collect()
    }

    /// Reads the next page of the list whose turn it is; `Ok(false)` when it is none's. It takes one request and five
    /// statements: three to claim it and to know the catalogue, the page, the end of the turn; and three more where the database
    /// refuses the page, with an alert.
    ///
    /// # Errors
    /// [`StorageError`] when the database fails; the same page is read again later.
    pub(super) async fn reconcile(&self) -> Result<bool, StorageError> {
        let now = self.now();
        let readable = self.readable_lists();
        let mut batch = Batch::new();
        batch.run(reconciliations::note_lists(&readable));
        let claim = batch.add(reconciliations::claim(&readable, now, now.plus_millis(TURN_MS)));
        let turns = self.run_with_catalogue(batch).await?.all(&claim)?;
        let Some(turn) = turns.into_iter().find(|turn| readable.contains(&turn.id)) else { return Ok(false) };
        let ListId { source, list } = &turn.id;
        let Some(storefront) = self.config.storefronts.get(*source) else { return Ok(false) };
        let page = storefront.page(&self.platform, list, turn.since, turn.page.as_deref()).await;
        let now = self.now();
        let failure = match page.and_then(|page| self.believe(&turn, page, now)) {
            Err(failure) => failure,
            Ok(page) => match self.take_in(&turn, page, now).await {
                Err(StorageError::Db(DbError::Refused(reason))) => {
                    Failure::of_cause(Remedy::PersonNeeded, "the database refuses what a list has", reason)
                }
                outcome => return outcome.map(|()| true),
            },
        };
        let mut batch = Batch::from(self.put_off_list(&turn, &failure, now));
        batch.extend(self.alert_of(&failure));
        self.run(batch).await?;
        Ok(true)
    }

    /// Takes a page for one of a list that has an end.
    fn believe(&self, turn: &Turn, page: Page, now: Timestamp) -> Result<Page, Failure> {
        if page.next.is_some() && (page.next == turn.page || now > turn.started_at.plus_millis(LONGEST_PASS_MS)) {
            return Err(Failure::new(Remedy::Retry, "the list does not end"));
        }
        if page.unreadable > 0 {
            let count = i64::try_from(page.unreadable).unwrap_or(i64::MAX);
            let fields = [
                ("source", (turn.id.source).into()),
                ("list", LogValue::text(turn.id.list.as_str())),
                ("count", count.into()),
            ];
            self.log(Level::Error, "listed_unreadable", fields);
        }
        Ok(page)
    }

    /// Stores what a page has and is missing here, and ends the turn.
    async fn take_in(&self, turn: &Turn, page: Page, now: Timestamp) -> Result<(), StorageError> {
        let catalogue = self.catalogue();
        // Of the storefront's own keys, only those of products whose buyers hold them open anything.
        let opens = |item: &ListedItem| match (&item.storefront_key_id, &item.product_id) {
            (Some(_), Some(product_id)) => catalogue.has_storefront_keys(turn.id.source, product_id),
            _ => true,
        };
        let items = page.items.into_iter().filter(opens);
        let items: Vec<(EventId, ListedItem)> =
            items.map(|item| Ok((unique_id(&self.platform)?, item))).collect::<Result<_, StorageError>>()?;
        let mut batch = Batch::new();
        let found = batch.add(reconciliations::store_missing(turn, &items, now, &self.trace));
        batch.run(reconciliations::page_read(turn, page.next.as_deref(), now));
        for order in self.run(batch).await?.all(&found)? {
            let fields = [("source", (turn.id.source).into()), ("order", LogValue::text(order.as_str()))];
            self.log(Level::Warn, "sale_found", fields);
        }
        Ok(())
    }

    /// The statement that notes why a page was not read, and when it is tried again.
    fn put_off_list(&self, turn: &Turn, failure: &Failure, now: Timestamp) -> Statement {
        let due_at = match failure.remedy {
            Remedy::RetryAt(until) => until.max(now.plus_millis(60_000)),
            Remedy::Retry => now.plus_millis(TURN_MS),
            _ => now.plus_millis(PERSON_WAIT_MS),
        };
        let reason = shown(&failure.reason);
        let statement = reconciliations::page_not_read(turn, &reason, due_at);
        let fields = [
            ("source", (turn.id.source).into()),
            ("list", LogValue::text(turn.id.list.as_str())),
            ("error", LogValue::text(reason)),
        ];
        self.log(Level::Error, "list_not_read", fields);
        statement
    }
}
