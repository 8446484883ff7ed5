use super::*;

const L12: Phases = Phases::L1.and(Phases::L2);

fn at(node: usize, phases: Phases) -> Place {
    Place { node, phases }
}

/// A connection of 30 kW, a bare riser, and a feeder of 32 A on it that bounds unbalance.
fn network() -> Network {
    Network {
        nodes: vec![
            Node { power: Some(Watts(30_000)), ..Node::default() },
            Node { parent: Some(0), ..Node::default() },
            Node {
                parent: Some(1),
                per_phase: Some([Watts(7360); 3]),
                unbalance: Some(Watts(4600)),
                ..Node::default()
            },
        ],
    }
}

#[test]
fn a_session_loads_its_phases_with_its_part_and_every_node_with_all() {
    let limits = Limits::new(&network());
    let mut loads = limits.unloaded();
    loads.add(&limits, at(2, Phases::ALL), Watts(11_000));
    loads.add(&limits, at(2, L12), Watts(5000));
    loads.add(&limits, at(1, Phases::L3), Watts(1000));
    let on: Vec<(usize, Kind, i64)> =
        limits.all().iter().zip(0..).map(|(l, at)| (l.node, l.kind, loads.on(at).0)).collect();
    let expected = [
        (0, Kind::Power, 17_000),
        (2, Kind::Phase(0), 6167),
        (2, Kind::Phase(1), 6167),
        (2, Kind::Phase(2), 3667),
        (2, Kind::Unbalance(0), 2500),
        (2, Kind::Unbalance(1), 2500),
        (2, Kind::Unbalance(2), 0),
    ];
    assert_eq!(on, expected, "a third is rounded up for display alone");
    assert_eq!(limits.overloaded(&loads).count(), 0);
}

#[test]
fn room_is_what_the_tightest_limit_leaves() {
    let limits = Limits::new(&network());
    let mut loads = limits.unloaded();
    assert_eq!(limits.room(&loads, at(1, Phases::L1)), Watts(30_000));
    assert_eq!(limits.room(&loads, at(2, Phases::ALL)), Watts(22_080));
    assert_eq!(limits.room(&loads, at(2, L12)), Watts(9200), "4.6 kW of unbalance on each");
    loads.add(&limits, at(2, Phases::L1), Watts(4600));
    assert_eq!(limits.room(&loads, at(2, L12)), Watts::ZERO);
    assert_eq!(limits.room(&loads, at(2, Phases::ALL)), Watts(8280), "what L1 leaves, on three");
    assert_eq!(limits.binding(&loads, at(2, Phases::ALL), Watts(8280)), None);
    let stops = limits.binding(&loads, at(2, Phases::ALL), Watts(8281)).map(|l| limits.all()[l]);
    assert_eq!(stops.map(|limit| (limit.node, limit.kind)), Some((2, Kind::Phase(0))));
}

#[test]
fn a_bound_that_falls_leaves_less_than_nothing() {
    let mut limits = Limits::new(&network());
    let mut loads = limits.unloaded();
    loads.add(&limits, at(1, Phases::ALL), Watts(20_000));
    limits.set_bound(0, Watts(12_000));
    assert_eq!(limits.room(&loads, at(0, Phases::L1)), Watts(-8000));
    assert_eq!(limits.overloaded(&loads).collect::<Vec<_>>(), [0]);
}

#[test]
fn where_there_is_no_limit_there_is_room_without_end() {
    let limits = Limits::new(&Network { nodes: vec![Node::default()] });
    assert_eq!(limits.room(&limits.unloaded(), at(0, Phases::L1)), Limits::UNLIMITED);
}
