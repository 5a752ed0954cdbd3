"""A declarative infrastructure-as-code reconciler for Clarifai apps."""
