//! Which peers may connect at all (R59–R61, R75): PeerAuthentication at sidecars and, converted to rules, at ztunnels.

use crate::{
    order,
    policy::{
        attach::Point,
        object::{MtlsMode, PeerAuthentication, PolicySet},
        settings::Enforcement,
    },
};

/// What the attached PeerAuthentications come to.
#[derive(Clone, Debug, Default, PartialEq, Eq)]
pub struct PeerPlan<'p> {
    /// Mode of ports without one of their own; `Unset` where PeerAuthentication does not apply.
    pub mode: MtlsMode,
    /// Modes of single ports.
    pub ports: Vec<(u32, MtlsMode)>,
    /// At a ztunnel: any of these groups rejects when all of its rules hold.
    pub groups: Vec<Vec<PeerRule>>,
    /// The object that sets the mode, for the trace.
    pub from: Option<&'p PeerAuthentication>,
}

/// One rule of a converted PeerAuthentication.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum PeerRule {
    /// The peer has no identity.
    NoIdentity,
    /// The peer has no identity and the port is this one.
    NoIdentityOn(u32),
    /// The port is another one.
    NotPort(u32),
}

/// The oldest object of each scope.
#[derive(Clone, Copy, Default)]
struct Scopes<'p> {
    mesh: Option<&'p PeerAuthentication>,
    namespace: Option<&'p PeerAuthentication>,
    workload: Option<&'p PeerAuthentication>,
}

impl<'p> PeerPlan<'p> {
    /// For one proxy. Gateways and waypoints terminate TLS by other means.
    pub fn new(set: &'p PolicySet, point: &Point) -> Self {
        let scopes = Scopes::new(set, point);
        match point.enforcement {
            Enforcement::Sidecar => scopes.at_sidecar(),
            Enforcement::Ztunnel => scopes.at_ztunnel(),
            Enforcement::Gateway | Enforcement::Waypoint => Self::default(),
        }
    }

    /// Ports that the groups name.
    pub fn rule_ports(&self) -> impl Iterator<Item = u16> {
        self.groups.iter().flatten().filter_map(|rule| match rule {
            PeerRule::NoIdentity => None,
            PeerRule::NoIdentityOn(port) | PeerRule::NotPort(port) => u16::try_from(*port).ok(),
        })
    }

    /// The mode of a port.
    pub fn mode_of(&self, port: u16) -> MtlsMode {
        let own = self.ports.iter().find(|(own, _)| *own == u32::from(port));
        own.map_or(self.mode, |(_, mode)| *mode)
    }
}

impl<'p> Scopes<'p> {
    /// R60: the oldest of each scope; selectors in the root namespace are ignored.
    fn new(set: &'p PolicySet, point: &Point) -> Self {
        let mut scopes = Self::default();
        for object in &set.peer {
            if !point.covered_by(&object.meta, object.selector.as_ref()) {
                continue;
            }
            let root = object.meta.namespace == point.mesh.root_namespace;
            let scope = match (object.is_wide(), root) {
                (true, true) => &mut scopes.mesh,
                (true, false) => &mut scopes.namespace,
                (false, false) => &mut scopes.workload,
                (false, true) => continue,
            };
            // Objects without a time keep their order.
            let older = |known: &PeerAuthentication| match (&object.meta.created, &known.meta.created) {
                (Some(own), Some(known)) => own < known,
                (Some(_) | None, None) | (None, Some(_)) => false,
            };
            if scope.is_none_or(older) {
                *scope = Some(object);
            }
        }
        scopes
    }

    /// authn/policy_applier.go ComposePeerAuthentication.
    fn at_sidecar(self) -> PeerPlan<'p> {
        let mut plan = PeerPlan { mode: MtlsMode::Permissive, ..PeerPlan::default() };
        for object in [self.mesh, self.namespace, self.workload].into_iter().flatten() {
            if object.mode != MtlsMode::Unset {
                plan.mode = object.mode;
                plan.from = Some(object);
            }
        }
        for port in self.workload.and_then(|object| object.ports.as_deref()).unwrap_or_default() {
            let mode = if port.mode == MtlsMode::Unset { plan.mode } else { port.mode };
            plan.ports.push((port.port, mode));
        }
        plan
    }

    /// ambient/authorization.go convertedSelectorPeerAuthentications and convertPeerAuthentication, including their
    /// precedence of `&&` over `||` and their treatment of an unset namespace mode.
    fn at_ztunnel(self) -> PeerPlan<'p> {
        let mut strict = self.mesh.is_some_and(|object| object.mode == MtlsMode::Strict);
        if let Some(object) = self.namespace.filter(|object| object.mode != MtlsMode::Unset) {
            strict = object.mode == MtlsMode::Strict;
        }
        let mut plan = PeerPlan::default();
        let Some(workload) = self.workload else {
            plan.from = self.namespace.or(self.mesh);
            plan.groups.extend(strict.then(|| vec![PeerRule::NoIdentity]));
            return plan;
        };
        plan.from = Some(workload);
        match workload.mode {
            MtlsMode::Strict => strict = true,
            MtlsMode::Permissive | MtlsMode::Disable => strict = false,
            MtlsMode::Unset => {}
        }
        let has = |modes: &[MtlsMode]| workload.ports.iter().flatten().any(|port| modes.contains(&port.mode));
        let converted = match workload.mode {
            MtlsMode::Strict => has(&[MtlsMode::Permissive, MtlsMode::Disable]),
            MtlsMode::Permissive | MtlsMode::Disable => has(&[MtlsMode::Strict]),
            MtlsMode::Unset if strict => has(&[MtlsMode::Permissive]),
            MtlsMode::Unset => has(&[MtlsMode::Strict]),
        };
        if converted {
            // The converted object carries the strictness of its parents itself.
            strict = false;
            plan.groups = self.converted(workload);
        }
        plan.groups.extend(strict.then(|| vec![PeerRule::NoIdentity]));
        plan
    }

    fn converted(self, workload: &PeerAuthentication) -> Vec<Vec<PeerRule>> {
        let is = |object: Option<&PeerAuthentication>, mode: MtlsMode| object.is_some_and(|object| object.mode == mode);
        let (mesh, namespace) = (self.mesh, self.namespace);
        let open_namespace = namespace.is_none() || is(namespace, MtlsMode::Unset);
        let strict_mesh = open_namespace && is(mesh, MtlsMode::Strict);
        let mut groups = Vec::new();
        let mut rules = Vec::new();
        if workload.mode == MtlsMode::Strict {
            rules.push(PeerRule::NoIdentity);
        }
        let mut exceptions = false;
        let mut ports = workload.ports.clone().unwrap_or_default();
        order::sort(&mut ports, &|a, b| a.port.cmp(&b.port));
        for port in ports {
            match port.mode {
                MtlsMode::Strict => {
                    let unset_strict = workload.mode == MtlsMode::Unset && is(namespace, MtlsMode::Strict);
                    if workload.mode == MtlsMode::Strict || unset_strict || strict_mesh {
                        continue;
                    }
                    groups.push(vec![PeerRule::NoIdentityOn(port.port)]);
                }
                MtlsMode::Permissive | MtlsMode::Disable => {
                    let lenient = match (namespace, mesh) {
                        (Some(namespace), _) => namespace.mode != MtlsMode::Strict,
                        (None, Some(mesh)) => mesh.mode != MtlsMode::Strict,
                        (None, None) => true,
                    };
                    match workload.mode {
                        MtlsMode::Permissive | MtlsMode::Disable => continue,
                        MtlsMode::Unset if lenient => continue,
                        MtlsMode::Unset | MtlsMode::Strict => {}
                    }
                    exceptions = true;
                    rules.push(PeerRule::NotPort(port.port));
                }
                MtlsMode::Unset => {}
            }
        }
        if workload.mode == MtlsMode::Strict && !exceptions || rules.is_empty() && groups.is_empty() {
            return Vec::new();
        }
        let merges = namespace.is_none_or(|object| matches!(object.mode, MtlsMode::Unset | MtlsMode::Strict));
        if exceptions && (merges && is(mesh, MtlsMode::Strict) || is(namespace, MtlsMode::Strict)) {
            rules.push(PeerRule::NoIdentity);
        }
        if !rules.is_empty() {
            groups.push(rules);
        }
        groups
    }
}
