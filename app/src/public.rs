//! The documents outside of the app: landing page and login. Plain HTML and CSS, no scripts, no wasm.
