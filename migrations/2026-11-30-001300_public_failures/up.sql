-- What organizations read about a failed mail is the reply of the recipient's mail server or a code. Releases
-- before this one also stored errors of their own, with hosts, ports and panic messages.
UPDATE relance_tasks SET reason_detail = CASE
        WHEN reason = 'dropped_by_operations' THEN NULL
        WHEN reason = 'rejected' AND reason_detail ~ '^the mail was refused \([0-9]{3}\): permanent error \([0-9]{3}\): '
            THEN left(regexp_replace(reason_detail,
                '^the mail was refused \([0-9]{3}\): permanent error \([0-9]{3}\): ', ''), 300)
        WHEN reason = 'rejected' THEN 'mail_refused'
        ELSE 'internal_error'
    END
    WHERE reason_detail IS NOT NULL;
UPDATE activity_events SET meta = jsonb_set(meta, '{label}', to_jsonb(CASE
        WHEN meta ->> 'reason' = 'rejected'
            AND meta ->> 'label' ~ '^the mail was refused \([0-9]{3}\): permanent error \([0-9]{3}\): '
            THEN left(regexp_replace(meta ->> 'label',
                '^the mail was refused \([0-9]{3}\): permanent error \([0-9]{3}\): ', ''), 300)
        WHEN meta ->> 'reason' = 'rejected' THEN 'mail_refused'
        ELSE 'internal_error'
    END))
    WHERE kind IN ('relance_failed', 'checkin_failed') AND meta ? 'label';
