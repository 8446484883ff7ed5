//! The three-phase network of the Caltech garage (allocation.md §5.2b): stations between two phases
//! each, line currents as sums of phasors on both sides of a transformer, two pods with a cable of
//! their own. No tree of limits: more on one pair of phases may mean less in a line.

use ampacity::allocation::network::{Bounds, Given};
use ampacity::units::Watts;

/// Volts between two phases, and from a phase to neutral on either side of the transformer.
const LINE_V: f64 = 208.0;
const SECONDARY_V: f64 = 120.0;
const PRIMARY_V: f64 = 277.0;
const POD_A: f64 = 80.0;

/// Stations by the phases that they lie between; all others lie between A and B.
const BC: [u32; 14] = [304, 512, 305, 511, 313, 503, 311, 505, 317, 499, 148, 149, 212, 213];
const CA: [u32; 14] = [307, 509, 309, 507, 306, 510, 315, 501, 319, 497, 312, 504, 314, 502];
const CC_POD: [u32; 8] = [322, 493, 496, 320, 495, 321, 323, 494];
const AV_POD: [u32; 8] = [324, 325, 326, 327, 489, 490, 491, 492];

/// The stations of some sessions, and the rated power of the transformer.
#[derive(Clone, Debug)]
pub(crate) struct Garage {
    kw: f64,
    stations: Vec<Station>,
}

#[derive(Clone, Copy, Debug)]
struct Station {
    /// 0: between A and B, 1: B and C, 2: C and A.
    pair: usize,
    pod: Option<usize>,
}

/// Amperes between A and B, B and C, C and A, and through the pods.
#[derive(Clone, Copy, Debug, Default)]
struct Currents {
    pairs: [f64; 3],
    pods: [f64; 2],
}

struct Charging<'a> {
    garage: &'a Garage,
    currents: Currents,
}

impl Garage {
    /// For sessions at these stations, in their order.
    pub(crate) fn new<'s>(kw: f64, stations: impl Iterator<Item = &'s str>) -> Garage {
        Garage { kw, stations: stations.map(station).collect() }
    }

    fn carries(&self, currents: Currents) -> bool {
        // Unit phasors at 30, -90 and 150 degrees.
        let half_root = 3_f64.sqrt() / 2.0;
        let units = [(half_root, 0.5), (0.0, -1.0), (-half_root, 0.5)];
        let phasor = |pair: usize| {
            let (x, y) = units[pair];
            (currents.pairs[pair] * x, currents.pairs[pair] * y)
        };
        let minus = |a: (f64, f64), b: (f64, f64)| (a.0 - b.0, a.1 - b.1);
        let length = |a: (f64, f64)| a.0.hypot(a.1);
        let [ab, bc, ca] = [0, 1, 2].map(phasor);
        let [a3, b3, c3] = [minus(ab, ca), minus(bc, ab), minus(ca, bc)];
        let secondary = self.kw * 1000.0 / 3.0 / SECONDARY_V;
        let primary = self.kw * 1000.0 / 3.0 / PRIMARY_V;
        [a3, b3, c3].into_iter().all(|line| length(line) <= secondary)
            && [minus(a3, c3), minus(b3, a3), minus(c3, b3)]
                .into_iter()
                .all(|line| 0.25 * length(line) <= primary)
            && currents.pods.iter().all(|pod| *pod <= POD_A)
    }
}

impl Bounds for Garage {
    fn empty(&self) -> Box<dyn Given + '_> {
        Box::new(Charging { garage: self, currents: Currents::default() })
    }
}

impl Charging<'_> {
    /// The currents with so much more for a session, in tenths of a watt.
    fn with(&self, session: usize, more: i64) -> Currents {
        let mut currents = self.currents;
        let station = self.garage.stations[session];
        let amperes = more as f64 / 10.0 / LINE_V;
        currents.pairs[station.pair] += amperes;
        if let Some(pod) = station.pod {
            currents.pods[pod] += amperes;
        }
        currents
    }
}

impl Given for Charging<'_> {
    fn room(&self, session: usize) -> Watts {
        let (mut fits, mut above) = (0, 1 << 17);
        while fits + 1 < above {
            let middle = fits + (above - fits) / 2;
            if self.garage.carries(self.with(session, middle)) {
                fits = middle;
            } else {
                above = middle;
            }
        }
        Watts(fits)
    }

    fn give(&mut self, session: usize, more: Watts) {
        self.currents = self.with(session, more.0);
    }

    fn binding(&self, _session: usize, _more: Watts) -> Option<usize> {
        None
    }
}

fn station(id: &str) -> Station {
    let number: u32 = id.trim_start_matches("CA-").parse().expect("a station is CA-number");
    let pair = if BC.contains(&number) { 1 } else { 2 * usize::from(CA.contains(&number)) };
    let pod = [CC_POD, AV_POD].iter().position(|pod| pod.contains(&number));
    Station { pair, pod }
}
