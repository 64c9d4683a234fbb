//! Every story with a fault of every kind at every one of its calls, and nine of them with every pair of faults.
//! That each fault really struck is checked where the story is told; that there is no call beyond those, by the counter.

use std::collections::VecDeque;
use std::sync::OnceLock;

use super::coverage::Coverage;
use super::stories::{Blow, FATES, Story};
use crate::shop::run;

/// The stories that are told with every pair of faults: what a webhook sets off, what invites, what takes access away.
const IN_PAIRS: [Story; 9] = [
    Story::Sale,
    Story::MintedOrder,
    Story::IssuedKey,
    Story::KeyBeforeOrder,
    Story::AbandonedSale,
    Story::FirstActivation,
    Story::StorefrontKey,
    Story::Bypass,
    Story::Refund,
];

#[test]
#[expect(clippy::print_stdout, reason = "the figures are for whoever asks to see them")]
fn every_call_of_the_engine_is_struck_by_every_fault() {
    let mut coverage = Coverage::default();
    for story in Story::ALL {
        coverage.merge(singles(story));
    }
    let pairs: usize = IN_PAIRS.into_iter().map(pairs).sum();
    println!("{coverage}; {pairs} pairs");
    coverage.assert_complete();
}

#[test]
fn a_sale_survives_every_single_fault() {
    exhaust(Story::Sale, 5);
    exhaust(Story::MintedOrder, 5);
    exhaust(Story::AbandonedSale, 7);
}

#[test]
fn a_key_of_the_storefronts_is_recorded_despite_every_single_fault() {
    exhaust(Story::IssuedKey, 6);
    exhaust(Story::KeyBeforeOrder, 11);
}

#[test]
fn what_is_refused_for_good_is_left_to_the_operator_despite_every_single_fault() {
    exhaust(Story::UnmappedSale, 3);
    exhaust(Story::UnmappedKey, 5);
    exhaust(Story::RefusedMail, 10);
    exhaust(Story::RejectedToken, 17);
    exhaust(Story::LimitedActivation, 11);
}

#[test]
fn what_no_webhook_told_of_is_found_despite_every_single_fault() {
    exhaust(Story::FoundSales, 55);
    exhaust(Story::FoundOrder, 16);
}

#[test]
fn a_first_activation_survives_every_single_fault() {
    exhaust(Story::FirstActivation, 7);
}

#[test]
fn a_storefronts_key_survives_every_single_fault() {
    exhaust(Story::StorefrontKey, 8);
}

#[test]
fn the_bypass_survives_every_single_fault() {
    exhaust(Story::Bypass, 5);
}

#[test]
fn a_refund_survives_every_single_fault() {
    exhaust(Story::Refund, 11);
}

#[test]
fn a_revocation_survives_every_single_fault() {
    exhaust(Story::Revocation, 10);
    exhaust(Story::Reinstatement, 7);
}

#[test]
fn a_transfer_survives_every_single_fault() {
    exhaust(Story::Transfer, 13);
}

#[test]
fn what_an_operator_does_is_done_once_despite_every_single_fault() {
    exhaust(Story::Resending, 6);
    exhaust(Story::Replay, 5);
    exhaust(Story::ReplayOfAll, 8);
    exhaust(Story::Retry, 6);
    exhaust(Story::Cancellation, 2);
}

#[test]
fn what_is_held_on_a_buyer_is_read_and_erased_despite_every_single_fault() {
    exhaust(Story::Export, 2);
    exhaust(Story::Erasure, 2);
    exhaust(Story::Expiry, 3);
    exhaust(Story::Looking, 11);
}

#[test]
fn a_buyer_who_never_asks_again_has_everything_or_nothing() {
    run(async {
        for story in [Story::FirstActivation, Story::StorefrontKey] {
            for blow in blows(0..story.tell(&[]).await.calls.get()) {
                story.tell_once(blow).await;
            }
        }
    });
}

#[test]
fn a_sale_survives_every_pair_of_faults() {
    exhaust_pairs(Story::Sale, 750);
    exhaust_pairs(Story::AbandonedSale, 1200);
}

#[test]
fn an_order_and_its_key_survive_every_pair_of_faults() {
    exhaust_pairs(Story::MintedOrder, 750);
    exhaust_pairs(Story::IssuedKey, 1100);
    exhaust_pairs(Story::KeyBeforeOrder, 2500);
}

#[test]
fn a_first_activation_survives_every_pair_of_faults() {
    exhaust_pairs(Story::FirstActivation, 1300);
}

#[test]
fn a_storefronts_key_survives_every_pair_of_faults() {
    exhaust_pairs(Story::StorefrontKey, 1700);
}

#[test]
fn the_bypass_survives_every_pair_of_faults() {
    exhaust_pairs(Story::Bypass, 750);
}

#[test]
fn a_refund_survives_every_pair_of_faults() {
    exhaust_pairs(Story::Refund, 3300);
}

/// Tells a story with every single fault. `calls` is how many there are when all goes well: were it more, a fault could
/// hide in what is not told here.
fn exhaust(story: Story, calls: usize) {
    singles(story);
    assert_eq!(run(story.tell(&[])).calls.get(), calls, "{story:?}");
}

/// What strikes when a story is told with each fault at each of its calls. Calls that only a fault causes, as those that
/// put something off, are struck behind it. Told once, whoever asks first.
fn singles(story: Story) -> &'static Coverage {
    static TOLD: [OnceLock<Coverage>; Story::ALL.len()] = [const { OnceLock::new() }; Story::ALL.len()];
    TOLD[story as usize].get_or_init(|| {
        run(async {
            let mut coverage = Coverage::default();
            let mut told = VecDeque::new();
            let well = story.tell(&[]).await;
            coverage.add(&well);
            for blow in blows(0..well.calls.get()) {
                let witness = story.tell(&[blow]).await;
                coverage.add(&witness);
                told.push_back(witness);
            }
            while let Some(witness) = told.pop_front() {
                for blow in coverage.missing_after(&witness) {
                    let mut blows = witness.struck.borrow().clone();
                    blows.push(blow);
                    let witness = story.tell(&blows).await;
                    coverage.add(&witness);
                    told.push_back(witness);
                }
            }
            coverage
        })
    })
}

/// Tells a story with every pair of faults. `least` is how many there are: were it fewer, the story would have become a
/// shorter one.
fn exhaust_pairs(story: Story, least: usize) {
    assert!(IN_PAIRS.contains(&story), "{story:?}: the counter has to count it");
    let told = pairs(story);
    assert!(told >= least, "{story:?}: {told} pairs");
}

/// How many pairs of faults a story was told with. The second may strike any call that there is after the first, those
/// included that only the first one causes. Told once, whoever asks first.
fn pairs(story: Story) -> usize {
    static TOLD: [OnceLock<usize>; Story::ALL.len()] = [const { OnceLock::new() }; Story::ALL.len()];
    *TOLD[story as usize].get_or_init(|| {
        run(async {
            let mut told = 0;
            for first in blows(0..story.tell(&[]).await.calls.get()) {
                for second in blows(first.0 + 1..story.tell(&[first]).await.calls.get()) {
                    story.tell(&[first, second]).await;
                    told += 1;
                }
            }
            told
        })
    })
}

fn blows(calls: std::ops::Range<usize>) -> impl Iterator<Item = Blow> {
    calls.flat_map(|call| FATES.map(|fate| (call, fate)))
}
