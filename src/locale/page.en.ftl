# The texts of the pages.
skip = Skip to the content
nav-label = Parts
nav-mailboxes = Mailboxes
nav-inboxes = Inboxes
nav-search = Where is my mail?
nav-audit = Audit
nav-people = People
nav-settings = Settings
log-out = Sign out
log-in = Sign in
save = Save
add = Add
search = Search
copy = Copy
copied = Copied
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

# When something is not possible.
fault-not-found = There is nothing here.
aside-no-longer = That mail is no longer put aside: it may have been fetched, or the folder was numbered anew.
fault-forbidden = Your role does not allow that.
fault-sign-in = Sign in first.
fault-foreign = The request did not come from Mailferry's own pages, so nothing was done.
fault-conflict = That is not possible.
fault-inside = Something went wrong in Mailferry. Nothing is lost; try again in a moment.
fault-busy = Many mails are being read just now. Try again in a moment.
fault-full = Mailferry has no room for this request just now. Try again in a moment.
fault-no-host = The request does not say by which one name it asks, so it is not answered.
fault-other-host = This is not the site that was asked for. The operator names all names of Mailferry in the configuration, in http.url and http.hosts.
fault-nul = A text in the request holds the character U+0000, which no text here can hold. Nothing was done.
fault-form = The form is too long, or did not come to its end. Nothing was done.
server-in-clear = Without TLS the password could be read on its way to that server. Only an operator can choose that for another machine than this one.
fault-role = Choose a role.
fault-yourself = You cannot remove yourself.
fault-address = That is not a mail address.
fault-back = To the mailboxes

# Signing in and out, accounts.
login-title = Sign in
login-nobody-yet = Nobody has an account yet. When the server starts (mailferry serve) it prints a link for the first account; it works once.
login-wrong = The name or the password is wrong.
login-wait = { $count ->
        [one] Too many tries. Try again in { $count } minute.
       *[other] Too many tries. Try again in { $count } minutes.
    }
mailbox-wait = The login at the mailbox's server has failed several times. Wait { $count ->
    [one] a minute
   *[other] { $count } minutes
    } so that the account is not locked.
passwords-wait = { $count ->
        [one] The server has refused several passwords for this account. Wait a minute before you give the next, so that it is not locked.
       *[other] The server has refused several passwords for this account. Wait { $count } minutes before you give the next, so that it is not locked.
    }
login-busy = Many sign in just now. Try again in a moment.
login-sso = Sign in with { $name }
login-sso-nobody = { $identity } has no account here. Ask an admin for an invitation.
login-sso-other = { $identity } stands for another account at the provider already. Ask the operator for a new password by mailferry user passwd; then it can be bound anew.
login-sso-failed = Signing in with { $name } did not come to its end. Try again.
name = Name
name-hint = Your mail address, for example.
name-wrong = A name has 1 to 100 characters, without blanks, quotes and < > & / \.
name-refused = That name cannot be used. Choose another, such as your whole mail address.
password = Password
password-hint = At least 8 characters. A sentence that you remember is better than a tricky word.
password-again = The password again
password-now = Current password
password-new = New password
password-change = Change the password
password-ends-sessions = Other browsers in which you are signed in are signed out.
password-too-short = The password is too short: at least 8 characters.
password-too-long = The password is too long: at most 1000 characters.
password-differs = The two passwords differ.
password-now-wrong = The current password is wrong.
setup-title = Welcome to Mailferry
setup-text = This is the first account. It may do everything; you invite others later.
invitation-title = Make your account
account-make = Make the account
account-title = Your account
account-taste = Language and time
account-password = Password
language = Language
zone = Time zone
zone-hint = It is { $time } there now.
role = Role
invitations-open = Invitations that wait
invitation-revoke = Take back
made-by = Made by
works-until = Works until
done-invitation-revoked = The invitation is taken back.
role-viewer = Viewer
role-admin = Admin
role-operator = Operator
role-text-viewer = Sees their organisation's mailboxes, inboxes and mail, and changes nothing.
role-text-admin = Connects mailboxes and changes everything that belongs to the organisation.
role-text-operator = Sees and changes everything, in all organisations.
organisation = Organisation
organisation-hint = A new name is a new organisation. An operator belongs to none.
last-login = Last signed in
invite-title = Invite somebody
invite-make = Make an invitation
invite-made = Send this link to whom you invite. It is shown only now, and works once, within seven days.
link-over-title = This link does not work
link-over-text = It was used already, or its time is over. Ask whoever sent it for a new one.
person-remove-sure = Remove { $name }? Invitations, connect links and API tokens that { $name } made stop working too.

# What was just done.
done-saved = Saved.
done-login-anew = Saved. The password or consent was given for the server, its certificate and the login name as they were before: give it anew.
done-password = The password is changed.
done-person-removed = The person is removed and signed out.

# The list of mailboxes.
mailbox = Mailbox
state = State
last-look = Last fetch
last-mail = Last mail
today = Today
next-poll = Next fetch
connect-mailbox = Connect a mailbox
list-search = Address or inbox
list-states = States
list-all = All { $count }
list-nothing = No mailbox matches the search.
list-quiet = All is well, but no mail has come for long. Send a test mail.
list-empty-title = Here there will be mail
list-empty-text = Once a mailbox is connected, Mailferry fetches what comes there and puts it into the right inbox. The customer's own copy is left alone unless something else is chosen.
list-empty-inbox = You make the inbox along the way.
list-empty-viewer = An admin can connect the first one.
pages = Pages
page-of = Page { $page } of { $pages }
page-before = Previous
page-after = Next
mailbox-state-needs-person = Needs you
mailbox-state-failing = Failing, tries again
mailbox-state-behind = Behind
mailbox-state-new = New
mailbox-state-ok = Works
mailbox-state-setup = Not started
mailbox-state-paused = Paused

# What a fetch failed at, and what to do.
error-reach = The server cannot be reached at that name and port.
error-tls = The secure connection to the server could not be made.
error-starttls = The server did not change to a secure connection.
error-greeting = The server answers, but not as a mail server.
error-token = The provider gives Mailferry no access.
error-login = The server did not let Mailferry in.
error-select = A folder could not be opened.
error-search = The server could not list the mail.
error-fetch = A mail could not be fetched.
error-import = The mail could not be stored.
error-settle = The customer's copy could not be dealt with as chosen; the mail is in its inbox.
error-record = The result could not be written down.
error-lease = The mailbox was changed while mail was fetched.
error-place = Too many mailboxes are being looked at just now.
error-pace = The server answered too slowly while other mailboxes waited.
error-other = The last fetch failed.
remedy-reach = Check the server's name and port, and that the customer's firewall lets us in. Mailferry tries again by itself.
remedy-tls = Check that the port speaks TLS (usually 993) and that the certificate is valid for the name.
remedy-login = Check the login name and the password, and that IMAP is switched on for the account. The password is changed under Password and consent on the mailbox's page.
remedy-select = Check that the folder is still there, or choose another.
remedy-us = Whoever runs Mailferry has to do something.
remedy-place = Try again in a minute.
remedy-pace = It is tried again by itself, and more patiently. If it stays so, whoever runs the mail server should see why it is slow.
remedy-other = Mailferry tries again by itself.
# A mailbox.
mail = Mail
nav-mails = Mail
mails = { $count ->
        [one] { $count } mail
       *[other] { $count } mails
    }
mails-unknown = an unknown number of mails
inbox = Inbox
folder = Folder
folders = Folders
server = Server
time = Time
reason = Reason
your-copy = The customer's copy
logs-in = Logs in
complete = Completeness
complete-yes = Every mail on the server is accounted for
complete-unknown = Not compared with the server yet
complete-contradicted = Not known: the server’s answers contradict each other
compared-at = compared { $time }
complete-no = { $count ->
        [one] { $count } mail on the server is not accounted for
       *[other] { $count } mails on the server are not accounted for
    }
pending = { $count ->
        [one] { $count } waits to be fetched
       *[other] { $count } wait to be fetched
    }
copies-impossible = { $count ->
        [one] { $count } copy could not be dealt with
       *[other] { $count } copies could not be dealt with
    }
zero-changes = 0 changing commands sent to the mailbox since { $time }
by-consent = by the consent of { $identity } ({ $provider })
by-password = as { $username }, with a password
tls-implicit = encrypted from the start (TLS)
tls-starttls = encrypted after STARTTLS
tls-none = not encrypted, to this machine only
change-settings = Change the settings
test-mail = Test mail
poll-now = Fetch now
pause = Pause
resume = Go on
check-now = Find the fault
check-title = Step by step
check-failed = here it stops
check-reached = The server answers.
check-step-dns = The server's name
check-step-tcp = Connection
check-step-tls = Secure connection
check-step-starttls = Secure connection
check-step-greeting = Greeting
check-step-token = Access from the provider
check-step-login = Login
check-step-capabilities = What the server can do
check-step-folder = Folder
check-step-select = The folder opens
check-step-after-import = The customer's copy
check-step-diagnosis = Cause
check-step-search = Search
check-step-settle = The customer's copy
failing-since = It began to fail at { $time }.
tries-again = Mailferry tries again { $time }.
own-words = Technical text
plot-mails = Mails a day
plot-looks = Fetches a day
plot-most = at most { $count }
plot-bad = red have failed
plot-none = Nothing in the last 30 days.
plot-day = { $date }: { $number }
plot-day-bad = { $date }: { $number }, of which { $bad } failed
polls-title = Recent fetches
polls-none = None has brought mail or failed yet.
poll-well = Went well
imported = Imported
left-out = Left out
put-aside = Put aside
what-happened = What happened
aside-title = Put aside
aside-text = These mails are still with the customer and could not be imported. Nothing is lost.
retry = Try again
skip-mail = Leave it out
ledger-title = What became of every mail
ledger-text = Every mail on the server has a number (UID). This says what became of it.
ledger-link = What became of every mail
ledger-all = All
ledger-none = No mail in this state.
uid-pending = waiting
uid-imported = in the inbox
uid-duplicate = was there already
uid-skipped = left out
uid-quarantined = put aside
uid-gone = gone from the server
mail-open = Open the mail
older = Older
more = More
credentials-title = Password and consent
credentials-text = What is stored here nobody can read again, only replace.
consent-again = Consent again at { $provider }
password-new-mailbox = New password of the mailbox
login-otherwise = Log in another way
link-title = Let the customer do it
link-text = A link by which the customer's own IT enters the password or consents. They need no account here, and you never see the password.
link-make = Make a link
link-made = Send this link to the customer. It is shown only now, and works once, within three days.
link-open = A link is open until { $time }. A new one takes its place.
remove-title = Remove the mailbox
remove-text = The password or the consent and the list of mails go. Mail that was fetched stays in its inbox, and nothing is changed at the customer's.
remove-sure = Write { $address } to confirm
remove-mailbox = Remove the mailbox
fault-not-sure = Write the mailbox's address to confirm. Nothing was removed.
done-paused = The mailbox is paused.
done-resumed = The mailbox is fetched from again.
done-poll = Mailferry fetches from the mailbox now.
done-poll-waits = Mailferry waits, since the server or the last failure asks for that. More tries now could lock the account.
done-password-mailbox = The password is stored, and Mailferry tries it now.
done-retried = Mailferry tries again.
done-skipped = The mail is left out.
done-mailbox-removed = The mailbox is removed.
done-started = The mailbox is started. The first fetch is made now.
done-consent = The consent is stored.
done-inbox-added = The inbox is there now.
done-token-revoked = The token works no longer.

# Connecting a mailbox.
steps = Steps
step-server = Server
step-login = Login
step-folders = Folders
step-inbox = Inbox
step-copy = The customer's copy
step-start = From when
step-trial = Dry run
connect-text = Type the customer's address, and Mailferry looks for the server. Nothing is fetched before you start in the last step.
customers-address = The customer's address
customers-address-hint = The short one, that the customer's customers write to.
whose-mailbox = Which customer the mailbox belongs to. Only that organisation's users see it and its mail. A new organisation is made with its first inbox or invitation.
organisation-needed = Choose which organisation the mailbox belongs to.
first-inbox = The inbox's address
first-inbox-hint = Where the mail goes. This becomes the first inbox.
find-server = Find the server
address-there = That address is connected already.
address-not-here = That address cannot be connected here. Ask whoever runs Mailferry.
inbox-needed = Give an address for the inbox.
server-title = Is this the right server?
found-provider = A provider that Mailferry knows.
found-mx = Found by the domain's mail records (MX).
found-autoconfig = The domain says so itself (autoconfig).
found-srv = The domain says so itself (SRV).
found-guess = A guess: there is a server with that name.
found-nothing = No server was found. Fill in what the customer's IT says.
host = Server
port = Port
protection = Protection
username = Login name
username-hint = Usually the whole address. For a shared mailbox: its own address.
certificate-own = The server has a certificate of its own
certificate-unknown = The server shows a certificate that no known issuer stands behind. Compare the fingerprint with what the customer's IT says; if it is the same, you can trust this very certificate.
certificate-trust = Trust this certificate
pin = The certificate's fingerprint (SHA-256)
pin-hint = Only the certificate with this fingerprint is accepted then.
host-wrong = That is not a server's name.
port-wrong = The port is a number from 1 to 65535.
tls-wrong = Choose how the connection is protected.
tls-needed = Without encryption the password can be read on the way; that is possible to this machine only.
port-not-allowed = That port is for operators only. Choose 993 or 143.
server-of-tokens = The mailbox is opened through its provider, whose server is { $host }. Choose a password first if it is to be fetched from elsewhere.
server-own-trust = The mailbox is opened through its provider, whose server is known by the usual certificates. Take the fingerprint away first.
server-of-application = A registered application opens this mailbox. Only operators can change which server and which mailbox that is.
server-unknown-to-provider = The operator has not named the server of this provider's mailboxes (imap_host), so it cannot be used here.
username-wrong = Write a login name, on one line.
pin-wrong = A fingerprint is 64 hexadecimal digits.
login-step-title = How does Mailferry log in?
microsoft-unregistered = Microsoft takes no passwords for IMAP. Whoever runs Mailferry has to register an application with Microsoft first; the README says how.
consent-text = Whoever has { $address } signs in at the provider and consents. Mailferry never gets the password.
connect-with = Connect with { $provider }
shared-title = Is it a shared mailbox?
shared-identity = The account that signs in
shared-hint = A member with full access to the shared mailbox, since nobody signs in as the mailbox itself.
provider-none = That provider is not registered here.
consent-not-here = That account's consent cannot be used here.
consent-busy = The consent is being renewed just now. Try again in a minute.
errand-over = The consent did not belong to anything that waited for it, or it took too long. Begin again at the mailbox.
password-mailbox = The mailbox's password
password-mailbox-hint = Mailferry logs in as { $username }. The password is stored encrypted and never shown again.
password-use = Use the password
mail-password-wrong = Write a password, on one line.
login-keep = Keep the login as it is
folders-title = Which folders are to be fetched?
folders-which = Folders on the server
login-works = The login works.
folders-none = Choose at least one folder.
folders-many = Choose at most 100 folders.
folders-target = Mail that is moved to a folder that is itself fetched would come in again. Choose another folder.
special-sent = sent
special-trash = trash
special-junk = junk
special-drafts = drafts
special-archive = archive
special-all = all mail
special-flagged = flagged
inbox-title = Which inbox does the mail go to?
inbox-text = Several mailboxes may feed one inbox.
inbox-fed-by = Fed by { $mailboxes }
inbox-fed-by-none = Fed by none yet
inbox-new = A new inbox
copy-title = What happens to the customer's copy?
copy-text = Once a mail is safe in the inbox.
copy-leave = Leave it as it is
copy-seen = Mark it as read
copy-keyword = Mark it with a keyword
copy-move = Move it to a folder
copy-delete = Delete it
copy-exactly-leave = We never change anything in your mailbox: the folder is opened read-only, so the server itself keeps us from it.
copy-exactly-seen = Every imported mail gets the mark read. Nothing else is touched.
copy-exactly-keyword = Every imported mail gets the keyword. Read or unread is not changed.
copy-exactly-move = Every imported mail is moved to the folder, which is made if it is not there.
copy-exactly-delete = Every imported mail is deleted from the server, for good. Other mails that are marked for deletion are not touched.
copy-impossible = This server cannot do that:
copy-uncertain = Whether the folder keeps the mark shows with the first mail.
keyword = Keyword
target-folder = Folder to move to
keyword-wrong = A keyword has letters, digits, - _ . and $.
folder-wrong = Write the folder's name.
copy-wrong = Choose what is to happen.
start-title = From when is mail to be fetched?
start-which = Beginning
start-now = From when you start
start-now-text = Older mail is left out.
start-date = From a date on
start-all = Everything there is
start-all-text = Old mail is marked as historic, so that nobody gets automatic answers to it.
start-wrong = Choose a date, such as 2026-11-01.
trial-title = Dry run
trial-text = This is what the first fetch would do. Nothing is imported and nothing is changed.
trial-looking = Mailferry looks into the mailbox …
trial-look = Try it
trial-partial = There was no time for everything; the numbers are for a part.
trial-would = { $count ->
        [one] { $count } mail would be fetched
       *[other] { $count } mails would be fetched
    }
trial-target-others = { $count ->
        [one] 1 more mail, for other reasons
       *[other] { $count } more mails, for other reasons
    }
trial-target = { $count ->
        [one] { $count } to { $inbox }, because the mail { $why }
       *[other] { $count } to { $inbox }, because the mail { $why }
    }
trial-automatic = { $count ->
        [one] of which { $count } is an automatic reply
       *[other] of which { $count } are automatic replies
    }
trial-too-big = { $count ->
        [one] { $count } is too big and is put aside
       *[other] { $count } are too big and are put aside
    }
trial-before = { $count ->
        [one] { $count } is older than the beginning and is left out
       *[other] { $count } are older than the beginning and are left out
    }
trial-known = { $count ->
        [one] { $count } is dealt with already
       *[other] { $count } are dealt with already
    }
trial-duplicates = { $count ->
        [one] { $count } is probably in the inbox already
       *[other] { $count } are probably in the inbox already
    }
trial-undecided = { $count ->
        [one] { $count } cannot be told in advance
       *[other] { $count } cannot be told in advance
    }
trial-not-looked = { $count ->
        [one] { $count } was not looked at
       *[other] { $count } were not looked at
    }
trial-more = { $count ->
        [one] and { $count } more
       *[other] and { $count } more
    }
trial-nothing-changed = Nothing was imported, and nothing was changed in the mailbox.
automatic = (automatic)
verdict-import = is fetched
verdict-too-large = too big, is put aside
verdict-duplicate = probably there already
verdict-undecided = cannot be told
goes-to = Goes to
start-mailbox = Start
start-promise-leave = We never change anything in your mailbox.
start-promise-seen = Imported mail is marked as read in the mailbox.
start-promise-keyword = Imported mail gets a keyword in the mailbox.
start-promise-move = Imported mail is moved to another folder of the mailbox.
start-promise-delete = Imported mail is deleted from the mailbox.
setup-give-up = Give the set-up up
setup-give-up-text = Nothing was fetched yet, so nothing is lost.
back-to-mailbox = To the mailbox

# The page that the customer's IT gets.
customer-title = Connect { $address }
customer-text = { $by } asks to fetch new mail from here into { $inbox }.
customer-server = The password is sent to { $host } only, for { $username }.
customer-reached = Port { $port }; { $how }
customer-trust = Mailferry trusts only this certificate or authority there, in place of the usual ones: { $trust }
customer-link-busy = The link is being used right now. Wait a moment, then look at this page again.
customer-server-changed = The server was changed while the page was open. Check that it is yours before you go on.
customer-secret = The password is stored encrypted. Nobody can read it again, nor can who asked for it.
customer-give = Give the password
customer-again = The link still works; try again.
customer-done-title = Done
customer-done = { $address } is connected.
customer-done-next = You can close this page. The link has done its work and works no longer.

# Inboxes and mail.
inboxes-empty-title = No inboxes yet
inboxes-empty-text = An inbox is where mail ends up, for example jobb.lillestad.se@mail.kundo.se.
inbox-add-title = A new inbox
inbox-add = Make the inbox
inbox-address = Address
inbox-name = Name
inbox-name-hint = Optional. Shown beside the address.
inbox-organisation-hint = Leave empty for the organisation default.
inbox-taken = That address cannot be used; choose another.
inbox-empty = No mail yet. When a mailbox that feeds this inbox gets mail, it is shown here.
fed-by = Fed by
routes = More recipients
routes-text = Mail to these addresses goes here, from whichever of the organisation's mailboxes it comes.
route-add = The recipient's address
reply-from = Replies leave from
reply-from-hint = Optional. The only address that replies from the inbox leave from.
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
why-seen = Seen in { $mailbox }, folder { $folder }, as UID { $uid }
why-came = (came there at { $time })
why-routed = To { $inbox }, because the mail { $why }
why-mailbox = came to the mailbox { $what }
why-sent = was sent to { $what } ({ $field })
why-delivered = was delivered to { $what } ({ $field })
why-line = has the line { $field }: { $what }
why-imported = In the inbox at { $time }
why-historic = From before the start.
why-acknowledged = Acknowledged by the importing system at { $time }
why-also = The same mail came in these ways too:
mail-original = The original (.eml)
mail-text = The mail's text
mail-as-text = As plain text
mail-headers = All headers
mail-cut = This mail is shown in part. The original has everything. Left out:
mail-cut-html = A part of this mail is not shown here. The original has everything.
cut-mail = what lies beyond the first 50 MB
cut-headers = some header fields, or the end of long ones
cut-addresses = some addresses
cut-parts = some parts
cut-depth = parts that lie too deep in others
cut-text = the end of the text
cut-html = the end of the HTML
cut-time = what would have taken too long to read
mail-remote = { $count ->
        [one] { $count } picture that lies elsewhere is not shown.
       *[other] { $count } pictures that lie elsewhere are not shown.
    }
mail-unreadable = The mail cannot be shown. The original is unharmed and can be downloaded.
attachments = Attachments
search-text = Search by sender, subject or Message-ID among all mail that Mailferry has ever seen.
search-for = Sender, subject or Message-ID
search-found = In an inbox
search-aside = Seen, but not imported
search-why-not = Why not
search-none-title = No such mail was seen
search-none-text = It did not come to any connected folder, or it came before the start. Look into the customer's junk folder and rules, and whether the mailbox was fetched from lately.
where = Where

# Test mail.
test-text = Send a mail to { $address } and follow it here, step by step.
test-code = Give me a code
test-send = Send a test mail
test-again = Look again
test-subject = Mailferry test { $code }
test-body = This is a test of Mailferry. You may delete it.
test-send-yourself = Send a mail to { $address } with this code in the subject, from another account if you can:
test-begun = The test began
test-sent = Mailferry has sent the mail
test-not-sent = Mailferry could not send the mail; send it yourself.
test-waiting = Waits for the next fetch from the mailbox …
test-looked = The mailbox was looked through at { $time }; the mail is not there yet.
test-seen = Seen in { $mailbox }, folder { $folder }, as UID { $uid }
test-elsewhere = It came by another mailbox than the one you test.
test-arrived = In the inbox. All is well.
test-aside = Seen as UID { $uid }, but put aside: { $reason }
test-paused = The mailbox is paused. Let it go on first.
test-too-soon = A test has just begun. Wait half a minute before you begin another.
test-held = The server has told us to wait until { $time }.
test-late = The mail has not come in five minutes. Look at this:
test-late-sent = Did it leave the sender's server? A bounce comes back to the sender.
test-late-junk = Is it in the customer's junk, or in a folder that is not fetched?
test-late-rule = Is there a rule in the mailbox that moves or deletes it?
test-late-address = Does the address lead to this very mailbox, or is it a list or an alias?
test-copy-leave = The customer's copy of the test mail is left as it is.
test-copy-seen = The test mail is dealt with as every other: it is marked as read.
test-copy-keyword = The test mail is dealt with as every other: it gets the keyword.
test-copy-move = The test mail is dealt with as every other: it is moved.
test-copy-delete = The test mail is dealt with as every other: it is deleted at the customer's.

# Audit and settings.
audit-text = Who changed what, and when.
audit-none = Nothing was changed yet.
who = Who
what = What
to-what = To what
audit-person-added = Added a user
audit-person-joined = Made their account
audit-person-invited = Invited somebody
audit-invitation-revoked = Took an invitation back
audit-person-removed = Removed a user
audit-password-changed = Changed a password
audit-token-created = Made an API token
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
audit-consent-given-up = Gave a consent up
audit-link-made = Made a link for the customer
audit-ledger-retried = Tried again what was put aside
audit-ledger-skipped = Left a mail out
audit-inbox-added = Made an inbox
audit-inbox-changed = Changed an inbox
audit-inbox-removed = Removed an inbox
audit-route-added = Added a recipient to an inbox
audit-route-removed = Removed a recipient from an inbox
audit-test-begun = Began a test mail
audit-organisation-added = Added an organisation
audit-key-rotated = Rotated the key
audit-secrets-forgotten = Forgot the secrets of a lost key
tokens-title = API tokens
tokens-text = For programs that fetch mail or keep mailboxes by way of /api/v1.
token-made = Copy the token now; it is shown only this once.
token-name = Name of the new token
token-scope = Right
token-scope-read = Read
token-scope-write = Read and change
token-make = Make the token
token-revoke = Revoke
token-made-by = made by { $name }
token-with-made = Also revoke the tokens made by it: { $names }
token-revoke-sure = Revoke { $name }? Programs that use it stop working.
last-used = Last used
providers-title = Providers
providers-text = Applications for signing in at Microsoft and Google. They are registered in Mailferry's configuration; the README says how.
provider = Provider
application = Application
ends = Ends
provider-unregistered = not registered
callback-text = The address to register with the provider:
keys-title = Master key
keys-current = Every secret is sealed with the current key.
keys-old = Some secrets are sealed with an older key; run mailferry key rotate.
settings-own = Language, time zone and password

# Who did something.
who-command-line = command line
who-connect-link = connect link
