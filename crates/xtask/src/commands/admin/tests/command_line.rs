//! What is a command at all, and how it is written.

use clap::Parser;
use clap::error::ErrorKind;

use super::{Cli, NOW};
use crate::commands::admin::args::Since;

#[test]
fn a_change_without_a_reason_is_a_mistake_of_the_command_line_and_so_is_a_replay_of_nothing_said() {
    for line in [
        &["admin", "events", "replay", "01"][..],
        &["admin", "licenses", "revoke", "LK-1", "--yes"],
        &["admin", "licenses", "transfer", "LK-1", "--reason", "moved"],
        &["admin", "outbox", "retry", "7"],
        &["admin", "privacy", "erase", "ada@example.com"],
        &["admin", "events", "replay", "--reason", "why"],
    ] {
        let error = Cli::try_parse_from(line).err().expect("something is missing");
        assert_eq!((error.kind(), error.exit_code()), (ErrorKind::MissingRequiredArgument, 2), "{line:?}");
    }
    let both = ["admin", "events", "replay", "01", "--all", "--reason", "why"];
    assert_eq!(Cli::try_parse_from(both).err().map(|error| error.kind()), Some(ErrorKind::ArgumentConflict));
}

#[test]
fn the_command_line_is_sound() {
    <Cli as clap::CommandFactory>::command().debug_assert();
}

#[test]
fn a_time_is_given_as_it_is_or_as_how_long_ago() {
    let since = |text: &str| text.parse::<Since>().map(|since| since.before(NOW));
    assert_eq!(since("30m").as_deref(), Ok("2026-11-22T07:30:00Z"));
    assert_eq!(since("24h").as_deref(), Ok("2026-11-21T08:00:00Z"));
    assert_eq!(since("7d").as_deref(), Ok("2026-11-15T08:00:00Z"));
    assert_eq!(since("2w").as_deref(), Ok("2026-11-08T08:00:00Z"));
    assert_eq!(since("2026-11-22T07:00:00+01:00").as_deref(), Ok("2026-11-22T07:00:00+01:00"));
    for unread in ["", "h", "1", "-1h", "1.5h", "yesterday", "2026-11-22"] {
        assert!(since(unread).is_err(), "{unread}");
    }
}
