"""What a run holds, as files for other programs: one module a format."""
