//! Aligned tables without borders, as wide as the terminal and no wider, and blocks of names with values.
//!
//! Some columns of a table give way (with `…`) when the line would not fit, one before the other. Where the width is not
//! known, as in a pipe, nothing is cut. Cells are one line each: whatever line ends they hold become spaces.

use comfy_table::{Attribute, Cell, CellAlignment, Color, ContentArrangement, Table as Grid, presets};

use super::{sanitise, width};

/// Least width that an elastic column is cut down to.
const LEAST_ELASTIC: usize = 16;
/// Least width that a column that yields is cut down to.
const LEAST_YIELDING: usize = 12;
/// Spaces between columns.
const GAP: usize = 2;

/// How a cell looks.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(crate) enum Tone {
    /// As it is.
    Plain,
    /// There for completeness.
    Faint,
    /// As it should be.
    Good,
    /// Worth a look.
    Careful,
    /// Wrong.
    Bad,
}

/// When a column gives way.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
enum Give {
    Never,
    First,
    Last,
}

/// A column: its heading and how it is laid out.
#[derive(Debug, Clone, Copy)]
pub(crate) struct Column {
    heading: &'static str,
    give: Give,
    right: bool,
}

impl Column {
    /// Text, aligned to the left.
    pub(crate) const fn text(heading: &'static str) -> Self {
        Self { heading, give: Give::Never, right: false }
    }

    /// Text that gives way when the line would not fit.
    pub(crate) const fn elastic(heading: &'static str) -> Self {
        Self { heading, give: Give::Last, right: false }
    }

    /// Text that gives way before that.
    pub(crate) const fn yielding(heading: &'static str) -> Self {
        Self { heading, give: Give::First, right: false }
    }

    /// A number, aligned to the right.
    pub(crate) const fn number(heading: &'static str) -> Self {
        Self { heading, give: Give::Never, right: true }
    }
}

/// A table to be.
#[derive(Debug)]
pub(crate) struct Table<const N: usize> {
    columns: [Column; N],
    rows: Vec<[(String, Tone); N]>,
}

impl<const N: usize> Table<N> {
    /// A table with these columns.
    pub(crate) fn new(columns: [Column; N]) -> Self {
        Self { columns, rows: Vec::new() }
    }

    /// One more row. Cells are made safe for one line.
    pub(crate) fn row(&mut self, cells: [(String, Tone); N]) {
        self.rows.push(cells.map(|(text, tone)| (sanitise::line(&text), tone)));
    }

    /// The table as text, each line ended, within `limit` columns if there is one.
    pub(crate) fn render(mut self, limit: Option<usize>) -> String {
        if let Some(limit) = limit {
            self.fit(limit);
        }
        let mut grid = Grid::new();
        grid.load_style(presets::NOTHING).set_content_arrangement(ContentArrangement::Disabled).enforce_styling();
        grid.set_header(self.columns.map(|column| match column.heading {
            "" => Cell::new(""),
            heading => Cell::new(heading).add_attribute(Attribute::Bold),
        }));
        for row in &self.rows {
            grid.add_row(row.iter().map(|(text, tone)| cell(text, *tone)).collect::<Vec<_>>());
        }
        // Styled text only, so that the spaces at the end of a line can be taken off.
        grid.style_text_only();
        for (at, (column, shape)) in grid.column_iter_mut().zip(self.columns).enumerate() {
            column.set_padding((0, if at + 1 == N { 0 } else { GAP as u16 }));
            column.set_cell_alignment(if shape.right { CellAlignment::Right } else { CellAlignment::Left });
        }
        grid.lines().map(|line| line.trim_end().to_owned() + "\n").collect()
    }

    /// Cuts first the columns that yield, then the elastic one, as far as it takes.
    fn fit(&mut self, limit: usize) {
        for (give, least) in [(Give::First, LEAST_YIELDING), (Give::Last, LEAST_ELASTIC)] {
            for at in 0..N {
                if self.columns.get(at).is_some_and(|column| column.give == give) {
                    let (own, excess) = (self.widest(at), self.columns_taken().saturating_sub(limit));
                    self.cut(at, own.saturating_sub(excess).max(least));
                }
            }
        }
    }

    fn cut(&mut self, at: usize, room: usize) {
        for row in &mut self.rows {
            if let Some((text, _)) = row.get_mut(at) {
                *text = width::truncate(text, room);
            }
        }
    }

    fn columns_taken(&self) -> usize {
        (0..N).map(|at| self.widest(at)).sum::<usize>() + GAP * N.saturating_sub(1)
    }

    fn widest(&self, at: usize) -> usize {
        let cells = self.rows.iter().filter_map(|row| row.get(at)).map(|(text, _)| width::columns(text));
        cells.chain(self.columns.get(at).map(|column| column.heading.len())).max().unwrap_or(0)
    }
}

fn cell(text: &str, tone: Tone) -> Cell {
    let cell = Cell::new(text);
    match tone {
        // An empty cell has nothing to style, and is to leave no trace at the end of a line.
        _ if text.is_empty() => cell,
        Tone::Plain => cell,
        Tone::Faint => cell.add_attribute(Attribute::Dim),
        Tone::Good => cell.fg(Color::DarkGreen),
        Tone::Careful => cell.fg(Color::DarkYellow),
        Tone::Bad => cell.fg(Color::DarkRed),
    }
}

/// Names with their values, one under the other, values aligned and wrapped.
#[derive(Debug, Default)]
pub(crate) struct Pairs {
    rows: Vec<(&'static str, String)>,
}

impl Pairs {
    /// An empty block.
    pub(crate) fn new() -> Self {
        Self::default()
    }

    /// One more line. A value may be styled, and is then taken as it is; anything untrusted in it must be clean.
    pub(crate) fn add(&mut self, name: &'static str, value: impl Into<String>) {
        self.rows.push((name, value.into()));
    }

    /// One more line, if there is a value.
    pub(crate) fn maybe(&mut self, name: &'static str, value: Option<&str>) {
        if let Some(value) = value {
            self.add(name, sanitise::line(value));
        }
    }

    /// The block as text, each line ended.
    pub(crate) fn render(&self) -> String {
        let widest = self.rows.iter().map(|(name, _)| name.len()).max().unwrap_or(0);
        let mut text = String::new();
        for (name, value) in &self.rows {
            let name = format!("{name:widest$}");
            text.push_str(&super::style::faint(&name));
            for (at, line) in value.split('\n').enumerate() {
                if at > 0 {
                    text.push_str(&" ".repeat(widest));
                }
                text.push_str("  ");
                text.push_str(line);
                text.push('\n');
            }
        }
        text
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn sample() -> Table<3> {
        let mut table = Table::new([Column::text("id"), Column::elastic("title"), Column::number("n")]);
        for (id, title, n) in [
            ("abcdefghij", "A national plan written with those whom it concerns", "7"),
            ("klmnopqrst", "人权行动计划由各部委与民间社会共同制定", "12"),
            ("uvwxyz2345", "خطة وطنية أعدت مع المعنيين بها", "3"),
        ] {
            table.row([(id.into(), Tone::Faint), (title.into(), Tone::Plain), (n.into(), Tone::Plain)]);
        }
        table
    }

    fn plain(text: &str) -> String {
        anstream::adapter::strip_str(text).to_string()
    }

    #[test]
    fn nothing_is_cut_where_the_width_is_unknown() {
        insta::assert_snapshot!(plain(&sample().render(None)));
    }

    #[test]
    fn the_elastic_column_gives_way() {
        let text = plain(&sample().render(Some(44)));
        insta::assert_snapshot!(text);
        assert!(text.lines().all(|line| width::columns(line) <= 44));
    }

    #[test]
    fn colour_is_there_to_be_taken_out() {
        assert!(sample().render(None).contains('\u{1b}'));
    }

    #[test]
    fn a_cell_is_one_line_and_harmless() {
        let mut table = Table::new([Column::text("title")]);
        table.row([("one\ntwo\u{1b}[2J".into(), Tone::Plain)]);
        assert_eq!(plain(&table.render(None)), "title\none two\\u{1b}[2J\n");
    }

    #[test]
    fn pairs_are_aligned() {
        let mut pairs = Pairs::new();
        pairs.add("network", "First");
        pairs.add("id", "1\n2");
        pairs.maybe("absent", None);
        assert_eq!(plain(&pairs.render()), "network  First\nid       1\n         2\n");
    }
}
