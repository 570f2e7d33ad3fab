//! Mail on its way out: plain text over SMTP, by a job of its own, so that no request waits for a mail server. What cannot
//! be sent is logged without saying to whom.

use std::{
    sync::{Arc, Mutex, PoisonError},
    time::Duration,
};

use lettre::{
    AsyncSmtpTransport, AsyncTransport, Tokio1Executor,
    message::{Mailbox, header::ContentType},
    transport::smtp::{
        authentication::Credentials,
        client::{Tls, TlsParameters},
    },
};
use tokio::sync::mpsc;

use crate::{
    Backend, Error,
    config::{Smtp, SmtpTls},
    scope::Origin,
};

/// Mails that wait; more are dropped.
const QUEUE: usize = 256;
/// One conversation with the mail server.
const PATIENCE: Duration = Duration::from_secs(20);
/// Before the second and last try.
const PAUSE: Duration = Duration::from_secs(5);

/// A mail.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Message {
    /// Address.
    pub to: String,
    /// Subject.
    pub subject: String,
    /// Text, lines of any length.
    pub text: String,
}

enum Job {
    Send(Message),
    /// Somebody forgot the password of what may be an account.
    Forgot {
        email: String,
        origin: Arc<Origin>,
    },
}

/// Takes mails. Sends none until [`Mail::run`] runs.
pub struct Mail {
    smtp: Option<Smtp>,
    queue: mpsc::Sender<Job>,
    waiting: Mutex<Option<mpsc::Receiver<Job>>>,
}

impl Mail {
    pub(crate) fn new(smtp: Option<Smtp>) -> Self {
        let (queue, waiting) = mpsc::channel(QUEUE);
        Self { smtp, queue, waiting: Mutex::new(Some(waiting)) }
    }

    /// Whether mail can be sent at all.
    pub fn is_configured(&self) -> bool {
        self.smtp.is_some()
    }

    /// Puts a mail on its way. False where no mail is configured, and when too many wait.
    pub fn send(&self, message: Message) -> bool {
        self.is_configured() && self.put(Job::Send(message))
    }

    /// Has the job find out whether the address has an account, and send a link then.
    pub(crate) fn look_up(&self, email: String, origin: Arc<Origin>) -> bool {
        self.is_configured() && self.put(Job::Forgot { email, origin })
    }

    fn put(&self, job: Job) -> bool {
        let taken = self.queue.try_send(job).is_ok();
        if !taken {
            tracing::error!("a mail was dropped: too many wait for the mail server");
        }
        taken
    }

    /// Sends what is put on its way, one after the other, for ever. Only the first call does anything.
    pub async fn run(&self, backend: &Backend) {
        let waiting = self.waiting.lock().unwrap_or_else(PoisonError::into_inner).take();
        let (Some(mut waiting), Some(smtp)) = (waiting, &self.smtp) else { return };
        while let Some(job) = waiting.recv().await {
            let message = match job {
                Job::Send(message) => Some(message),
                Job::Forgot { email, origin } => match backend.passwords().reset_mail(&email, origin).await {
                    Ok(message) => message,
                    Err(error) => {
                        tracing::error!(error = %error, "a link for a forgotten password was not made");
                        None
                    }
                },
            };
            if let Some(message) = message {
                deliver(smtp, &message).await;
            }
        }
    }
}

async fn deliver(smtp: &Smtp, message: &Message) {
    for last in [false, true] {
        match tokio::time::timeout(PATIENCE, try_once(smtp, message)).await {
            Ok(Ok(())) => return,
            Ok(Err(Failure::Ours(error))) => {
                tracing::error!(error = %error, "a mail cannot be written");
                return;
            }
            // The server's words may repeat the address; its number says enough.
            Ok(Err(Failure::Theirs { status, permanent })) => {
                tracing::warn!(status, permanent, last, "the mail server did not take a mail");
                if permanent {
                    return;
                }
            }
            Err(_) => tracing::warn!(last, "the mail server did not answer in time"),
        }
        if !last {
            tokio::time::sleep(PAUSE).await;
        }
    }
}

enum Failure {
    Ours(Error),
    Theirs { status: Option<u16>, permanent: bool },
}

async fn try_once(smtp: &Smtp, message: &Message) -> Result<(), Failure> {
    let ours = |error: lettre::address::AddressError| Failure::Ours(Error::internal(error.to_string()));
    let to = Mailbox::new(None, message.to.parse().map_err(ours)?);
    let mail = lettre::Message::builder()
        .from(smtp.from.clone())
        .to(to)
        .subject(message.subject.clone())
        .header(ContentType::TEXT_PLAIN)
        .body(message.text.clone())
        .map_err(|error| Failure::Ours(Error::internal(error.to_string())))?;
    let theirs = |error: lettre::transport::smtp::Error| Failure::Theirs {
        status: error.status().map(u16::from),
        permanent: error.is_permanent(),
    };
    let tls = || TlsParameters::new(smtp.host.clone()).map_err(theirs);
    let tls = match smtp.tls {
        SmtpTls::None => Tls::None,
        SmtpTls::Starttls => Tls::Required(tls()?),
        SmtpTls::Tls => Tls::Wrapper(tls()?),
    };
    let mut transport = AsyncSmtpTransport::<Tokio1Executor>::builder_dangerous(&smtp.host)
        .port(smtp.port)
        .tls(tls)
        .timeout(Some(PATIENCE));
    if let Some((username, password)) = &smtp.login {
        transport = transport.credentials(Credentials::new(username.clone(), password.expose().to_owned()));
    }
    transport.build().send(mail).await.map(drop).map_err(theirs)
}
