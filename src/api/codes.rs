//! Codes: what a state, a reason or a kind is written as. Each list stands in one place, here or in the model; words for
//! people are made by whoever shows them.

use std::borrow::Cow;
use std::fmt;

use schemars::{JsonSchema, Schema, SchemaGenerator, json_schema};
use serde::de::{Error, Visitor};
use serde::{Deserialize, Deserializer, Serialize, Serializer};

use crate::http::Code;
use crate::model::{EventReason, GrantState, Hindrance, LicenseStatus, MailFate};

/// Lets a type be written, read and described as the code that it has.
macro_rules! written_as_code {
    ($name:ident, all: $all:expr, code: $code:path, from_code: $from_code:path $(, about: $about:expr)?) => {
        impl Serialize for $name {
            fn serialize<S: Serializer>(&self, serializer: S) -> Result<S::Ok, S::Error> {
                serializer.serialize_str($code(*self))
            }
        }

        impl<'de> Deserialize<'de> for $name {
            fn deserialize<D: Deserializer<'de>>(deserializer: D) -> Result<Self, D::Error> {
                struct Codes;

                impl Visitor<'_> for Codes {
                    type Value = $name;

                    fn expecting(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
                        f.write_str("a code")
                    }

                    fn visit_str<E: Error>(self, code: &str) -> Result<$name, E> {
                        let known = || $all.iter().map(|one| $code(*one)).collect::<Vec<_>>().join(", ");
                        $from_code(code).ok_or_else(|| E::custom(format_args!("must be one of: {}", known())))
                    }
                }

                deserializer.deserialize_str(Codes)
            }
        }

        described_by_codes!($name, all: $all, code: $code $(, about: $about)?);
    };
}

/// Describes a type by the list of all codes.
macro_rules! described_by_codes {
    ($name:ident, all: $all:expr, code: $code:path $(, about: $about:expr)?) => {
        impl JsonSchema for $name {
            fn schema_name() -> Cow<'static, str> {
                stringify!($name).into()
            }

            fn json_schema(_: &mut SchemaGenerator) -> Schema {
                let codes: Vec<_> = $all.iter().map(|one| $code(*one)).collect();
                #[allow(unused_mut)]
                let mut schema = json_schema!({ "type": "string", "enum": codes });
                $(schema.insert("description".to_owned(), $about.into());)?
                schema
            }
        }
    };
}

/// Declares an enum with the code of each of its members.
macro_rules! codes {
    ($(
        $(#[doc = $doc:literal])*
        pub enum $name:ident {
            $($(#[doc = $about:literal])* $member:ident = $code:literal,)+
        }
    )+) => {$(
        $(#[doc = $doc])*
        #[derive(Debug, Clone, Copy, PartialEq, Eq, Hash)]
        pub enum $name {
            $($(#[doc = $about])* $member,)+
        }

        impl $name {
            pub const ALL: &'static [Self] = &[$(Self::$member),+];

            pub const fn as_str(self) -> &'static str {
                match self {
                    $(Self::$member => $code,)+
                }
            }

            /// The one of that code.
            pub fn from_name(code: &str) -> Option<Self> {
                Self::ALL.iter().copied().find(|one| one.as_str() == code)
            }
        }

        written_as_code!($name, all: $name::ALL, code: $name::as_str, from_code: $name::from_name,
                         about: about(concat!($($doc),*), &[$(($code, concat!("", $($about),*))),+]));
    )+};
}

pub(super) use {described_by_codes, written_as_code};

/// What a document says of a list of codes: what it is, and each code that its name does not explain.
fn about(what: &str, codes: &[(&str, &str)]) -> String {
    let explained = codes.iter().filter(|(_, about)| !about.is_empty());
    let lines = explained.map(|(code, about)| format!("\n- `{code}`: {}", about.trim()));
    let lines: String = lines.collect();
    format!("{}{}{lines}", what.trim(), if lines.is_empty() { "" } else { "\n" })
}

written_as_code!(Code, all: Code::ALL, code: Code::as_str, from_code: Code::from_name, about: "What went wrong.");
written_as_code!(EventReason, all: EventReason::ALL, code: EventReason::code, from_code: EventReason::from_code);
written_as_code!(GrantState, all: GrantState::ALL, code: GrantState::as_str, from_code: GrantState::from_name);
written_as_code!(Hindrance, all: Hindrance::ALL, code: Hindrance::as_str, from_code: Hindrance::from_name,
                 about: "What keeps an account out of a repository before somebody has acted:\n\
                         - `account_blocked`: the account, or the repository's owner, has blocked the other\n\
                         - `account_unusable`: GitHub has flagged, suspended or hidden the account\n\
                         - `seat_missing`: the seller's organization has no seat left\n\
                         - `seller`: something else that the seller has to mend");
written_as_code!(MailFate, all: MailFate::ALL, code: MailFate::as_str, from_code: MailFate::from_name);
written_as_code!(LicenseStatus, all: LicenseStatus::ALL, code: LicenseStatus::as_str, from_code: LicenseStatus::from_name);

codes! {
    /// What became of a delivery, and of what was sold by it.
    pub enum SaleState {
        /// It is understood and done by itself, or its mail is on its way.
        InProgress = "in_progress",
        /// The license is not activated, or an invitation is not accepted: still open, declined, or expired.
        WaitingOnBuyer = "waiting_on_buyer",
        WaitingOnGithub = "waiting_on_github",
        /// The buyer is in every repository.
        Fulfilled = "fulfilled",
        /// Nothing comes of it before the seller acts.
        NeedsSeller = "needs_seller",
        /// Nothing is to be done, or not any more.
        Ignored = "ignored",
    }

    /// Why a license is in its state.
    pub enum LicenseReason {
        /// Tried so often that it is tried no more.
        MailFailed = "mail_failed",
        /// The mail with the key came back, or was reported as spam.
        MailBounced = "mail_bounced",
        InvitationFailed = "invitation_failed",
        RemovalFailed = "removal_failed",
        /// Tried again every hour, and nothing comes of it before somebody has mended the cause.
        MailBlocked = "mail_blocked",
        InvitationBlocked = "invitation_blocked",
        RemovalBlocked = "removal_blocked",
        RevokedByOperator = "revoked_by_operator",
        Refunded = "refunded",
        PartiallyRefunded = "partially_refunded",
        Disputed = "disputed",
        DisputeLost = "dispute_lost",
        /// The storefront has disabled the key.
        DisabledByStorefront = "disabled_by_storefront",
        /// It has ended.
        Expired = "expired",
        /// The operator canceled it.
        MailCanceled = "mail_canceled",
        InvitationCanceled = "invitation_canceled",
        MailPending = "mail_pending",
        NotActivated = "not_activated",
        InvitationPending = "invitation_pending",
        /// The buyer has an invitation to accept.
        Invited = "invited",
        /// The buyer has declined an invitation, and gets another one whenever they ask.
        Declined = "declined",
        /// An invitation ended unanswered; the buyer gets another one whenever they ask.
        ExpiredInvitation = "expired_invitation",
        /// The buyer is in every repository.
        Activated = "activated",
    }

    /// How a delivery reached us.
    pub enum EventOrigin {
        /// The storefront sent it.
        Webhook = "webhook",
        /// It was found in the storefront's own list, since no webhook had told of it.
        Reconciliation = "reconciliation",
    }

    /// Which deliveries are meant that are not processed.
    pub enum OutstandingState {
        /// What waits for a person.
        NeedsSeller = "needs_seller",
        /// What is tried again by itself later.
        InProgress = "in_progress",
    }

    /// How the account was proved that a license is bound to.
    pub enum Proof {
        Typed = "typed",
        SignedIn = "signed_in",
        Checkout = "checkout",
    }

    /// Whether the database answers.
    pub enum HealthState {
        Ok = "ok",
        Unavailable = "unavailable",
    }

    /// How something stands that the Worker depends on.
    pub enum DependencyState {
        /// It answers.
        Ok = "ok",
        Unreachable = "unreachable",
        Configured = "configured",
        Missing = "missing",
        /// No mail provider: mails are logged instead of sent.
        Logging = "logging",
        /// Several mail providers, of which only one can be: mails wait.
        Ambiguous = "ambiguous",
    }

    /// What an activation did.
    pub enum ActivationState {
        Activated = "activated",
        /// The license was bound to this identity before; its invitations were sent again.
        AlreadyActive = "already_active",
    }

    /// What an activation has given of a repository.
    pub enum RepoState {
        Invited = "invited",
        Member = "member",
        /// GitHub could not take it now; it is tried again.
        Queued = "queued",
    }

    /// How access to a repository stands that a license opens.
    pub enum AccessState {
        /// The license is not bound to an account yet.
        NotActivated = "not_activated",
        Invited = "invited",
        Member = "member",
        /// It is still to be given, and tried again by itself.
        Queued = "queued",
        /// The buyer has declined the invitation; whoever activates again is invited again.
        Declined = "declined",
        /// The invitation ended unanswered; whoever activates again is invited again.
        Expired = "expired",
        /// Nothing comes of it before the seller acts.
        Blocked = "blocked",
        /// The seller has taken the account out.
        RemovedByHand = "removed_by_hand",
    }

    /// Where sales were left out that are more than are looked at.
    pub enum SalesCut {
        /// Before the first day that is counted.
        BetweenDays = "between_days",
        /// On the one day that is counted: its newest are.
        WithinADay = "within_a_day",
    }

    /// What became of a test mail.
    pub enum TestMailState {
        /// The mail provider has taken it.
        Sent = "sent",
        /// There is no mail provider: it is in the log.
        Logged = "logged",
    }

    /// What became of a delivery's request.
    pub enum ReceiptState {
        Stored = "stored",
    }

    /// What a storefront has said of an order besides that it was sold.
    pub enum OrderFact {
        /// In full.
        Refunded = "refunded",
        PartiallyRefunded = "partially_refunded",
        Disputed = "disputed",
        /// By the seller.
        DisputeWon = "dispute_won",
        /// By the seller.
        DisputeLost = "dispute_lost",
        /// What made it a full refund did not reach the buyer after all.
        RefundUndone = "refund_undone",
        /// The same of every part that was refunded.
        PartialRefundUndone = "partial_refund_undone",
    }

    /// What is to be done in the outside world.
    pub enum OutboxKind {
        LicenseMail = "license_mail",
        /// Of the end of a license, before it.
        ReminderMail = "reminder_mail",
        /// To a buyer, of invitations that were made anew or have expired.
        InvitationMail = "invitation_mail",
        /// With a link to every license of an address, for whoever has asked for it.
        RecoveryMail = "recovery_mail",
        /// To give or to take away an account's access to a repository.
        Grant = "grant",
        AlertMail = "alert_mail",
    }

    pub enum OutboxState {
        Due = "due",
        /// Being tried right now.
        Leased = "leased",
        Done = "done",
        /// Tried so often that it is tried no more.
        Dead = "dead",
    }

    /// What is counted or listed as something to be looked after.
    pub enum DutyKind {
        Delivery = "delivery",
        LicenseMail = "license_mail",
        /// Of the end of a license, before it.
        ReminderMail = "reminder_mail",
        /// To a buyer, of invitations that were made anew or have expired.
        InvitationMail = "invitation_mail",
        /// With a link to every license of an address, for whoever has asked for it.
        RecoveryMail = "recovery_mail",
        Grant = "grant",
        AlertMail = "alert_mail",
    }

    /// What the seller can do about it.
    pub enum Remedy {
        /// Nothing: it is tried again by itself.
        None = "none",
        /// Add the product to the catalogue; what waits for it is due then.
        MapProduct = "map_product",
        /// Mend the cause, then replay the delivery.
        ReplayEvent = "replay_event",
        /// The payload is erased: answer the delivery with a license by hand, or dismiss it.
        DismissEvent = "dismiss_event",
        /// Mend the cause, then retry the row of the outbox.
        RetryOutbox = "retry_outbox",
        /// Ask the buyer for an address that takes mail, and correct it: the key goes out again.
        CorrectEmail = "correct_email",
        /// Ask the buyer whether the account is the right one, then retry the row of the outbox: it sends another invitation.
        InviteAgain = "invite_again",
    }

    /// Why a grant came into a state.
    pub enum GrantCause {
        /// The buyer asked for it.
        Activation = "activation",
        /// A license became good again.
        Entitled = "entitled",
        /// No license that is good claims it any more.
        NotEntitled = "not_entitled",
        /// The last license that claimed it has ended.
        LicenseEnded = "license_ended",
        /// The operator moved a license to another account.
        Transfer = "transfer",
        /// The operator brought a license to the catalogue.
        Sync = "sync",
        /// The operator took what the account had before a license let it in.
        Operator = "operator",
        /// It was tried at GitHub.
        Attempt = "attempt",
        /// An invitation that nobody had accepted was made anew.
        Renewal = "renewal",
        /// It was seen at GitHub.
        Look = "look",
        /// It was found when who is in was compared with who should be.
        Drift = "drift",
    }

    /// How GitHub and what is recorded differ.
    pub enum DriftKind {
        /// Somebody is in, or invited, for no license: let in by hand. Nothing is done about it.
        Extra = "extra",
        /// A license asks for access that was lost on our side; it is given again, unless it was canceled or given up.
        Missing = "missing",
        /// Somebody was in and is not any more, though their license is good. They are not let in again before the operator says so:
        /// retry the row of the outbox.
        RemovedByHand = "removed_by_hand",
        /// Somebody may do something else than their licenses ask for.
        WrongPermission = "wrong_permission",
        /// The repository, or the account, has another name by now. It is followed; the catalogue is to be changed.
        Renamed = "renamed",
        /// GitHub does not show the account any more.
        AccountGone = "account_gone",
    }

    /// Where somebody was seen.
    pub enum DriftPlace {
        Collaborator = "collaborator",
        /// An invitation is open.
        Invitation = "invitation",
    }
}

codes! {
    /// What the doctor looks at.
    pub enum CheckCode {
        /// Whether the database answers.
        Database = "database",
        /// Whether the database has the tables that the Worker was built for.
        Schema = "schema",
        /// What of the settings is missing or wrong.
        Configuration = "configuration",
        /// Whether a setting has a value that only the sandbox knows.
        SandboxValues = "sandbox_values",
        /// Whether test purchases open repositories.
        TestLicenses = "test_licenses",
        /// Whether mails have a page to link to.
        BuyersPage = "buyers_page",
        /// Whether buyers can sign in at GitHub, where a product asks for that.
        SignIn = "sign_in",
        /// Whether the cron trigger runs.
        Cron = "cron",
        /// Whether mails leave.
        MailProvider = "mail_provider",
        /// Whether who they are from is one whom the provider lets send.
        MailSender = "mail_sender",
        /// Whether the provider tells of the mails that come back.
        MailHooks = "mail_hooks",
        /// Whether a storefront's webhooks lead here, with every event.
        Hooks = "hooks",
        /// Whether a storefront's last sale was delivered.
        Deliveries = "deliveries",
        /// Whether the catalogue's products are at the storefront.
        MappedProducts = "mapped_products",
        /// Whether the catalogue says of every product that was sold what it opens.
        UnmappedProducts = "unmapped_products",
        /// Whether GitHub takes the credentials.
        GithubToken = "github_token",
        /// When the credentials end.
        GithubTokenEnd = "github_token_end",
        /// Whether a repository of the catalogue is there, under its name, and takes invitations.
        Repository = "repository",
        /// Whether the credentials may invite to it.
        RepositoryPermission = "repository_permission",
        /// Whether it belongs to an organization.
        RepositoryOwner = "repository_owner",
        /// Whether an organization has seats left.
        Seats = "seats",
        /// How many invitations to a repository are left for today.
        InvitationBudget = "invitation_budget",
    }

    pub enum CheckStatus {
        Ok = "ok",
        Warning = "warning",
        Failed = "failed",
        /// It could not be looked at, or is not asked for.
        Skipped = "skipped",
    }

    /// Why a check is not `ok`.
    pub enum CheckReason {
        /// A setting is missing.
        NotSet = "not_set",
        /// A setting has a value that is none.
        Invalid = "invalid",
        /// The value is one of the sandbox's, which count only on this machine.
        OfTheSandbox = "of_the_sandbox",
        /// Whoever makes a test purchase gets what a buyer gets.
        TestsOpenRepositories = "tests_open_repositories",
        /// The database did not answer.
        DatabaseFailed = "database_failed",
        /// Migrations are missing.
        SchemaBehind = "schema_behind",
        /// The database has migrations of a later version than the Worker.
        SchemaAhead = "schema_ahead",
        /// None in the last minutes.
        NoTick = "no_tick",
        /// The provider takes mails and delivers none.
        DeliversNothing = "delivers_nothing",
        /// Several mail providers are configured, and only one can be.
        Several = "several",
        /// The provider sends nothing from this sender.
        NotVerified = "not_verified",
        /// There is nobody to ask.
        CannotTell = "cannot_tell",
        /// Mails wait until a person has set something right.
        MailsWait = "mails_wait",
        /// The service does not take the credentials.
        Refused = "refused",
        /// The service gave no answer that could be believed.
        Unanswered = "unanswered",
        /// The storefront is not configured, and the catalogue has nothing of it; or the mail provider tells of nothing.
        NotUsed = "not_used",
        /// The catalogue has products of it, and its webhook is closed.
        NotConfigured = "not_configured",
        /// The settings are missing with which the storefront could be asked.
        NoCredentials = "no_credentials",
        /// None leads here.
        HookMissing = "hook_missing",
        /// Some events lead here, others do not.
        EventsMissing = "events_missing",
        /// The webhook leads to another address.
        HookElsewhere = "hook_elsewhere",
        /// The webhook brings a secret that is not accepted.
        HookSecretWrong = "hook_secret_wrong",
        /// The webhook brings the secret that was replaced.
        HookSecretPrevious = "hook_secret_previous",
        /// Several webhooks tell of the same event.
        HookTwice = "hook_twice",
        /// Something was sold and no delivery has come since.
        NotDelivered = "not_delivered",
        /// The storefront has no such product.
        NotAtStorefront = "not_at_storefront",
        /// The storefront has more products than were looked at.
        TooMany = "too_many",
        /// The catalogue does not name it.
        NotMapped = "not_mapped",
        /// The catalogue names none.
        NothingMapped = "nothing_mapped",
        /// The catalogue does not say how its deliveries are read.
        NotDescribed = "not_described",
        ExpiresSoon = "expires_soon",
        Expired = "expired",
        /// GitHub shows it only to others, or not at all.
        NotShown = "not_shown",
        /// There is no such repository, or it is not shown to the credentials.
        Missing = "missing",
        Archived = "archived",
        Renamed = "renamed",
        /// Not one of those that are looked at: one request of the Worker may ask only so much.
        BeyondBound = "beyond_bound",
        /// The credentials lack a permission.
        NoPermission = "no_permission",
        /// It belongs to a person, and there every collaborator can write.
        PersonalAccount = "personal_account",
        NoneLeft = "none_left",
        FewLeft = "few_left",
    }
}

/// Why a delivery, and what was sold by it, is in its state.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Hash)]
pub enum SaleReason {
    /// Nobody has looked at it yet.
    JustArrived,
    /// Understood, and nothing was to be done.
    NothingToDo,
    /// What the delivery itself says.
    Event(EventReason),
    /// What became of the license that it brought.
    License(LicenseReason),
}

impl SaleReason {
    pub const fn code(self) -> &'static str {
        match self {
            Self::JustArrived => "just_arrived",
            Self::NothingToDo => "nothing_to_do",
            Self::Event(reason) => reason.code(),
            Self::License(reason) => reason.as_str(),
        }
    }

    /// The reason of that code.
    pub fn from_code(code: &str) -> Option<Self> {
        Self::all().into_iter().find(|reason| reason.code() == code)
    }

    fn all() -> Vec<Self> {
        let events = EventReason::ALL.iter().copied().map(Self::Event);
        let licenses = LicenseReason::ALL.iter().copied().map(Self::License);
        [Self::JustArrived, Self::NothingToDo].into_iter().chain(events).chain(licenses).collect()
    }
}

written_as_code!(SaleReason, all: SaleReason::all(), code: SaleReason::code, from_code: SaleReason::from_code,
                 about: "Why a delivery, and what was sold by it, is in its state.");

#[cfg(test)]
mod tests {
    use std::collections::HashSet;

    use super::*;

    #[test]
    fn every_reason_of_a_sale_has_a_code_of_its_own_and_is_read_back() {
        let all = SaleReason::all();
        let codes: HashSet<_> = all.iter().map(|reason| reason.code()).collect();
        assert_eq!(codes.len(), all.len());
        for reason in all {
            assert_eq!(serde_json::from_value::<SaleReason>(serde_json::to_value(reason).unwrap()).unwrap(), reason);
        }
    }

    #[test]
    fn a_word_that_is_no_code_is_refused_without_repeating_it() {
        let error = serde_json::from_str::<OutboxState>("\"canary\"").unwrap_err().to_string();
        assert!(error.contains("must be one of: due, leased, done, dead") && !error.contains("canary"), "{error}");
    }
}
