//! What a site may take from the grid now, by its configuration and its calendar.

use jiff::tz::TimeZone;

use crate::csms::calendar::{Calendar, Day, Soft};
use crate::csms::config::{Control, SiteConfig};
use crate::csms::control::Site;
use crate::csms::event::{Event, Trigger};
use crate::csms::timers::Key;
use crate::csms::{Csms, SiteIx};
use crate::time::{Span, Time};
use crate::units::Watts;

/// A decrease that is not answered is told again after so long.
const RETRY: Span = Span::from_s(5);

/// The calendar of a site and what it says now.
#[derive(Debug)]
pub(crate) struct Today {
    zone: TimeZone,
    day: Day,
}

/// What cars may draw, and should.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(crate) struct Room {
    contracted: Watts,
    hard: Watts,
    soft: Option<Watts>,
}

impl Today {
    /// Before anybody has looked: the least of all windows.
    pub(crate) fn of(config: &SiteConfig) -> Option<Box<Today>> {
        let calendar = config.calendar.as_deref()?;
        let zone = calendar.zone()?;
        let least = calendar.least();
        let day = Day { hard: least, expected: least, soft: None, until: Time(0) };
        Some(Box::new(Today { zone, day }))
    }

    fn look(&mut self, now: Time, calendar: &Calendar, control: &Control) {
        self.day = calendar.at(now, &self.zone, control.notice());
    }
}

impl Control {
    /// How long before a fall of the limit chargers are lowered: as long as it takes when the first
    /// try is not answered.
    fn notice(&self) -> Span {
        self.coalesce + self.call_timeout * 2 + RETRY + self.settle_max
    }
}

impl SiteConfig {
    /// The least that the grid connection carries at any time.
    pub(crate) fn least_power(&self) -> Watts {
        let least = self.calendar.as_deref().and_then(Calendar::least);
        least.map_or(self.max_power, |least| least.min(self.max_power))
    }
}

impl Site {
    /// What the grid connection may carry now.
    pub(crate) fn contracted(&self) -> Watts {
        let hard = self.today.as_deref().and_then(|today| today.day.hard);
        hard.map_or(self.config.max_power, |hard| hard.min(self.config.max_power))
    }

    /// The same, or less where that falls soon.
    fn connection(&self) -> Watts {
        let expected = self.today.as_deref().and_then(|today| today.day.expected);
        expected.map_or(self.config.max_power, |expected| expected.min(self.config.max_power))
    }

    /// What electric vehicles may draw together now: the grid connection less the reserve, or less
    /// the other loads where they are more. Where it falls soon, what is left of it then.
    pub(crate) fn ev_limit(&self) -> Watts {
        (self.connection() - self.others()).floor_zero()
    }

    /// The soft limit in force.
    pub(crate) fn soft(&self) -> Option<Soft> {
        self.today.as_deref().and_then(|today| today.day.soft)
    }

    /// What cars that can wait should draw together at most: the soft limit is for what the site
    /// takes from the grid, so other loads count as they are, and what feeds in comes on top.
    pub(crate) fn soft_room(&self) -> Option<Watts> {
        let soft = self.soft()?;
        let others = self.load.counted_softly(&self.config).unwrap_or(self.config.reserve);
        Some((soft.limit - others).floor_zero().min(self.ev_limit()))
    }

    pub(crate) fn room(&self) -> Room {
        Room { contracted: self.contracted(), hard: self.ev_limit(), soft: self.soft_room() }
    }
}

impl Csms {
    /// What electric vehicles may draw together at a site now. Where that falls soon by the site's
    /// calendar, it has fallen already.
    #[must_use]
    pub fn ev_limit(&self, site: SiteIx) -> Watts {
        self.sites[site.0].ev_limit()
    }

    /// What the grid connection of a site may carry now, by its configuration and its calendar.
    #[must_use]
    pub fn contracted(&self, site: SiteIx) -> Watts {
        self.sites[site.0].contracted()
    }

    /// What electric vehicles may draw together at a site until something falls, other loads as they
    /// count.
    #[must_use]
    pub fn ev_limit_in_force(&self, site: SiteIx) -> Watts {
        let state = &self.sites[site.0];
        (state.contracted() - state.others()).floor_zero()
    }

    /// What cars that can wait should draw together at most now, where the calendar says so.
    #[must_use]
    pub fn soft_room(&self, site: SiteIx) -> Option<Watts> {
        self.sites[site.0].soft_room()
    }

    /// The soft limit in force at a site, for what it takes from the grid.
    #[must_use]
    pub fn soft_limit(&self, site: SiteIx) -> Option<Watts> {
        self.sites[site.0].soft().map(|soft| soft.limit)
    }

    /// The calendar says perhaps something else from now on.
    pub(super) fn calendar_due(&mut self, now: Time, site: SiteIx) {
        let before = self.sites[site.0].room();
        self.look_at_calendar(now, site);
        self.room_changed(now, site, before, Trigger::Window);
    }

    /// Looks what the calendar says, and when it will say something else.
    pub(super) fn look_at_calendar(&mut self, now: Time, site: SiteIx) {
        let state = &mut self.sites[site.0];
        let calendar = state.config.calendar.as_deref();
        match state.today.as_deref_mut().zip(calendar) {
            Some((today, calendar)) => {
                today.look(now, calendar, &state.control);
                self.timers.arm(Key::Calendar(site), today.day.until);
            }
            None => self.timers.disarm(Key::Calendar(site)),
        }
    }

    /// What cars may draw, or should, is perhaps not what it was.
    pub(super) fn room_changed(&mut self, now: Time, site: SiteIx, before: Room, trigger: Trigger) {
        let state = &self.sites[site.0];
        let (after, reserved) = (state.room(), state.reserved);
        if after == before {
            return;
        }
        self.wires_limited_anew(site);
        self.emit(Event::LimitMoved { site });
        if (after.hard, after.soft) == (before.hard, before.soft) {
            // It had been expected.
            return;
        }
        self.bound_starts_anew(now, site, before.hard);
        self.trigger_site(now, site, trigger);
        if after.hard < reserved {
            // Somebody has to give way at once.
            self.timers.arm_by(Key::Decide(site), now);
        }
    }
}
