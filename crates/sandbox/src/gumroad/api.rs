//! The API with which a seller reads sales back: `GET /v2/sales`, newest first, ten at a time, and one sale by its id.
//! See <https://gumroad.com/api#sales>. The deprecated `page` parameter is not modeled.

use serde_json::json;

use super::ping::{fee, pairs};
use super::{Gumroad, SELLER_ID, Sale};
use crate::calls::Credentials;
use crate::ids::obfuscated;
use crate::incoming::Incoming;
use crate::options::Options;
use crate::reply::Reply;
use crate::sandbox::World;
use crate::time::{compact, midnight, seconds};
use crate::value::{Object, object};

const PAGE_SIZE: usize = 10;
const PARAMETERS: [&str; 7] = ["access_token", "after", "before", "product_id", "email", "order_id", "page_key"];

/// The token may come as a bearer or, as Gumroad's own examples have it, in the query.
pub(crate) fn credentials(options: &Options, request: &Incoming) -> Credentials {
    match request.query("access_token") {
        Some(token) => Credentials::compare(Some(token), &options.gumroad_access_token),
        None => request.bearer(&options.gumroad_access_token),
    }
}

pub(crate) fn respond(world: &mut World, request: &Incoming) -> Reply {
    match credentials(&world.options, request) {
        Credentials::Correct => {}
        Credentials::Missing => return unauthorized().unexpected("no access token"),
        Credentials::Wrong => return unauthorized().unexpected("the access token"),
    }
    let (method, path) = request.route();
    match (method, path.as_slice()) {
        ("GET", ["v2", "sales"]) => world.gumroad.list(request).unwrap_or_else(|refusal| refusal),
        ("GET", ["v2", "sales", id]) => world.gumroad.show(id),
        ("GET", ["v2", "resource_subscriptions"]) => world.gumroad.list_subscriptions(request),
        ("PUT", ["v2", "resource_subscriptions"]) => world.gumroad.subscribe(request),
        ("GET", ["v2", "products"]) => world.gumroad.list_products(request),
        _ => failed(404, "The requested resource was not found.").unexpected("no such endpoint"),
    }
}

impl Gumroad {
    fn list(&self, request: &Incoming) -> Result<Reply, Reply> {
        if let Some(name) = request.unknown_query(&PARAMETERS) {
            let why = format!("the query parameter {name}");
            return Err(failed(400, "Unknown parameter.").unexpected(why));
        }
        let day = |name: &str| match request.query(name).map(midnight) {
            Some(None) => {
                let why =
                    format!("Invalid date format provided in field '{name}'. Dates must be in the format YYYY-MM-DD.");
                Err(failed(400, &why).unexpected(format!("{name} is no date")))
            }
            day => Ok(day.flatten()),
        };
        // `after` takes its day in, `before` leaves it out.
        let (after, before) = (day("after")?, day("before")?);
        let invalid_key = || failed(400, "Invalid page_key.").unexpected("page_key");
        let start = request.query("page_key").map(|key| self.decode_page_key(key).ok_or_else(invalid_key));
        let start = start.transpose()?;
        let is = |name: &str, value: &str| request.query(name).is_none_or(|wanted| wanted.trim() == value);
        let mut found: Vec<Listed<'_>> = self
            .sales
            .iter()
            .filter_map(Listed::of)
            .filter(|listed| {
                after.is_none_or(|after| listed.sale.created_at >= after)
                    && before.is_none_or(|before| listed.sale.created_at < before)
                    && is("product_id", &listed.sale.product_id)
                    && is("email", listed.email())
                    && is("order_id", &listed.sale.order_number.to_string())
                    && start.is_none_or(|start| listed.position() < start)
            })
            .collect();
        found.sort_by_key(|listed| std::cmp::Reverse(listed.position()));
        let more = found.len() > PAGE_SIZE;
        found.truncate(PAGE_SIZE);
        let mut body = object! { "success": true, "sales": found.iter().map(Listed::json).collect::<Vec<_>>() };
        if let Some(last) = found.last().filter(|_| more) {
            let key = format!("{}-{}", compact(last.sale.created_at), last.sale.order_number);
            let mut query = form_urlencoded::Serializer::new(String::new());
            let kept = request.query.iter().filter(|(name, _)| name != "access_token" && name != "page_key");
            query.extend_pairs(kept).append_pair("page_key", &key);
            body.set("next_page_url", format!("/v2/sales?{}", query.finish()));
            body.set("next_page_key", key);
        }
        Ok(Reply::json(200, &body))
    }

    /// The place that a page key stands for: that of the last sale on the page before.
    fn decode_page_key(&self, key: &str) -> Option<(i64, u64)> {
        let (at, order_number) = key.split_once('-')?;
        let order_number = order_number.parse().ok()?;
        let sale = self.sales.iter().find(|sale| sale.order_number == order_number)?;
        (compact(sale.created_at) == at).then_some((sale.created_at, order_number))
    }

    fn show(&self, id: &str) -> Reply {
        match self.sales.iter().filter_map(Listed::of).find(|listed| listed.id() == id) {
            Some(listed) => Reply::json(200, &object! { "success": true, "sale": listed.json() }),
            None => failed(404, "The sale was not found."),
        }
    }
}

/// A sale as the API shows it.
struct Listed<'a> {
    sale: &'a Sale,
}

impl<'a> Listed<'a> {
    /// `None` for what the list leaves out: the seller's own test purchases and preorders that are not charged yet.
    fn of(sale: &'a Sale) -> Option<Self> {
        (!sale.of.test && !sale.of.is_preorder_authorization).then_some(Self { sale })
    }

    fn position(&self) -> (i64, u64) {
        (self.sale.created_at, self.sale.order_number)
    }

    /// Of a gift the list shows the purchase of the one who paid, which has its own id and which no ping ever told of.
    fn id(&self) -> String {
        match self.sale.of.gift {
            Some(_) => obfuscated("gift", self.sale.order_number),
            None => self.sale.id.clone(),
        }
    }

    fn email(&self) -> &str {
        self.sale.of.gift.as_ref().map_or(&self.sale.of.email, |gift| &gift.gifter_email)
    }

    fn json(&self) -> Object {
        let (sale, of) = (self.sale, &self.sale.of);
        let price = of.gift.as_ref().map_or(sale.price_cents, |gift| gift.price_cents);
        let mut shown = object! {
            "id": self.id(),
            "email": self.email(),
            "seller_id": SELLER_ID,
            "timestamp": "less than a minute ago",
            "created_at": seconds(sale.created_at),
            "product_name": &sale.product_name,
            "product_has_variants": !of.variants.is_empty(),
            "price": price,
            "gumroad_fee": fee(price),
            // Of what the product is listed in; the price is in dollars all the same.
            "currency_symbol": symbol(&of.currency),
            "currency": &of.currency,
            "formatted_total_price": format!("${}", price as f64 / 100.0),
            "product_id": &sale.product_id,
            "refunded": sale.refunded,
            "partially_refunded": sale.partially_refunded,
            "chargedback": sale.disputed && !sale.dispute_won,
            "purchase_email": self.email(),
            "paid": price > 0,
            "has_variants": !of.variants.is_empty(),
            "variants": pairs(&of.variants).unwrap_or_default(),
            "has_custom_fields": !of.custom_fields.is_empty(),
            "custom_fields": pairs(&of.custom_fields).unwrap_or_default(),
            "order_id": sale.order_number,
            "is_product_physical": false,
            "is_recurring_billing": of.subscription_id.is_some(),
            "can_contact": true,
            "disputed": sale.disputed,
            "dispute_won": sale.dispute_won,
            "is_additional_contribution": false,
            "discover_fee_charged": false,
            "is_gift_sender_purchase": of.gift.is_some(),
            "is_gift_receiver_purchase": false,
            "referrer": "direct",
            "quantity": of.quantity,
        };
        let member = of.subscription_id.is_some();
        shown.set_some("full_name", of.full_name.as_ref().filter(|_| of.gift.is_none()));
        shown.set_some("purchaser_id", of.purchaser_id.as_ref());
        shown.set_some("ip_country", of.ip_country.as_ref());
        shown.set_some("offer_code", of.offer_code.as_ref().map(|code| object! { "code": code }));
        shown.set_some("license_key", of.license_key.as_ref());
        shown.set_some("license_disabled", of.license_key.as_ref().map(|_| false));
        shown.set_some("subscription_id", of.subscription_id.as_ref());
        shown.set_some("subscription_duration", member.then_some(&of.recurrence));
        shown.set_some("cancelled", member.then_some(false));
        shown.set_some("ended", member.then_some(false));
        shown.set_some("recurring_charge", member.then_some(of.is_recurring_charge));
        shown
    }
}

/// The sign of a currency, which several may share.
fn symbol(currency: &str) -> &'static str {
    match currency {
        "usd" => "$",
        "eur" => "€",
        "gbp" => "£",
        "inr" => "₹",
        "jpy" => "¥",
        "aud" => "A$",
        _ => "",
    }
}

pub(super) fn failed(status: u16, message: &str) -> Reply {
    Reply::json(status, &json!({ "success": false, "message": message }))
}

fn unauthorized() -> Reply {
    let body = json!({ "error": "invalid_token", "error_description": "The access token is invalid" });
    Reply::json(401, &body).header("www-authenticate", "Bearer realm=\"Gumroad\", error=\"invalid_token\"")
}
