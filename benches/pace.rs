//! Placeholder bench target until the kernel stands.
fn main() {}
