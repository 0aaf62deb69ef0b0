//! The cluster as it stands: regions, zones, racks, hosts and the agents on them, with state by colour and shape, messages on their way, and what cannot reach what.
//! Below stand the edges, where clients come in.
//!
//! Hosts are laid out once per size of the panel, in boxes for their racks and zones; drawing is bounded by the number of hosts.

use egui::{Align2, Color32, FontId, Pos2, Rect, Response, Sense, Shape, Stroke, StrokeKind, Ui, Vec2, pos2, vec2};
use hms_lab::machine::{AgentId, NodeId};
use hms_lab::session::{Flight, NodeState, ProcessState, Truth};
use hms_lab::sim::cluster::topology::Topology;
use hms_lab::sim::services::placement::Placement;
use hms_lab::sim::world::Carries;

use crate::theme;

/// What is drawn.
pub struct Picture<'a> {
    /// Where nodes stand.
    pub topology: &'a Topology,
    /// Where agents were deployed.
    pub places: &'a Placement,
    /// What is true.
    pub truth: &'a Truth,
    /// Links that are cut.
    pub cuts: &'a [(NodeId, NodeId)],
    /// Messages on their way.
    pub flights: &'a [Flight],
    /// The node that is looked at.
    pub chosen: Option<NodeId>,
}

/// A host's box.
#[derive(Clone, Copy, Debug, PartialEq)]
pub struct Seat {
    /// The host.
    pub node: NodeId,
    /// Where it is drawn.
    pub rect: Rect,
}

/// A box around hosts, with its name.
#[derive(Clone, Debug, PartialEq)]
pub struct Domain {
    /// Name of the zone or rack.
    pub name: String,
    /// Where it is drawn.
    pub rect: Rect,
    /// Whether it is a zone; else a rack.
    pub zone: bool,
}

/// Height of the strip of edges.
const EDGES: f32 = 26.0;
const HEADING: f32 = 16.0;
const GAP: f32 = 6.0;

/// Lays out every host inside `area`: zones beside each other in rows, racks within them.
pub fn seats(topology: &Topology, area: Rect) -> (Vec<Seat>, Vec<Domain>) {
    let zones: Vec<usize> = (0..topology.zones()).filter(|zone| !topology.hosts_of_zone(*zone).is_empty()).collect();
    let (mut seats, mut domains) = (Vec::new(), Vec::new());
    for (zone, rect) in zones.iter().zip(grid(area, zones.len(), 1.2)) {
        let name = if topology.regions() > 1 {
            let region = topology.region_of(topology.hosts_of_zone(*zone)[0]);
            format!("{} / {}", topology.region_name(region), topology.zone_name(*zone))
        } else {
            topology.zone_name(*zone).to_owned()
        };
        domains.push(Domain { name, rect, zone: true });
        let inside = inner(rect);
        let racks: Vec<usize> = (0..topology.racks())
            .filter(|rack| topology.hosts_of_rack(*rack).first().is_some_and(|host| topology.zone_of(*host) == *zone))
            .collect();
        for (rack, rect) in racks.iter().zip(grid(inside, racks.len(), 1.6)) {
            let hosts = topology.hosts_of_rack(*rack);
            let inside = if racks.len() > 1 {
                domains.push(Domain { name: topology.rack_name(*rack).to_owned(), rect, zone: false });
                inner(rect)
            } else {
                rect
            };
            seats.extend(
                hosts.iter().zip(grid(inside, hosts.len(), 1.5)).map(|(node, rect)| Seat { node: *node, rect: rect.shrink(2.0) }),
            );
        }
    }
    (seats, domains)
}

fn inner(rect: Rect) -> Rect {
    Rect::from_min_max(rect.min + vec2(GAP, HEADING + 2.0), rect.max - vec2(GAP, GAP))
}

/// `count` cells in `area`, each about `aspect` times as wide as high.
fn grid(area: Rect, count: usize, aspect: f32) -> Vec<Rect> {
    if count == 0 {
        return Vec::new();
    }
    let fit = |columns: usize| {
        let rows = count.div_ceil(columns);
        let (width, height) = (area.width() / columns as f32, area.height() / rows as f32);
        (width / aspect).min(height)
    };
    let columns = (1..=count).max_by(|one, other| fit(*one).total_cmp(&fit(*other))).unwrap_or(1);
    let rows = count.div_ceil(columns);
    let size = vec2(area.width() / columns as f32, area.height() / rows as f32);
    let cell = |place: usize| {
        let corner = area.min + vec2((place % columns) as f32 * size.x, (place / columns) as f32 * size.y);
        Rect::from_min_size(corner, size).shrink(GAP / 2.0)
    };
    (0..count).map(cell).collect()
}

/// Draws the cluster; gives the host that was clicked.
pub fn topology_ui(ui: &mut Ui, size: Vec2, picture: &Picture<'_>) -> Option<NodeId> {
    let (area, response) = ui.allocate_exact_size(size, Sense::click());
    let label = summary(picture);
    response.widget_info(|| egui::WidgetInfo::labeled(egui::accesskit::Role::Image, true, label.clone()));
    if !ui.is_rect_visible(area) {
        return None;
    }
    let strip = if picture.topology.nodes() > picture.topology.hosts() { EDGES } else { 0.0 };
    let (inside, below) = area.split_top_bottom_at_y(area.bottom() - strip);
    let (seats, domains) = seats(picture.topology, inside);
    let edges = edge_seats(picture.topology, below);
    let painter = ui.painter_at(area);
    let line = theme::faint(ui.visuals());
    let font = FontId::proportional(11.0);
    for domain in &domains {
        painter.rect_stroke(domain.rect, 4.0, Stroke::new(1.0, line), StrokeKind::Inside);
        let color = if domain.zone { ui.visuals().text_color() } else { ui.visuals().weak_text_color() };
        painter.with_clip_rect(domain.rect).text(
            domain.rect.min + vec2(GAP, 2.0),
            Align2::LEFT_TOP,
            &domain.name,
            font.clone(),
            color,
        );
    }
    let mut centers = vec![None; picture.topology.nodes()];
    seats.iter().chain(&edges).for_each(|seat| centers[seat.node.index()] = Some(seat.rect.center()));
    let center = |node: NodeId| centers.get(node.index()).copied().flatten();
    let mut processes = vec![Vec::new(); picture.topology.nodes()];
    let lives =
        |agent: AgentId| picture.truth.processes.iter().any(|(known, _, state)| *known == agent && *state != ProcessState::Down);
    for (agent, node, state) in &picture.truth.processes {
        // An agent that was moved leaves no corpse behind.
        if *state != ProcessState::Down || !lives(*agent) {
            processes[node.index()].push((*agent, *state));
        }
    }
    for (from, to) in picture.cuts {
        if let (Some(from), Some(to)) = (center(*from), center(*to)) {
            painter.extend(Shape::dashed_line(&[from, to], Stroke::new(1.0, theme::BAD.gamma_multiply(0.5)), 5.0, 5.0));
        }
    }
    for seat in &seats {
        draw_host(ui, &painter, picture, seat, &processes[seat.node.index()]);
    }
    for seat in &edges {
        draw_edge(ui, &painter, picture, seat);
    }
    for flight in picture.flights {
        if let (Some(from), Some(to)) = (center(flight.from), center(flight.to)) {
            draw_flight(&painter, from, to, flight);
        }
    }
    for (by, of, justified) in &picture.truth.suspicions {
        if let (Some(from), Some(to)) = (center(*by), center(*of)) {
            let color = if *justified { theme::BELIEF } else { theme::STILL };
            arrow(&painter, from, to, color);
        }
    }
    hover(ui, &response, picture, &seats);
    let place = response.interact_pointer_pos().filter(|_| response.clicked())?;
    seats.iter().find(|seat| seat.rect.contains(place)).map(|seat| seat.node)
}

/// Where the edges are drawn, beside each other.
fn edge_seats(topology: &Topology, area: Rect) -> Vec<Seat> {
    let edges = topology.hosts()..topology.nodes();
    let width = (area.width() / edges.len().max(1) as f32).min(150.0);
    let seat = |(place, node): (usize, usize)| {
        let corner = area.min + vec2(width * place as f32, 3.0);
        Seat {
            node: NodeId::from_index(node),
            rect: Rect::from_min_size(corner, vec2(width - 4.0, (area.height() - 4.0).max(1.0))),
        }
    };
    edges.enumerate().map(seat).collect()
}

fn draw_edge(ui: &Ui, painter: &egui::Painter, picture: &Picture<'_>, seat: &Seat) {
    painter.rect_stroke(seat.rect, 8.0, Stroke::new(1.0, theme::faint(ui.visuals())), StrokeKind::Inside);
    painter.with_clip_rect(seat.rect.shrink(3.0)).text(
        seat.rect.left_center() + vec2(8.0, 0.0),
        Align2::LEFT_CENTER,
        format!("clients: {}", picture.topology.name(seat.node)),
        FontId::proportional(11.0),
        ui.visuals().weak_text_color(),
    );
}

/// A message where it is on its way: a dot for what stacks say, a diamond for requests, a ring for replies, a square for state.
fn draw_flight(painter: &egui::Painter, from: Pos2, to: Pos2, flight: &Flight) {
    let (at, color) = (from.lerp(to, flight.share), theme::carries(flight.carries));
    painter.line_segment([from, at], Stroke::new(0.7, color.gamma_multiply(0.35)));
    match flight.carries {
        Carries::Stack => {
            painter.circle_filled(at, 2.2, color);
        }
        Carries::Request => {
            let corners = [vec2(0.0, -3.6), vec2(3.6, 0.0), vec2(0.0, 3.6), vec2(-3.6, 0.0)].map(|way| at + way);
            painter.add(Shape::convex_polygon(corners.to_vec(), color, Stroke::NONE));
        }
        Carries::Reply => {
            painter.circle_stroke(at, 3.0, Stroke::new(1.4, color));
        }
        Carries::State => {
            painter.rect_filled(Rect::from_center_size(at, Vec2::splat(5.5)), 0.0, color);
        }
    }
}

/// What the marks of messages mean.
pub fn messages_legend(ui: &mut Ui) {
    ui.horizontal_wrapped(|ui| {
        ui.weak("On their way:");
        for carries in [Carries::Stack, Carries::Request, Carries::Reply, Carries::State] {
            let (patch, _) = ui.allocate_exact_size(vec2(10.0, 10.0), Sense::hover());
            draw_flight(
                ui.painter(),
                patch.center(),
                patch.center(),
                &Flight { from: NodeId(0), to: NodeId(0), carries, share: 1.0 },
            );
            ui.weak(theme::carries_name(carries));
        }
    });
}

fn arrow(painter: &egui::Painter, from: Pos2, to: Pos2, color: Color32) {
    let way = (to - from).normalized();
    let (from, to, stroke) = (from + way * 12.0, to - way * 12.0, Stroke::new(1.2, color));
    painter.line_segment([from, to], stroke);
    for side in [vec2(-way.y, way.x), vec2(way.y, -way.x)] {
        painter.line_segment([to, to - way * 8.0 + side * 4.0], stroke);
    }
}

fn draw_host(ui: &Ui, painter: &egui::Painter, picture: &Picture<'_>, seat: &Seat, agents: &[(AgentId, ProcessState)]) {
    let state = picture.truth.nodes[seat.node.index()];
    let color = theme::node(state);
    let (rect, rounding) = (seat.rect, 3.0);
    painter.rect_filled(rect, rounding, color.gamma_multiply(if state == NodeState::Up { 0.12 } else { 0.35 }));
    let width = if picture.chosen == Some(seat.node) { 3.0 } else { 1.2 };
    painter.rect_stroke(rect, rounding, Stroke::new(width, color), StrokeKind::Inside);
    match state {
        NodeState::Up => {}
        // Shapes beside the colours: a cross for what is down, two bars for what stands still.
        NodeState::Down => {
            let stroke = Stroke::new(1.5, color);
            painter.line_segment([rect.left_top(), rect.right_bottom()], stroke);
            painter.line_segment([rect.right_top(), rect.left_bottom()], stroke);
        }
        NodeState::Paused => {
            for share in [0.42, 0.58] {
                let x = rect.left() + rect.width() * share;
                painter.line_segment([pos2(x, rect.top() + 4.0), pos2(x, rect.bottom() - 4.0)], Stroke::new(3.0, color));
            }
        }
    }
    let leads = picture.truth.leaders.contains(&seat.node);
    let name = picture.topology.name(seat.node);
    let title = if leads { format!("{name} (leads)") } else { name.to_owned() };
    let clipped = painter.with_clip_rect(rect);
    if rect.height() > 22.0 && rect.width() > 24.0 {
        clipped.text(rect.min + vec2(4.0, 2.0), Align2::LEFT_TOP, title, FontId::proportional(11.0), ui.visuals().text_color());
    }
    let room = Rect::from_min_max(rect.min + vec2(4.0, if rect.height() > 34.0 { 17.0 } else { 4.0 }), rect.max - vec2(4.0, 4.0));
    for ((agent, state), cell) in agents.iter().zip(grid(room, agents.len(), 1.0)) {
        draw_agent(ui, &clipped, picture, *agent, *state, cell);
    }
}

/// A circle for an agent that takes requests, a ring for one that starts, a cross for one that has ended; a square around one that is being treated.
fn draw_agent(ui: &Ui, painter: &egui::Painter, picture: &Picture<'_>, agent: AgentId, state: ProcessState, cell: Rect) {
    let (center, radius) = (cell.center(), (cell.width().min(cell.height()) / 2.0).clamp(2.0, 10.0));
    let color = theme::process(state);
    match state {
        ProcessState::Ready => {
            painter.circle_filled(center, radius, color);
        }
        ProcessState::Starting => {
            painter.circle_stroke(center, radius, Stroke::new(2.0, color));
        }
        ProcessState::Down => {
            let (across, stroke) = (vec2(radius, radius), Stroke::new(2.0, color));
            painter.line_segment([center - across, center + across], stroke);
            painter.line_segment([center + vec2(-radius, radius), center + vec2(radius, -radius)], stroke);
        }
    }
    if picture.truth.recoveries.iter().any(|(treated, ..)| *treated == agent) {
        painter.rect_stroke(
            Rect::from_center_size(center, Vec2::splat(2.0 * radius + 5.0)),
            0.0,
            Stroke::new(1.5, theme::ACTION),
            StrokeKind::Inside,
        );
    }
    if radius >= 8.0
        && let Some(place) = picture.places.agents.get(agent.index())
    {
        painter.text(center, Align2::CENTER_CENTER, place.replica, FontId::proportional(9.0), ui.visuals().extreme_bg_color);
    }
}

fn hover(ui: &Ui, response: &Response, picture: &Picture<'_>, seats: &[Seat]) {
    let Some(place) = response.hover_pos() else { return };
    let Some(seat) = seats.iter().find(|seat| seat.rect.contains(place)) else { return };
    let truth = picture.truth;
    let mut lines = vec![format!("{}: {}", picture.topology.name(seat.node), theme::node_name(truth.nodes[seat.node.index()]))];
    let by = truth.suspicions.iter().filter(|(_, of, _)| *of == seat.node).count();
    if by > 0 {
        lines.push(format!("suspected by {by}"));
    }
    lines
        .extend(truth.unwell.iter().filter(|(node, _)| *node == seat.node).map(|(_, cause)| format!("unwell: {}", cause.name())));
    lines.extend(
        truth
            .processes
            .iter()
            .filter(|(_, node, _)| *node == seat.node)
            .map(|(agent, _, state)| format!("{agent}: {}", theme::process_name(*state))),
    );
    let text = lines.join("\n");
    response.clone().on_hover_ui_at_pointer(|ui| {
        ui.label(text);
    });
    ui.ctx().set_cursor_icon(egui::CursorIcon::PointingHand);
}

/// The picture in a sentence, for screen readers.
fn summary(picture: &Picture<'_>) -> String {
    let hosts = picture.topology.hosts();
    let up = picture.truth.nodes[..hosts].iter().filter(|state| **state == NodeState::Up).count();
    let ready = picture.truth.agents_ready();
    format!(
        "Cluster: {up} of {hosts} hosts up, {ready} of {} agents ready, {} faults act, {} messages on their way",
        picture.places.agents.len(),
        picture.truth.faults.len(),
        picture.flights.len()
    )
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn edges_stand_beside_each_other_in_their_strip() {
        let text = include_str!("../../../experiments/scenarios/quickstart.toml");
        let inputs = hms_lab::inputs::Inputs::from_edited(
            text,
            "",
            std::path::Path::new(""),
            hms_lab::machine::Seed(1),
            Default::default(),
        );
        let topology = Topology::new(inputs.unwrap().scenario());
        let strip = Rect::from_min_size(pos2(0.0, 100.0), vec2(400.0, EDGES));
        let seats = edge_seats(&topology, strip);
        assert_eq!(seats.len(), topology.nodes() - topology.hosts());
        assert!(seats.iter().all(|seat| strip.contains_rect(seat.rect) && seat.node.index() >= topology.hosts()), "{seats:?}");
    }

    #[test]
    fn cells_of_a_grid_lie_inside_and_do_not_overlap() {
        let area = Rect::from_min_size(pos2(10.0, 20.0), vec2(300.0, 200.0));
        for count in [1, 2, 7, 100] {
            let cells = grid(area, count, 1.5);
            assert_eq!(cells.len(), count);
            for (place, cell) in cells.iter().enumerate() {
                assert!(area.contains_rect(*cell), "{cell:?}");
                assert!(cells[..place].iter().all(|other| !other.intersects(*cell)), "{count} {cell:?}");
            }
        }
    }
}
