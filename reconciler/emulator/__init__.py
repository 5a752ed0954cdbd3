"""A local Clarifai API: a real gRPC server over SQLite that any Clarifai client can talk to."""
