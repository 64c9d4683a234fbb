//! The scopes of a token: each resource to be read, or to be written, which permits to read it as well.
//! <https://polar.sh/docs/integrate/oat>

use super::Polar;
use super::api::error;
use crate::incoming::Incoming;
use crate::reply::Reply;
use crate::sandbox::Sandbox;

impl Polar {
    /// The answer to a request for which the token lacks a scope; `None` to any other. Whether there is what is asked for is not looked
    /// at before.
    pub(super) fn out_of_scope(&self, request: &Incoming) -> Option<Reply> {
        let scopes = self.scopes.as_ref()?;
        let (method, path) = request.route();
        let resource = match path.as_slice() {
            ["v1", "customers", _, "members"] => "members",
            ["v1", resource, ..] => resource,
            _ => return None,
        };
        let [read, write] = ["read", "write"].map(|level| format!("{resource}:{level}"));
        let is_permitted = scopes.contains(&write) || (method == "GET" && scopes.contains(&read));
        (!is_permitted).then(|| error(403, "insufficient_scope"))
    }
}

/// What the seller lets the token do.
impl Sandbox {
    /// Gives the token these scopes and no others: `disputes:read`, `webhooks:write`.
    pub fn restrict_polar_token(&self, scopes: &[&str]) {
        self.world().polar.scopes = Some(scopes.iter().map(|it| (*it).to_owned()).collect());
    }
}
