//! Asking a Worker's admin API, and saying in one sentence what went wrong. The token goes to the Worker and nowhere
//! else: not into an error, not over an open line, not after a redirect.

use std::time::Duration;

use anyhow::{Context, anyhow, bail};
use reqwest::redirect::Policy;
use reqwest::{Client, Method, RequestBuilder, StatusCode, Url};
use serde::Deserialize;
use serde_json::value::RawValue;
use serde_json::{Map, Value};

use crate::address::is_loopback;

/// A Worker that takes longer is not well.
const REQUEST_LIMIT: Duration = Duration::from_secs(30);

/// What the API gives at most at once.
const PAGE: usize = 100;

/// How often a question is asked again when the Worker says that it was asked too often.
const PATIENCE: u32 = 3;

/// The admin API of one Worker. No `Debug`: it holds the token.
pub(super) struct Api {
    client: Client,
    url: Url,
    token: String,
}

/// Names with values, for a query or for a body.
#[derive(Debug, Clone, Default)]
pub(super) struct Query(Vec<(&'static str, String)>);

struct Answer {
    status: StatusCode,
    /// Seconds.
    retry_after: Option<u64>,
    text: String,
}

/// What a list gave, as it came.
#[derive(Debug, Default, Deserialize)]
pub(super) struct Found {
    pub(super) items: Vec<Box<RawValue>>,
    pub(super) next_cursor: Option<String>,
}

impl Query {
    /// Adds a value that is given.
    pub(super) fn with(mut self, name: &'static str, value: Option<impl ToString>) -> Self {
        self.0.extend(value.map(|value| (name, value.to_string())));
        self
    }

    fn to_body(&self) -> String {
        let members: Map<_, _> =
            self.0.iter().map(|(name, value)| ((*name).to_owned(), value.as_str().into())).collect();
        Value::Object(members).to_string()
    }
}

impl Found {
    /// As one page.
    pub(super) fn to_json(&self) -> String {
        let items: Vec<_> = self.items.iter().map(|item| item.get()).collect();
        let cursor = self.next_cursor.as_deref().map_or(Value::Null, Value::from);
        format!("{{\"items\":[{}],\"next_cursor\":{cursor}}}", items.join(","))
    }
}

/// The token for a Worker: the environment's, or for a Worker on this machine that of `.dev.vars`.
///
/// # Errors
///
/// When there is none.
pub(super) fn token(
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
    pub(super) fn new(url: Url, token: String) -> anyhow::Result<Self> {
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

    /// The answer's text.
    pub(super) async fn get(&self, path: &[&str], query: &Query) -> anyhow::Result<String> {
        self.answer(self.request(Method::GET, path)?.query(&query.0)).await
    }

    /// The answer's text.
    pub(super) async fn post(&self, path: &[&str], body: &Query) -> anyhow::Result<String> {
        let request = self.request(Method::POST, path)?.header("content-type", "application/json");
        self.answer(request.body(body.to_body())).await
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

    /// The items of a list, at most so many, and where the next ones begin.
    pub(super) async fn items(
        &self,
        path: &[&str],
        query: Query,
        cursor: Option<String>,
        most: usize,
    ) -> anyhow::Result<Found> {
        let mut found = Found { items: Vec::new(), next_cursor: cursor };
        loop {
            let limit = PAGE.min(most.saturating_sub(found.items.len()));
            let page = query.clone().with("limit", Some(limit)).with("cursor", found.next_cursor.as_ref());
            let text = self.get(path, &page).await?;
            let page: Found =
                serde_json::from_str(&text).context("the Worker answered with something that is no list")?;
            found.items.extend(page.items);
            found.next_cursor = page.next_cursor;
            if found.next_cursor.is_none() || found.items.len() >= most {
                return Ok(found);
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
        let retry_after = response.headers().get("retry-after").and_then(|value| value.to_str().ok()?.parse().ok());
        let text = response.text().await.map_err(|error| self.unanswered(&error))?;
        Ok(Answer { status, retry_after, text })
    }

    /// The text of a good answer; of any other, what is wrong.
    async fn understood(&self, Answer { status, text, .. }: Answer) -> anyhow::Result<String> {
        let said: Option<Value> = serde_json::from_str(&text).ok();
        if status.is_success() && said.is_some() {
            return Ok(text);
        }
        let host = host(&self.url);
        if status.is_redirection() {
            bail!("{host} leads elsewhere ({status}): is that the Worker's address?");
        }
        let problem = said.unwrap_or_default();
        let (Some(code), Some(detail)) = (problem["code"].as_str(), problem["detail"].as_str()) else {
            bail!("{host} answered {status}, and not in the Worker's words: is that the Worker's address?");
        };
        match status {
            StatusCode::UNAUTHORIZED => bail!("{host} refuses the token: it is not the Worker's ADMIN_TOKEN"),
            StatusCode::NOT_FOUND if !self.is_open().await => {
                bail!("{host} has no admin API: set its secret ADMIN_TOKEN (`npx wrangler secret put ADMIN_TOKEN`)")
            }
            _ => bail!("{} ({code})", super::show::plain(detail).trim_end_matches('.')),
        }
    }

    /// Whether there is an admin API at all. Without a token the Worker answers to it as to any path that is not there.
    async fn is_open(&self) -> bool {
        let Ok(request) = self.request(Method::GET, &["status"]) else { return false };
        self.send(request).await.is_ok_and(|answer| answer.status != StatusCode::NOT_FOUND)
    }

    fn unanswered(&self, error: &reqwest::Error) -> anyhow::Error {
        let host = host(&self.url);
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
fn host(url: &Url) -> String {
    let host = url.host_str().unwrap_or_default();
    match url.port() {
        Some(port) => format!("{}://{host}:{port}", url.scheme()),
        None => format!("{}://{host}", url.scheme()),
    }
}
