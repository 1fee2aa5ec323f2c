//! Figures: what was measured, how far it spreads, and how near it comes to the limit.

use std::borrow::Cow;

use serde::Serialize;

/// Student's t for 95 % (two-sided) by degrees of freedom from 1; beyond the last, that of the normal distribution.
const T95: [f64; 15] =
    [12.71, 4.30, 3.18, 2.78, 2.57, 2.45, 2.36, 2.31, 2.26, 2.23, 2.20, 2.18, 2.16, 2.14, 2.13];

/// One measured case.
#[derive(Debug, Clone, Serialize)]
pub(super) struct Case {
    /// Its name.
    pub(super) name: Cow<'static, str>,
    /// The unit of value, spread and limit.
    pub(super) unit: &'static str,
    /// The mean over all blocks.
    pub(super) value: f64,
    /// Half of the 95 % interval of the mean; of the ratio where there is a limit, and then without a unit.
    pub(super) spread: f64,
    /// The raw limit in the same unit, measured in the same run; or the target.
    pub(super) limit: Option<f64>,
    /// Value to limit, the mean of each block's own.
    pub(super) ratio: Option<f64>,
    /// The mean of each block's median, where the value is another percentile.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub(super) median: Option<f64>,
    /// How many things were measured in all.
    pub(super) n: usize,
}

impl Case {
    /// From each block's value.
    pub(super) fn plain(name: &'static str, unit: &'static str, values: &[f64], n: usize) -> Self {
        Self {
            name: name.into(),
            unit,
            value: mean(values),
            spread: half_interval(values),
            limit: None,
            ratio: None,
            median: None,
            n,
        }
    }

    /// From each block's value and the raw limit beside it.
    pub(super) fn against(
        name: impl Into<Cow<'static, str>>,
        unit: &'static str,
        values: &[f64],
        limits: &[f64],
        n: usize,
    ) -> Self {
        let ratios: Vec<f64> = values.iter().zip(limits).map(|(value, limit)| value / limit).collect();
        Self {
            name: name.into(),
            unit,
            value: mean(values),
            spread: half_interval(&ratios),
            limit: Some(mean(limits)),
            ratio: Some(mean(&ratios)),
            median: None,
            n,
        }
    }

    /// With each block's median.
    pub(super) fn with_median(self, medians: &[f64]) -> Self {
        Self { median: Some(mean(medians)), ..self }
    }
}

/// All of them.
#[derive(Debug, Default, Serialize)]
pub(super) struct Figures {
    cases: Vec<Case>,
}

impl Figures {
    /// Adds a case, and prints it.
    pub(super) fn add(&mut self, case: Case) {
        let Case { name, unit, value, spread, limit, ratio, median, n } = &case;
        let median = median.map(|median| format!(" (median {median:.2})")).unwrap_or_default();
        match (limit, ratio) {
            (Some(limit), Some(ratio)) => {
                println!(
                    "{name:<18} {value:>10.2} {unit}{median}, limit {limit:.2}, ratio {ratio:.3} ± {spread:.3} (n = {n})"
                );
            }
            _ => println!("{name:<18} {value:>10.2} {unit} ± {spread:.2} (n = {n})"),
        }
        self.cases.push(case);
    }

    pub(super) fn is_empty(&self) -> bool {
        self.cases.is_empty()
    }

    pub(super) fn to_json(&self) -> Result<String, serde_json::Error> {
        serde_json::to_string_pretty(self)
    }
}

/// From here on the most memory in use is counted anew, where the system can.
pub(super) fn forget_peak() {
    if let Err(error) = std::fs::write("/proc/self/clear_refs", "5") {
        tracing::debug!(%error, "the peak of memory can't be reset");
    }
}

/// The most memory that was in use, in megabytes; 0 where the system does not tell.
pub(super) fn peak_megabytes() -> f64 {
    let status = std::fs::read_to_string("/proc/self/status").unwrap_or_default();
    let line = status.lines().find_map(|line| line.strip_prefix("VmHWM:"));
    let kilobytes = line.and_then(|line| line.trim().trim_end_matches("kB").trim().parse::<f64>().ok());
    kilobytes.unwrap_or_default() / 1000.0
}

fn mean(values: &[f64]) -> f64 {
    values.iter().sum::<f64>() / count(values)
}

#[expect(clippy::cast_precision_loss, reason = "a handful of blocks")]
fn count(values: &[f64]) -> f64 {
    values.len().max(1) as f64
}

/// Half of the mean's 95 % interval.
fn half_interval(values: &[f64]) -> f64 {
    if values.len() < 2 {
        return 0.0;
    }
    let middle = mean(values);
    let squares: f64 = values.iter().map(|value| (value - middle).powi(2)).sum();
    let deviation = (squares / (count(values) - 1.0)).sqrt();
    T95.get(values.len() - 2).copied().unwrap_or(1.96) * deviation / count(values).sqrt()
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_ratio_is_each_block_s_own() {
        let case = Case::against("case", "1/s", &[50.0, 100.0], &[100.0, 200.0], 2);
        assert_eq!(case.ratio, Some(0.5));
        assert!(case.spread.abs() < 1e-9);
    }

    #[test]
    fn an_interval_is_student_s() {
        // Mean 2, deviation 1, three values: 4.30 / sqrt(3).
        assert!((half_interval(&[1.0, 2.0, 3.0]) - 2.4826).abs() < 1e-3);
    }
}
