//! `/console/products`: the catalogue, and what was sold that it does not name.
//!
//! However an entry is given, it becomes a file of the catalogue, which is checked, compared and put in place as `PUT /admin/products`
//! does it. The form for one entry is in `entry`, the file itself in `text`, and what both do with what was sent in [`draft`].

mod draft;
pub(super) mod entry;
pub(super) mod text;

use askama::Template;

use super::asking::{Asking, Input, Weight};
use super::visit::{self, Shell, Visit};
use super::words::{self, Notice};
use super::{Place, path};
use crate::adapters::storefronts::SECTIONS;
use crate::api::products::{ReplacedAnswer, WaitingProduct};
use crate::http::admin;
use crate::http::{Problem, Response};
use crate::model::catalogue::{Catalogue, EntryRef, LicenseKind, Product};
use crate::pages::fields::Fields;
use crate::pages::words::{Markup, Part, alone, filled};
use crate::platform::Platform;
use crate::words::{Words, storefront};

#[derive(Template)]
#[template(path = "pages/templates/console/products.html")]
struct Products<'a> {
    shell: Shell<'a>,
    waiting: Vec<Waiting<'a>>,
    rows: Vec<Row<'a>>,
    version: Markup,
}

/// A product that was sold and that the catalogue does not name.
struct Waiting<'a> {
    product: &'a WaitingProduct,
    storefront: &'a str,
    variant: &'a str,
    /// The form for it, filled in.
    map_path: String,
}

/// An entry.
struct Row<'a> {
    product: &'a Product,
    storefront: &'a str,
    opens: Vec<Markup>,
    license: &'static str,
    change_path: String,
    remove_path: String,
}

pub(super) const PATH: &str = "/console/products";
const ENTRY_PATH: &str = "/console/products/entry";
const REMOVE_PATH: &str = "/console/products/remove";

/// Names an entry in an address and in a form: the storefront, the product, and its variant.
const NAMED_BY: [&str; 3] = ["source", "product_id", "variant"];

pub(super) async fn list<P: Platform>(visit: &Visit<'_, P>) -> Result<Response, Problem> {
    let waiting = admin::products::waiting(visit.engine).await?.items;
    let catalogue = admin::products::newest(visit.engine).await?;
    let page = Products {
        shell: visit.shell(Place::Products, words::PRODUCTS_TITLE),
        waiting: waiting.iter().map(waiting_row).collect(),
        rows: catalogue.products().iter().map(row).collect(),
        version: filled(words::CATALOGUE_VERSION, &[("version", Part::Number(catalogue.version()))]),
    };
    Ok(visit.page(&page))
}

fn waiting_row(product: &WaitingProduct) -> Waiting<'_> {
    let variant = product.variant_id.as_deref().unwrap_or_default();
    let map_path = map_path(&product.source, &product.product_id, variant);
    Waiting { product, storefront: storefront(&product.source), variant, map_path }
}

/// Where a product is mapped that was sold: the form for its entry, filled in with what is known of it.
pub(super) fn map_path(source: &str, product_id: &str, variant: &str) -> String {
    path(ENTRY_PATH, [("source", source), ("product_id", product_id), ("variant", variant), ("sold", "true")])
}

fn row(product: &Product) -> Row<'_> {
    let named = [
        ("source", product.source.as_str()),
        ("product_id", &product.product_id),
        ("variant", product.variant_id().unwrap_or_default()),
    ];
    let repos = product.repos.iter().map(|repo| alone(repo.as_str()));
    let chosen = product.choose.iter().map(|choice| {
        let from = choice.from.iter().map(|repo| alone(repo.as_str()));
        let listed = Markup::list(from);
        filled(words::CHOSEN_FROM, &[("limit", Part::Number(choice.limit.into())), ("repos", Part::Marked(&listed))])
    });
    Row {
        product,
        storefront: storefront(&product.source),
        opens: repos.chain(chosen).collect(),
        license: if product.license == LicenseKind::None { words::NO_LICENSE } else { product.license.words() },
        change_path: path(ENTRY_PATH, named),
        remove_path: path(REMOVE_PATH, named),
    }
}

/// The entry that an address or a form names, if the catalogue has it.
fn named<'c>(catalogue: &'c Catalogue, fields: &Fields, names: [&str; 3]) -> Option<&'c Product> {
    let [source, product_id, variant] = names.map(|name| fields.text(name));
    let reference = EntryRef {
        source: source.to_owned(),
        product_id: product_id.to_owned(),
        variant_id: Some(variant).filter(|variant| !variant.is_empty()).map(str::to_owned),
        name: String::new(),
    };
    catalogue.products().iter().find(|product| reference.names(product))
}

/// Leads to the list after the catalogue was replaced, and tells how many deliveries are due by that.
fn saved(answer: &ReplacedAnswer) -> Response {
    let notice = match (answer.difference.is_empty(), answer.waiting) {
        (true, _) => Notice::CatalogueSame,
        (false, 0) => Notice::CatalogueSaved,
        (false, _) => Notice::CatalogueSavedAndDue,
    };
    visit::done_to(PATH, notice, answer.waiting)
}

/// Asks whether an entry is to be taken out.
pub(super) async fn ask_removal<P: Platform>(visit: &Visit<'_, P>) -> Result<Response, Problem> {
    let catalogue = admin::products::newest(visit.engine).await?;
    let product = named(&catalogue, &visit.asked(), NAMED_BY).ok_or_else(admin::absent)?;
    let sold = sold(visit, &catalogue, product).await;
    Ok(removal(product, catalogue.version(), sold).show(visit))
}

/// Takes an entry out.
pub(super) async fn remove<P: Platform>(visit: &Visit<'_, P>) -> Result<Response, Problem> {
    let catalogue = admin::products::newest(visit.engine).await?;
    let product = named(&catalogue, &visit.fields, NAMED_BY).ok_or_else(admin::absent)?;
    let text = catalogue.to_toml_with(SECTIONS, Some(&product.into()), None);
    match draft::save(visit, &text).await {
        draft::Outcome::Done(_) => Ok(visit::done(PATH, Notice::EntryRemoved)),
        draft::Outcome::Refused(problem) => {
            let sold = sold(visit, &catalogue, product).await;
            Ok(removal(product, catalogue.version(), sold).again(visit, &problem))
        }
        // What is left of a catalogue that is right is right.
        draft::Outcome::Wrong(_) => Err(Problem::storage_unavailable()),
    }
}

/// What was sold of an entry.
async fn sold<P: Platform>(visit: &Visit<'_, P>, catalogue: &Catalogue, product: &Product) -> Option<Markup> {
    match draft::look(visit, &catalogue.to_toml_with(SECTIONS, Some(&product.into()), None)).await {
        draft::Outcome::Done(answer) => answer.sold.first().map(draft::how_much),
        draft::Outcome::Wrong(_) | draft::Outcome::Refused(_) => None,
    }
}

fn removal(product: &Product, version: i64, sold: Option<Markup>) -> Asking {
    Asking {
        section: Place::Products,
        title: words::REMOVE_ENTRY_TITLE,
        lead: [
            Some(filled(
                words::REMOVE_ENTRY_WHAT,
                &[
                    ("name", Part::Name(&product.name)),
                    ("storefront", Part::Name(storefront(&product.source))),
                    ("product", Part::Name(&product.product_id)),
                ],
            )),
            sold,
            Some(filled(words::REMOVE_ENTRY_LEAD, &[])),
        ]
        .into_iter()
        .flatten()
        .collect(),
        inputs: vec![
            Input::hidden("source", &product.source),
            Input::hidden("product_id", &product.product_id),
            Input::hidden("variant", product.variant_id().unwrap_or_default()),
            Input::hidden("expected_version", &version.to_string()),
        ],
        button: words::REMOVE_ENTRY_BUTTON,
        weight: Weight::Dangerous,
        back: PATH.to_owned(),
    }
}
