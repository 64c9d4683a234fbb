//! How answers are shown to whoever reads them in a terminal.

use insta::assert_snapshot;
use latchkey::api::attention::AttentionItem;
use latchkey::api::codes::{
    CheckCode, CheckReason, DutyKind, EventOrigin, LicenseReason, OutboxKind, OutboxState, Remedy, SaleReason,
    SaleState, TestMailState,
};
use latchkey::api::doctor::{Check, Diagnosis};
use latchkey::api::privacy::{Erased, Erasure};
use latchkey::api::products::{WaitingProduct, WaitingProducts};
use latchkey::api::sales::SalesCounts;
use latchkey::api::status::{CatalogueStatus, SchemaStatus};
use latchkey::api::test_mail::TestMail;
use latchkey::model::{EventReason, GrantState};
use serde::Serialize;

use super::made::at;
use super::{Person, Worker, made, page};

/// What a command prints of an answer.
async fn shown(line: &str, answer: &impl Serialize) -> String {
    shown_in(None, line, answer).await
}

/// The same in a terminal of that width.
async fn shown_in(width: Option<u16>, line: &str, answer: &impl Serialize) -> String {
    let worker = Worker::default();
    worker.answers(200, answer);
    let line: Vec<_> = line.split(' ').collect();
    worker.run_in(width, &Person::who_says(true), &line).await.expect("an answer")
}

fn some(text: &str) -> Option<String> {
    Some(text.to_owned())
}

#[tokio::test]
async fn a_status_is_read_at_one_glance() {
    assert_snapshot!(shown("status", &made::status()).await, @r"
    sales        of the newest 1000: needs you 993, waiting on the buyer 7
    deliveries   needs you 1303; of the newest 1000: processed 7
    to be done   given up 2, due 1; of the newest 1000: done 9
    licenses     of the newest 1000: active 3
    catalogue    version 7, 4 products
    version      0.1.0
    schema       0002_views.sql
    last tick    2026-11-22 07:59 UTC (30 s ago)
    longest due  mail with the key, since 2026-11-22 05:00 UTC (3 h ago)

    Storefronts
    STOREFRONT     LAST DELIVERY (UTC)  FOUND IN THEM  WHY NOT
    Gumroad        2026-11-22 07:57     0
    Lemon Squeezy                       0              LEMON_SQUEEZY_API_KEY was rejected

    Configuration
    EMAIL_FROM is not set: no mail can be sent
    ");
}

#[tokio::test]
async fn a_status_says_what_to_do_when_nothing_is_set_up() {
    let mut status = made::status();
    status.catalogue = CatalogueStatus { version: 0, products: 0 };
    status.schema = SchemaStatus { applied: some("0001_tables.sql"), expected: "0002_views.sql".to_owned() };
    status.last_cron_at = None;
    assert_snapshot!(shown("status", &status).await, @r#"
    sales        of the newest 1000: needs you 993, waiting on the buyer 7
    deliveries   needs you 1303; of the newest 1000: processed 7
    to be done   given up 2, due 1; of the newest 1000: done 9
    licenses     of the newest 1000: active 3
    catalogue    none yet: cargo latchkey products push products.toml --reason "…"
    version      0.1.0
    schema       0001_tables.sql
    longest due  mail with the key, since 2026-11-22 05:00 UTC (3 h ago)

    No tick has run in the last five minutes: nothing that is due is tried, and no alert is sent. See whether the Worker has its cron trigger, which `npx wrangler deploy` sets.

    The database and the Worker are not of the same version: run `npx wrangler d1 migrations apply DB --remote`, then `npx wrangler deploy`.

    Storefronts
    STOREFRONT     LAST DELIVERY (UTC)  FOUND IN THEM  WHY NOT
    Gumroad        2026-11-22 07:57     0
    Lemon Squeezy                       0              LEMON_SQUEEZY_API_KEY was rejected

    Configuration
    EMAIL_FROM is not set: no mail can be sent
    "#);
}

#[tokio::test]
async fn a_status_says_when_no_tick_runs() {
    for (last, is_warned) in [
        (Some("2026-11-22T07:59:01Z"), false),
        (Some("2026-11-22T07:55:00Z"), false),
        (Some("2026-11-22T07:54:59Z"), true),
        (None, true),
    ] {
        let mut status = made::status();
        status.last_cron_at = last.map(at);
        let text = shown("status", &status).await;
        assert_eq!(text.contains("No tick has run in the last five minutes: "), is_warned, "{text}");
    }
}

#[tokio::test]
async fn attention_says_what_is_wrong_and_prints_the_command_that_mends_it() {
    let mail = AttentionItem {
        kind: DutyKind::LicenseMail,
        reason: None,
        error: some("Postmark refuses the address (300)"),
        remedy: Remedy::RetryOutbox,
        source: some("gumroad"),
        license_key: some("LK-1"),
        outbox_id: Some(3),
        ..made::unmapped()
    };
    let access = AttentionItem {
        kind: DutyKind::Grant,
        state: SaleState::WaitingOnGithub,
        error: some("GitHub's limit"),
        remedy: Remedy::None,
        next_attempt_at: Some(at("2026-11-22T08:05:00Z")),
        outbox_id: Some(4),
        repo: some("acme/starter"),
        github_username: some("octocat"),
        ..mail.clone()
    };
    let malformed = AttentionItem {
        reason: Some(EventReason::Malformed),
        error: some("`price` is no number"),
        remedy: Remedy::ReplayEvent,
        order_id: None,
        product_id: None,
        email: None,
        ..made::unmapped()
    };
    let alert = AttentionItem {
        kind: DutyKind::AlertMail,
        reason: None,
        error: some("POSTMARK_TOKEN was rejected"),
        remedy: Remedy::RetryOutbox,
        source: None,
        order_id: None,
        product_id: None,
        email: None,
        event_id: None,
        outbox_id: Some(5),
        ..made::unmapped()
    };
    let all = page(&[made::unmapped(), malformed, mail, access, alert], None);
    assert_snapshot!(shown("attention", &all).await, @r#"
    delivery E1
      state       needs you
      since       2026-11-22 06:59 UTC (1 h ago)
      about       ada@example.com, order 77 of Lemon Squeezy
      why         the catalogue does not say what its product opens: unmapped product p9
      what to do  Add product p9 of Lemon Squeezy to products.toml and push the file; the delivery is processed then:
        cargo latchkey products push products.toml --reason "…"

    delivery E1
      state       needs you
      since       2026-11-22 06:59 UTC (1 h ago)
      about       Lemon Squeezy
      why         something in it is missing or cannot be read: `price` is no number
      what to do  Look at it, fix the cause, and replay it; or answer it with a license by hand:
        cargo latchkey events show E1
        cargo latchkey events replay E1 --reason "…"
        cargo latchkey licenses issue --event E1 --section … --product … --to … --reason "…"

    mail with the key (outbox 3)
      state       needs you
      since       2026-11-22 06:59 UTC (1 h ago)
      about       ada@example.com, order 77 of Gumroad, license LK-1
      why         Postmark refuses the address (300)
      what to do  Fix the cause, then:
        cargo latchkey outbox retry 3 --reason "…"

    access of octocat to acme/starter (outbox 4)
      state       waiting on GitHub
      since       2026-11-22 06:59 UTC (1 h ago)
      about       ada@example.com, order 77 of Gumroad, license LK-1
      why         GitHub's limit
      next try    2026-11-22 08:05 UTC (in 5 min)
      what to do  Nothing: it is tried again automatically.

    alert to you (outbox 5)
      state       needs you
      since       2026-11-22 06:59 UTC (1 h ago)
      why         POSTMARK_TOKEN was rejected
      what to do  Fix the cause, then:
        cargo latchkey outbox retry 5 --reason "…"
    "#);
}

#[tokio::test]
async fn an_empty_list_says_what_there_is_none_of() {
    let mut said = Vec::new();
    for line in ["attention", "events list", "licenses list", "grants list", "outbox list", "actions list"] {
        said.push(shown(line, &page::<()>(&[], None)).await);
    }
    assert_snapshot!(said.join("\n"), @r"
    Nothing waits for you, and nothing is late or failing.
    No deliveries.
    No licenses.
    No access.
    Nothing is to be done.
    No changes.
    ");
}

#[tokio::test]
async fn deliveries_are_listed_with_what_became_of_them() {
    let mut stuck = made::event("01JD9Z4N8RW3T7Q2M5K6P0X1Y9");
    stuck.state = SaleState::NeedsSeller;
    stuck.reason = SaleReason::Event(EventReason::UnmappedProduct);
    stuck.error = some("unmapped product p9");
    stuck.license_key = None;
    assert_snapshot!(shown("events list", &page(&[stuck, made::event("E1")], None)).await, @r"
    ID                          RECEIVED (UTC)    STATE      SOURCE   TYPE  ORDER  EMAIL            WHY                                                  ERROR
    01JD9Z4N8RW3T7Q2M5K6P0X1Y9  2026-11-20 08:00  needs you  gumroad  sale  77     ada@example.com  the catalogue does not say what its product opens    unmapped product p9
    E1                          2026-11-20 08:00  fulfilled  gumroad  sale  77     ada@example.com  the buyer has activated it, and everything was done
    ");
}

#[tokio::test]
async fn a_sale_that_no_webhook_told_of_stands_out_in_the_list() {
    let found = |origin| {
        let mut event = made::event("E1");
        event.origin = origin;
        page(&[event], None)
    };
    let is_told = |text: String| text.contains("FOUND BY") && text.contains("reconciliation");
    assert!(!is_told(shown("events list", &found(EventOrigin::Webhook)).await));
    assert!(is_told(shown("events list", &found(EventOrigin::Reconciliation)).await));
}

#[tokio::test]
async fn licenses_are_listed_with_their_accounts() {
    let mut loose = made::license("LK-2");
    loose.activation = None;
    loose.expires_at = None;
    assert_snapshot!(shown("licenses list", &page(&[made::license("LK-1"), loose], None)).await, @r"
    LICENSE KEY  STATUS  TIER  EMAIL            GITHUB   ORDER  ISSUED (UTC)      EXPIRES (UTC)
    LK-1         active  pro   ada@example.com  octocat  77     2026-11-20 08:00  2027-11-22 08:00
    LK-2         active  pro   ada@example.com           77     2026-11-20 08:00
    ");
}

#[tokio::test]
async fn access_is_listed_with_why_it_is_not_there() {
    let mut blocked = made::grant();
    blocked.state = GrantState::Blocked;
    blocked.reason = some("GITHUB_TOKEN lacks a permission");
    blocked.until = None;
    assert_snapshot!(shown("grants list", &page(&[made::grant(), blocked], None)).await, @r"
    GITHUB   REPOSITORY    PERMISSION  STATE               SINCE (UTC)       UNTIL (UTC)       WHY                              LICENSES
    octocat  acme/starter  read        invited             2026-11-20 09:00  2026-11-27 09:00                                   LK-1
    octocat  acme/starter  read        blocked, needs you  2026-11-20 09:00                    GITHUB_TOKEN lacks a permission  LK-1
    ");
}

#[tokio::test]
async fn the_outbox_says_how_each_ended_and_else_why_it_failed_and_what_an_alert_told() {
    let mut dead = made::access();
    dead.state = OutboxState::Dead;
    dead.next_attempt_at = None;
    dead.last_error = some("no such user");
    let mut alert = made::mail();
    alert.kind = OutboxKind::AlertMail;
    alert.license_key = None;
    alert.detail = some("Given up and left to you: 2");
    assert_snapshot!(shown("outbox list", &page(&[made::mail(), made::access(), dead, alert], None)).await, @r"
    ID  WHAT                               ABOUT                        STATE     TRIES  NEXT TRY (UTC)    OUTCOME         CREATED (UTC)
    7   mail with the key                  LK-1                         done      1                        sent            2026-11-20 08:00
    8   access of octocat to acme/starter  waiting for GitHub's limit   due       1      2026-11-22 08:05  GitHub's limit  2026-11-20 08:00
    8   access of octocat to acme/starter  waiting for GitHub's limit   given up  1                        no such user    2026-11-20 08:00
    7   alert to you                       Given up and left to you: 2  done      1                        sent            2026-11-20 08:00
    ");
}

#[tokio::test]
async fn changes_are_listed_with_who_and_why() {
    let changes = [made::action("license.revoke", "LK-1"), made::action("catalogue.replace", "catalogue")];
    assert_snapshot!(shown("actions list", &page(&changes, None)).await, @r"
    WHEN (UTC)        WHO  WHAT                   TO WHAT    WHY
    2026-11-22 07:00  ada  revoked the license    LK-1       she asked
    2026-11-22 07:00  ada  changed the catalogue  catalogue  she asked
    ");
}

#[tokio::test]
async fn a_delivery_is_told_with_its_history_and_its_payload_commands_no_terminal() {
    let mut detail = made::event_detail();
    detail.event.error = some("odd \u{1b}[31mred");
    detail.payload = some("name=\u{1b}]0;title\u{7}&x=1");
    assert_snapshot!(shown("events show E1", &detail).await, @r"
    id           E1
    state        fulfilled
    since        2026-11-20 09:00 UTC (1 d ago)
    why          the buyer has activated it, and everything was done
    error        odd �[31mred
    storefront   Gumroad
    origin       webhook
    type         sale
    order        77
    product      starter==
    email        ada@example.com
    license key  LK-1
    received     2026-11-20 08:00 UTC (2 d ago)
    processed    2026-11-20 08:00 UTC (1 d ago)
    tries        1
    trace        T1

    Order
    order     77
    sold      2026-11-20 07:59 UTC (2 d ago)
    paid      49.00 USD
    name      Ada Lovelace
    email     ada@example.com
    country   GB
    variants  Tier: Team

    LINE  PRODUCT    QUANTITY
    1     starter==  1

    What the storefront said of it
    WHEN (UTC)        WHAT
    2026-11-21 08:00  disputed

    Licenses
    LICENSE KEY  STATUS  TIER  EMAIL            GITHUB   ORDER  ISSUED (UTC)      EXPIRES (UTC)
    LK-1         active  pro   ada@example.com  octocat  77     2026-11-20 08:00  2027-11-22 08:00

    Outbox
    ID  WHAT               ABOUT  STATE  TRIES  OUTCOME  CREATED (UTC)
    7   mail with the key  LK-1   done   1      sent     2026-11-20 08:00

    History
    WHEN (UTC)        WHAT
    2026-11-20 08:00  a delivery arrived: sale
    2026-11-20 08:00  the delivery was processed
    2026-11-20 08:00  license LK-1 was issued
    2026-11-20 09:00  license LK-1 was activated by octocat
    2026-11-22 07:00  ada transferred the license to hubot: renamed

    Payload
    name=�]0;title�&x=1
    ");
}

#[tokio::test]
async fn a_payload_that_is_no_text_or_is_erased_is_said_to_be_so() {
    let mut detail = made::event_detail();
    (detail.payload, detail.payload_hex) = (None, some("ff00"));
    assert!(shown("events show E1", &detail).await.ends_with("Payload\nnot text; in hex ff00"));
    detail.payload_hex = None;
    assert!(shown("events show E1", &detail).await.ends_with("Payload\nerased"));
}

#[tokio::test]
async fn a_license_is_told_with_its_whole_history() {
    assert_snapshot!(shown("licenses show LK-1", &made::license_detail()).await, @r"
    license key    LK-1
    status         active
    storefront     Gumroad
    order          77
    key issued by  Latchkey
    product        starter==
    tier           pro
    email          ada@example.com
    name           Ada Lovelace
    issued         2026-11-20 08:00 UTC (1 d ago)
    expires        2027-11-22 08:00 UTC (in 1 y)
    activated      2026-11-20 09:00 UTC (1 d ago)
    github         octocat (number 583231)
    proof          the name was typed
    opens          acme/starter, acme/starter-docs

    Order
    order     77
    sold      2026-11-20 07:59 UTC (2 d ago)
    paid      49.00 USD
    name      Ada Lovelace
    email     ada@example.com
    country   GB
    variants  Tier: Team

    LINE  PRODUCT    QUANTITY
    1     starter==  1

    Access
    GITHUB   REPOSITORY    PERMISSION  STATE    SINCE (UTC)       UNTIL (UTC)       LICENSES
    octocat  acme/starter  read        invited  2026-11-20 09:00  2026-11-27 09:00  LK-1

    Deliveries
    ID  RECEIVED (UTC)    STATE      SOURCE   TYPE  ORDER  EMAIL            WHY
    E1  2026-11-20 08:00  fulfilled  gumroad  sale  77     ada@example.com  the buyer has activated it, and everything was done

    Outbox
    ID  WHAT               ABOUT  STATE  TRIES  OUTCOME  CREATED (UTC)
    7   mail with the key  LK-1   done   1      sent     2026-11-20 08:00

    Changes
    WHEN (UTC)        WHO  WHAT                     TO WHAT  WHY
    2026-11-22 07:00  ada  had the mail sent again  LK-1     she asked

    History
    WHEN (UTC)        WHAT
    2026-11-20 08:00  a delivery arrived: sale
    2026-11-20 08:00  the delivery was processed
    2026-11-20 08:00  license LK-1 was issued
    2026-11-20 09:00  license LK-1 was activated by octocat
    2026-11-22 07:00  ada transferred the license to hubot: renamed
    ");
}

#[tokio::test]
async fn a_change_shows_what_it_came_to_and_when_it_is_carried_out() {
    let mut said = Vec::new();
    for line in [
        "licenses issue --section gumroad --product p9 --to ada@example.com",
        "licenses correct-email LK-1 --to ada@example.com",
        "licenses resend LK-1",
        "licenses revoke LK-1",
        "licenses reinstate LK-1",
        "licenses transfer LK-1 --to hubot",
    ] {
        said.push(shown(&format!("{line} --reason why"), &made::license_detail()).await);
    }
    for line in ["outbox retry 7", "outbox cancel 7"] {
        said.push(shown(&format!("{line} --reason why"), &made::access()).await);
    }
    let mut event = made::event("E1");
    (event.state, event.reason) = (SaleState::InProgress, SaleReason::JustArrived);
    said.push(shown("events replay E1 --reason why", &event).await);
    let erased = Erasure { erased: Erased { deliveries: 2, orders: 1, licenses: 0 } };
    said.push(shown("privacy erase ada@example.com --reason why", &erased).await);
    assert_snapshot!(said.join("\n\n"), @r"
    Issued: the next tick sends the mail, within a minute.

    LICENSE KEY  STATUS  TIER  EMAIL            GITHUB   ORDER  ISSUED (UTC)      EXPIRES (UTC)
    LK-1         active  pro   ada@example.com  octocat  77     2026-11-20 08:00  2027-11-22 08:00

    Corrected: unless it is activated, the next tick sends the mail, within a minute.

    LICENSE KEY  STATUS  TIER  EMAIL            GITHUB   ORDER  ISSUED (UTC)      EXPIRES (UTC)
    LK-1         active  pro   ada@example.com  octocat  77     2026-11-20 08:00  2027-11-22 08:00

    The mail is to be sent again: the next tick sends it, within a minute.

    LICENSE KEY  STATUS  TIER  EMAIL            GITHUB   ORDER  ISSUED (UTC)      EXPIRES (UTC)
    LK-1         active  pro   ada@example.com  octocat  77     2026-11-20 08:00  2027-11-22 08:00

    Revoked: the next tick takes the access away, within a minute.

    LICENSE KEY  STATUS  TIER  EMAIL            GITHUB   ORDER  ISSUED (UTC)      EXPIRES (UTC)
    LK-1         active  pro   ada@example.com  octocat  77     2026-11-20 08:00  2027-11-22 08:00

    Reinstated: the next tick sends the mail and gives the access that is missing, within a minute.

    LICENSE KEY  STATUS  TIER  EMAIL            GITHUB   ORDER  ISSUED (UTC)      EXPIRES (UTC)
    LK-1         active  pro   ada@example.com  octocat  77     2026-11-20 08:00  2027-11-22 08:00

    Transferred: the next tick changes who has access, within a minute.

    LICENSE KEY  STATUS  TIER  EMAIL            GITHUB   ORDER  ISSUED (UTC)      EXPIRES (UTC)
    LK-1         active  pro   ada@example.com  octocat  77     2026-11-20 08:00  2027-11-22 08:00

    Due now: the next tick tries it, within a minute.

    ID  WHAT                               ABOUT                       STATE  TRIES  NEXT TRY (UTC)    OUTCOME         CREATED (UTC)
    8   access of octocat to acme/starter  waiting for GitHub's limit  due    1      2026-11-22 08:05  GitHub's limit  2026-11-20 08:00

    Canceled.

    ID  WHAT                               ABOUT                       STATE  TRIES  NEXT TRY (UTC)    OUTCOME         CREATED (UTC)
    8   access of octocat to acme/starter  waiting for GitHub's limit  due    1      2026-11-22 08:05  GitHub's limit  2026-11-20 08:00

    Replayed: look again in a minute.

    ID  RECEIVED (UTC)    STATE        SOURCE   TYPE  ORDER  EMAIL            WHY
    E1  2026-11-20 08:00  in progress  gumroad  sale  77     ada@example.com  it has just arrived

    Erased what named the person in 2 deliveries, 1 order and 0 licenses.
    ");
}

#[tokio::test]
async fn a_table_fits_the_terminal_and_breaks_nothing_that_is_to_be_copied() {
    let mut event = made::event("01JD9Z4N8RW3T7Q2M5K6P0X1Y9");
    event.reason = SaleReason::License(LicenseReason::InvitationBlocked);
    let text = shown_in(Some(100), "events list", &page(&[event], None)).await;
    assert!(text.lines().all(|line| line.chars().count() <= 100), "{text}");
    assert!(text.contains("01JD9Z4N8RW3T7Q2M5K6P0X1Y9"), "{text}");
    let text = shown_in(Some(60), "attention", &page(&[made::unmapped()], None)).await;
    let command = "    cargo latchkey products push products.toml --reason \"…\"";
    let (commands, rest): (Vec<_>, Vec<_>) = text.lines().partition(|line| line.contains("cargo latchkey"));
    assert_eq!(commands, [command]);
    assert!(rest.iter().all(|line| line.chars().count() <= 60), "{text}");
}

#[tokio::test]
async fn an_amount_has_as_many_places_as_its_currency() {
    for (minor_units, currency, said) in
        [(4900, "usd", "49.00 USD"), (5, "eur", "0.05 EUR"), (4900, "jpy", "4900 JPY"), (1500, "kwd", "1.500 KWD")]
    {
        let mut detail = made::event_detail();
        if let Some(order) = &mut detail.order {
            (order.amount_cents, order.currency) = (Some(minor_units), Some(currency.to_owned()));
        }
        let text = shown("events show E1", &detail).await;
        assert!(text.lines().any(|line| line.starts_with("paid") && line.ends_with(said)), "{said}: {text}");
    }
    let mut detail = made::event_detail();
    if let Some(order) = &mut detail.order {
        (order.amount_cents, order.currency, order.variants) = (None, None, vec![(String::new(), "Pro".to_owned())]);
    }
    let text = shown("events show E1", &detail).await;
    assert!(!text.lines().any(|line| line.starts_with("paid")), "{text}");
    assert!(text.contains("variants  Pro\n"), "{text}");
}

#[tokio::test]
async fn what_failed_is_told_first_and_what_is_right_last() {
    let failed = Check::failed(CheckCode::Hooks, CheckReason::EventsMissing)
        .about("gumroad")
        .seeing("refund, dispute")
        .mended_by("Run `cargo latchkey connect gumroad`.");
    let warning = Check::warning(CheckCode::Seats, CheckReason::FewLeft).about("acme").mended_by("Buy more.");
    let checks = vec![
        Check::ok(CheckCode::Database),
        Check::ok(CheckCode::Repository).about("acme/kit"),
        warning,
        Check::skipped(CheckCode::GithubTokenEnd, CheckReason::NotShown),
        failed,
        Check::ok(CheckCode::Repository).about("acme/starter"),
    ];
    let worker = Worker::default();
    worker.answers(200, &Diagnosis { checks: checks.clone() });
    let said = worker.run(&["doctor"]).await.expect_err("something failed");
    assert_snapshot!(said, @r"
    Failed
      webhooks of Gumroad: these events lead nowhere
        (refund, dispute)
        Run `cargo latchkey connect gumroad`.

    Warning
      seats of acme: few are left
        Buy more.

    Skipped
      end of GitHub's token: it is not shown

    OK
      database
      repository acme/kit, acme/starter

    1 failed, 1 warning, 1 skipped, 3 OK.
    ");
    let well: Vec<_> = checks.into_iter().filter(|check| check.code != CheckCode::Hooks).collect();
    let said = shown("doctor", &Diagnosis { checks: well }).await;
    assert!(said.ends_with("0 failed, 1 warning, 1 skipped, 3 OK."), "{said}");
}

#[tokio::test]
async fn repositories_are_listed_with_what_is_not_counted_to_its_end() {
    assert_snapshot!(shown("access", &page(&[made::repository()], None)).await, @r"
    REPOSITORY  MEMBERS     INVITED  END WITHIN A DAY  INVITATIONS IN 24 H  DIFFERENCES  COMPARED (UTC)
    acme/kit    50 or more  3        1                 7 of 45              2            2026-11-22 04:00
    ");
}

#[tokio::test]
async fn sales_are_told_in_all_by_product_and_by_day() {
    assert_snapshot!(shown("sales", &made::sales_counts()).await, @r"
    sales                 2
    paid                  4900 JPY, 98.00 USD
    refunded since        1
    wait for their buyer  1
    test sales            1

    STOREFRONT  PRODUCT  NAME                  SALES  PIECES  REFUNDED SINCE
    Gumroad     kit==    Kit                   2      3       1
    Gumroad     x        not in the catalogue  2      3

    DAY         SALES  PAID                 REFUNDED SINCE  WAIT FOR THEIR BUYER  TESTS
    2026-11-22  2      4900 JPY, 98.00 USD  1               1                     1

    There is more before 2026-11-21 00:00 UTC (1 d ago): add --until with an earlier day.
    ");
    let nothing = SalesCounts { days: Vec::new(), ..made::sales_counts() };
    assert_eq!(shown("sales", &nothing).await, "Nothing was sold in these days.");
}

#[tokio::test]
async fn what_waits_for_an_entry_is_listed_with_how_often_it_was_sold() {
    let product = WaitingProduct {
        source: "gumroad".to_owned(),
        product_id: "new==".to_owned(),
        variant_id: None,
        name: some("New"),
        deliveries: 2,
        keys: 0,
        event_id: some("01"),
    };
    assert_snapshot!(shown("products waiting", &WaitingProducts { items: vec![product] }).await, @r"
    STOREFRONT  PRODUCT  NAME  DELIVERIES  NEWEST DELIVERY
    Gumroad     new==    New   2           01
    ");
    let nothing = WaitingProducts { items: Vec::new() };
    assert_eq!(shown("products waiting", &nothing).await, "Nothing waits: the catalogue names whatever was sold.");
}

#[tokio::test]
async fn it_is_said_whether_a_test_mail_has_left() {
    let told = shown("test-mail", &TestMail { outcome: TestMailState::Sent }).await;
    assert!(told.starts_with("The mail provider has taken the mail."), "{told}");
    let told = shown("test-mail", &TestMail { outcome: TestMailState::Logged }).await;
    assert!(told.contains("in the Worker's log and nowhere else"), "{told}");
}
