//! Fitted distributions of the Failure Trace Archive (Javadi, Kondo, Iosup, Epema, JPDC 73(8), 2013).
//!
//! Nine systems, four families each, for the time a node is available and the time it is not, in hours. Exponential: p1 = mean; Weibull:
//! p1 = shape, p2 = scale; LogNormal: p1 = μ, p2 = σ of the logarithm of hours; Gamma: p1 = shape, p2 = scale.

use crate::DatasetError;
use crate::fit::Model;
use crate::parameters::{FaultModel, ParameterFile, TimeLaw, TimeUnit};
use crate::table::{self, Row, Shape};

pub(super) const HEADER: &str = "system,family,quantity,p1,p2";

const SHAPE: Shape = Shape {
    columns: &["system", "family", "quantity", "p1", "p2"],
    required: 5,
    fix: "write one row per system, family and quantity (availability_h, unavailability_h)",
};

pub(super) fn import(text: &str) -> Result<ParameterFile, DatasetError> {
    let mut models: Vec<FaultModel> = Vec::new();
    table::read(text, &SHAPE, |row| {
        let law = TimeLaw { unit: TimeUnit::Hours, law: read_law(row)? };
        let name = format!("{}-{}", row.text(0).to_lowercase(), law.law.family());
        let index = models.iter().position(|model| model.name == name).unwrap_or_else(|| {
            let source = format!("{}, as given by OpenDC's prefab failure models after the citation", row.text(0));
            models.push(FaultModel::new(&name, &source));
            models.len() - 1
        });
        let slot = match row.text(2) {
            "availability_h" => &mut models[index].up_time,
            "unavailability_h" => &mut models[index].repair,
            _ => return Err(row.error(2, "`availability_h` or `unavailability_h`", "use one of these words")),
        };
        if slot.replace(law).is_some() {
            return Err(row.error(2, "each quantity once per system and family", "remove one of the two rows"));
        }
        Ok(())
    })?;
    Ok(ParameterFile {
        name: "fta".to_owned(),
        description: "Up and down times of the nodes of nine systems, each fitted by four families".to_owned(),
        citation: "B. Javadi, D. Kondo, A. Iosup, D. Epema, \"The Failure Trace Archive: Enabling the comparison of failure measurements \
                   and models of distributed systems\", Journal of Parallel and Distributed Computing 73(8), 2013"
            .to_owned(),
        licence: Some("published facts; collected by OpenDC (MIT)".to_owned()),
        default: models.iter().any(|model| model.name == "lanl05-weibull").then(|| "lanl05-weibull".to_owned()),
        fault_models: models,
        ..ParameterFile::default()
    })
}

fn read_law(row: &Row<'_>) -> Result<Model, DatasetError> {
    let first = row.number(3)?;
    let law = match row.text(1) {
        "Exponential" => Model::Exponential { mean: first },
        "Weibull" => Model::Weibull { shape: first, scale: row.number(4)? },
        "LogNormal" => Model::LogNormal { mu: first, sigma: row.number(4)? },
        "Gamma" => Model::Gamma { shape: first, scale: row.number(4)? },
        _ => return Err(row.error(1, "`Exponential`, `Weibull`, `LogNormal` or `Gamma`", "use one of these words")),
    };
    match law.distribution() {
        Ok(_) => Ok(law),
        Err(error) => Err(row.error(3, &error.to_string(), "check both parameters against the source")),
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::parameters::AnyModel;

    const TEXT: &str = "system,family,quantity,p1,p2\n\
        Lanl05,Exponential,availability_h,1779.99,\n\
        Lanl05,Exponential,unavailability_h,5.92,\n\
        Lanl05,LogNormal,availability_h,5.56,2.39\n\
        Lanl05,LogNormal,unavailability_h,-2.0,1.42\n";

    #[test]
    fn each_system_and_family_becomes_a_model_of_up_and_repair_times() {
        let file = import(TEXT).unwrap();
        let names: Vec<String> = file.models().map(|model| model.name().to_owned()).collect();
        assert_eq!(names, ["lanl05-exponential", "lanl05-lognormal"]);
        let Ok(AnyModel::Faults(model)) = file.model(Some("lanl05-lognormal")) else { panic!() };
        let repair = TimeLaw { unit: TimeUnit::Hours, law: Model::LogNormal { mu: -2.0, sigma: 1.42 } };
        assert_eq!(model.repair, Some(repair));
        assert_eq!(ParameterFile::parse(&file.to_toml()), Ok(file));
    }

    #[test]
    fn an_unknown_family_is_named() {
        let error = import(&TEXT.replace("LogNormal,a", "Pareto,a")).unwrap_err().to_string();
        assert!(error.starts_with("line 4, column `family`: expected `Exponential`, `Weibull`"), "{error}");
    }
}
