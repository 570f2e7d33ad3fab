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
export const ADMIN_PAGES: KnownPage[] = [{ name: "keys", path: "/t/acme/settings/keys", heading: /api keys/i }];

/** Pages for anybody, without wasm. */
export const PUBLIC_PAGES: KnownPage[] = [
  { name: "landing", path: "/", heading: /./ },
  { name: "login", path: "/login", heading: /./ },
];
