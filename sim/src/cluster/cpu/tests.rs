use proptest::prelude::*;

use super::*;

const fn at(nanos: u64) -> Instant {
    Instant::from_nanos(nanos)
}

const fn ns(nanos: u64) -> Duration {
    Duration::from_nanos(nanos)
}

/// Two neighbouring numbers of one type get a name in these tests.
struct Arrival {
    at: u64,
    demand: u64,
}

/// Runs the host as the world does, always to the next event; gives each task's number and end in order of completion.
fn run(cpu: &mut Cpu<usize>, arrivals: &[Arrival]) -> Vec<(usize, u64)> {
    let mut ends = Vec::new();
    for (index, arrival) in arrivals.iter().enumerate() {
        run_until(cpu, arrival.at, &mut ends);
        cpu.submit(at(arrival.at), index, ns(arrival.demand), Class::Service);
    }
    run_until(cpu, u64::MAX, &mut ends);
    ends
}

fn run_until(cpu: &mut Cpu<usize>, until: u64, ends: &mut Vec<(usize, u64)>) {
    while let Some(next) = cpu.next().filter(|next| next.as_nanos() <= until) {
        while let Some(task) = cpu.advance(next) {
            ends.push((task, next.as_nanos()));
        }
    }
}

fn arrivals<const N: usize>(list: [(u64, u64); N]) -> [Arrival; N] {
    list.map(|(at, demand)| Arrival { at, demand })
}

#[test]
fn a_task_alone_runs_undisturbed_through_many_slices() {
    let mut cpu = Cpu::new(1, 1.0, ns(10));
    assert_eq!(cpu.next(), None);
    cpu.submit(at(5), 0, ns(1_000), Class::Service);
    assert_eq!(cpu.next(), Some(at(1_005)));
    assert_eq!(cpu.advance(at(1_004)), None);
    assert_eq!(cpu.advance(at(1_005)), Some(0));
    assert_eq!((cpu.advance(at(1_005)), cpu.next()), (None, None));
}

#[test]
fn one_core_serves_in_order_when_slices_are_long() {
    let mut cpu = Cpu::new(1, 1.0, ns(1_000));
    assert_eq!(run(&mut cpu, &arrivals([(0, 30), (5, 10), (6, 1)])), [(0, 30), (1, 40), (2, 41)]);
}

#[test]
fn a_newcomer_waits_for_the_end_of_the_present_slice() {
    // Slices of task 0 end at 10, 20, 30 though nobody waits; task 1 comes at 25 and gets the core at 30.
    let mut cpu = Cpu::new(1, 1.0, ns(10));
    assert_eq!(run(&mut cpu, &arrivals([(0, 100), (25, 3)])), [(1, 33), (0, 103)]);
}

#[test]
fn tasks_take_turns_slice_by_slice() {
    // 0: 0–10, 1: 10–20, 2: 20–25 done, 0: 25–35, 1: 35–40 done, 0: 40–45 done.
    let mut cpu = Cpu::new(1, 1.0, ns(10));
    assert_eq!(run(&mut cpu, &arrivals([(0, 25), (0, 15), (0, 5)])), [(2, 25), (1, 40), (0, 45)]);
}

#[test]
fn two_cores_share_one_line() {
    // 0 and 1 run; at 10 both slices end: 0 goes behind 2 and is back at once on the core that 1 leaves, 1 waits.
    let mut cpu = Cpu::new(2, 1.0, ns(10));
    assert_eq!(run(&mut cpu, &arrivals([(0, 20), (0, 20), (0, 5)])), [(2, 15), (0, 20), (1, 25)]);
}

#[test]
fn tasks_that_end_together_come_in_order_of_submission() {
    let mut cpu = Cpu::new(3, 1.0, ns(10));
    assert_eq!(run(&mut cpu, &arrivals([(0, 7), (2, 5), (7, 0)])), [(0, 7), (1, 7), (2, 7)]);
}

#[test]
fn a_task_that_ends_with_its_slice_is_not_sent_to_the_line() {
    let mut cpu = Cpu::new(1, 1.0, ns(10));
    assert_eq!(run(&mut cpu, &arrivals([(0, 10), (0, 10), (0, 11)])), [(0, 10), (1, 20), (2, 31)]);
}

#[test]
fn a_task_without_demand_ends_at_once() {
    let mut cpu = Cpu::new(1, 1.0, ns(10));
    assert_eq!(run(&mut cpu, &arrivals([(3, 0)])), [(0, 3)]);
}

#[test]
fn completions_that_a_submission_comes_across_are_kept_for_the_caller() {
    let mut cpu = Cpu::new(1, 1.0, ns(10));
    cpu.submit(at(0), 'a', ns(5), Class::Service);
    cpu.submit(at(5), 'b', ns(5), Class::Service);
    assert_eq!(cpu.next(), Some(at(5)));
    assert_eq!((cpu.advance(at(5)), cpu.advance(at(5))), (Some('a'), None));
    assert_eq!(cpu.next(), Some(at(10)));
}

#[test]
fn a_caller_who_comes_late_finds_what_happened_in_between_in_order() {
    let mut cpu = Cpu::new(1, 1.0, ns(10));
    for task in 0..3 {
        cpu.submit(at(0), task, ns(15), Class::Service);
    }
    let done: Vec<_> = std::iter::from_fn(|| cpu.advance(at(1_000))).collect();
    assert_eq!(done, [0, 1, 2]);
    assert_eq!(cpu.used(at(1_000)).total(), ns(45));
}

#[test]
fn a_slow_host_takes_longer_and_a_change_strikes_tasks_halfway() {
    let mut cpu = Cpu::new(1, 2.0, ns(1_000_000));
    cpu.submit(at(0), 0, ns(1_000), Class::Service);
    assert_eq!(cpu.next(), Some(at(500)));
    // 200 ns at speed 2 do 400; 600 are left; at speed 0.5 they take 1200.
    cpu.set_speed(at(200), 0.25);
    assert_eq!(cpu.next(), Some(at(1_400)));
    // 100 ns more do 50; 550 are left; at speed 2 they take 275.
    cpu.set_speed(at(300), 1.0);
    assert_eq!(cpu.next(), Some(at(575)));
    assert_eq!(cpu.advance(at(575)), Some(0));
    assert_eq!(cpu.used(at(600)).service, ns(575));
}

#[test]
fn odd_speeds_lose_no_work_over_a_million_changes() {
    let mut cpu = Cpu::new(1, 1.0, ns(10));
    let third = 1.0 / 3.0;
    cpu.submit(at(0), 0, ns(1_000_000), Class::Service);
    for now in 0..1_000_000 {
        cpu.set_speed(at(now), if now % 2 == 0 { third } else { 1.0 });
    }
    // Half of the first million nanoseconds did a third of a nanosecond of work each: two thirds of a million are done.
    cpu.set_speed(at(1_000_000), 1.0);
    assert_eq!(cpu.next(), Some(at(1_333_334)));
}

#[test]
fn a_pause_shifts_completions_and_slices_by_its_length() {
    let schedule = arrivals([(0, 25), (0, 15), (0, 5)]);
    let mut whole = Cpu::new(1, 1.0, ns(10));
    let expected = run(&mut whole, &schedule);

    let mut cpu = Cpu::new(1, 1.0, ns(10));
    let mut ends = Vec::new();
    for (index, arrival) in schedule.iter().enumerate() {
        cpu.submit(at(arrival.at), index, ns(arrival.demand), Class::Service);
    }
    run_until(&mut cpu, 13, &mut ends);
    cpu.pause(at(13));
    cpu.pause(at(14));
    assert!(cpu.paused());
    assert_eq!(cpu.next(), None);
    assert_eq!(cpu.used(at(500)).total(), ns(13));
    cpu.resume(at(1_013));
    run_until(&mut cpu, u64::MAX, &mut ends);
    assert_eq!(ends, expected.iter().map(|&(task, end)| (task, end + 1_000)).collect::<Vec<_>>());
}

#[test]
fn tasks_may_arrive_and_speeds_may_change_during_a_pause() {
    let mut cpu = Cpu::new(1, 1.0, ns(10));
    cpu.submit(at(0), 0, ns(100), Class::Service);
    cpu.pause(at(34));
    cpu.submit(at(40), 1, ns(4), Class::Service);
    cpu.set_speed(at(50), 0.5);
    cpu.resume(at(60));
    // 4 ns of the slice were used before the pause, 6 are left; then task 1 takes 8 ns, then 63 are left of task 0.
    let mut ends = Vec::new();
    run_until(&mut cpu, u64::MAX, &mut ends);
    assert_eq!(ends, [(1, 74), (0, 74 + 126)]);
}

#[test]
fn what_was_done_when_a_pause_began_is_handed_out_during_it() {
    let mut cpu = Cpu::new(1, 1.0, ns(10));
    cpu.submit(at(0), 0, ns(5), Class::Service);
    cpu.pause(at(5));
    assert_eq!(cpu.next(), Some(at(5)));
    assert_eq!(cpu.advance(at(7)), Some(0));
    assert_eq!(cpu.next(), None);
}

#[test]
fn a_crash_leaves_idle_cores_and_the_account_of_time() {
    let mut cpu = Cpu::new(2, 1.0, ns(10));
    for task in 0..5 {
        cpu.submit(at(0), task, ns(100), Class::Stack);
    }
    cpu.clear(at(7));
    assert_eq!((cpu.running(), cpu.queue_len(), cpu.next()), (0, 0, None));
    assert_eq!(cpu.used(at(50)), TimeUsed { stack: ns(14), service: ns(0) });
    cpu.submit(at(60), 9, ns(1), Class::Service);
    assert_eq!(cpu.next(), Some(at(61)));
}

#[test]
fn the_tasks_of_a_killed_agent_leave_their_cores_to_those_who_wait() {
    let mut cpu = Cpu::new(2, 1.0, ns(100));
    for task in [1, 2, 1, 3] {
        cpu.submit(at(0), task, ns(10), Class::Service);
    }
    cpu.retain(at(4), |&task| task != 1);
    assert_eq!((cpu.running(), cpu.queue_len()), (2, 0));
    let mut ends = Vec::new();
    run_until(&mut cpu, u64::MAX, &mut ends);
    assert_eq!(ends, [(2, 10), (3, 14)]);
    assert_eq!(cpu.used(at(20)).service, ns(4 + 20));
}

#[test]
fn time_is_booked_on_the_class_of_the_task_while_it_runs() {
    let mut cpu = Cpu::new(1, 1.0, ns(10));
    cpu.submit(at(0), 0, ns(25), Class::Service);
    cpu.submit(at(0), 1, ns(5), Class::Stack);
    assert_eq!(cpu.used(at(8)), TimeUsed { stack: ns(0), service: ns(8) });
    assert_eq!(cpu.advance(at(12)), None);
    assert_eq!(cpu.used(at(12)), TimeUsed { stack: ns(2), service: ns(10) });
    assert_eq!(cpu.advance(at(30)), Some(1));
    assert_eq!(cpu.advance(at(30)), Some(0));
    assert_eq!(cpu.used(at(99)), TimeUsed { stack: ns(5), service: ns(25) });
}

#[test]
fn short_slices_approach_processor_sharing() {
    // Under processor sharing, tasks of 1, 2 and 3 ms that begin together end at 3, 5 and 6 ms.
    let mut cpu = Cpu::new(1, 1.0, ns(1_000));
    let ends = run(&mut cpu, &arrivals([(0, 3_000_000), (0, 2_000_000), (0, 1_000_000)]));
    for ((task, end), (ideal_task, ideal)) in ends.into_iter().zip([(2, 3_000_000u64), (1, 5_000_000), (0, 6_000_000)]) {
        assert_eq!(task, ideal_task);
        assert!(end.abs_diff(ideal) <= 3_000, "task {task} ended at {end}, ideally at {ideal}");
    }
}

#[test]
fn a_clone_goes_on_as_the_original_does() {
    let mut cpu = Cpu::new(2, 0.7, ns(13));
    let mut ends = Vec::new();
    for task in 0..20 {
        cpu.submit(at(task as u64), task, ns(10 + 7 * task as u64), Class::Service);
    }
    run_until(&mut cpu, 100, &mut ends);
    let mut fork = cpu.clone();
    let (mut straight, mut forked) = (Vec::new(), Vec::new());
    run_until(&mut cpu, u64::MAX, &mut straight);
    run_until(&mut fork, u64::MAX, &mut forked);
    assert_eq!(straight, forked);
}

proptest! {
    /// Whatever the arrivals: all work is done exactly, no core idles while somebody waits, nobody ends early.
    #[test]
    fn work_is_conserved(
        cores in 1u32..5,
        speed in 0.05f64..4.0,
        quantum in 1u64..60,
        mut list in prop::collection::vec((0u64..2_000, 0u64..200), 1..60),
    ) {
        list.sort_unstable();
        let list: Vec<Arrival> = list.into_iter().map(|(at, demand)| Arrival { at, demand }).collect();
        let mut cpu = Cpu::new(cores, speed, ns(quantum));
        let ends = run(&mut cpu, &list);
        let cost = |arrival: &Arrival| Rate::new(speed).nanos(Work::of(ns(arrival.demand)));

        prop_assert_eq!(ends.len(), list.len());
        let last = ends.iter().map(|&(_, end)| end).max().unwrap();
        prop_assert_eq!(cpu.used(at(last)).service, ns(list.iter().map(cost).sum()));
        for &(task, end) in &ends {
            prop_assert!(end >= list[task].at + cost(&list[task]), "task {} ended early, at {}", task, end);
        }
        prop_assert!(ends.windows(2).all(|pair| pair[0].1 <= pair[1].1));
        if cores == 1 {
            prop_assert_eq!(last, busy_until(&list, cost));
        }
    }

    /// Against a model that walks through time nanosecond by nanosecond and knows nothing of rates.
    #[test]
    fn the_schedule_is_that_of_a_naive_round_robin(
        cores in 1usize..4,
        quantum in 1u64..30,
        mut list in prop::collection::vec((0u64..120, 0u64..60), 1..14),
    ) {
        list.sort_unstable();
        let list: Vec<Arrival> = list.into_iter().map(|(at, demand)| Arrival { at, demand }).collect();
        let ends = run(&mut Cpu::new(cores as u32, 1.0, ns(quantum)), &list);
        prop_assert_eq!(ends, naive_round_robin(&list, cores, quantum));
    }

    /// Slices longer than any task make a single core first come, first served.
    #[test]
    fn long_slices_keep_the_order_of_arrival(mut list in prop::collection::vec((0u64..2_000, 0u64..200), 1..60)) {
        list.sort_unstable();
        let list: Vec<Arrival> = list.into_iter().map(|(at, demand)| Arrival { at, demand }).collect();
        let ends = run(&mut Cpu::new(1, 1.0, ns(200)), &list);
        let mut free_at = 0;
        for (index, &(task, end)) in ends.iter().enumerate() {
            free_at = list[index].at.max(free_at) + list[index].demand;
            prop_assert_eq!((task, end), (index, free_at));
        }
    }

    /// Speeds and pauses at any time: the work that was done while the host ran is the demand, to the last nanosecond.
    #[test]
    fn a_task_ends_when_the_speeds_it_met_add_up_to_its_demand(
        demand in 1u64..5_000,
        changes in prop::collection::vec((1u64..300, 0u32..4), 0..40),
    ) {
        const SHARES: [Option<f64>; 4] = [Some(1.0), Some(0.3), Some(0.01), None];
        let mut cpu = Cpu::new(1, 1.0, ns(50));
        cpu.submit(at(0), 0, ns(demand), Class::Stack);
        let (mut now, mut left, mut expected, mut share) = (0u64, Work::of(ns(demand)), None, Some(1.0));
        for (gap, choice) in changes.into_iter().chain([(1, 0)]) {
            if let Some(share) = share {
                let rate = Rate::new(share);
                if expected.is_none() && rate.nanos(left) <= gap {
                    expected = Some(now + rate.nanos(left));
                }
                left = if expected.is_some() { Work::default() } else { left.after(rate.work(gap)) };
            }
            now += gap;
            share = SHARES[choice as usize];
            match share {
                Some(share) => {
                    cpu.set_speed(at(now), share);
                    cpu.resume(at(now));
                }
                None => cpu.pause(at(now)),
            }
        }
        let expected = expected.unwrap_or_else(|| now + Rate::NOMINAL.nanos(left));
        let end = cpu.next().unwrap().as_nanos();
        // A completion that a later call came across is due at once.
        prop_assert_eq!(end, if expected <= now { now } else { expected });
        prop_assert_eq!(cpu.advance(at(end)), Some(0));
    }
}

/// When a single core that never idles while there is work has done all of it.
fn busy_until(list: &[Arrival], cost: impl Fn(&Arrival) -> u64) -> u64 {
    list.iter().fold(0, |busy_until, arrival| busy_until.max(arrival.at) + cost(arrival))
}

struct NaiveTask {
    index: usize,
    left: u64,
    on_core: u64,
}

fn naive_round_robin(list: &[Arrival], cores: usize, quantum: u64) -> Vec<(usize, u64)> {
    let mut ends = Vec::new();
    let mut running: Vec<NaiveTask> = Vec::new();
    let mut line = VecDeque::new();
    for now in 0.. {
        let mut arrivals = list.iter().enumerate().filter(|(_, arrival)| arrival.at == now);
        loop {
            running.sort_by_key(|task| task.index);
            if let Some(done) = running.iter().position(|task| task.left == 0) {
                ends.push((running.remove(done).index, now));
            } else if let Some(over) = running.iter().position(|task| task.on_core > 0 && task.on_core % quantum == 0)
                && !line.is_empty()
            {
                line.push_back(NaiveTask { on_core: 0, ..running.remove(over) });
            } else if let Some((index, arrival)) = arrivals.next() {
                // Slices that end while nobody waits begin anew before the newcomer sees them.
                running.iter_mut().for_each(|task| task.on_core %= quantum);
                line.push_back(NaiveTask { index, left: arrival.demand, on_core: 0 });
            } else {
                break;
            }
            if running.len() < cores {
                running.extend(line.pop_front());
            }
        }
        if ends.len() == list.len() {
            break;
        }
        for task in &mut running {
            task.left -= 1;
            task.on_core += 1;
        }
    }
    ends
}
