//! What the targets promise, for inputs made on the spot: bytes without sense, and kept inputs with damage. It is no
//! substitute for the fuzzer, which sees what an input reaches; it finds what is broken at once, on stable Rust.

use std::fs;
use std::path::Path;

use latchkey_properties::TARGETS;
use proptest::collection::vec;
use proptest::prelude::{ProptestConfig, Strategy, any, prop_oneof};
use proptest::sample::{Index, select};
use proptest::test_runner::{FileFailurePersistence, TestRunner};

/// One change to an input.
#[derive(Debug, Clone)]
enum Damage {
    Byte(Index, u8),
    Insert(Index, Vec<u8>),
    Remove(Index, Index),
    Repeat(Index, Index),
}

fn damage() -> impl Strategy<Value = Damage> {
    let word: Vec<&[u8]> = vec![
        b"\0",
        b"\"",
        b"\\u0000",
        b"\\ud800",
        b"%",
        b"%00",
        b"&",
        b"=",
        b"[",
        b"]",
        b"{",
        b"}",
        b"\n\n",
        b"\n---\n",
        b"..",
        b"/",
        b"@",
        b"<",
        b"-1",
        b"9223372036854775808",
        b"1e400",
        b"null",
        b"true",
        b"\xff",
        b"\xef\xbb\xbf",
        "\u{202e}".as_bytes(),
        "\u{130}".as_bytes(),
    ];
    prop_oneof![
        (any::<Index>(), any::<u8>()).prop_map(|(place, byte)| Damage::Byte(place, byte)),
        (any::<Index>(), select(word)).prop_map(|(place, word)| Damage::Insert(place, word.to_vec())),
        (any::<Index>(), any::<Index>()).prop_map(|(from, to)| Damage::Remove(from, to)),
        (any::<Index>(), any::<Index>()).prop_map(|(from, to)| Damage::Repeat(from, to)),
    ]
}

fn apply(input: &mut Vec<u8>, damage: &Damage) {
    let place = |index: &Index, length: usize| index.index(length + 1);
    let range = |from: &Index, to: &Index, length: usize| {
        let (from, to) = (place(from, length), place(to, length));
        from.min(to)..from.max(to).min(from.min(to) + 64)
    };
    match damage {
        Damage::Byte(at, byte) => {
            if !input.is_empty() {
                let at = at.index(input.len());
                input[at] = *byte;
            }
        }
        Damage::Insert(at, word) => {
            let at = place(at, input.len());
            input.splice(at..at, word.iter().copied());
        }
        Damage::Remove(from, to) => drop(input.drain(range(from, to, input.len()))),
        Damage::Repeat(from, to) => {
            let range = range(from, to, input.len());
            let piece = input[range.clone()].to_vec();
            input.splice(range.end..range.end, piece);
        }
    }
}

fn runner(cases: u32) -> TestRunner {
    let regressions = FileFailurePersistence::WithSource("proptest-regressions");
    TestRunner::new(ProptestConfig {
        cases,
        failure_persistence: Some(Box::new(regressions)),
        source_file: Some(file!()),
        ..ProptestConfig::default()
    })
}

#[test]
fn no_bytes_break_a_target() {
    for target in TARGETS {
        let result = runner(300).run(&vec(any::<u8>(), 0..400), |input| {
            (target.check)(&input);
            Ok(())
        });
        result.unwrap_or_else(|error| panic!("{}: {error}", target.name));
    }
}

#[test]
fn no_damage_to_a_kept_input_breaks_its_target() {
    for target in TARGETS {
        let folder = Path::new(env!("CARGO_MANIFEST_DIR")).join("../fuzz/corpus").join(target.name);
        let mut paths: Vec<_> =
            fs::read_dir(folder).expect("kept inputs").map(|entry| entry.expect("an entry").path()).collect();
        paths.sort();
        let kept: Vec<Vec<u8>> = paths.iter().map(|path| fs::read(path).expect("a readable input")).collect();
        let damaged = (select(kept), vec(damage(), 1..6)).prop_map(|(mut input, damages)| {
            damages.iter().for_each(|damage| apply(&mut input, damage));
            input
        });
        let result = runner(300).run(&damaged, |input| {
            (target.check)(&input);
            Ok(())
        });
        result.unwrap_or_else(|error| panic!("{}: {error}", target.name));
    }
}
