"""How people and vendors reach us: the JSON API, the guest pages, the webhooks. Routes are short; rules live elsewhere."""
