//! What was measured, as it is kept in JSON.

use std::{
    io::{Error, Result},
    path::Path,
};

use serde::{Deserialize, Serialize};

use crate::{figures::Figure, machine::Machine, spread::Spread};

/// Raised when the JSON changes so that an older reader would misread it.
const FORMAT: u32 = 1;

/// Everything from one call of this program.
#[derive(Debug, Clone, PartialEq, Serialize, Deserialize)]
pub(crate) struct Report {
    format: u32,
    /// Where and of what it was measured.
    pub(crate) machine: Machine,
    /// What was measured.
    pub(crate) outcomes: Vec<Outcome>,
}

impl Report {
    /// Nothing yet.
    pub(crate) fn new(machine: Machine) -> Self {
        Self { format: FORMAT, machine, outcomes: Vec::new() }
    }

    /// Writes it to a file.
    pub(crate) fn write(&self, path: &Path) -> Result<()> {
        std::fs::write(path, serde_json::to_string_pretty(self)? + "\n")
    }

    /// Reads it from a file.
    pub(crate) fn read(path: &Path) -> Result<Self> {
        let report: Self = serde_json::from_slice(&std::fs::read(path)?)?;
        if report.format == FORMAT {
            Ok(report)
        } else {
            Err(Error::other("figures of another version of this program"))
        }
    }
}

/// One thing that was measured.
#[derive(Debug, Clone, PartialEq, Serialize, Deserialize)]
pub(crate) struct Outcome {
    /// The command that measured it.
    pub(crate) what: String,
    /// The system that was measured, if it is not ours.
    #[serde(skip_serializing_if = "Option::is_none", default)]
    pub(crate) system: Option<String>,
    /// Practices in the library; publications, where those are measured.
    #[serde(skip_serializing_if = "Option::is_none", default)]
    pub(crate) practices: Option<u64>,
    /// Logs that they were in.
    #[serde(skip_serializing_if = "Option::is_none", default)]
    pub(crate) logs: Option<u64>,
    /// How the two sides were connected.
    #[serde(skip_serializing_if = "Option::is_none", default)]
    pub(crate) transport: Option<String>,
    /// When it was finished.
    pub(crate) at: String,
    /// The load average of the last minute then. What is measured is a part of it.
    pub(crate) load: f64,
    /// The figures, in the order in which they are shown.
    pub(crate) figures: Vec<Measured>,
}

/// A figure with its values.
#[derive(Debug, Clone, PartialEq, Serialize, Deserialize)]
pub(crate) struct Measured {
    /// Its name.
    pub(crate) name: String,
    /// Its values.
    #[serde(flatten)]
    pub(crate) spread: Spread,
}

/// The figures of several runs of one thing.
#[derive(Debug, Default)]
pub(crate) struct Runs(Vec<(&'static str, Vec<f64>)>);

impl Runs {
    /// Takes note of a figure of a run.
    pub(crate) fn add(&mut self, figure: Figure, value: f64) {
        match self.0.iter_mut().find(|(name, _)| *name == figure.name) {
            Some((_, values)) => values.push(value),
            None => self.0.push((figure.name, vec![value])),
        }
    }

    /// What came of all runs.
    pub(crate) fn outcome(self, what: &str, practices: Option<u64>, logs: Option<usize>) -> Outcome {
        let figures = self.0.into_iter().filter_map(|(name, values)| {
            let spread = Spread::of(&values)?;
            Some(Measured { name: name.to_owned(), spread })
        });
        Outcome {
            what: what.to_owned(),
            system: None,
            practices,
            logs: logs.map(|logs| logs as u64),
            transport: None,
            at: crate::machine::now(),
            load: crate::machine::load(),
            figures: figures.collect(),
        }
    }
}

impl Outcome {
    /// The same, with how the two sides were connected.
    pub(crate) fn over(self, transport: &str) -> Self {
        Self { transport: Some(transport.to_owned()), ..self }
    }

    /// The median of a figure.
    pub(crate) fn median(&self, figure: Figure) -> Option<f64> {
        self.figures.iter().find(|measured| measured.name == figure.name).map(|measured| measured.spread.median)
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::figures as f;

    #[test]
    fn figures_come_back_from_json() {
        let mut runs = Runs::default();
        for value in [1.0, 3.0] {
            runs.add(f::RATE, value);
        }
        let outcome = runs.outcome("catch-up", Some(2), Some(1)).over("TCP");
        assert_eq!(outcome.median(f::RATE), Some(2.0));
        assert_eq!(outcome.median(f::SECONDS), None);
        let text = serde_json::to_string(&outcome).unwrap();
        assert!(text.contains(r#"{"name":"practices_per_s","median":2.0,"min":1.0,"max":3.0,"runs":2}"#), "{text}");
        assert_eq!(serde_json::from_str::<Outcome>(&text).unwrap(), outcome);
    }
}
