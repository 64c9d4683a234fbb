//! The lists of orders and license keys, with which webhooks that were lost are found.
//! <https://docs.lemonsqueezy.com/api/orders/list-all-orders>,
//! <https://docs.lemonsqueezy.com/api/license-keys/list-all-license-keys>

use crate::adapters::listing;
use crate::config;
use crate::json::{FieldError, Json};
use crate::model::{StorefrontList, Timestamp};

/// A quarter of what is allowed: an order is some kilobytes of JSON, and a page is read within one tick's processor time.
const PAGE_SIZE: &str = "25";

/// The address of one page of a list, newest first. `page` is the page's number. There is no filter by time.
pub(in crate::adapters) fn list_url(
    config: &config::LemonSqueezy,
    store_id: i64,
    list: StorefrontList,
    page: Option<&str>,
) -> String {
    let path = if list == StorefrontList::LemonSqueezyOrders { "orders" } else { "license-keys" };
    format!(
        "{}/v1/{path}?filter%5Bstore_id%5D={store_id}&page%5Bsize%5D={PAGE_SIZE}&page%5Bnumber%5D={}&sort=-createdAt",
        config.api_url,
        page.unwrap_or("1")
    )
}

/// When each item of a page was made, as far as that reads, and the number of the next page. Nothing follows the first
/// page that ends before `since`; a list that is not newest first, against what it was asked for, is read to its end.
///
/// # Errors
/// Names the field and what is wrong with it.
pub(in crate::adapters) fn listed(
    body: &Json,
    since: Timestamp,
    page: Option<&str>,
) -> Result<(Vec<Option<Timestamp>>, Option<String>), FieldError> {
    let root = body.root();
    let items = root.field("data")?.as_list()?;
    let times = listing::times(items, |item| item.root().field("attributes")?.text("created_at"))?;
    let last_page = root.field("meta")?.field("page")?.integer("lastPage")?;
    let (first, last) = (times.iter().flatten().next(), times.iter().flatten().next_back());
    let is_past = last.is_some_and(|last| *last < since) && last <= first;
    let number: i64 = page.and_then(|page| page.parse().ok()).unwrap_or(1);
    let next = (!is_past && number < last_page).then(|| (number + 1).to_string());
    Ok((times, next))
}

#[cfg(test)]
mod tests {
    use serde_json::{Value, json};

    use super::*;
    use crate::adapters::testing::NOW;

    const HOUR_MS: i64 = 60 * 60 * 1000;

    fn next(page: Option<&str>, body: &Value) -> Result<Option<String>, FieldError> {
        let body = Json::parse(body.to_string().as_bytes()).unwrap();
        listed(&body, NOW.plus_millis(-48 * HOUR_MS), page).map(|(_, next)| next)
    }

    /// One of three pages, with items that were made this many hours ago.
    fn of_three(page: &str, hours: &[i64]) -> Option<String> {
        let item = |hours: &i64| {
            let created_at = NOW.plus_millis(-hours * HOUR_MS).to_rfc3339();
            json!({ "type": "orders", "id": "1", "attributes": { "created_at": created_at } })
        };
        let data: Vec<_> = hours.iter().map(item).collect();
        next(Some(page), &json!({ "meta": { "page": { "lastPage": 3 } }, "data": data })).unwrap()
    }

    #[test]
    fn the_list_goes_on_until_its_last_page_or_one_that_ends_too_long_ago() {
        assert_eq!(of_three("2", &[1, 2, 47]), Some("3".to_owned()));
        assert_eq!(of_three("2", &[1, 2, 49]), None);
        assert_eq!(of_three("3", &[1, 2]), None);
        assert_eq!(of_three("2", &[49]), None);
        assert_eq!(of_three("2", &[]), Some("3".to_owned()));
    }

    #[test]
    fn a_list_that_is_not_newest_first_is_read_to_its_end() {
        assert_eq!(of_three("2", &[60, 50]), Some("3".to_owned()));
        assert_eq!(of_three("3", &[60, 50]), None);
    }

    #[test]
    fn what_is_no_page_is_not_believed() {
        for body in [json!({}), json!({ "data": [] }), json!({ "data": [1], "meta": { "page": { "lastPage": 1 } } })] {
            assert!(next(None, &body).is_err(), "{body}");
        }
    }
}
