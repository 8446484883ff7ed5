//! Sites and charge points come, move and go.

use super::*;

fn site(id: &str) -> SiteId {
    SiteId::new(id)
}

fn cp(id: &str) -> ChargePointId {
    ChargePointId::new(id)
}

fn hardware() -> Hardware {
    Hardware {
        kind: CurrentKind::Ac,
        phases: 3,
        max_current: DeciAmps(320),
        max_power: Watts(22_000),
        voltage_v: 230,
    }
}

fn config(max_power: i64) -> SiteConfig {
    SiteConfig {
        max_power: Watts(max_power),
        reserve: Watts::ZERO,
        strategy: Rule::Equal,
        min_charge_rate: Watts(3_700),
        priorities: BTreeMap::new(),
        worst_load: None,
        wiring: None,
        calendar: None,
    }
}

/// Makes a configuration wrong.
type Spoil = fn(&mut SiteConfig);

fn add_site(bench: &mut Bench, id: &str, max_power: i64) {
    bench.apply(&Input::AddSite { site: site(id), name: format!("Site {id}") }).unwrap();
    let configure = Input::Configure { site: site(id), config: config(max_power) };
    bench.apply(&configure).unwrap();
}

fn add_point(bench: &mut Bench, id: &str, at: Option<&str>) -> Result<(), Refusal> {
    let at = at.map(site);
    let input = Input::AddPoint { point: cp(id), site: at, hardware: hardware(), connectors: 1 };
    bench.apply(&input)
}

fn link(bench: &mut Bench, id: &str, to: Option<&str>) -> Result<(), Refusal> {
    bench.apply(&Input::Link { point: cp(id), site: to.map(site) })
}

fn conflict(result: Result<(), Refusal>) -> String {
    match result {
        Err(Refusal::Conflict(text)) => text,
        other => panic!("a conflict was expected, not {other:?}"),
    }
}

#[test]
fn a_site_and_its_charge_point_come_into_being_and_charge() {
    let mut bench = Bench::new(0);
    let add = Input::AddSite { site: site("s2"), name: "Depot".to_owned() };
    bench.apply(&add).unwrap();
    assert!(matches!(bench.apply(&add), Err(Refusal::Exists(_))));
    let at = bench.csms.site("s2").unwrap();
    let view = bench.csms.site_view(at);
    assert_eq!((view.name.as_str(), view.config, view.configured_at), ("Depot", None, None));
    add_point(&mut bench, "cp_0", Some("s2")).unwrap();
    assert!(matches!(add_point(&mut bench, "cp_0", None), Err(Refusal::Exists(_))));
    bench.inbox.resize(1, VecDeque::new());
    bench.boot(0);
    assert!(bench.csms.is_commissioned(at));
    bench.charge(0);
    assert_eq!(bench.csms.totals(at).allocated, Watts::ZERO, "no configuration, no power");
    assert_eq!(bench.csms.totals(at).reserved, Watts::ZERO);
    bench.apply(&Input::Configure { site: site("s2"), config: config(11_040) }).unwrap();
    bench.wait(5);
    let totals = bench.csms.totals(at);
    assert_eq!((totals.allocated, totals.active_sessions), (Watts(11_040), 1));
    let sessions = bench.csms.sessions(Some(at));
    assert_eq!(sessions.len(), 1);
    assert_eq!((sessions[0].id_tag.as_str(), sessions[0].connector), ("TAG1", 1));
    assert_eq!(bench.csms.sites().count(), 2);
}

#[test]
fn a_wrong_configuration_changes_nothing_and_names_its_field() {
    let mut bench = Bench::new(1);
    let before = bench.csms.config(bench.site).clone();
    let wrong: [(&str, Spoil); 8] = [
        ("/max_power_kw", |c| c.max_power = Watts::ZERO),
        ("/max_power_kw", |c| c.max_power = Watts(i64::MAX)),
        ("/reserve_kw", |c| c.reserve = Watts(-1)),
        ("/reserve_kw", |c| c.reserve = Watts(50_001)),
        ("/min_charge_rate_kw", |c| c.min_charge_rate = Watts(-1)),
        ("/min_charge_rate_kw", |c| c.min_charge_rate = Watts(50_001)),
        ("/priorities/cp_0", |c| {
            c.priorities.insert(cp("cp_0"), 1001);
        }),
        ("/priorities/a~1b", |c| {
            c.priorities.insert(cp("a/b"), 1);
        }),
    ];
    for (pointer, spoil) in wrong {
        let mut config = config(50_000);
        spoil(&mut config);
        match bench.apply(&Input::Configure { site: site("site_1"), config }) {
            Err(Refusal::Invalid { field, .. }) => assert_eq!(field, pointer),
            other => panic!("{pointer}: {other:?}"),
        }
    }
    assert_eq!(bench.csms.config(bench.site), &before);
    let nowhere = Input::Configure { site: site("s9"), config: config(1) };
    assert_eq!(bench.apply(&nowhere), Err(Refusal::NoSuchSite(site("s9"))));
}

#[test]
fn priorities_arrive_at_the_charge_points() {
    let mut bench = Bench::new(2);
    let mut config = config(50_000);
    config.priorities.insert(cp("cp_1"), 7);
    bench.apply(&Input::Configure { site: site("site_1"), config }).unwrap();
    let weight = |p| bench.csms.point_view(PointIx(p)).unwrap().weight;
    assert_eq!((weight(0), weight(1)), (1, 7));
}

#[test]
fn an_idle_charge_point_moves_and_a_busy_one_stays() {
    let mut bench = Bench::new(1);
    add_site(&mut bench, "s2", 50_000);
    bench.boot(0);
    let id = bench.charge(0);
    assert!(conflict(link(&mut bench, "cp_0", Some("s2"))).contains("transaction"));
    bench.stop(0, id);
    bench.call(
        0,
        "StatusNotification",
        r#"{"connectorId":1,"errorCode":"NoError","status":"Available"}"#,
    );
    bench.present_card(0);
    assert!(conflict(link(&mut bench, "cp_0", Some("s2"))).contains("start"));
    bench.wait(400);
    link(&mut bench, "cp_0", Some("s2")).unwrap();
    let s2 = bench.csms.site("s2").unwrap();
    assert_eq!(bench.csms.site_of(PointIx(0)), Some(s2));
    assert!(bench.csms.points_at(bench.site).is_empty());
    bench.charge(0);
    bench.wait(5);
    assert_eq!(bench.csms.totals(s2).allocated, Watts(22_000));
    assert_eq!(bench.csms.reserved(bench.site), Watts::ZERO);
}

#[test]
fn an_unlinked_charge_point_may_connect_but_draws_nothing() {
    let mut bench = Bench::new(1);
    bench.boot(0);
    link(&mut bench, "cp_0", None).unwrap();
    bench.obey();
    assert_eq!(bench.csms.site_of(PointIx(0)), None);
    assert_eq!(bench.csms.sites().count(), 1, "where it belongs is nobody's site");
    bench.charge(0);
    bench.wait(60);
    assert_eq!(bench.csms.reserved_at(PointIx(0)), Watts::ZERO);
    assert_eq!(bench.csms.point_view(PointIx(0)).unwrap().site, None);
    assert_eq!(bench.csms.sessions(None).len(), 1);
}

#[test]
fn a_charge_point_that_could_draw_unseen_moves_only_where_there_is_room() {
    let mut bench = Bench::new(1);
    add_site(&mut bench, "s2", 4_000);
    bench.boot(0);
    bench.apply(&Input::LinkDown { point: cp("cp_0") }).unwrap();
    assert_eq!(bench.csms.reserved(bench.site), Watts(4_140), "its start bound");
    let text = conflict(link(&mut bench, "cp_0", Some("s2")));
    assert!(text.contains("4.14 kW") && text.contains("connect it first"), "{text}");
    assert_eq!(bench.csms.reserved(bench.site), Watts(4_140));
    bench.apply(&Input::LinkUp { point: cp("cp_0") }).unwrap();
    bench.status(0, "Available");
    link(&mut bench, "cp_0", Some("s2")).unwrap();
}

#[test]
fn a_removed_charge_point_is_gone_and_its_identity_free() {
    let mut bench = Bench::new(1);
    let remove = Input::RemovePoint { point: cp("cp_0") };
    bench.boot(0);
    assert!(conflict(bench.apply(&remove)).contains("connected"));
    bench.apply(&Input::LinkDown { point: cp("cp_0") }).unwrap();
    bench.apply(&remove).unwrap();
    assert_eq!(bench.csms.reserved(bench.site), Watts::ZERO);
    assert_eq!(bench.csms.point("cp_0"), None);
    assert_eq!(bench.csms.point_view(PointIx(0)), None);
    let gone = Event::BoundGone { point: PointIx(0), connector: 0 };
    assert!(bench.events.contains(&gone), "what was told of it holds no more");
    bench.wait(1_000);
    add_point(&mut bench, "cp_0", Some("site_1")).unwrap();
    assert_eq!(bench.csms.point("cp_0"), Some(PointIx(1)), "indices are not given twice");
    let up = Input::LinkUp { point: cp("cp_0") };
    bench.apply(&up).unwrap();
}

#[test]
fn a_card_can_be_blocked_and_forgotten() {
    let mut bench = Bench::new(1);
    bench.boot(0);
    let card = |status| Input::Card { id_tag: "tag1".to_owned(), status };
    bench.apply(&card(Some(AuthorizationStatus::Blocked))).unwrap();
    assert!(bench.present_card(0).contains("Blocked"), "without case");
    bench.apply(&card(None)).unwrap();
    assert!(bench.present_card(0).contains("Accepted"));
    let long = Input::Card { id_tag: "x".repeat(21), status: None };
    assert!(matches!(bench.apply(&long), Err(Refusal::Invalid { .. })));
}

#[test]
fn a_rebalance_ends_at_once_when_nothing_changes_and_else_with_the_answers() {
    let mut bench = Bench::new(2);
    (0..2).for_each(|point| bench.boot(point));
    (0..2).for_each(|point| {
        bench.charge(point);
    });
    bench.wait(90);
    let rebalance = |id: &str| Input::Rebalance {
        site: site("site_1"),
        rebalance: id.to_owned(),
        reason: "because".to_owned(),
    };
    let ended = |bench: &Bench, id: &str| {
        bench.events.iter().find_map(|event| match event {
            Event::Rebalanced { rebalance, chargers_updated, .. } if rebalance == id => {
                Some(*chargers_updated)
            }
            _ => None,
        })
    };
    bench.apply(&rebalance("reb_1")).unwrap();
    bench.csms.handle_timeout(bench.now);
    bench.collect();
    assert_eq!(ended(&bench, "reb_1"), Some(0));
    // Both fall from 22 kW; the change is made with the rebalance, not before.
    let lowered = SiteConfig { reserve: Watts(70_000), ..bench.csms.config(bench.site).clone() };
    bench.apply(&Input::Configure { site: site("site_1"), config: lowered }).unwrap();
    bench.apply(&rebalance("reb_2")).unwrap();
    bench.csms.handle_timeout(bench.now);
    bench.collect();
    assert_eq!(ended(&bench, "reb_2"), None, "two limits are on their way");
    bench.obey();
    assert_eq!(ended(&bench, "reb_2"), Some(2));
    let raised = SiteConfig { reserve: Watts(10_000), ..bench.csms.config(bench.site).clone() };
    bench.apply(&Input::Configure { site: site("site_1"), config: raised }).unwrap();
    bench.apply(&rebalance("reb_3")).unwrap();
    bench.wait_silently(bench.now + Span::from_s(9), false);
    assert_eq!(ended(&bench, "reb_3"), None, "nobody answers");
    bench.wait_silently(bench.now + Span::from_s(2), false);
    assert!(ended(&bench, "reb_3").is_some(), "it waits ten seconds at most");
}
