//! What comes after an attempt of a call: another attempt, a substitute, the end.
//!
//! The caller's node has the first word, said while it heard of the attempt. Where it says nothing, the caller does what the scenario tells of it:
//! a number of retries with pauses between them. Nobody tries beyond the deadline.

use hms_machine::{Duration, Machine, Purpose, Substitute};

use super::calls::{Answer, Caller, Ending, Phase};
use super::event::{CallKey, Event};
use super::{Kernel, World};
use crate::workload::backoff;

const BACKOFF: Purpose = Purpose::named("call/backoff");
const CACHE: Purpose = Purpose::named("call/cache");

/// The shortest pause that a node can order. Nothing in a process happens in no time (a system call and a scheduling take microseconds), and a node
/// that puts off a call again and again would stop the clock.
const PAUSE_MIN: Duration = Duration::from_micros(10);

impl<M: Machine> World<M> {
    /// What follows when there is no good answer; `next` is the attempt that would be made.
    pub(super) fn go_on(&mut self, key: CallKey, answer: Answer, next: u32, kernel: &mut Kernel) {
        if !self.caller_waits(self.calls[key].wish.caller) {
            return self.end_call(key, Ending::Failed, kernel);
        }
        let pause = match answer {
            Answer::Silence | Answer::Refuse => self.own_pause(key),
            Answer::Retry(after) => Some(after.max(PAUSE_MIN)),
            Answer::GiveUp => None,
            Answer::FallBack(substitute) => {
                let ending = if self.stands_in(key, substitute) { Ending::Degraded } else { Ending::Failed };
                return self.end_call(key, ending, kernel);
            }
        };
        let call = &mut self.calls[key];
        let at = pause.map(|pause| kernel.now().saturating_add(pause)).filter(|at| *at < call.wish.deadline);
        let Some(at) = at else { return self.end_call(key, Ending::Failed, kernel) };
        call.phase = Phase::Pausing { attempt: next };
        // By way of the queue even without a pause: any number of retries at one instant must not nest.
        kernel.set_timer(call.timer, at, Event::Call(key));
    }

    /// The pause before the caller tries again by itself; `None` if it does not.
    fn own_pause(&self, key: CallKey) -> Option<Duration> {
        let call = &self.calls[key];
        call.retries().then(|| {
            let mut draw = self.streams.draw(BACKOFF, call.wish.trace, u64::from(call.attempt));
            backoff(&call.wish.policy.backoff, call.attempt + 1, &mut draw)
        })
    }

    /// Whether there is a substitute for the answer to this call. What a cache knows is a matter of what is asked, not of when.
    fn stands_in(&self, key: CallKey, substitute: Substitute) -> bool {
        let wish = &self.calls[key].wish;
        let service = &self.scenario.services[wish.service.index()];
        // Nothing stands in for the question whether a service is there.
        if matches!(wish.caller, Caller::Startup { .. }) {
            return false;
        }
        match substitute {
            Substitute::Cache => self.streams.draw(CACHE, wish.trace, 0).chance(service.cache),
            Substitute::Default => service.default_answer,
        }
    }

    pub(super) fn end_call(&mut self, key: CallKey, ending: Ending, kernel: &mut Kernel) {
        let Some(call) = self.calls.remove(key) else { return };
        kernel.free_timer(call.timer);
        match call.wish.caller {
            Caller::Client { load, client } => self.request_ended(load as usize, client, call.started, ending, kernel),
            Caller::Job(job) => self.job_call_ended(job, ending, call.lost, kernel),
            Caller::Startup { instance, life } => self.need_answered(instance, life, ending == Ending::Answered, kernel),
        }
    }

    /// Whether there is still someone to hear of the end of a call: a dead process does not retry.
    pub(super) fn caller_waits(&self, caller: Caller) -> bool {
        match caller {
            Caller::Client { .. } => true,
            Caller::Job(job) => self.jobs.contains_key(job),
            Caller::Startup { instance, life } => self.instances[instance.index()].life == life,
        }
    }
}
