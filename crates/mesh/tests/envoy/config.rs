//! An Envoy that enforces many policy sets, one listener each, set up the way istiod sets up a sidecar's inbound side.

use mesh::policy::settings::Normalization;
use serde_json::{Value, json};

use crate::{model::Set, tls::Authority, translate};

/// Where a response says which path the proxy forwards.
pub const SEEN_PATH: &str = "x-seen-path";

pub fn bootstrap(sets: &[Set], authority: &Authority) -> Value {
    let listeners: Vec<Value> = sets.iter().enumerate().map(|(i, set)| listener(i, set, authority)).collect();
    json!({
        "node": {"id": "sidecar", "cluster": "test"},
        // pkg/bootstrap/config.go extractRuntimeFlags: what Istio sets and what can be seen from outside.
        "layered_runtime": {"layers": [{"name": "global config", "static_layer": {
            "re2.max_program_size.error_level": "32768",
            "envoy.reloadable_features.http_reject_path_with_fragment": false,
        }}]},
        "static_resources": {"listeners": listeners},
    })
}

fn listener(i: usize, set: &Set, authority: &Authority) -> Value {
    let mut chain = json!({"filters": if set.tcp { tcp(set) } else { vec![http(set)] }});
    if set.tls {
        chain["transport_socket"] = json!({
            "name": "envoy.transport_sockets.tls",
            "typed_config": {
                "@type": "type.googleapis.com/envoy.extensions.transport_sockets.tls.v3.DownstreamTlsContext",
                "require_client_certificate": true,
                "common_tls_context": {
                    "tls_certificates": [{
                        "certificate_chain": {"inline_string": authority.server.0},
                        "private_key": {"inline_string": authority.server.1},
                    }],
                    "validation_context": {"trusted_ca": {"inline_string": authority.root}},
                },
            },
        });
    }
    // It is what takes the server name from the hello (listener_inbound.go).
    let inspector = json!({"name": "envoy.filters.listener.tls_inspector", "typed_config": {
        "@type": "type.googleapis.com/envoy.extensions.filters.listener.tls_inspector.v3.TlsInspector",
    }});
    json!({
        "name": format!("set-{i}"),
        "listener_filters": if set.tls { vec![inspector] } else { Vec::new() },
        "address": {"socket_address": {"address": set.address.to_string(), "port_value": set.port}},
        "filter_chains": [chain],
    })
}

/// networkfilter.go: RBAC, then whatever answers; an echo stands for the workload.
fn tcp(set: &Set) -> Vec<Value> {
    let mut filters: Vec<Value> = translate::filters(set)
        .into_iter()
        .map(|rules| {
            json!({"name": "envoy.filters.network.rbac", "typed_config": {
                "@type": "type.googleapis.com/envoy.extensions.filters.network.rbac.v3.RBAC",
                "stat_prefix": "tcp.",
                "rules": rules,
            }})
        })
        .collect();
    filters.push(json!({"name": "envoy.filters.network.echo", "typed_config": {
        "@type": "type.googleapis.com/envoy.extensions.filters.network.echo.v3.Echo",
    }}));
    filters
}

/// listener_builder.go buildHTTPConnectionManager. Claims and metadata are set, in the place of filters that read them.
fn http(set: &Set) -> Value {
    let mut filters = vec![json!({"name": "metadata", "typed_config": {
        "@type": "type.googleapis.com/envoy.extensions.filters.http.set_metadata.v3.Config",
        "metadata": [
            {"metadata_namespace": translate::JWT, "value": {"payload": set.claims}, "allow_overwrite": true},
            {"metadata_namespace": "envoy.filters.x", "value": set.metadata, "allow_overwrite": true},
        ],
    }})];
    if set.claims.is_null() {
        filters[0]["typed_config"]["metadata"][0]["value"] = json!({});
    }
    filters.extend(translate::filters(set).into_iter().map(|rules| {
        json!({"name": "envoy.filters.http.rbac", "typed_config": {
            "@type": "type.googleapis.com/envoy.extensions.filters.http.rbac.v3.RBAC",
            "rules": rules,
        }})
    }));
    filters.push(json!({"name": "envoy.filters.http.router", "typed_config": {
        "@type": "type.googleapis.com/envoy.extensions.filters.http.router.v3.Router",
    }}));
    let merge = matches!(set.normalization, Normalization::MergeSlashes | Normalization::DecodeAndMergeSlashes);
    let decode = set.normalization == Normalization::DecodeAndMergeSlashes;
    json!({"name": "envoy.filters.network.http_connection_manager", "typed_config": {
        "@type": "type.googleapis.com/envoy.extensions.filters.network.http_connection_manager.v3.HttpConnectionManager",
        "stat_prefix": "inbound",
        "use_remote_address": false,
        "generate_request_id": false,
        "normalize_path": set.normalization != Normalization::None,
        "merge_slashes": merge,
        "path_with_escaped_slashes_action": if decode { "UNESCAPE_AND_FORWARD" } else { "KEEP_UNCHANGED" },
        "http_filters": filters,
        "route_config": {
            "virtual_hosts": [{
                "name": "all",
                "domains": ["*"],
                "routes": [{"match": {"prefix": "/"}, "direct_response": {"status": 200}}],
            }],
            "response_headers_to_add": [{"header": {"key": SEEN_PATH, "value": "%REQ(:PATH)%"}}],
        },
        // The reason of every refusal, the policy among them.
        "local_reply_config": {"body_format": {"text_format_source": {"inline_string": "%RESPONSE_CODE_DETAILS%"}}},
    }})
}
