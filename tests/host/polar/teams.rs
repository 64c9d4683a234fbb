//! Sales to teams, which have no address: the license is there, and its mail waits for the owner's address, which is asked for again, or
//! which the operator says.

use super::*;
use crate::shop::ADMIN_TOKEN;

fn team() -> PolarSale {
    PolarSale { email: None, owner: Some("grace@example.com".to_owned()), ..PolarSale::default() }
}

fn no_members(kind: FaultKind) -> Fault {
    Fault::new(Service::Polar, kind).path("/members")
}

async fn correct(shop: &Shop, to: &str) {
    let path = format!("/admin/licenses/{}/correct-email", shop.value("SELECT license_key FROM licenses"));
    let authorization = format!("Bearer {ADMIN_TOKEN}");
    let headers = [("authorization", authorization.as_str()), ("content-type", "application/json")];
    let body = json!({ "reason": "they have written to us", "to": to }).to_string();
    let answer = shop.request(request("POST", &path, &headers, body.as_bytes())).await;
    assert_eq!(answer.status, 200, "{}", answer.body);
}

#[test]
fn a_team_is_written_to_at_its_owners_address() {
    run(async {
        let shop = open();
        deliver(&shop, &shop.sandbox.sell_on_polar(team())).await;
        assert_eq!(shop.value("SELECT email || name FROM licenses"), "grace@example.comGrace Hopper");
        shop.take_key();
        shop.calls();
    });
}

#[test]
fn a_team_whose_owner_cannot_be_read_has_its_license_and_is_mailed_once_it_can() {
    run(async {
        let shop = open();
        shop.sandbox.inject(no_members(FaultKind::status(500)).times(2));
        deliver(&shop, &shop.sandbox.sell_on_polar(team())).await;
        assert_eq!(shop.value("SELECT email || name || status FROM licenses"), "active");
        let event = shop.record("webhook_events", "true");
        assert_eq!((&event["processed"], &event["reason"]), (&json!(0), &json!("storefront_unavailable")));
        assert_eq!(event["error"], "who bought is not known: Polar answered 500 with something unintelligible");
        assert_eq!(shop.count("outbox WHERE kind = 'license_mail'"), 0);
        for _ in 0..5 {
            shop.tick_after(MINUTE).await;
        }
        assert_eq!(shop.value("SELECT email FROM licenses"), "grace@example.com");
        shop.take_key();
        assert_eq!(shop.count("webhook_events WHERE processed = 0"), 0);
        shop.calls();
    });
}

#[test]
fn a_token_that_may_not_read_members_is_told_of_and_waited_for() {
    run(async {
        let shop = open_with(&[("OPERATOR_EMAIL", "operator@example.com")]);
        shop.sandbox.inject(no_members(FaultKind::status(403)));
        deliver(&shop, &shop.sandbox.sell_on_polar(team())).await;
        for _ in 0..20 {
            shop.tick_after(60 * MINUTE).await;
        }
        assert_eq!(shop.value("SELECT attempts FROM webhook_events WHERE list IS NULL"), "0", "nothing wears out");
        let told = shop.sandbox.take_mails();
        assert!(told.iter().all(|mail| mail.to == "operator@example.com") && !told.is_empty());
        assert!(told[0].text.as_deref().unwrap().contains("it has to permit members:read"), "{:?}", told[0].text);
        shop.sandbox.clear_faults();
        for _ in 0..3 {
            shop.tick_after(60 * MINUTE).await;
        }
        assert_eq!(shop.value("SELECT email FROM licenses"), "grace@example.com");
        assert!(shop.sandbox.take_mails().iter().any(|mail| mail.to == "grace@example.com"));
        shop.calls();
    });
}

#[test]
fn a_team_without_an_owner_waits_for_the_operator() {
    run(async {
        for settings in [&[][..], &[("POLAR_ACCESS_TOKEN", "")]] {
            let shop = open_with(settings);
            let sale = PolarSale { email: None, ..PolarSale::default() };
            deliver(&shop, &shop.sandbox.sell_on_polar(sale)).await;
            let state = shop.record("sale_states", "true");
            assert_eq!((&state["state"], &state["reason"]), (&json!("needs_seller"), &json!("mail_blocked")));
            assert_eq!(shop.count("webhook_events WHERE processed = 0"), 0);
            correct(&shop, "right@example.com").await;
            shop.tick_after(MINUTE).await;
            let mails = shop.sandbox.take_mails();
            assert_eq!((mails.len(), mails[0].to.as_str()), (1, "right@example.com"));
            shop.calls();
        }
    });
}
