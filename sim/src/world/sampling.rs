//! The series: one row per interval.

use hms_machine::{Duration, Machine};

use super::event::Event;
use super::record::{SeriesRow, Totals};
use super::{Kernel, World};

impl<M: Machine> World<M> {
    pub(super) fn sample(&mut self, kernel: &mut Kernel) {
        let now = kernel.now();
        let totals = self.totals(kernel);
        let last = std::mem::replace(&mut self.recorder.last, totals);
        let window = &mut self.recorder.window;
        let percentile = |quantile| Duration::from_nanos(if window.is_empty() { 0 } else { window.value_at_quantile(quantile) });
        let (latency_p50, latency_p99) = (percentile(0.5), percentile(0.99));
        window.reset();
        self.network.counters().check_conservation();
        let row = SeriesRow {
            at: now,
            requests: totals.requests.since(&last.requests),
            latency_p50,
            latency_p99,
            shed: totals.shed - last.shed,
            nodes_up: self.nodes[..self.hosts()].iter().filter(|node| node.works()).count() as u32,
            agents_ready: self.agents_ready(),
            jobs: self.jobs.len() as u32,
            suspicions: self.nodes.iter().map(|node| node.suspicions).sum(),
            stack_messages: totals.stack_messages - last.stack_messages,
            stack_bytes: totals.stack_bytes - last.stack_bytes,
            service_messages: totals.service_messages - last.service_messages,
            service_bytes: totals.service_bytes - last.service_bytes,
            stack_cpu: totals.stack_cpu - last.stack_cpu,
            // On a core that slows down or speeds up, the stack's part is known to a nanosecond only.
            service_cpu: totals.service_cpu.saturating_sub(last.service_cpu),
            stack_cpu_by: std::array::from_fn(|component| totals.stack_cpu_by[component] - last.stack_cpu_by[component]),
            stack_bytes_by: std::array::from_fn(|component| totals.stack_bytes_by[component] - last.stack_bytes_by[component]),
        };
        self.recorder.series.push(row);
        kernel.schedule_in(self.scenario.run.sample_every, Event::Sample);
    }

    /// Totals since the start.
    fn totals(&self, kernel: &Kernel) -> Totals {
        let counters = self.network.counters();
        let mut totals = Totals {
            requests: self.recorder.total,
            shed: self.recorder.shed,
            stack_messages: counters.stack.sent,
            stack_bytes: counters.stack.bytes_sent.0,
            service_messages: counters.service.sent,
            service_bytes: counters.service.bytes_sent.0,
            stack_cpu_by: self.recorder.stack_cpu_by,
            stack_bytes_by: self.recorder.stack_bytes_by,
            ..Totals::default()
        };
        for host in self.nodes.iter().filter_map(|node| node.host.as_ref()) {
            let used = host.cpu.used(kernel.now());
            totals.stack_cpu += used.stack + host.stack_in_service;
            totals.service_cpu += used.service.saturating_sub(host.stack_in_service);
        }
        totals
    }
}
