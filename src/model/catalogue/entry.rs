//! One entry of a written catalogue: which keys it has, what they mean, and which combinations make no sense.

use super::fields::{Fields, Found, one_of, shortened};
use super::problem::Report;
use super::product::{Choice, Consequence, DisputeConsequence, LicenseKind, Permission, Product, ProofRule, VariantId};
use super::section::{Ids, Section};
use super::tree::{Table, Value};
use super::url::HttpsUrl;
use super::{repo, word::Word};
use crate::model::Repo;

/// Longer than any id a storefront gives out.
const MAX_ID_CHARS: usize = 128;
/// Fits in the subject of a mail and on a storefront's page.
const MAX_NAME_CHARS: usize = 200;
/// Beyond this a number of years is a slip of the finger: who means "forever" leaves the key out.
const MAX_YEARS: i64 = 100;
/// A year: a longer grace or an earlier reminder is a slip of the finger.
const MAX_DAYS: i64 = 365;
/// More than anybody sells as one product, and still few enough to be handled in one go.
const MAX_REPOS: usize = 200;
/// The longest address that every browser takes.
const MAX_URL_CHARS: usize = 2000;

/// The keys that every storefront's entries have besides the variant's, in the order in which they are written.
pub(super) const KEYS: [&str; 20] = [
    "product_id",
    "name",
    "tier",
    "years",
    "repos",
    "choose",
    "permission",
    "license",
    "on_refund",
    "on_partial_refund",
    "on_dispute",
    "on_dispute_lost",
    "on_expiry",
    "on_end",
    "grace_days",
    "remind_days",
    "renew_url",
    "proof",
    "per_quantity",
    "activate_at_checkout",
];

/// Those that a product without a license may have too: the others say what it opens, and so contradict that.
const WITHOUT_TERMS: [&str; 4] = ["product_id", "name", "tier", "license"];

/// What makes an entry one product within its storefront: product id and variant.
#[derive(Debug, PartialEq, Eq, Hash)]
pub(super) struct Identity {
    product_id: String,
    variant_id: Option<String>,
}

/// How problems name an entry: by its place, and by what the seller would recognize it by.
pub(super) fn label(section: &Section, number: usize, table: &Table<'_>) -> String {
    let text = |key: &str| match &table.get(key)?.value {
        Value::Text(text) => Some(format!("{:?}", shortened(text))),
        _ => None,
    };
    let mut label = format!("[[{}]] #{number}", section.source);
    if let Some(name) = text("name") {
        label.push_str(&format!(" {name}"));
    }
    let variant = section.variants.and_then(|rule| Some((rule.key(), text(rule.key())?)));
    match (text("product_id"), variant) {
        (Some(product), Some((key, variant))) => {
            label.push_str(&format!(" (product_id {product}, {key} {variant})"));
        }
        (Some(product), None) => label.push_str(&format!(" (product_id {product})")),
        (None, _) => {}
    }
    label
}

/// Reads one entry, reporting everything that is wrong with it.
///
/// Gives its identity when that much is right, so that a repeated product is noticed even in an entry with other
/// problems, and the product when all is right.
pub(super) fn read(
    section: &Section,
    table: &Table<'_>,
    at: usize,
    report: &mut Report,
) -> (Option<Identity>, Option<Product>) {
    let fields = Fields::new(table, at, "");
    fields.refuse_unknown(&known_keys(section), report);

    let product_id = id(section, "product_id", &section.product_ids, &fields, Need::Required, report);
    let variant = variant(section, &fields, report);
    let identity = match (&product_id, &variant) {
        (Some(Some(product_id)), Some(variant)) => Some(Identity {
            product_id: product_id.clone(),
            variant_id: variant.as_ref().map(|variant| variant.as_str().to_owned()),
        }),
        _ => None,
    };
    let name = fields.required("name", MAX_NAME_CHARS, "\"Acme Starter Kit\"", report);
    let license = license(section, &fields, report);
    let terms =
        if license == Some(LicenseKind::None) { no_terms(&fields, report) } else { terms(license, &fields, report) };
    let product = (|| {
        let (license, name) = (license?, name?.value);
        let product = Product {
            source: section.source.to_owned(),
            product_id: product_id??,
            variant: variant?,
            license,
            name,
            ..terms?
        };
        Some(product)
    })();
    (identity, product)
}

/// Every key of a storefront's entries, in the order in which they are written.
pub(super) fn known_keys(section: &Section) -> Vec<&'static str> {
    let mut keys = KEYS.to_vec();
    if let Some(rule) = section.variants {
        keys.insert(1, rule.key());
    }
    keys
}

/// Whether a key has to be there.
#[derive(Clone, Copy, PartialEq, Eq)]
enum Need {
    Required,
    Optional,
}

/// `None` when it is wrong; `Some(None)` when it is not there and need not be.
fn id(
    section: &Section,
    key: &str,
    ids: &Ids,
    fields: &Fields<'_, '_>,
    need: Need,
    report: &mut Report,
) -> Option<Option<String>> {
    if need == Need::Optional && !fields.has(key) {
        return Some(None);
    }
    let id = fields.required(key, MAX_ID_CHARS, &ids.example(), report)?;
    let Some((problem, remedy)) = ids.problem(&id.value, section.name) else {
        return Some(Some(id.value));
    };
    report.add(id.at, format!("`{key}` is {:?}, {problem}", id.value), remedy);
    None
}

/// `None` when it is wrong; `Some(None)` when it is not there.
fn variant(section: &Section, fields: &Fields<'_, '_>, report: &mut Report) -> Option<Option<VariantId>> {
    let Some(rule) = section.variants else {
        return Some(None);
    };
    let id = id(section, rule.key(), &rule.ids, fields, Need::Optional, report)?;
    Some(id.map(rule.variant))
}

fn license(section: &Section, fields: &Fields<'_, '_>, report: &mut Report) -> Option<LicenseKind> {
    if !fields.has("license") {
        return Some(section.default_license());
    }
    let example = format!("\"{}\"", section.default_license().as_str());
    let text = fields.text("license", MAX_NAME_CHARS, &example, report)?;
    let problem = match LicenseKind::from_name(&text.value) {
        Some(license) if section.licenses.contains(&license) => return Some(license),
        Some(_) => format!("but {} issues no keys that could be verified", section.name),
        None => "which means nothing".to_owned(),
    };
    let problem = format!("`license` is {:?}, {problem}", shortened(&text.value));
    report.add(text.at, problem, format!("{}, or leave it out", one_of(section.licenses)));
    None
}

/// What an entry says on which terms a license is given: a product but for what it is called and whose license it is.
/// `license` is what is known of that.
fn terms(license: Option<LicenseKind>, fields: &Fields<'_, '_>, report: &mut Report) -> Option<Product> {
    let tier = fields.required("tier", MAX_NAME_CHARS, "\"core\"", report);
    let years = years(fields, report);
    let repos = repos(fields, "repos", report);
    let choose = choose(fields, repos.as_deref().unwrap_or_default(), report);
    if !fields.has("choose") && repos.as_ref().is_some_and(Vec::is_empty) {
        let form = report.form();
        let remedy = format!("write {}, or {}", form.pair("repos", "[\"acme/starter\"]"), form.choice("[…]"));
        report.add(fields.at(), "opens nothing", remedy);
    }
    let permission = permission(fields, report);
    let on_refund = fields.word("on_refund", Consequence::Revoke, report);
    let on_partial_refund = fields.word("on_partial_refund", Consequence::Keep, report);
    let on_dispute = fields.word("on_dispute", DisputeConsequence::Suspend, report);
    let on_dispute_lost = fields.word("on_dispute_lost", Consequence::Revoke, report);
    let on_expiry = fields.word("on_expiry", Consequence::Revoke, report);
    let on_end = fields.word("on_end", Consequence::Revoke, report);
    let grace_days = days(fields, "grace_days", Product::GRACE_DAYS, report);
    let remind_days = days(fields, "remind_days", Product::REMIND_DAYS, report);
    let renew_url = renew_url(fields, report);
    let proof = fields.word("proof", ProofRule::Optional, report);
    let per_quantity = fields.flag("per_quantity", report);
    let activate_at_checkout = fields.flag("activate_at_checkout", report);

    let mut contradicts = |holds: bool, key: &str, problem: &str, remedy: String| {
        if holds {
            report.add(fields.raw(key).map_or(fields.at(), |node| node.at), problem, remedy);
        }
        holds
    };
    let contradictions = [
        contradicts(
            per_quantity == Some(true) && license == Some(LicenseKind::Storefront),
            "per_quantity",
            "`per_quantity` is true, but the storefront makes the keys of this product",
            "write `license` \"minted\" beside it, or remove `per_quantity`".to_owned(),
        ),
        contradicts(
            (on_refund, on_partial_refund) == (Some(Consequence::Keep), Some(Consequence::Revoke)),
            "on_partial_refund",
            "`on_partial_refund` is \"revoke\", but a full refund keeps access",
            "write `on_refund` \"revoke\", or remove `on_partial_refund`".to_owned(),
        ),
        contradicts(
            (on_dispute, on_dispute_lost) == (Some(DisputeConsequence::Revoke), Some(Consequence::Keep)),
            "on_dispute_lost",
            "`on_dispute_lost` is \"keep\", but access was revoked when the dispute was opened",
            "write `on_dispute` \"suspend\" or \"keep\", or remove `on_dispute_lost`".to_owned(),
        ),
        contradicts(
            activate_at_checkout == Some(true) && proof == Some(ProofRule::Required),
            "activate_at_checkout",
            "`activate_at_checkout` is true, but what is typed at the checkout is no proof, and `proof` is \"required\"",
            "remove one of them".to_owned(),
        ),
        contradicts(
            activate_at_checkout == Some(true) && fields.has("choose"),
            "activate_at_checkout",
            "`activate_at_checkout` is true, but the buyer has to choose repositories first",
            "remove `activate_at_checkout`, or write `repos` instead of `choose`".to_owned(),
        ),
    ];
    if contradictions.contains(&true) {
        return None;
    }
    Some(Product {
        tier: tier?.value,
        years: years?,
        repos: repos?,
        choose: choose?,
        permission: permission?,
        on_refund: on_refund?,
        on_partial_refund: on_partial_refund?,
        on_dispute: on_dispute?,
        on_dispute_lost: on_dispute_lost?,
        on_expiry: on_expiry?,
        on_end: on_end?,
        grace_days: grace_days?,
        remind_days: remind_days?,
        renew_url: renew_url?,
        proof: proof?,
        per_quantity: per_quantity?,
        activate_at_checkout: activate_at_checkout?,
        ..nothing_said()
    })
}

/// A product for which there is no license: nothing about it is left to say.
fn no_terms(fields: &Fields<'_, '_>, report: &mut Report) -> Option<Product> {
    let said: Vec<&str> = KEYS.into_iter().filter(|key| !WITHOUT_TERMS.contains(key) && fields.has(key)).collect();
    for key in &said {
        let at = fields.raw(key).map_or(fields.at(), |node| node.at);
        let problem = format!("`{key}` is set, but with `license` \"none\" a sale of this product opens nothing");
        report.add(at, problem, format!("remove `{key}`, or remove `license`"));
    }
    let tier = fields.text("tier", MAX_NAME_CHARS, "\"core\"", report);
    if !said.is_empty() || tier.is_none() && fields.has("tier") {
        return None;
    }
    Some(Product { tier: tier.map(|tier| tier.value).unwrap_or_default(), ..nothing_said() })
}

/// A product of which an entry has said nothing yet.
const fn nothing_said() -> Product {
    Product {
        source: String::new(),
        product_id: String::new(),
        variant: None,
        name: String::new(),
        tier: String::new(),
        years: None,
        repos: Vec::new(),
        choose: None,
        permission: Permission::Pull,
        license: LicenseKind::None,
        on_refund: Consequence::Revoke,
        on_partial_refund: Consequence::Keep,
        on_dispute: DisputeConsequence::Suspend,
        on_dispute_lost: Consequence::Revoke,
        on_expiry: Consequence::Revoke,
        on_end: Consequence::Revoke,
        grace_days: Product::GRACE_DAYS,
        remind_days: Product::REMIND_DAYS,
        renew_url: None,
        proof: ProofRule::Optional,
        per_quantity: false,
        activate_at_checkout: false,
    }
}

/// `None` when it is wrong; `Some(None)` when it is not there: perpetual.
fn years(fields: &Fields<'_, '_>, report: &mut Report) -> Option<Option<u32>> {
    if !fields.has("years") {
        return Some(None);
    }
    let years = fields.integer("years", "1", report)?;
    let value = years.value;
    if let Some(good) = in_range(value, 1, MAX_YEARS) {
        return Some(Some(good));
    }
    let problem = if value > MAX_YEARS {
        format!("`years` is {value}; {MAX_YEARS} is the most")
    } else {
        format!("`years` is {value}; it must be 1 or more")
    };
    report.add(years.at, problem, "for a license that never expires leave it out");
    None
}

fn days(fields: &Fields<'_, '_>, key: &str, default: u32, report: &mut Report) -> Option<u32> {
    if !fields.has(key) {
        return Some(default);
    }
    let days = fields.integer(key, &default.to_string(), report)?;
    let good = in_range(days.value, 0, MAX_DAYS);
    if good.is_none() {
        let problem = format!("`{key}` is {}; it must be 0 to {MAX_DAYS}", days.value);
        report.add(days.at, problem, format!("write it like {}", report.form().pair(key, &default.to_string())));
    }
    good
}

/// `None` when it is wrong; `Some(None)` when it is not there.
fn renew_url(fields: &Fields<'_, '_>, report: &mut Report) -> Option<Option<HttpsUrl>> {
    if !fields.has("renew_url") {
        return Some(None);
    }
    let example = "\"https://acme.example.com/renew\"";
    let text = fields.text("renew_url", MAX_URL_CHARS, example, report)?;
    let url = HttpsUrl::parse(&text.value);
    if url.is_none() {
        let problem = format!("`renew_url` is {:?}, which is no https address", shortened(&text.value));
        report.add(text.at, problem, format!("write it like {example}"));
    }
    url.map(Some)
}

/// The repositories of a list; none when the key is not there.
fn repos(fields: &Fields<'_, '_>, key: &str, report: &mut Report) -> Option<Vec<Repo>> {
    let shown = fields.shown(key);
    let mut good = true;
    let mut repos: Vec<Repo> = Vec::new();
    for text in fields.texts(key, MAX_REPOS, "[\"acme/kit\"]", report)? {
        match repo::read(text.value) {
            Err((problem, remedy)) => {
                report.add(text.at, format!("`{shown}`: {problem}"), remedy);
                good = false;
            }
            Ok(repo) if repos.contains(&repo) => {
                let problem =
                    format!("`{shown}` lists {:?} twice (GitHub does not tell upper from lower case)", repo.as_str());
                report.add(text.at, problem, "remove one of them");
                good = false;
            }
            Ok(repo) => repos.push(repo),
        }
    }
    good.then_some(repos)
}

/// `None` when it is wrong; `Some(None)` when it is not there. `given` is what every buyer gets.
fn choose(fields: &Fields<'_, '_>, given: &[Repo], report: &mut Report) -> Option<Option<Choice>> {
    let Some(node) = fields.raw("choose") else {
        return Some(None);
    };
    let Value::Table(table) = &node.value else {
        let remedy = format!("write {}", report.form().choice("[\"acme/one\", \"acme/two\"]"));
        report.add(node.at, format!("`choose` must be a table, not {}", node.value.kind()), remedy);
        return None;
    };
    let choice = Fields::new(table, node.at, "choose.");
    choice.refuse_unknown(&["from", "limit"], report);
    let from = choice_from(&choice, given, report);
    let limit = choice_limit(&choice, report);
    Some(Some(Choice { from: from?, limit: limit? }))
}

fn choice_from(choice: &Fields<'_, '_>, given: &[Repo], report: &mut Report) -> Option<Vec<Repo>> {
    let Some(node) = choice.raw("from") else {
        choice.missing("from", "[\"acme/one\", \"acme/two\"]", report);
        return None;
    };
    if matches!(&node.value, Value::List(list) if list.is_empty()) {
        report.add(node.at, "`choose.from` is empty", "name the repositories to choose from");
        return None;
    }
    let from = repos(choice, "from", report)?;
    let mut good = true;
    for repo in from.iter().filter(|repo| given.contains(repo)) {
        let problem = format!("`choose.from` offers {:?}, which `repos` gives to every buyer anyway", repo.as_str());
        report.add(node.at, problem, "remove it from one of them");
        good = false;
    }
    good.then_some(from)
}

fn choice_limit(choice: &Fields<'_, '_>, report: &mut Report) -> Option<u32> {
    if !choice.has("limit") {
        choice.missing("limit", "1", report);
    }
    let Found { value, at } = choice.integer("limit", "1", report)?;
    if value < 1 {
        let remedy = format!("write it like {}", report.form().pair("limit", "1"));
        report.add(at, format!("`choose.limit` is {value}; it must be 1 or more"), remedy);
        return None;
    }
    // The length of the list as written: a wrong repository in it is reported on its own and must not also make the
    // limit look too high.
    let offered = match choice.raw("from").map(|node| &node.value) {
        Some(Value::List(list)) if !list.is_empty() => list.len(),
        _ => return u32::try_from(value).ok(),
    };
    let good = in_range(value, 1, i64::try_from(offered).unwrap_or(i64::MAX));
    if good.is_none() {
        let problem = format!("`choose.limit` is {value}, but `choose.from` has only {offered} to choose from");
        report.add(at, problem, format!("write {offered} or less, or offer more"));
    }
    good
}

/// `value` when it is between `least` and `most`.
fn in_range(value: i64, least: i64, most: i64) -> Option<u32> {
    (least..=most).contains(&value).then(|| u32::try_from(value).ok())?
}

fn permission(fields: &Fields<'_, '_>, report: &mut Report) -> Option<Permission> {
    if !fields.has("permission") {
        return Some(Permission::Pull);
    }
    let text = fields.text("permission", MAX_NAME_CHARS, "\"pull\"", report)?;
    let found = Permission::from_name(&text.value);
    if found.is_none() {
        // GitHub's pages call the same roles read and write, so that is what people write.
        let remedy = match text.value.to_ascii_lowercase().as_str() {
            "read" => "write \"pull\"".to_owned(),
            "write" => "write \"push\"".to_owned(),
            _ => one_of(Permission::ALL),
        };
        let problem = format!("`permission` is {:?}, which GitHub does not know", shortened(&text.value));
        report.add(text.at, problem, remedy);
    }
    found
}
