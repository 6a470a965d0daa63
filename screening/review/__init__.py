"""What people say of a campaign's molecules, and what follows from it."""
