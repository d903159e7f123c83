"""What is kept of a call that was reported: sealed, so that only the operators' key opens it."""
