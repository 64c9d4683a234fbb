//! What ought to be, from what was done to the shop: written from the README's promises, not from the engine's code.
//!
//! It keeps everything that the outside world did (orders, deliveries, requests and how they were answered), and says
//! what has to follow. Whether it did is looked up in `check`.

use std::collections::HashSet;
use std::sync::OnceLock;

use latchkey_sandbox::Delivery;
use serde_json::Value;

/// A product of the shop, and what the catalogue of the tests says of it.
#[derive(Debug)]
pub(crate) struct Product {
    pub(crate) source: &'static str,
    pub(crate) id: &'static str,
    pub(crate) variant: Option<&'static str>,
    pub(crate) issues: Issues,
    /// What every buyer gets.
    pub(crate) repos: &'static [&'static str],
    /// What the buyer chooses one from.
    pub(crate) choose: &'static [&'static str],
}

/// Who issues the key.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(crate) enum Issues {
    /// The engine.
    Minted,
    /// The storefront.
    Storefront,
    /// Nobody says what it opens.
    Unmapped,
}

pub(crate) const GUMROAD: &str = "gumroad";
pub(crate) const LEMON_SQUEEZY: &str = "lemonsqueezy";

/// What `tests/fixtures/products.toml` says, once more and by hand.
pub(crate) const PRODUCTS: [Product; 8] = [
    Product {
        source: GUMROAD,
        id: "32-nPAicqbLj8B_WswVlMw==",
        variant: None,
        issues: Issues::Minted,
        repos: &["acme/starter", "acme/starter-docs"],
        choose: &[],
    },
    Product {
        source: GUMROAD,
        id: "pickOne==",
        variant: None,
        issues: Issues::Minted,
        repos: &[],
        choose: &["acme/stack-nuxt", "acme/stack-next"],
    },
    Product {
        source: GUMROAD,
        id: "bundle==",
        variant: None,
        issues: Issues::Minted,
        repos: &["acme/bundle-api", "acme/bundle-web", "acme/bundle-mobile", "acme/bundle-infra", "acme/bundle-docs"],
        choose: &[],
    },
    Product { source: GUMROAD, id: "nobody-knows==", variant: None, issues: Issues::Unmapped, repos: &[], choose: &[] },
    Product {
        source: LEMON_SQUEEZY,
        id: "4",
        variant: Some("5"),
        issues: Issues::Storefront,
        repos: &["acme/kit", "acme/kit-pro"],
        choose: &[],
    },
    Product {
        source: LEMON_SQUEEZY,
        id: "4",
        variant: Some("9"),
        issues: Issues::Storefront,
        repos: &["acme/kit"],
        choose: &[],
    },
    Product {
        source: LEMON_SQUEEZY,
        id: "6",
        variant: Some("1"),
        issues: Issues::Minted,
        repos: &["acme/minted"],
        choose: &[],
    },
    Product { source: LEMON_SQUEEZY, id: "7", variant: Some("9"), issues: Issues::Unmapped, repos: &[], choose: &[] },
];

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

/// The crowd's accounts, which a history adds to the sandbox in their order.
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
    pub(crate) email: String,
    /// What became of it so far.
    pub(crate) facts: Facts,
}

/// What a storefront can say of an order besides that it was paid. What was once said stays.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Default)]
pub(crate) struct Facts {
    pub(crate) refunded: bool,
    pub(crate) disputed: bool,
    pub(crate) won: bool,
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
    /// Nothing that changes anything.
    Nothing,
    /// The storefront issued a key for it.
    Key(Key),
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
    pub(crate) answer: Option<Answer>,
    /// Whether its answer was looked at.
    pub(crate) checked: bool,
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
    /// The seller changes something.
    Act,
    /// Somebody presents a key, of that order if it is a good one.
    Activation { key: String, order: Option<usize>, account: &'static Account },
}

/// Everything that was done to the shop.
#[derive(Debug, Default)]
pub(crate) struct Model {
    pub(crate) orders: Vec<Order>,
    pub(crate) deliveries: Vec<Known>,
    /// Keys that buyers have: by mail from the shop, with the order's place in [`Model::orders`].
    pub(crate) mailed: Vec<(String, usize)>,
    /// Mails that told the operator of something.
    pub(crate) alerts: usize,
    /// Keys that buyers have from the storefront.
    pub(crate) issued: Vec<Key>,
    pub(crate) sent: Vec<Sent>,
    /// Who has accepted an invitation to what.
    pub(crate) accepted: HashSet<(i64, String)>,
    /// Who declined an invitation to what, and how many requests had been sent by then.
    pub(crate) declined: Vec<(i64, String, usize)>,
}

impl Model {
    /// These of [`Model::deliveries`] with those that say what every storefront lists: each order, and each key.
    pub(crate) fn listed(&self, mut stored: HashSet<usize>) -> HashSet<usize> {
        let says_so = |known: &Known| matches!(&known.meaning, Meaning::Sale(facts) if *facts == Facts::default());
        let is_key = |known: &Known| matches!(known.meaning, Meaning::Key(_));
        let all = self.deliveries.iter().enumerate().filter(|(_, known)| says_so(known) || is_key(known));
        stored.extend(all.map(|(place, _)| place));
        stored
    }

    /// What was said of an order by these of [`Model::deliveries`].
    pub(crate) fn facts<'a>(&self, order: usize, said: impl IntoIterator<Item = &'a usize>) -> Facts {
        let of_it = said.into_iter().map(|place| &self.deliveries[*place]).filter(|known| known.order == order);
        of_it.fold(Facts::default(), |facts, known| match known.meaning {
            Meaning::Sale(said) | Meaning::Changed(said) => facts.and(said),
            Meaning::Key(_) | Meaning::Nothing => facts,
        })
    }

    /// Whether anybody has presented this key.
    pub(crate) fn presented(&self, key: &str) -> bool {
        self.sent.iter().any(|sent| matches!(&sent.what, What::Activation { key: presented, .. } if presented == key))
    }

    /// The order that a license was bought with.
    pub(crate) fn order_with(&self, source: &str, license_order: &str) -> Option<usize> {
        let id = license_order.split(':').next().unwrap_or_default();
        self.orders.iter().position(|order| order.id == id && order.product.source == source)
    }

    /// How many requests had been sent when the last one was sent that promised the account this access by this key.
    pub(crate) fn promised(&self, account: i64, repo: &str, by: &str) -> Option<usize> {
        let promises = |sent: &Sent| {
            let (What::Activation { account: asked, key, .. }, Some(Answer { status: 200 | 202, body, .. })) =
                (&sent.what, &sent.answer)
            else {
                return false;
            };
            let repos = body["repos"].as_array().map_or(&[][..], Vec::as_slice);
            key == by && asked.id == Some(account) && repos.iter().any(|promised| promised["repo"] == repo)
        };
        self.sent.iter().rposition(promises)
    }

    /// How many requests had been sent when the account last declined an invitation to this.
    pub(crate) fn last_declined(&self, account: i64, repo: &str) -> Option<usize> {
        let of_it = self.declined.iter().filter(|(who, what, _)| *who == account && what == repo);
        of_it.map(|(_, _, sent)| *sent).max()
    }

    /// The order that has this mail address; every order has one of its own.
    pub(crate) fn order_of(&self, email: &str) -> Option<usize> {
        self.orders.iter().position(|order| order.email == email)
    }
}

impl Facts {
    pub(crate) const fn and(self, other: Self) -> Self {
        Self {
            refunded: self.refunded || other.refunded,
            disputed: self.disputed || other.disputed,
            won: self.won || other.won,
        }
    }

    /// How the licenses of such an order stand.
    pub(crate) const fn standing(self) -> &'static str {
        if self.refunded {
            "revoked"
        } else if self.disputed && !self.won {
            "suspended"
        } else {
            "active"
        }
    }
}

impl Product {
    /// Whether these are repositories that a buyer of the product could have chosen.
    pub(crate) fn opens(&self, repos: &[String]) -> bool {
        let (fixed, chosen): (Vec<_>, Vec<_>) = repos.iter().partition(|repo| self.repos.contains(&repo.as_str()));
        fixed.len() == self.repos.len()
            && chosen.len() == usize::from(!self.choose.is_empty())
            && chosen.iter().all(|repo| self.choose.contains(&repo.as_str()))
    }
}
