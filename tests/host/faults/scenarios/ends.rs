//! The one state in which each scenario ends, whatever struck.

use latchkey_sandbox::Mail;

use super::{OPERATOR, Scenario, Witness};
use crate::shop::Shop;

/// A scenario that is over.
struct End<'a> {
    shop: &'a Shop,
    context: &'a str,
    mails: Vec<Mail>,
    /// Mails that may have been sent once more than they had to be.
    in_doubt: usize,
}

impl Scenario {
    pub(super) fn check(self, shop: &Shop, witness: &Witness, context: &str) {
        let end = End { shop, context, mails: shop.sandbox.take_mails(), in_doubt: witness.mails_in_doubt.get() };
        let is_amiss = match self {
            Self::UnmappedSale => "processed = 1 OR error NOT LIKE 'unmapped product%'",
            _ => "processed = 0 OR error IS NOT NULL",
        };
        end.has(0, &format!("webhook_events WHERE {is_amiss}"));
        let dead = usize::from(matches!(self, Self::RefusedMail | Self::ReturnedMail));
        end.has(dead, "outbox WHERE state <> 'done'");
        end.has(dead, "outbox WHERE state = 'dead'");
        end.has(self.changes(), "admin_actions");
        match self {
            Self::Sale
            | Self::MintedOrder
            | Self::Smtp2goSale
            | Self::BoundSale
            | Self::AbandonedSale
            | Self::Replay
            | Self::ReplayOfAll
            | Self::Mapping
            | Self::Describing
            | Self::Retry
            | Self::RetryOfAll => {
                end.sold(1);
            }
            Self::ResendSale => {
                end.sold(1);
                assert_eq!(end.mails.len(), 1, "{context}: a mail that is sent again is known again");
            }
            Self::AskedSale | Self::FoundTransaction => {
                end.sold(1);
                end.has(1, "licenses JOIN orders USING (source, order_id) WHERE licenses.email = 'ada@example.com' AND orders.email = licenses.email");
                end.has(1, "order_facts WHERE fact = 'partially_refunded'");
            }
            Self::JoinedRefund => {
                end.sold(1);
                end.has(2, "subscription_facts WHERE fact = 'paid'");
                end.has(1, "subscription_facts WHERE fact = 'refund_undone'");
                end.has(1, "subscription_facts WHERE fact = 'refunded'");
            }
            Self::TeamSale => {
                end.sold(1);
                end.has(1, "licenses JOIN orders USING (source, order_id) WHERE licenses.email = 'grace@example.com' AND orders.email = licenses.email");
                end.has(2, "order_facts WHERE fact IN ('partially_refunded', 'partial_refund_undone')");
            }
            Self::FoundDispute => {
                end.sold(1);
                end.has(3, "order_facts WHERE fact IN ('partially_refunded', 'disputed', 'dispute_won')");
            }
            Self::Resending => end.sold(1),
            Self::Dismissal | Self::DismissalOfAll => {
                end.has(1, "webhook_events WHERE processed = 1 AND reason = 'dismissed' AND order_id IS NOT NULL");
                end.has(0, "licenses");
                end.has(0, "unmapped_lines");
                end.mailed_nobody();
            }
            Self::IssuingByHand => {
                end.sold(1);
                end.has(1, "webhook_events WHERE reason = 'issued_by_hand'");
            }
            Self::Correction => {
                end.sold(1);
                end.has(1, "licenses JOIN orders USING (source, order_id) WHERE licenses.email = orders.email");
                end.has(1, "licenses WHERE email = 'right@example.com'");
                assert!(end.mails.iter().all(|mail| mail.to == "right@example.com"), "{context}: to the old address");
            }
            Self::FoundSales => {
                end.sold(11);
                end.has(11, "webhook_events WHERE list IS NOT NULL");
            }
            Self::IssuedKey | Self::KeyBeforeOrder => end.recorded(),
            Self::Checkout => {
                end.has(1, "orders");
                end.invited(["acme/kit", "acme/kit-pro"]);
                end.mailed_nobody();
                end.has(1, "license_activations WHERE proof = 'checkout'");
                end.has(0, "licenses WHERE activate_at IS NOT NULL");
            }
            Self::TestKey => {
                end.recorded();
                end.has(1, "licenses WHERE test = 1");
            }
            Self::ChangedKey => {
                end.has(1, "licenses WHERE status = 'suspended'");
                let last = "SELECT payload FROM webhook_events ORDER BY rowid DESC LIMIT 1";
                end.has(1, &format!("licenses WHERE instr(({last}), license_key) > 0"));
                end.has(1, "storefront_keys WHERE disabled = 1");
                end.has(
                    1,
                    "license_activations a JOIN licenses USING (license_key) WHERE a.github_username = 'octocat'",
                );
                end.has(2, "entitlements");
                end.mailed_nobody();
            }
            Self::FoundOrder => {
                end.recorded();
                end.has(2, "webhook_events WHERE list IS NOT NULL");
            }
            Self::UnmappedSale => {
                assert!(shop.count("webhook_events") > 0, "{context}: it waits for the seller");
                end.has(0, "licenses");
                end.has(0, "outbox");
                end.mailed_nobody();
            }
            Self::RefusedMail => {
                end.has(1, "outbox WHERE kind = 'license_mail' AND state = 'dead' AND last_error LIKE '%406%'");
                end.has(1, "licenses");
                end.told_the_operator("dead_row");
            }
            Self::ReturnedMail => {
                end.has(1, "outbox WHERE kind = 'license_mail' AND state = 'dead' AND last_error LIKE 'correct the address: %bounced%'");
                end.has(1, "returned_mails");
                end.has(1, "sale_states WHERE state = 'needs_seller' AND reason = 'mail_bounced'");
                end.told_the_operator("dead_row");
            }
            Self::FirstActivation | Self::AppActivation | Self::LimitedActivation | Self::Bypass => {
                end.invited(["acme/starter", "acme/starter-docs"]);
                end.mailed_nobody();
            }
            Self::StorefrontKey => {
                end.invited(["acme/kit", "acme/kit-pro"]);
                end.mailed_nobody();
            }
            Self::RejectedToken => {
                end.invited(["acme/starter", "acme/starter-docs"]);
                end.told_the_operator("credentials_rejected");
            }
            Self::UnmappedKey => {
                end.has(1, "unmapped_products");
                end.has(0, "license_activations");
                end.has(0, "outbox");
            }
            Self::ToldByGithub => {
                end.has(2, "grants WHERE state = 'member'");
                end.mailed_nobody();
            }
            Self::Drift => {
                end.has(1, "grants WHERE repo = 'acme/starter' AND state = 'removed_by_hand'");
                end.has(1, "drift WHERE repo = 'acme/starter' AND kind = 'removed_by_hand'");
                end.has(150, "drift WHERE repo = 'acme/starter-docs' AND kind = 'extra'");
                end.has(1, "drift WHERE kind = 'missing'");
                end.has(152, "drift");
                let open = shop.sandbox.invitations("acme/starter-docs");
                assert_eq!((open.len(), open[0].login.as_str()), (1, "octocat"), "{context}");
                assert_eq!(
                    shop.sandbox.collaborators("acme/starter-docs").len(),
                    150,
                    "{context}: nobody else's is touched"
                );
                end.mailed_nobody();
            }
            Self::LastInvitation => {
                end.has(1, "grants WHERE repo = 'acme/starter' AND state = 'member'");
                end.has(1, "grants WHERE repo = 'acme/starter-docs' AND state = 'expired'");
                end.told_the_operator("invitations_expired");
                end.has(1, "outbox WHERE kind = 'invitation_mail' AND state <> 'dead'");
            }
            Self::Watching => {
                end.has(1, "grants WHERE repo = 'acme/starter' AND state = 'member'");
                end.has(1, "grants WHERE repo = 'acme/starter-docs' AND state = 'declined'");
                assert_eq!(shop.sandbox.collaborators("acme/starter"), ["octocat"], "{context}");
                assert_eq!(
                    shop.sandbox.invitations("acme/starter-docs").len(),
                    200,
                    "{context}: nobody else's is touched"
                );
                end.mailed_nobody();
            }
            Self::Reinstatement => {
                end.invited(["acme/starter", "acme/starter-docs"]);
                end.has(1, "licenses WHERE status = 'active'");
                end.mailed_nobody();
            }
            Self::Refund => end.removed("revoked", 583_231, &[], 1),
            Self::Invoice => {
                end.sold(1);
                end.has(3, "subscription_facts");
                end.has(1, "licenses WHERE term = 'renewing' AND expires_at IS NOT NULL");
            }
            Self::LicenseEnd => {
                end.removed("active", 583_231, &[], 0);
                end.has(1, "licenses WHERE ended = 1");
            }
            Self::Reminder => end.reminded(),
            Self::Revocation => end.removed("revoked", 583_231, &[], 0),
            Self::Transfer => end.removed("active", 900_001, &["grace-hopper"], 0),
            Self::Sync => {
                assert_eq!(shop.sandbox.collaborators("acme/starter"), ["octocat"], "{context}: it is kept");
                let open = |repo| shop.sandbox.invitations(repo).len();
                assert_eq!((open("acme/starter-docs"), open("acme/kit")), (0, 1), "{context}");
                end.has(1, "grants WHERE repo = 'acme/starter-docs' AND state = 'revoked'");
                end.has(1, "grants WHERE repo = 'acme/kit' AND state = 'invited'");
                end.has(1, r#"license_activations WHERE repos = '["acme/starter","acme/kit"]'"#);
                end.has(2, "entitlements WHERE repo IN ('acme/starter', 'acme/kit')");
                end.mailed_nobody();
            }
            Self::Forgetting => {
                end.has(1, "grants WHERE repo = 'acme/starter' AND state = 'revoked' AND earlier IS NULL");
                assert!(shop.sandbox.collaborators("acme/starter").is_empty(), "{context}");
                end.has(1, "admin_actions WHERE action = 'grants.forget_earlier' AND detail ->> '$.earlier' = 'pull'");
                end.mailed_nobody();
            }
            Self::Recovery => {
                end.has(1, "recoveries WHERE used_at IS NULL");
                end.has(1, "outbox WHERE kind = 'recovery_mail' AND outcome = 'sent'");
                let most = 1 + end.in_doubt;
                let texts: Vec<_> = end.mails.iter().map(|mail| mail.text.as_deref().unwrap()).collect();
                assert!((1..=most).contains(&texts.len()), "{context}: {} mails, at most {most}", texts.len());
                assert!(texts.iter().all(|text| text == &texts[0]), "{context}: another link");
            }
            Self::Cancellation => {
                end.has(1, "outbox WHERE outcome = 'canceled'");
                end.has(1, "licenses WHERE status = 'active'");
                end.mailed_nobody();
            }
            Self::Export | Self::Looking => {
                end.has(1, "licenses WHERE email <> ''");
                end.mailed_nobody();
            }
            Self::Erasure => {
                end.has(1, "licenses WHERE email = '' AND name = '' AND status = 'active'");
                end.has(1, "orders WHERE email = '' AND name = ''");
                end.has(1, "webhook_events WHERE payload IS NULL");
                end.mailed_nobody();
            }
            Self::Expiry => {
                end.has(1, "webhook_events WHERE payload IS NULL");
                end.has(1, "licenses WHERE email <> ''");
                end.mailed_nobody();
            }
        }
    }

    /// How many changes by an operator stand recorded at the end, those from before the scenario included.
    const fn changes(self) -> usize {
        match self {
            Self::Revocation
            | Self::Transfer
            | Self::Sync
            | Self::Forgetting
            | Self::Drift
            | Self::Resending
            | Self::Replay
            | Self::ReplayOfAll
            | Self::Dismissal
            | Self::DismissalOfAll
            | Self::Mapping
            | Self::Describing
            | Self::IssuingByHand
            | Self::Correction
            | Self::Retry
            | Self::RetryOfAll
            | Self::Cancellation
            | Self::Export
            | Self::Erasure => 1,
            Self::Reinstatement => 2,
            _ => 0,
        }
    }
}

impl End<'_> {
    fn has(&self, count: usize, table_and_condition: &str) {
        assert_eq!(self.shop.count(table_and_condition), count, "{}: {table_and_condition}", self.context);
    }

    /// So many sales are licensed, and each key was mailed, no oftener than it had to be.
    fn sold(&self, sales: usize) {
        let Self { shop, context, mails, in_doubt } = self;
        self.has(sales, "licenses WHERE status = 'active'");
        self.has(sales, "orders");
        self.has(sales, "outbox");
        let most = sales + in_doubt;
        assert!((sales..=most).contains(&mails.len()), "{context}: {} mails, at most {most}", mails.len());
        let texts: Vec<_> = mails.iter().map(|mail| mail.text.as_deref().unwrap()).collect();
        let keys = shop.rows("SELECT license_key FROM licenses");
        let keys: Vec<_> = keys.iter().map(|row| row.text("license_key").unwrap()).collect();
        assert!(keys.iter().all(|key| texts.iter().any(|text| text.contains(key))), "{context}: a key not mailed");
        assert!(texts.iter().all(|text| keys.iter().any(|key| text.contains(key))), "{context}: another key");
    }

    /// The key that Lemon Squeezy issued and mailed is known, and what it opens.
    fn recorded(&self) {
        let end = self
            .shop
            .value("SELECT group_concat(variant_id || ' ' || email) FROM licenses WHERE storefront_key_id <> ''");
        assert_eq!(end, "5 grace@example.com", "{}", self.context);
        self.has(1, "orders");
        self.has(0, "outbox");
        self.mailed_nobody();
    }

    /// One identity is bound and invited to each.
    fn invited(&self, repos: [&str; 2]) {
        let Self { shop, context, .. } = self;
        self.has(1, "licenses");
        assert_eq!(shop.value("SELECT group_concat(github_user_id) FROM license_activations"), "583231", "{context}");
        for repo in repos {
            let open = shop.sandbox.invitations(repo);
            assert_eq!((open.len(), open[0].login.as_str()), (1, "octocat"), "{context}: {repo}");
        }
        self.has(2, "outbox WHERE kind = 'grant' AND outcome = 'invited'");
    }

    /// Who had access has none, and the license stands like this.
    fn removed(&self, status: &str, account: i64, invited: &[&str], facts: usize) {
        let Self { shop, context, .. } = self;
        for repo in ["acme/starter", "acme/starter-docs"] {
            let open: Vec<_> = shop.sandbox.invitations(repo).into_iter().map(|open| open.login).collect();
            assert_eq!(open, invited, "{context}: {repo}");
            assert!(shop.sandbox.collaborators(repo).is_empty(), "{context}: {repo}");
        }
        self.has(2, "grants WHERE github_user_id = 583231 AND state = 'revoked'");
        let end =
            shop.value("SELECT group_concat(status || ' ' || github_user_id) FROM licenses JOIN license_activations");
        assert_eq!(end, format!("{status} {account}"), "{context}");
        self.has(facts, "order_facts");
        self.mailed_nobody();
    }

    /// The buyer was reminded of the end, no oftener than they had to be.
    fn reminded(&self) {
        let Self { context, mails, in_doubt, .. } = self;
        self.has(1, "reminders JOIN licenses USING (license_key, expires_at) WHERE reminded = 1");
        self.has(1, "outbox WHERE kind = 'reminder_mail' AND outcome = 'sent'");
        assert!((1..=1 + in_doubt).contains(&mails.len()), "{context}: {} mails", mails.len());
        assert!(mails.iter().all(|mail| mail.subject.ends_with("expires on 22 November 2027")), "{context}");
    }

    fn mailed_nobody(&self) {
        assert!(self.mails.is_empty(), "{}: nobody is to be mailed", self.context);
    }

    /// An alert was raised, or two where there was more to tell after the first, and sent no oftener than it had to be; nobody else was
    /// told anything but that an invitation has expired.
    fn told_the_operator(&self, cause: &str) {
        let Self { shop, context, mails, in_doubt } = self;
        let alerts = shop.count("alerts");
        assert!((1..=2).contains(&alerts), "{context}: {alerts} alerts");
        self.has(alerts, &format!("alerts WHERE cause GLOB '{cause}*' AND failed_at IS NULL"));
        self.has(alerts, "outbox WHERE kind = 'alert_mail' AND outcome = 'sent'");
        self.has(0, "alert_causes WHERE times > told");
        let (alarms, others): (Vec<_>, Vec<_>) = mails.iter().partition(|mail| mail.to == OPERATOR);
        assert!((alerts..=alerts + in_doubt).contains(&alarms.len()), "{context}: {} mails", alarms.len());
        let of_invitations = shop.count("outbox WHERE kind = 'invitation_mail' AND outcome = 'sent'");
        assert!((of_invitations..=of_invitations + in_doubt).contains(&others.len()), "{context}: to somebody else");
    }
}
