# Things that somebody has named and that are not there.
missing-mailbox = there is no mailbox { $name }
missing-mailbox-of-row = the mailbox is no longer there
missing-inbox = there is no inbox { $name }
missing-route = there is no such route for { $name }
missing-person = there is no user { $name }
missing-token = there is no token { $name }
missing-organisation = there is no organisation { $name }
missing-message = there is no message { $name }
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
conflict-not-open = this UID is neither pending nor put aside
conflict-mailbox-changed = { $name } was changed meanwhile; start again
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
