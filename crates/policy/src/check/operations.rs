//! The operations of one API: below its base path, none twice, and none that hides another one unseen.

use super::describe::named;
use super::problem::{At, Place, Problems};
use super::words::operation;
use crate::entity::Api;
use crate::method::{Method, MethodSet};
use crate::path::{PathPrefix, Pattern};
use crate::rules::OPERATIONS_MAX;
use std::cmp::Ordering;
use std::collections::HashMap;

/// `prefix`: the base path; `None` for `/`.
pub(super) fn check(api: &Api, prefix: Option<&PathPrefix>, here: &At<'_>, problems: &mut Problems) {
    let count = api.public.len() + api.operations.len();
    if count > OPERATIONS_MAX {
        let message = format!("{count} operations, at most {OPERATIONS_MAX} are allowed");
        problems
            .error(here.value(), message)
            .help("patterns with `{name}` and `/**` stand for many paths");
        return;
    }
    let (public, list) = (here.key("public"), here.key("operations"));
    let mut written: Vec<Written<'_>> = Vec::new();
    for (index, text) in api.public.iter().enumerate() {
        written.extend(Written::of(text, public.index(index).value()));
    }
    for (index, guarded) in api.operations.iter().enumerate() {
        let at = list.index(index).key("match").value();
        written.extend(Written::of(&guarded.matches, at));
    }
    if let Some(prefix) = prefix {
        for one in written.iter().filter(|one| !one.pattern.is_below(prefix)) {
            outside(one, prefix, here, problems);
        }
    }
    if let Some(groups) = groups(written, problems) {
        hiding(&groups, problems);
    }
}

/// One operation as it was written.
struct Written<'p> {
    text: &'p str,
    methods: MethodSet,
    pattern: Pattern,
    at: Place,
}

impl<'p> Written<'p> {
    fn of(text: &'p str, at: Place) -> Option<Written<'p>> {
        let (methods, pattern) = operation(text).ok()?;
        Some(Written {
            text,
            methods,
            pattern,
            at,
        })
    }
}

fn outside(one: &Written<'_>, prefix: &PathPrefix, here: &At<'_>, problems: &mut Problems) {
    let pattern = one.pattern.as_str();
    let method = one.text.split(' ').next().unwrap_or_default();
    let below = format!("{method} {}{pattern}", prefix.as_str());
    problems
        .error(
            one.at.clone(),
            format!(
                "{} is not below the base path {}",
                named(pattern),
                named(prefix.as_str())
            ),
        )
        .help(format!("patterns are whole paths: write {}", named(&below)))
        .related(here.key("base_path").value(), "the base path");
}

/// All operations of one shape.
struct Group<'p> {
    pattern: Pattern,
    methods: MethodSet,
    first: Place,
    text: &'p str,
}

/// Operations by shape, most specific first; `None` where two of them collide.
fn groups<'p>(written: Vec<Written<'p>>, problems: &mut Problems) -> Option<Vec<Group<'p>>> {
    let mut collide = false;
    let mut by_shape: HashMap<String, Vec<Written<'p>>> = HashMap::new();
    for one in written {
        let others = by_shape.entry(one.pattern.shape()).or_default();
        if let Some(other) = others.iter().find(|other| other.methods.intersects(one.methods)) {
            collide = true;
            problems
                .error(one.at.clone(), format!("{} and {} mean the same", named(one.text), named(other.text)))
                .help(
                    "keep one of them; names of `{parameters}` make no difference, `ANY` is every method, and \
                     `public` and `operations` are one list here",
                )
                .related(other.at.clone(), "the other one");
        }
        others.push(one);
    }
    let mut groups: Vec<Group<'p>> = by_shape
        .into_values()
        .filter_map(|all| {
            let methods = all
                .iter()
                .fold(MethodSet::EMPTY, |methods, one| methods.union(one.methods));
            let first = all.into_iter().next()?;
            Some(Group {
                pattern: first.pattern,
                methods,
                first: first.at,
                text: first.text,
            })
        })
        .collect();
    groups.sort_by(|one, other| one.pattern.compare(&other.pattern));
    (!collide).then_some(groups)
}

/// Where a pattern fits, no wider one is asked: a method that only the wider one has is then refused.
fn hiding(groups: &[Group<'_>], problems: &mut Problems) {
    for (index, narrow) in groups.iter().enumerate() {
        let hidden = groups.iter().skip(index + 1).find_map(|wide| {
            let missing: MethodSet = wide
                .methods
                .iter()
                .filter(|method| !narrow.methods.covers(*method))
                .collect();
            let hides = !missing.is_empty()
                && wide.pattern.overlaps(&narrow.pattern)
                && narrow.pattern.compare(&wide.pattern) == Ordering::Less;
            hides.then_some((wide, missing))
        });
        if let Some((wide, missing)) = hidden {
            hides(narrow, wide, missing, problems);
        }
    }
}

fn hides(narrow: &Group<'_>, wide: &Group<'_>, missing: MethodSet, problems: &mut Problems) {
    /// More methods than these are no help to a reader.
    const LISTED_MAX: usize = 4;
    let methods: Vec<&str> = missing.iter().map(Method::as_str).collect();
    let listed = match methods.len() {
        0..=LISTED_MAX => methods.join(" and "),
        _ => "every other method".to_owned(),
    };
    problems
        .warning(
            narrow.first.clone(),
            format!("{} hides {listed} of {}", named(narrow.text), named(wide.text)),
        )
        .help(format!(
            "the path is chosen first, then the method: {listed} where this pattern fits is refused as \
             `operation_unknown`; add an operation for it with this pattern if it is to be permitted"
        ))
        .related(wide.first.clone(), "the wider one");
}
