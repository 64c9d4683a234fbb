//! The catalogue and its file: finding its mistakes, showing what a push would change, pushing and pulling it.

use std::collections::BTreeMap;
use std::fs;
use std::path::Path;

use anyhow::{Context, bail};
use latchkey::adapters::storefronts::SECTIONS;
use latchkey::api::products::{CatalogueAnswer, DryRun, EntrySold, ReplaceRequest, ReplacedAnswer, WaitingProducts};
use latchkey::model::catalogue::{Catalogue, EntryRef, Form, Problem, Product};
use serde_json::{Map, Value, json};

use super::{Asking, Format, against, parse};
use crate::api::Mistakes;
use crate::args::{Change, Consent, Products, ProductsFile};
use crate::show::{self, counted};
use crate::view::plain;

/// A written catalogue with mistakes.
#[derive(Debug, thiserror::Error)]
#[error("{} in {file}", counted(problems.len(), "mistake", "mistakes"))]
pub(crate) struct InvalidFile {
    file: String,
    problems: Vec<Problem>,
}

/// A catalogue that was read from its file.
struct Written {
    text: String,
    form: Form,
    catalogue: Catalogue,
}

/// What a push would come to, seen from the version that the Worker has.
struct Plan {
    /// The Worker's.
    version: u32,
    replaced: ReplacedAnswer,
    /// The Worker's answer.
    answer: String,
    /// What a person reads of it.
    shown: String,
}

impl InvalidFile {
    /// Every mistake as a compiler would tell it.
    pub(crate) fn listed(&self) -> String {
        let problems: Vec<_> = self.problems.iter().map(|problem| plain(&problem.in_file(&self.file))).collect();
        problems.join("\n")
    }

    /// The same for programs.
    pub(crate) fn to_json(&self) -> String {
        json!({ "problems": self.problems }).to_string()
    }
}

/// Finds every mistake in a file, or shows what a delivery would be read as by it.
pub(super) fn check(file: &ProductsFile, delivery: Option<&Path>, format: Format) -> anyhow::Result<String> {
    let written = read(&file.path)?;
    if let Some(delivery) = delivery {
        return against::shown(&written.catalogue, delivery, format);
    }
    let products = written.catalogue.products().len();
    Ok(match format {
        Format::Words => format!("{}: {}, no mistakes", file.path.display(), counted(products, "product", "products")),
        Format::Json => json!({ "products": products, "problems": [] }).to_string(),
    })
}

impl Asking<'_> {
    pub(super) async fn products(&self, verb: &Products) -> anyhow::Result<String> {
        match verb {
            Products::Check { file, against } => check(file, against.as_deref(), self.format),
            Products::Diff { file } => {
                let plan = self.plan(file, &read(&file.path)?).await?;
                Ok(if self.format == Format::Json { plan.answer } else { plan.shown })
            }
            Products::Push { file, consent, change } => self.push(file, consent, change).await,
            Products::Waiting => {
                let answer = self.api.get(&["products", "waiting"]).await?;
                self.print(&answer, |waiting: WaitingProducts| show::waiting_products(self.view, &waiting))
            }
            Products::Pull { output, consent } => self.pull(output.as_deref(), consent).await,
        }
    }

    /// Replaces the catalogue by the file, unless somebody has changed it since the difference was shown.
    async fn push(&self, file: &ProductsFile, consent: &Consent, change: &Change) -> anyhow::Result<String> {
        let written = read(&file.path)?;
        let plan = self.plan(file, &written).await?;
        if plan.replaced.difference.is_empty() {
            return Ok(if self.format == Format::Json { plan.answer } else { plan.shown });
        }
        self.operator.tell(&format!("{}\n", plan.shown));
        self.confirm(consent, &format!("Change the catalogue of {}?", self.api.host()))?;
        let request = ReplaceRequest {
            reason: Some(change.reason.clone()),
            actor: change.actor(),
            dry_run: DryRun::No,
            expected_version: Some(plan.version),
        };
        let answer = self.replace(file, &written, &request).await?;
        self.print(&answer, |ReplacedAnswer { version, waiting, .. }| {
            let due = match waiting {
                0 => String::new(),
                1 => " One delivery is due: the next tick takes it.".to_owned(),
                _ => format!(" {waiting} deliveries are due: the next ticks take them."),
            };
            format!("The catalogue has version {version} now, and is in force.{due}")
        })
    }

    /// Asks the Worker what a push would come to, and puts it into words.
    async fn plan(&self, file: &ProductsFile, written: &Written) -> anyhow::Result<Plan> {
        let present: CatalogueAnswer = parse(&self.api.get_as(&["products"], media_type(Form::Json)).await?)?;
        let version = u32::try_from(present.version).context("the Worker's catalogue has an impossible version")?;
        let request =
            ReplaceRequest { reason: None, actor: None, dry_run: DryRun::Yes, expected_version: Some(version) };
        let answer = self.replace(file, written, &request).await?;
        let replaced: ReplacedAnswer = parse(&answer)?;
        let host = self.api.host();
        let head = match version {
            0 => format!("{host} has no catalogue yet."),
            _ => format!("{host} has version {version} of the catalogue."),
        };
        let shown = if replaced.difference.is_empty() {
            format!("{head} {} says the same: there is nothing to change.", file.path.display())
        } else {
            let changes = listed(&replaced, &present, &written.catalogue);
            let due = match replaced.waiting {
                0 => "No delivery waits for this.".to_owned(),
                waiting => format!(
                    "{} for this, and would be processed.",
                    counted(waiting, "delivery waits", "deliveries wait")
                ),
            };
            format!("{head} {} would change it:\n\n{changes}\n\n{due}", file.path.display())
        };
        Ok(Plan { version, replaced, answer, shown })
    }

    async fn replace(
        &self,
        file: &ProductsFile,
        written: &Written,
        request: &ReplaceRequest,
    ) -> anyhow::Result<String> {
        let answer = self.api.put(&["products"], request, media_type(written.form), &written.text).await;
        answer.map_err(|error| match error.downcast() {
            Ok(Mistakes(problems)) => InvalidFile { file: file.path.display().to_string(), problems }.into(),
            Err(error) => error,
        })
    }

    /// The Worker's catalogue in a written form. Asks before it overwrites what is in a file.
    async fn pull(&self, output: Option<&Path>, consent: &Consent) -> anyhow::Result<String> {
        let form = match (self.format, output) {
            (Format::Json, _) => Form::Json,
            (Format::Words, Some(output)) => form_of(output),
            (Format::Words, None) => Form::Toml,
        };
        let answer = self.api.get_as(&["products"], media_type(form)).await?;
        let Some(output) = output else { return Ok(answer) };
        let shown = output.display();
        if output.exists() {
            if fs::read_to_string(output).is_ok_and(|present| present == answer) {
                return Ok(format!("{shown} has it already."));
            }
            self.confirm(consent, &format!("Overwrite {shown}, comments and all?"))?;
        }
        fs::write(output, answer).with_context(|| format!("cannot write {shown}"))?;
        Ok(format!("Written to {shown}."))
    }
}

/// Reads a file, in the form that its name promises.
fn read(file: &Path) -> anyhow::Result<Written> {
    let shown = file.display();
    if file.is_dir() {
        bail!("{shown} is a folder");
    }
    let text = fs::read_to_string(file).with_context(|| format!("cannot read {shown}"))?;
    let form = form_of(file);
    match Catalogue::read(&text, form, SECTIONS) {
        Ok(catalogue) => Ok(Written { text, form, catalogue }),
        Err(problems) => Err(InvalidFile { file: shown.to_string(), problems }.into()),
    }
}

fn form_of(file: &Path) -> Form {
    let is_json = file.extension().is_some_and(|extension| extension.eq_ignore_ascii_case("json"));
    if is_json { Form::Json } else { Form::Toml }
}

const fn media_type(form: Form) -> &'static str {
    match form {
        Form::Toml => "application/toml",
        Form::Json => "application/json",
    }
}

/// A line for each entry that differs, with what differs of it.
fn listed(replaced: &ReplacedAnswer, old: &CatalogueAnswer, new: &Catalogue) -> String {
    let difference = &replaced.difference;
    let sold = |entry: &EntryRef| replaced.sold.iter().find(|sold| sold.entry == *entry).map(how_much);
    let mut lines = Vec::new();
    lines.extend(difference.added.iter().map(|entry| format!("  + {}", named(entry))));
    for entry in &difference.changed {
        lines.push(format!("  ~ {}", named(entry)));
        let is_it = |product: &&Product| {
            product.product_id == entry.product_id && product.variant_id() == entry.variant_id.as_deref()
        };
        let old = old.products.get(&entry.source).and_then(|products| products.iter().find(is_it));
        let new = new.products().iter().filter(|product| product.source == entry.source).find(is_it);
        lines.extend(changes(old, new));
        lines.extend(sold(entry));
    }
    for entry in &difference.removed {
        lines.push(format!("  - {}", named(entry)));
        lines.extend(sold(entry));
    }
    for key in &difference.descriptions {
        let sign = match (old.descriptions.get(key), new.description(key)) {
            (None, _) => '+',
            (_, None) => '-',
            _ => '~',
        };
        lines.push(format!("  {sign} [{key}]  how deliveries are read"));
    }
    plain(&lines.join("\n"))
}

/// What was sold of an entry.
fn how_much(sold: &EntrySold) -> String {
    let (licenses, people) = (counted(sold.licenses, "license", "licenses"), counted(sold.people, "person", "people"));
    let more = if sold.more { ", or more" } else { "" };
    format!("      sold: {licenses}, to {people}{more}")
}

fn named(entry: &EntryRef) -> String {
    let variant = entry.variant_id.as_ref().map(|variant| format!(" / {variant}")).unwrap_or_default();
    format!("{} {}{variant}  {}", entry.source, entry.product_id, entry.name)
}

/// What differs of an entry, key by key.
fn changes(old: Option<&Product>, new: Option<&Product>) -> Vec<String> {
    let (old, new) = (keys(old), keys(new));
    let all: BTreeMap<&String, ()> = old.keys().chain(new.keys()).map(|key| (key, ())).collect();
    let value = |keys: &Map<String, Value>, key: &str| keys.get(key).map_or("unset".to_owned(), Value::to_string);
    all.into_keys()
        .filter(|key| old.get(*key) != new.get(*key))
        .map(|key| format!("      {key}: {} -> {}", value(&old, key), value(&new, key)))
        .collect()
}

fn keys(product: Option<&Product>) -> Map<String, Value> {
    match serde_json::to_value(product) {
        Ok(Value::Object(keys)) => keys,
        _ => Map::new(),
    }
}
