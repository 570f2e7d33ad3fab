//! A row's labels by name. They are sorted out in one pass: looking each up by itself would be most of the work.

use std::hash::{Hash, Hasher};

use super::hash::FastHasher;
use crate::Labels;

/// The labels the graph knows; empty where missing.
#[derive(Clone, Copy, Debug, Default)]
pub(super) struct Row<'a> {
    pub app: &'a str,
    pub connection_security_policy: &'a str,
    pub destination_canonical_revision: &'a str,
    pub destination_canonical_service: &'a str,
    pub destination_cluster: &'a str,
    pub destination_principal: &'a str,
    pub destination_service: &'a str,
    pub destination_service_name: &'a str,
    pub destination_service_namespace: &'a str,
    pub destination_workload: &'a str,
    pub destination_workload_namespace: &'a str,
    pub grpc_response_status: &'a str,
    pub quantile: &'a str,
    pub reporter: &'a str,
    pub request_protocol: &'a str,
    pub response_code: &'a str,
    pub response_flags: &'a str,
    pub source_canonical_revision: &'a str,
    pub source_canonical_service: &'a str,
    pub source_cluster: &'a str,
    pub source_principal: &'a str,
    pub source_workload: &'a str,
    pub source_workload_namespace: &'a str,
}

impl<'a> Row<'a> {
    pub(super) fn new(labels: &'a Labels) -> Self {
        let mut row = Self::default();
        for (name, value) in labels.iter() {
            let field = match name {
                "app" => &mut row.app,
                "connection_security_policy" => &mut row.connection_security_policy,
                "destination_canonical_revision" => &mut row.destination_canonical_revision,
                "destination_canonical_service" => &mut row.destination_canonical_service,
                "destination_cluster" => &mut row.destination_cluster,
                "destination_principal" => &mut row.destination_principal,
                "destination_service" => &mut row.destination_service,
                "destination_service_name" => &mut row.destination_service_name,
                "destination_service_namespace" => &mut row.destination_service_namespace,
                "destination_workload" => &mut row.destination_workload,
                "destination_workload_namespace" => &mut row.destination_workload_namespace,
                "grpc_response_status" => &mut row.grpc_response_status,
                "quantile" => &mut row.quantile,
                "reporter" => &mut row.reporter,
                "request_protocol" => &mut row.request_protocol,
                "response_code" => &mut row.response_code,
                "response_flags" => &mut row.response_flags,
                "source_canonical_revision" => &mut row.source_canonical_revision,
                "source_canonical_service" => &mut row.source_canonical_service,
                "source_cluster" => &mut row.source_cluster,
                "source_principal" => &mut row.source_principal,
                "source_workload" => &mut row.source_workload,
                "source_workload_namespace" => &mut row.source_workload_namespace,
                _ => continue,
            };
            *field = value;
        }
        row
    }

    /// A hash that tells most rows apart by what usually differs; equal label sets have equal ones.
    pub(super) fn fingerprint(&self) -> u64 {
        let mut hasher = FastHasher::default();
        for value in [
            self.source_workload,
            self.source_workload_namespace,
            self.source_canonical_service,
            self.destination_workload,
            self.destination_service_name,
            self.destination_service_namespace,
            self.reporter,
            self.request_protocol,
            self.response_code,
            self.response_flags,
        ] {
            value.hash(&mut hasher);
        }
        hasher.finish()
    }
}
