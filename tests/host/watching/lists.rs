//! Lists of several pages, which change while they are read.

use super::*;
use latchkey::platform::host::{Call, Fate};

/// Invites so many by hand, before anybody buys.
fn invite_others(shop: &Shop, count: usize) {
    for number in 0..count {
        let login = format!("somebody-{number}");
        shop.sandbox.add_user(&login, AccountKind::User);
        shop.sandbox.add_invitation(&login, REPO);
    }
}

fn pages(calls: &[String]) -> usize {
    calls.iter().filter(|call| call.ends_with("/invitations")).count()
}

#[test]
fn a_list_of_many_pages_is_read_two_a_tick_and_the_rest_by_the_next() {
    run(async {
        let shop = shop_of_one();
        invite_others(&shop, 250);
        invite(&shop, "octocat").await;
        invite(&shop, "ada-lovelace").await;
        shop.sandbox.accept_invitation("octocat", REPO).unwrap();
        assert_eq!(pages(&look_after(&shop, SOON).await), 2);
        assert_eq!(states(&shop), "invited invited", "nothing is concluded from half a list");
        assert_eq!(pages(&look_after(&shop, MINUTE).await), 1);
        assert_eq!(states(&shop), "member invited");
        assert!(look_after(&shop, MINUTE).await.is_empty());
        let paid = shop_of_one_with(&[("WORKERS_PLAN", "paid")]);
        invite_others(&paid, 250);
        invite(&paid, "octocat").await;
        assert_eq!(pages(&look_after(&paid, SOON).await), 3);
    });
}

#[test]
fn of_a_list_of_exactly_one_page_the_next_one_is_read_too() {
    run(async {
        let shop = shop_of_one();
        invite_others(&shop, 99);
        invite(&shop, "octocat").await;
        assert_eq!(pages(&look_after(&shop, SOON).await), 2);
        assert_eq!(states(&shop), "invited");
    });
}

#[test]
fn nobody_is_taken_for_one_who_declined_before_the_same_list_was_read_twice() {
    run(async {
        let shop = shop_of_one();
        invite_others(&shop, 150);
        invite(&shop, "octocat").await;
        shop.sandbox.decline_invitation("octocat", REPO).unwrap();
        look_after(&shop, SOON).await;
        assert_eq!(
            (states(&shop).as_str(), due_in(&shop)),
            ("invited", 0),
            "the list may have moved while it was read"
        );
        look_after(&shop, MINUTE).await;
        assert_eq!(states(&shop), "declined");
    });
}

#[test]
fn a_list_that_moves_up_between_two_pages_hides_nobody_for_good() {
    run(async {
        let shop = shop_of_one();
        invite_others(&shop, 100);
        invite(&shop, "octocat").await;
        let (sandbox, mut accepted) = (shop.sandbox.clone(), 0);
        // Somebody accepts behind each first page, so that the first of the second page is on none.
        shop.host.inject(move |call| {
            if matches!(call, Call::Send(request) if request.url.contains("invitations?per_page=100&page=2"))
                && accepted < 3
            {
                sandbox.accept_invitation(&format!("somebody-{accepted}"), REPO).unwrap();
                accepted += 1;
            }
            Fate::Proceed
        });
        for _ in 0..8 {
            look_after(&shop, SOON).await;
            assert_eq!(states(&shop), "invited");
        }
    });
}

#[test]
fn whoever_is_invited_while_a_list_is_read_is_not_missed_on_it() {
    run(async {
        let shop = shop_of_one();
        invite_others(&shop, 250);
        invite(&shop, "octocat").await;
        assert_eq!(pages(&look_after(&shop, SOON).await), 2);
        invite(&shop, "ada-lovelace").await;
        // GitHub does not list them yet.
        shop.sandbox.decline_invitation("ada-lovelace", REPO).unwrap();
        let calls = look_after(&shop, MINUTE).await;
        assert_eq!((pages(&calls), calls.len(), states(&shop).as_str()), (1, 1, "invited invited"));
    });
}

#[test]
fn a_reading_that_takes_too_long_begins_anew() {
    run(async {
        let shop = shop_of_one();
        invite_others(&shop, 250);
        invite(&shop, "octocat").await;
        assert_eq!(pages(&look_after(&shop, SOON).await), 2);
        assert_eq!(shop.value("SELECT page FROM repository_watches"), "3");
        assert_eq!(pages(&look_after(&shop, 2 * HOUR).await), 2);
        assert_eq!(shop.value("SELECT page FROM repository_watches"), "3");
        assert_eq!(pages(&look_after(&shop, MINUTE).await), 1);
        assert_eq!(
            shop.value("SELECT json_array_length(listed, '$.open') FROM repository_watches"),
            "251",
            "each once"
        );
    });
}
