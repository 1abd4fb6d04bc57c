//! What is wrong with a policy, and where: a pointer into the document, for whoever knows lines and columns.

use std::fmt;

/// Most problems that are kept; of the others only the number is known.
const PROBLEMS_MAX: usize = 100;

/// Whether a problem keeps the policy from being used.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Severity {
    /// The policy is refused.
    Error,
    /// The policy is taken; something in it has no effect, or likely not the one that was meant.
    Warning,
}

/// One step into the document.
#[derive(Debug, Clone, PartialEq, Eq)]
pub enum Step {
    /// The member of a map.
    Key(Box<str>),
    /// The item of a list, from 0.
    Index(usize),
}

/// What of the member at the end of a path is meant.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Mark {
    /// Its key.
    Key,
    /// Its value.
    Value,
}

/// A place in the document.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Place {
    /// From the top of the document; the document itself where it is empty.
    pub path: Vec<Step>,
    /// Key or value.
    pub mark: Mark,
}

/// As in `apis[0].operations[2].match`; a key has a `#` behind it.
impl fmt::Display for Place {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        for (index, step) in self.path.iter().enumerate() {
            match step {
                Step::Key(key) if index == 0 => f.write_str(key)?,
                Step::Key(key) => write!(f, ".{key}")?,
                Step::Index(index) => write!(f, "[{index}]")?,
            }
        }
        f.write_str(if self.mark == Mark::Key { "#" } else { "" })
    }
}

/// One problem.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Problem {
    /// Where.
    pub at: Place,
    /// Whether the policy is refused for it.
    pub severity: Severity,
    /// What is wrong.
    pub message: String,
    /// What to write instead.
    pub help: Option<String>,
    /// Another place that the problem is about, and what stands there.
    pub related: Option<(Place, &'static str)>,
}

impl Problem {
    /// What to write instead.
    pub(super) fn help(&mut self, help: impl Into<String>) -> &mut Problem {
        self.help = Some(help.into());
        self
    }

    /// Another place that the problem is about, and what stands there.
    pub(super) fn related(&mut self, place: Place, label: &'static str) -> &mut Problem {
        self.related = Some((place, label));
        self
    }
}

/// A place on the way down, which costs nothing until it is needed.
#[derive(Debug, Clone, Copy)]
pub(super) struct At<'a> {
    parent: Option<&'a At<'a>>,
    step: Down<'a>,
}

#[derive(Debug, Clone, Copy)]
enum Down<'a> {
    Top,
    Key(&'a str),
    Index(usize),
}

impl<'a> At<'a> {
    /// The document itself.
    pub(super) const TOP: At<'static> = At {
        parent: None,
        step: Down::Top,
    };

    pub(super) fn key(&'a self, key: &'a str) -> At<'a> {
        At {
            parent: Some(self),
            step: Down::Key(key),
        }
    }

    pub(super) fn index(&'a self, index: usize) -> At<'a> {
        At {
            parent: Some(self),
            step: Down::Index(index),
        }
    }

    /// The value here.
    pub(super) fn value(&self) -> Place {
        self.place(Mark::Value)
    }

    /// The key here.
    pub(super) fn its_key(&self) -> Place {
        self.place(Mark::Key)
    }

    fn place(&self, mark: Mark) -> Place {
        let mut path = Vec::new();
        let mut here = Some(self);
        while let Some(at) = here {
            match at.step {
                Down::Top => {}
                Down::Key(key) => path.push(Step::Key(key.into())),
                Down::Index(index) => path.push(Step::Index(index)),
            }
            here = at.parent;
        }
        path.reverse();
        Place { path, mark }
    }
}

/// The problems found so far.
#[derive(Debug, Default)]
pub(super) struct Problems {
    list: Vec<Problem>,
    warnings: Vec<Problem>,
    errors: usize,
    spare: Option<Problem>,
    left_out: usize,
}

impl Problems {
    pub(super) fn error(&mut self, at: Place, message: impl Into<String>) -> &mut Problem {
        self.errors += 1;
        self.add(at, Severity::Error, message.into())
    }

    pub(super) fn warning(&mut self, at: Place, message: impl Into<String>) -> &mut Problem {
        self.add(at, Severity::Warning, message.into())
    }

    /// How many errors there are, those that were left out among them.
    pub(super) fn errors(&self) -> usize {
        self.errors
    }

    /// Errors before warnings, each in the order in which they were found; and how many were left out.
    pub(super) fn finish(mut self) -> (Vec<Problem>, usize) {
        let room = PROBLEMS_MAX.saturating_sub(self.list.len());
        self.left_out += self.warnings.len().saturating_sub(room);
        self.warnings.truncate(room);
        self.list.append(&mut self.warnings);
        (self.list, self.left_out)
    }

    fn add(&mut self, at: Place, severity: Severity, message: String) -> &mut Problem {
        let problem = Problem {
            at,
            severity,
            message,
            help: None,
            related: None,
        };
        let list = match severity {
            Severity::Error => &mut self.list,
            Severity::Warning => &mut self.warnings,
        };
        if list.len() < PROBLEMS_MAX {
            list.push(problem);
            return list.last_mut().expect("one was pushed");
        }
        // Callers go on as always; what they add to this one is lost with it.
        self.left_out += 1;
        self.spare.insert(problem)
    }
}
