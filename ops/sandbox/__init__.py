"""Local stand-ins for the vendors: one HTTP server that speaks enough of Stripe and SendGrid for their real clients.

The product never imports this package and has no branch for it; it only gets other base URLs and keys. Nothing here
imports the vendors' packages, so that the sandbox and its checkers share no code.
"""
