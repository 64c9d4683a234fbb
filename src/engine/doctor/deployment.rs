//! What of a deployment itself is looked at: the database, the settings, the ticks, how mails leave, and what buyers need.

use super::{EXPECTED_MIGRATION, Read, not_seen, without_database};
use crate::adapters::mail::{Mailer, Provider};
use crate::api::codes::{CheckCode, CheckReason};
use crate::api::doctor::Check;
use crate::config::{Config, Mail, MailProvider, Problem};
use crate::engine::Engine;
use crate::model::catalogue::ProofRule;
use crate::model::{Catalogue, TestLicenses, Timestamp};
use crate::platform::{DbError, Platform};

/// A tick comes every minute. So long without one is no accident.
const TICKS_MISSED_MS: i64 = 5 * 60 * 1000;

const MIGRATE: &str = "Run `npx wrangler d1 migrations apply DB --remote`.";

/// Whether the database answers, and has the tables that the Worker was built for.
pub(super) fn database(migration: &Result<Option<String>, DbError>, read: &Read) -> Vec<Check> {
    let applied = migration.as_ref().ok().and_then(Option::as_deref);
    let schema = match applied {
        None if migration.is_err() => without_database(CheckCode::Schema),
        Some(applied) if applied == EXPECTED_MIGRATION => Check::ok(CheckCode::Schema),
        Some(applied) if applied > EXPECTED_MIGRATION => Check::failed(CheckCode::Schema, CheckReason::SchemaAhead)
            .mended_by("Deploy the newest Worker: `npx wrangler deploy`."),
        _ => Check::failed(CheckCode::Schema, CheckReason::SchemaBehind).mended_by(MIGRATE),
    };
    let schema = match schema.reason {
        Some(CheckReason::SchemaAhead | CheckReason::SchemaBehind) => schema
            .seeing(format!("it has {}, and the Worker was built for {EXPECTED_MIGRATION}", applied.unwrap_or("none"))),
        _ => schema,
    };
    let error = migration.as_ref().err().or(read.as_ref().err());
    let database = match error {
        None => Check::ok(CheckCode::Database),
        Some(error) => {
            let check = Check::failed(CheckCode::Database, CheckReason::DatabaseFailed);
            check.seeing(of_kind(error)).mended_by(match error {
                DbError::Refused(_) => MIGRATE,
                DbError::DailyLimit(_) => "Wait until midnight UTC, or move to Cloudflare's Paid plan.",
                DbError::Unavailable(_) => "Ask again in some minutes, and look at https://www.cloudflarestatus.com.",
            })
        }
    };
    vec![database, schema]
}

/// The database's own words are for the log alone.
const fn of_kind(error: &DbError) -> &'static str {
    match error {
        DbError::Refused(_) => "it refused a question, as it does where a table is not as expected",
        DbError::DailyLimit(_) => "its daily limit is reached",
        DbError::Unavailable(_) => "it did not answer",
    }
}

/// What of the settings is missing, wrong or not meant for production.
pub(super) fn settings(config: &Config) -> Vec<Check> {
    let (sandbox, others): (Vec<_>, Vec<_>) =
        config.problems.iter().partition(|problem| matches!(problem, Problem::Sandbox { .. }));
    let of_sandbox = sandbox.into_iter().map(setting).collect();
    let mut checks = or_ok(CheckCode::Configuration, others.into_iter().map(setting).collect());
    checks.extend(or_ok(CheckCode::SandboxValues, of_sandbox));
    checks.push(match config.test_licenses {
        TestLicenses::OpenNothing => Check::ok(CheckCode::TestLicenses),
        TestLicenses::OpenRepositories => Check::warning(CheckCode::TestLicenses, CheckReason::TestsOpenRepositories)
            .about("ALLOW_TEST_LICENSES")
            .mended_by("Once you sell, take ALLOW_TEST_LICENSES out of `wrangler.toml` and deploy."),
    });
    checks
}

/// Whether buyers find what they need: a page that their mails link to, and the sign-in that a product asks for.
pub(super) fn faces(config: &Config, catalogue: &Catalogue) -> [Check; 2] {
    const PAGE: CheckCode = CheckCode::BuyersPage;
    const SIGN_IN: CheckCode = CheckCode::SignIn;
    let page = if config.buyers_page().is_some() {
        Check::ok(PAGE)
    } else {
        Check::failed(PAGE, CheckReason::NotSet).about("PUBLIC_URL").mended_by(
            "Set PUBLIC_URL in `wrangler.toml` to this Worker's address, or PORTAL_URL to a page of your own: until then no mail \
             says where the key is used.",
        )
    };
    let asking = catalogue.products().iter().filter(|product| product.proof == ProofRule::Required);
    let asking: Vec<_> = asking.map(|product| product.name.as_str()).collect();
    let sign_in = if asking.is_empty() || config.github.oauth.is_some() {
        Check::ok(SIGN_IN)
    } else {
        Check::failed(SIGN_IN, CheckReason::NotSet)
            .about("GITHUB_OAUTH_CLIENT_ID")
            .seeing(format!("nobody can activate {}", asking.join(", ")))
            .mended_by(
                "Register an OAuth app, as docs/deploy.md says, and set GITHUB_OAUTH_CLIENT_ID, GITHUB_OAUTH_CLIENT_SECRET and \
                 PUBLIC_URL; or take `proof = \"required\"` out of the catalogue.",
            )
    };
    [page, sign_in]
}

/// What is missing closes only what depends on it, and may be left out on purpose.
fn setting(problem: &Problem) -> Check {
    let put = |name: &str| format!("put {name} with `npx wrangler secret put {name}`");
    let (check, name, remedy) = match problem {
        Problem::Missing { name, .. } => (
            Check::warning(CheckCode::Configuration, CheckReason::NotSet),
            name,
            format!("If you use it: {}, or into `wrangler.toml` where it is no secret.", put(name)),
        ),
        Problem::Invalid { name, .. } => (
            Check::failed(CheckCode::Configuration, CheckReason::Invalid),
            name,
            format!("Correct {name} in `wrangler.toml`, or with `npx wrangler secret put {name}`."),
        ),
        Problem::Several { names } => (
            Check::failed(CheckCode::Configuration, CheckReason::Several),
            names.first().unwrap_or(&""),
            "Keep the one by which mails are to leave, and take the others away: secrets with `npx wrangler secret delete`, \
             the binding out of `wrangler.toml`."
                .to_owned(),
        ),
        Problem::Sandbox { name } => (
            Check::failed(CheckCode::SandboxValues, CheckReason::OfTheSandbox),
            name,
            format!("Make a secret of your own and {}.", put(name)),
        ),
    };
    check.about(*name).seeing(problem.to_string()).mended_by(remedy)
}

/// Whether the cron trigger runs.
pub(super) fn cron(read: &Read, now: Timestamp) -> Check {
    let Ok(recorded) = read else { return without_database(CheckCode::Cron) };
    let last = recorded.last_tick_at;
    if last.is_some_and(|last| last.plus_millis(TICKS_MISSED_MS) >= now) {
        return Check::ok(CheckCode::Cron);
    }
    let seen = last
        .map_or_else(|| "there never was one".to_owned(), |last| format!("the last one was at {}", last.to_rfc3339()));
    Check::failed(CheckCode::Cron, CheckReason::NoTick)
        .seeing(seen)
        .mended_by("Run `npx wrangler deploy`, which sets the cron trigger of `wrangler.toml`: without it nothing that is due is done.")
}

/// Whether mails leave, from whom, and whether somebody tells of those that come back.
pub(super) async fn look_at_mail<P: Platform>(engine: &Engine<P>, read: &Read) -> [Check; 3] {
    const PROVIDER: CheckCode = CheckCode::MailProvider;
    let config = &engine.config().mail;
    let looked = Mailer::new(config).look(engine.platform()).await;
    let verified = looked != Ok(Provider::SenderNotVerified);
    let provider = match looked {
        Ok(Provider::Delivers | Provider::SenderNotVerified) => Check::ok(PROVIDER),
        Ok(Provider::CannotTell) => Check::skipped(PROVIDER, CheckReason::CannotTell),
        Ok(Provider::Several) => Check::failed(PROVIDER, CheckReason::Several)
            .mended_by("Keep one of the mail providers that are set: until then mails wait."),
        Ok(Provider::DeliversNothing) => Check::failed(PROVIDER, CheckReason::DeliversNothing)
            .mended_by("Put the token of a server that delivers: this one is the provider's sandbox."),
        Ok(Provider::None) => Check::failed(PROVIDER, CheckReason::NotSet)
            .mended_by("Put the token of a mail provider, as docs/deploy.md says: until then mails are logged, and no buyer gets a key."),
        Err(failure) => {
            let check = not_seen(PROVIDER, &failure, Check::failed);
            if check.reason == Some(CheckReason::Refused) {
                check.mended_by("Put a new token of the mail provider with `npx wrangler secret put`; the mails that wait go out then.")
            } else {
                check
            }
        }
    };
    let sender = if verified {
        sender(config, read)
    } else {
        Check::failed(CheckCode::MailSender, CheckReason::NotVerified)
            .mended_by("Verify the domain of EMAIL_FROM at the mail provider, or set an address of one that is.")
    };
    [provider, sender.about("EMAIL_FROM"), hooks(config)]
}

/// Whether the secret is there by which the provider's webhooks are believed, where it has any.
fn hooks(config: &Mail) -> Check {
    const HOOKS: CheckCode = CheckCode::MailHooks;
    let (name, is_set) = match config.provider {
        MailProvider::Postmark(_) => ("POSTMARK_WEBHOOK_SECRET", !config.postmark_webhook_secrets.is_empty()),
        MailProvider::Resend(_) => ("RESEND_WEBHOOK_SECRET", !config.resend_webhook_keys.is_empty()),
        MailProvider::None | MailProvider::Smtp2go(_) | MailProvider::Binding | MailProvider::Several(_) => {
            return Check::skipped(HOOKS, CheckReason::NotUsed);
        }
    };
    if is_set {
        return Check::ok(HOOKS);
    }
    Check::warning(HOOKS, CheckReason::NotSet)
        .about(name)
        .mended_by("Set up the mail provider's webhook, as docs/deploy.md says: without it nobody is told of mails that come back.")
}

/// Most providers do not say of a sender whether it may send; that it may not shows when it does.
fn sender(config: &Mail, read: &Read) -> Check {
    const SENDER: CheckCode = CheckCode::MailSender;
    if config.from.is_none() {
        return Check::failed(SENDER, CheckReason::NotSet)
            .mended_by("Set EMAIL_FROM in `wrangler.toml` to an address that the mail provider lets you send from.");
    }
    let Ok(recorded) = read else { return without_database(SENDER) };
    match &recorded.waiting_mail {
        None => Check::ok(SENDER),
        Some(error) => Check::failed(SENDER, CheckReason::MailsWait).seeing(error).mended_by(
            "Mend what the error names; the mails that wait go out within the hour, or at once with `cargo latchkey outbox retry`.",
        ),
    }
}

/// What was found, or that nothing was.
fn or_ok(code: CheckCode, found: Vec<Check>) -> Vec<Check> {
    if found.is_empty() { vec![Check::ok(code)] } else { found }
}
