"""The operators: model types that follow a rule instead of a net (facts 4.4, 4.5), one pure file for each."""
