//! The paths of other tenants: for a member of this one they answer exactly as paths of tenants that do not exist.

use contract::{
    ApiError, ErrorCode, TenantSlug,
    isolation::{Canary, CanaryOutcome, Wall},
};

use crate::{Scope, Visitor};

/// What a viewer of this tenant and of nothing else gets at the paths of all others. It is tried as such a viewer, because
/// whoever runs the proof may have more rights; how many others there are is not told.
pub(super) fn ask(visitor: &Visitor, scope: &Scope) -> Vec<Canary> {
    let member = visitor.as_viewer_of(scope.slug());
    let answers = |slug: &TenantSlug| member.scope(slug).map(|_| ());
    let nowhere = super::NOWHERE.parse::<TenantSlug>().map(|slug| answers(&slug));
    let others = visitor.other_tenants(scope.slug());
    let found = nowhere.ok().is_none_or(|nowhere| others.iter().any(|slug| !alike(&answers(slug), &nowhere)));
    let own = answers(scope.slug());
    // A tenant that is shut lets nobody in, and says so.
    let reaches = own.as_ref().err().is_none_or(|error| error.code == ErrorCode::Denied);
    let canary = |title: &str, question: &str, holds: bool, good: &str, bad: &str| Canary {
        wall: Wall::Paths,
        title: title.to_owned(),
        question: question.to_owned(),
        rewritten: Vec::new(),
        outcome: if holds { CanaryOutcome::Held } else { CanaryOutcome::Broken },
        answer: if holds { good } else { bad }.to_owned(),
        seen: None,
    };
    vec![
        canary(
            "Another tenant's paths, as a viewer of this one",
            "GET /api/v1/t/another-tenant/overview",
            !found,
            "404, in the same words as for a tenant that does not exist.",
            "It is answered otherwise than a tenant that does not exist.",
        ),
        canary(
            "This tenant's own paths, as the same viewer",
            "GET /api/v1/t/this-tenant/overview",
            reaches,
            "Found: the refusals above are no accident.",
            "The tenant's own viewer does not find it either, so the refusals above say nothing.",
        ),
    ]
}

/// Both refuse, and nobody can tell which is which.
pub(super) fn alike(one: &Result<(), ApiError>, other: &Result<(), ApiError>) -> bool {
    match (one, other) {
        (Err(one), Err(other)) => one == other && one.code == ErrorCode::NotFound,
        _ => false,
    }
}
