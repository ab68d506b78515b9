//! A small picture of how something grows with the number of practices: an SVG that is read without its colours as well.
//!
//! The sizes are a logarithmic axis, the values a linear one from zero. Each line has a mark of its own, and its name stands
//! beside its end. The panel has a ground of its own, dark where the reader prefers that.

use std::fmt::Write;

const WIDTH: f64 = 640.0;
const HEIGHT: f64 = 300.0;
const LEFT: f64 = 62.0;
const RIGHT: f64 = 150.0;
const TOP: f64 = 44.0;
const BOTTOM: f64 = 34.0;
/// Lines of the grid that are aimed at.
const GRID: f64 = 4.0;
/// Between two names beside each other's lines.
const NAMES_APART: f64 = 15.0;

const STYLE: &str = "text{font:12px system-ui,sans-serif;fill:#24292f}.title{font-size:14px;font-weight:600}\
    .ground{fill:#fff;stroke:#d0d7de}.grid{stroke:#d8dee4}.line{fill:none;stroke-width:2}\
    .c0{stroke:#0b5cad}.c1{stroke:#a4460b}.c2{stroke:#5f6a74}.c3{stroke:#7b3fa0}.m{stroke-width:2;fill:#fff}\
    .goal{stroke:#5f6a74;stroke-dasharray:2 4}\
    @media(prefers-color-scheme:dark){text{fill:#e6edf3}.ground{fill:#161b22;stroke:#3d444d}.grid{stroke:#30363d}\
    .c0{stroke:#6cb6ff}.c1{stroke:#f69d50}.c2{stroke:#9aa4ae}.c3{stroke:#d2a8ff}.m{fill:#161b22}.goal{stroke:#9aa4ae}}";

/// A picture.
#[derive(Debug, Clone, Default)]
pub(crate) struct Plot {
    /// What it shows, with the unit.
    pub(crate) title: String,
    /// The lines.
    pub(crate) lines: Vec<Line>,
    /// A bound that is to be kept, and its name.
    pub(crate) goal: Option<(f64, String)>,
}

/// A line of it.
#[derive(Debug, Clone)]
pub(crate) struct Line {
    /// Its name.
    pub(crate) name: String,
    /// Size and value, by size.
    pub(crate) points: Vec<(f64, f64)>,
}

impl Plot {
    /// The picture as SVG; nothing where there is nothing to see.
    pub(crate) fn svg(&self) -> Option<String> {
        let axes = Axes::of(self)?;
        let mut svg = format!(
            "<svg xmlns=\"http://www.w3.org/2000/svg\" viewBox=\"0 0 {WIDTH} {HEIGHT}\" width=\"{WIDTH}\" \
             height=\"{HEIGHT}\" role=\"img\" aria-labelledby=\"t d\">\n<title id=\"t\">{}</title>\n<desc id=\"d\">{}</desc>\n\
             <style>{STYLE}</style>\n<rect class=\"ground\" x=\".5\" y=\".5\" width=\"{}\" height=\"{}\" rx=\"6\"/>\n\
             <text class=\"title\" x=\"16\" y=\"26\">{}</text>\n",
            escaped(&self.title),
            escaped(&self.described()),
            WIDTH - 1.0,
            HEIGHT - 1.0,
            escaped(&self.title),
        );
        axes.draw(&mut svg);
        if let Some((value, name)) = &self.goal {
            let y = axes.y(*value);
            let _ = writeln!(svg, "<path class=\"goal\" d=\"M{LEFT} {y:.1}H{:.1}\"/>", WIDTH - RIGHT);
            let _ = writeln!(svg, "<text x=\"{:.1}\" y=\"{:.1}\">{}</text>", LEFT + 6.0, y - 4.0, escaped(name));
        }
        self.draw_lines(&axes, &mut svg);
        svg.push_str("</svg>\n");
        Some(svg)
    }

    fn draw_lines(&self, axes: &Axes, svg: &mut String) {
        let mut ends: Vec<(f64, usize)> = Vec::new();
        for (place, line) in self.lines.iter().enumerate() {
            let places: Vec<(f64, f64)> = line.points.iter().map(|(x, y)| (axes.x(*x), axes.y(*y))).collect();
            let path: Vec<String> = places.iter().map(|(x, y)| format!("{x:.1} {y:.1}")).collect();
            let colour = place % 4;
            let _ = writeln!(svg, "<path class=\"line c{colour}\" d=\"M{}\"/>", path.join("L"));
            for (x, y) in &places {
                let _ = writeln!(svg, "<path class=\"m c{colour}\" d=\"M{x:.1} {y:.1}{}\"/>", mark(place));
            }
            ends.extend(places.last().map(|(_, y)| (*y, place)));
        }
        // Names that would lie on one another are moved apart, in the order of their lines.
        ends.sort_by(|one, other| one.0.total_cmp(&other.0));
        let mut lowest = f64::MIN;
        for (y, place) in ends {
            let y = y.max(lowest + NAMES_APART);
            lowest = y;
            let (x, colour) = (WIDTH - RIGHT + 14.0, place % 4);
            let _ = writeln!(svg, "<path class=\"m c{colour}\" d=\"M{x:.1} {y:.1}{}\"/>", mark(place));
            let name = self.lines.get(place).map_or("", |line| line.name.as_str());
            let _ = writeln!(svg, "<text x=\"{:.1}\" y=\"{:.1}\">{}</text>", x + 10.0, y + 4.0, escaped(name));
        }
    }

    /// All values in words, for who does not see them.
    fn described(&self) -> String {
        let lines = self.lines.iter().map(|line| {
            let points = line.points.iter().map(|(x, y)| format!("{} at {}", short(*y), short(*x)));
            format!("{}: {}", line.name, points.collect::<Vec<_>>().join(", "))
        });
        let goal = self.goal.iter().map(|(_, name)| name.clone());
        lines.chain(goal).collect::<Vec<_>>().join("; ") + "."
    }
}

struct Axes {
    sizes: Vec<f64>,
    top: f64,
    step: f64,
}

impl Axes {
    fn of(plot: &Plot) -> Option<Self> {
        let points = || plot.lines.iter().flat_map(|line| &line.points);
        let mut sizes: Vec<f64> = points().map(|(x, _)| *x).filter(|x| *x > 0.0).collect();
        sizes.sort_by(f64::total_cmp);
        sizes.dedup();
        let most = points().map(|(_, y)| *y).chain(plot.goal.iter().map(|(y, _)| *y)).fold(0.0, f64::max);
        if sizes.is_empty() || most <= 0.0 {
            return None;
        }
        let step = round_step(most / GRID);
        Some(Self { sizes, top: (most / step).ceil() * step, step })
    }

    fn x(&self, size: f64) -> f64 {
        let (first, last) = (self.sizes[0].log10(), self.sizes[self.sizes.len() - 1].log10());
        let part = if last > first { (size.log10() - first) / (last - first) } else { 0.5 };
        LEFT + 20.0 + part * (WIDTH - LEFT - RIGHT - 40.0)
    }

    fn y(&self, value: f64) -> f64 {
        HEIGHT - BOTTOM - value / self.top * (HEIGHT - TOP - BOTTOM)
    }

    fn draw(&self, svg: &mut String) {
        let mut value = 0.0;
        while value <= self.top * 1.001 {
            let y = self.y(value);
            let _ = writeln!(svg, "<path class=\"grid\" d=\"M{LEFT} {y:.1}H{:.1}\"/>", WIDTH - RIGHT);
            let (x, text) = (LEFT - 8.0, short(value));
            let _ = writeln!(svg, "<text x=\"{x:.1}\" y=\"{:.1}\" text-anchor=\"end\">{text}</text>", y + 4.0);
            value += self.step;
        }
        for size in &self.sizes {
            let (x, y, text) = (self.x(*size), HEIGHT - BOTTOM + 18.0, short(*size));
            let _ = writeln!(svg, "<text x=\"{x:.1}\" y=\"{y:.1}\" text-anchor=\"middle\">{text}</text>");
        }
    }
}

/// The next of 1, 2, 5, 10 times a power of ten.
fn round_step(least: f64) -> f64 {
    let power = 10_f64.powf(least.log10().floor());
    [1.0, 2.0, 5.0, 10.0].into_iter().map(|factor| factor * power).find(|step| *step >= least * 0.999).unwrap_or(least)
}

/// A mark around the point where the path stands: a disc, a square, a triangle, a cross.
fn mark(place: usize) -> &'static str {
    match place % 4 {
        0 => "m-4 0a4 4 0 1 0 8 0a4 4 0 1 0 -8 0",
        1 => "m-4 -4h8v8h-8z",
        2 => "m0 -5l5 9h-10z",
        _ => "m-4 -4l8 8m0 -8l-8 8",
    }
}

/// A number in few characters.
fn short(value: f64) -> String {
    let (value, unit) = match value {
        large if large >= 1e6 => (value / 1e6, "M"),
        large if large >= 1e3 => (value / 1e3, "k"),
        _ => (value, ""),
    };
    let digits = if value >= 100.0 {
        0
    } else if value >= 10.0 {
        1
    } else {
        2
    };
    let text = format!("{value:.digits$}");
    let text = if text.contains('.') { text.trim_end_matches('0').trim_end_matches('.') } else { text.as_str() };
    format!("{text}{unit}")
}

fn escaped(text: &str) -> String {
    text.replace('&', "&amp;").replace('<', "&lt;").replace('>', "&gt;")
}

#[cfg(test)]
mod tests {
    use super::*;

    fn line(name: &str, values: [f64; 3]) -> Line {
        Line { name: name.into(), points: [1e3, 1e4, 1e5].into_iter().zip(values).collect() }
    }

    #[test]
    fn a_picture() {
        let plot = Plot {
            title: "Practices per second & more".into(),
            lines: vec![line("5 logs", [9e3, 29e3, 31e3]), line("200 logs", [8e3, 27e3, 30.5e3])],
            goal: Some((40_000.0, "the floor".into())),
        };
        insta::assert_snapshot!(plot.svg().unwrap());
    }

    #[test]
    fn nothing_is_no_picture() {
        assert_eq!(Plot::default().svg(), None);
        let one = Plot { lines: vec![Line { name: "one".into(), points: vec![(10.0, 1.0)] }], ..Plot::default() };
        assert!(one.svg().unwrap().contains(">10</text>"));
    }

    #[test]
    fn numbers_are_short() {
        let written = [0.0, 0.55, 2.0, 12.5, 250.0, 1000.0, 2500.0, 100_000.0, 1_500_000.0].map(short);
        assert_eq!(written, ["0", "0.55", "2", "12.5", "250", "1k", "2.5k", "100k", "1.5M"]);
        assert_eq!([0.3, 1.0, 7.0, 23.0].map(round_step), [0.5, 1.0, 10.0, 50.0]);
    }
}
