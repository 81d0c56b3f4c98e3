//! The verdict on a failed attempt: whether the mail or its target waits, and how it is retried. The verdict depends on the problem
//! alone; [`retry`](super::retry) adds how often the mail has failed.
//!
//! A 5xx is not final: our copy is safe, no author is waiting for a bounce, and targets answer 5xx for a full mailbox, a rate limit
//! or a blocked address. So the mail is retried slowly before it is held.

use std::time::Duration;

use crate::fact::{DeliveryPhase, DeliveryProblem};

/// The scope of a failure.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Scope {
    /// This mail only. The attempt counts.
    Mail,
    /// Every mail for the target. The target waits as a whole, one mail probes it, and no attempt of a mail counts.
    Target,
}

/// The next step after a failure. With [`Scope::Target`] no mail is held: `RetryInOrder` retries the target soon, and
/// `RetryLater` and `Hold` retry it slowly.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Action {
    /// Retry soon, with back-off. For the first attempts the later mails of the inbox wait, which keeps their order.
    RetryInOrder,
    /// Retry slowly, over days, then hold the mail. The later mails of the inbox do not wait.
    RetryLater,
    /// Hold the mail: a retry would end the same way.
    Hold,
    /// The mail may have arrived. The target's `when_unknown` decides.
    MaybeDelivered,
    /// It is unknown whether the mail has arrived. Search the recipient's mailbox again later; the later mails of the inbox
    /// do not wait.
    SearchLater,
    /// Hold the mail, which an earlier attempt may have delivered. Nothing was sent in this attempt.
    HoldUnsure,
    /// Pause the target: it wants no more mail.
    Stop,
}

/// The verdict on a failed attempt: the scope of the failure, and the next step.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub struct Verdict {
    pub scope: Scope,
    pub action: Action,
    /// The wait before the first retry, if it differs from the usual.
    pub first_wait: Option<Duration>,
}

impl Verdict {
    /// The verdict for a target that stands for the servers of many domains (`default = "mx"`): a failure at one domain must not
    /// stop the others, so it counts against the mail.
    #[must_use]
    pub fn scoped_to_mail(self) -> Self {
        Self { scope: Scope::Mail, ..self }
    }
}

/// Greylisting refuses the first attempt, and usually accepts a retry after five minutes.
const AFTER_GREYLISTING: Duration = Duration::from_mins(5);

const TARGET: Verdict = Verdict { scope: Scope::Target, action: Action::RetryInOrder, first_wait: None };
/// The target is retried slowly: after a refused login, since each further attempt may lock the account, and if its secret
/// cannot be opened.
const TARGET_SLOWLY: Verdict = Verdict { scope: Scope::Target, action: Action::RetryLater, first_wait: None };
const MAIL: Verdict = Verdict { scope: Scope::Mail, action: Action::RetryInOrder, first_wait: None };
/// The mail is retried after the wait for greylisting: after every temporary refusal, since it may be greylisting.
const MAIL_GREYLISTED: Verdict = Verdict { first_wait: Some(AFTER_GREYLISTING), ..MAIL };
const MAIL_SLOWLY: Verdict = Verdict { scope: Scope::Mail, action: Action::RetryLater, first_wait: None };
const HELD: Verdict = Verdict { scope: Scope::Mail, action: Action::Hold, first_wait: None };
const UNKNOWN: Verdict = Verdict { scope: Scope::Mail, action: Action::MaybeDelivered, first_wait: None };

/// The verdict on a problem. The answer of a webhook is judged by [`webhook::judge`](super::webhook::judge) instead.
pub fn verdict(problem: &DeliveryProblem) -> Verdict {
    match problem {
        DeliveryProblem::Unreachable { .. } | DeliveryProblem::Forbidden { .. } | DeliveryProblem::Tls { .. } => TARGET,
        DeliveryProblem::NoStartTls | DeliveryProblem::InjectedBeforeTls | DeliveryProblem::NoAuth => TARGET,
        DeliveryProblem::Unresolved { .. } | DeliveryProblem::StsMismatch { .. } => TARGET,
        // The domain itself states that it takes no mail.
        DeliveryProblem::NullMx { .. } => HELD,
        // The domain may have lapsed for a day, or may be moving between registrars.
        DeliveryProblem::NoMailServer { .. } => MAIL_SLOWLY,
        DeliveryProblem::NotUnderstood { phase, .. }
        | DeliveryProblem::Closed { phase }
        | DeliveryProblem::TimedOut { phase } => on_lost_connection(*phase),
        DeliveryProblem::Refused { phase, code, enhanced, .. } => on_refusal(*phase, *code, enhanced.as_deref()),
        DeliveryProblem::NoSecret => TARGET_SLOWLY,
        // From webhooks, which have their own verdicts.
        DeliveryProblem::NotHttp | DeliveryProblem::Status { .. } => MAIL,
        DeliveryProblem::Redirected { .. } | DeliveryProblem::Gone => HELD,
        DeliveryProblem::Interrupted | DeliveryProblem::MailboxClosed { .. } => UNKNOWN,
        DeliveryProblem::NotInMailbox => HELD,
        DeliveryProblem::Loop { .. } | DeliveryProblem::TooManyHops { .. } => HELD,
        DeliveryProblem::Returned { .. } | DeliveryProblem::Forwarded => HELD,
        DeliveryProblem::TooManyFromSender { .. } | DeliveryProblem::BytesRemoved => HELD,
        DeliveryProblem::TooLarge { .. } | DeliveryProblem::BareLineEnds | DeliveryProblem::AddressNeedsUtf8 { .. } => {
            HELD
        }
        // The stored mail changed during the read, or is damaged; the next attempt shows which.
        DeliveryProblem::Incomplete { .. } => MAIL,
    }
}

/// The verdict on a session that broke off in this phase.
fn on_lost_connection(phase: DeliveryPhase) -> Verdict {
    match phase {
        DeliveryPhase::Connect
        | DeliveryPhase::Greeting
        | DeliveryPhase::Tls
        | DeliveryPhase::Hello
        | DeliveryPhase::Login
        | DeliveryPhase::Sender
        | DeliveryPhase::Recipient
        | DeliveryPhase::Data => TARGET,
        // This mail may be the cause, for example by crashing a filter. It must not block the others for ever.
        DeliveryPhase::Body => MAIL,
        DeliveryPhase::Answer => UNKNOWN,
    }
}

fn on_refusal(phase: DeliveryPhase, code: u16, enhanced: Option<&str>) -> Verdict {
    let is_about_mail = match phase {
        DeliveryPhase::Connect | DeliveryPhase::Greeting | DeliveryPhase::Tls | DeliveryPhase::Hello => false,
        DeliveryPhase::Login => return if code >= 500 { TARGET_SLOWLY } else { TARGET },
        DeliveryPhase::Sender | DeliveryPhase::Recipient | DeliveryPhase::Data => true,
        DeliveryPhase::Body | DeliveryPhase::Answer => true,
    };
    match code {
        _ if !is_about_mail => TARGET,
        421 => TARGET, // the server shuts down, or limits connections
        // "Authentication required" and "encryption required" (RFC 4954 6): the settings of the target are wrong.
        530 | 534 | 535 | 538 => TARGET,
        400..500 => MAIL_GREYLISTED,
        _ => on_enhanced_code(enhanced.unwrap_or_default()),
    }
}

/// The verdict on a permanent refusal, by its enhanced code (RFC 3463). The reply code alone says little: 550 is used for anything.
fn on_enhanced_code(code: &str) -> Verdict {
    let mut parts = code.split('.').skip(1);
    match (parts.next().unwrap_or_default(), parts.next().unwrap_or_default()) {
        // The address does not exist, or is invalid.
        ("1", _) => HELD,
        // The mail is too large for the mailbox or the system; a full mailbox is 5.2.2.
        ("2", "3") | ("3", "4") => HELD,
        _ => MAIL_SLOWLY,
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::fact::{ReplyFault, TlsProblem};

    fn refused(phase: DeliveryPhase, code: u16, enhanced: &str) -> Verdict {
        let enhanced = Some(enhanced.to_owned()).filter(|code| !code.is_empty());
        verdict(&DeliveryProblem::Refused { phase, code, enhanced, words: String::new() })
    }

    #[test]
    fn problems_of_the_target_make_the_target_wait() {
        for problem in [
            DeliveryProblem::Unreachable { words: "refused".to_owned() },
            DeliveryProblem::Forbidden { host: "10.0.0.1".to_owned() },
            DeliveryProblem::Tls { why: TlsProblem::Closed },
            DeliveryProblem::NoStartTls,
            DeliveryProblem::InjectedBeforeTls,
            DeliveryProblem::NoAuth,
            DeliveryProblem::Unresolved { domain: "kundo.se".to_owned() },
            DeliveryProblem::StsMismatch { domain: "kundo.se".to_owned() },
        ] {
            assert_eq!(verdict(&problem), TARGET, "{problem:?}");
        }
    }

    #[test]
    fn a_domain_without_mail_servers_makes_only_its_mails_wait() {
        let domain = "kundo.se".to_owned();
        assert_eq!(verdict(&DeliveryProblem::NullMx { domain: domain.clone() }), HELD);
        assert_eq!(verdict(&DeliveryProblem::NoMailServer { domain }), MAIL_SLOWLY);
        for (of_target, of_mail) in [(TARGET, MAIL), (MAIL_SLOWLY, MAIL_SLOWLY), (HELD, HELD), (UNKNOWN, UNKNOWN)] {
            assert_eq!(of_target.scoped_to_mail(), of_mail);
        }
    }

    #[test]
    fn a_lost_connection_is_judged_by_its_phase() {
        let table = [TARGET, TARGET, TARGET, TARGET, TARGET, TARGET, TARGET, TARGET, MAIL, UNKNOWN];
        for (phase, wanted) in DeliveryPhase::ALL.into_iter().zip(table) {
            let malformed = DeliveryProblem::NotUnderstood { phase, fault: ReplyFault::NoCode, words: String::new() };
            for problem in [DeliveryProblem::Closed { phase }, DeliveryProblem::TimedOut { phase }, malformed] {
                assert_eq!(verdict(&problem), wanted, "{problem:?}");
            }
        }
    }

    #[test]
    fn refusals_are_judged_by_phase_and_code() {
        use DeliveryPhase::{Answer, Body, Data, Greeting, Hello, Login, Recipient, Sender, Tls};
        for (phase, code, enhanced, wanted) in [
            (Greeting, 421, "", TARGET),
            (Greeting, 450, "", TARGET),
            (Greeting, 554, "5.7.1", TARGET),
            (Tls, 454, "4.7.0", TARGET),
            (Hello, 550, "", TARGET),
            (Login, 454, "4.7.0", TARGET),
            (Login, 421, "", TARGET),
            (Login, 535, "5.7.8", TARGET_SLOWLY),
            (Login, 534, "", TARGET_SLOWLY),
            (Sender, 421, "4.7.0", TARGET),
            (Recipient, 421, "", TARGET),
            (Body, 421, "4.4.2", TARGET),
            (Answer, 421, "4.3.2", TARGET),
            (Sender, 530, "5.7.0", TARGET),
            (Sender, 451, "", MAIL_GREYLISTED),
            (Recipient, 450, "4.7.1", MAIL_GREYLISTED),
            (Recipient, 452, "4.2.2", MAIL_GREYLISTED),
            (Data, 451, "4.3.0", MAIL_GREYLISTED),
            (Answer, 451, "", MAIL_GREYLISTED),
            (Recipient, 550, "5.1.1", HELD),
            (Sender, 553, "5.1.8", HELD),
            (Recipient, 556, "5.1.10", HELD),
            (Answer, 550, "5.1.1", HELD),
            (Sender, 552, "5.3.4", HELD),
            (Answer, 552, "5.2.3", HELD),
            (Answer, 552, "5.2.2", MAIL_SLOWLY),
            (Answer, 552, "", MAIL_SLOWLY),
            (Body, 552, "", MAIL_SLOWLY),
            (Recipient, 550, "", MAIL_SLOWLY),
            (Recipient, 550, "5.2.1", MAIL_SLOWLY),
            (Sender, 550, "5.7.26", MAIL_SLOWLY),
            (Recipient, 554, "5.7.1", MAIL_SLOWLY),
            (Answer, 554, "5.7.1", MAIL_SLOWLY),
            (Answer, 554, "5.3.0", MAIL_SLOWLY),
            (Answer, 554, "5.4.14", MAIL_SLOWLY),
            (Answer, 550, "5.6.11", MAIL_SLOWLY),
            (Data, 503, "5.5.1", MAIL_SLOWLY),
            (Recipient, 550, "5.11.1", MAIL_SLOWLY),
        ] {
            assert_eq!(refused(phase, code, enhanced), wanted, "{phase:?} {code} {enhanced}");
        }
    }

    #[test]
    fn a_mail_that_mailferry_itself_refuses_is_held_at_once() {
        assert_eq!(verdict(&DeliveryProblem::TooLarge { size: 5, limit: 4 }), HELD);
        assert_eq!(verdict(&DeliveryProblem::BareLineEnds), HELD);
        assert_eq!(verdict(&DeliveryProblem::AddressNeedsUtf8 { address: "å@l.se".to_owned() }), HELD);
        assert_eq!(verdict(&DeliveryProblem::Incomplete { size: 5, read: 4 }), MAIL);
    }
}
