"""What a molecule's electrons do: geometry, mean field, active space, solvers, recipes."""
