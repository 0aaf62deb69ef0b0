//! Alerts: from what sources say to what receivers are told.
//!
//! Picture a newsroom. Signals come in; the same from several sources is one alert (de-duplication). Alerts go to desks (the routing tree) and are gathered there
//! in groups, which wait a little for more. What another alert explains, or a person has asked to be kept quiet about, is kept back. A receiver is told of
//! new, worse, lasting and ended alerts, and never more often than its rate allows: what is over waits, and the next notification says how much
//! waited. Nothing is lost in silence: see [`Counts`]. After Prometheus' Alertmanager.

mod alert;
mod book;
mod configuration;
mod member;
mod quiet;
mod routing;
#[cfg(test)]
mod tests;

pub use alert::{Alert, Fingerprint, Label, Labels, Matcher, Signal, Source};
pub use book::{Alerts, Counts, Notification};
pub use configuration::AlertConfiguration;
pub use quiet::{Inhibition, Silence};
pub use routing::{Receiver, Route};
