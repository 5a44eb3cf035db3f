"""Participants: from the files of a recording to the people in it, each with the streams that are theirs."""
