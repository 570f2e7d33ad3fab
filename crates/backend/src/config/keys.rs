//! `api_keys` and `api_key_max_lifetime`: keys of service accounts that a file manages.

use std::{collections::BTreeSet, time::Duration};

use contract::{Role, TenantSlug, Timestamp};

use super::{
    kinds,
    reader::{Fields, Item, Reader, Wrong},
    tenants::Tenant,
    users::known_tenant,
};
use crate::{keys::KeyText, scope::KeyScope};

const DAY: Duration = Duration::from_secs(86_400);

/// A key, checked.
#[derive(Clone, Debug)]
pub struct ApiKeyConfig {
    /// The one tenant it is for.
    pub tenant: TenantSlug,
    /// Name of the key and of its service account.
    pub name: String,
    /// Highest role.
    pub role: Role,
    /// What it may do.
    pub scopes: BTreeSet<KeyScope>,
    /// The key.
    pub secret: KeyText,
    /// When it ends; none for the longest time, renewed by starts.
    pub expires: Option<Timestamp>,
}

/// The longest a key may live.
pub(super) fn max_lifetime(top: &mut Fields<'_>) -> Option<Duration> {
    top.parse("api_key_max_lifetime", |text| kinds::duration(text, DAY, DAY * 3650))
}

/// Each key; `None` for one with a mistake.
pub(super) fn read(top: &mut Fields<'_>, tenants: &[Tenant]) -> Vec<Option<ApiKeyConfig>> {
    let reader = top.reader;
    let items = top.list("api_keys");
    let keys: Vec<_> = items.iter().map(|item| read_one(reader, item, tenants)).collect();
    let known = |what: fn(&ApiKeyConfig) -> String| -> Vec<(String, &Item)> {
        keys.iter().zip(&items).filter_map(|(key, item)| Some((what(key.as_ref()?), item))).collect()
    };
    let names = known(|key| format!("{}/{}", key.tenant, key.name.to_lowercase()));
    kinds::unique(reader, "key", names.iter().map(|(name, item)| (name.as_str(), *item)));
    // Named by their last characters: the key itself is not for a log.
    let mut seen: Vec<([u8; 32], &Item)> = Vec::new();
    for (key, item) in keys.iter().zip(&items) {
        let Some(key) = key else { continue };
        match seen.iter().find(|(hash, _)| *hash == key.secret.hash()) {
            Some((_, first)) => {
                let what = format!("the key that ends in {} is given twice", key.secret.hint());
                reader.wrong(
                    item,
                    what,
                    format!("make another one with `obstack key new`; the first is {}", first.path),
                );
            }
            None => seen.push((key.secret.hash(), item)),
        }
    }
    keys
}

fn read_one(reader: &Reader<'_>, item: &Item, tenants: &[Tenant]) -> Option<ApiKeyConfig> {
    let mut fields = Fields::of_entry(reader, item, "api_keys[]");
    let tenant = fields.required("tenant", |text| known_tenant(text, tenants));
    let name = fields.required("name", |text| {
        let name = kinds::display_name(text)?;
        if name.chars().count() > 100 {
            return Err(Wrong::new("the name is too long", "write at most 100 characters"));
        }
        Ok(name)
    });
    let role = fields.required("role", |text| {
        text.parse::<Role>()
            .map_err(|_| Wrong::new(format!("there is no role `{text}`"), "write viewer, editor or admin"))
    });
    let scopes = scopes(&mut fields, item, role);
    let secret = secret(&mut fields, item);
    let expires = match fields.value("expires") {
        None => Some(None),
        Some(at) => reader
            .parse_item(&at, |text| {
                let wrong = |_| Wrong::new(format!("`{text}` is not a time"), "write it as \"2027-01-31T00:00:00Z\"");
                text.parse::<Timestamp>().map_err(wrong)
            })
            .map(Some),
    };
    fields.finish();
    Some(ApiKeyConfig {
        tenant: tenant?,
        name: name?,
        role: role?,
        scopes: scopes?,
        secret: secret?,
        expires: expires?,
    })
}

fn scopes(fields: &mut Fields<'_>, key: &Item, role: Option<Role>) -> Option<BTreeSet<KeyScope>> {
    let reader = fields.reader;
    let items = fields.list("scopes");
    if items.is_empty() {
        let known = KeyScope::ALL.map(KeyScope::as_str).join(", ");
        reader.wrong(key, "the key has no scopes", format!("add scopes with some of {known}"));
        return None;
    }
    let all: Vec<Option<KeyScope>> = items
        .iter()
        .map(|item| {
            reader.parse_item(item, |text| {
                let known = || KeyScope::ALL.map(KeyScope::as_str).join(", ");
                let scope = KeyScope::from_name(text).ok_or_else(|| {
                    Wrong::new(format!("there is no scope `{text}`"), format!("write some of {}", known()))
                })?;
                match role {
                    Some(role) if role < scope.least_role() => Err(Wrong::new(
                        format!("the role {} cannot use `{text}`", role.as_str()),
                        format!("remove it, or write role: {}", scope.least_role().as_str()),
                    )),
                    _ => Ok(scope),
                }
            })
        })
        .collect();
    all.into_iter().collect()
}

fn secret(fields: &mut Fields<'_>, key: &Item) -> Option<KeyText> {
    let Some((secret, at)) = kinds::secret(fields, "secret", false)? else {
        fields.reader.wrong(
            key,
            "the key itself is missing",
            "make one with `obstack key new` and add secret_env or secret_file",
        );
        return None;
    };
    let text = KeyText::parse(secret.expose());
    if text.is_none() {
        let what = "this is not an API key: it needs the form obs_… with a right checksum";
        fields.reader.wrong(&at, what, "make one with `obstack key new`");
    }
    text
}
