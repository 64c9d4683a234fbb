//! What a restricted key permits: each resource to be read, or to be written, which permits to read it as well.
//! <https://docs.stripe.com/keys/restricted-api-keys>
//!
//! What Stripe calls each permission to programs is documented for a few only; the others are named alike. A client must not depend on
//! the names, which the sandbox only shows.

use super::Stripe;
use crate::incoming::Incoming;
use crate::reply::Reply;
use crate::sandbox::Sandbox;
use crate::value::object;

/// The resources that the sandbox has, by the first part of their path, and by the name that permissions have.
const RESOURCES: [(&str, &str); 9] = [
    ("checkout", "checkout_session"),
    ("invoice_payments", "invoice"),
    ("invoices", "invoice"),
    ("charges", "charge"),
    ("events", "event"),
    ("webhook_endpoints", "webhook"),
    ("products", "product"),
    ("prices", "plan"),
    ("payment_links", "payment_link"),
];

impl Stripe {
    /// The answer to a request that the key does not permit; `None` to any other.
    pub(super) fn not_permitted(&self, request: &Incoming) -> Option<Reply> {
        let permitted = self.permitted.as_ref()?;
        let (method, path) = request.route();
        let resource = path.get(1)?;
        let (_, name) = RESOURCES.iter().find(|(known, _)| known == resource)?;
        let [read, write] = ["read", "write"].map(|level| format!("{name}_{level}"));
        let needed = if method == "GET" { &read } else { &write };
        if permitted.contains(needed) || permitted.contains(&write) {
            return None;
        }
        let message = format!(
            "The provided key 'rk_live_*********box' does not have the required permissions for this endpoint on account \
             'acct_1Sandbox'. Having the 'rak_{needed}' permission would allow this request to continue."
        );
        // Stripe gives this error no code.
        let error = object! { "message": message, "type": "invalid_request_error" };
        Some(Reply::json(403, &object! { "error": error }))
    }
}

/// What the seller lets the key do.
impl Sandbox {
    /// Makes the key a restricted one that permits these and nothing else: `charge_read`, `webhook_write`.
    ///
    /// # Panics
    ///
    /// If there is no permission of such a name.
    pub fn restrict_stripe_key(&self, permissions: &[&str]) {
        let is_known = |permission: &str| {
            let name = permission.strip_suffix("_read").or(permission.strip_suffix("_write"));
            RESOURCES.iter().any(|(_, known)| Some(*known) == name)
        };
        for permission in permissions {
            assert!(is_known(permission), "Stripe has no permission {permission}");
        }
        self.world().stripe.permitted = Some(permissions.iter().map(|it| (*it).to_owned()).collect());
    }
}
