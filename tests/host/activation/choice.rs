//! Products that let the buyer choose: the preference is required the first time, checked, stored, and kept.

use serde_json::json;

use super::{assert_nothing_bound, sold};
use crate::shop::{STARTER, Shop, run};

#[test]
fn a_choice_is_required_within_its_limit_and_among_what_is_offered() {
    run(async {
        let shop = Shop::open();
        let key = sold(&shop, "pickOne==").await;
        for (preference, names) in [
            (vec![], "acme/stack-nuxt, acme/stack-next"),
            (vec!["acme/stack-nuxt", "acme/stack-next"], "at most 1"),
            (vec!["acme/starter"], "acme/stack-nuxt, acme/stack-next"),
            (vec!["acme/stack-next", "acme/starter"], "acme/stack-nuxt, acme/stack-next"),
        ] {
            let answer = shop.activate_choosing(&key, "octocat", &preference).await;
            assert_eq!(answer.problem(), (400, "invalid_request"), "{preference:?}");
            let detail = answer.body["detail"].as_str().unwrap();
            assert!(detail.contains(names), "{preference:?}: {detail}");
        }
        assert_eq!(shop.activate(&key, "octocat").await.problem(), (400, "invalid_request"), "no preference at all");
        assert!(shop.calls().is_empty(), "a choice that cannot be met asks nobody");
        assert_nothing_bound(&shop, "impossible choices");
        assert_eq!(shop.activate_choosing(&key, "octocat", &["acme/stack-next"]).await.status, 200);
    });
}

#[test]
fn a_choice_is_kept_whatever_is_sent_later() {
    run(async {
        let shop = Shop::open();
        let key = sold(&shop, "pickOne==").await;
        let first = shop.activate_choosing(&key, "octocat", &["ACME/Stack-Next"]).await;
        assert_eq!((first.status, first.repos()), (200, vec![("acme/stack-next", "invited")]));
        let stored = shop.value("SELECT repos FROM license_activations");
        assert_eq!(stored, r#"["acme/stack-next"]"#, "as the catalogue spells it");
        assert_eq!(shop.value("SELECT chosen FROM license_activations"), stored, "that it was chosen is kept");
        for other in [&["acme/stack-nuxt"][..], &["acme/stack-nuxt", "acme/stack-next"], &[], &["acme/other"]] {
            let again = shop.activate_choosing(&key, "octocat", other).await;
            assert_eq!((again.status, again.repos()), (200, vec![("acme/stack-next", "invited")]), "{other:?}");
        }
        let again = shop.activate(&key, "octocat").await;
        assert_eq!(
            (&again.body["status"], again.repos()),
            (&json!("already_active"), vec![("acme/stack-next", "invited")])
        );
        assert!(shop.sandbox.invitations("acme/stack-nuxt").is_empty());
        assert_eq!(shop.count("grants"), 1);
    });
}

#[test]
fn without_a_choice_a_preference_narrows_nothing() {
    run(async {
        let shop = Shop::open();
        let key = sold(&shop, STARTER).await;
        let answer = shop.activate_choosing(&key, "octocat", &["acme/kit"]).await;
        assert_eq!(answer.problem(), (400, "invalid_request"));
        assert_nothing_bound(&shop, "a repository of another product");
        let answer = shop.activate_choosing(&key, "octocat", &["acme/starter-docs"]).await;
        assert_eq!(answer.repos(), [("acme/starter", "invited"), ("acme/starter-docs", "invited")]);
    });
}
