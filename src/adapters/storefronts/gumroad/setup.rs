//! How Gumroad is set up: resource subscriptions, which are its webhooks, and the list of products.
//! <https://gumroad.com/api#resource-subscriptions>, <https://gumroad.com/api#products>
//!
//! Gumroad keeps a subscription for each time that it is asked for one, and sends each of them every event: what is there has to
//! be listed first. The address under Settings, Advanced, Ping, is none of them and shows in no list.

use percent_encoding::{NON_ALPHANUMERIC, utf8_percent_encode};
use serde::Deserialize;

use super::{Gumroad, Storefront};
use crate::adapters::storefronts::hooks::{HookChange, RegisteredHook, SecretSeen};
use crate::adapters::storefronts::listing::Api;
use crate::adapters::storefronts::{ListedProduct, Products};
use crate::adapters::{Failure, Remedy};
use crate::json;
use crate::model::Secret;
use crate::platform::{HttpRequest, Method, Platform};

/// Every resource that there is: what is not acted on today says what became of a sale all the same, and is kept.
/// <https://github.com/antiwork/gumroad/blob/main/app/models/resource_subscription.rb>
pub(super) const EVENTS: [&str; 8] = [
    "sale",
    "refund",
    "dispute",
    "dispute_won",
    "cancellation",
    "subscription_ended",
    "subscription_restarted",
    "subscription_updated",
];

pub(super) const PATH: &str = "/v2/resource_subscriptions";

/// The parameter of the webhook's URL that proves a ping.
pub(super) const SECRET: &str = "secret";

/// Of the list of products, whose pages are not documented: more than any seller has who keeps a catalogue by hand.
const PAGES: usize = 2;

#[derive(Deserialize)]
struct Subscriptions {
    resource_subscriptions: Vec<Subscription>,
}

#[derive(Deserialize)]
struct Subscription {
    id: String,
    post_url: String,
}

/// The answer to a change, which is 200 also where nothing was done.
#[derive(Deserialize)]
struct Changed {
    success: bool,
    message: Option<String>,
}

#[derive(Deserialize)]
struct Page {
    products: Vec<Product>,
    next_page_key: Option<String>,
}

#[derive(Deserialize)]
struct Product {
    id: String,
    name: Option<String>,
}

/// Every resource subscription. Each resource is listed by itself: there is no list of all.
///
/// # Errors
/// [`Failure`] when there is no answer that could be believed.
pub(super) async fn registered(
    platform: &impl Platform,
    api_url: &str,
    access_token: &Secret,
    secrets: &[Secret],
) -> Result<Vec<RegisteredHook>, Failure> {
    let mut found = Vec::new();
    for event in EVENTS {
        let body = api(access_token).get(platform, format!("{api_url}{PATH}?resource_name={event}")).await?;
        let listed: Subscriptions = json::from_bytes(&body).map_err(|_| unintelligible())?;
        found.extend(listed.resource_subscriptions.into_iter().map(|subscription| {
            let secret = secret_of(&subscription.post_url, secrets);
            RegisteredHook::new(subscription.id, &subscription.post_url, vec![event.to_owned()], secret)
        }));
    }
    Ok(found)
}

/// Creates a resource subscription.
///
/// # Errors
/// [`Failure`] when there is none, or may be none.
pub(super) async fn change(
    platform: &impl Platform,
    api_url: &str,
    access_token: &Secret,
    secret: &Secret,
    change: &HookChange,
) -> Result<(), Failure> {
    let HookChange::Create { url, events } = change else {
        return Err(Failure::new(Remedy::PersonNeeded, "a resource subscription tells of one event and of no other"));
    };
    for event in events {
        let post_url = format!("{url}?{SECRET}={}", utf8_percent_encode(secret.expose(), NON_ALPHANUMERIC));
        let form = form_urlencoded::Serializer::new(String::new())
            .append_pair("resource_name", event)
            .append_pair("post_url", &post_url)
            .finish();
        let request = HttpRequest::new(Method::Put, format!("{api_url}{PATH}"))
            .body("application/x-www-form-urlencoded", form.into_bytes());
        let body = api(access_token).send(platform, request).await?;
        let changed: Changed = json::from_bytes(&body).map_err(|_| unintelligible())?;
        if !changed.success {
            // It repeats the address, and so the secret.
            let said = changed.message.unwrap_or_default().replace(post_url.as_str(), "(address)");
            let said = said.replace(secret.expose(), "(secret)");
            return Err(Failure::new(Remedy::PersonNeeded, format!("Gumroad refused the address: {said}")));
        }
    }
    Ok(())
}

/// Every product of the seller's, published or not.
///
/// # Errors
/// [`Failure`] when there is no answer that could be believed.
pub(super) async fn products(
    platform: &impl Platform,
    api_url: &str,
    access_token: &Secret,
) -> Result<Products, Failure> {
    let mut listed = Vec::new();
    let mut url = format!("{api_url}/v2/products");
    for _ in 0..PAGES {
        let body = api(access_token).get(platform, url).await?;
        let page: Page = json::from_bytes(&body).map_err(|_| unintelligible())?;
        listed.extend(page.products.into_iter().map(|Product { id, name }| ListedProduct { id, name }));
        let Some(key) = page.next_page_key else { return Ok(Products { listed, is_whole: true }) };
        url = format!("{api_url}/v2/products?page_key={}", utf8_percent_encode(&key, NON_ALPHANUMERIC));
    }
    Ok(Products { listed, is_whole: false })
}

/// Which secret a webhook's URL has, read as a ping's own is: given twice it is none.
fn secret_of(post_url: &str, secrets: &[Secret]) -> SecretSeen {
    let query = post_url.split_once('?').map(|(_, query)| query.split('#').next().unwrap_or_default());
    let mut given = crate::form::pairs(query.unwrap_or_default().as_bytes())
        .filter(|(name, _)| name.as_slice() == SECRET.as_bytes());
    let (Some((_, given)), None) = (given.next(), given.next()) else { return SecretSeen::Other };
    let Ok(given) = str::from_utf8(&given) else { return SecretSeen::Other };
    match secrets.iter().position(|secret| secret.matches(given)) {
        Some(0) => SecretSeen::Current,
        Some(_) => SecretSeen::Previous,
        None => SecretSeen::Other,
    }
}

fn api(access_token: &Secret) -> Api<'_> {
    let service = Gumroad::PROFILE.name;
    Api {
        service,
        accept: "application/json",
        credential: access_token,
        setting: "GUMROAD_ACCESS_TOKEN",
        permission: None,
    }
}

fn unintelligible() -> Failure {
    Failure::unintelligible(Gumroad::PROFILE.name, 200)
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::adapters::storefronts::testing::read_settings;
    use crate::adapters::testing::{Canned, reply, run};

    const URL: &str = "https://shop.example.com/webhooks/gumroad";

    fn gumroad() -> Gumroad {
        read_settings(&[
            ("GUMROAD_ACCESS_TOKEN", "token"),
            ("GUMROAD_WEBHOOK_SECRET", "a&b c"),
            ("GUMROAD_WEBHOOK_SECRET_PREVIOUS", "old"),
        ])
    }

    #[test]
    fn a_secret_is_read_from_the_address_as_a_ping_brings_it() {
        let secrets = [Secret::new("a&b c".to_owned()).unwrap(), Secret::new("old".to_owned()).unwrap()];
        for (query, seen) in [
            ("?secret=a%26b+c", SecretSeen::Current),
            ("?x=1&secret=old#there", SecretSeen::Previous),
            ("?secret=new", SecretSeen::Other),
            ("?secret=old&secret=old", SecretSeen::Other),
            ("", SecretSeen::Other),
        ] {
            assert_eq!(secret_of(&format!("{URL}{query}"), &secrets), seen, "{query}");
        }
    }

    #[test]
    fn every_resource_is_listed_and_no_secret_is_kept() {
        let one = r#"{"success":true,"resource_subscriptions":[{"id":"s==","resource_name":"sale",
                     "post_url":"https://shop.example.com/webhooks/gumroad?secret=a%26b%20c"}]}"#;
        let none = r#"{"success":true,"resource_subscriptions":[]}"#;
        let replies = std::iter::once(one).chain(std::iter::repeat_n(none, EVENTS.len() - 1));
        let world = Canned::answering(replies.map(|body| reply(200, body)));
        let found = run(gumroad().registered_hooks(&world)).unwrap();
        assert_eq!(found.len(), 1);
        assert!(found[0].leads_to(URL) && found[0].secret == SecretSeen::Current && found[0].events == ["sale"]);
        assert!(!format!("{found:?}").contains("a%26b"));
        assert_eq!(world.calls().len(), EVENTS.len());
        assert_eq!(world.header(0, "authorization"), "Bearer token");
    }

    #[test]
    fn a_subscription_is_asked_for_with_the_current_secret_and_a_refusal_does_not_repeat_it() {
        let create = HookChange::Create { url: URL.to_owned(), events: vec!["refund"] };
        let said =
            r#"{"success":false,"message":"https://shop.example.com/webhooks/gumroad?secret=a%26b%20c is wrong"}"#;
        let world = Canned::answering([reply(200, r#"{"success":true}"#), reply(200, said)]);
        run(gumroad().change_hooks(&world, &create)).unwrap();
        let address = "https%3A%2F%2Fshop.example.com%2Fwebhooks%2Fgumroad%3Fsecret%3Da%2526b%2520c";
        assert_eq!(world.body(0), format!("resource_name=refund&post_url={address}"));
        let refused = run(gumroad().change_hooks(&world, &create)).unwrap_err();
        assert_eq!(refused.reason, "Gumroad refused the address: (address) is wrong");
    }

    #[test]
    fn the_list_of_products_goes_on_and_is_not_read_for_ever() {
        let page = r#"{"success":true,"products":[{"id":"a=="}],"next_page_key":"k"}"#;
        let last = r#"{"success":true,"products":[{"id":"b==","name":"B"}]}"#;
        let world = Canned::answering([reply(200, page), reply(200, last)]);
        let all = run(gumroad().products(&world)).unwrap();
        let listed = vec![
            ListedProduct { id: "a==".to_owned(), name: None },
            ListedProduct { id: "b==".to_owned(), name: Some("B".to_owned()) },
        ];
        assert_eq!(all, Products { listed, is_whole: true });
        assert_eq!(world.calls()[1], "GET https://api.gumroad.com/v2/products?page_key=k");
        let world = Canned::answering([reply(200, page), reply(200, page)]);
        assert!(!run(gumroad().products(&world)).unwrap().is_whole);
    }
}
