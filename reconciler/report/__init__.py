"""Values to text. A renderer gets a finished plan or result and can recompute nothing."""
