//! Every rule of the semantics (R1–R76), pinned by a test that carries its number: positive and negative cases, derived from
//! the rule and its source.

mod ambient;
mod attachment;
mod conditions;
mod forms;
mod operations;
mod order;
mod scene;
mod sources;
mod strings;
mod tcp;
mod tokens;
