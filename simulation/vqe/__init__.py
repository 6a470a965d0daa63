"""The variational quantum eigensolver: trial state, sector engine, circuit."""
