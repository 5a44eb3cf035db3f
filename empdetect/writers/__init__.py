"""Writers: what other programs read, one format a file, all out of the Scores table."""
