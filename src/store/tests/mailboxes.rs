//! Tests of inboxes, routes and mailboxes with their secrets.

use secrecy::ExposeSecret;

use super::*;

#[tokio::test]
async fn a_mailbox_is_read_as_it_was_stored() {
    for (at, name) in stores().await {
        at.add_with("a@b.se", AfterImport::Keyword("Kundo".into())).await;
        let mailbox = at.store.mailbox(&address("A@B.se")).await.unwrap();
        assert_eq!(mailbox.folders, ["INBOX", "Ärenden"], "{name}");
        assert_eq!(mailbox.after_import, AfterImport::Keyword("Kundo".into()), "{name}");
        assert_eq!((mailbox.start, mailbox.added_at, mailbox.paused), (Start::Now, NOW, false), "{name}");
        assert_eq!(at.store.mailboxes().await.unwrap().len(), 1, "{name}");
        let twice = NewMailbox::with_password("a@b.se", INBOX, "y");
        let twice = at.store.add_mailbox(&twice, &at.vault, NOW).await;
        assert!(matches!(twice, Err(StoreError::Conflict(_))), "{name}");
        let changes = Changes {
            settings: crate::mailbox::SettingsChange {
                folders: Some(vec!["Ärenden".into(), "Nytt".into()]),
                ..Default::default()
            },
            server: Some(Server { host: "other".into(), tls: TlsMode::StartTls, ..mailbox.server.clone() }),
            ..Changes::default()
        };
        at.store.change_mailbox(&address("a@b.se"), &changes, None, NOW).await.unwrap();
        let mailbox = at.store.mailbox(&address("a@b.se")).await.unwrap();
        assert_eq!((mailbox.server.host.as_str(), mailbox.server.tls), ("other", TlsMode::StartTls), "{name}");
        assert_eq!(mailbox.folders, ["Ärenden", "Nytt"], "{name}");
    }
}

#[tokio::test]
async fn passwords_can_be_decrypted_only_in_their_own_row_even_after_a_key_rotation() {
    for (at, name) in stores().await {
        at.add("a@b.se").await;
        at.add("c@b.se").await;
        let open = async |vault: &Vault, mailbox: &str, row_of: &str| {
            let Login::Password(Some(sealed)) = at.store.mailbox(&address(mailbox)).await.unwrap().login else {
                panic!()
            };
            let row = password_row(at.store.mailbox(&address(row_of)).await.unwrap().id);
            vault.open(&row, &sealed).map(|secret| secret.expose_secret().to_owned())
        };
        assert_eq!(open(&at.vault, "a@b.se", "a@b.se").await.unwrap(), "hemligt", "{name}");
        assert!(open(&at.vault, "a@b.se", "c@b.se").await.is_err(), "{name}: a record of another row");
        let both = at.place.add_key().unwrap();
        assert_eq!(at.store.reseal_passwords(&both).await.unwrap(), 2, "{name}");
        let new = at.place.drop_old_keys().unwrap();
        assert_eq!(open(&new, "c@b.se", "c@b.se").await.unwrap(), "hemligt", "{name}");
        assert_eq!(open(&at.vault, "c@b.se", "c@b.se").await.unwrap(), "hemligt", "{name}: who runs reads the new key");
        assert!(at.store.has_secrets().await.unwrap(), "{name}");
    }
}

#[tokio::test]
async fn an_inbox_is_removed_only_without_mailboxes_and_with_its_mail_only_on_request() {
    for (at, name) in stores().await {
        let inbox = at.inbox_id(INBOX).await;
        let (lease, epoch) = at.add_leased("a@b.se").await;
        at.import(&lease, &epoch, vec![(1, mail("a", &[inbox]))]).await;
        let refused = |result| matches!(result, Err(StoreError::Conflict(_)));
        assert!(refused(at.store.remove_inbox(&address(INBOX), true).await), "{name}: a mailbox feeds it");
        at.store.remove_mailbox(&address("a@b.se")).await.unwrap();
        assert!(refused(at.store.remove_inbox(&address(INBOX), false).await), "{name}: it holds mail");
        let sha256 = at.store.message_sha256(at.messages().await[0].id).await.unwrap();
        at.store.remove_inbox(&address(INBOX), true).await.unwrap();
        assert!(at.store.raw_chunk(&sha256, 0).await.unwrap().is_none(), "{name}: nobody needs the bytes any more");
        assert!(matches!(at.store.inbox(&address(INBOX)).await, Err(StoreError::NotFound(_))), "{name}");
    }
}

#[tokio::test]
async fn routes_are_added_once_and_removed() {
    for (at, name) in stores().await {
        let recipient = address("jobb@lillestad.se");
        at.store.add_route(&recipient, &address(INBOX), NOW).await.unwrap();
        at.store.add_route(&recipient, &address(INBOX), NOW).await.unwrap();
        assert_eq!(at.store.routes(Scope::All).await.unwrap().len(), 1, "{name}");
        assert_eq!(at.store.inbox_overview(&address(INBOX)).await.unwrap().routes, ["jobb@lillestad.se"], "{name}");
        assert!(at.store.add_route(&recipient, &address("no@where.se"), NOW).await.is_err(), "{name}");
        at.store.remove_route(&recipient, Some(&address(INBOX))).await.unwrap();
        assert!(matches!(at.store.remove_route(&recipient, None).await, Err(StoreError::NotFound(_))), "{name}");
    }
}
