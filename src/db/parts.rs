//! Parts that several statements share. They are macros because a statement's text is one constant.
//!
//! In those that owe something `?4` is the time, `?5` the trace, `a` the activation and `repo` one of its repositories.

/// A license `l` with the facts `f` of its order.
macro_rules! license_with_facts {
    () => {
        "licenses l LEFT JOIN order_facts f ON f.source = l.source AND f.source_order_id =
           CASE l.kind WHEN 'storefront' THEN substr(l.source_order_id, 1, instr(l.source_order_id, ':') - 1)
                       ELSE l.source_order_id END"
    };
}

/// Begins the statement that owes the invitations of the identity `a` to each of its repositories.
macro_rules! insert_invitations {
    () => {
        "INSERT INTO outbox (kind, dedupe_key, license_key, repo, state, attempts, next_attempt_at, trace_id,
                             created_at)
         SELECT 'invitation', 'invitation:' || a.license_key || ':' || lower(repo.value), a.license_key, repo.value,
                'due', 0, ?4, ?5, ?4
         FROM "
    };
}

/// What became of a row of the outbox so far, as its `history` has it once it is owed again.
macro_rules! history_until_now {
    () => {
        "iif(outbox.state IN ('done', 'dead'),
             json_insert(coalesce(outbox.history, '[]'), '$[#]', json_object(
               'at', coalesce(outbox.done_at, outbox.died_at),
               'how', coalesce(outbox.outcome, 'given up: ' || outbox.last_error, 'given up'))),
             outbox.history)"
    };
}

/// Sets a row of the outbox to owed once more, by whatever has the trace `excluded.trace_id`. It keeps what became of it
/// before as its history alone.
macro_rules! begins_anew {
    () => {
        concat!(
            "state = 'due', attempts = 0, lease_id = NULL, done_at = NULL, died_at = NULL, outcome = NULL,
             reference = NULL, last_error = NULL, person_needed = 0, trace_id = excluded.trace_id, history = ",
            history_until_now!()
        )
    };
}

/// Ends that statement: an invitation that is owed once more begins anew, whatever became of it before.
macro_rules! invitations_begin_anew {
    () => {
        concat!(" ON CONFLICT (dedupe_key) DO UPDATE SET next_attempt_at = excluded.next_attempt_at, ", begins_anew!())
    };
}

/// Begins the statement that owes the removal of the identity `a` of licenses `l` from each of its repositories.
///
/// Whoever took the invitation may still be inviting until the lease of `?6` milliseconds is over, which began when it
/// took its place. Only then may this begin. `$place` is what becomes of the invitation's place.
macro_rules! insert_removals {
    ($place:literal) => {
        concat!(
            "INSERT INTO outbox (kind, dedupe_key, license_key, repo, github_user_id, github_username, state, attempts,
                             next_attempt_at, trace_id, created_at, reserved_at)
         SELECT 'removal', 'removal:' || a.license_key || ':' || a.github_user_id || ':' || lower(repo.value),
                a.license_key, repo.value, a.github_user_id, a.github_username, 'due', 0,
                max(?4, COALESCE((SELECT o.reserved_at + ?6 FROM outbox o
                                  WHERE o.dedupe_key =
                                    'invitation:' || a.license_key || ':' || lower(repo.value)), 0)),
                ?5, ?4, ",
            $place,
            " FROM "
        )
    };
}

/// Ends that statement: a removal that is owed once more begins anew, whatever became of it before, but not while
/// somebody may still be at it.
macro_rules! removals_begin_anew {
    () => {
        concat!(
            " ON CONFLICT (dedupe_key) DO UPDATE SET ",
            begins_anew!(),
            ", reserved_at = COALESCE(excluded.reserved_at, outbox.reserved_at),
               next_attempt_at = max(excluded.next_attempt_at,
                 iif(outbox.state = 'leased' OR (outbox.state = 'due' AND outbox.attempts = 0),
                     outbox.next_attempt_at, 0))"
        )
    };
}
