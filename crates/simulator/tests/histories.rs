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

#[test]
fn a_story_is_told_in_words_from_the_first_moment_on() {
    let mut teller = Teller::new();
    let stories: String = (0..12).map(|seed| teller.tell_in_words(seed).story).collect();
    let lines: Vec<_> = stories.lines().filter(|line| line.starts_with("day ")).collect();
    assert!(lines.len() > 1_000, "{}", lines.len());
    for line in lines {
        for code in ["day -", " { ", "Some(", "service 1", "LostAfter"] {
            assert!(!line.contains(code), "{code}: {line}");
        }
    }
    for words in [
        "day 0 00:00:00  Gumroad sells",
        "Gumroad has news of order",
        "; so far it was refunded\n",
        "; so far it was paid and no more\n",
        "GitHub answers",
        "Lemon Squeezy answers",
        "Postmark answers",
        "✗ the service does it, and the answer is lost",
        "the seller asks to revoke the license …",
    ] {
        assert!(stories.contains(words), "{words}");
    }
}
