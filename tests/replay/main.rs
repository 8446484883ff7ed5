//! Recorded traffic again: the digital twin of a site, inferred from its trace alone.

mod twin;
