//! Copies off the machine, against a real folder and a real S3-compatible server: what gets
//! there, what an outage costs, and a shop that comes back from there alone.

mod places;
mod server;
mod shipped;
mod whole;
