//! What a buyer types: keys, logins, repositories, and the activation that they come in.

use std::net::{IpAddr, Ipv4Addr, Ipv6Addr};

use latchkey::http::{Body, Request};
use latchkey::model::{GithubLogin, LicenseKey, Login, PresentedKey, Repo};
use latchkey::platform::Limit;
use serde_json::Value;

use crate::taint::{self, CANARY};
use crate::world::{World, config};

/// A sound activation of a key that its check character gives away: what is counted before anything is looked up.
const MISTYPED: &[u8] = br#"{"license_key":"LK-ABCDE-FGHJK-MNPQR-STVWX-YZ012-4","github_username":"octocat"}"#;

/// The body of an activation, of a key that nobody knows: a client's mistake at most, and the answer repeats nothing of
/// it but an unknown field's name.
///
/// # Panics
/// When something does not hold.
pub fn activation(body: &[u8]) {
    for body in [Some(body.to_vec()), taint::json(body)].into_iter().flatten() {
        let world = World::replying(Vec::new());
        let answer = world.answer(config(), activate("203.0.113.7", body));
        // 502: the storefront would know, and cannot be reached here.
        assert!(matches!(answer.status, 400 | 404 | 413 | 502), "{}", answer.status);
        let problem: Value = serde_json::from_slice(&answer.body).expect("a problem");
        assert_eq!(problem["status"], answer.status);
        assert!(problem["code"].is_string() && problem["detail"].is_string());
        let shown = String::from_utf8(answer.body).expect("text");
        assert!(!shown.contains(CANARY) && shown.len() < 1_000, "{shown}");
        let log = world.log_text();
        assert!(!log.contains(CANARY), "{log}");
    }
}

/// A caller's address, which Cloudflare writes: whoever has a 64-bit network is one caller, and nobody else is.
///
/// # Panics
/// When something does not hold.
pub fn caller_network(input: &[u8]) {
    let counted = |address: IpAddr| {
        let world = World::replying(Vec::new());
        world.answer(config(), activate(&address.to_string(), MISTYPED.to_vec()));
        let counted = world.counted(Limit::ActivateByAddress);
        assert_eq!(counted.len(), 1, "{address} is counted once");
        counted[0].clone()
    };
    let Some((octets, rest)) = input.split_first_chunk::<16>() else { return };
    let (v6, v4) = (Ipv6Addr::from(*octets), Ipv4Addr::from([octets[0], octets[1], octets[2], octets[3]]));
    assert_eq!(counted(v4.into()), v4.to_string());
    assert_eq!(counted(v4.to_ipv6_mapped().into()), v4.to_string(), "however it is written");
    let Some((other, _)) = rest.split_first_chunk::<16>() else { return };
    let other = Ipv6Addr::from(*other);
    let network = |address: Ipv6Addr| match address.to_ipv4_mapped() {
        Some(v4) => v4.to_string(),
        None => format!("{:x?}", &address.segments()[..4]),
    };
    assert_eq!(counted(v6.into()) == counted(other.into()), network(v6) == network(other), "{v6} and {other}");
}

fn activate(address: &str, body: Vec<u8>) -> Request {
    let header = |name: &str, value: &str| (name.to_owned(), value.to_owned());
    Request {
        method: "POST".to_owned(),
        path: "/api/activate".to_owned(),
        query: None,
        headers: vec![header("content-type", "application/json"), header("cf-connecting-ip", address)],
        body: Body::whole(body),
    }
}

/// A key has one spelling, which reads as itself however it is typed; and a typing mistake is no other key.
///
/// # Panics
/// When something does not hold.
pub fn license_key(input: &[u8]) {
    if let Some((random, rest)) = input.split_first_chunk() {
        let minted = LicenseKey::mint(*random);
        let typed = minted.as_str().to_owned();
        let ours = Ok(PresentedKey::Minted(minted));
        for spelled in [typed.clone(), typed.to_ascii_lowercase(), typed.replace('-', ""), format!(" {typed}\n")] {
            assert_eq!(PresentedKey::parse(&spelled), ours);
        }
        let spelled = pasted(&typed, rest);
        assert_eq!(PresentedKey::parse(&spelled), ours, "{spelled:?}");
        storefront_key(*random, rest);
        if let [place, wrong, ..] = rest {
            let mut mistyped = typed.into_bytes();
            // Behind the prefix, whose loss is another matter.
            let place = 3 + usize::from(*place) % (mistyped.len() - 3);
            if mistyped[place] != b'-' {
                mistyped[place] = b"0123456789ABCDEFGHJKMNPQRSTVWXYZ"[usize::from(*wrong) % 32];
                let read = PresentedKey::parse(std::str::from_utf8(&mistyped).expect("ASCII"));
                assert!(read == ours || read == Ok(PresentedKey::Mistyped), "{read:?}");
            }
        }
    }
    let Ok(text) = std::str::from_utf8(input) else { return };
    match PresentedKey::parse(text) {
        Ok(PresentedKey::Minted(key)) => {
            assert_eq!(PresentedKey::parse(key.as_str()), Ok(PresentedKey::Minted(key.clone())));
            assert!(key.as_str().len() == 34 && key.as_str().starts_with("LK-"), "{}", key.as_str());
        }
        Ok(PresentedKey::Storefront(key)) => {
            assert_eq!(PresentedKey::parse(key.as_str()), Ok(PresentedKey::Storefront(key.clone())));
            assert_eq!(LicenseKey::from_record(key.as_str()), Ok(key.clone()));
            assert!(key.as_str().len() <= 128 && key.hint().len() <= 4);
        }
        Ok(PresentedKey::Mistyped) => {}
        Err(error) => assert!(!error.to_string().contains(CANARY)),
    }
}

/// A storefront's key of a known form, in any case, is read as it is spelled, whatever is around it and in it.
fn storefront_key(digits: [u8; 16], how: &[u8]) {
    let hexadecimal = format!("{:032x}", u128::from_be_bytes(digits));
    for form in [&[8, 4, 4, 4, 12][..], &[8, 8, 8, 8]] {
        let mut rest = hexadecimal.as_str();
        let groups = form.iter().map(|length| {
            let (group, behind) = rest.split_at(*length);
            rest = behind;
            group
        });
        let key = groups.collect::<Vec<_>>().join("-");
        for key in [key.to_ascii_uppercase(), key] {
            let expected = Ok(PresentedKey::Storefront(LicenseKey::from_record(&key).expect("a key")));
            for spelled in [pasted(&key, how), key.replace('-', " "), key.replace('-', "\u{ad}")] {
                assert_eq!(PresentedKey::parse(&spelled), expected, "{spelled:?}");
            }
        }
    }
}

/// A key as it comes out of a mail, by bytes that say how: with marks and breaks in it, and words around it.
fn pasted(key: &str, how: &[u8]) -> String {
    const WITHIN: [&str; 11] =
        ["\n", " ", "\u{ad}", "\u{200b}", "\u{200f}", "\u{202e}", "\u{2066}", "\u{feff}", "\r\n> ", "\u{a0}", "\t"];
    const DASHES: [&str; 6] = ["-", "\u{2010}", "\u{2013}", "\u{2015}", "\u{2212}", "-\n"];
    const AROUND: [(&str, &str); 6] = [
        ("", ""),
        ("License key: ", ""),
        ("\"", "\"."),
        ("<", ">"),
        ("This is your license key:\n\n    ", "\n\nTo get access, open this page"),
        ("https://shop.example.com/activate#license=", ""),
    ];
    let pick = |nth: usize, most: usize| usize::from(how.iter().cycle().nth(nth).copied().unwrap_or_default()) % most;
    let mut spelled = String::new();
    for (nth, character) in key.chars().enumerate() {
        if character == '-' {
            spelled.push_str(DASHES[pick(nth, DASHES.len())]);
            continue;
        }
        // A break stands behind a hyphen or within a group.
        if pick(nth, 7) == 3 {
            spelled.push_str(WITHIN[pick(nth + 1, WITHIN.len())]);
        }
        spelled.push(character);
    }
    let (before, behind) = AROUND[pick(key.len(), AROUND.len())];
    format!("{before}{spelled}{behind}")
}

/// A login is a safe part of a URL's path, and reads as itself.
///
/// # Panics
/// When something does not hold.
pub fn login(input: &[u8]) {
    let Ok(text) = std::str::from_utf8(input) else { return };
    let Ok(Login::Plausible(login)) = Login::parse(text) else { return };
    for pasted in [
        format!("@{login}"),
        format!(" {login}\n"),
        format!("https://github.com/{login}"),
        format!("github.com/{login}/"),
        format!("https://www.github.com/{login}?tab=repositories"),
    ] {
        assert_eq!(Login::parse(&pasted), Ok(Login::Plausible(login.clone())), "{pasted:?}");
    }
    let safe = |byte: u8| byte.is_ascii_alphanumeric() || byte == b'-';
    assert!((1..=39).contains(&login.as_str().len()) && login.as_str().bytes().all(safe), "{login}");
    assert!(
        text.replace(|mark: char| !mark.is_ascii(), "").contains(login.as_str()),
        "{login} is not what {text:?} says"
    );
    assert_eq!(GithubLogin::parse(login.as_str()), Ok(login.clone()));
    assert_eq!(GithubLogin::parse(&login.as_str().to_ascii_uppercase()), Ok(login), "the case makes a difference");
}

/// A repository's name is two safe parts of a URL's path, and reads as itself.
///
/// # Panics
/// When something does not hold.
pub fn repository(input: &[u8]) {
    let Ok(text) = std::str::from_utf8(input) else { return };
    let Ok(repo) = Repo::parse(text) else { return };
    let url = format!("https://api.github.com/repos/{repo}/invitations");
    let normalized = url::Url::parse(&url).expect("a URL");
    assert_eq!(normalized.as_str(), url, "walks up the path or has to be encoded");
    assert_eq!(normalized.path_segments().map(Iterator::count), Some(4));
    assert_eq!(repo.as_str(), text);
    assert_eq!(Repo::parse(&text.to_ascii_uppercase()), Ok(repo), "the case makes a difference");
}
