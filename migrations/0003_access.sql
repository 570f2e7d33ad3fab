-- Identity and administration: sign-in providers, invitations, keys, the audit log, and walls between tenants inside the
-- database. The server never works as the owner of these tables. It works as one of two roles:
--
--   obstack_tenant   what is done inside one tenant. Row-level security shows it the rows of the tenant named by the
--                    transaction's setting `obstack.tenant`, and none when nobody has set it.
--   obstack_system   what comes before or stands above any tenant: signing in, provisioning, running the installation.

do $$
declare
    wanted text;
    ours boolean;
begin
    foreach wanted in array array['obstack_tenant', 'obstack_system'] loop
        if not exists (select 1 from pg_roles where rolname = wanted) then
            begin
                execute format('create role %I nologin', wanted);
            exception
                -- Another database of this cluster is being migrated at the same moment.
                when duplicate_object or unique_violation then null;
                when insufficient_privilege then
                    raise exception 'the role % is missing and this account may not create it', wanted
                        using hint = 'as a superuser run: create role obstack_tenant nologin; create role obstack_system nologin; '
                            || format('grant obstack_tenant, obstack_system to %I;', current_user);
            end;
        end if;
        -- From Postgres 16 on, who creates a role is a member of it and may still not take it on.
        if current_setting('server_version_num')::integer >= 160000 then
            execute format('select pg_has_role(current_user, %L, ''set'')', wanted) into ours;
        else
            ours := pg_has_role(current_user, wanted, 'member');
        end if;
        if not ours then
            execute format('grant %I to %I', wanted, current_user);
        end if;
        execute format('grant usage on schema %I to %I', current_schema(), wanted);
    end loop;
end
$$;

-- What the server keeps secret, the same for all instances: signs tokens and seals what other systems' secrets are kept as.
create table installation (
    only_row boolean primary key default true constraint installation_only_row check (only_row),
    secret bytea not null constraint installation_secret_length check (octet_length(secret) = 32),
    created_at timestamptz not null default now()
);

-- Tenants -------------------------------------------------------------------------------------------------------------

alter table tenants
    -- Nobody gets in until it is lifted; everything stays.
    add column suspended_at timestamptz,
    add column suspended_why text not null default '' constraint tenants_suspended_why_length check (char_length(suspended_why) <= 500),
    -- Domains invitations may go to; empty for every domain.
    add column invite_domains text[] not null default '{}',
    -- Memberships count only in sessions that a sign-in provider vouches for.
    add column require_sso boolean not null default false;

-- Stores beside those of the configuration.
create table stores (
    name text primary key constraint stores_name_shape check (name ~ '^[a-z0-9]([a-z0-9-]{0,61}[a-z0-9])?$'),
    kind text not null,
    url text not null constraint stores_url_length check (char_length(url) between 8 and 2000),
    timeout_ms integer not null constraint stores_timeout check (timeout_ms between 1000 and 300000),
    tenancy_mode text not null constraint stores_tenancy_mode check (tenancy_mode in ('none', 'label', 'header')),
    tenancy_label text not null default '',
    auth text not null default 'none' constraint stores_auth check (auth in ('none', 'bearer', 'basic')),
    username text not null default '',
    -- Token or password, sealed with the installation's secret.
    secret_sealed bytea,
    created_at timestamptz not null default now(),
    updated_at timestamptz not null default now()
);

-- Sign-in providers ---------------------------------------------------------------------------------------------------

create table identity_providers (
    id uuid primary key,
    -- Null for the whole installation. A tenant's own provider can give rights in that tenant only.
    tenant_id uuid references tenants (id) on delete cascade,
    -- Part of the callback address.
    name text not null constraint identity_providers_name_key unique
        constraint identity_providers_name_shape check (name ~ '^[a-z0-9]([a-z0-9-]{0,61}[a-z0-9])?$'),
    -- On the button.
    title text not null constraint identity_providers_title_length check (char_length(title) between 1 and 100),
    issuer text not null constraint identity_providers_issuer_length check (char_length(issuer) between 8 and 2000),
    client_id text not null constraint identity_providers_client_id_length check (char_length(client_id) between 1 and 255),
    client_secret_sealed bytea,
    -- Asked for beside `openid`.
    scopes text[] not null default '{profile,email}',
    -- Audience that bearer tokens for the API must name; null when the API takes none of this provider.
    api_audience text,
    -- [{"claim": "groups", "equals": "/acme/admins", "tenant": "acme", "role": "admin"}]
    mappings jsonb not null default '[]' constraint identity_providers_mappings_shape check (jsonb_typeof(mappings) = 'array'),
    provisioned_by text,
    created_at timestamptz not null default now(),
    updated_at timestamptz not null default now(),
    disabled_at timestamptz
);

-- Who a provider's people are here. Never found by e-mail address: a provider may say any.
create table user_identities (
    issuer text not null,
    subject text not null constraint user_identities_subject_length check (char_length(subject) between 1 and 255),
    user_id uuid not null references users (id) on delete cascade,
    provider_id uuid references identity_providers (id) on delete set null,
    last_sign_in_at timestamptz not null,
    primary key (issuer, subject)
);

create index user_identities_user_id_idx on user_identities (user_id);

-- Logout tokens that have been used, until they would have expired.
create table logout_tokens (
    provider_id uuid not null references identity_providers (id) on delete cascade,
    jti text not null constraint logout_tokens_jti_length check (char_length(jti) between 1 and 255),
    expires_at timestamptz not null,
    primary key (provider_id, jti)
);

-- People --------------------------------------------------------------------------------------------------------------

alter table users
    -- `local` for accounts with a password here, `provider` for those a sign-in provider vouches for.
    add column origin text not null default 'local' constraint users_origin check (origin in ('local', 'provider')),
    add column password_changed_at timestamptz,
    -- Providers need not tell an address.
    drop constraint users_email_length,
    add constraint users_email_length check (char_length(email) <= 254 and (origin = 'provider' or char_length(email) >= 3));

-- An address names a local account only; a provider's person with the same address is somebody else.
drop index users_email_key;
create unique index users_local_email_key on users (lower(email)) where origin = 'local';

alter table memberships
    -- Who says so: `local` (an administrator or an invitation), `file` (the configuration), `provider` (claims at sign-in).
    -- The strongest role counts.
    add column origin text not null default 'local' constraint memberships_origin check (origin in ('local', 'file', 'provider')),
    add column provider_id uuid references identity_providers (id) on delete cascade,
    add constraint memberships_provider check ((origin = 'provider') = (provider_id is not null));
update memberships set origin = 'file' where provisioned_by is not null;
alter table memberships drop constraint memberships_pkey, add primary key (tenant_id, user_id, origin);

create table invitations (
    tenant_id uuid not null references tenants (id) on delete cascade,
    id uuid not null,
    email text not null constraint invitations_email_length check (char_length(email) between 3 and 254),
    role text not null constraint invitations_role check (role in ('viewer', 'editor', 'admin')),
    -- SHA-256 of the link's secret.
    token_hash bytea not null constraint invitations_token_hash_key unique
        constraint invitations_token_hash_length check (octet_length(token_hash) = 32),
    invited_by text not null,
    created_at timestamptz not null,
    expires_at timestamptz not null,
    accepted_at timestamptz,
    accepted_by uuid references users (id) on delete set null,
    revoked_at timestamptz,
    primary key (tenant_id, id)
);

-- Links that set a new password, and the one that claims a new installation.
create table one_time_tokens (
    token_hash bytea primary key constraint one_time_tokens_length check (octet_length(token_hash) = 32),
    purpose text not null constraint one_time_tokens_purpose check (purpose in ('reset', 'setup')),
    user_id uuid references users (id) on delete cascade,
    created_at timestamptz not null,
    expires_at timestamptz not null,
    constraint one_time_tokens_user check ((purpose = 'reset') = (user_id is not null))
);

alter table sessions
    -- How a session is named to people: its id is a secret.
    add column handle uuid not null default gen_random_uuid() constraint sessions_handle_key unique,
    -- The provider that vouches for it, and that provider's names for the session and the person.
    add column provider_id uuid references identity_providers (id) on delete cascade,
    add column provider_sid text,
    add column provider_subject text,
    -- Refresh and id token, sealed with a key made from the session's id, which only the browser has.
    add column tokens_sealed bytea,
    -- When the provider is asked again; null for sessions nobody else vouches for.
    add column refresh_at timestamptz,
    add column user_agent text not null default '' constraint sessions_user_agent_length check (char_length(user_agent) <= 300),
    add column address text not null default '' constraint sessions_address_length check (char_length(address) <= 64);

create index sessions_provider_sid_idx on sessions (provider_id, provider_sid) where provider_id is not null;
create index sessions_provider_subject_idx on sessions (provider_id, provider_subject) where provider_id is not null;

-- Keys ----------------------------------------------------------------------------------------------------------------

-- Principals that are no person: what they may do survives the people who made them.
create table service_accounts (
    tenant_id uuid not null references tenants (id) on delete cascade,
    id uuid not null,
    name text not null constraint service_accounts_name_length check (char_length(name) between 1 and 100),
    role text not null constraint service_accounts_role check (role in ('viewer', 'editor', 'admin')),
    created_by text not null,
    provisioned_by text,
    created_at timestamptz not null,
    disabled_at timestamptz,
    primary key (tenant_id, id)
);

create unique index service_accounts_name_key on service_accounts (tenant_id, lower(name));

create table api_keys (
    tenant_id uuid not null references tenants (id) on delete cascade,
    id uuid not null constraint api_keys_id_key unique,
    -- Whose it is: a person's key ends with the person's membership, a service account's with the account.
    user_id uuid references users (id) on delete cascade,
    service_account_id uuid,
    name text not null constraint api_keys_name_length check (char_length(name) between 1 and 100),
    role text not null constraint api_keys_role check (role in ('viewer', 'editor', 'admin')),
    scopes text[] not null constraint api_keys_scopes_some check (cardinality(scopes) between 1 and 32),
    -- SHA-256 of the key: it has 160 random bits, so a slow hash would protect nothing more.
    hash bytea not null constraint api_keys_hash_key unique constraint api_keys_hash_length check (octet_length(hash) = 32),
    -- Its last four characters, to tell keys apart.
    hint text not null,
    created_by text not null,
    provisioned_by text,
    created_at timestamptz not null,
    expires_at timestamptz not null,
    last_used_at timestamptz,
    revoked_at timestamptz,
    -- The key this one takes over from.
    replaces uuid,
    primary key (tenant_id, id),
    constraint api_keys_owner check ((user_id is null) <> (service_account_id is null)),
    foreign key (tenant_id, service_account_id) references service_accounts (tenant_id, id) on delete cascade
);

create index api_keys_user_id_idx on api_keys (user_id);

-- How often a key was used in an hour.
create table api_key_uses (
    tenant_id uuid not null,
    key_id uuid not null,
    hour timestamptz not null,
    uses bigint not null,
    primary key (tenant_id, key_id, hour),
    foreign key (tenant_id, key_id) references api_keys (tenant_id, id) on delete cascade
);

-- The audit log -------------------------------------------------------------------------------------------------------

-- One chain per tenant and one (the nil uuid) for the installation: `hash` covers the entry and the hash before it, so
-- that nothing can be changed, left out or put in between unnoticed. No foreign keys: entries outlive what they tell of.
create table audit_log (
    chain uuid not null,
    seq bigint not null,
    tenant_id uuid,
    at timestamptz not null,
    actor_kind text not null,
    actor_id text not null,
    actor_name text not null,
    action text not null,
    target_kind text not null,
    target_id text not null,
    outcome text not null constraint audit_log_outcome check (outcome in ('done', 'denied', 'failed')),
    request_id text not null,
    -- The whole entry as it was hashed, a JSON object on one line; the columns above repeat parts of it for searching.
    entry text not null,
    previous bytea not null constraint audit_log_previous_length check (octet_length(previous) = 32),
    hash bytea not null constraint audit_log_hash_length check (octet_length(hash) = 32),
    primary key (chain, seq),
    constraint audit_log_chain check (chain = coalesce(tenant_id, '00000000-0000-0000-0000-000000000000'))
);

create index audit_log_tenant_at_idx on audit_log (tenant_id, at desc, seq desc);
create index audit_log_at_idx on audit_log (at desc, seq desc);

create function audit_log_refuse() returns trigger language plpgsql as $$
begin
    raise exception 'the audit log only grows' using errcode = 'insufficient_privilege';
end
$$;

create trigger audit_log_only_grows before update or delete or truncate on audit_log
    for each statement execute function audit_log_refuse();

-- News ----------------------------------------------------------------------------------------------------------------

create function obstack_access_changed() returns trigger language plpgsql as $$
begin
    case tg_table_name
        when 'api_keys' then
            perform pg_notify('obstack_identity', 'key:' || coalesce(new.id, old.id));
        when 'service_accounts' then
            perform pg_notify('obstack_identity', 'tenant:' || coalesce(new.tenant_id, old.tenant_id));
        when 'identity_providers' then
            perform pg_notify('obstack_identity', 'provider:' || coalesce(new.id, old.id));
        when 'stores' then
            perform pg_notify('obstack_identity', 'store:' || coalesce(new.name, old.name));
        when 'tenants' then
            perform pg_notify('obstack_identity', 'tenant:' || new.id);
    end case;
    return null;
end
$$;

-- Not when a key is merely used.
create trigger api_keys_changed after update of role, scopes, expires_at, revoked_at on api_keys
    for each row execute function obstack_access_changed();
create trigger api_keys_removed after delete on api_keys
    for each row execute function obstack_access_changed();
create trigger service_accounts_changed after update or delete on service_accounts
    for each row execute function obstack_access_changed();
create trigger identity_providers_changed after insert or update or delete on identity_providers
    for each row execute function obstack_access_changed();
create trigger stores_changed after insert or update or delete on stores
    for each row execute function obstack_access_changed();
-- Platform administrators see a new tenant on every instance.
create trigger tenants_created after insert on tenants
    for each row execute function obstack_access_changed();

-- Rights --------------------------------------------------------------------------------------------------------------

grant select, insert, update, delete on
    installation, tenants, tenant_stores, stores, identity_providers, user_identities, logout_tokens, users, memberships,
    invitations, one_time_tokens, sessions, login_attempts, service_accounts, api_keys, api_key_uses
    to obstack_system;
grant select, insert on audit_log to obstack_system;
grant select, insert, update, delete on log_records, spans to obstack_system;
grant usage on sequence log_records_id_seq to obstack_system;
-- Days are made and dropped by the owner of the tables.
alter function telemetry_create_days(text, date, date) security definer set search_path from current;
alter function telemetry_drop_days(text, date) security definer set search_path from current;
revoke execute on function telemetry_create_days(text, date, date), telemetry_drop_days(text, date) from public;
grant execute on function telemetry_create_days(text, date, date), telemetry_drop_days(text, date) to obstack_system;

grant select, insert, update, delete on
    memberships, invitations, identity_providers, service_accounts, api_keys, api_key_uses to obstack_tenant;
grant select, insert on audit_log to obstack_tenant;
grant select on tenants, tenant_stores to obstack_tenant;
grant update (name, invite_domains, require_sso, updated_at) on tenants to obstack_tenant;
-- Whether the schema is current; absent where psql applies these files.
do $$
begin
    if to_regclass('_sqlx_migrations') is not null then
        grant select on _sqlx_migrations to obstack_system;
    end if;
end
$$;
-- Neither password hashes nor anything of people outside of the tenant.
grant select (id, email, name, origin, disabled_at) on users to obstack_tenant;

-- The tenant this transaction is confined to; null when nobody has said, and null equals nothing.
create function obstack_current_tenant() returns uuid language sql stable parallel safe as $$
    select nullif(current_setting('obstack.tenant', true), '')::uuid
$$;

do $$
declare
    confined text;
begin
    foreach confined in array array['tenant_stores', 'memberships', 'invitations', 'identity_providers', 'service_accounts', 'api_keys',
                                    'api_key_uses', 'audit_log'] loop
        execute format('alter table %I enable row level security', confined);
        execute format('create policy within_tenant on %I to obstack_tenant
                            using (tenant_id = obstack_current_tenant()) with check (tenant_id = obstack_current_tenant())', confined);
        execute format('create policy above_tenants on %I to obstack_system using (true) with check (true)', confined);
    end loop;
end
$$;

alter table tenants enable row level security;
create policy within_tenant on tenants to obstack_tenant
    using (id = obstack_current_tenant()) with check (id = obstack_current_tenant());
create policy above_tenants on tenants to obstack_system using (true) with check (true);

alter table users enable row level security;
create policy within_tenant on users for select to obstack_tenant
    using (exists (select 1 from memberships m where m.user_id = users.id and m.tenant_id = obstack_current_tenant()));
create policy above_tenants on users to obstack_system using (true) with check (true);
