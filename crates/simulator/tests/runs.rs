//! That runs can be relied on: the same seed gives the same one, and a broken promise is noticed and shown. Here are only a
//! few of them; `cargo xtask test` does thousands, from a build that is made for it.

use std::sync::atomic::AtomicBool;

use latchkey_simulator::campaign::{self, Runner, Times};
use latchkey_simulator::launch::{self, Launch};
use latchkey_simulator::mistake::{LINE_MISTAKES, Mistake};

#[test]
fn every_promise_holds_in_a_few_runs_which_are_the_same_each_time() {
    let seeds: Vec<u64> = campaign::regressions().into_iter().chain(0..8).collect();
    let (totals, broken) = campaign::run(&seeds, Times::Twice, 2, &AtomicBool::new(false), |_| {});
    assert!(broken.is_none(), "{broken:?}");
    assert_eq!(totals.runs, seeds.len() as u64);
    assert!(totals.operations >= 40 * totals.runs);
    for (fault, count) in totals.faults_by_name() {
        assert!(count > 0, "{fault}");
    }
}

#[test]
fn another_seed_gives_another_run() {
    let mut runner = Runner::new();
    assert_ne!(runner.run(1).hash, runner.run(2).hash);
}

#[test]
fn a_broken_promise_is_noticed_and_its_run_can_be_shown() {
    let mistake = Mistake::named("a key stands in the log").unwrap();
    let (_, end) = campaign::hunt(mistake, 20).unwrap();
    assert_eq!(end.violation.unwrap().invariant, "I10");

    let shown = Runner::new().run_with_transcript(end.seed);
    assert!(shown.violation.is_none(), "without the mistake there is nothing to notice: {shown:?}");
    for words in ["day 0 00:00:00", "is delivered", "is answered 200", "from here on nothing goes wrong"] {
        assert!(shown.transcript.contains(words), "{words}:\n{}", shown.transcript);
    }
}

#[test]
fn every_noted_seed_names_a_mistake_that_there_is() {
    for (_, name) in campaign::noted() {
        assert_eq!(Mistake::named(name).map(|mistake| mistake.name), Some(name));
    }
    let lines = include_str!("../noticed.txt").lines().filter(|line| !line.starts_with('#')).count();
    assert_eq!(campaign::noted().count(), lines, "every line is a seed and a name");
}

#[test]
fn a_transcript_is_in_words_from_the_first_moment_on() {
    let mut runner = Runner::new();
    let transcripts: String = (0..48).map(|seed| runner.run_with_transcript(seed).transcript).collect();
    let lines: Vec<_> = transcripts.lines().filter(|line| line.starts_with("day ")).collect();
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
        "the seller asks to unmap ",
    ] {
        assert!(transcripts.contains(words), "{words}");
    }
}

#[test]
fn everybody_has_a_turn_after_a_launch_day_at_forty_five_a_day() {
    for plan in ["paid", "free"] {
        let figures = launch::launch(Launch { buyers: 100, plan, days: 4, seed: 1, mistake: None }).unwrap();
        assert_eq!(figures.invited, [103; 3], "{plan}: {figures}");
        assert_eq!(figures.waiting, 0, "{plan}: {figures}");
    }
}

#[test]
fn every_mistake_about_the_line_is_noticed_in_a_small_launch() {
    for mistake in LINE_MISTAKES {
        let violation = campaign::launch_with(mistake).and_then(|end| end.violation);
        assert_eq!(violation.map(|violation| violation.invariant), Some("I8"), "{}", mistake.name);
    }
}
