//! What the outside world knows of the run: every sale with what was acknowledged of it, every mail, every activation
//! that was promised, every answer. The Worker's own tables are not looked at here.

use std::collections::{BTreeMap, BTreeSet};
use std::sync::{Mutex, MutexGuard, PoisonError};

use crate::products::{PRODUCTS, Product};

/// Everything that was seen, from all who saw it.
#[derive(Debug, Default)]
pub(crate) struct Ledger(Mutex<Book>);

/// What stands in a [`Ledger`].
#[derive(Debug, Default)]
pub(crate) struct Book {
    /// By the buyer's address: each sale has a buyer of its own.
    pub(crate) sales: BTreeMap<String, Sale>,
    /// How often the Worker answered with each status, by what was asked: `webhook` or `activate`.
    pub(crate) answers: BTreeMap<(&'static str, u16), u64>,
    /// Answers that nothing explains.
    pub(crate) unexplained: Vec<String>,
    /// Requests that got no answer, because the Worker was dead or died.
    pub(crate) unanswered: u64,
    /// Deliveries that the storefront has given up.
    pub(crate) given_up: u64,
}

/// One sale, from outside.
#[derive(Debug)]
pub(crate) struct Sale {
    /// Its place in [`PRODUCTS`].
    pub(crate) product: usize,
    /// What tells the license: the order, and behind a colon the storefront's id of the key where it issues it.
    pub(crate) license_order: String,
    /// How often each of its deliveries was acknowledged: the order's, then the key's where the storefront issues it.
    pub(crate) acknowledged: Vec<u64>,
    /// The keys that were mailed to the buyer, one for each mail.
    pub(crate) mailed: Vec<String>,
    /// Who tried to activate the key.
    pub(crate) tried: BTreeSet<String>,
    /// Whose activation the Worker has confirmed.
    pub(crate) confirmed: BTreeSet<String>,
}

impl Sale {
    pub(crate) fn product(&self) -> &'static Product {
        &PRODUCTS[self.product]
    }

    /// The storefront's id of the order.
    pub(crate) fn order(&self) -> &str {
        self.license_order.split(':').next().unwrap_or_default()
    }

    /// The Worker has said that it has the order.
    pub(crate) fn has_order_acknowledged(&self) -> bool {
        self.acknowledged.first().is_some_and(|times| *times > 0)
    }

    /// The Worker has said that it has everything that the license follows from.
    pub(crate) fn is_acknowledged(&self) -> bool {
        self.acknowledged.iter().all(|times| *times > 0)
    }
}

impl Book {
    /// Every 200 that a storefront was given.
    pub(crate) fn acknowledgments(&self) -> u64 {
        self.sales.values().flat_map(|sale| &sale.acknowledged).sum()
    }

    pub(crate) fn answer(&mut self, asked: &'static str, status: u16) {
        *self.answers.entry((asked, status)).or_default() += 1;
    }
}

impl Ledger {
    /// The book, for one entry. Whoever panicked while writing has ended the run.
    pub(crate) fn book(&self) -> MutexGuard<'_, Book> {
        self.0.lock().unwrap_or_else(PoisonError::into_inner)
    }

    /// Changes what is known of a sale.
    pub(crate) fn sale<T>(&self, buyer: &str, change: impl FnOnce(&mut Sale) -> T) -> Option<T> {
        self.book().sales.get_mut(buyer).map(change)
    }
}
