//! Interleavings in which something once went wrong, each named after it.

use ampacity::time::Span;

use crate::go;
use crate::ops::Op::{self, *};
use crate::ops::Way::{In, Out};
use crate::station::Mood::Mute;
use crate::station::Nature;
use crate::station::Reboot::{Remembers, Resumes};
use crate::world::STATIONS;

/// Whatever the charge points and the cars are like.
fn goes_well(ops: &[Op]) {
    for (timely, phases, lag) in
        [(true, 3, 0), (true, 3, 5), (true, 1, 0), (true, 1, 5), (false, 3, 5), (false, 1, 5)]
    {
        let nature = Nature { timely, phases, lag: Span::from_s(lag) };
        if let Err(wrong) = go(&[nature; STATIONS], ops) {
            panic!("{nature:?}: {wrong}");
        }
    }
}

#[test]
fn whoever_came_while_it_was_offline_after_a_car_had_left_drew_unreserved() {
    goes_well(&[
        Visit(1),
        Run(1),
        Cut(1),
        Visit(1),
        Connect(1),
        Frame(1, Out(2)),
        Drop(1),
        Visit(1),
    ]);
}

#[test]
fn a_limit_that_outlives_its_session_took_no_room_for_the_next_one() {
    goes_well(&[
        Limit(8_000),
        Visit(0),
        Wait(100),
        Visit(0),
        Visit(4),
        Carry(4),
        Run(59),
        Visit(0),
        Frame(0, Out(0)),
    ]);
    goes_well(&[
        Visit(4),
        Run(16),
        Drop(4),
        Wait(941),
        Visit(0),
        Connect(4),
        Visit(4),
        Frame(4, Out(0)),
    ]);
    goes_well(&[
        Visit(2),
        Run(55),
        Visit(2),
        Cut(2),
        Wait(242),
        Connect(2),
        Frame(2, Out(0)),
        Drop(0),
        Run(15),
    ]);
    goes_well(&[
        Visit(2),
        Visit(1),
        Run(61),
        Cut(1),
        Visit(2),
        Cut(2),
        Visit(0),
        Run(294),
        Connect(2),
        Meter(0),
        Frame(2, Out(0)),
    ]);
}

#[test]
fn a_bound_of_starts_was_raised_while_one_ran_that_nobody_knew() {
    goes_well(&[
        Visit(1),
        Carry(1),
        Cut(1),
        Visit(2),
        Wait(87),
        Visit(2),
        Run(357),
        Drop(2),
        Visit(2),
        Visit(2),
    ]);
}

#[test]
fn a_limit_that_came_back_after_its_lease_hid_what_its_car_had_drawn_meanwhile() {
    goes_well(&[
        Visit(1),
        Visit(4),
        Run(55),
        Cut(4),
        Reboot(3, Remembers),
        Connect(3),
        Visit(2),
        Carry(2),
        Frame(3, Out(2)),
        Visit(0),
        Frame(0, Out(2)),
        Reboot(3, Remembers),
        Run(102),
        Wait(899),
    ]);
}

#[test]
fn a_bound_of_starts_was_raised_under_a_session_that_had_lost_its_limit() {
    goes_well(&[
        Drop(1),
        Visit(2),
        Run(1),
        Cut(2),
        Carry(0),
        Visit(0),
        Run(107),
        Drop(0),
        Connect(0),
        Wait(119),
    ]);
    goes_well(&[Visit(2), Run(1), Visit(1), Cut(2), Run(107), Cut(1), Connect(1), Wait(119)]);
}

#[test]
fn who_may_have_lost_its_limit_with_a_reboot_kept_no_room_between_connection_and_boot() {
    goes_well(&[
        Limit(8_000),
        Visit(1),
        Run(60),
        Visit(0),
        Run(200),
        Reboot(0, Resumes),
        Connect(0),
        Wait(50),
        Run(60),
    ]);
}

#[test]
fn a_start_told_late_was_taken_for_over_because_of_a_status_of_before() {
    let lost = [Frame(0, Out(0)), Wait(61)];
    let mut ops = vec![Visit(0), Frame(0, Out(1)), Frame(0, In(1))];
    (0..4).for_each(|_| ops.extend(lost.clone()));
    ops.push(Run(10));
    goes_well(&ops);
}

#[test]
fn a_session_given_up_for_silence_was_never_told_again_on_a_new_connection() {
    goes_well(&[
        Visit(3),
        Run(1),
        Cut(3),
        Limit(8_000),
        Visit(0),
        Wait(93),
        Run(425),
        Wait(67),
        Run(427),
        Visit(0),
    ]);
    goes_well(&[
        Visit(4),
        Run(1),
        Cut(4),
        Mood(4, Mute),
        Wait(225),
        Run(220),
        Connect(4),
        Limit(8_000),
        Carry(4),
    ]);
}

#[test]
fn a_car_was_accused_of_drawing_what_had_come_after_its_lease() {
    goes_well(&[Limit(21_000), Drop(4), Visit(4), Connect(4), Run(349), Wait(386), Cut(4)]);
    goes_well(&[
        Limit(8_000),
        Visit(4),
        Carry(4),
        Visit(0),
        Visit(3),
        Limit(17_000),
        Visit(0),
        Visit(0),
        Carry(0),
        Visit(0),
        Cut(4),
        Run(111),
        Drop(0),
        Drop(1),
        Run(68),
        Cut(3),
        Wait(1_484),
    ]);
}

#[test]
fn a_lower_limit_that_was_taken_without_an_answer_stayed_when_it_was_not_wanted_any_more() {
    goes_well(&[Carry(0), Visit(1), Run(1), Cut(0), Drop(2), Mood(1, Mute), Carry(1)]);
}
