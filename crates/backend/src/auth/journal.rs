//! Signing in and out as the audit log tells it: in the installation's chain and in those of the person's tenants.

use std::{net::IpAddr, sync::Arc};

use contract::{Timestamp, auth::User};
use serde_json::json;
use uuid::Uuid;

use super::LoginError;
use crate::{
    Backend,
    audit::{Action, Entry, Target},
    scope::{Actor, ActorKind, Origin},
};

impl Backend {
    /// Checks e-mail and password of a local account, and notes when they are wrong.
    pub async fn password_sign_in(
        &self,
        email: &str,
        password: &str,
        client: IpAddr,
        origin: Arc<Origin>,
        now: Timestamp,
    ) -> Result<User, LoginError> {
        let outcome = self.auth.login(email, password, client, now).await;
        if let Err(LoginError::Refused { account }) = &outcome {
            // For addresses nobody has as well: the time an answer takes must not tell whether there is an account. What was
            // typed is not written down; it may have been a password.
            let id = account.map_or_else(|| "unknown".to_owned(), |id| id.to_string());
            let entry = Entry::failed(Action::SignInFailed, Target::new("user", id));
            let actor = Actor { origin, ..Actor::nobody() };
            self.audit.note_or_log(&actor, &[None], now, entry).await;
        }
        outcome
    }

    /// Notes that somebody has a session now; `by` is `password` or the name of the provider.
    pub async fn note_sign_in(&self, user: Uuid, by: &str, origin: Arc<Origin>, now: Timestamp) {
        let entry = Entry::done(Action::SignIn, Target::new("user", user)).after(json!({"by": by}));
        self.note_of_person(user, origin, now, entry).await;
    }

    /// Notes that somebody ended their session.
    pub async fn note_sign_out(&self, user: Uuid, origin: Arc<Origin>, now: Timestamp) {
        self.note_of_person(user, origin, now, Entry::done(Action::SignOut, Target::new("user", user))).await;
    }

    async fn note_of_person(&self, user: Uuid, origin: Arc<Origin>, now: Timestamp, entry: Entry) {
        let (Ok(Some(person)), Ok(tenants)) = (self.auth.person(user).await, self.known_tenants().await) else {
            tracing::error!(audit.action = entry.action.as_str(), "an entry is missing in the audit log");
            return;
        };
        let mut chains = vec![None];
        chains.extend(person.roles.keys().filter_map(|slug| tenants.get(slug)).map(|tenant| Some(tenant.record().id)));
        let actor = Actor::new(ActorKind::User, &person.user.id, &person.user.name, origin);
        self.audit.note_or_log(&actor, &chains, now, entry).await;
    }
}
