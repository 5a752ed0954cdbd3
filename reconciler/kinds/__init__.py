"""One file per resource kind and nothing else: each holds one frozen `KIND`, found by listing this folder."""
