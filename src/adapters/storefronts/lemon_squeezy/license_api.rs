//! Lemon Squeezy's License API: what became of a key that the storefront issued.
//! <https://docs.lemonsqueezy.com/api/license-api/validate-license-key>
//!
//! Keys are only validated, never activated here: activating would use up one of the buyer's activations. What the
//! product of a good key opens, and whether a test key opens anything, is decided in `engine`.

use percent_encoding::{NON_ALPHANUMERIC, utf8_percent_encode};

use super::meaning::{THE_LINE, name};
use super::{LemonSqueezy, wire};
use crate::adapters::failure::retry_after;
use crate::adapters::storefronts::{Storefront, Verdict};
use crate::adapters::{Failure, Remedy};
use crate::json::{FieldError, Json};
use crate::model::{BuyerEmail, IssuedKey, LicenseKey, OrderId, ProductRef, StorefrontId, Timestamp};
use crate::platform::{HttpRequest, HttpResponse, Method, Platform};

const SERVICE: &str = LemonSqueezy::PROFILE.name;

/// The limit is 60 requests a minute: <https://docs.lemonsqueezy.com/api/license-api#rate-limits>
const RATE_LIMIT_PERIOD_MS: i64 = 60 * 1000;

/// The reply about a known key, whatever its HTTP status.
struct Report {
    valid: bool,
    license_key: Key,
    meta: Meta,
}

struct Key {
    id: String,
    key: String,
    status: String,
    expires_at: Option<String>,
    /// Replies of 2023 and the documentation's own sample have none.
    test_mode: Option<bool>,
}

struct Meta {
    store_id: i64,
    order_id: String,
    product_id: String,
    variant_id: String,
    /// Empty where it is absent.
    customer_name: String,
    customer_email: String,
}

/// Asks Lemon Squeezy about a key. Only this store's keys are believed.
///
/// # Errors
/// [`Failure`] when there is no answer that could be believed, which says nothing about the key.
pub(super) async fn validate(
    platform: &impl Platform,
    api_url: &str,
    store_id: i64,
    key: &LicenseKey,
) -> Result<Verdict, Failure> {
    let form = format!("license_key={}", utf8_percent_encode(key.as_str(), NON_ALPHANUMERIC));
    let request = HttpRequest::new(Method::Post, format!("{api_url}/v1/licenses/validate"))
        .header("accept", "application/json")
        .body("application/x-www-form-urlencoded", form.into_bytes());
    let reply = platform.send(request).await.map_err(|error| Failure::unanswered(SERVICE, error))?;
    let now = platform.now();
    match reply.status {
        // An expired or disabled key is reported in full, as a 400.
        200 | 400 => match Json::parse(&reply.body).ok().and_then(|body| Report::read(&body).ok()) {
            Some(report) => report.verdict(store_id, key, now),
            None if reply.status == 400 => unknown(&reply),
            None => Err(Failure::unintelligible(SERVICE, reply.status)),
        },
        404 => unknown(&reply),
        429 => {
            let until = retry_after(&reply, now).unwrap_or(now.plus_millis(RATE_LIMIT_PERIOD_MS));
            Err(Failure::new(Remedy::RetryAt(until), format!("{SERVICE}'s rate limit")))
        }
        300..=399 => {
            let what = format!("{SERVICE} redirects instead of answering");
            Err(Failure::of_cause(Remedy::SetupWrong, what, "LEMON_SQUEEZY_API_URL may be wrong"))
        }
        status @ 500..=599 => Err(Failure::new(Remedy::Retry, format!("{SERVICE} answered {status}"))),
        status => Err(Failure::unintelligible(SERVICE, status)),
    }
}

impl Report {
    fn read(body: &Json) -> Result<Self, FieldError> {
        let root = body.root();
        let (key, meta) = (root.field("license_key")?, root.field("meta")?);
        Ok(Self {
            valid: root.field("valid")?.as_bool()?,
            license_key: Key {
                id: key.id("id")?,
                key: key.text("key")?.to_owned(),
                status: key.text("status")?.to_owned(),
                expires_at: key.optional_text("expires_at")?.map(str::to_owned),
                test_mode: wire::told_flag(&key, "test_mode")?,
            },
            meta: Meta {
                store_id: meta.integer("store_id")?,
                order_id: meta.id("order_id")?,
                product_id: meta.id("product_id")?,
                variant_id: meta.id("variant_id")?,
                customer_name: wire::shown(&meta, "customer_name"),
                customer_email: meta.optional_text("customer_email").ok().flatten().unwrap_or_default().to_owned(),
            },
        })
    }

    fn verdict(self, store_id: i64, asked: &LicenseKey, now: Timestamp) -> Result<Verdict, Failure> {
        // Their look-up may ignore case, ours must not: the spelling they issued is the one to keep.
        if !self.license_key.key.eq_ignore_ascii_case(asked.as_str()) {
            return Err(contradiction("license_key.key is not the key that was asked about"));
        }
        // Before anything else is said of it: what another store's key is worth is nobody's business here.
        if self.meta.store_id != store_id {
            return Ok(Verdict::WrongStore);
        }
        let expires_at = match self.license_key.expires_at.as_deref().map(Timestamp::parse_or_utc) {
            Some(None) => return Err(contradiction("license_key.expires_at is not a time")),
            time => time.flatten(),
        };
        match self.license_key.status.as_str() {
            "disabled" => Ok(Verdict::Disabled),
            "expired" => Ok(Verdict::Expired),
            "inactive" | "active" if expires_at.is_some_and(|end| end <= now) => Ok(Verdict::Expired),
            // `inactive` means never activated, which is the usual case: nothing here activates a key.
            "inactive" | "active" if self.valid => {
                self.issued(expires_at).map(|issued| Verdict::Valid(Box::new(issued)))
            }
            "inactive" | "active" => Err(contradiction("valid is false for a key that is good")),
            _ => Err(contradiction("license_key.status is none that is documented")),
        }
    }

    fn issued(self, expires_at: Option<Timestamp>) -> Result<IssuedKey, Failure> {
        let Self { license_key, meta, .. } = self;
        let key = LicenseKey::from_record(&license_key.key)
            .map_err(|_| contradiction("license_key.key could not be a key"))?;
        let order_id =
            OrderId::parse(&meta.order_id).ok_or_else(|| contradiction("meta.order_id could not be an order"))?;
        // Who bought is not asked for here: a key that is good opens what it opens for whoever holds it.
        let email = BuyerEmail::parse(&meta.customer_email).ok();
        let id = |field, text: &str| {
            StorefrontId::parse(text).ok_or_else(|| contradiction(&format!("{field} could not be an id")))
        };
        Ok(IssuedKey {
            key,
            storefront_key_id: id("license_key.id", &license_key.id)?,
            order_id,
            line: THE_LINE,
            bought: ProductRef {
                product_id: id("meta.product_id", &meta.product_id)?,
                variant_id: Some(id("meta.variant_id", &meta.variant_id)?),
            },
            name: name(&meta.customer_name, email.as_ref()),
            email,
            test: license_key.test_mode,
            expires_at,
            disabled: false,
            said_at: None,
        })
    }
}

/// That nobody knows the key, if the reply says just that: a page that something in between sends with a 404, or a
/// report that did not read, is no verdict.
fn unknown(reply: &HttpResponse) -> Result<Verdict, Failure> {
    let denies = |body: &Json| {
        let root = body.root();
        Ok::<_, FieldError>(
            !root.flag("valid")? && !root.text("error")?.is_empty() && root.get("license_key")?.is_none(),
        )
    };
    match Json::parse(&reply.body) {
        Ok(body) if denies(&body) == Ok(true) => Ok(Verdict::Unknown),
        _ => Err(Failure::unintelligible(SERVICE, reply.status)),
    }
}

/// A reply that reads well and makes no sense. The problem names the field and repeats no value.
fn contradiction(problem: &str) -> Failure {
    Failure::new(Remedy::Retry, format!("{SERVICE} gave an answer that cannot be believed: {problem}"))
}

#[cfg(test)]
mod tests {
    use serde_json::{Value, json};

    use super::*;
    use crate::adapters::storefronts::OwnKeys;
    use crate::adapters::storefronts::testing::read_settings;
    use crate::adapters::testing::{Canned, NOW, reply, reply_with, run};
    use crate::platform::{Limit, SendError};

    const KEY: &str = "38b1460a-5104-4067-a91d-77b872934d51";

    fn lemon_squeezy(store_id: &str) -> LemonSqueezy {
        read_settings(&[("LEMON_SQUEEZY_STORE_ID", store_id)])
    }

    /// A reply as the documentation shows it, for a key that was never activated.
    fn report() -> Value {
        json!({
            "valid": true,
            "error": null,
            "license_key": {
                "id": 1, "status": "inactive", "key": KEY, "activation_limit": 1, "activation_usage": 0,
                "created_at": "2025-01-24T14:15:07.000000Z", "expires_at": null, "test_mode": false
            },
            "instance": null,
            "meta": {
                "store_id": 1, "order_id": 2, "order_item_id": 3, "product_id": 4, "product_name": "Acme Kit",
                "variant_id": 5, "variant_name": "Default", "customer_id": 6, "customer_name": "Ada Lovelace",
                "customer_email": "ada@example.com"
            }
        })
    }

    fn changed(pointer: &str, value: Value) -> Value {
        let mut report = report();
        *report.pointer_mut(pointer).unwrap() = value;
        report
    }

    fn ask(answer: Result<HttpResponse, SendError>) -> Result<Verdict, Failure> {
        let world = Canned::answering([answer]);
        run(lemon_squeezy("1").verify_key(&world, &LicenseKey::from_record(KEY).unwrap()))
    }

    fn told(status: u16, body: &Value) -> Result<Verdict, Failure> {
        ask(reply(status, &body.to_string()))
    }

    fn remedy(answer: Result<HttpResponse, SendError>) -> Remedy {
        ask(answer).unwrap_err().remedy
    }

    #[test]
    fn a_good_key_becomes_an_issued_one_with_all_that_a_license_needs() {
        let Ok(Verdict::Valid(issued)) = told(200, &report()) else { panic!("not valid") };
        let expected = IssuedKey {
            key: LicenseKey::from_record(KEY).unwrap(),
            storefront_key_id: StorefrontId::parse("1").unwrap(),
            order_id: OrderId::parse("2").unwrap(),
            line: THE_LINE,
            bought: ProductRef::parse("4", Some("5")).unwrap(),
            email: Some(BuyerEmail::parse("ada@example.com").unwrap()),
            name: Some("Ada Lovelace".to_owned()),
            test: Some(false),
            expires_at: None,
            disabled: false,
            said_at: None,
        };
        assert_eq!(*issued, expected);
    }

    #[test]
    fn a_key_is_only_validated_and_sent_so_that_it_stays_one_field() {
        let world = Canned::answering([reply(500, "")]);
        let key = LicenseKey::from_record("a&instance_id=b+%").unwrap();
        assert!(run(lemon_squeezy("1").verify_key(&world, &key)).is_err());
        assert_eq!(world.calls(), ["POST https://api.lemonsqueezy.com/v1/licenses/validate"]);
        assert_eq!(world.body(0), "license_key=a%26instance%5Fid%3Db%2B%25");
        assert_eq!(world.header(0, "accept"), "application/json");
        assert_eq!(world.header(0, "content-type"), "application/x-www-form-urlencoded");
    }

    #[test]
    fn an_active_key_is_as_good_as_one_that_was_never_activated() {
        assert!(matches!(told(200, &changed("/license_key/status", json!("active"))), Ok(Verdict::Valid(_))));
    }

    #[test]
    fn a_test_key_says_so() {
        let Ok(Verdict::Valid(issued)) = told(200, &changed("/license_key/test_mode", json!(true))) else {
            panic!("not valid")
        };
        assert_eq!(issued.test, Some(true));
    }

    #[test]
    fn a_reply_may_lack_what_is_not_asked_for_and_the_zones_of_its_times() {
        let mut bare = report();
        bare["license_key"].as_object_mut().unwrap().remove("test_mode");
        bare["license_key"]["created_at"] = json!("2021-01-24 14:15:07");
        bare["license_key"]["expires_at"] = json!("2027-01-24 14:15:07");
        for name in ["customer_id", "customer_name", "customer_email", "product_name", "variant_name", "order_item_id"]
        {
            bare["meta"].as_object_mut().unwrap().remove(name);
        }
        let Ok(Verdict::Valid(issued)) = told(200, &bare) else { panic!("not valid") };
        assert_eq!((issued.email, issued.name, issued.test), (None, None, None));
        assert_eq!(issued.expires_at.unwrap().to_rfc3339(), "2027-01-24T14:15:07Z");
        for unread in [json!("ada"), json!(7), json!(["ada@example.com", "x"]), Value::Null] {
            let Ok(Verdict::Valid(issued)) = told(200, &changed("/meta/customer_email", unread)) else {
                panic!("not valid")
            };
            assert_eq!((issued.email, issued.name.as_deref()), (None, Some("Ada Lovelace")));
        }
        let Ok(Verdict::Valid(issued)) = told(200, &changed("/license_key/test_mode", json!(1))) else {
            panic!("not valid")
        };
        assert_eq!(issued.test, Some(true));
    }

    #[test]
    fn a_buyer_without_a_name_gets_one_from_the_address() {
        for none in [Value::Null, json!(""), json!("  ")] {
            let Ok(Verdict::Valid(issued)) = told(200, &changed("/meta/customer_name", none)) else {
                panic!("not valid")
            };
            assert_eq!(issued.name.as_deref(), Some("Ada"));
        }
    }

    #[test]
    fn a_buyers_name_is_made_harmless_as_in_a_webhook() {
        let named = |name: &str| match told(200, &changed("/meta/customer_name", json!(name))) {
            Ok(Verdict::Valid(issued)) => issued.name.unwrap(),
            other => panic!("not valid: {other:?}"),
        };
        assert_eq!(named("Ada\u{7f}\0Lovelace\r\n"), "Ada  Lovelace");
        assert_eq!(named(&"x".repeat(10_000)).len(), 200);
    }

    #[test]
    fn a_disabled_or_expired_key_is_a_verdict_though_it_comes_as_a_400() {
        for (status, verdict) in [("disabled", Verdict::Disabled), ("expired", Verdict::Expired)] {
            let mut body = changed("/license_key/status", json!(status));
            body["valid"] = json!(false);
            body["error"] = json!("This license key is not usable.");
            assert_eq!(told(400, &body), Ok(verdict.clone()));
            assert_eq!(told(200, &body), Ok(verdict));
        }
    }

    #[test]
    fn a_key_expires_at_the_instant_it_says_whatever_its_status() {
        let ends = |millis| told(200, &changed("/license_key/expires_at", json!(NOW.plus_millis(millis).to_rfc3339())));
        assert_eq!(ends(-1000), Ok(Verdict::Expired));
        assert_eq!(ends(0), Ok(Verdict::Expired));
        let Ok(Verdict::Valid(issued)) = ends(1000) else { panic!("not valid") };
        assert_eq!(issued.expires_at, Some(NOW.plus_millis(1000)));
    }

    #[test]
    fn another_stores_key_is_refused_whatever_else_is_said_of_it() {
        for (http_status, status) in [(200, "active"), (400, "disabled"), (400, "expired")] {
            let mut body = changed("/meta/store_id", json!(2));
            body["license_key"]["status"] = json!(status);
            assert_eq!(told(http_status, &body), Ok(Verdict::WrongStore), "{status}");
        }
    }

    #[test]
    fn without_our_stores_id_no_key_is_believed_and_nobody_asked() {
        let world = Canned::answering([]);
        let failure = run(lemon_squeezy("").verify_key(&world, &LicenseKey::from_record(KEY).unwrap())).unwrap_err();
        assert_eq!(failure.remedy, Remedy::SetupWrong);
        assert!(failure.reason.contains("LEMON_SQUEEZY_STORE_ID"));
        assert_eq!(lemon_squeezy("").own_keys(), OwnKeys::None);
        assert_eq!(lemon_squeezy("1").own_keys(), OwnKeys::Verifiable { unknown_keys: Limit::LicenseApi });
    }

    #[test]
    fn the_spelling_that_was_issued_is_kept_and_another_key_is_not_believed() {
        let Ok(Verdict::Valid(issued)) = told(200, &changed("/license_key/key", json!(KEY.to_uppercase()))) else {
            panic!("not valid")
        };
        assert_eq!(issued.key.as_str(), KEY.to_uppercase());
        let other = "00000000-0000-4000-8000-000000000000";
        let failure = told(200, &changed("/license_key/key", json!(other))).unwrap_err();
        assert_eq!(failure.remedy, Remedy::Retry);
        assert!(!failure.reason.contains(other) && !failure.reason.contains(KEY));
    }

    #[test]
    fn an_unknown_key_is_one_that_lemon_squeezy_itself_denies() {
        let denial = json!({ "valid": false, "error": "license_key not found." });
        assert_eq!(told(404, &denial), Ok(Verdict::Unknown));
        assert_eq!(told(400, &denial), Ok(Verdict::Unknown));
        let full = json!({ "valid": false, "error": "license_key not found.", "license_key": null, "meta": null });
        assert_eq!(told(404, &full), Ok(Verdict::Unknown));
    }

    #[test]
    fn a_404_or_400_of_anything_else_is_no_verdict() {
        for body in [
            "",
            "<html>Not Found</html>",
            "{}",
            r#"{"valid":false}"#,
            r#"{"valid":false,"error":""}"#,
            r#"{"valid":true,"error":"x"}"#,
            r#"{"errors":[{"status":"404"}]}"#,
            r#"{"valid":false,"error":"x","license_key":{"id":1}}"#,
        ] {
            assert_eq!(remedy(reply(404, body)), Remedy::Retry, "{body}");
            assert_eq!(remedy(reply(400, body)), Remedy::Retry, "{body}");
        }
    }

    #[test]
    fn a_report_that_lacks_or_contradicts_something_is_no_verdict() {
        for body in [
            changed("/license_key", Value::Null),
            changed("/meta", Value::Null),
            changed("/meta/store_id", json!("1")),
            changed("/license_key/test_mode", json!("canary")),
            changed("/license_key/status", json!("paused")),
            changed("/license_key/expires_at", json!("never")),
            changed("/valid", json!(false)),
        ] {
            assert_eq!(remedy(reply(200, &body.to_string())), Remedy::Retry, "{body}");
        }
        assert_eq!(remedy(reply(200, "<html>")), Remedy::Retry);
    }

    #[test]
    fn their_rate_limit_is_waited_out() {
        let told = reply_with(429, &[("retry-after", "7")], "");
        assert_eq!(remedy(told), Remedy::RetryAt(NOW.plus_millis(7_000)));
        assert_eq!(remedy(reply(429, "")), Remedy::RetryAt(NOW.plus_millis(60_000)));
    }

    #[test]
    fn trouble_on_their_side_is_never_a_verdict() {
        for status in [401, 403, 422, 500, 502, 503] {
            assert_eq!(remedy(reply(status, &report().to_string())), Remedy::Retry, "{status}");
        }
        for error in [SendError::Timeout, SendError::Unreachable, SendError::TooLarge] {
            assert_eq!(remedy(Err(error)), Remedy::Retry);
        }
        assert_eq!(remedy(reply(302, "")), Remedy::SetupWrong);
    }
}
