//! What is a command at all, and how it is written.

use clap::error::ErrorKind;
use clap::{CommandFactory, Parser};
use latchkey::model::Timestamp;

use super::NOW;
use crate::args::{Args, Since};

fn misuse(line: &str) -> Option<(ErrorKind, i32)> {
    let line = ["latchkey"].into_iter().chain(line.split(' '));
    Args::try_parse_from(line).err().map(|error| (error.kind(), error.exit_code()))
}

#[test]
fn the_command_line_is_sound_and_every_command_explains_itself() {
    Args::command().debug_assert();
    fn explained(command: &clap::Command, path: &str) {
        assert!(command.get_about().is_some(), "{path}");
        for argument in command.get_arguments() {
            assert!(argument.get_help().is_some(), "{path} {argument}");
        }
        for verb in command.get_subcommands() {
            explained(verb, &format!("{path} {}", verb.get_name()));
        }
    }
    explained(&Args::command(), "latchkey");
}

#[test]
fn a_change_takes_a_reason() {
    for line in [
        "events replay 01",
        "events replay --all",
        "events dismiss 01",
        "events dismiss --all",
        "licenses issue --section gumroad --product kit --to ada@example.com",
        "licenses correct-email LK-1 --to ada@example.com",
        "licenses resend LK-1",
        "licenses revoke LK-1 --yes",
        "licenses reinstate LK-1",
        "licenses transfer LK-1 --to hubot --yes",
        "outbox retry 7",
        "outbox cancel 7 --yes",
        "products push --yes",
        "privacy export ada@example.com",
        "privacy erase ada@example.com --yes",
        "grants sync --yes",
        "grants sync --actor ada",
    ] {
        assert_eq!(misuse(line), Some((ErrorKind::MissingRequiredArgument, 2)), "{line}");
        assert_eq!(misuse(&format!("{line} --reason why")), None, "{line}");
    }
}

#[test]
fn what_the_worker_would_refuse_is_a_mistake_of_the_command_line() {
    for line in [
        "events list --state asleep",
        "events list --source kiosk",
        "events list --since yesterday",
        "licenses list --email nobody",
        "licenses issue --section kiosk --product kit --to ada@example.com --reason why",
        "licenses issue --section gumroad --product kit --to nobody --reason why",
        "licenses issue --section gumroad --product kit --to ada@example.com --event é --reason why",
        "licenses correct-email LK-1 --to nobody --reason why",
        "licenses transfer LK-1 --to -hubot- --reason why",
        "grants list --state asleep",
        "outbox list --kind invitation",
        "outbox retry seven --reason why",
        "outbox list --limit 0",
        "privacy erase nobody --reason why",
        "actions list --cursor é",
    ] {
        let (kind, code) = misuse(line).expect("a mistake");
        assert!(matches!(kind, ErrorKind::InvalidValue | ErrorKind::ValueValidation), "{line}: {kind:?}");
        assert_eq!(code, 2, "{line}");
    }
    let blank = Args::try_parse_from(["latchkey", "outbox", "retry", "7", "--reason", " "]).expect_err("no reason");
    assert_eq!((blank.kind(), blank.exit_code()), (ErrorKind::ValueValidation, 2));
}

#[test]
fn a_retry_says_which_rows_and_not_both_one_and_all() {
    assert_eq!(misuse("outbox retry --reason why"), Some((ErrorKind::MissingRequiredArgument, 2)));
    assert_eq!(misuse("outbox retry 7 --all --reason why"), Some((ErrorKind::ArgumentConflict, 2)));
    assert_eq!(misuse("outbox retry --all --kind grant --reason why"), Some((ErrorKind::ArgumentConflict, 2)));
    assert_eq!(misuse("outbox retry --state done --reason why"), Some((ErrorKind::InvalidValue, 2)));
    assert_eq!(misuse("outbox retry --state due --kind grant --error token --reason why"), None);
}

#[test]
fn a_replay_or_dismissal_says_which_deliveries_and_not_both_one_and_all() {
    assert_eq!(misuse("events dismiss --reason why"), Some((ErrorKind::MissingRequiredArgument, 2)));
    assert_eq!(misuse("events dismiss 01 --all --reason why"), Some((ErrorKind::ArgumentConflict, 2)));
    assert_eq!(misuse("events dismiss --error ebook --reason why"), None);
    assert_eq!(misuse("events replay --reason why"), Some((ErrorKind::MissingRequiredArgument, 2)));
    assert_eq!(misuse("events replay 01 --all --reason why"), Some((ErrorKind::ArgumentConflict, 2)));
    assert_eq!(misuse("events replay --all --source gumroad --reason why"), Some((ErrorKind::ArgumentConflict, 2)));
    assert_eq!(misuse("events replay --state in_progress --source gumroad --since 1h --reason why"), None);
}

#[test]
fn a_time_is_given_as_it_is_or_as_how_long_ago() {
    let since = |text: &str| text.parse::<Since>().ok().map(|since| since.before(NOW).to_rfc3339());
    for (given, meant) in [
        ("30m", "2026-11-22T07:30:00Z"),
        ("24h", "2026-11-21T08:00:00Z"),
        ("7d", "2026-11-15T08:00:00Z"),
        ("2w", "2026-11-08T08:00:00Z"),
        ("2026-11-22T07:00:00+01:00", "2026-11-22T06:00:00Z"),
    ] {
        assert_eq!(since(given).as_deref(), Some(meant), "{given}");
    }
    for unread in ["", "h", "1", "-1h", "1.5h", "yesterday", "2026-11-22"] {
        assert_eq!(since(unread), None, "{unread}");
    }
    assert_eq!(Timestamp::parse("2026-11-22T08:00:00Z"), Some(NOW));
}

#[test]
fn a_command_to_copy_names_a_worker_that_is_not_the_usual_one() {
    let copied = |url: &str, usual: Option<&str>| {
        let args = Args::try_parse_from(["latchkey", "--url", url, "status"]).expect("a command");
        args.repeated("cargo latchkey", usual).of("outbox retry 3")
    };
    let (here, there) = ("http://localhost:8787", "https://latchkey.example.com");
    assert_eq!(copied(here, None), "cargo latchkey outbox retry 3");
    assert_eq!(copied(there, Some(there)), "cargo latchkey outbox retry 3");
    assert_eq!(copied(there, None), "cargo latchkey outbox retry 3 --url https://latchkey.example.com");
    assert_eq!(copied(here, Some(there)), "cargo latchkey outbox retry 3 --url http://localhost:8787");
}

#[test]
fn what_is_connected_is_a_storefront_or_github() {
    for service in ["gumroad", "lemonsqueezy", "paddle", "polar", "stripe", "standard", "github"] {
        assert_eq!(misuse(&format!("connect {service}")), None, "{service}");
        assert_eq!(misuse(&format!("connect {service} --dry-run")), None, "{service}");
    }
    assert_eq!(misuse("connect"), Some((ErrorKind::MissingRequiredArgument, 2)));
    assert_eq!(misuse("connect kiosk"), Some((ErrorKind::InvalidValue, 2)));
}
