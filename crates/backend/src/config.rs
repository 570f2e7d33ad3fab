//! Configuration: one YAML file and the `OBSTACK_…` variables, typed and checked as a whole before anything starts. Nothing
//! else in Obstack reads the environment. `docs/configuration.md` is made from the same table the reader works with.

mod addresses;
mod documentation;
mod fields;
mod identity_providers;
mod keys;
mod kinds;
mod limits;
mod log;
mod problem;
mod proxies;
mod reader;
mod secret;
mod sessions;
mod smtp;
mod spelling;
mod storage;
mod stores;
mod telemetry;
mod tenants;
mod tracing;
mod users;
mod yaml;

#[cfg(test)]
mod tests;

use std::{ffi::OsString, fs, net::SocketAddr, path::Path, path::PathBuf, time::Duration};

use reqwest::Url;

pub use self::tracing::Tracing;
pub use documentation::markdown;
pub use identity_providers::IdentityProviderConfig;
pub use keys::ApiKeyConfig;
pub use limits::{LimitsConfig, QuotaConfig};
pub use log::{Log, LogFormat};
pub use problem::{ConfigError, ConfigErrors};
pub use proxies::TrustedProxies;
pub use secret::Secret;
pub use sessions::Sessions;
pub use smtp::{Smtp, SmtpTls};
pub use stores::{StoreAuth, StoreConfig, StoreKind, Tenancy};
pub(crate) use stores::{check_label, check_name, check_user_name};
pub use telemetry::Telemetry;
pub use tenants::TenantConfig;
pub use users::UserConfig;

use reader::Reader;

/// Everything that can be set, checked.
#[derive(Clone, Debug)]
pub struct Config {
    /// Where the portal and the API are served. `OBSTACK_LISTEN`, 127.0.0.1:3000.
    pub listen: SocketAddr,
    /// Where `/metrics` is served. `OBSTACK_OPS_LISTEN`, 127.0.0.1:9464.
    pub ops_listen: SocketAddr,
    /// The address people type: scheme, host, port. `OBSTACK_PUBLIC_URL`, `http://` and `listen`.
    pub public_url: Url,
    /// What is kept on disk. `OBSTACK_DATA_DIR`, `./data`.
    pub data_dir: PathBuf,
    /// The database; `None` for the private cluster. `OBSTACK_DATABASE_URL`.
    pub database_url: Option<Secret>,
    /// Whose word about a client's address is believed. `OBSTACK_TRUSTED_PROXIES`, nobody's.
    pub trusted_proxies: TrustedProxies,
    /// How often whom may ask.
    pub limits: LimitsConfig,
    /// The longest an API key may live. `OBSTACK_API_KEY_MAX_LIFETIME`, 365d.
    pub api_key_max_lifetime: Duration,
    /// The embedded stores.
    pub telemetry: Telemetry,
    /// The process's own log.
    pub log: Log,
    /// Where the process's own spans go.
    pub tracing: Tracing,
    /// How long people stay signed in.
    pub sessions: Sessions,
    /// The mail server; none sends no mail. `OBSTACK_SMTP_…`.
    pub smtp: Option<Smtp>,
    /// Stores beside the embedded one. `OBSTACK_STORES`, none.
    pub stores: Vec<StoreConfig>,
    /// Tenants to provision. `OBSTACK_TENANTS`, none.
    pub tenants: Vec<TenantConfig>,
    /// People to provision. `OBSTACK_USERS`, none.
    pub users: Vec<UserConfig>,
    /// Sign-in providers of the installation. `OBSTACK_IDENTITY_PROVIDERS`, none.
    pub identity_providers: Vec<IdentityProviderConfig>,
    /// API keys to provision. `OBSTACK_API_KEYS`, none.
    pub api_keys: Vec<ApiKeyConfig>,
    /// What provisioned rows are marked with: the name of the file without its directories, or `environment`.
    pub provisioned_by: String,
    /// What works and should be thought about. For the log.
    pub warnings: Vec<String>,
}

impl Config {
    /// Reads the file, if there is one, and the environment.
    pub fn load(path: Option<&Path>, env: &dyn Fn(&str) -> Option<String>) -> Result<Self, ConfigErrors> {
        let Some(path) = path else { return Self::read(None, env) };
        let name = path.display().to_string();
        match fs::read_to_string(path) {
            Ok(text) => Self::read(Some((&name, &text)), env),
            Err(error) => Err(ConfigErrors(vec![ConfigError {
                source: name,
                line: None,
                column: None,
                field: String::new(),
                what: format!("the file cannot be read ({error})"),
                remedy: "check the path given with --config and the file's permissions".to_owned(),
            }])),
        }
    }

    /// Reads a text under a name, if there is one, and the environment.
    pub fn read(file: Option<(&str, &str)>, env: &dyn Fn(&str) -> Option<String>) -> Result<Self, ConfigErrors> {
        let reader = Reader::new(file, env);
        let provisioned_by = match file {
            Some((name, _)) => {
                Path::new(name).file_name().map_or(name.into(), |name| name.to_string_lossy()).into_owned()
            }
            None => "environment".to_owned(),
        };
        let config = Self::fields(&reader, provisioned_by);
        match (config, reader.into_problems()) {
            (Some(config), problems) if problems.is_empty() => Ok(config),
            (_, problems) => Err(ConfigErrors(problems)),
        }
    }

    /// `None` when something is wrong, which the reader knows then.
    fn fields(reader: &Reader<'_>, provisioned_by: String) -> Option<Self> {
        let mut top = reader.top();
        let addresses = addresses::read(&mut top);
        let data_dir = storage::data_dir(&mut top);
        let database_url = storage::database_url(&mut top);
        let telemetry = Telemetry::read(top.section("telemetry"));
        let log = Log::read(top.section("log"));
        let tracing = Tracing::read(top.section("tracing"));
        let sessions = Sessions::read(top.section("sessions"));
        let smtp = Smtp::read(top.section("smtp"));
        let stores = stores::read(&mut top);
        let tenants = tenants::read(&mut top, &stores);
        let users = users::read(&mut top, &tenants);
        let identity_providers = identity_providers::read(&mut top);
        let trusted_proxies = TrustedProxies::read(&mut top);
        let limits = LimitsConfig::read(top.section("limits"));
        let api_key_max_lifetime = keys::max_lifetime(&mut top);
        let api_keys = keys::read(&mut top, &tenants);
        top.refuse("embed");
        top.finish();

        let addresses = addresses?;
        let users: Vec<UserConfig> = users.into_iter().collect::<Option<_>>()?;
        let identity_providers: Vec<IdentityProviderConfig> = identity_providers.into_iter().collect::<Option<_>>()?;
        let warnings = addresses.warnings().into_iter().chain(users::warnings(&users));
        let warnings = warnings.chain(identity_providers::warnings(&identity_providers)).collect();
        Some(Self {
            listen: addresses.listen,
            ops_listen: addresses.ops_listen,
            public_url: addresses.public_url,
            data_dir: data_dir?,
            database_url: database_url?,
            telemetry: telemetry?,
            log: log?,
            tracing: tracing?,
            sessions: sessions?,
            smtp: smtp?,
            stores: stores.into_iter().map(|store| store.config).collect::<Option<_>>()?,
            tenants: tenants.into_iter().map(|tenant| tenant.config).collect::<Option<_>>()?,
            users,
            identity_providers,
            trusted_proxies: trusted_proxies?,
            limits: limits?,
            api_key_max_lifetime: api_key_max_lifetime?,
            api_keys: api_keys.into_iter().collect::<Option<_>>()?,
            provisioned_by,
            warnings,
        })
    }
}

/// Names of `OBSTACK_…` variables that are set and mean nothing, each with a remedy. For the log: a misspelt variable is
/// otherwise silently ignored.
pub fn unknown_variables<'n>(names: impl Iterator<Item = &'n str>) -> Vec<String> {
    let fields = fields::FIELDS.iter().map(|field| field.path).chain(fields::UNSUPPORTED.iter().map(|(path, _)| *path));
    let mut known: Vec<String> = fields.map(fields::variable).collect();
    known.push("OBSTACK_CONFIG".to_owned());
    let lower: Vec<String> = known.iter().map(|name| name.to_lowercase()).collect();
    let lower: Vec<&str> = lower.iter().map(String::as_str).collect();
    let unknown = names.filter(|name| name.starts_with("OBSTACK_") && !known.iter().any(|known| known == name));
    unknown
        .map(|name| match spelling::nearest(name, &lower) {
            Some(near) => format!("the variable {name} means nothing; did you mean {}?", near.to_uppercase()),
            None => format!("the variable {name} means nothing; see docs/configuration.md"),
        })
        .collect()
}

/// Where programs are looked for.
pub(crate) fn search_path() -> OsString {
    std::env::var_os("PATH").unwrap_or_else(|| "/usr/local/bin:/usr/bin:/bin".into())
}
