//! The catalogue of codes. Every code has a page `docs/policy/<code>.md` that is written from here.

mod analyzers;

use crate::policy::finding::Severity;

/// What a code means.
#[derive(Clone, Copy, Debug)]
pub struct Code {
    /// The code.
    pub code: &'static str,
    /// Its usual severity.
    pub severity: Severity,
    /// What it is about, as a heading.
    pub title: &'static str,
    /// What happens, in a sentence or two.
    pub why: &'static str,
    /// What to do.
    pub remedy: &'static str,
}

const ERROR: Severity = Severity::Error;
const WARNING: Severity = Severity::Warning;
const INFO: Severity = Severity::Info;

const fn code(
    code: &'static str,
    severity: Severity,
    title: &'static str,
    why: &'static str,
    remedy: &'static str,
) -> Code {
    Code { code, severity, title, why, remedy }
}

/// All codes, in order.
pub const CODES: &[Code] = &join::<{ OURS.len() + analyzers::CODES.len() }>(OURS, analyzers::CODES);

/// Two lists as one, since constants know no `concat` for slices.
const fn join<const N: usize>(first: &[Code], second: &[Code]) -> [Code; N] {
    let mut all = [first[0]; N];
    let mut i = 0;
    while i < N {
        all[i] = if i < first.len() { first[i] } else { second[i - first.len()] };
        i += 1;
    }
    all
}

/// Those of our own.
const OURS: &[Code] = &[
    code(
        "OB0101",
        ERROR,
        "File too large",
        "The file is larger than what is read, in bytes or in values.",
        "Split the file.",
    ),
    code(
        "OB0102",
        ERROR,
        "Not YAML",
        "The document cannot be parsed; the other documents of the file are still checked.",
        "Correct the YAML at this position.",
    ),
    code(
        "OB0103",
        ERROR,
        "Nested too deeply",
        "No policy needs this many levels; the document is not read.",
        "Flatten the document.",
    ),
    code(
        "OB0104",
        ERROR,
        "Aliases expand too far",
        "Nested aliases multiply; the document is not read.",
        "Write the values out instead of nesting aliases.",
    ),
    code(
        "OB0105",
        ERROR,
        "Duplicate key",
        "A map has a key twice; which one counts depends on who reads it.",
        "Keep one of them.",
    ),
    code(
        "OB0106",
        ERROR,
        "Unknown field",
        "The API server refuses the object, or drops the field and with it what it was meant to restrict.",
        "Correct the name of the field.",
    ),
    code(
        "OB0107",
        ERROR,
        "Wrong type",
        "The field holds another type than the API server expects.",
        "Give a value of that type.",
    ),
    code(
        "OB0108",
        ERROR,
        "Unknown kind or version",
        "The object is of the security API, but not of a kind or version it has.",
        "Use AuthorizationPolicy, PeerAuthentication or RequestAuthentication in v1 or v1beta1.",
    ),
    code(
        "OB0109",
        INFO,
        "Not a policy",
        "The document is an object of another kind, or none; it is not checked.",
        "Nothing, unless a policy was meant.",
    ),
    code("OB0110", ERROR, "No name", "The object has no name and cannot be applied.", "Name the object."),
    code(
        "OB0111",
        ERROR,
        "Unknown word",
        "The field takes one of a few words, and this is none of them.",
        "Use one of the words.",
    ),
    code(
        "OB0112",
        ERROR,
        "The same object twice",
        "Two documents define an object of the same kind, namespace and name. A cluster keeps one of them, and which one hangs on the order in which they are applied.",
        "Keep one of them, or give them different names. Check the variants of an environment one at a time.",
    ),
    code(
        "OB0201",
        ERROR,
        "Format of a case file",
        "The file does not say that it is of format 1.",
        "Write `format: 1`.",
    ),
    code("OB0202", ERROR, "Name of a case", "Every case needs an id of its own.", "Name the case."),
    code(
        "OB0203",
        ERROR,
        "Incomplete case",
        "A case needs an enforcement point, policies and a request.",
        "Add what is missing.",
    ),
    code(
        "OB0204",
        ERROR,
        "Unknown policy set",
        "The case names a set that the file does not define.",
        "Define it under `policy_sets`.",
    ),
    code("OB0205", ERROR, "Value of a case", "The field takes another kind of value.", "Correct the value."),
    code(
        "OB0206",
        ERROR,
        "Contradiction in a request",
        "Two fields of the request exclude each other.",
        "Remove one of them.",
    ),
    code(
        "OB0301",
        ERROR,
        "Too many entries",
        "The schema of the CRD limits how many entries there may be.",
        "Split the policy.",
    ),
    code(
        "OB0302",
        ERROR,
        "Fields that exclude each other",
        "The schema of the CRD allows one of the two; the API server refuses the object.",
        "Keep the one that is meant.",
    ),
    code(
        "OB0401",
        ERROR,
        "Path template without leading slash",
        "Istio accepts it, but Envoy refuses the whole listener: the proxy keeps its previous configuration or does not start.",
        "Start the template with a slash.",
    ),
    code(
        "OB0402",
        WARNING,
        "Star in the middle of a value",
        "A star is a wildcard only as the first or the last character; anywhere else it stands for itself, and a leading one is looked at first (R25).",
        "Use a path template, a prefix or a suffix.",
    ),
    code(
        "OB0403",
        ERROR,
        "Principal with spiffe://",
        "Istio adds the scheme itself, so a value that has it never matches (R37).",
        "Remove `spiffe://`.",
    ),
    code(
        "OB0404",
        WARNING,
        "Method in lower case",
        "Methods are compared with case; clients send them in upper case (R32).",
        "Write the method in upper case.",
    ),
    code(
        "OB0405",
        WARNING,
        "Issuer of a request principal",
        "The value is split at its last slash into issuer and subject, so it does not mean what it looks like (R46).",
        "Write `issuer/subject` or `issuer/*` with the issuer exactly as tokens carry it.",
    ),
    code(
        "OB0406",
        WARNING,
        "Claim compared with a boolean or number",
        "Only texts, and lists of texts, match; booleans and numbers in a token never do (R51).",
        "Have the issuer send a text, or compare another claim.",
    ),
    code(
        "OB0407",
        INFO,
        "Host without its variant with a port",
        "The whole `:authority` is compared, port included; a request that names the port is not matched (R34). It is a warning where that lets the request through: `hosts` of a DENY rule, `notHosts` of an ALLOW rule.",
        "List the host twice: as it is, and with `:*` appended.",
    ),
    code(
        "OB0408",
        WARNING,
        "Service port instead of workload port",
        "A sidecar compares the port the workload listens on, not the one of the Service (R35).",
        "Use the target port.",
    ),
    code(
        "OB0409",
        WARNING,
        "HTTP attributes on a TCP port",
        "On a port that is not HTTP an ALLOW rule with HTTP attributes is dropped, and a DENY rule matches everything that is left of it (R56, R57).",
        "Name the port's protocol in the Service, or restrict the rule to HTTP ports with `ports`.",
    ),
    code(
        "OB0410",
        WARNING,
        "ALLOW by what a source is not",
        "Plaintext has no identity and anonymous requests have no token, so `not` forms alone admit them (R38, R47).",
        "Require an identity as well, for example `principals: [\"*\"]`.",
    ),
    code(
        "OB0411",
        WARNING,
        "Token attributes without RequestAuthentication",
        "Without a RequestAuthentication that applies nobody reads the token, so claims never match (R63).",
        "Add a RequestAuthentication for the same workloads.",
    ),
    code(
        "OB0412",
        WARNING,
        "DENY without effect at ztunnel",
        "A ztunnel leaves out what is of layer 7; where nothing is left the rule does nothing (R68).",
        "Deploy a waypoint and use a targetRef.",
    ),
    code(
        "OB0413",
        WARNING,
        "Not translated for ztunnel",
        "Wildcards inside a namespace are literal at a ztunnel, and trust domains are not translated at all (R70, R71).",
        "Use prefixes, suffixes or principals, or a waypoint with a targetRef.",
    ),
    code(
        "OB0414",
        WARNING,
        "DENY by HTTP conditions alone",
        "On TCP ports the conditions are dropped and the rule denies everything; Istio does not warn about it.",
        "Add `ports` with the HTTP ports.",
    ),
    code(
        "OB0415",
        ERROR,
        "Unknown CUSTOM provider",
        "MeshConfig does not define the provider, so everything the policy selects is denied (R8).",
        "Define it under `extensionProviders` of MeshConfig, or correct the name.",
    ),
    code(
        "OB0416",
        WARNING,
        "Path that no request has",
        "Policies see a normalized path that starts with a slash and has no query; this value cannot be one (R28, R29).",
        "Write the path as it is after normalization.",
    ),
    code(
        "OB0417",
        WARNING,
        "Empty selector in ambient",
        "At a ztunnel a policy with an empty selector attaches to nothing (R72).",
        "Remove `selector` to cover the namespace.",
    ),
    code(
        "OB0418",
        ERROR,
        "Not a usable key set",
        "`jwks` is no JSON Web Key Set (RFC 7517), or one without a key that Envoy can verify tokens with. Istio's webhook refuses most of these objects; where it does not, every token of the issuer is rejected.",
        "Write `{\"keys\": [...]}` as the issuer publishes it: RSA keys with `n` and `e`, EC keys with `crv`, `x` and `y`, OKP keys with `crv` and `x`.",
    ),
    code(
        "OB0501",
        WARNING,
        "Rule that matches nothing",
        "No request satisfies all parts of the rule.",
        "Correct the parts that exclude each other, or remove the rule.",
    ),
    code(
        "OB0502",
        WARNING,
        "Redundant rule",
        "Other rules of the same action match everything this one matches; removing it changes no verdict.",
        "Remove the rule, or the others.",
    ),
    code(
        "OB0503",
        WARNING,
        "ALLOW rule overridden by DENY",
        "Every request the rule matches is denied by a DENY rule, which always wins (R2).",
        "Remove the rule, or restrict the DENY rule.",
    ),
    code(
        "OB0504",
        INFO,
        "ALLOW and DENY meet",
        "Some requests match both rules; they are denied (R2).",
        "Nothing, if that is meant.",
    ),
    code(
        "OB0505",
        INFO,
        "Not decided",
        "The analysis of this rule needs more steps than its budget allows.",
        "Nothing; split the policy if an answer is wanted.",
    ),
];

/// The entry of a code.
pub fn find(code: &str) -> Option<&'static Code> {
    CODES.iter().find(|entry| entry.code == code)
}

/// The page of a code.
pub fn page(entry: &Code) -> String {
    format!(
        "# {}: {}\n\nSeverity: {}\n\n{}\n\n## Remedy\n\n{}\n\nRule numbers are those of [the rules](rules.md).\n",
        entry.code,
        entry.title,
        entry.severity.name(),
        entry.why,
        entry.remedy
    )
}
