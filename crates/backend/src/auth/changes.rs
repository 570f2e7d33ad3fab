//! News about accounts, memberships and sessions from all instances, over LISTEN/NOTIFY: whoever caches who somebody is, or
//! holds a connection open for them, looks again when it is told. The triggers are in `migrations/0001_identity.sql` and
//! `0003_access.sql`.

use std::time::Duration;

use sqlx::postgres::PgListener;
use tokio::{sync::broadcast, task::JoinHandle};
use uuid::Uuid;

use super::sessions::SessionKey;
use crate::db::Db;

const CHANNEL: &str = "obstack_identity";
/// A receiver that is further behind gets `Lagged` and has to treat it like [`Change::Anything`].
const BACKLOG: usize = 1024;
const FIRST_PAUSE: Duration = Duration::from_millis(200);
const LONGEST_PAUSE: Duration = Duration::from_secs(10);

/// What is no longer what it was.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Change {
    /// An account or its memberships.
    User(Uuid),
    /// A tenant or its stores.
    Tenant(Uuid),
    /// A session ended or changed hands.
    Session(SessionKey),
    /// An API key was changed or revoked.
    Key(Uuid),
    /// A sign-in provider.
    Provider(Uuid),
    /// A store that is kept in the database.
    Store,
    /// News were lost: look at everything again.
    Anything,
}

impl Change {
    fn read(payload: &str) -> Self {
        let known = match payload.split_once(':') {
            Some(("user", id)) => id.parse().ok().map(Self::User),
            Some(("tenant", id)) => id.parse().ok().map(Self::Tenant),
            Some(("session", hash)) => SessionKey::from_hex(hash).map(Self::Session),
            Some(("key", id)) => id.parse().ok().map(Self::Key),
            Some(("provider", id)) => id.parse().ok().map(Self::Provider),
            Some(("store", _)) => Some(Self::Store),
            _ => None,
        };
        // A newer instance may say things this one does not know.
        known.unwrap_or(Self::Anything)
    }
}

/// Listens until it is dropped.
#[derive(Debug)]
pub struct Changes {
    sender: broadcast::Sender<Change>,
    task: JoinHandle<()>,
}

impl Changes {
    /// Starts listening on a connection of its own. Returns when the database has confirmed: every change committed from
    /// now on is told.
    pub async fn listen(db: &Db) -> Result<Self, crate::Error> {
        let listener = connect(db).await?;
        let (sender, _) = broadcast::channel(BACKLOG);
        let task = tokio::spawn(run(db.clone(), listener, sender.clone()));
        Ok(Self { sender, task })
    }

    /// All news from now on.
    pub fn subscribe(&self) -> broadcast::Receiver<Change> {
        self.sender.subscribe()
    }
}

impl Drop for Changes {
    fn drop(&mut self) {
        self.task.abort();
    }
}

async fn connect(db: &Db) -> Result<PgListener, sqlx::Error> {
    let mut listener = PgListener::connect_with(db.system()).await?;
    // What happens between losing and regaining the connection is told as `Anything`, which is only true afterwards.
    listener.eager_reconnect(true);
    listener.listen(CHANNEL).await?;
    Ok(listener)
}

async fn run(db: Db, mut listener: PgListener, sender: broadcast::Sender<Change>) {
    let mut pause = FIRST_PAUSE;
    loop {
        let change = match listener.try_recv().await {
            Ok(Some(news)) => {
                pause = FIRST_PAUSE;
                Change::read(news.payload())
            }
            // The connection was lost and has been made again.
            Ok(None) => Change::Anything,
            Err(_) if db.system().is_closed() => return,
            Err(error) => {
                tracing::warn!(error = %error, "lost the news about sessions and memberships");
                tokio::time::sleep(pause).await;
                pause = (pause * 2).min(LONGEST_PAUSE);
                match connect(&db).await {
                    Ok(again) => listener = again,
                    Err(_) => continue,
                }
                Change::Anything
            }
        };
        // Nobody may be listening at the moment.
        let _ = sender.send(change);
    }
}
