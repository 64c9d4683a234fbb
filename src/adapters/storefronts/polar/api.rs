//! What Polar is asked: an order, for what a refund or a dispute is of, and who owns a team.
//! <https://polar.sh/docs/api-reference/introduction>

use percent_encoding::{NON_ALPHANUMERIC, utf8_percent_encode};

use super::wire::{Member, Order};
use super::{ACCESS_TOKEN, Organization, Polar, Storefront};
use crate::adapters::Failure;
use crate::adapters::storefronts::listing::{Api, Unanswered};
use crate::json::{At, FieldError, Json};
use crate::model::StorefrontId;
use crate::platform::{HttpRequest, Method, Platform};

/// The version of the API that is asked for.
const VERSION: &str = "2026-04";

/// The id of no customer.
const NOBODY: &str = "00000000-0000-4000-8000-000000000000";

/// What a token has to permit, as Polar calls it. <https://polar.sh/docs/integrate/oat>
pub(super) mod scopes {
    pub(in super::super) const ORDERS: &str = "orders:read";
    pub(in super::super) const REFUNDS: &str = "refunds:read";
    pub(in super::super) const DISPUTES: &str = "disputes:read";
    pub(in super::super) const MEMBERS: &str = "members:read";
    pub(in super::super) const PRODUCTS: &str = "products:read";
    pub(in super::super) const WEBHOOKS: &str = "webhooks:read";
    pub(in super::super) const CHANGE_WEBHOOKS: &str = "webhooks:write";
}

impl Polar {
    /// Sends a request to a path of the API, which the token has to permit.
    ///
    /// # Errors
    /// [`Failure`] when there is no answer that could be believed.
    pub(super) async fn send(
        &self,
        platform: &impl Platform,
        scope: &'static str,
        request: HttpRequest,
    ) -> Result<Vec<u8>, Failure> {
        self.ask(platform, scope, request).await.map_err(Failure::from)
    }

    async fn ask(
        &self,
        platform: &impl Platform,
        scope: &'static str,
        request: HttpRequest,
    ) -> Result<Vec<u8>, Unanswered> {
        let (service, accept) = (Self::PROFILE.name, "application/json");
        let credential = self.access_token().map_err(Unanswered::Everything)?;
        let api = Api { service, accept, credential, setting: ACCESS_TOKEN, permission: Some(scope) };
        api.ask(platform, request.header("polar-version", VERSION)).await
    }

    /// Asks for what is at a path.
    ///
    /// # Errors
    /// As [`Polar::send`].
    pub(super) async fn get(
        &self,
        platform: &impl Platform,
        scope: &'static str,
        path: &str,
    ) -> Result<Vec<u8>, Failure> {
        let url = [&self.api_url, path].concat();
        self.send(platform, scope, HttpRequest::new(Method::Get, url)).await
    }

    /// Asks for one thing that something else has named.
    ///
    /// # Errors
    /// [`Unanswered`] when there is no answer that could be believed.
    async fn one(&self, platform: &impl Platform, scope: &'static str, path: &str) -> Result<Vec<u8>, Unanswered> {
        self.ask(platform, scope, HttpRequest::new(Method::Get, [&self.api_url, path].concat())).await
    }

    /// How an order stands.
    ///
    /// # Errors
    /// As [`Polar::one`].
    pub(super) async fn order(&self, platform: &impl Platform, id: &StorefrontId) -> Result<Order, Unanswered> {
        let path = ["/v1/orders/", &escaped(id.as_str())].concat();
        let body = self.one(platform, scopes::ORDERS, &path).await?;
        read(&body, Order::read)
    }

    /// Who owns a team.
    ///
    /// # Errors
    /// As [`Polar::one`].
    pub(super) async fn owner(
        &self,
        platform: &impl Platform,
        customer: &StorefrontId,
    ) -> Result<Option<Member>, Unanswered> {
        let body = self.one(platform, scopes::MEMBERS, &owner_path(customer.as_str())).await?;
        read(&body, |list| list.items("items")?.first().map(Member::read).transpose())
    }

    /// Sees that the token permits what is only asked for now and then: what a refund, a dispute and a team are read with.
    ///
    /// # Errors
    /// [`Failure`] when it does not, or there is no answer that could be believed.
    pub(super) async fn see_permissions(&self, platform: &impl Platform) -> Result<(), Failure> {
        let filter = self.filter();
        for (name, scope) in [("refunds", scopes::REFUNDS), ("disputes", scopes::DISPUTES)] {
            self.get(platform, scope, &["/v1/", name, "/?limit=1", &filter].concat()).await?;
        }
        // Members are listed by their team alone, and any team may be deleted: nobody's will do, of whom a token that may ask hears
        // that there is no such customer.
        match self.one(platform, scopes::MEMBERS, &owner_path(NOBODY)).await {
            Ok(_) | Err(Unanswered::This(_)) => Ok(()),
            Err(Unanswered::Everything(failure)) => Err(failure),
        }
    }

    /// Narrows a list down to the seller's organization, where the settings name it.
    pub(super) fn filter(&self) -> String {
        match &self.organization {
            Organization::Only(id) => format!("&organization_id={id}"),
            Organization::Any | Organization::Unreadable => String::new(),
        }
    }
}

fn owner_path(customer: &str) -> String {
    ["/v1/customers/", &escaped(customer), "/members?role=owner&limit=1"].concat()
}

/// What an answer says.
fn read<T>(body: &[u8], read: impl FnOnce(&At<'_>) -> Result<T, FieldError>) -> Result<T, Unanswered> {
    let body = Json::parse_damaged(body).map_err(|_| Unanswered::This(unintelligible()))?;
    read(&body.root()).map_err(|_| Unanswered::This(unintelligible()))
}

pub(super) fn unintelligible() -> Failure {
    Failure::unintelligible(Polar::PROFILE.name, 200)
}

pub(super) fn escaped(text: &str) -> String {
    utf8_percent_encode(text, NON_ALPHANUMERIC).to_string()
}
