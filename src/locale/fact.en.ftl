# Things that somebody has named and that are not there.
missing-mailbox = there is no mailbox { $name }
missing-mailbox-of-row = the mailbox is no longer there
missing-inbox = there is no inbox { $name }
missing-route = there is no such route for { $name }
missing-person = there is no user { $name }
missing-token = there is no token { $name }
missing-organisation = there is no organisation { $name }
missing-message = there is no message { $name }
missing-test-mail = there is no such test
missing-invitation = there is no such invitation
missing-consent = the mailbox is no longer opened with this consent
missing-consented-mailbox = the mailbox was removed or changed meanwhile; start again

# Why a change does not go with what is there.
conflict-mailbox-there = there is a mailbox { $name } already
conflict-inbox-there = there is an inbox { $name } already
conflict-person-there = there is a user { $name } already
conflict-token-there = there is a token { $name } already
conflict-organisation-there = there is an organisation of this name already
conflict-address-elsewhere = this address cannot be used here
conflict-token-of-several = several organisations have a token { $name }; say which organisation
conflict-person-name = a name has 1 to 100 characters, without blanks, quotes and < > & / \
conflict-token-name = a token's name has 1 to 100 characters, on one line
conflict-organisation-name = an organisation's name has 1 to 100 characters, on one line
conflict-role-out-of-place = an operator belongs to no organisation, and everybody else to one
conflict-last-operator = { $name } is the last operator; add another first
conflict-inbox-fed = { $name } is still fed by { $by }; remove or point elsewhere first
conflict-inbox-holds-mail = { $name } holds { $count } messages; with --with-messages they go too, for good
conflict-into-itself = move:{ $target }: this folder is polled itself; choose another
conflict-into-itself-perhaps = move:{ $target }: this may be the polled folder { $folder } under another name; choose another
conflict-to-and-fro = move:{ $target }: this folder is polled itself; choose another: the mailbox { $mailbox } logs in to the same account
conflict-to-and-fro-perhaps = move:{ $target }: this may be the polled folder { $folder } under another name; choose another: the mailbox { $mailbox } logs in to the same account
conflict-being-set-up = it is being set up on the page, and starts there
conflict-paused = it is paused
conflict-failing = its last polls failed, and it is tried again by itself; changing it tries at once
conflict-held-by-server = its server told us to stay away for a while
conflict-held-until = its server told us to stay away until { $until }
conflict-not-open = this UID is neither pending nor put aside
conflict-mailbox-changed = { $name } was changed meanwhile; start again
conflict-old-key-in-use = something is still being sealed with the old key, so both keys stay; run `mailferry key rotate` again
conflict-no-consent-of-application = it is opened by the application itself, so there is no consent to give up
conflict-no-consent-of-password = it is opened with a password; there is no consent to give up

# The end of a consent at its provider.
given-up-shared = Its consent stays, since other mailboxes are opened with it.
given-up-of-application = The application keeps its right until an administrator takes it away (Exchange: Remove-MailboxPermission).
given-up-ended = { $provider } has ended the consent of { $identity }.
given-up-never-given = { $identity } had not consented.
given-up-no-way = { $family ->
    [microsoft] { $provider } has no way to end a consent from here: { $identity } can remove the application at https://myapps.microsoft.com, or an administrator ends the consent with Remove-MgOauth2PermissionGrant.
   *[other] { $provider } has no way to end a consent from here: end it there by hand.
}
given-up-refused = { $family ->
    [microsoft] At { $provider } the consent could not be ended ({ $why }): { $identity } can remove the application at https://myapps.microsoft.com, or an administrator ends the consent with Remove-MgOauth2PermissionGrant.
   *[other] At { $provider } the consent could not be ended ({ $why }): end it there by hand.
}
given-up-failed = { $family ->
    [microsoft] At { $provider } the consent could not be ended: { $identity } can remove the application at https://myapps.microsoft.com, or an administrator ends the consent with Remove-MgOauth2PermissionGrant.
   *[other] At { $provider } the consent could not be ended: end it there by hand.
}

# What else the audit tells of a change.
part-inbox = the inbox
part-server = the server
part-username = the login name
part-folders = the folders
part-start = from when
part-after-import = the customer's copy
part-interval = the interval
part-max-size = the largest mail
detail-with-messages = with its messages
detail-tokens-revoked = tokens taken back: { $count }
detail-made-revoked = tokens made by it, revoked too: { $names }
detail-made-valid = tokens made by it, still valid: { $names }

# Why the ledger has no message for a mail.
reason-too-large = { $place ->
    [page] too large; it stays with the customer
   *[terminal] too large: { $size } bytes, the limit is { $limit }; it stays in the customer's mailbox
}
reason-before-start = { $place ->
    [page] from before the start
   *[terminal] before start
}
reason-by-hand = { $place ->
    [page] left out by hand
   *[terminal] skipped by hand
}
reason-gone = no longer on the server
reason-same-mail = the same mail is in the inbox already
reason-returned = { $place ->
    [page] Mailferry’s own move or removal has put it here
   *[terminal] our own effect has put it here
}
reason-asked-often = { $why } (asked for { $count } times); it stays in the customer's mailbox

# Why a mail did not come.
reason-substitute = Exchange gives a substitute and not the mail itself
reason-not-given = { $place ->
    [page] the server did not give it
   *[terminal] the server lists it and does not give it
}
reason-no-body = { $place ->
    [page] the server did not give it
   *[terminal] the server answers without a body
}
reason-empty-body = { $place ->
    [page] the server did not give it
   *[terminal] the server gives an empty body for a mail that should have one
}
reason-empty-despite-size = { $place ->
    [page] the server did not give it
   *[terminal] the server gives an empty body for a mail with a size
}
reason-other-bytes = the server gives other bytes than it did at an earlier poll; it is asked for from its start
reason-wrong-part = the server gives a wrong part: { $part }
reason-refused = { $words }
reason-broken-off = { $place ->
    [page] the fetch broke off
   *[terminal] while it was fetched: { $words }
}
reason-in-vain = { $place ->
    [page] the server did not give it
   *[terminal] it was asked for { $count } times in vain
}
reason-header-not-given = the server lists it and does not give its header
reason-other-mail = the server gives another mail under its UID
reason-no-header = the server answers without a header
reason-empty-header = the server gives an empty header
reason-headers-refused = the server refuses one header after another

# What stands in the way of what is to happen to a copy.
obstacle-read-only = the server opens the folder read-only for this account
obstacle-no-uidplus = the server lacks UIDPLUS, so a mail cannot be removed without removing what the customer has marked as deleted
obstacle-no-deleting = this account may not delete in the folder
obstacle-no-seen = { $place ->
    [page] the folder does not keep the mark read
   *[terminal] the folder does not keep the flag \Seen
}
obstacle-no-keyword = the folder does not keep the keyword { $keyword }
obstacle-into-itself = { $place ->
    [page] { $target } is the fetched folder { $polled }, so that moved mail would come in again
   *[terminal] { $target } is the polled folder { $polled }, so that moved mail would come in again
}
obstacle-no-trash = Gmail shows no trash folder by IMAP; its settings can change that
obstacle-rebuilt = the folder was rebuilt on the server (new UIDVALIDITY)
obstacle-refused = { $words }
obstacle-not-opened = { $folder } cannot be opened for changes: { $words }
obstacle-in-folder = { $folder }: { $obstacle }

# How a server does what is to happen to a copy.
way-left-alone = the folder is opened read-only and nothing in it is ever changed
way-kept = the folder keeps it
way-kept-perhaps = needs a folder that keeps it, which `mailbox check --as-polled` or the first import shows
way-moved = { $is_there ->
    [true] by MOVE, which the server has
   *[false] by MOVE, which the server has; the folder is not there yet and will be created by the first move
}
way-copied = { $is_there ->
    [true] by COPY and UID EXPUNGE (UIDPLUS), which the server has
   *[false] by COPY and UID EXPUNGE (UIDPLUS), which the server has; the folder is not there yet and will be created by the first move
}
way-by-trash = by a move to { $trash }, as Gmail deletes
way-expunged = by UID EXPUNGE (UIDPLUS), which the server has

# What a poll has decided besides its mail.
notice-found-late = { $place ->
    [page] Folder { $folder }: { $count } mails that the server had left out of an earlier answer were found and asked for (UID { $uids }).
   *[terminal] folder { $folder }: { $count } mails that the server had left out of an earlier answer were found and asked for (UID { $uids })
}
notice-numbered-anew = { $place ->
    [page] Folder { $folder }: the server has numbered its mail anew (UIDVALIDITY was { $before } and is { $number }, UIDNEXT { $uidnext }). What is here already is recognised by its content.
   *[terminal] folder { $folder }: UIDVALIDITY was { $before } and is { $number }, UIDNEXT { $uidnext }: the server has numbered its mail anew; what is here already is recognised by its content
}
notice-uids-again = { $place ->
    [page] { $folder }: the server has given numbers a second time, so everything is read anew; mail that is here already is recognised by its content
   *[terminal] folder { $folder }: the server gives UIDs a second time, so all is read anew; what is here already is recognised by its content
}
notice-day-used-up = { $place ->
    [page] The day's limit of mail is used up ({ $bytes } bytes); it goes on at { $time }.
   *[terminal] the day's limit of mail is used up ({ $bytes } bytes); it goes on at { $time }
}

# What a check has found.
found-addresses = { $host } is { $addresses }
found-port-answers = { $place ->
    [page] Port { $port } answers.
   *[terminal] port { $port } answers
}
found-in-clear = { $place ->
    [page] No encryption, as chosen: passwords and mail go in clear text.
   *[terminal] none, as chosen: password or access token, and mail, go in clear text
}
found-protected = { $starttls ->
    [true] STARTTLS
   *[false] TLS from the start
}; certificate of { $subject }, valid until { $until }; SHA-256 { $fingerprint }
found-ends = { $at }, { $days ->
    [one] { $days } day left
   *[other] { $days } days left
}
found-ends-soon = { $at }, { $days ->
    [one] only { $days } day left
   *[other] only { $days } days left
}
found-end-unreadable = an end that cannot be read
found-said = { $words }
found-token = of { $provider } for { $identity }, lives until { $until }{ $held }
found-token-unreadable = what it holds cannot be read
found-token-audience = for { $list }
found-token-rights = holds { $list }
found-logged-in = as { $username }
found-folder = { $place ->
    [page] { $folder }: { $count } mails
   *[terminal] { $folder }: { $count } messages
}
found-folder-uncounted = { $place ->
    [page] { $folder }: an unknown number of mails
   *[terminal] { $folder }: an unknown number of messages
}
found-more-folders = and { $count } more folders
found-opens = { $place ->
    [page] { $folder } opens read-only, { $count } mails
   *[terminal] { $folder } opens read-only, { $count } messages
}
found-opens-without-uidvalidity = { $place ->
    [page] { $folder } opens read-only, { $count } mails; the server gives no UIDVALIDITY, so its mails are told apart by Message-ID and date
   *[terminal] { $folder } opens read-only, { $count } messages; the server gives no UIDVALIDITY, so its mails are told apart by Message-ID and date
}
found-does-not-open = { $folder }: { $words }; the folders are: { $near }
found-copy = { $wish }: { $way }

# Why there is no TLS.
no-tls-no-name = { $host } cannot stand in a certificate, so it cannot be checked
no-tls-no-trust = { $words }
no-tls-expired = the server's certificate has expired; its operator must renew it
no-tls-expired-at = the server's certificate has expired on { $at }; its operator must renew it
no-tls-not-yet-valid = the server's certificate is not valid yet; check the clocks
no-tls-other-name = the server's certificate is for another name ({ $subject }), not for { $host }; use that name, or if you know this certificate, pin it: --pin-sha256 { $fingerprint } (compare the fingerprint with the server's)
no-tls-unknown-issuer = the server's certificate is from an unknown issuer, which is not trusted here; give its CA with --ca-file, or if you know this certificate, pin it: --pin-sha256 { $fingerprint } (compare the fingerprint with the server's)
no-tls-not-the-pinned = the server's certificate is not the pinned one; it has the fingerprint { $fingerprint }; if it was renewed, pin the new one
no-tls-ca-as-server = the server's certificate is a self-signed one that is marked as a CA (CaUsedAsEndEntity), which cannot be trusted as a server's; if you know this certificate, pin it: --pin-sha256 { $fingerprint } (compare the fingerprint with the server's)
no-tls-refused = the server's certificate was refused ({ $fault ->
    [unreadable] it cannot be read
    [revoked] it has been revoked
    [signature] its signature is wrong
    [algorithm] its signature is of a kind that is not supported
    [extension] it demands what is not supported
    [purpose] it is not for servers
    [revocation-unknown] whether it has been revoked is not known
   *[other] it is not valid
}); if you know this certificate, pin it: --pin-sha256 { $fingerprint } (compare the fingerprint with the server's)
no-tls-handshake = the TLS handshake failed: { $words }
no-tls-closed = the server closed the connection during the TLS handshake; does this port speak TLS from the start?

# Why a part of what was given cannot be.
invalid-host-name = "{ $text }" is not a host name
invalid-port = 0 is no port
invalid-tls-mode = "{ $text }" is not one of implicit, starttls, none
invalid-authorities-not-pem = the CA file is not valid PEM
invalid-authorities-unreadable = the CA file holds a certificate that cannot be read
invalid-no-authorities = the CA file holds no certificate (BEGIN CERTIFICATE)
invalid-fingerprint = "{ $text }" is not a SHA-256 fingerprint: 64 hexadecimal digits, colons allowed
invalid-folder-name = "{ $text }" cannot be a folder's name
invalid-start = "{ $text }" is not one of now, all, YYYY-MM-DD
invalid-after-import = "{ $text }" is not one of leave, seen, keyword:NAME, move:FOLDER, delete
invalid-keyword = "{ $text }" cannot be a keyword: letters, digits, - _ . $ only
invalid-interval = at least { $least }: each poll is a login at the customer's server
invalid-no-password = the password is empty
invalid-password-characters = the password holds a line break or a NUL, which no mail server takes
invalid-token-in-clear = access tokens are never sent without TLS; choose another than none
invalid-no-tenant = oauth.providers.{ $provider }.tenant is empty; name the tenant there
invalid-no-app-only = { $provider } gives no tokens to an application by itself (oauth.providers.{ $provider }.app_only_scopes is empty)
invalid-provider = { $why }
