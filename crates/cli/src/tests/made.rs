//! Answers made of the API's types: one of each, which a test changes where it matters.

use latchkey::api::access::RepositoryAccess;
use latchkey::api::actions::ActionItem;
use latchkey::api::attention::AttentionItem;
use latchkey::api::codes::{
    DutyKind, EventOrigin, GrantCause, LicenseReason, OrderFact, OutboxKind, OutboxState, Proof, Remedy, SaleReason,
    SaleState, SalesCut,
};
use latchkey::api::events::{EventDetail, EventItem};
use latchkey::api::grants::{GrantChange, GrantItem};
use latchkey::api::licenses::{ActivationItem, LicenseDetail, LicenseItem};
use latchkey::api::orders::{FactItem, OrderItem, OrderLine};
use latchkey::api::outbox::OutboxItem;
use latchkey::api::sales::{DayCount, ProductCount, SalesCount, SalesCounts};
use latchkey::api::status::{
    CatalogueStatus, DeliveryCounts, LicenseCounts, OldestDue, OutboxCounts, SchemaStatus, SourceStatus, StateCounts,
    Status,
};
use latchkey::api::timeline::{Happening, TimelineEntry};
use latchkey::model::catalogue::Permission;
use latchkey::model::{GrantState, LicenseStatus, Timestamp};

pub(super) fn at(time: &str) -> Timestamp {
    Timestamp::parse(time).expect("a time")
}

fn some(text: &str) -> Option<String> {
    Some(text.to_owned())
}

pub(super) fn event(id: &str) -> EventItem {
    EventItem {
        id: id.to_owned(),
        source: "gumroad".to_owned(),
        origin: EventOrigin::Webhook,
        event_type: "sale".to_owned(),
        order_id: some("77"),
        product_id: some("starter=="),
        email: some("ada@example.com"),
        license_key: some("LK-1"),
        state: SaleState::Fulfilled,
        since: at("2026-11-20T09:00:00Z"),
        reason: SaleReason::License(LicenseReason::Activated),
        error: None,
        received_at: at("2026-11-20T08:00:00Z"),
        processed_at: Some(at("2026-11-20T08:00:01Z")),
        attempts: 1,
        next_attempt_at: None,
        trace_id: "T1".to_owned(),
    }
}

pub(super) fn license(key: &str) -> LicenseItem {
    LicenseItem {
        license_key: key.to_owned(),
        source: "gumroad".to_owned(),
        order_id: "77".to_owned(),
        line: 1,
        storefront_key_id: None,
        product_id: "starter==".to_owned(),
        variant_id: None,
        tier: "pro".to_owned(),
        email: "ada@example.com".to_owned(),
        name: "Ada Lovelace".to_owned(),
        status: LicenseStatus::Active,
        revoked_by_operator: false,
        test: false,
        issued_at: at("2026-11-20T08:00:01Z"),
        expires_at: Some(at("2027-11-22T08:00:00Z")),
        event_id: some("E1"),
        mail_returned: None,
        activation: Some(ActivationItem {
            github_username: "octocat".to_owned(),
            github_user_id: 583_231,
            repos: vec!["acme/starter".to_owned(), "acme/starter-docs".to_owned()],
            proof: Proof::Typed,
            activated_at: at("2026-11-20T09:00:00Z"),
        }),
    }
}

pub(super) fn order() -> OrderItem {
    OrderItem {
        source: "gumroad".to_owned(),
        order_id: "77".to_owned(),
        email: "ada@example.com".to_owned(),
        name: "Ada Lovelace".to_owned(),
        amount_cents: Some(4900),
        currency: Some("usd".to_owned()),
        offer_code: None,
        variants: vec![("Tier".to_owned(), "Team".to_owned())],
        custom_fields: Vec::new(),
        country: some("GB"),
        subscription_id: None,
        test: false,
        sold_at: at("2026-11-20T07:59:59Z"),
        items: vec![OrderLine { line: 1, product_id: "starter==".to_owned(), variant_id: None, quantity: 1 }],
    }
}

pub(super) fn grant() -> GrantItem {
    GrantItem {
        github_user_id: 583_231,
        github_username: "octocat".to_owned(),
        repo: "acme/starter".to_owned(),
        permission: Some(Permission::Pull),
        state: GrantState::Invited,
        since: at("2026-11-20T09:00:00Z"),
        until: Some(at("2026-11-27T09:00:00Z")),
        reason: None,
        licenses: vec!["LK-1".to_owned()],
        earlier: None,
        renewals: 0,
        history: vec![GrantChange {
            at: at("2026-11-20T09:00:00Z"),
            state: GrantState::Invited,
            cause: GrantCause::Attempt,
            source: None,
            order_id: None,
        }],
    }
}

/// A mail with a key that was sent.
pub(super) fn mail() -> OutboxItem {
    OutboxItem {
        id: 7,
        kind: OutboxKind::LicenseMail,
        subject: "LK-1".to_owned(),
        license_key: some("LK-1"),
        repo: None,
        github_username: None,
        github_user_id: None,
        grant_state: None,
        cause: None,
        detail: None,
        state: OutboxState::Done,
        attempts: 1,
        next_attempt_at: None,
        last_error: None,
        person_needed: false,
        outcome: some("sent"),
        reference: some("M1"),
        created_at: at("2026-11-20T08:00:01Z"),
        ended_at: Some(at("2026-11-20T08:00:02Z")),
        trace_id: "T1".to_owned(),
    }
}

/// Access that is to be given.
pub(super) fn access() -> OutboxItem {
    OutboxItem {
        id: 8,
        kind: OutboxKind::Grant,
        subject: "583231:acme/starter".to_owned(),
        license_key: None,
        repo: some("acme/starter"),
        github_username: some("octocat"),
        github_user_id: Some(583_231),
        grant_state: Some(GrantState::Waiting),
        state: OutboxState::Due,
        next_attempt_at: Some(at("2026-11-22T08:05:00Z")),
        last_error: some("GitHub's limit"),
        outcome: None,
        reference: None,
        ended_at: None,
        ..mail()
    }
}

pub(super) fn action(name: &str, target: &str) -> ActionItem {
    ActionItem {
        id: "A1".to_owned(),
        action: name.to_owned(),
        target: target.to_owned(),
        reason: "she asked".to_owned(),
        actor: "ada".to_owned(),
        detail: None,
        at: at("2026-11-22T07:00:00Z"),
        trace_id: "T2".to_owned(),
    }
}

/// A delivery that waits for a product.
pub(super) fn unmapped() -> AttentionItem {
    AttentionItem {
        kind: DutyKind::Delivery,
        state: SaleState::NeedsSeller,
        since: at("2026-11-22T06:59:00Z"),
        reason: Some(latchkey::model::EventReason::UnmappedProduct),
        error: some("unmapped product p9"),
        remedy: Remedy::MapProduct,
        mail_returned: None,
        next_attempt_at: None,
        source: some("lemonsqueezy"),
        order_id: some("77"),
        product_id: some("p9"),
        email: some("ada@example.com"),
        license_key: None,
        event_id: some("E1"),
        outbox_id: None,
        repo: None,
        github_username: None,
    }
}

fn timeline() -> Vec<TimelineEntry> {
    let entry = |time: &str, what| TimelineEntry { at: at(time), what };
    let event_id = || "E1".to_owned();
    vec![
        entry("2026-11-20T08:00:00Z", Happening::Received { event_id: event_id(), event_type: "sale".to_owned() }),
        entry("2026-11-20T08:00:01Z", Happening::Processed { event_id: event_id(), reason: None }),
        entry("2026-11-20T08:00:01Z", Happening::LicenseIssued { license_key: "LK-1".to_owned() }),
        entry(
            "2026-11-20T09:00:00Z",
            Happening::Activated { license_key: "LK-1".to_owned(), github_username: "octocat".to_owned() },
        ),
        entry(
            "2026-11-22T07:00:00Z",
            Happening::Action {
                action: "license.transfer".to_owned(),
                target: "LK-1".to_owned(),
                actor: "ada".to_owned(),
                reason: "renamed".to_owned(),
                to: some("hubot"),
            },
        ),
    ]
}

pub(super) fn event_detail() -> EventDetail {
    EventDetail {
        event: event("E1"),
        payload: some("sale_id=77&email=ada%40example.com"),
        payload_hex: None,
        payload_bytes: Some(34),
        order: Some(order()),
        facts: vec![FactItem { fact: OrderFact::Disputed, said_at: at("2026-11-21T08:00:00Z") }],
        licenses: vec![license("LK-1")],
        outbox: vec![mail()],
        timeline: timeline(),
    }
}

pub(super) fn license_detail() -> LicenseDetail {
    LicenseDetail {
        license: license("LK-1"),
        order: Some(order()),
        facts: Vec::new(),
        events: vec![event("E1")],
        grants: vec![grant()],
        outbox: vec![mail()],
        actions: vec![action("license.resend", "LK-1")],
        timeline: timeline(),
    }
}

pub(super) fn status() -> Status {
    Status {
        version: "0.1.0".to_owned(),
        config_problems: vec!["EMAIL_FROM is not set: no mail can be sent".to_owned()],
        schema: SchemaStatus { applied: some("0002_views.sql"), expected: "0002_views.sql".to_owned() },
        catalogue: CatalogueStatus { version: 7, products: 4 },
        sources: vec![
            SourceStatus {
                source: "gumroad".to_owned(),
                last_delivery_at: Some(at("2026-11-22T07:57:00Z")),
                last_reconciliation_at: None,
                reconciliation_error: None,
                found_by_reconciliation: 0,
            },
            SourceStatus {
                source: "lemonsqueezy".to_owned(),
                last_delivery_at: None,
                last_reconciliation_at: None,
                reconciliation_error: some("LEMON_SQUEEZY_API_KEY was rejected"),
                found_by_reconciliation: 0,
            },
        ],
        deliveries: DeliveryCounts { processed: 7, ignored: 0, retrying: 0, needs_seller: 1303 },
        outbox: OutboxCounts { due: 1, leased: 0, done: 9, dead: 2 },
        licenses: LicenseCounts { active: 3, ..LicenseCounts::default() },
        sales_by_state: StateCounts { needs_seller: 993, waiting_on_buyer: 7, ..StateCounts::default() },
        counted_newest: 1000,
        oldest_due: Some(OldestDue { kind: DutyKind::LicenseMail, since: at("2026-11-22T05:00:00Z") }),
        last_cron_at: Some(at("2026-11-22T07:59:30Z")),
    }
}

/// What was sold on two days, of which one is without a sale.
pub(super) fn sales_counts() -> SalesCounts {
    let count = SalesCount {
        sales: 2,
        tests: 1,
        refunded: 1,
        waiting_on_buyer: 1,
        amounts: [("jpy".to_owned(), 4900), ("usd".to_owned(), 9800)].into(),
        ..SalesCount::default()
    };
    let product = ProductCount {
        source: "gumroad".to_owned(),
        product_id: "kit==".to_owned(),
        name: Some("Kit".to_owned()),
        sales: 2,
        pieces: 3,
        refunded: 1,
    };
    SalesCounts {
        since: at("2026-11-21T00:00:00Z"),
        until: at("2026-11-23T00:00:00Z"),
        cut: Some(SalesCut::BetweenDays),
        next_cursor: Some("1795219200000//".to_owned()),
        total: count.clone(),
        days: vec![
            DayCount { day: at("2026-11-22T00:00:00Z"), count },
            DayCount { day: at("2026-11-21T00:00:00Z"), count: SalesCount::default() },
        ],
        products: vec![
            product.clone(),
            ProductCount { name: None, product_id: "x".to_owned(), refunded: 0, ..product },
        ],
    }
}

/// A repository of which much is to be told.
pub(super) fn repository() -> RepositoryAccess {
    RepositoryAccess {
        repo: "acme/kit".to_owned(),
        members: 50,
        invited: 3,
        expiring: 1,
        in_line: 0,
        differences: 2,
        invitations: 7,
        invitations_most: 45,
        paused_until: None,
        compared_at: Some(at("2026-11-22T04:00:00Z")),
        comparing: false,
        error: None,
    }
}
