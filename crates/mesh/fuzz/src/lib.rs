//! What the fuzz targets share: how bytes become choices, policies and requests from pools of words, and matchers so plain
//! that they are right at a glance. Nothing here is compiled into the product.

pub mod bytes;
pub mod naive;
pub mod policies;
pub mod requests;
