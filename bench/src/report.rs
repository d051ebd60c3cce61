//! What came out of it: on the terminal, as Markdown and as JSON.

use anyhow::Result;
use serde_json::{Value, json};
use std::fmt::Write as _;
use std::path::Path;

/// All tables of a run.
#[derive(Debug, Default)]
pub(crate) struct Report {
    /// Where and when.
    pub(crate) about: String,
    /// In order.
    pub(crate) tables: Vec<Table>,
    targets: Vec<(String, f64, bool)>,
    records: Vec<Value>,
}

/// One table.
#[derive(Debug)]
pub(crate) struct Table {
    title: String,
    /// Its head.
    pub(crate) columns: Vec<String>,
    /// Its rows, as wide as the head.
    pub(crate) rows: Vec<Vec<String>>,
    notes: Vec<String>,
}

impl Table {
    /// A table without rows.
    pub(crate) fn new(title: &str, columns: &[String]) -> Self {
        Self { title: title.into(), columns: columns.to_vec(), rows: Vec::new(), notes: Vec::new() }
    }

    /// Says something below it.
    pub(crate) fn note(&mut self, text: &str) {
        self.notes.push(text.into());
    }

    fn markdown(&self) -> String {
        let width = |column: usize| {
            let cells = self.rows.iter().chain([&self.columns]).filter_map(|row| row.get(column));
            cells.map(|cell| cell.chars().count()).max().unwrap_or(0)
        };
        let widths: Vec<_> = (0..self.columns.len()).map(width).collect();
        let line = |cells: &[String]| {
            let cells = cells.iter().zip(&widths).map(|(cell, width)| format!(" {cell:<width$} |"));
            format!("|{}\n", cells.collect::<String>())
        };
        let rule: String = widths.iter().map(|width| format!("{}|", "-".repeat(width + 2))).collect();
        let rows: String = self.rows.iter().map(|row| line(row)).collect();
        let notes: String = self.notes.iter().map(|note| format!("\n{note}\n")).collect();
        format!("### {}\n\n{}|{rule}\n{rows}{notes}", self.title, line(&self.columns))
    }
}

impl Report {
    /// Nothing yet.
    pub(crate) fn new(about: String) -> Self {
        Self { about, ..Self::default() }
    }

    /// Keeps a raw number for the JSON.
    pub(crate) fn record(&mut self, record: Value) {
        self.records.push(record);
    }

    /// Notes whether a target is met.
    pub(crate) fn target(&mut self, text: &str, value: f64, met: bool) {
        self.targets.push((text.into(), value, met));
    }

    /// Everything, for people.
    pub(crate) fn markdown(&self) -> String {
        let mut text = format!("{}\n", self.about);
        for table in &self.tables {
            write!(text, "\n{}", table.markdown()).expect("a string can be written to");
        }
        if !self.targets.is_empty() {
            let mut table = Table::new("Targets", &["target", "measured", "met"].map(str::to_owned));
            table.rows = self
                .targets
                .iter()
                .map(|(text, value, met)| {
                    vec![text.clone(), number(*value), if *met { "yes" } else { "no" }.to_owned()]
                })
                .collect();
            write!(text, "\n{}", table.markdown()).expect("a string can be written to");
        }
        text
    }

    /// Writes `bench.md` and `bench.json` into `folder`.
    pub(crate) fn write(&self, folder: &Path) -> Result<()> {
        std::fs::create_dir_all(folder)?;
        std::fs::write(folder.join("bench.md"), self.markdown())?;
        let targets = self
            .targets
            .iter()
            .map(|(text, value, met)| json!({"target": text, "measured": value, "met": met}));
        let all =
            json!({"about": self.about, "records": self.records, "targets": targets.collect::<Vec<_>>()});
        std::fs::write(folder.join("bench.json"), serde_json::to_vec_pretty(&all)?)?;
        Ok(())
    }
}

/// Milliseconds with as many digits as mean something.
pub(crate) fn ms(value: f64) -> String {
    match value {
        _ if value.is_nan() => "–".into(),
        _ if value >= 100.0 => format!("{value:.0}"),
        _ if value >= 10.0 => format!("{value:.1}"),
        _ => format!("{value:.2}"),
    }
}

/// Any number with three digits or so.
pub(crate) fn number(value: f64) -> String {
    ms(value)
}

/// A ratio.
pub(crate) fn ratio(value: f64) -> String {
    number(value)
}
