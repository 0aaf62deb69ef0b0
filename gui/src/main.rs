//! `hms-gui`: the desktop app.

use std::process::ExitCode;

use hms_gui::app::{App, Options};
use hms_gui::panels::Panel;

const HELP: &str = "\
The desktop app of HMS: see a cluster break and heal.

Usage: hms-gui [OPTIONS] [PATH]...

Arguments:
  [PATH]...  Scenario files, stack configurations and results folders to open

Options:
      --run              Run the scenario at once
      --measure SEEDS    Measure the scorecard at once
      --panel PANEL      Bring a panel to the front: launch, live, timeline, travel, recovery, compare, scorecard, evolution, history
      --watch SECONDS    With --run and --screenshot: take the picture while the run is about there
      --incident NUMBER  Look at an incident, from 0
      --light            Light tones
      --results DIR      Searches have their folders in here; default: results
      --exports DIR      Files that are saved go into this folder; nobody is asked where
      --screenshot FILE  When all work is done, write a PNG of the window and end
  -h, --help             Print help
  -V, --version          Print version";

fn main() -> ExitCode {
    let options = match read_arguments(std::env::args().skip(1)) {
        Ok(Some(options)) => options,
        Ok(None) => return ExitCode::SUCCESS,
        Err(problem) => {
            eprintln!("hms-gui: {problem}\n\n{HELP}");
            return ExitCode::from(2);
        }
    };
    let viewport = egui::ViewportBuilder::default()
        .with_title("HMS workbench")
        .with_app_id("hms-gui")
        .with_inner_size([1400.0, 900.0])
        .with_drag_and_drop(true);
    let native = eframe::NativeOptions { viewport, renderer: eframe::Renderer::Glow, ..eframe::NativeOptions::default() };
    let started =
        eframe::run_native("hms-gui", native, Box::new(|context| Ok(Box::new(App::restored(options, context.storage)))));
    match started {
        Ok(()) => ExitCode::SUCCESS,
        Err(error) => {
            eprintln!(
                "hms-gui: no window can be opened: {error}\n\
                 It needs a display (DISPLAY or WAYLAND_DISPLAY) and OpenGL 2.1 or later. On Debian: apt-get install libgl1 libegl1 libgl1-mesa-dri \
                 libx11-6 libx11-xcb1 libxcursor1 libxi6 libxkbcommon-x11-0; without a graphics card set LIBGL_ALWAYS_SOFTWARE=1. \
                 Everything but the window is also there in the command `hms`."
            );
            ExitCode::FAILURE
        }
    }
}

/// What the command line asks for; none if it only wanted to be told something.
fn read_arguments(mut arguments: impl Iterator<Item = String>) -> Result<Option<Options>, String> {
    let mut options = Options::default();
    while let Some(argument) = arguments.next() {
        let mut value = |of: &str| arguments.next().ok_or_else(|| format!("{of} needs a value"));
        match argument.as_str() {
            "-h" | "--help" => {
                println!("{HELP}");
                return Ok(None);
            }
            "-V" | "--version" => {
                println!("hms-gui {}", env!("CARGO_PKG_VERSION"));
                return Ok(None);
            }
            "--run" => options.run = true,
            "--light" => options.light = true,
            "--panel" => options.panel = Some(panel(&value("--panel")?)?),
            "--measure" => {
                let seeds = value("--measure")?;
                options.measure = Some(seeds.parse().map_err(|_| format!("`{seeds}` is no number of seeds"))?);
            }
            "--results" => options.results = Some(value("--results")?.into()),
            "--exports" => options.exports = Some(value("--exports")?.into()),
            "--screenshot" => options.screenshot = Some(value("--screenshot")?.into()),
            "--watch" => {
                let seconds = value("--watch")?;
                options.watch = Some(seconds.parse().map_err(|_| format!("`{seconds}` is no number of seconds"))?);
            }
            "--incident" => {
                let number = value("--incident")?;
                options.incident = Some(number.parse().map_err(|_| format!("`{number}` is no number of an incident"))?);
            }
            unknown if unknown.starts_with('-') => return Err(format!("unknown option {unknown}")),
            path => options.open.push(path.into()),
        }
    }
    Ok(Some(options))
}

fn panel(name: &str) -> Result<Panel, String> {
    let known = Panel::ALL.into_iter().find(|panel| format!("{panel:?}").eq_ignore_ascii_case(name));
    known.ok_or_else(|| format!("there is no panel `{name}`"))
}

#[cfg(test)]
mod tests {
    use super::*;

    fn read(arguments: &[&str]) -> Result<Option<Options>, String> {
        read_arguments(arguments.iter().map(|argument| (*argument).to_owned()))
    }

    #[test]
    fn paths_and_options_are_read() {
        let options = read(&["a.toml", "--run", "--panel", "recovery", "results/x", "--screenshot", "s.png"]).unwrap().unwrap();
        assert_eq!(options.open, [std::path::PathBuf::from("a.toml"), "results/x".into()]);
        assert!(options.run && options.panel == Some(Panel::Recovery) && options.screenshot.is_some());
    }

    #[test]
    fn what_is_unknown_is_named() {
        assert!(read(&["--fast"]).unwrap_err().contains("--fast"));
        assert!(read(&["--panel", "kitchen"]).unwrap_err().contains("kitchen"));
        assert!(read(&["--screenshot"]).unwrap_err().contains("needs a value"));
    }
}
