//! How things are printed: tables that fit the terminal, times in UTC, colors where they help, and commands to copy. What
//! was typed by a buyer passes through [`plain`]: a terminal obeys what it is sent.

use comfy_table::{Attribute, Cell as TableCell, Color, ColumnConstraint, ContentArrangement, Table, presets};
use latchkey::model::Timestamp;
use latchkey::words::Tone;

/// Who looks at it, and how.
#[derive(Debug, Clone)]
pub(crate) struct View {
    /// The terminal's width; `None`: lines are as long as they are, for other programs.
    pub(crate) width: Option<u16>,
    pub(crate) colors: Colors,
    pub(crate) now: Timestamp,
    pub(crate) command: CommandLine,
}

#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(crate) enum Colors {
    None,
    Shown,
}

/// How the operator calls this program for the same Worker again.
#[derive(Debug, Clone)]
pub(crate) struct CommandLine {
    pub(crate) program: &'static str,
    /// Where the address has to be said each time.
    pub(crate) url: Option<String>,
}

/// What stands in a place of a table.
#[derive(Debug, Clone, PartialEq, Eq)]
pub(crate) enum Cell {
    Empty,
    Text(String),
    /// What is copied into a command: never broken into lines.
    Name(String),
    State(&'static str, Tone),
    Time(Timestamp),
}

/// A column of a table: its title, and what of an item stands in it.
pub(crate) struct Column<T: 'static>(pub(crate) &'static str, pub(crate) fn(&T) -> Cell);

impl From<&str> for Cell {
    fn from(text: &str) -> Self {
        if text.is_empty() { Self::Empty } else { Self::Text(text.to_owned()) }
    }
}

impl From<String> for Cell {
    fn from(text: String) -> Self {
        if text.is_empty() { Self::Empty } else { Self::Text(text) }
    }
}

impl From<&String> for Cell {
    fn from(text: &String) -> Self {
        text.as_str().into()
    }
}

impl From<i64> for Cell {
    fn from(number: i64) -> Self {
        Self::Text(number.to_string())
    }
}

impl From<Timestamp> for Cell {
    fn from(time: Timestamp) -> Self {
        Self::Time(time)
    }
}

impl<T> From<Option<T>> for Cell
where
    Self: From<T>,
{
    fn from(value: Option<T>) -> Self {
        value.map_or(Self::Empty, Self::from)
    }
}

impl Cell {
    /// What is copied into a command.
    pub(crate) fn name(text: impl ToString) -> Self {
        match text.to_string() {
            text if text.is_empty() => Self::Empty,
            text => Self::Name(text),
        }
    }
}

impl View {
    /// A line an item. Columns that no item has anything for are left out, and times are in UTC, which the title says.
    pub(crate) fn table<T>(&self, columns: &[Column<T>], items: &[T]) -> String {
        let mut table = self.empty_table();
        let cells: Vec<_> = columns.iter().map(|Column(_, cell)| items.iter().map(cell).collect::<Vec<_>>()).collect();
        let shown: Vec<_> =
            columns.iter().zip(&cells).filter(|(_, cells)| cells.iter().any(|cell| *cell != Cell::Empty)).collect();
        table.set_header(shown.iter().map(|(Column(title, _), cells)| {
            let is_time = cells.iter().any(|cell| matches!(cell, Cell::Time(_)));
            let title = format!("{}{}", title.to_uppercase(), if is_time { " (UTC)" } else { "" });
            if self.colors == Colors::Shown {
                TableCell::new(title).add_attribute(Attribute::Bold)
            } else {
                TableCell::new(title)
            }
        }));
        for row in 0..items.len() {
            table.add_row(shown.iter().filter_map(|(_, cells)| cells.get(row)).map(|cell| match cell {
                Cell::Time(time) => TableCell::new(minute(*time)),
                other => self.cell(other),
            }));
        }
        for (index, (_, cells)) in shown.iter().enumerate() {
            let is_whole = |cell: &Cell| matches!(cell, Cell::Name(_) | Cell::Time(_));
            if let Some(column) = table.column_mut(index).filter(|_| cells.iter().any(is_whole)) {
                column.set_constraint(ColumnConstraint::ContentWidth);
            }
        }
        text_of(table)
    }

    /// A line a member. Those that are not there are left out.
    pub(crate) fn members(&self, members: Vec<(&'static str, Cell)>) -> String {
        let mut table = self.empty_table();
        for (title, cell) in members.into_iter().filter(|(_, cell)| *cell != Cell::Empty) {
            let cell = match cell {
                Cell::Time(time) => TableCell::new(self.moment(time)),
                other => self.cell(&other),
            };
            table.add_row([TableCell::new(title), cell]);
        }
        if let Some(titles) = table.column_mut(0) {
            titles.set_constraint(ColumnConstraint::ContentWidth);
        }
        text_of(table)
    }

    /// A state by itself.
    pub(crate) fn colored(&self, cell: &Cell) -> String {
        let mut table = self.empty_table();
        table.add_row([self.cell(cell)]);
        text_of(table)
    }

    /// Text in lines that fit.
    pub(crate) fn wrapped(&self, text: &str) -> String {
        let mut table = self.empty_table();
        table.add_row([TableCell::new(text)]);
        text_of(table)
    }

    /// The same with less room, for what is indented.
    pub(crate) fn narrower(&self, by: usize) -> Self {
        let by = u16::try_from(by).unwrap_or(u16::MAX);
        Self { width: self.width.map(|width| width.saturating_sub(by)), ..self.clone() }
    }

    /// A time, and how far it is from now.
    pub(crate) fn moment(&self, time: Timestamp) -> String {
        format!("{} UTC ({})", minute(time), self.distance(time))
    }

    /// How far a time is from now.
    fn distance(&self, time: Timestamp) -> String {
        const UNITS: [(i64, &str); 5] = [(365 * 86_400, "y"), (86_400, "d"), (3_600, "h"), (60, "min"), (1, "s")];
        let seconds = (self.now.as_millis() - time.as_millis()).div_euclid(1000);
        let Some((unit, name)) = UNITS.iter().find(|(unit, _)| seconds.abs() >= *unit) else {
            return "now".to_owned();
        };
        let count = seconds.abs() / unit;
        if seconds < 0 { format!("in {count} {name}") } else { format!("{count} {name} ago") }
    }

    fn empty_table(&self) -> Table {
        let mut table = Table::new();
        table.load_style(presets::NOTHING).set_content_arrangement(ContentArrangement::Dynamic).force_no_tty();
        if let Some(width) = self.width {
            table.set_width(width);
        }
        if self.colors == Colors::Shown {
            table.enforce_styling();
        }
        table
    }

    fn cell(&self, cell: &Cell) -> TableCell {
        match cell {
            Cell::Empty | Cell::Time(_) => TableCell::new(""),
            Cell::Text(text) | Cell::Name(text) => TableCell::new(plain(text)),
            Cell::State(words, tone) => match color(*tone) {
                Some(color) if self.colors == Colors::Shown => TableCell::new(words).fg(color),
                _ => TableCell::new(words),
            },
        }
    }
}

const fn color(tone: Tone) -> Option<Color> {
    match tone {
        Tone::Bad => Some(Color::Red),
        Tone::Waits => Some(Color::Yellow),
        Tone::Good => Some(Color::Green),
        Tone::Plain => None,
    }
}

impl CommandLine {
    /// A command to copy.
    pub(crate) fn of(&self, what: &str) -> String {
        let url = self.url.as_ref().map(|url| format!(" --url {url}")).unwrap_or_default();
        format!("{} {what}{url}", self.program)
    }
}

/// Text that does nothing to a terminal: control characters are shown as what they are, ends of lines stay.
pub(crate) fn plain(text: &str) -> String {
    text.chars()
        .map(|character| match character {
            '\n' | '\t' => character,
            _ if character.is_control() || ('\u{202a}'..='\u{202e}').contains(&character) => '\u{fffd}',
            _ if ('\u{2066}'..='\u{2069}').contains(&character) => '\u{fffd}',
            _ => character,
        })
        .collect()
}

/// `2026-11-22 08:00`, in UTC.
fn minute(time: Timestamp) -> String {
    let text = time.to_rfc3339();
    text.get(..16).unwrap_or(&text).replace('T', " ")
}

/// The table's lines, which begin where lines begin and end where their text ends.
fn text_of(mut table: Table) -> String {
    if let Some(first) = table.column_mut(0) {
        first.set_padding((0, 1));
    }
    let lines: Vec<_> = table.lines().map(|line| line.trim_end().to_owned()).collect();
    lines.join("\n")
}

#[cfg(test)]
mod tests {
    use super::*;

    fn view(colors: Colors) -> View {
        let command = CommandLine { program: "latchkey", url: None };
        View { width: None, colors, now: Timestamp::from_millis(1_795_334_400_000), command }
    }

    #[test]
    fn a_state_has_its_color_where_colors_are_wanted() {
        const STATES: &[Column<Tone>] = &[Column("state", |tone| Cell::State("as it is", *tone))];
        let table = |colors, tone| view(colors).table(STATES, &[tone]);
        assert_eq!(table(Colors::None, Tone::Bad), "STATE\nas it is");
        let shown = [Tone::Bad, Tone::Waits, Tone::Good, Tone::Plain].map(|tone| table(Colors::Shown, tone));
        assert!(shown.iter().all(|table| table.contains("as it is") && table.contains('\u{1b}')), "{shown:?}");
        assert!(shown.iter().enumerate().all(|(index, table)| !shown[..index].contains(table)), "{shown:?}");
    }

    #[test]
    fn a_time_is_said_in_utc_and_from_now() {
        for (time, said) in [
            ("2026-11-22T08:00:00Z", "2026-11-22 08:00 UTC (now)"),
            ("2026-11-22T07:59:01Z", "2026-11-22 07:59 UTC (59 s ago)"),
            ("2026-11-22T08:30:00+01:00", "2026-11-22 07:30 UTC (30 min ago)"),
            ("2026-11-20T08:00:01Z", "2026-11-20 08:00 UTC (1 d ago)"),
            ("2026-11-22T11:00:00Z", "2026-11-22 11:00 UTC (in 3 h)"),
            ("2028-11-22T08:00:00Z", "2028-11-22 08:00 UTC (in 2 y)"),
        ] {
            let time = Timestamp::parse(time).expect("a time");
            assert_eq!(view(Colors::None).moment(time), said);
        }
    }

    #[test]
    fn no_text_commands_the_terminal() {
        assert_eq!(plain("a\u{1b}[31mb\u{7}\u{202e}c\u{2066}\n\td"), "a\u{fffd}[31mb\u{fffd}\u{fffd}c\u{fffd}\n\td");
    }
}
