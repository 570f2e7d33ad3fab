//! A real Prometheus on a free loopback port, with the data as blocks on disk. Stopped when dropped.

use std::{
    net::TcpListener,
    path::Path,
    process::{Child, Command, Stdio},
    time::{Duration, Instant},
};

use backend::{
    metrics::{MetricsStore, prometheus::Prometheus},
    upstream::Connect,
};

use super::data::Data;

/// The process and its directory.
pub struct Server {
    process: Child,
    _dir: tempfile::TempDir,
    pub store: Prometheus,
}

impl Drop for Server {
    fn drop(&mut self) {
        // It may have ended by itself; then there is nothing to stop.
        let _ = self.process.kill();
        let _ = self.process.wait();
    }
}

impl Server {
    /// Starts it, or says why that cannot be tried here.
    pub async fn start(data: &Data) -> Result<Self, String> {
        for program in ["prometheus", "promtool"] {
            if Command::new(program).arg("--version").stdout(Stdio::null()).stderr(Stdio::null()).status().is_err() {
                return Err(format!("{program} is not installed (Debian: apt-get install prometheus)"));
            }
        }
        let dir = tempfile::tempdir().expect("a temporary directory");
        let (text, blocks, config) =
            (dir.path().join("data.om"), dir.path().join("tsdb"), dir.path().join("prometheus.yml"));
        std::fs::write(&text, data.open_metrics()).expect("the data are written");
        std::fs::write(&config, "global: {}\n").expect("the configuration is written");
        run(Command::new("promtool").args(["tsdb", "create-blocks-from", "openmetrics", "-q"]).arg(&text).arg(&blocks));
        let port = TcpListener::bind("127.0.0.1:0").and_then(|socket| socket.local_addr()).expect("a free port").port();
        let process = Command::new("prometheus")
            .arg(flag("config.file", &config))
            .arg(flag("storage.tsdb.path", &blocks))
            .arg(format!("--web.listen-address=127.0.0.1:{port}"))
            .stdout(Stdio::null())
            .stderr(Stdio::null())
            .spawn()
            .expect("prometheus starts");
        let store = Prometheus::new(&Connect::new("prom", format!("http://127.0.0.1:{port}"))).expect("a good address");
        let server = Self { process, _dir: dir, store };
        let deadline = Instant::now() + Duration::from_secs(30);
        while let Err(error) = server.store.probe().await {
            assert!(Instant::now() < deadline, "prometheus does not become ready: {error}");
            tokio::time::sleep(Duration::from_millis(50)).await;
        }
        Ok(server)
    }
}

fn flag(name: &str, path: &Path) -> String {
    format!("--{name}={}", path.display())
}

fn run(command: &mut Command) {
    let output = command.output().expect("it starts");
    assert!(output.status.success(), "{command:?}: {}", String::from_utf8_lossy(&output.stderr));
}
