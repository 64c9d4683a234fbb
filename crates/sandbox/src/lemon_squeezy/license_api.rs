//! The License API: what anybody who holds a key may ask about it, of whatever store it is.
//! See <https://docs.lemonsqueezy.com/api/license-api>.

use std::collections::BTreeMap;

use super::{Instance, KeyStatus, LemonSqueezy, LicenseKey};
use crate::incoming::Incoming;
use crate::reply::Reply;
use crate::sandbox::World;
use crate::time::{MINUTE, microseconds};
use crate::value::{Object, Value, object};

/// How much of the minute's requests is used. The minute begins with its first request.
#[derive(Debug, Default)]
pub(super) struct Quota {
    resets_at: i64,
    used: u64,
}

#[derive(Clone, Copy)]
enum Action {
    Validate,
    Activate,
    Deactivate,
}

impl Action {
    /// The member of the reply that says whether it went well.
    const fn verdict(self) -> &'static str {
        match self {
            Self::Validate => "valid",
            Self::Activate => "activated",
            Self::Deactivate => "deactivated",
        }
    }

    /// The fields it takes, with whether it needs them.
    const fn fields(self) -> &'static [(&'static str, bool)] {
        match self {
            Self::Validate => &[("license_key", true), ("instance_id", false)],
            Self::Activate => &[("license_key", true), ("instance_name", true)],
            Self::Deactivate => &[("license_key", true), ("instance_id", true)],
        }
    }
}

pub(super) fn respond(world: &mut World, action: &str, request: &Incoming, now: i64) -> Reply {
    let limit = world.options.limits.lemon_squeezy_license_requests_per_minute;
    let Some(left) = world.lemon_squeezy.license_api_quota.spend(limit, now) else {
        let reset = world.lemon_squeezy.license_api_quota.resets_at;
        return Reply::json(429, &object! { "message": "Too Many Attempts." })
            .header("retry-after", ((reset - now) / 1_000).max(1).to_string())
            .header("x-ratelimit-limit", limit.to_string())
            .header("x-ratelimit-remaining", "0");
    };
    let action = match (request.method.as_str(), action) {
        ("POST", "validate") => Action::Validate,
        ("POST", "activate") => Action::Activate,
        ("POST", "deactivate") => Action::Deactivate,
        _ => {
            return Reply::json(404, &object! { "message": "Not found." }).unexpected("no such endpoint");
        }
    };
    match read(action, request) {
        Ok(form) => {
            let reply = world.lemon_squeezy.answer(action, &form, now);
            if world.lemon_squeezy.answers_of_2023 { as_in_2023(reply) } else { reply }
        }
        Err(reply) => reply,
    }
    .header("x-ratelimit-limit", limit.to_string())
    .header("x-ratelimit-remaining", left.to_string())
}

/// The form, if the request is as the documentation wants it.
fn read(action: Action, request: &Incoming) -> Result<BTreeMap<String, String>, Reply> {
    if request.header("accept") != "application/json" {
        return Err(Reply::text(406, "Not Acceptable").unexpected("the Accept header"));
    }
    if request.content_type() != "application/x-www-form-urlencoded" {
        return Err(Reply::text(415, "Unsupported Media Type").unexpected("the Content-Type header"));
    }
    if !request.query.is_empty() {
        return Err(invalid("query", "The fields belong in the body.").unexpected("fields in the query"));
    }
    let form = request.form().map_err(|why| invalid("license_key", &why).unexpected(why))?;
    let fields = action.fields();
    if let Some(unknown) = form.keys().find(|name| !fields.iter().any(|(known, _)| known == name)) {
        return Err(invalid(unknown, "The field is unknown.").unexpected(format!("the field {unknown}")));
    }
    for (name, _) in fields.iter().filter(|(_, needed)| *needed) {
        if form.get(*name).is_none_or(String::is_empty) {
            let why = format!("The {} field is required.", name.replace('_', " "));
            return Err(invalid(name, &why).unexpected(format!("no field {name}")));
        }
    }
    Ok(form)
}

fn invalid(field: &str, why: &str) -> Reply {
    let mut errors = Object::default();
    errors.set(field, vec![why]);
    Reply::json(422, &object! { "message": why, "errors": errors })
}

impl LemonSqueezy {
    fn answer(&mut self, action: Action, form: &BTreeMap<String, String>, now: i64) -> Reply {
        // As it was issued: the documentation promises nothing for another case.
        let Some(position) = self.keys.iter().position(|known| Some(&known.key) == form.get("license_key")) else {
            return missing(action, "license_key not found.");
        };
        let status = self.keys[position].status(now);
        let wanted = form.get("instance_id").map(String::as_str);
        let license = &mut self.keys[position];
        let found = wanted.and_then(|id| license.instances.iter().position(|instance| instance.id == id));
        if wanted.is_some() && found.is_none() {
            return missing(action, "license_key_instance not found.");
        }
        match (action, status) {
            // A key that no longer works can still be given back.
            (Action::Deactivate, _) => {
                license.instances.retain(|instance| Some(instance.id.as_str()) != wanted);
                verdict(action, None, license, None, now)
            }
            (_, KeyStatus::Disabled) => verdict(action, Some("This license key is disabled."), license, None, now),
            (_, KeyStatus::Expired) => verdict(action, Some("This license key is expired."), license, None, now),
            (Action::Validate, _) => {
                let instance = found.map(|instance| license.instances[instance].clone());
                verdict(action, None, license, instance.as_ref(), now)
            }
            (Action::Activate, _) => {
                if license.activation_limit.is_some_and(|limit| license.instances.len() as u64 >= limit) {
                    let why = "This license key has reached the activation limit.";
                    return verdict(action, Some(why), license, None, now);
                }
                let name = form.get("instance_name").map_or("", String::as_str);
                let instance = Instance::new(self.instance_numbers.next(), name, now);
                license.instances.push(instance.clone());
                if license.forced == Some(KeyStatus::Inactive) {
                    license.forced = None;
                }
                verdict(action, None, license, Some(&instance), now)
            }
        }
    }
}

/// A reply without what was added since, and with its times as they were.
fn as_in_2023(mut reply: Reply) -> Reply {
    let mut body: serde_json::Value = serde_json::from_slice(&reply.body).expect("a reply is JSON");
    if let Some(key) = body["license_key"].as_object_mut() {
        key.remove("test_mode");
        for name in ["created_at", "expires_at"] {
            if let Some(time) = key.get(name).and_then(serde_json::Value::as_str) {
                let bare = time.replace('T', " ").replace(".000000Z", "");
                key.insert(name.to_owned(), bare.into());
            }
        }
    }
    if let Some(meta) = body["meta"].as_object_mut() {
        meta.retain(|name, _| !name.starts_with("customer_"));
    }
    reply.body = serde_json::to_vec(&body).expect("a reply serializes");
    reply
}

/// A 404, which says nothing about any key.
fn missing(action: Action, why: &str) -> Reply {
    let mut body = Object::default();
    body.set(action.verdict(), false);
    body.set("error", why);
    Reply::json(404, &body)
}

/// What is said of a key that is there: 200, or 400 with the same body and the reason.
fn verdict(action: Action, error: Option<&str>, key: &LicenseKey, instance: Option<&Instance>, now: i64) -> Reply {
    let mut body = Object::default();
    body.set(action.verdict(), error.is_none());
    body.set("error", error);
    body.set(
        "license_key",
        object! {
            "id": key.id,
            "status": key.status(now).as_str(),
            "key": &key.key,
            "activation_limit": key.activation_limit,
            "activation_usage": key.instances.len(),
            "created_at": microseconds(key.created_at),
            "expires_at": key.expires_at.map(microseconds),
            "test_mode": key.test_mode,
        },
    );
    let instance = instance.map(|instance| {
        object! {
            "id": &instance.id,
            "name": &instance.name,
            "created_at": microseconds(instance.created_at),
        }
    });
    match action {
        Action::Validate => body.set("instance", instance),
        Action::Activate => body.set_some("instance", instance.map(Value::from)),
        Action::Deactivate => {}
    }
    body.set(
        "meta",
        object! {
            "store_id": key.store_id,
            "order_id": key.order_id,
            "order_item_id": key.order_item_id,
            "product_id": key.product_id,
            "product_name": &key.product_name,
            "variant_id": key.variant_id,
            "variant_name": &key.variant_name,
            "customer_id": key.customer_id,
            "customer_name": &key.name,
            "customer_email": &key.email,
        },
    );
    Reply::json(if error.is_none() { 200 } else { 400 }, &body)
}

impl Quota {
    /// Counts a request and says how many are left; `None` if there was none.
    fn spend(&mut self, limit: u64, now: i64) -> Option<u64> {
        if now >= self.resets_at {
            *self = Self { resets_at: now + MINUTE, used: 0 };
        }
        let left = limit.checked_sub(self.used + 1)?;
        self.used += 1;
        Some(left)
    }
}
