//! A TCP server that answers every HTTP request with what a function makes of it.

use std::{
    collections::HashMap,
    sync::{Arc, Mutex},
};

use tokio::{
    io::{AsyncReadExt, AsyncWriteExt},
    net::{TcpListener, TcpStream},
};

/// A request, read to its end.
#[derive(Clone, Debug)]
pub struct Asked {
    /// Without the query.
    pub path: String,
    /// By lower-case name.
    pub headers: HashMap<String, String>,
    /// `query` of the form, decoded; empty without one.
    pub promql: String,
}

impl Asked {
    pub fn org(&self) -> &str {
        self.headers.get("x-scope-orgid").map_or("", String::as_str)
    }
}

/// What to answer.
pub struct Reply {
    pub status: &'static str,
    pub headers: String,
    pub body: String,
}

pub fn reply(status: &'static str, body: impl Into<String>) -> Reply {
    Reply { status, headers: String::new(), body: body.into() }
}

impl Reply {
    pub fn with(mut self, header: &str) -> Self {
        self.headers.push_str(header);
        self.headers.push_str("\r\n");
        self
    }
}

type Script = Arc<dyn Fn(&Asked) -> Option<Reply> + Send + Sync>;

/// The server; without an answer of the script it stays silent.
pub struct Scripted {
    pub url: String,
    seen: Arc<Mutex<Vec<Asked>>>,
    task: tokio::task::JoinHandle<()>,
}

impl Drop for Scripted {
    fn drop(&mut self) {
        self.task.abort();
    }
}

impl Scripted {
    pub async fn start(script: impl Fn(&Asked) -> Option<Reply> + Send + Sync + 'static) -> Self {
        let listener = TcpListener::bind("127.0.0.1:0").await.expect("a free port");
        let url = format!("http://{}", listener.local_addr().expect("an address"));
        let (seen, script): (Arc<Mutex<Vec<Asked>>>, Script) = (Arc::default(), Arc::new(script));
        let log = seen.clone();
        let task = tokio::spawn(async move {
            while let Ok((stream, _)) = listener.accept().await {
                tokio::spawn(serve(stream, script.clone(), log.clone()));
            }
        });
        Self { url, seen, task }
    }

    pub fn seen(&self) -> Vec<Asked> {
        self.seen.lock().expect("nobody panicked").clone()
    }
}

async fn serve(mut stream: TcpStream, script: Script, seen: Arc<Mutex<Vec<Asked>>>) {
    let Some(asked) = read(&mut stream).await else { return };
    seen.lock().expect("nobody panicked").push(asked.clone());
    let Some(Reply { status, headers, body }) = script(&asked) else { return std::future::pending().await };
    let head =
        format!("HTTP/1.1 {status}\r\n{headers}content-length: {}\r\nconnection: close\r\n\r\n{body}", body.len());
    // The client may have gone away; that is its right.
    let _ = stream.write_all(head.as_bytes()).await;
    let _ = stream.shutdown().await;
}

async fn read(stream: &mut TcpStream) -> Option<Asked> {
    let (mut bytes, mut chunk) = (Vec::new(), [0; 4096]);
    loop {
        let text = String::from_utf8_lossy(&bytes).into_owned();
        if let Some((head, body)) = text.split_once("\r\n\r\n") {
            let headers: HashMap<String, String> = head
                .lines()
                .filter_map(|line| line.split_once(": "))
                .map(|(name, value)| (name.to_lowercase(), value.to_owned()))
                .collect();
            let length = headers.get("content-length").and_then(|length| length.parse::<usize>().ok());
            if body.len() >= length.unwrap_or(0) {
                let target = head.split_whitespace().nth(1)?;
                let path = target.split('?').next()?.to_owned();
                let encoded = body.split('&').find_map(|pair| pair.strip_prefix("query=")).unwrap_or_default();
                return Some(Asked { path, headers, promql: decode(encoded) });
            }
        }
        match stream.read(&mut chunk).await {
            Ok(0) | Err(_) => return None,
            // The beginning of TLS, which this server does not speak: it answers as others do.
            Ok(_) if bytes.is_empty() && chunk[0] == 0x16 => {
                let _ = stream.write_all(b"HTTP/1.1 400 Bad Request\r\n\r\n").await;
                return None;
            }
            Ok(read) => bytes.extend_from_slice(&chunk[..read]),
        }
    }
}

fn decode(text: &str) -> String {
    let (mut out, mut bytes) = (Vec::new(), text.bytes());
    while let Some(byte) = bytes.next() {
        match byte {
            b'+' => out.push(b' '),
            b'%' => {
                let hex = [bytes.next().expect("two digits"), bytes.next().expect("two digits")];
                let hex = std::str::from_utf8(&hex).expect("digits");
                out.push(u8::from_str_radix(hex, 16).expect("digits"));
            }
            other => out.push(other),
        }
    }
    String::from_utf8(out).expect("text")
}
