//! One history: what happens next is chance, what must hold is not.
//!
//! Portals, followers and the topic take small steps in any order; people change, revoke, rotate, restore and decide; brokers fail and lie. In the
//! end all of that stops, and within an hour everybody shows what the database says, live.

use super::Rule;
use super::chance::Chance;
use super::database::{Database, root, roots, signing_key};
use super::follower::{Follower, Kind};
use super::lies::{self, Lie};
use super::log::Log;
use super::portal::{Around, Portal};
use super::relay::Relay;
use super::truth::Truth;
use crate::publish::Refusal;
use crate::reader::State;
use crate::roots_line;
use std::rc::Rc;

const STEPS: usize = 128;
const BEGIN_MS: u64 = 1_763_900_000_000;
/// Rounds of the end, in which nothing fails any more; each lasts [`ROUND_MS`].
const ROUNDS: usize = 120;
const ROUND_MS: u64 = 30_000;
/// And of what follows it, in which nothing changes: longer than anything stays live without a heartbeat.
const STILL_ROUNDS: usize = 12;

/// The world.
pub(super) struct History {
    pub(super) chance: Chance,
    pub(super) now_ms: u64,
    pub(super) log: Log,
    pub(super) database: Database,
    pub(super) backup: Option<Database>,
    /// The database was put back to this place, and nobody has done anything about it yet.
    pub(super) restored: Option<(u64, u64)>,
    /// The topic lost its end, and was not read by a publisher since.
    pub(super) cut: bool,
    pub(super) portals: [Option<Portal>; 2],
    pub(super) lease: usize,
    pub(super) keys: u8,
    /// Keys that were taken away: number, the version without it, the keyring that had it, its epoch.
    pub(super) stolen: Vec<(u8, u64, Rc<[u8]>, u64)>,
    pub(super) followers: Vec<Follower>,
    pub(super) relay: Relay,
    pub(super) floor: Rc<[u8]>,
    pub(super) truth: Truth,
    pub(super) rule: Option<Rule>,
    pub(super) broker: bool,
    pub(super) has_good_clocks: bool,
    /// Each step is printed.
    pub(super) is_told: bool,
}

impl History {
    pub(super) fn new(seed: u64, rule: Option<Rule>) -> History {
        let mut chance = Chance::new(seed);
        let database = Database::new(BEGIN_MS / 1_000);
        let mut truth = Truth::new(roots());
        truth.is(&database);
        History {
            has_good_clocks: chance.one_in(2),
            chance,
            now_ms: BEGIN_MS,
            log: Log::default(),
            backup: None,
            restored: None,
            cut: false,
            portals: [None, None],
            lease: 0,
            keys: 1,
            stolen: Vec::new(),
            followers: Vec::new(),
            relay: Relay::default(),
            floor: Rc::from([]),
            truth,
            rule,
            is_told: false,
            broker: true,
            database,
        }
    }

    pub(super) fn run(&mut self) -> Result<(), String> {
        self.begin()?;
        for _ in 0..STEPS {
            self.step()?;
            self.log.expire(self.now_ms);
        }
        self.end()
    }

    /// The first publish, and followers with its floor.
    fn begin(&mut self) -> Result<(), String> {
        self.start_portal(0);
        for _ in 0..64 {
            self.step_portal(0, false)?;
        }
        self.floor = self.floor_of(&Relay::of(&self.reading_all()?));
        let (reader, careless) = (Rule::reader(self.rule), Rule::careless(self.rule));
        for kind in [Kind::Topic, Kind::Topic, Kind::Bundle, Kind::Stream] {
            let mut follower = Follower::new(kind, Rc::clone(&self.floor), reader, careless);
            follower.start(self.now_ms, &self.truth)?;
            follower.check(&self.truth)?;
            self.followers.push(follower);
        }
        Ok(())
    }

    fn step(&mut self) -> Result<(), String> {
        let what = self.chance.below(64);
        if self.is_told {
            self.tell(what);
        }
        match what {
            0..=15 => self.run_portal()?,
            16..=29 => self.run_follower()?,
            30..=36 => self.change(),
            37..=42 => self.pass(3_000),
            43 | 44 => self.pass(70_000),
            45 => self.log.compact(&mut self.chance, self.now_ms),
            46 => self.kill_portal(),
            47 => self.kill_follower()?,
            48 => self.revoke(),
            49 => self.lease = self.chance.below(2),
            50 => self.broker = !self.broker,
            51 => self.set_clocks(),
            52 => self.back_up_or_restore(),
            53 => self.hurt_topic(),
            54 => self.intrude(),
            55 if self.log.is_intruded() => {
                self.truth.damages += 1;
                self.log.end_strangers(self.chance.one_in(2));
            }
            55 => self.pass(300_000),
            56 | 57 => self.tell_lies()?,
            58 => self.stop_lying(),
            59 => self.rotate(),
            60 | 61 => self.operate()?,
            62 => self.new_floor()?,
            _ => self.report_fleet(),
        }
        self.check_states()
    }

    fn tell(&self, what: usize) {
        let portals = self.portals.iter().map(|portal| {
            portal.as_ref().map(|portal| {
                (
                    portal.publisher.status().word(),
                    portal.publisher.status().error.clone(),
                )
            })
        });
        let views = self
            .followers
            .iter()
            .map(|follower| follower.reader.view().map(|view| (view.epoch, view.revision)));
        println!(
            "{} s, next {what}: database {:?}, topic {:?}, lease {}, portals {:?}, views {:?}",
            (self.now_ms - BEGIN_MS) / 1_000,
            (self.database.mark.epoch, self.database.mark.revision),
            self.truth.newest(&self.log),
            self.lease,
            portals.collect::<Vec<_>>(),
            views.collect::<Vec<_>>(),
        );
    }

    pub(super) fn pass(&mut self, up_to_ms: usize) {
        self.now_ms += 1 + self.chance.below(up_to_ms) as u64;
    }

    fn check_states(&self) -> Result<(), String> {
        for follower in &self.followers {
            follower.check_state(self.now_ms)?;
        }
        Ok(())
    }

    pub(super) fn start_portal(&mut self, at: usize) {
        let clock_ms = match self.has_good_clocks {
            true => 0,
            false => self.clock_error(),
        };
        let batch = if self.chance.one_in(2) { 2 } else { 10_000 };
        let rule = Rule::publisher(self.rule);
        self.portals[at] = Some(Portal::new(roots(), self.keys, clock_ms, batch, rule));
    }

    fn run_portal(&mut self) -> Result<(), String> {
        let at = self.chance.below(2);
        if self.portals[at].is_none() {
            self.start_portal(at);
        }
        for _ in 0..=self.chance.below(24) {
            let says_nothing = self.chance.one_in(40);
            if !self.step_portal(at, says_nothing)? {
                break;
            }
        }
        Ok(())
    }

    pub(super) fn step_portal(&mut self, at: usize, says_nothing: bool) -> Result<bool, String> {
        let Some(portal) = &mut self.portals[at] else {
            return Ok(false);
        };
        portal.step(&mut Around {
            database: &mut self.database,
            log: &mut self.log,
            truth: &mut self.truth,
            now_ms: self.now_ms,
            holds_lease: self.lease == at,
            broker: self.broker,
            says: !says_nothing,
        })
    }

    fn kill_portal(&mut self) {
        let at = self.chance.below(2);
        self.portals[at] = None;
    }

    fn run_follower(&mut self) -> Result<(), String> {
        let at = self.chance.below(self.followers.len());
        for _ in 0..=self.chance.below(4) {
            self.step_follower(at)?;
        }
        Ok(())
    }

    pub(super) fn step_follower(&mut self, at: usize) -> Result<(), String> {
        let follower = &mut self.followers[at];
        let (truth, now_ms, chance) = (&self.truth, self.now_ms, &mut self.chance);
        match (follower.kind, follower.lie.take()) {
            (Kind::Topic, Some(mut lie)) => {
                let shown = lie.shown(&self.log, chance);
                follower.lie = Some(lie);
                follower.read_topic(&shown, truth, now_ms, chance)?;
            }
            (Kind::Topic, None) if self.broker => follower.read_topic(&self.log, truth, now_ms, chance)?,
            (Kind::Topic, None) => follower.at_end = false,
            _ => follower.read_relay(&self.relay, truth, now_ms, chance)?,
        }
        if at == 0 {
            self.relay = Relay::of(&self.followers[0]);
        }
        self.followers[at].check_state(self.now_ms)
    }

    fn kill_follower(&mut self) -> Result<(), String> {
        let at = self.chance.below(self.followers.len());
        self.followers[at].start(self.now_ms, &self.truth)?;
        self.followers[at].check(&self.truth)
    }

    fn tell_lies(&mut self) -> Result<(), String> {
        let at = self.chance.below(self.followers.len());
        if self.chance.one_in(2) {
            self.followers[at].lie = Some(Lie::new(&self.log, &mut self.chance));
            return Ok(());
        }
        let known = self.followers[at].reader.keyring_version();
        let stolen = self
            .stolen
            .iter()
            .rfind(|(_, without, _, _)| known >= Some(*without));
        let records = match stolen {
            Some((key, _, keyring, epoch)) if self.chance.one_in(2) => lies::stolen(*key, keyring, *epoch),
            _ => lies::garbled(&self.log, &mut self.chance),
        };
        let follower = &mut self.followers[at];
        follower.begin_again(self.now_ms);
        for record in records {
            if !follower.give(&record, &self.truth, self.now_ms, &mut self.chance)? {
                break;
            }
        }
        let follower = &mut self.followers[at];
        follower.check(&self.truth)?;
        follower.begin_again(self.now_ms);
        Ok(())
    }

    fn stop_lying(&mut self) {
        let at = self.chance.below(self.followers.len());
        self.followers[at].lie = None;
    }

    fn new_floor(&mut self) -> Result<(), String> {
        let from = self.chance.below(self.followers.len());
        self.floor = self.floor_of(&Relay::of(&self.followers[from]));
        let at = self.chance.below(self.followers.len());
        self.followers[at].set_floor(Rc::clone(&self.floor));
        match self.chance.one_in(2) {
            true => self.followers[at].load_floor(self.now_ms, &self.truth, &mut self.chance),
            false => Ok(()),
        }
    }

    fn floor_of(&self, relay: &Relay) -> Rc<[u8]> {
        let mut floor = roots_line("acme-prod", &[root().public(None)]).into_bytes();
        floor.push(b'\n');
        for line in relay.lines() {
            floor.extend_from_slice(line);
            floor.push(b'\n');
        }
        floor.into()
    }

    /// All faults stop. Within an hour everybody shows what the database says, and says `live`.
    fn end(&mut self) -> Result<(), String> {
        self.broker = true;
        self.log.end_strangers(false);
        self.lease = self.chance.below(2);
        self.has_good_clocks = true;
        for portal in self.portals.iter_mut().flatten() {
            portal.clock_ms = 0;
        }
        for follower in &mut self.followers {
            (follower.lie, follower.clock_ms) = (None, 0);
        }
        self.settle(true)?;
        // From here on heartbeats alone keep it so: nothing changes any more.
        for _ in 0..STILL_ROUNDS {
            self.round()?;
        }
        self.settle(false)
    }

    /// Goes on until everybody shows what is published.
    fn settle(&mut self, changes: bool) -> Result<(), String> {
        let mut waited = 0;
        while waited < ROUNDS && !self.is_settled() {
            waited += 1;
            self.round()?;
            // A commit of a clock that was ahead ends with the next change.
            if changes && waited == 20 {
                self.change();
            }
        }
        self.settled()
    }

    fn round(&mut self) -> Result<(), String> {
        self.now_ms += ROUND_MS;
        self.log.expire(self.now_ms);
        if self.portals[self.lease].is_none() {
            self.start_portal(self.lease);
        }
        for at in 0..2 {
            for _ in 0..200 {
                if !self.step_portal(at, false)? {
                    break;
                }
            }
        }
        self.operate()?;
        for at in 0..self.followers.len() {
            for _ in 0..12 {
                self.step_follower(at)?;
                if self.followers[at].at_end {
                    break;
                }
            }
        }
        Ok(())
    }

    fn is_settled(&self) -> bool {
        self.settled().is_ok()
    }

    fn settled(&self) -> Result<(), String> {
        let newest = (self.database.mark.epoch, self.database.mark.revision);
        for (at, follower) in self.followers.iter().enumerate() {
            let state = follower.state(self.now_ms);
            let place = follower.reader.view().map(|view| (view.epoch, view.revision));
            if state != State::Live || place != Some(newest) || follower.shown != self.database.live {
                let portals: Vec<_> = self
                    .portals
                    .iter()
                    .flatten()
                    .map(|portal| {
                        (
                            portal.publisher.status().word(),
                            portal.publisher.status().error.clone(),
                        )
                    })
                    .collect();
                return Err(format!(
                    "in the end follower {at} is {state:?} at {place:?} by keyring {:?} of {}, where the database is at {newest:?}, and the portals are {portals:?}",
                    follower.reader.keyring_version(),
                    self.database.keyring_version,
                ));
            }
        }
        Ok(())
    }

    pub(super) fn refusal(&self) -> Option<Refusal> {
        let portal = self.portals[self.lease].as_ref()?;
        match &portal.publisher.status().doing {
            crate::publish::Doing::Refused(refusal) => Some(refusal.clone()),
            _ => None,
        }
    }

    pub(super) fn set_keys(&mut self) {
        let keys = self.keys;
        for portal in self.portals.iter_mut().flatten() {
            portal.publisher.set_keys((0..keys).map(signing_key).collect());
        }
    }
}
