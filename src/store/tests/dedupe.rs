//! Tests that the same mail from several sources is imported once, but that every UID of one folder counts as a separate
//! mail.

use super::*;

fn imported(count: u64, skipped: u64) -> (u64, u64) {
    (count, skipped)
}

fn counts(done: Imported) -> (u64, u64) {
    (done.imported, done.skipped)
}

#[tokio::test]
async fn a_mail_in_two_mailboxes_is_imported_once() {
    for (at, name) in stores().await {
        let inbox = at.inbox_id(INBOX).await;
        let ((first, one), (second, two)) = (at.add_leased("a@b.se").await, at.add_leased("c@b.se").await);
        assert_eq!(counts(at.import(&first, &one, vec![(1, mail("a", &[inbox]))]).await), imported(1, 0), "{name}");
        assert_eq!(counts(at.import(&second, &two, vec![(5, mail("a", &[inbox]))]).await), imported(0, 1), "{name}");
        let id = at.messages().await[0].id;
        assert_eq!(at.messages().await.len(), 1, "{name}");
        assert_eq!(at.ledger("c@b.se").await, [(5, "duplicate".to_owned(), Some(id))], "{name}");
    }
}

#[tokio::test]
async fn identical_mails_in_one_folder_are_both_imported_in_one_batch_or_several() {
    for (at, name) in stores().await {
        let inbox = at.inbox_id(INBOX).await;
        let ((first, one), (second, two)) = (at.add_leased("a@b.se").await, at.add_leased("c@b.se").await);
        let mails = vec![(1, mail("a", &[inbox])), (2, mail("a", &[inbox]))];
        assert_eq!(counts(at.import(&first, &one, mails).await), imported(2, 0), "{name}");
        assert_eq!(counts(at.import(&first, &one, vec![(3, mail("a", &[inbox]))]).await), imported(1, 0), "{name}");
        // The inbox has three of these mails. Another mailbox with four of them adds one.
        let mails = (1..=4).map(|uid| (uid, mail("a", &[inbox]))).collect();
        assert_eq!(counts(at.import(&second, &two, mails).await), imported(1, 3), "{name}");
        assert_eq!(at.messages().await.len(), 4, "{name}");
    }
}

#[tokio::test]
async fn a_new_uidvalidity_neither_loses_nor_duplicates_mail() {
    for (at, name) in stores().await {
        at.add("a@b.se").await;
        let inbox = at.inbox_id(INBOX).await;
        let lease = at.lease("a@b.se").await;
        let old = at.epoch(&lease, 0, 7).await;
        let mails = vec![(1, mail("a", &[inbox])), (2, mail("a", &[inbox])), (3, mail("b", &[inbox]))];
        at.import(&lease, &old, mails).await;
        let new = at.epoch(&lease, 0, 8).await;
        assert_eq!((new.id == old.id, new.cursor), (false, 1), "{name}");
        let mails = ["b", "a", "new", "a", "a"];
        let mails = (1..).zip(mails).map(|(uid, text)| (uid, mail(text, &[inbox]))).collect();
        assert_eq!(counts(at.import(&lease, &new, mails).await), imported(2, 3), "{name}");
        // A return to the first UIDVALIDITY begins a new epoch again, in which all mails are known.
        let back = at.epoch(&lease, 0, 7).await;
        assert_eq!((back.id == new.id, back.id == old.id), (false, false), "{name}");
        assert_eq!(counts(at.import(&lease, &back, vec![(1, mail("new", &[inbox]))]).await), imported(0, 1), "{name}");
    }
}

#[tokio::test]
async fn a_mail_for_several_inboxes_is_imported_once_in_each() {
    for (at, name) in stores().await {
        at.add("a@b.se").await;
        at.add("c@b.se").await;
        let second_inbox =
            NewInbox { address: address("other@mail.kundo.se"), name: None, reply_from: None, organisation_id: None };
        at.store.add_inbox(&second_inbox, NOW).await.unwrap();
        let (one, other) = (at.inbox_id(INBOX).await, at.inbox_id("other@mail.kundo.se").await);
        let (first, second) = (at.lease("a@b.se").await, at.lease("c@b.se").await);
        let (a, c) = (at.epoch(&first, 0, 7).await, at.epoch(&second, 0, 7).await);
        at.import(&first, &a, vec![(1, mail("a", &[one]))]).await;
        // The mail is known in one inbox, and new in the other.
        assert_eq!(counts(at.import(&second, &c, vec![(1, mail("a", &[one, other]))]).await), imported(1, 0), "{name}");
        let mut inboxes: Vec<String> = at.messages().await.into_iter().map(|message| message.inbox).collect();
        inboxes.sort();
        assert_eq!(inboxes, [INBOX, "other@mail.kundo.se"], "{name}");
    }
}

#[tokio::test]
async fn concurrent_imports_do_not_both_import_a_mail() {
    for (at, name) in stores().await {
        let inbox = at.inbox_id(INBOX).await;
        let mut leases = Vec::new();
        for mailbox in ["a@b.se", "c@b.se", "d@b.se", "e@b.se"] {
            at.add(mailbox).await;
            let lease = at.lease(mailbox).await;
            let epoch = at.epoch(&lease, 0, 7).await;
            leases.push((lease, epoch));
        }
        for round in 0..10 {
            let text = format!("mail {round}");
            let [a, b, c, d] = &leases[..] else { panic!() };
            let import = async |(lease, epoch): &(Lease, Epoch)| {
                at.import(lease, epoch, vec![(round + 1, mail(&text, &[inbox]))]).await.imported
            };
            let (a, b, c, d) = tokio::join!(import(a), import(b), import(c), import(d));
            assert_eq!(a + b + c + d, 1, "{name}");
        }
        assert_eq!(at.messages().await.len(), 10, "{name}");
    }
}

#[tokio::test]
async fn mail_of_a_removed_mailbox_stays_and_is_not_imported_again() {
    for (at, name) in stores().await {
        let inbox = at.inbox_id(INBOX).await;
        let (lease, epoch) = at.add_leased("a@b.se").await;
        at.import(&lease, &epoch, vec![(1, mail("a", &[inbox]))]).await;
        at.store.remove_mailbox(&address("a@b.se")).await.unwrap();
        assert_eq!(at.messages().await.len(), 1, "{name}");
        let (lease, epoch) = at.add_leased("a@b.se").await;
        assert_eq!(counts(at.import(&lease, &epoch, vec![(1, mail("a", &[inbox]))]).await), imported(0, 1), "{name}");
    }
}

#[tokio::test]
async fn another_server_with_the_same_uidvalidity_is_a_new_epoch() {
    for (at, name) in stores().await {
        at.add("a@b.se").await;
        let inbox = at.inbox_id(INBOX).await;
        let lease = at.lease("a@b.se").await;
        let old = at.epoch(&lease, 0, 1).await;
        at.import(&lease, &old, vec![(1, mail("a", &[inbox]))]).await;
        let server = Server { host: "new.example.se".into(), ..lease.mailbox.server.clone() };
        let changes = Changes { server: Some(server), ..Changes::default() };
        at.store.change_mailbox(&address("a@b.se"), &changes, None, NOW).await.unwrap();
        let lease = at.lease("a@b.se").await;
        let new = at.epoch(&lease, 0, 1).await;
        assert_eq!((new.cursor, new.start_decided, new.id == old.id), (1, false, false), "{name}");
        let mails = vec![(1, mail("b", &[inbox])), (2, mail("a", &[inbox]))];
        assert_eq!(counts(at.import(&lease, &new, mails).await), imported(1, 1), "{name}");
        assert_eq!(at.epoch(&lease, 0, 1).await.id, new.id, "{name}: and then it is the one in force");
    }
}
