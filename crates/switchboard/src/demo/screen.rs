//! How the demo looks: at most `WIDTH` columns, the same text with and without colour.
//!
//! It writes to whatever it is given; on a standard output that is no terminal, or with `NO_COLOR` set, the colours are
//! taken out on the way.

use super::client::Answer;
use anstyle::{AnsiColor, Style};
use std::io::{self, Write};

/// Columns that no line is longer than, where it can be broken at all.
const WIDTH: usize = 100;
/// What requests and answers are set in by.
const INDENT: &str = "    ";
/// Lines of a body that are shown.
const BODY_LINES_MAX: usize = 8;

const TITLE: Style = AnsiColor::Cyan.on_default().bold();
const STRONG: Style = Style::new().bold();
const FAINT: Style = Style::new().dimmed();
const GOOD: Style = AnsiColor::Green.on_default().bold();
const MOVED: Style = AnsiColor::Blue.on_default().bold();
const REFUSED: Style = AnsiColor::Yellow.on_default().bold();
const FAILED: Style = AnsiColor::Red.on_default().bold();

/// Where the demo writes.
pub(super) struct Screen {
    out: Box<dyn Write + Send>,
}

impl Screen {
    /// Standard output, in colour where it is a terminal that wants some.
    pub(super) fn stdout() -> Screen {
        Screen {
            out: Box::new(anstream::AutoStream::auto(io::stdout())),
        }
    }

    pub(super) fn blank(&mut self) -> io::Result<()> {
        writeln!(self.out)
    }

    /// What everything below is.
    pub(super) fn heading(&mut self, text: &str) -> io::Result<()> {
        writeln!(self.out, " {STRONG}{text}{STRONG:#}\n")
    }

    /// Lines as they are: a picture.
    pub(super) fn picture(&mut self, lines: &[String]) -> io::Result<()> {
        for line in lines {
            writeln!(self.out, "   {line}")?;
        }
        self.blank()
    }

    /// Running text.
    pub(super) fn paragraph(&mut self, text: &str) -> io::Result<()> {
        for line in wrapped(text, WIDTH - 1) {
            writeln!(self.out, " {line}")?;
        }
        Ok(())
    }

    /// The beginning of a step.
    pub(super) fn step(&mut self, number: usize, title: &str) -> io::Result<()> {
        writeln!(self.out, "{TITLE}{number:>2}. {title}{TITLE:#}")
    }

    /// A command that asks for something.
    pub(super) fn command(&mut self, command: &str) -> io::Result<()> {
        writeln!(self.out, "{INDENT}{FAINT}${FAINT:#} {STRONG}{command}{STRONG:#}")
    }

    /// Bytes on the wire that no well-behaved client would send, or lines of a file.
    pub(super) fn lines(&mut self, mark: char, lines: &[String]) -> io::Result<()> {
        for line in lines {
            let blank = if line.is_empty() { "" } else { " " };
            writeln!(
                self.out,
                "{INDENT}{FAINT}{mark}{FAINT:#}{blank}{STRONG}{line}{STRONG:#}"
            )?;
        }
        Ok(())
    }

    /// What a command printed, with its own colours.
    pub(super) fn said(&mut self, text: &str) -> io::Result<()> {
        for line in text.lines() {
            writeln!(self.out, "{INDENT}{line}")?;
        }
        Ok(())
    }

    /// What happens meanwhile, unseen by those who ask.
    pub(super) fn aside(&mut self, text: &str) -> io::Result<()> {
        writeln!(self.out, "{INDENT}{FAINT}({text}){FAINT:#}")
    }

    /// An answer: its status, those of its fields that are named, and its body.
    pub(super) fn answer(&mut self, answer: &Answer, fields: &[&str]) -> io::Result<()> {
        let style = match answer.status {
            ..300 => GOOD,
            300..400 => MOVED,
            400..500 => REFUSED,
            500.. => FAILED,
        };
        let status = format!("{} {}", answer.status, answer.reason);
        let took = format!("{:.1} ms", answer.took.as_secs_f64() * 1000.0);
        writeln!(
            self.out,
            "{INDENT}{style}{status}{style:#}  {FAINT}{took}{FAINT:#}"
        )?;
        for name in fields {
            let named = answer
                .fields
                .iter()
                .filter(|(known, _)| known.eq_ignore_ascii_case(name));
            for (name, value) in named {
                writeln!(self.out, "{INDENT}{FAINT}{name}:{FAINT:#} {value}")?;
            }
        }
        for line in body_lines(&answer.body) {
            writeln!(self.out, "{INDENT}{line}")?;
        }
        Ok(())
    }

    /// What was seen elsewhere: by a service, or on the connection.
    pub(super) fn saw(&mut self, text: &str) -> io::Result<()> {
        self.labelled("saw", text)
    }

    /// Why it is so.
    pub(super) fn why(&mut self, text: &str) -> io::Result<()> {
        self.labelled("why", text)?;
        self.blank()
    }

    fn labelled(&mut self, label: &str, text: &str) -> io::Result<()> {
        write!(self.out, "{INDENT}{FAINT}{label}{FAINT:#} ")?;
        let margin = label.len() + 1;
        let text = wrapped(text, WIDTH - INDENT.len() - margin);
        let between = format!("\n{INDENT}{:margin$}", "");
        writeln!(self.out, "{}", text.join(&between))
    }

    /// A command to try, and what for.
    pub(super) fn hint(&mut self, what: &str, command: &str) -> io::Result<()> {
        writeln!(self.out, "   {what:<9}{STRONG}{command}{STRONG:#}")
    }

    /// Makes everything visible that was written so far.
    pub(super) fn flush(&mut self) -> io::Result<()> {
        self.out.flush()
    }
}

/// Breaks text at blanks. A word longer than a line has a line of its own.
fn wrapped(text: &str, width: usize) -> Vec<String> {
    let mut lines = vec![String::new()];
    for word in text.split_whitespace() {
        let line = lines.last_mut().expect("there is a first line");
        if line.is_empty() {
            line.push_str(word);
        } else if line.chars().count() + 1 + word.chars().count() <= width {
            line.push(' ');
            line.push_str(word);
        } else {
            lines.push(word.to_owned());
        }
    }
    lines
}

/// A JSON body on one line where it fits, else its members one a line, each cut where it is too long.
fn body_lines(body: &str) -> Vec<String> {
    let body = body.trim_end();
    let width = WIDTH - INDENT.len();
    if body.is_empty() {
        return Vec::new();
    }
    let Some((open, members, close)) = members(body).filter(|_| body.chars().count() > width) else {
        return body
            .lines()
            .take(BODY_LINES_MAX)
            .map(|line| cut(line, width))
            .collect();
    };
    let mut lines = vec![open.to_owned()];
    let shown = members.len().min(BODY_LINES_MAX);
    for (index, member) in members.iter().take(shown).enumerate() {
        let comma = if index + 1 < members.len() { "," } else { "" };
        lines.push(cut(&format!(" {}{comma}", member.trim()), width));
    }
    if shown < members.len() {
        lines.push(format!(" … {} more", members.len() - shown));
    }
    lines.push(close.to_owned());
    lines
}

fn cut(line: &str, width: usize) -> String {
    if line.chars().count() <= width {
        return line.to_owned();
    }
    let kept: String = line.chars().take(width - 1).collect();
    format!("{kept}…")
}

/// The members of a JSON object or array, as they were written and in their order; `None` for anything else.
fn members(json: &str) -> Option<(&str, Vec<&str>, &str)> {
    let close = match json.chars().next()? {
        '{' => "}",
        '[' => "]",
        _ => return None,
    };
    let inner = json.get(1..)?.strip_suffix(close)?;
    let (mut depth, mut in_string, mut escaped) = (0_usize, false, false);
    let mut members = Vec::new();
    let mut begin = 0;
    for (at, byte) in inner.bytes().enumerate() {
        match byte {
            _ if escaped => escaped = false,
            b'\\' if in_string => escaped = true,
            b'"' => in_string = !in_string,
            _ if in_string => {}
            b'{' | b'[' => depth += 1,
            b'}' | b']' => depth = depth.checked_sub(1)?,
            b',' if depth == 0 => {
                members.push(inner.get(begin..at)?);
                begin = at + 1;
            }
            _ => {}
        }
    }
    members.push(inner.get(begin..)?);
    Some((json.get(..1)?, members, close))
}

#[cfg(test)]
mod tests {
    //! Everything fits, and what is cut is cut visibly.

    use super::*;

    #[test]
    fn text_is_broken_at_blanks() {
        assert_eq!(wrapped("a bb  ccc dddd", 6), ["a bb", "ccc", "dddd"]);
        assert_eq!(wrapped("averylongword b", 6), ["averylongword", "b"]);
        assert_eq!(wrapped("", 6), [""]);
    }

    #[test]
    fn members_are_split_at_the_top_level_only() {
        let (open, members, close) = members(r#"{"a":[1,2],"b":"x,\"}","c":{"d":1}}"#).unwrap();
        assert_eq!((open, close), ("{", "}"));
        assert_eq!(members, [r#""a":[1,2]"#, r#""b":"x,\"}""#, r#""c":{"d":1}"#]);
        assert!(super::members("plain").is_none());
        assert!(super::members("{\"a\":]}").is_none());
    }

    #[test]
    fn no_line_of_a_body_is_too_long() {
        let member = format!("\"{}\"", "x".repeat(200));
        let body = format!("[{}]", vec![member; 12].join(","));
        for text in [body.as_str(), &"plain ".repeat(100)] {
            let lines = body_lines(text);
            assert!(lines.len() <= BODY_LINES_MAX + 3, "{lines:#?}");
            assert!(
                lines
                    .iter()
                    .all(|line| line.chars().count() <= WIDTH - INDENT.len())
            );
        }
        assert_eq!(body_lines("{\"a\":1}\n"), ["{\"a\":1}"]);
        assert_eq!(body_lines(""), Vec::<String>::new());
    }
}
