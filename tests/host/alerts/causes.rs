//! What is noted as it happens, since no table holds it: rejected credentials, and each reason for which a person is needed.

use super::*;

#[test]
fn each_services_credentials_are_told_of_by_themselves() {
    run(async {
        let shop = Shop::open_with(&[OPERATOR, ("GUMROAD_ACCESS_TOKEN", "not-the-one")]);
        let key = shop.sell_starter().await;
        shop.sandbox.inject(Fault::new(Service::GitHub, FaultKind::status(401)).method("PUT"));
        assert_eq!(shop.activate(&key, "octocat").await.status, 202);
        shop.tick_after(MINUTE).await;
        shop.tick_after(MINUTE).await;
        let mut told = told(&shop);
        told.sort_unstable();
        let rejected = ["GITHUB_TOKEN was rejected by GitHub", "Gumroad refuses GUMROAD_ACCESS_TOKEN"];
        assert_eq!(told, rejected.map(|reason| format!("Latchkey: Credentials rejected: {reason}")));
        shop.sandbox.take_unexpected();
    });
}

#[test]
fn what_only_a_person_can_mend_is_told_of_at_once() {
    run(async {
        let shop = Shop::open_with(&[OPERATOR, ("GITHUB_TOKEN", "")]);
        let key = shop.sell_starter().await;
        assert_eq!(shop.activate(&key, "octocat").await.status, 502);
        shop.tick_after(MINUTE).await;
        assert_eq!(told(&shop), ["Latchkey: A person is needed: GITHUB_TOKEN is not set"]);
        shop.activate(&key, "octocat").await;
        shop.tick_after(MINUTE).await;
        assert!(told(&shop).is_empty(), "once an hour");
    });
}

#[test]
fn rejected_credentials_are_told_of_while_they_last_and_cost_no_attempt() {
    run(async {
        let shop = Shop::open_with(&[OPERATOR]);
        let key = shop.sell_starter().await;
        shop.sandbox.inject(Fault::new(Service::GitHub, FaultKind::status(401)).method("PUT"));
        assert_eq!(shop.activate(&key, "octocat").await.status, 202);
        let noted = "alert_causes WHERE cause GLOB 'credentials_rejected: *'";
        assert_eq!(shop.count(noted), 1, "in the batch of what was put off");
        shop.tick_after(MINUTE).await;
        assert_eq!(told(&shop), ["Latchkey: Credentials rejected: GITHUB_TOKEN was rejected by GitHub"]);
        for _ in 0..3 * 24 {
            shop.tick_after(HOUR).await;
        }
        let again: Vec<_> = told(&shop).into_iter().filter(|subject| subject.contains("GITHUB_TOKEN")).collect();
        assert_eq!(again.len(), 4, "after an hour, four more, and two days: {again:?}");
        let counted = |subject: &String| {
            subject.split_once(" (").map_or(1, |(_, times)| times[..times.len() - 7].parse().unwrap())
        };
        let counted: Vec<i64> = again.iter().map(counted).collect();
        let noted: i64 = shop.value("SELECT times FROM alert_causes").parse().unwrap();
        let untold: i64 = shop.value("SELECT times - told FROM alert_causes").parse().unwrap();
        assert_eq!(1 + counted.iter().sum::<i64>() + untold, noted, "{again:?}");
        assert_eq!(shop.count("outbox WHERE kind = 'grant' AND state = 'due' AND attempts = 0"), 2);
        shop.sandbox.clear_faults();
        shop.tick_after(2 * HOUR).await;
        assert_eq!(shop.count("outbox WHERE kind = 'grant' AND outcome = 'invited'"), 2);
        shop.sandbox.take_mails();
        shop.tick_after(24 * HOUR).await;
        assert!(told(&shop).len() <= 1, "what was not told of yet");
        for _ in 0..4 {
            shop.tick_after(24 * HOUR).await;
        }
        assert!(told(&shop).is_empty(), "no longer than that");
    });
}

#[test]
fn credentials_rejected_before_anything_is_bound_are_told_of_too() {
    run(async {
        let shop = Shop::open_with(&[OPERATOR]);
        let key = shop.sell_starter().await;
        shop.sandbox.inject(Fault::new(Service::GitHub, FaultKind::status(401)).method("GET"));
        for _ in 0..3 {
            assert_eq!(shop.activate(&key, "octocat").await.problem(), (502, "upstream_unavailable"));
        }
        shop.tick_after(MINUTE).await;
        assert_eq!(told(&shop), ["Latchkey: Credentials rejected: GITHUB_TOKEN was rejected by GitHub (3 times)"]);
        assert_eq!(shop.count("outbox WHERE kind = 'grant'"), 0);
    });
}

#[test]
fn a_rejected_token_of_the_mail_provider_leaves_no_pile_of_alerts() {
    run(async {
        let shop = Shop::open_with(&[OPERATOR]);
        let body = br#"{"ErrorCode": 10, "Message": "Bad token"}"#.to_vec();
        let rejected = FaultKind::Status { status: 401, headers: Vec::new(), body };
        shop.sandbox.inject(Fault::new(Service::Postmark, rejected));
        assert_eq!(shop.deliver(&shop.sandbox.sell_on_gumroad(GumroadSale::default())).await.status, 200);
        for _ in 0..3 * 24 * 6 {
            shop.tick_after(10 * MINUTE).await;
        }
        let waiting = "outbox WHERE kind = 'alert_mail' AND state <> 'dead'";
        assert!(shop.count(waiting) <= 1, "{}", shop.count(waiting));
        shop.sandbox.clear_faults();
        for _ in 0..12 {
            shop.tick_after(10 * MINUTE).await;
        }
        let mails = shop.sandbox.take_mails();
        let subjects: Vec<_> = mails.iter().map(|mail| &mail.subject).collect();
        assert!((1..=3).contains(&mails.len()), "the key, and two alerts at most: {subjects:?}");
        assert_eq!(mails.iter().filter(|mail| mail.to != OPERATOR.1).count(), 1);
    });
}

#[test]
fn each_reason_for_which_a_person_is_needed_is_told_of_by_itself() {
    run(async {
        let shop = Shop::open_with(&[OPERATOR, ("GITHUB_TOKEN", "")]);
        let key = shop.sell_starter().await;
        assert_eq!(shop.activate(&key, "octocat").await.status, 502);
        shop.tick_after(MINUTE).await;
        assert_eq!(told(&shop), ["Latchkey: A person is needed: GITHUB_TOKEN is not set"]);
        let body = br#"{"ErrorCode": 412, "Message": "pending"}"#.to_vec();
        let refused = FaultKind::Status { status: 422, headers: Vec::new(), body };
        shop.sandbox.inject(Fault::new(Service::Postmark, refused).times(1));
        assert_eq!(shop.deliver(&shop.sandbox.sell_on_gumroad(GumroadSale::default())).await.status, 200);
        shop.tick_after(MINUTE).await;
        let told = told(&shop);
        assert!(told.len() == 1 && told[0].contains("see to the account at Postmark"), "{told:?}");
        shop.tick_after(HOUR).await;
        shop.sandbox.take_mails();
    });
}

#[test]
fn one_thing_to_mend_is_one_cause_whatever_is_said_of_it_each_time() {
    run(async {
        let shop = Shop::open_with(&[OPERATOR]);
        let mut subjects = Vec::new();
        for number in 0..5 {
            let body = format!(r#"{{"ErrorCode": 412, "Message": "pending, see request {number}"}}"#).into_bytes();
            let refused = FaultKind::Status { status: 422, headers: Vec::new(), body };
            shop.sandbox.inject(Fault::new(Service::Postmark, refused).times(1));
            assert_eq!(shop.deliver(&shop.sandbox.sell_on_gumroad(GumroadSale::default())).await.status, 200);
            shop.tick_after(MINUTE).await;
            subjects.extend(told(&shop));
        }
        assert_eq!(subjects.len(), 1, "{subjects:?}");
        assert_eq!((shop.count("alert_causes"), shop.count("alert_causes WHERE times = 5")), (1, 1));
        shop.tick_after(2 * HOUR).await;
        let mails = shop.sandbox.take_mails();
        let told: Vec<_> = mails.iter().filter(|mail| mail.to == OPERATOR.1).map(|mail| &mail.subject).collect();
        assert!(told.iter().any(|subject| subject.contains("request 4 (4 times)")), "{told:?}");
    });
}

#[test]
fn what_names_one_repository_in_two_spellings_is_one_cause() {
    run(async {
        let shop = Shop::open_with(&[OPERATOR]);
        let entry = |id: &str, repo: &str| {
            format!("[[gumroad]]\nproduct_id = \"{id}\"\nname = \"Kit\"\ntier = \"pro\"\nrepos = [\"{repo}\"]\n")
        };
        shop.stock(&catalogue_of(&(entry("one", "Acme/Gone") + &entry("two", "acme/gone"))));
        for (product, login) in [("one", "octocat"), ("two", "grace-hopper")] {
            let sale = GumroadSale { product_id: Some(product.to_owned()), ..GumroadSale::default() };
            assert_eq!(shop.deliver(&shop.sandbox.sell_on_gumroad(sale)).await.status, 200);
            shop.activate(&shop.take_key(), login).await;
        }
        shop.tick_after(MINUTE).await;
        assert_eq!(told(&shop).len(), 1);
        assert_eq!(
            (shop.count("alert_causes"), shop.count("alerts"), shop.count("outbox WHERE kind = 'alert_mail'")),
            (1, 1, 1)
        );
    });
}
