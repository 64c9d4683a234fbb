//! Which calls into the world there are, and which of them were struck by what.
//!
//! A boundary is a call by what it is: the statements that a batch consists of, or the service, method and path of a
//! request. Which there must be comes from the engine: every statement of `src/db/sql`, and every request that an
//! adapter makes. One that no scenario reaches, or that was not struck in every way, is named.

use std::collections::{BTreeMap, BTreeSet};
use std::fmt;
use std::fs;
use std::path::Path;

use latchkey::platform::host::{Call, Fate};

use super::scenarios::{Blow, FATES, Witness};
use crate::sql::statements;

/// Statements that no scenario reaches yet: reads, which change nothing; the note of a new login, which the simulator strikes; what
/// forgets old recoveries, which the next tick does as well; the record of who looked at a key, without which none is shown; and seven
/// whose faults the tests of alerts, of mails, of recoveries and of signing in inject themselves.
const NOT_STRUCK: [&str; 38] = [
    "actions/record_move",
    "actions/record_showing",
    "activations/prove",
    "alerts/give_up",
    "alerts/mark_untold",
    "grants/of_license",
    "grants/rename",
    "licenses/of_buyer",
    "outbox/hold_mail",
    "outbox/skip_mail",
    "reads/access/invited",
    "reads/access/line",
    "reads/access/repositories",
    "reads/doctor/deliveries",
    "reads/doctor/last_tick",
    "reads/doctor/migration",
    "reads/doctor/reservations",
    "reads/doctor/unmapped",
    "reads/doctor/waiting_mail",
    "reads/drift/floor",
    "reads/drift/of_account",
    "reads/drift/page",
    "reads/events/needing_seller",
    "reads/events/outstanding",
    "reads/grants/floor",
    "reads/grants/of_account",
    "reads/grants/page",
    "reads/orders/floor",
    "reads/orders/page",
    "reads/outbox/dead",
    "reads/outbox/one",
    "reads/products/sold",
    "reads/products/waiting",
    "reads/sales/newest",
    "recoveries/forget_old",
    "recoveries/licenses",
    "recoveries/of_token",
    "recoveries/use",
];

/// Every request of ours, with `{}` for what differs, under the adapter that makes it.
const REQUESTS: &[(&str, &str)] = &[
    ("mail/binding.rs", "Post /email/send"),
    ("mail/postmark.rs", "Post /postmark/email"),
    ("mail/resend.rs", "Post /resend/emails"),
    ("mail/smtp2go.rs", "Post /smtp2go/v3/email/send"),
    ("github/app.rs", "Get /github/repos/{}/{}/installation"),
    ("github/app.rs", "Post /github/app/installations/{}/access_tokens"),
    ("github.rs", "Get /github/repos/{}/{}/collaborators/{}/permission"),
    ("github.rs", "Get /github/user/{}"),
    ("github.rs", "Get /github/users/{}"),
    ("github.rs", "Put /github/repos/{}/{}/collaborators/{}"),
    ("github/removal.rs", "Delete /github/repos/{}/{}/collaborators/{}"),
    ("github/removal.rs", "Delete /github/repos/{}/{}/invitations/{}"),
    ("github/removal.rs", "Get /github/repos/{}/{}/collaborators/{}"),
    ("github/removal.rs", "Get /github/repos/{}/{}/invitations"),
    ("github/roster.rs", "Get /github/repos/{}/{}/collaborators"),
    ("github/roster.rs", "Get /github/repos/{}/{}/invitations"),
    ("github/survey.rs", "Get /github/repos/{}/{}"),
    ("github/watching.rs", "Get /github/repos/{}/{}/collaborators/{}"),
    ("github/watching.rs", "Get /github/repos/{}/{}/invitations"),
    ("storefronts/lemon_squeezy/license_api.rs", "Post /lemonsqueezy/v1/licenses/validate"),
    ("storefronts/listing.rs", "Get /gumroad/v2/sales"),
    ("storefronts/listing.rs", "Get /lemonsqueezy/v1/license-keys"),
    ("storefronts/listing.rs", "Get /lemonsqueezy/v1/orders"),
    ("storefronts/paddle/api.rs", "Get /paddle/adjustments"),
    ("storefronts/paddle/api.rs", "Get /paddle/customers/{}"),
    ("storefronts/paddle/api.rs", "Get /paddle/transactions"),
    ("storefronts/paddle/api.rs", "Get /paddle/transactions/{}"),
    ("storefronts/polar/api.rs", "Get /polar/v1/customers/{}/members"),
    ("storefronts/polar/api.rs", "Get /polar/v1/disputes/"),
    ("storefronts/polar/api.rs", "Get /polar/v1/orders/"),
    ("storefronts/polar/api.rs", "Get /polar/v1/orders/{}"),
    ("storefronts/polar/api.rs", "Get /polar/v1/refunds/"),
    ("storefronts/stripe/api.rs", "Get /stripe/v1/charges/{}"),
    ("storefronts/stripe/api.rs", "Get /stripe/v1/checkout/sessions"),
    ("storefronts/stripe/api.rs", "Get /stripe/v1/checkout/sessions/{}/line_items"),
    ("storefronts/stripe/api.rs", "Get /stripe/v1/events"),
    ("storefronts/stripe/api.rs", "Get /stripe/v1/invoice_payments"),
    ("storefronts/stripe/api.rs", "Get /stripe/v1/invoices/{}"),
];

/// The adapters whose other requests no scenario makes: those of the doctor, which only looks, and of signing in, here and at GitHub,
/// which have their faults in tests of their own, and those of the operator's command line, which sets up webhooks.
const NOT_OF_A_SCENARIO: [&str; 10] = [
    "access.rs",
    "github/hooks.rs",
    "github/manifest.rs",
    "github/sign_in.rs",
    "github/survey.rs",
    "storefronts/gumroad/setup.rs",
    "storefronts/lemon_squeezy/setup.rs",
    "storefronts/paddle/setup.rs",
    "storefronts/polar/setup.rs",
    "storefronts/stripe/setup.rs",
];

/// What was struck, over any number of plays.
#[derive(Debug, Default)]
pub(super) struct Coverage {
    /// By boundary, the places in [`FATES`] of the fates that struck it.
    boundaries: BTreeMap<String, BTreeSet<usize>>,
    plays: usize,
}

impl Coverage {
    /// Adds what was seen in one play.
    pub(super) fn add(&mut self, witness: &Witness) {
        self.plays += 1;
        let reached = witness.reached.borrow();
        for boundary in reached.iter() {
            if !self.boundaries.contains_key(boundary) {
                self.boundaries.insert(boundary.clone(), BTreeSet::new());
            }
        }
        for (call, fate) in witness.struck.borrow().iter() {
            self.boundaries.entry(reached[*call].clone()).or_default().insert(place(*fate));
        }
    }

    /// Adds what was seen in other plays.
    pub(super) fn merge(&mut self, other: &Self) {
        self.plays += other.plays;
        for (boundary, fates) in &other.boundaries {
            self.boundaries.entry(boundary.clone()).or_default().extend(fates);
        }
    }

    /// Blows to calls of this play, after the blows that it had, that would strike a boundary as it never was.
    pub(super) fn missing_after(&self, witness: &Witness) -> Vec<Blow> {
        let reached = witness.reached.borrow();
        let first = witness.struck.borrow().last().map_or(0, |(call, _)| call + 1);
        let mut found = BTreeSet::new();
        let mut missing = Vec::new();
        for (call, boundary) in reached.iter().enumerate().skip(first) {
            let struck = self.boundaries.get(boundary);
            for fate in FATES.into_iter().filter(|fate| !struck.is_some_and(|fates| fates.contains(&place(*fate)))) {
                if found.insert((boundary, place(fate))) {
                    missing.push((call, fate));
                }
            }
        }
        missing
    }

    /// # Panics
    /// With the names of what is missing.
    pub(super) fn assert_complete(&self) {
        let mut wrong = Vec::new();
        for (boundary, struck) in &self.boundaries {
            let missing: Vec<_> = FATES.into_iter().filter(|fate| !struck.contains(&place(*fate))).collect();
            if !missing.is_empty() {
                wrong.push(format!("{boundary}: never struck by {missing:?}"));
            }
        }
        let reached: BTreeSet<_> = self.boundaries.keys().flat_map(|boundary| boundary.split(AND)).collect();
        for sql in statements().into_iter().filter(|sql| !NOT_STRUCK.contains(&sql.name.as_str())) {
            if !reached.contains(sql.name.as_str()) {
                wrong.push(format!("the statement {}: no scenario reaches it", sql.name));
            }
        }
        for (_, request) in REQUESTS {
            if !self.boundaries.contains_key(*request) {
                wrong.push(format!("{request}: no scenario reaches it"));
            }
        }
        for request in self.boundaries.keys().filter(|boundary| boundary.contains(" /")) {
            if !REQUESTS.iter().any(|(_, known)| known == request) {
                wrong.push(format!("{request}: a request that is not listed"));
            }
        }
        assert!(wrong.is_empty(), "{}", wrong.join("\n"));
    }
}

impl fmt::Display for Coverage {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        let (boundaries, fates) = (self.boundaries.len(), FATES.len());
        let struck: usize = self.boundaries.values().map(BTreeSet::len).sum();
        let all = boundaries * fates;
        write!(f, "{boundaries} boundaries x {fates} fates: {struck} of {all} struck in {} plays", self.plays)
    }
}

/// Between the statements of a batch.
const AND: &str = " + ";

/// What a call is. Statements of a batch are named once each and in one order, however many rows it is about.
pub(super) fn boundary(call: &Call<'_>) -> String {
    match call {
        Call::Batch(batch) => {
            let names: BTreeSet<_> = batch.iter().map(|statement| statement.name).collect();
            names.into_iter().collect::<Vec<_>>().join(AND)
        }
        Call::Send(request) => {
            let path = request.url.strip_prefix("http://sandbox.localhost").unwrap_or(&request.url);
            let path = path.split_once('?').map_or(path, |(path, _)| path);
            let asked = format!("{:?} {path}", request.method);
            let known = REQUESTS.iter().find(|(_, known)| is_like(known, &asked));
            known.map_or(asked, |(_, known)| (*known).to_owned())
        }
    }
}

fn is_like(known: &str, asked: &str) -> bool {
    let (mut known, mut asked) = (known.split('/'), asked.split('/'));
    loop {
        match (known.next(), asked.next()) {
            (None, None) => return true,
            (Some(known), Some(asked)) if known == asked || known == "{}" => {}
            _ => return false,
        }
    }
}

fn place(fate: Fate) -> usize {
    FATES.iter().position(|known| *known == fate).expect("one of the fates")
}

#[test]
fn every_adapter_that_makes_a_request_is_listed() {
    let adapters = sources(&Path::new(env!("CARGO_MANIFEST_DIR")).join("src/adapters"));
    let asks = |text: &str| text.contains("Method::") || text.contains(".send_mail(");
    let asking: BTreeSet<_> = adapters.iter().filter(|(_, text)| asks(text)).map(|(file, _)| file.as_str()).collect();
    let listed: BTreeSet<_> = REQUESTS.iter().map(|(file, _)| *file).chain(NOT_OF_A_SCENARIO).collect();
    assert_eq!(asking, listed);
}

#[test]
fn every_statement_is_used() {
    let db = sources(&Path::new(env!("CARGO_MANIFEST_DIR")).join("src/db"));
    for sql in statements() {
        let quoted = format!("\"{}\"", sql.name);
        assert!(db.iter().any(|(_, text)| text.contains(&quoted)), "{}: nobody runs it", sql.name);
    }
}

/// The files of a folder by their paths in it, without tests, and each without its own tests.
fn sources(folder: &Path) -> Vec<(String, String)> {
    fn walk(folder: &Path, within: &str, found: &mut Vec<(String, String)>) {
        for entry in fs::read_dir(folder).unwrap() {
            let path = entry.unwrap().path();
            let name = format!("{within}{}", path.file_name().unwrap().to_str().unwrap());
            if path.is_dir() {
                walk(&path, &format!("{name}/"), found);
            } else if !name.ends_with("tests.rs") && !name.ends_with("testing.rs") {
                let text = fs::read_to_string(&path).unwrap();
                let code = text.split("#[cfg(test)]\nmod tests {").next().unwrap();
                found.push((name, code.to_owned()));
            }
        }
    }
    let mut found = Vec::new();
    walk(folder, "", &mut found);
    found
}
