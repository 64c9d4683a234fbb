//! Asking a Worker's admin API, and saying in one sentence what went wrong. The token goes to the Worker and nowhere
//! else: not into an error, not over an open line, not after a redirect.

use std::net::IpAddr;
use std::time::Duration;

use anyhow::{Context, anyhow, bail};
use latchkey::api::{Cursor, PageLimit};
use latchkey::model::catalogue::Problem;
use reqwest::header::{ACCEPT, CONTENT_TYPE, RETRY_AFTER};
use reqwest::redirect::Policy;
use reqwest::{Client, Method, RequestBuilder, StatusCode, Url};
use serde::{Deserialize, Serialize};
use serde_json::Value;
use serde_json::value::RawValue;

use crate::view::plain;

/// A Worker that takes longer is not well.
const REQUEST_LIMIT: Duration = Duration::from_secs(30);

/// What the API gives at most at once.
const PAGE: u8 = 100;

/// How often a question is asked again when the Worker says that it was asked too often.
const PATIENCE: u32 = 3;

/// What the API answers with. A page of whatever else listens there is none of it.
const FORMS: [&str; 2] = ["application/json", "application/toml"];

/// The admin API of one Worker. No `Debug`: it holds the token.
pub(crate) struct Api {
    client: Client,
    url: Url,
    token: String,
}

/// What a list gave, as it came.
#[derive(Debug, Default)]
pub(crate) struct Found {
    pub(crate) items: Vec<Box<RawValue>>,
    pub(crate) next_cursor: Option<Cursor>,
}

/// The Worker found mistakes in the catalogue that it was sent.
#[derive(Debug, thiserror::Error)]
#[error("the Worker finds mistakes in the catalogue")]
pub(crate) struct Mistakes(pub(crate) Vec<Problem>);

struct Answer {
    status: StatusCode,
    /// Without its parameters.
    content_type: String,
    /// Seconds.
    retry_after: Option<u64>,
    text: String,
}

/// A page whose items are left as they came.
#[derive(Deserialize)]
struct RawPage {
    items: Vec<Box<RawValue>>,
    next_cursor: Option<Cursor>,
}

/// What every error has. A code of a newer Worker is one too.
#[derive(Deserialize)]
struct Refused {
    code: String,
    detail: String,
    /// Of a catalogue with mistakes: all of them.
    problems: Option<Vec<Problem>>,
}

impl Found {
    /// As one page.
    pub(crate) fn to_json(&self) -> String {
        let items: Vec<_> = self.items.iter().map(|item| item.get()).collect();
        let cursor = self.next_cursor.as_ref().map_or(Value::Null, |cursor| cursor.as_str().into());
        format!("{{\"items\":[{}],\"next_cursor\":{cursor}}}", items.join(","))
    }
}

/// The token for a Worker: the environment's, or for a Worker on this machine that of `.dev.vars`.
///
/// # Errors
///
/// When there is none.
pub(crate) fn token(
    url: &Url,
    own: Option<String>,
    local: impl FnOnce() -> anyhow::Result<Option<String>>,
) -> anyhow::Result<String> {
    let own = own.map(|token| token.trim().to_owned()).filter(|token| !token.is_empty());
    match own {
        Some(token) => Ok(token),
        None if is_loopback(url) => local()?.context("set ADMIN_TOKEN in .dev.vars, or LATCHKEY_ADMIN_TOKEN"),
        None => bail!("set LATCHKEY_ADMIN_TOKEN in the environment to the ADMIN_TOKEN of {}", host(url)),
    }
}

impl Api {
    /// # Errors
    ///
    /// When the token may not be sent there, or that is no Worker's address.
    pub(crate) fn new(url: Url, token: String) -> anyhow::Result<Self> {
        if !matches!(url.scheme(), "http" | "https") || !url.has_host() {
            bail!("the Worker's address begins with https://");
        }
        if !url.username().is_empty() || url.password().is_some() {
            bail!("the Worker's address takes no user name and password");
        }
        if url.path() != "/" || url.query().is_some() || url.fragment().is_some() {
            bail!("the Worker's address ends with its host: write {} and nothing behind it", host(&url));
        }
        if url.scheme() == "http" && !is_loopback(&url) {
            bail!("{} would be sent the token over an open line: use https", host(&url));
        }
        if !token.bytes().all(|byte| byte.is_ascii_graphic()) {
            bail!("the admin token has characters that no token has");
        }
        let client = Client::builder().timeout(REQUEST_LIMIT).redirect(Policy::none());
        Ok(Self { client: client.build().context("cannot make an HTTP client")?, url, token })
    }

    /// Which Worker it is, for people.
    pub(crate) fn host(&self) -> String {
        host(&self.url)
    }

    /// The answer's text.
    pub(crate) async fn get(&self, path: &[&str]) -> anyhow::Result<String> {
        self.answer(self.request(Method::GET, path)?).await
    }

    /// The answer's text to a query.
    pub(crate) async fn get_with(&self, path: &[&str], query: &impl Serialize) -> anyhow::Result<String> {
        self.answer(self.request(Method::GET, path)?.query(query)).await
    }

    /// The answer's text, in that type.
    pub(crate) async fn get_as(&self, path: &[&str], content_type: &str) -> anyhow::Result<String> {
        self.answer(self.request(Method::GET, path)?.header(ACCEPT, content_type)).await
    }

    /// The answer's text.
    pub(crate) async fn post(&self, path: &[&str], body: &impl Serialize) -> anyhow::Result<String> {
        self.answer(self.request(Method::POST, path)?.json(body)).await
    }

    /// The answer's text, to a body that goes as it is.
    pub(crate) async fn put(
        &self,
        path: &[&str],
        query: &impl Serialize,
        content_type: &str,
        body: &str,
    ) -> anyhow::Result<String> {
        let request = self.request(Method::PUT, path)?.query(query).header(CONTENT_TYPE, content_type);
        self.answer(request.body(body.to_owned())).await
    }

    /// The items of a list, at most so many, and where the next ones begin. `query` says which part of the list.
    pub(crate) async fn items<Q: Serialize>(
        &self,
        path: &[&str],
        most: usize,
        cursor: Option<Cursor>,
        query: impl Fn(PageLimit, Option<Cursor>) -> Q,
    ) -> anyhow::Result<Found> {
        let mut found = Found { items: Vec::new(), next_cursor: cursor };
        loop {
            let missing = u8::try_from(most.saturating_sub(found.items.len())).unwrap_or(PAGE).min(PAGE);
            let limit = PageLimit::new(missing).unwrap_or_default();
            let query = query(limit, found.next_cursor.take());
            let text = self.answer(self.request(Method::GET, path)?.query(&query)).await?;
            let page: RawPage =
                serde_json::from_str(&text).context("the Worker answered with something that is no list")?;
            found.items.extend(page.items);
            found.next_cursor = page.next_cursor;
            if found.next_cursor.is_none() || found.items.len() >= most {
                return Ok(found);
            }
        }
    }

    /// The answer's text. Where there were too many requests before it, it is asked for again after a while: the Worker
    /// did nothing then.
    async fn answer(&self, request: RequestBuilder) -> anyhow::Result<String> {
        let mut waited = 0;
        loop {
            let answer = self.send(request.try_clone().context("this cannot be asked twice")?).await?;
            match answer.retry_after {
                Some(seconds) if answer.status == StatusCode::TOO_MANY_REQUESTS && waited < PATIENCE => {
                    eprintln!("asked too often; going on in {seconds} s");
                    tokio::time::sleep(Duration::from_secs(seconds)).await;
                    waited += 1;
                }
                _ => return self.understood(answer).await,
            }
        }
    }

    fn request(&self, method: Method, path: &[&str]) -> anyhow::Result<RequestBuilder> {
        let mut url = self.url.clone();
        let mut segments = url.path_segments_mut().map_err(|()| anyhow!("the Worker's address takes no path"))?;
        segments.clear().push("admin").extend(path);
        drop(segments);
        Ok(self.client.request(method, url).bearer_auth(&self.token))
    }

    async fn send(&self, request: RequestBuilder) -> anyhow::Result<Answer> {
        let response = request.send().await.map_err(|error| self.unanswered(&error))?;
        let status = response.status();
        let header = |name| response.headers().get(name).and_then(|value| value.to_str().ok());
        let content_type = header(CONTENT_TYPE).unwrap_or_default().split(';').next().unwrap_or_default().to_owned();
        let retry_after = header(RETRY_AFTER).and_then(|value| value.parse().ok());
        let text = response.text().await.map_err(|error| self.unanswered(&error))?;
        Ok(Answer { status, content_type, retry_after, text })
    }

    /// The text of a good answer; of any other, what is wrong.
    async fn understood(&self, Answer { status, content_type, text, .. }: Answer) -> anyhow::Result<String> {
        let host = self.host();
        if status.is_redirection() {
            bail!("{host} leads elsewhere ({status}): is that the Worker's address?");
        }
        if status.is_success() && FORMS.contains(&content_type.as_str()) {
            return Ok(text);
        }
        let Ok(Refused { code, detail, problems }) = serde_json::from_str(&text) else {
            bail!("{host} answered {status}, and not in the Worker's words: is that the Worker's address?");
        };
        if let Some(problems) = problems {
            return Err(Mistakes(problems).into());
        }
        match status {
            StatusCode::UNAUTHORIZED => bail!("{host} refuses the token: it is not the Worker's ADMIN_TOKEN"),
            StatusCode::NOT_FOUND if !self.is_open().await => {
                bail!("{host} has no admin API: set its secret ADMIN_TOKEN (`npx wrangler secret put ADMIN_TOKEN`)")
            }
            _ => bail!("{} ({})", plain(&detail).trim_end_matches('.'), plain(&code)),
        }
    }

    /// Whether there is an admin API at all. Without a token the Worker answers to it as to any path that is not there.
    async fn is_open(&self) -> bool {
        let Ok(request) = self.request(Method::GET, &["status"]) else { return false };
        self.send(request).await.is_ok_and(|answer| answer.status != StatusCode::NOT_FOUND)
    }

    fn unanswered(&self, error: &reqwest::Error) -> anyhow::Error {
        let host = self.host();
        if error.is_connect() {
            anyhow!("nothing answers at {host}: is the Worker running, and is LATCHKEY_URL its address?")
        } else if error.is_timeout() {
            anyhow!("{host} did not answer within {} s", REQUEST_LIMIT.as_secs())
        } else {
            anyhow!("the connection to {host} broke")
        }
    }
}

/// What of an address can be shown: whatever else is in it may be meant for nobody's eyes.
pub(crate) fn host(url: &Url) -> String {
    let host = url.host_str().unwrap_or_default();
    match url.port() {
        Some(port) => format!("{}://{host}:{port}", url.scheme()),
        None => format!("{}://{host}", url.scheme()),
    }
}

/// Whether the Worker is on this machine.
pub(crate) fn is_loopback(url: &Url) -> bool {
    match url.host_str() {
        Some("localhost") => true,
        Some(host) => host.trim_matches(['[', ']']).parse().is_ok_and(|address: IpAddr| address.is_loopback()),
        None => false,
    }
}

#[cfg(test)]
mod tests {
    use super::is_loopback;

    #[test]
    fn only_this_machine_counts_as_local() {
        let is_local = |url: &str| is_loopback(&url.parse().expect("a URL"));
        for local in ["http://localhost:8787", "http://127.0.0.1:1", "http://[::1]:8787"] {
            assert!(is_local(local), "{local}");
        }
        for remote in ["https://latchkey.example.com", "http://localhost.example.com"] {
            assert!(!is_local(remote), "{remote}");
        }
    }
}
