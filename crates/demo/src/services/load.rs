//! The visitors: a closed loop of so many people, each asking, reading and asking again, over TLS at the gateways.

use std::{
    sync::{
        Arc, Mutex, PoisonError,
        atomic::{AtomicBool, Ordering::Relaxed},
    },
    time::Duration,
};

use contract::demo::Fault;
use http::{Request, header};
use hyper::client::conn::http1::{self, SendRequest};
use hyper_util::rt::TokioIo;
use rustls::{ClientConfig, pki_types::ServerName};
use serde_json::json;
use tokio::{
    net::TcpStream,
    time::{interval, sleep, timeout},
};
use tokio_rustls::TlsConnector;

use super::{model::MODELS, reply};
use crate::{
    ca, clock,
    sidecar::{Payload, Proxy, read_body},
    topology::{self, Journey, PRODUCT_IDS, Workload},
    traffic,
};

/// Mean time between answer and next request.
const THINK_SECS: f64 = 1.0;
const LIMIT: Duration = Duration::from_secs(15);
/// Four times the usual traffic.
const SPIKE: f64 = 4.0;
const KEEP: usize = 8;

type Failure = Box<dyn std::error::Error + Send + Sync>;

/// Sends visitors for ever, starting once every workload listens.
pub async fn visit(proxy: Arc<Proxy>, client: Arc<ClientConfig>, peak_rps: f64) {
    while !topology::workloads().iter().all(|w| w.role == topology::Role::Load || proxy.registry().knows(w.name)) {
        sleep(Duration::from_millis(100)).await;
    }
    let doors: [Arc<Door>; 2] = ["istio-ingress", "api-gateway"].map(|name| Arc::new(Door::new(name, &proxy, &client)));
    let mut present: [Vec<Arc<AtomicBool>>; 2] = Default::default();
    let mut tick = interval(Duration::from_millis(500));
    loop {
        tick.tick().await;
        let spike = if proxy.fault(Fault::TrafficSpike) { SPIKE } else { 1.0 };
        for (door, present) in doors.iter().zip(&mut present) {
            let wanted = door.visitors(peak_rps * spike);
            for leaver in present.drain(wanted.min(present.len())..) {
                leaver.store(true, Relaxed);
            }
            while present.len() < wanted {
                let leaves = Arc::new(AtomicBool::new(false));
                present.push(leaves.clone());
                tokio::spawn(stay(door.clone(), leaves));
            }
        }
    }
}

/// One visitor, until told to leave.
async fn stay(door: Arc<Door>, leaves: Arc<AtomicBool>) {
    // Visitors do not arrive in step.
    sleep(Duration::from_secs_f64(rand::random::<f64>() * THINK_SECS)).await;
    while !leaves.load(Relaxed) {
        // What goes wrong is the gateway's to report; a visitor just comes back.
        drop(timeout(LIMIT, door.knock()).await);
        let think = -THINK_SECS * (1.0 - rand::random::<f64>()).ln();
        sleep(Duration::from_secs_f64(think.min(5.0 * THINK_SECS))).await;
    }
}

struct Door {
    proxy: Arc<Proxy>,
    client: Arc<ClientConfig>,
    gateway: &'static Workload,
    latency_secs: f64,
    started_ms: i64,
    idle: Mutex<Vec<SendRequest<Payload>>>,
}

impl Door {
    fn new(gateway: &str, proxy: &Arc<Proxy>, client: &Arc<ClientConfig>) -> Self {
        let gateway = topology::workload(gateway).expect("both gateways are in the catalogue");
        let (mut rps, mut busy_ms) = (0.0, 0.0);
        for flow in traffic::flows(1.0).iter().filter(|f| f.from == gateway) {
            rps += flow.rps;
            busy_ms += flow.rps * flow.latency.mean_ms;
        }
        let latency_secs = busy_ms / rps / 1000.0;
        let started_ms = clock::now_ms();
        Self { proxy: proxy.clone(), client: client.clone(), gateway, latency_secs, started_ms, idle: Mutex::default() }
    }

    /// So many visitors make the rate of this moment.
    fn visitors(&self, peak_rps: f64) -> usize {
        let shape = traffic::live_shape(self.started_ms, clock::now_ms());
        (traffic::gateway_rps(self.gateway.app, peak_rps) * shape * (THINK_SECS + self.latency_secs)).round() as usize
    }

    async fn knock(&self) -> Result<(), Failure> {
        let request = self.request(pick(self.gateway.app))?;
        let kept = self.idle.lock().unwrap_or_else(PoisonError::into_inner).pop().filter(|c| !c.is_closed());
        let mut sender = match kept {
            Some(sender) => sender,
            None => self.open().await?,
        };
        sender.ready().await?;
        read_body(sender.send_request(request).await?.into_body()).await?;
        let mut idle = self.idle.lock().unwrap_or_else(PoisonError::into_inner);
        if idle.len() < KEEP {
            idle.push(sender);
        }
        Ok(())
    }

    async fn open(&self) -> Result<SendRequest<Payload>, Failure> {
        let (_, address) = self.proxy.registry().pick(self.gateway.app).ok_or("gateway is not up")?;
        let stream = TcpStream::connect(address).await?;
        stream.set_nodelay(true)?;
        let host = ServerName::try_from(ca::gateway_host(self.gateway))?;
        let stream = TlsConnector::from(self.client.clone()).connect(host, stream).await?;
        let (sender, connection) =
            http1::Builder::new().max_buf_size(16 * 1024).handshake(TokioIo::new(stream)).await?;
        tokio::spawn(async { drop(connection.await) });
        Ok(sender)
    }

    fn request(&self, journey: &Journey) -> Result<Request<Payload>, Failure> {
        let id = rand::random_range(1..=PRODUCT_IDS);
        let body = match journey.method {
            "GET" => Payload::default(),
            _ => Payload::new(body(journey, id).to_string()),
        };
        let mut request = Request::builder()
            .method(journey.method)
            .uri(journey.path.replace("{id}", &id.to_string()))
            .header(header::HOST, ca::gateway_host(self.gateway))
            .header(header::USER_AGENT, "obstack-loadgen");
        if body.len() > 0 {
            request = request.header(header::CONTENT_TYPE, "application/json");
        }
        Ok(request.body(body)?)
    }
}

fn body(journey: &Journey, id: u32) -> serde_json::Value {
    if journey.path != "/chat" {
        return json!({ "product": id, "quantity": 1 + id % 3, "note": reply::words(40) });
    }
    let mut ticket = rand::random::<f64>();
    let model = MODELS.iter().find(|m| {
        ticket -= m.share;
        ticket < 0.0
    });
    let question = reply::words(60 + (id as usize * 7) % 400);
    json!({ "model": model.unwrap_or(&MODELS[0]).name, "message": question })
}

fn pick(gateway: &str) -> &'static Journey {
    let mut ticket = rand::random::<f64>();
    let mut journeys = topology::journeys().iter().filter(|j| j.gateway == gateway);
    let chosen = journeys.find(|j| {
        ticket -= j.share;
        ticket < 0.0
    });
    // Shares add up to one but for rounding.
    chosen.unwrap_or_else(|| {
        topology::journeys().iter().find(|j| j.gateway == gateway).expect("every gateway has a journey")
    })
}
