//! `transformations`: changes to JSON answers.

use super::Checker;
use super::reach::Reach;
use crate::configuration::decode::At;
use crate::configuration::tree::named;
use crate::configuration::wire;
use std::collections::HashMap;

impl Checker<'_> {
    pub(super) fn transformations(&mut self, gateway: &wire::Gateway, reach: Option<&Reach<'_>>) {
        let Some(key) = gateway.transformations.key() else {
            return;
        };
        let mut shapes = HashMap::new();
        for At {
            value: transformation,
            ..
        } in gateway.transformations.get().map_or(&[][..], |at| &at.value)
        {
            if let Some(path) = transformation.path.get()
                && let Some(pattern) = self.pattern(path)
            {
                self.once(&mut shapes, path, &pattern);
                self.warn_unmet(reach, path, &pattern, "the transformation");
            }
            if let Some(response) = transformation.response.get() {
                self.response(response);
            }
        }
        self.problems.not_in_this_version(key, "transformations");
    }

    /// What is done to a member is said once.
    fn response(&mut self, at: &At<wire::ResponseTransformation>) {
        let removed = at.value.remove_fields.get().map_or(&[][..], |at| &at.value);
        let renamed = at.value.rename_fields.get().map_or(&[][..], |at| &at.value.0);
        let given = at.value.remove_fields.key().or(at.value.rename_fields.key());
        if given.is_none() {
            let message = "a transformation that changes nothing";
            self.problems
                .error(at.key, message)
                .help("add `remove_fields`, `rename_fields`, or both");
        }
        let mut members = HashMap::new();
        for field in removed {
            self.not_empty(field, "a field");
            if let Some(first) = members.insert(&*field.value, field.span) {
                let message = format!("{} is given twice", field.value.shown());
                self.problems
                    .error(field.span, message)
                    .help("keep one")
                    .related(first, "first here");
            }
        }
        let mut names = HashMap::new();
        for (old, new) in renamed {
            self.not_empty(new, "a field");
            if old.trim().is_empty() {
                self.problems.error(new.key, "a field is empty");
            }
            if let Some(first) = members.get(old.as_str()) {
                let message = format!("{} is removed and renamed", named(old));
                self.problems
                    .error(new.key, message)
                    .help("keep one")
                    .related(*first, "removed here");
            }
            if let Some(first) = names.insert(&*new.value, new.span) {
                let message = format!("two fields become {}", new.value.shown());
                self.problems
                    .error(new.span, message)
                    .help("give each its own name")
                    .related(first, "first here");
            }
        }
    }
}
