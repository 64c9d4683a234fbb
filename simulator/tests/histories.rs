//! That histories can be relied on: the same seed gives the same one, and a broken promise is noticed and told. Here
//! only a few of them are told; `cargo xtask test` tells thousands, from a build that is made for it.

use std::sync::atomic::AtomicBool;

use latchkey::defect::Defect;
use latchkey_simulator::campaign::{self, Teller, Times};

#[test]
fn every_promise_holds_in_a_few_histories_which_are_the_same_each_time() {
    let seeds: Vec<u64> = campaign::regressions().into_iter().chain(0..8).collect();
    let (totals, broken) = campaign::run(&seeds, Times::Twice, 2, &AtomicBool::new(false), |_| {});
    assert!(broken.is_none(), "{broken:?}");
    assert_eq!(totals.histories, seeds.len() as u64);
    assert!(totals.operations >= 40 * totals.histories);
    for (fault, count) in totals.faults_by_name() {
        assert!(count > 0, "{fault}");
    }
}

#[test]
fn another_seed_gives_another_history() {
    let mut teller = Teller::new();
    assert_ne!(teller.tell(1).hash, teller.tell(2).hash);
}

#[test]
fn a_broken_promise_is_noticed_and_its_story_can_be_told() {
    let (_, end) = campaign::hunt(Defect::KeyLogged, 20).unwrap();
    assert_eq!(end.violation.unwrap().invariant, "I10");

    let told = Teller::new().tell_in_words(end.seed);
    assert!(told.violation.is_none(), "without the mistake there is nothing to notice");
    for words in ["day 0 00:00:00", "is delivered", "is answered 200", "from here on nothing goes wrong"] {
        assert!(told.story.contains(words), "{words}:\n{}", told.story);
    }
}
