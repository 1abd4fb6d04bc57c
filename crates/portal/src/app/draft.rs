//! One change of an environment's policy, from the feed's row to the commit of its transaction.
//!
//! The row is taken first, so that everything read afterwards is what the change is made of, and the order of revisions is the
//! order of transactions. What is planned is judged as a whole, then written as a whole, or not at all.

use super::answer::Answer;
use super::asked::{Asked, IfMatch};
use super::authorize::authorize;
use super::body;
use super::context::App;
use super::judge::{self, Judged};
use super::key_sets;
use super::refused::Refused;
use super::repeated;
use super::{seat_belt, write};
use crate::identity::{Object, Operation};
use crate::store::entities::Stored;
use crate::store::environments::Environment;
use crate::store::{Tx, entities, environments, feeds};
use policy::entity::Kind;
use serde_json::{Map, Value, json};
use std::collections::{BTreeMap, BTreeSet};

/// What an entity is to be.
#[derive(Debug, Clone, PartialEq)]
pub(crate) struct Wanted {
    /// What readers need.
    pub(crate) body: Map<String, Value>,
    /// What only the portal keeps.
    pub(crate) details: Map<String, Value>,
    /// As [`Stored::status`].
    pub(crate) status: String,
    pub(crate) team: Option<String>,
}

impl Wanted {
    /// Whether readers have it.
    pub(crate) fn is_published(&self) -> bool {
        matches!(self.status.as_str(), "published" | "deprecated")
    }
}

/// What becomes of one entity.
#[derive(Debug, Clone)]
pub(crate) struct Planned {
    pub(crate) kind: Kind,
    pub(crate) id: String,
    /// Its row, also where it was deleted.
    pub(crate) stored: Option<Stored>,
    /// What it was; `None`: it was not there.
    pub(crate) former: Option<Map<String, Value>>,
    /// The same as it is stored.
    pub(crate) former_text: Option<String>,
    /// `None`: it is deleted.
    pub(crate) to: Option<Wanted>,
}

impl Planned {
    /// What readers had of it.
    pub(crate) fn published_former(&self) -> Option<&Map<String, Value>> {
        let had = self.stored.as_ref().is_some_and(|stored| stored.record.is_some());
        self.former.as_ref().filter(|_| had)
    }

    /// What readers will have of it.
    pub(crate) fn published(&self) -> Option<&Map<String, Value>> {
        self.to.as_ref().filter(|to| to.is_published()).map(|to| &to.body)
    }

    /// Whether people change it. `body`: as it would be stored.
    pub(crate) fn changes_something(&self, body: Option<&String>) -> bool {
        let Some(stored) = self.stored.as_ref().filter(|stored| stored.status != "deleted") else {
            return self.to.is_some();
        };
        let Some(to) = &self.to else { return true };
        self.former_text.as_ref() != body
            || stored.status != to.status
            || stored.team != to.team
            || body::object(&stored.details).ok().as_ref() != Some(&to.details)
    }

    /// Whether readers have another body of it than this one.
    pub(crate) fn changes_record(&self, body: Option<&String>) -> bool {
        let record = self.stored.as_ref().and_then(|stored| stored.record.as_deref());
        record.and_then(|record| body::of_record(record).ok()).as_ref() != body
    }
}

/// A change under way.
#[derive(Debug)]
pub(crate) struct Draft {
    pub(crate) app: App,
    pub(crate) asked: Asked,
    pub(crate) tx: Tx,
    pub(crate) environment: Environment,
    pub(crate) epoch: i64,
    pub(crate) revision: i64,
    pub(crate) now: i64,
    /// A word for the audit log, as in `client.suspend`.
    pub(crate) operation: &'static str,
    pub(crate) planned: BTreeMap<(Kind, String), Planned>,
    /// Credentials that ended and are meant to come back.
    pub(crate) brought_back: BTreeSet<String>,
    /// A second person approved it.
    pub(crate) is_approved: bool,
    /// An API that comes from another environment: that one, and the API.
    pub(crate) promoted: Option<(String, String)>,
    /// What was fetched for it before it began.
    pub(crate) gathered: key_sets::Gathered,
    /// Where issuers' keys are followed from now on, by the issuer's id.
    pub(crate) followed: BTreeMap<String, key_sets::Followed>,
}

/// How a change begins.
#[derive(Debug)]
pub(crate) enum Begun {
    /// This very request was answered before.
    Answered(Answer),
    Draft(Box<Draft>),
}

impl Draft {
    /// Takes the feed's row.
    pub(crate) async fn begin(app: &App, asked: Asked, operation: &'static str) -> Result<Begun, Refused> {
        // Before anything is looked for: a gateway learns from no answer what there is.
        authorize(&asked.actor, Operation::ListApis, Object::Organisation)?;
        let mut tx = app.store.begin().await?;
        let missing = || Refused::NotFound(format!("environment `{}`", asked.environment));
        let taken = feeds::take_revision(&mut tx, &asked.environment).await?;
        let (epoch, revision) = taken.ok_or_else(missing)?;
        let environment = environments::get(&mut tx, &asked.environment).await?;
        let environment = environment.ok_or_else(missing)?;
        let now = crate::text::now();
        if let Some(answer) = repeated::answered(&mut tx, &asked, now).await? {
            return Ok(Begun::Answered(answer));
        }
        Ok(Begun::Draft(Box::new(Draft {
            app: app.clone(),
            asked,
            tx,
            environment,
            epoch,
            revision,
            now,
            operation,
            planned: BTreeMap::new(),
            brought_back: BTreeSet::new(),
            is_approved: false,
            promoted: None,
            gathered: key_sets::Gathered::default(),
            followed: BTreeMap::new(),
        })))
    }

    /// An entity as it is now, or as it is planned; `None`: there is none.
    pub(crate) async fn current(&mut self, kind: Kind, id: &str) -> Result<Option<Wanted>, Refused> {
        if let Some(planned) = self.planned.get(&(kind, id.to_owned())) {
            return Ok(planned.to.clone());
        }
        let planned = self.load(kind, id).await?;
        Ok(planned.to)
    }

    /// The same, where it has to be there.
    pub(crate) async fn existing(&mut self, kind: Kind, id: &str) -> Result<Wanted, Refused> {
        let missing = || Refused::NotFound(format!("{kind} `{id}`"));
        self.current(kind, id).await?.ok_or_else(missing)
    }

    /// Holds an entity's version to what the request says it should be.
    pub(crate) async fn match_version(&mut self, kind: Kind, id: &str) -> Result<(), Refused> {
        let stored = entities::get(&mut self.tx, &self.asked.environment, kind, id).await?;
        let stored = stored.filter(|stored| stored.status != "deleted");
        match (&self.asked.if_match, stored) {
            (IfMatch::Any, _) | (IfMatch::New, None) | (IfMatch::Exists, Some(_)) => Ok(()),
            (IfMatch::Version(wanted), Some(stored)) if stored.version == *wanted => Ok(()),
            (_, Some(stored)) => Err(Refused::Stale { now: stored.version }),
            (_, None) => Err(Refused::Stale { now: 0 }),
        }
    }

    async fn load(&mut self, kind: Kind, id: &str) -> Result<Planned, Refused> {
        let stored = entities::get(&mut self.tx, &self.asked.environment, kind, id).await?;
        self.load_stored(kind, id, stored).await
    }

    async fn load_stored(
        &mut self,
        kind: Kind,
        id: &str,
        stored: Option<Stored>,
    ) -> Result<Planned, Refused> {
        let mut planned = Planned {
            kind,
            id: id.to_owned(),
            stored,
            former: None,
            former_text: None,
            to: None,
        };
        let Some(stored) = planned
            .stored
            .as_ref()
            .filter(|stored| stored.status != "deleted")
        else {
            return Ok(planned);
        };
        planned.former_text = body::text_of_stored(&mut self.tx, &self.asked.environment, stored).await?;
        planned.former = planned.former_text.as_deref().map(body::object).transpose()?;
        if let Some(body) = &planned.former {
            planned.to = Some(Wanted {
                body: body.clone(),
                details: body::object(&stored.details)?,
                status: stored.status.clone(),
                team: stored.team.clone(),
            });
        }
        Ok(planned)
    }

    /// Plans what an entity is to be; `None` deletes it.
    pub(crate) async fn plan(&mut self, kind: Kind, id: &str, to: Option<Wanted>) -> Result<(), Refused> {
        let key = (kind, id.to_owned());
        let mut planned = match self.planned.remove(&key) {
            Some(planned) => planned,
            None => self.load(kind, id).await?,
        };
        planned.to = to;
        self.planned.insert(key, planned);
        Ok(())
    }

    /// Loads many at once, so that planning each costs no look-up of its own.
    pub(crate) async fn preload(&mut self, kind: Kind, ids: &[String]) -> Result<(), Refused> {
        let found = entities::get_all(&mut self.tx, &self.asked.environment, kind, ids).await?;
        let mut found: BTreeMap<String, Stored> = found
            .into_iter()
            .map(|stored| (stored.id.clone(), stored))
            .collect();
        for id in ids {
            let stored = found.remove(id);
            let planned = self.load_stored(kind, id, stored).await?;
            self.planned.insert((kind, id.clone()), planned);
        }
        Ok(())
    }

    /// Judges, writes and commits. `subject`: the entity that the answer shows; `more`: what it says beside.
    pub(crate) async fn finish(
        mut self,
        status: u16,
        subject: Option<(Kind, &str)>,
        more: Map<String, Value>,
    ) -> Result<Answer, Refused> {
        // What is loaded and as it was is no part of the change.
        let gathered = &self.gathered;
        self.planned.retain(|(kind, id), one| {
            one.to.as_ref().map(|to| &to.body) != one.former.as_ref()
                || one.changes_something(one.former_text.as_ref())
                || (*kind == Kind::Issuer && gathered.has(id))
        });
        let judged = judge::judge(&mut self).await?;
        self.planned.retain(|key, planned| {
            let has_other_keys = || key.0 == Kind::Issuer && planned.changes_record(judged.record(key));
            planned.changes_something(judged.bodies.get(key)) || has_other_keys()
        });
        let counted = seat_belt::counted(&mut self).await?;
        let exceeds = counted.exceeds(&self.environment) && !self.is_approved;
        if exceeds && !self.asked.confirm && !self.asked.dry_run {
            return Err(counted.refuse(&self.environment));
        }
        if self.asked.dry_run {
            return Ok(self.would_do(&judged, &counted));
        }
        if exceeds && self.environment.second_approver {
            return seat_belt::propose(self, &counted).await;
        }
        self.write(status, subject, more, &judged).await
    }

    /// What would be done, which is undone with the transaction.
    fn would_do(&self, judged: &Judged, counted: &seat_belt::Counted) -> Answer {
        let changes: Vec<String> = self
            .planned
            .keys()
            .map(|(kind, id)| format!("{kind}/{id}"))
            .take(1_000)
            .collect();
        Answer::ok(json!({
            "dry_run": true,
            "changed": self.planned.len(),
            "changes": changes,
            "narrowed": counted.count,
            "confirm_needed": counted.exceeds(&self.environment),
            "warnings": judged.warnings,
        }))
    }

    /// Writes what was judged, without asking the seat belt.
    pub(super) async fn write(
        mut self,
        status: u16,
        subject: Option<(Kind, &str)>,
        more: Map<String, Value>,
        judged: &Judged,
    ) -> Result<Answer, Refused> {
        let place = write::all(&mut self, judged).await?;
        let mut shown = Map::new();
        let mut version = None;
        if let Some((kind, id)) = subject {
            let stored = entities::get(&mut self.tx, &self.asked.environment, kind, id).await?;
            if let Some(stored) = stored.filter(|stored| stored.status != "deleted") {
                version = Some(stored.version);
                let body = body::of_stored(&mut self.tx, &self.asked.environment, &stored).await?;
                if let Value::Object(members) = body::shown(&stored, body.unwrap_or_default())? {
                    shown = members;
                }
            }
        }
        shown.extend(more);
        shown.insert("epoch".into(), place.0.into());
        shown.insert("revision".into(), place.1.into());
        if !judged.warnings.is_empty() {
            shown.insert("warnings".into(), json!(judged.warnings));
        }
        let answer = Answer {
            status,
            body: Value::Object(shown),
            place: Some(place),
            version,
            replayed: false,
        };
        self.commit(answer).await
    }

    /// Makes it last, with what is answered.
    pub(super) async fn commit(mut self, answer: Answer) -> Result<Answer, Refused> {
        repeated::keep(&mut self.tx, &self.asked, &answer, self.now).await?;
        self.tx.commit().await?;
        self.app.written.notify_one();
        Ok(answer)
    }
}
