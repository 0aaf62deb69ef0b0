//! Colours and shapes. Those of data are Okabe's and Ito's (2008), which people of every colour vision tell apart; what differs in colour differs in shape or
//! word as well.

use egui::{Color32, Context, Theme, Visuals};
use hms_lab::machine::BreakerState;
use hms_lab::plots::CURVE_COLORS;
use hms_lab::session::{NodeState, ProcessState};
use hms_lab::sim::world::Carries;

use crate::view::lanes::Look;

/// Blue: what works.
pub const GOOD: Color32 = Color32::from_rgb(0, 158, 115);
/// Vermilion: faults, and what is down.
pub const BAD: Color32 = Color32::from_rgb(213, 94, 0);
/// Orange: what is noticed or believed.
pub const BELIEF: Color32 = Color32::from_rgb(230, 159, 0);
/// Sky: on its way.
pub const WAITING: Color32 = Color32::from_rgb(86, 180, 233);
/// Purple: standing still.
pub const STILL: Color32 = Color32::from_rgb(204, 121, 167);
/// Blue: what the stack does.
pub const ACTION: Color32 = Color32::from_rgb(0, 114, 178);

/// The colour of a curve by its place.
pub fn curve(place: usize) -> Color32 {
    let [red, green, blue] = CURVE_COLORS[place % CURVE_COLORS.len()];
    Color32::from_rgb(red, green, blue)
}

/// The colour of a look.
pub fn look(look: Look) -> Color32 {
    match look {
        Look::Good => GOOD,
        Look::Waiting => WAITING,
        Look::Still | Look::Lead => STILL,
        Look::Bad | Look::Fault => BAD,
        Look::Belief => BELIEF,
        Look::Action => ACTION,
        Look::Proof => GOOD,
    }
}

/// What a look means, in the legend.
pub fn look_name(look: Look) -> &'static str {
    match look {
        Look::Good => "up, ready",
        Look::Waiting => "booting, starting",
        Look::Still => "paused",
        Look::Bad => "down; breaker open",
        Look::Fault => "a fault acts",
        Look::Belief => "suspected, found unwell",
        Look::Action => "recovery action",
        Look::Proof => "verified, answers again",
        Look::Lead => "a node leads",
    }
}

/// The colour of a host.
pub fn node(state: NodeState) -> Color32 {
    match state {
        NodeState::Up => GOOD,
        NodeState::Paused => STILL,
        NodeState::Down => BAD,
    }
}

/// What a host does, in a word.
pub fn node_name(state: NodeState) -> &'static str {
    match state {
        NodeState::Up => "up",
        NodeState::Paused => "paused",
        NodeState::Down => "down",
    }
}

/// The colour of an agent.
pub fn process(state: ProcessState) -> Color32 {
    match state {
        ProcessState::Ready => GOOD,
        ProcessState::Starting => WAITING,
        ProcessState::Down => BAD,
    }
}

/// What an agent does, in a word.
pub fn process_name(state: ProcessState) -> &'static str {
    match state {
        ProcessState::Ready => "ready",
        ProcessState::Starting => "starting",
        ProcessState::Down => "down",
    }
}

/// The colour of a message by what it carries.
pub fn carries(carries: Carries) -> Color32 {
    match carries {
        Carries::Stack => WAITING,
        Carries::Request => BELIEF,
        Carries::Reply => GOOD,
        Carries::State => STILL,
    }
}

/// What a message carries, in a word or two.
pub fn carries_name(carries: Carries) -> &'static str {
    match carries {
        Carries::Stack => "between stacks",
        Carries::Request => "request",
        Carries::Reply => "reply",
        Carries::State => "state of an agent",
    }
}

/// A state of a breaker, in a word.
pub fn breaker_name(state: BreakerState) -> &'static str {
    match state {
        BreakerState::Closed => "closed",
        BreakerState::Open => "open",
        BreakerState::HalfOpen => "half-open",
    }
}

/// Sets light or dark.
pub fn apply(context: &Context, dark: bool) {
    context.set_theme(if dark { Theme::Dark } else { Theme::Light });
}

/// A line for what is not data.
pub fn faint(visuals: &Visuals) -> Color32 {
    visuals.widgets.noninteractive.bg_stroke.color
}
