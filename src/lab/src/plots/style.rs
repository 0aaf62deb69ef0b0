//! Colours and sizes. The colours of data are those of Okabe and Ito (2008), which people of every colour vision tell apart.

use super::Tone;
use super::canvas::{Color, Writing};

/// What was answered.
pub(super) const ANSWERED: Color = Color(0, 114, 178, 1.0);
/// What failed, and faults.
pub(super) const FAILED: Color = Color(213, 94, 0, 1.0);
/// What healed.
pub(super) const HEALED: Color = Color(0, 158, 115, 1.0);
/// What was noticed.
pub(super) const NOTICED: Color = Color(230, 159, 0, 1.0);
/// One colour per load.
pub(super) const LOADS: [Color; 4] = [ANSWERED, Color(204, 121, 167, 1.0), HEALED, NOTICED];

/// Colours of everything but data.
#[derive(Clone, Copy, Debug)]
pub(super) struct Theme {
    pub(super) background: Color,
    pub(super) strong: Color,
    pub(super) text: Color,
    pub(super) axis: Color,
    pub(super) grid: Color,
    pub(super) faint: Color,
    /// Every other lane.
    pub(super) lane: Color,
    /// Behind the series while a fault acts.
    pub(super) shade: Color,
    /// Behind the series during the warm-up.
    pub(super) warmup: Color,
}

impl Theme {
    pub(super) fn of(tone: Tone) -> Theme {
        match tone {
            Tone::Light => Theme {
                background: Color(255, 255, 255, 1.0),
                strong: Color(24, 28, 34, 1.0),
                text: Color(84, 91, 102, 1.0),
                axis: Color(130, 137, 148, 1.0),
                grid: Color(226, 229, 234, 1.0),
                faint: Color(242, 244, 246, 1.0),
                lane: Color(246, 247, 249, 1.0),
                shade: FAILED.thin(0.13),
                warmup: Color(120, 128, 140, 0.16),
            },
            Tone::Dark => Theme {
                background: Color(18, 21, 26, 1.0),
                strong: Color(236, 239, 243, 1.0),
                text: Color(160, 168, 180, 1.0),
                axis: Color(110, 118, 130, 1.0),
                grid: Color(45, 50, 58, 1.0),
                faint: Color(29, 33, 39, 1.0),
                lane: Color(25, 29, 35, 1.0),
                shade: FAILED.thin(0.22),
                warmup: Color(150, 158, 170, 0.2),
            },
        }
    }

    pub(super) fn title(&self) -> Writing {
        Writing::new(25.0, self.strong).bold()
    }

    pub(super) fn label(&self) -> Writing {
        Writing::new(16.0, self.text)
    }

    pub(super) fn small(&self) -> Writing {
        Writing::new(14.5, self.text)
    }
}
