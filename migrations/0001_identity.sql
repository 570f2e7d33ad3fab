-- Tenants, people, their rights, their sessions. Everything that decides who may see what.

create table tenants (
    id uuid primary key,
    -- Travels to the stores, so the charset leaves out everything a store gives a meaning. Never renamed.
    slug text not null constraint tenants_slug_key unique
        constraint tenants_slug_shape check (slug ~ '^[a-z0-9]([a-z0-9-]{0,61}[a-z0-9])?$'),
    name text not null constraint tenants_name_length check (char_length(name) between 1 and 200),
    plan text not null default 'community' constraint tenants_plan check (plan in ('community', 'saas', 'enterprise')),
    -- What of a shared mesh the tenant sees: [{"cluster": "*", "namespaces": ["shop"]}]. Empty sees nothing.
    mesh jsonb not null default '[]' constraint tenants_mesh_shape check (jsonb_typeof(mesh) = 'array'),
    -- Name of the configuration that manages this row; null when people do.
    provisioned_by text,
    created_at timestamptz not null default now(),
    updated_at timestamptz not null default now(),
    -- Set when the tenant is gone from the configuration: nobody reaches it, its data stays.
    disabled_at timestamptz
);

create table tenant_stores (
    tenant_id uuid not null references tenants (id) on delete cascade,
    signal text not null constraint tenant_stores_signal check (signal in ('metrics', 'logs', 'traces')),
    -- A store of the configuration, or `embedded`.
    store text not null constraint tenant_stores_store_length check (char_length(store) between 1 and 63),
    primary key (tenant_id, signal)
);

create table users (
    id uuid primary key,
    email text not null constraint users_email_length check (char_length(email) between 3 and 254),
    name text not null constraint users_name_length check (char_length(name) between 1 and 200),
    -- PHC string of argon2id; null for people who cannot sign in with a password.
    password_hash text,
    platform_admin boolean not null default false,
    provisioned_by text,
    created_at timestamptz not null default now(),
    updated_at timestamptz not null default now(),
    disabled_at timestamptz
);

create unique index users_email_key on users (lower(email));

create table memberships (
    tenant_id uuid not null references tenants (id) on delete cascade,
    user_id uuid not null references users (id) on delete cascade,
    role text not null constraint memberships_role check (role in ('viewer', 'editor', 'admin')),
    provisioned_by text,
    created_at timestamptz not null default now(),
    primary key (tenant_id, user_id)
);

create index memberships_user_id_idx on memberships (user_id);

create table sessions (
    -- SHA-256 of the session id: who reads this table cannot take over a session.
    id_hash bytea primary key constraint sessions_id_hash_length check (octet_length(id_hash) = 32),
    user_id uuid references users (id) on delete cascade,
    data jsonb not null,
    created_at timestamptz not null,
    last_seen_at timestamptz not null,
    -- Moves on with every use, never past absolute_expires_at.
    expires_at timestamptz not null,
    absolute_expires_at timestamptz not null,
    constraint sessions_expiry_order check (expires_at <= absolute_expires_at)
);

create index sessions_user_id_idx on sessions (user_id);
create index sessions_expires_at_idx on sessions (expires_at);

-- Tries to sign in, counted per account and per address for all instances together.
create table login_attempts (
    -- SHA-256 of what is counted, so that the table names nobody.
    key bytea primary key constraint login_attempts_key_length check (octet_length(key) = 32),
    window_started_at timestamptz not null,
    attempts integer not null
);

create index login_attempts_window_idx on login_attempts (window_started_at);

-- Every instance listens to `obstack_identity` and forgets what it has cached about the one named.
create function obstack_identity_changed() returns trigger language plpgsql as $$
begin
    case tg_table_name
        when 'users' then
            perform pg_notify('obstack_identity', 'user:' || old.id);
        when 'tenants' then
            perform pg_notify('obstack_identity', 'tenant:' || old.id);
        when 'sessions' then
            perform pg_notify('obstack_identity', 'session:' || encode(old.id_hash, 'hex'));
        when 'tenant_stores' then
            perform pg_notify('obstack_identity', 'tenant:' || coalesce(new.tenant_id, old.tenant_id));
        when 'memberships' then
            perform pg_notify('obstack_identity', 'user:' || coalesce(new.user_id, old.user_id));
    end case;
    return null;
end
$$;

create trigger users_changed after update or delete on users
    for each row execute function obstack_identity_changed();
create trigger tenants_changed after update or delete on tenants
    for each row execute function obstack_identity_changed();
create trigger tenant_stores_changed after insert or update or delete on tenant_stores
    for each row execute function obstack_identity_changed();
create trigger memberships_changed after insert or update or delete on memberships
    for each row execute function obstack_identity_changed();
-- Not on every update: a session is touched all the time.
create trigger sessions_ended after delete on sessions
    for each row execute function obstack_identity_changed();
create trigger sessions_changed_owner after update of user_id on sessions
    for each row when (old.user_id is distinct from new.user_id) execute function obstack_identity_changed();
