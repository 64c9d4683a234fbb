//! The mutants of one SQL statement: what is left of it when one condition, one arm or one guard is taken away. Works on
//! the text, which SQLite then reads; which statements there are, and what becomes of a mutant, is in `statements`.

use std::collections::BTreeSet;

/// A statement with one thing taken away.
#[derive(Debug, Clone, PartialEq, Eq)]
pub(crate) struct Mutant {
    /// What was taken away, for people.
    pub(crate) what: String,
    pub(crate) sql: String,
}

/// A word, a sign, a number, a parameter or a text.
#[derive(Debug, Clone, Copy)]
struct Token<'s> {
    text: &'s str,
    start: usize,
    end: usize,
    /// In how many parentheses and `CASE`s it stands. Those that open and close stand outside.
    depth: usize,
}

/// What ends a condition, besides the end of its parentheses.
const BOUNDARIES: [&str; 28] = [
    "WHERE",
    "ON",
    "HAVING",
    "WHEN",
    "THEN",
    "ELSE",
    "SELECT",
    "SET",
    ",",
    "FROM",
    "LIMIT",
    "ORDER",
    "GROUP",
    "BY",
    "RETURNING",
    "JOIN",
    "LEFT",
    "INNER",
    "CROSS",
    "UNION",
    "EXCEPT",
    "INTERSECT",
    "VALUES",
    "AS",
    "DO",
    "CONFLICT",
    ";",
    "WITH",
];

impl Token<'_> {
    fn is(&self, word: &str) -> bool {
        self.text.eq_ignore_ascii_case(word)
    }

    fn is_boundary(&self) -> bool {
        BOUNDARIES.iter().any(|word| self.is(word))
    }
}

/// All mutants of a statement whose parameters are numbered.
pub(crate) fn mutants(sql: &str) -> Vec<Mutant> {
    let tokens = tokens(sql);
    let mut found = Vec::new();
    conditions(sql, &tokens, &mut found);
    arms(sql, &tokens, &mut found);
    guards(sql, &tokens, &mut found);
    whole(sql, &tokens, &mut found);
    for mutant in &mut found {
        mutant.sql = with_all_parameters(sql, &without_index_hints(&mutant.sql));
    }
    found
}

/// Without `INDEXED BY`: a partial index that is demanded makes SQLite refuse a statement that lacks the index's own
/// condition, and a mutant is to be judged by what it answers. <https://www.sqlite.org/lang_indexedby.html>
fn without_index_hints(sql: &str) -> String {
    let tokens = tokens(sql);
    let (mut kept, mut from) = (String::new(), 0);
    for hint in tokens.windows(3).filter(|three| three[0].is("INDEXED") && three[1].is("BY")) {
        kept.push_str(&sql[from..hint[0].start]);
        from = hint[2].end;
    }
    kept + &sql[from..]
}

fn tokens(sql: &str) -> Vec<Token<'_>> {
    let bytes = sql.as_bytes();
    let mut tokens = Vec::new();
    let (mut at, mut depth) = (0, 0_usize);
    while at < bytes.len() {
        let start = at;
        let byte = bytes[at];
        at += 1;
        if byte.is_ascii_whitespace() {
            continue;
        }
        let is_of_word = |byte: &u8| byte.is_ascii_alphanumeric() || *byte == b'_' || *byte >= 0x80;
        if byte == b'\'' || byte == b'"' {
            // A doubled quote ends one text and begins another, which makes no difference here.
            while at < bytes.len() && bytes[at] != byte {
                at += 1;
            }
            at = (at + 1).min(bytes.len());
        } else if is_of_word(&byte) || byte == b'?' {
            while bytes.get(at).is_some_and(is_of_word) {
                at += 1;
            }
        }
        let text = &sql[start..at];
        if text == ")" || text.eq_ignore_ascii_case("END") {
            depth = depth.saturating_sub(1);
        }
        tokens.push(Token { text, start, end: at, depth });
        if text == "(" || text.eq_ignore_ascii_case("CASE") {
            depth += 1;
        }
    }
    tokens
}

/// The places of `AND` and `OR` between conditions.
fn connectives(tokens: &[Token<'_>]) -> Vec<usize> {
    let mut between = BTreeSet::new();
    let mut places = Vec::new();
    for (place, token) in tokens.iter().enumerate() {
        if token.is("BETWEEN") {
            between.insert(token.depth);
        } else if token.is("OR") || token.is("AND") && !between.remove(&token.depth) {
            places.push(place);
        }
    }
    places
}

/// The tokens from `from` on, one way, that belong to the same condition. `ends_at` says which connectives end it.
fn reach(
    tokens: &[Token<'_>],
    from: usize,
    depth: usize,
    ends_at: impl Fn(usize) -> bool,
    step: impl Fn(usize) -> Option<usize>,
) -> Option<usize> {
    let (mut last, mut next) = (None, Some(from));
    while let Some(place) = next {
        let Some(token) = tokens.get(place) else { break };
        if token.depth < depth || token.depth == depth && (token.is_boundary() || ends_at(place)) {
            break;
        }
        last = Some(place);
        next = step(place);
    }
    last
}

/// Conditions that are connected by `AND` are left out, those by `OR` never hold, and one that stands alone is left out.
fn conditions(sql: &str, tokens: &[Token<'_>], found: &mut Vec<Mutant>) {
    let connectives = connectives(tokens);
    let mut seen = BTreeSet::new();
    for &place in &connectives {
        let (depth, is_and) = (tokens[place].depth, tokens[place].is("AND"));
        // A condition of an OR may be made of several that are connected by AND.
        let ends_at = |other: usize| connectives.contains(&other) && (is_and || tokens[other].is("OR"));
        let left =
            reach(tokens, place - 1, depth, ends_at, |place| place.checked_sub(1)).map(|first| (first, place - 1));
        let right = reach(tokens, place + 1, depth, ends_at, |place| Some(place + 1)).map(|last| (place + 1, last));
        for (first, last) in [left, right].into_iter().flatten() {
            if seen.insert((first, last, is_and)) {
                let (start, end) = (tokens[first].start, tokens[last].end);
                let change = if is_and { Change::Always } else { Change::Never };
                found.push(changed(sql, start, end, change));
            }
        }
    }
    for (place, token) in tokens.iter().enumerate() {
        let opens = token.is("WHERE")
            || token.is("HAVING")
            || token.is("ON") && !tokens.get(place + 1).is_some_and(|next| next.is("CONFLICT"));
        if !opens {
            continue;
        }
        let Some(last) = reach(tokens, place + 1, token.depth, |_| false, |place| Some(place + 1)) else { continue };
        let has_several =
            connectives.iter().any(|other| (place + 1..=last).contains(other) && tokens[*other].depth == token.depth);
        if !has_several {
            found.push(changed(sql, tokens[place + 1].start, tokens[last].end, Change::Always));
        }
    }
}

/// The arms of `CASE` and of `iif`.
fn arms(sql: &str, tokens: &[Token<'_>], found: &mut Vec<Mutant>) {
    for (place, token) in tokens.iter().enumerate() {
        if token.is("WHEN") || token.is("ELSE") {
            let Some(last) = reach(tokens, place + 1, token.depth, |_| false, |place| Some(place + 1)) else {
                continue;
            };
            let (start, end) = (tokens[place + 1].start, tokens[last].end);
            if !sql[start..end].eq_ignore_ascii_case("NULL") {
                found.push(changed(sql, start, end, Change::Null));
            }
        }
        if token.is("iif") && tokens.get(place + 1).is_some_and(|next| next.text == "(") {
            let inside = token.depth + 1;
            let Some(last) = reach(tokens, place + 2, inside, |_| false, |place| Some(place + 1)) else { continue };
            let (start, end) = (tokens[place + 2].start, tokens[last].end);
            found.push(changed(sql, start, end, Change::Always));
            found.push(changed(sql, start, end, Change::Never));
        }
    }
}

/// What is done where a row is there already.
fn guards(sql: &str, tokens: &[Token<'_>], found: &mut Vec<Mutant>) {
    let begins = |place: usize| tokens[place].is("ON") && tokens.get(place + 1).is_some_and(|next| next.is("CONFLICT"));
    for place in (0..tokens.len()).filter(|place| begins(*place)) {
        let ends = |other: usize| begins(other) || tokens[other].is("RETURNING") && tokens[other].depth == 0;
        let end = (place + 1..tokens.len()).find(|other| ends(*other)).map_or(sql.len(), |other| tokens[other].start);
        let start = tokens[place].start;
        let left = format!("{}{}", &sql[..start], &sql[end..]);
        found.push(Mutant { what: format!("without {}", shortened(&sql[start..end])), sql: left });
    }
}

/// The whole statement: it finds nothing, or changes nothing.
fn whole(sql: &str, tokens: &[Token<'_>], found: &mut Vec<Mutant>) {
    let writes = tokens
        .iter()
        .any(|token| token.depth == 0 && ["INSERT", "UPDATE", "DELETE", "REPLACE"].iter().any(|word| token.is(word)));
    let nothing = if writes {
        "UPDATE catalogue SET version = version WHERE 0".to_owned()
    } else {
        format!("SELECT * FROM ({sql}) WHERE 0")
    };
    found.push(Mutant { what: "without the whole statement".to_owned(), sql: nothing });
}

/// What is made of a condition. Its parameters stay, since they are bound all the same.
#[derive(Clone, Copy)]
enum Change {
    Always,
    Never,
    Null,
}

fn changed(sql: &str, start: usize, end: usize, change: Change) -> Mutant {
    let condition = &sql[start..end];
    let (what, instead) = match change {
        Change::Always => ("without", format!("(({condition}) OR 1)")),
        Change::Never => ("never", format!("(({condition}) AND 0)")),
        Change::Null => ("without the arm", format!("nullif({condition}, {condition})")),
    };
    let sql = format!("{}{instead}{}", &sql[..start], &sql[end..]);
    Mutant { what: format!("{what} {}", shortened(condition)), sql }
}

/// Names the parameters that were taken away with the rest in a table that nobody reads: they are bound all the same.
fn with_all_parameters(original: &str, mutant: &str) -> String {
    let parameters = |sql: &str| -> BTreeSet<String> {
        tokens(sql).iter().filter(|token| token.text.starts_with('?')).map(|token| token.text.to_owned()).collect()
    };
    let lost: Vec<_> = parameters(original).difference(&parameters(mutant)).cloned().collect();
    if lost.is_empty() {
        return mutant.to_owned();
    }
    let lost = format!("lost_parameters AS (SELECT {})", lost.join(", "));
    for with in ["WITH RECURSIVE ", "WITH "] {
        if let Some(rest) = mutant.strip_prefix(with) {
            return format!("{with}{lost}, {rest}");
        }
    }
    format!("WITH {lost} {mutant}")
}

/// A text that fits on a line.
fn shortened(text: &str) -> String {
    const LONGEST: usize = 100;
    let text = text.trim();
    match text.char_indices().nth(LONGEST) {
        Some((end, _)) => format!("{}…", &text[..end]),
        None => text.to_owned(),
    }
}

#[cfg(test)]
mod tests {
    use super::mutants;

    fn what(sql: &str) -> Vec<String> {
        let mut what: Vec<_> = mutants(sql).into_iter().map(|mutant| mutant.what).collect();
        assert_eq!(what.pop().as_deref(), Some("without the whole statement"));
        what
    }

    #[test]
    fn each_condition_of_an_and_is_left_out_once() {
        assert_eq!(
            what(
                "SELECT a FROM t WHERE a = ?1 AND b BETWEEN 1 AND 2 AND c IN (SELECT d FROM u WHERE e = 1) ORDER BY a"
            ),
            [
                "without a = ?1",
                "without b BETWEEN 1 AND 2",
                "without c IN (SELECT d FROM u WHERE e = 1)",
                "without e = 1"
            ]
        );
    }

    #[test]
    fn each_condition_of_an_or_never_holds_once_and_may_be_made_of_several() {
        assert_eq!(
            what("DELETE FROM t WHERE a = 1 OR (b = 2 AND c = ?1) OR d = 4 AND e = 5"),
            [
                "never a = 1",
                "never (b = 2 AND c = ?1)",
                "without b = 2",
                "without c = ?1",
                "never d = 4 AND e = 5",
                "without d = 4",
                "without e = 5"
            ]
        );
    }

    #[test]
    fn conditions_of_joins_arms_and_guards_are_taken_away_too() {
        assert_eq!(
            what("SELECT CASE WHEN a THEN 1 ELSE ?1 END FROM t LEFT JOIN u ON t.a = u.a WHERE iif(b, 1, 0)"),
            [
                "without t.a = u.a",
                "without iif(b, 1, 0)",
                "without the arm a",
                "without the arm ?1",
                "without b",
                "never b"
            ]
        );
        assert_eq!(
            what(
                "INSERT INTO t VALUES (?1) ON CONFLICT (a) DO UPDATE SET b = ?2 WHERE t.b < ?2 ON CONFLICT DO NOTHING RETURNING a"
            ),
            [
                "without t.b < ?2",
                "without ON CONFLICT (a) DO UPDATE SET b = ?2 WHERE t.b < ?2",
                "without ON CONFLICT DO NOTHING"
            ]
        );
    }

    #[test]
    fn a_mutant_may_lack_the_condition_of_an_index_that_its_statement_demands() {
        let database = rusqlite::Connection::open_in_memory().expect("opens");
        database.execute_batch("CREATE TABLE t (a, b); CREATE INDEX t_b ON t (b) WHERE a = 1").expect("creates");
        let sql = "SELECT b FROM t INDEXED BY t_b WHERE a = 1 AND b > 2";
        let mutants = mutants(sql);
        assert_eq!(mutants.len(), 3);
        for mutant in mutants {
            database.prepare(&mutant.sql).unwrap_or_else(|error| panic!("{}: {error}", mutant.sql));
        }
    }

    #[test]
    fn every_mutant_is_sql_with_the_same_parameters() {
        let database = rusqlite::Connection::open_in_memory().expect("opens");
        database
            .execute_batch("CREATE TABLE t (a PRIMARY KEY, b, c); CREATE TABLE catalogue (version)")
            .expect("creates");
        for sql in [
            "INSERT INTO t VALUES (?1, ?2, ?3) ON CONFLICT (a) DO UPDATE SET b = ?4 WHERE t.b < ?5 RETURNING a",
            "WITH x AS (SELECT ?1 AS a) SELECT t.a FROM t, x WHERE t.a = x.a AND (t.b = ?2 OR t.c IS NULL)",
            "UPDATE t SET b = CASE WHEN c = ?1 THEN 'it''s AND that' ELSE ?2 END WHERE a BETWEEN ?3 AND ?4 AND c = 1",
        ] {
            let count = |sql: &str| {
                let statement = database.prepare(sql).unwrap_or_else(|error| panic!("{sql}: {error}"));
                statement.parameter_count()
            };
            let mutants = mutants(sql);
            assert!(mutants.len() >= 3, "{mutants:#?}");
            for mutant in mutants {
                assert_eq!(count(&mutant.sql), count(sql), "{}", mutant.sql);
                assert_ne!(mutant.sql, sql);
            }
        }
    }
}
