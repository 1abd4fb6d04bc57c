//! A price file, read strictly: every key known, every figure there, each with its unit and its origin, tiers in order.
//!
//! Works on the document that `gateway::configuration` makes of the text, and says what is wrong by places in it.

use super::prices::{Assumed, Given, Item, Origin, Price, Prices, Tier, Tiers};
use ::gateway::configuration::Judged;
use ::policy::check::{Mark, Place, Problem, Severity, Step};
use serde_json::{Map, Value};

/// Most that one unit may cost, in USD: far beyond anything, and small enough that sums stay exact to the cent.
const USD_MAX: f64 = 1e6;
/// Most tiers of a price.
const TIERS_MAX: usize = 32;
/// Most characters of a source or a reason.
const TEXT_CHARACTERS_MAX: usize = 500;

/// What a document says, and everything that is wrong with it.
pub(super) fn judge(document: &Value) -> Judged<Option<Prices>> {
    let mut reader = Reader::default();
    let value = reader.prices(document);
    Judged {
        value,
        problems: reader.problems,
    }
}

/// A path into the document.
type Path<'a> = &'a [Step];

fn below(path: Path<'_>, key: &str) -> Vec<Step> {
    let mut path = path.to_vec();
    path.push(Step::Key(key.into()));
    path
}

fn listed(keys: &[&str]) -> String {
    let keys: Vec<String> = keys.iter().map(|key| format!("`{key}`")).collect();
    keys.join(", ")
}

#[derive(Default)]
struct Reader {
    problems: Vec<Problem>,
}

impl Reader {
    fn error(&mut self, path: Path<'_>, mark: Mark, message: impl Into<String>, help: impl Into<String>) {
        self.problems.push(Problem {
            at: Place {
                path: path.to_vec(),
                mark,
            },
            severity: Severity::Error,
            message: message.into(),
            help: Some(help.into()),
            related: None,
        });
    }

    fn prices(&mut self, document: &Value) -> Option<Prices> {
        let top = self.map(document, &[], &["region", "as_of", "prices", "assumptions"])?;
        let region = self.text(
            top,
            &[],
            "region",
            "the region of the prices, such as `us-east-1`",
        );
        let as_of = self.date(top, &[], "as_of");
        let item_keys: Vec<&str> = Item::ALL.iter().map(|item| item.key()).collect();
        let given_keys: Vec<&str> = Given::ALL.iter().map(|given| given.key()).collect();
        let prices = self.section(top, "prices", &item_keys);
        let prices = prices.map(|section| {
            let read = |item: &Item| self.price(section, *item);
            Item::ALL.iter().map(read).collect::<Vec<_>>()
        });
        let given = self.section(top, "assumptions", &given_keys);
        let given = given.map(|section| {
            let read = |given: &Given| self.given(section, *given);
            Given::ALL.iter().map(read).collect::<Vec<_>>()
        });
        let prices: Option<Vec<Price>> = prices?.into_iter().collect();
        let given: Option<Vec<Assumed>> = given?.into_iter().collect();
        Some(Prices::new(
            region?,
            as_of?,
            prices?.try_into().ok()?,
            given?.try_into().ok()?,
        ))
    }

    /// A map with no other keys than these.
    fn map<'d>(&mut self, value: &'d Value, path: Path<'_>, keys: &[&str]) -> Option<&'d Map<String, Value>> {
        let Value::Object(map) = value else {
            let help = format!("write a map with {}", listed(keys));
            self.error(path, Mark::Value, "expected a map here", help);
            return None;
        };
        for key in map.keys().filter(|key| !keys.contains(&key.as_str())) {
            let message = format!("unknown key `{}`", key.escape_debug());
            let help = format!("known here: {}", listed(keys));
            self.error(&below(path, key), Mark::Key, message, help);
        }
        Some(map)
    }

    /// The map of all prices, or of all assumptions.
    fn section<'d>(
        &mut self,
        top: &'d Map<String, Value>,
        key: &str,
        keys: &[&str],
    ) -> Option<&'d Map<String, Value>> {
        let Some(value) = top.get(key) else {
            let help = format!("write `{key}:` with {}", listed(keys));
            self.error(&[], Mark::Value, format!("`{key}` is missing"), help);
            return None;
        };
        self.map(value, &below(&[], key), keys)
    }

    /// The entry of one figure: a map, with its unit checked.
    fn entry<'d>(
        &mut self,
        section: &'d Map<String, Value>,
        path: Path<'_>,
        (key, unit): (&str, &str),
        keys: &[&str],
    ) -> Option<&'d Map<String, Value>> {
        let Some(value) = section.get(key) else {
            let help =
                format!("copy it from what `switchboard cost --print-prices` prints; its unit is `{unit}`");
            self.error(path, Mark::Value, format!("`{key}` is missing"), help);
            return None;
        };
        let path = below(path, key);
        let entry = self.map(value, &path, keys)?;
        match entry.get("unit") {
            Some(Value::String(found)) if found == unit => {}
            Some(_) => self.error(
                &below(&path, "unit"),
                Mark::Value,
                format!("`{key}` is counted in another unit"),
                format!("write `unit: {unit}`, and the figure for one of it"),
            ),
            None => self.error(
                &path,
                Mark::Key,
                "without its unit",
                format!("add `unit: {unit}`"),
            ),
        }
        Some(entry)
    }

    fn price(&mut self, section: &Map<String, Value>, item: Item) -> Option<Price> {
        let path = below(&[], "prices");
        let keys = ["unit", "usd", "tiers", "source", "date", "assumption"];
        let entry = self.entry(section, &path, (item.key(), item.unit()), &keys)?;
        let path = below(&path, item.key());
        let tiers = match (entry.get("usd"), entry.get("tiers")) {
            (Some(usd), None) => self.usd(usd, &below(&path, "usd")).map(Tiers::flat),
            (None, Some(tiers)) => self.tiers(tiers, &below(&path, "tiers"), item.unit()),
            (Some(_), Some(_)) => {
                let help =
                    "keep `usd` where one price holds for all, `tiers` where it depends on the quantity";
                self.error(&path, Mark::Key, "both `usd` and `tiers`", help);
                None
            }
            (None, None) => {
                let help = format!("add `usd: …`, the price of one {}", item.unit());
                self.error(&path, Mark::Key, "without its price", help);
                None
            }
        };
        let origin = self.origin(entry, &path);
        Some(Price {
            tiers: tiers?,
            origin: origin?,
        })
    }

    fn given(&mut self, section: &Map<String, Value>, given: Given) -> Option<Assumed> {
        let path = below(&[], "assumptions");
        let keys = ["unit", "value", "source", "date", "assumption"];
        let entry = self.entry(section, &path, (given.key(), given.unit()), &keys)?;
        let path = below(&path, given.key());
        let (min, max) = given.bounds();
        let kind = if given.is_whole() {
            "a whole number"
        } else {
            "a number"
        };
        let help = format!("write {kind} from {min} to {max}");
        let value = match entry.get("value") {
            Some(value) => {
                let fits = |number: &f64| {
                    (min..=max).contains(number) && (!given.is_whole() || number.fract() == 0.0)
                };
                let number = value.as_f64().filter(fits);
                if number.is_none() {
                    let message = format!("`{}` cannot be this", given.key());
                    self.error(&below(&path, "value"), Mark::Value, message, help);
                }
                number
            }
            None => {
                self.error(
                    &path,
                    Mark::Key,
                    "without its value",
                    format!("add `value: …`; {help}"),
                );
                None
            }
        };
        let origin = self.origin(entry, &path);
        Some(Assumed {
            value: value?,
            origin: origin?,
        })
    }

    fn usd(&mut self, value: &Value, path: Path<'_>) -> Option<f64> {
        let number = value.as_f64();
        match number {
            Some(number) if (0.0..=USD_MAX).contains(&number) => Some(number),
            _ => {
                let message = match number {
                    Some(number) if number < 0.0 => "a price below zero",
                    Some(_) => "a price beyond all reason",
                    None => "no price",
                };
                let help = format!("write a number of USD from 0 to {USD_MAX}, without quotes and sign");
                self.error(path, Mark::Value, message, help);
                None
            }
        }
    }

    fn tiers(&mut self, value: &Value, path: Path<'_>, unit: &str) -> Option<Tiers> {
        let items = value
            .as_array()
            .filter(|items| (1..=TIERS_MAX).contains(&items.len()));
        let Some(items) = items else {
            let help = format!(
                "write a list of 1 to {TIERS_MAX} tiers, as in `[{{ up_to: 100, usd: 2 }}, {{ usd: 1 }}]`"
            );
            self.error(path, Mark::Value, "no list of tiers", help);
            return None;
        };
        let mut before = 0.0;
        let mut tiers = Some(Vec::with_capacity(items.len()));
        for (index, item) in items.iter().enumerate() {
            let mut path = path.to_vec();
            path.push(Step::Index(index));
            let is_last = index + 1 == items.len();
            let tier = self.tier(item, &path, (before, is_last), unit);
            before = tier.map_or(before, |tier| tier.up_to);
            tiers = tiers.zip(tier).map(|(mut tiers, tier)| {
                tiers.push(tier);
                tiers
            });
        }
        tiers.map(Tiers::new)
    }

    /// A tier behind one that holds up to `before`.
    fn tier(
        &mut self,
        value: &Value,
        path: Path<'_>,
        (before, is_last): (f64, bool),
        unit: &str,
    ) -> Option<Tier> {
        let map = self.map(value, path, &["up_to", "usd"])?;
        let usd = match map.get("usd") {
            Some(usd) => self.usd(usd, &below(path, "usd")),
            None => {
                let help = format!("add `usd: …`, the price of one {unit} in it");
                self.error(path, Mark::Value, "a tier without its price", help);
                None
            }
        };
        let up_to = match map.get("up_to") {
            None if is_last => Some(f64::INFINITY),
            None => {
                let help = format!("add `up_to: …`, the whole quantity ({unit}) where it ends");
                self.error(path, Mark::Value, "a tier without end before the last one", help);
                None
            }
            Some(_) if is_last => {
                let help = "leave `up_to` out of the last tier: it holds for everything beyond";
                self.error(&below(path, "up_to"), Mark::Value, "the last tier ends", help);
                None
            }
            Some(up_to) => {
                let number = up_to
                    .as_f64()
                    .filter(|number| number.is_finite() && *number > before);
                if number.is_none() {
                    let help = format!(
                        "write a quantity ({unit}) above {before}: tiers rise, and `up_to` is the whole quantity, not its share"
                    );
                    self.error(&below(path, "up_to"), Mark::Value, "tiers out of order", help);
                }
                number
            }
        };
        Some(Tier {
            up_to: up_to?,
            usd: usd?,
        })
    }

    /// Where the figure comes from: `source` and `date`, or `assumption`.
    fn origin(&mut self, entry: &Map<String, Value>, path: Path<'_>) -> Option<Origin> {
        let has = |key: &str| entry.contains_key(key);
        if has("assumption") && (has("source") || has("date")) {
            let help = "keep `source` and `date` if somebody says so, `assumption` if nobody does";
            self.error(path, Mark::Key, "both a source and an assumption", help);
            return None;
        }
        if has("assumption") {
            let help = "why it is taken, in a sentence";
            return self.text(entry, path, "assumption", help).map(Origin::Assumption);
        }
        if !has("source") && !has("date") {
            let help = "add `source: …` and `date: 2026-10-01` (that of the source), or `assumption: …` with the reason";
            self.error(path, Mark::Key, "a figure from nowhere", help);
            return None;
        }
        let source = self.text(entry, path, "source", "who says so: the page, or the price list");
        let date = self.date(entry, path, "date");
        Some(Origin::Source {
            source: source?,
            date: date?,
        })
    }

    fn text(&mut self, map: &Map<String, Value>, path: Path<'_>, key: &str, what: &str) -> Option<String> {
        let Some(value) = map.get(key) else {
            let mark = if path.is_empty() { Mark::Value } else { Mark::Key };
            self.error(
                path,
                mark,
                format!("`{key}` is missing"),
                format!("add `{key}: …`, {what}"),
            );
            return None;
        };
        let fits = |text: &&str| {
            !text.trim().is_empty()
                && text.chars().count() <= TEXT_CHARACTERS_MAX
                && !text.contains(char::is_control)
        };
        let text = value.as_str().filter(fits);
        if text.is_none() {
            let message = format!("`{key}` is no text");
            let help = format!("write {what}: one line of at most {TEXT_CHARACTERS_MAX} characters");
            self.error(&below(path, key), Mark::Value, message, help);
        }
        text.map(str::to_owned)
    }

    fn date(&mut self, map: &Map<String, Value>, path: Path<'_>, key: &str) -> Option<String> {
        let text = self.text(map, path, key, "a date such as `2026-10-01`")?;
        let is_date = |text: &str| {
            let digits = |range: std::ops::Range<usize>| {
                let part = text.get(range)?;
                part.bytes().all(|byte| byte.is_ascii_digit()).then_some(())?;
                part.parse::<u32>().ok()
            };
            let fits = |month: u32, day: u32| (1..=12).contains(&month) && (1..=31).contains(&day);
            text.len() == 10
                && text.get(4..5) == Some("-")
                && text.get(7..8) == Some("-")
                && digits(0..4).is_some()
                && digits(5..7)
                    .zip(digits(8..10))
                    .is_some_and(|(month, day)| fits(month, day))
        };
        if is_date(&text) {
            return Some(text);
        }
        let help = "write year, month and day, as in `2026-10-01`";
        self.error(
            &below(path, key),
            Mark::Value,
            format!("`{key}` is no date"),
            help,
        );
        None
    }
}
