//! What Stripe is asked: the line items of a session, and of which session or invoice a payment is.
//!
//! A charge names neither its session nor, since 2025-03-31.basil, its invoice. So a refund or a dispute is joined by what the charge
//! does name, its payment intent: to the session of a sale of its own, else to the invoice that it pays, which names the subscription.

use percent_encoding::{NON_ALPHANUMERIC, utf8_percent_encode};

use super::wire::{Charge, Invoice, LineItem, Session, reference};
use super::{API_KEY, Storefront, Stripe, VERSION};
use crate::adapters::Failure;
use crate::adapters::storefronts::listing::{Api, Unanswered};
use crate::json::{At, FieldError, Json};
use crate::model::StorefrontId;
use crate::platform::{HttpRequest, Method, Platform};

/// What a restricted key has to permit, as Stripe's page of the key calls it, and at which level.
/// <https://docs.stripe.com/keys/restricted-api-keys>
pub(super) mod permissions {
    pub(in super::super) const SESSIONS: &str = "Checkout Sessions (read)";
    pub(in super::super) const CHARGES: &str = "Charges and Refunds (read)";
    pub(in super::super) const INVOICES: &str = "Invoices (read)";
    pub(in super::super) const EVENTS: &str = "Events (read)";
    pub(in super::super) const PRODUCTS: &str = "Products (read)";
    pub(in super::super) const PRICES: &str = "Prices (read)";
    pub(in super::super) const PAYMENT_LINKS: &str = "Payment Links (read)";
    pub(in super::super) const ENDPOINTS: &str = "Webhook Endpoints (read)";
    pub(in super::super) const CHANGE_ENDPOINTS: &str = "Webhook Endpoints (write)";
}

impl Stripe {
    /// Sends a request to a path of the API, which the key has to permit.
    ///
    /// # Errors
    /// [`Failure`] when there is no answer that could be believed.
    pub(super) async fn send(
        &self,
        platform: &impl Platform,
        permission: &'static str,
        request: HttpRequest,
    ) -> Result<Vec<u8>, Failure> {
        self.ask(platform, permission, request).await.map_err(Failure::from)
    }

    async fn ask(
        &self,
        platform: &impl Platform,
        permission: &'static str,
        request: HttpRequest,
    ) -> Result<Vec<u8>, Unanswered> {
        let (service, accept) = (Self::PROFILE.name, "application/json");
        let credential = self.api_key().map_err(Unanswered::Everything)?;
        let api = Api { service, accept, credential, setting: API_KEY, permission: Some(permission) };
        // Otherwise the answer has the shape of the version that the account is set to.
        api.ask(platform, request.header("stripe-version", VERSION)).await
    }

    /// Asks for what is at a path.
    ///
    /// # Errors
    /// As [`Stripe::send`].
    pub(super) async fn get(
        &self,
        platform: &impl Platform,
        permission: &'static str,
        path: &str,
    ) -> Result<Vec<u8>, Failure> {
        let url = [&self.api_url, path].concat();
        self.send(platform, permission, HttpRequest::new(Method::Get, url)).await
    }

    /// Asks for one thing that something else has named.
    ///
    /// # Errors
    /// [`Unanswered`] when there is no answer that could be believed.
    async fn one(&self, platform: &impl Platform, permission: &'static str, path: &str) -> Result<Vec<u8>, Unanswered> {
        self.ask(platform, permission, HttpRequest::new(Method::Get, [&self.api_url, path].concat())).await
    }

    /// What was bought in a session, which no webhook says. A session has no more than a hundred lines.
    ///
    /// # Errors
    /// As [`Stripe::one`].
    pub(super) async fn line_items(
        &self,
        platform: &impl Platform,
        session: &StorefrontId,
    ) -> Result<Vec<LineItem>, Unanswered> {
        let path = ["/v1/checkout/sessions/", &escaped(session.as_str()), "/line_items?limit=100"].concat();
        let body = self.one(platform, permissions::SESSIONS, &path).await?;
        read(&body, |list| list.items("data")?.iter().map(LineItem::read).collect())
    }

    /// The session that a payment intent has paid.
    ///
    /// # Errors
    /// As [`Stripe::one`].
    pub(super) async fn session_of(
        &self,
        platform: &impl Platform,
        payment_intent: &StorefrontId,
    ) -> Result<Option<Session>, Unanswered> {
        let path = ["/v1/checkout/sessions?limit=1&payment_intent=", &escaped(payment_intent.as_str())].concat();
        let body = self.one(platform, permissions::SESSIONS, &path).await?;
        read(&body, |list| list.items("data")?.first().map(Session::read).transpose())
    }

    /// The id of the invoice that a payment intent has paid.
    /// <https://docs.stripe.com/api/invoice-payment/list>
    ///
    /// # Errors
    /// As [`Stripe::one`].
    pub(super) async fn invoice_of(
        &self,
        platform: &impl Platform,
        payment_intent: &StorefrontId,
    ) -> Result<Option<String>, Unanswered> {
        let filter = "payment%5Btype%5D=payment_intent&payment%5Bpayment_intent%5D=";
        let path = ["/v1/invoice_payments?limit=1&", filter, &escaped(payment_intent.as_str())].concat();
        let body = self.one(platform, permissions::INVOICES, &path).await?;
        read(&body, |list| match list.items("data")?.first() {
            Some(payment) => reference(payment, "invoice"),
            None => Ok(None),
        })
    }

    /// An invoice.
    ///
    /// # Errors
    /// As [`Stripe::one`].
    pub(super) async fn invoice(&self, platform: &impl Platform, id: &StorefrontId) -> Result<Invoice, Unanswered> {
        let path = ["/v1/invoices/", &escaped(id.as_str())].concat();
        let body = self.one(platform, permissions::INVOICES, &path).await?;
        read(&body, Invoice::read)
    }

    /// A charge with its refunds.
    ///
    /// # Errors
    /// As [`Stripe::one`].
    pub(super) async fn charge(&self, platform: &impl Platform, id: &StorefrontId) -> Result<Charge, Unanswered> {
        let path = ["/v1/charges/", &escaped(id.as_str()), "?expand%5B%5D=refunds"].concat();
        let body = self.one(platform, permissions::CHARGES, &path).await?;
        read(&body, Charge::read)
    }
}

/// What an answer says.
fn read<T>(body: &[u8], read: impl FnOnce(&At<'_>) -> Result<T, FieldError>) -> Result<T, Unanswered> {
    let body = Json::parse_damaged(body).map_err(|_| Unanswered::This(unintelligible()))?;
    read(&body.root()).map_err(|_| Unanswered::This(unintelligible()))
}

pub(super) fn unintelligible() -> Failure {
    Failure::unintelligible(Stripe::PROFILE.name, 200)
}

pub(super) fn escaped(text: &str) -> String {
    utf8_percent_encode(text, NON_ALPHANUMERIC).to_string()
}
