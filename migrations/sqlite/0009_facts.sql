-- What was done, as data: the words for it are found when it is shown. Lines of earlier versions that say it in a way that can be
-- read become data too; the others keep their words in `detail`.
ALTER TABLE audit ADD COLUMN done TEXT;

UPDATE audit SET done = '{"done":"token-created","scope":"' || detail || '"}', detail = ''
WHERE action = 'token-created' AND detail IN ('read', 'write');

UPDATE audit SET done = '{"done":"mailbox-changed","parts":["' || CASE detail
        WHEN 'copy' THEN 'after-import' ELSE detail END || '"]}', detail = ''
WHERE action = 'mailbox-changed' AND detail IN ('server', 'folders', 'inbox', 'copy', 'start');

UPDATE audit SET done = '{"done":"person-removed","tokens":' || substr(detail, 20) || '}', detail = ''
WHERE action = 'person-removed' AND detail LIKE 'tokens taken back: %';
