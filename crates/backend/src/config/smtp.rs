//! `smtp`: the server that mails go out by. Without it, links are shown to who makes them, and forgotten passwords are the
//! platform administrators' matter.

use lettre::message::Mailbox;

use super::{
    kinds,
    reader::{Fields, Wrong},
    secret::Secret,
    yaml::Node,
};

/// How the way to the mail server is kept private.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum SmtpTls {
    /// Not at all; for a server on the same machine.
    None,
    /// The plain conversation is upgraded, or given up.
    Starttls,
    /// TLS from the first byte.
    Tls,
}

/// The mail server.
#[derive(Clone, Debug)]
pub struct Smtp {
    /// Its name.
    pub host: String,
    /// Its port.
    pub port: u16,
    /// How the way there is kept private.
    pub tls: SmtpTls,
    /// User name and password, where it asks for them.
    pub login: Option<(String, Secret)>,
    /// Whom mails are from.
    pub from: Mailbox,
}

impl Smtp {
    /// `Some(None)` when the section is absent, `None` when something is wrong.
    pub(super) fn read(mut section: Fields<'_>) -> Option<Option<Self>> {
        let host = match section.written("host") {
            Some(item) => section.reader.parse_item(&item, host).map(Some),
            None => Some(None),
        };
        let tls = section.parse("tls", |text| match text {
            "none" => Ok(SmtpTls::None),
            "starttls" => Ok(SmtpTls::Starttls),
            "tls" => Ok(SmtpTls::Tls),
            _ => Err(Wrong::new(format!("`{text}` is no way to a mail server"), "write starttls, tls or none")),
        });
        let port = match section.written("port") {
            Some(mut item) => {
                // A port is a number to everybody but this reader.
                if let Node::Number(number) = &item.node {
                    item.node = Node::Text(number.clone());
                }
                section.reader.parse_item(&item, port).map(Some)
            }
            None => Some(None),
        };
        let from = match section.written("from") {
            Some(item) => section.reader.parse_item(&item, mailbox).map(Some),
            None => Some(None),
        };
        let username = section.written("username");
        let password = kinds::secret(&mut section, "password", false);
        let given = matches!(from, Some(Some(_))) || username.is_some();
        let host = host?;
        let Some(host) = host else {
            if given {
                section.lacks("host");
                section.finish();
                return None;
            }
            section.finish();
            return Some(None);
        };
        let login = match (username, password?) {
            (None, None) => Some(None),
            (Some(name), Some((password, _))) => {
                section.reader.parse_item(&name, |text| Ok(text.to_owned())).map(|name| Some((name, password)))
            }
            (Some(_), None) => {
                section.lacks("password_env");
                None
            }
            (None, Some(_)) => {
                section.lacks("username");
                None
            }
        };
        let from = from?;
        if from.is_none() {
            section.lacks("from");
        }
        section.finish();
        let (tls, port) = (tls?, port?);
        let usual = match tls {
            SmtpTls::None => 25,
            SmtpTls::Starttls => 587,
            SmtpTls::Tls => 465,
        };
        Some(Some(Self { host, port: port.unwrap_or(usual), tls, login: login?, from: from? }))
    }
}

fn host(text: &str) -> Result<String, Wrong> {
    let shaped = text.bytes().all(|b| b.is_ascii_alphanumeric() || matches!(b, b'.' | b'-' | b':' | b'[' | b']'));
    if text.is_empty() || text.len() > 253 || !shaped {
        return Err(Wrong::new(
            format!("`{text}` is no host"),
            "write a name or an address without a scheme, such as mail.example.com",
        ));
    }
    Ok(text.to_owned())
}

fn port(text: &str) -> Result<u16, Wrong> {
    let port = text.parse::<u16>().ok().filter(|port| *port > 0);
    port.ok_or_else(|| Wrong::new(format!("`{text}` is no port"), "write a number from 1 to 65535"))
}

fn mailbox(text: &str) -> Result<Mailbox, Wrong> {
    text.parse().map_err(|_| {
        Wrong::new(format!("`{text}` is no sender"), "write an address, or \"Obstack <obstack@example.com>\"")
    })
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::config::Config;

    fn read(section: &str) -> Result<Option<Smtp>, String> {
        let env = |name: &str| (name == "PW").then(|| "hunter2".to_owned());
        let text = format!("smtp: {section}\n");
        Config::read(Some(("test", &text)), &env).map(|config| config.smtp).map_err(|errors| errors.to_string())
    }

    #[test]
    fn a_mail_server_needs_a_sender_and_has_usual_ports() {
        let smtp = read("{host: mail.example.com, from: \"Obstack <o@example.com>\", username: o, password_env: PW}");
        let smtp = smtp.expect("valid").expect("there");
        assert_eq!((smtp.port, smtp.tls), (587, SmtpTls::Starttls));
        assert_eq!(
            smtp.login.map(|(name, password)| (name, password.expose().to_owned())),
            Some(("o".into(), "hunter2".into()))
        );
        let port = |text: &str| read(text).expect("valid").expect("there").port;
        assert_eq!(port("{host: mail, from: o@example.com, tls: tls}"), 465);
        assert_eq!(port("{host: mail, from: o@example.com, tls: none, port: 2525}"), 2525);
        assert!(Config::read(None, &|_| None).expect("valid").smtp.is_none());
    }

    #[test]
    fn half_a_mail_server_is_refused() {
        for (section, field) in [
            ("{host: mail}", "smtp.from"),
            ("{from: o@example.com}", "smtp.host"),
            ("{host: mail, from: o@example.com, username: o}", "smtp.password_env"),
            ("{host: mail, from: o@example.com, password_env: PW}", "smtp.username"),
            ("{host: mail, from: o@example.com, tls: maybe}", "smtp.tls"),
            ("{host: mail, from: o@example.com, port: 0}", "smtp.port"),
            ("{host: \"smtp://mail\", from: o@example.com}", "smtp.host"),
            ("{host: mail, from: nobody}", "smtp.from"),
        ] {
            let refused = read(section).expect_err(section);
            assert!(refused.contains(field), "{section}: {refused}");
        }
    }
}
