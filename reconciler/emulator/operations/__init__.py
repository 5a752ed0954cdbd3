"""What each RPC does: one file per resource, each with a table of its operations by RPC name."""
