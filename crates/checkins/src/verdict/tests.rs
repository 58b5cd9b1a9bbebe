//! Every rule, at its bounds.
