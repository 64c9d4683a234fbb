//! The words of every code, as one can read them through.

use latchkey::api::codes::{
    CheckCode, CheckReason, CheckStatus, DutyKind, EventOrigin, LicenseReason, OrderFact, OutboxKind, OutboxState,
    OutstandingState, Proof, SaleReason, SaleState,
};
use latchkey::model::catalogue::{Permission, Word};
use latchkey::model::{EventReason, GrantState, LicenseStatus};

use crate::words::{self, Words};

fn worded<T: Words + Copy>(name: &str, all: &[T], code: fn(T) -> &'static str) -> String {
    let lines: Vec<_> = all.iter().map(|one| format!("  {}: {}", code(*one), one.words())).collect();
    format!("{name}\n{}", lines.join("\n"))
}

#[test]
fn everything_that_the_doctor_looks_at_has_its_words() {
    let all = [
        worded("checks", CheckCode::ALL, CheckCode::as_str),
        worded("check status", CheckStatus::ALL, CheckStatus::as_str),
        worded("check reasons", CheckReason::ALL, CheckReason::as_str),
    ];
    insta::assert_snapshot!(all.join("\n\n"), @r"
    checks
      database: database
      schema: schema
      configuration: setting
      sandbox_values: values of the sandbox
      test_licenses: test purchases
      buyers_page: page that mails link to
      sign_in: sign-in of buyers
      cron: cron trigger
      mail_provider: mail provider
      mail_sender: sender of mails
      mail_hooks: word of mails that come back
      hooks: webhooks of
      deliveries: deliveries of
      mapped_products: products of the catalogue at
      unmapped_products: products that were sold
      github_token: GitHub's token
      github_token_end: end of GitHub's token
      repository: repository
      repository_permission: permission to invite to
      repository_owner: owner of
      seats: seats of
      invitation_budget: invitations of the day to

    check status
      ok: OK
      warning: Warning
      failed: Failed
      skipped: Skipped

    check reasons
      not_set: it is not set
      invalid: its value is none
      of_the_sandbox: it has a value of the sandbox's
      tests_open_repositories: they open repositories
      database_failed: the database does not answer
      schema_behind: migrations are missing
      schema_ahead: the database is of a later version than the Worker
      no_tick: no tick has run in the last five minutes
      delivers_nothing: it takes mails and delivers none
      several: several are set, and only one can be
      not_verified: the mail provider sends nothing from it
      cannot_tell: there is nobody to ask
      mails_wait: mails wait until you set something right
      refused: the credentials are not taken
      unanswered: there was no answer that could be believed
      not_used: it is not used
      not_configured: its webhook is closed, and the catalogue has products of it
      no_credentials: there are no credentials to ask with
      hook_missing: none leads here
      events_missing: these events lead nowhere
      hook_elsewhere: they lead elsewhere
      hook_secret_wrong: some bring a secret that is not accepted
      hook_secret_previous: some bring the previous secret
      hook_twice: several tell of the same event
      not_delivered: something was sold, and nothing was delivered since
      not_at_storefront: the storefront has no such product
      too_many: the storefront has more products than are looked at
      not_mapped: the catalogue does not name it
      nothing_mapped: the catalogue names none
      not_described: the catalogue does not say how its deliveries are read
      expires_soon: it comes within 30 days
      expired: it is over
      not_shown: it is not shown
      missing: there is none of that name, or the token cannot see it
      archived: it is archived
      renamed: it has another name by now
      beyond_bound: so many are not looked at
      no_permission: the token lacks it
      personal_account: a person, and so every collaborator can write
      none_left: none are left
      few_left: few are left
    ");
}

#[test]
fn every_code_has_its_words() {
    let mut all = vec![
        worded("sale states", SaleState::ALL, SaleState::as_str),
        worded("licenses", LicenseReason::ALL, LicenseReason::as_str),
        worded("deliveries", EventReason::ALL, EventReason::code),
        worded("origins", EventOrigin::ALL, EventOrigin::as_str),
        worded("replays", OutstandingState::ALL, OutstandingState::as_str),
        worded("proofs", Proof::ALL, Proof::as_str),
        worded("facts", OrderFact::ALL, OrderFact::as_str),
        worded("license status", &LicenseStatus::ALL, LicenseStatus::as_str),
        worded("permissions", Permission::ALL, Permission::as_str),
        worded("grants", &GrantState::ALL, GrantState::as_str),
        worded("outbox kinds", OutboxKind::ALL, OutboxKind::as_str),
        worded("outbox states", OutboxState::ALL, OutboxState::as_str),
        worded("duties", DutyKind::ALL, DutyKind::as_str),
    ];
    let alone = [SaleReason::JustArrived, SaleReason::NothingToDo];
    all.push(worded("sales", &alone, SaleReason::code));
    insta::assert_snapshot!(all.join("\n\n"), @r"
    sale states
      in_progress: in progress
      waiting_on_buyer: waiting on the buyer
      waiting_on_github: waiting on GitHub
      fulfilled: fulfilled
      needs_seller: needs you
      ignored: nothing to do

    licenses
      mail_failed: the mail with the key could not be sent and is not tried again
      mail_bounced: the mail with the key came back, or was reported as spam
      invitation_failed: the invitation could not be made and is not tried again
      removal_failed: the access could not be taken away, which is not tried again
      mail_blocked: the mail with the key cannot be sent until you fix the cause
      invitation_blocked: the invitation cannot be made until you fix the cause
      removal_blocked: the access cannot be taken away until you fix the cause
      revoked_by_operator: you revoked the license
      refunded: the order was refunded
      partially_refunded: the order was refunded in part
      disputed: the payment is disputed
      dispute_lost: you lost the dispute about the payment
      disabled_by_storefront: the storefront has disabled the key
      expired: the license has ended
      mail_canceled: you canceled the mail with the key
      invitation_canceled: you canceled the invitation
      mail_pending: the mail with the key is still to be sent
      not_activated: the buyer has not activated it yet
      invitation_pending: the invitation is still to be made
      invited: the buyer has not accepted the invitation yet
      declined: the buyer declined the invitation, and is invited again on activating again
      expired_invitation: the invitation ended unanswered: the buyer is invited again on activating again
      activated: the buyer has activated it, and everything was done

    deliveries
      test_ping: the storefront's dashboard sent it as a test
      not_paid_yet: it is not paid yet
      payment_failed: the payment failed
      not_paid: it was not paid
      gift_purchase: it was bought as a gift: who gets it has a sale of their own
      renewal_taken_back: a payment of the subscription was refunded, which takes its period away, or is disputed
      renewal_change: something became of one renewal, which changes nothing about the order
      subscription_payment: it is a charge of a subscription, which pays for a period
      subscription_payment_failed: a payment of the subscription failed: access lasts as long as is paid, and its grace
      subscription_started: a subscription began: its first order is a delivery of its own
      subscription_stopped: the subscription was canceled, and ends with what is paid for
      subscription_ended: the subscription ended
      subscription_resumed: the subscription goes on
      subscription_change: a subscription changed, which changes nothing about the license
      partial_refund: the order was refunded in part
      full_refund: the order was refunded in full
      dispute_opened: the payment is disputed
      dispute_won: you won the dispute
      lost_dispute: you lost the dispute
      refund_undone: a refund did not reach the buyer
      refund_not_approved: a refund that the storefront has not approved
      dispute_warning: the buyer's bank asks, and no money has moved
      key_disabled: the storefront's license key was switched off
      key_change: something changed about the storefront's license key
      unknown_event: it tells of nothing that Latchkey acts on
      ping: the sender asked whether somebody is there
      access_changed: who is in a repository changed, which is read from GitHub itself
      another_repository: it is about a repository that no product opens
      mail_returned: a mail came back, or was reported as spam
      mail_not_returned: a mail is late, or was answered by a machine, which changes nothing
      another_mail: it is about a mail that is none of Latchkey's
      key_issued_by_storefront: the storefront issues the keys of this product: the license comes with the key
      minted_here: the keys of this product are minted here: the storefront's own opens nothing
      nothing_to_deliver: the catalogue says that this product opens nothing
      already_licensed: its license was there already
      issued_by_hand: you answered it with a license by hand
      dismissed: you dismissed it
      ended_before_arrival: it was refunded or disputed before it arrived
      malformed: something in it is missing or cannot be read
      another_store: it is about an order of another store than the configured one
      store_not_configured: the settings do not say which store is yours
      unknown_storefront: the Worker knows no storefront of that name
      storefront_unavailable: the storefront did not answer what had to be asked to understand it
      unmapped_product: the catalogue does not say what its product opens
      not_described: the catalogue does not say how to read it
      order_not_here_yet: its order has not arrived, and what its key opens depends on that
      payload_erased: its payload is erased
      attempts_exhausted: it was tried so often that it is not tried again
      storage: the database did not do its part

    origins
      webhook: webhook
      reconciliation: found in the storefront's list; no webhook had arrived

    replays
      needs_seller: what waits for you
      in_progress: what is tried again later by itself

    proofs
      typed: the name was typed
      signed_in: signed in at GitHub
      checkout: the name was given at the checkout

    facts
      refunded: refunded in full
      partially_refunded: refunded in part
      disputed: disputed
      dispute_won: dispute won by you
      dispute_lost: dispute lost by you
      refund_undone: the full refund did not reach the buyer
      partial_refund_undone: the refund in part did not reach the buyer

    license status
      active: active
      suspended: suspended
      revoked: revoked

    permissions
      pull: read
      triage: triage
      push: write
      maintain: maintain
      admin: admin

    grants
      pending: to be invited
      invited: invited
      waiting: waiting for GitHub's limit
      member: has access
      declined: invitation declined
      expired: invitation expired
      blocked: blocked, needs you
      removed_by_hand: removed by hand
      revoking: to be taken away
      revoked: taken away

    outbox kinds
      license_mail: mail with the key
      reminder_mail: mail before the end
      invitation_mail: mail about invitations
      recovery_mail: mail with a link to all licenses
      grant: access
      alert_mail: alert to you

    outbox states
      due: due
      leased: being tried
      done: done
      dead: given up

    duties
      delivery: delivery
      license_mail: mail with the key
      reminder_mail: mail before the end
      invitation_mail: mail about invitations
      recovery_mail: mail with a link to all licenses
      grant: access
      alert_mail: alert to you

    sales
      just_arrived: it has just arrived
      nothing_to_do: it was understood, and nothing was to be done
    ");
}

#[test]
fn no_two_states_of_a_list_read_alike() {
    fn apart<T: Words>(all: &[T]) {
        let mut words: Vec<_> = all.iter().map(Words::words).collect();
        words.sort_unstable();
        words.dedup();
        assert_eq!(words.len(), all.len(), "{words:?}");
    }
    apart(SaleState::ALL);
    apart(LicenseReason::ALL);
    apart(EventReason::ALL);
    apart(&GrantState::ALL);
    apart(OutboxState::ALL);
    apart(OutboxKind::ALL);
    apart(&LicenseStatus::ALL);
}

#[test]
fn a_code_of_a_newer_worker_is_shown_as_it_is() {
    assert_eq!((words::outcome("sent"), words::outcome("sung")), ("sent", "sung"));
    assert_eq!(words::action("license.revoke"), "revoked the license");
    assert_eq!((words::action("license.sing"), words::storefront("kiosk")), ("license.sing", "kiosk"));
    assert_eq!(words::storefront("lemonsqueezy"), "Lemon Squeezy");
}
