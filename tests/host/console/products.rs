//! The catalogue as a form and as text, and a sale of an unknown product.

use latchkey_sandbox::{
    AccountKind, Fault, FaultKind, GITHUB_APP_ID, GITHUB_APP_PRIVATE_KEY, GUMROAD_ACCESS_TOKEN, GumroadSale, Service,
};
use serde_json::{Value, json};

use latchkey::adapters::storefronts::SECTIONS;
use latchkey::model::Catalogue;
use latchkey::model::catalogue::Form;

use super::{CONSOLE, signed_in};
use crate::pages::{FORM, form};
use crate::shop::{STARTER, Shop, catalogue_of, run};

const ENTRY: &str = "/console/products/entry";
const TEXT: &str = "/console/products/text";

/// The settings of a shop whose storefront lists its products.
fn listing() -> Vec<(&'static str, &'static str)> {
    [CONSOLE.as_slice(), &[("GUMROAD_ACCESS_TOKEN", GUMROAD_ACCESS_TOKEN)]].concat()
}

/// A sale of a product that the catalogue does not name.
async fn sell_unknown(shop: &Shop, name: &str) {
    let sale = GumroadSale {
        product_id: Some("unknown-1==".to_owned()),
        product_name: Some(name.to_owned()),
        ..GumroadSale::default()
    };
    shop.deliver(&shop.sandbox.sell_on_gumroad(sale)).await;
}

/// The mark of what was looked at, which a browser sends with what it saves.
fn seen_in(html: &str) -> String {
    let (_, behind) = html.split_once("name=\"seen\" value=\"").unwrap_or_else(|| panic!("nothing to save: {html}"));
    behind.split_once('"').unwrap().0.to_owned()
}

/// The link to the form for the product that waits.
fn link_in(html: &str) -> String {
    let (_, behind) = html.split_once("href=\"/console/products/entry?").unwrap();
    let (query, _) = behind.split_once('"').unwrap();
    format!("{ENTRY}?{}", query.replace("&#38;", "&"))
}

#[test]
fn a_product_that_was_sold_is_entered_looked_at_and_saved_for_a_reason() {
    run(async {
        let shop = Shop::open_with(&CONSOLE);
        sell_unknown(&shop, "Acme <b>Extra</b>").await;
        assert_eq!(shop.count("licenses"), 0);
        let browser = signed_in(&shop).await;
        let seen = browser.look("/console/products").await;
        assert!(seen.text().contains("Sold, and not in the catalogue"), "{}", seen.text());
        assert!(seen.html.contains("Acme &#60;b&#62;Extra&#60;/b&#62;"), "{}", seen.html);

        let seen = browser.look(&link_in(&seen.html)).await;
        for filled in [
            "value=\"unknown-1==\"",
            "value=\"Acme &#60;b&#62;Extra&#60;/b&#62;\"",
            "<option value=\"gumroad\" selected>Gumroad</option>",
            "name=\"repo\" value=\"acme/starter\"",
            "value=\"it was sold\"",
        ] {
            assert!(seen.html.contains(filled), "{filled}: {}", seen.html);
        }
        let entered = [
            ("source", "gumroad"),
            ("product_id", "unknown-1=="),
            ("variant", ""),
            ("name", "Acme Extra"),
            ("license", ""),
            ("tier", "pro"),
            ("repo", "acme/starter"),
            ("repos", "acme/starter-docs\r\n"),
            ("reason", "it was sold"),
            ("actor", "Eve"),
        ];
        let looked = browser.post(ENTRY, &[entered.as_slice(), &[("do", "look")]].concat()).await;
        assert_eq!(looked.status, 200);
        let text = looked.text();
        assert!(text.contains("What would change Added Acme Extra (Gumroad unknown-1==)"), "{text}");
        assert!(text.contains("Deliveries that wait for it, and will be processed: 1."), "{text}");
        assert_eq!(shop.count("admin_actions"), 0, "looking changes nothing");

        // Whoever saves without having looked is shown the difference, and so is whoever has changed something since.
        let hasty = browser.post(ENTRY, &[entered.as_slice(), &[("do", "save")]].concat()).await;
        assert!(hasty.text().contains("What would change Added Acme Extra"), "{}", hasty.text());
        let seen = seen_in(&hasty.html);
        assert_eq!(seen, seen_in(&looked.html));
        let confirmed = [("expected_version", "1"), ("seen", seen.as_str()), ("do", "save")];
        let other = entered.map(|(name, value)| if name == "tier" { (name, "core") } else { (name, value) });
        let changed = browser.post(ENTRY, &[other.as_slice(), &confirmed].concat()).await;
        assert!(changed.text().contains("What would change") && seen_in(&changed.html) != seen, "{}", changed.text());
        assert_eq!(shop.count("admin_actions"), 0, "nothing is saved that was not looked at");

        let seen = browser.submit(ENTRY, &[entered.as_slice(), &confirmed].concat()).await;
        let text = seen.text();
        assert!(text.contains("Deliveries that waited for it and are processed within a minute: 1."), "{text}");
        assert!(!text.contains("Sold, and not in the catalogue") && text.contains("Acme Extra"), "{text}");
        let action = shop.record("admin_actions", "true");
        assert_eq!(
            (&action["action"], &action["actor"], &action["reason"]),
            (&json!("catalogue.replace"), &json!("Ada"), &json!("it was sold"))
        );
        shop.tick().await;
        let license = shop.record("licenses", "true");
        assert_eq!((&license["product_id"], &license["tier"]), (&json!("unknown-1=="), &json!("pro")));
        let mails = shop.sandbox.take_mails();
        assert_eq!(mails.iter().map(|mail| mail.subject.as_str()).collect::<Vec<_>>(), ["Your license for Acme Extra"]);
    });
}

/// The link to the form, a tick and a button; without the tick where it is known what it opens.
#[test]
fn a_sale_of_an_unknown_product_is_fulfilled_by_a_link_a_tick_and_save() {
    run(async {
        for (entries, tick) in [
            ("", Some("acme/starter")),
            // A variant opens at first what another of the same product opens.
            (
                "[[gumroad]]\nproduct_id = \"unknown-1==\"\nvariant = \"Tier: Team\"\nname = \"Acme Extra, team\"\ntier = \"team\"\nrepos = [\"acme/extra\"]\n",
                None,
            ),
        ] {
            let shop = Shop::open_with(&CONSOLE);
            let known = "[[gumroad]]\nproduct_id = \"known==\"\nname = \"Acme Kit\"\ntier = \"pro\"\nrepos = [\"acme/starter\", \"acme/kit\"]\n";
            shop.stock(&catalogue_of(&format!("{known}\n{entries}")));
            sell_unknown(&shop, "Acme Extra").await;
            let browser = signed_in(&shop).await;
            let list = browser.look("/console/products").await;
            let shown = browser.look(&link_in(&list.html)).await;
            let text = shown.text();
            assert!(text.contains("What would change Added Acme Extra (Gumroad unknown-1==)"), "{text}");
            assert!(text.contains("Deliveries that wait for it, and will be processed: 1."), "{text}");

            let saved = |html: &str, ticked: Option<&str>| {
                let mut fields = sent_by(html);
                fields.extend(ticked.map(|repo| ("repo".to_owned(), repo.to_owned())));
                fields.push(("do".to_owned(), "save".to_owned()));
                fields
            };
            let fields = saved(&shown.html, None);
            let fields: Vec<_> = fields.iter().map(|(name, value)| (name.as_str(), value.as_str())).collect();
            if tick.is_some() {
                // What it opens has to be said; the button stays where it is.
                let seen = browser.post(ENTRY, &fields).await;
                assert_eq!((seen.status, shop.count("admin_actions")), (422, 0), "{}", seen.text());
                assert!(seen.html.contains("<a href=\"#repos\">") && !seen_in(&seen.html).is_empty(), "{}", seen.html);
            }
            // Another variant is another difference.
            let other =
                fields.iter().map(|(name, value)| (*name, if *name == "variant" { "Tier: Solo" } else { *value }));
            let other: Vec<_> = other.chain(tick.map(|repo| ("repo", repo))).collect();
            let seen = browser.post(ENTRY, &other).await;
            assert_eq!((seen.status, shop.count("admin_actions")), (200, 0), "{}", seen.text());

            let fields = saved(&shown.html, tick);
            let fields: Vec<_> = fields.iter().map(|(name, value)| (name.as_str(), value.as_str())).collect();
            let seen = browser.submit(ENTRY, &fields).await;
            let text = seen.text();
            assert!(text.contains("Deliveries that waited for it and are processed within a minute: 1."), "{text}");
            shop.tick().await;
            let mails = shop.sandbox.take_mails();
            assert_eq!(
                mails.iter().map(|mail| mail.subject.as_str()).collect::<Vec<_>>(),
                ["Your license for Acme Extra"]
            );
            assert_eq!(shop.value("SELECT reason FROM admin_actions"), "it was sold");
        }
    });
}

#[test]
fn whoever_was_overtaken_looks_at_the_newest_catalogue_and_saves() {
    run(async {
        let shop = Shop::open_with(&CONSOLE);
        let browser = signed_in(&shop).await;
        let text = sent_by(&browser.look(TEXT).await.html);
        let text = text.iter().find(|(name, _)| name == "text").unwrap().1.clone();
        let entry = |id: &str| {
            format!("\n[[gumroad]]\nproduct_id = \"{id}\"\nname = \"{id}\"\ntier = \"pro\"\nrepos = [\"acme/x\"]\n")
        };
        let mine = format!("{text}{}", entry("mine"));
        shop.map(&Catalogue::read(&format!("{text}{}", entry("theirs")), Form::Toml, SECTIONS).unwrap()).await;
        let written = [("text", mine.as_str()), ("reason", "mine")];
        let sent = |html: &str, act: &'static str| {
            let (_, version) = html.split_once("name=\"expected_version\" value=\"").unwrap();
            let version = version.split_once('"').unwrap().0.to_owned();
            [("expected_version", version), ("seen", seen_in(html)), ("do", act.to_owned())]
        };
        let late =
            browser.post(TEXT, &[written.as_slice(), &[("expected_version", "1"), ("do", "look")]].concat()).await;
        assert_eq!(late.status, 409);
        let said = late.text();
        assert!(said.contains("What you wrote is kept, and compared with the catalogue as it is now"), "{said}");
        assert!(said.contains("Added mine (Gumroad mine) Taken out theirs (Gumroad theirs)"), "{said}");
        assert!(
            late.html.contains("id = &#34;mine&#34;") && late.html.contains("<title>This did not work"),
            "{}",
            late.html
        );
        let with = sent(&late.html, "save");
        let with: Vec<_> = with.iter().map(|(name, value)| (*name, value.as_str())).collect();
        let seen = browser.submit(TEXT, &[written.as_slice(), &with].concat()).await;
        assert!(seen.text().contains("The catalogue is saved"), "{}", seen.text());

        // So it is with the form of an entry.
        let entered = [
            ("source", "gumroad"),
            ("product_id", "third"),
            ("name", "Third"),
            ("tier", "pro"),
            ("repos", "acme/third"),
            ("reason", "a third"),
        ];
        let late =
            browser.post(ENTRY, &[entered.as_slice(), &[("expected_version", "1"), ("do", "save")]].concat()).await;
        assert_eq!(late.status, 409);
        assert!(late.text().contains("Added Third (Gumroad third)"), "{}", late.text());
        let with = sent(&late.html, "save");
        let with: Vec<_> = with.iter().map(|(name, value)| (*name, value.as_str())).collect();
        let seen = browser.submit(ENTRY, &[entered.as_slice(), &with].concat()).await;
        assert!(seen.text().contains("The catalogue is saved"), "{}", seen.text());

        // And with taking one out.
        let path = "/console/products/remove";
        let named = [("source", "gumroad"), ("product_id", "third"), ("reason", "not the third")];
        let late = browser.post(path, &[named.as_slice(), &[("expected_version", "1")]].concat()).await;
        assert_eq!(late.status, 409);
        let version = shop.value("SELECT version FROM catalogue");
        assert!(late.html.contains(&format!("name=\"expected_version\" value=\"{version}\"")), "{}", late.html);
        browser.submit(path, &[named.as_slice(), &[("expected_version", version.as_str())]].concat()).await;
        assert_eq!(shop.count("products WHERE product_id = 'third'"), 0);
    });
}

#[test]
fn an_entry_is_checked_while_it_is_entered() {
    run(async {
        let shop = Shop::open_with(&CONSOLE);
        let browser = signed_in(&shop).await;
        let html = browser.look(ENTRY).await.html;
        assert!(html.contains("data-check=\"/console/products/check\""), "{html}");
        let check = async |fields: &[(&str, &str)]| {
            let seen = browser.post("/console/products/check", fields).await;
            assert_eq!(seen.status, 200, "{}", seen.html);
            serde_json::from_str::<Value>(&seen.html).unwrap()["mistakes"].clone()
        };
        let entered = [("source", "gumroad"), ("product_id", "new=="), ("name", "New"), ("tier", "pro")];
        let mistakes = check(&[entered.as_slice(), &[("years", "two"), ("repo", "acme/kit")]].concat()).await;
        assert_eq!((&mistakes[0]["input"], &mistakes[1]), (&json!("years"), &Value::Null), "{mistakes}");
        let mistakes = check(&entered).await;
        assert_eq!(mistakes[0]["input"], "repos", "{mistakes}");
        // What is there already is none of another entry's.
        let mistakes = check(&[entered.as_slice(), &[("product_id", STARTER), ("repo", "acme/kit")]].concat()).await;
        assert_eq!(mistakes, json!([]), "the first field of a name counts");
        let again =
            [("source", "gumroad"), ("product_id", STARTER), ("name", "New"), ("tier", "pro"), ("repo", "acme/kit")];
        assert_ne!(check(&again).await, json!([]), "it has an entry");
        let was = [("was_source", "gumroad"), ("was_product_id", STARTER)];
        assert_eq!(check(&[again.as_slice(), &was].concat()).await, json!([]));
        assert_eq!(shop.count("admin_actions"), 0);
    });
}

#[test]
fn the_form_names_every_mistake_at_its_input_and_keeps_what_was_entered() {
    run(async {
        let shop = Shop::open_with(&CONSOLE);
        let browser = signed_in(&shop).await;
        let entered = [
            ("source", "gumroad"),
            ("product_id", "new=="),
            ("name", "<script>alert(1)</script>"),
            ("tier", "pro"),
            ("years", "two"),
            ("repos", "acme"),
            ("grace_days", "4000"),
            ("reason", "a new one"),
        ];
        let seen = browser.post(ENTRY, &[entered.as_slice(), &[("do", "save")]].concat()).await;
        assert_eq!(seen.status, 422);
        for input in ["years", "repos", "grace_days"] {
            assert!(seen.html.contains(&format!("<a href=\"#{input}\">")), "{input}: {}", seen.html);
            assert!(seen.html.contains(&format!("aria-describedby=\"{input}-error")), "{input}: {}", seen.html);
        }
        assert!(seen.html.contains("value=\"two\"") && !seen.html.contains("<script>alert"), "{}", seen.html);
        assert_eq!(shop.count("admin_actions"), 0);

        let right = [entered.as_slice(), &[("do", "save")]].concat().into_iter().map(|(name, value)| match name {
            "years" => (name, "2"),
            "repos" => (name, "acme/kit"),
            "grace_days" => (name, "4"),
            "reason" => (name, ""),
            _ => (name, value),
        });
        let right: Vec<_> = right.chain([("expected_version", "1")]).collect();
        let looked = browser.post(ENTRY, &right).await;
        assert_eq!(looked.status, 200, "looking needs no reason: {}", looked.text());
        let seen = seen_in(&looked.html);
        let seen = browser.post(ENTRY, &[right.as_slice(), &[("seen", seen.as_str())]].concat()).await;
        assert_eq!(seen.status, 400, "a reason is demanded");
        assert!(seen.text().contains("What would change"), "what is to be saved stays in view: {}", seen.text());
        assert!(seen.text().contains("This is needed.") && seen.html.contains("id=\"reason-error\""), "{}", seen.html);
        assert_eq!(shop.count("admin_actions"), 0);
        let seen = browser.post(ENTRY, &[("source", "ebay"), ("name", "Kit"), ("do", "save"), ("reason", "x")]).await;
        assert_eq!(seen.status, 400);
        assert!(seen.html.contains("id=\"source-error\"") && seen.html.contains("value=\"Kit\""), "{}", seen.html);
    });
}

#[test]
fn what_the_form_shows_of_an_entry_is_the_entry() {
    run(async {
        let shop = Shop::open_with(&CONSOLE);
        let browser = signed_in(&shop).await;
        let before = shop.rows("SELECT entry FROM products ORDER BY position").len();
        let list = browser.look("/console/products").await.html;
        let links: Vec<_> = list.split("href=\"/console/products/entry?").skip(1).collect();
        assert_eq!(links.len(), before);
        for link in links {
            let path = format!("{ENTRY}?{}", link.split_once('"').unwrap().0.replace("&#38;", "&"));
            let html = browser.look(&path).await.html;
            let sent = sent_by(&html);
            let fields: Vec<_> = sent.iter().map(|(name, value)| (name.as_str(), value.as_str())).collect();
            let seen = browser.post(ENTRY, &[fields.as_slice(), &[("do", "look")]].concat()).await;
            assert_eq!(seen.status, 200, "{path}: {}", seen.text());
            assert!(seen.text().contains("Nothing: the catalogue is so already."), "{path}: {}", seen.text());
        }
    });
}

/// What a browser would send of the form that nobody has touched.
fn sent_by(html: &str) -> Vec<(String, String)> {
    let (_, form) = html.split_once("<form class=\"card\"").unwrap();
    let attribute = |tag: &str, name: &str| {
        let (_, behind) = tag.split_once(&format!(" {name}=\""))?;
        Some(plain(behind.split_once('"')?.0))
    };
    let mut sent = Vec::new();
    let mut select = String::new();
    for tag in form.split('<').skip(1) {
        let (inside, behind) = tag.split_once('>').unwrap_or((tag, ""));
        let kind = inside.split(' ').next().unwrap();
        let name = attribute(inside, "name");
        match kind {
            "input" if inside.contains("type=\"checkbox\"") && !inside.contains(" checked") => {}
            "input" => sent.push((name.unwrap(), attribute(inside, "value").unwrap())),
            "textarea" => sent.push((name.unwrap(), plain(behind.trim_start_matches('\n')))),
            "select" => {
                select = name.unwrap();
                sent.push((select.clone(), String::new()));
            }
            "option" if inside.contains(" selected") => {
                let last = sent.iter_mut().rfind(|(name, _)| *name == select).unwrap();
                last.1 = attribute(inside, "value").unwrap();
            }
            _ => {}
        }
    }
    sent
}

fn plain(html: &str) -> String {
    [("&#60;", "<"), ("&#62;", ">"), ("&#34;", "\""), ("&#39;", "'"), ("&#38;", "&")]
        .iter()
        .fold(html.to_owned(), |text, (entity, letter)| text.replace(entity, letter))
}

#[test]
fn the_text_is_checked_compared_and_saved_for_a_reason() {
    run(async {
        let shop = Shop::open_with(&CONSOLE);
        let browser = signed_in(&shop).await;
        let shown = browser.look(TEXT).await;
        assert!(shown.text().contains("[[gumroad]]"), "{}", shown.text());
        let sent = sent_by(&shown.html);
        let text = &sent.iter().find(|(name, _)| name == "text").unwrap().1;
        let version = &sent.iter().find(|(name, _)| name == "expected_version").unwrap().1;

        let wrong = format!(
            "{text}\n[[gumroad]]\nproduct_id = \"x\"\nname = \"<i>X</i>\"\ntier = \"pro\"\nrepos = [\"nowhere\"]\n"
        );
        let line = wrong.lines().position(|line| line.contains("nowhere")).unwrap() + 1;
        let fields = |text, reason, act| {
            [("text", text), ("expected_version", version.as_str()), ("reason", reason), ("do", act)]
        };
        let wrong = wrong.replace('\n', "\r\n");
        let seen = browser.post(TEXT, &fields(&wrong, "why", "save")).await;
        assert_eq!(seen.status, 422);
        assert!(seen.text().contains(&format!("line {line}: ")), "{}", seen.text());
        assert!(!seen.html.contains("<i>X"), "{}", seen.html);
        let checked = browser
            .send(
                "POST",
                "/console/products/check",
                &[("sec-fetch-site", "same-origin"), FORM],
                &form(&[("text", &wrong)]),
            )
            .await;
        let checked: Value = serde_json::from_str(&checked.html).unwrap();
        assert_eq!(checked["mistakes"][0]["line"], line);
        assert!(checked["mistakes"][0]["text"].as_str().unwrap().contains("nowhere"), "{checked}");

        let more =
            format!("{text}\n[[gumroad]]\nproduct_id = \"x\"\nname = \"X\"\ntier = \"pro\"\nrepos = [\"acme/x\"]\n");
        let looked = browser.post(TEXT, &fields(&more, "", "look")).await;
        assert!(looked.text().contains("What would change Added X (Gumroad x)"), "{}", looked.text());
        let hasty = browser.post(TEXT, &fields(&more, "why", "save")).await;
        assert!(hasty.text().contains("What would change Added X"), "{}", hasty.text());
        assert_eq!(shop.count("admin_actions"), 0, "nothing is saved that was not looked at");
        let mark = seen_in(&looked.html);
        let fields = |text, reason, act| [fields(text, reason, act).as_slice(), &[("seen", mark.as_str())]].concat();
        let refused = browser.post(TEXT, &fields(&more, "", "save")).await;
        assert_eq!((refused.status, shop.count("admin_actions")), (400, 0));
        assert!(refused.html.contains("acme/x"), "what was written is kept");
        let seen = browser.submit(TEXT, &fields(&more, "a new one", "save")).await;
        assert!(seen.text().contains("The catalogue is saved"), "{}", seen.text());
        assert_eq!(shop.count("products WHERE product_id = 'x'"), 1);

        // Somebody else has changed it since, whether it is looked at or saved.
        let late = browser.post(TEXT, &fields(&more, "again", "save")).await;
        assert_eq!(late.status, 409);
        let late = browser.post(TEXT, &fields(text, "without it", "save")).await;
        assert_eq!(late.status, 409);
        assert!(late.text().contains("Nothing was changed: the catalogue has version"), "{}", late.text());
        assert_eq!(shop.count("products WHERE product_id = 'x'"), 1);
    });
}

/// A description stands in the text, and nowhere in the form of an entry.
#[test]
fn what_is_entered_leaves_the_description_of_deliveries_as_it_was() {
    run(async {
        let shop = Shop::open_with(&CONSOLE);
        let browser = signed_in(&shop).await;
        let shown = browser.look(TEXT).await;
        let sent = sent_by(&shown.html);
        let value = |name: &str| sent.iter().find(|(known, _)| known == name).unwrap().1.clone();
        let described = format!("{}\n[standard_webhooks]\npreset = \"creem\"\n", value("text"));
        let version = value("expected_version");
        let fields = |act| {
            [("text", described.as_str()), ("expected_version", version.as_str()), ("reason", "Creem"), ("do", act)]
        };
        let looked = browser.post(TEXT, &fields("look")).await;
        assert!(looked.text().contains("How deliveries are read standard_webhooks"), "{}", looked.text());
        let seen = seen_in(&looked.html);
        browser.submit(TEXT, &[fields("save").as_slice(), &[("seen", seen.as_str())]].concat()).await;
        let stored = || shop.value("SELECT descriptions FROM catalogue");
        assert_eq!(stored(), r#"{"standard_webhooks":{"preset":"creem"}}"#);
        let entered = [
            ("source", "standard"),
            ("product_id", "prod_1"),
            ("variant", ""),
            ("name", "Anvil"),
            ("license", ""),
            ("tier", "pro"),
            ("repo", "acme/anvil"),
            ("reason", "a new one"),
            ("do", "save"),
        ];
        let looked = browser.post(ENTRY, &entered).await;
        let (seen, version) = (seen_in(&looked.html), shop.value("SELECT version FROM catalogue"));
        let confirmed = [("expected_version", version.as_str()), ("seen", seen.as_str())];
        browser.submit(ENTRY, &[entered.as_slice(), &confirmed].concat()).await;
        assert_eq!(shop.count("products WHERE source = 'standard'"), 1);
        assert_eq!(stored(), r#"{"standard_webhooks":{"preset":"creem"}}"#);
    });
}

#[test]
fn an_entry_is_taken_out_for_a_reason_and_buyers_keep_what_they_have() {
    run(async {
        let shop = Shop::open_with(&CONSOLE);
        let key = shop.sell_starter().await;
        shop.activate(&key, "octocat").await;
        let browser = signed_in(&shop).await;
        let path = "/console/products/remove";
        let query = form(&[("source", "gumroad"), ("product_id", "32-nPAicqbLj8B_WswVlMw==")]);
        let asked = browser.look(&format!("{path}?{query}")).await;
        assert!(asked.text().contains("Licenses sold of it: 1. People who hold them: 1."), "{}", asked.text());
        let sent = sent_by(&asked.html.replace("<form", "<form class=\"card\""));
        let fields: Vec<_> =
            sent.iter().filter(|(name, _)| name != "reason").map(|(a, b)| (a.as_str(), b.as_str())).collect();
        let refused = browser.post(path, &fields).await;
        assert_eq!((refused.status, shop.count("admin_actions")), (400, 0));
        let seen = browser.submit(path, &[fields.as_slice(), &[("reason", "not sold any more")]].concat()).await;
        assert!(seen.text().contains("The entry is taken out."), "{}", seen.text());
        assert_eq!(shop.count("products WHERE product_id = '32-nPAicqbLj8B_WswVlMw==' AND variant_id = ''"), 0);
        assert_eq!(shop.count("entitlements"), 2);
        assert_eq!(browser.get(&format!("{path}?{query}")).await.status, 404);
        let gone = [
            ("was_source", "gumroad"),
            ("was_product_id", "32-nPAicqbLj8B_WswVlMw=="),
            ("source", "gumroad"),
            ("do", "look"),
        ];
        let gone = [gone.as_slice(), &[("name", "as I want it")]].concat();
        let seen = browser.post(ENTRY, &gone).await;
        assert_eq!(seen.status, 404, "what is gone is not added again unawares");
        assert!(seen.text().contains("This entry is gone") && seen.html.contains("as I want it"), "{}", seen.html);
        assert!(seen.html.contains("name=\"was_product_id\" value=\"\""), "what it would be is new: {}", seen.html);
    });
}

#[test]
fn repositories_and_products_are_picked_from_what_the_services_list() {
    run(async {
        let shop = Shop::open_with(&listing());
        shop.sandbox.add_repo("acme/brand-new", AccountKind::Organization);
        let browser = signed_in(&shop).await;
        shop.calls();
        let seen = browser.look(ENTRY).await;
        assert!(seen.html.contains("name=\"repo\" value=\"acme/brand-new\">"), "{}", seen.html);
        let calls = shop.calls();
        assert!(calls.iter().any(|call| call.starts_with("GET /user/repos")), "{calls:?}");
        assert!(calls.iter().any(|call| call.starts_with("GET /v2/products")), "{calls:?}");

        // Everything that storefronts list here has an entry, until there is none.
        assert!(!seen.text().contains("At your storefronts"), "{}", seen.text());
        shop.map(&catalogue_of("")).await;
        let seen = browser.look(ENTRY).await;
        let text = seen.text();
        assert!(text.contains("At your storefronts, and not in the catalogue"), "{text}");
        assert!(text.contains("Gumroad: Acme Starter Kit (32-nPAicqbLj8B_WswVlMw==)"), "{text}");
        let link = "href=\"/console/products/entry?source=gumroad&#38;product_id=32-nPAicqbLj8B_WswVlMw%3D%3D&#38;name=Acme+Starter+Kit\"";
        assert!(seen.html.contains(link), "{}", seen.html);
        shop.calls();
        let seen = browser.look(&plain(link.split('"').nth(1).unwrap())).await;
        for filled in ["value=\"32-nPAicqbLj8B_WswVlMw==\"", "value=\"Acme Starter Kit\"", "value=\"acme/brand-new\""] {
            assert!(seen.html.contains(filled), "{filled}: {}", seen.html);
        }
        assert_eq!(shop.calls(), ["GET /user/repos"], "the product is known by then");

        // What is listed stays, ticked or not, and nobody is asked once more.
        let listed = sent_by(&seen.html);
        let listed: Vec<_> =
            listed.iter().filter(|(name, _)| name == "listed").map(|(_, repo)| repo.as_str()).collect();
        assert!(listed.contains(&"acme/brand-new") && listed.len() > 1, "{listed:?}");
        let listed: Vec<_> = listed.into_iter().map(|repo| ("listed", repo)).collect();
        let entered = [
            ("source", "gumroad"),
            ("product_id", "32-nPAicqbLj8B_WswVlMw=="),
            ("name", "Kit"),
            ("tier", "pro"),
            ("repo", "acme/brand-new"),
            ("do", "look"),
        ];
        let looked = browser.post(ENTRY, &[entered.as_slice(), &listed].concat()).await;
        assert!(looked.html.contains("name=\"repo\" value=\"acme/brand-new\" checked>"), "{}", looked.html);
        for (_, repo) in &listed {
            assert!(looked.html.contains(&format!("name=\"repo\" value=\"{repo}\"")), "{repo}: {}", looked.html);
        }
        let untouched =
            entered.map(|(name, value)| if name == "repo" { ("repos", "acme/other") } else { (name, value) });
        let looked = browser.post(ENTRY, &[untouched.as_slice(), &listed].concat()).await;
        assert!(looked.html.contains("name=\"repo\" value=\"acme/brand-new\">"), "{}", looked.html);
        assert_eq!(shop.calls(), Vec::<String>::new());
    });
}

#[test]
fn an_app_lists_the_repositories_on_which_it_is_installed() {
    run(async {
        let app = [
            ("GITHUB_TOKEN", ""),
            ("GITHUB_APP_ID", GITHUB_APP_ID),
            ("GITHUB_APP_PRIVATE_KEY", GITHUB_APP_PRIVATE_KEY),
        ];
        let shop = Shop::open_with(&[CONSOLE.as_slice(), &app].concat());
        shop.sandbox.add_repo("acme/brand-new", AccountKind::Organization);
        shop.sandbox.add_repo("elsewhere/kit", AccountKind::Organization);
        let browser = signed_in(&shop).await;
        let seen = browser.look(ENTRY).await;
        assert!(seen.html.contains("value=\"acme/brand-new\">"), "{}", seen.html);
        assert!(!seen.html.contains("elsewhere/kit"), "{}", seen.html);
        shop.calls();
    });
}

#[test]
fn whoever_does_not_say_what_there_is_leaves_the_field_to_type_into() {
    run(async {
        for kind in [FaultKind::status(500), FaultKind::LostBefore, FaultKind::Junk, FaultKind::status(401)] {
            let shop = Shop::open_with(&listing());
            shop.sandbox.inject(Fault::new(Service::GitHub, kind.clone()));
            shop.sandbox.inject(Fault::new(Service::Gumroad, kind.clone()));
            let browser = signed_in(&shop).await;
            let seen = browser.look(ENTRY).await;
            let text = seen.text();
            for silent in ["GitHub did not say what there is", "Gumroad did not say what there is"] {
                assert!(text.contains(silent), "{kind:?}: {text}");
            }
            assert!(seen.html.contains("<textarea id=\"repos\"") && seen.html.contains("name=\"product_id\""));
            shop.calls();
        }
        let shop = Shop::open_with(&[CONSOLE.as_slice(), &[("GITHUB_TOKEN", "")]].concat());
        let text = signed_in(&shop).await.look(ENTRY).await.text();
        assert!(text.contains("GitHub did not say what there is, so type it: GITHUB_TOKEN is not set"), "{text}");
    });
}
