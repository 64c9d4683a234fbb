//! The buyer's pages in the runtime: cookies, redirects and forms as it passes them on, and the files beside the pages as it serves them.
//! What each page says is tested in `tests/host/pages`, and how it looks in `crates/browser`.

use std::collections::BTreeMap;

use latchkey_sandbox::{GITHUB_OAUTH_CLIENT_ID, GITHUB_OAUTH_CLIENT_SECRET};
use latchkey_testbed::TestbedOptions;
use reqwest::RequestBuilder;

use crate::shop::{Answer, Shop};

const PUBLIC_URL: &str = "https://shop.example.com";

/// A browser that keeps cookies.
struct Browser<'a> {
    shop: &'a Shop,
    cookies: BTreeMap<String, String>,
}

impl Browser<'_> {
    async fn get(&mut self, path: &str) -> Answer {
        self.send(self.shop.get(path).header("accept", "text/html,*/*;q=0.8")).await
    }

    /// Sends a form of our own page.
    async fn post(&mut self, path: &str, fields: &[(&str, &str)]) -> Answer {
        let body = form_urlencoded::Serializer::new(String::new()).extend_pairs(fields).finish();
        let form = self.shop.post(path).header("sec-fetch-site", "same-origin").body(body);
        self.send(form.header("content-type", "application/x-www-form-urlencoded")).await
    }

    /// Sends one, and goes where that leads.
    async fn submit(&mut self, path: &str, fields: &[(&str, &str)]) -> String {
        let led = self.post(path, fields).await;
        assert_eq!(led.status, 303, "{path}: {led:?}");
        let to = led.headers["location"].to_str().unwrap().to_owned();
        self.sees(&to).await
    }

    /// The words of a page.
    async fn sees(&mut self, path: &str) -> String {
        let seen = self.get(path).await;
        assert_eq!(seen.status, 200, "{path}: {seen:?}");
        assert_eq!(seen.headers["content-type"], "text/html; charset=utf-8");
        let policy = seen.headers["content-security-policy"].to_str().unwrap();
        assert!(policy.starts_with("default-src 'none';"), "{policy}");
        assert_eq!(seen.headers["cache-control"], "no-store");
        assert_eq!(seen.headers["x-robots-tag"], "noindex");
        seen.body.as_str().unwrap().to_owned()
    }

    async fn send(&mut self, request: RequestBuilder) -> Answer {
        let cookies: Vec<_> = self.cookies.iter().map(|(name, value)| format!("{name}={value}")).collect();
        let request = if cookies.is_empty() { request } else { request.header("cookie", cookies.join("; ")) };
        let answer = self.shop.request(request).await;
        for cookie in answer.headers.get_all("set-cookie") {
            let (pair, rules) = cookie.to_str().unwrap().split_once("; ").unwrap();
            let (name, value) = pair.split_once('=').unwrap();
            assert!(rules.ends_with("; Secure; HttpOnly; SameSite=Lax"), "{rules}");
            if rules.contains("Max-Age=0;") {
                self.cookies.remove(name);
            } else {
                self.cookies.insert(name.to_owned(), value.to_owned());
            }
        }
        answer
    }
}

#[tokio::test(flavor = "multi_thread")]
async fn a_buyer_goes_through_every_page_from_the_key_to_the_repositories_and_leaves() {
    let options = TestbedOptions::default()
        .without("PORTAL_URL")
        .with_var("PUBLIC_URL", PUBLIC_URL)
        .with_var("GITHUB_OAUTH_CLIENT_ID", GITHUB_OAUTH_CLIENT_ID)
        .with_var("GITHUB_OAUTH_CLIENT_SECRET", GITHUB_OAUTH_CLIENT_SECRET);
    let shop = Shop::open_with(options).await;
    let key = shop.sell_starter().await;
    let mut browser = Browser { shop: &shop, cookies: BTreeMap::new() };
    assert!(browser.sees("/").await.contains("name=\"license_key\""));
    let refused = browser.post("/", &[("license_key", "no key")]).await;
    assert!(refused.status == 400 && refused.body.as_str().unwrap().contains("value=\"no key\""), "{refused:?}");
    let page = browser.submit("/", &[("license_key", &key)]).await;
    assert!(page.contains("Continue with GitHub") && page.contains("acme/starter-docs"), "{page}");

    // By the name that is typed, as far as to the question whose it is.
    let asked = browser.post("/license/account", &[("github_username", "octocat")]).await;
    assert!(asked.status == 200 && asked.body.as_str().unwrap().contains("Is this you?"), "{asked:?}");

    // By signing in: the answer to GitHub's way back sets one cookie and takes another.
    let sent = browser.post("/auth/github", &[("accept", "now")]).await;
    assert_eq!(sent.status, 303, "{sent:?}");
    assert!(browser.cookies.contains_key("__Host-latchkey-github"));
    let back = shop.bed.sandbox().sign_in(sent.headers["location"].to_str().unwrap(), Some("octocat"));
    let led = browser.get(back.strip_prefix(PUBLIC_URL).unwrap()).await;
    assert_eq!((led.status, led.headers.get_all("set-cookie").iter().count()), (303, 2), "{led:?}");
    assert_eq!(browser.cookies.keys().map(String::as_str).collect::<Vec<_>>(), ["__Host-latchkey"]);
    let page = browser.sees(led.headers["location"].to_str().unwrap()).await;
    assert!(page.contains("You are in: the invitations are accepted for you."), "{page}");
    assert!(page.contains("git clone "), "{page}");
    for repo in ["acme/starter", "acme/starter-docs"] {
        assert_eq!(shop.bed.sandbox().collaborators(repo), ["octocat"], "{repo}");
    }

    // A lost key.
    let email = shop.bed.query("SELECT email FROM orders")[0]["email"].as_str().unwrap().to_owned();
    let page = browser.submit("/recover", &[("email", &email)]).await;
    assert!(page.contains("a mail with a link is on its way"), "{page}");
    shop.until("outbox WHERE kind = 'recovery_mail' AND state = 'done'", 1).await;
    let mails = shop.bed.sandbox().take_mails();
    let link = mails[0].text.as_deref().unwrap().split_whitespace().find_map(|word| word.strip_prefix(PUBLIC_URL));
    let link = link.expect("a link in the mail");
    assert!(browser.sees(link).await.contains("Your link is good."));
    let page = browser.submit("/recover/link", &[("token", link.split_once('=').unwrap().1)]).await;
    assert!(page.contains("Bought with") && page.contains("Activated"), "{page}");

    // Leaving takes both sessions, in two headers of one answer.
    assert_eq!(browser.cookies.len(), 2);
    let left = browser.post("/license/leave", &[]).await;
    assert_eq!((left.status, left.headers.get_all("set-cookie").iter().count()), (303, 2), "{left:?}");
    assert!(browser.cookies.is_empty());
    assert!(browser.sees(left.headers["location"].to_str().unwrap()).await.contains("has forgotten your license"));
    assert_eq!(browser.get("/license").await.headers["location"], "/?note=session_over");

    // A form of another page's, and an address where nothing is.
    let foreign = shop.post("/license/leave").header("sec-fetch-site", "cross-site");
    let foreign = shop.request(foreign.header("content-type", "application/x-www-form-urlencoded").body("")).await;
    assert_eq!(foreign.status, 403);
    let nothing = browser.get("/licence").await;
    assert!(nothing.status == 404 && nothing.body.as_str().unwrap().contains("There is nothing at this address."));
    shop.close();
}

#[tokio::test(flavor = "multi_thread")]
async fn every_file_that_a_page_loads_is_served_with_its_type_and_kept_for_good() {
    let shop =
        Shop::open_with(TestbedOptions::default().with_var("ADMIN_TOKEN", "pages-admin-token-00000000000000")).await;
    let mut browser = Browser { shop: &shop, cookies: BTreeMap::new() };
    let page = browser.sees("/").await + &browser.sees("/console/sign-in").await;
    let mut loaded = 0;
    for file in std::fs::read_dir(concat!(env!("CARGO_MANIFEST_DIR"), "/assets/assets")).unwrap() {
        let file = file.unwrap().path();
        let name = file.file_name().unwrap().to_str().unwrap();
        let kind = match file.extension().unwrap().to_str().unwrap() {
            "css" => "text/css",
            "js" => "text/javascript",
            "svg" => "image/svg+xml",
            other => panic!("{name}: nobody has said of which type {other} is"),
        };
        // With the mark of its content, where a page says one.
        let begins = format!("\"/assets/{name}");
        let link = page.split_once(&begins).map_or("", |(_, behind)| behind.split(['"', '#']).next().unwrap());
        let kept = shop.request(shop.get(&format!("/assets/{name}{link}"))).await;
        assert_eq!(kept.status, 200, "{name}{link}");
        assert!(kept.headers["content-type"].to_str().unwrap().starts_with(kind), "{name}: {:?}", kept.headers);
        assert_eq!(kept.headers["cache-control"], "public, max-age=31536000, immutable", "{name}");
        assert_eq!(kept.headers["x-content-type-options"], "nosniff", "{name}");
        assert_eq!(kept.headers["cross-origin-resource-policy"], "same-origin", "{name}");
        assert_eq!(kept.body.as_str(), std::fs::read_to_string(&file).ok().as_deref(), "{name}");
        assert!(kind == "image/svg+xml" || link.starts_with("?v="), "{name} has another address when it changes");
        loaded += 1;
    }
    assert!(loaded >= 5, "{loaded}");
    let described = shop.request(shop.get("/openapi.json")).await;
    assert_eq!(described.status, 200);
    assert!(described.headers["content-type"].to_str().unwrap().starts_with("application/json"));
    assert_eq!(shop.request(shop.get("/assets/nothing.css")).await.status, 404);
    shop.close();
}
