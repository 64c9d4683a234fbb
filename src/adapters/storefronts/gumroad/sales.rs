//! The list of sales, with which pings that were lost are found. <https://gumroad.com/api#sales>

use percent_encoding::{NON_ALPHANUMERIC, utf8_percent_encode};
use serde::Deserialize;
use serde_json::value::RawValue;

use super::{Gumroad, Storefront, listed, meaning};
use crate::adapters::Failure;
use crate::adapters::storefronts::Page;
use crate::adapters::storefronts::listing::{self, Api, Listed, Unintelligible};
use crate::json::{self, Json};
use crate::model::{ListedItem, ListedPayment, OrderFacts, OrderId, PaymentFate, Secret, StorefrontId, Timestamp};
use crate::platform::Platform;

/// A page, as far as it is read here.
#[derive(Deserialize)]
struct Sales<'a> {
    #[serde(borrow)]
    sales: Vec<&'a RawValue>,
    next_page_key: Option<String>,
}

/// Reads one page of the sales since the day of `since`, newest first.
///
/// # Errors
/// [`Failure`] when there is no answer that could be believed.
pub(super) async fn page(
    platform: &impl Platform,
    api_url: &str,
    access_token: &Secret,
    since: Timestamp,
    page: Option<&str>,
) -> Result<Page, Failure> {
    let service = Gumroad::PROFILE.name;
    let api = Api {
        service,
        accept: "application/json",
        credential: access_token,
        setting: "GUMROAD_ACCESS_TOKEN",
        permission: None,
    };
    let body = api.get(platform, url(api_url, since, page)).await?;
    read(&body).map_err(|Unintelligible| Failure::unintelligible(service, 200))
}

fn url(api_url: &str, since: Timestamp, page: Option<&str>) -> String {
    // Of the time only the day is asked for.
    let mut url = format!("{api_url}/v2/sales?after={:.10}", since.to_rfc3339());
    if let Some(page) = page {
        url.push_str("&page_key=");
        url.extend(utf8_percent_encode(page, NON_ALPHANUMERIC));
    }
    url
}

fn read(body: &[u8]) -> Result<Page, Unintelligible> {
    let Sales { sales, next_page_key } = json::from_bytes(body).map_err(|_| Unintelligible)?;
    listing::page(&sales, next_page_key, item)
}

/// What a listed sale is. Left out are the purchases of those who gave something to somebody else, who gets the license
/// by a sale of their own, and renewals that are disputed, which changes nothing.
fn item(sale: &Json, raw: &RawValue) -> Listed {
    let flag = |name| listing::flag(sale, &[name]);
    let sale_id = listing::text(sale, &["id"]);
    let order_id = listing::text(sale, &["subscription_id"]).or(sale_id).and_then(OrderId::parse);
    let (Some(made_at), Some(order_id)) = (listing::time(sale, &["created_at"]), order_id) else {
        return Listed::Unreadable;
    };
    let said = OrderFacts {
        refunded: flag("refunded"),
        partially_refunded: listed::is_partially_refunded(sale),
        disputed: flag("disputed"),
        dispute_won: flag("dispute_won"),
        ..OrderFacts::NONE
    };
    let is_renewal = flag("recurring_charge");
    if flag("is_gift_sender_purchase") || (is_renewal && said.money_is_gone() && !said.refunded) {
        return Listed::Irrelevant;
    }
    let facts = if is_renewal { OrderFacts::default() } else { said };
    let payment = listing::text(sale, &["subscription_id"]).and(sale_id).and_then(StorefrontId::parse).map(|id| {
        let fate = if is_renewal && said.refunded { PaymentFate::Refunded } else { PaymentFate::Kept };
        ListedPayment { id, fate }
    });
    let told = is_renewal.then_some("refunded").filter(|_| said.refunded);
    Listed::Item(ListedItem {
        payload: raw.get().as_bytes().to_vec(),
        made_at,
        event_type: meaning::SALE,
        order_id,
        storefront_key_id: None,
        product_id: listing::text(sale, &["product_id"]).and_then(StorefrontId::parse),
        facts,
        payment,
        sold: true,
        listed_as: listing::fingerprint(sale_id.unwrap_or_default(), facts.codes().chain(told)),
    })
}

#[cfg(test)]
mod tests {
    use serde_json::{Value, json};

    use super::*;
    use crate::adapters::storefronts::testing::read_settings;
    use crate::adapters::testing::{Canned, NOW, reply, run};
    use crate::model::ListName;

    fn sale() -> Value {
        json!({
            "id": "one==", "created_at": "2026-01-05T19:38:56Z", "product_id": "P1", "email": "account@example.com",
            "purchase_email": "ada@example.com", "price": 4900, "currency_symbol": "$", "quantity": 1,
            "refunded": false, "disputed": false, "dispute_won": false,
        })
    }

    fn with(members: Value) -> Value {
        let mut sale = sale();
        for (name, value) in members.as_object().unwrap() {
            sale[name] = value.clone();
        }
        sale
    }

    fn listed(sale: &Value) -> Page {
        read(json!({ "success": true, "sales": [sale] }).to_string().as_bytes()).ok().unwrap()
    }

    fn only(sale: &Value) -> ListedItem {
        let page = listed(sale);
        assert_eq!((page.items.len(), page.unreadable), (1, 0), "{sale}");
        page.items[0].clone()
    }

    #[test]
    fn a_listed_sale_is_kept_as_it_is_listed() {
        let raw = r#"{ "id":"one==",  "created_at":"2026-01-05T19:38:56Z", "product_id":"P1", "price":49.0, "x":"ü" }"#;
        let page = read(format!(r#"{{"sales":[{raw}]}}"#).as_bytes()).ok().unwrap();
        let item = &page.items[0];
        assert_eq!(item.payload, raw.as_bytes());
        assert_eq!((item.order_id.as_str(), item.event_type.as_str()), ("one==", "sale"));
        assert_eq!(item.product_id.as_ref().map(StorefrontId::as_str), Some("P1"));
        assert_eq!(item.made_at.to_rfc3339(), "2026-01-05T19:38:56Z");
        assert!(item.sold && item.facts.is_empty() && item.storefront_key_id.is_none());
    }

    #[test]
    fn what_became_of_a_sale_is_said_with_it_and_makes_another_find() {
        let refunded = only(&with(json!({ "refunded": true })));
        let won = only(&with(json!({ "disputed": true, "dispute_won": true })));
        assert_eq!(refunded.facts, OrderFacts::REFUNDED);
        assert_eq!(won.facts.codes().collect::<Vec<_>>(), ["disputed", "dispute_won"]);
        let told = [only(&sale()).listed_as, refunded.listed_as, won.listed_as];
        assert_eq!(told, ["one==", "one== refunded", "one== disputed dispute_won"]);
    }

    #[test]
    fn every_charge_of_a_membership_is_its_order() {
        let renewal = only(&with(json!({ "id": "two==", "subscription_id": "all==", "recurring_charge": true })));
        assert_eq!((renewal.order_id.as_str(), renewal.listed_as.as_str()), ("all==", "two=="));
        let null = only(&with(json!({ "subscription_id": null })));
        assert_eq!(null.order_id.as_str(), "one==");
    }

    #[test]
    fn what_became_of_a_renewal_is_no_fact_of_its_order() {
        let renewal = |more: Value| {
            let mut renewal = with(json!({ "subscription_id": "all==", "recurring_charge": true }));
            renewal.as_object_mut().unwrap().extend(more.as_object().unwrap().clone());
            listed(&renewal)
        };
        let kept = renewal(json!({ "disputed": true, "dispute_won": true }));
        assert!(kept.items[0].sold && kept.items[0].facts.is_empty());
        for refunded in
            [json!({ "refunded": true }), json!({ "refunded": true, "disputed": true, "dispute_won": true })]
        {
            let item = &renewal(refunded).items[0];
            let payment = item.payment.as_ref().unwrap();
            assert_eq!((payment.fate, item.listed_as.as_str()), (PaymentFate::Refunded, "one== refunded"));
            assert!(item.facts.is_empty());
        }
        assert_eq!(renewal(json!({ "disputed": true })), Page { items: Vec::new(), next: None, unreadable: 0 });
    }

    #[test]
    fn the_purchase_of_somebody_who_gives_a_present_is_left_out() {
        let page = listed(&with(json!({ "is_gift_sender_purchase": true })));
        assert_eq!((page.items.len(), page.unreadable), (0, 0));
        only(&with(json!({ "is_gift_receiver_purchase": true })));
    }

    #[test]
    fn a_sale_whose_time_or_order_does_not_read_is_counted() {
        let long = "x".repeat(129);
        for wrong in [
            json!({ "created_at": "yesterday" }),
            json!({ "created_at": null }),
            json!({ "id": null }),
            json!({ "id": 7 }),
            json!({ "id": long }),
        ] {
            let page = listed(&with(wrong.clone()));
            assert_eq!((page.items.len(), page.unreadable), (0, 1), "{wrong}");
        }
    }

    #[test]
    fn what_is_no_page_is_not_believed() {
        for body in
            ["", "[]", "{}", r#"{"sales":{}}"#, r#"{"sales":["a"]}"#, r#"{"success":false}"#, r#"{"sales":[1]}"#]
        {
            assert!(read(body.as_bytes()).is_err(), "{body}");
        }
        let empty = read(br#"{"success":true,"sales":[],"next_page_key":null}"#).ok().unwrap();
        assert_eq!(empty, Page { items: Vec::new(), next: None, unreadable: 0 });
    }

    #[test]
    fn a_page_is_asked_for_with_the_token_and_by_the_day() {
        let settings = read_settings::<Gumroad>(&[("GUMROAD_ACCESS_TOKEN", "token")]);
        let world = Canned::answering([reply(200, r#"{"sales":[],"next_page_key":"20260105-7"}"#)]);
        let page = run(settings.page(&world, &ListName::named("sales"), NOW, Some("a&b"))).unwrap();
        assert_eq!(page.next.as_deref(), Some("20260105-7"));
        assert_eq!(world.calls(), ["GET https://api.gumroad.com/v2/sales?after=2026-01-05&page_key=a%26b"]);
        assert_eq!(world.header(0, "authorization"), "Bearer token");
        assert_eq!(world.header(0, "accept"), "application/json");
    }
}
