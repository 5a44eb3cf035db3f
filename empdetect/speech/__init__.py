"""Speech: when someone speaks, and what they say, from the sound alone."""
