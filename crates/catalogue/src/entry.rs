//! One entry of `products.toml`: which keys it has, what they mean, and which combinations make no sense.

use std::ops::Range;

use toml::de::{DeTable, DeValue};

use crate::Repo;
use crate::fields::{Fields, Found, kind};
use crate::problem::Report;
use crate::product::{Choice, LicenseKind, Permission, Product, Storefront};

/// Longer than any id a storefront gives out.
const MAX_ID_CHARS: usize = 128;
/// Fits in the subject of a mail and on a storefront's page.
const MAX_NAME_CHARS: usize = 200;
/// Beyond this a number of years is a slip of the finger: who means "forever" leaves the key out.
const MAX_YEARS: i64 = 100;
/// How much of a name or an id is repeated in front of each problem.
const MAX_LABEL_CHARS: usize = 60;

/// The keys of an entry. `variant_id` is refused in Gumroad's entries, with words of its own.
const KEYS: [&str; 9] =
    ["product_id", "variant_id", "name", "tier", "years", "repos", "choose", "permission", "license"];

/// What makes an entry one product within its storefront: product id and variant id.
#[derive(Debug, PartialEq, Eq)]
pub(crate) struct Identity {
    product_id: String,
    variant_id: Option<String>,
}

/// How problems name an entry: by its place, and by what the seller would recognize it by.
pub(crate) fn label(storefront: Storefront, number: usize, table: &DeTable<'_>) -> String {
    let text = |key: &str| {
        let text = table.get(key)?.get_ref().as_str()?;
        let mut short: String = text.chars().take(MAX_LABEL_CHARS).collect();
        if short.len() < text.len() {
            short.push('…');
        }
        Some(format!("{short:?}"))
    };
    let mut label = format!("[[{}]] #{number}", storefront.key());
    if let Some(name) = text("name") {
        label.push_str(&format!(" {name}"));
    }
    match (text("product_id"), text("variant_id")) {
        (Some(product), Some(variant)) => {
            label.push_str(&format!(" (product_id {product}, variant_id {variant})"));
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
pub(crate) fn read(
    storefront: Storefront,
    table: &DeTable<'_>,
    at: Range<usize>,
    report: &mut Report<'_>,
) -> (Option<Identity>, Option<Product>) {
    let fields = Fields::new(table, at, "");
    fields.refuse_unknown(&KEYS, report);

    let product_id = product_id(storefront, &fields, report);
    let variant_id = variant_id(storefront, &fields, report);
    let name = fields.required("name", MAX_NAME_CHARS, "\"Acme Starter Kit\"", report);
    let tier = fields.required("tier", MAX_NAME_CHARS, "\"core\"", report);
    let years = years(&fields, report);
    let repos = repos(&fields, "repos", report);
    let choose = choose(&fields, repos.as_deref().unwrap_or_default(), report);
    let permission = permission(&fields, report);
    let license = license(storefront, &fields, report);
    if !fields.has("choose") && repos.as_ref().is_some_and(Vec::is_empty) {
        let message = "opens nothing: write repos = [\"acme/starter\"], or choose = { from = […], limit = 1 }";
        report.add(fields.at(), message);
    }

    let identity = match (&product_id, &variant_id) {
        (Some(product_id), Some(variant_id)) => {
            Some(Identity { product_id: product_id.clone(), variant_id: variant_id.clone() })
        }
        _ => None,
    };
    let product = (|| {
        Some(Product {
            storefront,
            product_id: product_id?,
            variant_id: variant_id?,
            name: name?.value,
            tier: tier?.value,
            years: years?,
            repos: repos?,
            choose: choose?,
            permission: permission?,
            license: license?,
        })
    })();
    (identity, product)
}

fn product_id(storefront: Storefront, fields: &Fields<'_>, report: &mut Report<'_>) -> Option<String> {
    let example = match storefront {
        Storefront::Gumroad => "\"32-nPAicqbLj8B_WswVlMw==\"",
        Storefront::LemonSqueezy => "\"4\"",
    };
    let id = fields.required("product_id", MAX_ID_CHARS, example, report)?;
    match storefront {
        Storefront::Gumroad => Some(id.value),
        Storefront::LemonSqueezy => numeric("product_id", id, report),
    }
}

/// `None` when it is wrong; `Some(None)` when it is not there.
fn variant_id(storefront: Storefront, fields: &Fields<'_>, report: &mut Report<'_>) -> Option<Option<String>> {
    let Some(raw) = fields.raw("variant_id") else {
        return Some(None);
    };
    if storefront == Storefront::Gumroad {
        // A ping names the chosen options by their titles and carries no id of a variant: https://gumroad.com/ping.
        let message = "`variant_id` is for Lemon Squeezy only: Gumroad's sales carry no such id, so remove it";
        report.add(&raw.at, message);
        return None;
    }
    let id = fields.text("variant_id", MAX_ID_CHARS, report)?;
    numeric("variant_id", id, report).map(Some)
}

/// Lemon Squeezy's ids are whole numbers (<https://docs.lemonsqueezy.com/api/products/the-product-object>), and are
/// compared as text: one written with a sign or with leading zeros would never be found.
fn numeric(key: &str, id: Found<String>, report: &mut Report<'_>) -> Option<String> {
    let digits = id.value.bytes().all(|byte| byte.is_ascii_digit());
    if digits && !id.value.starts_with('0') {
        return Some(id.value);
    }
    let message = format!(
        "`{key}` is {:?}, but Lemon Squeezy's ids are numbers: write it like \"4\", digits only and no leading zero",
        id.value
    );
    report.add(&id.at, message);
    None
}

/// `None` when it is wrong; `Some(None)` when it is not there: perpetual.
fn years(fields: &Fields<'_>, report: &mut Report<'_>) -> Option<Option<u32>> {
    if !fields.has("years") {
        return Some(None);
    }
    let years = fields.integer("years", report)?;
    let value = years.value;
    if let Some(good) = in_range(value, MAX_YEARS) {
        return Some(Some(good));
    }
    let problem = if value > MAX_YEARS {
        format!("`years` is {value}; {MAX_YEARS} is the most. For a license that never expires leave it out")
    } else {
        format!("`years` is {value}; it must be 1 or more. For a license that never expires leave it out")
    };
    report.add(&years.at, problem);
    None
}

/// The repositories of a list; none when the key is not there.
fn repos(fields: &Fields<'_>, key: &str, report: &mut Report<'_>) -> Option<Vec<Repo>> {
    let shown = fields.shown(key);
    let mut good = true;
    let mut repos: Vec<Repo> = Vec::new();
    for text in fields.texts(key, report)? {
        match Repo::parse(&text.value) {
            Err(problem) => {
                report.add(&text.at, format!("`{shown}`: {problem}"));
                good = false;
            }
            Ok(repo) if repos.iter().any(|earlier| earlier.is_same(&repo)) => {
                let message =
                    format!("`{shown}` lists {:?} twice (GitHub does not tell upper from lower case)", repo.as_str());
                report.add(&text.at, message);
                good = false;
            }
            Ok(repo) => repos.push(repo),
        }
    }
    good.then_some(repos)
}

/// `None` when it is wrong; `Some(None)` when it is not there. `given` is what every buyer gets.
fn choose(fields: &Fields<'_>, given: &[Repo], report: &mut Report<'_>) -> Option<Option<Choice>> {
    let Some(Found { value, at }) = fields.raw("choose") else {
        return Some(None);
    };
    let DeValue::Table(table) = value else {
        let message = format!(
            "`choose` must be a table, not {}: write choose = {{ from = [\"acme/one\", \"acme/two\"], limit = 1 }}",
            kind(value)
        );
        report.add(&at, message);
        return None;
    };
    let choice = Fields::new(table, at, "choose.");
    choice.refuse_unknown(&["from", "limit"], report);
    let from = choice_from(&choice, given, report);
    let limit = choice_limit(&choice, report);
    Some(Some(Choice { from: from?, limit: limit? }))
}

fn choice_from(choice: &Fields<'_>, given: &[Repo], report: &mut Report<'_>) -> Option<Vec<Repo>> {
    let Some(Found { value, at }) = choice.raw("from") else {
        choice.missing("from", "[\"acme/one\", \"acme/two\"]", report);
        return None;
    };
    if value.as_array().is_some_and(|list| list.is_empty()) {
        report.add(&at, "`choose.from` is empty: name the repositories to choose from");
        return None;
    }
    let from = repos(choice, "from", report)?;
    let mut good = true;
    for repo in &from {
        if given.iter().any(|given| given.is_same(repo)) {
            let message = format!(
                "`choose.from` offers {:?}, which `repos` gives to every buyer anyway: remove it from one of them",
                repo.as_str()
            );
            report.add(&at, message);
            good = false;
        }
    }
    good.then_some(from)
}

fn choice_limit(choice: &Fields<'_>, report: &mut Report<'_>) -> Option<u32> {
    if !choice.has("limit") {
        choice.missing("limit", "1", report);
    }
    let limit = choice.integer("limit", report)?;
    let value = limit.value;
    if value < 1 {
        report.add(&limit.at, format!("`choose.limit` is {value}; it must be 1 or more"));
        return None;
    }
    // The length of the list as written: a wrong repository in it is reported on its own and must not also make the
    // limit look too high.
    let offered = choice.raw("from").and_then(|from| Some(from.value.as_array()?.len()));
    let most = match offered {
        Some(offered) if offered > 0 => i64::try_from(offered).unwrap_or(i64::MAX),
        _ => return u32::try_from(value).ok(),
    };
    let good = in_range(value, most);
    if good.is_none() {
        let message = format!("`choose.limit` is {value}, but `choose.from` has only {most} to choose from");
        report.add(&limit.at, message);
    }
    good
}

/// `value` when it is between 1 and `most`.
fn in_range(value: i64, most: i64) -> Option<u32> {
    (1..=most).contains(&value).then(|| u32::try_from(value).ok())?
}

fn permission(fields: &Fields<'_>, report: &mut Report<'_>) -> Option<Permission> {
    if !fields.has("permission") {
        return Some(Permission::Pull);
    }
    let text = fields.text("permission", MAX_NAME_CHARS, report)?;
    let found = named(&Permission::NAMES, &text.value);
    if found.is_none() {
        // GitHub's pages call the same roles read and write, so that is what people write.
        let advice = match text.value.to_ascii_lowercase().as_str() {
            "read" => "write \"pull\"".to_owned(),
            "write" => "write \"push\"".to_owned(),
            _ => one_of(&Permission::NAMES),
        };
        report.add(&text.at, format!("`permission` is {:?}, which GitHub does not know: {advice}", text.value));
    }
    found
}

fn license(storefront: Storefront, fields: &Fields<'_>, report: &mut Report<'_>) -> Option<LicenseKind> {
    if !fields.has("license") {
        return Some(match storefront {
            Storefront::Gumroad => LicenseKind::Minted,
            Storefront::LemonSqueezy => LicenseKind::Storefront,
        });
    }
    let text = fields.text("license", MAX_NAME_CHARS, report)?;
    let problem = match (storefront, named(&LicenseKind::NAMES, &text.value)) {
        (Storefront::Gumroad, Some(LicenseKind::Storefront)) => {
            "`license` is \"storefront\", but for Gumroad Latchkey mints the keys: write \"minted\" or leave it out"
                .to_owned()
        }
        (_, Some(license)) => return Some(license),
        (_, None) => {
            let advice = one_of(&LicenseKind::NAMES);
            format!("`license` is {:?}, which means nothing: {advice}", text.value)
        }
    };
    report.add(&text.at, problem);
    None
}

fn named<T: Copy>(names: &[(&str, T)], text: &str) -> Option<T> {
    let (_, value) = names.iter().find(|(name, _)| *name == text)?;
    Some(*value)
}

fn one_of<T>(names: &[(&str, T)]) -> String {
    let quoted: Vec<String> = names.iter().map(|(name, _)| format!("{name:?}")).collect();
    format!("write one of {}", quoted.join(", "))
}
