//! Tells cargo that the embedded migrations are part of this crate: a new file there must rebuild `db::MIGRATOR`.

fn main() {
    println!("cargo:rerun-if-changed=../../migrations");
}
