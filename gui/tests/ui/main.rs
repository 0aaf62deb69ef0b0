//! The app clicked through by accessibility label, its pictures, and the real program in a window.

mod bad_input;
mod bench;
mod dropped;
mod evolution;
mod exports;
mod history;
mod kept;
mod keys;
mod layout;
mod panels;
mod pictures;
mod window;
