//! W3C trace context, version 00.

use http::{HeaderMap, HeaderName, HeaderValue};

/// The W3C header.
pub const TRACEPARENT: HeaderName = HeaderName::from_static("traceparent");

/// One new trace in this many is recorded.
const SAMPLE_ONE_IN: u32 = 10;

/// Where in which trace something happens.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct TraceContext {
    /// Trace.
    pub trace_id: [u8; 16],
    /// Span.
    pub span_id: [u8; 8],
    /// Whether the trace is recorded.
    pub sampled: bool,
}

impl TraceContext {
    /// A new trace; one in ten is recorded.
    pub fn root() -> Self {
        Self { trace_id: rand::random(), span_id: rand::random(), sampled: rand::random_range(0..SAMPLE_ONE_IN) == 0 }
    }

    /// A new span in the same trace.
    pub fn child(self) -> Self {
        Self { span_id: rand::random(), ..self }
    }

    /// The context a request carries.
    pub fn from_headers(headers: &HeaderMap) -> Option<Self> {
        let text = headers.get(TRACEPARENT)?.to_str().ok()?;
        let mut parts = text.split('-');
        let (version, trace, span, flags) = (parts.next()?, parts.next()?, parts.next()?, parts.next()?);
        // Later versions may append parts; version ff is forbidden.
        if version.len() != 2 || version == "ff" || (version == "00" && parts.next().is_some()) {
            return None;
        }
        let (trace_id, span_id) = (unhex::<16>(trace)?, unhex::<8>(span)?);
        let flags = unhex::<1>(flags)?[0];
        (trace_id != [0; 16] && span_id != [0; 8]).then_some(Self { trace_id, span_id, sampled: flags & 1 == 1 })
    }

    /// As the header's value.
    pub fn to_header(self) -> HeaderValue {
        let text = format!("00-{}-{}-0{}", hex(&self.trace_id), hex(&self.span_id), u8::from(self.sampled));
        HeaderValue::try_from(text).expect("hex and dashes are a valid header value")
    }

    /// The trace id as logs print it.
    pub fn trace_hex(self) -> String {
        hex(&self.trace_id)
    }
}

/// Bytes as lower-case hexadecimal.
pub fn hex(bytes: &[u8]) -> String {
    const DIGITS: &[u8; 16] = b"0123456789abcdef";
    bytes.iter().flat_map(|b| [b >> 4, b & 15]).map(|d| char::from(DIGITS[usize::from(d)])).collect()
}

fn unhex<const N: usize>(text: &str) -> Option<[u8; N]> {
    // Upper case is not allowed by the standard.
    if text.len() != 2 * N || !text.bytes().all(|b| matches!(b, b'0'..=b'9' | b'a'..=b'f')) {
        return None;
    }
    let mut bytes = [0; N];
    for (slot, i) in bytes.iter_mut().zip((0..).step_by(2)) {
        *slot = u8::from_str_radix(text.get(i..i + 2)?, 16).ok()?;
    }
    Some(bytes)
}

#[cfg(test)]
mod tests {
    use super::*;

    fn read(text: &str) -> Option<TraceContext> {
        let mut headers = HeaderMap::new();
        headers.insert(TRACEPARENT, text.parse().unwrap());
        TraceContext::from_headers(&headers)
    }

    #[test]
    fn contexts_survive_the_header() {
        let context = TraceContext { trace_id: [0xab; 16], span_id: [1; 8], sampled: true };
        assert_eq!(read(context.to_header().to_str().unwrap()), Some(context));
    }

    #[test]
    fn bad_contexts_are_ignored() {
        let (trace, span) = ("0af7651916cd43dd8448eb211c80319c", "b7ad6b7169203331");
        assert!(read(&format!("00-{trace}-{span}-01")).is_some_and(|c| c.sampled));
        assert!(read(&format!("01-{trace}-{span}-00-more")).is_some_and(|c| !c.sampled));
        let upper = trace.to_uppercase();
        for bad in [
            format!("ff-{trace}-{span}-01"),
            format!("00-{trace}-{span}-01-more"),
            format!("00-{upper}-{span}-01"),
            format!("00-{}-{span}-01", "0".repeat(32)),
            format!("00-{trace}-{}-01", "0".repeat(16)),
            format!("00-{trace}-{span}"),
        ] {
            assert_eq!(read(&bad), None, "{bad}");
        }
    }
}
