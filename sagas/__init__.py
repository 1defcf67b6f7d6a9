"""What follows from what: pure rules on events, and the steps that workers take for them. The ledger is their memory."""
