//! Reading the storefronts' own lists back: what they sold and no webhook told of becomes a delivery of its own.
//!
//! Each list is read in passes, newest first, a page a turn. What is found goes the way of any delivery, so a webhook that
//! comes late all the same changes nothing. How the lists are asked for is in `adapters`, what counts as missing in `db`.

use super::outbox::PERSON_WAIT_MS;
use super::{Engine, StorageError};
use crate::adapters::listing::{self, Page};
use crate::adapters::{Failure, Remedy};
use crate::db::{self, Turn};
use crate::model::{StorefrontList, Timestamp};
use crate::platform::{DbError, Level, LogValue, Outcome, Platform, Statement, unique_id};

/// How long a turn at a list lasts, and so when one is tried again that failed, or whose process died.
const TURN_MS: i64 = 5 * 60 * 1000;

/// A pass that takes longer than this reads a list without an end: at a page a minute, one of over 14,000 sales.
const LONGEST_PASS_MS: i64 = 24 * 60 * 60 * 1000;

impl<P: Platform> Engine<P> {
    /// The lists that may be read.
    pub(super) fn lists(&self) -> Vec<StorefrontList> {
        let now = self.now();
        let may_read = |list: &StorefrontList| listing::ask(*list, &self.config, now, None).is_some();
        StorefrontList::ALL.into_iter().filter(may_read).collect()
    }

    /// Reads the next page of the list whose turn it is; `Ok(false)` when it is none's. It takes one request and four
    /// statements: two to claim it, the page, the end of the turn; and one more where the database refuses the page.
    ///
    /// # Errors
    /// [`StorageError`] when the database fails; the same page is read again later.
    pub(super) async fn reconcile(&self, lists: &[StorefrontList]) -> Result<bool, StorageError> {
        let now = self.now();
        let claim = db::claim_list(lists, now, now.plus_millis(TURN_MS));
        let outcomes = self.batch(vec![db::note_lists(), claim]).await?;
        let claimed = |turn: Turn| {
            listing::ask(turn.list, &self.config, turn.since, turn.page.as_deref()).map(|request| (turn, request))
        };
        let Some((turn, request)) = db::rows(&outcomes, 1, Turn::read)?.into_iter().find_map(claimed) else {
            return Ok(false);
        };
        let reply = self.platform.send(request).await;
        let now = self.now();
        let page = listing::read(turn.list, reply, now, turn.since, turn.page.as_deref());
        let failure = match page.and_then(|page| self.believe(&turn, page, now)) {
            Err(failure) => failure,
            Ok(page) => match self.batch(self.take_in(&turn, page, now)?).await {
                Err(DbError::Refused(reason)) => Failure::new(Remedy::PersonNeeded, reason),
                outcomes => {
                    self.tell_of_found(&turn, &outcomes?)?;
                    return Ok(true);
                }
            },
        };
        let put_off = self.put_off_list(&turn, &failure, now);
        self.batch(std::iter::once(put_off).chain(self.owe_failure(&failure)).collect()).await?;
        Ok(true)
    }

    /// Takes a page for one of a list that has an end.
    fn believe(&self, turn: &Turn, page: Page, now: Timestamp) -> Result<Page, Failure> {
        if page.next.is_some() && (page.next == turn.page || now > turn.started_at.plus_millis(LONGEST_PASS_MS)) {
            return Err(Failure::new(Remedy::Retry, "the list does not end"));
        }
        if page.unreadable > 0 {
            let count = i64::try_from(page.unreadable).unwrap_or(i64::MAX);
            let fields = [("list", turn.list.as_str().into()), ("count", count.into())];
            self.log(Level::Error, "listed_unreadable", fields);
        }
        Ok(page)
    }

    /// The statements that store what a page has and is missing here, and end the turn.
    fn take_in(&self, turn: &Turn, page: Page, now: Timestamp) -> Result<Vec<Statement>, StorageError> {
        let ids = (0..page.listed).map(|_| unique_id(&self.platform)).collect::<Result<Vec<_>, _>>()?;
        let with_keys = self.catalogue.with_storefront_keys(turn.list.storefront());
        let read = db::page_read(turn, page.next.as_deref(), now);
        Ok(vec![db::store_missing(turn, page.json, &ids, now, &self.trace, &with_keys), read])
    }

    fn tell_of_found(&self, turn: &Turn, outcomes: &[Outcome]) -> Result<(), StorageError> {
        for order in db::rows(outcomes, 0, |row| Ok(LogValue::text(row.text("source_order_id")?)))? {
            self.log(Level::Warn, "sale_found", [("source", turn.list.storefront().into()), ("order", order)]);
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
        let reason: String = failure.reason.chars().take(500).collect();
        let statement = db::page_not_read(turn, &reason, due_at);
        let fields = [("list", turn.list.as_str().into()), ("error", LogValue::text(reason))];
        self.log(Level::Error, "list_not_read", fields);
        statement
    }
}
