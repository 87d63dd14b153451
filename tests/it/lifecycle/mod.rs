//! What an object says of its own life: from when until when, and whether anything is done at all.

mod observe;
mod suspend;
mod validity;
