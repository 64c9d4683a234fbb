//! Sessions: what a browser shows to be who was there before. They are signed and not stored, so they cost no read, and end by
//! themselves. None holds a token of anybody's.
//!
//! Each kind is signed with a key of its own, which is derived from a secret that is there for something else, so that none is to be
//! set for it: with that secret, every session ends.

use base64::Engine as _;
use base64::prelude::BASE64_URL_SAFE_NO_PAD as BASE64;
use hmac::{Hmac, KeyInit, Mac};
use serde::de::DeserializeOwned;
use serde::{Deserialize, Serialize};
use sha2::Sha256;

use super::cookie;
use crate::config::Config;
use crate::http::{Request, Response};
use crate::model::{GithubUserId, LicenseKey, PresentedKey, Repo, Secret, Timestamp};
use crate::platform::{NoRandomness, Platform};

/// How long a buyer's session lasts.
pub(crate) const SESSION_S: i64 = 60 * 60;

/// Signs and reads what is of one kind.
pub(crate) struct Sealer {
    key: Vec<u8>,
}

/// A buyer who has shown the key of a license.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
pub(crate) struct Session {
    /// Its own, so that a sign-in belongs to the session in which it was begun.
    #[serde(rename = "i")]
    pub(crate) id: String,
    #[serde(rename = "k")]
    key: String,
    /// In milliseconds.
    #[serde(rename = "x")]
    ends_at: i64,
    /// What the buyer has chosen and not activated yet.
    #[serde(rename = "c", default, skip_serializing_if = "Vec::is_empty")]
    chosen: Vec<String>,
    /// GitHub's number of the account that this browser has shown to know.
    #[serde(rename = "a", default, skip_serializing_if = "Option::is_none")]
    account: Option<i64>,
    /// How it has shown that.
    #[serde(rename = "o", default)]
    shown: Shown,
}

/// How a browser has shown to know the account that a license is activated for.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Default, Serialize, Deserialize)]
pub(crate) enum Shown {
    /// By its username, which is public: whoever has found the key may have guessed it.
    #[default]
    ByName,
    /// As the license's owner: by signing in at GitHub, by the mail to the address with which it was bought, or by having been the
    /// first to activate it.
    AsOwner,
}

impl Sealer {
    /// The one of a kind, derived from this secret.
    pub(crate) fn new(secret: &Secret, kind: &'static str) -> Self {
        Self { key: derived(secret, kind).to_vec() }
    }

    /// The buyer's. `None` where no secret is configured at all.
    pub(crate) fn of_buyers(config: &Config) -> Option<Self> {
        config.pages.signing.as_ref().map(|secret| Self::new(secret, "latchkey buyer's session 1"))
    }

    /// Writes something so that nobody else can.
    pub(crate) fn seal(&self, content: &impl Serialize) -> String {
        // Plain records always serialize.
        let content = BASE64.encode(serde_json::to_vec(content).unwrap_or_default());
        let signature = BASE64.encode(mac(&self.key, content.as_bytes()));
        format!("{content}.{signature}")
    }

    /// Reads what [`Sealer::seal`] wrote. The comparison takes a time that does not depend on where they differ.
    pub(crate) fn open<T: DeserializeOwned>(&self, sealed: &str) -> Option<T> {
        let (content, signature) = sealed.split_once('.')?;
        let signature = BASE64.decode(signature).ok()?;
        let expected = Hmac::<Sha256>::new_from_slice(&self.key).ok()?.chain_update(content.as_bytes());
        expected.verify_slice(&signature).ok()?;
        serde_json::from_slice(&BASE64.decode(content).ok()?).ok()
    }
}

impl Session {
    /// A session for whoever has shown this key, under an id of its own.
    ///
    /// # Errors
    /// [`NoRandomness`].
    pub(crate) fn begin(platform: &impl Platform, key: &LicenseKey) -> Result<Self, NoRandomness> {
        let ends_at = platform.now().plus_millis(SESSION_S * 1000).as_millis();
        let key = key.as_str().to_owned();
        Ok(Self { id: random_text(platform)?, key, ends_at, chosen: Vec::new(), account: None, shown: Shown::ByName })
    }

    /// The session that a request shows, if it has not ended.
    pub(crate) fn of(request: &Request, config: &Config, now: Timestamp) -> Option<Self> {
        let session: Self = Sealer::of_buyers(config)?.open(cookie::read(request, cookie::SESSION)?)?;
        (session.ends_at > now.as_millis()).then_some(session)
    }

    /// The key that was shown.
    pub(crate) fn key(&self) -> Option<PresentedKey> {
        PresentedKey::parse(&self.key).ok()
    }

    /// What the buyer has chosen.
    pub(crate) fn chosen(&self) -> Option<Vec<Repo>> {
        let repos: Vec<_> = self.chosen.iter().filter_map(|name| Repo::parse(name).ok()).collect();
        (!repos.is_empty()).then_some(repos)
    }

    pub(crate) fn knows(&self, account: GithubUserId) -> bool {
        self.account == Some(account.as_i64())
    }

    /// The account that this browser has shown to be its own, or to have been given the license for.
    pub(crate) fn owned(&self) -> Option<GithubUserId> {
        self.account.filter(|_| self.shown == Shown::AsOwner).and_then(GithubUserId::new)
    }

    #[must_use]
    pub(crate) fn choosing(self, repos: &[Repo]) -> Self {
        Self { chosen: repos.iter().map(|repo| repo.as_str().to_owned()).collect(), ..self }
    }

    /// The same for somebody who has shown to know an account. It is another session then: whoever knew the id before must not be
    /// this one. Who was shown to be the owner before stays so.
    ///
    /// # Errors
    /// [`NoRandomness`].
    pub(crate) fn knowing(
        self,
        platform: &impl Platform,
        account: GithubUserId,
        shown: Shown,
    ) -> Result<Self, NoRandomness> {
        let shown = if self.owned() == Some(account) { Shown::AsOwner } else { shown };
        Ok(Self { id: random_text(platform)?, account: Some(account.as_i64()), shown, chosen: Vec::new(), ..self })
    }

    /// Gives it to the browser, for as long as it lasts.
    pub(crate) fn give(&self, response: Response, config: &Config, now: Timestamp) -> Response {
        let Some(sealer) = Sealer::of_buyers(config) else { return response };
        let seconds = (self.ends_at - now.as_millis()) / 1000;
        cookie::set(response, cookie::SESSION, &sealer.seal(self), seconds)
    }
}

/// 128 random bits as text.
///
/// # Errors
/// [`NoRandomness`].
pub(crate) fn random_text(platform: &impl Platform) -> Result<String, NoRandomness> {
    let mut random = [0; 16];
    platform.fill_random(&mut random)?;
    Ok(BASE64.encode(random))
}

/// A key for one purpose, from a secret that is there.
pub(crate) fn derived(secret: &Secret, purpose: &'static str) -> [u8; 32] {
    mac(secret.expose().as_bytes(), purpose.as_bytes())
}

pub(crate) fn mac(key: &[u8], message: &[u8]) -> [u8; 32] {
    // A key of any length is one for HMAC.
    let mac = Hmac::<Sha256>::new_from_slice(key).map(|mac| mac.chain_update(message).finalize().into_bytes().into());
    mac.unwrap_or_default()
}

#[cfg(test)]
mod tests {
    use super::*;

    fn sealer(secret: &str, kind: &'static str) -> Sealer {
        Sealer::new(&Secret::new(secret).unwrap(), kind)
    }

    #[test]
    fn what_is_sealed_is_read_by_the_same_secret_and_kind_alone() {
        let sealed = sealer("a", "x").seal(&["content"]);
        assert_eq!(sealer("a", "x").open(&sealed), Some(vec!["content".to_owned()]));
        for other in [sealer("b", "x"), sealer("a", "y")] {
            assert_eq!(other.open::<Vec<String>>(&sealed), None);
        }
    }

    #[test]
    fn nothing_that_was_changed_is_read() {
        let sealer = sealer("a", "x");
        let sealed = sealer.seal(&["content"]);
        for at in 0..sealed.len() {
            let mut changed = sealed.clone().into_bytes();
            changed[at] = if changed[at] == b'A' { b'B' } else { b'A' };
            let changed = String::from_utf8(changed).unwrap();
            // The last character of a signature has two bits that mean nothing, which the decoder insists on being none.
            assert_eq!(sealer.open::<Vec<String>>(&changed), None, "{at}");
        }
        for nothing in ["", ".", "..", "a.b", sealed.trim_end_matches(|letter| letter != '.')] {
            assert_eq!(sealer.open::<Vec<String>>(nothing), None, "{nothing}");
        }
    }
}
