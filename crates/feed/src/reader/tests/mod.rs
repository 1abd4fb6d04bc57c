//! Each rule of feed.md §2 that is decided here, by its name; and ten thousand random histories.

mod resumed;
mod rules;
