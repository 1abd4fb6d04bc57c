//! Fills `{{name}}` in a committed configuration with what only the run knows.

use anyhow::{Result, bail};

/// Every `{{name}}` replaced; an error if one is unknown.
pub(crate) fn fill(template: &str, values: &[(&str, &str)]) -> Result<String> {
    let mut filled = String::with_capacity(template.len());
    let mut rest = template;
    while let Some((before, after)) = rest.split_once("{{") {
        let Some((name, after)) = after.split_once("}}") else {
            bail!("`{{{{` without `}}}}`")
        };
        let Some((_, value)) = values.iter().find(|(known, _)| *known == name) else {
            bail!("nothing is known of `{name}`");
        };
        filled.push_str(before);
        filled.push_str(value);
        rest = after;
    }
    filled.push_str(rest);
    Ok(filled)
}

#[cfg(test)]
mod tests {
    //! Names are replaced, unknown ones are told.

    use super::*;

    fn check(template: &str, expected: Result<&str, &str>) {
        let filled = fill(template, &[("port", "80"), ("user", "")]).map_err(|error| error.to_string());
        assert_eq!(filled.as_deref().map_err(String::as_str), expected, "{template}");
    }

    #[test]
    fn values_take_the_place_of_names() {
        check("listen {{port}};{{user}}\nx{{port}}", Ok("listen 80;\nx80"));
        check("{ a: { b: 1 } }", Ok("{ a: { b: 1 } }"));
        check("{{host}}", Err("nothing is known of `host`"));
        check("{{port", Err("`{{` without `}}`"));
    }
}
