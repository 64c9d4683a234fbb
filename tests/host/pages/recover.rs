//! A lost key: a link by mail to every license of an address, and nothing learned by whoever does not read that mail.

use std::cell::Cell;
use std::time::Duration;

use futures_util::future::join_all;
use latchkey::http;
use latchkey::platform::host::{Call, Fate};
use latchkey_sandbox::{Fault, FaultKind, GumroadSale, LemonSqueezySale, Service};
use serde_json::json;

use super::{Browser, FORM, OWN_PAGES, PUBLIC_URL, Seen, form, see};
use crate::shop::{ADMIN_TOKEN, STARTER, Shop, request, run};
use crate::snapshot::Snapshot;

const SESSION: &str = "__Host-latchkey";
const ADDRESS: &str = "__Host-latchkey-address";
const MINUTE: Duration = Duration::from_secs(60);
const RECOVERIES: &str = "outbox WHERE kind = 'recovery_mail'";

/// Sells the starter kit to this address, and gives the key.
pub(super) async fn sold_to(shop: &Shop, email: &str) -> String {
    let sale = GumroadSale { product_id: Some(STARTER.to_owned()), email: email.to_owned(), ..GumroadSale::default() };
    assert_eq!(shop.deliver(&shop.sandbox.sell_on_gumroad(sale)).await.status, 200);
    let key = shop.take_key();
    shop.calls();
    key
}

/// Asks for the licenses of an address, and gives the pages' answer.
pub(super) async fn ask(shop: &Shop, email: &str) -> Seen {
    let seen = Browser::new(shop).post("/recover", &[("email", email)]).await;
    shop.calls();
    seen
}

/// The path of the link in the only mail that was sent since.
pub(super) fn mailed_link(shop: &Shop) -> String {
    let mails = shop.sandbox.take_mails();
    assert_eq!(mails.len(), 1, "{mails:?}");
    link_in(mails[0].text.as_deref().unwrap())
}

fn link_in(text: &str) -> String {
    let link = text.split_whitespace().find_map(|word| word.strip_prefix(PUBLIC_URL));
    link.filter(|link| link.starts_with("/recover/link?token=")).unwrap_or_else(|| panic!("{text}")).to_owned()
}

fn token_of(link: &str) -> &str {
    link.split_once('=').unwrap().1
}

pub(super) async fn use_link(browser: &Browser<'_>, link: &str) -> Seen {
    browser.post("/recover/link", &[("token", token_of(link))]).await
}

/// A shop in which a link was mailed to Ada, and the link.
async fn mailed(shop: &Shop) -> String {
    sold_to(shop, "ada@example.com").await;
    ask(shop, "ada@example.com").await;
    mailed_link(shop)
}

#[test]
fn a_buyer_without_the_key_is_mailed_a_link_to_every_license_of_the_address() {
    run(async {
        let shop = Shop::open_with(&OWN_PAGES);
        let first = sold_to(&shop, "ada@example.com").await;
        shop.advance(MINUTE);
        let second = sold_to(&shop, "Ada@Example.com").await;
        let theirs = sold_to(&shop, "grace@example.com").await;
        shop.rows(&format!("UPDATE licenses SET status = 'revoked' WHERE license_key = '{first}'"));
        let browser = Browser::new(&shop);
        assert!(browser.get("/").await.html.contains("href=\"/recover\">Lost your key?</a>"));
        assert!(browser.get("/recover").await.text().contains("We mail you a link"));
        let seen = browser.submit("/recover", &[("email", " ADA@example.com ")]).await;
        assert!(seen.text().contains("a mail with a link is on its way"), "{}", seen.text());
        let mails = shop.sandbox.take_mails();
        assert_eq!((mails.len(), mails[0].subject.as_str()), (1, "Your link to your licenses"));
        assert!(mails[0].to.eq_ignore_ascii_case("ada@example.com"), "{}", mails[0].to);
        let link = link_in(mails[0].text.as_deref().unwrap());
        assert!(mails[0].html.as_deref().unwrap().contains(&format!("href=\"{PUBLIC_URL}{link}\"")));

        // It works in any browser.
        let another = Browser::new(&shop);
        let seen = another.get(&link).await;
        assert!(seen.text().contains("Your link is good."), "{}", seen.text());
        assert_eq!(another.cookie(ADDRESS), None, "looking at it is not using it");
        let led = use_link(&another, &link).await;
        assert_eq!(led.header("location"), Some("/recover/licenses"));
        let seen = another.get("/recover/licenses").await;
        let text = seen.text();
        for part in ["Acme Starter Kit", "Not activated yet", "Revoked", "Bought with", "pro"] {
            assert!(text.contains(part), "{part}: {text}");
        }
        assert!(text.find("Not activated yet") < text.find("Revoked"), "the newest is first: {text}");
        assert!(seen.html.contains(&second) && !seen.html.contains(&first) && !seen.html.contains(&theirs));
        assert_eq!(seen.html.matches("<h2").count(), 2);
        let seen = another.submit("/", &[("license_key", &second)]).await;
        assert!(seen.text().contains("Say which GitHub account is yours") || seen.html.contains("/license/account"));
        another.submit("/license/activate", &[("github_username", "octocat")]).await;
        assert!(another.get("/recover/licenses").await.text().contains("Activated"));
        assert!(!another.get("/recover/licenses").await.text().contains("Renew"));
        shop.rows(&format!("UPDATE licenses SET expires_at = 1 WHERE license_key = '{second}'"));
        let renewable = "[[gumroad]]\nproduct_id = \"32-nPAicqbLj8B_WswVlMw==\"\nname = \"Acme Starter Kit\"\ntier = \"pro\"\n\
                         repos = [\"acme/starter\"]\nrenew_url = \"https://acme.example.com/renew\"\n";
        shop.stock(&crate::shop::catalogue_of(renewable));
        let seen = another.get("/recover/licenses").await;
        assert!(seen.text().contains("Renew Acme Starter Kit"), "{}", seen.text());
        assert_eq!(seen.html.matches("href=\"https://acme.example.com/renew\"").count(), 1, "of the expired one alone");
        another.submit("/license/leave", &[]).await;
        assert_eq!((another.cookie(ADDRESS), another.cookie(SESSION)), (None, None));
        assert_eq!(another.get("/recover/licenses").await.header("location"), Some("/recover?note=recovery_over"));
        shop.calls();
    });
}

#[test]
fn whoever_gets_no_mail_is_told_who_can_correct_the_address() {
    run(async {
        let support = "https://acme.example/support";
        let shop = Shop::open_with(&[&OWN_PAGES[..], &[("SUPPORT_URL", support)]].concat());
        for path in ["/recover", "/recover?note=recovery_asked"] {
            let seen = Browser::new(&shop).get(path).await;
            assert!(seen.text().contains("Write to them with the number of your order. Get help"), "{}", seen.text());
            assert_eq!(seen.html.matches(&format!("href=\"{support}\"")).count(), 2);
        }
    });
}

#[test]
fn the_answer_to_any_address_is_the_same_and_waits_for_nothing() {
    run(async {
        let shop = Shop::open_with(&OWN_PAGES);
        for email in ["ada@example.com", "bob@example.com"] {
            sold_to(&shop, email).await;
        }
        ask(&shop, "bob@example.com").await;
        shop.sandbox.take_mails();
        let mut answers = Vec::new();
        for email in [
            "ada@example.com",
            "nobody@example.com",
            // Asked for just before.
            "bob@example.com",
            // No mail can be sent to these.
            "\"quoted\"@example.com",
            "somebody@[192.0.2.1]",
            "zoë@example.com",
        ] {
            let fields = form(&[("email", email)]);
            let headers = [("sec-fetch-site", "same-origin"), FORM, ("cf-connecting-ip", "192.0.2.1")];
            shop.host.take_batches();
            let engine = shop.engine();
            let answer = http::handle(&engine, request("POST", "/recover", &headers, fields.as_bytes())).await;
            assert_eq!(shop.host.take_batches(), 0, "{email}: nothing is looked up before the answer");
            let mut headers = answer.headers.clone();
            headers.retain(|(name, _)| *name != "x-request-id");
            answers.push((answer.status, headers, answer.body));
        }
        assert_eq!(answers[0].0, 303);
        assert!(answers.iter().all(|answer| *answer == answers[0]), "{answers:?}");
        // Nor does the limit show.
        shop.host.limit_to(0);
        let seen = ask(&shop, "ada@example.com").await;
        assert_eq!((seen.status, seen.header("location")), (303, Some("/recover?note=recovery_asked")));
        assert!(shop.sandbox.take_mails().is_empty());
        assert_eq!(shop.count("recoveries WHERE email = 'ada@example.com'"), 0);
    });
}

#[test]
fn a_text_that_is_no_address_is_said_to_be_none() {
    run(async {
        let shop = Shop::open_with(&OWN_PAGES);
        for text in ["", "ada", "@", "ada@"] {
            let seen = ask(&shop, text).await;
            assert_eq!(seen.status, 400, "{text}");
            assert!(seen.text().contains("This is not a mail address."), "{}", seen.text());
        }
    });
}

#[test]
fn an_address_without_licenses_is_mailed_nothing_and_leaves_no_trace() {
    run(async {
        let shop = Shop::open_with(&OWN_PAGES);
        sold_to(&shop, "ada@example.com").await;
        let before = Snapshot::of(shop.host.database());
        shop.log_text();
        for email in ["nobody@example.com", "ada@example.com.evil.example", "%@example.com", "ada_@example.com"] {
            ask(&shop, email).await;
        }
        assert_eq!(Snapshot::of(shop.host.database()), before);
        assert!(shop.sandbox.take_mails().is_empty());
        let log = shop.log_text();
        assert!(!log.contains("nobody") && !log.contains("evil"), "{log}");
    });
}

#[test]
fn an_address_is_mailed_once_in_ten_minutes_however_many_ask_at_once() {
    run(async {
        let shop = Shop::open_with(&OWN_PAGES);
        sold_to(&shop, "ada@example.com").await;
        join_all((0..20).map(|_| ask(&shop, "ada@example.com"))).await;
        assert_eq!(shop.sandbox.take_mails().len(), 1);
        assert_eq!((shop.count("recoveries"), shop.count(RECOVERIES)), (1, 1));
        shop.advance(Duration::from_secs(10 * 60 - 1));
        ask(&shop, "Ada@example.com").await;
        assert!(shop.sandbox.take_mails().is_empty());
        shop.advance(Duration::from_secs(1));
        join_all((0..20).map(|_| ask(&shop, "ada@example.com"))).await;
        assert_eq!(shop.sandbox.take_mails().len(), 1);
        // Another's is not held up by that.
        sold_to(&shop, "grace@example.com").await;
        ask(&shop, "grace@example.com").await;
        assert_eq!(mailed_link(&shop).len(), "/recover/link?token=".len() + 43);
    });
}

#[test]
fn a_link_is_good_once_and_for_half_an_hour_and_the_next_one_ends_none() {
    run(async {
        let shop = Shop::open_with(&OWN_PAGES);
        let first = mailed(&shop).await;
        shop.advance(Duration::from_secs(11 * 60));
        ask(&shop, "ada@example.com").await;
        let second = mailed_link(&shop);
        assert_ne!(first, second);
        let browser = Browser::new(&shop);
        for _ in 0..3 {
            assert!(browser.get(&first).await.text().contains("Your link is good."));
        }
        assert_eq!(use_link(&browser, &first).await.status, 303);
        for seen in [browser.get(&first).await, use_link(&browser, &first).await] {
            assert_eq!(seen.status, 200);
            assert!(seen.text().contains("This link was used already, or is too old"), "{}", seen.text());
            assert!(seen.html.contains("value=\"ada@example.com\""), "the address is filled in: {}", seen.html);
        }
        shop.advance(Duration::from_secs(30 * 60 - 1));
        assert!(browser.get(&second).await.text().contains("Your link is good."));
        shop.advance(Duration::from_secs(1));
        for seen in [browser.get(&second).await, use_link(&browser, &second).await] {
            assert!(seen.html.contains("value=\"ada@example.com\""), "{}", seen.html);
        }
        assert_eq!(shop.count("recoveries WHERE used_at IS NOT NULL"), 1);
    });
}

#[test]
fn of_many_who_use_a_link_at_once_one_gets_in() {
    run(async {
        let shop = Shop::open_with(&OWN_PAGES);
        let link = mailed(&shop).await;
        let browsers: Vec<_> = (0..20).map(|_| Browser::new(&shop)).collect();
        let seen = join_all(browsers.iter().map(|browser| use_link(browser, &link))).await;
        assert_eq!(seen.iter().filter(|seen| seen.status == 303).count(), 1);
        assert_eq!(browsers.iter().filter(|browser| browser.cookie(ADDRESS).is_some()).count(), 1);
    });
}

#[test]
fn nothing_that_is_guessed_or_read_in_the_database_is_a_link() {
    run(async {
        let shop = Shop::open_with(&OWN_PAGES);
        let link = mailed(&shop).await;
        let token = token_of(&link);
        let column = |column: &str| shop.value(&format!("SELECT {column} FROM recoveries"));
        let (id, seed, hash) = (column("id"), column("seed"), column("token_hash"));
        let database = format!("{:?}", Snapshot::of(shop.host.database()));
        assert!(!database.contains(token), "the token stands nowhere");
        let near = format!("{}{}", &token[..42], if token.ends_with('A') { "E" } else { "A" });
        let browser = Browser::new(&shop);
        for guess in ["", "x", &id, &seed, &hash, &near, &"A".repeat(43), &"A".repeat(10_000), "' OR 1=1 --"] {
            for seen in [
                browser.get(&format!("/recover/link?{}", form(&[("token", guess)]))).await,
                browser.post("/recover/link", &[("token", guess)]).await,
            ] {
                assert!(!seen.html.contains("ada@") && seen.header("set-cookie").is_none(), "{guess}: {}", seen.html);
            }
        }
        shop.host.limit_to(3);
        for _ in 0..3 {
            browser.post("/recover/link", &[("token", &near)]).await;
        }
        shop.host.take_batches();
        assert_eq!(browser.post("/recover/link", &[("token", &near)]).await.status, 429);
        assert_eq!(browser.get(&format!("/recover/link?token={near}")).await.status, 429);
        assert_eq!(shop.host.take_batches(), 0, "whoever guesses too often is not looked up");
    });
}

#[test]
fn a_link_leads_to_where_the_seller_says_whatever_host_was_asked() {
    run(async {
        let shop = Shop::open_with(&OWN_PAGES);
        sold_to(&shop, "ada@example.com").await;
        let headers =
            [("sec-fetch-site", "same-origin"), FORM, ("host", "evil.example"), ("x-forwarded-host", "evil.example")];
        see(&shop, request("POST", "/recover", &headers, form(&[("email", "ada@example.com")]).as_bytes())).await;
        let mails = shop.sandbox.take_mails();
        assert!(!format!("{:?} {:?}", mails[0].text, mails[0].html).contains("evil"));
        link_in(mails[0].text.as_deref().unwrap());
        shop.calls();

        for settings in [
            [("PORTAL_URL", ""), ("PUBLIC_URL", "")],
            [("PORTAL_URL", "https://acme.example.com/activate"), ("PUBLIC_URL", "")],
        ] {
            let shop = Shop::open_with(&settings);
            sold_to(&shop, "ada@example.com").await;
            let browser = Browser::new(&shop);
            assert!(!browser.get("/").await.html.contains("/recover"));
            assert_eq!(browser.get("/recover").await.status, 503);
            assert_eq!(ask(&shop, "ada@example.com").await.status, 503);
            assert_eq!(shop.count("recoveries"), 0);
        }
    });
}

#[test]
fn a_session_of_an_address_lasts_an_hour_and_is_nobodys_who_made_it_up() {
    run(async {
        let shop = Shop::open_with(&OWN_PAGES);
        let link = mailed(&shop).await;
        let key = shop.value("SELECT license_key FROM licenses");
        let browser = Browser::new(&shop);
        // Whoever plants a cookie in the browser beforehand does not share what comes of the link.
        browser.set_cookie(ADDRESS, "planted");
        use_link(&browser, &link).await;
        let session = browser.cookie(ADDRESS).unwrap();
        assert_ne!(session, "planted");
        browser.submit("/", &[("license_key", &key)]).await;
        let of_license = browser.cookie(SESSION).unwrap();
        for made_up in ["", "a.b", &of_license, &session[..session.len() - 1], &session.replacen('e', "f", 1)] {
            let other = Browser::new(&shop);
            other.set_cookie(ADDRESS, made_up);
            assert_eq!(other.get("/recover/licenses").await.status, 303, "{made_up}");
        }
        let other = Browser::new(&shop);
        other.set_cookie(SESSION, &session);
        assert_eq!(other.get("/license").await.status, 303, "it is no session of a license");
        shop.advance(59 * MINUTE);
        assert_eq!(browser.get("/recover/licenses").await.status, 200);
        shop.advance(MINUTE);
        assert_eq!(browser.get("/recover/licenses").await.status, 303);
    });
}

#[test]
fn a_form_of_another_page_neither_asks_nor_uses_a_link() {
    run(async {
        let shop = Shop::open_with(&OWN_PAGES);
        let link = mailed(&shop).await;
        shop.advance(11 * MINUTE);
        let browser = Browser::new(&shop);
        for site in ["cross-site", "same-site", "none"] {
            for (path, field) in
                [("/recover", ("email", "ada@example.com")), ("/recover/link", ("token", token_of(&link)))]
            {
                let seen = browser.send("POST", path, &[("sec-fetch-site", site), FORM], &form(&[field])).await;
                assert_eq!(seen.status, 403, "{path} {site}");
            }
        }
        assert!(shop.sandbox.take_mails().is_empty());
        assert_eq!(shop.count("recoveries WHERE used_at IS NOT NULL"), 0);
    });
}

#[test]
fn no_link_address_or_key_stands_in_a_log_or_where_a_browser_is_led() {
    run(async {
        let shop = Shop::open_with(&OWN_PAGES);
        let key = sold_to(&shop, "ada@example.com").await;
        shop.log_text();
        let browser = Browser::new(&shop);
        let asked = browser.post("/recover", &[("email", "ada@example.com")]).await;
        let link = mailed_link(&shop);
        let looked = browser.get(&link).await;
        let used = use_link(&browser, &link).await;
        let listed = browser.get("/recover/licenses").await;
        for seen in [&asked, &looked, &used, &listed] {
            assert_eq!(seen.header("referrer-policy"), Some("no-referrer"));
            let led = seen.header("location").unwrap_or_default();
            assert!(!led.contains("ada") && !led.contains(token_of(&link)), "{led}");
        }
        // Nothing is loaded from, and nothing leads to, anywhere else from the page in whose address the token stands.
        assert!(!looked.html.contains("https://"), "{}", looked.html);
        let log = shop.log_text();
        for secret in [token_of(&link), "ada@", &key, &browser.cookie(ADDRESS).unwrap()] {
            assert!(!log.contains(secret), "{secret}: {log}");
        }
        shop.calls();
    });
}

#[test]
fn what_is_written_for_an_address_is_shown_as_text() {
    const MARK: &str = "<script>alert(1)</script>";
    run(async {
        let shop = Shop::open_with(&OWN_PAGES);
        let link = mailed(&shop).await;
        shop.rows(&format!("UPDATE licenses SET tier = '{MARK}', product_id = '{MARK}'"));
        let browser = Browser::new(&shop);
        let led = use_link(&browser, &link).await;
        assert_eq!(led.status, 303);
        for seen in [
            browser.get("/recover/licenses").await,
            browser.post("/recover", &[("email", "\"><svg onload=alert(1)>")]).await,
            browser.post("/recover", &[("email", MARK)]).await,
            browser.get(&format!("/recover/link?{}", form(&[("token", MARK)]))).await,
            browser.get(&format!("/recover?{}", form(&[("note", MARK), ("email", MARK)]))).await,
        ] {
            assert!(!seen.html.contains(MARK) && !seen.html.contains("<svg onload"), "{}", seen.html);
        }
    });
}

#[test]
fn an_address_that_was_corrected_or_erased_shows_nothing_by_an_old_link() {
    run(async {
        let shop = Shop::open_with(&OWN_PAGES);
        let link = mailed(&shop).await;
        let browser = Browser::new(&shop);
        use_link(&browser, &link).await;
        shop.rows("UPDATE licenses SET email = 'right@example.com'");
        let seen = browser.get("/recover/licenses").await;
        assert!(seen.text().contains("There is no license any more that was bought with"), "{}", seen.text());

        let shop = Shop::open_with(&OWN_PAGES);
        sold_to(&shop, "ada@example.com").await;
        shop.sandbox.inject(Fault::new(Service::Postmark, FaultKind::status(500)));
        ask(&shop, "ada@example.com").await;
        shop.sandbox.clear_faults();
        let admin = |path: &str, body: serde_json::Value| {
            let bearer = format!("Bearer {ADMIN_TOKEN}");
            let headers = [("authorization", bearer.as_str()), ("content-type", "application/json")];
            request("POST", path, &headers, body.to_string().as_bytes())
        };
        let person = json!({ "email": "Ada@example.com", "reason": "the buyer asked for it" });
        let export = shop.request(admin("/admin/privacy/export", person.clone())).await;
        assert_eq!(export.body["recoveries"].as_array().unwrap().len(), 1, "{}", export.body["recoveries"]);
        assert_eq!(shop.request(admin("/admin/privacy/erase", person)).await.status, 200);
        assert_eq!(shop.count("recoveries"), 0);
        assert_eq!(shop.value(&format!("SELECT outcome FROM {RECOVERIES}")), "canceled");
        shop.tick_after(10 * MINUTE).await;
        assert!(shop.sandbox.take_mails().is_empty());
        shop.calls();
    });
}

#[test]
fn whoever_bought_in_tests_alone_is_told_so_and_only_while_those_open_something() {
    run(async {
        for (allowed, mails) in [("true", 1), ("false", 0)] {
            let shop = Shop::open_with(&[OWN_PAGES.as_slice(), &[("ALLOW_TEST_LICENSES", allowed)]].concat());
            let sale = LemonSqueezySale {
                test_mode: true,
                product_id: Some("6".to_owned()),
                variant_id: Some("1".to_owned()),
                ..LemonSqueezySale::default()
            };
            for delivery in shop.sandbox.sell_on_lemon_squeezy(sale) {
                assert_eq!(shop.deliver(&delivery).await.status, 200);
            }
            shop.sandbox.take_mails();
            ask(&shop, &shop.value("SELECT email FROM licenses")).await;
            let sent = shop.sandbox.take_mails();
            assert_eq!(sent.len(), mails, "{allowed}");
            assert!(sent.iter().all(|mail| mail.subject == "[Test] Your link to your licenses"), "{sent:?}");
            shop.calls();
        }
    });
}

#[test]
fn a_mail_that_fails_goes_out_with_the_same_link_and_is_left_out_once_that_is_over() {
    run(async {
        for (waits, sent) in [(5 * MINUTE, true), (40 * MINUTE, false)] {
            let shop = Shop::open_with(&OWN_PAGES);
            sold_to(&shop, "ada@example.com").await;
            shop.sandbox.inject(Fault::new(Service::Postmark, FaultKind::status(500)));
            let seen = ask(&shop, "ada@example.com").await;
            assert_eq!(seen.status, 303, "the answer knows nothing of it");
            shop.sandbox.clear_faults();
            shop.tick_after(waits).await;
            assert_eq!(shop.value(&format!("SELECT outcome FROM {RECOVERIES}")), if sent { "sent" } else { "skipped" });
            if sent {
                let browser = Browser::new(&shop);
                assert_eq!(use_link(&browser, &mailed_link(&shop)).await.status, 303);
            }
            shop.calls();
        }
    });
}

#[test]
fn a_database_that_fails_while_a_link_is_used_opens_nothing_to_two() {
    run(async {
        for (fate, after) in [(Fate::FailBefore, 303), (Fate::FailAfter, 200)] {
            let shop = Shop::open_with(&OWN_PAGES);
            let link = mailed(&shop).await;
            let browser = Browser::new(&shop);
            let struck = Cell::new(false);
            shop.host.inject(move |call| match call {
                Call::Batch(_) if !struck.replace(true) => fate,
                _ => Fate::Proceed,
            });
            let seen = use_link(&browser, &link).await;
            assert_eq!((seen.status, browser.cookie(ADDRESS)), (503, None), "{fate:?}");
            let seen = use_link(&browser, &link).await;
            assert_eq!(seen.status, after, "{fate:?}: what may have been used is good no more");
            if after == 200 {
                assert!(seen.html.contains("value=\"ada@example.com\""), "the way to another is there");
                shop.advance(10 * MINUTE);
                ask(&shop, "ada@example.com").await;
                assert_eq!(use_link(&browser, &mailed_link(&shop)).await.status, 303);
            }
        }
    });
}

#[test]
fn who_asked_is_forgotten_after_a_week() {
    run(async {
        let shop = Shop::open_with(&OWN_PAGES);
        let link = mailed(&shop).await;
        let day = Duration::from_secs(24 * 60 * 60);
        let browser = Browser::new(&shop);
        shop.advance(7 * day - MINUTE);
        sold_to(&shop, "grace@example.com").await;
        shop.rows("UPDATE outbox SET state = 'due', next_attempt_at = 1, done_at = NULL, outcome = NULL WHERE subject LIKE 'LK-%'");
        shop.tick().await;
        assert!(browser.get(&link).await.html.contains("value=\"ada@example.com\""));
        shop.advance(2 * MINUTE);
        shop.rows("UPDATE outbox SET state = 'due', next_attempt_at = 1, done_at = NULL, outcome = NULL WHERE subject LIKE 'LK-%'");
        shop.tick().await;
        assert_eq!(shop.count("recoveries"), 0);
        assert!(browser.get(&link).await.html.contains("value=\"\""), "its link leads to the empty form");
        shop.sandbox.take_mails();
        shop.calls();
    });
}

#[test]
fn a_link_outlasts_a_database_that_does_not_answer_and_a_limit() {
    run(async {
        let shop = Shop::open_with(&OWN_PAGES);
        let link = mailed(&shop).await;
        let browser = Browser::new(&shop);
        let holds = |seen: &Seen| seen.html.contains(&format!("name=\"token\" value=\"{}\"", token_of(&link)));
        shop.host.inject(|call| if matches!(call, Call::Batch(_)) { Fate::FailBefore } else { Fate::Proceed });
        let seen = browser.get(&link).await;
        assert_eq!((seen.status, seen.header("retry-after")), (503, Some("10")));
        assert!(seen.text().contains("Our database did not answer."), "{}", seen.text());
        let seen = use_link(&browser, &link).await;
        assert_eq!(seen.status, 503);
        assert!(seen.text().contains("Our database did not answer.") && holds(&seen), "{}", seen.html);
        shop.host.inject(|_| Fate::Proceed);
        shop.host.limit_to(0);
        let seen = use_link(&browser, &link).await;
        assert_eq!((seen.status, seen.header("retry-after")), (429, Some("60")));
        assert!(seen.text().contains("Too many attempts.") && holds(&seen), "{}", seen.html);
        shop.host.limit_to(1000);
        assert_eq!(use_link(&browser, &link).await.header("location"), Some("/recover/licenses"));
    });
}
