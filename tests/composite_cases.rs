//! Profile cases gathered from other implementations and from the specification text, and
//! properties of the composite limit.

#[path = "composite_cases/cases.rs"]
mod cases;
#[path = "composite_cases/naive.rs"]
mod naive;
#[path = "composite_cases/parse.rs"]
mod parse;
#[path = "composite_cases/properties.rs"]
mod properties;
