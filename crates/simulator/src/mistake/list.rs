//! Which mistakes are made, by their subjects, with what they change. How they are made is in `mistake`.

use latchkey::platform::{Statement, Value};

use super::{Asked, Edit, How, Mistake};
use crate::sql;

/// Thousands of years.
const FOREVER_MS: i64 = 60_000 << 20;

/// Where a lease's end is named.
const LEASING: [&str; 9] = [
    "outbox/claim",
    "outbox/leased_mails",
    "outbox/leased_alerts",
    "outbox/enqueue_license_mail",
    "grants/claim",
    "grants/lease_requested",
    "grants/begin",
    "grants/reserve",
    "grants/leased",
];

fn nothing(_: &[Statement], _: &Value) -> Value {
    Value::Null
}

fn not_at_all(_: &[Statement], _: &Value) -> Value {
    Value::Integer(0)
}

fn the_usual(_: &[Statement], _: &Value) -> Value {
    Value::from(r#"{"refunded":"revoked","disputed":"suspended"}"#)
}

fn much_later(_: &[Statement], value: &Value) -> Value {
    match value {
        Value::Integer(at) => Value::Integer(at + FOREVER_MS),
        other => other.clone(),
    }
}

fn one(_: &[Statement], _: &Value) -> Value {
    Value::Integer(1)
}

fn a_million(_: &[Statement], _: &Value) -> Value {
    Value::Integer(1_000_000)
}

fn everybody_declined(_: &[Statement], value: &Value) -> Value {
    match value {
        Value::Text(learned) => Value::Text(learned.replace(r#""state":"member""#, r#""state":"declined""#)),
        other => other.clone(),
    }
}

/// The order's id and the delivery's.
fn order_of_delivery(batch: &[Statement], order: &Value) -> Value {
    let mint = batch.iter().find(|statement| statement.name == "licenses/mint");
    match (order, mint.map(|mint| sql::param(mint, "event_id"))) {
        (Value::Text(order), Some(Value::Text(event))) => Value::Text(format!("{order}{event}")),
        _ => order.clone(),
    }
}

const fn statements(name: &'static str, edits: &'static [Edit]) -> Mistake {
    Mistake { name, how: How::Statements(edits) }
}

const fn left_out(name: &'static str, edit: &'static [Edit; 1]) -> Mistake {
    statements(name, edit)
}

/// Every mistake, by what the engine would do wrong.
pub static MISTAKES: &[Mistake] = &[
    // Deliveries.
    Mistake {
        name: "a delivery is acknowledged though it could not be stored",
        how: How::Answered { to: Asked::Delivery, status: 503, instead: 200 },
    },
    Mistake { name: "the second try to store a delivery makes a second row", how: How::StoredAgain },
    Mistake { name: "a forged delivery is believed", how: How::ForgeryBelieved },
    statements(
        "a delivery that waits for another is not tried again",
        &[Edit::Bound { names: &["events/fail"], param: "next_attempt_at", to: nothing }],
    ),
    statements(
        "a delivery whose process died is not tried again",
        &[Edit::Bound { names: &["events/store", "events/claim"], param: "abandoned_at", to: nothing }],
    ),
    left_out(
        "what a list has and no delivery told of is not stored",
        &[Edit::LeftOut("reconciliations/store_missing")],
    ),
    // Licenses and their keys.
    statements(
        "every copy of a sale mints a license of its own",
        &[Edit::Bound { names: &["licenses/mint"], param: "order_id", to: order_of_delivery }],
    ),
    Mistake {
        name: "a sale is marked as processed before its license is there",
        how: How::EarlyBeside { early: "events/complete", beside: "licenses/mint" },
    },
    left_out("what was said of an order is forgotten", &[Edit::LeftOut("orders/record_facts")]),
    left_out(
        "a license is active whatever was said of its order before",
        &[Edit::LeftOutBeside("licenses/recompute", "licenses/mint")],
    ),
    statements(
        "what the catalogue says of refunds and disputes is not read",
        &[Edit::Bound {
            names: &["licenses/mint", "licenses/record_issued", "actions/issue"],
            param: "consequences",
            to: the_usual,
        }],
    ),
    statements(
        "what was said of a key last is what arrived last",
        &[Edit::Bound { names: &["storefront_keys/record"], param: "said_at", to: nothing }],
    ),
    statements(
        "a key that its storefront has disabled stays good",
        &[Edit::Bound { names: &["storefront_keys/record"], param: "disabled", to: not_at_all }],
    ),
    left_out("a license that is active again has its mail kept back", &[Edit::LeftOut("outbox/enqueue_held_mails")]),
    left_out("nobody is told beforehand that a license expires", &[Edit::LeftOut("reminders/enqueue")]),
    statements(
        "a mail that came back is taken for the others",
        &[Edit::Reworded {
            name: "outbox/bury_returned",
            from: "WHERE id = :outbox_id AND reference = :reference AND",
            to: "WHERE id <> :outbox_id AND reference IS NOT :reference AND",
        }],
    ),
    left_out("a mail that came back is taken for one that arrived", &[Edit::LeftOut("outbox/bury_returned")]),
    left_out(
        "a mail that came back before its row was done is taken for one that arrived",
        &[Edit::LeftOut("outbox/record_returned")],
    ),
    Mistake { name: "a mail that may have failed is sent twice under one lease", how: How::MailedAgain },
    Mistake { name: "every mail is sent twice under one lease", how: How::MailedTwice },
    // The outbox.
    Mistake { name: "what is leased is marked as done before it is done", how: How::CompletedEarly },
    statements(
        "whoever lost a lease completes the row all the same",
        &[
            Edit::Reworded { name: "outbox/complete", from: "lease_id = :lease_id", to: ":lease_id IS NOT NULL" },
            Edit::Reworded { name: "grants/end", from: "AND lease_id = :lease_id", to: "AND :lease_id IS NOT NULL" },
        ],
    ),
    statements(
        "whoever lost a lease postpones the row all the same",
        &[
            Edit::Reworded { name: "outbox/retry_later", from: "lease_id = :lease_id", to: ":lease_id IS NOT NULL" },
            Edit::Reworded { name: "outbox/hold_mail", from: "lease_id = :lease_id", to: ":lease_id IS NOT NULL" },
            Edit::Reworded {
                name: "grants/end",
                from: "AND lease_id = :lease_id",
                to: "AND (lease_id = :lease_id OR :state = 'due')",
            },
        ],
    ),
    statements(
        "a claim of which no word comes is not counted",
        &[
            Edit::Reworded { name: "outbox/claim", from: "attempts = attempts + 1", to: "attempts = attempts" },
            Edit::Reworded { name: "outbox/claim_suspect", from: "attempts = attempts + 1", to: "attempts = attempts" },
        ],
    ),
    statements(
        "what processes die at is claimed with everything else",
        &[
            Edit::Reworded { name: "outbox/claim", from: "silent_claims < 2", to: "silent_claims < 1000" },
            Edit::Reworded { name: "grants/claim", from: "o.silent_claims < 2", to: "o.silent_claims < 1000" },
            Edit::Reworded { name: "events/claim", from: "silent_claims < 2", to: "silent_claims < 1000" },
        ],
    ),
    statements(
        "what was leased to a process that died stays leased",
        &[Edit::Bound { names: &LEASING, param: "until", to: much_later }],
    ),
    // Activations and access.
    statements(
        "whoever binds a license last has it",
        &[Edit::Reworded {
            name: "activations/bind",
            from: "DO NOTHING",
            to: "DO UPDATE SET github_username = excluded.github_username, github_user_id = excluded.github_user_id",
        }],
    ),
    Mistake {
        name: "the invitations are enqueued in a transaction after the one that binds",
        how: How::CutBefore("grants/lease_requested"),
    },
    Mistake {
        name: "whoever presents another's key is told that it is activated",
        how: How::Answered { to: Asked::Activation, status: 400, instead: 200 },
    },
    // What is given at the checkout.
    statements(
        "whoever is named at a checkout has the license, whatever the catalogue wants",
        &[Edit::Bound { names: &["licenses/mint", "licenses/record_issued"], param: "at_checkout", to: one }],
    ),
    statements(
        "who was named at a checkout is corrected years after it",
        &[
            Edit::Reworded {
                name: "activations/known_license",
                from: "a.activated_at, NULL) AS bound_at_checkout_at",
                to: "a.activated_at + 100000000000, NULL) AS bound_at_checkout_at",
            },
            Edit::Bound { names: &["actions/record_move"], param: "within_ms", to: much_later },
        ],
    ),
    left_out(
        "who was named at a checkout stays in once that is corrected",
        &[Edit::LeftOutBeside("actions/release_grants", "actions/record_move")],
    ),
    statements(
        "what was given at a checkout is tried by every tick",
        &[
            Edit::Reworded {
                name: "licenses/claim_checkout",
                from: "iif(next_at < issued_at + :within_ms, next_at, NULL)",
                to: "iif(next_at < issued_at + :within_ms, :now, NULL)",
            },
            Edit::LeftOut("licenses/end_checkout"),
        ],
    ),
    left_out("what a revoked license opened stays open", &[Edit::LeftOut("grants/mark_unwanted")]),
    left_out("what a reinstated license opened stays closed", &[Edit::LeftOut("grants/mark_wanted")]),
    left_out("what became of an invitation is not recorded", &[Edit::LeftOut("watches/learn")]),
    statements(
        "whoever is not listed any more is taken for one who declined",
        &[Edit::Bound { names: &["watches/learn"], param: "learned", to: everybody_declined }],
    ),
    left_out("a change of access is not enqueued", &[Edit::LeftOut("grants/enqueue_changed")]),
    statements(
        "what a license permitted that is gone is permitted still",
        &[
            Edit::Reworded {
                name: "grants/enqueue_changed",
                from: "g.given <> 'pull' AND CASE",
                to: "g.given = 'nothing' AND CASE",
            },
            Edit::Reworded {
                name: "grants/enqueue_ended",
                from: "g.given <> 'pull' AND CASE",
                to: "g.given = 'nothing' AND CASE",
            },
        ],
    ),
    statements(
        "what was given to somebody is not recorded",
        &[Edit::Bound { names: &["grants/record"], param: "given", to: nothing }],
    ),
    statements(
        "what somebody had before is not recorded, and taken away with what they were given",
        &[Edit::Bound { names: &["grants/record"], param: "earlier", to: nothing }],
    ),
    left_out("what a license opened that has ended stays open", &[Edit::LeftOut("grants/mark_ended")]),
    left_out("that a license has ended is not noted", &[Edit::LeftOut("licenses/mark_ended")]),
    left_out("a subscription never ends", &[Edit::LeftOut("subscriptions/recompute")]),
    statements(
        "of what a subscription has paid the first period counts alone",
        &[
            Edit::Reworded {
                name: "subscriptions/recompute",
                from: "max(until_at) AS until_at",
                to: "min(until_at) AS until_at",
            },
            Edit::Reworded {
                name: "subscriptions/recompute",
                from: "max(until_at) FILTER (WHERE NOT refunded)",
                to: "min(until_at) FILTER (WHERE NOT refunded)",
            },
        ],
    ),
    statements(
        "an invitation that nobody accepts is not made anew",
        &[Edit::Bound { names: &["watches/renew", "watches/learn"], param: "most_renewals", to: not_at_all }],
    ),
    statements(
        "an invitation that nobody accepts is made anew for ever",
        &[Edit::Bound { names: &["watches/renew", "watches/learn"], param: "most_renewals", to: a_million }],
    ),
    statements(
        "whoever has declined is invited again, though nobody asked",
        &[Edit::Reworded {
            name: "watches/renew",
            from: "FROM grants g INDEXED BY grants_invited WHERE g.repo = :repo AND g.state = 'invited' AND g.until_at <=",
            to: "FROM grants g WHERE g.repo = :repo AND g.state IN ('invited', 'declined') AND coalesce(g.until_at, 0) <=",
        }],
    ),
    left_out(
        "nobody is told of an invitation that was made anew or has expired",
        &[Edit::LeftOut("outbox/enqueue_invitation_mails")],
    ),
    statements(
        "buyers are told of an invitation that they have accepted",
        &[Edit::Reworded {
            name: "outbox/leased_mails",
            from: "(g.state = 'expired' OR",
            to: "(g.state IN ('expired', 'member') OR",
        }],
    ),
    statements(
        "what is taken away is taken away whatever another license opens",
        &[
            Edit::Reworded {
                name: "grants/mark_unwanted",
                from: "s.license_key = c.license_key WHERE c.github_user_id",
                to: "s.license_key = c.license_key WHERE c.repo = '' AND c.github_user_id",
            },
            Edit::Reworded {
                name: "grants/begin",
                from: "(NOT wanted OR state IN ('revoking', 'revoked'))",
                to: "NOT wanted",
            },
            Edit::Reworded {
                name: "grants/leased",
                from: "(SELECT max(c.permission_rank)",
                to: "(SELECT max(iif(g.state = 'revoking', NULL, c.permission_rank))",
            },
        ],
    ),
    statements(
        "a license that changes while somebody is at its access changes nothing",
        &[Edit::Reworded { name: "grants/end", from: "END AS outdated", to: "END AND 0 AS outdated" }],
    ),
    Mistake { name: "a removal is reported done that was not made", how: How::NothingRemoved },
    Mistake { name: "whoever is invited may do everything", how: How::EverythingPermitted },
    Mistake { name: "whoever is invited may read and no more", how: How::ReadingPermitted },
    Mistake { name: "the number of whoever is invited is not compared", how: How::InviteeBelieved },
    Mistake { name: "whoever has accepted what went astray is taken for gone", how: How::GoneBelieved },
    Mistake { name: "a removal deletes the first invitation alone", how: How::FirstInvitationDeleted },
    Mistake { name: "a removal goes on when its lease is over", how: How::RemovalUntimed },
    statements(
        "any number of invitations goes to a repository",
        &[Edit::Bound { names: &["grants/reserve"], param: "per_window", to: a_million }],
    ),
    statements(
        "whoever asks again is invited any number of times",
        &[Edit::Bound {
            names: &["grants/reserve", "grants/leased", "grants/lease_requested"],
            param: "per_grant",
            to: a_million,
        }],
    ),
    statements(
        "an invitation is sent without a reservation",
        &[
            Edit::LeftOut("grants/reserve"),
            Edit::Reworded {
                name: "grants/leased",
                from: "FROM invitation_reservations r",
                to: "FROM (SELECT '' AS repo, 0 AS reserved_at, '' AS grant_id, '' AS lease_id, 0 AS made WHERE 0) r",
            },
        ],
    ),
    Mistake { name: "when GitHub wants to be asked again is not read", how: How::TimesIgnored },
    left_out("a limit that GitHub has set is forgotten", &[Edit::LeftOut("github/pause")]),
    // Where GitHub and what is recorded have come apart.
    left_out("whoever is in by no license is not listed", &[Edit::LeftOut("drift/record_seen")]),
    left_out("whom the seller has removed is not found out", &[Edit::LeftOut("drift/learn_removed")]),
    statements(
        "whom the seller has removed is invited again",
        &[Edit::Reworded {
            name: "drift/record_unseen",
            from: "g.state IN ('pending', 'waiting', 'blocked', 'revoking', 'revoked')",
            to: "g.state IN ('pending', 'waiting', 'blocked', 'revoking', 'revoked', 'removed_by_hand')",
        }],
    ),
    left_out("access that was lost on our side is not given again", &[Edit::LeftOut("drift/restore")]),
    // Bringing licenses to the catalogue.
    statements(
        "a license that is revoked opens what the catalogue says by now",
        &[
            Edit::Reworded { name: "sync/page", from: "l.status = 'revoked' OR", to: "" },
            Edit::Reworded {
                name: "sync/record",
                from: "FROM good_licenses l JOIN",
                to: "FROM (SELECT *, 9007199254740991 AS good_until FROM licenses) l JOIN",
            },
        ],
    ),
    statements(
        "what a license opens no longer is taken away whatever another one opens",
        &[
            Edit::Reworded {
                name: "sync/release_grants",
                from: "FROM claims c WHERE c.github_user_id",
                to: "FROM claims c WHERE c.repo = '' AND c.github_user_id",
            },
            Edit::Reworded {
                name: "grants/begin",
                from: "(NOT wanted OR state IN ('revoking', 'revoked'))",
                to: "NOT wanted",
            },
            Edit::Reworded {
                name: "grants/leased",
                from: "(SELECT max(c.permission_rank)",
                to: "(SELECT max(iif(g.state = 'revoking', NULL, c.permission_rank))",
            },
        ],
    ),
    left_out("what a license opens no longer stays open", &[Edit::LeftOut("sync/release_grants")]),
    left_out("what a license has come to open is given to nobody", &[Edit::LeftOut("sync/want_grants")]),
    statements(
        "what has happened to a license since it was read is overwritten",
        &[Edit::Reworded {
            name: "sync/record",
            from: "AND NOT EXISTS ( SELECT 1 FROM json_each(:changed) changed",
            to: "AND NOT EXISTS ( SELECT 1 FROM (SELECT value FROM json_each(:changed) WHERE 0) changed",
        }],
    ),
    // Answers and the log.
    Mistake {
        name: "a key that nobody knows is answered as an error of ours",
        how: How::Answered { to: Asked::Activation, status: 404, instead: 500 },
    },
    Mistake { name: "a key stands in the log", how: How::KeyLogged },
    Mistake { name: "the owner of a key is named to whoever presents it", how: How::OwnerNamed },
    // The operator.
    statements(
        "a license is revoked by hand, and no record says so",
        &[
            Edit::LeftOut("actions/record_revocation"),
            Edit::Reworded {
                name: "actions/revoke",
                from: "AND EXISTS (SELECT 1 FROM admin_actions WHERE id = :action_id)",
                to: "AND :action_id IS NOT NULL",
            },
        ],
    ),
    statements(
        "an order is given a license by hand as often as that is asked for",
        &[
            Edit::Reworded {
                name: "actions/record_issuing",
                from: "AND l.product_id = :product_id AND (",
                to: "AND l.product_id = :product_id || '?' AND (",
            },
            Edit::Reworded {
                name: "actions/record_issuing",
                from: "'order_id', coalesce(e.order_id, :order_id)",
                to: "'order_id', coalesce(e.order_id, :order_id || :action_id)",
            },
        ],
    ),
    left_out("a delivery that was answered by hand goes on being tried", &[Edit::LeftOut("actions/answer_event")]),
    left_out("the mail stays at the address that was corrected", &[Edit::LeftOut("actions/enqueue_corrected_mails")]),
    statements(
        "an address is corrected, and no record says so",
        &[
            Edit::LeftOut("actions/record_correction"),
            Edit::Reworded {
                name: "actions/correct_licenses",
                from: "AND EXISTS (SELECT 1 FROM admin_actions WHERE id = :action_id)",
                to: "AND :action_id IS NOT NULL",
            },
        ],
    ),
    Mistake {
        name: "the operator is told that something was done that was refused",
        how: How::Answered { to: Asked::Act, status: 409, instead: 200 },
    },
    left_out("the operator is not told of what was given up or found", &[Edit::LeftOut("alerts/raise_found")]),
    left_out("an alert is raised and nobody gets it", &[Edit::LeftOut("alerts/enqueue")]),
    statements(
        "the operator is told of the same at every tick",
        &[Edit::Reworded {
            name: "alerts/raise_found",
            from: "WHERE NOT EXISTS (SELECT 1 FROM alerts WHERE cause = a.cause AND created_at > :now - :hour_ms",
            to: "WHERE NOT EXISTS (SELECT 1 FROM alerts WHERE cause = a.cause AND created_at > :now - 1000",
        }],
    ),
    statements(
        "the operator is told of the same every hour, however long it lasts",
        &[Edit::Reworded { name: "alerts/raise_found", from: "told_before < 2 OR", to: "told_before < 2000 OR" }],
    ),
    // Who was erased, and what was dismissed.
    left_out("what was erased comes back by a list or another copy", &[Edit::LeftOut("privacy/mark_orders")]),
    statements(
        "what is processed does not check that its delivery still stands",
        &[
            Edit::Reworded { name: "orders/record", from: "AND e.processed = 0", to: "" },
            Edit::Reworded { name: "orders/record_items", from: "AND e.processed = 0", to: "" },
            Edit::Reworded { name: "licenses/mint", from: "AND e.processed = 0", to: "" },
            Edit::Reworded { name: "storefront_keys/record", from: "AND e.processed = 0", to: "" },
            Edit::Reworded { name: "licenses/record_issued", from: "AND e.processed = 0", to: "" },
        ],
    ),
    statements(
        "what is said later of an erased order is kept as it came",
        &[Edit::Reworded {
            name: "events/complete",
            from: "OR EXISTS (SELECT 1 FROM erased_orders x",
            to: "OR EXISTS (SELECT 1 FROM (SELECT '' AS source, '' AS order_id, 1 AS buyer) x",
        }],
    ),
    left_out("whose account an erased license was bound to is never forgotten", &[Edit::LeftOut("privacy/look_again")]),
    // The catalogue.
    left_out("a delivery goes on waiting for a product that was mapped", &[Edit::LeftOut("products/wake_waiting")]),
    statements(
        "a delivery that failed under an older catalogue misses the change",
        &[Edit::Bound { names: &["events/fail"], param: "catalogue_version", to: nothing }],
    ),
    statements(
        "an isolate never learns of another catalogue",
        &[Edit::Reworded { name: "products/newer", from: "c.version IS NOT :known", to: ":known IS NULL" }],
    ),
    left_out("a product that was unmapped stays mapped", &[Edit::LeftOut("products/remove_all")]),
    statements(
        "what was fixed at activation follows the catalogue",
        &[Edit::Followed {
            name: "products/insert_all",
            by: "UPDATE entitlements SET permission = 'push' WHERE permission <> 'push' AND repo IN (
                   SELECT repo.value FROM products p, json_each(p.entry, '$.repos') repo
                   WHERE p.entry ->> '$.permission' = 'push')",
        }],
    ),
];

/// The mistakes about the line of those who wait for an invitation, of whom only a launch has enough.
pub static LINE_MISTAKES: &[Mistake] = &[
    statements(
        "whoever comes last is invited before those who wait",
        &[Edit::Reworded {
            name: "grants/reserve",
            from: "AND NOT EXISTS (SELECT 1 FROM grants w JOIN",
            to: "AND NOT EXISTS (SELECT 1 FROM (SELECT '' AS id, '' AS repo, 0 AS turn_at WHERE 0) w JOIN",
        }],
    ),
    statements(
        "whoever asks again while they wait goes to the end of the line",
        &[Edit::Reworded { name: "grants/request", from: "renewals = 0,", to: "renewals = 0, turn_at = NULL," }],
    ),
    statements(
        "more turns are given in a day than there are invitations",
        &[
            Edit::Bound { names: &["grants/give_turns"], param: "turns_per_window", to: a_million },
            Edit::Bound { names: &["grants/give_turns"], param: "turn_gap_ms", to: a_million },
        ],
    ),
    statements("whoever waits is told of the first invitation that is free", &[Edit::LeftOut("grants/give_turns")]),
];
