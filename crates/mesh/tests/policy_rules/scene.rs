//! A cluster in a few words: some objects, one proxy, requests that differ in a field or two.

use mesh::policy::{cases, effort::Effort};

/// Objects and the proxy that decides. Everything lives in namespace `foo` unless it says otherwise.
#[derive(Clone)]
pub struct Scene {
    enforcement: &'static str,
    objects: Vec<String>,
    mesh: String,
    workload: String,
}

/// A sidecar.
pub fn sidecar() -> Scene {
    at("sidecar")
}

/// Any proxy.
pub fn at(enforcement: &'static str) -> Scene {
    Scene {
        enforcement,
        objects: Vec::new(),
        mesh: "{}".to_owned(),
        workload: "{namespace: foo, labels: {app: a}}".to_owned(),
    }
}

/// A sidecar with one policy `foo/p`.
pub fn policy(spec: &str) -> Scene {
    sidecar().policy("p", spec)
}

impl Scene {
    pub fn object(mut self, kind: &str, namespace: &str, name: &str, more: &str, spec: &str) -> Self {
        self.objects.push(format!(
            "{{apiVersion: security.istio.io/v1, kind: {kind}, metadata: {{name: {name}, namespace: {namespace}{more}}}, spec: {spec}}}"
        ));
        self
    }

    /// An AuthorizationPolicy in `foo`.
    pub fn policy(self, name: &str, spec: &str) -> Self {
        self.object("AuthorizationPolicy", "foo", name, "", spec)
    }

    /// The same, in dry run.
    pub fn dry(self, name: &str, spec: &str) -> Self {
        self.object("AuthorizationPolicy", "foo", name, ", annotations: {istio.io/dry-run: 'true'}", spec)
    }

    /// A RequestAuthentication in `foo`.
    pub fn tokens(self, name: &str, rules: &str) -> Self {
        self.object("RequestAuthentication", "foo", name, "", &format!("{{jwtRules: [{rules}]}}"))
    }

    /// A PeerAuthentication.
    pub fn peer(self, namespace: &str, name: &str, spec: &str) -> Self {
        self.object("PeerAuthentication", namespace, name, "", spec)
    }

    pub fn mesh(mut self, mesh: &str) -> Self {
        self.mesh = mesh.to_owned();
        self
    }

    pub fn workload(mut self, workload: &str) -> Self {
        self.workload = workload.to_owned();
        self
    }

    pub fn enforced_by(mut self, enforcement: &'static str) -> Self {
        self.enforcement = enforcement;
        self
    }

    pub fn report(&self, request: &str) -> cases::CaseReport {
        let text = format!(
            "format: 1\ncases:\n- id: x\n  enforcement: {}\n  mesh: {}\n  workload: {}\n  policies: [{}]\n  request: {request}\n",
            self.enforcement,
            self.mesh,
            self.workload,
            self.objects.join(",\n    "),
        );
        let file = cases::read("scene.yaml", &text);
        assert_eq!(file.findings, [], "{text}");
        cases::run_case(&file.cases[0], &Effort::unlimited())
    }

    /// The verdict and who decided, for a request that differs from the usual one in these fields.
    pub fn got(&self, changes: &[(&str, &str)]) -> String {
        self.report(&request(changes)).got
    }

    /// Runs a table: changes of the usual request and the answer. `ALLOW` and `DENY` alone compare the verdict only.
    #[track_caller]
    pub fn says(&self, table: &[(&[(&str, &str)], &str)]) {
        for (changes, wanted) in table {
            let got = self.got(changes);
            let fits = if wanted.contains(' ') { got == *wanted } else { got.split(' ').next() == Some(wanted) };
            assert!(fits, "{changes:?} of {:?}: wanted {wanted}, got {got}", self.objects);
        }
    }
}

/// The usual request: GET http://h.foo/ over mutual TLS, with some fields changed; an empty change leaves a field out.
pub fn request(changes: &[(&str, &str)]) -> String {
    let usual = [
        ("protocol", "http"),
        ("source", "{ip: 10.1.0.11, tls: mtls, principal: cluster.local/ns/ns1/sa/a}"),
        ("destination", "{ip: 10.2.0.22, port: 8080}"),
        ("method", "GET"),
        ("host", "h.foo"),
        ("path", "/"),
    ];
    let changed = |key: &str| changes.iter().find(|(changed, _)| *changed == key).map(|(_, value)| *value);
    let mut fields: Vec<String> = Vec::new();
    for (key, value) in usual {
        let value = changed(key).unwrap_or(value);
        if !value.is_empty() {
            fields.push(format!("{key}: {value}"));
        }
    }
    for (key, value) in changes.iter().filter(|(key, _)| !usual.iter().any(|(usual, _)| usual == key)) {
        fields.push(format!("{key}: {value}"));
    }
    format!("{{{}}}", fields.join(", "))
}

/// A source with this principal.
pub fn principal(id: &str) -> String {
    format!("{{ip: 10.1.0.11, tls: mtls, principal: {id}}}")
}

/// A source without TLS.
pub const PLAINTEXT: &str = "{ip: 10.1.0.11, tls: plaintext}";

/// A TCP connection to port 9000; HTTP fields are left out.
pub const TCP: [(&str, &str); 5] =
    [("protocol", "tcp"), ("method", ""), ("host", ""), ("path", ""), ("destination", "{ip: 10.2.0.22, port: 9000}")];

/// TCP with further changes.
pub fn tcp<'c>(changes: &[(&'c str, &'c str)]) -> Vec<(&'c str, &'c str)> {
    let mut all: Vec<(&str, &str)> = changes.to_vec();
    all.extend(TCP.into_iter().filter(|(key, _)| !changes.iter().any(|(changed, _)| changed == key)));
    all
}
