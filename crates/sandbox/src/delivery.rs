//! What a storefront sends to the seller's endpoint. Built by the storefronts' modules, sent by whoever asked.

use serde::{Deserialize, Serialize};

/// One HTTP request from a storefront, always a `POST`, to be sent to the Worker as it is.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
pub struct Delivery {
    /// The storefront's word for what happened: Gumroad's `resource_name`, Lemon Squeezy's `event_name`, Paddle's `event_type`,
    /// the `type` of Polar, of Stripe and of Standard Webhooks.
    pub event: String,
    /// The storefront's id of what it happened to: Gumroad's sale or subscription, the `data.id` of
    /// Lemon Squeezy, Paddle and Polar, the id of Stripe's `data.object`, the payment or subscription of Standard Webhooks.
    pub reference: String,
    /// Where it goes on the Worker's origin, for example `/webhooks/gumroad?secret=…`.
    pub path_and_query: String,
    /// Header names in lower case, with their values.
    pub headers: Vec<(String, String)>,
    /// The raw body. In JSON it is a text.
    #[serde(with = "text")]
    pub body: Vec<u8>,
}

impl Delivery {
    /// The delivery as a request without an origin.
    pub fn to_request(&self) -> http::Request<Vec<u8>> {
        let mut request = http::Request::post(&self.path_and_query);
        for (name, value) in &self.headers {
            request = request.header(name, value);
        }
        request.body(self.body.clone()).expect("a delivery has a valid path and valid headers")
    }

    /// The body as text. Every storefront sends UTF-8.
    pub fn body_text(&self) -> String {
        String::from_utf8_lossy(&self.body).into_owned()
    }
}

mod text {
    use serde::{Deserialize, Deserializer, Serialize, Serializer};

    pub(super) fn serialize<S: Serializer>(body: &[u8], serializer: S) -> Result<S::Ok, S::Error> {
        std::str::from_utf8(body).map_err(serde::ser::Error::custom)?.serialize(serializer)
    }

    pub(super) fn deserialize<'de, D: Deserializer<'de>>(deserializer: D) -> Result<Vec<u8>, D::Error> {
        String::deserialize(deserializer).map(String::into_bytes)
    }
}
