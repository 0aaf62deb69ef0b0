//! Cycles in a directed graph.

/// A cycle, as the nodes on it in order, or `None` if there is none. `edges[from]` lists where the edges of a node lead.
pub(super) fn cycle(edges: &[Vec<usize>]) -> Option<Vec<usize>> {
    // Kahn 1962: nodes to which no edge leads are taken away until none is left, or a cycle is.
    let mut incoming = vec![0_usize; edges.len()];
    edges.iter().flatten().for_each(|to| incoming[*to] += 1);
    let mut free: Vec<usize> = (0..edges.len()).filter(|node| incoming[*node] == 0).collect();
    let mut left = vec![true; edges.len()];
    while let Some(node) = free.pop() {
        left[node] = false;
        for to in &edges[node] {
            incoming[*to] -= 1;
            if incoming[*to] == 0 {
                free.push(*to);
            }
        }
    }
    // Every node that is left has an edge from another one that is left: walking backwards must come round.
    let start = left.iter().position(|left| *left)?;
    let before = |node: usize| (0..edges.len()).find(|from| left[*from] && edges[*from].contains(&node));
    let mut walked = vec![start];
    loop {
        let previous = before(*walked.last()?)?;
        if let Some(first) = walked.iter().position(|node| *node == previous) {
            let mut cycle = walked.split_off(first);
            cycle.reverse();
            let least = cycle.iter().enumerate().min_by_key(|(_, node)| **node).map_or(0, |(index, _)| index);
            cycle.rotate_left(least);
            return Some(cycle);
        }
        walked.push(previous);
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_cycle_is_found_behind_and_before_other_nodes() {
        assert_eq!(cycle(&[vec![1], vec![2], vec![3], vec![1, 4], vec![]]), Some(vec![1, 2, 3]));
        assert_eq!(cycle(&[vec![0]]), Some(vec![0]));
    }

    #[test]
    fn a_diamond_is_no_cycle() {
        assert_eq!(cycle(&[vec![1, 2], vec![3], vec![3], vec![]]), None);
    }
}
