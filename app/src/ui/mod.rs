//! The parts that pages are made of.
//!
//! - [`layout`]: the document, the frame with sidebar and top line, a page's heading
//! - [`own`]: the frame of the pages of one's own, and their plain words
//! - [`status`]: a state as a word with an icon
//! - [`time`]: a moment, relative, with the exact one on hover
//! - [`field`], [`notice`]: forms and what is wrong with them
//! - [`consequences`]: what would follow from a change, before it is done
//! - [`filters`]: the form above a list
//! - [`link`]: ways to other pages that look like buttons or cards
//! - [`facts`], [`table`], [`pager`], [`timeline`]: what is shown
pub mod consequences;
pub mod facts;
pub mod field;
pub mod filters;
pub mod icon;
pub mod layout;
pub mod link;
pub mod notice;
pub mod own;
pub mod pager;
pub mod qr;
pub mod status;
pub mod table;
pub mod time;
pub mod timeline;
pub mod words;
