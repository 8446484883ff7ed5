//! Scenario files: the format, its checks, and the fleet that a seed draws from them.
//!
//! No file is opened here: texts come in, typed values and diagnostics go out.
//!
//! A file passes four stations. [`source`] holds its text and knows lines and columns. The key
//! tables say what may stand in it; the reader checks every value against them and collects a
//! [`Diagnostic`] per problem instead of stopping at the first. The result is a [`Scenario`]
//! with every default filled in. [`expand()`] then draws the cars of one seed.
//!
//! ```
//! use ampacity::scenario::{Source, expand, load};
//!
//! let text = r#"
//!     name = "One car park"
//!     start = "2026-05-04T06:00:00[Europe/Amsterdam]"
//!     duration = "14h"
//!     [site]
//!     max_power_kw = 50
//!     [[chargers]]
//!     count = 4
//!     model = "ac22"
//!     [[vehicles]]
//!     model = "sedan_3p11"
//!     [[arrivals]]
//!     kind = "daily_peak"
//!     count = 6
//!     at = "08:30"
//!     stay = "6h"
//!     energy_kwh = 20
//! "#;
//! let source = Source::new("car_park.toml", text);
//! let (scenario, warnings) = load(&source, &|name| Err(format!("no file {name} here")))
//!     .expect("a valid scenario");
//! assert!(warnings.is_empty());
//! assert_eq!(scenario.chargers.len(), 4);
//! let fleet = expand(&scenario, 7);
//! assert!(fleet.sessions.len() + fleet.turned_away as usize <= 6);
//! ```

pub mod catalogue;
pub mod diagnostic;
mod draw;
pub mod expand;
mod keys;
pub mod metrics;
pub mod model;
mod occupancy;
pub mod overrides;
pub mod quantity;
mod read;
pub mod schema;
pub mod source;
pub mod streams;
pub(crate) mod suggest;
mod sun;
mod timeline;

pub use diagnostic::Diagnostic;
pub use expand::expand;
pub use model::{Fleet, Scenario};
pub use overrides::apply_override;
pub use read::load;
pub use schema::schema;
pub use source::Source;
pub use streams::stream;
