//! The app clicked through by accessibility label, its pictures, and the real program in a window.

mod bad_input;
mod bench;
mod kept;
mod panels;
mod pictures;
mod window;
