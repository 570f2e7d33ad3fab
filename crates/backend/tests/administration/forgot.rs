//! Forgotten passwords, by mail: a mail server of a few lines takes what is sent.

use std::sync::Arc;

use backend::Error;
use sqlx::PgPool;
use tokio::{
    io::{AsyncBufReadExt, AsyncWriteExt, BufReader},
    net::TcpListener,
    sync::mpsc,
};

use crate::fixture::World;

/// Takes mails and hands on what they said.
async fn mail_server() -> (u16, mpsc::UnboundedReceiver<String>) {
    let listener = TcpListener::bind("127.0.0.1:0").await.expect("a port");
    let port = listener.local_addr().expect("an address").port();
    let (sender, receiver) = mpsc::unbounded_channel();
    tokio::spawn(async move {
        while let Ok((stream, _)) = listener.accept().await {
            let (read, mut write) = stream.into_split();
            let mut lines = BufReader::new(read).lines();
            let (mut body, mut in_body) = (String::new(), false);
            write.write_all(b"220 test\r\n").await.expect("sent");
            while let Ok(Some(line)) = lines.next_line().await {
                let answer = match line.as_str() {
                    "." if in_body => {
                        in_body = false;
                        sender.send(std::mem::take(&mut body)).expect("taken");
                        "250 ok"
                    }
                    text if in_body => {
                        body.push_str(text);
                        body.push('\n');
                        continue;
                    }
                    "DATA" => {
                        in_body = true;
                        "354 go on"
                    }
                    "QUIT" => "221 bye",
                    text if text.contains("refused@") => "550 no such box",
                    _ => "250 ok",
                };
                write.write_all(format!("{answer}\r\n").as_bytes()).await.expect("sent");
            }
        }
    });
    (port, receiver)
}

#[sqlx::test(migrations = "../../migrations")]
async fn a_link_goes_to_accounts_only_and_nobody_can_tell(pool: PgPool) {
    let (port, mut mails) = mail_server().await;
    let smtp = format!("smtp: {{host: 127.0.0.1, port: {port}, tls: none, from: \"Obstack <obstack@portal.test>\"}}\n");
    let world = World::new(pool, &smtp).await;
    world.person("ana", false).await;
    world.person("refused", false).await;
    let running = world.backend.clone();
    tokio::spawn(async move { running.mail().run(&running).await });
    let client = "192.0.2.1".parse().expect("an address");
    let passwords = world.backend.passwords();
    for email in ["nobody@people.test", "refused@people.test", " Ana@people.test "] {
        passwords.forgot(email, client, Arc::default()).await.expect("one answer for all");
    }
    let mail = mails.recv().await.expect("one mail");
    assert!(mail.contains("To: ana@people.test") && mail.contains("From: Obstack <obstack@portal.test>"), "{mail}");
    assert!(mail.contains("Content-Type: text/plain"), "{mail}");
    let link = mail.lines().find_map(|line| line.strip_prefix("http://127.0.0.1:3000/reset/")).expect("a link");
    assert!(mails.try_recv().is_err(), "no other mail");
    assert_eq!(passwords.reset_of(link).await.expect("whose").0, "ana");
    passwords.reset(link, "tinsel otter quarry", Arc::default()).await.expect("set");
    assert!(matches!(passwords.reset(link, "another otter quarry", Arc::default()).await, Err(Error::Conflict { .. })));
    let now = world.backend.clock().now();
    world.backend.auth().login("ana@people.test", "tinsel otter quarry", client, now).await.expect("signed in");

    // Ten in five minutes, for addresses somebody has and others alike; signing in is not counted with it.
    for email in ["ana@people.test", "nobody@people.test"] {
        let mut last = Ok(());
        for _ in 0..11 {
            last = passwords.forgot(email, client, Arc::default()).await;
        }
        assert!(matches!(last, Err(Error::RateLimited { .. })), "{email}: {last:?}");
    }
    world.backend.auth().login("ana@people.test", "tinsel otter quarry", client, now).await.expect("still signs in");
    assert!(passwords.forgot("not an address", client, Arc::default()).await.is_err());
}

#[sqlx::test(migrations = "../../migrations")]
async fn without_a_mail_server_there_is_nothing_to_ask(pool: PgPool) {
    let world = World::new(pool, "").await;
    let client = "192.0.2.1".parse().expect("an address");
    let asked = world.backend.passwords().forgot("ana@people.test", client, Arc::default()).await;
    assert!(matches!(asked, Err(Error::NotFound { .. })));
}
