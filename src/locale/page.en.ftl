# The texts of the pages.
skip = Skip to content
nav-label = Main navigation
nav-mailboxes = Mailboxes
nav-inboxes = Inboxes
nav-search = Find a message
nav-audit = Audit log
nav-people = Users
nav-settings = Settings
log-out = Sign out
log-in = Sign in
save = Save
add = Add
search = Search
copy-to-clipboard = Copy
copied-to-clipboard = Copied
remove = Remove
never = never
none-yet = none yet
back = Back
next = Next

# Times.
time-just-now = just now
time-soon = in a moment
time-minutes-ago = { $count ->
        [one] { $count } minute ago
       *[other] { $count } minutes ago
    }
time-hours-ago = { $count ->
        [one] { $count } hour ago
       *[other] { $count } hours ago
    }
time-days-ago = { $count ->
        [one] { $count } day ago
       *[other] { $count } days ago
    }
time-in-minutes = { $count ->
        [one] in { $count } minute
       *[other] in { $count } minutes
    }
time-in-hours = { $count ->
        [one] in { $count } hour
       *[other] in { $count } hours
    }
time-in-days = { $count ->
        [one] in { $count } day
       *[other] in { $count } days
    }

# Errors.
fault-not-found = Page not found.
quarantine-no-longer = This message is no longer quarantined: it may have been fetched, or the server may have renumbered the folder.
fault-forbidden = Your role does not allow this.
fault-sign-in = Sign in first.
fault-cross-site = This request did not come from Mailferry's own pages, so it was rejected.
fault-conflict = This is not possible.
fault-internal = Something went wrong in Mailferry. Nothing is lost. Try again in a moment.
fault-busy = Mailferry is busy reading other messages. Try again in a moment.
fault-full = Mailferry is too busy to handle this request. Try again in a moment.
fault-no-host = The request does not name exactly one host, so it was rejected.
fault-other-host = Mailferry does not accept requests for this host name. The operator lists all names of Mailferry in the configuration, under http.url and http.hosts.
fault-nul = A text in the request contains the character U+0000, which is not allowed. Nothing was done.
fault-form = The form is too long or did not arrive completely. Nothing was done.
server-without-tls = Without TLS, the password could be read on its way to that server. Only an operator can choose this for a server on another machine.
fault-role = Choose a role.
fault-yourself = You cannot remove yourself.
fault-address = That is not a valid email address.
fault-back = Back to the mailboxes

# Signing in and out, accounts.
login-title = Sign in
login-no-accounts = There are no accounts yet. When the server starts (mailferry serve), it prints a link for creating the first account. The link works once.
login-wrong = The name or password is wrong.
login-wait = { $count ->
        [one] Too many attempts. Try again in { $count } minute.
       *[other] Too many attempts. Try again in { $count } minutes.
    }
mailbox-wait = The login to the mailbox's server has failed several times. Wait { $count ->
    [one] a minute
   *[other] { $count } minutes
    } before you try again, so that the account is not locked.
passwords-wait = { $count ->
        [one] The server has rejected several passwords for this account. Wait a minute before you try another one, so that the account is not locked.
       *[other] The server has rejected several passwords for this account. Wait { $count } minutes before you try another one, so that the account is not locked.
    }
login-busy = Many people are signing in right now. Try again in a moment.
login-sso = Sign in with { $name }
login-sso-no-account = { $identity } has no account here. Ask an admin for an invitation.
login-sso-other = { $identity } is already linked to another account at the provider. Ask the operator to set a new password with mailferry user passwd; then the account can be linked again.
login-sso-failed = Signing in with { $name } failed. Try again.
name = Name
name-hint = For example, your email address.
name-wrong = A name has 1 to 100 characters, without spaces, quotes, or any of < > & / \.
name-refused = That name cannot be used. Choose another one, such as your full email address.
password = Password
password-hint = At least 8 characters. A sentence that you can remember is better than a complicated word.
password-again = Repeat the password
password-now = Current password
password-new = New password
password-change = Change password
password-ends-sessions = This signs you out of all other browsers.
password-too-short = The password is too short. Use at least 8 characters.
password-too-long = The password is too long. Use at most 1000 characters.
password-differs = The two passwords do not match.
password-now-wrong = The current password is wrong.
setup-title = Welcome to Mailferry
setup-text = This is the first account. It can do everything. You can invite others later.
invitation-title = Create your account
account-create = Create account
account-title = Your account
account-preferences = Language and time zone
account-password = Password
language = Language
zone = Time zone
zone-hint = The time there is now { $time }.
role = Role
invitations-open = Open invitations
invitation-revoke = Revoke
created-by = Created by
valid-until = Valid until
done-invitation-revoked = The invitation has been revoked.
role-viewer = Viewer
role-admin = Admin
role-operator = Operator
role-text-viewer = Sees the organisation's mailboxes, inboxes and messages, but cannot change anything.
role-text-admin = Connects mailboxes and can change everything that belongs to the organisation.
role-text-operator = Sees everything and can change everything, in all organisations.
organisation = Organisation
organisation-hint = A new name creates a new organisation. Operators do not belong to an organisation.
last-login = Last sign-in
invite-title = Invite someone
invite-create = Create invitation
invite-created = Send this link to the person you are inviting. It is shown only once, works once, and expires after seven days.
link-invalid-title = This link is no longer valid
link-invalid-text = It has already been used, or it has expired. Ask the person who sent it for a new one.
person-remove-sure = Remove { $name }? Invitations, connect links and API tokens that { $name } created will stop working, too.

# Confirmations after an action.
done-saved = Saved.
done-login-anew = Saved. The password or consent was given for the previous server, certificate and login name. Enter the password or give the consent again.
done-password = The password has been changed.
done-person-removed = The user has been removed and signed out.

# The list of mailboxes.
mailbox = Mailbox
state = State
last-fetch = Last fetch
last-mail = Last message
today = Today
next-poll = Next fetch
connect-mailbox = Connect a mailbox
list-search = Address or inbox
list-states = Filter by state
list-all = All { $count }
list-nothing = No mailbox matches the search.
list-quiet = Everything works, but no mail has arrived for a long time. Send a test message.
list-empty-title = No mailboxes connected yet
list-empty-text = Once a mailbox is connected, Mailferry fetches the mail that arrives there and puts it into the right inbox. The customer's own copy stays untouched unless you choose otherwise.
list-empty-inbox = You create the inbox along the way.
list-empty-viewer = An admin can connect the first mailbox.
pages = Pages
page-of = Page { $page } of { $pages }
page-previous = Previous
page-next = Next
mailbox-state-needs-person = Needs attention
mailbox-state-failing = Failing, retrying
mailbox-state-behind = Behind
mailbox-state-new = New
mailbox-state-ok = Working
mailbox-state-setup = Not started
mailbox-state-paused = Paused

# The step that a fetch failed at, and what to do.
error-reach = The server cannot be reached at that name and port.
error-tls = A secure connection to the server could not be established.
error-starttls = The server did not switch to a secure connection.
error-greeting = The server responds, but not as a mail server.
error-token = The provider does not give Mailferry access.
error-login = The server did not accept the login.
error-select = A folder could not be opened.
error-search = The server could not list the messages.
error-fetch = A message could not be fetched.
error-import = The messages could not be stored.
error-settle = The customer's copy could not be handled as chosen. The message is in its inbox.
error-record = The result could not be saved.
error-lease = The mailbox was changed while Mailferry was fetching from it.
error-place = Too many mailboxes are being checked right now.
error-pace = The server responded too slowly while other mailboxes were waiting.
error-other = The last fetch failed.
remedy-reach = Check the server's name and port, and that the customer's firewall lets Mailferry in. Mailferry retries automatically.
remedy-tls = Check that the port uses TLS (usually 993) and that the certificate is valid for the server's name.
remedy-login = Check the login name and password, and that IMAP is enabled for the account. You can change the password under Password and consent on the mailbox's page.
remedy-select = Check that the folder still exists, or choose another one.
remedy-us = The operator of Mailferry has to fix this.
remedy-place = Try again in a minute.
remedy-pace = Mailferry retries automatically and waits longer. If the problem persists, the administrator of the mail server should find out why it is slow.
remedy-other = Mailferry retries automatically.
# A mailbox.
mail = Message
nav-mails = Messages
mails = { $count ->
        [one] { $count } message
       *[other] { $count } messages
    }
mails-unknown = an unknown number of messages
inbox = Inbox
folder = Folder
folders = Folders
server = Server
time = Time
reason = Reason
your-copy = Customer's copy
catching-up = Catching up
both-ways-label = Forwarding
logs-in = Login
complete = Completeness
complete-yes = Every message on the server is accounted for
complete-unknown = Not yet compared with the server
complete-contradicted = Unknown: the server's answers contradict each other
compared-at = compared { $time }
complete-no = { $count ->
        [one] { $count } message on the server is not accounted for
       *[other] { $count } messages on the server are not accounted for
    }
pending = { $count ->
        [one] { $count } waiting to be fetched
       *[other] { $count } waiting to be fetched
    }
copies-impossible = { $count ->
        [one] { $count } copy could not be handled
       *[other] { $count } copies could not be handled
    }
zero-changes = Nothing changed in the mailbox since { $time }
by-consent = with the consent of { $identity } ({ $provider })
by-password = as { $username }, with a password
tls-implicit = encrypted from the start (TLS)
tls-starttls = encrypted with STARTTLS
tls-none = not encrypted, for this machine only
change-settings = Change settings
test-mail = Test message
poll-now = Fetch now
pause = Pause
resume = Resume
check-now = Troubleshoot
check-title = Step by step
check-failed = failed
check-reached = The server responds.
check-step-dns = The server's name
check-step-tcp = Connection
check-step-tls = Secure connection
check-step-starttls = Secure connection
check-step-greeting = Server greeting
check-step-token = Access token from the provider
check-step-login = Login
check-step-capabilities = Server capabilities
check-step-folder = Folder
check-step-select = Opening the folder
check-step-after-import = Customer's copy
check-step-diagnosis = Cause
check-step-search = Search
check-step-settle = Customer's copy
failing-since = Failing since { $time }.
retry-at = Mailferry retries { $time }.
technical-details = Technical details
chart-mails = Messages per day
chart-fetches = Fetches per day
chart-most = at most { $count }
chart-failures = failures in red
chart-none = Nothing in the last 30 days.
chart-day = { $date }: { $number }
chart-day-failures = { $date }: { $number }, of which { $bad } failed
polls-title = Recent fetches
polls-none = No fetch has brought in mail or failed yet.
poll-ok = OK
imported = Imported
poll-skipped = Skipped
poll-quarantined = Quarantined
poll-result = Result
quarantine-title = Quarantined messages
quarantine-text = These messages could not be imported. They are still in the customer's mailbox, so nothing is lost.
retry = Try again
skip-mail = Skip
ledger-title = The outcome of each message
ledger-text = Every message on the server has a number (UID). This list shows the outcome of each.
ledger-link = The outcome of each message
ledger-all = All
ledger-none = There are no messages in this state.
uid-pending = waiting
uid-imported = in the inbox
uid-duplicate = already in the inbox
uid-skipped = skipped
uid-quarantined = quarantined
uid-gone = gone from the server
mail-open = Open message
older = Older
more = More
credentials-title = Password and consent
credentials-text = The password or consent that is stored here cannot be shown. You can only replace it.
consent-again = Renew consent at { $provider }
password-new-mailbox = New password for the mailbox
login-other-method = Use another login method
link-title = Let the customer do it
link-text = A link through which the customer's own IT staff enter the password or give their consent. They do not need an account here, and you never see the password.
link-create = Create link
link-created = Send this link to the customer. It is shown only once, works once, and expires after three days.
link-open = An unused link is valid until { $time }. A new link replaces it.
remove-title = Remove the mailbox
remove-text = This deletes the password or consent and the list of messages. Messages that were fetched stay in their inbox, and nothing is changed in the customer's mailbox.
remove-sure = Type { $address } to confirm
remove-mailbox = Remove the mailbox
fault-not-sure = Type the mailbox's address to confirm. Nothing was removed.
done-paused = The mailbox has been paused.
done-resumed = The mailbox has been resumed.
done-poll = Mailferry is fetching from the mailbox now.
done-poll-waits = Mailferry is waiting because the server or the last failure requires it. Trying more often now could lock the account.
done-password-mailbox = The password has been saved, and Mailferry is trying it now.
done-retried = Mailferry will try again.
done-skipped = The message has been skipped.
done-mailbox-removed = The mailbox has been removed.
done-started = The mailbox has been started. Mailferry is fetching from it for the first time.
done-consent = The consent has been saved.
done-inbox-added = The inbox has been created.
done-token-revoked = The token has been revoked.

# Connecting a mailbox.
steps = Steps
step-server = Server
step-login = Login
step-folders = Folders
step-inbox = Inbox
step-copy = Customer's copy
step-start = Start date
step-trial = Dry run
connect-text = Enter the customer's address, and Mailferry finds the server. Nothing is fetched until you start the mailbox in the last step.
customers-address = Customer's address
customers-address-hint = The address that the customer's own customers write to.
mailbox-organisation-hint = The customer that the mailbox belongs to. Only users of that organisation see the mailbox and its messages. A new organisation is created with its first inbox or invitation.
organisation-needed = Choose the organisation that the mailbox belongs to.
first-inbox = Inbox address
first-inbox-hint = Where the mail goes. This becomes the first inbox.
find-server = Find the server
address-exists = That address is already connected.
address-not-here = That address cannot be connected here. Ask the operator of Mailferry.
inbox-needed = Enter an address for the inbox.
server-title = Is this the right server?
found-provider = Mailferry knows this provider.
found-mx = Found by the domain's mail records (MX).
found-autoconfig = Published by the domain itself (autoconfig).
found-srv = Published by the domain itself (SRV).
found-guess = A guess: a server with this name exists.
found-nothing = No server was found. Enter the server that the customer's IT staff give you.
host = Server
port = Port
protection = Encryption
username = Login name
username-hint = Usually the full address. For a shared mailbox, its own address.
certificate-own = The server has its own certificate
certificate-unknown = The server presents a certificate that was not issued by any known authority. Compare the fingerprint with the one from the customer's IT staff. If they match, you can trust this certificate.
certificate-trust = Trust this certificate
pin = Certificate fingerprint (SHA-256)
pin-hint = If you enter one, only the certificate with this fingerprint is accepted.
host-wrong = That is not a valid server name.
port-wrong = The port must be a number from 1 to 65535.
tls-wrong = Choose how the connection is encrypted.
tls-needed = Without encryption, the password could be read on its way. This is possible only for a server on this machine.
port-not-allowed = Only operators can use that port. Choose 993 or 143.
server-of-tokens = Mailferry opens this mailbox through its provider, whose server is { $host }. To fetch from another server, choose a password first.
server-custom-trust = Mailferry opens this mailbox through its provider, whose server is verified with the usual certificates. Remove the fingerprint first.
server-of-application = Mailferry opens this mailbox with a registered application. Only operators can change the server, or the mailbox that the application opens.
server-unknown-to-provider = The operator has not set the server for this provider's mailboxes (imap_host), so the provider cannot be used here.
username-wrong = Enter a login name on one line.
pin-wrong = A fingerprint has 64 hexadecimal digits.
login-step-title = How does Mailferry log in?
microsoft-unregistered = Microsoft does not accept passwords for IMAP. The operator of Mailferry must first register an application with Microsoft, as described in docs/office365.md.
consent-text = The owner of { $address } signs in at the provider and gives consent. Mailferry never gets the password.
connect-with = Connect with { $provider }
shared-title = Is this a shared mailbox?
shared-identity = Account that signs in
shared-hint = A member with full access to the shared mailbox. The shared mailbox itself cannot sign in.
provider-none = That provider is not registered here.
consent-not-here = That account's consent cannot be used here.
consent-busy = The consent is being renewed right now. Try again in a minute.
consent-not-pending = This consent does not belong to an open request, or it took too long. Start again from the mailbox.
password-mailbox = Mailbox password
password-mailbox-hint = Mailferry logs in as { $username }. The password is stored encrypted and never shown again.
password-use = Use this password
mail-password-wrong = Enter a password on one line.
login-keep = Keep the current login
folders-title = Which folders should Mailferry fetch?
folders-which = Folders on the server
login-works = The login works.
folders-none = Choose at least one folder.
folders-many = Choose at most 100 folders.
folders-target = Messages moved to a folder that is itself fetched would be fetched again. Choose another folder.
special-sent = sent
special-trash = trash
special-junk = junk
special-drafts = drafts
special-archive = archive
special-all = all mail
special-flagged = flagged
inbox-title = Which inbox should the mail go to?
inbox-text = Several mailboxes can feed the same inbox.
inbox-fed-by = Fed by { $mailboxes }
inbox-fed-by-none = No mailbox yet
inbox-new = New inbox
copy-title = What happens to the customer's copy?
copy-text = As soon as a message is safely stored in the inbox.
copy-leave = Leave it as it is
copy-seen = Mark it as read
copy-keyword = Mark it with a keyword
copy-move = Move it to a folder
copy-delete = Delete it
copy-exactly-leave = Mailferry never changes anything in the mailbox. It opens the folder read-only, so the server itself prevents changes.
copy-exactly-seen = Every imported message is marked as read. Nothing else is changed.
copy-exactly-keyword = Every imported message gets the keyword. Whether it is read or unread does not change.
copy-exactly-move = Every imported message is moved to the folder, which is created if it does not exist.
copy-exactly-delete = Every imported message is permanently deleted from the server. Other messages that are marked for deletion are not touched.
copy-impossible = Not possible on this server:
copy-uncertain = Whether the folder keeps the mark is only known after the first message.
keyword = Keyword
target-folder = Folder to move to
keyword-wrong = A keyword can contain letters, digits, - _ . and $.
folder-wrong = Enter the folder's name.
copy-wrong = Choose what should happen.
start-title = How far back should Mailferry fetch mail?
start-which = Start date
start-now = From the moment you start
start-now-text = Older messages are skipped.
start-date = From a certain date
start-all = All existing mail
start-all-text = Old messages are marked as historic, so that they get no automatic replies.
start-wrong = Choose a date, such as 2026-11-01.
trial-title = Dry run
trial-text = This is what the first fetch would do. Nothing is imported and nothing is changed.
trial-running = Mailferry is checking the mailbox …
trial-start = Start the dry run
trial-partial = There was not enough time to check everything. The numbers cover only a part.
trial-would = { $count ->
        [one] { $count } message would be fetched
       *[other] { $count } messages would be fetched
    }
trial-target-others = { $count ->
        [one] 1 more message, for other reasons
       *[other] { $count } more messages, for other reasons
    }
trial-target = { $count ->
        [one] { $count } to { $inbox }, because it { $why }
       *[other] { $count } to { $inbox }, because each { $why }
    }
trial-automatic = { $count ->
        [one] of which { $count } is an automatic reply
       *[other] of which { $count } are automatic replies
    }
trial-too-large = { $count ->
        [one] { $count } is too large and will be quarantined
       *[other] { $count } are too large and will be quarantined
    }
trial-before = { $count ->
        [one] { $count } is older than the start date and will be skipped
       *[other] { $count } are older than the start date and will be skipped
    }
trial-known = { $count ->
        [one] { $count } has already been handled
       *[other] { $count } have already been handled
    }
trial-duplicates = { $count ->
        [one] { $count } is probably in the inbox already
       *[other] { $count } are probably in the inbox already
    }
trial-undecided = { $count ->
        [one] { $count } cannot be decided in advance
       *[other] { $count } cannot be decided in advance
    }
trial-not-checked = { $count ->
        [one] { $count } was not checked
       *[other] { $count } were not checked
    }
trial-more = { $count ->
        [one] and { $count } more
       *[other] and { $count } more
    }
trial-nothing-changed = Nothing was imported, and nothing was changed in the mailbox.
automatic = (automatic)
verdict-import = will be fetched
verdict-too-large = too large, will be quarantined
verdict-duplicate = probably already in the inbox
verdict-undecided = cannot be decided yet
goes-to = Goes to
start-mailbox = Start
start-promise-leave = Mailferry never changes anything in the mailbox.
start-promise-seen = Mailferry marks imported messages as read in the mailbox.
start-promise-keyword = Mailferry adds a keyword to imported messages in the mailbox.
start-promise-move = Mailferry moves imported messages to another folder in the mailbox.
start-promise-delete = Mailferry deletes imported messages from the mailbox.
setup-cancel = Cancel setup
setup-cancel-text = Nothing has been fetched yet, so nothing is lost.
back-to-mailbox = Back to the mailbox

# The page for the customer's IT staff.
customer-title = Connect { $address }
customer-text = { $by } is asking to fetch new mail from this mailbox into { $inbox }.
customer-server = The password is sent only to { $host }, to log in as { $username }.
customer-reached = Port { $port }; { $how }
customer-trust = For this server, Mailferry trusts only this certificate or authority, not the usual ones: { $trust }
customer-link-busy = The link is in use right now. Wait a moment, then reload this page.
customer-server-changed = The server was changed while the page was open. Check that it is yours before you continue.
customer-secret = The password is stored encrypted. It is never shown again, not even to the person who asked for it.
customer-submit = Submit password
customer-again = The link is still valid. Try again.
customer-done-title = Done
customer-done = { $address } is connected.
customer-done-next = You can close this page. The link has been used and is no longer valid.

# Inboxes and messages.
inboxes-empty-title = No inboxes yet
inboxes-empty-text = An inbox is where mail ends up, for example jobb.lillestad.se@mail.kundo.se.
inbox-add-title = New inbox
inbox-add = Create inbox
inbox-address = Address
inbox-name = Name
inbox-name-hint = Optional. Shown next to the address.
inbox-organisation-hint = Leave empty for the organisation named default.
inbox-taken = That address cannot be used. Choose another one.
inbox-empty = No messages yet. Messages appear here as soon as a mailbox that feeds this inbox gets mail.
fed-by = Fed by
routes = Additional recipients
routes-text = Mail to these addresses goes to this inbox, no matter which of the organisation's mailboxes it arrives in.
route-add = Recipient address
reply-from = Replies are sent from
reply-from-hint = Optional. Replies to mail in this inbox must be sent from this address. Delivered messages carry it, so that your helpdesk can use it.
from = From
to = To
cc = Cc
sent = Sent
subject = Subject
size = Size
no-subject = (no subject)
message-id = Message-ID
imported-at = Imported
why-here = Why is it here?
why-seen = Found in { $mailbox }, folder { $folder }, as UID { $uid }
why-received = (arrived there at { $time })
why-routed = To { $inbox }, because the message { $why }
why-mailbox = arrived in the mailbox { $what }
why-sent = was sent to { $what } ({ $field })
why-delivered = was delivered to { $what } ({ $field })
why-line = has the header { $field }: { $what }
why-imported = Imported into the inbox at { $time }
why-historic = From before the mailbox was connected.
why-acknowledged = Acknowledged by the importing system at { $time }
why-forwarded = The same mail also came by forwarding, as your helpdesk reported at { $time }.
why-also = The same message also arrived here:
mail-original = Original (.eml)
mail-text = Message text
mail-as-text = As plain text
mail-headers = All headers
mail-cut = Only part of this message is shown. The original contains everything. Not shown:
mail-cut-html = Part of this message is not shown here. The original contains everything.
cut-mail = everything after the first 50 MB
cut-headers = some header fields, or the end of long ones
cut-addresses = some addresses
cut-parts = some parts
cut-depth = deeply nested parts
cut-text = the end of the text
cut-html = the end of the HTML
cut-time = content that would have taken too long to read
mail-remote = { $count ->
        [one] { $count } remote image is not shown.
       *[other] { $count } remote images are not shown.
    }
mail-unreadable = The message cannot be shown. The original is intact and can be downloaded.
mail-raw-removed = The mail was delivered, and its content was deleted here at { $time }, as configured for its delivery target.
attachments = Attachments
search-text = Search all messages that Mailferry has ever seen, by sender, subject or Message-ID.
search-for = Sender, subject or Message-ID
search-found = In an inbox
search-not-imported = Found, but not imported
search-why-not = Reason
search-none-title = No matching message was found
search-none-text = It did not arrive in any connected folder, or it arrived before the start date. Check the customer's junk folder and mail rules, and whether the mailbox was fetched recently.
where = Where

# Test message.
test-text = Send a message to { $address } and follow it here, step by step.
test-code = Get a code
test-send = Send a test message
test-again = Refresh
test-subject = Mailferry test { $code }
test-body = This is a test of Mailferry. You may delete it.
test-send-yourself = Send a message to { $address } with this code in the subject, preferably from another account:
test-begun = The test started
test-sent = Mailferry sent the message
test-not-sent = Mailferry could not send the message. Send it yourself.
test-waiting = Waiting for the next fetch from the mailbox …
test-checked = Mailferry checked the mailbox at { $time }. The message has not arrived yet.
test-seen = Found in { $mailbox }, folder { $folder }, as UID { $uid }
test-elsewhere = It arrived in a different mailbox from the one you are testing.
test-arrived = In the inbox. Everything works.
test-quarantined = Found as UID { $uid }, but quarantined: { $reason }
test-paused = The mailbox is paused. Resume it first.
test-too-soon = A test has just started. Wait half a minute before you start another one.
test-held = The server has asked Mailferry to wait until { $time }.
test-late = The message has not arrived within five minutes. Check the following:
test-late-sent = Did it leave the sender's server? If it bounced, the sender has a notification.
test-late-junk = Is it in the customer's junk folder, or in a folder that is not fetched?
test-late-rule = Is there a rule in the mailbox that moves or deletes it?
test-late-address = Does the address lead to this very mailbox, or is it a mailing list or an alias?
test-copy-leave = The customer's copy of the test message is left as it is.
test-copy-seen = The test message is handled like every other message: it is marked as read.
test-copy-keyword = The test message is handled like every other message: it gets the keyword.
test-copy-move = The test message is handled like every other message: it is moved.
test-copy-delete = The test message is handled like every other message: it is deleted from the customer's mailbox.

# Audit log and settings.
audit-text = All changes, with their author and time.
audit-none = Nothing has been changed yet.
audit-actor = Who
audit-action = What
audit-target = Target
audit-person-added = Added a user
audit-person-joined = Created their account
audit-person-invited = Invited someone
audit-invitation-revoked = Revoked an invitation
audit-person-removed = Removed a user
audit-password-changed = Changed a password
audit-token-created = Created an API token
audit-token-revoked = Revoked an API token
audit-mailbox-added = Added a mailbox
audit-mailbox-changed = Changed a mailbox
audit-mailbox-started = Started a mailbox
audit-mailbox-paused = Paused a mailbox
audit-mailbox-resumed = Resumed a mailbox
audit-mailbox-removed = Removed a mailbox
audit-credentials-changed = Changed a mailbox's credentials
audit-consent-asked = Asked for a consent
audit-consent-given = Stored a consent
audit-consent-given-up = Revoked a consent
audit-link-made = Created a link for the customer
audit-ledger-retried = Retried quarantined messages
audit-ledger-skipped = Skipped a message
audit-inbox-added = Created an inbox
audit-inbox-changed = Changed an inbox
audit-inbox-removed = Removed an inbox
audit-route-added = Added a recipient to an inbox
audit-route-removed = Removed a recipient from an inbox
audit-target-added = Added a delivery target
audit-target-changed = Changed a delivery target
audit-target-paused = Paused a delivery target
audit-target-resumed = Resumed a delivery target
audit-target-removed = Removed a delivery target
audit-delivery-retried = Sent a message to its target again
audit-delivery-moved = Sent a held message to another target
audit-delivery-dropped = Dropped the delivery of a message
audit-held-retried = Sent all held messages of a target again
audit-held-dropped = Dropped all held deliveries of a target
audit-test-begun = Started a mailbox test
audit-organisation-added = Added an organisation
audit-key-rotated = Rotated the master key
audit-secrets-forgotten = Discarded the secrets of a lost key
tokens-title = API tokens
tokens-text = For programs that fetch messages or manage mailboxes through /api/v1.
token-created = Copy the token now. It is shown only once.
token-name = Name of the new token
token-scope = Permission
token-scope-read = Read
token-scope-write = Read and change
token-create = Create token
token-revoke = Revoke
token-created-by = created with { $name }
token-with-descendants = Also revoke the tokens created with it: { $names }
token-revoke-sure = Revoke { $name }? Programs that use it will stop working.
last-used = Last used
providers-title = Providers
providers-text = Applications for signing in with Microsoft and Google. They are registered in Mailferry's configuration, as described in docs/office365.md and docs/google.md.
provider = Provider
application = Application
ends = Expires
provider-unregistered = not registered
callback-text = The redirect address to register with the provider:
keys-title = Master key
keys-current = All secrets are encrypted with the current key.
keys-old = Some secrets are encrypted with an older key. Run mailferry key rotate.
settings-own = Language, time zone and password

# Actors in the audit log.
who-command-line = command line
who-connect-link = connect link

# Delivery targets.
targets-title = Delivery
targets-none = Messages stay in this inbox, where programs fetch them by the API. Add a target to deliver them to your helpdesk too.
target = Target
target-add = Add a delivery target
target-add-text = Every message that arrives from now on is delivered to the target too, unchanged. It also stays in this inbox.
target-url = Address of the target
target-url-hint = A mail server: smtp://mx.kundo.example:587 or lmtp://mail.kundo.example:24. mx: for the mail servers of the recipient's domain. A webhook: https://helpdesk.example/mail
target-username = Login name
target-secret = Password or secret
target-secret-hint = The password for the login name. For a webhook without a login name: its signing secret (whsec_…) or bearer token.
target-secret-kept = A secret is stored. Leave the field empty to keep it. A new signing secret leaves the old one valid for 24 hours.
target-secret-again = The secret was given for the previous address. Enter it again.
target-format = Webhooks receive
target-format-json = JSON: the parsed message and the original, signed according to the Standard Webhooks specification
target-format-raw = the original message (message/rfc822), as Rails' Action Mailbox accepts it
target-more = More settings
target-recipient = Recipient
target-recipient-hint = For mail servers. Empty: the inbox's own address.
target-concurrency = Connections at once
target-concurrency-hint = With more than one, messages may arrive out of order.
target-rate = Messages per minute
target-rate-hint = Empty: no limit. A limit keeps the import of a whole mailbox from flooding the target.
target-only = Delete the content of a message here some days after its delivery, so that only the target has it
target-look-in = Look for mail in the recipient's mailbox
target-look-in-hint = The IMAP server where mail for the recipient arrives. If the answer to a message is lost, Mailferry looks there before sending the message again. Mail servers only.
target-look-username = User name of the mailbox
target-look-password = Password of the mailbox
target-look-password-kept = Leave it empty to keep the stored password.
target-when-unknown = If the answer to a message is lost and the message is not found
target-when-unknown-repeat = send it again with the same id; the target may get it twice
target-when-unknown-hold = hold it until somebody decides
target-repair = Turn irregular line ends into CRLF for servers that take nothing else, instead of holding the message
target-ca = Certificate authorities (PEM)
target-ca-hint = Only for servers whose certificate comes from a private authority. Empty: unchanged.
target-test = Test the connection
target-test-ok = The target is ready. Its answer:
target-test-failed = The target is not ready.
target-trouble = The target does not take mail at the moment
target-of-all = Every inbox without a target of its own (set in the configuration)
target-waiting = Waiting
target-held = Held
target-delivered = Delivered
target-last-delivered = Last delivered
target-answer = Answer
target-state-ok = OK
target-state-failing = Failing
target-state-paused = Paused
target-state-unused = Not in use
target-remove = Remove the target
target-remove-text = The messages stay in the inbox.
target-remove-sure = Remove this target?
target-with-undelivered = { $count ->
    [one] Drop one delivery that waits or is held
   *[other] Drop { $count } deliveries that wait or are held
}
held-title = Held messages
held-text = The target has refused these messages, or may have them already. They are kept until somebody decides.
held-retry-all = Send all again
held-drop-all = Drop all
held-drop-all-sure = Drop all held deliveries of this target? The messages stay in the inbox.
deliveries-title = Deliveries
deliveries-none = Nothing has been delivered yet.
delivery-state = State
delivery-state-queued = Waiting
delivery-state-sending = Being sent
delivery-state-maybe = May have arrived, will be sent again
delivery-state-deferred = Refused for now, will be retried
delivery-state-held = Held
delivery-state-delivered = Accepted
delivery-state-dropped = Dropped
delivery-unsure = The target may already have the message.
delivery-retry = Send again
delivery-drop = Drop
delivery-drop-sure = Drop this delivery? The message stays in the inbox.
last-attempt = Last attempt
done-target-added = The target has been added. Test the connection now.
done-target-paused = The target has been paused. Messages wait.
done-target-resumed = The target has been resumed.
done-target-removed = The target has been removed.
done-delivery-retried = Mailferry will send the message again.
done-delivery-dropped = The delivery has been dropped. The message stays in the inbox.
