"""Which insured sites a warning or a gauge's alarm touches, why, how sure, and in which order to call them."""
