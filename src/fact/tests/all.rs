//! One value of each variant of every fact. The matches make the compiler report a variant that is missing here.

use crate::cause::{Cause, Trouble};
use crate::clock::Timestamp;
use crate::fact::*;

pub fn name() -> String {
    "jobb@l.se".to_owned()
}

pub fn resources() -> Vec<Resource> {
    let all = vec![
        Resource::Mailbox(name()),
        Resource::MailboxOfRow,
        Resource::Inbox(name()),
        Resource::Route(name()),
        Resource::Person(name()),
        Resource::Token(name()),
        Resource::Organisation(name()),
        Resource::Message(7),
        Resource::DeliveryTarget(name()),
        Resource::Delivery(name()),
        Resource::TestMail,
        Resource::Invitation,
        Resource::Consent,
        Resource::ConsentedMailbox,
    ];
    for fact in &all {
        match fact {
            Resource::Mailbox(_)
            | Resource::MailboxOfRow
            | Resource::Inbox(_)
            | Resource::Route(_)
            | Resource::Person(_) => {}
            Resource::DeliveryTarget(_) | Resource::Delivery(_) => {}
            Resource::Token(_)
            | Resource::Organisation(_)
            | Resource::Message(_)
            | Resource::Invitation
            | Resource::Consent => {}
            Resource::ConsentedMailbox | Resource::TestMail => {} // add a new variant to the list above too
        }
    }
    all
}

pub fn conflicts() -> Vec<Conflict> {
    let into_itself = Conflict::MoveIntoPolledFolder { target: name() };
    let perhaps = Conflict::MayMoveIntoPolledFolder { target: name(), folder: name() };
    let to_and_fro = |wrong: &Conflict| Conflict::ByOtherMailbox { wrong: Box::new(wrong.clone()), mailbox: name() };
    let all = vec![
        Conflict::MailboxExists(name()),
        Conflict::InboxExists(name()),
        Conflict::PersonExists(name()),
        Conflict::TokenExists(name()),
        Conflict::OrganisationExists,
        Conflict::AddressTaken,
        Conflict::AmbiguousToken(name()),
        Conflict::InvalidPersonName,
        Conflict::InvalidTokenName,
        Conflict::InvalidOrganisationName,
        Conflict::RoleOrganisationMismatch,
        Conflict::LastOperator(name()),
        Conflict::InboxInUse { inbox: name(), by: vec![name()] },
        Conflict::InboxHoldsMail { inbox: name(), messages: 7 },
        Conflict::TargetHoldsMail { target: 7, messages: 1 },
        Conflict::TargetHoldsMail { target: 7, messages: 7 },
        Conflict::DeliveryNotOpen(7),
        Conflict::DeliveryNotHeld(7),
        Conflict::TargetOfOtherInbox(7),
        Conflict::TargetOfConfiguration,
        Conflict::TargetIsPolled { address: name() },
        Conflict::MailboxIsTarget { address: name() },
        Conflict::RawMailRemoved { message: 7, removed_at: Timestamp(1_700_000_000_000) },
        to_and_fro(&into_itself),
        to_and_fro(&perhaps),
        into_itself,
        perhaps,
        Conflict::InSetup,
        Conflict::Paused,
        Conflict::Failing,
        Conflict::ServerAskedToWait,
        Conflict::ServerAskedToWaitUntil(Timestamp(1_800_000_000_000)),
        Conflict::UidNotOpen { folder: name(), uid: 7 },
        Conflict::TestPaused,
        Conflict::TestTooSoon,
        Conflict::MailboxChanged(name()),
        Conflict::OldKeyInUse,
        Conflict::AppOnlyHasNoConsent,
        Conflict::PasswordHasNoConsent,
    ];
    for fact in &all {
        match fact {
            Conflict::MailboxExists(_) | Conflict::InboxExists(_) | Conflict::PersonExists(_) => {}
            Conflict::TokenExists(_) | Conflict::OrganisationExists | Conflict::AddressTaken => {}
            Conflict::AmbiguousToken(_) | Conflict::InvalidPersonName | Conflict::InvalidTokenName => {}
            Conflict::InvalidOrganisationName | Conflict::RoleOrganisationMismatch | Conflict::LastOperator(_) => {}
            Conflict::InboxInUse { .. } | Conflict::InboxHoldsMail { .. } | Conflict::MoveIntoPolledFolder { .. } => {}
            Conflict::MayMoveIntoPolledFolder { .. } | Conflict::ByOtherMailbox { .. } | Conflict::InSetup => {}
            Conflict::Paused | Conflict::Failing | Conflict::ServerAskedToWait | Conflict::UidNotOpen { .. } => {}
            Conflict::TargetHoldsMail { .. } | Conflict::DeliveryNotOpen(_) | Conflict::DeliveryNotHeld(_) => {}
            Conflict::TargetOfOtherInbox(_) | Conflict::TargetOfConfiguration | Conflict::TargetIsPolled { .. } => {}
            Conflict::RawMailRemoved { .. } | Conflict::MailboxIsTarget { .. } => {}
            Conflict::TestPaused
            | Conflict::TestTooSoon
            | Conflict::MailboxChanged(_)
            | Conflict::ServerAskedToWaitUntil(_) => {}
            Conflict::OldKeyInUse | Conflict::AppOnlyHasNoConsent | Conflict::PasswordHasNoConsent => {} // add a new variant to the list above too
        }
    }
    all
}

pub fn revocation_outcomes() -> Vec<RevocationOutcome> {
    let mut all = vec![
        RevocationOutcome::Shared,
        RevocationOutcome::OfApplication,
        RevocationOutcome::Ended { provider: name(), identity: name() },
        RevocationOutcome::NeverGiven { identity: name() },
    ];
    for is_microsoft in [true, false] {
        let (provider, identity, why) = (name(), name(), Trouble::new(Cause::Down).with_arg("provider", "x"));
        all.push(RevocationOutcome::NoWay { provider: provider.clone(), identity: identity.clone(), is_microsoft });
        all.push(RevocationOutcome::Failed { provider: provider.clone(), identity: identity.clone(), is_microsoft });
        all.push(RevocationOutcome::Refused { provider, identity, is_microsoft, why });
    }
    for fact in &all {
        match fact {
            RevocationOutcome::Shared
            | RevocationOutcome::OfApplication
            | RevocationOutcome::Ended { .. }
            | RevocationOutcome::NeverGiven { .. } => {}
            RevocationOutcome::NoWay { .. } | RevocationOutcome::Refused { .. } | RevocationOutcome::Failed { .. } => {} // add a new variant to the list above too
        }
    }
    all
}

pub fn fetch_failures() -> Vec<FetchFailure> {
    let all = vec![
        FetchFailure::Substitute,
        FetchFailure::NotGiven,
        FetchFailure::NoBody,
        FetchFailure::EmptyBody,
        FetchFailure::EmptyDespiteSize,
        FetchFailure::OtherBytes,
        FetchFailure::WrongPart { part: name() },
        FetchFailure::Refused { words: name() },
        FetchFailure::BrokenOff { words: name() },
        FetchFailure::FailedBefore { times: 2 },
        FetchFailure::HeaderNotGiven,
        FetchFailure::OtherMail,
        FetchFailure::NoHeader,
        FetchFailure::EmptyHeader,
        FetchFailure::HeadersRefused,
    ];
    for fact in &all {
        match fact {
            FetchFailure::Substitute | FetchFailure::NotGiven | FetchFailure::NoBody | FetchFailure::EmptyBody => {}
            FetchFailure::EmptyDespiteSize
            | FetchFailure::OtherBytes
            | FetchFailure::WrongPart { .. }
            | FetchFailure::Refused { .. } => {}
            FetchFailure::BrokenOff { .. }
            | FetchFailure::FailedBefore { .. }
            | FetchFailure::HeaderNotGiven
            | FetchFailure::OtherMail => {}
            FetchFailure::NoHeader | FetchFailure::EmptyHeader | FetchFailure::HeadersRefused => {} // add a new variant to the list above too
        }
    }
    all
}

pub fn reasons() -> Vec<Reason> {
    let mut all = vec![
        Reason::TooLarge { size: 5, limit: 4 },
        Reason::BeforeStart,
        Reason::ByHand,
        Reason::Gone,
        Reason::SameMail,
        Reason::Returned,
    ];
    for why in fetch_failures() {
        all.push(Reason::Missing { why: why.clone() });
        all.push(Reason::TooManyAttempts { why, times: 5 });
    }
    for fact in &all {
        match fact {
            Reason::TooLarge { .. } | Reason::BeforeStart | Reason::ByHand | Reason::Gone | Reason::SameMail => {}
            Reason::Returned | Reason::Missing { .. } | Reason::TooManyAttempts { .. } => {} // add a new variant to the list above too
        }
    }
    all
}

pub fn obstacles() -> Vec<Obstacle> {
    let all = vec![
        Obstacle::ReadOnly,
        Obstacle::NoUidplus,
        Obstacle::NoDeleting,
        Obstacle::NoSeen,
        Obstacle::NoKeyword { keyword: name() },
        Obstacle::MoveIntoPolledFolder { target: name(), polled: name() },
        Obstacle::NoTrash,
        Obstacle::Rebuilt,
        Obstacle::Returned,
        Obstacle::Refused { words: name() },
        Obstacle::NotOpened { folder: name(), words: name() },
        Obstacle::InFolder { folder: name(), why: Box::new(Obstacle::NoSeen) },
    ];
    for fact in &all {
        match fact {
            Obstacle::ReadOnly | Obstacle::NoUidplus | Obstacle::NoDeleting | Obstacle::NoSeen => {}
            Obstacle::NoKeyword { .. }
            | Obstacle::MoveIntoPolledFolder { .. }
            | Obstacle::NoTrash
            | Obstacle::Rebuilt => {}
            Obstacle::Returned | Obstacle::Refused { .. } | Obstacle::NotOpened { .. } => {}
            Obstacle::InFolder { .. } => {} // add a new variant to the list above too
        }
    }
    all
}

pub fn effect_methods() -> Vec<EffectMethod> {
    let mut all = vec![
        EffectMethod::Untouched,
        EffectMethod::FlagStored,
        EffectMethod::FlagMaybeStored,
        EffectMethod::MovedToTrash { trash: name() },
        EffectMethod::Expunged,
        EffectMethod::Blocked(Obstacle::InFolder { folder: name(), why: Box::new(Obstacle::NoSeen) }),
    ];
    for (by_move, is_there) in [(true, true), (true, false), (false, true), (false, false)] {
        all.push(EffectMethod::Moved { by_move, is_there });
    }
    for fact in &all {
        match fact {
            EffectMethod::Untouched
            | EffectMethod::FlagStored
            | EffectMethod::FlagMaybeStored
            | EffectMethod::Moved { .. }
            | EffectMethod::MovedToTrash { .. } => {}
            EffectMethod::Expunged | EffectMethod::Blocked(_) => {} // add a new variant to the list above too
        }
    }
    all
}

pub fn notices() -> Vec<Notice> {
    let all = vec![
        Notice::FoundLate { folder: name(), count: 2, uids: "7, 8".to_owned() },
        Notice::Renumbered { folder: name(), before: 1, number: 2, uidnext: 3 },
        Notice::UidsReused { folder: name() },
        Notice::EffectsImpossible { why: Obstacle::NoSeen },
        Notice::DailyLimitReached { bytes: 5, until: Timestamp(1_800_000_000_000) },
    ];
    for fact in &all {
        match fact {
            Notice::FoundLate { .. } | Notice::Renumbered { .. } | Notice::UidsReused { .. } => {}
            Notice::EffectsImpossible { .. } | Notice::DailyLimitReached { .. } => {} // add a new variant to the list above too
        }
    }
    all
}

pub fn check_findings() -> Vec<CheckFinding> {
    let token = |contents| {
        let (provider, identity, until) = (name(), name(), Timestamp(1_800_000_000_000));
        CheckFinding::Token { provider, identity, until, contents }
    };
    let expiry = Some((Timestamp(1_800_000_000_000), 1));
    let mut all = vec![
        CheckFinding::Addresses { host: name(), addresses: name() },
        CheckFinding::PortAnswers { port: 993 },
        CheckFinding::Reached,
        CheckFinding::NotReached,
        CheckFinding::NoTls,
        CheckFinding::ServerText { words: name() },
        token(TokenContents::Unreadable),
        token(TokenContents::Read { audience: name(), rights: name() }),
        token(TokenContents::Read { audience: String::new(), rights: String::new() }),
        CheckFinding::LoggedIn { username: name() },
        CheckFinding::Folder { folder: name(), messages: Some(7) },
        CheckFinding::Folder { folder: name(), messages: None },
        CheckFinding::MoreFolders { count: 3 },
        CheckFinding::FolderOpened { folder: name(), messages: 7, has_uidvalidity: true },
        CheckFinding::FolderOpened { folder: name(), messages: 7, has_uidvalidity: false },
        CheckFinding::FolderNotOpened { folder: name(), words: name(), existing: name() },
    ];
    for (starttls, expiry) in [(true, None), (false, expiry), (true, expiry.map(|(at, _)| (at, 400)))] {
        all.push(CheckFinding::Tls { starttls, subject: name(), expiry, fingerprint: name() });
    }
    all.extend(effect_methods().into_iter().map(|method| CheckFinding::AfterImport { action: name(), method }));
    for fact in &all {
        match fact {
            CheckFinding::Addresses { .. }
            | CheckFinding::PortAnswers { .. }
            | CheckFinding::NoTls
            | CheckFinding::Tls { .. } => {}
            CheckFinding::ServerText { .. }
            | CheckFinding::Token { .. }
            | CheckFinding::LoggedIn { .. }
            | CheckFinding::Folder { .. } => {}
            CheckFinding::Reached
            | CheckFinding::NotReached
            | CheckFinding::MoreFolders { .. }
            | CheckFinding::FolderOpened { .. }
            | CheckFinding::FolderNotOpened { .. }
            | CheckFinding::AfterImport { .. } => {}
        }
    }
    all
}

pub fn tls_problems() -> Vec<TlsProblem> {
    let mut all = vec![
        TlsProblem::NoName { host: name() },
        TlsProblem::NoTrust { words: name() },
        TlsProblem::Expired { at: None },
        TlsProblem::Expired { at: Some(Timestamp(1_800_000_000_000)) },
        TlsProblem::NotYetValid,
        TlsProblem::OtherName { subject: name(), host: name(), fingerprint: name() },
        TlsProblem::UnknownIssuer { fingerprint: name() },
        TlsProblem::NotThePinned { fingerprint: name() },
        TlsProblem::CaAsServer { fingerprint: name() },
        TlsProblem::Handshake { words: name() },
        TlsProblem::Closed,
    ];
    all.extend(CertificateFault::ALL.map(|fault| TlsProblem::Refused { fault, fingerprint: name() }));
    for fact in &all {
        match fact {
            TlsProblem::NoName { .. } | TlsProblem::NoTrust { .. } | TlsProblem::Expired { .. } => {}
            TlsProblem::NotYetValid | TlsProblem::OtherName { .. } | TlsProblem::UnknownIssuer { .. } => {}
            TlsProblem::NotThePinned { .. } | TlsProblem::CaAsServer { .. } | TlsProblem::Refused { .. } => {}
            TlsProblem::Handshake { .. } | TlsProblem::Closed => {} // add a new variant to the list above too
        }
    }
    all
}

pub fn delivery_problems() -> Vec<DeliveryProblem> {
    let mut all = vec![
        DeliveryProblem::Unreachable { words: name() },
        DeliveryProblem::Forbidden { host: name() },
        DeliveryProblem::Unresolved { domain: name() },
        DeliveryProblem::NullMx { domain: name() },
        DeliveryProblem::NoMailServer { domain: name() },
        DeliveryProblem::StsMismatch { domain: name() },
        DeliveryProblem::NoStartTls,
        DeliveryProblem::InjectedBeforeTls,
        DeliveryProblem::NoAuth,
        DeliveryProblem::TooLarge { size: 5, limit: 4 },
        DeliveryProblem::BareLineEnds,
        DeliveryProblem::AddressNeedsUtf8 { address: name() },
        DeliveryProblem::Incomplete { size: 5, read: 4 },
        DeliveryProblem::Interrupted,
        DeliveryProblem::NotInMailbox,
        DeliveryProblem::MailboxClosed { words: name() },
        DeliveryProblem::Loop { inbox: name() },
        DeliveryProblem::TooManyHops { hops: 51 },
        DeliveryProblem::Returned { status: Some("5.1.1".to_owned()), words: name() },
        DeliveryProblem::Returned { status: None, words: String::new() },
        DeliveryProblem::Forwarded,
        DeliveryProblem::TooManyFromSender { limit: 500 },
        DeliveryProblem::BytesRemoved,
        DeliveryProblem::NoSecret,
        DeliveryProblem::NotHttp,
        DeliveryProblem::Status { status: 503, words: name() },
        DeliveryProblem::Status { status: 503, words: String::new() },
        DeliveryProblem::Redirected { status: 302 },
        DeliveryProblem::Gone,
    ];
    all.extend(tls_problems().into_iter().map(|why| DeliveryProblem::Tls { why }));
    for phase in DeliveryPhase::ALL {
        all.push(DeliveryProblem::Closed { phase });
        all.push(DeliveryProblem::TimedOut { phase });
        all.push(DeliveryProblem::Refused { phase, code: 550, enhanced: Some("5.1.1".to_owned()), words: name() });
        all.push(DeliveryProblem::Refused { phase, code: 450, enhanced: None, words: String::new() });
        for fault in ReplyFault::ALL {
            all.push(DeliveryProblem::NotUnderstood { phase, fault, words: name() });
            all.push(DeliveryProblem::NotUnderstood { phase, fault, words: String::new() });
        }
    }
    for fact in &all {
        match fact {
            DeliveryProblem::Unreachable { .. } | DeliveryProblem::Forbidden { .. } | DeliveryProblem::Tls { .. } => {}
            DeliveryProblem::Unresolved { .. } | DeliveryProblem::NullMx { .. } => {}
            DeliveryProblem::NoMailServer { .. } | DeliveryProblem::StsMismatch { .. } => {}
            DeliveryProblem::NoStartTls | DeliveryProblem::InjectedBeforeTls | DeliveryProblem::NoAuth => {}
            DeliveryProblem::NotUnderstood { .. }
            | DeliveryProblem::Closed { .. }
            | DeliveryProblem::TimedOut { .. }
            | DeliveryProblem::Refused { .. } => {}
            DeliveryProblem::Interrupted | DeliveryProblem::Loop { .. } | DeliveryProblem::TooManyHops { .. } => {}
            DeliveryProblem::NotInMailbox | DeliveryProblem::MailboxClosed { .. } => {}
            DeliveryProblem::Returned { .. } | DeliveryProblem::Forwarded => {}
            DeliveryProblem::TooManyFromSender { .. } | DeliveryProblem::BytesRemoved => {}
            DeliveryProblem::NoSecret | DeliveryProblem::NotHttp | DeliveryProblem::Status { .. } => {}
            DeliveryProblem::Redirected { .. } | DeliveryProblem::Gone => {}
            DeliveryProblem::TooLarge { .. } | DeliveryProblem::BareLineEnds => {}
            DeliveryProblem::AddressNeedsUtf8 { .. } | DeliveryProblem::Incomplete { .. } => {} // add a new variant to the list above too
        }
    }
    all
}

pub fn invalid() -> Vec<Invalid> {
    let all = vec![
        Invalid::HostName(name()),
        Invalid::Port,
        Invalid::TlsMode(name()),
        Invalid::AuthoritiesNotPem,
        Invalid::AuthoritiesUnreadable,
        Invalid::NoAuthorities,
        Invalid::Fingerprint(name()),
        Invalid::FolderName(name()),
        Invalid::Start(name()),
        Invalid::AfterImport(name()),
        Invalid::Keyword(name()),
        Invalid::MoveIntoPolledFolder(Conflict::MoveIntoPolledFolder { target: name() }),
        Invalid::Interval { least: name() },
        Invalid::TargetUrl(name()),
        Invalid::TargetUrlWithSecret,
        Invalid::MailboxUrl(name()),
        Invalid::MailboxLogin,
        Invalid::TargetUnencrypted,
        Invalid::WebhookSecret,
        Invalid::Recipient(name()),
        Invalid::Concurrency { most: 50 },
        Invalid::Rate { most: 10_000 },
        Invalid::NotForTarget { setting: name(), kind: name() },
        Invalid::NoPassword,
        Invalid::PasswordCharacters,
        Invalid::TokenWithoutTls,
        Invalid::NoTenant { provider: name() },
        Invalid::NoAppOnly { provider: name() },
        Invalid::Provider(Box::new(Trouble::new(Cause::Down).with_arg("provider", "x"))),
    ];
    for fact in &all {
        match fact {
            Invalid::HostName(_) | Invalid::Port | Invalid::TlsMode(_) | Invalid::AuthoritiesNotPem => {}
            Invalid::AuthoritiesUnreadable | Invalid::NoAuthorities | Invalid::Fingerprint(_) => {}
            Invalid::TargetUrl(_) | Invalid::TargetUrlWithSecret | Invalid::TargetUnencrypted => {}
            Invalid::MailboxUrl(_) | Invalid::MailboxLogin => {}
            Invalid::WebhookSecret | Invalid::Recipient(_) | Invalid::Concurrency { .. } => {}
            Invalid::Rate { .. } => {}
            Invalid::NotForTarget { .. } => {}
            Invalid::FolderName(_) | Invalid::Start(_) | Invalid::AfterImport(_) | Invalid::Keyword(_) => {}
            Invalid::MoveIntoPolledFolder(_) | Invalid::Interval { .. } | Invalid::NoPassword => {}
            Invalid::PasswordCharacters | Invalid::TokenWithoutTls | Invalid::NoTenant { .. } => {}
            Invalid::NoAppOnly { .. } | Invalid::Provider(_) => {} // add a new variant to the list above too
        }
    }
    all
}
