-- What the ledger, effects and polls have to say, as data: the words for it are found when it is shown. Rows of earlier versions
-- that say it in a way that can be read become data too; the others keep their words.
UPDATE ledger SET reason = CASE reason
        WHEN 'before start'
            THEN '{"reason":"before-start"}'
        WHEN 'skipped by hand'
            THEN '{"reason":"by-hand"}'
        WHEN 'no longer on the server'
            THEN '{"reason":"gone"}'
        WHEN 'the same mail is in the inbox already'
            THEN '{"reason":"same-mail"}'
        WHEN 'our own effect has put it here'
            THEN '{"reason":"returned"}'
        WHEN 'Exchange gives a substitute and not the mail itself'
            THEN '{"reason":"missing","why":{"missing":"substitute"}}'
        WHEN 'the server lists it and does not give it'
            THEN '{"reason":"missing","why":{"missing":"not-given"}}'
        WHEN 'the server answers without a body'
            THEN '{"reason":"missing","why":{"missing":"no-body"}}'
        WHEN 'the server gives an empty body for a mail that should have one'
            THEN '{"reason":"missing","why":{"missing":"empty-body"}}'
        WHEN 'the server gives an empty body for a mail with a size'
            THEN '{"reason":"missing","why":{"missing":"empty-despite-size"}}'
        WHEN 'the server gives other bytes than it did at an earlier poll; it is asked for from its start'
            THEN '{"reason":"missing","why":{"missing":"other-bytes"}}'
        WHEN 'Exchange gives a substitute and not the mail itself (asked for 5 times); it stays in the customer''s mailbox'
            THEN '{"reason":"asked-often","why":{"missing":"substitute"},"times":5}'
        WHEN 'the server lists it and does not give it (asked for 5 times); it stays in the customer''s mailbox'
            THEN '{"reason":"asked-often","why":{"missing":"not-given"},"times":5}'
        WHEN 'the server answers without a body (asked for 5 times); it stays in the customer''s mailbox'
            THEN '{"reason":"asked-often","why":{"missing":"no-body"},"times":5}'
        WHEN 'the server gives an empty body for a mail that should have one (asked for 5 times); it stays in the customer''s mailbox'
            THEN '{"reason":"asked-often","why":{"missing":"empty-body"},"times":5}'
        WHEN 'the server gives an empty body for a mail with a size (asked for 5 times); it stays in the customer''s mailbox'
            THEN '{"reason":"asked-often","why":{"missing":"empty-despite-size"},"times":5}'
        WHEN 'the server gives other bytes than it did at an earlier poll; it is asked for from its start (asked for 5 times); it stays in the customer''s mailbox'
            THEN '{"reason":"asked-often","why":{"missing":"other-bytes"},"times":5}'
        ELSE reason END
WHERE reason IS NOT NULL;

UPDATE ledger SET reason = json_object('reason', 'too-large',
    'size', CAST(substr(reason, 12, instr(reason, ' bytes') - 12) AS INTEGER),
    'limit', CAST(substr(reason, instr(reason, 'limit is ') + 9, instr(reason, ';') - instr(reason, 'limit is ') - 9) AS INTEGER))
WHERE reason GLOB 'too large: [0-9]* bytes, the limit is [0-9]*; it stays in the customer''s mailbox';

UPDATE ledger SET reason = json_object('reason', 'asked-often', 'why', json_object('missing', 'broken-off',
    'words', substr(reason, 23, length(reason) - 22 - length(' (asked for 5 times); it stays in the customer''s mailbox'))), 'times', 5)
WHERE reason LIKE 'while it was fetched: % (asked for 5 times); it stays in the customer''s mailbox';

UPDATE ledger SET reason = json_object('reason', 'missing', 'why', json_object('missing', 'broken-off',
    'words', substr(reason, 23)))
WHERE reason LIKE 'while it was fetched: %';

UPDATE effect SET problem = CASE problem
        WHEN 'the server opens the folder read-only for this account'
            THEN '{"obstacle":"read-only"}'
        WHEN 'the server lacks UIDPLUS, so a mail cannot be removed without removing what the customer has marked as deleted'
            THEN '{"obstacle":"no-uidplus"}'
        WHEN 'this account may not delete in the folder'
            THEN '{"obstacle":"no-deleting"}'
        WHEN 'the folder does not keep the flag \Seen'
            THEN '{"obstacle":"no-seen"}'
        WHEN 'Gmail shows no trash folder by IMAP; its settings can change that'
            THEN '{"obstacle":"no-trash"}'
        WHEN 'the folder was rebuilt on the server (new UIDVALIDITY)'
            THEN '{"obstacle":"rebuilt"}'
        WHEN 'our own effect has put it here'
            THEN '{"obstacle":"returned"}'
        ELSE problem END
WHERE problem IS NOT NULL;

UPDATE effect SET problem = json_object('obstacle', 'no-keyword',
    'keyword', substr(problem, length('the folder does not keep the keyword ') + 1))
WHERE problem LIKE 'the folder does not keep the keyword %';

UPDATE effect SET problem = json_object('obstacle', 'into-itself',
    'target', substr(problem, 1, instr(problem, ' is the polled folder ') - 1),
    'polled', substr(problem, instr(problem, ' is the polled folder ') + 22,
        instr(problem, ', so that moved mail') - instr(problem, ' is the polled folder ') - 22))
WHERE problem LIKE '% is the polled folder %, so that moved mail would come in again';

-- Polls that noted one thing only; the others keep their lines.
UPDATE poll SET notes = json_array(json_object('notice', 'numbered-anew',
    'folder', substr(notes, 8, instr(notes, ': UIDVALIDITY was ') - 8),
    'before', CAST(substr(notes, instr(notes, ': UIDVALIDITY was ') + 18) AS INTEGER),
    'number', CAST(substr(notes, instr(notes, ' and is ') + 8) AS INTEGER),
    'uidnext', CAST(substr(notes, instr(notes, ', UIDNEXT ') + 10) AS INTEGER)))
WHERE notes GLOB 'folder *: UIDVALIDITY was [0-9]* and is [0-9]*, UIDNEXT [0-9]*: the server has numbered its mail anew; *'
    AND instr(notes, char(10)) = 0 AND instr(notes, ' and is ') > instr(notes, ': UIDVALIDITY was ')
    AND instr(notes, ', UIDNEXT ') > instr(notes, ' and is ');

UPDATE poll SET notes = json_array(json_object('notice', 'day-used-up',
    'bytes', CAST(substr(notes, instr(notes, '(') + 1) AS INTEGER),
    'until', CAST(strftime('%s', substr(notes, instr(notes, 'it goes on at ') + 14)) AS INTEGER) * 1000))
WHERE notes LIKE 'the day''s limit of mail is used up (% bytes); it goes on at %' AND instr(notes, char(10)) = 0;
