//! Small plots of the last runs as SVG: bars without words, which stand beside them, and colours of the style sheet, since
//! the page's policy allows no style of an element. The newest run is at the right. Pure.

use std::fmt::Write as _;

use maud::{Markup, html};

/// How a run, or a copy, is doing. Plots and marks show it by form and by colour.
#[derive(Debug, Clone, Copy, PartialEq, Eq, PartialOrd, Ord)]
pub enum Tone {
    /// As it should.
    Good,
    /// Not done yet.
    Busy,
    /// Held back.
    Warn,
    /// It failed.
    Bad,
}

const TONES: [Tone; 4] = [Tone::Good, Tone::Busy, Tone::Warn, Tone::Bad];

impl Tone {
    /// Its class in the style sheet.
    pub fn class(self) -> &'static str {
        match self {
            Self::Good => "good",
            Self::Busy => "busy",
            Self::Warn => "warn",
            Self::Bad => "bad",
        }
    }
}

/// A bar of a plot.
#[derive(Debug, Clone, Copy)]
pub struct Bar {
    /// How the run ended.
    pub tone: Tone,
    /// Its height; none is a gap.
    pub value: Option<f64>,
}

/// What one place is wide, and how much of that a bar is.
const PLACE: usize = 10;
const WIDTH: usize = 7;
/// How high a plot is, what is seen of nothing, and what is seen of little.
const HEIGHT: f64 = 44.0;
const NOTHING: f64 = 1.0;
const LITTLE: f64 = 2.5;

/// Bars for numbers from nothing to the most of them, the newest last, in so many places.
pub fn bars(title: &str, bars: &[Bar], places: usize) -> Markup {
    let most = bars.iter().filter_map(|bar| bar.value).fold(0.0, f64::max);
    let height = |value: f64| match value {
        value if value > 0.0 => LITTLE.max(value / most * HEIGHT),
        _ => NOTHING,
    };
    let path = |tone: Tone| {
        let mut path = String::new();
        for (place, bar) in placed(bars, places).filter(|(_, bar)| bar.tone == tone) {
            let Some(high) = bar.value.map(height) else { continue };
            // Writing to a string does not fail.
            let _ = write!(path, "M{} {HEIGHT}v-{high:.1}h{WIDTH}v{high:.1}z", place * PLACE + 1);
        }
        path
    };
    html! {
        svg class="plot" role="img" viewBox={ "0 0 " (places * PLACE) " " (HEIGHT) } preserveAspectRatio="none" {
            title { (title) }
            path class="base" d={ "M0 " (HEIGHT) "h" (places * PLACE) } {}
            @for (tone, path) in TONES.map(|tone| (tone, path(tone))) {
                @if !path.is_empty() { path class=(tone.class()) d=(path) {} }
            }
        }
    }
}

/// A run in the strip of outcomes.
#[derive(Debug)]
pub struct Cell {
    /// How it ended: the worse, the higher.
    pub tone: Tone,
    /// What is said of it when it is pointed at.
    pub title: String,
}

/// How each run ended, the newest last, in so many places.
pub fn strip(title: &str, cells: &[Cell], places: usize) -> Markup {
    let height = |tone| match tone {
        Tone::Good | Tone::Busy => 6,
        Tone::Warn => 11,
        Tone::Bad => 16,
    };
    html! {
        svg class="strip" role="img" viewBox={ "0 0 " (places * PLACE) " 16" } preserveAspectRatio="none" {
            title { (title) }
            @for (place, cell) in placed(cells, places) {
                @let high = height(cell.tone);
                rect class=(cell.tone.class()) x=(place * PLACE + 1) y=(16 - high) width=(WIDTH) height=(high) {
                    title { (cell.title) }
                }
            }
        }
    }
}

/// The newest that fit, each with its place, so that the last one is at the right.
fn placed<T>(all: &[T], places: usize) -> impl Iterator<Item = (usize, &T)> {
    let all = &all[all.len().saturating_sub(places)..];
    all.iter().enumerate().map(move |(index, one)| (places - all.len() + index, one))
}

#[cfg(test)]
mod tests {
    use super::*;

    fn bar(value: f64) -> Bar {
        Bar { tone: Tone::Good, value: Some(value) }
    }

    #[test]
    fn the_highest_bar_fills_the_plot_and_the_newest_is_at_the_right() {
        let svg = bars("Objects", &[bar(5.0), bar(10.0)], 4).into_string();
        assert!(svg.contains(r#"viewBox="0 0 40 44""#), "{svg}");
        assert!(svg.contains(r#"d="M21 44v-22.0h7v22.0zM31 44v-44.0h7v44.0z""#), "{svg}");
        assert!(svg.contains("<title>Objects</title>"));
        // In SVG, an element that is not closed has the next one in it, and that is not drawn.
        assert_eq!(svg.matches("<path").count(), svg.matches("</path>").count());
    }

    #[test]
    fn nothing_and_little_can_be_told_from_each_other_and_from_a_gap() {
        let gap = Bar { tone: Tone::Bad, value: None };
        let svg = bars("", &[bar(0.0), bar(0.001), gap, bar(1000.0)], 4).into_string();
        assert!(svg.contains("M1 44v-1.0h7v1.0zM11 44v-2.5h7v2.5zM31 44v-44.0"), "{svg}");
        assert!(!svg.contains("bad"), "{svg}");
        let nothing = bars("", &[bar(0.0)], 1).into_string();
        assert!(nothing.contains("v-1.0") && !nothing.contains("NaN"), "{nothing}");
    }

    #[test]
    fn what_does_not_fit_is_left_out_from_the_oldest_on() {
        let cells: Vec<_> = (0..5).map(|n| Cell { tone: Tone::Bad, title: format!("run {n}") }).collect();
        let svg = strip("", &cells, 3).into_string();
        assert!(
            !svg.contains("run 1")
                && svg.contains(r#"<rect class="bad" x="1" y="0" width="7" height="16"><title>run 2"#),
            "{svg}"
        );
        assert!(strip("", &[], 3).into_string().contains("<svg"));
    }
}
