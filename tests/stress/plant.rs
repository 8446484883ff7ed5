//! Twenty real stations with cars that are never full, links that lose frames and drop, and one
//! central system or another at their end.

use std::cmp::Reverse;
use std::collections::BinaryHeap;
use std::sync::Arc;

use ampacity::charger::{ChargePoint, ChargerSpec, Output, Quirk};
use ampacity::ids::ChargePointId;
use ampacity::scenario::{catalogue, stream};
use ampacity::time::{Span, Time};
use ampacity::vehicle::catalogue::by_name;
use ampacity::vehicle::{Acceptance, Offer, Vehicle, VehicleSpec};
use rand::Rng;
use rand_chacha::ChaCha8Rng;

pub(crate) const POINTS: usize = 20;
/// 100 A on three phases.
pub(crate) const LIMIT_W: i64 = 69_000;
/// One ampere of them.
pub(crate) const AMPERE_W: f64 = 690.0;

const START: Time = Time::from_unix_s(1_777_874_400);
/// The weights are shuffled from then on, and counting begins.
const BEGINS: Span = Span::from_s(900);
const DROP_LASTS: Span = Span::from_s(20);

/// How bad links, stations and cars are.
#[derive(Clone, Copy, Debug)]
pub(crate) struct Conditions {
    pub(crate) name: &'static str,
    /// Share of frames that vanish.
    pub(crate) loss: f64,
    /// One limit in so many is refused.
    pub(crate) rejects_one_in: u32,
    /// Of the twenty.
    pub(crate) slow_cars: usize,
    /// A charger.
    pub(crate) drops_per_h: f64,
}

/// A central system, by what passes between it and the world.
pub(crate) trait Central {
    fn link_up(&mut self, now: Time, point: usize);
    fn link_down(&mut self, now: Time, point: usize);
    fn frame(&mut self, now: Time, point: usize, text: &str);
    /// Other weights hold from now on.
    fn weigh(&mut self, now: Time, weights: &[u32]);
    fn due(&self) -> Time;
    fn wake(&mut self, now: Time);
    /// The next text to send.
    fn take(&mut self) -> Option<(usize, String)>;
}

/// What a run has shown.
#[derive(Clone, Copy, Debug, Default)]
pub(crate) struct Outcome {
    /// Share of the time in which what the stations offered exceeded the limit.
    pub(crate) enforced_over: f64,
    /// The same of what the cars drew.
    pub(crate) drawn_over: f64,
    /// Most above the limit, W.
    pub(crate) worst_w: i64,
    /// Mean, W.
    pub(crate) delivered_w: f64,
}

enum Event {
    ToCentral { point: usize, connection: u32, text: String },
    ToPoint { point: usize, connection: u32, text: String },
    LinkUp { point: usize },
    Drop,
    PlugIn { point: usize },
    Shuffle,
}

struct Entry(Time, u64, Event);

impl PartialEq for Entry {
    fn eq(&self, other: &Entry) -> bool {
        (self.0, self.1) == (other.0, other.1)
    }
}

impl Eq for Entry {}

impl PartialOrd for Entry {
    fn partial_cmp(&self, other: &Entry) -> Option<std::cmp::Ordering> {
        Some(self.cmp(other))
    }
}

impl Ord for Entry {
    fn cmp(&self, other: &Entry) -> std::cmp::Ordering {
        (self.0, self.1).cmp(&(other.0, other.1))
    }
}

/// Sums over the time that counts.
#[derive(Default)]
struct Book {
    since: Option<Time>,
    counted_us: i64,
    enforced_us: i64,
    drawn_us: i64,
    worst_w: i64,
    drawn_w_us: i128,
}

/// A station, its car and its line.
struct Place {
    point: ChargePoint,
    car: Option<Vehicle>,
    up: bool,
    connection: u32,
    last: [Time; 2],
    enforced_w: i64,
    drawn_w: i64,
    /// When station or car want to be called.
    due: Time,
}

pub(crate) struct Plant<'c> {
    conditions: Conditions,
    central: &'c mut dyn Central,
    places: Vec<Place>,
    heap: BinaryHeap<Reverse<Entry>>,
    sequence: u64,
    now: Time,
    links: ChaCha8Rng,
    drops: ChaCha8Rng,
    shuffles: ChaCha8Rng,
    book: Book,
}

impl<'c> Plant<'c> {
    /// Runs so long after the beginning of the stress.
    pub(crate) fn run(
        conditions: Conditions,
        seed: u64,
        hours: i64,
        central: &'c mut dyn Central,
    ) -> Outcome {
        let mut plant = Plant::new(conditions, seed, central);
        let end = START + BEGINS + Span::from_s(3600 * hours);
        while plant.step(end) {}
        plant.book(end);
        let counted = plant.book.counted_us as f64;
        Outcome {
            enforced_over: plant.book.enforced_us as f64 / counted,
            drawn_over: plant.book.drawn_us as f64 / counted,
            worst_w: plant.book.worst_w,
            delivered_w: plant.book.drawn_w_us as f64 / counted,
        }
    }

    fn new(conditions: Conditions, seed: u64, central: &'c mut dyn Central) -> Plant<'c> {
        let quirk = format!("rejects_one_in={}", conditions.rejects_one_in);
        let quirks = [Quirk::parse(&quirk).expect("a quirk")];
        let spec = catalogue::charger("ac7", 230).expect("a model of the catalogue");
        let spec = Arc::new(ChargerSpec { meter_interval: Span::from_s(10), ..spec });
        let place = |number| {
            let id = ChargePointId::new(&format!("cp_{number}"));
            let point = ChargePoint::new(id, Arc::clone(&spec), START);
            Place {
                point: point.with_quirks(&quirks, START),
                car: None,
                up: false,
                connection: 0,
                last: [START; 2],
                enforced_w: 0,
                drawn_w: 0,
                due: Time::NEVER,
            }
        };
        let mut plant = Plant {
            conditions,
            central,
            places: (0..POINTS).map(place).collect(),
            heap: BinaryHeap::new(),
            sequence: 0,
            now: START,
            links: stream(seed, "stress/links", 0),
            drops: stream(seed, "stress/drops", 0),
            shuffles: stream(seed, "stress/shuffles", 0),
            book: Book::default(),
        };
        for point in 0..POINTS {
            let after = Span::from_s(point as i64);
            plant.push(START + after, Event::LinkUp { point });
            plant.push(START + Span::from_s(120) + after * 20, Event::PlugIn { point });
        }
        plant.push(START + BEGINS, Event::Shuffle);
        plant.push(START + BEGINS, Event::Drop);
        plant
    }

    fn push(&mut self, at: Time, event: Event) {
        self.sequence += 1;
        self.heap.push(Reverse(Entry(at, self.sequence, event)));
    }

    /// Handles what is due next, up to `end`.
    fn step(&mut self, end: Time) -> bool {
        let queued = self.heap.peek().map_or(Time::NEVER, |Reverse(entry)| entry.0);
        let (point, own) = (0..POINTS)
            .map(|point| (point, self.places[point].due))
            .min_by_key(|(_, at)| *at)
            .unwrap_or((0, Time::NEVER));
        let central = self.central.due();
        let at = queued.min(own).min(central).max(self.now);
        if at > end {
            return false;
        }
        self.book(at);
        self.now = at;
        if queued <= own.min(central) {
            if let Some(Reverse(entry)) = self.heap.pop() {
                self.handle(entry.2);
            }
        } else if own <= central {
            self.settle(point);
            if self.places[point].point.poll_timeout() <= at {
                self.places[point].point.handle_timeout(at);
            }
            self.collect(point);
        } else {
            self.central.wake(at);
            self.deliver();
        }
        true
    }

    /// Counts the time up to `at` with what holds since the last instant.
    fn book(&mut self, at: Time) {
        let begins = START + BEGINS;
        let since = self.book.since.unwrap_or(begins).max(begins);
        let lasted = at.since(since).0;
        if lasted > 0 {
            let enforced: i64 = self.places.iter().map(|place| place.enforced_w).sum();
            let drawn: i64 = self.places.iter().map(|place| place.drawn_w).sum();
            let book = &mut self.book;
            book.counted_us += lasted;
            book.enforced_us += if enforced > LIMIT_W { lasted } else { 0 };
            book.drawn_us += if drawn > LIMIT_W { lasted } else { 0 };
            book.worst_w = book.worst_w.max(drawn - LIMIT_W);
            book.drawn_w_us += i128::from(drawn) * i128::from(lasted);
        }
        self.book.since = Some(at.max(begins));
    }

    fn handle(&mut self, event: Event) {
        let now = self.now;
        match event {
            Event::ToCentral { point, connection, text } => {
                if self.places[point].connection == connection {
                    self.central.frame(now, point, &text);
                    self.deliver();
                }
            }
            Event::ToPoint { point, connection, text } => {
                if self.places[point].connection == connection {
                    self.places[point].point.handle_frame(now, &text);
                    self.collect(point);
                }
            }
            Event::LinkUp { point } => {
                let place = &mut self.places[point];
                (place.up, place.connection) = (true, place.connection + 1);
                self.central.link_up(now, point);
                self.places[point].point.link_up(now);
                self.deliver();
                self.collect(point);
            }
            Event::Drop => self.drop_one(),
            Event::PlugIn { point } => {
                let slow = point * self.conditions.slow_cars % POINTS < self.conditions.slow_cars;
                let constant_s = if slow { 8 + self.shuffles.next_u64() % 18 } else { 0 };
                let spec = VehicleSpec {
                    battery_kwh: 400.0,
                    acceptance: Acceptance::Ideal,
                    fall_time_constant: Span::from_s(constant_s as i64),
                    ..by_name("city_1p").expect("a car of the catalogue")
                };
                let car = Vehicle::new(Arc::new(spec), 0.0, f64::INFINITY, now);
                self.places[point].car = Some(car);
                self.places[point].point.plug_in(now, 1, "card");
                self.collect(point);
            }
            Event::Shuffle => {
                let weights: Vec<u32> = (0..POINTS).map(|_| weight(&mut self.shuffles)).collect();
                self.central.weigh(now, &weights);
                let gap = 20.0 + 70.0 * unit(&mut self.shuffles);
                self.push(now + Span::from_s_f64(gap), Event::Shuffle);
                self.deliver();
            }
        }
    }

    fn drop_one(&mut self) {
        let point = (self.drops.next_u64() % POINTS as u64) as usize;
        let mean_s = 3600.0 / (self.conditions.drops_per_h * POINTS as f64);
        let gap = 2.0 * mean_s * unit(&mut self.drops);
        self.push(self.now + Span::from_s_f64(gap), Event::Drop);
        let place = &mut self.places[point];
        if std::mem::take(&mut place.up) {
            place.connection += 1;
            place.point.link_down(self.now);
            self.central.link_down(self.now, point);
            self.push(self.now + DROP_LASTS, Event::LinkUp { point });
            self.deliver();
            self.collect(point);
        }
    }

    /// Brings the car up to now and tells its station.
    fn settle(&mut self, point: usize) {
        let place = &mut self.places[point];
        let Some(car) = place.car.as_mut() else { return };
        car.advance(self.now);
        let draw = car.draw();
        place.drawn_w = draw.power_mw / 1000;
        if place.point.draw(1) != draw {
            place.point.set_draw(self.now, 1, draw, car.wants_power(), None);
        }
    }

    /// Takes what a station says and offers.
    fn collect(&mut self, point: usize) {
        while let Some(output) = self.places[point].point.poll_output() {
            match output {
                Output::Send(text) => self.transmit(point, text, false),
                Output::Offer { offer, .. } => {
                    let place = &mut self.places[point];
                    place.enforced_w = match offer {
                        Offer::Ac { current, phases, voltage_v, .. } => {
                            current.to_power(voltage_v, phases).0
                        }
                        _ => 0,
                    };
                    if let Some(car) = place.car.as_mut() {
                        car.set_offer(self.now, offer);
                    }
                    self.settle(point);
                }
                Output::Disconnect | Output::Started { .. } | Output::Ended { .. } => {}
            }
        }
        let place = &mut self.places[point];
        let car = place.car.as_ref().map_or(Time::NEVER, Vehicle::next_change);
        place.due = place.point.poll_timeout().min(car);
    }

    fn deliver(&mut self) {
        while let Some((point, text)) = self.central.take() {
            self.transmit(point, text, true);
        }
    }

    /// Late or lost, never overtaking.
    fn transmit(&mut self, point: usize, text: String, to_point: bool) {
        let lost = unit(&mut self.links) < self.conditions.loss;
        let delay = Span::from_s_f64(0.15 + 0.3 * unit(&mut self.links));
        let place = &mut self.places[point];
        if lost || !place.up {
            return;
        }
        let last = &mut place.last[usize::from(to_point)];
        *last = (*last).max(self.now + delay);
        let (at, connection) = (*last, place.connection);
        let event = match to_point {
            true => Event::ToPoint { point, connection, text },
            false => Event::ToCentral { point, connection, text },
        };
        self.push(at, event);
    }
}

fn unit(rng: &mut ChaCha8Rng) -> f64 {
    (rng.next_u64() >> 11) as f64 / (1_u64 << 53) as f64
}

/// 1..=1000, uniform in its logarithm.
fn weight(rng: &mut ChaCha8Rng) -> u32 {
    (1000_f64.ln() * unit(rng)).exp().round() as u32
}
