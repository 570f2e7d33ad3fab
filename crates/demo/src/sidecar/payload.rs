//! Bodies. Everything in the demo is small, so bodies are held whole: data and, for gRPC, trailers.

use std::{
    convert::Infallible,
    pin::Pin,
    task::{Context, Poll},
};

use bytes::Bytes;
use http::HeaderMap;
use http_body_util::{BodyExt, Limited};
use hyper::body::{Body, Frame, SizeHint};

/// Largest body that is read, bytes.
const LIMIT_BYTES: usize = 1 << 20;

/// A whole body.
#[derive(Clone, Debug, Default)]
pub struct Payload {
    data: Option<Bytes>,
    trailers: Option<HeaderMap>,
}

impl Payload {
    /// A body without trailers.
    pub fn new(data: impl Into<Bytes>) -> Self {
        Self::with_trailers(data.into(), None)
    }

    /// A body with trailers.
    pub fn with_trailers(data: Bytes, trailers: Option<HeaderMap>) -> Self {
        Self { data: (!data.is_empty()).then_some(data), trailers }
    }

    /// The data.
    pub fn data(&self) -> Bytes {
        self.data.clone().unwrap_or_default()
    }

    /// The trailers.
    pub fn trailers(&self) -> Option<&HeaderMap> {
        self.trailers.as_ref()
    }

    /// Size of the data, bytes.
    pub fn len(&self) -> usize {
        self.data.as_ref().map_or(0, Bytes::len)
    }
}

impl Body for Payload {
    type Data = Bytes;
    type Error = Infallible;

    fn poll_frame(mut self: Pin<&mut Self>, _: &mut Context<'_>) -> Poll<Option<Result<Frame<Bytes>, Infallible>>> {
        let frame = self.data.take().map(Frame::data).or_else(|| self.trailers.take().map(Frame::trailers));
        Poll::Ready(frame.map(Ok))
    }

    fn is_end_stream(&self) -> bool {
        self.data.is_none() && self.trailers.is_none()
    }

    fn size_hint(&self) -> SizeHint {
        SizeHint::with_exact(self.len() as u64)
    }
}

/// Reads a body to its end. Fails when the peer goes away or sends more than a megabyte.
pub async fn read_body<B>(body: B) -> Result<Payload, Box<dyn std::error::Error + Send + Sync>>
where
    B: Body<Data = Bytes>,
    B::Error: Into<Box<dyn std::error::Error + Send + Sync>>,
{
    let whole = Limited::new(body, LIMIT_BYTES).collect().await?;
    let trailers = whole.trailers().cloned();
    Ok(Payload::with_trailers(whole.to_bytes(), trailers))
}

/// Roughly what headers take on the wire, bytes.
pub fn header_bytes(headers: &HeaderMap) -> usize {
    headers.iter().map(|(name, value)| name.as_str().len() + value.len() + 4).sum()
}
