//! Every story with a fault of every kind at every one of its calls, and two of them with every pair of faults. That
//! each fault really struck is checked where the story is told.

use super::stories::{Blow, FATES, Story};
use crate::shop::run;

#[test]
fn a_sale_survives_every_single_fault() {
    exhaust_singles(Story::Sale, 5);
}

#[test]
fn a_first_activation_survives_every_single_fault() {
    exhaust_singles(Story::FirstActivation, 7);
}

#[test]
fn a_storefronts_key_survives_every_single_fault() {
    exhaust_singles(Story::StorefrontKey, 8);
}

#[test]
fn the_bypass_survives_every_single_fault() {
    exhaust_singles(Story::Bypass, 5);
}

#[test]
fn a_refund_survives_every_single_fault() {
    exhaust_singles(Story::Refund, 11);
}

#[test]
fn a_revocation_survives_every_single_fault() {
    exhaust_singles(Story::Revocation, 10);
}

#[test]
fn a_transfer_survives_every_single_fault() {
    exhaust_singles(Story::Transfer, 13);
}

#[test]
fn a_buyer_who_never_asks_again_has_everything_or_nothing() {
    run(async {
        for story in [Story::FirstActivation, Story::StorefrontKey] {
            for blow in blows(0..story.tell(&[]).await) {
                story.tell_once(blow).await;
            }
        }
    });
}

#[test]
fn a_sale_survives_every_pair_of_faults() {
    exhaust_pairs(Story::Sale);
}

#[test]
fn a_first_activation_survives_every_pair_of_faults() {
    exhaust_pairs(Story::FirstActivation);
}

/// `calls` is how many there are when all goes well: were it more, a fault could hide in what is not told here.
fn exhaust_singles(story: Story, calls: usize) {
    run(async {
        assert_eq!(story.tell(&[]).await, calls);
        for blow in blows(0..calls) {
            story.tell(&[blow]).await;
        }
    });
}

/// The second fault may strike any call that there is after the first, those included that only the first one causes.
fn exhaust_pairs(story: Story) {
    run(async {
        for first in blows(0..story.tell(&[]).await) {
            for second in blows(first.0 + 1..story.tell(&[first]).await) {
                story.tell(&[first, second]).await;
            }
        }
    });
}

fn blows(calls: std::ops::Range<usize>) -> impl Iterator<Item = Blow> {
    calls.flat_map(|call| FATES.map(|fate| (call, fate)))
}
