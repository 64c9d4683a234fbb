-- Erases a person's address from what operators have written: the reason of a change, and what an address was corrected from and
-- to. What was done, and when, stays. It goes by the licenses' address, so it comes before that is erased.
UPDATE admin_actions
SET reason = iif(instr(lower(reason), :email) > 0, replace(lower(reason), :email, 'erased'), reason),
    detail = iif(action = 'license.correct_email', json_remove(detail, '$.from', '$.to'), detail)
WHERE instr(lower(reason), :email) > 0
   OR action = 'license.correct_email'
      AND (lower(detail ->> '$.from') = :email OR lower(detail ->> '$.to') = :email
           OR target IN (SELECT license_key FROM licenses WHERE lower(email) = :email))
