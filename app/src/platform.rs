//! What differs between server and browser, and nothing else: the caller's door, the status of the answer, theme and
//! hydration marker. The only file that may ask for the `ssr` feature.

use std::fmt;

use contract::{ApiError, ErrorCode};
use leptos::prelude::*;
use serde::{Deserialize, Serialize, de::DeserializeOwned};
use server_fn::{
    Bytes, ContentType, Decodes, Encodes, Format, FormatType,
    client::{Client, browser::BrowserClient},
    codec::Post,
    error::{FromServerFnError, ServerFnErrorErr},
    request::browser::BrowserRequest,
    response::browser::BrowserResponse,
};

use crate::json;

/// The error of every server function: an [`ApiError`], in JSON on the wire.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
pub struct UiError(pub ApiError);

impl UiError {
    /// The kind.
    pub fn code(&self) -> ErrorCode {
        self.0.code
    }
}

impl fmt::Display for UiError {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        self.0.fmt(f)
    }
}

impl std::error::Error for UiError {}

/// On the server this also sets the status of the page or answer being made: whatever ends in an error is not a 200.
impl From<ApiError> for UiError {
    fn from(error: ApiError) -> Self {
        set_status(error.code.status());
        Self(error)
    }
}

impl FromServerFnError for UiError {
    type Encoder = JsonText;

    fn from_server_fn_error(error: ServerFnErrorErr) -> Self {
        match error {
            ServerFnErrorErr::Args(_) | ServerFnErrorErr::MissingArg(_) => {
                ApiError::new(ErrorCode::Invalid, "The parameters of this request cannot be read.").into()
            }
            ServerFnErrorErr::Request(_) => Self(ApiError::new(
                ErrorCode::Internal,
                "The server cannot be reached. Check the connection and try again.",
            )),
            ServerFnErrorErr::Registration(_)
            | ServerFnErrorErr::UnsupportedRequestMethod(_)
            | ServerFnErrorErr::ServerError(_)
            | ServerFnErrorErr::MiddlewareError(_)
            | ServerFnErrorErr::Deserialization(_)
            | ServerFnErrorErr::Serialization(_)
            | ServerFnErrorErr::Response(_) => {
                ApiError::new(ErrorCode::Internal, "The answer of the server cannot be read. Reload the page.").into()
            }
        }
    }
}

/// JSON for server functions, read by [`json`] like everything else that reaches the browser.
pub struct JsonText;

/// The answer of every server function: `output = Text`.
pub type Text = Post<JsonText>;

impl ContentType for JsonText {
    const CONTENT_TYPE: &'static str = "application/json";
}

impl FormatType for JsonText {
    const FORMAT_TYPE: Format = Format::Text;
}

impl<T: Serialize> Encodes<T> for JsonText {
    type Error = serde_json::Error;

    fn encode(value: &T) -> Result<Bytes, Self::Error> {
        serde_json::to_string(value).map(Bytes::from)
    }
}

impl<T: DeserializeOwned> Decodes<T> for JsonText {
    type Error = json::Unreadable;

    fn decode(bytes: Bytes) -> Result<T, Self::Error> {
        json::read(std::str::from_utf8(&bytes).map_err(|_| json::Unreadable)?)
    }
}

/// The client of server functions that write: adds the header the server demands against forged requests.
pub struct WriteClient;

impl<E, I, O> Client<E, I, O> for WriteClient
where
    E: FromServerFnError,
    I: FromServerFnError,
    O: FromServerFnError,
{
    type Request = BrowserRequest;
    type Response = BrowserResponse;

    fn send(request: Self::Request) -> impl Future<Output = Result<Self::Response, E>> + Send {
        request.headers().append("X-Obstack-CSRF", "1");
        <BrowserClient as Client<E, I, O>>::send(request)
    }

    fn open_websocket(
        path: &str,
    ) -> impl Future<
        Output = Result<
            (
                impl futures::Stream<Item = Result<Bytes, Bytes>> + Send + 'static,
                impl futures::Sink<Bytes> + Send + 'static,
            ),
            E,
        >,
    > + Send {
        <BrowserClient as Client<E, I, O>>::open_websocket(path)
    }

    fn spawn(future: impl Future<Output = ()> + Send + 'static) {
        <BrowserClient as Client<E, I, O>>::spawn(future);
    }
}

/// How the page is coloured. `System` follows the device.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq)]
pub enum Theme {
    /// Always light.
    Light,
    /// Always dark.
    Dark,
    /// As the device says.
    #[default]
    System,
}

impl Theme {
    /// All of them, in the order they are offered.
    pub const ALL: [Self; 3] = [Self::System, Self::Light, Self::Dark];
    /// Name of the cookie.
    pub const COOKIE: &str = "theme";

    /// The word in the cookie, in forms and in `<html data-theme>`.
    pub fn as_str(self) -> &'static str {
        match self {
            Self::Light => "light",
            Self::Dark => "dark",
            Self::System => "system",
        }
    }

    /// The word on the screen.
    pub fn label(self) -> &'static str {
        match self {
            Self::Light => "Light",
            Self::Dark => "Dark",
            Self::System => "System",
        }
    }

    /// The theme of this name; `System` for anything unknown.
    pub fn from_name(name: &str) -> Self {
        Self::ALL.into_iter().find(|theme| theme.as_str() == name).unwrap_or_default()
    }

    /// The theme chosen in a `Cookie` header.
    pub fn from_cookies(header: &str) -> Self {
        header
            .split(';')
            .filter_map(|pair| pair.trim().split_once('='))
            .find(|(name, _)| *name == Self::COOKIE)
            .map(|(_, value)| Self::from_name(value))
            .unwrap_or_default()
    }

    /// Shows it at once and remembers it for a year. Browser only.
    pub fn apply(self) {
        let Some(root) = document().document_element() else { return };
        // Both can only fail where the document is gone, and then there is nothing to colour.
        let _ = root.set_attribute("data-theme", self.as_str());
        let cookie = format!("{}={}; Path=/; Max-Age=31536000; SameSite=Lax", Self::COOKIE, self.as_str());
        let _ = js_sys::Reflect::set(&document(), &"cookie".into(), &cookie.into());
    }
}

/// The theme of a request, put into context by the server; without it, the cookie of the request decides.
#[derive(Clone, Copy, Debug)]
pub struct ThemeContext(pub Theme);

/// `<html data-hydrated>`: from here on, clicks are answered by the browser. Tests wait for it.
pub fn mark_hydrated() {
    if let Some(root) = document().document_element() {
        let _ = root.set_attribute("data-hydrated", "");
    }
}

#[cfg(feature = "ssr")]
mod here {
    use std::sync::Arc;

    use contract::{ApiError, Door, ErrorCode, Portal, TenantSlug, auth::Shell};
    use leptos::prelude::*;

    use super::{Theme, ThemeContext, UiError};

    /// Who asks. The server puts it into the context of every page and every server function.
    #[derive(Clone)]
    pub struct DoorContext(pub Arc<dyn Door>);

    /// The tenant as the caller may see it: the first line of every server function.
    pub fn portal(tenant: &TenantSlug) -> Result<Arc<dyn Portal>, UiError> {
        let Some(DoorContext(door)) = use_context() else {
            return Err(ApiError::new(ErrorCode::Internal, "This request came in past the front door.").into());
        };
        Ok(door.portal(tenant)?)
    }

    /// The data of the app shell.
    pub fn shell_data(tenant: &TenantSlug) -> Result<Shell, UiError> {
        Ok(portal(tenant)?.account().shell())
    }

    /// The present. Never printed while rendering, for the browser would print another one.
    pub fn now() -> contract::Timestamp {
        let since = std::time::SystemTime::now().duration_since(std::time::UNIX_EPOCH).unwrap_or_default();
        contract::Timestamp(i64::try_from(since.as_millis()).unwrap_or(i64::MAX))
    }

    /// In small letters, of any alphabet.
    pub fn lowercase(text: &str) -> String {
        text.to_lowercase()
    }

    /// In capitals, of any alphabet.
    pub fn uppercase(text: &str) -> String {
        text.to_uppercase()
    }

    /// Sets the status of the page or answer being made.
    pub fn set_status(code: u16) {
        if let (Some(response), Ok(status)) =
            (use_context::<leptos_axum::ResponseOptions>(), http::StatusCode::from_u16(code))
        {
            response.set_status(status);
        }
    }

    /// The theme of this request.
    pub fn theme() -> Theme {
        if let Some(ThemeContext(theme)) = use_context() {
            return theme;
        }
        use_context::<http::request::Parts>()
            .and_then(|parts| Some(Theme::from_cookies(parts.headers.get(http::header::COOKIE)?.to_str().ok()?)))
            .unwrap_or_default()
    }
}

#[cfg(not(feature = "ssr"))]
mod here {
    use contract::{ApiError, ErrorCode, TenantSlug, auth::Shell};
    use leptos::prelude::*;

    use super::{Theme, UiError};

    /// The shell's data comes with the page; a browser that enters a tenant without it must load the page.
    pub fn shell_data(_tenant: &TenantSlug) -> Result<Shell, UiError> {
        Err(UiError(ApiError::new(ErrorCode::Internal, "Reload the page to open this tenant.")))
    }

    /// The present. Never printed while rendering, for the server has printed another one.
    pub fn now() -> contract::Timestamp {
        contract::Timestamp(js_sys::Date::now() as i64)
    }

    /// In small letters. The browser knows the cases of all alphabets, so it need not download them.
    pub fn lowercase(text: &str) -> String {
        js_sys::JsString::from(text).to_lower_case().into()
    }

    /// In capitals.
    pub fn uppercase(text: &str) -> String {
        js_sys::JsString::from(text).to_upper_case().into()
    }

    /// Nothing: the browser has no answer to set a status on.
    pub fn set_status(_code: u16) {}

    /// The theme the page shows.
    pub fn theme() -> Theme {
        document()
            .document_element()
            .and_then(|root| root.get_attribute("data-theme"))
            .map(|name| Theme::from_name(&name))
            .unwrap_or_default()
    }
}

pub use here::*;
