//! The catalogue and its file.

use std::fs;
use std::path::{Path, PathBuf};

use insta::assert_snapshot;
use latchkey::api::problem::ProblemDetails;
use latchkey::api::products::{EntrySold, InvalidCatalogue, ReplacedAnswer};
use latchkey::http::Code;
use latchkey::model::catalogue::{Difference, EntryRef, Problem};
use serde_json::{Value, json};

use super::{Person, Worker, get};
use crate::commands::InvalidFile;

const KIT: &str =
    "[[lemonsqueezy]]\nproduct_id = \"4\"\nname = \"Acme Kit\"\ntier = \"core\"\nrepos = [\"acme/kit\"]\n";

/// A folder of its own for a test.
struct Folder(PathBuf);

impl Folder {
    fn new(name: &str) -> Self {
        let path = std::env::temp_dir().join(format!("latchkey-cli-{}-{name}", std::process::id()));
        fs::create_dir_all(&path).expect("a folder");
        Self(path)
    }

    fn file(&self, name: &str, text: &str) -> String {
        let path = self.0.join(name);
        fs::write(&path, text).expect("a file");
        path.display().to_string()
    }
}

impl Drop for Folder {
    fn drop(&mut self) {
        let _ = fs::remove_dir_all(&self.0);
    }
}

/// The catalogue that the Worker has: one product less its second repository, and one that the file does not have.
fn present() -> Value {
    json!({
        "version": 7,
        "products": {
            "lemonsqueezy": [
                { "product_id": "4", "name": "Acme Kit", "tier": "core", "license": "storefront",
                  "repos": ["acme/kit", "acme/docs"], "years": 1 },
                { "product_id": "6", "name": "Old Kit", "tier": "core", "license": "storefront", "repos": ["acme/old"] }
            ]
        }
    })
}

fn entry(product_id: &str, name: &str, variant_id: Option<&str>) -> EntryRef {
    EntryRef {
        source: "lemonsqueezy".to_owned(),
        product_id: product_id.to_owned(),
        variant_id: variant_id.map(str::to_owned),
        name: name.to_owned(),
    }
}

fn planned(version: i64, waiting: usize) -> ReplacedAnswer {
    let difference = Difference {
        added: vec![entry("4", "Acme Kit for Teams", Some("5"))],
        changed: vec![entry("4", "Acme Kit", None)],
        removed: vec![entry("6", "Old Kit", None)],
        descriptions: Vec::new(),
    };
    let sold = EntrySold { entry: entry("6", "Old Kit", None), licenses: 2, people: 1, more: false };
    ReplacedAnswer { version, difference, waiting, sold: vec![sold] }
}

/// Runs a command, and names files as they are named in their own folder.
async fn run(worker: &Worker, person: &Person, line: &[&str], folder: &Folder) -> Result<String, String> {
    let inside = |text: String| text.replace(&format!("{}/", folder.0.display()), "");
    let outcome = worker.run_for(person, line).await.map(inside).map_err(inside);
    person.heard.borrow_mut().iter_mut().for_each(|heard| *heard = inside(std::mem::take(heard)));
    outcome
}

/// What a file without a Worker is said to be.
async fn checked(file: &str, more: &[&str]) -> anyhow::Result<String> {
    let line = [&["products", "check", file], more].concat();
    super::run("http://127.0.0.1:1", None, &Person::who_says(false), &line).await
}

#[tokio::test]
async fn a_file_is_checked_without_a_worker() {
    let folder = Folder::new("checked");
    let file = folder.file("products.toml", KIT);
    assert_eq!(checked(&file, &[]).await.expect("it is right"), format!("{file}: 1 product, no mistakes"));
    let said = checked(&file, &["--json"]).await.expect("it is right");
    assert_eq!(serde_json::from_str::<Value>(&said).ok(), Some(json!({ "products": 1, "problems": [] })));
    let listed = r#"{"version": 7, "products": {"lemonsqueezy": [{"product_id": "4", "name": "Kit", "tier": "core", "repos": ["acme/kit"]}]}}"#;
    let file = folder.file("products.json", listed);
    assert_eq!(checked(&file, &[]).await.expect("it is right"), format!("{file}: 1 product, no mistakes"));
}

#[tokio::test]
async fn every_mistake_in_a_file_is_told_as_a_compiler_tells_it() {
    let folder = Folder::new("mistakes");
    let text = "[[gumroad]]\nproduct_id = \"a\"\nname = \"Kit\"\ntier = \"core\"\nrepo = [\"acme/kit\"]\n\n\
                [[gumroads]]\nproduct_id = \"b\"\n";
    let file = folder.file("products.toml", text);
    let error = checked(&file, &[]).await.expect_err("mistakes");
    let invalid = error.downcast_ref::<InvalidFile>().expect("mistakes of a file");
    let inside = |text: String| text.replace(&format!("{}/", folder.0.display()), "");
    assert_snapshot!(inside(format!("{}\n\nerror: {error}", invalid.listed())), @r#"
    products.toml:1: [[gumroad]] #1 "Kit" (product_id "a"): opens nothing
      help: write repos = ["acme/starter"], or choose = { from = […], limit = 1 }
    products.toml:5: [[gumroad]] #1 "Kit" (product_id "a"): unknown key `repo`
      help: did you mean `repos`?
    products.toml:7: unknown key `gumroads`
      help: did you mean [[gumroad]]?

    error: 3 mistakes in products.toml
    "#);
    let problems = serde_json::from_str::<Value>(&invalid.to_json()).expect("JSON");
    assert_eq!(problems["problems"].as_array().map(Vec::len), Some(3));
    assert_eq!(problems["problems"][0]["line"], 1);
}

#[tokio::test]
async fn a_file_that_is_not_there_is_named() {
    let error = checked("nowhere/products.toml", &[]).await.expect_err("no file");
    assert!(format!("{error:#}").starts_with("cannot read nowhere/products.toml: "), "{error:#}");
}

#[tokio::test]
async fn a_difference_says_what_changes_of_each_product_and_what_becomes_due() {
    let folder = Folder::new("diff");
    let file = folder.file("products.toml", KIT);
    let worker = Worker::default();
    worker.answers(200, &present());
    worker.answers(200, &planned(7, 2));
    let text =
        run(&worker, &Person::who_says(false), &["products", "diff", &file], &folder).await.expect("a difference");
    assert_snapshot!(text, @r#"
    http://worker has version 7 of the catalogue. products.toml would change it:

      + lemonsqueezy 4 / 5  Acme Kit for Teams
      ~ lemonsqueezy 4  Acme Kit
          repos: ["acme/kit","acme/docs"] -> ["acme/kit"]
          years: 1 -> unset
      - lemonsqueezy 6  Old Kit
          sold: 2 licenses, to 1 person

    2 deliveries wait for this, and would be processed.
    "#);
    let sent = ("PUT".to_owned(), "/admin/products?dry_run=true&expected_version=7".to_owned(), Value::from(KIT));
    assert_eq!(worker.asked(), [get("/admin/products"), sent]);

    let worker = Worker::default();
    worker.answers(200, &present());
    worker.answers(200, &planned(7, 2));
    let line = ["products", "diff", &file, "--json"];
    let text = run(&worker, &Person::who_says(false), &line, &folder).await.expect("a difference");
    assert_eq!(serde_json::from_str::<ReplacedAnswer>(&text).ok(), Some(planned(7, 2)));
}

#[tokio::test]
async fn a_description_that_differs_is_named_by_its_key() {
    let folder = Folder::new("described");
    let file = folder.file("products.toml", &format!("{KIT}\n[standard_webhooks]\npreset = \"dodo\"\n"));
    let worker = Worker::default();
    let mut present = present();
    present["standard_webhooks"] = json!({ "preset": "creem" });
    worker.answers(200, &present);
    let difference = Difference { descriptions: vec!["standard_webhooks".to_owned()], ..Difference::default() };
    worker.answers(200, &ReplacedAnswer { version: 7, difference, waiting: 1, sold: Vec::new() });
    let text =
        run(&worker, &Person::who_says(false), &["products", "diff", &file], &folder).await.expect("a difference");
    assert_snapshot!(text, @"
    http://worker has version 7 of the catalogue. products.toml would change it:

      ~ [standard_webhooks]  how deliveries are read

    1 delivery waits for this, and would be processed.
    ");
}

/// A fixture of the Worker's.
fn delivery(name: &str) -> String {
    format!("{}/../../tests/fixtures/standard/{name}", env!("CARGO_MANIFEST_DIR"))
}

/// What a delivery would be read as by a file, its name shortened.
async fn read_as(text: &str, name: &str, more: &[&str]) -> Result<String, String> {
    let folder = Folder::new(&format!("against-{name}"));
    let (file, path) = (folder.file("products.toml", text), delivery(name));
    let line = [&["--against", &path][..], more].concat();
    let short = |text: String| text.replace(&path, name);
    checked(&file, &line).await.map(short).map_err(|error| short(format!("{error:#}")))
}

const DODO: &str = "[[standard]]\nproduct_id = \"pdt_LhNaq2j3dVw7kKcYv1pTz\"\nname = \"Anvil\"\ntier = \"pro\"\n\
                    repos = [\"acme/anvil\"]\n\n[standard_webhooks]\npreset = \"dodo\"\n";

#[tokio::test]
async fn a_captured_delivery_is_shown_as_it_would_be_read() {
    let text = read_as(DODO, "dodo_payment_succeeded.json", &[]).await.expect("a sale");
    assert_snapshot!(text, @r#"
    dodo_payment_succeeded.json tells of payment.succeeded, which is a sale.
      order           pay_gr4RizvMOXFJ6xca3y2tU
      lines           1 × pdt_LhNaq2j3dVw7kKcYv1pTz: "Anvil"
                      2 × pdt_R8qXbn4eTf2mWsJd6uHyA: not in the catalogue
      address         ada@example.com
      name            Ada Lovelace
      amount          4900
      currency        usd
      sold_at         2026-11-20T10:00:00Z
      answers         github_username: octocat
                      campaign: autumn
      test            false
    "#);
    let text = read_as(DODO, "dodo_refund_succeeded_in_part.json", &[]).await.expect("a refund");
    assert_snapshot!(text, @"
    dodo_refund_succeeded_in_part.json tells of refund.succeeded, which is a refund.
      order           pay_gr4RizvMOXFJ6xca3y2tU
      facts           partially_refunded
    ");
    let text = read_as(DODO, "dodo_payment_succeeded_of_subscription.json", &[]).await.expect("a payment");
    assert_snapshot!(text, @"
    dodo_payment_succeeded_of_subscription.json tells of payment.succeeded, which is a payment or the next date of a subscription.
      order           sub_Iuq4rkW2DlMkFIQ8cNb7S
      subscription    pay_Fq3sub1nZ8cYkTtW5vQpX is paid at 2026-11-20T10:00:00Z, until the next one
    ");
    let text = read_as(DODO, "dodo_payment_failed.json", &[]).await.expect("nothing");
    assert!(
        text.starts_with("dodo_payment_failed.json tells of payment.failed, which is nothing that is acted on"),
        "{text}"
    );
    let told = read_as(DODO, "dodo_payment_succeeded.json", &["--json"]).await.expect("a sale");
    let told: Value = serde_json::from_str(&told).expect("JSON");
    assert_eq!((&told["meaning"], &told["lines"][0]["entry"]), (&json!("sale"), &json!("Anvil")));
    assert_eq!((&told["lines"][1]["entry"], &told["unfound"]), (&Value::Null, &json!([])));
}

#[tokio::test]
async fn a_pointer_that_finds_nothing_in_a_captured_delivery_is_named() {
    let own = "[standard_webhooks.sale]\nevents = [\"payment.succeeded\"]\norder_id = \"/data/payment_id\"\n\
               product_id = \"/data/product_cart/0/product_id\"\nemail = \"/data/email\"\n";
    let text = read_as(own, "dodo_payment_succeeded.json", &[]).await.expect("a sale");
    assert!(text.ends_with("These pointers find nothing here:\n  email `/data/email`"), "{text}");
    assert!(text.contains("  address         unknown"), "{text}");
    let wrong = own.replace("/data/payment_id", "/data/id");
    let error = read_as(&wrong, "dodo_payment_succeeded.json", &[]).await.expect_err("no order");
    assert_eq!(error, "dodo_payment_succeeded.json: sale.order_id `/data/id` finds nothing that can be read");
    let error = read_as(KIT, "dodo_payment_succeeded.json", &[]).await.expect_err("no description");
    assert_eq!(
        error,
        "dodo_payment_succeeded.json: the catalogue has no [standard_webhooks], which says how a delivery is read"
    );
    let error = read_as(DODO, "own.toml", &[]).await.expect_err("no JSON");
    assert!(error.starts_with("own.toml: the body is not valid JSON"), "{error}");
    let error = read_as(DODO, "nowhere.json", &[]).await.expect_err("no file");
    assert!(error.starts_with("cannot read nowhere.json: "), "{error}");
}

#[tokio::test]
async fn a_push_shows_the_difference_and_asks_before_it_replaces_that_very_version() {
    let folder = Folder::new("push");
    let file = folder.file("products.toml", KIT);
    let line = ["products", "push", &file, "--reason", "a new kit", "--actor", "ada"];
    let (worker, person) = (Worker::default(), Person::who_says(true));
    worker.answers(200, &present());
    worker.answers(200, &planned(7, 2));
    worker.answers(200, &planned(8, 2));
    let text = run(&worker, &person, &line, &folder).await.expect("pushed");
    assert_eq!(
        text,
        "The catalogue has version 8 now, and is in force. 2 deliveries are due: the next ticks take them."
    );
    let heard = person.heard.take();
    assert_eq!(heard.len(), 2);
    assert!(heard[0].contains("  - lemonsqueezy 6  Old Kit"), "{}", heard[0]);
    assert_eq!(heard[1], "Change the catalogue of http://worker?");
    let asked: Vec<_> = worker.asked().into_iter().map(|(method, path, _)| format!("{method} {path}")).collect();
    assert_eq!(
        asked,
        [
            "GET /admin/products",
            "PUT /admin/products?dry_run=true&expected_version=7",
            "PUT /admin/products?reason=a+new+kit&actor=ada&dry_run=false&expected_version=7"
        ]
    );

    let worker = Worker::default();
    worker.answers(200, &present());
    worker.answers(200, &planned(7, 0));
    let error = run(&worker, &Person::who_says(false), &line, &folder).await.expect_err("nobody said yes");
    assert_eq!((error.as_str(), worker.asked().len()), ("nothing was changed", 2));
}

#[tokio::test]
async fn a_push_does_not_overwrite_what_a_colleague_has_changed_meanwhile() {
    let folder = Folder::new("colleague");
    let file = folder.file("products.toml", KIT);
    let worker = Worker::default();
    worker.answers(200, &present());
    worker.answers(200, &planned(7, 0));
    let detail = "Nothing was changed: the catalogue has version 8 by now. Look at it before you replace it.";
    worker.refuses(409, "catalogue_changed", detail);
    let line = ["products", "push", &file, "--reason", "a new kit", "--yes"];
    let error = run(&worker, &Person::who_says(false), &line, &folder).await.expect_err("a conflict");
    assert_eq!(error, format!("{} (catalogue_changed)", detail.trim_end_matches('.')));
}

#[tokio::test]
async fn a_push_of_what_is_there_already_changes_nothing() {
    let folder = Folder::new("same");
    let file = folder.file("products.toml", KIT);
    let worker = Worker::default();
    worker.answers(200, &present());
    worker
        .answers(200, &ReplacedAnswer { version: 7, difference: Difference::default(), waiting: 0, sold: Vec::new() });
    let line = ["products", "push", &file, "--reason", "again"];
    let text = run(&worker, &Person::who_says(false), &line, &folder).await.expect("nothing to do");
    assert_snapshot!(text, @"http://worker has version 7 of the catalogue. products.toml says the same: there is nothing to change.");
    assert_eq!(worker.asked().len(), 2);
}

#[tokio::test]
async fn mistakes_that_only_the_worker_finds_are_told_alike() {
    let folder = Folder::new("newer");
    let file = folder.file("products.toml", KIT);
    let problem = Problem {
        line: Some(5),
        entry: Some("[[lemonsqueezy]] #1".to_owned()),
        problem: "`repos` has too few".to_owned(),
        remedy: "add one".to_owned(),
    };
    let details = ProblemDetails {
        kind: "about:blank".to_owned(),
        title: "Unprocessable Content".to_owned(),
        status: 422,
        detail: "There is a mistake in the catalogue.".to_owned(),
        code: Code::InvalidCatalogue,
    };
    let worker = Worker::default();
    worker.answers(200, &present());
    worker.answers(422, &InvalidCatalogue { problem: details, problems: vec![problem] });
    let url = worker.listen().await;
    let error = super::run(&url, None, &Person::who_says(false), &["products", "diff", &file]).await;
    let error = error.expect_err("a mistake");
    let invalid = error.downcast_ref::<InvalidFile>().expect("mistakes of a file");
    assert_eq!(invalid.listed(), format!("{file}:5: [[lemonsqueezy]] #1: `repos` has too few\n  help: add one"));
    assert_eq!(error.to_string(), format!("1 mistake in {file}"));
}

#[tokio::test]
async fn a_mistake_in_the_file_is_found_before_anything_is_sent() {
    let folder = Folder::new("unsent");
    let file = folder.file("products.toml", "[[gumroad]]\n");
    for verb in ["diff", "push --reason why --yes"] {
        let worker = Worker::default();
        let mut line = vec!["products"];
        line.extend(verb.split(' '));
        line.insert(2, &file);
        assert!(run(&worker, &Person::who_says(true), &line, &folder).await.is_err(), "{verb}");
        assert_eq!(worker.asked(), [], "{verb}");
    }
}

#[tokio::test]
async fn a_pull_prints_the_file_or_writes_it_and_asks_before_it_overwrites() {
    let folder = Folder::new("pull");
    let pulled = |person: Person, line: Vec<String>, content_type: &'static str| {
        let folder = &folder;
        async move {
            let worker = Worker::default();
            worker.answers_text(200, content_type, KIT);
            let line: Vec<_> = line.iter().map(String::as_str).collect();
            (run(&worker, &person, &line, folder).await, person.heard.into_inner())
        }
    };
    let line = |more: &[&str]| [&["products", "pull"], more].concat().iter().map(|word| (*word).to_owned()).collect();
    let toml = "application/toml; charset=utf-8";
    let (text, _) = pulled(Person::who_says(false), line(&[]), toml).await;
    assert_eq!(text.as_deref(), Ok(KIT));

    let target = folder.0.join("products.toml").display().to_string();
    let to_file = || line(&["--output", &target]);
    let (text, heard) = pulled(Person::who_says(false), to_file(), toml).await;
    assert_eq!((text.as_deref(), heard.len()), (Ok("Written to products.toml."), 0));
    assert_eq!(fs::read_to_string(&target).ok().as_deref(), Some(KIT));
    let (text, heard) = pulled(Person::who_says(false), to_file(), toml).await;
    assert_eq!((text.as_deref(), heard.len()), (Ok("products.toml has it already."), 0));

    fs::write(&target, "# by hand\n").expect("a file");
    let (text, heard) = pulled(Person::who_says(false), to_file(), toml).await;
    assert_eq!(text.expect_err("nobody said yes"), "nothing was changed");
    assert_eq!(heard, ["Overwrite products.toml, comments and all?"]);
    assert!(Path::new(&target).exists() && fs::read_to_string(&target).is_ok_and(|text| text == "# by hand\n"));
    let (text, _) = pulled(Person::who_says(true), to_file(), toml).await;
    assert_eq!(text.as_deref(), Ok("Written to products.toml."));
}
