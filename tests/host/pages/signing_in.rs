//! Continue with GitHub: the account proved, the invitations accepted, the token ended; and whatever fails on the way.

use std::time::Duration;

use latchkey::platform::host::{Call, Fate};
use latchkey_sandbox::{Fault, FaultKind, GITHUB_OAUTH_CLIENT_ID, GITHUB_OAUTH_CLIENT_SECRET, Options, Service};

use super::{Browser, OWN_PAGES, PUBLIC_URL, Seen, sold};
use crate::shop::{STARTER, Shop, run};

/// What a shop needs whose buyers sign in.
pub(super) const SIGN_IN: [(&str, &str); 5] = [
    OWN_PAGES[0],
    OWN_PAGES[1],
    ("GITHUB_OAUTH_CLIENT_ID", GITHUB_OAUTH_CLIENT_ID),
    ("GITHUB_OAUTH_CLIENT_SECRET", GITHUB_OAUTH_CLIENT_SECRET),
    ("GITHUB_WEB_URL", "http://sandbox.localhost/github"),
];

const NOW: &[(&str, &str)] = &[("accept", "now")];

/// A shop with a license, and a browser in which its key was entered.
pub(super) async fn entered<'a>(shop: &'a Shop, product_id: &str) -> Browser<'a> {
    let key = sold(shop, product_id).await;
    let browser = Browser::new(shop);
    assert_eq!(browser.submit("/", &[("license_key", &key)]).await.status, 200);
    browser
}

/// Where GitHub sends the browser back to, once somebody has signed in there.
pub(super) async fn begun(shop: &Shop, browser: &Browser<'_>, fields: &[(&str, &str)], login: Option<&str>) -> String {
    let seen = browser.post("/auth/github", fields).await;
    assert_eq!(seen.status, 303, "{}", seen.html);
    let back = shop.sandbox.sign_in(seen.header("location").unwrap(), login);
    back.strip_prefix(PUBLIC_URL).unwrap().to_owned()
}

/// The page that a callback leads to.
pub(super) async fn led(browser: &Browser<'_>, callback: &str) -> Seen {
    let seen = browser.get(callback).await;
    assert_eq!(seen.status, 303, "{}", seen.html);
    browser.get(seen.header("location").unwrap()).await
}

pub(super) async fn signed_in(shop: &Shop, browser: &Browser<'_>, login: &str) -> Seen {
    let callback = begun(shop, browser, NOW, Some(login)).await;
    led(browser, &callback).await
}

#[test]
fn a_buyer_who_signs_in_is_in_every_repository_at_once() {
    run(async {
        let shop = Shop::open_with(&SIGN_IN);
        let browser = entered(&shop, STARTER).await;
        let seen = browser.get("/license").await;
        assert!(seen.text().contains("accept invitations to repositories for you"), "{}", seen.text());
        let policy = seen.header("content-security-policy").unwrap();
        assert!(policy.contains("form-action 'self' http://sandbox.localhost;"), "{policy}");

        shop.log_text();
        let seen = signed_in(&shop, &browser, "octocat").await;
        let text = seen.text();
        for part in ["You are in: the invitations are accepted for you.", "account octocat.", "You are in"] {
            assert!(text.contains(part), "{part}: {text}");
        }
        assert!(!text.contains("Invited") && !text.contains("Something is missing?"), "{text}");
        assert!(seen.html.contains("git clone http://sandbox.localhost/github/acme/starter.git"), "{}", seen.html);
        let calls = shop.calls();
        let expected = [
            "POST /login/oauth/access_token",
            "GET /user",
            "GET /repos/acme/starter/collaborators/octocat/permission",
            "GET /repos/acme/starter-docs/collaborators/octocat/permission",
            "PUT /repos/acme/starter/collaborators/octocat",
            "PUT /repos/acme/starter-docs/collaborators/octocat",
            "PATCH /user/repository_invitations/1",
            "PATCH /user/repository_invitations/2",
            "DELETE /applications/Ov23liSandboxOfLatchkey/token",
        ];
        assert_eq!(calls, expected);
        assert_eq!(shop.sandbox.open_user_tokens(), 0);
        assert_eq!(shop.sandbox.collaborators("acme/starter"), ["octocat"]);
        assert_eq!(shop.value("SELECT proof FROM license_activations"), "signed_in");
        assert_eq!(shop.count("grants WHERE state = 'member' AND until_at IS NULL"), 2);
        assert_eq!(shop.count("outbox WHERE kind = 'grant' AND state = 'done'"), 2);
        let log = shop.log_text();
        for secret in ["gho_", "code0", "octocat", GITHUB_OAUTH_CLIENT_SECRET] {
            assert!(!log.contains(secret), "{secret}: {log}");
        }
        assert_eq!(browser.cookie("__Host-latchkey-github"), None, "what was begun is over");
        assert!(!browser.cookie("__Host-latchkey").unwrap().contains("gho_"));
    });
}

#[test]
fn whoever_only_signs_in_is_asked_for_no_scope_and_accepts_at_github() {
    run(async {
        let shop = Shop::open_with(&SIGN_IN);
        let browser = entered(&shop, STARTER).await;
        let seen = browser.post("/auth/github", &[("accept", "later")]).await;
        assert!(!seen.header("location").unwrap().contains("scope"));
        let callback = begun(&shop, &browser, &[("accept", "later")], Some("octocat")).await;
        let seen = led(&browser, &callback).await;
        assert!(
            seen.text().contains("Your license is activated.") && seen.text().contains("Invited"),
            "{}",
            seen.text()
        );
        assert!(seen.html.contains("href=\"http://sandbox.localhost/github/acme/starter/invitations\""));
        assert!(!shop.calls().iter().any(|call| call.starts_with("PATCH")));
        assert_eq!(shop.sandbox.open_user_tokens(), 0);
        assert_eq!(shop.value("SELECT proof FROM license_activations"), "signed_in");
    });
}

#[test]
fn whatever_keeps_us_from_accepting_leaves_the_link_and_says_what_helps() {
    run(async {
        type Cause = fn(&Shop);
        let cases: [(Cause, &str); 8] = [
            (|shop| shop.sandbox.withhold_scope(), "You have not allowed us to accept for you"),
            (|shop| shop.sandbox.demand_two_factors("octocat"), "two-factor sign-in"),
            (|shop| shop.sandbox.inject(patch(FaultKind::status(404))), "an invitation was gone already"),
            (|shop| shop.sandbox.inject(patch(no_seat(403))), "no free seat at GitHub"),
            (|shop| shop.sandbox.inject(patch(no_seat(404))), "no free seat at GitHub"),
            (|shop| shop.sandbox.inject(patch(FaultKind::status(409))), "did not say whether you are in"),
            (|shop| shop.sandbox.inject(patch(FaultKind::status(500))), "did not say whether you are in"),
            (|shop| shop.sandbox.inject(patch(FaultKind::LostBefore)), "did not say whether you are in"),
        ];
        for (cause, said) in cases {
            let shop = Shop::open_with(&SIGN_IN);
            let browser = entered(&shop, STARTER).await;
            cause(&shop);
            let seen = signed_in(&shop, &browser, "octocat").await;
            assert!(seen.text().contains(said) && seen.text().contains("Invited"), "{said}: {}", seen.text());
            assert!(seen.html.contains("/acme/starter/invitations\""), "{said}");
            assert_eq!(shop.count("license_activations WHERE proof = 'signed_in'"), 1, "{said}");
            assert_eq!(shop.sandbox.open_user_tokens(), 0, "{said}");
            shop.calls();
        }
    });
}

/// As an organization may refuse whose plan is full.
fn no_seat(status: u16) -> FaultKind {
    let body = br#"{"message":"You must purchase at least one more seat to add this user."}"#.to_vec();
    FaultKind::Status { status, headers: Vec::new(), body }
}

#[test]
fn the_seller_is_told_once_that_a_buyer_cannot_accept_for_want_of_a_seat() {
    run(async {
        let shop = Shop::open_with(&[&SIGN_IN[..], &[("OPERATOR_EMAIL", "operator@example.com")]].concat());
        let browser = entered(&shop, STARTER).await;
        shop.sandbox.inject(patch(no_seat(403)));
        let seen = signed_in(&shop, &browser, "octocat").await;
        assert!(seen.text().contains("Please tell the seller, who has to add one"), "{}", seen.text());
        shop.sandbox.take_mails();
        for _ in 0..3 {
            shop.tick_after(Duration::from_secs(60)).await;
        }
        let mails = shop.sandbox.take_mails();
        let told: Vec<_> = mails.iter().filter(|mail| mail.to == "operator@example.com").collect();
        assert_eq!(told.len(), 1, "{mails:?}");
        let text = told[0].text.as_deref().unwrap();
        assert!(text.contains("add a seat to the organization that owns acme/starter"), "{text}");
        shop.calls();
    });
}

fn patch(kind: FaultKind) -> Fault {
    Fault::new(Service::GitHub, kind).method("PATCH").path("/user/repository_invitations/")
}

#[test]
fn an_invitation_whose_acceptance_was_lost_is_found_accepted_by_a_look() {
    run(async {
        let shop = Shop::open_with(&SIGN_IN);
        let browser = entered(&shop, STARTER).await;
        shop.sandbox.inject(patch(FaultKind::LostAfter));
        let seen = signed_in(&shop, &browser, "octocat").await;
        assert!(seen.text().contains("did not say whether you are in"), "{}", seen.text());
        assert_eq!(shop.sandbox.collaborators("acme/starter"), ["octocat"], "GitHub did it all the same");
        for _ in 0..40 {
            shop.tick_after(Duration::from_secs(60)).await;
        }
        assert_eq!(shop.count("grants WHERE state = 'member'"), 2);
        assert!(browser.get("/license").await.text().contains("You are in"));
        shop.calls();
    });
}

#[test]
fn a_call_that_fails_at_any_place_leaves_a_license_that_can_be_activated_again() {
    run(async {
        for (method, path) in [
            ("POST", "/login/oauth/access_token"),
            ("GET", "/user"),
            ("GET", "/permission"),
            ("PUT", "/collaborators/"),
            ("PATCH", "/user/repository_invitations/"),
            ("DELETE", "/applications/"),
        ] {
            for kind in [
                FaultKind::LostBefore,
                FaultKind::LostAfter,
                FaultKind::status(500),
                FaultKind::Junk,
                FaultKind::Slow(Duration::from_secs(9)),
            ] {
                let shop = Shop::open_with(&SIGN_IN);
                let browser = entered(&shop, STARTER).await;
                let case = format!("{method} {path} {kind:?}");
                let fault = Fault::new(Service::GitHub, kind).method(method).path(path);
                shop.sandbox.inject(fault.times(1));
                let callback = begun(&shop, &browser, NOW, Some("octocat")).await;
                let first = browser.get(&callback).await;
                assert_eq!(first.status, 303, "{case}: {}", first.html);
                let again = browser.get(&callback).await;
                assert_eq!(again.status, 400, "{case}: a callback counts once");

                shop.sandbox.clear_faults();
                shop.let_answers_age();
                signed_in(&shop, &browser, "octocat").await;
                for _ in 0..40 {
                    shop.tick_after(Duration::from_secs(60)).await;
                }
                let state = shop.value("SELECT group_concat(state) FROM grants");
                assert_eq!(state, "member,member", "{case}");
                assert_eq!(shop.count("license_activations WHERE proof = 'signed_in'"), 1, "{case}");
                for repo in ["acme/starter", "acme/starter-docs"] {
                    assert_eq!(shop.sandbox.collaborators(repo), ["octocat"], "{case}");
                }
                shop.calls();
            }
        }
    });
}

#[test]
fn a_database_that_fails_at_any_batch_of_a_sign_in_loses_nothing() {
    run(async {
        for fate in [Fate::FailBefore, Fate::FailAfter] {
            for nth in 0..3 {
                let shop = Shop::open_with(&SIGN_IN);
                let browser = entered(&shop, STARTER).await;
                let callback = begun(&shop, &browser, NOW, Some("octocat")).await;
                let batches = std::cell::Cell::new(0);
                shop.host.inject(move |call| match call {
                    Call::Batch(_) => {
                        batches.set(batches.get() + 1);
                        if batches.get() == nth + 1 { fate } else { Fate::Proceed }
                    }
                    Call::Send(_) => Fate::Proceed,
                });
                assert_eq!(browser.get(&callback).await.status, 303, "{fate:?} {nth}");
                shop.host.inject(|_| Fate::Proceed);
                assert_eq!(shop.sandbox.open_user_tokens(), 0, "{fate:?} {nth}: the token ends all the same");
                shop.let_answers_age();
                signed_in(&shop, &browser, "octocat").await;
                for _ in 0..40 {
                    shop.tick_after(Duration::from_secs(60)).await;
                }
                assert_eq!(shop.value("SELECT group_concat(state) FROM grants"), "member,member", "{fate:?} {nth}");
                shop.calls();
            }
        }
    });
}

#[test]
fn whoever_cancels_or_brings_no_code_changes_nothing() {
    run(async {
        let shop = Shop::open_with(&SIGN_IN);
        let browser = entered(&shop, STARTER).await;
        let callback = begun(&shop, &browser, NOW, None).await;
        let seen = led(&browser, &callback).await;
        assert!(seen.text().contains("You have not signed in"), "{}", seen.text());
        let callback = begun(&shop, &browser, NOW, Some("octocat")).await;
        let forged = callback.replace("code=code0", "code=x");
        let seen = led(&browser, &forged).await;
        assert!(seen.text().contains("GitHub did not confirm who you are"), "{}", seen.text());
        assert_eq!(shop.count("license_activations"), 0);
        shop.calls();
    });
}

#[test]
fn a_callback_is_taken_from_the_browser_and_session_in_which_it_was_begun() {
    run(async {
        let shop = Shop::open_with(&SIGN_IN);
        let victim = entered(&shop, STARTER).await;
        let attacker = entered(&shop, STARTER).await;
        let stolen = begun(&shop, &attacker, NOW, Some("grace-hopper")).await;
        shop.calls();

        // The attacker's callback in the victim's browser, which has begun nothing, and one that has.
        assert_eq!(victim.get(&stolen).await.status, 400);
        begun(&shop, &victim, NOW, Some("octocat")).await;
        assert_eq!(victim.get(&stolen).await.status, 400);
        // What was begun, planted with the attacker's cookie: it belongs to another session.
        let planted = attacker.cookie("__Host-latchkey-github").unwrap();
        victim.set_cookie("__Host-latchkey-github", &planted);
        assert_eq!(victim.get(&stolen).await.status, 400);
        // Somebody without any session, and one who has entered the key once more since.
        let key = shop.value("SELECT license_key FROM licenses LIMIT 1");
        assert_eq!(Browser::new(&shop).get(&stolen).await.header("location"), Some("/?note=session_over"));
        let callback = begun(&shop, &attacker, NOW, Some("grace-hopper")).await;
        attacker.submit("/", &[("license_key", &key)]).await;
        assert_eq!(attacker.get(&callback).await.status, 400);
        // A guessed state, another issuer, and one who took too long.
        let callback = begun(&shop, &victim, NOW, Some("octocat")).await;
        assert_eq!(victim.get(&callback.replace("state=", "state=x")).await.status, 400);
        shop.sandbox.name_issuer("https://evil.example/login/oauth");
        let callback = begun(&shop, &victim, NOW, Some("octocat")).await;
        assert_eq!(victim.get(&callback).await.status, 400);
        shop.sandbox.name_issuer("");
        let callback = begun(&shop, &victim, NOW, Some("octocat")).await;
        shop.advance(Duration::from_secs(10 * 60));
        assert_eq!(victim.get(&callback).await.status, 400);
        assert_eq!(shop.count("license_activations"), 0);
        assert!(shop.calls().is_empty(), "GitHub is asked nothing of all this");

        let seen = signed_in(&shop, &victim, "octocat").await;
        assert!(seen.text().contains("You are in"), "without an issuer: {}", seen.text());
        shop.calls();
    });
}

#[test]
fn the_wrong_account_is_told_so_without_the_name_of_the_right_one() {
    run(async {
        let shop = Shop::open_with(&SIGN_IN);
        let browser = entered(&shop, STARTER).await;
        signed_in(&shop, &browser, "octocat").await;
        let key = shop.value("SELECT license_key FROM licenses");
        let other = Browser::new(&shop);
        other.submit("/", &[("license_key", &key)]).await;
        let seen = signed_in(&shop, &other, "grace-hopper").await;
        assert!(seen.text().contains("activated for another GitHub account"), "{}", seen.text());
        assert!(!seen.html.contains("octocat") && !seen.html.contains("grace-hopper"), "{}", seen.html);
        assert_eq!(shop.sandbox.open_user_tokens(), 0);
        let managed = signed_in(&shop, &other, "grace_acme").await;
        assert!(managed.text().contains("This account cannot be invited"), "{}", managed.text());
        shop.calls();
    });
}

#[test]
fn whoever_typed_a_name_before_accepts_everything_by_signing_in_later() {
    run(async {
        let shop = Shop::open_with(&SIGN_IN);
        let browser = entered(&shop, STARTER).await;
        let seen = browser.submit("/license/activate", &[("github_username", "octocat")]).await;
        assert!(seen.text().contains("Accept everything at once"), "{}", seen.text());
        assert_eq!(shop.value("SELECT proof FROM license_activations"), "typed");
        shop.calls();
        let seen = signed_in(&shop, &browser, "octocat").await;
        assert!(seen.text().contains("the invitations are accepted for you"), "{}", seen.text());
        assert!(!shop.calls().iter().any(|call| call.starts_with("PUT")), "nobody is invited again");
        assert_eq!(shop.value("SELECT proof FROM license_activations"), "signed_in");
        assert_eq!(shop.count("grants WHERE state = 'member'"), 2);
    });
}

#[test]
fn a_renamed_account_is_known_by_its_number() {
    run(async {
        let shop = Shop::open_with(&SIGN_IN);
        let browser = entered(&shop, STARTER).await;
        signed_in(&shop, &browser, "octocat").await;
        shop.sandbox.rename_user("octocat", "hexacat");
        let seen = signed_in(&shop, &browser, "hexacat").await;
        assert!(!seen.text().contains("another GitHub account"), "{}", seen.text());
        assert_eq!(shop.count("license_activations"), 1);
        shop.calls();
    });
}

#[test]
fn a_github_app_asks_for_no_scope_and_says_what_github_says_of_it() {
    run(async {
        let id = "Iv23liSandboxOfLatchkey";
        let options = Options { github_oauth_client_id: id.to_owned(), ..Options::default() };
        let mut settings = SIGN_IN;
        settings[2].1 = id;
        let shop = Shop::open_in(options, &settings);
        let browser = entered(&shop, STARTER).await;
        assert!(browser.get("/license").await.text().contains("act on your behalf"));
        let seen = signed_in(&shop, &browser, "octocat").await;
        assert!(seen.text().contains("the invitations are accepted for you"), "{}", seen.text());
        shop.calls();
    });
}

#[test]
fn a_product_that_asks_for_a_proof_is_activated_by_signing_in_alone() {
    run(async {
        let required = "[[gumroad]]\nproduct_id = \"32-nPAicqbLj8B_WswVlMw==\"\nname = \"Acme\"\ntier = \"pro\"\n\
                        repos = [\"acme/starter\"]\nproof = \"required\"\n";
        let shop = Shop::open_with(&SIGN_IN);
        let browser = entered(&shop, STARTER).await;
        shop.stock(&crate::shop::catalogue_of(required));
        assert!(!browser.get("/license").await.html.contains("github_username"));
        let seen = browser.post("/license/activate", &[("github_username", "octocat")]).await;
        assert_eq!(seen.status, 403);
        assert!(seen.text().contains("you have to sign in at GitHub"), "{}", seen.text());
        assert_eq!(shop.count("license_activations"), 0);
        signed_in(&shop, &browser, "octocat").await;
        assert_eq!(shop.value("SELECT proof FROM license_activations"), "signed_in");
        shop.calls();

        let without = Shop::open_with(&OWN_PAGES);
        let browser = entered(&without, STARTER).await;
        without.stock(&crate::shop::catalogue_of(required));
        assert!(browser.get("/license").await.text().contains("which the seller has not set up yet"));
        assert_eq!(browser.post("/auth/github", NOW).await.status, 503);
    });
}

#[test]
fn a_choice_goes_along_to_github_and_back() {
    run(async {
        let shop = Shop::open_with(&SIGN_IN);
        let browser = entered(&shop, "pickOne==").await;
        let callback = begun(&shop, &browser, NOW, Some("octocat")).await;
        let seen = led(&browser, &callback).await;
        assert!(seen.text().contains("Please choose first"), "{}", seen.text());
        browser.submit("/license/choose", &[("repo", "acme/stack-next")]).await;
        signed_in(&shop, &browser, "octocat").await;
        assert_eq!(shop.sandbox.collaborators("acme/stack-next"), ["octocat"]);
        assert!(shop.sandbox.collaborators("acme/stack-nuxt").is_empty());
        shop.calls();
    });
}

#[test]
fn a_link_begins_a_sign_in_as_the_button_does_and_nothing_else() {
    run(async {
        let shop = Shop::open_with(&SIGN_IN);
        let browser = Browser::new(&shop);
        let seen = browser.get("/auth/github").await;
        assert_eq!(seen.header("location"), Some("/?note=session_over"), "nobody is there");
        let browser = entered(&shop, STARTER).await;
        let seen = browser.get("/auth/github?account=another&accept=later").await;
        assert_eq!(seen.status, 303, "{}", seen.html);
        let to = seen.header("location").unwrap();
        assert!(to.contains("scope=repo%3Ainvite"), "the address says nothing of it: {to}");
        let back = shop.sandbox.sign_in(to, Some("octocat"));
        let back = back.strip_prefix(PUBLIC_URL).unwrap();
        assert_eq!(Browser::new(&shop).get(back).await.header("location"), Some("/?note=session_over"));
        let seen = led(&browser, back).await;
        assert!(seen.text().contains("You are in: the invitations are accepted for you."), "{}", seen.text());

        // Another account than the license is bound to is no move that a link has asked for.
        let seen = browser.get("/auth/github?account=another").await;
        let back = shop.sandbox.sign_in(seen.header("location").unwrap(), Some("grace-hopper"));
        let seen = led(&browser, back.strip_prefix(PUBLIC_URL).unwrap()).await;
        assert!(seen.text().contains("activated for another GitHub account"), "{}", seen.text());
        shop.calls();
    });
}
