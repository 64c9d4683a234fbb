//! `/console/products/entry`: one entry of the catalogue as a form.

use askama::Template;
use serde_json::Value;

use super::draft::{self, Did, Drafted, Outcome, Plan, Shown};
use super::{ENTRY_PATH, NAMED_BY, PATH, named, saved};
use crate::adapters::storefronts::SECTIONS;
use crate::api::products::{MissingChoice, OfferedProduct, ProductChoices, WaitingProduct};
use crate::http::admin;
use crate::http::{Code, Problem, Response};
use crate::model::catalogue::{
    Catalogue, Consequence, DisputeConsequence, EntryRef, LicenseKind, Permission, Problem as Mistake, Product,
    ProofRule, Section, Word, quoted,
};
use crate::pages::console::asking::{Filled, Input, Kind, Need, Wrong};
use crate::pages::console::visit::{Shell, Visit, html};
use crate::pages::console::words;
use crate::pages::console::{Place, path};
use crate::pages::fields::Fields;
use crate::pages::words::{Markup, Part, filled};
use crate::platform::Platform;
use crate::words::{Words, storefront};

#[derive(Template)]
#[template(path = "pages/templates/console/products_entry.html")]
struct EntryPage<'a> {
    shell: Shell<'a>,
    lead: &'static str,
    inputs: Vec<Filled<'a>>,
    /// Repositories to tick, and whether each is ticked.
    picks: Vec<(&'a str, bool)>,
    /// Those of them that GitHub has listed: the form carries them, so that it is asked once.
    listed: Vec<&'a str>,
    /// Products to begin with: what each is called, and where its form is.
    offers: Vec<(Markup, String)>,
    /// Who did not say what there is.
    missing: Vec<Markup>,
    /// Those that most entries leave as they are.
    terms: Vec<Filled<'a>>,
    reason: Vec<Filled<'a>>,
    hidden: [(&'static str, &'a str); 5],
    mistakes: &'a [Shown],
    plan: Option<Plan>,
    error: Option<&'a str>,
}

/// What names the entry that is changed; empty where one is added.
const WAS: [&str; 3] = ["was_source", "was_product_id", "was_variant"];

/// How many repositories there are to tick; others are typed.
const MOST_PICKS: usize = 100;

/// The keys that stand in the file as they are in the form, in its order. What is empty there is left out.
const TEXTS: [&str; 4] = ["product_id", "name", "tier", "license"];
const REST: [&str; 13] = [
    "permission",
    "on_refund",
    "on_partial_refund",
    "on_dispute",
    "on_dispute_lost",
    "on_expiry",
    "on_end",
    "renew_url",
    "proof",
    "grace_days",
    "remind_days",
    "per_quantity",
    "activate_at_checkout",
];
/// Those of them that are numbers where what is typed is one.
const NUMBERS: [&str; 3] = ["years", "grace_days", "remind_days"];
const FLAGS: [&str; 2] = ["per_quantity", "activate_at_checkout"];

/// The form for an entry that there is, or for another.
pub(in crate::pages::console) async fn show<P: Platform>(visit: &Visit<'_, P>) -> Result<Response, Problem> {
    let catalogue = admin::products::newest(visit.engine).await?;
    let asked = visit.asked();
    let known = named(&catalogue, &asked, NAMED_BY);
    // Which product it is stands in the address, or is to be picked.
    let choices = match known.is_some() || !asked.text("product_id").is_empty() {
        true => visit.engine.repository_choices(&catalogue).await,
        false => visit.engine.product_choices(&catalogue).await,
    };
    let given = match known {
        Some(known) => of_product(known),
        None => proposed(&catalogue, &asked, &name_of_sold(visit, &asked).await?, &choices),
    };
    let version = catalogue.version().to_string();
    let plan = foreseen(visit, &catalogue, &given, &version).await;
    Ok(page(visit, &catalogue, &given, Shows { choices, plan, ..Shows::of(version) }, 200))
}

/// Tells what the entry would change, or puts it into the catalogue.
pub(in crate::pages::console) async fn change<P: Platform>(visit: &Visit<'_, P>) -> Result<Response, Problem> {
    let catalogue = admin::products::newest(visit.engine).await?;
    let fields = &visit.fields;
    let version = catalogue.version().to_string();
    let refuse = |fields: &Fields, code, sentence: &str| {
        let problem = Problem::new(code, sentence);
        let shows = Shows { error: Some(&problem), ..Shows::of(version.clone()) };
        page(visit, &catalogue, fields, shows, code.status())
    };
    let was = named(&catalogue, fields, WAS);
    if was.is_none() && WAS.iter().any(|name| !fields.text(name).is_empty()) {
        let kept = Fields::of(fields.pairs().filter(|(name, _)| !WAS.contains(name)));
        return Ok(refuse(&kept, Code::NotFound, words::ENTRY_GONE));
    }
    let Some(section) = section_of(fields) else {
        return Ok(refuse(fields, Code::InvalidRequest, words::NO_STOREFRONT));
    };
    let was = was.map(EntryRef::from);
    let text = catalogue.to_toml_with(SECTIONS, was.as_ref(), Some(&written(section, fields)));
    let seen = sold(fields).unwrap_or_else(|| text.clone());
    let Drafted { outcome, did, plan, version } = draft::save_or_look(visit, &text, &seen, &version).await;
    Ok(match &outcome {
        Outcome::Done(answer) if did == Did::Saved => saved(answer),
        Outcome::Done(_) => page(visit, &catalogue, fields, Shows { plan, ..Shows::of(version) }, 200),
        Outcome::Wrong(mistakes) => {
            let plan = foreseen(visit, &catalogue, fields, &version).await;
            let mistakes = in_form(mistakes);
            page(visit, &catalogue, fields, Shows { mistakes: &mistakes, plan, ..Shows::of(version) }, 422)
        }
        Outcome::Refused(problem) => {
            let shows = Shows { error: Some(problem), plan, ..Shows::of(version) };
            page(visit, &catalogue, fields, shows, problem.code.status())
        }
    })
}

/// What is wrong with the entry that is in the form.
pub(super) async fn mistakes<P: Platform>(visit: &Visit<'_, P>) -> Result<Vec<Shown>, Problem> {
    let catalogue = admin::products::newest(visit.engine).await?;
    let Some(section) = section_of(&visit.fields) else { return Ok(Vec::new()) };
    let was = named(&catalogue, &visit.fields, WAS).map(EntryRef::from);
    let text = catalogue.to_toml_with(SECTIONS, was.as_ref(), Some(&written(section, &visit.fields)));
    Ok(in_form(&admin::products::of_file(&text).err().unwrap_or_default()))
}

fn in_form(mistakes: &[Mistake]) -> Vec<Shown> {
    let names: Vec<_> = inputs().iter().chain(&terms()).map(|input| input.name).collect();
    mistakes.iter().map(|mistake| Shown::in_form(mistake, &names)).collect()
}

fn section_of(fields: &Fields) -> Option<&'static Section> {
    SECTIONS.iter().find(|section| section.source == fields.text("source"))
}

/// What is new of an entry for a product that was sold, in the difference as in the form: which it is. All else is in the form alone,
/// which whoever saves it has in front of them.
fn sold(fields: &Fields) -> Option<String> {
    let is_new = WAS.iter().all(|name| fields.text(name).is_empty());
    let is_sold = is_new && !fields.text("sold").is_empty();
    is_sold.then(|| NAMED_BY.map(|name| fields.text(name).trim()).join("\n"))
}

/// The difference that an entry for a product will make that was sold, whatever it is that it opens: with it in view the form is saved at
/// once. `None` of any other entry, whose difference is looked at first.
async fn foreseen<P: Platform>(
    visit: &Visit<'_, P>,
    catalogue: &Catalogue,
    given: &Fields,
    version: &str,
) -> Option<Plan> {
    let seen = sold(given)?;
    let mut entry: Vec<_> = NAMED_BY.map(|name| (name, given.text(name))).into();
    let name = given.text("name").trim();
    entry.extend([("name", if name.is_empty() { given.text("product_id") } else { name }), ("license", "none")]);
    let text = catalogue.to_toml_with(SECTIONS, None, Some(&written(section_of(given)?, &Fields::of(entry))));
    let looked = draft::look_at_newest(visit, &text).await;
    looked.done().map(|answer| Plan::of(answer, &seen, version))
}

/// What is shown beside what was entered.
struct Shows<'a> {
    mistakes: &'a [Shown],
    plan: Option<Plan>,
    error: Option<&'a Problem>,
    /// What the services list, where they were asked.
    choices: ProductChoices,
    /// Of the catalogue that is to be replaced.
    version: String,
}

impl Shows<'_> {
    fn of(version: String) -> Self {
        Self { mistakes: &[], plan: None, error: None, choices: ProductChoices::default(), version }
    }
}

fn page<P: Platform>(
    visit: &Visit<'_, P>,
    catalogue: &Catalogue,
    given: &Fields,
    shows: Shows<'_>,
    status: u16,
) -> Response {
    let (inputs, terms, reason) = (inputs(), terms(), Input::reason());
    let wrong = shows.error.map(|problem| {
        let of_reason = Wrong::of(&problem.detail, std::slice::from_ref(&reason));
        if of_reason.input.is_some() { of_reason } else { Wrong::of(&problem.detail, &inputs) }
    });
    let error_of = |input: &Input| {
        let mistake =
            shows.mistakes.iter().find(|shown| shown.input == Some(input.name)).map(|shown| shown.text.as_str());
        mistake.or(wrong.as_ref().filter(|wrong| wrong.input == Some(input.name)).map(|wrong| wrong.text))
    };
    let fill = |inputs| filled_with(inputs, given, error_of, shows.mistakes.is_empty());
    let ticked: Vec<_> = given.all("repo").collect();
    let listed = shows.choices.repos.iter().map(String::as_str).chain(given.all("listed"));
    let listed: Vec<_> = listed.take(MOST_PICKS).collect();
    let is_new = given.text("was_product_id").is_empty();
    let shell = visit.shell(Place::Products, if is_new { words::ADD_TITLE } else { words::CHANGE_TITLE });
    let page = EntryPage {
        shell: if status == 200 { shell } else { shell.refused() },
        lead: if given.text("sold").is_empty() { words::ENTRY_LEAD } else { words::SOLD_LEAD },
        inputs: fill(&inputs),
        picks: repos(catalogue, &ticked, listed.iter().copied())
            .into_iter()
            .map(|repo| (repo, ticked.contains(&repo)))
            .collect(),
        listed,
        offers: shows.choices.products.iter().map(offer).collect(),
        missing: shows.choices.missing.iter().map(missing).collect(),
        terms: fill(&terms),
        reason: fill(std::slice::from_ref(&reason)),
        hidden: [
            ("expected_version", &shows.version),
            ("was_source", given.text("was_source")),
            ("was_product_id", given.text("was_product_id")),
            ("was_variant", given.text("was_variant")),
            ("sold", given.text("sold")),
        ],
        mistakes: shows.mistakes,
        plan: shows.plan,
        error: Wrong::alone(wrong.as_ref()),
    };
    html(&visit.frame, status, &page)
}

fn filled_with<'a>(
    inputs: &'a [Input],
    given: &'a Fields,
    error_of: impl Fn(&Input) -> Option<&'a str>,
    begins_here: bool,
) -> Vec<Filled<'a>> {
    let fill = |input: &'a Input| {
        let error = error_of(input);
        Filled { input, value: given.text(input.name), error, is_first: begins_here && error.is_some() }
    };
    inputs.iter().map(fill).collect()
}

/// The repositories that there are to tick, each once: those that are ticked, those that the catalogue names already, and those that GitHub
/// lists.
fn repos<'a>(catalogue: &'a Catalogue, ticked: &[&'a str], listed: impl Iterator<Item = &'a str>) -> Vec<&'a str> {
    let mut found: Vec<&str> = Vec::new();
    let known = catalogue.products().iter().flat_map(Product::all_repos).map(crate::model::Repo::as_str);
    for repo in ticked.iter().copied().chain(known).chain(listed) {
        if !found.iter().any(|known| known.eq_ignore_ascii_case(repo)) && found.len() < MOST_PICKS {
            found.push(repo);
        }
    }
    found
}

/// A product that a storefront lists, and the form that begins with it.
fn offer(offered: &OfferedProduct) -> (Markup, String) {
    let name = offered.name.as_deref().unwrap_or_default();
    let parts = [
        ("storefront", Part::Name(storefront(&offered.source))),
        ("name", Part::Name(name)),
        ("product", Part::Name(&offered.product_id)),
    ];
    let sentence = if name.is_empty() { words::OFFER_UNNAMED } else { words::OFFER };
    let named = [("source", offered.source.as_str()), ("product_id", &offered.product_id), ("name", name)];
    (filled(sentence, &parts), path(ENTRY_PATH, named))
}

fn missing(missing: &MissingChoice) -> Markup {
    let service = if missing.service == "github" { "GitHub" } else { storefront(&missing.service) };
    filled(words::CHOICE_MISSING, &[("service", Part::Name(service)), ("reason", Part::Name(&missing.reason))])
}

/// What the newest delivery calls a product that was sold; empty where it was not, or none says.
async fn name_of_sold<P: Platform>(visit: &Visit<'_, P>, asked: &Fields) -> Result<String, Problem> {
    if asked.text("sold").is_empty() {
        return Ok(String::new());
    }
    let waiting = admin::products::waiting(visit.engine).await?.items;
    let is_it = |product: &WaitingProduct| {
        product.source == asked.text("source") && product.product_id == asked.text("product_id")
    };
    Ok(waiting.into_iter().filter(is_it).find_map(|product| product.name).unwrap_or_default())
}

/// What the form begins with for a product that the catalogue does not name: what the address says of it, and the kind of license
/// that the others have. Of a product that has no entry at all, every variant is meant; one more variant opens at first what another does.
fn proposed(catalogue: &Catalogue, asked: &Fields, name: &str, choices: &ProductChoices) -> Fields {
    let tier = catalogue.products().iter().map(|product| product.tier.as_str()).find(|tier| !tier.is_empty());
    let of_product =
        |product: &Product| product.source == asked.text("source") && product.product_id == asked.text("product_id");
    let sibling = catalogue.products().iter().find(|product| of_product(product));
    let variant = if sibling.is_some() { asked.text("variant") } else { "" };
    let there_are = repos(catalogue, &[], choices.repos.iter().map(String::as_str));
    let ticked = match (sibling, there_are.as_slice()) {
        (Some(sibling), _) => sibling.repos.iter().map(|repo| repo.as_str()).collect(),
        (None, [only]) => vec![*only],
        (None, _) => Vec::new(),
    };
    let said = ["source", "product_id", "sold"].map(|name| (name, asked.text(name)));
    let reason = if asked.text("sold").is_empty() { "" } else { words::SOLD_REASON };
    let name = if name.is_empty() { asked.text("name") } else { name };
    let begun = [("name", name), ("variant", variant), ("tier", tier.unwrap_or("core")), ("reason", reason)];
    Fields::of(said.into_iter().chain(begun).chain(ticked.into_iter().map(|repo| ("repo", repo))))
}

/// An entry as the form has it.
fn of_product(product: &Product) -> Fields {
    // It always serializes.
    let entry = serde_json::to_value(product).unwrap_or_default();
    let section = SECTIONS.iter().find(|section| section.source == product.source);
    let mut given: Vec<(&str, String)> = vec![
        ("source", product.source.clone()),
        ("was_source", product.source.clone()),
        ("was_product_id", product.product_id.clone()),
    ];
    let variant = product.variant_id().unwrap_or_default();
    given.extend([("variant", variant.to_owned()), ("was_variant", variant.to_owned())]);
    for key in TEXTS.iter().chain(&NUMBERS).chain(&REST) {
        let is_usual = *key == "license" && section.is_some_and(|section| section.default_license() == product.license);
        let value = match entry.get(key) {
            None => continue,
            Some(_) if is_usual => continue,
            Some(Value::String(text)) => text.clone(),
            Some(other) => other.to_string(),
        };
        if !given.iter().any(|(known, _)| known == key) {
            given.push((key, value));
        }
    }
    given.extend(product.repos.iter().map(|repo| ("repo", repo.as_str().to_owned())));
    if let Some(choice) = &product.choose {
        let from: Vec<_> = choice.from.iter().map(|repo| repo.as_str()).collect();
        given.extend([("choose", from.join("\n")), ("limit", choice.limit.to_string())]);
    }
    Fields::of(given.iter().map(|(name, value)| (*name, value.as_str())))
}

/// What was entered as the text of an entry. Numbers that are none and words that mean nothing stand there as they are, and are
/// complained about as in any file.
fn written(section: &Section, fields: &Fields) -> String {
    let mut text = format!("[[{}]]\n", section.source);
    let mut add = |key: &str, value: String| text.push_str(&format!("{key} = {value}\n"));
    let entered = |name: &str| Some(fields.text(name).trim()).filter(|value| !value.is_empty());
    let list = |repos: &[&str]| format!("[{}]", repos.iter().map(|repo| quoted(repo)).collect::<Vec<_>>().join(", "));
    let of_lines = |name: &str| -> Vec<&str> {
        let separates = |letter: char| letter.is_whitespace() || letter == ',';
        fields.text(name).split(separates).filter(|repo| !repo.is_empty()).collect()
    };
    for key in TEXTS {
        if let Some(value) = entered(key) {
            add(key, quoted(value));
        }
    }
    if let Some(variant) = entered("variant") {
        add(section.variants.map_or("variant", |rule| rule.key()), quoted(variant));
    }
    let mut repos: Vec<&str> = Vec::new();
    for repo in fields.all("repo").chain(of_lines("repos")) {
        if !repos.iter().any(|known| known.eq_ignore_ascii_case(repo)) {
            repos.push(repo);
        }
    }
    if !repos.is_empty() {
        add("repos", list(&repos));
    }
    let number = |value: &str| if value.parse::<i64>().is_ok() { value.to_owned() } else { quoted(value) };
    if let Some(years) = entered("years") {
        add("years", number(years));
    }
    let from = of_lines("choose");
    if !from.is_empty() {
        let limit = number(entered("limit").unwrap_or("1"));
        add("choose", format!("{{ from = {}, limit = {limit} }}", list(&from)));
    }
    for key in REST {
        match entered(key) {
            None => {}
            Some(value) if FLAGS.contains(&key) && value == "true" => add(key, value.to_owned()),
            Some(value) if NUMBERS.contains(&key) => add(key, number(value)),
            Some(value) => add(key, quoted(value)),
        }
    }
    text
}

/// What every entry says.
fn inputs() -> Vec<Input> {
    let storefronts = SECTIONS.iter().map(|section| (section.source.to_owned(), section.name.to_owned())).collect();
    let licenses = Kind::Choice(usual(words::USUAL_LICENSE, LicenseKind::ALL.iter().copied()));
    vec![
        input("source", words::STOREFRONT, None, Kind::Choice(storefronts), Need::Preset),
        input("product_id", words::ENTRY_PRODUCT_ID, Some(words::PRODUCT_ID_HINT), Kind::Text, Need::Required),
        input("variant", words::VARIANT, Some(words::ENTRY_VARIANT_HINT), Kind::Text, Need::Optional),
        input("name", words::PRODUCT_NAME, Some(words::PRODUCT_NAME_HINT), Kind::Text, Need::Required),
        input("license", words::LICENSE_KIND, None, licenses, Need::Preset),
        input("tier", words::ENTRY_TIER, Some(words::TIER_HINT), Kind::Text, Need::Optional),
        input("years", words::YEARS, Some(words::YEARS_HINT), Kind::Text, Need::Optional),
        input("repos", words::REPOS, Some(words::REPOS_HINT), Kind::Lines, Need::Optional),
    ]
}

/// On which terms.
fn terms() -> Vec<Input> {
    fn consequence(name: &'static str, label: &'static str, usually: Consequence) -> Input {
        input(name, label, None, choice(usually), Need::Preset)
    }
    let days = |name, label, hint| input(name, label, Some(hint), Kind::Text, Need::Optional);
    vec![
        input("choose", words::CHOOSE, Some(words::CHOOSE_HINT), Kind::Lines, Need::Optional),
        input("limit", words::LIMIT, Some(words::LIMIT_HINT), Kind::Text, Need::Optional),
        input("permission", words::PERMISSION, None, choice(Permission::default()), Need::Preset),
        input("proof", words::PROOF, None, choice(ProofRule::default()), Need::Preset),
        consequence("on_refund", words::ON_REFUND, Consequence::Revoke),
        consequence("on_partial_refund", words::ON_PARTIAL_REFUND, Consequence::Keep),
        input("on_dispute", words::ON_DISPUTE, None, choice(DisputeConsequence::default()), Need::Preset),
        consequence("on_dispute_lost", words::ON_DISPUTE_LOST, Consequence::Revoke),
        consequence("on_expiry", words::ON_EXPIRY, Consequence::Revoke),
        consequence("on_end", words::ON_END, Consequence::Revoke),
        days("grace_days", words::GRACE_DAYS, words::GRACE_DAYS_HINT),
        days("remind_days", words::REMIND_DAYS, words::REMIND_DAYS_HINT),
        input("renew_url", words::RENEW_URL, Some(words::RENEW_URL_HINT), Kind::Text, Need::Optional),
        input("per_quantity", words::PER_QUANTITY, None, Kind::Flag, Need::Optional),
        input("activate_at_checkout", words::AT_CHECKOUT, None, Kind::Flag, Need::Optional),
    ]
}

const fn input(name: &'static str, label: &'static str, hint: Option<&'static str>, kind: Kind, need: Need) -> Input {
    Input { name, label, hint, kind, value: String::new(), need }
}

/// One of a few words, the usual one first and left out of the entry.
fn choice<T: Word + Words + PartialEq>(usually: T) -> Kind {
    let others = T::ALL.iter().copied().filter(|word| *word != usually);
    Kind::Choice(usual(usually.words(), others))
}

fn usual<T: Word + Words>(usually: &str, others: impl Iterator<Item = T>) -> Vec<(String, String)> {
    let first = (String::new(), usually.to_owned());
    [first].into_iter().chain(others.map(|word| (word.as_str().to_owned(), word.words().to_owned()))).collect()
}
