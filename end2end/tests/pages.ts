// The pages that every general test walks: accessibility, complaints, scripts switched off. A new page is added here.

export interface KnownPage {
  /** For test names. */
  name: string;
  path: string;
  /** The text of its first heading. */
  heading: RegExp;
}

/** Pages of a tenant, for somebody who is signed in. */
export const PAGES: KnownPage[] = [
  { name: "overview", path: "/t/acme", heading: /overview/i },
  { name: "topology", path: "/t/acme/topology", heading: /topology/i },
  { name: "topology as a table", path: "/t/acme/topology?view=table", heading: /topology/i },
  { name: "topology with a node open", path: "/t/acme/topology?sel=app:shop/checkout", heading: /topology/i },
];

/** Pages of administration, for somebody who is signed in: documents without wasm. */
export const ADMIN_PAGES: KnownPage[] = [
  { name: "account", path: "/account", heading: /your account/i },
  { name: "settings", path: "/t/acme/settings", heading: /general/i },
  { name: "members", path: "/t/acme/settings/members", heading: /members/i },
  { name: "keys", path: "/t/acme/settings/keys", heading: /api keys/i },
  { name: "sign-in of a tenant", path: "/t/acme/settings/sign-in", heading: /sign-in/i },
  { name: "audit log of a tenant", path: "/t/acme/settings/audit?verify=1", heading: /audit log/i },
  { name: "isolation proof", path: "/t/acme/settings/isolation", heading: /isolation/i },
];

/** The same for who runs the installation. */
export const OPERATOR_PAGES: KnownPage[] = [
  { name: "tenants", path: "/admin", heading: /tenants/i },
  { name: "a tenant", path: "/admin/tenants/acme", heading: /tenants/i },
  { name: "stores", path: "/admin/stores", heading: /stores/i },
  { name: "people", path: "/admin/people", heading: /people/i },
  { name: "sign-in of the installation", path: "/admin/sign-in", heading: /sign-in/i },
  { name: "audit log of the installation", path: "/admin/audit", heading: /audit log/i },
];

/** Pages for anybody, without wasm. */
export const PUBLIC_PAGES: KnownPage[] = [
  { name: "landing", path: "/", heading: /./ },
  { name: "login", path: "/login", heading: /./ },
];
