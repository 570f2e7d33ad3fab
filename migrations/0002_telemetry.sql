-- Embedded logs and traces: one table each, a partition per day (UTC). Days are created ahead and dropped by age, so
-- that keeping the retention costs no deletes. Confinement is by mesh, not by tenant: several tenants may see the same
-- namespace, and every statement names the (cluster, namespace) pairs the caller sees.

create sequence log_records_id_seq;

create table log_records (
    at timestamptz not null,
    -- Orders records of the same microsecond; with `at` the cursor of a page.
    id bigint not null default nextval('log_records_id_seq'),
    cluster text not null,
    namespace text not null,
    app text not null,
    pod text not null,
    -- OTLP number: 1..4 trace, 5..8 debug, 9..12 info, 13..16 warn, 17..20 error, 21..24 fatal; 0 unknown.
    severity smallint not null constraint log_records_severity check (severity between 0 and 24),
    body text not null,
    attributes jsonb not null constraint log_records_attributes_shape check (jsonb_typeof(attributes) = 'object'),
    trace_id bytea constraint log_records_trace_id_length check (octet_length(trace_id) = 16),
    span_id bytea constraint log_records_span_id_length check (octet_length(span_id) = 8)
) partition by range (at);

create index log_records_at_idx on log_records (at, id);
create index log_records_trace_id_idx on log_records (trace_id) where trace_id is not null;

-- Any part of a word can be searched for. Where the extension is missing, or may not be created by this role, searches
-- read the time range instead: slower, same answers.
do $$
begin
    create extension if not exists pg_trgm;
    create index log_records_body_idx on log_records using gin (body gin_trgm_ops);
exception
    when undefined_file or feature_not_supported or insufficient_privilege or undefined_object then
        raise notice 'pg_trgm is not available: searching log texts will be slower';
end
$$;

create table spans (
    -- Start.
    at timestamptz not null,
    trace_id bytea not null constraint spans_trace_id_length check (octet_length(trace_id) = 16),
    span_id bytea not null constraint spans_span_id_length check (octet_length(span_id) = 8),
    parent_id bytea constraint spans_parent_id_length check (octet_length(parent_id) = 8),
    cluster text not null,
    namespace text not null,
    service text not null,
    name text not null,
    -- OTLP: 0 unspecified, 1 internal, 2 server, 3 client, 4 producer, 5 consumer.
    kind smallint not null constraint spans_kind check (kind between 0 and 5),
    duration_ns bigint not null constraint spans_duration check (duration_ns >= 0),
    -- OTLP: 0 unset, 1 ok, 2 error.
    status smallint not null constraint spans_status check (status between 0 and 2),
    status_message text not null,
    attributes jsonb not null constraint spans_attributes_shape check (jsonb_typeof(attributes) = 'object'),
    events jsonb not null constraint spans_events_shape check (jsonb_typeof(events) = 'array'),
    -- A span that is pushed twice is kept once.
    primary key (trace_id, span_id, at)
) partition by range (at);

create index spans_at_idx on spans (at);
create index spans_service_idx on spans (service, at);

-- Creates the partitions of the days from `first_day` to `last_day`, both included, where they are missing.
create function telemetry_create_days(parent text, first_day date, last_day date) returns void
language plpgsql as $$
declare
    day date;
begin
    if parent not in ('log_records', 'spans') then
        raise exception 'no telemetry table: %', parent;
    end if;
    -- Several instances may do this at the same time.
    perform pg_advisory_xact_lock(hashtext('telemetry_days'));
    for day in select generate_series(first_day, last_day, interval '1 day')::date loop
        execute format(
            'create table if not exists %I partition of %I for values from (%L) to (%L)',
            parent || to_char(day, '_YYYYMMDD'), parent,
            to_char(day, 'YYYY-MM-DD') || ' 00:00:00+00', to_char(day + 1, 'YYYY-MM-DD') || ' 00:00:00+00'
        );
    end loop;
end
$$;

-- Drops the partitions of days before `first_day`; answers how many.
create function telemetry_drop_days(parent text, first_day date) returns integer
language plpgsql as $$
declare
    part text;
    dropped integer := 0;
begin
    if parent not in ('log_records', 'spans') then
        raise exception 'no telemetry table: %', parent;
    end if;
    perform pg_advisory_xact_lock(hashtext('telemetry_days'));
    for part in
        select c.relname from pg_inherits i join pg_class c on c.oid = i.inhrelid
        where i.inhparent = parent::regclass and c.relname < parent || to_char(first_day, '_YYYYMMDD')
    loop
        execute format('drop table %I', part);
        dropped := dropped + 1;
    end loop;
    return dropped;
end
$$;
