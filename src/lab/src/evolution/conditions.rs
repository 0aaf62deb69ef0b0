//! Which parameters matter only while another has a certain value.
//!
//! Everything in a component matters only while the component is on; that follows from the names. What is listed here are the choices within components. A test holds the list
//! against the simulator: where its condition does not hold, a parameter changes nothing.

/// A choice, and the parameters that belong to some of its values. A name that ends in a dot is a whole component.
pub(super) struct Dependence {
    /// The parameter that decides.
    pub(super) on: &'static str,
    /// Its values under which the others matter.
    pub(super) values: &'static [&'static str],
    /// The others.
    pub(super) parameters: &'static [&'static str],
}

pub(super) const DEPENDENCES: &[Dependence] = &[
    Dependence { on: "health.mode", values: &["swim"], parameters: &["swim."] },
    Dependence { on: "health.detector", values: &["timeout"], parameters: &["health.timeout"] },
    Dependence {
        on: "health.detector",
        values: &["phi_normal", "phi_exponential"],
        parameters: &["health.threshold", "health.min_std", "health.pause", "health.first"],
    },
    Dependence { on: "health.detector", values: &["chen"], parameters: &["health.chen_alpha"] },
    Dependence { on: "health.detector", values: &["chen_s"], parameters: &["health.chen_delta"] },
    Dependence { on: "breaker.window", values: &["count"], parameters: &["breaker.window_calls"] },
    Dependence { on: "breaker.window", values: &["time"], parameters: &["breaker.window_span"] },
    Dependence {
        on: "retry_budget.kind",
        values: &["tokens"],
        parameters: &["retry_budget.tokens", "retry_budget.cost", "retry_budget.cost_timeout"],
    },
    Dependence {
        on: "concurrency.algorithm",
        values: &["aimd"],
        parameters: &["concurrency.aimd_backoff", "concurrency.aimd_timeout"],
    },
    Dependence {
        on: "concurrency.algorithm",
        values: &["gradient2"],
        parameters: &[
            "concurrency.gradient_tolerance",
            "concurrency.gradient_smoothing",
            "concurrency.gradient_window",
            "concurrency.gradient_queue",
        ],
    },
    Dependence {
        on: "concurrency.algorithm",
        values: &["vegas"],
        parameters: &["concurrency.vegas_alpha", "concurrency.vegas_beta", "concurrency.vegas_probe"],
    },
];

/// The choice on which a parameter depends, if any.
pub(super) fn dependence(name: &str) -> Option<&'static Dependence> {
    let fits = |parameter: &&str| if parameter.ends_with('.') { name.starts_with(parameter) } else { *parameter == name };
    DEPENDENCES.iter().find(|dependence| dependence.parameters.iter().any(fits))
}

/// The switch of the component in which a parameter stands.
pub(super) fn switch_of(name: &str) -> String {
    let component = name.split_once('.').map_or(name, |(component, _)| component);
    format!("{component}.enabled")
}
