//! Rebuilds the crate if a migration is added: they are compiled in, and Cargo does not detect a new one.

fn main() {
    println!("cargo::rerun-if-changed=../../migrations");
}
