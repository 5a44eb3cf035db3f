"""Statistics of two or more people, one file a measure; arrays ``(..., time)`` in, one number or map per pair out."""
