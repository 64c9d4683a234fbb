//! The buyer's pages, as a browser without scripts uses them. In a real one they are used in `crates/browser`.
//!
//! | module | what it promises |
//! |---|---|
//! | `buying` | from the key to the invitations, and what is told on the way |
//! | `signing_in` | continue with GitHub |
//! | `moving` | use another account |
//! | `recover` | a link by mail to every license of an address |
//! | `guarded` | sessions, forms of other pages, and what is written where it must not be |

mod buying;
mod guarded;
mod moving;
mod recover;
mod signing_in;

use std::cell::RefCell;
use std::collections::BTreeMap;

use latchkey::http::{self, Request};
use latchkey_sandbox::GumroadSale;

use crate::shop::{Shop, request};

/// What a shop needs whose buyers use our pages.
pub(crate) const OWN_PAGES: [(&str, &str); 2] = [("PORTAL_URL", ""), ("PUBLIC_URL", PUBLIC_URL)];

pub(crate) const PUBLIC_URL: &str = "https://shop.example.com";

/// A browser that keeps cookies, and says where its forms come from.
pub(crate) struct Browser<'a> {
    shop: &'a Shop,
    cookies: RefCell<BTreeMap<String, String>>,
}

/// A page as it came.
#[derive(Debug)]
pub(crate) struct Seen {
    pub(crate) status: u16,
    pub(crate) headers: Vec<(&'static str, String)>,
    pub(crate) html: String,
}

impl<'a> Browser<'a> {
    pub(crate) fn new(shop: &'a Shop) -> Self {
        Self { shop, cookies: RefCell::default() }
    }

    pub(crate) async fn get(&self, path: &str) -> Seen {
        self.send("GET", path, &[("sec-fetch-site", "none")], "").await
    }

    /// Sends a form of our own page.
    pub(crate) async fn post(&self, path: &str, fields: &[(&str, &str)]) -> Seen {
        self.send("POST", path, &[("sec-fetch-site", "same-origin"), FORM], &form(fields)).await
    }

    /// Sends a form of our own page, and goes where that leads.
    pub(crate) async fn submit(&self, path: &str, fields: &[(&str, &str)]) -> Seen {
        let led = self.post(path, fields).await;
        assert_eq!(led.status, 303, "{}", led.html);
        self.get(led.header("location").unwrap()).await
    }

    pub(crate) async fn send(&self, method: &str, path: &str, headers: &[(&str, &str)], body: &str) -> Seen {
        let cookies: Vec<_> = self.cookies.borrow().iter().map(|(name, value)| format!("{name}={value}")).collect();
        let cookies = cookies.join("; ");
        let mut headers = headers.to_vec();
        headers.push(("host", "shop.example.com"));
        if !cookies.is_empty() {
            headers.push(("cookie", &cookies));
        }
        let seen = see(self.shop, request(method, path, &headers, body.as_bytes())).await;
        for (_, cookie) in seen.headers.iter().filter(|(name, _)| *name == "set-cookie") {
            let (pair, rules) = cookie.split_once("; ").unwrap();
            let (name, value) = pair.split_once('=').unwrap();
            assert!(name.starts_with("__Host-"), "{cookie}");
            assert!(rules.starts_with("Path=/; Max-Age=") && rules.ends_with("; Secure; HttpOnly; SameSite=Lax"));
            if rules.contains("Max-Age=0;") {
                self.cookies.borrow_mut().remove(name);
            } else {
                self.cookies.borrow_mut().insert(name.to_owned(), value.to_owned());
            }
        }
        seen
    }

    /// A cookie's value.
    pub(crate) fn cookie(&self, name: &str) -> Option<String> {
        self.cookies.borrow().get(name).cloned()
    }

    pub(crate) fn set_cookie(&self, name: &str, value: &str) {
        self.cookies.borrow_mut().insert(name.to_owned(), value.to_owned());
    }
}

/// Answers a request for a page, and runs what is behind the answer.
pub(crate) async fn see(shop: &Shop, request: Request) -> Seen {
    let engine = shop.engine();
    let mut response = http::handle(&engine, request).await;
    if let Some(work) = response.follow_up.take() {
        engine.follow_up(work).await;
    }
    let seen =
        Seen { status: response.status, headers: response.headers, html: String::from_utf8(response.body).unwrap() };
    if seen.header("content-type").is_some_and(|kind| kind.starts_with("text/html")) {
        seen.assert_kept_to_itself();
    }
    seen
}

pub(crate) const FORM: (&str, &str) = ("content-type", "application/x-www-form-urlencoded");

pub(crate) fn form(fields: &[(&str, &str)]) -> String {
    form_urlencoded::Serializer::new(String::new()).extend_pairs(fields).finish()
}

impl Seen {
    pub(crate) fn header(&self, name: &str) -> Option<&str> {
        self.headers.iter().find(|(known, _)| *known == name).map(|(_, value)| value.as_str())
    }

    /// The words of the page, without its marks.
    pub(crate) fn text(&self) -> String {
        let mut text = String::new();
        let mut rest = self.html.as_str();
        while let Some((before, behind)) = rest.split_once('<') {
            text.push_str(before);
            rest = behind.split_once('>').map_or("", |(_, after)| after);
        }
        text.push_str(rest);
        text.split_whitespace().collect::<Vec<_>>().join(" ")
    }

    /// What every page keeps to.
    fn assert_kept_to_itself(&self) {
        for (name, value) in [
            ("cache-control", "no-store"),
            ("referrer-policy", "no-referrer"),
            ("x-content-type-options", "nosniff"),
            ("cross-origin-opener-policy", "same-origin"),
            ("x-robots-tag", "noindex"),
        ] {
            assert_eq!(self.header(name), Some(value), "{name}");
        }
        let policy = self.header("content-security-policy").unwrap();
        for rule in [
            "default-src 'none'",
            "script-src 'self';",
            "style-src 'self';",
            "base-uri 'none'",
            "frame-ancestors 'none'",
            "require-trusted-types-for 'script'",
            "trusted-types 'none'",
        ] {
            assert!(policy.contains(rule), "{rule}: {policy}");
        }
        assert!(!policy.contains("unsafe"), "{policy}");
        assert_eq!(self.header("access-control-allow-origin"), None);
        assert_eq!(self.html.matches("<h1>").count(), usize::from(!self.html.is_empty()), "{}", self.html);
        assert!(!self.html.contains(" style=") && !self.html.contains("<style"), "{}", self.html);
        let scripts = self.html.matches("<script").count();
        assert_eq!(scripts, self.html.matches("<script type=\"module\" src=\"/assets/").count(), "{}", self.html);
    }
}

/// Sells a product whose buyer uses our pages, and gives the key from the mail.
async fn sold(shop: &Shop, product_id: &str) -> String {
    let sale = GumroadSale { product_id: Some(product_id.to_owned()), ..GumroadSale::default() };
    assert_eq!(shop.deliver(&shop.sandbox.sell_on_gumroad(sale)).await.status, 200);
    let mails = shop.sandbox.take_mails();
    let text = mails[0].text.as_deref().unwrap();
    let key = text.split_whitespace().find(|word| word.starts_with("LK-")).unwrap().to_owned();
    assert!(text.contains(&format!("{PUBLIC_URL}/#license={key}")), "{text}");
    shop.calls();
    key
}
