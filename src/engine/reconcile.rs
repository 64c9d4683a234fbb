//! Reading the storefronts' own lists back: what they sold and no webhook told of becomes a delivery of its own.
//!
//! Each list is read in passes, newest first; a tick reads one page of one list. What is found goes the way of any
//! delivery, so a webhook that comes late all the same changes nothing. How the lists are asked for is in `adapters`,
//! what counts as missing in `db`.

use super::outbox::PERSON_WAIT_MS;
use super::{Engine, StorageError};
use crate::adapters::listing::{self, Page};
use crate::adapters::{Failure, Remedy};
use crate::db::{self, Found, Turn};
use crate::model::{StorefrontList, Timestamp};
use crate::platform::{DbError, Level, LogValue, Platform, Statement, unique_id};

/// How long a turn at a list lasts, and so when one is tried again that failed, or whose process died.
const TURN_MS: i64 = 5 * 60 * 1000;

/// A pass that takes longer than this reads a list without an end: at a page a minute, one of over 14,000 sales.
const LONGEST_PASS_MS: i64 = 24 * 60 * 60 * 1000;

/// Deliveries that a turn stores at most; what is left of the page is found in the next.
const FOUND: usize = 5;

impl<P: Platform> Engine<P> {
    /// The lists that may be read.
    pub(super) fn lists(&self) -> Vec<StorefrontList> {
        let now = self.now();
        let may_read = |list: &StorefrontList| listing::ask(*list, &self.config, now, None).is_some();
        StorefrontList::ALL.into_iter().filter(may_read).collect()
    }

    /// Reads the next page of the list whose turn it is, if any. It takes at most eight database queries (the claim, the
    /// search, what is found, the end of the turn) and one request.
    ///
    /// # Errors
    /// [`StorageError`] when the database fails; the same page is read again later.
    pub(super) async fn reconcile(&self, lists: &[StorefrontList]) -> Result<(), StorageError> {
        let now = self.now();
        let outcomes = self.batch(vec![db::claim_list(lists, now, now.plus_millis(TURN_MS))]).await?;
        let Some(turn) = db::rows(&outcomes, 0, Turn::read)?.pop() else { return Ok(()) };
        let Some(request) = listing::ask(turn.list, &self.config, turn.since, turn.page.as_deref()) else {
            return Ok(());
        };
        let reply = self.platform.send(request).await;
        let now = self.now();
        let mut found = Vec::new();
        let page = listing::read(turn.list, reply, now, turn.since, turn.page.as_deref());
        let statements = match page.and_then(|page| self.believe(&turn, page, now)) {
            Err(failure) => {
                let put_off = self.put_off_list(&turn, &failure, now);
                std::iter::once(put_off).chain(self.owe_rejection(&failure)).collect()
            }
            Ok(page) => {
                let with_keys = self.catalogue.with_storefront_keys(turn.list.storefront());
                match self.batch(vec![db::missing(&turn, page.json, now, FOUND + 1, &with_keys)]).await {
                    Err(DbError::Refused(reason)) => {
                        vec![self.put_off_list(&turn, &Failure::new(Remedy::PersonNeeded, reason), now)]
                    }
                    outcomes => {
                        found = db::rows(&outcomes?, 0, Found::read)?;
                        self.store_found(&turn, &found, page.next.as_deref(), now)?
                    }
                }
            }
        };
        let outcomes = self.batch(statements).await?;
        for (item, stored) in found.iter().zip(&outcomes) {
            if !stored.rows.is_empty() {
                let source = turn.list.storefront().into();
                self.log(Level::Warn, "sale_found", [("source", source), ("order", LogValue::text(&*item.order))]);
            }
        }
        Ok(())
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

    /// The statements that store what was found, and end the turn.
    fn store_found(
        &self,
        turn: &Turn,
        found: &[Found],
        next: Option<&str>,
        now: Timestamp,
    ) -> Result<Vec<Statement>, StorageError> {
        let mut statements = Vec::new();
        for item in found.iter().take(FOUND) {
            statements.push(db::store_found(turn, item, &unique_id(&self.platform)?, now, &self.trace));
        }
        statements.push(if found.len() > FOUND { db::page_again(turn, now) } else { db::page_read(turn, next, now) });
        Ok(statements)
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
