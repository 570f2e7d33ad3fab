//! The two stores behind TCP: one speaks the framing of Postgres' simple queries, the other RESP's inline commands.

use std::{
    collections::HashMap,
    io,
    sync::{Mutex, PoisonError},
};

use tokio::{
    io::{AsyncBufReadExt, AsyncReadExt, AsyncWriteExt, BufReader},
    time::{Duration, sleep, timeout},
};

use super::{reply, routes::work_time};
use crate::{
    sidecar::{Counted, Hop, Tunnel},
    topology,
};

const LIMIT: Duration = Duration::from_secs(2);
const LARGEST_BYTES: usize = 64 * 1024;
const ENTRIES: usize = 2000;

/// What the cache remembers: sizes of values by key.
#[derive(Default)]
pub struct Store(Mutex<HashMap<String, usize>>);

/// Sends a command to a store and reads the whole answer.
pub async fn query(hop: &Hop, app: &str, command: &str) -> io::Result<()> {
    let exchanged = async {
        let mut tunnel = hop.proxy.tunnel(app).await?;
        let result = match app {
            "postgres" => ask_postgres(&mut tunnel, command).await,
            _ => ask_cache(&mut tunnel, command).await,
        };
        if result.is_ok() {
            hop.proxy.give_tunnel(tunnel);
        }
        result
    };
    timeout(LIMIT, exchanged).await.unwrap_or_else(|_| Err(io::ErrorKind::TimedOut.into()))
}

async fn ask_postgres(tunnel: &mut Tunnel, sql: &str) -> io::Result<()> {
    write_message(&mut tunnel.stream, b'Q', sql.as_bytes()).await?;
    tunnel.stream.flush().await?;
    while read_message(&mut tunnel.stream).await?.0 != b'Z' {}
    Ok(())
}

async fn ask_cache(tunnel: &mut Tunnel, command: &str) -> io::Result<()> {
    let mut message = command.to_owned();
    if let Some((_, size)) = command.rsplit_once(' ').filter(|_| command.starts_with("SET ")) {
        message.push_str("\r\n");
        message.push_str(&reply::words(size.parse().unwrap_or_default()));
    }
    message.push_str("\r\n");
    tunnel.stream.write_all(message.as_bytes()).await?;
    tunnel.stream.flush().await?;
    let mut reader = BufReader::with_capacity(512, &mut tunnel.stream);
    let mut line = String::new();
    read_line(&mut reader, &mut line).await?;
    if let Some(size) = line.strip_prefix('$').and_then(|size| size.parse::<usize>().ok()) {
        let mut value = vec![0; size.min(LARGEST_BYTES) + 2];
        reader.read_exact(&mut value).await?;
    }
    Ok(())
}

/// Serves one connection until the client closes it.
pub async fn serve(hop: &Hop, store: &Store, stream: Counted) -> io::Result<()> {
    match hop.proxy.me.app {
        "postgres" => serve_postgres(stream).await,
        _ => serve_cache(store, stream).await,
    }
}

async fn serve_postgres(mut stream: Counted) -> io::Result<()> {
    loop {
        let (_, sql) = read_message(&mut stream).await?;
        let sql = String::from_utf8_lossy(&sql);
        let Some((route, _)) = topology::route("postgres", "QUERY", &sql) else {
            write_message(&mut stream, b'E', b"syntax error").await?;
            write_message(&mut stream, b'Z', b"I").await?;
            continue;
        };
        sleep(work_time(route.work)).await;
        let rows = reply::words(route.reply_bytes as usize);
        write_message(&mut stream, b'D', rows.as_bytes()).await?;
        write_message(&mut stream, b'C', b"OK").await?;
        write_message(&mut stream, b'Z', b"I").await?;
        stream.flush().await?;
    }
}

async fn serve_cache(store: &Store, stream: Counted) -> io::Result<()> {
    let mut stream = BufReader::with_capacity(512, stream);
    let mut line = String::new();
    loop {
        read_line(&mut stream, &mut line).await?;
        if line.is_empty() {
            return Ok(());
        }
        let mut words = line.split(' ');
        let answer = match (words.next(), words.next(), words.next()) {
            (Some("SET"), Some(key), Some(size)) => {
                let size = size.parse::<usize>().map_err(io::Error::other)?.min(LARGEST_BYTES);
                let mut value = vec![0; size + 2];
                stream.read_exact(&mut value).await?;
                store.put(key, size);
                "+OK\r\n".to_owned()
            }
            (Some("GET"), Some(key), None) => {
                let value = reply::words(store.get(key));
                format!("${}\r\n{value}\r\n", value.len())
            }
            _ => "-ERR unknown command\r\n".to_owned(),
        };
        if let Some((route, _)) = topology::route("cache", "QUERY", &line) {
            sleep(work_time(route.work)).await;
        }
        stream.get_mut().write_all(answer.as_bytes()).await?;
        stream.get_mut().flush().await?;
    }
}

impl Store {
    fn put(&self, key: &str, size_bytes: usize) {
        let mut all = self.0.lock().unwrap_or_else(PoisonError::into_inner);
        if all.len() < ENTRIES || all.contains_key(key) {
            all.insert(key.to_owned(), size_bytes);
        }
    }

    /// What was put there; pages and products come with the catalogue's usual size.
    fn get(&self, key: &str) -> usize {
        let usual = topology::route("cache", "QUERY", "GET").map_or(0, |(route, _)| route.reply_bytes as usize);
        self.0.lock().unwrap_or_else(PoisonError::into_inner).get(key).copied().unwrap_or(usual)
    }
}

async fn read_line<R: tokio::io::AsyncBufRead + Unpin>(reader: &mut R, line: &mut String) -> io::Result<()> {
    line.clear();
    reader.take(512).read_line(line).await?;
    line.truncate(line.trim_end().len());
    Ok(())
}

async fn write_message(stream: &mut Counted, kind: u8, body: &[u8]) -> io::Result<()> {
    let length = u32::try_from(body.len() + 5).map_err(io::Error::other)?;
    let mut message = vec![kind];
    message.extend_from_slice(&length.to_be_bytes());
    message.extend_from_slice(body);
    message.push(0);
    stream.write_all(&message).await
}

async fn read_message(stream: &mut Counted) -> io::Result<(u8, Vec<u8>)> {
    let kind = stream.read_u8().await?;
    let length = stream.read_u32().await? as usize;
    if !(5..=LARGEST_BYTES).contains(&length) {
        return Err(io::ErrorKind::InvalidData.into());
    }
    let mut body = vec![0; length - 4];
    stream.read_exact(&mut body).await?;
    body.pop();
    Ok((kind, body))
}
