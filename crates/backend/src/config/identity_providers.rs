//! `identity_providers`: OpenID Connect providers of the whole installation.

use contract::{Role, sign_in::MappingRule};
use reqwest::Url;

use super::{
    kinds,
    reader::{Fields, Item, Reader, Wrong},
    secret::Secret,
};
use crate::sign_in::{check_mapping, is_issuer, provider_name};

/// A sign-in provider, checked.
#[derive(Clone, Debug)]
pub struct IdentityProviderConfig {
    /// Name in addresses.
    pub name: String,
    /// On the button.
    pub title: String,
    /// The issuer.
    pub issuer: String,
    /// Our id there.
    pub client_id: String,
    /// Our secret there; none for public clients.
    pub client_secret: Option<Secret>,
    /// Asked for beside `openid`.
    pub scopes: Vec<String>,
    /// Audience that bearer tokens for the API must name.
    pub api_audience: Option<String>,
    /// Who gets which role.
    pub mappings: Vec<MappingRule>,
}

/// Each provider; `None` for one with a mistake.
pub(super) fn read(top: &mut Fields<'_>) -> Vec<Option<IdentityProviderConfig>> {
    let reader = top.reader;
    let (providers, names): (Vec<_>, Vec<_>) =
        top.list("identity_providers").iter().map(|item| read_one(reader, item)).unzip();
    kinds::unique(reader, "sign-in provider", names.iter().flatten().map(|(name, item)| (name.as_str(), item)));
    providers
}

/// What to think about.
pub(super) fn warnings(providers: &[IdentityProviderConfig]) -> Vec<String> {
    let plain = |issuer: &str| {
        let host = Url::parse(issuer).ok().and_then(|url| url.host_str().map(str::to_owned)).unwrap_or_default();
        issuer.starts_with("http://") && !matches!(host.as_str(), "localhost" | "127.0.0.1" | "[::1]")
    };
    let insecure = providers.iter().filter(|provider| plain(&provider.issuer));
    let insecure = insecure.map(|p| format!("the sign-in provider {} is reached without TLS", p.name));
    let ruleless = providers.iter().filter(|provider| provider.mappings.is_empty());
    let ruleless = ruleless.map(|p| format!("the sign-in provider {} has no mappings: nobody gets in with it", p.name));
    insecure.chain(ruleless).collect()
}

fn read_one(reader: &Reader<'_>, item: &Item) -> (Option<IdentityProviderConfig>, Option<(String, Item)>) {
    let mut fields = Fields::of_entry(reader, item, "identity_providers[]");
    let name_item = fields.value("name");
    let name = match &name_item {
        Some(item) => reader.parse_item(item, |text| {
            provider_name(text).map_err(|remedy| Wrong::new(format!("`{text}` is not a name of a provider"), remedy))
        }),
        None => {
            fields.lacks("name");
            None
        }
    };
    let title = match fields.value("title") {
        Some(item) => reader.parse_item(&item, |text| line(text, 100)),
        None => name.clone(),
    };
    let issuer = fields.required("issuer", |text| {
        is_issuer(text)
            .map(|()| text.to_owned())
            .map_err(|remedy| Wrong::new(format!("`{text}` is not an issuer"), remedy))
    });
    let client_id = fields.required("client_id", |text| line(text, 255));
    let client_secret = kinds::secret(&mut fields, "client_secret", false);
    let scopes = scopes(&mut fields);
    let api_audience = match fields.value("api_audience") {
        Some(item) => reader.parse_item(&item, |text| line(text, 255)).map(Some),
        None => Some(None),
    };
    let mappings: Option<Vec<MappingRule>> =
        fields.list("mappings").iter().map(|item| mapping(reader, item)).collect::<Vec<_>>().into_iter().collect();
    fields.finish();
    let provider = (|| {
        Some(IdentityProviderConfig {
            name: name.clone()?,
            title: title?,
            issuer: issuer?,
            client_id: client_id?,
            client_secret: client_secret?.map(|(secret, _)| secret),
            scopes: scopes?,
            api_audience: api_audience?,
            mappings: mappings?,
        })
    })();
    (provider, name.zip(name_item))
}

fn scopes(fields: &mut Fields<'_>) -> Option<Vec<String>> {
    let reader = fields.reader;
    let Some(item) = fields.written("scopes") else { return Some(vec!["profile".to_owned(), "email".to_owned()]) };
    let scope = |text: &str| {
        let usable = !text.is_empty()
            && text.len() <= 100
            && text.bytes().all(|b| b.is_ascii_graphic() && b != b'"' && b != b'\\');
        usable
            .then(|| text.to_owned())
            .ok_or_else(|| Wrong::new(format!("`{text}` is not a scope"), "write words such as profile, email, groups"))
    };
    let all: Vec<Option<String>> = reader.entries(&item).iter().map(|entry| reader.parse_item(entry, scope)).collect();
    let mut all: Vec<String> = all.into_iter().collect::<Option<_>>()?;
    // Always asked for.
    all.retain(|scope| scope != "openid");
    Some(all)
}

fn mapping(reader: &Reader<'_>, item: &Item) -> Option<MappingRule> {
    let mut fields = Fields::of_entry(reader, item, "identity_providers[].mappings[]");
    let claim = fields.required("claim", |text| line(text, 500));
    let [equals, pattern] = ["equals", "pattern"].map(|key| match fields.value(key) {
        Some(item) => reader.parse_item(&item, |text| line(text, 500)).map(Some),
        None => Some(None),
    });
    let tenant = fields.required("tenant", |text| line(text, 63));
    let role = fields.required("role", |text| {
        text.parse::<Role>()
            .map_err(|_| Wrong::new(format!("there is no role `{text}`"), "write viewer, editor or admin"))
    });
    fields.finish();
    let rule = MappingRule { claim: claim?, equals: equals?, pattern: pattern?, tenant: tenant?, role: role? };
    match check_mapping(&rule) {
        Ok(()) => Some(rule),
        Err(why) => {
            reader.wrong(item, "this rule gives nothing", why);
            None
        }
    }
}

fn line(text: &str, longest: usize) -> Result<String, Wrong> {
    let text = text.trim();
    let plain = !text.is_empty() && text.len() <= longest && !text.chars().any(char::is_control);
    plain
        .then(|| text.to_owned())
        .ok_or_else(|| Wrong::new("this text cannot be used", format!("write 1 to {longest} characters on one line")))
}
