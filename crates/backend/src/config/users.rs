//! `users`: people with local accounts.

use contract::{Role, TenantSlug};

use super::{
    kinds,
    reader::{Fields, Item, Reader, Wrong},
    secret::Secret,
    spelling::nearest,
    tenants::Tenant,
};
use crate::auth::{bounds, normalized_email};

/// Shorter passwords are allowed and warned about.
const SHORT_PASSWORD: usize = 8;

/// A person, checked.
#[derive(Clone, Debug)]
pub struct UserConfig {
    /// Sign-in name, lower case.
    pub email: String,
    /// Display name.
    pub name: String,
    /// Password.
    pub password: Secret,
    /// May manage tenants and stores.
    pub platform_admin: bool,
    /// Tenants and rights there.
    pub memberships: Vec<(TenantSlug, Role)>,
}

/// Each person; `None` for one with a mistake.
pub(super) fn read(top: &mut Fields<'_>, tenants: &[Tenant]) -> Vec<Option<UserConfig>> {
    let reader = top.reader;
    let (users, emails): (Vec<_>, Vec<_>) =
        top.list("users").iter().map(|item| read_one(reader, item, tenants)).unzip();
    kinds::unique(reader, "user", emails.iter().flatten().map(|(email, item)| (email.as_str(), item)));
    users
}

/// What to think about, without naming anybody.
pub(super) fn warnings(users: &[UserConfig]) -> Option<String> {
    let short = users.iter().filter(|user| user.password.expose().chars().count() < SHORT_PASSWORD).count();
    (short > 0).then(|| format!("{short} provisioned passwords are shorter than {SHORT_PASSWORD} characters"))
}

fn read_one(reader: &Reader<'_>, item: &Item, tenants: &[Tenant]) -> (Option<UserConfig>, Option<(String, Item)>) {
    let mut fields = Fields::of_entry(reader, item, "users[]");
    let email_item = fields.value("email");
    let email = match &email_item {
        Some(item) => reader.parse_item(item, |text| {
            normalized_email(text)
                .ok_or_else(|| Wrong::new(format!("`{text}` is not an e-mail address"), "write it as name@example.com"))
        }),
        None => {
            fields.lacks("email");
            None
        }
    };
    let name = match fields.value("name") {
        Some(item) => reader.parse_item(&item, kinds::display_name),
        None => email.as_ref().and_then(|email| email.split('@').next()).map(str::to_owned),
    };
    let password = password(&mut fields, item);
    let platform_admin = fields.parse("platform_admin", kinds::boolean);
    let memberships = memberships(&mut fields, tenants);
    fields.finish();
    let user = (|| {
        Some(UserConfig {
            email: email.clone()?,
            name: name?,
            password: password?,
            platform_admin: platform_admin?,
            memberships: memberships?,
        })
    })();
    (user, email.zip(email_item))
}

fn password(fields: &mut Fields<'_>, user: &Item) -> Option<Secret> {
    let Some((password, at)) = kinds::secret(fields, "password", false)? else {
        fields.reader.wrong(user, "the password is missing", "add password_env or password_file");
        return None;
    };
    if let Err(error) = bounds(password.expose()) {
        fields.reader.wrong(&at, error.to_string(), "choose another password");
        return None;
    }
    Some(password)
}

fn memberships(fields: &mut Fields<'_>, tenants: &[Tenant]) -> Option<Vec<(TenantSlug, Role)>> {
    let reader = fields.reader;
    let mut seen: Vec<(String, Item)> = Vec::new();
    let mut all: Vec<Option<(TenantSlug, Role)>> = Vec::new();
    for entry in fields.list("memberships") {
        let mut membership = Fields::of_entry(reader, &entry, "users[].memberships[]");
        let tenant_item = membership.value("tenant");
        let tenant = match &tenant_item {
            Some(item) => reader.parse_item(item, |text| known_tenant(text, tenants)),
            None => {
                membership.lacks("tenant");
                None
            }
        };
        let role = membership.required("role", |text| {
            text.parse::<Role>()
                .map_err(|_| Wrong::new(format!("there is no role `{text}`"), "write viewer, editor or admin"))
        });
        membership.finish();
        seen.extend(tenant.as_ref().map(ToString::to_string).zip(tenant_item));
        all.push(tenant.zip(role));
    }
    kinds::unique(reader, "membership", seen.iter().map(|(tenant, item)| (tenant.as_str(), item)));
    all.into_iter().collect()
}

pub(super) fn known_tenant(text: &str, tenants: &[Tenant]) -> Result<TenantSlug, Wrong> {
    let slugs: Vec<&str> = tenants.iter().filter_map(|tenant| Some(tenant.slug.as_ref()?.0.as_str())).collect();
    match text.parse() {
        Ok(slug) if slugs.contains(&text) => Ok(slug),
        _ => {
            let remedy = match nearest(text, &slugs) {
                Some(near) => format!("did you mean `{near}`?"),
                None => {
                    format!("known tenants: {}", if slugs.is_empty() { "none".to_owned() } else { slugs.join(", ") })
                }
            };
            Err(Wrong::new(format!("there is no tenant `{text}`"), remedy))
        }
    }
}
