"""The loop at scale: intake, objectives, surrogate, acquisition, scheduling, the journal."""
