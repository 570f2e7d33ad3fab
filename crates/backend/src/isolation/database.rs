//! The wall inside the database: what statements see that have forgotten their tenant.

use contract::isolation::{Canary, CanaryOutcome, Wall};
use sqlx::AssertSqlSafe;

use crate::{Error, Scope, db::Db};

/// Rows counted at most.
const MOST: i64 = 10_000;

/// Tables of the installation: whoever works for a tenant may not read them at all.
const ABOVE_TENANTS: [&str; 7] =
    ["installation", "stores", "sessions", "login_attempts", "one_time_tokens", "logout_tokens", "user_identities"];

/// One statement without a tenant per table, in the tenant's transaction and outside of any.
pub(super) async fn ask(db: &Db, scope: &Scope) -> Result<Vec<Canary>, Error> {
    let tenant = scope.tenant().id;
    // Unchecked here and below: the names come from the database's own catalogue, quoted by it.
    let tables: Vec<String> = sqlx::query_scalar(
        "select quote_ident(c.relname) from pg_class c join pg_attribute a on a.attrelid = c.oid
         where c.relnamespace = current_schema()::regnamespace and c.relkind in ('r', 'p') and not c.relispartition
           and a.attname = 'tenant_id' and not a.attisdropped and has_table_privilege(c.oid, 'select')
         order by 1 limit 100",
    )
    .fetch_all(db.tenant_pool())
    .await?;
    // Before the transaction below, so that no run holds one connection while it waits for another.
    let mut counts = Vec::new();
    for table in &tables {
        let nobody = format!("select count(*) from (select 1 from {table} limit 1) t");
        let unset: i64 = sqlx::query_scalar(AssertSqlSafe(nobody)).fetch_one(db.tenant_pool()).await?;
        let there = format!("select count(*) from (select 1 from {table} where tenant_id = '{tenant}' limit {MOST}) t");
        let expected: i64 = sqlx::query_scalar(AssertSqlSafe(there)).fetch_one(db.system()).await?;
        counts.push((expected, unset));
    }
    let mut tx = db.tenant(scope).await?;
    let mut canaries = Vec::new();
    for (table, (expected, unset)) in tables.iter().zip(counts) {
        let counted = format!(
            "select count(*) filter (where tenant_id = '{tenant}'), count(*) from (select tenant_id from {table} limit {MOST}) t"
        );
        let (own, all): (i64, i64) = sqlx::query_as(AssertSqlSafe(counted)).fetch_one(&mut *tx).await?;
        canaries.push(judged(table, own, all, expected, unset));
    }
    let readable: Vec<String> = sqlx::query_scalar(
        "select c.relname::text from pg_class c where c.relnamespace = current_schema()::regnamespace
           and c.relname = any($1) and has_any_column_privilege(c.oid, 'select') order by 1",
    )
    .bind(&ABOVE_TENANTS[..])
    .fetch_all(&mut *tx)
    .await?;
    let (outcome, answer) = if readable.is_empty() {
        (CanaryOutcome::Refused, "The database refuses: no right to read.".to_owned())
    } else {
        (CanaryOutcome::Broken, format!("Readable: {}.", readable.join(", ")))
    };
    canaries.push(Canary {
        wall: Wall::Database,
        title: "Tables of the installation: sessions, secrets, stores".to_owned(),
        question: "select * from sessions, and so on".to_owned(),
        rewritten: Vec::new(),
        outcome,
        answer,
        seen: None,
    });
    Ok(canaries)
}

/// What the counts of a table say.
pub(super) fn judged(table: &str, own: i64, all: i64, expected: i64, unset: i64) -> Canary {
    let (outcome, answer) = if all > own {
        (CanaryOutcome::Broken, format!("{} of {all} rows are not of the tenant.", all - own))
    } else if unset > 0 {
        (CanaryOutcome::Broken, "Without a tenant there are rows to be seen.".to_owned())
    } else {
        let many = if all >= MOST { " or more" } else { "" };
        let answer =
            format!("{all}{many} rows, all of the tenant ({expected}{many} are there); none without a tenant.");
        (CanaryOutcome::Held, answer)
    };
    Canary {
        wall: Wall::Database,
        title: format!("Rows of {table}, by a statement that has forgotten its tenant"),
        question: format!("select count(*) from {table}"),
        rewritten: vec![format!("select count(*) from {table}, as obstack_tenant under row-level security")],
        outcome,
        answer,
        seen: u64::try_from(all).ok(),
    }
}
