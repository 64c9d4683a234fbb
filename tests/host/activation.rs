//! `POST /api/activate`: every status it can answer with, and what each one leaves behind.
//!
//! | module | what it promises |
//! |---|---|
//! | `answers` | what a buyer gets, first and again, and what is refused before anybody is asked |
//! | `choice` | products that let the buyer choose |
//! | `own_keys` | licenses that were minted here, by their state |
//! | `storefront_keys` | licenses of Lemon Squeezy's, by what it says of them |
//! | `identities` | GitHub accounts: which can be invited, and that one license has one |
//! | `invitations` | what becomes of each repository |
//! | `callers` | rate limits and cross-origin calls |
//! | `apps` | a GitHub App in place of a token |
//! | `repeating` | whoever activates the same license again and again |
//! | `looking` | what is told of a license that is only looked at |
//! | `guessing` | somebody who tries keys |
//!
//! What a body may look like at all is in `hostile`; what happens when a call is lost is in `faults`.

mod answers;
mod apps;
mod callers;
mod choice;
mod guessing;
mod identities;
mod invitations;
mod looking;
mod own_keys;
mod repeating;
mod storefront_keys;

use latchkey_sandbox::{Fault, FaultKind, GumroadSale, LicenseKeySeed, Service};

use crate::shop::Shop;

/// GitHub's number for `octocat`.
const OCTOCAT: i64 = 583_231;

/// A key in our own format that nobody minted.
const NEVER_MINTED: &str = "LK-00000-00000-00000-00000-00000-0";

/// Sells a Gumroad product, reads the mail, forgets the calls, and gives the key.
async fn sold(shop: &Shop, product_id: &str) -> String {
    let sale = GumroadSale { product_id: Some(product_id.to_owned()), ..GumroadSale::default() };
    assert_eq!(shop.deliver(&shop.sandbox.sell_on_gumroad(sale)).await.status, 200);
    let key = shop.take_key();
    shop.calls();
    key
}

/// Adds a key that only Lemon Squeezy knows.
fn issued(shop: &Shop, seed: LicenseKeySeed) -> String {
    shop.sandbox.add_license_key(seed)
}

/// Nobody is bound to anything and nothing is to be done at GitHub.
#[track_caller]
fn assert_nothing_bound(shop: &Shop, context: &str) {
    assert_eq!(shop.count("license_activations"), 0, "{context}");
    for table in ["entitlements", "grants", "outbox WHERE kind = 'grant'", "invitation_reservations"] {
        assert_eq!(shop.count(table), 0, "{context}: {table}");
    }
    for repo in shop.sandbox.repos() {
        assert!(shop.sandbox.invitations(&repo).is_empty(), "{context}: {repo}");
    }
}

/// Every way in which a service can fail to give an answer that could be believed, by name.
fn outages() -> Vec<(&'static str, FaultKind)> {
    let page = |status| FaultKind::Status { status, headers: Vec::new(), body: b"<title>Nginx</title>".to_vec() };
    vec![
        ("500", FaultKind::status(500)),
        ("503", FaultKind::status(503)),
        ("429 with a time", FaultKind::retry_after(429, 30)),
        ("a proxy's 404", page(404)),
        ("a proxy's 400", page(400)),
        ("a proxy's 403", page(403)),
        ("a page instead of an answer", FaultKind::Junk),
        ("an empty 200", FaultKind::Status { status: 200, headers: Vec::new(), body: Vec::new() }),
        ("a redirect", FaultKind::Redirect("https://elsewhere.example.com/".to_owned())),
        ("more than is read", FaultKind::Oversized(2 * 1024 * 1024)),
        ("silence", FaultKind::Slow(std::time::Duration::from_secs(6))),
        ("a lost connection", FaultKind::LostBefore),
        ("a lost reply", FaultKind::LostAfter),
    ]
}

/// A fault of GitHub's look-up of users.
fn of_users(kind: FaultKind) -> Fault {
    Fault::new(Service::GitHub, kind).method("GET").path("/users/")
}

/// A fault of GitHub's invitations to one repository.
fn of_invitations(repo: &str, kind: FaultKind) -> Fault {
    Fault::new(Service::GitHub, kind).method("PUT").path(&format!("/repos/{repo}/collaborators/"))
}
