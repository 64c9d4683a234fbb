//! The lists of orders and license keys, with which webhooks that were lost are found.
//! <https://docs.lemonsqueezy.com/api/orders/list-all-orders>,
//! <https://docs.lemonsqueezy.com/api/license-keys/list-all-license-keys>

use serde::Deserialize;
use serde_json::value::RawValue;

use super::wire::OrderState;
use super::{LICENSE_KEYS, LemonSqueezy, ORDERS, Storefront, meaning};
use crate::adapters::storefronts::Page;
use crate::adapters::storefronts::listing::{self, Api, Listed, Unintelligible};
use crate::adapters::{Failure, Remedy};
use crate::json::{self, Json};
use crate::model::{ListName, ListedItem, OrderFacts, OrderId, Secret, StorefrontId, Timestamp};
use crate::platform::Platform;

/// A quarter of what is allowed: an order is some kilobytes of JSON, and a page is read within one tick's processor time.
const PAGE_SIZE: &str = "25";

/// A page, as far as it is read here.
#[derive(Deserialize)]
struct Resources<'a> {
    #[serde(borrow)]
    data: Vec<&'a RawValue>,
    meta: Meta,
}

/// How many pages a list has.
#[derive(Deserialize)]
pub(super) struct Meta {
    pub(super) page: Paging,
}

#[derive(Deserialize)]
#[serde(rename_all = "camelCase")]
pub(super) struct Paging {
    pub(super) last_page: i64,
}

/// Reads one page of a list, newest first. `page` is the page's number. There is no filter by time.
///
/// # Errors
/// [`Failure`] when there is no answer that could be believed.
pub(super) async fn page(
    platform: &impl Platform,
    api_url: &str,
    api_key: &Secret,
    store_id: i64,
    list: &ListName,
    since: Timestamp,
    page: Option<&str>,
) -> Result<Page, Failure> {
    let service = LemonSqueezy::PROFILE.name;
    let (path, item): (_, fn(&Json, &RawValue) -> Listed) = match list {
        list if *list == ORDERS => ("orders", order),
        list if *list == LICENSE_KEYS => ("license-keys", license_key),
        _ => return Err(Failure::new(Remedy::PersonNeeded, "a list that is not read")),
    };
    let accept = "application/vnd.api+json";
    let api = Api { service, accept, credential: api_key, setting: "LEMON_SQUEEZY_API_KEY", permission: None };
    let number = page.and_then(|page| page.parse().ok()).unwrap_or(1);
    let url = format!(
        "{api_url}/v1/{path}?filter%5Bstore_id%5D={store_id}&page%5Bsize%5D={PAGE_SIZE}&page%5Bnumber%5D={number}&sort=-createdAt"
    );
    let body = api.get(platform, url).await?;
    read(&body, number, since, item).map_err(|Unintelligible| Failure::unintelligible(service, 200))
}

/// Reads a page. Nothing follows the first one that ends before `since`; a list that is not newest first, against what it
/// was asked for, is read to its end.
fn read(
    body: &[u8],
    number: i64,
    since: Timestamp,
    item: fn(&Json, &RawValue) -> Listed,
) -> Result<Page, Unintelligible> {
    let Resources { data, meta } = json::from_bytes(body).map_err(|_| Unintelligible)?;
    let times = data.iter().map(|raw| Ok(made_at(&listing::object(raw)?))).collect::<Result<Vec<_>, _>>()?;
    let (first, last) = (times.iter().flatten().next(), times.iter().flatten().next_back());
    let is_past = last.is_some_and(|last| *last < since) && last <= first;
    let next = (!is_past && number < meta.page.last_page).then(|| (number + 1).to_string());
    listing::page(&data, next, item)
}

/// What a listed order is. Only what was paid at some time was ever sold.
fn order(order: &Json, raw: &RawValue) -> Listed {
    let order_id = listing::id(order, &["id"]).and_then(|id| OrderId::parse(&id));
    let (Some(made_at), Some(order_id)) = (made_at(order), order_id) else { return Listed::Unreadable };
    let status = listing::text(order, &["attributes", "status"]).unwrap_or_default();
    let refunded_amount = listing::id(order, &["attributes", "refunded_amount"]).unwrap_or_default();
    let state = OrderState::new(status, listing::flag(order, &["attributes", "refunded"]), &refunded_amount);
    if !state.was_paid() {
        return Listed::Irrelevant;
    }
    let facts = state.facts();
    Listed::Item(ListedItem {
        payload: raw.get().as_bytes().to_vec(),
        made_at,
        event_type: meaning::ORDER_CREATED,
        listed_as: listing::fingerprint(order_id.as_str(), facts.codes()),
        order_id,
        storefront_key_id: None,
        product_id: product_id(order, &["attributes", "first_order_item", "product_id"]),
        facts,
        payment: None,
        sold: true,
    })
}

/// What a listed key is. One that is disabled is one, too: it may be enabled again.
fn license_key(key: &Json, raw: &RawValue) -> Listed {
    let key_id = listing::id(key, &["id"]).and_then(|id| StorefrontId::parse(&id));
    let order_id = listing::id(key, &["attributes", "order_id"]).and_then(|id| OrderId::parse(&id));
    let (Some(made_at), Some(order_id), Some(key_id)) = (made_at(key), order_id, key_id) else {
        return Listed::Unreadable;
    };
    Listed::Item(ListedItem {
        payload: raw.get().as_bytes().to_vec(),
        made_at,
        event_type: meaning::LICENSE_KEY_CREATED,
        order_id,
        listed_as: key_id.as_str().to_owned(),
        storefront_key_id: Some(key_id),
        product_id: product_id(key, &["attributes", "product_id"]),
        facts: OrderFacts::default(),
        payment: None,
        sold: true,
    })
}

fn made_at(item: &Json) -> Option<Timestamp> {
    listing::time(item, &["attributes", "created_at"])
}

fn product_id(item: &Json, path: &[&str]) -> Option<StorefrontId> {
    listing::id(item, path).and_then(|id| StorefrontId::parse(&id))
}

#[cfg(test)]
mod tests {
    use serde_json::{Value, json};

    use super::*;
    use crate::adapters::storefronts::testing::read_settings;
    use crate::adapters::testing::{Canned, NOW, reply, run};
    use crate::model::HOUR_MS;

    fn read_page(number: i64, body: &Value, item: fn(&Json, &RawValue) -> Listed) -> Result<Page, Unintelligible> {
        read(body.to_string().as_bytes(), number, NOW.plus_millis(-48 * HOUR_MS), item)
    }

    /// Where a list of three pages goes on behind one with items that were made this many hours ago.
    fn of_three(number: i64, hours: &[i64]) -> Option<String> {
        let item = |hours: &i64| {
            let created_at = NOW.plus_millis(-hours * HOUR_MS).to_rfc3339();
            json!({ "type": "orders", "id": "1", "attributes": { "created_at": created_at } })
        };
        let data: Vec<_> = hours.iter().map(item).collect();
        let page = read_page(number, &json!({ "meta": { "page": { "lastPage": 3 } }, "data": data }), order);
        page.ok().unwrap().next
    }

    fn listed(item: fn(&Json, &RawValue) -> Listed, resource: &Value) -> Page {
        read_page(1, &json!({ "meta": { "page": { "lastPage": 1 } }, "data": [resource] }), item).ok().unwrap()
    }

    fn order_with(attributes: Value) -> Page {
        let mut resource = json!({
            "type": "orders", "id": "7",
            "attributes": {
                "status": "paid", "refunded": false, "created_at": "2026-01-05T09:45:53.000000Z",
                "first_order_item": { "product_id": 4, "variant_id": 5 },
            },
        });
        resource["attributes"].as_object_mut().unwrap().extend(attributes.as_object().unwrap().clone());
        listed(order, &resource)
    }

    fn key_with(attributes: Value) -> Page {
        let mut resource = json!({
            "type": "license-keys", "id": "9",
            "attributes": {
                "status": "inactive", "order_id": 7, "product_id": 4, "created_at": "2026-01-05T09:45:53.000000Z",
            },
        });
        resource["attributes"].as_object_mut().unwrap().extend(attributes.as_object().unwrap().clone());
        listed(license_key, &resource)
    }

    #[test]
    fn the_list_goes_on_until_its_last_page_or_one_that_ends_too_long_ago() {
        assert_eq!(of_three(2, &[1, 2, 47]), Some("3".to_owned()));
        assert_eq!(of_three(2, &[1, 2, 49]), None);
        assert_eq!(of_three(3, &[1, 2]), None);
        assert_eq!(of_three(2, &[49]), None);
        assert_eq!(of_three(2, &[]), Some("3".to_owned()));
    }

    #[test]
    fn a_list_that_is_not_newest_first_is_read_to_its_end() {
        assert_eq!(of_three(2, &[60, 50]), Some("3".to_owned()));
        assert_eq!(of_three(3, &[60, 50]), None);
    }

    #[test]
    fn what_is_no_page_is_not_believed() {
        for body in [
            json!({}),
            json!([]),
            json!({ "data": [] }),
            json!({ "data": [1], "meta": { "page": { "lastPage": 1 } } }),
            json!({ "data": {}, "meta": { "page": { "lastPage": 1 } } }),
            json!({ "data": [], "meta": { "page": { "lastPage": "1" } } }),
        ] {
            assert!(read_page(1, &body, order).is_err(), "{body}");
        }
    }

    #[test]
    fn a_listed_order_says_what_it_takes_to_find_it_missing() {
        let page = order_with(json!({}));
        let item = &page.items[0];
        assert_eq!((item.order_id.as_str(), item.event_type.as_str()), ("7", "order_created"));
        assert_eq!(item.made_at.to_rfc3339(), "2026-01-05T09:45:53Z");
        assert_eq!(item.product_id.as_ref().map(StorefrontId::as_str), Some("4"));
        assert!(item.sold && item.facts.is_empty() && item.storefront_key_id.is_none());
        assert_eq!(item.listed_as, "7");
        let payload: Value = serde_json::from_slice(&item.payload).unwrap();
        assert_eq!((&payload["type"], &payload["attributes"]["status"]), (&json!("orders"), &json!("paid")));
    }

    #[test]
    fn an_order_that_was_paid_back_is_a_sale_with_that_fact() {
        for attributes in
            [json!({ "refunded": true }), json!({ "status": "refunded" }), json!({ "status": "fraudulent" })]
        {
            let page = order_with(attributes);
            assert_eq!((page.items[0].facts, page.items[0].sold), (OrderFacts::REFUNDED, true));
            assert_eq!(page.items[0].listed_as, "7 refunded");
        }
        for attributes in [json!({ "status": "partial_refund" }), json!({ "refunded_amount": 100 })] {
            let in_part = order_with(attributes);
            let facts = OrderFacts { partially_refunded: true, ..OrderFacts::default() };
            assert_eq!((in_part.items[0].facts, in_part.items[0].sold), (facts, true));
            assert_eq!(in_part.items[0].listed_as, "7 partially_refunded");
        }
    }

    #[test]
    fn an_order_that_was_never_paid_is_left_out() {
        for status in ["pending", "failed", "void", ""] {
            let page = order_with(json!({ "status": status }));
            assert_eq!((page.items.len(), page.unreadable), (0, 0), "{status}");
        }
    }

    #[test]
    fn a_listed_key_is_named_by_its_own_id_and_its_order() {
        let page = key_with(json!({}));
        let item = &page.items[0];
        assert_eq!((item.order_id.as_str(), item.event_type.as_str()), ("7", "license_key_created"));
        assert_eq!(item.storefront_key_id.as_ref().map(StorefrontId::as_str), Some("9"));
        assert_eq!(item.product_id.as_ref().map(StorefrontId::as_str), Some("4"));
        assert!(item.sold && item.facts.is_empty());
        assert_eq!(item.listed_as, "9");
    }

    #[test]
    fn a_key_is_listed_whatever_its_status() {
        for status in ["active", "inactive", "expired", "disabled"] {
            assert_eq!(key_with(json!({ "status": status })).items.len(), 1, "{status}");
        }
    }

    #[test]
    fn an_item_whose_time_or_order_does_not_read_is_counted() {
        for page in [
            order_with(json!({ "created_at": "yesterday" })),
            order_with(json!({ "created_at": null })),
            key_with(json!({ "created_at": 7 })),
            key_with(json!({ "order_id": null })),
        ] {
            assert_eq!((page.items.len(), page.unreadable), (0, 1));
        }
    }

    #[test]
    fn the_lists_are_asked_for_with_the_key_and_only_those_of_our_store() {
        let lemon_squeezy: LemonSqueezy =
            read_settings(&[("LEMON_SQUEEZY_API_KEY", "key"), ("LEMON_SQUEEZY_STORE_ID", "3")]);
        let empty = r#"{"data":[],"meta":{"page":{"lastPage":1}}}"#;
        let world = Canned::answering([reply(200, empty), reply(200, empty)]);
        for (list, number) in lemon_squeezy.lists().iter().zip([None, Some("2")]) {
            run(lemon_squeezy.page(&world, list, NOW, number)).unwrap();
        }
        let tail =
            |number| format!("filter%5Bstore_id%5D=3&page%5Bsize%5D=25&page%5Bnumber%5D={number}&sort=-createdAt");
        let expected = [("orders", 1), ("license-keys", 2)]
            .map(|(path, number)| format!("GET https://api.lemonsqueezy.com/v1/{path}?{}", tail(number)));
        assert_eq!(world.calls(), expected);
        assert_eq!(world.header(0, "authorization"), "Bearer key");
        assert_eq!(world.header(1, "accept"), "application/vnd.api+json");
    }
}
