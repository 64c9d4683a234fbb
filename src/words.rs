//! What every code of the API is in words, for the operator: the command line and the console say the same. The only place that
//! words codes: a code without words does not compile.

use crate::adapters::storefronts::PROFILES;
use crate::api::codes::{
    CheckCode, CheckReason, CheckStatus, DriftKind, DutyKind, EventOrigin, GrantCause, LicenseReason, OrderFact,
    OutboxKind, OutboxState, OutstandingState, Proof, SaleReason, SaleState,
};
use crate::model::catalogue::{Consequence, DisputeConsequence, LicenseKind, Permission, ProofRule};
use crate::model::{EventReason, GrantState, LicenseStatus, MailFate, Source};

/// How something stands, for its color and its sign; the words beside it say the same.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Tone {
    Good,
    /// It waits for anybody but the reader.
    Waits,
    /// It waits for the reader, or is over.
    Bad,
    Plain,
}

impl Tone {
    /// The name of its class, and of its sign.
    pub const fn name(self) -> &'static str {
        match self {
            Self::Good => "good",
            Self::Waits => "waits",
            Self::Bad => "bad",
            Self::Plain => "plain",
        }
    }
}

/// A code that has words.
pub trait Words {
    fn words(&self) -> &'static str;
}

/// A state, whose words have a color.
pub trait State: Words {
    fn tone(&self) -> Tone;
}

impl Words for SaleState {
    fn words(&self) -> &'static str {
        match self {
            Self::InProgress => "in progress",
            Self::WaitingOnBuyer => "waiting on the buyer",
            Self::WaitingOnGithub => "waiting on GitHub",
            Self::Fulfilled => "fulfilled",
            Self::NeedsSeller => "needs you",
            Self::Ignored => "nothing to do",
        }
    }
}

impl State for SaleState {
    fn tone(&self) -> Tone {
        match self {
            Self::NeedsSeller => Tone::Bad,
            Self::InProgress | Self::WaitingOnBuyer | Self::WaitingOnGithub => Tone::Waits,
            Self::Fulfilled => Tone::Good,
            Self::Ignored => Tone::Plain,
        }
    }
}

impl Words for SaleReason {
    fn words(&self) -> &'static str {
        match self {
            Self::JustArrived => "it has just arrived",
            Self::NothingToDo => "it was understood, and nothing was to be done",
            Self::Event(reason) => reason.words(),
            Self::License(reason) => reason.words(),
        }
    }
}

impl Words for EventReason {
    fn words(&self) -> &'static str {
        match self {
            Self::TestPing => "the storefront's dashboard sent it as a test",
            Self::NotPaidYet => "it is not paid yet",
            Self::PaymentFailed => "the payment failed",
            Self::NotPaid => "it was not paid",
            Self::GiftPurchase => "it was bought as a gift: who gets it has a sale of their own",
            Self::RenewalTakenBack => {
                "a payment of the subscription was refunded, which takes its period away, or is disputed"
            }
            Self::RenewalChange => "something became of one renewal, which changes nothing about the order",
            Self::SubscriptionPayment => "it is a charge of a subscription, which pays for a period",
            Self::SubscriptionPaymentFailed => {
                "a payment of the subscription failed: access lasts as long as is paid, and its grace"
            }
            Self::SubscriptionStarted => "a subscription began: its first order is a delivery of its own",
            Self::SubscriptionStopped => "the subscription was canceled, and ends with what is paid for",
            Self::SubscriptionEnded => "the subscription ended",
            Self::SubscriptionResumed => "the subscription goes on",
            Self::SubscriptionChange => "a subscription changed, which changes nothing about the license",
            Self::PartialRefund => "the order was refunded in part",
            Self::FullRefund => "the order was refunded in full",
            Self::DisputeOpened => "the payment is disputed",
            Self::RefundNotApproved => "a refund that the storefront has not approved",
            Self::DisputeWarning => "the buyer's bank asks, and no money has moved",
            Self::DisputeWon => "you won the dispute",
            Self::DisputeLost => "you lost the dispute",
            Self::RefundUndone => "a refund did not reach the buyer",
            Self::KeyDisabled => "the storefront's license key was switched off",
            Self::KeyChange => "something changed about the storefront's license key",
            Self::UnknownEvent => "it tells of nothing that Latchkey acts on",
            Self::Ping => "the sender asked whether somebody is there",
            Self::AccessChanged => "who is in a repository changed, which is read from GitHub itself",
            Self::AnotherRepository => "it is about a repository that no product opens",
            Self::MailReturned => "a mail came back, or was reported as spam",
            Self::MailNotReturned => "a mail is late, or was answered by a machine, which changes nothing",
            Self::AnotherMail => "it is about a mail that is none of Latchkey's",
            Self::KeyIssuedByStorefront => {
                "the storefront issues the keys of this product: the license comes with the key"
            }
            Self::MintedHere => "the keys of this product are minted here: the storefront's own opens nothing",
            Self::NothingToDeliver => "the catalogue says that this product opens nothing",
            Self::AlreadyLicensed => "its license was there already",
            Self::IssuedByHand => "you answered it with a license by hand",
            Self::Dismissed => "you dismissed it",
            Self::EndedBeforeArrival => "it was refunded or disputed before it arrived",
            Self::Malformed => "something in it is missing or cannot be read",
            Self::AnotherStore => "it is about an order of another store than the configured one",
            Self::StoreNotConfigured => "the settings do not say which store is yours",
            Self::UnknownStorefront => "the Worker knows no storefront of that name",
            Self::StorefrontUnavailable => "the storefront did not answer what had to be asked to understand it",
            Self::UnmappedProduct => "the catalogue does not say what its product opens",
            Self::NotDescribed => "the catalogue does not say how to read it",
            Self::OrderNotHereYet => "its order has not arrived, and what its key opens depends on that",
            Self::PayloadErased => "its payload is erased",
            Self::AttemptsExhausted => "it was tried so often that it is not tried again",
            Self::Storage => "the database did not do its part",
        }
    }
}

impl Words for LicenseReason {
    fn words(&self) -> &'static str {
        match self {
            Self::MailFailed => "the mail with the key could not be sent and is not tried again",
            Self::MailBounced => "the mail with the key came back, or was reported as spam",
            Self::InvitationFailed => "the invitation could not be made and is not tried again",
            Self::RemovalFailed => "the access could not be taken away, which is not tried again",
            Self::MailBlocked => "the mail with the key cannot be sent until you fix the cause",
            Self::InvitationBlocked => "the invitation cannot be made until you fix the cause",
            Self::RemovalBlocked => "the access cannot be taken away until you fix the cause",
            Self::RevokedByOperator => "you revoked the license",
            Self::Refunded => "the order was refunded",
            Self::PartiallyRefunded => "the order was refunded in part",
            Self::Disputed => "the payment is disputed",
            Self::DisputeLost => "you lost the dispute about the payment",
            Self::Expired => "the license has ended",
            Self::DisabledByStorefront => "the storefront has disabled the key",
            Self::MailCanceled => "you canceled the mail with the key",
            Self::InvitationCanceled => "you canceled the invitation",
            Self::MailPending => "the mail with the key is still to be sent",
            Self::NotActivated => "the buyer has not activated it yet",
            Self::InvitationPending => "the invitation is still to be made",
            Self::Invited => "the buyer has not accepted the invitation yet",
            Self::Declined => "the buyer declined the invitation, and is invited again on activating again",
            Self::ExpiredInvitation => {
                "the invitation ended unanswered: the buyer is invited again on activating again"
            }
            Self::Activated => "the buyer has activated it, and everything was done",
        }
    }
}

impl Words for EventOrigin {
    fn words(&self) -> &'static str {
        match self {
            Self::Webhook => "webhook",
            Self::Reconciliation => "found in the storefront's list; no webhook had arrived",
        }
    }
}

impl Words for OutstandingState {
    fn words(&self) -> &'static str {
        match self {
            Self::NeedsSeller => "what waits for you",
            Self::InProgress => "what is tried again later by itself",
        }
    }
}

impl Words for MailFate {
    fn words(&self) -> &'static str {
        match self {
            Self::Bounced => "came back",
            Self::Complained => "was reported as spam",
            Self::Failed => "was not sent after all",
        }
    }
}

impl Words for Proof {
    fn words(&self) -> &'static str {
        match self {
            Self::Typed => "the name was typed",
            Self::SignedIn => "signed in at GitHub",
            Self::Checkout => "the name was given at the checkout",
        }
    }
}

impl Words for OrderFact {
    fn words(&self) -> &'static str {
        match self {
            Self::Refunded => "refunded in full",
            Self::PartiallyRefunded => "refunded in part",
            Self::Disputed => "disputed",
            Self::DisputeWon => "dispute won by you",
            Self::DisputeLost => "dispute lost by you",
            Self::RefundUndone => "the full refund did not reach the buyer",
            Self::PartialRefundUndone => "the refund in part did not reach the buyer",
        }
    }
}

impl Words for LicenseStatus {
    fn words(&self) -> &'static str {
        match self {
            Self::Active => "active",
            Self::Suspended => "suspended",
            Self::Revoked => "revoked",
        }
    }
}

impl State for LicenseStatus {
    fn tone(&self) -> Tone {
        match self {
            Self::Active => Tone::Good,
            Self::Suspended => Tone::Waits,
            Self::Revoked => Tone::Bad,
        }
    }
}

impl Words for Permission {
    fn words(&self) -> &'static str {
        match self {
            Self::Pull => "read",
            Self::Triage => "triage",
            Self::Push => "write",
            Self::Maintain => "maintain",
            Self::Admin => "admin",
        }
    }
}

impl Words for Consequence {
    fn words(&self) -> &'static str {
        match self {
            Self::Revoke => "take the access away",
            Self::Keep => "leave the access",
        }
    }
}

impl Words for DisputeConsequence {
    fn words(&self) -> &'static str {
        match self {
            Self::Suspend => "take the access away until it is decided",
            Self::Revoke => Consequence::Revoke.words(),
            Self::Keep => Consequence::Keep.words(),
        }
    }
}

impl Words for LicenseKind {
    fn words(&self) -> &'static str {
        match self {
            Self::Minted => "made here and mailed",
            Self::Storefront => "the storefront's own",
            Self::None => "none: nothing is to be done",
        }
    }
}

impl Words for ProofRule {
    fn words(&self) -> &'static str {
        match self {
            Self::Optional => "typed, or signed in with",
            Self::Required => "signed in with",
        }
    }
}

impl Words for DriftKind {
    fn words(&self) -> &'static str {
        match self {
            Self::Extra => "in for no license",
            Self::Missing => "missing, given again",
            Self::RemovedByHand => "removed by hand, up to you",
            Self::WrongPermission => "another permission",
            Self::Renamed => "renamed",
            Self::AccountGone => "account is gone",
        }
    }
}

impl Words for GrantCause {
    fn words(&self) -> &'static str {
        match self {
            Self::Activation => "activated",
            Self::Entitled => "license good again",
            Self::NotEntitled => "license not good any more",
            Self::LicenseEnded => "license ended",
            Self::Transfer => "license transferred",
            Self::Sync => "license brought to the catalogue",
            Self::Operator => "taken by the operator",
            Self::Attempt => "tried at GitHub",
            Self::Renewal => "invitation made anew",
            Self::Look => "seen at GitHub",
            Self::Drift => "found missing",
        }
    }
}

impl Words for GrantState {
    fn words(&self) -> &'static str {
        match self {
            Self::Pending => "to be invited",
            Self::Invited => "invited",
            Self::Waiting => "waiting for GitHub's limit",
            Self::Member => "has access",
            Self::Declined => "invitation declined",
            Self::Expired => "invitation expired",
            Self::Blocked => "blocked, needs you",
            Self::RemovedByHand => "removed by hand",
            Self::Revoking => "to be taken away",
            Self::Revoked => "taken away",
        }
    }
}

impl State for GrantState {
    fn tone(&self) -> Tone {
        match self {
            Self::Blocked | Self::RemovedByHand => Tone::Bad,
            Self::Pending | Self::Invited | Self::Waiting | Self::Declined | Self::Expired | Self::Revoking => {
                Tone::Waits
            }
            Self::Member => Tone::Good,
            Self::Revoked => Tone::Plain,
        }
    }
}

impl Words for OutboxKind {
    fn words(&self) -> &'static str {
        match self {
            Self::LicenseMail => "mail with the key",
            Self::ReminderMail => "mail before the end",
            Self::InvitationMail => "mail about invitations",
            Self::RecoveryMail => "mail with a link to all licenses",
            Self::Grant => "access",
            Self::AlertMail => "alert to you",
        }
    }
}

impl Words for OutboxState {
    fn words(&self) -> &'static str {
        match self {
            Self::Due => "due",
            Self::Leased => "being tried",
            Self::Done => "done",
            Self::Dead => "given up",
        }
    }
}

impl State for OutboxState {
    fn tone(&self) -> Tone {
        match self {
            Self::Due | Self::Leased => Tone::Waits,
            Self::Done => Tone::Good,
            Self::Dead => Tone::Bad,
        }
    }
}

impl Words for DutyKind {
    fn words(&self) -> &'static str {
        match self {
            Self::Delivery => "delivery",
            Self::LicenseMail => OutboxKind::LicenseMail.words(),
            Self::ReminderMail => OutboxKind::ReminderMail.words(),
            Self::InvitationMail => OutboxKind::InvitationMail.words(),
            Self::RecoveryMail => OutboxKind::RecoveryMail.words(),
            Self::Grant => OutboxKind::Grant.words(),
            Self::AlertMail => OutboxKind::AlertMail.words(),
        }
    }
}

impl Words for CheckCode {
    fn words(&self) -> &'static str {
        match self {
            Self::Database => "database",
            Self::Schema => "schema",
            Self::Configuration => "setting",
            Self::SandboxValues => "values of the sandbox",
            Self::TestLicenses => "test purchases",
            Self::BuyersPage => "page that mails link to",
            Self::SignIn => "sign-in of buyers",
            Self::Cron => "cron trigger",
            Self::MailProvider => "mail provider",
            Self::MailSender => "sender of mails",
            Self::MailHooks => "word of mails that come back",
            Self::Hooks => "webhooks of",
            Self::Deliveries => "deliveries of",
            Self::MappedProducts => "products of the catalogue at",
            Self::UnmappedProducts => "products that were sold",
            Self::GithubToken => "GitHub's token",
            Self::GithubTokenEnd => "end of GitHub's token",
            Self::Repository => "repository",
            Self::RepositoryPermission => "permission to invite to",
            Self::RepositoryOwner => "owner of",
            Self::Seats => "seats of",
            Self::InvitationBudget => "invitations of the day to",
        }
    }
}

impl Words for CheckStatus {
    fn words(&self) -> &'static str {
        match self {
            Self::Ok => "OK",
            Self::Warning => "Warning",
            Self::Failed => "Failed",
            Self::Skipped => "Skipped",
        }
    }
}

impl State for CheckStatus {
    fn tone(&self) -> Tone {
        match self {
            Self::Ok => Tone::Good,
            Self::Warning => Tone::Waits,
            Self::Failed => Tone::Bad,
            Self::Skipped => Tone::Plain,
        }
    }
}

impl Words for CheckReason {
    fn words(&self) -> &'static str {
        match self {
            Self::NotSet => "it is not set",
            Self::Invalid => "its value is none",
            Self::OfTheSandbox => "it has a value of the sandbox's",
            Self::TestsOpenRepositories => "they open repositories",
            Self::DatabaseFailed => "the database does not answer",
            Self::SchemaBehind => "migrations are missing",
            Self::SchemaAhead => "the database is of a later version than the Worker",
            Self::NoTick => "no tick has run in the last five minutes",
            Self::DeliversNothing => "it takes mails and delivers none",
            Self::Several => "several are set, and only one can be",
            Self::NotVerified => "the mail provider sends nothing from it",
            Self::CannotTell => "there is nobody to ask",
            Self::MailsWait => "mails wait until you set something right",
            Self::Refused => "the credentials are not taken",
            Self::Unanswered => "there was no answer that could be believed",
            Self::NotUsed => "it is not used",
            Self::NotConfigured => "its webhook is closed, and the catalogue has products of it",
            Self::NoCredentials => "there are no credentials to ask with",
            Self::HookMissing => "none leads here",
            Self::EventsMissing => "these events lead nowhere",
            Self::HookElsewhere => "they lead elsewhere",
            Self::HookSecretWrong => "some bring a secret that is not accepted",
            Self::HookSecretPrevious => "some bring the previous secret",
            Self::HookTwice => "several tell of the same event",
            Self::NotDelivered => "something was sold, and nothing was delivered since",
            Self::NotAtStorefront => "the storefront has no such product",
            Self::TooMany => "the storefront has more products than are looked at",
            Self::NotMapped => "the catalogue does not name it",
            Self::NothingMapped => "the catalogue names none",
            Self::NotDescribed => "the catalogue does not say how its deliveries are read",
            Self::ExpiresSoon => "it comes within 30 days",
            Self::Expired => "it is over",
            Self::NotShown => "it is not shown",
            Self::Missing => "there is none of that name, or the token cannot see it",
            Self::Archived => "it is archived",
            Self::Renamed => "it has another name by now",
            Self::BeyondBound => "so many are not looked at",
            Self::NoPermission => "the token lacks it",
            Self::PersonalAccount => "a person, and so every collaborator can write",
            Self::NoneLeft => "none are left",
            Self::FewLeft => "few are left",
        }
    }
}

/// An amount of the currency's minor unit: 4900 yen are 4900, and 4900 cents are 49.00.
pub fn amount(minor_units: i64, currency: &str) -> String {
    let places = match currency {
        "bif" | "clp" | "djf" | "gnf" | "isk" | "jpy" | "kmf" | "krw" | "pyg" | "rwf" | "ugx" | "uyi" | "vnd"
        | "vuv" | "xaf" | "xof" | "xpf" => 0,
        "bhd" | "iqd" | "jod" | "kwd" | "lyd" | "omr" | "tnd" => 3,
        _ => 2,
    };
    let code = currency.to_uppercase();
    let unit = 10_i64.pow(places);
    match places {
        0 => format!("{minor_units} {code}"),
        _ => format!("{}.{:0width$} {code}", minor_units / unit, minor_units % unit, width = places as usize),
    }
}

/// How something that was to be done ended.
pub fn outcome(code: &str) -> &str {
    match code {
        "sent" => "sent",
        "logged" => "logged, since no mail provider is set",
        "invited" => "invited",
        "member" => "had access already",
        "declined" => "declined meanwhile, and left at that",
        "kept" => "left what the account had before",
        "removed" => "access taken away",
        "canceled" => "canceled",
        "skipped" => "not needed any more",
        "handed_over" => "look before it is tried again",
        other => other,
    }
}

/// What an operator did.
pub fn action(code: &str) -> &str {
    match code {
        "license.issue" => "issued the license by hand",
        "license.correct_email" => "corrected the address",
        "license.revoke" => "revoked the license",
        "license.reinstate" => "reinstated the license",
        "license.transfer" => "transferred the license",
        "license.resend" => "had the mail sent again",
        "license.show_key" => "looked at the whole key",
        "event.replay" | "events.replay" => "replayed deliveries",
        "outbox.retry" => "had it tried again",
        "outbox.retry_all" => "had all that match tried again",
        "outbox.cancel" => "canceled it",
        "catalogue.replace" => "changed the catalogue",
        "grants.sync" => "brought licenses to the catalogue",
        "grants.forget_earlier" => "took what the account had before a license",
        "drift.check" => "had repositories compared",
        "privacy.export" => "exported what is held on a person",
        "privacy.erase" => "erased what is held on a person",
        other => other,
    }
}

/// A storefront's name for people; what the operator issues by hand has none.
pub fn storefront(source: &str) -> &str {
    if source == Source::OPERATOR.as_str() {
        return "none, by hand";
    }
    PROFILES.iter().find(|profile| profile.source.as_str() == source).map_or(source, |profile| profile.name)
}
