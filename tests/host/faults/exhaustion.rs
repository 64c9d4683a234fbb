//! Every scenario with a fault of every kind at every one of its calls, and nine of them with every pair of faults.
//! That each fault really struck is checked where the scenario is played; that there is no call beyond those, by the counter.

use std::collections::VecDeque;
use std::sync::OnceLock;

use super::coverage::Coverage;
use super::scenarios::{Blow, FATES, Scenario};
use crate::shop::run;

/// The scenarios that are played with every pair of faults: what a webhook sets off, what invites, what takes access away.
const IN_PAIRS: [Scenario; 9] = [
    Scenario::Sale,
    Scenario::MintedOrder,
    Scenario::IssuedKey,
    Scenario::KeyBeforeOrder,
    Scenario::AbandonedSale,
    Scenario::FirstActivation,
    Scenario::StorefrontKey,
    Scenario::Bypass,
    Scenario::Refund,
];

#[test]
#[expect(clippy::print_stdout, reason = "the figures are for whoever asks to see them")]
fn every_call_of_the_engine_is_struck_by_every_fault() {
    let mut coverage = Coverage::default();
    for scenario in Scenario::ALL {
        coverage.merge(singles(scenario));
    }
    let pairs: usize = IN_PAIRS.into_iter().map(pairs).sum();
    println!("{coverage}; {pairs} pairs");
    coverage.assert_complete();
}

#[test]
fn a_sale_survives_every_single_fault() {
    exhaust(Scenario::Sale, 5);
    exhaust(Scenario::MintedOrder, 5);
    exhaust(Scenario::AbandonedSale, 7);
    exhaust(Scenario::AskedSale, 19);
    exhaust(Scenario::JoinedRefund, 42);
    exhaust(Scenario::TeamSale, 31);
}

#[test]
fn a_sale_is_mailed_by_each_provider_despite_every_single_fault() {
    exhaust(Scenario::ResendSale, 5);
    exhaust(Scenario::Smtp2goSale, 5);
    exhaust(Scenario::BoundSale, 5);
}

#[test]
fn a_mail_that_came_back_is_known_despite_every_single_fault() {
    exhaust(Scenario::ReturnedMail, 8);
}

#[test]
fn a_key_of_the_storefronts_is_recorded_despite_every_single_fault() {
    exhaust(Scenario::IssuedKey, 6);
    exhaust(Scenario::KeyBeforeOrder, 11);
    exhaust(Scenario::TestKey, 6);
    exhaust(Scenario::Checkout, 17);
    exhaust(Scenario::ChangedKey, 7);
}

#[test]
fn what_is_refused_for_good_is_left_to_the_operator_despite_every_single_fault() {
    exhaust(Scenario::UnmappedSale, 4);
    exhaust(Scenario::UnmappedKey, 4);
    exhaust(Scenario::RefusedMail, 10);
    exhaust(Scenario::RejectedToken, 23);
    exhaust(Scenario::LimitedActivation, 15);
}

#[test]
fn what_no_webhook_told_of_is_found_despite_every_single_fault() {
    exhaust(Scenario::FoundSales, 55);
    exhaust(Scenario::FoundOrder, 16);
    exhaust(Scenario::FoundTransaction, 19);
    exhaust(Scenario::FoundDispute, 30);
}

#[test]
fn a_first_activation_survives_every_single_fault() {
    exhaust(Scenario::FirstActivation, 9);
    exhaust(Scenario::AppActivation, 11);
}

#[test]
fn a_storefronts_key_survives_every_single_fault() {
    exhaust(Scenario::StorefrontKey, 10);
}

#[test]
fn the_bypass_survives_every_single_fault() {
    exhaust(Scenario::Bypass, 8);
}

#[test]
fn a_refund_survives_every_single_fault() {
    exhaust(Scenario::Refund, 15);
    exhaust(Scenario::LicenseEnd, 28);
    exhaust(Scenario::Invoice, 10);
}

#[test]
fn a_reminder_survives_every_single_fault() {
    exhaust(Scenario::Reminder, 23);
}

#[test]
fn a_revocation_survives_every_single_fault() {
    exhaust(Scenario::Revocation, 14);
    exhaust(Scenario::Reinstatement, 11);
}

#[test]
fn a_transfer_survives_every_single_fault() {
    exhaust(Scenario::Transfer, 22);
}

#[test]
fn a_sync_survives_every_single_fault() {
    exhaust(Scenario::Sync, 14);
}

#[test]
fn what_an_account_had_before_is_taken_despite_every_single_fault() {
    exhaust(Scenario::Forgetting, 9);
}

#[test]
fn repositories_are_compared_despite_every_single_fault() {
    exhaust(Scenario::Drift, 33);
}

#[test]
fn what_became_of_invitations_is_found_out_despite_every_single_fault() {
    exhaust(Scenario::Watching, 34);
    exhaust(Scenario::ToldByGithub, 30);
}

#[test]
fn what_an_operator_does_is_done_once_despite_every_single_fault() {
    exhaust(Scenario::Resending, 6);
    exhaust(Scenario::Replay, 5);
    exhaust(Scenario::ReplayOfAll, 8);
    exhaust(Scenario::Dismissal, 3);
    exhaust(Scenario::DismissalOfAll, 2);
    exhaust(Scenario::IssuingByHand, 7);
    exhaust(Scenario::Correction, 6);
    exhaust(Scenario::Retry, 6);
    exhaust(Scenario::RetryOfAll, 6);
    exhaust(Scenario::Cancellation, 2);
}

#[test]
fn what_waits_for_the_catalogue_is_processed_despite_every_single_fault() {
    exhaust(Scenario::Mapping, 10);
    exhaust(Scenario::Describing, 10);
}

#[test]
fn a_lost_key_is_asked_for_despite_every_single_fault() {
    exhaust(Scenario::Recovery, 6);
}

#[test]
fn what_is_held_on_a_buyer_is_read_and_erased_despite_every_single_fault() {
    exhaust(Scenario::Export, 3);
    exhaust(Scenario::Erasure, 4);
    exhaust(Scenario::Expiry, 3);
    exhaust(Scenario::Looking, 11);
}

#[test]
fn a_buyer_who_never_asks_again_has_everything_or_nothing() {
    run(async {
        for scenario in [Scenario::FirstActivation, Scenario::AppActivation, Scenario::StorefrontKey] {
            for blow in blows(0..scenario.play(&[]).await.calls.get()) {
                scenario.play_once(blow).await;
            }
        }
    });
}

#[test]
fn a_sale_survives_every_pair_of_faults() {
    exhaust_pairs(Scenario::Sale, 750);
    exhaust_pairs(Scenario::AbandonedSale, 1200);
}

#[test]
fn an_order_and_its_key_survive_every_pair_of_faults() {
    exhaust_pairs(Scenario::MintedOrder, 750);
    exhaust_pairs(Scenario::IssuedKey, 1100);
    exhaust_pairs(Scenario::KeyBeforeOrder, 2500);
}

#[test]
fn a_first_activation_survives_every_pair_of_faults() {
    exhaust_pairs(Scenario::FirstActivation, 1300);
}

#[test]
fn a_storefronts_key_survives_every_pair_of_faults() {
    exhaust_pairs(Scenario::StorefrontKey, 1700);
}

#[test]
fn the_bypass_survives_every_pair_of_faults() {
    exhaust_pairs(Scenario::Bypass, 750);
}

#[test]
fn a_refund_survives_every_pair_of_faults() {
    exhaust_pairs(Scenario::Refund, 3300);
}

/// Plays a scenario with every single fault. `calls` is how many there are when all goes well: were it more, a fault could
/// hide in what is not played here.
fn exhaust(scenario: Scenario, calls: usize) {
    singles(scenario);
    assert_eq!(run(scenario.play(&[])).calls.get(), calls, "{scenario:?}");
}

/// What strikes when a scenario is played with each fault at each of its calls. Calls that only a fault causes, as those that
/// put something off, are struck behind it. Played once, whoever asks first.
fn singles(scenario: Scenario) -> &'static Coverage {
    static PLAYED: [OnceLock<Coverage>; Scenario::ALL.len()] = [const { OnceLock::new() }; Scenario::ALL.len()];
    PLAYED[scenario as usize].get_or_init(|| {
        run(async {
            let mut coverage = Coverage::default();
            let mut played = VecDeque::new();
            let well = scenario.play(&[]).await;
            coverage.add(&well);
            for blow in blows(0..well.calls.get()) {
                let witness = scenario.play(&[blow]).await;
                coverage.add(&witness);
                played.push_back(witness);
            }
            while let Some(witness) = played.pop_front() {
                for blow in coverage.missing_after(&witness) {
                    let mut blows = witness.struck.borrow().clone();
                    blows.push(blow);
                    let witness = scenario.play(&blows).await;
                    coverage.add(&witness);
                    played.push_back(witness);
                }
            }
            coverage
        })
    })
}

/// Plays a scenario with every pair of faults. `least` is how many there are: were it fewer, the scenario would have become a
/// shorter one.
fn exhaust_pairs(scenario: Scenario, least: usize) {
    assert!(IN_PAIRS.contains(&scenario), "{scenario:?}: the counter has to count it");
    let played = pairs(scenario);
    assert!(played >= least, "{scenario:?}: {played} pairs");
}

/// How many pairs of faults a scenario was played with. The second may strike any call that there is after the first, those
/// included that only the first one causes. Played once, whoever asks first.
fn pairs(scenario: Scenario) -> usize {
    static PLAYED: [OnceLock<usize>; Scenario::ALL.len()] = [const { OnceLock::new() }; Scenario::ALL.len()];
    *PLAYED[scenario as usize].get_or_init(|| {
        run(async {
            let mut played = 0;
            for first in blows(0..scenario.play(&[]).await.calls.get()) {
                for second in blows(first.0 + 1..scenario.play(&[first]).await.calls.get()) {
                    scenario.play(&[first, second]).await;
                    played += 1;
                }
            }
            played
        })
    })
}

fn blows(calls: std::ops::Range<usize>) -> impl Iterator<Item = Blow> {
    calls.flat_map(|call| FATES.map(|fate| (call, fate)))
}
