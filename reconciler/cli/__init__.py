"""Flags -> settings -> one use case -> screen -> exit code. One file a command; decides nothing about resources."""
