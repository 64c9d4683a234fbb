//! From the key to the invitations, and what is told on the way.

use std::time::Duration;

use latchkey::model::{EmailAddress, LicenseKey};
use latchkey::platform::host::{Call, Fate};
use latchkey_sandbox::{AccountKind, Fault, FaultKind, GumroadSale, MailFate, Service};
use serde_json::json;

use super::{Browser, OWN_PAGES, Seen, sold};
use crate::license_actions::action;
use crate::shop::{STARTER, Shop, post, run, seen_as};

/// A buyer who has entered the key, and sees the license.
async fn entered<'a>(shop: &'a Shop, key: &str) -> (Browser<'a>, Seen) {
    let browser = Browser::new(shop);
    let seen = browser.submit("/", &[("license_key", key)]).await;
    assert_eq!(seen.status, 200, "{}", seen.html);
    (browser, seen)
}

#[test]
fn a_buyer_goes_from_the_key_to_the_invitations_without_a_script() {
    run(async {
        let shop = Shop::open_with(&OWN_PAGES);
        let key = sold(&shop, STARTER).await;
        let browser = Browser::new(&shop);
        assert!(browser.get("/").await.html.contains("name=\"license_key\""));

        let seen = browser.submit("/", &[("license_key", &format!(" {} \n", key.to_lowercase()))]).await;
        let text = seen.text();
        for part in ["Acme Starter Kit", "acme/starter", "Opens once activated", "22 November 2027, 12:00 UTC"] {
            assert!(text.contains(part), "{part}: {text}");
        }
        assert!(shop.calls().is_empty(), "nobody is asked so far");

        let seen = browser.post("/license/account", &[("github_username", "https://github.com/OctoCat")]).await;
        assert_eq!(seen.status, 200);
        assert!(seen.text().contains("Is this you?") && seen.text().contains("The Octocat"), "{}", seen.text());
        assert!(seen.html.contains("https://avatars.githubusercontent.com/u/583231?s=160"), "{}", seen.html);
        let policy = seen.header("content-security-policy").unwrap();
        assert!(policy.contains("img-src 'self' https://avatars.githubusercontent.com;"), "{policy}");
        assert_eq!(shop.calls(), ["GET /users/OctoCat"]);
        assert_eq!(shop.count("license_activations"), 0, "nothing is bound before it is confirmed");

        let seen = browser.submit("/license/activate", &[("github_username", "octocat")]).await;
        let text = seen.text();
        for part in [
            "Your license is activated.",
            "Activated for the GitHub account octocat.",
            "Invited",
            "open until 29 November",
        ] {
            assert!(text.contains(part), "{part}: {text}");
        }
        assert!(seen.html.contains("href=\"https://github.com/acme/starter/invitations\""), "{}", seen.html);
        assert_eq!(shop.value("SELECT proof FROM license_activations"), "typed");
        assert_eq!(shop.sandbox.invitations("acme/starter").len(), 1);
        shop.calls();

        shop.rows(&format!("UPDATE grants SET {}, until_at = NULL", seen_as("member")));
        let seen = browser.get("/license").await;
        assert!(seen.text().contains("You are in"), "{}", seen.text());
        assert!(seen.html.contains("git clone https://github.com/acme/starter.git"), "{}", seen.html);
        assert!(!seen.text().contains("Something is missing?"), "there is nothing to send again");

        let seen = browser.submit("/license/leave", &[]).await;
        assert!(seen.text().contains("This browser has forgotten your license."));
        assert_eq!(browser.get("/license").await.header("location"), Some("/?note=session_over"));
    });
}

#[test]
fn a_choice_comes_first_and_can_be_changed_until_the_license_is_activated() {
    run(async {
        let shop = Shop::open_with(&OWN_PAGES);
        let key = sold(&shop, "pickOne==").await;
        let (browser, seen) = entered(&shop, &key).await;
        assert!(seen.html.contains("type=\"radio\" name=\"repo\" value=\"acme/stack-nuxt\""), "{}", seen.html);
        assert!(!seen.html.contains("github_username"));
        for impossible in
            [&[][..], &[("repo", "acme/other")], &[("repo", "acme/stack-nuxt"), ("repo", "acme/stack-next")]]
        {
            let seen = browser.post("/license/choose", impossible).await;
            assert_eq!(seen.status, 400, "{impossible:?}");
            assert!(seen.text().contains("Choose at least one"), "{}", seen.text());
        }
        let seen = browser.submit("/license/choose", &[("repo", "acme/stack-nuxt")]).await;
        assert!(seen.html.contains("github_username") && seen.html.contains("href=\"/license?choose\""));
        let seen = browser.get("/license?choose").await;
        assert!(seen.html.contains("value=\"acme/stack-nuxt\" checked"), "{}", seen.html);
        browser.submit("/license/choose", &[("repo", "acme/stack-next")]).await;
        let seen = browser.submit("/license/activate", &[("github_username", "octocat")]).await;
        assert!(seen.text().contains("acme/stack-next") && !seen.text().contains("acme/stack-nuxt"));
        assert_eq!(shop.value("SELECT repos FROM license_activations"), r#"["acme/stack-next"]"#);
        shop.calls();
    });
}

#[test]
fn whatever_is_wrong_with_a_key_is_said_with_the_status_of_the_api() {
    run(async {
        let shop = Shop::open_with(&OWN_PAGES);
        let (key, revoked) = (sold(&shop, STARTER).await, sold(&shop, STARTER).await);
        shop.rows(&format!("UPDATE licenses SET status = 'revoked' WHERE license_key = '{revoked}'"));
        let browser = Browser::new(&shop);
        for (entered, status, said) in [
            ("", 400, "This is no license key."),
            ("two words", 400, "This is no license key."),
            ("LK-00000-00000-00000-00000-00000-0", 404, "Nobody knows this license key."),
            (revoked.as_str(), 403, "This license was revoked."),
        ] {
            let seen = browser.post("/", &[("license_key", entered)]).await;
            assert_eq!(seen.status, status, "{entered}");
            assert!(seen.text().contains(said) && seen.html.contains("aria-invalid=\"true\""), "{}", seen.html);
            assert!(seen.html.contains(&format!("value=\"{entered}\"")), "it stays: {}", seen.html);
            assert_eq!(browser.cookie("__Host-latchkey"), None);
        }
        shop.host.inject(|call| if matches!(call, Call::Batch(_)) { Fate::FailBefore } else { Fate::Proceed });
        let seen = browser.post("/", &[("license_key", &key)]).await;
        assert_eq!(seen.status, 503);
        assert!(seen.text().contains("Our database did not answer.") && seen.html.contains(&key), "{}", seen.html);
        assert_eq!(seen.header("retry-after"), Some("10"));
        shop.host.inject(|_| Fate::Proceed);
        shop.host.limit_to(0);
        let seen = browser.post("/", &[("license_key", &key)]).await;
        assert_eq!((seen.status, seen.header("retry-after")), (429, Some("60")));
        assert!(seen.html.contains(&key), "{}", seen.html);
    });
}

#[test]
fn what_was_ticked_or_typed_stays_where_nothing_came_of_it() {
    run(async {
        let shop = Shop::open_with(&OWN_PAGES);
        let key = sold(&shop, STARTER).await;
        shop.stock(&crate::shop::catalogue_of(
            "[[gumroad]]\nproduct_id = \"32-nPAicqbLj8B_WswVlMw==\"\nname = \"Acme\"\ntier = \"pro\"\nrepos = []\n\
             choose = { from = [\"acme/a\", \"acme/b\", \"acme/c\"], limit = 2 }\n",
        ));
        let (browser, _) = entered(&shop, &key).await;
        browser.submit("/license/choose", &[("repo", "acme/c")]).await;
        let seen = browser.post("/license/choose", &[("repo", "acme/a"), ("repo", "acme/b"), ("repo", "acme/c")]).await;
        assert_eq!(seen.status, 400);
        assert_eq!(seen.html.matches(" checked").count(), 3, "what was ticked, not what is kept: {}", seen.html);
        let seen = browser.post("/license/choose", &[]).await;
        assert_eq!((seen.status, seen.html.matches(" checked").count()), (400, 0), "{}", seen.html);
        assert!(seen.html.contains("autofocus"), "{}", seen.html);

        // Without the license there is no form to show: what was sent can be sent once more.
        let fields = [("repo", "acme/a"), ("repo", "acme/b")];
        for (path, fields) in [
            ("/license/choose", fields.as_slice()),
            ("/license/account", &[("github_username", "octocat")]),
            ("/license/activate", &[("github_username", "octocat")]),
            ("/license/again", &[("github_username", "octocat")]),
        ] {
            shop.host.inject(|call| if matches!(call, Call::Batch(_)) { Fate::FailBefore } else { Fate::Proceed });
            let seen = browser.post(path, fields).await;
            shop.host.inject(|_| Fate::Proceed);
            assert_eq!((seen.status, seen.header("retry-after")), (503, Some("10")), "{path}: {}", seen.text());
            assert!(seen.html.contains(&format!("<form method=\"post\" action=\"{path}\">")), "{}", seen.html);
            for (name, value) in fields {
                let hidden = format!("<input type=\"hidden\" name=\"{name}\" value=\"{value}\">");
                assert!(seen.html.contains(&hidden), "{path}: {}", seen.html);
            }
        }
        let seen = browser.submit("/license/choose", &fields).await;
        assert!(seen.text().contains("Change the choice"), "{}", seen.text());
        shop.calls();
    });
}

#[test]
fn what_is_wrong_with_a_license_that_asks_for_nothing_is_said_all_the_same() {
    run(async {
        let shop = Shop::open_with(&OWN_PAGES);
        let key = sold(&shop, STARTER).await;
        let (browser, _) = entered(&shop, &key).await;
        browser.submit("/license/activate", &[("github_username", "octocat")]).await;
        shop.rows(&format!("UPDATE grants SET {}, until_at = NULL", seen_as("member")));
        let seen = browser.post("/license/again", &[("github_username", "not a name")]).await;
        assert_eq!(seen.status, 400);
        assert!(seen.text().contains("This is no GitHub username."), "{}", seen.text());
        shop.calls();
    });
}

#[test]
fn whatever_is_wrong_with_an_account_is_said_beside_what_was_typed() {
    run(async {
        let shop = Shop::open_with(&OWN_PAGES);
        let key = sold(&shop, STARTER).await;
        let (browser, _) = entered(&shop, &key).await;
        for (typed, status, said) in [
            ("ada@example.com", 400, "This is no GitHub username."),
            ("nobody-has-this", 422, "GitHub knows no user of this name."),
            ("acme", 422, "This account cannot be invited"),
            ("grace_acme", 422, "This account cannot be invited"),
        ] {
            let seen = browser.post("/license/account", &[("github_username", typed)]).await;
            assert_eq!(seen.status, status, "{typed}");
            assert!(seen.text().contains(said), "{typed}: {}", seen.text());
            assert!(seen.html.contains(&format!("value=\"{typed}\"")), "{typed}: {}", seen.html);
        }
        shop.sandbox.inject(Fault::new(Service::GitHub, FaultKind::status(500)));
        let seen = browser.post("/license/account", &[("github_username", "octocat")]).await;
        assert_eq!(seen.status, 502);
        assert_eq!(shop.count("license_activations"), 0);
        shop.calls();
    });
}

#[test]
fn a_license_of_somebody_else_is_shown_without_a_name_and_is_not_bound_again() {
    run(async {
        let shop = Shop::open_with(&OWN_PAGES);
        let key = sold(&shop, STARTER).await;
        assert_eq!(shop.activate(&key, "octocat").await.status, 200);
        shop.calls();
        let (browser, seen) = entered(&shop, &key).await;
        assert!(seen.text().contains("Activated for a GitHub account."), "{}", seen.text());
        assert!(!seen.html.contains("octocat"), "{}", seen.html);
        let seen = browser.post("/license/again", &[("github_username", "grace-hopper")]).await;
        assert_eq!(seen.status, 400);
        assert!(seen.text().contains("activated for another GitHub account"), "{}", seen.text());
        assert!(!seen.html.contains("octocat"));
        assert!(shop.calls().is_empty());

        shop.sandbox.decline_invitation("octocat", "acme/starter").unwrap();
        shop.let_answers_age();
        let seen = browser.submit("/license/again", &[("github_username", "octocat")]).await;
        assert!(seen.text().contains("asked for again") && seen.text().contains("account octocat."), "{}", seen.text());
        assert!(seen.html.contains("type=\"hidden\" name=\"github_username\" value=\"octocat\""));
        assert_eq!(shop.sandbox.invitations("acme/starter").len(), 1);
        shop.calls();
    });
}

#[test]
fn each_state_of_a_repository_has_its_word_and_its_remedy() {
    run(async {
        let shop = Shop::open_with(&OWN_PAGES);
        let key = sold(&shop, STARTER).await;
        assert_eq!(shop.activate(&key, "octocat").await.status, 200);
        shop.calls();
        let (browser, _) = entered(&shop, &key).await;
        for (state, said) in [
            ("pending", "It is tried again by itself"),
            ("declined", "Have it sent again below if that was a mistake."),
            ("expired", "ended before it was accepted"),
            ("blocked", "The seller has to mend something first"),
            ("removed_by_hand", "The seller has taken this account out."),
        ] {
            shop.rows(&format!("UPDATE grants SET {}, until_at = NULL WHERE repo = 'acme/starter'", seen_as(state)));
            let seen = browser.get("/license").await;
            assert!(seen.text().contains(said), "{state}: {}", seen.text());
        }
    });
}

#[test]
fn the_sellers_brand_is_on_every_page_and_our_line_can_be_switched_off() {
    run(async {
        let brand = [
            ("BRAND_NAME", "Acme <Tools>"),
            ("BRAND_ACCENT", "#ffd400"),
            ("BRAND_LOGO_URL", "https://cdn.example.com/logo.svg"),
            ("BRAND_FOOT", "false"),
            ("SUPPORT_URL", "mailto:help@example.com"),
        ];
        let shop = Shop::open_with(&[OWN_PAGES.as_slice(), &brand].concat());
        let browser = Browser::new(&shop);
        let seen = browser.get("/").await;
        assert!(
            seen.text().contains("Acme &lt;Tools&gt;") || seen.text().contains("Acme &#60;Tools&#62;"),
            "{}",
            seen.text()
        );
        assert!(
            seen.html.contains("src=\"https://cdn.example.com/logo.svg\"")
                && seen.html.contains("mailto:help@example.com")
        );
        assert!(!seen.text().contains("Latchkey"));
        let policy = seen.header("content-security-policy").unwrap();
        assert!(policy.contains("img-src 'self' https://cdn.example.com;"), "{policy}");
        let css = browser.get("/brand.css?ffd400").await;
        assert_eq!(css.html, ":root{--accent:#ffd400;--on-accent:#000}\n");
        assert_eq!(css.header("cache-control"), Some("public, max-age=3600"));
        assert!(Browser::new(&Shop::open_with(&OWN_PAGES)).get("/").await.text().contains("Delivered by Latchkey"));
    });
}

#[test]
fn a_product_that_asks_for_a_proof_is_not_activated_for_a_typed_name() {
    run(async {
        let shop = Shop::open_with(&OWN_PAGES);
        let key = sold(&shop, STARTER).await;
        shop.stock(&crate::shop::catalogue_of(
            "[[gumroad]]\nproduct_id = \"32-nPAicqbLj8B_WswVlMw==\"\nname = \"Acme\"\ntier = \"pro\"\nrepos = [\"acme/starter\"]\n\
             proof = \"required\"\n",
        ));
        let answer = shop.activate(&key, "octocat").await;
        assert_eq!(answer.problem(), (403, "github_proof_required"));
        assert!(answer.body["detail"].as_str().unwrap().contains("https://shop.example.com/"), "{}", answer.body);
        assert!(shop.calls().is_empty());
        assert_eq!(shop.count("license_activations"), 0);
    });
}

#[test]
fn an_account_with_marks_in_its_name_is_shown_as_text() {
    run(async {
        let shop = Shop::open_with(&OWN_PAGES);
        let key = sold(&shop, STARTER).await;
        shop.sandbox.add_user("marked", AccountKind::User);
        shop.sandbox.set_name("marked", "<img src=x onerror=alert(1)>\u{202e}");
        let (browser, _) = entered(&shop, &key).await;
        let seen = browser.post("/license/account", &[("github_username", "marked")]).await;
        assert!(!seen.html.contains("<img src=x") && seen.html.contains("onerror=alert(1)"), "{}", seen.html);
        shop.calls();
    });
}

#[test]
fn a_page_costs_one_round_trip_and_a_few_kilobytes() {
    run(async {
        let shop = Shop::open_with(&OWN_PAGES);
        let key = sold(&shop, STARTER).await;
        let browser = Browser::new(&shop);
        shop.host.take_batches();
        let mut costs = Vec::new();
        let mut note = |page: &'static str, seen: &Seen| {
            assert!(seen.html.len() < 8 * 1024, "{page}: {} bytes", seen.html.len());
            costs.push((page, shop.host.take_batches()));
        };
        note("home", &browser.get("/").await);
        note("enter", &browser.post("/", &[("license_key", &key)]).await);
        note("license", &browser.get("/license").await);
        note("account", &browser.post("/license/account", &[("github_username", "octocat")]).await);
        note("activate", &browser.post("/license/activate", &[("github_username", "octocat")]).await);
        note("activated", &browser.get("/license").await);
        let expected = [("home", 0), ("enter", 1), ("license", 1), ("account", 1), ("activate", 3), ("activated", 1)];
        assert_eq!(costs, expected);
        shop.calls();
    });
}

#[test]
fn a_buyer_is_told_who_can_mend_what_keeps_them_out_and_not_what_the_seller_is_told() {
    run(async {
        for (said_by_github, said, code) in [
            ("User is blocked", "You have blocked the seller at GitHub", "account_blocked"),
            (
                "Invitee was flagged as spammy",
                "GitHub has flagged, suspended or hidden this account",
                "account_unusable",
            ),
            (
                "You must purchase at least one more seat",
                "has no free seat at GitHub: the seller has to add one",
                "seat_missing",
            ),
            ("Could not add the user", "The seller has to mend something first", "seller"),
        ] {
            let shop = Shop::open_with(&OWN_PAGES);
            let key = sold(&shop, STARTER).await;
            let body = json!({ "message": said_by_github }).to_string().into_bytes();
            let refusal = FaultKind::Status { status: 422, headers: Vec::new(), body };
            shop.sandbox.inject(Fault::new(Service::GitHub, refusal).method("PUT"));
            let (browser, _) = entered(&shop, &key).await;
            browser.post("/license/activate", &[("github_username", "octocat")]).await;
            let text = browser.get("/license").await.text();
            assert!(text.contains(said), "{said}: {text}");
            for other in ["transfer the license", "GitHub says", said_by_github] {
                assert!(!text.contains(other), "{other}: {text}");
            }
            let asked = post("/api/license", "application/json", json!({ "license_key": key }).to_string().as_bytes());
            let told = shop.request(asked).await.body;
            assert_eq!(
                (&told["repos"][0]["status"], &told["repos"][0]["blocked_by"]),
                (&json!("blocked"), &json!(code))
            );
            shop.calls();
        }
    });
}

#[test]
fn a_buyer_whose_mail_came_back_reads_so_with_the_license_until_the_address_is_corrected() {
    run(async {
        let shop = Shop::open_with(&OWN_PAGES);
        assert_eq!(shop.deliver(&shop.sandbox.sell_on_gumroad(GumroadSale::default())).await.status, 200);
        let mail = shop.sandbox.take_mails().remove(0);
        let key = shop.value("SELECT license_key FROM licenses");
        let browser = Browser::new(&shop);
        let told = "Our mails to the address that you bought with come back";
        assert!(!browser.submit("/", &[("license_key", &key)]).await.text().contains(told));
        assert_eq!(shop.deliver(&shop.sandbox.tell_of_mail(&mail, MailFate::Bounced)).await.status, 200);
        assert!(browser.get("/license").await.text().contains(told));
        let to = EmailAddress::parse("ada@example.com").unwrap();
        let key = LicenseKey::from_record(&key).unwrap();
        shop.engine().correct_email(&key, &to, &action(&shop)).await.unwrap();
        shop.tick().await;
        shop.sandbox.take_mails();
        assert!(!browser.get("/license").await.text().contains(told));
        shop.calls();
    });
}

#[test]
fn a_license_that_has_expired_leads_to_where_it_is_renewed() {
    run(async {
        let entry = |more: &str| {
            format!(
                "[[gumroad]]\nproduct_id = \"{STARTER}\"\nname = \"Acme <Kit>\"\ntier = \"pro\"\nyears = 1\nrepos = [\"acme/kit\"]\n{more}"
            )
        };
        let url = "https://acme.example.com/renew?kit=1&from=page";
        for (more, link) in [(format!("renew_url = \"{url}\"\n"), true), (String::new(), false)] {
            let shop = Shop::open_with(&OWN_PAGES);
            let key = sold(&shop, STARTER).await;
            shop.stock(&crate::shop::catalogue_of(&entry(&more)));
            let (browser, _) = entered(&shop, &key).await;
            shop.rows("UPDATE licenses SET expires_at = 1");
            for (page, seen) in [
                ("home", browser.post("/", &[("license_key", &key)]).await),
                ("license", browser.get("/license").await),
                ("choice", browser.post("/license/choose", &[("repo", "acme/kit")]).await),
                ("account", browser.post("/license/account", &[("github_username", "octocat")]).await),
                ("activation", browser.post("/license/activate", &[("github_username", "octocat")]).await),
            ] {
                assert_eq!(seen.status, 403, "{page}: {}", seen.text());
                let html =
                    seen.html.replace("&#60;", "<").replace("&lt;", "<").replace("&#62;", ">").replace("&gt;", ">");
                assert!(html.contains("Your license for <bdi>Acme <Kit></bdi> has expired."), "{page}: {html}");
                let to = format!("href=\"{}\"", url.replace('&', "&#38;"));
                assert_eq!(html.contains(&to), link, "{page}: {html}");
                assert_eq!(html.contains("You can renew it where you bought it."), !link, "{page}: {html}");
                assert!(page != "home" || html.contains(&key), "{html}");
            }
            shop.host.inject(|call| if matches!(call, Call::Batch(_)) { Fate::FailBefore } else { Fate::Proceed });
            assert_eq!(browser.get("/license").await.status, 503);
        }
    });
}

#[test]
fn a_license_says_that_it_is_good_since_when_and_how_it_ends() {
    run(async {
        let shop = Shop::open_with(&OWN_PAGES);
        let key = sold(&shop, STARTER).await;
        let (browser, seen) = entered(&shop, &key).await;
        assert!(seen.text().contains("StateGood"), "{}", seen.text());
        assert!(seen.text().contains("Yours since22 November 2026, 12:00 UTC"), "{}", seen.text());
        assert!(seen.html.contains("<time datetime=\"2026-11-22T12:00:00Z\">22 November 2026, 12:00 UTC</time>"));
        let paid = "expires_at = 1800000000000, grace_ms = 0, kept_after_end = 0, kept_after_expiry = 0";
        for (change, said) in [
            ("term = 'catalogue', expires_at = NULL", "Validwithout an end"),
            ("term = 'key'", "Validuntil 15 January 2027, 08:00 UTCL"),
            ("kept_after_expiry = 1", "Validuntil 15 January 2027, 08:00 UTC; you keep your access after that"),
            (
                "grace_ms = 3 * 86400000",
                "Validuntil 15 January 2027, 08:00 UTC; your access ends on 18 January 2027, 08:00 UTC unless you renew",
            ),
            (
                "term = 'renewing'",
                "Validfor as long as your subscription is paid, so far until 15 January 2027, 08:00 UTC",
            ),
            ("term = 'renewing', expires_at = NULL", "Validfor as long as your subscription is paidL"),
            (
                "term = 'renewing', kept_after_end = 1",
                "so far until 15 January 2027, 08:00 UTC; you keep your access after that",
            ),
            ("term = 'stopped'", "Validuntil 15 January 2027, 08:00 UTC, since the subscription was stopped"),
            (
                "term = 'stopped', kept_after_end = 1",
                "since the subscription was stopped; you keep your access after that",
            ),
        ] {
            shop.rows(&format!("UPDATE licenses SET term = 'catalogue', {paid}"));
            shop.rows(&format!("UPDATE licenses SET {change}"));
            let seen = browser.get("/license").await;
            let said = said.strip_suffix('L').map_or_else(|| said.to_owned(), |said| format!("{said} License key"));
            assert!(seen.text().contains(&said), "{change}: {}", seen.text());
        }
        shop.calls();
    });
}

#[test]
fn a_license_that_is_not_good_says_since_when() {
    run(async {
        let shop = Shop::open_with(&OWN_PAGES);
        let delivery = shop.sandbox.sell_on_gumroad(GumroadSale::default());
        assert_eq!(shop.deliver(&delivery).await.status, 200);
        let key = shop.take_key();
        let (browser, _) = entered(&shop, &key).await;
        let refusals = async |said: &str| {
            for seen in [browser.get("/license").await, browser.post("/", &[("license_key", &key)]).await] {
                assert_eq!(seen.status, 403);
                assert!(seen.text().contains(said), "{}", seen.text());
                assert!(seen.html.contains("<time datetime=\""), "{}", seen.html);
            }
        };
        let revoke = serde_json::json!({ "reason": "a chargeback" });
        shop.advance(Duration::from_secs(60));
        let answered = crate::admin::change(&shop, &format!("/admin/licenses/{key}/revoke"), &revoke).await;
        assert_eq!(answered.status, 200);
        refusals("Your license for Acme Starter Kit was revoked on 22 November 2026, 12:01 UTC. Please ask").await;
        crate::admin::change(&shop, &format!("/admin/licenses/{key}/reinstate"), &revoke).await;
        browser.get("/license").await;
        shop.rows("INSERT INTO order_facts (source, order_id, fact, said_at) SELECT source, order_id, 'disputed', 1795348920000 FROM orders");
        shop.rows("UPDATE licenses SET status = 'suspended', consequences = '{\"disputed\":\"suspended\"}', dispute_set_aside = 0");
        refusals("Your license for Acme Starter Kit has been suspended since 22 November 2026, 12:02 UTC.").await;
        shop.rows("UPDATE licenses SET status = 'active', expires_at = 1795348800000, grace_ms = 1000");
        shop.advance(Duration::from_secs(60));
        refusals("Your license for Acme Starter Kit has expired. It was good until 22 November 2026, 12:00 UTC.").await;
        shop.calls();
    });
}
