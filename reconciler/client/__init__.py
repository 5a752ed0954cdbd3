"""The real network: channel, calls by RPC name, retries, rate limit. Decides nothing about resources."""
