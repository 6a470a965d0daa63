"""Whether molq can work here: the installation, the machine, Ray, and what accounts there are."""
