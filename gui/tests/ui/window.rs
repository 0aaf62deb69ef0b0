//! The real program in a real window, on a display that exists in memory only: it runs a scenario, shows the result, takes its own picture, and ends.
//! Where there is no `Xvfb`, or no window can be opened on it, this is skipped with a message, or fails if `HMS_NEEDS_DISPLAY=1`.

use std::process::{Child, Command, Stdio};
use std::time::{Duration, Instant};

use crate::bench::{SCENARIO, folder, skip};

/// A display of its own, ended with the test.
struct Display {
    server: Child,
    name: String,
}

impl Drop for Display {
    fn drop(&mut self) {
        let _ = self.server.kill();
        let _ = self.server.wait();
    }
}

/// Starts an X server that draws into memory; it chooses a free number itself and tells it.
fn display() -> Option<Display> {
    display_with(&[])
}

fn display_with(more: &[&str]) -> Option<Display> {
    use std::io::Read;
    let arguments = ["-displayfd", "1", "-screen", "0", "1400x900x24", "-nolisten", "tcp"];
    let mut server = Command::new("Xvfb").args(arguments).args(more).stdout(Stdio::piped()).stderr(Stdio::null()).spawn().ok()?;
    let mut number = Vec::new();
    let mut out = server.stdout.take()?;
    let mut byte = [0];
    while out.read(&mut byte).ok()? == 1 && byte[0] != b'\n' {
        number.push(byte[0]);
    }
    let name = format!(":{}", String::from_utf8(number).ok()?.trim());
    if name.len() < 2 {
        let _ = server.kill();
        return None;
    }
    Some(Display { server, name })
}

#[test]
fn w3_the_program_runs_a_scenario_and_its_window_shows_the_result() {
    let Some(display) = display() else {
        return skip(
            "there is no Xvfb (on Debian: apt-get install xvfb libgl1 libegl1 libgl1-mesa-dri libx11-6 libx11-xcb1 libxcursor1 libxi6 libxkbcommon-x11-0)",
        );
    };
    let (_guard, path) = folder();
    let (scenario, picture) = (path.join("small.toml"), path.join("window.png"));
    std::fs::write(&scenario, SCENARIO).unwrap();
    let mut program = Command::new(env!("CARGO_BIN_EXE_hms-gui"))
        .arg(&scenario)
        .args(["--run", "--panel", "recovery", "--screenshot"])
        .arg(&picture)
        .env("DISPLAY", &display.name)
        .env_remove("WAYLAND_DISPLAY")
        .env("LIBGL_ALWAYS_SOFTWARE", "1")
        .env("HOME", &path)
        .stderr(Stdio::piped())
        .spawn()
        .unwrap();
    let began = Instant::now();
    let ended = loop {
        if let Some(ended) = program.try_wait().unwrap() {
            break ended;
        }
        if began.elapsed() > Duration::from_secs(180) {
            program.kill().unwrap();
            panic!("the window was not done in three minutes");
        }
        std::thread::yield_now();
    };
    let mut said = String::new();
    std::io::Read::read_to_string(&mut program.stderr.take().unwrap(), &mut said).unwrap();
    if !ended.success() && said.contains("no window can be opened") {
        return skip(&said);
    }
    assert!(ended.success(), "{ended}: {said}");
    let image = image::open(&picture).unwrap().into_rgb8();
    assert!(image.width() >= 1_000 && image.height() >= 600, "{} x {}", image.width(), image.height());
    let mut colors = std::collections::BTreeSet::new();
    image.pixels().for_each(|pixel| {
        colors.insert(pixel.0);
    });
    assert!(colors.len() > 200, "a window of {} colours shows nothing", colors.len());
}

/// Starts the program, waits for its end, and gives whether it went well and what it said.
fn ended(program: &mut Command) -> (bool, String) {
    let mut program = program.stderr(Stdio::piped()).stdout(Stdio::null()).spawn().expect("a step of the test");
    let began = Instant::now();
    let ended = loop {
        if let Some(ended) = program.try_wait().expect("a step of the test") {
            break ended;
        }
        if began.elapsed() > Duration::from_secs(60) {
            program.kill().expect("a step of the test");
            panic!("it neither ended nor said anything");
        }
        std::thread::sleep(Duration::from_millis(20));
    };
    let mut said = String::new();
    std::io::Read::read_to_string(&mut program.stderr.take().expect("a step of the test"), &mut said)
        .expect("a step of the test");
    (ended.success(), said)
}

#[test]
fn without_a_display_the_program_says_what_it_needs() {
    let (_guard, path) = folder();
    let mut program = Command::new(env!("CARGO_BIN_EXE_hms-gui"));
    program.env_remove("DISPLAY").env_remove("WAYLAND_DISPLAY").env_remove("WAYLAND_SOCKET").env("HOME", &path);
    let (well, said) = ended(&mut program);
    assert!(!well);
    assert!(said.contains("no window can be opened") && said.contains("apt-get install"), "{said}");
}

#[test]
fn without_opengl_the_program_says_what_it_needs() {
    let Some(display) = display_with(&["-extension", "GLX"]) else {
        return skip("there is no Xvfb (on Debian: apt-get install xvfb)");
    };
    let (_guard, path) = folder();
    let mut program = Command::new(env!("CARGO_BIN_EXE_hms-gui"));
    program
        .env("DISPLAY", &display.name)
        .env_remove("WAYLAND_DISPLAY")
        .env("HOME", &path)
        .env("__EGL_VENDOR_LIBRARY_FILENAMES", path.join("no-such-vendor.json"))
        .env("LIBGL_DRIVERS_PATH", &path);
    let (well, said) = ended(&mut program);
    assert!(!well);
    assert!(said.contains("no window can be opened") && said.contains("OpenGL"), "{said}");
}
