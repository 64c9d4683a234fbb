//! What ought to be, from what was done to the shop: written from the README's promises, not from the engine's code.
//!
//! It keeps everything that the outside world did (orders, deliveries, requests and how they were answered), and says
//! what has to follow. Whether it did is looked up in `check`.

use std::cell::Cell;
use std::collections::HashMap;
use std::sync::OnceLock;

use latchkey_sandbox::Delivery;
use serde_json::Value;

use crate::shelf::{Issues, Policies, Shelf, is_per_quantity};

/// A product that the storefronts sell. What it opens is in [`Shelf`], where it may be missing.
#[derive(Debug)]
pub(crate) struct Product {
    pub(crate) source: &'static str,
    pub(crate) id: &'static str,
    pub(crate) variant: Option<&'static str>,
    pub(crate) issues: Issues,
    /// What buyers like to choose from.
    pub(crate) choose: &'static [&'static str],
}

pub(crate) const GUMROAD: &str = "gumroad";
pub(crate) const LEMON_SQUEEZY: &str = "lemonsqueezy";
pub(crate) const PADDLE: &str = "paddle";
pub(crate) const POLAR: &str = "polar";
pub(crate) const STRIPE: &str = "stripe";
pub(crate) const STANDARD: &str = "standard";

/// How much there is of a shop.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Default)]
pub(crate) enum Scope {
    /// It sells at Gumroad and Lemon Squeezy, and at Paddle where the storefronts' lists are read.
    #[default]
    Three,
    /// It sells at every storefront, its checkouts ask for GitHub usernames, and mails come back.
    All,
}

const fn product(
    source: &'static str,
    id: &'static str,
    variant: Option<&'static str>,
    issues: Issues,
    choose: &'static [&'static str],
) -> Product {
    Product { source, id, variant, issues, choose }
}

/// So many of [`PRODUCTS`] does a shop of [`Scope::Three`] have: the first ones.
const OF_THREE: usize = 11;

/// What is sold. Some of it is not in the catalogue at first, and some is none of the shop's business.
pub(crate) const PRODUCTS: [Product; 22] = [
    product(GUMROAD, "32-nPAicqbLj8B_WswVlMw==", None, Issues::Minted, &[]),
    product(
        GUMROAD,
        "pickOne==",
        None,
        Issues::Minted,
        &["acme/stack-nuxt", "acme/stack-next", "acme/stack-next", "acme/stack-svelte"],
    ),
    product(GUMROAD, "bundle==", None, Issues::Minted, &[]),
    product(GUMROAD, "nobody-knows==", None, Issues::Minted, &[]),
    product(LEMON_SQUEEZY, "4", Some("5"), Issues::Storefront, &[]),
    product(LEMON_SQUEEZY, "4", Some("9"), Issues::Storefront, &[]),
    product(LEMON_SQUEEZY, "6", Some("1"), Issues::Minted, &[]),
    product(LEMON_SQUEEZY, "7", Some("9"), Issues::Storefront, &[]),
    product(GUMROAD, "ebook==", None, Issues::Nobody, &[]),
    product(LEMON_SQUEEZY, "77", Some("1"), Issues::Nobody, &[]),
    product(PADDLE, "pro_01gsz4t5hdjse780zja8vvr7jg", None, Issues::Minted, &[]),
    product(STRIPE, "prod_1SandboxForge", None, Issues::Minted, &[]),
    product(STRIPE, "prod_2SandboxTongs", None, Issues::Minted, &[]),
    product(STRIPE, "prod_3NobodyKnows", None, Issues::Minted, &[]),
    product(POLAR, "9d2f0e4a-0000-4000-8000-0000000000bb", None, Issues::Minted, &[]),
    product(POLAR, "9d2f0e4a-0000-4000-8000-0000000000bc", None, Issues::Minted, &[]),
    product(STANDARD, "pdt_1SandboxAnvil", None, Issues::Minted, &[]),
    product(STANDARD, "pdt_2SandboxHorn", None, Issues::Minted, &[]),
    product(PADDLE, "pro_01gsz4t5hdjse780zja8vvr7jh", None, Issues::Minted, &[]),
    product(GUMROAD, "checkout==", None, Issues::Minted, &[]),
    product(LEMON_SQUEEZY, "8", Some("1"), Issues::Storefront, &[]),
    product(POLAR, "9d2f0e4a-0000-4000-8000-0000000000bd", None, Issues::Nobody, &[]),
];

/// Those of [`PRODUCTS`] that the catalogue says nothing of at first.
pub(crate) const UNMAPPED: [usize; 6] = [3, 7, 8, 9, 13, 21];

impl Scope {
    /// What a shop sells.
    pub(crate) fn products(self) -> &'static [Product] {
        match self {
            Self::Three => &PRODUCTS[..OF_THREE],
            Self::All => &PRODUCTS,
        }
    }
}

/// Whether a storefront has to be asked who bought, so that a sale may have its license before that is known.
pub(crate) fn asks_who_bought(source: &str) -> bool {
    matches!(source, PADDLE | POLAR)
}

/// A GitHub account that somebody may name.
#[derive(Debug)]
pub(crate) struct Account {
    pub(crate) login: &'static str,
    /// Its number; `None` for what cannot be invited, or does not exist.
    pub(crate) id: Option<i64>,
}

/// The sandbox's accounts, and one that it does not have.
pub(crate) const ACCOUNTS: [Account; 8] = [
    Account { login: "octocat", id: Some(583_231) },
    Account { login: "grace-hopper", id: Some(900_001) },
    Account { login: "ada-lovelace", id: Some(900_002) },
    Account { login: "mary-jackson", id: Some(900_003) },
    Account { login: "acme", id: None },
    Account { login: "acme-helper", id: None },
    Account { login: "grace_acme", id: None },
    Account { login: "nobody-is-called-this", id: None },
];

/// How many accounts there are besides, who all come to buy on one day.
const CROWD: usize = 60;

/// The crowd's accounts, which a run adds to the sandbox in their order.
pub(crate) fn crowd() -> &'static [Account] {
    static ACCOUNTS: OnceLock<Vec<Account>> = OnceLock::new();
    let account = |place: usize| Account {
        login: Box::leak(format!("crowd-{place}").into_boxed_str()),
        // Where the sandbox begins to count those that are added.
        id: i64::try_from(1_000_000 + place).ok(),
    };
    ACCOUNTS.get_or_init(|| (0..CROWD).map(account).collect())
}

/// How many of them are people who buy.
pub(crate) const BUYERS: usize = 4;

/// An order at a storefront.
#[derive(Debug)]
pub(crate) struct Order {
    pub(crate) id: String,
    pub(crate) product: &'static Product,
    /// What else was bought with it, a line each.
    pub(crate) more: Vec<&'static Product>,
    /// Pieces of the first product.
    pub(crate) quantity: u64,
    pub(crate) email: String,
    /// The GitHub username that was given at the checkout.
    pub(crate) login: Option<String>,
    pub(crate) payment: Payment,
    /// What became of it so far.
    pub(crate) facts: Facts,
}

/// Whether the money of an order has come.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(crate) enum Payment {
    Made,
    Awaited,
    Failed,
}

/// What a storefront can say of an order besides that it was paid. What was once said stays.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Default)]
pub(crate) struct Facts {
    pub(crate) refunded: bool,
    /// A part of it.
    pub(crate) in_part: bool,
    pub(crate) disputed: bool,
    pub(crate) won: bool,
    pub(crate) lost: bool,
    /// The money of a full refund did not reach the buyer.
    pub(crate) undone: bool,
    /// Nor that of a partial one.
    pub(crate) in_part_undone: bool,
}

/// A delivery that a storefront has made, sent or not.
#[derive(Debug)]
pub(crate) struct Known {
    pub(crate) delivery: Delivery,
    pub(crate) order: usize,
    pub(crate) meaning: Meaning,
    /// How often it was sent.
    pub(crate) sent: u32,
}

/// What a delivery says about its order.
#[derive(Debug, Clone, PartialEq, Eq)]
pub(crate) enum Meaning {
    /// It was paid; and this became of it before the delivery was made.
    Sale(Facts),
    /// This became of it.
    Changed(Facts),
    /// The storefront issued a key for it.
    Key(Key),
    /// The storefront has disabled the key, or enabled it.
    KeyChanged { key: Key, disabled: bool },
    /// Nothing that counts.
    Nothing,
}

/// A key that a storefront issued.
#[derive(Debug, Clone, PartialEq, Eq)]
pub(crate) struct Key {
    pub(crate) id: String,
    pub(crate) key: String,
    pub(crate) order: usize,
}

/// A request that reached the Worker, or died on the way.
#[derive(Debug)]
pub(crate) struct Sent {
    pub(crate) trace: String,
    pub(crate) what: What,
    /// Its number as a task, by which faults know it.
    pub(crate) task: usize,
    /// The catalogue's version when it was sent.
    pub(crate) version: i64,
    pub(crate) answer: Option<Answer>,
    /// Whether its answer was looked at.
    pub(crate) checked: Cell<bool>,
}

/// How a request was answered.
#[derive(Debug)]
pub(crate) struct Answer {
    pub(crate) status: u16,
    /// As it came.
    pub(crate) text: String,
    /// The same where it is JSON, otherwise null.
    pub(crate) body: Value,
}

/// What a request was.
#[derive(Debug)]
pub(crate) enum What {
    /// A storefront's delivery, by its place in [`Model::deliveries`].
    Delivery(usize),
    /// Something that no storefront sent, with what its answer has to be.
    Forged(u16),
    /// A mail provider tells what became of a mail: by its id of that, where it came back.
    Returned(Option<String>),
    /// The seller changes something.
    Act,
    /// The seller asks for what is done once however often it is asked for: in which words, and with which action.
    Once(String, &'static str),
    /// The seller asks for what may find nothing to do.
    Maybe,
    /// The seller erases who bought this.
    Erase(usize),
    /// The seller corrects an address of this order's.
    Correct(usize),
    /// The seller brings licenses to the catalogue, all of them or those of one product, or asks what that would change.
    Sync { product: Option<&'static str>, only_planned: bool },
    /// The seller puts this in the catalogue's place.
    Put(Shelf),
    /// Somebody presents a key, of that order if it is a good one, by a login that was this account's just then.
    Activation { key: String, order: Option<usize>, account: &'static Account, number: Option<i64> },
}

/// Everything that was done to the shop.
#[derive(Debug)]
pub(crate) struct Model {
    /// What the catalogue says at first.
    pub(crate) first: Shelf,
    pub(crate) orders: Vec<Order>,
    pub(crate) deliveries: Vec<Known>,
    /// Keys that buyers have: by mail from the shop, for what they bought, with the order's place in [`Model::orders`].
    pub(crate) mailed: Vec<(String, usize)>,
    /// Every mail that brought a key of the shop's: the key, and to which address.
    pub(crate) letters: Vec<(String, String)>,
    /// Mails that told of the end of a license: the row of the outbox that each was owed as, and to which address.
    pub(crate) reminders: Vec<(String, String)>,
    /// Mails that told of invitations which were made anew, or have expired.
    pub(crate) notices: Vec<Notice>,
    /// Mails that told the operator of something.
    pub(crate) alerts: usize,
    /// Keys that buyers have from the storefront.
    pub(crate) issued: Vec<Key>,
    pub(crate) sent: Vec<Sent>,
    /// The catalogue's version when each tick began, by its trace, with its number as a task.
    pub(crate) ticks: HashMap<String, (i64, usize)>,
    /// Who declined an invitation to what, and how many requests had been sent by then.
    pub(crate) declined: Vec<(i64, String, usize)>,
    /// Who accepted an invitation to what, and when.
    pub(crate) accepted: Vec<(i64, String, i64)>,
    /// Whom the seller has let into a repository, or invited, by hand.
    pub(crate) by_hand: Vec<ByHand>,
}

/// A mail that tells of invitations.
#[derive(Debug)]
pub(crate) struct Notice {
    /// The row of the outbox that it was owed as.
    pub(crate) row: String,
    pub(crate) at: i64,
    /// The repositories to which an invitation is open by it.
    pub(crate) open: Vec<String>,
    /// And those to which one has expired.
    pub(crate) expired: Vec<String>,
}

/// What the seller has given somebody at GitHub, beside the shop.
#[derive(Debug)]
pub(crate) struct ByHand {
    pub(crate) account: i64,
    pub(crate) repo: String,
    /// `None`: an invitation.
    pub(crate) role: Option<&'static str>,
    pub(crate) at: i64,
}

impl Default for Model {
    fn default() -> Self {
        Self {
            first: Shelf::first(Scope::Three),
            orders: Vec::new(),
            deliveries: Vec::new(),
            mailed: Vec::new(),
            letters: Vec::new(),
            reminders: Vec::new(),
            notices: Vec::new(),
            alerts: 0,
            issued: Vec::new(),
            sent: Vec::new(),
            ticks: HashMap::new(),
            declined: Vec::new(),
            accepted: Vec::new(),
            by_hand: Vec::new(),
        }
    }
}

impl Model {
    /// What was said of an order by these of [`Model::deliveries`].
    pub(crate) fn facts(&self, order: usize, said: impl Iterator<Item = usize>) -> Facts {
        let of_it = said.map(|place| &self.deliveries[place]).filter(|known| known.order == order);
        of_it.fold(Facts::default(), |facts, known| match known.meaning {
            Meaning::Sale(said) | Meaning::Changed(said) => facts.and(said),
            Meaning::Key(_) | Meaning::KeyChanged { .. } | Meaning::Nothing => facts,
        })
    }

    /// Whether this key was ever disabled at its storefront.
    pub(crate) fn ever_disabled(&self, key: &str) -> bool {
        let words = self.deliveries.iter().filter_map(|known| known.meaning.word());
        words.into_iter().any(|(told, disabled)| disabled && told.key == key)
    }

    /// Whether anybody has presented this key.
    pub(crate) fn presented(&self, key: &str) -> bool {
        self.sent.iter().any(|sent| matches!(&sent.what, What::Activation { key: presented, .. } if presented == key))
    }

    /// What the seller asked to put in the catalogue's place with the request of this trace.
    pub(crate) fn put(&self, trace: &str) -> Option<&Shelf> {
        self.sent.iter().find_map(|sent| match &sent.what {
            What::Put(shelf) if sent.trace == trace => Some(shelf),
            _ => None,
        })
    }

    /// Whether the request of this trace brings licenses of this product to the catalogue.
    pub(crate) fn syncs(&self, trace: &str, product: Option<&str>) -> bool {
        self.sent.iter().any(|sent| {
            sent.trace == trace && matches!(sent.what, What::Sync { product: of, only_planned: false } if of == product)
        })
    }

    /// The order of that id.
    pub(crate) fn order_with(&self, source: &str, id: &str) -> Option<usize> {
        self.orders.iter().position(|order| order.id == id && order.product.source == source)
    }

    /// How many requests had been sent when the last one was sent that promised the account an invitation which was still to be
    /// made. Of one that is open by the record, nobody knows whether it was declined.
    pub(crate) fn promised(&self, account: i64, repo: &str) -> Option<usize> {
        let promises = |sent: &Sent| {
            let (What::Activation { number, .. }, Some(Answer { status: 200 | 202, body, .. })) =
                (&sent.what, &sent.answer)
            else {
                return false;
            };
            let repos = body["repos"].as_array().map_or(&[][..], Vec::as_slice);
            *number == Some(account)
                && repos.iter().any(|promised| {
                    promised["repo"].as_str().is_some_and(|promised| promised.eq_ignore_ascii_case(repo))
                        && promised["status"] == "queued"
                })
        };
        self.sent.iter().rposition(promises)
    }

    /// How many requests had been sent when the account last declined an invitation to this.
    pub(crate) fn last_declined(&self, account: i64, repo: &str) -> Option<usize> {
        let of_it = self.declined.iter().filter(|(who, what, _)| *who == account && what.eq_ignore_ascii_case(repo));
        of_it.map(|(_, _, sent)| *sent).max()
    }

    /// Whether the seller has asked to erase who bought this.
    pub(crate) fn is_erasing(&self, order: usize) -> bool {
        self.sent.iter().any(|sent| matches!(sent.what, What::Erase(erased) if erased == order))
    }

    /// The orders whose buyer was erased, for all that the seller was told: something of it was there.
    pub(crate) fn erased(&self) -> Vec<usize> {
        let told = |sent: &Sent| match (&sent.what, &sent.answer) {
            (What::Erase(order), Some(Answer { status: 200, body, .. })) => {
                let counts = ["deliveries", "orders", "licenses"];
                counts.iter().any(|count| body["erased"][*count].as_i64() > Some(0)).then_some(*order)
            }
            _ => None,
        };
        self.sent.iter().filter_map(told).collect()
    }

    /// Whether the seller has asked to correct an address of this order's.
    pub(crate) fn is_corrected(&self, order: usize) -> bool {
        self.sent.iter().any(|sent| matches!(sent.what, What::Correct(corrected) if corrected == order))
    }

    /// The order that has this mail address, at first or after it was corrected; every order has its own.
    pub(crate) fn order_of(&self, email: &str) -> Option<usize> {
        self.orders.iter().position(|order| order.email == email || order.corrected_email() == email)
    }
}

impl Order {
    /// An order of this, and of nothing else.
    pub(crate) const fn of(id: String, product: &'static Product, email: String) -> Self {
        let facts = Facts::NONE;
        let more = Vec::new();
        Self { id, product, more, quantity: 1, email, login: None, payment: Payment::Made, facts }
    }

    /// What was bought, a line each.
    pub(crate) fn lines(&self) -> impl Iterator<Item = &'static Product> {
        std::iter::once(self.product).chain(self.more.iter().copied())
    }

    /// How many keys each of its lines brings that has a license minted, by the numbers of the lines.
    pub(crate) fn pieces(&self) -> Vec<(i64, i64)> {
        let mut pieces = Vec::new();
        for (line, product) in (1..).zip(self.lines()).filter(|(_, product)| product.issues == Issues::Minted) {
            let of_line = if line == 1 && is_per_quantity(product) { self.quantity } else { 1 };
            pieces.extend((1..).take(usize::try_from(of_line).unwrap_or_default()).map(|piece| (line, piece)));
        }
        pieces
    }

    /// What the seller corrects its address to.
    pub(crate) fn corrected_email(&self) -> String {
        format!("right-{}", self.email)
    }
}

impl Meaning {
    /// The key that it is about, and whether it says that the key is disabled.
    pub(crate) const fn word(&self) -> Option<(&Key, bool)> {
        match self {
            Self::Key(key) => Some((key, false)),
            Self::KeyChanged { key, disabled } => Some((key, *disabled)),
            Self::Sale(_) | Self::Changed(_) | Self::Nothing => None,
        }
    }
}

impl Facts {
    pub(crate) const NONE: Self = Self {
        refunded: false,
        in_part: false,
        disputed: false,
        won: false,
        lost: false,
        undone: false,
        in_part_undone: false,
    };

    pub(crate) const fn and(self, other: Self) -> Self {
        Self {
            refunded: self.refunded || other.refunded,
            in_part: self.in_part || other.in_part,
            disputed: self.disputed || other.disputed,
            won: self.won || other.won,
            lost: self.lost || other.lost,
            undone: self.undone || other.undone,
            in_part_undone: self.in_part_undone || other.in_part_undone,
        }
    }

    /// How a license of such an order stands.
    pub(crate) fn standing(self, policies: Policies) -> &'static str {
        let consequences = [
            (self.refunded && !self.undone, policies.on_refund),
            (self.in_part && !self.in_part_undone, policies.on_partial_refund),
            (self.disputed && !self.won && !self.lost, policies.on_dispute),
            (self.lost, policies.on_dispute_lost),
        ];
        let called_for = |word| consequences.iter().any(|(so, policy)| *so && *policy == word);
        match () {
            () if called_for("revoke") => "revoked",
            () if called_for("suspend") => "suspended",
            () => "active",
        }
    }

    /// What Gumroad's flags say of it, and Lemon Squeezy's `refunded`: a partial refund only the event itself tells.
    pub(crate) const fn in_flags(self) -> Self {
        Self { in_part: false, ..self }
    }
}
