"""The journal of a run: written by one, read by anybody, proved, exported."""
