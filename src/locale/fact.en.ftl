# Resources that were not found.
missing-mailbox = there is no mailbox { $name }
missing-mailbox-of-row = the mailbox no longer exists
missing-inbox = there is no inbox { $name }
missing-route = there is no such route for { $name }
missing-person = there is no user { $name }
missing-token = there is no token { $name }
missing-organisation = there is no organisation { $name }
missing-message = there is no message { $name }
missing-delivery-target = there is no delivery target { $name }
missing-delivery = there is no delivery { $name }
missing-test-mail = there is no such test
missing-invitation = there is no such invitation
missing-consent = the mailbox no longer uses this consent
missing-consented-mailbox = the mailbox was removed or changed in the meantime; start again

# Why a change conflicts with the current state.
conflict-mailbox-exists = the mailbox { $name } already exists
conflict-inbox-exists = the inbox { $name } already exists
conflict-person-exists = the user { $name } already exists
conflict-token-exists = the token { $name } already exists
conflict-organisation-exists = an organisation with this name already exists
conflict-address-taken = this address cannot be used here
conflict-token-ambiguous = several organisations have a token { $name }; name the organisation
conflict-person-name = a name must have 1 to 100 characters, without spaces, quotes or < > & / \
conflict-token-name = a token's name must have 1 to 100 characters, on one line
conflict-organisation-name = an organisation's name must have 1 to 100 characters, on one line
conflict-role-organisation = an operator belongs to no organisation; an admin or viewer belongs to one
conflict-last-operator = { $name } is the last operator; add another first
conflict-inbox-in-use = { $name } is still fed by { $by }; remove them or have them feed another inbox first
conflict-inbox-holds-mail = { $name } holds { $count } messages; --with-messages deletes them too, permanently
conflict-target-holds-mail = target { $target } still has { $count } undelivered { $count ->
        [one] mail
       *[other] mails
    }; --with-undelivered drops them, and they stay in the inbox
conflict-delivery-not-open = delivery { $id } is delivered, or is being sent at this moment
conflict-delivery-not-held = delivery { $id } is not held
conflict-target-of-other-inbox = target { $id } belongs to another inbox
conflict-target-of-configuration = this target is set in the configuration (delivery.default), and is changed there
conflict-target-is-polled = { $address } is a mailbox that Mailferry polls: the mail would be fetched and delivered again, for ever
conflict-mailbox-is-target = mail of an inbox is delivered to { $address }, which is this mailbox: the mail would be fetched and delivered again, for ever
conflict-raw-mail-removed = the bytes of message { $id } were deleted at { $time }, after its delivery, as configured for its delivery target (--only)
conflict-move-into-polled = move:{ $target }: this folder is itself polled; choose another
conflict-move-into-polled-maybe = move:{ $target }: this may be the polled folder { $folder } under another name; choose another
conflict-move-into-other-polled = move:{ $target }: this folder is itself polled; choose another: the mailbox { $mailbox } logs in to the same account
conflict-move-into-other-polled-maybe = move:{ $target }: this may be the polled folder { $folder } under another name; choose another: the mailbox { $mailbox } logs in to the same account
conflict-in-setup = the mailbox is still being set up; finish the setup on its page
conflict-paused = the mailbox is paused
conflict-failing = the last polls of the mailbox failed; Mailferry tries again automatically, and at once when the mailbox is changed
conflict-server-asked-to-wait = the mail server asked Mailferry to wait for a while
conflict-server-asked-to-wait-until = the mail server asked Mailferry to wait until { $until }
conflict-uid-not-open = this UID is neither pending nor quarantined
conflict-mailbox-changed = { $name } was changed in the meantime; start again
conflict-old-key-in-use = secrets are still being sealed with the old key, so both keys are kept; run `mailferry key rotate` again
conflict-no-consent-of-application = the mailbox is read with the application's own right, so there is no consent to revoke
conflict-no-consent-of-password = the mailbox is opened with a password, so there is no consent to revoke

# The outcome at the provider when a consent is revoked here.
revocation-shared = The consent was kept, because other mailboxes use it.
revocation-app-only = The application keeps its right until an administrator removes it (Exchange: Remove-MailboxPermission).
revocation-ended = { $provider } has ended the consent of { $identity }.
revocation-never-given = { $identity } had not consented.
revocation-unsupported = { $family ->
    [microsoft] { $provider } offers no way to end a consent from here: { $identity } can remove the application at https://myapps.microsoft.com, or an administrator ends the consent with Remove-MgOauth2PermissionGrant.
   *[other] { $provider } offers no way to end a consent from here: end it there yourself.
}
revocation-refused = { $family ->
    [microsoft] The consent could not be ended at { $provider } ({ $why }): { $identity } can remove the application at https://myapps.microsoft.com, or an administrator ends the consent with Remove-MgOauth2PermissionGrant.
   *[other] The consent could not be ended at { $provider } ({ $why }): end it there yourself.
}
revocation-failed = { $family ->
    [microsoft] The consent could not be ended at { $provider }: { $identity } can remove the application at https://myapps.microsoft.com, or an administrator ends the consent with Remove-MgOauth2PermissionGrant.
   *[other] The consent could not be ended at { $provider }: end it there yourself.
}

# Details of audit lines.
part-inbox = the inbox
part-server = the server
part-username = the login name
part-folders = the folders
part-start = the start
part-after-import = the customer's copy
part-interval = the interval
part-max-size = the maximum mail size
detail-target-secret = { $url }, with a new secret
detail-with-messages = with its messages
detail-tokens-revoked = tokens revoked: { $count }
detail-descendants-revoked = tokens created with it, revoked too: { $names }
detail-descendants-valid = tokens created with it, still valid: { $names }

# Why a mail in the ledger has no message.
reason-too-large = { $place ->
    [page] too large; it stays with the customer
   *[terminal] too large: { $size } bytes, the limit is { $limit }; it stays in the customer's mailbox
}
reason-before-start = { $place ->
    [page] older than the start
   *[terminal] before start
}
reason-by-hand = skipped manually
reason-gone = no longer on the server
reason-same-mail = the same mail is already in the inbox
reason-returned = { $place ->
    [page] put here by Mailferry's own move or removal
   *[terminal] put here by one of Mailferry's own effects
}
reason-too-many-attempts = { $why } ({ $count } attempts); it stays in the customer's mailbox

# Why a mail could not be fetched.
reason-substitute = Exchange returns a substitute instead of the mail itself
reason-not-returned = { $place ->
    [page] the server did not return it
   *[terminal] the server lists it but does not return it
}
reason-no-body = { $place ->
    [page] the server did not return it
   *[terminal] the server answers without a body
}
reason-empty-body = { $place ->
    [page] the server did not return it
   *[terminal] the server returns an empty body for a mail that should have one
}
reason-empty-despite-size = { $place ->
    [page] the server did not return it
   *[terminal] the server returns an empty body for a mail whose size is not zero
}
reason-other-bytes = the server returns other bytes than at an earlier poll; the mail is fetched again from its start
reason-wrong-part = the server returns the wrong part: { $part }
reason-refused = { $words }
reason-interrupted = { $place ->
    [page] the fetch was interrupted
   *[terminal] the fetch was interrupted: { $words }
}
reason-failed-before = { $place ->
    [page] the server did not return it
   *[terminal] failed attempts to fetch it: { $count }
}
reason-header-not-returned = the server lists it but does not return its header
reason-other-mail = the server returns a different mail under its UID
reason-no-header = the server answers without a header
reason-empty-header = the server returns an empty header
reason-headers-refused = the server refuses the headers of several mails in a row

# Why an effect on a customer's copy is not possible.
obstacle-read-only = the server opens the folder read-only for this account
obstacle-no-uidplus = the server lacks UIDPLUS, so removing a mail would also remove all mail that the customer has marked as deleted
obstacle-no-deleting = this account is not allowed to delete mail in the folder
obstacle-no-seen = { $place ->
    [page] the folder does not store the read mark
   *[terminal] the folder does not store the flag \Seen
}
obstacle-no-keyword = the folder does not store the keyword { $keyword }
obstacle-move-into-polled = { $place ->
    [page] { $target } is the fetched folder { $polled }, so moved mail would be imported again
   *[terminal] { $target } is the polled folder { $polled }, so moved mail would be imported again
}
obstacle-no-trash = Gmail shows no trash folder over IMAP; this can be changed in Gmail's settings
obstacle-rebuilt = the folder was rebuilt on the server (new UIDVALIDITY)
obstacle-refused = { $words }
obstacle-not-opened = { $folder } cannot be opened for changes: { $words }
obstacle-in-folder = { $folder }: { $obstacle }

# How a server carries out an effect on a customer's copy.
method-untouched = the folder is opened read-only and nothing in it is ever changed
method-flag-stored = the folder stores it
method-flag-maybe-stored = needs a folder that stores it; `mailbox check --as-polled` or the first import shows whether this one does
method-moved = { $is_there ->
    [true] by MOVE, which the server supports
   *[false] by MOVE, which the server supports; the folder does not exist yet and is created by the first move
}
method-copied = { $is_there ->
    [true] by COPY and UID EXPUNGE (UIDPLUS), which the server supports
   *[false] by COPY and UID EXPUNGE (UIDPLUS), which the server supports; the folder does not exist yet and is created by the first move
}
method-trash = by a move to { $trash }, which is how mail is deleted on Gmail
method-expunged = by UID EXPUNGE (UIDPLUS), which the server supports

# Decisions of a poll that are worth recording.
notice-found-late = { $place ->
    [page] Folder { $folder }: { $count } messages that the server had left out of an earlier answer were found and requested (UID { $uids }).
   *[terminal] folder { $folder }: { $count } messages that the server had left out of an earlier answer were found and requested (UID { $uids })
}
notice-renumbered = { $place ->
    [page] Folder { $folder }: the server has renumbered its mail (UIDVALIDITY was { $before } and is { $number }, UIDNEXT { $uidnext }). Mail that is already imported is recognised by its content.
   *[terminal] folder { $folder }: UIDVALIDITY was { $before } and is { $number }, UIDNEXT { $uidnext }: the server has renumbered its mail; mail that is already imported is recognised by its content
}
notice-uids-reused = { $place ->
    [page] { $folder }: the server has reused numbers, so the whole folder is read again; mail that is already imported is recognised by its content
   *[terminal] folder { $folder }: the server reuses UIDs, so the whole folder is read again; mail that is already imported is recognised by its content
}
notice-daily-limit = { $place ->
    [page] The daily limit of mail is used up ({ $bytes } bytes); fetching continues at { $time }.
   *[terminal] the daily limit of mail is used up ({ $bytes } bytes); polling continues at { $time }
}

# Findings of a check.
found-addresses = { $host } resolves to { $addresses }
found-port-answers = { $place ->
    [page] Port { $port } answers.
   *[terminal] port { $port } answers
}
found-no-tls = { $place ->
    [page] No encryption, as chosen: passwords and mail are sent in clear text.
   *[terminal] none, as chosen: the password or access token and all mail are sent in clear text
}
found-tls = { $starttls ->
    [true] STARTTLS
   *[false] TLS from the start
}; certificate of { $subject }, valid until { $until }; SHA-256 { $fingerprint }
found-expiry = { $at }, { $days ->
    [one] { $days } day left
   *[other] { $days } days left
}
found-expiry-soon = { $at }, { $days ->
    [one] only { $days } day left
   *[other] only { $days } days left
}
found-expiry-unreadable = an unreadable date
found-server-text = { $words }
found-token = from { $provider } for { $identity }, valid until { $until }{ $held }
found-token-unreadable = its contents cannot be read
found-token-audience = for { $list }
found-token-rights = grants { $list }
found-logged-in = as { $username }
found-folder = { $place ->
    [page] { $folder }: { $count } messages
   *[terminal] { $folder }: { $count } messages
}
found-folder-uncounted = { $place ->
    [page] { $folder }: an unknown number of messages
   *[terminal] { $folder }: an unknown number of messages
}
found-more-folders = and { $count } more folders
found-folder-opened = { $place ->
    [page] { $folder } opens read-only, { $count } messages
   *[terminal] { $folder } opens read-only, { $count } messages
}
found-folder-opened-without-uidvalidity = { $place ->
    [page] { $folder } opens read-only, { $count } messages; the server gives no UIDVALIDITY, so its messages are recognised by Message-ID and date
   *[terminal] { $folder } opens read-only, { $count } messages; the server gives no UIDVALIDITY, so its messages are recognised by Message-ID and date
}
found-folder-not-opened = { $folder }: { $words }; existing folders: { $near }
found-after-import = { $action }: { $way }

# Why a TLS connection could not be established.
no-tls-no-name = { $host } is not a name that a certificate can contain, so the server cannot be verified
no-tls-no-trust = { $words }
no-tls-expired = the server's certificate has expired; its operator must renew it
no-tls-expired-at = the server's certificate expired on { $at }; its operator must renew it
no-tls-not-yet-valid = the server's certificate is not valid yet; check the clocks
no-tls-other-name = the server's certificate is for another name ({ $subject }), not for { $host }; use that name, or if you know this certificate, pin it: --pin-sha256 { $fingerprint } (compare the fingerprint with the server's)
no-tls-unknown-issuer = the server's certificate is from an unknown issuer, which is not trusted here; give its CA with --ca-file, or if you know this certificate, pin it: --pin-sha256 { $fingerprint } (compare the fingerprint with the server's)
no-tls-pin-mismatch = the server's certificate is not the pinned one; it has the fingerprint { $fingerprint }; if it was renewed, pin the new one
no-tls-ca-as-server = the server's certificate is a self-signed one that is marked as a CA (CaUsedAsEndEntity), which cannot be trusted as a server certificate; if you know this certificate, pin it: --pin-sha256 { $fingerprint } (compare the fingerprint with the server's)
no-tls-refused = the server's certificate was refused ({ $fault ->
    [unreadable] it cannot be read
    [revoked] it has been revoked
    [signature] its signature is wrong
    [algorithm] its signature algorithm is not supported
    [extension] it requires an extension that is not supported
    [purpose] it is not for servers
    [revocation-unknown] whether it has been revoked is not known
   *[other] it is not valid
}); if you know this certificate, pin it: --pin-sha256 { $fingerprint } (compare the fingerprint with the server's)
no-tls-handshake = the TLS handshake failed: { $words }
no-tls-closed = the server closed the connection during the TLS handshake; does this port speak TLS from the start?

# Why a mail was not delivered to a target.
delivery-unreachable = { $place ->
    [page] the server cannot be reached; check its address and port
   *[other] the server cannot be reached: { $words }
}
delivery-forbidden = { $host } is not a public address, so the connection was refused; if this is your own server, list its network in egress.allow (MAILFERRY__EGRESS__ALLOW)
delivery-unresolved = the name servers do not answer for { $domain } at the moment
delivery-null-mx = { $domain } takes no mail: its MX record says so
delivery-no-mail-server = { $domain } has no mail server: the domain does not exist, or the hosts of its MX records do not
delivery-sts-mismatch = the MTA-STS policy of { $domain } names none of its mail servers; nothing was sent, since somebody may be diverting the mail
delivery-no-starttls = the server does not offer STARTTLS, which is required here; nothing was sent
delivery-injected-before-tls = the server sent data after its answer to STARTTLS, as in an attack; nothing was sent
delivery-no-auth = a login is configured, but the server offers no login method that Mailferry supports (PLAIN, LOGIN)
delivery-not-understood = the server does not speak SMTP: it sent { $fault ->
    [no-code] a line without a reply code
    [code-out-of-range] a reply code that does not exist
    [other-code] a reply with several codes
    [unexpected-code] a reply that does not fit the command
    [unasked] a reply without a command
    [line-too-long] a line that is too long
    [too-many-lines] a reply with too many lines
   *[too-long] a reply that is too long
} { $phase ->
    [connect] during connection
    [greeting] as its greeting
    [tls] to STARTTLS
    [hello] to EHLO
    [login] to the login
    [sender] to the sender (MAIL FROM)
    [recipient] to the recipient (RCPT TO)
    [data] to the start of the mail (DATA)
    [body] while the mail was being sent
   *[answer] to the whole mail; it may have been delivered
}
delivery-not-understood-words = { delivery-not-understood } ("{ $words }")
delivery-closed = the server closed the connection { $phase ->
    [connect] immediately
    [greeting] before its greeting
    [tls] before TLS was established
    [hello] instead of answering EHLO
    [login] during the login
    [sender] before it accepted the sender (MAIL FROM)
    [recipient] before it accepted the recipient (RCPT TO)
    [data] before it was ready for the mail (DATA)
    [body] while the mail was being sent
   *[answer] after the whole mail was sent, but before it answered; the mail may have been delivered
}
delivery-timed-out = the server did not respond in time { $phase ->
    [connect] when connecting
    [greeting] with a greeting
    [tls] during the TLS handshake
    [hello] to EHLO
    [login] to the login
    [sender] to the sender (MAIL FROM)
    [recipient] to the recipient (RCPT TO)
    [data] to the start of the mail (DATA)
    [body] while the mail was being sent
   *[answer] to the whole mail; it may have been delivered
}
delivery-refused = the server { $phase ->
    [connect] refuses the connection
    [greeting] refuses connections
    [tls] refuses to start TLS
    [hello] refuses Mailferry's name (EHLO)
    [login] refuses the login
    [sender] refuses the sender
    [recipient] refuses the recipient
    [data] refuses the mail before it is sent
    [body] refused the mail while it was being sent
   *[answer] refused the mail
}: { $reply }
delivery-too-large = the mail is too large for the server: { $size } bytes, its limit is { $limit }
delivery-bare-line-ends = the mail contains a lone CR or LF, which this server cannot take unchanged (it lacks CHUNKING)
delivery-address-needs-utf8 = the server cannot take the address { $address }, which is not ASCII (it lacks SMTPUTF8)
delivery-incomplete = the stored mail has { $size } bytes, but { $read } were read; nothing was delivered
delivery-interrupted = Mailferry was interrupted while it was sending the mail; the target may have received it
delivery-loop = the mail was delivered to { $inbox } before and has come back: something forwards it to a mailbox that is polled
delivery-too-many-hops = the mail has passed through { $hops } servers, so it is probably in a loop
delivery-returned = the target's server accepted the mail, but a later server returned it
delivery-returned-words = the target's server accepted the mail, but a later server returned it: { $reply }
delivery-forwarded = the mail had already arrived by forwarding, so it was not delivered again
delivery-too-many-from-sender = the mail's sender sent more than { $limit } mails to this inbox within an hour, which suggests a loop
delivery-bytes-removed = the stored bytes of the mail were deleted after an earlier delivery, so it cannot be sent again
delivery-no-secret = the target's password or secret cannot be opened with the keys of this installation; set it again
delivery-not-http = the target's answer is not HTTP
delivery-http-status = the target answers with status { $status }
delivery-http-status-words = the target answers with status { $status }: { $words }
delivery-redirected = the target answers with a redirect (status { $status }), which is not followed; enter the URL that it leads to
delivery-not-in-mailbox = the answer was lost, and the mail is not in the recipient's mailbox
delivery-mailbox-closed = the answer was lost, and the recipient's mailbox cannot be searched for the mail: { $words }
delivery-gone = the target answers with status 410 (gone): it wants no more mail
both-ways = of the last { $polled ->
    [one] polled mail
   *[other] { $polled } polled mails
}, { $also_forwarded } came by forwarding too; of the last { $forwarded ->
    [one] forwarded mail
   *[other] { $forwarded } forwarded mails
}, { $also_polled } came by polling too
both-ways-forwarding-can-end = the last { $count } forwarded mails were polled too: the forwarding rule can now be removed
both-ways-polling-can-end = the last { $count } polled mails were forwarded too: the mailbox can now be removed here
both-ways-either-can-end = the last { $count } mails came both by forwarding and by polling: the forwarding rule can now be removed, or the mailbox here
catch-up = { $done } of { $total } delivered
catch-up-minutes = { $done } of { $total } delivered, about { $count ->
    [one] one minute
   *[other] { $count } minutes
} left
catch-up-hours = { $done } of { $total } delivered, about { $hours } hours left
backlog = { $done } of { $total } imported
backlog-minutes = { $done } of { $total } imported, about { $count ->
    [one] one minute
   *[other] { $count } minutes
} left
backlog-hours = { $done } of { $total } imported, about { $hours } hours left

# Why a value that was given is not valid.
invalid-host-name = "{ $text }" is not a host name
invalid-port = 0 is not a valid port
invalid-tls-mode = "{ $text }" is not one of implicit, starttls, none
invalid-authorities-not-pem = the CA file is not valid PEM
invalid-authorities-unreadable = the CA file contains a certificate that cannot be read
invalid-no-authorities = the CA file contains no certificate (BEGIN CERTIFICATE)
invalid-fingerprint = "{ $text }" is not a SHA-256 fingerprint: 64 hexadecimal digits, colons allowed
invalid-folder-name = "{ $text }" is not a valid folder name
invalid-start = "{ $text }" is not one of now, all, YYYY-MM-DD
invalid-after-import = "{ $text }" is not one of leave, seen, keyword:NAME, move:FOLDER, delete
invalid-keyword = "{ $text }" is not a valid keyword: letters, digits, - _ . $ only
invalid-interval = the interval must be at least { $least }, because each poll logs in to the customer's server
invalid-target-url = "{ $text }" is not a target: write smtp://HOST[:PORT], smtps://HOST, mx:, lmtp://HOST[:PORT], lmtp:/SOCKET or https://HOST/PATH
invalid-target-url-with-secret = a target's URL must not contain a user name or a password; give them separately
invalid-target-unencrypted = http:// is accepted for this machine only; use https://
invalid-webhook-secret = the secret begins with whsec_ but is not a Standard Webhooks secret: 24 to 64 bytes in base64 must follow
invalid-recipient = "{ $text }" is not an e-mail address
invalid-concurrency = the number of connections must be between 1 and { $most }
invalid-mailbox-url = "{ $text }" is not an IMAP server: write imaps://HOST[:PORT] or imap://HOST[:PORT]
invalid-mailbox-login = to look for mail in a mailbox, Mailferry needs its server, login name and password; after a change of server or name, enter the password again
invalid-rate = the rate must be between 1 and { $most } mails a minute
invalid-not-for-target = { $setting } does not apply to a target of the kind { $kind }
invalid-no-password = the password is empty
invalid-password-characters = the password contains a line break or a NUL character, which no mail server accepts
invalid-token-without-tls = access tokens are never sent without TLS; choose implicit or starttls
invalid-no-tenant = oauth.providers.{ $provider }.tenant is empty; set it to the tenant
invalid-no-app-only = { $provider } does not issue tokens to an application without a person's consent (oauth.providers.{ $provider }.app_only_scopes is empty)
invalid-provider = { $why }
