//! The figures of some runs of one scenario: their medians with the spread, beside those of an earlier run. Pure.

use std::collections::BTreeMap;

use serde::{Deserialize, Serialize};
use serde_json::Value;

/// What one run measured, by name; the unit is the end of the name.
pub type Figures = BTreeMap<String, f64>;

/// The numbers of a JSON object, those of objects within it by their paths.
pub fn flat(value: &Value) -> Figures {
    let mut figures = Figures::new();
    for (name, value) in value.as_object().into_iter().flatten() {
        match value {
            Value::Number(number) => drop(figures.insert(name.clone(), number.as_f64().unwrap_or_default())),
            inner => {
                figures.extend(flat(inner).into_iter().map(|(within, one)| (format!("{name}.{within}"), one)))
            }
        }
    }
    figures
}

/// One figure over all runs.
#[derive(Clone, Copy, Debug, PartialEq, Serialize, Deserialize)]
pub struct Spread {
    /// Half of the runs measured less, half measured more.
    pub median: f64,
    /// The least that a run measured.
    pub lowest: f64,
    /// The most.
    pub highest: f64,
}

/// All figures of a scenario.
#[derive(Clone, Debug, PartialEq, Serialize, Deserialize)]
pub struct Report {
    /// The scenario with its options.
    pub scenario: String,
    /// How often it ran.
    pub runs: usize,
    /// The processors of the machine.
    pub processors: usize,
    /// The figures.
    pub figures: BTreeMap<String, Spread>,
}

impl Report {
    /// The figures that every run has.
    pub fn of(scenario: String, runs: &[Figures]) -> Self {
        let names = runs.first().into_iter().flatten().map(|(name, _)| name);
        let figures = names.filter_map(|name| {
            let measured: Option<Vec<f64>> = runs.iter().map(|run| run.get(name).copied()).collect();
            Some((name.clone(), spread(measured?)?))
        });
        let processors = std::thread::available_parallelism().map_or(1, usize::from);
        Self { scenario, runs: runs.len(), processors, figures: figures.collect() }
    }

    /// The figures as lines, each with the ratio to the same one of an earlier run.
    pub fn table(&self, earlier: Option<&Self>) -> String {
        let mut lines =
            vec![format!("{}, median of {} on {} processors", self.scenario, self.runs, self.processors)];
        for (name, Spread { median, lowest, highest }) in &self.figures {
            let before =
                earlier.and_then(|earlier| earlier.figures.get(name)).filter(|one| one.median != 0.0);
            let ratio = before.map(|before| format!("  × {:.3}", median / before.median)).unwrap_or_default();
            lines.push(format!("  {name:<26} {median:>12.3}  ({lowest:.3} … {highest:.3}){ratio}"));
        }
        lines.join("\n")
    }
}

/// The figures of one name; none without any.
fn spread(mut measured: Vec<f64>) -> Option<Spread> {
    measured.sort_by(f64::total_cmp);
    let (lowest, highest) = (*measured.first()?, *measured.last()?);
    let (before, at) = (measured.get((measured.len() - 1) / 2)?, measured.get(measured.len() / 2)?);
    Some(Spread { median: f64::midpoint(*before, *at), lowest, highest })
}

#[cfg(test)]
mod tests {
    use super::*;

    fn run(seconds: f64) -> Figures {
        Figures::from([("seconds".to_owned(), seconds)])
    }

    #[test]
    fn the_median_lies_in_the_middle_and_the_spread_around_it() {
        let report = Report::of("one".into(), &[run(3.0), run(1.0), run(9.0)]);
        assert_eq!(report.figures["seconds"], Spread { median: 3.0, lowest: 1.0, highest: 9.0 });
        assert_eq!(Report::of("two".into(), &[run(3.0), run(1.0)]).figures["seconds"].median, 2.0);
        let twice = Report::of("one".into(), &[run(6.0)]);
        assert!(twice.table(Some(&report)).contains("× 2.000") && !twice.table(None).contains('×'));
    }

    #[test]
    fn what_a_run_lacks_is_left_out() {
        let report = Report::of("one".into(), &[run(3.0), Figures::new()]);
        assert!(report.figures.is_empty() && Report::of("none".into(), &[]).figures.is_empty());
    }
}
