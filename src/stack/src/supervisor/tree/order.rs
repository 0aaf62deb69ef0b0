//! From a specification to a tree: names become ids, children are sorted by what they depend on.

use std::collections::{BTreeMap, VecDeque};

use hms_machine::{Draw, Instant};

use super::{
    ChildId, ChildKind, ChildSpec, Member, Restart, Shutdown, Status, Supervisor, SupervisorSpec, Task, Tree, TreeError,
};
use crate::supervisor::backoff::Backoff;

impl Tree {
    /// The supervisor at the top.
    pub const ROOT: ChildId = ChildId(0);

    /// A tree in which nothing runs yet. `draw` gives the jitter of pauses.
    ///
    /// # Errors
    /// [`TreeError`] if names are not unique or dependencies are unknown or circular.
    pub fn new(specification: &SupervisorSpec, draw: Draw) -> Result<Self, TreeError> {
        let mut tree = Tree { members: Vec::new(), draw };
        let root = ChildSpec {
            name: "root".to_owned(),
            restart: Restart::Temporary,
            shutdown: Shutdown::Infinity,
            depends_on: Vec::new(),
            kind: ChildKind::Supervisor(specification.clone()),
        };
        tree.add(&root, None)?;
        Ok(tree)
    }

    /// The id of a member by the names on the way from the root to it.
    pub fn find(&self, path: &[&str]) -> Option<ChildId> {
        path.iter().try_fold(Tree::ROOT, |parent, name| {
            let supervisor = self.members[parent.0 as usize].supervisor.as_ref()?;
            supervisor.children.iter().copied().find(|child| self.members[child.0 as usize].name == *name)
        })
    }

    fn add(&mut self, specification: &ChildSpec, parent: Option<ChildId>) -> Result<ChildId, TreeError> {
        let id = ChildId(u32::try_from(self.members.len()).expect("fewer than 2^32 children"));
        self.members.push(Member {
            name: specification.name.clone(),
            parent,
            restart: specification.restart,
            shutdown: specification.shutdown,
            depends_on: Vec::new(),
            status: Status::Down,
            since: Instant::ZERO,
            again: false,
            restarts: 0,
            backoff: Backoff::default(),
            supervisor: None,
        });
        if let ChildKind::Supervisor(supervisor) = &specification.kind {
            let sorted = start_order(&supervisor.children)?;
            let ids = supervisor.children.iter().map(|child| self.add(child, Some(id))).collect::<Result<Vec<_>, _>>()?;
            let by_name: BTreeMap<_, _> = supervisor.children.iter().map(|child| child.name.as_str()).zip(&ids).collect();
            for (child, id) in supervisor.children.iter().zip(&ids) {
                self.members[id.0 as usize].depends_on = child.depends_on.iter().map(|name| *by_name[name.as_str()]).collect();
            }
            self.members[id.0 as usize].supervisor = Some(Supervisor {
                strategy: supervisor.strategy,
                intensity: supervisor.intensity,
                period: supervisor.period,
                rule: supervisor.backoff,
                starts: supervisor.starts,
                children: sorted.into_iter().map(|position| ids[position]).collect(),
                notes: VecDeque::new(),
                task: Task::Idle,
                inbox: VecDeque::new(),
                gave_up: false,
            });
        }
        Ok(id)
    }
}

/// Positions of the children in the order of their start: each after what it depends on, otherwise as written (Kahn 1962, taking
/// the first that is free).
fn start_order(children: &[ChildSpec]) -> Result<Vec<usize>, TreeError> {
    let mut positions = BTreeMap::new();
    for (position, child) in children.iter().enumerate() {
        if positions.insert(child.name.as_str(), position).is_some() {
            return Err(TreeError::Twice(child.name.clone()));
        }
    }
    let mut needs = Vec::with_capacity(children.len());
    for child in children {
        let find = |name: &String| {
            let unknown = || TreeError::Unknown { child: child.name.clone(), needs: name.clone() };
            positions.get(name.as_str()).copied().ok_or_else(unknown)
        };
        needs.push(child.depends_on.iter().map(find).collect::<Result<Vec<_>, _>>()?);
    }
    let (mut order, mut placed) = (Vec::with_capacity(children.len()), vec![false; children.len()]);
    while order.len() < children.len() {
        let free = (0..children.len()).find(|child| !placed[*child] && needs[*child].iter().all(|need| placed[*need]));
        let Some(child) = free else { return Err(circle(children, &needs, &placed)) };
        placed[child] = true;
        order.push(child);
    }
    Ok(order)
}

/// The circle that keeps the first child from its place: each that is not placed needs another such, so following them must come
/// back.
fn circle(children: &[ChildSpec], needs: &[Vec<usize>], placed: &[bool]) -> TreeError {
    let mut path: Vec<usize> = Vec::new();
    let mut child = placed.iter().position(|placed| !placed).expect("something is not placed");
    loop {
        if let Some(begin) = path.iter().position(|earlier| *earlier == child) {
            return TreeError::Circle(path[begin..].iter().map(|position| children[*position].name.clone()).collect());
        }
        path.push(child);
        child = needs[child].iter().copied().find(|need| !placed[*need]).expect("it is kept from its place by one that has none");
    }
}

#[cfg(test)]
mod tests {
    use proptest::prelude::*;

    use super::*;

    fn children(needs: &[(&str, &[&str])]) -> Vec<ChildSpec> {
        let child = |(name, needs): &(&str, &[&str])| ChildSpec {
            name: (*name).to_owned(),
            restart: Restart::Permanent,
            shutdown: Shutdown::Brutal,
            depends_on: needs.iter().map(|name| (*name).to_owned()).collect(),
            kind: ChildKind::Worker,
        };
        needs.iter().map(child).collect()
    }

    #[test]
    fn what_is_needed_starts_first_and_the_rest_stays_as_written() {
        let order = start_order(&children(&[("web", &["store", "cache"]), ("log", &[]), ("cache", &[]), ("store", &["log"])]));
        assert_eq!(order, Ok(vec![1, 2, 3, 0]));
    }

    #[test]
    fn a_circle_is_named() {
        let error = start_order(&children(&[("a", &["b"]), ("b", &["c"]), ("c", &["d", "b"]), ("d", &[])])).unwrap_err();
        assert_eq!(error, TreeError::Circle(vec!["b".to_owned(), "c".to_owned()]));
        assert_eq!(error.to_string(), "children depend on each other in a circle: b -> c -> b");
    }

    #[test]
    fn an_unknown_dependency_and_a_name_used_twice_are_errors() {
        let unknown = start_order(&children(&[("a", &["z"])])).unwrap_err();
        assert_eq!(unknown, TreeError::Unknown { child: "a".to_owned(), needs: "z".to_owned() });
        assert_eq!(start_order(&children(&[("a", &[]), ("a", &[])])), Err(TreeError::Twice("a".to_owned())));
    }

    proptest! {
        #[test]
        fn every_child_has_one_place_after_all_that_it_depends_on(
            edges in prop::collection::vec((0usize..8, 0usize..8), 0..20), shuffle in Just((0..8usize).collect::<Vec<_>>()).prop_shuffle(),
        ) {
            // Edges from higher to lower ranks alone, so that there is no circle; `shuffle` hides the ranks.
            let mut needs = vec![Vec::new(); 8];
            for (from, to) in edges {
                if shuffle[from] > shuffle[to] {
                    needs[from].push(to.to_string());
                }
            }
            let names: Vec<_> = (0..8).map(|name| name.to_string()).collect();
            let mut specifications = children(&[]);
            for (name, depends_on) in names.iter().zip(needs) {
                specifications.extend(children(&[(name, &[])]).into_iter().map(|child| ChildSpec { depends_on: depends_on.clone(), ..child }));
            }
            let order = start_order(&specifications).unwrap();
            let place = |child: usize| order.iter().position(|placed| *placed == child).unwrap();
            for (child, specification) in specifications.iter().enumerate() {
                for need in &specification.depends_on {
                    prop_assert!(place(need.parse().unwrap()) < place(child));
                }
            }
            prop_assert_eq!(order.len(), 8);
        }
    }
}
