//! What real charge points do other than the standard says: each quirk at a station, each quirk on
//! a site where power is short, faults that come and go.

mod contended;
mod documents;
mod faults;
mod recovery;
mod site;
mod station;
