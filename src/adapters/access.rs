//! Cloudflare Access in front of the console: whoever gets past it brings a JSON Web Token that says who they are.
//! <https://developers.cloudflare.com/cloudflare-one/access-controls/applications/http-apps/authorization-cookie/validating-json/>
//!
//! A token counts when it is signed by one of the team's keys, of the team, for this application, and now. What Access let through and why is
//! Access's own business.

use std::cell::RefCell;

use base64::Engine as _;
use base64::prelude::BASE64_URL_SAFE_NO_PAD as BASE64;
use serde::Deserialize;

use crate::config::Access;
use crate::json;
use crate::model::{EmailAddress, PublicKey, Timestamp};
use crate::platform::{HttpRequest, Method, Platform};

/// The header in which the token comes.
pub const HEADER: &str = "cf-access-jwt-assertion";

/// Where the keys of a team are. They change every six weeks, and the old ones are good for seven days more.
const KEYS_PATH: &str = "/cdn-cgi/access/certs";

/// A key that nobody knows is asked for once a minute at most: whoever makes tokens up must not make requests of ours.
const ASKED_EVERY_MS: i64 = 60_000;

/// How far our clock and Cloudflare's may differ.
const CLOCKS_DIFFER_S: i64 = 60;

/// The keys of the team that are known, and when they were last asked for. An isolate keeps them.
#[derive(Debug, Default)]
pub struct AccessKeys(RefCell<Known>);

#[derive(Debug, Default)]
struct Known {
    asked_at: Option<Timestamp>,
    keys: Vec<(String, PublicKey)>,
}

#[derive(Deserialize)]
struct Header {
    alg: String,
    kid: String,
}

#[derive(Deserialize)]
struct Claims {
    iss: String,
    aud: Audience,
    /// In seconds, as is the next.
    exp: i64,
    #[serde(default)]
    nbf: Option<i64>,
    /// Absent of a service's token.
    #[serde(default)]
    email: Option<String>,
}

#[derive(Deserialize)]
#[serde(untagged)]
enum Audience {
    One(String),
    Several(Vec<String>),
}

#[derive(Deserialize)]
struct KeySet {
    keys: Vec<Key>,
}

#[derive(Deserialize)]
struct Key {
    kid: String,
    kty: String,
    n: String,
    e: String,
}

impl Audience {
    fn has(&self, wanted: &str) -> bool {
        match self {
            Self::One(one) => one == wanted,
            Self::Several(several) => several.iter().any(|one| one == wanted),
        }
    }
}

/// Who brings a token, by their mail address; `None` where it is none that counts.
pub async fn identity(
    platform: &impl Platform,
    access: &Access,
    keys: &AccessKeys,
    token: &str,
) -> Option<EmailAddress> {
    let (signed, signature) = token.rsplit_once('.')?;
    let (header, claims) = signed.split_once('.')?;
    let header: Header = part(header)?;
    if header.alg != "RS256" {
        return None;
    }
    let key = keys.of(platform, access, &header.kid).await?;
    let signature = BASE64.decode(signature).ok()?;
    if !platform.verify_rs256(&key, signed.as_bytes(), &signature).await {
        return None;
    }
    let claims: Claims = part(claims)?;
    let now_s = platform.now().as_millis() / 1000;
    let is_now = claims.exp > now_s && claims.nbf.is_none_or(|from| from <= now_s + CLOCKS_DIFFER_S);
    let is_for_us = claims.iss == access.issuer && claims.aud.has(&access.audience);
    if !(is_now && is_for_us) {
        return None;
    }
    EmailAddress::parse(&claims.email?).ok()
}

/// A part of a token.
fn part<T: for<'a> Deserialize<'a>>(text: &str) -> Option<T> {
    json::from_bytes(&BASE64.decode(text).ok()?).ok()
}

impl AccessKeys {
    /// The key of that name. One that is not known is asked for.
    async fn of(&self, platform: &impl Platform, access: &Access, kid: &str) -> Option<PublicKey> {
        if let Some(key) = self.known(kid) {
            return Some(key);
        }
        let now = platform.now();
        {
            let mut known = self.0.borrow_mut();
            let asked = known.asked_at.is_some_and(|asked| now < asked.plus_millis(ASKED_EVERY_MS));
            if asked {
                return None;
            }
            known.asked_at = Some(now);
        }
        let request = HttpRequest::new(Method::Get, format!("{}{KEYS_PATH}", access.api_url));
        let answer = platform.send(request).await.ok().filter(|answer| answer.status == 200)?;
        let set: KeySet = json::from_bytes(&answer.body).ok()?;
        let read = |key: Key| {
            let is_rsa = key.kty == "RSA";
            is_rsa.then(|| PublicKey::new(&key.n, &key.e)).flatten().map(|public| (key.kid, public))
        };
        self.0.borrow_mut().keys = set.keys.into_iter().filter_map(read).collect();
        self.known(kid)
    }

    fn known(&self, kid: &str) -> Option<PublicKey> {
        self.0.borrow().keys.iter().find(|(known, _)| known == kid).map(|(_, key)| key.clone())
    }
}
