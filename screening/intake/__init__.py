"""A library into the journal: every row a molecule, a duplicate or a reason."""
