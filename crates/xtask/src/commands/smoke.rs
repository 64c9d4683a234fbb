//! `cargo xtask smoke`: one made-up sale through a running Worker, from the webhook to the invitation. Here are the
//! steps; `report` prints them, `rows` reads what the Worker wrote, and `sale` makes up the sale.

mod report;
mod rows;
mod sale;

use std::process::ExitCode;
use std::time::Duration;

use anyhow::{Context, bail};
use clap::builder::{PossibleValuesParser, TypedValueParser};
use latchkey_sandbox::{Delivery, Storefront};
use reqwest::{StatusCode, Url};
use serde_json::{Value, json};

use self::report::Report;
use self::rows::Rows;
use self::sale::MadeUp;
use crate::address::is_loopback;
use crate::project::Project;
use crate::settings::{self, Vars};
use crate::tools;
use crate::wrangler::Database;

/// The buyer. Nobody reads this address.
const BUYER: &str = "smoke@example.com";

/// Who activates against a Worker on this machine, where GitHub is the sandbox's.
const LOCAL_LOGIN: &str = "octocat";

/// Who must not get what somebody else has activated. It belongs to GitHub's founders.
const OTHER_LOGIN: &str = "defunkt";

/// A Worker that takes longer for one request is not well.
const REQUEST_LIMIT: Duration = Duration::from_secs(30);

/// Check a running Worker: a made-up sale, its rows, a wrong secret, a duplicate, an activation, the operator's view.
///
/// The secrets are those of .dev.vars. For a Worker that is not on this machine, the storefront's is taken from the environment, as
/// GUMROAD_WEBHOOK_SECRET; so is LATCHKEY_ADMIN_TOKEN, for the operator's view. The sale stays in the database, under the mail
/// address smoke@example.com.
#[derive(Debug, clap::Args)]
pub(crate) struct Args {
    /// The Worker. For one that is not on this machine the rows are read with `wrangler d1 execute --remote`.
    #[arg(long, default_value = "http://localhost:8787")]
    url: Url,
    /// Where the sale is made. For a Worker that is not on this machine: not on Stripe or Paddle, which it asks about each sale.
    #[arg(long, value_parser = storefronts(), default_value = "gumroad")]
    storefront: Storefront,
    /// The sandbox of `cargo xtask dev`, which makes the sale for a Worker on this machine.
    #[arg(long, default_value = "http://localhost:8788")]
    sandbox_url: Url,
    /// Who activates. Against a Worker that is not on this machine this account is really invited, so without the
    /// option nobody is.
    #[arg(long)]
    github_login: Option<String>,
}

/// Reads the name of a storefront.
fn storefronts() -> impl TypedValueParser<Value = Storefront> {
    PossibleValuesParser::new(Storefront::ALL.map(Storefront::source))
        .try_map(|name| Storefront::of_source(&name).ok_or("no storefront has that name"))
}

/// What one step gives: a remark for its line, or why it failed.
type Outcome = Result<String, String>;

pub(crate) fn run(project: &Project, args: &Args) -> anyhow::Result<ExitCode> {
    tools::ensure(project)?;
    let runtime = tokio::runtime::Runtime::new().context("cannot start the runtime of this command")?;
    let report = runtime.block_on(async { anyhow::Ok(Smoke::new(project, args).await?.run().await) })?;
    Ok(report.finish())
}

struct Smoke {
    client: reqwest::Client,
    /// Without a slash at the end.
    url: String,
    login: Option<String>,
    /// The token of the admin API, where it is known.
    admin_token: Option<String>,
    rows: Rows,
    sale: MadeUp,
}

impl Smoke {
    async fn new(project: &Project, args: &Args) -> anyhow::Result<Self> {
        let local = is_loopback(&args.url);
        let vars = Vars::read(project)?;
        let products = settings::products(project)?;
        let client = reqwest::Client::builder().timeout(REQUEST_LIMIT).build().context("cannot make an HTTP client")?;
        let sale = if local {
            sale::in_the_sandbox(args.storefront, &products, &vars, &args.sandbox_url, &client).await?
        } else {
            let name = sale::secret_name(args.storefront);
            let secret = remote_secret(&args.url, name, std::env::var(name).ok())?;
            sale::signed_here(args.storefront, &products, &vars, secret)?
        };
        Ok(Self {
            client,
            url: args.url.as_str().trim_end_matches('/').to_owned(),
            login: args.github_login.clone().or_else(|| local.then(|| LOCAL_LOGIN.to_owned())),
            admin_token: admin_token(&args.url, std::env::var("LATCHKEY_ADMIN_TOKEN").ok(), &vars),
            rows: Rows::new(project.clone(), if local { Database::Local } else { Database::Remote }),
            sale,
        })
    }

    /// The steps. One whose precondition failed is not tried.
    async fn run(&self) -> Report {
        let mut report = Report::default();
        if !report.step("the Worker is well", self.health().await) {
            return report;
        }
        let refused = format!("a sale with a wrong secret is {}", sale::refused_with(self.sale.storefront).as_u16());
        report.step(&refused, self.forged_sale().await);
        if !report.step("a sale is 200", self.sale().await) {
            return report;
        }
        let found = self.rows.when_processed(&self.sale).await;
        let Some(found) = report.value("its rows can be read", found) else {
            return report;
        };
        report.step("the delivery is stored and processed", found.processed());
        report.step("the sale with a wrong secret left no row", found.nothing_forged());
        let minted = report.step("the sale has one license", found.one_license());
        if self.sale.mailed {
            report.step("its mail is in the outbox", found.mail());
        } else {
            report.skip("its mail", "the storefront mails its own keys");
        }

        report.step("the same sale again is 200", self.sale().await);
        let again = self.rows.when_processed(&self.sale).await;
        if let Some(again) = report.value("the rows can be read again", again) {
            report.step("and nothing of it is there twice", again.nothing_doubled(&found));
        }

        match (&self.login, found.license_key()) {
            (None, _) => report.skip("activation", "name the account to invite with --github-login"),
            (Some(_), None) => report.skip("activation", "there is no license key"),
            (Some(_), Some(_)) if !minted => report.skip("activation", "which license?"),
            (Some(login), Some(key)) => {
                if report.step(&format!("{login} activates the license"), self.activate(key, login, "activated").await)
                {
                    let again = self.activate(key, login, "already_active").await;
                    report.step("the same activation again is welcome", again);
                    report.step("another account is refused", self.other_account(key).await);
                }
            }
        }
        match &self.admin_token {
            None => report.skip("the operator's view", "it takes LATCHKEY_ADMIN_TOKEN, and https"),
            Some(token) => {
                report.step("the operator sees how everything stands", self.status(token).await);
            }
        }
        report
    }

    async fn status(&self, token: &str) -> Outcome {
        let (status, body) =
            self.answer(self.client.get(format!("{}/admin/status", self.url)).bearer_auth(token)).await?;
        let count = |list: &str, state: &str| body[list][state].as_u64().unwrap_or_default();
        match status {
            StatusCode::OK => Ok(format!(
                "{} sales fulfilled, {} need the seller, {} rows dead",
                count("sales_by_state", "fulfilled"),
                count("sales_by_state", "needs_seller"),
                count("outbox", "dead")
            )),
            StatusCode::UNAUTHORIZED => Err("401: the token is not the Worker's ADMIN_TOKEN".to_owned()),
            StatusCode::NOT_FOUND => Err("404: the Worker has no ADMIN_TOKEN".to_owned()),
            _ => Err(format!("{status}, {body}")),
        }
    }

    async fn health(&self) -> Outcome {
        let (status, body) = self.answer(self.client.get(format!("{}/healthz", self.url))).await?;
        let state = body["status"].as_str().unwrap_or("no status");
        if status == StatusCode::OK && state == "ok" { Ok(String::new()) } else { Err(format!("{status}, {body}")) }
    }

    async fn sale(&self) -> Outcome {
        for delivery in &self.sale.deliveries {
            let (status, body) = self.answer(self.request(delivery)).await?;
            let secret = sale::secret_name(self.sale.storefront);
            match status {
                StatusCode::OK => {}
                _ if status == sale::refused_with(self.sale.storefront) => {
                    return Err(format!("{status}: the Worker has another {secret}, or none"));
                }
                StatusCode::NOT_FOUND => return Err(format!("{status}: the Worker has no {secret}")),
                _ => return Err(format!("{status}, {body}")),
            }
        }
        Ok(format!("order {}", self.sale.order_id))
    }

    async fn forged_sale(&self) -> Outcome {
        let (status, body) = self.answer(self.request(&self.sale.forged)).await?;
        if status == sale::refused_with(self.sale.storefront) {
            Ok(String::new())
        } else {
            Err(format!("{status}, {body}"))
        }
    }

    async fn activate(&self, key: &str, login: &str, expected: &str) -> Outcome {
        let (status, body) = self.answer(self.activation(key, login)).await?;
        let taken = matches!(status, StatusCode::OK | StatusCode::ACCEPTED);
        if !taken || body["status"] != expected {
            return Err(format!("{status}, {body}"));
        }
        let repos = body["repos"].as_array().map(Vec::as_slice).unwrap_or_default();
        let repos = repos.iter().map(|repo| {
            let text = |name: &str| repo[name].as_str().unwrap_or("?").to_owned();
            format!("{} {}", text("repo"), text("status"))
        });
        Ok(repos.collect::<Vec<_>>().join(", "))
    }

    async fn other_account(&self, key: &str) -> Outcome {
        let (status, body) = self.answer(self.activation(key, OTHER_LOGIN)).await?;
        let refused = status == StatusCode::BAD_REQUEST && body["code"] == "license_bound_to_another_account";
        if refused { Ok(String::new()) } else { Err(format!("{status}, {body}")) }
    }

    fn request(&self, delivery: &Delivery) -> reqwest::RequestBuilder {
        let request = self.client.post(format!("{}{}", self.url, delivery.path_and_query)).body(delivery.body.clone());
        delivery.headers.iter().fold(request, |request, (name, value)| request.header(name, value))
    }

    fn activation(&self, key: &str, login: &str) -> reqwest::RequestBuilder {
        let body = json!({ "license_key": key, "github_username": login });
        self.client.post(format!("{}/api/activate", self.url)).json(&body)
    }

    /// The status and the body; a body that is not JSON as a string.
    async fn answer(&self, request: reqwest::RequestBuilder) -> Result<(StatusCode, Value), String> {
        // The address may hold the secret, so it is not part of what is said.
        let failed = |error: reqwest::Error| {
            let why = if error.is_connect() { "nothing listens there; is the Worker running?" } else { "no answer" };
            format!("{}: {why}", self.url)
        };
        let response = request.send().await.map_err(failed)?;
        let status = response.status();
        let text = response.text().await.map_err(failed)?;
        Ok((status, serde_json::from_str(&text).unwrap_or(Value::String(text))))
    }
}

/// The storefront's secret of a Worker that is not on this machine.
///
/// # Errors
///
/// When the environment has none. The sandbox's would find every real Worker's door closed, for no visible reason.
fn remote_secret(url: &Url, name: &str, environment: Option<String>) -> anyhow::Result<String> {
    match environment.filter(|secret| !secret.trim().is_empty()) {
        Some(secret) => Ok(secret),
        None => bail!("set {name} in the environment to the secret of {url}"),
    }
}

/// The token of the admin API, where it is known and no open line is in between.
fn admin_token(url: &Url, environment: Option<String>, vars: &Vars) -> Option<String> {
    let local = is_loopback(url);
    let environment = environment.map(|token| token.trim().to_owned()).filter(|token| !token.is_empty());
    let token = environment.or_else(|| vars.get("ADMIN_TOKEN").filter(|_| local));
    token.filter(|_| local || url.scheme() == "https")
}

#[cfg(test)]
mod tests {
    use super::{admin_token, remote_secret};
    use crate::settings::Vars;

    #[test]
    fn the_admin_token_goes_to_its_own_worker_and_over_no_open_line() {
        let vars = Vars::parse("ADMIN_TOKEN=local\n").expect("parses");
        let token = |url: &str, environment: Option<&str>| {
            admin_token(&url.parse().expect("a URL"), environment.map(str::to_owned), &vars)
        };
        assert_eq!(token("http://localhost:8787", None).as_deref(), Some("local"));
        assert_eq!(token("https://latchkey.example.com", Some("real")).as_deref(), Some("real"));
        assert_eq!(token("https://latchkey.example.com", None), None);
        assert_eq!(token("http://latchkey.example.com", Some("real")), None);
    }

    #[test]
    fn the_environments_secret_is_needed_for_a_worker_elsewhere() {
        let secret = |environment: Option<&str>| {
            let url = "https://latchkey.example.com".parse().expect("a URL");
            remote_secret(&url, "GUMROAD_WEBHOOK_SECRET", environment.map(str::to_owned))
                .map_err(|error| error.to_string())
        };
        assert_eq!(secret(Some("real")), Ok("real".to_owned()));
        for absent in [None, Some(""), Some(" ")] {
            let error = secret(absent).expect_err("needs one");
            assert!(error.contains("GUMROAD_WEBHOOK_SECRET"), "{error}");
        }
    }
}
