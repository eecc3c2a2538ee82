//! Pieces that several screens draw.

pub mod bar;
pub mod doc;
pub mod editor;
pub mod excerpt;
pub mod form;
pub mod hidden;
pub mod line_edit;
pub mod picture;
pub mod raw;
