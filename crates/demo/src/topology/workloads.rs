//! The workloads of the demo mesh and their identities.

/// Trust domain of every SPIFFE identity here, Istio's default.
pub const TRUST_DOMAIN: &str = "cluster.local";

/// What a workload is.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Role {
    /// Terminates TLS from outside and routes by path.
    Gateway,
    /// Serves HTTP/1.1.
    Http,
    /// Serves gRPC.
    Grpc,
    /// Serves a protocol the mesh sees as plain TCP.
    Store,
    /// A host outside the mesh.
    External,
    /// Makes the traffic; outside the mesh.
    Load,
}

/// One workload: one operating-system process of the demo.
#[derive(Debug, PartialEq, Eq)]
pub struct Workload {
    /// Deployment name, unique.
    pub name: &'static str,
    /// Canonical service, also the name of its Kubernetes service and service account.
    pub app: &'static str,
    /// Canonical revision.
    pub version: &'static str,
    /// Namespace.
    pub namespace: &'static str,
    /// Cluster.
    pub cluster: &'static str,
    /// What it is.
    pub role: Role,
    /// Share of its service's traffic, percent.
    pub weight: u32,
    /// False when it has no sidecar.
    pub sidecar: bool,
}

impl Workload {
    /// Host name of its service. A host outside the mesh is its own name.
    pub fn host(&self) -> String {
        match self.role {
            Role::External => self.app.to_owned(),
            Role::Gateway | Role::Http | Role::Grpc | Role::Store | Role::Load => {
                format!("{}.{}.svc.{TRUST_DOMAIN}", self.app, self.namespace)
            }
        }
    }

    /// Its SPIFFE identity.
    pub fn spiffe_id(&self) -> String {
        spiffe_id(self.namespace, self.app)
    }

    /// A pod name as a deployment would make it, the same at every start so that series continue.
    pub fn pod(&self) -> String {
        const LETTERS: &[u8] = b"bcdfghjklmnpqrstvwxz2456789";
        // FNV-1a: any stable spread will do.
        let mut hash =
            self.name.bytes().fold(0xcbf2_9ce4_8422_2325_u64, |h, b| (h ^ u64::from(b)).wrapping_mul(0x0100_0000_01b3));
        let mut letters = |count: usize| -> String {
            (0..count)
                .map(|_| {
                    let letter = LETTERS[(hash % LETTERS.len() as u64) as usize];
                    hash = (hash / LETTERS.len() as u64) ^ hash.rotate_left(23);
                    char::from(letter)
                })
                .collect()
        };
        let (set, pod) = (letters(9), letters(5));
        format!("{}-{set}-{pod}", self.name)
    }

    /// The labels a scrape of this workload carries: cluster, namespace, app and the pod as instance.
    pub fn scrape_labels(&self) -> Vec<(String, String)> {
        vec![
            ("cluster".to_owned(), self.cluster.to_owned()),
            ("namespace".to_owned(), self.namespace.to_owned()),
            ("app".to_owned(), self.app.to_owned()),
            ("instance".to_owned(), self.pod()),
        ]
    }

    /// True when its sidecar reports what comes in. A gateway reports what it sends on only, as Istio's do.
    pub fn reports_inbound(&self) -> bool {
        self.sidecar && self.role != Role::Gateway
    }
}

/// The SPIFFE identity of a service account.
pub(crate) fn spiffe_id(namespace: &str, service_account: &str) -> String {
    format!("spiffe://{TRUST_DOMAIN}/ns/{namespace}/sa/{service_account}")
}

const fn mk(name: &'static str, at: (&'static str, &'static str), role: Role) -> Workload {
    Workload { name, app: name, version: "v1", namespace: at.0, cluster: at.1, role, weight: 100, sidecar: true }
}

const fn version(workload: Workload, app: &'static str, version: &'static str, weight: u32) -> Workload {
    Workload { app, version, weight, ..workload }
}

const fn without_sidecar(workload: Workload) -> Workload {
    Workload { sidecar: false, ..workload }
}

const SHOP: (&str, &str) = ("shop", "east");
const SHOP_WEST: (&str, &str) = ("shop", "west");
const AI: (&str, &str) = ("ai", "west");
const PLATFORM: (&str, &str) = ("platform", "west");

static WORKLOADS: [Workload; 21] = [
    mk("istio-ingress", SHOP, Role::Gateway),
    mk("storefront", SHOP, Role::Http),
    mk("catalog", SHOP, Role::Http),
    mk("cart", SHOP, Role::Http),
    mk("checkout", SHOP, Role::Http),
    version(mk("payments-v1", SHOP, Role::Grpc), "payments", "v1", 70),
    version(mk("payments-v2", SHOP_WEST, Role::Grpc), "payments", "v2", 30),
    mk("shipping", SHOP, Role::Http),
    version(mk("reviews-v1", SHOP, Role::Http), "reviews", "v1", 50),
    version(mk("reviews-v2", SHOP, Role::Http), "reviews", "v2", 50),
    mk("ratings", SHOP, Role::Grpc),
    mk("email", SHOP, Role::Http),
    without_sidecar(mk("legacy", SHOP, Role::Http)),
    mk("postgres", SHOP, Role::Store),
    mk("cache", SHOP, Role::Store),
    mk("llm-app", AI, Role::Http),
    mk("model-stub", AI, Role::Http),
    mk("api-gateway", PLATFORM, Role::Gateway),
    mk("sample-app", PLATFORM, Role::Http),
    without_sidecar(mk("bank.example", SHOP, Role::External)),
    without_sidecar(mk("loadgen", PLATFORM, Role::Load)),
];

/// All workloads.
pub fn workloads() -> &'static [Workload] {
    &WORKLOADS
}

/// The workload of this name.
pub fn workload(name: &str) -> Option<&'static Workload> {
    WORKLOADS.iter().find(|w| w.name == name)
}

/// The workloads behind a service.
pub fn service(app: &str) -> impl Iterator<Item = &'static Workload> + use<'_> {
    WORKLOADS.iter().filter(move |w| w.app == app)
}
