//! The catalogue as a form and as text, and a sale of an unknown product.

use latchkey_sandbox::GumroadSale;
use serde_json::{Value, json};

use super::{CONSOLE, signed_in};
use crate::pages::{FORM, form};
use crate::shop::{Shop, run};

const ENTRY: &str = "/console/products/entry";
const TEXT: &str = "/console/products/text";

/// A sale of a product that the catalogue does not name.
async fn sell_unknown(shop: &Shop, name: &str) {
    let sale = GumroadSale {
        product_id: Some("unknown-1==".to_owned()),
        product_name: Some(name.to_owned()),
        ..GumroadSale::default()
    };
    shop.deliver(&shop.sandbox.sell_on_gumroad(sale)).await;
}

/// The link to the form for the product that waits.
fn link_in(html: &str) -> String {
    let (_, behind) = html.split_once("href=\"/console/products/entry?").unwrap();
    let (query, _) = behind.split_once('"').unwrap();
    format!("{ENTRY}?{}", query.replace("&#38;", "&"))
}

#[test]
fn a_sale_of_an_unknown_product_is_one_click_from_being_fulfilled() {
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

        let seen = browser.submit(ENTRY, &[entered.as_slice(), &[("do", "save")]].concat()).await;
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
        let seen = browser.post(ENTRY, &right.collect::<Vec<_>>()).await;
        assert_eq!(seen.status, 400, "a reason is demanded");
        assert!(seen.text().contains("This is needed.") && seen.html.contains("id=\"reason-error\""), "{}", seen.html);
        assert_eq!(shop.count("admin_actions"), 0);
        let seen = browser.post(ENTRY, &[("source", "ebay"), ("do", "save"), ("reason", "x")]).await;
        assert_eq!(seen.status, 400);
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
        let refused = browser.post(TEXT, &fields(&more, "", "save")).await;
        assert_eq!((refused.status, shop.count("admin_actions")), (400, 0));
        assert!(refused.html.contains("acme/x"), "what was written is kept");
        let seen = browser.submit(TEXT, &fields(&more, "a new one", "save")).await;
        assert!(seen.text().contains("The catalogue is saved"), "{}", seen.text());
        assert_eq!(shop.count("products WHERE product_id = 'x'"), 1);

        let late = browser.post(TEXT, &fields(text, "without it", "save")).await;
        assert_eq!(late.status, 409);
        assert!(late.text().contains("Nothing was changed: the catalogue has version"), "{}", late.text());
        assert_eq!(shop.count("products WHERE product_id = 'x'"), 1);
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
        assert_eq!(browser.post(ENTRY, &gone).await.status, 404, "what is gone is not added again unawares");
    });
}
