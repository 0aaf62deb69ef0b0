//! Swim lanes of a run with an index by level of detail: what is drawn of a lane is bounded by the pixels, not by the events.
//!
//! Picture a strip chart per host and agent. A lane holds *spans* (it was in a state from here to there) and *marks* (something happened). Far out, a
//! column of pixels stands for many spans: it is told as the share of its time spent in each state, from running sums over fine cells of time. Close up, spans
//! and marks are found by bisection and drawn one by one.

use hms_lab::machine::Instant;

/// What a span or a mark shows; the colour hangs on it.
#[derive(Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord)]
pub enum Look {
    /// As it should be.
    Good,
    /// On its way there: booting, starting, half-open.
    Waiting,
    /// Standing still: paused.
    Still,
    /// Down, open.
    Bad,
    /// A fault acts.
    Fault,
    /// A belief: suspicion, degradation.
    Belief,
    /// An action of the stack.
    Action,
    /// What proves that it helped.
    Proof,
    /// Leads.
    Lead,
}

/// Every look, in the order of their numbers.
pub const LOOKS: [Look; 9] =
    [Look::Good, Look::Waiting, Look::Still, Look::Bad, Look::Fault, Look::Belief, Look::Action, Look::Proof, Look::Lead];

/// A stretch of time in one state. Spans of a lane follow each other and do not overlap.
#[derive(Clone, Copy, Debug, PartialEq)]
pub struct Span {
    /// Its beginning, seconds.
    pub from: f64,
    /// Its end, seconds.
    pub until: f64,
    /// Which state.
    pub look: Look,
    /// The row of the trace with which it began.
    pub row: u32,
}

/// Something that happened at an instant.
#[derive(Clone, Copy, Debug, PartialEq)]
pub struct Mark {
    /// When, seconds.
    pub at: f64,
    /// What.
    pub look: Look,
    /// The row of the trace that says so.
    pub row: u32,
}

/// What a lane is about, so that a click on it can select it.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Subject {
    /// A kind of fault.
    Fault,
    /// A host or an edge.
    Node(u32),
    /// An agent.
    Agent(u32),
    /// A service.
    Service(u32),
    /// Several things at once: a zone, the cluster, everybody who leads.
    Whole,
}

/// A lane.
#[derive(Clone, Debug)]
pub struct Lane {
    /// Its name.
    pub name: String,
    /// What it is about.
    pub subject: Subject,
    spans: Vec<Span>,
    marks: Vec<Mark>,
    /// Cells into which the run is divided, and its length in seconds.
    cells: usize,
    length: f64,
    /// Per look that occurs: time spent in it up to the end of each cell.
    sums: Vec<(Look, Vec<f32>)>,
    /// Marks up to the end of each cell.
    counts: Vec<u32>,
}

/// What a column of pixels shows of a lane.
#[derive(Clone, Copy, Debug, Default, PartialEq)]
pub struct Column {
    /// Share of its time in each look, in the order of [`LOOKS`]; the rest is nothing.
    pub shares: [f32; LOOKS.len()],
    /// Marks in it.
    pub marks: u32,
}

/// Cells of a lane at most: 16,384 running sums a look take 64 KiB.
const CELLS_MAX: usize = 1 << 14;

/// A view that shows more spans or marks of a lane than this a pixel is told in shares.
const A_PIXEL: usize = 2;

/// What is seen of a lane.
#[derive(Clone, Debug, PartialEq)]
pub enum Seen<'a> {
    /// Single spans and marks, those at the edges included.
    Close(&'a [Span], &'a [Mark]),
    /// Columns, one per pixel.
    Far(Vec<Column>),
}

impl Lane {
    /// A lane of a run of `length` seconds. Spans and marks are in the order of time.
    pub fn new(name: String, subject: Subject, length: f64, spans: Vec<Span>, marks: Vec<Mark>) -> Lane {
        let cells = spans.len().max(marks.len()).next_power_of_two().clamp(16, CELLS_MAX);
        let width = length.max(1e-9) / cells as f64;
        let mut sums: Vec<(Look, Vec<f32>)> = Vec::new();
        for look in LOOKS {
            let mine = || spans.iter().filter(|span| span.look == look);
            if mine().next().is_some() {
                sums.push((look, running_sums(mine(), cells, width)));
            }
        }
        let mut counts = vec![0_u32; cells];
        for mark in &marks {
            counts[((mark.at / width) as usize).min(cells - 1)] += 1;
        }
        let mut total = 0;
        counts.iter_mut().for_each(|count| {
            total += *count;
            *count = total;
        });
        Lane { name, subject, spans, marks, cells, length, sums, counts }
    }

    /// Spans and marks.
    pub fn events(&self) -> usize {
        self.spans.len() + self.marks.len()
    }

    /// Bytes of its tables.
    pub fn memory(&self) -> usize {
        size_of_val(&self.spans[..]) + size_of_val(&self.marks[..]) + self.counts.len() * 4 + self.sums.len() * self.cells * 4
    }

    /// What a view from `from` to `until` (seconds), `pixels` wide, sees.
    pub fn seen(&self, from: f64, until: f64, pixels: usize) -> Seen<'_> {
        let first = self.spans.partition_point(|span| span.until < from);
        let last = self.spans.partition_point(|span| span.from <= until);
        let (early, late) =
            (self.marks.partition_point(|mark| mark.at < from), self.marks.partition_point(|mark| mark.at <= until));
        let few = A_PIXEL * pixels.max(1);
        let cell = self.length / self.cells as f64;
        // Closer than its cells the index says nothing: then spans are drawn, however many there are in the little time that is seen.
        if (last.saturating_sub(first) <= few && late - early <= few) || (until - from) / (pixels.max(1) as f64) < cell {
            return Seen::Close(&self.spans[first.min(last)..last], &self.marks[early..late]);
        }
        Seen::Far(self.columns(from, until, pixels))
    }

    /// Each column ends where the next begins, so every running sum is looked up once.
    fn columns(&self, from: f64, until: f64, pixels: usize) -> Vec<Column> {
        let (step, cell) = ((until - from) / pixels as f64, self.length / self.cells as f64);
        let edge = |column: usize| {
            let cell = (from + step * column as f64) / self.length.max(1e-9) * self.cells as f64;
            cell.clamp(0.0, self.cells as f64)
        };
        let mut columns = vec![Column::default(); pixels];
        for (look, sums) in &self.sums {
            let mut before = sum_at(sums, edge(0));
            for (place, column) in columns.iter_mut().enumerate() {
                let width = (edge(place + 1) - edge(place)) * cell;
                let after = sum_at(sums, edge(place + 1));
                column.shares[*look as usize] = if width > 0.0 { ((after - before) / width) as f32 } else { 0.0 };
                before = after;
            }
        }
        let count = |cell: f64| if cell < 1.0 { 0 } else { self.counts[(cell as usize).min(self.cells) - 1] };
        for (place, column) in columns.iter_mut().enumerate() {
            column.marks = count(edge(place + 1)) - count(edge(place));
        }
        columns
    }

    /// The span or mark nearest to an instant, within `reach` seconds; marks first.
    pub fn nearest(&self, at: f64, reach: f64) -> Option<(Look, u32)> {
        let place = self.marks.partition_point(|mark| mark.at < at);
        let near = self.marks[place.saturating_sub(1)..(place + 1).min(self.marks.len())]
            .iter()
            .min_by(|one, other| (one.at - at).abs().total_cmp(&(other.at - at).abs()));
        if let Some(mark) = near.filter(|mark| (mark.at - at).abs() <= reach) {
            return Some((mark.look, mark.row));
        }
        let span = self.spans.get(self.spans.partition_point(|span| span.until < at))?;
        (span.from <= at).then_some((span.look, span.row))
    }
}

/// Time spent in `spans` up to the end of each cell.
fn running_sums<'a>(spans: impl Iterator<Item = &'a Span>, cells: usize, width: f64) -> Vec<f32> {
    let mut inside = vec![0.0_f64; cells];
    for span in spans {
        let first = ((span.from / width) as usize).min(cells - 1);
        let last = ((span.until / width) as usize).min(cells - 1);
        for (cell, time) in inside.iter_mut().enumerate().take(last + 1).skip(first) {
            let (low, high) = (cell as f64 * width, (cell + 1) as f64 * width);
            *time += (span.until.min(high) - span.from.max(low)).max(0.0);
        }
    }
    let mut total = 0.0;
    inside
        .into_iter()
        .map(|time| {
            total += time;
            total as f32
        })
        .collect()
}

/// A running sum at a place between cells.
fn sum_at(sums: &[f32], cell: f64) -> f64 {
    let whole = cell as usize;
    let before = if whole == 0 { 0.0 } else { f64::from(sums[whole.min(sums.len()) - 1]) };
    let within = sums.get(whole).map_or(0.0, |sum| f64::from(*sum) - before);
    before + within * (cell - whole as f64)
}

/// Seconds of an instant.
pub fn seconds(instant: Instant) -> f64 {
    instant.as_secs_f64()
}

#[cfg(test)]
mod tests {
    use super::*;

    /// A lane that flips a thousand times a second for a thousand seconds, a quarter of the time down.
    fn flipping() -> Lane {
        let spans = (0..1_000_000).flat_map(|place| {
            let from = f64::from(place) / 1_000.0;
            let span = |from, until, look| Span { from, until, look, row: place as u32 };
            [span(from, from + 0.000_75, Look::Good), span(from + 0.000_75, from + 0.001, Look::Bad)]
        });
        let marks = (0..500_000).map(|place| Mark { at: f64::from(place) / 500.0, look: Look::Action, row: place as u32 });
        Lane::new("flipping".to_owned(), Subject::Node(0), 1_000.0, spans.collect(), marks.collect())
    }

    #[test]
    fn two_million_spans_are_told_in_columns_with_the_share_of_each_state() {
        let lane = flipping();
        let Seen::Far(columns) = lane.seen(0.0, 1_000.0, 500) else { panic!("close") };
        assert_eq!(columns.len(), 500);
        for column in &columns[1..] {
            let share = |look: Look| column.shares[look as usize];
            assert!((share(Look::Good) - 0.75).abs() < 0.02 && (share(Look::Bad) - 0.25).abs() < 0.02, "{column:?}");
            assert!((940..=1_060).contains(&column.marks), "{column:?}");
        }
    }

    #[test]
    fn looks_are_numbered_in_their_order() {
        assert!(LOOKS.iter().enumerate().all(|(place, look)| *look as usize == place));
    }

    #[test]
    fn close_up_single_spans_are_seen() {
        let lane = flipping();
        let Seen::Close(spans, marks) = lane.seen(500.0, 500.0101, 500) else { panic!("far") };
        assert!((20..=23).contains(&spans.len()), "{}", spans.len());
        assert!((5..=7).contains(&marks.len()), "{}", marks.len());
    }

    #[test]
    fn nothing_is_seen_outside_the_run() {
        let lane = flipping();
        assert_eq!(lane.seen(2_000.0, 3_000.0, 100), Seen::Close(&[], &[]));
        let Seen::Far(columns) = lane.seen(-1_000.0, 1_000.0, 100) else { panic!("close") };
        assert_eq!(columns[10], Column::default());
    }

    #[test]
    fn the_nearest_mark_comes_before_the_span_beneath_it() {
        let span = Span { from: 0.0, until: 10.0, look: Look::Bad, row: 1 };
        let lane =
            Lane::new(String::new(), Subject::Node(0), 10.0, vec![span], vec![Mark { at: 5.0, look: Look::Action, row: 2 }]);
        assert_eq!(lane.nearest(5.05, 0.1), Some((Look::Action, 2)));
        assert_eq!(lane.nearest(7.0, 0.1), Some((Look::Bad, 1)));
        assert_eq!(lane.nearest(11.0, 0.1), None);
    }
}
