//! What is read of settings, and what is said of those that are missing or wrong.

use super::*;
use crate::model::Source;
use crate::platform::BINDING;

fn read(settings: &[(&str, &str)]) -> Config {
    let find = |name: &str| settings.iter().find(|(known, _)| *known == name).map(|(_, value)| (*value).to_owned());
    Config::read(find)
}

fn complaints(config: &Config) -> Vec<String> {
    config.problems.iter().map(ToString::to_string).collect()
}

#[test]
fn all_that_is_missing_is_reported_together_by_name() {
    assert_eq!(
        complaints(&read(&[])),
        [
            "GITHUB_TOKEN is not set: nobody can be invited",
            "GUMROAD_WEBHOOK_SECRET is not set: the Gumroad webhook is closed",
            "LEMON_SQUEEZY_WEBHOOK_SECRET is not set: the Lemon Squeezy webhook is closed",
            "LEMON_SQUEEZY_STORE_ID is not set: no Lemon Squeezy order or license is believed",
            "POSTMARK_TOKEN is not set: mails are logged instead of sent",
            "EMAIL_FROM is not set: no mail can be sent",
        ]
    );
}

#[test]
fn all_that_is_wrong_is_reported_by_name_and_never_by_value() {
    let config = read(&[
        ("GITHUB_TOKEN", "t"),
        ("GITHUB_API_URL", "canary"),
        ("LEMON_SQUEEZY_WEBHOOK_SECRET", "s"),
        ("LEMON_SQUEEZY_STORE_ID", "canary"),
        ("GUMROAD_WEBHOOK_SECRET", "s"),
        ("POSTMARK_TOKEN", "t"),
        ("EMAIL_FROM", "canary"),
        ("PORTAL_URL", "canary"),
        ("PORTAL_ORIGINS", "canary"),
        ("GITHUB_WEB_URL", "canary"),
        ("PUBLIC_URL", "canary"),
        ("SUPPORT_URL", "canary"),
        ("BRAND_ACCENT", "canary"),
        ("BRAND_LOGO_URL", "canary"),
        ("BRAND_FOOT", "canary"),
        ("ALLOW_ACCOUNT_CHANGE", "canary"),
        ("ALLOW_TEST_LICENSES", "canary"),
        ("OPERATOR_EMAIL", "canary"),
        ("PAYLOAD_RETENTION_DAYS", "canary"),
        ("WORKERS_PLAN", "canary"),
    ]);
    let complaints = complaints(&config);
    assert_eq!(complaints.len(), 16, "{complaints:?}");
    assert!(!complaints.concat().contains("canary"));
    assert_eq!(config.github.api_url, "https://api.github.com");
    assert_eq!(config.payload_retention_days, 30);
    assert_eq!(config.workers_plan, WorkersPlan::Free);
}

#[test]
fn access_counts_with_its_team_and_its_audience_and_half_of_it_is_reported() {
    let access = |settings: &[(&str, &str)]| {
        let config = read(settings);
        let told: Vec<_> = complaints(&config).into_iter().filter(|text| text.starts_with("ACCESS_")).collect();
        (config.access.map(|access| (access.issuer, access.audience, access.api_url)), told)
    };
    let url = "https://acme.cloudflareaccess.com".to_owned();
    let whole = access(&[("ACCESS_TEAM", "Acme"), ("ACCESS_AUD", "32eafc76")]);
    assert_eq!(whole, (Some((url.clone(), "32eafc76".to_owned(), url)), Vec::new()));
    assert_eq!(access(&[]), (None, Vec::new()));
    for (name, value, told) in [
        ("ACCESS_TEAM", "acme", "ACCESS_AUD is not set"),
        ("ACCESS_AUD", "32eafc76", "ACCESS_TEAM is not set"),
        ("ACCESS_AUD", "not a tag", "ACCESS_AUD must be the application's audience tag"),
        ("ACCESS_TEAM", "https://acme.cloudflareaccess.com", "ACCESS_TEAM must be the team's name"),
    ] {
        let (access, complaints) = access(&[(name, value)]);
        assert!(access.is_none() && complaints.iter().any(|one| one.starts_with(told)), "{complaints:?}");
    }
}

fn provider(settings: &[(&str, &str)]) -> (MailProvider, Vec<String>) {
    let config = read(&[&[("EMAIL_FROM", "hello@example.com")], settings].concat());
    let names = ["POSTMARK", "RESEND", "SMTP2GO", "EMAIL"];
    let of_mail = complaints(&config).into_iter().filter(|text| names.iter().any(|name| text.starts_with(name)));
    (config.mail.provider, of_mail.collect())
}

#[test]
fn the_mail_provider_is_the_one_that_is_set() {
    let url = |provider: &MailProvider| match provider {
        MailProvider::Postmark(account) | MailProvider::Resend(account) | MailProvider::Smtp2go(account) => {
            account.api_url.clone()
        }
        _ => String::new(),
    };
    for (settings, expected) in [
        (vec![("POSTMARK_TOKEN", "t")], "https://api.postmarkapp.com"),
        (vec![("RESEND_API_KEY", "t")], "https://api.resend.com"),
        (vec![("SMTP2GO_API_KEY", "t")], "https://api.smtp2go.com"),
        (
            vec![("SMTP2GO_API_KEY", "t"), ("SMTP2GO_API_URL", "https://eu-api.smtp2go.com/")],
            "https://eu-api.smtp2go.com",
        ),
        (vec![("EMAIL", BINDING)], ""),
    ] {
        let (provider, complaints) = provider(&settings);
        assert_eq!((url(&provider).as_str(), complaints.as_slice()), (expected, [].as_slice()), "{settings:?}");
        assert!(!expected.is_empty() || matches!(provider, MailProvider::Binding), "{settings:?}");
    }
}

#[test]
fn two_mail_providers_are_an_error_that_names_them_and_none_is_taken() {
    let all =
        [("POSTMARK_TOKEN", "canary"), ("RESEND_API_KEY", "canary"), ("SMTP2GO_API_KEY", "canary"), ("EMAIL", BINDING)];
    for (one, other) in [(0, 1), (0, 2), (0, 3), (1, 2), (1, 3), (2, 3)] {
        let (provider, complaints) = provider(&[all[one], all[other]]);
        let told = format!(
            "{} and {} are set, and only one mail provider can be: delete the others, since no mail is sent before",
            all[one].0, all[other].0
        );
        assert_eq!(complaints, [told.as_str()]);
        assert!(matches!(provider, MailProvider::Several(why) if why == told));
    }
    let (_, complaints) = provider(&all);
    assert!(complaints[0].starts_with("POSTMARK_TOKEN and RESEND_API_KEY and SMTP2GO_API_KEY and EMAIL are set"));
}

#[test]
fn a_variable_is_no_binding_and_a_word_is_no_signing_secret() {
    let (chosen, complaints) = provider(&[("EMAIL", "canary"), ("RESEND_API_KEY", "t")]);
    assert!(matches!(chosen, MailProvider::Resend(_)));
    assert_eq!(complaints, ["EMAIL must be a binding of [[send_email]], and no variable"]);
    let (_, complaints) = provider(&[("RESEND_API_KEY", "t"), ("RESEND_WEBHOOK_SECRET", "canary")]);
    assert_eq!(complaints, ["RESEND_WEBHOOK_SECRET must be a signing secret: whsec_ and base64 behind it"]);
    const SECRET: &str = "whsec_MfKQ9r8GKYqrTwjUPD8ILPZIo2LaLaSw";
    let config = read(&[("RESEND_WEBHOOK_SECRET", SECRET), ("RESEND_WEBHOOK_SECRET_PREVIOUS", SECRET)]);
    assert_eq!((config.mail.resend_webhook_keys.len(), config.mail.postmark_webhook_secrets.len()), (2, 0));
}

#[test]
fn the_plan_is_the_free_one_unless_it_is_said_to_be_paid() {
    assert_eq!(read(&[]).workers_plan, WorkersPlan::Free);
    assert_eq!(read(&[("WORKERS_PLAN", "free")]).workers_plan, WorkersPlan::Free);
    assert_eq!(read(&[("WORKERS_PLAN", "paid")]).workers_plan, WorkersPlan::Paid);
}

const LOCAL: [(&str, &str); 4] = [
    ("GITHUB_API_URL", "http://127.0.0.1:8788/github"),
    ("LEMON_SQUEEZY_API_URL", "http://localhost:8788/lemonsqueezy"),
    ("GUMROAD_API_URL", "http://[::1]:8788/gumroad"),
    ("POSTMARK_API_URL", "http://sandbox.localhost/postmark"),
];

const PEM: &str = include_str!("../../tests/fixtures/keys/rsa-2048.pkcs1.pem");

/// The same as the sandbox has its own: behind a line that says so.
const SANDBOX_PEM: &str = concat!("sandbox-canary\n", include_str!("../../tests/fixtures/keys/rsa-2048.pkcs1.pem"));

fn github(settings: &[(&str, &str)]) -> (Config, Vec<String>) {
    let config = read(settings);
    let of_github = complaints(&config).into_iter().filter(|text| text.starts_with("GITHUB_")).collect();
    (config, of_github)
}

#[test]
fn an_app_stands_in_place_of_a_token() {
    for id in ["Iv23liAbCdEfGhIjKlMn", "Iv1.0123456789abcdef", "123456"] {
        for key in [PEM.to_owned(), PEM.replace('\n', "\\n")] {
            let (config, complaints) = github(&[("GITHUB_APP_ID", id), ("GITHUB_APP_PRIVATE_KEY", &key)]);
            let Ok(Credentials::App(app)) = config.github.credentials else { panic!("{complaints:?}") };
            assert_eq!((app.id.as_str(), complaints.as_slice()), (id, [].as_slice()));
        }
    }
    assert!(matches!(github(&[("GITHUB_TOKEN", "t")]).0.github.credentials, Ok(Credentials::Token(_))));
}

#[test]
fn half_an_app_or_one_that_cannot_be_used_is_reported_by_name() {
    const ID: (&str, &str) = ("GITHUB_APP_ID", "Iv23li");
    const KEY: (&str, &str) = ("GITHUB_APP_PRIVATE_KEY", PEM);
    const TOKEN: (&str, &str) = ("GITHUB_TOKEN", "t");
    const SPACE: (&str, &str) = ("GITHUB_APP_ID", "Iv23li canary");
    const CANARY: (&str, &str) = ("GITHUB_APP_PRIVATE_KEY", "canary");
    let no_id = "GITHUB_APP_ID must be the App's client id, or the number of the App";
    let no_pem = "GITHUB_APP_PRIVATE_KEY must be a private key in PEM form, with its BEGIN and its END line";
    for (settings, told, why) in [
        (
            vec![ID],
            vec!["GITHUB_APP_PRIVATE_KEY is not set: nobody can be invited"],
            "GITHUB_APP_PRIVATE_KEY is not set",
        ),
        (vec![KEY], vec!["GITHUB_APP_ID is not set: nobody can be invited"], "GITHUB_APP_ID is not set"),
        (vec![SPACE, KEY], vec![no_id], "GITHUB_APP_ID cannot be used as it is set"),
        (vec![ID, CANARY], vec![no_pem], "GITHUB_APP_PRIVATE_KEY cannot be used as it is set"),
        (vec![SPACE, CANARY], vec![no_id, no_pem], "GITHUB_APP_ID cannot be used as it is set"),
    ] {
        let (config, complaints) = github(&settings);
        assert_eq!(complaints, told);
        assert_eq!(config.github.credentials.unwrap_err().to_string(), why);
        // A token that is there goes on to count.
        let (config, complaints) = github(&[settings.as_slice(), &[TOKEN]].concat());
        assert_eq!(complaints.len(), told.len());
        assert!(matches!(config.github.credentials, Ok(Credentials::Token(_))), "{complaints:?}");
        assert!(!complaints.concat().contains("nobody") && !complaints.concat().contains("canary"));
    }
    let (config, complaints) = github(&[TOKEN, ID, KEY]);
    assert!(matches!(config.github.credentials, Ok(Credentials::App(_))));
    assert_eq!(complaints, ["GITHUB_TOKEN is not used beside GITHUB_APP_ID and GITHUB_APP_PRIVATE_KEY: delete it"]);
}

#[test]
fn the_sandboxs_app_counts_where_every_service_is_on_this_machine() {
    let app = [("GITHUB_APP_ID", "Iv23li"), ("GITHUB_APP_PRIVATE_KEY", SANDBOX_PEM)];
    let (config, complaints) = github(&[LOCAL.as_slice(), &app].concat());
    assert!(matches!(config.github.credentials, Ok(Credentials::App(_))), "{complaints:?}");
    let (config, complaints) = github(&app);
    assert!(complaints[0].starts_with("GITHUB_APP_PRIVATE_KEY has a value of the sandbox's"), "{complaints:?}");
    let why = config.github.credentials.unwrap_err();
    assert_eq!(why.to_string(), "GITHUB_APP_PRIVATE_KEY cannot be used as it is set");
}

const OF_THE_SANDBOX: [(&str, &str); 11] = [
    ("GITHUB_TOKEN", "sandbox-canary"),
    ("GITHUB_WEBHOOK_SECRET", "sandbox-canary"),
    ("GITHUB_WEBHOOK_SECRET_PREVIOUS", "sandbox-canary"),
    ("LEMON_SQUEEZY_WEBHOOK_SECRET", "sandbox-canary"),
    ("LEMON_SQUEEZY_WEBHOOK_SECRET_PREVIOUS", "sandbox-canary"),
    ("LEMON_SQUEEZY_API_KEY", "sandbox-canary"),
    ("GUMROAD_WEBHOOK_SECRET", "sandbox-canary"),
    ("GUMROAD_WEBHOOK_SECRET_PREVIOUS", "sandbox-canary"),
    ("GUMROAD_ACCESS_TOKEN", "sandbox-canary"),
    ("POSTMARK_TOKEN", "sandbox-canary"),
    ("ADMIN_TOKEN", "sandbox-canary"),
];

fn refused(settings: &[(&str, &str)]) -> Vec<&'static str> {
    let problems = read(settings).problems.into_iter();
    problems.filter_map(|problem| if let Problem::Sandbox { name } = problem { Some(name) } else { None }).collect()
}

#[test]
fn the_sandboxs_secrets_count_where_every_service_is_on_this_machine() {
    let settings = [LOCAL.as_slice(), &OF_THE_SANDBOX].concat();
    assert!(refused(&settings).is_empty());
    let config = read(&settings);
    assert!(
        config.github.credentials.is_ok()
            && config.admin_token.is_some()
            && matches!(config.mail.provider, MailProvider::Postmark(_))
    );
    assert_eq!(config.storefronts.iter().filter(|storefront| storefront.is_configured()).count(), 1);
}

#[test]
fn one_service_elsewhere_makes_every_secret_of_the_sandbox_an_absent_one() {
    for (elsewhere, _) in LOCAL {
        for url in ["", "canary", "https://api.example.com", "http://localhost.example.com", "http://127.0.0.1.nip.io"]
        {
            let mut settings = [LOCAL.as_slice(), &OF_THE_SANDBOX].concat();
            settings.retain(|(name, _)| *name != elsewhere);
            settings.push((elsewhere, url));
            let config = read(&settings);
            // A previous secret is not looked at where there is no current one.
            assert_eq!(refused(&settings).len(), 8, "{elsewhere} {url}");
            assert!(config.github.credentials.is_err() && config.admin_token.is_none(), "{elsewhere} {url}");
            assert!(matches!(config.mail.provider, MailProvider::None) && config.storefronts.lists().is_empty());
            assert!(!config.storefronts.iter().any(crate::adapters::storefronts::AnyStorefront::is_configured));
            assert!(!complaints(&config).concat().contains("canary"));
        }
    }
}

#[test]
fn a_refused_secret_is_named_once_and_the_sellers_own_beside_it_counts() {
    let settings = [("GITHUB_TOKEN", "sandbox-x"), ("GUMROAD_WEBHOOK_SECRET", "own")];
    let previous = ("GUMROAD_WEBHOOK_SECRET_PREVIOUS", "sandbox-x");
    let config = read(&[settings.as_slice(), &[previous]].concat());
    assert!(config.storefronts.get(Source::named("gumroad")).unwrap().is_configured());
    assert_eq!(
        complaints(&config).into_iter().filter(|text| text.contains("sandbox")).collect::<Vec<_>>(),
        ["GITHUB_TOKEN", "GUMROAD_WEBHOOK_SECRET_PREVIOUS"].map(|name| format!(
            "{name} has a value of the sandbox's, which counts only where every …_API_URL is on this machine"
        ))
    );
    assert!(!complaints(&config).iter().any(|text| text.starts_with("GITHUB_TOKEN is not set")));
}

#[test]
fn an_empty_setting_is_an_absent_one() {
    assert!(read(&[("GITHUB_TOKEN", " "), ("ADMIN_TOKEN", "")]).github.credentials.is_err());
}

#[test]
fn the_portals_origin_may_call_and_more_may_be_added() {
    let config = read(&[
        ("PORTAL_URL", "https://Shop.example.com/activate?x=1"),
        ("PORTAL_ORIGINS", "http://localhost:3000, https://beta.example.com/"),
    ]);
    let expected = ["https://shop.example.com", "http://localhost:3000", "https://beta.example.com"];
    assert_eq!(config.portal.origins, expected);
}

#[test]
fn a_sender_is_an_address_with_or_without_a_name() {
    for (good, name) in [("hello@example.com", ""), ("Acme Tools <hello@example.com>", "Acme Tools")] {
        let sender = Sender::parse(good).unwrap();
        assert_eq!((sender.as_str(), sender.name(), sender.address().as_str()), (good, name, "hello@example.com"));
    }
    for bad in [
        "Acme",
        "Acme <hello>",
        "A\r\nBcc: x <a@example.com>",
        "Acme <a@example.com\r\n>",
        "Acme <\u{b}a@example.com>",
        "a@example.com, b@example.com",
        "A <a@example.com",
    ] {
        assert!(Sender::parse(bad).is_none(), "{bad}");
    }
}

#[test]
fn debug_shows_no_secret() {
    let config = read(&[("GITHUB_TOKEN", "canary"), ("GUMROAD_WEBHOOK_SECRET", "canary"), ("ADMIN_TOKEN", "canary")]);
    assert!(!format!("{config:?}").contains("canary"));
    let config = read(&[("GITHUB_APP_ID", "Iv23li"), ("GITHUB_APP_PRIVATE_KEY", PEM)]);
    assert!(format!("{config:?}").contains("PrivateKey(…)"));
}
