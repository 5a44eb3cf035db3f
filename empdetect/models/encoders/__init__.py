"""Encoders: one person's features of one modality to one vector, one file a modality."""
