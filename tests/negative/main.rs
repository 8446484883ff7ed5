//! Requests as they must not be: every field of all 39, damaged in every way that fits its kind,
//! sent to the central system and to the simulated charge point. Each gets the answer that the
//! tables of [`expect`] give it, and what is refused leaves no trace.

mod central;
mod damage;
mod expect;
mod mask;
mod station;
#[path = "../frames/tape.rs"]
mod tape;
mod wire;

use ampacity::ocpp::schema::{check_response, request};
use ampacity::ocpp::{Action, Direction, ErrorCode};
use serde_json::Value;

use damage::{Damaged, damaged, sample};
use expect::{Answer, Role, expected};

/// A receiver of requests, made anew for every frame.
pub(crate) trait Receiver {
    /// Registered, with transaction 1 running on connector 1, and at rest.
    fn ready() -> Self;

    /// Delivers a text; what it sends back.
    fn deliver(&mut self, text: &str) -> Vec<String>;

    /// Everything it knows, but for what it counts.
    fn state(&self) -> String;

    /// What it does with requests of this action.
    fn role(action: Action) -> Role;
}

/// How many frames were sent, and how they were answered.
#[derive(Debug, Default)]
struct Tally {
    refused: usize,
    read: usize,
}

/// Sends every damaged request of every action to a receiver of its own.
fn examine<R: Receiver>() -> Tally {
    let mut tally = Tally::default();
    for action in Action::ALL {
        let role = R::role(*action);
        let whole = sample(*action);
        let mut receiver = R::ready();
        let answer = answer_of(&receiver.deliver(&frame(*action, &whole.to_string())));
        match role {
            Role::Foreign => {
                assert_eq!(answer, Answer::Refused(ErrorCode::NotSupported), "{action}");
            }
            Role::Serves | Role::NeverRefuses => {
                assert_eq!(answer, Answer::Read, "{action}: {whole}");
            }
        }
        for case in damaged(*action) {
            let expected = expected(role, &case);
            let mut receiver = R::ready();
            let before = receiver.state();
            let answers = receiver.deliver(&frame(*action, &case.payload));
            let answer = answer_of(&answers);
            assert_eq!(answer, expected, "{action}: {}: {}", case.story(), case.payload);
            if let Answer::Refused(_) = answer {
                mask::assert_same(
                    &before,
                    &receiver.state(),
                    &format!("{action}: {}", case.payload),
                );
                tally.refused += 1;
            } else {
                check_answer(*action, &answers);
                if role == Role::NeverRefuses && expect::is_unreadable(&case) {
                    let what = format!("{action}: {}", case.payload);
                    mask::assert_same(&mask::ids(&before), &mask::ids(&receiver.state()), &what);
                }
                tally.read += 1;
            }
            assert_alive(&mut receiver, &case);
        }
    }
    tally
}

fn frame(action: Action, payload: &str) -> String {
    format!("[2,\"neg\",\"{action}\",{payload}]")
}

/// The answer to the frame among what was sent: exactly one.
fn answer_of(sent: &[String]) -> Answer {
    let mut answers = sent.iter().filter_map(|text| read_answer(text, "neg"));
    let answer = answers.next().unwrap_or_else(|| panic!("no answer in {sent:?}"));
    assert!(answers.next().is_none(), "two answers in {sent:?}");
    answer
}

/// What a text says to the request with this id; `None`: it is no answer to it.
pub(crate) fn read_answer(text: &str, id: &str) -> Option<Answer> {
    let frame: Value = serde_json::from_str(text).expect("what we send is JSON");
    if frame[1] != id {
        return None;
    }
    match frame[0].as_u64() {
        Some(3) => Some(Answer::Read),
        Some(4) => {
            let code = frame[2].as_str().expect("a code");
            Some(Answer::Refused(ErrorCode::from_wire(code)))
        }
        _ => None,
    }
}

fn check_answer(action: Action, sent: &[String]) {
    let ours = sent.iter().find(|text| text.starts_with("[3,\"neg\",")).expect("the answer");
    let payload = ours["[3,\"neg\",".len()..].trim_end_matches(']');
    check_response(action, payload).unwrap_or_else(|fault| panic!("{action}: {ours}: {fault}"));
}

/// The connection is of use afterwards: the next request is answered.
fn assert_alive<R: Receiver>(receiver: &mut R, case: &Damaged) {
    let next = receiver.deliver("[2,\"next\",\"DataTransfer\",{\"vendorId\":\"v\"}]");
    let answered =
        next.iter().any(|text| text.starts_with("[3,\"next\",") || text.starts_with("[4,\"next\""));
    assert!(answered, "deaf after {}", case.payload);
}

#[test]
fn the_central_system_answers_every_damaged_request_as_it_should() {
    let Tally { refused, read } = examine::<central::Central>();
    println!(
        "central system: {} damaged requests of 39 actions, {refused} refused without a trace, \
         {read} read leniently; 0 wrong answers, 0 lost connections, 0 panics",
        refused + read
    );
    assert!(refused > 800 && read > 100, "{refused} refused, {read} read");
}

#[test]
fn the_charge_point_answers_every_damaged_request_as_it_should() {
    let Tally { refused, read } = examine::<station::Station>();
    println!(
        "charge point: {} damaged requests of 39 actions, {refused} refused without a trace, \
         {read} read leniently; 0 wrong answers, 0 lost connections, 0 panics",
        refused + read
    );
    assert!(refused > 800 && read > 100, "{refused} refused, {read} read");
}

#[test]
fn a_request_nobody_knows_is_not_implemented_on_either_side() {
    for answer in [
        answer_of(&central::Central::ready().deliver("[2,\"neg\",\"Frobnicate\",{}]")),
        answer_of(&station::Station::ready().deliver("[2,\"neg\",\"Frobnicate\",{}]")),
    ] {
        assert_eq!(answer, Answer::Refused(ErrorCode::NotImplemented));
    }
}

/// The suite itself: every action has damages of its fields, and every kind of damage occurs.
#[test]
fn every_action_is_damaged_in_every_way_that_fits() {
    let mut seen = std::collections::BTreeSet::new();
    for action in Action::ALL {
        let cases = damaged(*action);
        let fields = request(*action).len();
        assert!(cases.len() >= 5 + 4 * fields, "{action}: {} cases", cases.len());
        seen.extend(cases.iter().map(|case| case.damage));
    }
    assert_eq!(seen.len(), damage::Damage::ALL.len(), "{seen:?}");
    let by_side = |side| Action::ALL.iter().filter(|it| it.direction() == side).count();
    assert_eq!(by_side(Direction::FromChargePoint) + by_side(Direction::Both), 14);
    assert_eq!(by_side(Direction::FromCentralSystem) + by_side(Direction::Both), 26);
}
