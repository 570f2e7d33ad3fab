//! Series maths for charts and summaries. Values only; nothing here knows where they came from.
