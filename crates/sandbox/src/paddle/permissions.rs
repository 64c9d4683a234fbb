//! What a key permits: each entity to be read, or to be written. What is included with an entity has to be permitted as well.
//! <https://developer.paddle.com/api-reference/about/permissions>

use super::Paddle;
use super::api::error;
use crate::incoming::Incoming;
use crate::reply::Reply;
use crate::sandbox::Sandbox;

/// The entities that the sandbox has, by the first part of their path, and by the name that permissions have.
const ENTITIES: [(&str, &str); 5] = [
    ("customers", "customer"),
    ("transactions", "transaction"),
    ("adjustments", "adjustment"),
    ("notification-settings", "notification_setting"),
    ("products", "product"),
];

/// What may be included that is an entity of its own.
const INCLUDED: [(&str, &str); 2] = [("customer", "customer"), ("prices", "price")];

impl Paddle {
    /// The answer to a request that the key does not permit; `None` to any other.
    pub(super) fn not_permitted(&self, request: &Incoming) -> Option<Reply> {
        let permitted = self.permitted.as_ref()?;
        let (method, path) = request.route();
        let (_, entity) = ENTITIES.iter().find(|(known, _)| path.first() == Some(known))?;
        let level = if method == "GET" { "read" } else { "write" };
        let include = request.query("include").unwrap_or_default();
        let included = INCLUDED.iter().filter(|(name, _)| include.split(',').any(|one| one == *name));
        let mut needed = included.map(|(_, entity)| format!("{entity}.read")).chain([format!("{entity}.{level}")]);
        needed.any(|needed| !permitted.contains(&needed)).then(|| error(403, "forbidden"))
    }
}

/// What the seller lets the key do.
impl Sandbox {
    /// Lets the key do these and nothing else: `adjustment.read`, `notification_setting.write`.
    pub fn restrict_paddle_key(&self, permissions: &[&str]) {
        self.world().paddle.permitted = Some(permissions.iter().map(|it| (*it).to_owned()).collect());
    }
}
